//! Points where another goroutine may run, and what a goroutine that stands at one will do.
//!
//! What it will do depends on memory and on itself: on its registers and its stack. Every point goes through the assembly routine
//! `gohmap_point`, which lays the registers that a function may rely on after a call (System V ABI: rbx, rbp, r12 to r15) on top of
//! the stack, so that a hash of the stack from there to the operation's first frame covers all of it. Words that point into
//! the stack itself are taken relative to its beginning: in another run it may lie elsewhere.
//!
//! Dead values that are still on the stack make two states look different that are not. That costs time, nothing else.

use crate::lab::experiment::{Unknown, unknown};
use std::ptr::with_exposed_provenance;
use std::str::FromStr;
use xxhash_rust::xxh3::xxh3_128;

/// Where goroutines may be switched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Points {
    /// Before every access to the map's memory where it makes a difference: [`Steps`](Self::Steps), and the points
    /// [inside](crate::probe::Probe::inside) of growing and clearing.
    Accesses,
    /// Before every step of an operation, and in steps that access memory several times.
    #[default]
    Steps,
    /// Between operations only. The steps of a range loop are operations, as for Go's programs.
    Operations,
}

impl Points {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Accesses, Self::Steps, Self::Operations];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Accesses => "accesses",
            Self::Steps => "steps",
            Self::Operations => "operations",
        }
    }
}

impl FromStr for Points {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        let found = Self::ALL.into_iter().find(|p| p.name() == s);
        found.ok_or_else(|| unknown("place to be switched at", s, Self::ALL.map(Self::name)))
    }
}

/// The words of a stack from `sp` up to `base`, the address of a local variable of the frame where the operation began.
///
/// # Safety
/// `sp` is what a [`Handler`] was given whose call has not returned, `base` the address of a local of a frame above it.
unsafe fn words(sp: usize, base: usize, into: &mut Vec<u8>) {
    /// How far above `base` pointers may lead and still be the stack's.
    const ABOVE: usize = 4096;
    into.clear();
    for at in (sp..base & !7).step_by(8) {
        // SAFETY: a word of a stack between frames that have not returned (the caller's promise). It is read as the processor sees
        // it; whoever owns it is in a call.
        let w = unsafe { with_exposed_provenance::<usize>(at).read_volatile() };
        let w = if (sp..base + ABOVE).contains(&w) { w.wrapping_sub(base) } else { w };
        into.extend_from_slice(&w.to_ne_bytes());
    }
}

/// What a stack holds, as a hash; `scratch` is any buffer.
///
/// # Safety
/// As [`words`].
pub(super) unsafe fn hash(sp: usize, base: usize, scratch: &mut Vec<u8>) -> u128 {
    // The first word is only there to align the stack.
    // SAFETY: the caller's promise.
    unsafe { words(sp + 8, base, scratch) };
    xxh3_128(scratch)
}

/// Who is called at a point: with what the two pointers of [`at_point`] were, and the stack pointer that [`hash`] takes.
pub(super) type Handler = unsafe extern "C-unwind" fn(data: *const u8, what: *const u8, sp: *const u64);

#[cfg(gohmap_asm)]
unsafe extern "C-unwind" {
    fn gohmap_point(data: *const u8, what: *const u8, f: Handler);
}

/// Calls `f` so that everything that the caller relies on is on the stack.
///
/// # Safety
/// `f` may be called with these two pointers.
#[inline(always)]
pub(super) unsafe fn at_point(data: *const u8, what: *const u8, f: Handler) {
    #[cfg(gohmap_asm)]
    // SAFETY: the caller's promise; the routine keeps the System V contract, and unwinding passes through it.
    unsafe {
        gohmap_point(data, what, f);
    }
    // Without assembly there is no laboratory, so nobody comes here.
    #[cfg(not(gohmap_asm))]
    // SAFETY: the caller's promise.
    unsafe {
        f(data, what, std::ptr::null());
    }
}

/// Zeroes what earlier runs have left on the stack below.
pub(super) fn clean() {
    unsafe extern "C-unwind" fn nothing(_: *const u8, _: *const u8, _: *const u64) {}
    // SAFETY: `nothing` takes anything.
    unsafe { at_point(std::ptr::null(), std::ptr::null(), nothing) };
}
