//! Calls into C: a fault there is not the map's, and Go reports it in a form of its own (by version).

use super::goroutine::{G, with_current};
use super::program::program;
use super::sig::SigInfo;
use super::throw::{Kind, die};
use super::trace::Trace;
use std::fmt::Write;
use std::hint::black_box;

/// `runtime.cgocall`: runs C code.
///
/// A fault in it is never recoverable: up to Go 1.20 it is the throw `unexpected signal during runtime execution`, from
/// 1.21 the process prints the signal, the goroutines and the registers. Both end with status 2.
#[inline(never)]
pub fn cgocall<R>(f: impl FnOnce() -> R) -> R {
    let mark = 0_u8;
    with_current(|g| {
        let outer = g.in_c.replace(black_box(&raw const mark) as usize);
        let r = f();
        g.in_c.set(outer);
        black_box(r)
    })
}

/// Runs Go code that C calls back, as a function exported to C does, with the frames that Go shows between the two.
pub fn call_back<R>(f: impl FnOnce() -> R) -> R {
    systemstack_switch_back(f)
}

/// Where the goroutine's stack was left for C.
#[inline(never)]
fn systemstack_switch_back<R>(f: impl FnOnce() -> R) -> R {
    black_box(cgocallback(f))
}

#[inline(never)]
fn cgocallback<R>(f: impl FnOnce() -> R) -> R {
    black_box(cgocallbackg_wrapper(f))
}

#[inline(never)]
fn cgocallbackg_wrapper<R>(f: impl FnOnce() -> R) -> R {
    black_box(cgocallbackg(f))
}

#[inline(never)]
fn cgocallbackg<R>(f: impl FnOnce() -> R) -> R {
    black_box(cgocallbackg1(f))
}

#[inline(never)]
fn cgocallbackg1<R>(f: impl FnOnce() -> R) -> R {
    /// Puts the goroutine back into C, also when a panic unwinds through: Go does that in a deferred call.
    struct Back<'a>(&'a G, usize, bool);
    impl Drop for Back<'_> {
        fn drop(&mut self) {
            self.0.in_c.set(self.1);
            self.0.locked_to_thread.set(self.2);
        }
    }
    black_box(with_current(|g| {
        let _back = Back(g, g.in_c.replace(0), g.locked_to_thread.replace(true));
        black_box(f())
    }))
}

/// `runtime.systemstack`: runs a part of the runtime that Go runs on the thread's own stack. A throw in there tells its
/// frames apart from the goroutine's.
#[inline(never)]
pub(crate) fn systemstack_switch(f: fn() -> !) -> ! {
    let mark = 0_u8;
    with_current(|g| g.system_stack.set(black_box(&raw const mark) as usize));
    systemstack(f)
}

#[inline(never)]
fn systemstack(f: fn() -> !) -> ! {
    f()
}

/// The registers of a fault, in the order of Go's dump (`dumpregs`, `runtime/signal_amd64.go`).
pub(crate) type Registers = [(&'static str, u64); 21];

/// Reports a signal in C code as Go 1.21 and later do, and ends the process.
#[cfg_attr(not(gohmap_asm), expect(dead_code, reason = "no faults are caught without assembly"))]
pub(crate) fn dump(g: &G, sig: SigInfo, registers: &Registers) -> ! {
    let rules = program().rules;
    let mut first = String::new();
    let _ = write!(first, "{}\nPC={:#x} m={} sigcode={}", SigInfo::name(sig.sig), sig.pc, 0, sig.code as i64 as u64);
    if rules.dump_shows_addr && matches!(sig.sig, libc::SIGSEGV | libc::SIGBUS) {
        let _ = write!(first, " addr={:#x}", sig.addr);
    }
    first.push_str("\nsignal arrived during cgo execution\n");
    if matches!(sig.sig, libc::SIGFPE | libc::SIGILL) {
        first.push_str("instruction bytes:");
        for i in 0..16 {
            // SAFETY: the bytes at the pc have just been executed; sixteen of them lie within the mapped text of the
            // C function and what follows it.
            let _ = write!(first, " {:#x}", unsafe { *(sig.pc as *const u8).add(i) });
        }
        first.push('\n');
    }
    let trace = Trace::capture();
    let mut last = String::from("\n");
    for (name, value) in registers {
        let _ = writeln!(last, "{name:<6} {value:#x}");
    }
    die(g, first, &trace, Kind::Dump { registers: last })
}
