//! The portable functions, each in a region of its own, under the names that the assembly's slow cases jump to; and the family
//! of nothing else.

use super::{Fast64, Found, Generics, Slot, no_prefetch};
use crate::fault::op;
use crate::layout::Hiter;
use crate::map::faststr::GoString;
use crate::map::{access, assign, delete, fast32, fast64, faststr, iter};
use crate::types::MapType;

/// The portable functions, each in a region: what a family runs for itself (the portable one) or in its slow cases.
macro_rules! portable_functions {
    ($probe:expr, $assign:ident $access1:ident $access2:ident $delete:ident) => {
        #[cfg_attr(gohmap_asm, unsafe(no_mangle))]
        pub(super) unsafe extern "C-unwind" fn $assign(t: &MapType, h: usize, key: u64) -> usize {
            // SAFETY: the caller's promise.
            op(move || unsafe { fast64::mapassign_fast64(t, h, key, $probe) })
        }
        #[cfg_attr(gohmap_asm, unsafe(no_mangle))]
        pub(super) unsafe extern "C-unwind" fn $access1(t: &MapType, h: usize, key: u64) -> usize {
            // SAFETY: the caller's promise.
            op(move || unsafe { fast64::mapaccess1_fast64(t, h, key, $probe) })
        }
        #[cfg_attr(gohmap_asm, unsafe(no_mangle))]
        pub(super) unsafe extern "C-unwind" fn $access2(t: &MapType, h: usize, key: u64) -> Found {
            // SAFETY: the caller's promise.
            let (elem, ok) = op(move || unsafe { fast64::mapaccess2_fast64(t, h, key, $probe) });
            Found { elem, ok: ok.into() }
        }
        #[cfg_attr(gohmap_asm, unsafe(no_mangle))]
        pub(super) unsafe extern "C-unwind" fn $delete(t: &MapType, h: usize, key: u64) {
            // SAFETY: the caller's promise.
            op(move || unsafe { fast64::mapdelete_fast64(t, h, key, $probe) });
        }
    };
}

#[cfg(gohmap_asm)]
pub(super) use portable_functions;

portable_functions! {
    &(),
    gohmap_portable_mapassign_fast64 gohmap_portable_mapaccess1_fast64
    gohmap_portable_mapaccess2_fast64 gohmap_portable_mapdelete_fast64
}

/// [`Fast64::mapassign_ptr`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapassign_fast64ptr(t: &MapType, h: usize, key: u64) -> usize {
    // SAFETY: the caller's promise.
    op(move || unsafe { fast64::mapassign_fast64ptr(t, h, key, &()) })
}

/// [`Fast64::mapassign32`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapassign_fast32(t: &MapType, h: usize, key: u64) -> usize {
    // SAFETY: the caller's promise.
    op(move || unsafe { fast32::mapassign_fast32(t, h, key as u32, &()) })
}

/// [`Fast64::mapaccess1_32`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapaccess1_fast32(t: &MapType, h: usize, key: u64) -> usize {
    // SAFETY: the caller's promise.
    op(move || unsafe { fast32::mapaccess1_fast32(t, h, key as u32, &()) })
}

/// [`Fast64::mapaccess2_32`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapaccess2_fast32(t: &MapType, h: usize, key: u64) -> Found {
    // SAFETY: the caller's promise.
    let (elem, ok) = op(move || unsafe { fast32::mapaccess2_fast32(t, h, key as u32, &()) });
    Found { elem, ok: ok.into() }
}

/// [`Fast64::mapdelete32`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapdelete_fast32(t: &MapType, h: usize, key: u64) {
    // SAFETY: the caller's promise.
    op(move || unsafe { fast32::mapdelete_fast32(t, h, key as u32, &()) });
}

/// [`Fast64::mapassign_str`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapassign_faststr(
    t: &MapType,
    h: usize,
    str: usize,
    len: usize,
) -> usize {
    // SAFETY: the caller's promise.
    op(move || unsafe { faststr::mapassign_faststr(t, h, GoString { str, len }, &()) })
}

/// [`Fast64::mapaccess1_str`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapaccess1_faststr(
    t: &MapType,
    h: usize,
    str: usize,
    len: usize,
) -> usize {
    // SAFETY: the caller's promise.
    op(move || unsafe { faststr::mapaccess1_faststr(t, h, GoString { str, len }, &()) })
}

