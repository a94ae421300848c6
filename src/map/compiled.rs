//! What Go's compiler emits for map operations: the function that it picks for a map type, called with a key in memory.

use super::amd64::{self, Fast64, Isa};
use super::faststr::GoString;
use super::hmap::zero_val;
use super::{access, assign, delete, fast32, fast64, faststr};
use crate::fault::{op, ready};
use crate::layout::mem;
use crate::probe::Probe;
use crate::types::{Fast, Generic, MapType};

/// The largest element that the shared zero value stands in for (`abi.ZeroValSize`).
pub const ZERO_VAL_SIZE: usize = 1024;

/// The implementation of the fast64 functions for a type: `f`, unless that hashes otherwise.
#[inline(always)]
fn family<'a>(f: &'a Fast64, t: &MapType) -> &'a Fast64 {
    if t.aes { f } else { Isa::Portable.fast64() }
}

/// Calls one of the functions here, but for those that are probed, in a region of its own: unless what they call for a type
/// looks after faults itself ([`amd64`]).
#[inline(always)]
pub fn watched<R>(t: &MapType, f: impl Fn() -> R) -> R {
    if t.fast != Fast::Generic || t.generic != Generic::Other {
        ready();
        f()
    } else {
        // By reference: one word.
        op(&f)
    }
}

/// `m[k] = v` up to the address of the element: `mapassign` or one of its specialisations. `f` is the implementation of the
/// functions for 8-byte and 4-byte keys.
///
/// # Panics
/// As [`mapassign`](assign::mapassign).
///
/// # Safety
/// As [`mapassign`](assign::mapassign).
#[inline]
pub unsafe fn assign_with(f: &Fast64, t: &MapType, h: usize, key: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Generic if t.generic != Generic::Other => (family(f, t).generic_of(t).mapassign)(t, h, key),
            Fast::Generic => assign::mapassign(t, h, key, &()),
            Fast::Fast32 | Fast::Fast32Ptr => (family(f, t).mapassign32)(t, h, mem::ld32(key).into()),
            Fast::Fast64 => (family(f, t).mapassign)(t, h, mem::ld64(key)),
            Fast::Fast64Ptr => (family(f, t).mapassign_ptr)(t, h, mem::ld64(key)),
            Fast::FastStr => {
                let key = GoString::at(key);
                (family(f, t).mapassign_str)(t, h, key.str, key.len)
            }
        }
    }
}

/// [`assign_with`] the best implementation here.
///
/// # Panics
/// As [`mapassign`](assign::mapassign).
///
/// # Safety
/// As [`mapassign`](assign::mapassign).
#[inline]
pub unsafe fn assign(t: &MapType, h: usize, key: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe { assign_with(amd64::of(t), t, h, key) }
}

/// `v := m[k]`: the address of the element, or of zeroes. Elements above [`ZERO_VAL_SIZE`] bytes need `zero`, the address of
/// as many zeroes. `f` as in [`assign_with`].
///
/// # Panics
/// As [`mapaccess1`](access::mapaccess1).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn access1_with(f: &Fast64, t: &MapType, h: usize, key: usize, zero: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Generic if t.generic != Generic::Other => (family(f, t).generic_of(t).mapaccess1)(t, h, key),
            Fast::Generic if t.elem_size > ZERO_VAL_SIZE => access::mapaccess1_fat(t, h, key, zero, &()),
            Fast::Generic => access::mapaccess1(t, h, key, &()),
            Fast::Fast32 | Fast::Fast32Ptr => (family(f, t).mapaccess1_32)(t, h, mem::ld32(key).into()),
            Fast::Fast64 | Fast::Fast64Ptr => (family(f, t).mapaccess1)(t, h, mem::ld64(key)),
            Fast::FastStr => {
                let key = GoString::at(key);
                (family(f, t).mapaccess1_str)(t, h, key.str, key.len)
            }
        }
    }
}

/// [`access1_with`] the best implementation here.
///
/// # Panics
/// As [`mapaccess1`](access::mapaccess1).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn access1(t: &MapType, h: usize, key: usize, zero: usize) -> usize {
    // SAFETY: the caller's promise.
    unsafe { access1_with(amd64::of(t), t, h, key, zero) }
}

/// `v, ok := m[k]`, as [`access1`]; `f` as in [`assign_with`].
///
/// # Panics
/// As [`mapaccess1`](access::mapaccess1).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn access2_with(f: &Fast64, t: &MapType, h: usize, key: usize, zero: usize) -> (usize, bool) {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Generic if t.generic != Generic::Other => {
                let found = (family(f, t).generic_of(t).mapaccess2)(t, h, key);
                (found.elem, found.ok != 0)
            }
            Fast::Generic if t.elem_size > ZERO_VAL_SIZE => access::mapaccess2_fat(t, h, key, zero, &()),
            Fast::Generic => access::mapaccess2(t, h, key, &()),
            Fast::Fast32 | Fast::Fast32Ptr => {
                let found = (family(f, t).mapaccess2_32)(t, h, mem::ld32(key).into());
                (found.elem, found.ok != 0)
            }
            Fast::Fast64 | Fast::Fast64Ptr => {
                let found = (family(f, t).mapaccess2)(t, h, mem::ld64(key));
                (found.elem, found.ok != 0)
            }
            Fast::FastStr => {
                let key = GoString::at(key);
                let found = (family(f, t).mapaccess2_str)(t, h, key.str, key.len);
                (found.elem, found.ok != 0)
            }
        }
    }
}

