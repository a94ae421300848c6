//! Key types: which map functions Go's compiler calls for them.

use super::elem::Elem;
use crate::fault::op;
use crate::layout::mem;
use crate::map::{access, amd64, assign, delete};
use crate::runtime::Runtime;
use crate::types::{Fast, MapType};
use std::mem::size_of;
use std::sync::Arc;

/// A type that map keys can have.
///
/// The operations die as those of [`crate::fault::op`] do.
///
/// # Safety
/// `map_type` must describe a map with keys of this type, and the operations must be those of that map type.
pub unsafe trait Key: Copy + 'static {
    /// The map type `map[Self]V`.
    fn map_type<V: Elem>(rt: &Arc<Runtime>) -> MapType;

    /// `mapassign*`: the address of the element of `self`, made if need be.
    ///
    /// # Safety
    /// `h` is 0 or the address of a header of a map of type `t`.
    unsafe fn assign(self, t: &MapType, h: usize) -> usize;

    /// `m[self] = v` where the element is `v`'s eight bytes, or `mapassign*` alone: the address where `v` is still to be
    /// stored, or 0.
    ///
    /// # Safety
    /// As [`Key::assign`]; the type's elements have 8 bytes.
    #[inline(always)]
    unsafe fn set(self, t: &MapType, h: usize, v: u64) -> usize {
        let _ = v;
        // SAFETY: the caller's promise.
        unsafe { self.assign(t, h) }
    }

    /// `mapaccess1*`: the address of the element, or of at least 1024 zeroes.
    ///
    /// # Safety
    /// As [`Key::assign`].
    unsafe fn access1(self, t: &MapType, h: usize) -> usize;

    /// `mapaccess2*`: the same, and whether there is such a key.
    ///
    /// # Safety
    /// As [`Key::assign`].
    unsafe fn access2(self, t: &MapType, h: usize) -> (usize, bool);

    /// `mapdelete*`.
    ///
    /// # Safety
    /// As [`Key::assign`].
    unsafe fn delete(self, t: &MapType, h: usize);

    /// The key at an address in a bucket.
    ///
    /// # Safety
    /// A key slot of a map of this type lies there, or the access faults where [`crate::fault`] watches.
    unsafe fn load(a: usize) -> Self;
}

// SAFETY: the map type and the functions are those of uint64 keys.
unsafe impl Key for u64 {
    fn map_type<V: Elem>(rt: &Arc<Runtime>) -> MapType {
        MapType::u64(rt, size_of::<V>(), V::POINTERS)
    }

    #[inline(always)]
    unsafe fn assign(self, t: &MapType, h: usize) -> usize {
        // SAFETY: the caller's promise; the generic function reads the key while it runs.
        unsafe {
            match t.fast {
                Fast::Fast64 => (amd64::of(t).mapassign)(t, h, self),
                _ => op(|| assign::mapassign(t, h, (&raw const self) as usize, &())),
            }
        }
    }

    #[inline(always)]
    unsafe fn set(self, t: &MapType, h: usize, v: u64) -> usize {
        // SAFETY: as above; elements of 8 bytes make it a fast64 type.
        unsafe { (amd64::of(t).mapset)(t, h, self, v) }
    }

    #[inline(always)]
    unsafe fn access1(self, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe {
            match t.fast {
                Fast::Fast64 => (amd64::of(t).mapaccess1)(t, h, self),
                _ => op(|| access::mapaccess1(t, h, (&raw const self) as usize, &())),
            }
        }
    }

    #[inline(always)]
    unsafe fn access2(self, t: &MapType, h: usize) -> (usize, bool) {
        // SAFETY: as above.
        unsafe {
            match t.fast {
                Fast::Fast64 => {
                    let found = (amd64::of(t).mapaccess2)(t, h, self);
                    (found.elem, found.ok != 0)
                }
                _ => op(|| access::mapaccess2(t, h, (&raw const self) as usize, &())),
            }
        }
    }

    #[inline(always)]
    unsafe fn delete(self, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe {
            match t.fast {
                Fast::Fast64 => (amd64::of(t).mapdelete)(t, h, self),
                _ => op(|| delete::mapdelete(t, h, (&raw const self) as usize, &())),
            }
        }
    }

    #[inline(always)]
    unsafe fn load(a: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { mem::ld64(a) }
    }
}
