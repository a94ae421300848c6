//! The map types that scripts know. A line of [`KINDS`] is a kind: its name, its Go types, how the text of a key and the number
//! of an element become bytes, and how those are written back. `tests/oracle/go/gen.go` has their twins.

use super::place::{Place, new_object};
use super::value;
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
    ("main.M", "interface{M()}"),
    ("main.N", "struct{a, b uint8; s string}"),
    ("main.P", "struct{a, b, c, d, e, f, g, h uint64}"),
    ("main.Pad", "struct{a uint8; b uint64; c uint8}"),
    ("main.Bad", "[]int"),
    ("main.Name", "string"),
];

/// Every kind.
#[rustfmt::skip]
pub(super) const KINDS: &[Kind] = {
    use value::{make, make_ends as ends, make_t2 as t2, make_triple as triple};
    use value::{parse, parse_any as any, parse_big as big, parse_s3 as s3};
    use value::{show, show_hex as hex, show_new, show_s3, show_t2};
    &[
        kind("u64", "uint64", "uint64", parse, make, hex, hex),
        kind("u64b", "uint64", "uint8", parse, make, hex, hex),
        kind("u64t", "uint64", "[3]uint8", parse, triple, hex, hex),
        kind("u64w", "uint64", "[16]uint64", parse, ends, hex, hex),
        kind("u64x", "uint64", "[17]uint64", parse, ends, hex, hex),
        kind("u64p", "uint64", "*uint64", parse, make, hex, show_new),
        kind("u32", "uint32", "uint64", parse, make, hex, hex),
        kind("i32s", "int32", "string", parse, make, hex, show),
        kind("str", "string", "uint64", parse, make, show, hex),
        kind("arr", "[2]uint64", "uint64", parse, make, hex, hex),
        kind("f64", "float64", "uint64", parse, make, hex, hex),
        kind("any", "any", "int", any, make, show, hex),
        kind("ptr", "*main.T", "main.T2", parse, t2, show, show_t2),
        kind("big", "[17]uint64", "[18]uint64", big, ends, hex, hex),
        kind("zel", "uint64", "struct{}", parse, make, hex, hex),
        kind("zky", "struct{}", "uint64", parse, make, hex, hex),
        kind("st", "main.S3", "uint16", s3, make, show_s3, hex),
        kind("u8", "uint8", "bool", parse, make, hex, hex),
        by_leaves("b4", "[4]uint8", "uint64"),
        by_leaves("s32", "struct{a, b uint16}", "string"),
        by_leaves("s64", "struct{a, b int32}", "[2]string"),
        by_leaves("chan", "chan int", "uint64"),
        by_leaves("p1", "struct{p unsafe.Pointer}", "struct{}"),
        by_leaves("s1", "struct{s string}", "any"),
        by_leaves("strx", "string", "[17]uint64"),
        by_leaves("str0", "string", "struct{}"),
        by_leaves("u32x", "uint32", "[200]uint8"),
        by_leaves("bool", "bool", "string"),
        by_leaves("u16", "uint16", "[3]uint16"),
        by_leaves("f32", "float32", "float64"),
        by_leaves("c64", "complex64", "uint8"),
        by_leaves("c128", "complex128", "complex64"),
        by_leaves("f1", "struct{f [1]float64}", "uint64"),
        by_leaves("pad", "struct{a uint8; b uint64; c, d uint8}", "int16"),
        by_leaves("blank", "struct{a uint8; _ uint8; b uint16; s string; _ float64}", "uint64"),
        by_leaves("strs", "[3]string", "uint64"),
        by_leaves("nest", "[2]struct{f float32; s string; n int8}", "uint64"),
        by_leaves("sany", "struct{n int8; a any; s string}", "uint64"),
        by_leaves("m", "main.M", "main.M"),
        by_leaves("any2", "[2]any", "[20]any"),
        by_leaves("bigk", "[17]uint64", "uint64"),
        by_leaves("bigs", "struct{s string; n [15]uint64}", "bool"),
        by_leaves("fat", "uint64", "[130]uint64"),
        by_leaves("fatf", "float64", "[1100]uint8"),
        by_leaves("i8", "int8", "[0]int"),
        by_leaves("i16", "int16", "[128]uint8"),
        by_leaves("uptr", "uintptr", "any"),
        by_leaves("none", "[0]int", "string"),
        by_leaves("k128", "[16]uint64", "[129]uint8"),
        by_leaves("named", "main.Name", "main.Name"),
    ]
};

/// A kind whose keys and elements are written and read leaf by leaf: number, string, pointer, interface.
const fn by_leaves(name: &'static str, key: &'static str, elem: &'static str) -> Kind {
    kind(name, key, elem, value::parse, value::make, value::show, value::show)
}

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
    pub(super) fn at(&self) -> usize {
        self.0.as_ptr().expose_provenance()
    }

    /// Its hash.
    ///
    /// # Safety
    /// It is a key of `t`.
    pub(super) unsafe fn hash(&self, t: &MapType, seed: u32) -> u64 {
        // SAFETY: the caller's promise.
        unsafe { (t.hasher)(t, self.at(), seed.into()) }
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

    /// An element in memory of its own.
    pub(super) fn new_elem(&self, t: &MapType, v: u64) -> usize {
        let at = new_object(&t.rt, t.elem_size, t.elem_has_pointers);
        (self.make)(&Place { rt: &t.rt, ty: &t.elem, at }, v);
        at
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
                compiled::set_with(isa.fast64_of(t), t, h, key.at(), v)
            } else {
                compiled::assign_with(isa.fast64_of(t), t, h, key.at())
            }
        };
        if at != 0 {
            self.make_elem(t, at, v);
        }
    }

    /// Stores the element that a script means by a number where an assign has said.
    pub(super) fn make_elem(&self, t: &MapType, at: usize, v: u64) {
        (self.make)(&Place { rt: &t.rt, ty: &t.elem, at }, v);
    }
}

/// `v, ok := m[key]`: the address of the element, or of at least so many zeroes.
///
/// # Safety
/// `h` is a healthy map of type `t`.
pub(super) unsafe fn get(isa: Isa, t: &MapType, h: usize, key: &Key) -> (usize, bool) {
    // SAFETY: the caller's promise. The zeroes of large elements stay on the emulated heap.
    unsafe {
        let zero = if t.elem_size > compiled::ZERO_VAL_SIZE { new_object(&t.rt, t.elem_size, false) } else { 0 };
        compiled::access2_with(isa.fast64_of(t), t, h, key.at(), zero)
    }
}

/// `delete(m, key)`.
///
/// # Safety
/// `h` is a healthy map of type `t`.
pub(super) unsafe fn del(isa: Isa, t: &MapType, h: usize, key: &Key) {
    // SAFETY: the caller's promise.
    unsafe { compiled::delete_with(isa.fast64_of(t), t, h, key.at()) };
}