/// `v, ok := m[k]`, as [`access1`].
///
/// # Panics
/// As [`mapaccess1`](access::mapaccess1).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn access2(t: &MapType, h: usize, key: usize, zero: usize) -> (usize, bool) {
    // SAFETY: the caller's promise.
    unsafe { access2_with(amd64::of(t), t, h, key, zero) }
}

/// `delete(m, k)`; `f` as in [`assign_with`].
///
/// # Panics
/// As [`mapdelete`](delete::mapdelete).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn delete_with(f: &Fast64, t: &MapType, h: usize, key: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Generic if t.generic != Generic::Other => (family(f, t).generic_of(t).mapdelete)(t, h, key),
            Fast::Generic => delete::mapdelete(t, h, key, &()),
            Fast::Fast32 | Fast::Fast32Ptr => (family(f, t).mapdelete32)(t, h, mem::ld32(key).into()),
            Fast::Fast64 => (family(f, t).mapdelete)(t, h, mem::ld64(key)),
            Fast::Fast64Ptr => (family(f, t).mapdelete_ptr)(t, h, mem::ld64(key)),
            Fast::FastStr => {
                let key = GoString::at(key);
                (family(f, t).mapdelete_str)(t, h, key.str, key.len)
            }
        }
    }
}

/// `delete(m, k)`.
///
/// # Panics
/// As [`mapdelete`](delete::mapdelete).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn delete(t: &MapType, h: usize, key: usize) {
    // SAFETY: the caller's promise.
    unsafe { delete_with(amd64::of(t), t, h, key) }
}

/// `m[k] = v` for elements that are `v`'s eight bytes, or an assign alone: the address where `v` is still to be stored, or 0.
/// `f` as in [`assign_with`].
///
/// # Panics
/// As [`mapassign`](assign::mapassign).
///
/// # Safety
/// As [`mapassign`](assign::mapassign).
#[inline]
pub unsafe fn set_with(f: &Fast64, t: &MapType, h: usize, key: usize, v: u64) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        if t.fast == Fast::Fast64 { (family(f, t).mapset)(t, h, mem::ld64(key), v) } else { assign_with(f, t, h, key) }
    }
}

/// [`assign`](fn@assign) by the portable functions, watched.
///
/// # Panics
/// As [`mapassign`](assign::mapassign).
///
/// # Safety
/// As [`mapassign`](assign::mapassign).
#[inline]
pub unsafe fn assign_probed<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Generic => assign::mapassign(t, h, key, p),
            Fast::Fast32 | Fast::Fast32Ptr => fast32::mapassign_fast32(t, h, mem::ld32(key), p),
            Fast::Fast64 => fast64::mapassign_fast64(t, h, mem::ld64(key), p),
            Fast::Fast64Ptr => fast64::mapassign_fast64ptr(t, h, mem::ld64(key), p),
            Fast::FastStr => faststr::mapassign_faststr(t, h, GoString::at(key), p),
        }
    }
}

/// [`access1`] by the portable functions, watched; always `zero` where there is no such key.
///
/// # Panics
/// As [`mapaccess1`](access::mapaccess1).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn access1_probed<P: Probe>(t: &MapType, h: usize, key: usize, zero: usize, p: &P) -> usize {
    // SAFETY: the caller's promise.
    let e = unsafe {
        match t.fast {
            Fast::Generic if t.elem_size > ZERO_VAL_SIZE => access::mapaccess1_fat(t, h, key, zero, p),
            Fast::Generic => access::mapaccess1(t, h, key, p),
            Fast::Fast32 | Fast::Fast32Ptr => fast32::mapaccess1_fast32(t, h, mem::ld32(key), p),
            Fast::Fast64 | Fast::Fast64Ptr => fast64::mapaccess1_fast64(t, h, mem::ld64(key), p),
            Fast::FastStr => faststr::mapaccess1_faststr(t, h, GoString::at(key), p),
        }
    };
    if e == zero_val() { zero } else { e }
}

/// `v, ok := m[k]` by the portable functions, watched; elements have at most [`ZERO_VAL_SIZE`] bytes.
///
/// # Panics
/// As [`mapaccess1`](access::mapaccess1).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn access2_probed<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) -> (usize, bool) {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Generic => access::mapaccess2(t, h, key, p),
            Fast::Fast32 | Fast::Fast32Ptr => fast32::mapaccess2_fast32(t, h, mem::ld32(key), p),
            Fast::Fast64 | Fast::Fast64Ptr => fast64::mapaccess2_fast64(t, h, mem::ld64(key), p),
            Fast::FastStr => faststr::mapaccess2_faststr(t, h, GoString::at(key), p),
        }
    }
}

/// [`delete`](fn@delete) by the portable functions, watched.
///
/// # Panics
/// As [`mapdelete`](delete::mapdelete).
///
/// # Safety
/// As [`mapaccess1`](access::mapaccess1).
#[inline]
pub unsafe fn delete_probed<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Generic => delete::mapdelete(t, h, key, p),
            Fast::Fast32 | Fast::Fast32Ptr => fast32::mapdelete_fast32(t, h, mem::ld32(key), p),
            Fast::Fast64 | Fast::Fast64Ptr => fast64::mapdelete_fast64(t, h, mem::ld64(key), p),
            Fast::FastStr => faststr::mapdelete_faststr(t, h, GoString::at(key), p),
        }
    }
}

#[cfg(test)]
mod tests;
