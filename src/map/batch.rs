//! Many operations on one map, one after the other, with the buckets of later keys on their way meanwhile.
//!
//! What happens to the map is what the single operations do to it, in their order: keys may repeat, and the map may grow
//! on the way. Only the time differs, for tables that lie in far caches or in memory.

use super::amd64::{Fast64, Prefetch};
use crate::types::MapType;

/// Keys that the prefetcher takes at once.
const GROUP: usize = 8;

/// How many keys it is ahead: enough for the time that memory takes, and not so many that lines leave the nearest cache
/// again. From 40 to 56 the times are the same.
const AHEAD: usize = 6 * GROUP;

/// Calls `f` for every index of `keys`, in order.
#[inline(always)]
unsafe fn rolling(prefetch: Prefetch, t: &MapType, h: usize, keys: &[u64], mut f: impl FnMut(usize)) {
    let ask = |group: Option<&[u64]>| {
        if let Some(Ok(group)) = group.map(<&[u64; GROUP]>::try_from) {
            // SAFETY: the caller's promise for the header.
            unsafe { prefetch(t, h, group) };
        }
    };
    keys.chunks(GROUP).take(AHEAD / GROUP).for_each(|group| ask(Some(group)));
    for i in 0..keys.len() {
        if i % GROUP == 0 {
            ask(keys.get(i + AHEAD..i + AHEAD + GROUP));
        }
        f(i);
    }
}

/// Calls `f` for every index of `keys`, in order; it assigns to the key or deletes it.
///
/// # Safety
/// `h` is 0 or the address of a header of type `t`, a fast64 type.
#[inline(always)]
pub(crate) unsafe fn for_writing(fast64: &Fast64, t: &MapType, h: usize, keys: &[u64], f: impl FnMut(usize)) {
    // SAFETY: the caller's promise.
    unsafe { rolling(fast64.prefetch, t, h, keys, f) };
}

/// As [`for_writing`], for lookups.
///
/// # Safety
/// As [`for_writing`].
#[inline(always)]
pub(crate) unsafe fn for_reading(fast64: &Fast64, t: &MapType, h: usize, keys: &[u64], f: impl FnMut(usize)) {
    // SAFETY: the caller's promise.
    unsafe { rolling(fast64.prefetch_read, t, h, keys, f) };
}

/// `m[keys[i]] = values[i]` for every i, in order; elements are the values' eight bytes.
///
/// # Panics
/// When the slices differ in length; as [`mapassign_fast64`](super::fast64::mapassign_fast64).
///
/// # Safety
/// `h` is 0 or the address of a header of type `t`, a fast64 type with elements of 8 bytes without pointers, hashed as `f`
/// does.
pub unsafe fn assign_many(f: &Fast64, t: &MapType, h: usize, keys: &[u64], values: &[u64]) {
    assert_eq!(keys.len(), values.len(), "as many values as keys");
    // SAFETY: the caller's promise; an address that comes back is that of an element.
    unsafe {
        for_writing(f, t, h, keys, |i| {
            let elem = (f.mapset)(t, h, keys[i], values[i]);
            if elem != 0 {
                crate::layout::mem::st64(elem, values[i]);
            }
        });
    }
}

/// `values[i] = m[keys[i]]` for every i.
///
/// # Panics
/// As [`assign_many`].
///
/// # Safety
/// As [`assign_many`].
pub unsafe fn get_many(f: &Fast64, t: &MapType, h: usize, keys: &[u64], values: &mut [u64]) {
    assert_eq!(keys.len(), values.len(), "as many values as keys");
    // SAFETY: the caller's promise; the address is that of an element, or of zeroes.
    unsafe {
        for_reading(f, t, h, keys, |i| values[i] = crate::layout::mem::ld64((f.mapaccess1)(t, h, keys[i])));
    }
}

/// `delete(m, keys[i])` for every i, in order.
///
/// # Panics
/// As [`mapdelete_fast64`](super::fast64::mapdelete_fast64).
///
/// # Safety
/// As [`assign_many`], with elements of any size.
pub unsafe fn delete_many(f: &Fast64, t: &MapType, h: usize, keys: &[u64]) {
    // SAFETY: the caller's promise.
    unsafe { for_writing(f, t, h, keys, |i| (f.mapdelete)(t, h, keys[i])) };
}
