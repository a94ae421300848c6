//! Maps with keys of other kinds.

use super::super::hm::{self, Listed, Var, case, set_writing, writing};
use super::{E64, M64, say};
use crate::gomap::{Pointer, SharedMap};
use crate::lab::programs::make;

type Pair = (i64, i64);

static M32: Var<SharedMap<u32, i64>> = Var::new(|| {
    let m: SharedMap<u32, i64> = make(0);
    m.insert(1, 10);
    m.insert(2, 20);
    m
});
static MSTR: Var<SharedMap<String, i64>> = Var::new(|| {
    let m: SharedMap<String, i64> = make(0);
    m.insert("a", 10);
    m.insert("b", 20);
    m
});
static MGEN: Var<SharedMap<Pair, i64>> = Var::new(|| {
    let m: SharedMap<Pair, i64> = make(0);
    m.insert((1, 1), 10);
    m.insert((2, 2), 20);
    m
});
static MPTR: Var<SharedMap<Pointer, i64>> = Var::new(|| {
    let m: SharedMap<Pointer, i64> = make(0);
    m.insert(Pointer(hm::alloc(8)), 1);
    m
});
static ESTR: Var<SharedMap<String, i64>> = Var::new(|| make(0));
static EGEN: Var<SharedMap<Pair, i64>> = Var::new(|| make(0));

#[inline(never)]
fn det_len() {
    set_writing(&*M64);
    set_writing(&*MSTR);
    set_writing(&*MGEN);
    println!("len with hashWriting set: {} {} {}", M64.len(), MSTR.len(), MGEN.len());
}

#[inline(never)]
fn det_assign32() {
    set_writing(&*M32);
    M32.insert(3, 1);
    mark!();
}

#[inline(never)]
fn det_assignstr() {
    set_writing(&*MSTR);
    MSTR.insert("c", 1);
    mark!();
}

#[inline(never)]
fn det_assigngen() {
    set_writing(&*MGEN);
    MGEN.insert((3, 3), 1);
    mark!();
}

#[inline(never)]
fn det_assignptr() {
    set_writing(&*MPTR);
    MPTR.insert(Pointer(hm::alloc(8)), 1);
    mark!();
}

#[inline(never)]
fn det_read32() {
    set_writing(&*M32);
    hm::sink(M32.get(1));
}

#[inline(never)]
fn det_readstr() {
    set_writing(&*MSTR);
    hm::sink(MSTR.get("a"));
}

#[inline(never)]
fn det_readgen() {
    set_writing(&*MGEN);
    hm::sink(MGEN.get((1, 1)));
}

#[inline(never)]
fn det_commaokstr() {
    set_writing(&*MSTR);
    hm::sink(MSTR.get2("a"));
}

#[inline(never)]
fn det_commaokgen() {
    set_writing(&*MGEN);
    hm::sink(MGEN.get2((1, 1)));
}

#[inline(never)]
fn det_delete32() {
    set_writing(&*M32);
    M32.delete(1);
    mark!();
}

#[inline(never)]
fn det_deletestr() {
    set_writing(&*MSTR);
    MSTR.delete("a");
    mark!();
}

#[inline(never)]
fn det_deletegen() {
    set_writing(&*MGEN);
    MGEN.delete((1, 1));
    mark!();
}

#[inline(never)]
fn det_rangegen() {
    set_writing(&*MGEN);
    for ((a, b), v) in MGEN.range() {
        println!("entry {{{a} {b}}} {v}");
    }
}

#[inline(never)]
fn empty_read() {
    set_writing(&*E64);
    set_writing(&*ESTR);
    set_writing(&*EGEN);
    println!("{} {} {}", E64.get(1), ESTR.get("a"), EGEN.get((0, 0)));
    let (v, ok) = E64.get2(1);
    println!("{v} {ok}");
    say("no fatal");
}

#[inline(never)]
fn empty_delete() {
    set_writing(&*E64);
    set_writing(&*ESTR);
    set_writing(&*EGEN);
    E64.delete(1);
    ESTR.delete("a");
    EGEN.delete((0, 0));
    say("no fatal");
    println!("flag still set: {} {} {}", writing(&*E64), writing(&*ESTR), writing(&*EGEN));
}

#[inline(never)]
fn det_cleargen() {
    set_writing(&*MGEN);
    MGEN.clear();
    mark!();
}

#[inline(never)]
fn det_clonegen() {
    set_writing(&*MGEN);
    println!("{}", MGEN.clone_map().len());
}

pub(super) fn keys() -> Vec<Listed> {
    let flag = |what: &str, keys: &str| format!("{what} a map with {keys} keys whose hashWriting flag was set by hand");
    vec![
        case("det_len", flag("asks for the length of", "string and struct"), det_len),
        case("det_assign32", flag("assigns to", "uint32"), det_assign32),
        case("det_assignstr", flag("assigns to", "string"), det_assignstr),
        case("det_assigngen", flag("assigns to", "struct"), det_assigngen),
        case("det_assignptr", flag("assigns to", "pointer"), det_assignptr),
        case("det_read32", flag("reads", "uint32"), det_read32),
        case("det_readstr", flag("reads", "string"), det_readstr),
        case("det_readgen", flag("reads", "struct"), det_readgen),
        case("det_commaokstr", flag("asks for a key, with ok, of", "string"), det_commaokstr),
        case("det_commaokgen", flag("asks for a key, with ok, of", "struct"), det_commaokgen),
        case("det_delete32", flag("deletes from", "uint32"), det_delete32),
        case("det_deletestr", flag("deletes from", "string"), det_deletestr),
        case("det_deletegen", flag("deletes from", "struct"), det_deletegen),
        case("det_rangegen", flag("ranges over", "struct"), det_rangegen),
        case("empty_read", "reads empty maps of three kinds whose hashWriting flag is set", empty_read),
        case("empty_delete", "deletes from empty maps of three kinds whose hashWriting flag is set", empty_delete),
        case("det_cleargen", flag("clears", "struct"), det_cleargen).since_121(),
        case("det_clonegen", flag("clones", "struct"), det_clonegen).since_121(),
    ]
}
