//! Maps with keys of other kinds.

use super::super::hm::{Listed, Try, Var, case};
use super::{bigvalue, fast64};
use crate::fatal::defer;
use crate::gomap::{Any, Pointer, SharedMap};
use crate::lab::programs::nil;

static M32: Var<SharedMap<u32, i64>> = Var::new(nil);
static MSTR: Var<SharedMap<String, i64>> = Var::new(nil);
static MGEN: Var<SharedMap<(i64, i64), i64>> = Var::new(nil);
static MPTR: Var<SharedMap<Pointer, i64>> = Var::new(nil);
static MINT: Var<SharedMap<isize, String>> = Var::new(nil);
static MI8: Var<SharedMap<i8, i64>> = Var::new(nil);
static MF64: Var<SharedMap<f64, i64>> = Var::new(nil);
static MANY: Var<SharedMap<Any, i64>> = Var::new(nil);
static MSL: Var<SharedMap<String, Vec<i64>>> = Var::new(nil);
static MSET: Var<SharedMap<String, ()>> = Var::new(nil);

#[inline(never)]
fn fast32() {
    M32.insert(1, 2);
    mark!();
}

#[inline(never)]
fn faststr() {
    MSTR.insert("k", 2);
    mark!();
}

#[inline(never)]
fn generic() {
    MGEN.insert((1, 2), 3);
    mark!();
}

#[inline(never)]
fn fast64ptr() {
    MPTR.insert(Pointer(8), 1);
    mark!();
}

#[inline(never)]
fn intkey() {
    MINT.insert(7, "v".to_owned());
    mark!();
}

#[inline(never)]
fn int8key() {
    MI8.insert(7, 1);
    mark!();
}

#[inline(never)]
fn float64key() {
    MF64.insert(1.5, 1);
    mark!();
}

#[inline(never)]
fn anykey() {
    MANY.insert(Any::from("a"), 1);
    mark!();
}

#[inline(never)]
fn incrementstr() {
    MSTR.update("k", |v| v + 1);
    mark!();
}

#[inline(never)]
fn appendto() {
    MSL.update("k", |mut v| {
        v.push(1);
        v
    });
    mark!();
}

#[inline(never)]
fn emptystruct() {
    MSET.insert("k", ());
    mark!();
}

#[inline(never)]
fn recovered() {
    let ways: [(&str, fn()); 9] = [
        ("fast64", fast64),
        ("fast32", fast32),
        ("faststr", faststr),
        ("generic", generic),
        ("fast64ptr", fast64ptr),
        ("bigvalue", bigvalue),
        ("anykey", anykey),
        ("increment", incrementstr),
        ("appendto", appendto),
    ];
    for (name, f) in ways {
        Try(name, f);
    }
    defer(
        |d| {
            if let Some(p) = d.recover() {
                let t = p.text();
                println!("%v {t}|%+v {t}|%#v {t:?}|%s {t}");
            }
        },
        fast64,
    );
}

pub(super) fn keys() -> Vec<Listed> {
    let nil = |what: &str| format!("assigns to a nil map with {what}");
    vec![
        case("fast32", nil("uint32 keys"), fast32),
        case("faststr", nil("string keys"), faststr),
        case("generic", nil("struct keys"), generic),
        case("fast64ptr", nil("pointer keys"), fast64ptr),
        case("intkey", nil("int keys and string values"), intkey),
        case("int8key", nil("int8 keys"), int8key),
        case("float64key", nil("float64 keys"), float64key),
        case("anykey", nil("keys of any type"), anykey),
        case("incrementstr", "increments an entry of a nil map with string keys", incrementstr),
        case("appendto", "appends to an entry of a nil map of slices", appendto),
        case("emptystruct", nil("values without size"), emptystruct),
        case("recovered", "assigns to nil maps of every kind and recovers every time", recovered),
    ]
}
