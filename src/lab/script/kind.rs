//! The map types that scripts know. A line of [`KINDS`] is a kind: its name, its Go types, how the text of a key and the number
//! of an element become bytes, and how those are written back. `tests/oracle/go/gen.go` has their twins.

use super::value::{self, Place};
use crate::inspect::dump::{Encode, Names};
use crate::map::amd64::Isa;
use crate::map::compiled;
use crate::runtime::Runtime;
use crate::types::{GoType, MapType};
use std::sync::Arc;

/// A map type by its name in scripts.
pub(super) struct Kind {
    pub(super) name: &'static str,
    /// Go types; names of [`NAMED`] may occur in them.
    key: &'static str,
    elem: &'static str,
    /// Stores the key that a script's text means.
    parse: fn(&Place, &str) -> Result<(), String>,
    /// Stores the element that a script means by a number.
    make: fn(&Place, u64),
    show_key: fn(&mut Names, &Place, &mut String),
    show_elem: fn(&mut Names, &Place, &mut String),
}

/// Names of the oracle's own types.
const NAMED: &[(&str, &str)] = &[
    ("main.S3", "struct{A uint8; F float64; S string}"),
    ("main.T", "struct{a, b, c, d, e, f, g, h uint64}"),
    ("main.T2", "struct{p *uint64; s string}"),
];

/// Every kind.
#[rustfmt::skip]
pub(super) const KINDS: &[Kind] = {
    use value::{make_ends as ends, make_new as new, make_t2 as t2, make_plain as plain, make_str as str, make_triple as triple};
    use value::{parse_any, parse_array, parse_big, parse_float, parse_int, parse_none, parse_pointer, parse_s3, parse_string};
    use value::{show_any, show_hex as hex, show_new, show_pointer, show_s3, show_str, show_t2};
    &[
        kind("u64", "uint64", "uint64", parse_int, plain, hex, hex),
        kind("u64b", "uint64", "uint8", parse_int, plain, hex, hex),
        kind("u64t", "uint64", "[3]uint8", parse_int, triple, hex, hex),
        kind("u64w", "uint64", "[16]uint64", parse_int, ends, hex, hex),
        kind("u64x", "uint64", "[17]uint64", parse_int, ends, hex, hex),
        kind("u64p", "uint64", "*uint64", parse_int, new, hex, show_new),
        kind("u32", "uint32", "uint64", parse_int, plain, hex, hex),
        kind("i32s", "int32", "string", parse_int, str, hex, show_str),
        kind("str", "string", "uint64", parse_string, plain, show_str, hex),
        kind("arr", "[2]uint64", "uint64", parse_array, plain, hex, hex),
        kind("f64", "float64", "uint64", parse_float, plain, hex, hex),
        kind("any", "any", "int", parse_any, plain, show_any, hex),
        kind("ptr", "*main.T", "main.T2", parse_pointer, t2, show_pointer, show_t2),
        kind("big", "[17]uint64", "[18]uint64", parse_big, ends, hex, hex),
        kind("zel", "uint64", "struct{}", parse_int, plain, hex, hex),
        kind("zky", "struct{}", "uint64", parse_none, plain, hex, hex),
        kind("st", "main.S3", "uint16", parse_s3, plain, show_s3, hex),
        kind("u8", "uint8", "bool", parse_int, plain, hex, hex),
    ]
};

const fn kind(
    name: &'static str,
    key: &'static str,
    elem: &'static str,
    parse: fn(&Place, &str) -> Result<(), String>,
    make: fn(&Place, u64),
    show_key: fn(&mut Names, &Place, &mut String),
    show_elem: fn(&mut Names, &Place, &mut String),
) -> Kind {
    Kind { name, key, elem, parse, make, show_key, show_elem }
}

/// A Go type of the table.
pub(super) fn go_type(text: &str) -> GoType {
    let named = |n: &str| {
        let (name, underlying) = NAMED.iter().find(|(name, _)| *name == n)?;
        Some(GoType::named(name, &go_type(underlying)))
    };
    GoType::parse_with(text, &named).expect("the table's types are types")
}

/// A key in memory of its own: a value on a Go function's frame.
pub(super) struct Key(Vec<u64>);

impl Key {
    fn at(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }
}

impl Encode for Kind {
    fn key(&self, names: &mut Names, t: &MapType, at: usize, out: &mut String) {
        (self.show_key)(names, &Place { rt: &t.rt, ty: &t.key, at }, out);
    }

    fn elem(&self, names: &mut Names, t: &MapType, at: usize, out: &mut String) {
        (self.show_elem)(names, &Place { rt: &t.rt, ty: &t.elem, at }, out);
    }
}

impl Kind {
    pub(super) fn map_type(&self, rt: &Arc<Runtime>) -> MapType {
        MapType::of(rt, &go_type(self.key), &go_type(self.elem)).expect("the table's keys are comparable")
    }

    /// The key that a script's text means.
    pub(super) fn parse_key(&self, t: &MapType, text: &str) -> Result<Key, String> {
        let mut words = vec![0; t.key_size / 8 + 1];
        let at = words.as_mut_ptr().expose_provenance();
        (self.parse)(&Place { rt: &t.rt, ty: &t.key, at }, text)?;
        Ok(Key(words))
    }

    /// `m[key] = v`.
    ///
    /// # Safety
    /// `h` is a healthy map of this kind's type `t`.
    pub(super) unsafe fn set(&self, isa: Isa, t: &MapType, h: usize, key: &Key, v: u64) {
        // SAFETY: the caller's promise.
        let at = unsafe {
            if self.name == "u64" {
                // The value is the element.
                compiled::set_with(isa.fast64(), t, h, key.at(), v)
            } else {
                compiled::assign_with(isa.fast64(), t, h, key.at())
            }
        };
        if at != 0 {
            (self.make)(&Place { rt: &t.rt, ty: &t.elem, at }, v);
        }
    }
}

/// `v, ok := m[key]`: the address of the element, or of at least so many zeroes.
///
/// # Safety
/// `h` is a healthy map of type `t`.
pub(super) unsafe fn get(isa: Isa, t: &MapType, h: usize, key: &Key) -> (usize, bool) {
    // SAFETY: the caller's promise. The zeroes of large elements stay on the emulated heap.
    unsafe {
        let zero = if t.elem_size > compiled::ZERO_VAL_SIZE { value::new_object(&t.rt, t.elem_size, false) } else { 0 };
        compiled::access2_with(isa.fast64(), t, h, key.at(), zero)
    }
}

/// `delete(m, key)`.
///
/// # Safety
/// `h` is a healthy map of type `t`.
pub(super) unsafe fn del(isa: Isa, t: &MapType, h: usize, key: &Key) {
    // SAFETY: the caller's promise.
    unsafe { compiled::delete_with(isa.fast64(), t, h, key.at()) };
}
