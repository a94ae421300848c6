//! The map types that histories go over: one for each way in which the map treats a key or an element.

use gohmap::types::{GoType, Kind};

/// Key and element.
pub(crate) const KINDS: &[(&str, &str)] = &[
    // fast64: pointer-free, pointers in the elements, no, small, large, indirect and fat elements.
    ("uint64", "uint64"),
    ("uint64", "*int"),
    ("uint64", "struct{}"),
    ("uint64", "uint8"),
    ("uint64", "[128]uint8"),
    ("uint64", "[136]uint8"),
    ("uint64", "[1032]uint8"),
    ("struct{a, b int32}", "[3]uint8"),
    // fast64ptr.
    ("*int", "uint64"),
    ("chan int", "struct{}"),
    // fast32.
    ("uint32", "uint64"),
    ("uint32", "string"),
    ("[4]uint8", "bool"),
    // faststr.
    ("string", "uint64"),
    ("string", "struct{}"),
    ("struct{s string}", "[129]uint8"),
    // Plain memory of other sizes.
    ("bool", "uint64"),
    ("uint8", "bool"),
    ("uint16", "uint16"),
    ("[2]uint64", "uint64"),
    ("struct{}", "uint64"),
    ("struct{}", "struct{}"),
    // Padding and blank fields, strings among them.
    ("struct{a uint8; b uint16}", "uint64"),
    ("struct{a uint16; _ uint16; b uint32}", "*int"),
    ("struct{a uint8; b uint64; s string}", "uint16"),
    ("[2]string", "uint32"),
    // NaN, 0 and -0.
    ("float64", "uint64"),
    ("float32", "uint8"),
    ("complex128", "string"),
    ("struct{f float64; a uint8}", "uint64"),
    // Interfaces, and in them what cannot be hashed.
    ("any", "uint64"),
    ("error", "uint8"),
    ("struct{a uint8; x any; s string}", "uint16"),
    ("[2]any", "uint64"),
    // Keys stored by pointer: never updated, updated, with NaN, with a string; elements too.
    ("[17]uint64", "[18]uint64"),
    ("[17]uint64", "uint8"),
    ("[17]float64", "uint64"),
    ("struct{s string; pad [15]uint64}", "[17]*int"),
];

/// Whether an assign to a key that is there overwrites it: equal keys of this type may differ.
pub(crate) fn overwrites(key: &GoType) -> bool {
    match key.kind() {
        Kind::Float | Kind::Complex | Kind::String | Kind::Interface(_) => true,
        Kind::Array(elem, _) => overwrites(elem),
        Kind::Struct(fields) => fields.iter().any(|f| overwrites(&f.ty)),
        _ => false,
    }
}
