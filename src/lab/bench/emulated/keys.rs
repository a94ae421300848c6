//! The keys of emulated maps, and the functions that are called for each kind.

use crate::lab::bench::keys::{Address, Boxed, Float, Key, Mac, Record, Text, Uuid};
use crate::layout::mem;
use crate::map::amd64::Fast64;
use crate::map::compiled;
use crate::map::faststr::GoString;
use crate::runtime::Runtime;
use crate::types::{GoType, MapType};
use std::sync::Arc;

/// A key of an emulated map: the functions that are called for it.
pub trait EmulatedKey: Key {
    /// What it takes to have such a key in memory.
    type Program;

    /// That of a program.
    fn program(rt: &Runtime) -> Self::Program;

    /// `map[K]uint64`.
    fn map_type(rt: &Arc<Runtime>) -> MapType;

    /// `m[k] = v`: 0, or where `v` is still to be stored.
    ///
    /// # Safety
    /// `h` is a live map of type `t`; so in all that follow.
    unsafe fn set(self, p: &Self::Program, f: &Fast64, t: &MapType, h: usize, v: u64) -> usize;

    /// Where `m[k]` is, or zeroes.
    ///
    /// # Safety
    /// As [`set`](Self::set).
    unsafe fn get(self, p: &Self::Program, f: &Fast64, t: &MapType, h: usize) -> usize;

    /// `delete(m, k)`.
    ///
    /// # Safety
    /// As [`set`](Self::set).
    unsafe fn delete(self, p: &Self::Program, f: &Fast64, t: &MapType, h: usize);

    /// The key at an address.
    ///
    /// # Safety
    /// There must be one.
    unsafe fn folded(at: usize) -> u64;
}

impl EmulatedKey for u64 {
    type Program = ();

    fn program(_: &Runtime) {}

    fn map_type(rt: &Arc<Runtime>) -> MapType {
        MapType::u64(rt, 8, false)
    }

    #[inline(always)]
    unsafe fn set(self, (): &(), f: &Fast64, t: &MapType, h: usize, v: u64) -> usize {
        // SAFETY: the caller's promise; so in all that follow.
        unsafe { (f.mapset)(t, h, self, v) }
    }

    #[inline(always)]
    unsafe fn get(self, (): &(), f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1)(t, h, self) }
    }

    #[inline(always)]
    unsafe fn delete(self, (): &(), f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete)(t, h, self) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above.
        unsafe { mem::ld64(at) }
    }
}

impl EmulatedKey for u32 {
    type Program = ();

    fn program(_: &Runtime) {}

    fn map_type(rt: &Arc<Runtime>) -> MapType {
        MapType::of(rt, &GoType::uint32(), &GoType::uint64()).expect("integers are comparable")
    }

    #[inline(always)]
    unsafe fn set(self, (): &(), f: &Fast64, t: &MapType, h: usize, _: u64) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapassign32)(t, h, self.into()) }
    }

    #[inline(always)]
    unsafe fn get(self, (): &(), f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1_32)(t, h, self.into()) }
    }

    #[inline(always)]
    unsafe fn delete(self, (): &(), f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete32)(t, h, self.into()) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above.
        unsafe { mem::ld32(at) }.into()
    }
}

impl<const N: usize> EmulatedKey for Text<N> {
    type Program = ();

    fn program(_: &Runtime) {}

    fn map_type(rt: &Arc<Runtime>) -> MapType {
        MapType::of(rt, &GoType::string(), &GoType::uint64()).expect("strings are comparable")
    }

    #[inline(always)]
    unsafe fn set(self, (): &(), f: &Fast64, t: &MapType, h: usize, _: u64) -> usize {
        // SAFETY: as above; the text lives as long as the map.
        unsafe { (f.mapassign_str)(t, h, string(self).str, string(self).len) }
    }

    #[inline(always)]
    unsafe fn get(self, (): &(), f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1_str)(t, h, string(self).str, string(self).len) }
    }

    #[inline(always)]
    unsafe fn delete(self, (): &(), f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete_str)(t, h, string(self).str, string(self).len) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above: a string's length.
        unsafe { mem::ld64(at + 8) }
    }
}

