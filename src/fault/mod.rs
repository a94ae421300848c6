//! SIGSEGV and SIGBUS as Go sees them.
//!
//! A load or store of the map hits a bad page. The handler owns the fault when the pc lies in this crate's assembly,
//! or in this executable while the thread runs a guarded region or a goroutine; all else goes on to whoever was
//! installed before. For a fault of ours it lays a record on the faulting stack, points the pc at
//! `gohmap_sigpanic_entry` and returns: allocating, locking and formatting happen after the signal, as if the
//! faulting instruction had called `sigpanic`. That is Go's own way (`preparePanic`), and it keeps the real stack for
//! the traceback. Then Go's rules decide (`sigpanic.rs`), and the goroutine's panic, the innermost region's landing or
//! the end of the process follows.

#[cfg(gohmap_asm)]
mod altstack;
#[cfg(gohmap_asm)]
mod chain;
#[cfg(gohmap_asm)]
mod handler;
#[cfg(gohmap_asm)]
mod sigpanic;

pub use crate::fatal::Death;
use crate::fatal::Program;
use crate::fatal::program;
use crate::fatal::region::{Catch, Landed, catch_everything, run};

/// Installs the handler for SIGSEGV and SIGBUS, once; does nothing in a build without assembly.
///
/// [`op`], [`guarded`] and [`run_main`] do it themselves. Handlers that were there before still get the faults that
/// are not the map's.
pub fn install() {
    #[cfg(gohmap_asm)]
    handler::install();
}

/// [`install`], and what a process that is a Go program needs besides: SIGFPE and SIGABRT in C code, and SIGURG, with
/// which a dying goroutine asks the others for their frames.
pub fn install_program() {
    #[cfg(gohmap_asm)]
    handler::install_program();
}

/// Puts the handler and this thread's signal stack in place, the first time.
#[inline(always)]
pub(crate) fn ready() {
    #[cfg(gohmap_asm)]
    if altstack::first() {
        handler::install();
        altstack::make();
    }
}

/// Becomes goroutine 1 of a Go program whose `main.main` is `f`, a function of that name in `p.package`.
///
/// Ends the process: with status 0 when `f` returns (other goroutines end with it), with Go's text on standard
/// error and status 2 when any goroutine dies. GOTRACEBACK says how much the text tells, as in Go.
///
/// # Panics
/// When the process is a Go program already, or this thread is inside [`op`] or [`guarded`].
pub fn run_main(p: Program, f: fn()) -> ! {
    install_program();
    ready();
    program::start(p, f)
}

/// Runs one map operation of the safe interface: a recoverable fault in it becomes unwinding with
/// [`GoPanic`](crate::fatal::GoPanic) that starts here, so that the caller's destructors run.
///
/// # Panics
/// Unwinds with [`GoPanic`](crate::fatal::GoPanic) (or, inside [`guarded`], [`GoFatal`](crate::fatal::GoFatal)) when
/// the operation dies.
#[inline(always)]
pub fn op<R>(f: impl FnOnce() -> R) -> R {
    #[cold]
    fn unwind(landed: Landed) -> ! {
        landed.unwind()
    }
    ready();
    match run(Catch::Op, f) {
        Ok(r) => r,
        Err(landed) => unwind(landed),
    }
}

/// Runs an experiment: whatever would end the Go program ends `f` instead.
///
/// # Errors
/// How it died.
///
/// # Safety
/// When a fault happens, the frames between it and this call are skipped without running their destructors: `f`
/// must not have any pending where emulated memory is touched outside [`op`]. Locks held there stay held.
pub unsafe fn guarded<R>(f: impl FnOnce() -> R) -> Result<R, Death> {
    ready();
    catch_everything(f)
}
