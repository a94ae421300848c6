//! Maps with 8-byte keys that are plain memory: `mapaccess1_fast64`, `mapaccess2_fast64`, `mapassign_fast64`,
//! `mapassign_fast64ptr`, `mapdelete_fast64` (`runtime/map_fast64.go`). What they do is in `fast.rs`.

use super::fast::{FastKey, access, assign, delete, move_bucket, or_zero};
use super::hmap::{H, zero_val};
use crate::hash::memhash64;
use crate::layout::mem;
use crate::probe::Probe;
use crate::types::MapType;
use std::hint::black_box;

impl FastKey for u64 {
    #[inline(always)]
    unsafe fn load(at: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { mem::ld64(at) }
    }

    #[inline(always)]
    unsafe fn store(self, at: usize) {
        // SAFETY: the caller's promise.
        unsafe { mem::st64(at, self) };
    }

    #[inline(always)]
    fn hash(self, t: &MapType, seed: u64) -> u64 {
        if t.aes {
            return memhash64(&t.keys, self, seed);
        }
        t.rt.hash().memhash64(self, seed)
    }

    #[inline(always)]
    unsafe fn grow_work<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P) {
        // SAFETY: the caller's promise.
        unsafe {
            if let Some(work) = p.grow_work().filter(|_| t.aes && t.bucket.elem_size == 8)
                && work(t, h.0, 0, bucket) != 0
            {
                return;
            }
            growWork_fast64(t, h, bucket, p);
        }
    }
}

/// `v := m[k]`: the address of the element, or of zeroes.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map read and map write`).
///
/// # Safety
/// `h` is nil or the address of a header of type `t`, a fast64 type; what the header leads to is sound to access or
/// faults inside a region that [`crate::fault`] watches.
#[inline(never)]
pub unsafe fn mapaccess1_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) -> usize {
    // SAFETY: the caller's promise.
    or_zero(unsafe { access(t, h, key, p) })
}

/// `v, ok := m[k]`.
///
/// # Panics
/// As [`mapaccess1_fast64`].
///
/// # Safety
/// As [`mapaccess1_fast64`].
#[inline(never)]
pub unsafe fn mapaccess2_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) -> (usize, bool) {
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
/// As [`mapaccess1_fast64`].
#[inline(never)]
pub unsafe fn mapassign_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) -> usize {
    // SAFETY: the caller's promise.
    unsafe { assign(t, h, key, p) }
}

/// [`mapassign_fast64`] for keys that are pointers.
///
/// # Panics
/// As [`mapassign_fast64`].
///
/// # Safety
/// As [`mapaccess1_fast64`].
#[inline(never)]
pub unsafe fn mapassign_fast64ptr<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) -> usize {
    // SAFETY: the caller's promise. (The black box keeps the two from being merged: each has a name to show.)
    black_box(unsafe { assign(t, h, key, p) })
}

/// `delete(m, k)`.
///
/// A key without pointers stays where it is, the element is zeroed; deleting the last entry draws a new `hash0`.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map writes`).
///
/// # Safety
/// As [`mapaccess1_fast64`].
#[inline(never)]
pub unsafe fn mapdelete_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) {
    // SAFETY: the caller's promise.
    unsafe { delete(t, h, key, p) };
}

/// `growWork_fast64`: evacuates the old bucket of the bucket about to be used, and one more.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
unsafe fn growWork_fast64<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate_fast64(t, h, bucket & h.oldbucketmask(), p);
        p.inside();
        if h.growing() {
            p.inside();
            evacuate_fast64(t, h, h.nevacuate(), p);
        }
    }
    black_box(());
}

/// `evacuate_fast64`: moves the entries of one old bucket and its chain.
#[inline(never)]
unsafe fn evacuate_fast64<P: Probe>(t: &MapType, h: H, oldbucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe { move_bucket::<u64, P>(t, h, oldbucket, p) };
    black_box(());
}
