//! Harmless operations on nil maps, and nil pointers to maps. Original: `tests/goldens/src/nilops`.

use super::hm::{self, Var, case};
use crate::gomap::{Any, SharedMap, maps_Copy};
use crate::lab::programs::{make, nil};
use crate::layout::mem;
use std::hint::black_box;

type Map = SharedMap<u64, i64>;

static M64: Var<Map> = Var::new(nil);
static M32: Var<SharedMap<u32, i64>> = Var::new(nil);
static MSTR: Var<SharedMap<String, i64>> = Var::new(nil);
static MGEN: Var<SharedMap<(i64, i64), i64>> = Var::new(nil);
static MANY: Var<SharedMap<Any, i64>> = Var::new(nil);

#[inline(never)]
fn all64() {
    println!("len {}", M64.len());
    println!("read {}", M64.get(1));
    let (v, ok) = M64.get2(1);
    println!("commaok fast64 {v} {ok}");
    M64.delete(1);
    println!("delete ok");
    let mut n = 0;
    for _ in 0..2 {
        for _ in M64.range() {
            n += 1;
        }
    }
    println!("range iterations {n}");
    println!("nil? {}", M64.is_nil());
}

#[inline(never)]
fn all() {
    println!("len {} {} {} {} {}", M64.len(), M32.len(), MSTR.len(), MGEN.len(), MANY.len());
    let (a, b) = (M64.get(1), M32.get(1));
    println!("read {a} {b} {} {} {}", MSTR.get("k"), MGEN.get((0, 0)), MANY.get(Any::Int(1)));
    let (v, ok) = M64.get2(1);
    println!("commaok fast64 {v} {ok}");
    let (v, ok) = MSTR.get2("k");
    println!("commaok faststr {v} {ok}");
    let (v, ok) = MGEN.get2((0, 0));
    println!("commaok generic {v} {ok}");
    M64.delete(1);
    M32.delete(1);
    MSTR.delete("k");
    MGEN.delete((0, 0));
    MANY.delete(Any::Int(1));
    println!("delete ok");
    let mut n = 0;
    for _ in M64.range() {
        n += 1;
    }
    for _ in MSTR.range() {
        n += 1;
    }
    for _ in MGEN.range() {
        n += 1;
    }
    println!("range iterations {n}");
}

/// `*p` for a pointer to a map: the address of its header.
#[inline(always)]
fn body_deref(p: usize) -> usize {
    // SAFETY: faults, as in Go, where `p` is nil.
    unsafe { mem::ld64(black_box(p)) as usize }
}

#[inline(never)]
fn ptrnil() {
    println!("{}", body_deref(0));
}

#[inline(never)]
fn ptrnilassign() {
    black_box(body_deref(0));
}

#[inline(never)]
fn clearnil() {
    M64.clear();
    println!("clear ok {}", M64.len());
}

#[inline(never)]
fn clonenil() {
    let c = M64.clone_map();
    println!("clone is nil: {} len {}", c.is_nil(), c.len());
    let e = make::<u64, i64>(0).clone_map();
    println!("clone of empty is nil: {} len {}", e.is_nil(), e.len());
    for (k, _) in M64.range() {
        M64.delete(k);
    }
    println!("DeleteFunc ok");
    println!("Equal nil/empty: {}", M64.len() == e.len());
    maps_Copy(&*M64, &make(0));
    println!("Copy of empty into nil ok");
}

#[inline(never)]
fn copynil() {
    let src = make(0);
    src.insert(1, 1);
    maps_Copy(&*M64, &src);
    mark!();
}

pub(super) fn main() {
    hm::pick(vec![
        case("all", "reads, deletes from, ranges over and measures nil maps of every kind", all),
        case("all64", "reads, deletes from, ranges over and measures a nil map", all64),
        case("ptrnil", "asks for the length of the map that a nil pointer points to", ptrnil),
        case("ptrnilassign", "assigns to the map that a nil pointer points to", ptrnilassign),
        case("clearnil", "clears a nil map", clearnil).since_121(),
        case("clonenil", "clones a nil map and copies nothing into it", clonenil).since_121(),
        case("copynil", "copies an entry into a nil map with maps.Copy", copynil).since_121(),
    ])();
    mark!();
}
