//! Guarded regions: where a fault, a panic or a fatal error of a map operation comes out.
//!
//! A region is a frame of the assembly routine `gohmap_guard` plus an entry in its goroutine's list. A fault inside
//! lands there: the stack pointer and the callee-saved registers come back, the frames between are skipped (never
//! unwound), which is why no destructor may be pending in them. Ordinary panics unwind through a region as through
//! any Rust frame.

use super::goroutine::G;
use super::panic::{Defer, GoPanic, InFlight, Recovered};
use super::throw::GoFatal;
use std::any::Any;
use std::cell::{Cell, UnsafeCell};
use std::mem::{self, ManuallyDrop, MaybeUninit};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// What a region is for, which decides what stops at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Catch {
    /// One map operation of the safe interface: whatever lands here goes on as unwinding.
    Op,
    /// An experiment: panics, fatal errors and faults all stop here.
    Everything,
}

/// How an operation died.
#[derive(Debug)]
pub enum Death {
    /// A recoverable panic.
    Panic(GoPanic),
    /// A fatal error or a throw, which would have ended the process.
    Fatal(GoFatal),
}

impl Death {
    /// Go's words for it, without `panic: ` or `fatal error: `.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Panic(p) => p.text(),
            Self::Fatal(f) => f.text(),
        }
    }
}

/// What is handed to a landing.
pub(crate) enum Landed {
    Died(Death),
    /// A deferred call recovered the panic; unwind to its frame.
    Recovered(Recovered),
}

impl Landed {
    pub(crate) fn into_payload(self) -> Box<dyn Any + Send> {
        match self {
            Self::Died(Death::Panic(p)) => Box::new(p),
            Self::Died(Death::Fatal(f)) => Box::new(f),
            Self::Recovered(r) => Box::new(r),
        }
    }

    pub(crate) fn unwind(self) -> ! {
        resume_unwind(self.into_payload())
    }
}

/// A region in force; lives in the frame of [`run`].
pub(crate) struct Region {
    /// Stack pointer that `gohmap_guard` stored; 0 in builds without assembly.
    landing_sp: Cell<u64>,
    /// The region around this one.
    pub(crate) outer: *const Region,
    pub(crate) catch: Catch,
    landed: UnsafeCell<Option<Landed>>,
}

impl Region {
    /// Whether this region or one around it is an experiment, which stops fatal errors.
    pub(crate) fn stops_fatal(mut region: *const Region) -> bool {
        // SAFETY: the list holds regions of frames that are still running on this thread, innermost first.
        while let Some(r) = unsafe { region.as_ref() } {
            if r.catch == Catch::Everything {
                return true;
            }
            region = r.outer;
        }
        false
    }

    /// Leaves the present frames behind and comes out of the region's guard with `what`.
    ///
    /// # Safety
    /// Called on the thread of the region, on a stack above it, with no destructor pending in between.
    pub(crate) unsafe fn land(&self, what: Landed) -> ! {
        // SAFETY: only this thread touches its regions, and nobody holds a reference into the cell.
        unsafe { *self.landed.get() = Some(what) };
        #[cfg(gohmap_asm)]
        // SAFETY: `gohmap_guard` stored this stack pointer and its frame is still there (caller's promise).
        unsafe {
            gohmap_land(self.landing_sp.get())
        }
        #[cfg(not(gohmap_asm))]
        unreachable!("no fault is caught in a build without assembly")
    }

    /// What has landed here.
    #[cold]
    fn taken(&self) -> Landed {
        // SAFETY: `land` filled the cell before it came here, and nobody else looks at it.
        unsafe { (*self.landed.get()).take() }.expect("a landing brings its reason")
    }
}

#[cfg(gohmap_asm)]
unsafe extern "C-unwind" {
    fn gohmap_guard(landing_sp: *mut u64, f: unsafe extern "C-unwind" fn(*mut u8), data: *mut u8) -> u32;
    fn gohmap_land(landing_sp: u64) -> !;
}