/// [`Fast64::mapaccess2_str`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapaccess2_faststr(
    t: &MapType,
    h: usize,
    str: usize,
    len: usize,
) -> Found {
    // SAFETY: the caller's promise.
    let (elem, ok) = op(move || unsafe { faststr::mapaccess2_faststr(t, h, GoString { str, len }, &()) });
    Found { elem, ok: ok.into() }
}

/// [`Fast64::find_str`] that never knows.
pub(super) unsafe extern "C-unwind" fn find_nothing(_: &MapType, _: usize, _: usize, _: usize) -> Slot {
    Slot { elem: 0, key: 0 }
}

/// [`Fast64::mapdelete_str`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapdelete_faststr(t: &MapType, h: usize, str: usize, len: usize) {
    // SAFETY: the caller's promise.
    op(move || unsafe { faststr::mapdelete_faststr(t, h, GoString { str, len }, &()) });
}

/// [`Generics::mapassign`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapassign(t: &MapType, h: usize, key: usize) -> usize {
    // SAFETY: the caller's promise.
    op(move || unsafe { assign::mapassign(t, h, key, &()) })
}

/// [`Generics::mapaccess1`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapaccess1(t: &MapType, h: usize, key: usize) -> usize {
    // SAFETY: the caller's promise.
    op(move || unsafe { access::mapaccess1(t, h, key, &()) })
}

/// [`Generics::mapaccess2`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapaccess2(t: &MapType, h: usize, key: usize) -> Found {
    // SAFETY: the caller's promise.
    let (elem, ok) = op(move || unsafe { access::mapaccess2(t, h, key, &()) });
    Found { elem, ok: ok.into() }
}

/// [`Generics::mapdelete`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapdelete(t: &MapType, h: usize, key: usize) {
    // SAFETY: the caller's promise.
    op(move || unsafe { delete::mapdelete(t, h, key, &()) });
}

/// [`Fast64::mapiternext`] by the portable function, in a region.
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
pub(super) unsafe extern "C-unwind" fn gohmap_slow_mapiternext(t: &MapType, it: &mut Hiter) {
    // SAFETY: the caller's promise.
    op(move || unsafe { iter::mapiternext(t, it, &()) });
}

/// [`Fast64::mapset`] by an assign alone.
macro_rules! set_by_assign {
    ($($name:ident $assign:ident)*) => {$(
        pub(super) unsafe extern "C-unwind" fn $name(t: &MapType, h: usize, key: u64, _: u64) -> usize {
            // SAFETY: the caller's promise.
            unsafe { $assign(t, h, key) }
        }
    )*};
}

#[cfg(gohmap_asm)]
pub(super) use set_by_assign;

set_by_assign! { mapset_portable gohmap_portable_mapassign_fast64 }

/// The portable generic functions, for keys of every kind.
pub(super) const PORTABLE_GENERICS: Generics = Generics {
    mapassign: gohmap_slow_mapassign,
    mapaccess1: gohmap_slow_mapaccess1,
    mapaccess2: gohmap_slow_mapaccess2,
    mapdelete: gohmap_slow_mapdelete,
};

pub(super) static PORTABLE: Fast64 = Fast64 {
    mapassign: gohmap_portable_mapassign_fast64,
    mapset: mapset_portable,
    mapaccess1: gohmap_portable_mapaccess1_fast64,
    mapaccess2: gohmap_portable_mapaccess2_fast64,
    mapdelete: gohmap_portable_mapdelete_fast64,
    mapassign_ptr: gohmap_slow_mapassign_fast64ptr,
    mapdelete_ptr: gohmap_portable_mapdelete_fast64,
    mapassign32: gohmap_slow_mapassign_fast32,
    mapaccess1_32: gohmap_slow_mapaccess1_fast32,
    mapaccess2_32: gohmap_slow_mapaccess2_fast32,
    mapdelete32: gohmap_slow_mapdelete_fast32,
    mapassign_str: gohmap_slow_mapassign_faststr,
    mapaccess1_str: gohmap_slow_mapaccess1_faststr,
    mapaccess2_str: gohmap_slow_mapaccess2_faststr,
    find_str: find_nothing,
    mapdelete_str: gohmap_slow_mapdelete_faststr,
    generic: [PORTABLE_GENERICS; 4],
    mapiternext: gohmap_slow_mapiternext,
    prefetch: no_prefetch,
    assign_many: None,
    get_many: None,
    inlined: false,
};
