//! What package `reflect` calls (`reflect_*` in `runtime/map.go`): the general functions, whatever the map type, but those for
//! strings where keys are of a string type.
//!
//! A map that is used through `reflect` may differ in its bytes from one that compiled code used: the general `mapdelete`
//! clears keys that the specialised ones leave behind.

use super::faststr::{self, GoString};
use super::{access, assign, clear, delete, iter, make};
use crate::layout::{Hiter, mem};
use crate::probe::Probe;
use crate::types::{Fast, Kind, MapType};

/// Whether `Value.MapIndex` and `Value.SetMapIndex` call the functions for strings.
fn by_string(t: &MapType) -> bool {
    t.fast == Fast::FastStr && *t.key.kind() == Kind::String
}

/// `reflect.makemap`, for `reflect.MakeMapWithSize`.
///
/// # Panics
/// As [`makemap`](make::makemap).
pub fn reflect_makemap<P: Probe>(t: &MapType, cap: i64, p: &P) -> usize {
    // SAFETY: a fresh map.
    unsafe { make::makemap(t, cap, p) }
}

/// `reflect.mapaccess` or `mapaccess_faststr`: the address of the element, 0 when there is none.
///
/// # Panics
/// As [`mapaccess1`](access::mapaccess1).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
pub unsafe fn reflect_mapaccess<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) -> usize {
    // SAFETY: the caller's promise.
    let (elem, ok) = unsafe {
        if by_string(t) {
            faststr::mapaccess2_faststr(t, h, GoString::at(key), p)
        } else {
            access::mapaccess2(t, h, key, p)
        }
    };
    if ok { elem } else { 0 }
}

/// `reflect.mapassign0` or `mapassign_faststr0`: stores the element at `elem` under the key at `key`.
///
/// # Panics
/// As [`mapassign`](assign::mapassign).
///
/// # Safety
/// As [`mapassign`](assign::mapassign); an element of the map's type lies at `elem`.
pub unsafe fn reflect_mapassign<P: Probe>(t: &MapType, h: usize, key: usize, elem: usize, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        let to = if by_string(t) {
            faststr::mapassign_faststr(t, h, GoString::at(key), p)
        } else {
            assign::mapassign(t, h, key, p)
        };
        mem::memmove(to, elem, t.elem_size);
    }
}

/// `reflect.mapdelete` or `mapdelete_faststr`.
///
/// # Panics
/// As [`mapdelete`](delete::mapdelete).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
pub unsafe fn reflect_mapdelete<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        if by_string(t) {
            faststr::mapdelete_faststr(t, h, GoString::at(key), p);
        } else {
            delete::mapdelete(t, h, key, p);
        }
    }
}

/// `reflect.mapiterinit`, for the first `MapIter.Next`.
///
/// # Panics
/// As [`mapiternext`](iter::mapiternext).
///
/// # Safety
/// As [`mapiterinit`](iter::mapiterinit).
pub unsafe fn reflect_mapiterinit<P: Probe>(t: &MapType, h: usize, it: &mut Hiter, p: &P) {
    // SAFETY: the caller's promise.
    unsafe { iter::mapiterinit(t, h, it, p) }
}

/// `reflect.mapiternext`.
///
/// # Panics
/// As [`mapiternext`](iter::mapiternext).
///
/// # Safety
/// As [`mapiternext`](iter::mapiternext).
pub unsafe fn reflect_mapiternext<P: Probe>(t: &MapType, it: &mut Hiter, p: &P) {
    // SAFETY: the caller's promise.
    unsafe { iter::mapiternext(t, it, p) }
}

/// `reflect.mapiterkey`: the address of the present key, 0 at the end.
#[must_use]
pub fn reflect_mapiterkey(it: &Hiter) -> usize {
    it.key as usize
}

/// `reflect.mapiterelem`: the address of the present element, 0 at the end.
#[must_use]
pub fn reflect_mapiterelem(it: &Hiter) -> usize {
    it.elem as usize
}

/// `reflect.maplen`: `count`, whatever it says; 0 for a nil map.
///
/// # Safety
/// `h` is 0 or the address of a header.
#[must_use]
pub unsafe fn reflect_maplen(h: usize) -> i64 {
    // SAFETY: the caller's promise: `count` is the header's first word.
    if h == 0 { 0 } else { unsafe { mem::ld64(h) as i64 } }
}

/// `reflect.mapclear` (from Go 1.21).
///
/// # Panics
/// As [`mapclear`](clear::mapclear).
///
/// # Safety
/// As [`mapclear`](clear::mapclear).
pub unsafe fn reflect_mapclear<P: Probe>(t: &MapType, h: usize, p: &P) {
    // SAFETY: the caller's promise.
    unsafe { clear::mapclear(t, h, p) }
}
