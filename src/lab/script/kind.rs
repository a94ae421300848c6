//! The map types that scripts know: how the text of a key and the number of an element become bytes, how those are
//! written back, and which functions Go's compiler would call.

use crate::heap::{Request, Role};
use crate::inspect::dump::{Encode, EncodeFn, Names, hex};
use crate::layout::mem;
use crate::map::amd64::Isa;
use crate::map::{access, assign, delete, fast64};
use crate::runtime::Runtime;
use crate::types::{Fast, MapType};
use std::fmt::Write;
use std::sync::Arc;

/// A map type by its name in scripts.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Bytes of an element.
    elem: usize,
    elem_has_pointers: bool,
    /// Stores the element that a script means by a number.
    store: unsafe fn(&Runtime, at: usize, v: u64),
    encode_elem: EncodeFn,
}

impl Kind {
    pub(super) fn map_type(&self, rt: &Arc<Runtime>) -> MapType {
        MapType::u64(rt, self.elem, self.elem_has_pointers)
    }

    pub(super) fn encode(&self) -> Encode {
        Encode { key: |_, t, at, out| hex(out, at, t.key_size), elem: self.encode_elem }
    }

    /// `m[key] = v`.
    ///
    /// # Safety
    /// `h` is a healthy map of this kind's type `t`.
    pub(super) unsafe fn set(&self, isa: Isa, t: &MapType, h: usize, key: u64, v: u64) {
        // SAFETY: the caller's promise; the key of a generic function lies on this frame.
        unsafe {
            let at = match t.fast {
                Fast::Fast64 => isa.mapassign_fast64()(t, h, key),
                _ => assign::mapassign(t, h, (&raw const key).expose_provenance(), &()),
            };
            (self.store)(&t.rt, at, v);
        }
    }
}

/// `v, ok := m[key]`.
///
/// # Safety
/// `h` is a healthy map of type `t`.
pub(super) unsafe fn get(t: &MapType, h: usize, key: u64) -> (usize, bool) {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Fast64 => fast64::mapaccess2_fast64(t, h, key, &()),
            _ => access::mapaccess2(t, h, (&raw const key).expose_provenance(), &()),
        }
    }
}

/// `delete(m, key)`.
///
/// # Safety
/// `h` is a healthy map of type `t`.
pub(super) unsafe fn del(t: &MapType, h: usize, key: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        match t.fast {
            Fast::Fast64 => fast64::mapdelete_fast64(t, h, key, &()),
            _ => delete::mapdelete(t, h, (&raw const key).expose_provenance(), &()),
        }
    }
}

fn plain(_: &mut Names, t: &MapType, at: usize, out: &mut String) {
    hex(out, at, t.elem_size);
}

fn pointer(names: &mut Names, _: &MapType, at: usize, out: &mut String) {
    // SAFETY: an element of a healthy map.
    let to = unsafe { mem::ld64(at) } as usize;
    out.push_str(&names.object(to));
    if to != 0 {
        // SAFETY: as above; what it points to is one of the heap's objects.
        let _ = write!(out, "={}", unsafe { mem::ld64(to) });
    }
}

/// `new(uint64)` with a value in it.
fn new_u64(rt: &Runtime, v: u64) -> u64 {
    let malloc_headers = rt.rules().malloc_header;
    let r = Request { size: 8, noscan: true, malloc_headers, owner: 0, role: Role::Other, table: 0 };
    let at = rt.heap.alloc(&r).expect("eight bytes").addr;
    // SAFETY: a new object.
    unsafe { mem::st64(at, v) };
    at as u64
}

macro_rules! kinds {
    ($($name:literal $elem:literal $pointers:literal $encode:ident, |$rt:ident, $at:ident, $v:ident| $store:expr;)*) => {
        &[$(Kind {
            name: $name,
            elem: $elem,
            elem_has_pointers: $pointers,
            // SAFETY: the address is that of an element of this kind.
            store: |$rt, $at, $v| unsafe { $store },
            encode_elem: $encode,
        }),*]
    };
}

/// The kinds whose keys are `uint64`; `tests/oracle/go/gen.go` has their twins.
pub(super) const KINDS: &[Kind] = kinds! {
    "u64" 8 false plain, |_rt, at, v| mem::st64(at, v);
    "zel" 0 false plain, |_rt, at, _v| mem::memclr(at, 0);
    "u64b" 1 false plain, |_rt, at, v| mem::st8(at, v as u8);
    "u64t" 3 false plain, |_rt, at, v| {
        mem::st16(at, v as u8 as u16);
        mem::st8(at + 2, (v >> 8) as u8);
    };
    "u64w" 128 false plain, |_rt, at, v| words(at, 16, v);
    "u64x" 136 false plain, |_rt, at, v| words(at, 17, v);
    "u64p" 8 true pointer, |rt, at, v| mem::st64(at, new_u64(rt, v));
};

/// An array of `n` words that is `v` at both ends and zero between.
///
/// # Safety
/// The array must be writable.
unsafe fn words(at: usize, n: usize, v: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        mem::memclr(at, 8 * n);
        mem::st64(at, v);
        mem::st64(at + 8 * (n - 1), v);
    }
}