/// Calls `f` directly; without assembly nothing ever lands.
///
/// # Safety
/// `f` must accept `data`.
#[cfg(not(gohmap_asm))]
unsafe fn gohmap_guard(_: *mut u64, f: unsafe extern "C-unwind" fn(*mut u8), data: *mut u8) -> u32 {
    // SAFETY: the caller's promise.
    unsafe { f(data) };
    0
}

struct Call<F, R> {
    /// Taken by [`call`], which is called once.
    f: ManuallyDrop<F>,
    out: MaybeUninit<R>,
}

unsafe extern "C-unwind" fn call<F: FnOnce() -> R, R>(data: *mut u8) {
    // SAFETY: `run` passes its own `Call<F, R>` once, which outlives this call and is not otherwise used meanwhile.
    unsafe {
        let c = &mut *data.cast::<Call<F, R>>();
        c.out.write(ManuallyDrop::take(&mut c.f)());
    }
}

/// Puts the goroutine's lists back as they were, also when unwinding: a landing skips frames that had entries there.
struct Leave<'a> {
    g: &'a G,
    region: *const Region,
    defers: *const Defer,
    panics: *const InFlight,
    in_c: usize,
}
impl Drop for Leave<'_> {
    fn drop(&mut self) {
        self.g.region.set(self.region);
        self.g.defers.set(self.defers);
        self.g.panics.set(self.panics);
        self.g.mallocing.set(false);
        self.g.in_sigpanic.set(false);
        self.g.in_c.set(self.in_c);
        self.g.system_stack.set(0);
    }
}

/// Runs `f` in a region.
///
/// Whoever leaves entries in the goroutine's lists takes them out again before returning, so after an ordinary return
/// there is little to put back: this is on the way of every slow case of a map operation. Copying what `f` has captured
/// can cost as much as all the rest, for it has just been stored word by word: let it capture few words.
#[inline(always)]
pub(crate) fn run<F: FnOnce() -> R, R>(catch: Catch, f: F) -> Result<R, Landed> {
    super::goroutine::with_current(|g| {
        // Empty, or emptied below, when it goes.
        let region = ManuallyDrop::new(Region {
            landing_sp: Cell::new(0),
            outer: g.region.get(),
            catch,
            landed: UnsafeCell::new(None),
        });
        let mut c = Call { f: ManuallyDrop::new(f), out: MaybeUninit::uninit() };
        let leave =
            Leave { g, region: region.outer, defers: g.defers.get(), panics: g.panics.get(), in_c: g.in_c.get() };
        g.region.set(&raw const *region);
        if catch == Catch::Everything {
            // Deferred calls of the surroundings are none of the experiment's.
            g.defers.set(ptr::null());
        }
        // SAFETY: `call::<F, R>` takes this `Call`; `gohmap_guard` keeps the System V contract whether `f` returns, unwinds or
        // something lands.
        let landed = unsafe { gohmap_guard(region.landing_sp.as_ptr(), call::<F, R>, ptr::from_mut(&mut c).cast()) };
        if landed == 0 {
            if catch == Catch::Op {
                mem::forget(leave);
                g.region.set(region.outer);
            }
            // SAFETY: `call` returned, so it has written `out`.
            Ok(unsafe { c.out.assume_init() })
        } else {
            Err(region.taken())
        }
    })
}

/// Runs `f` and stops whatever would end the Go program; the body of `fault::guarded`.
pub(crate) fn catch_everything<R>(f: impl FnOnce() -> R) -> Result<R, Death> {
    match catch_unwind(AssertUnwindSafe(|| run(Catch::Everything, f))) {
        Ok(Ok(r)) => Ok(r),
        Ok(Err(Landed::Died(d))) => Err(d),
        Ok(Err(landed @ Landed::Recovered(_))) => landed.unwind(),
        Err(payload) => Err(death(payload)),
    }
}

/// Sorts an unwinding payload; one that is not Go's goes on.
fn death(payload: Box<dyn Any + Send>) -> Death {
    match payload.downcast::<GoPanic>() {
        Ok(p) => Death::Panic(*p),
        Err(payload) => match payload.downcast::<GoFatal>() {
            Ok(f) => Death::Fatal(*f),
            Err(other) => resume_unwind(other),
        },
    }
}
