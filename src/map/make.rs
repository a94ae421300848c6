//! `makemap` and bucket arrays; the end of a map.

use super::grow::over_load_factor;
use super::hmap::{B, H, bucket_shift, setoverflow};
use super::malloc::{For, clear, newarray, newobject};
use crate::heap::{Role, roundupsize};
use crate::layout::{Hmap, MapExtra, mem};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// The largest allocation (`maxAlloc`, 48 bits of address).
const MAX_ALLOC: u128 = 1 << 48;

/// `make(map[K]V, hint)`: returns the address of the header.
///
/// A hint that is negative, or whose buckets would overflow or exceed 2^48 bytes, counts as 0. The bucket array of a
/// map with B = 0 is left to the first assign.
///
/// # Panics
/// Throws `out of memory` when the heap refuses.
///
/// # Safety
/// None beyond those of the heap's memory: the header is fresh.
#[inline(never)]
pub unsafe fn makemap<P: Probe>(t: &MapType, hint: i64, p: &P) -> usize {
    p.step(Step::Enter { op: Op::Make, h: 0 });
    let bytes = u128::from(hint as u64) * t.bucket.size as u128;
    let hint = if bytes > MAX_ALLOC { 0 } else { hint };
    // SAFETY: a fresh header; the array is its own.
    unsafe {
        let h = new_header(t);
        h.reseed(t);
        let mut b = 0_u8;
        while over_load_factor(t, hint, b) {
            b += 1;
        }
        h.set_b(b);
        if b != 0 {
            let (buckets, next) = makeBucketArray(t, h, b, 0);
            h.set_buckets(buckets);
            if !next.is_nil() {
                new_extra(t, h);
                set_next_overflow(h.extra(t), next);
            }
        }
        p.step(Step::Leave { op: Op::Make });
        h.0
    }
}

/// `make(map[K]V)` when the compiler sees that the map is small: a header and nothing else.
///
/// # Safety
/// As [`makemap`].
#[inline(never)]
pub unsafe fn makemap_small(t: &MapType) -> usize {
    // SAFETY: a fresh header.
    unsafe {
        let h = new_header(t);
        h.reseed(t);
        h.0
    }
}

/// Gives everything that belongs to the map back to the heap: what Go's collector does with an unreachable map.
///
/// # Safety
/// Neither the map nor an iterator of it may be used again; nor a map with which it shares keys that are stored as pointers:
/// a copy by [`maps_Clone`](super::clone::maps_Clone) and its original do, unless an assign updates such keys.
pub unsafe fn mapdrop(t: &MapType, h: usize) {
    t.rt.heap.free_owner(h);
}

unsafe fn new_header(t: &MapType) -> H {
    let size = t.rt.rules().hmap_size;
    const { assert!(size_of::<Hmap>() == 48) };
    // SAFETY: a new object.
    H(unsafe { newobject(t, size, false, For { role: Role::Header, map: H(0), table: 0 }) })
}

/// `h.extra = new(mapextra)`.
pub(super) unsafe fn new_extra(t: &MapType, h: H) {
    // SAFETY: a new object; the caller's promise for the header.
    unsafe {
        let extra = newobject(t, size_of::<MapExtra>(), false, For { role: Role::Extra, map: h, table: 0 });
        h.set_extra(t, extra);
    }
}

/// `extra.nextOverflow = b`. Before a pointer is stored, compiled Go touches the object's first byte (a nil check, for
/// the write barrier that may follow).
pub(super) unsafe fn set_next_overflow(extra: usize, b: B) {
    // SAFETY: the caller's promise for the extra.
    unsafe {
        let _ = mem::ld8(extra);
        mem::st64(extra.wrapping_add(16), b.0 as u64);
    }
}

/// `makeBucketArray`: an array of 2^b buckets and, from b = 4, spare overflow buckets behind them: 2^(b-4) and what the
/// rounding to a size class leaves. With `dirty` (an array of the same b) that one is cleared and used again.
///
/// Returns the array and the first spare, or nil. The last spare's overflow pointer points at the array: the end mark.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
pub(super) unsafe fn makeBucketArray(t: &MapType, h: H, b: u8, dirty: usize) -> (usize, B) {
    let base = bucket_shift(b);
    let mut n = base;
    let size = t.bucket.size as u64;
    if b >= 4 {
        n = n.wrapping_add(bucket_shift(b - 4));
        let bytes = size.wrapping_mul(n);
        let up = roundupsize(bytes as usize, !t.bucket_has_pointers, t.rt.rules().malloc_header) as u64;
        if up != bytes {
            n = up / size;
        }
    }
    // SAFETY: a new array, or the caller's promise for `dirty`.
    unsafe {
        let buckets = if dirty == 0 {
            newarray(t, n, For { role: Role::Buckets, map: h, table: 0 })
        } else {
            clear(dirty, size.wrapping_mul(n) as usize, t.bucket_has_pointers);
            dirty
        };
        if base == n {
            return (buckets, B(0));
        }
        let next = B::of(t, buckets, base);
        let last = B::of(t, buckets, n.wrapping_sub(1));
        setoverflow(last, t, B(buckets));
        (buckets, next)
    }
}