impl EmulatedKey for Address {
    type Program = ();

    fn program(_: &Runtime) {}

    fn map_type(rt: &Arc<Runtime>) -> MapType {
        MapType::of(rt, &GoType::unsafe_pointer(), &GoType::uint64()).expect("pointers are comparable")
    }

    #[inline(always)]
    unsafe fn set(self, (): &(), f: &Fast64, t: &MapType, h: usize, _: u64) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapassign_ptr)(t, h, self.0) }
    }

    #[inline(always)]
    unsafe fn get(self, (): &(), f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1)(t, h, self.0) }
    }

    #[inline(always)]
    unsafe fn delete(self, (): &(), f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete_ptr)(t, h, self.0) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above.
        unsafe { mem::ld64(at) }
    }
}

/// Keys that the generic functions are called with: the address of their bytes, which lie in this frame.
macro_rules! generic {
    ($key:ty, $program:ty, $make:expr, $type:expr, $bytes:expr, $load:ident at $offset:literal) => {
        impl EmulatedKey for $key {
            type Program = $program;

            fn program(rt: &Runtime) -> $program {
                $make(rt)
            }

            fn map_type(rt: &Arc<Runtime>) -> MapType {
                MapType::of(rt, &$type, &GoType::uint64()).expect("such keys are comparable")
            }

            #[inline(always)]
            unsafe fn set(self, p: &$program, f: &Fast64, t: &MapType, h: usize, _: u64) -> usize {
                let bytes = $bytes(self, p);
                // SAFETY: as above; what the key leads to lives as long as the map.
                compiled::watched(t, || unsafe { compiled::assign_with(f, t, h, address(&bytes)) })
            }

            #[inline(always)]
            unsafe fn get(self, p: &$program, f: &Fast64, t: &MapType, h: usize) -> usize {
                let bytes = $bytes(self, p);
                // SAFETY: as above.
                compiled::watched(t, || unsafe { compiled::access1_with(f, t, h, address(&bytes), 0) })
            }

            #[inline(always)]
            unsafe fn delete(self, p: &$program, f: &Fast64, t: &MapType, h: usize) {
                let bytes = $bytes(self, p);
                // SAFETY: as above.
                compiled::watched(t, || unsafe { compiled::delete_with(f, t, h, address(&bytes)) });
            }

            #[inline(always)]
            unsafe fn folded(at: usize) -> u64 {
                // SAFETY: as above.
                unsafe { mem::$load(at + $offset) as u64 }
            }
        }
    };
}

generic!(Uuid, (), |_| (), GoType::named("main.uuid", &GoType::array(&GoType::uint8(), 16)), |k: Self, (): &()| k, ld64 at 0);
generic!(Mac, (), |_| (), GoType::named("main.mac", &GoType::array(&GoType::uint8(), 6)), |k: Self, (): &()| k, ld8 at 0);
generic!(Float, (), |_| (), GoType::float64(), |k: Self, (): &()| k, ld64 at 0);
generic!(
    Boxed,
    // The type word of an interface that holds one.
    u64,
    |rt: &Runtime| rt.types.word(&GoType::uint64()) as u64,
    GoType::parse("any").expect("a type"),
    |k: Self, word: &u64| [*word, std::ptr::from_ref(k.0).expose_provenance() as u64],
    ld64 at 0
);
generic!(
    Record,
    (),
    |_| (),
    GoType::parse("struct { name string; id uint64 }").expect("a type"),
    |k: Self, (): &()| [string(k.name).str as u64, string(k.name).len as u64, k.id],
    ld64 at 16
);

#[inline(always)]
fn address<T>(of: &T) -> usize {
    std::ptr::from_ref(of).expose_provenance()
}

#[inline(always)]
fn string<const N: usize>(text: Text<N>) -> GoString {
    GoString { str: text.bytes().as_ptr().expose_provenance(), len: text.bytes().len() }
}
