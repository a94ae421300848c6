//! Maps with 4-byte keys that are plain memory: `mapaccess1_fast32`, `mapaccess2_fast32`, `mapassign_fast32`,
//! `mapdelete_fast32` (`runtime/map_fast32.go`). What they do is in `fast.rs`.

use super::fast::{FastKey, access, assign, delete, move_bucket, or_zero};
use super::hmap::{H, zero_val};
use crate::hash::memhash32;
use crate::layout::mem;
use crate::probe::Probe;
use crate::types::MapType;
use std::hint::black_box;

impl FastKey for u32 {
    #[inline(always)]
    unsafe fn load(at: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { mem::ld32(at) }
    }

    #[inline(always)]
    unsafe fn store(self, at: usize) {
        // SAFETY: the caller's promise.
        unsafe { mem::st32(at, self) };
    }

    #[inline(always)]
    fn hash(self, t: &MapType, seed: u64) -> u64 {
        if t.aes {
            return memhash32(&t.keys, self, seed);
        }
        t.rt.hash().memhash32(self, seed)
    }

    #[inline(always)]
    unsafe fn grow_work<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P) {
        // SAFETY: the caller's promise.
        unsafe { growWork_fast32(t, h, bucket, p) };
    }
}

/// `v := m[k]`: the address of the element, or of zeroes.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map read and map write`).
///
/// # Safety
/// `h` is nil or the address of a header of type `t`, a fast32 type; what the header leads to is sound to access or
/// faults inside a region that [`crate::fault`] watches.
#[inline(never)]
pub unsafe fn mapaccess1_fast32<P: Probe>(t: &MapType, h: usize, key: u32, p: &P) -> usize {
    // SAFETY: the caller's promise.
    or_zero(unsafe { access(t, h, key, p) })
}

/// `v, ok := m[k]`.
///
/// # Panics
/// As [`mapaccess1_fast32`].
///
/// # Safety
/// As [`mapaccess1_fast32`].
#[inline(never)]
pub unsafe fn mapaccess2_fast32<P: Probe>(t: &MapType, h: usize, key: u32, p: &P) -> (usize, bool) {
    // SAFETY: the caller's promise.
    let e = unsafe { access(t, h, key, p) };
    if e == 0 { (zero_val(), false) } else { (e, true) }
}

/// `m[k] = v` up to the address of the element, where the caller stores v.
///
/// # Panics
/// With `assignment to entry in nil map`; ends the program with `concurrent map writes`, `bad map state`, `oldoverflow is not
/// nil` or `out of memory`.
///
/// # Safety
/// As [`mapaccess1_fast32`].
#[inline(never)]
pub unsafe fn mapassign_fast32<P: Probe>(t: &MapType, h: usize, key: u32, p: &P) -> usize {
    // SAFETY: the caller's promise.
    unsafe { assign(t, h, key, p) }
}

/// `delete(m, k)`.
///
/// The key's bytes stay where they are, the element is zeroed; deleting the last entry draws a new `hash0`.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map writes`).
///
/// # Safety
/// As [`mapaccess1_fast32`].
#[inline(never)]
pub unsafe fn mapdelete_fast32<P: Probe>(t: &MapType, h: usize, key: u32, p: &P) {
    // SAFETY: the caller's promise.
    unsafe { delete(t, h, key, p) };
}

/// `growWork_fast32`: evacuates the old bucket of the bucket about to be used, and one more.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
unsafe fn growWork_fast32<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate_fast32(t, h, bucket & h.oldbucketmask(), p);
        p.inside();
        if h.growing() {
            p.inside();
            evacuate_fast32(t, h, h.nevacuate(), p);
        }
    }
    black_box(());
}

/// `evacuate_fast32`: moves the entries of one old bucket and its chain.
#[inline(never)]
unsafe fn evacuate_fast32<P: Probe>(t: &MapType, h: H, oldbucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe { move_bucket::<u32, P>(t, h, oldbucket, p) };
    black_box(());
}
