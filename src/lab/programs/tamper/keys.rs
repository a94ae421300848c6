//! Maps with keys of other kinds, which go other ways.

use super::super::hm::{self, Header, Listed, Try, Var, case};
use super::{M64, build, oprange};
use crate::gomap::SharedMap;
use crate::lab::programs::{make, nil};

static MSTR: Var<SharedMap<String, u64>> = Var::new(nil);
static MGEN: Var<SharedMap<(u64, u64), u64>> = Var::new(nil);

/// Bytes of a bucket of either.
const SZKEY: usize = 8 + 8 * 16 + 8 * 8 + 8;

fn build_keys(n: u64) {
    build(n);
    MSTR.set(make(0));
    MGEN.set(make(0));
    for i in 1..=n {
        MSTR.insert(format!("k{i}"), i * 10);
        MGEN.insert((i, i), i * 10);
    }
}

fn each(f: impl Fn(Header)) {
    [hm::H(&*M64), hm::H(&*MSTR), hm::H(&*MGEN)].into_iter().for_each(f);
}

#[inline(never)]
fn count_neg() {
    build_keys(5);
    each(|h| h.set_count(-1));
    println!("len {} {} {}", M64.len(), MSTR.len(), MGEN.len());
    println!("read {} {} {}", M64.get(1), MSTR.get("k1"), MGEN.get((1, 1)));
    MSTR.delete("k1");
    MGEN.insert((6, 6), 60);
    println!("len now {} {}", MSTR.len(), MGEN.len());
}

/// Entries exist, count says 0.
#[inline(never)]
fn count_zero() {
    build_keys(5);
    each(|h| h.set_count(0));
    println!("len {} read {} {} {}", M64.len(), M64.get(1), MSTR.get("k1"), MGEN.get((1, 1)));
    MSTR.delete("k1");
    MGEN.delete((1, 1));
    println!("delete is a no-op, len {} {}", MSTR.len(), MGEN.len());
    MSTR.insert("k1", 11);
    MGEN.insert((1, 1), 11);
    println!("assign existing, len {} {}", MSTR.len(), MGEN.len());
    MSTR.insert("new", 1);
    MGEN.insert((77, 77), 1);
    let (s, g) = (MSTR.get("k2"), MGEN.get((2, 2)));
    println!("assign new, len {} {} read 2 -> {s} {g}", MSTR.len(), MGEN.len());
}

/// B == 0: fast64 and faststr compare keys directly, generic maps use tophash.
#[inline(never)]
fn hash0_small() {
    build_keys(5);
    each(|h| h.set_hash0(h.hash0() ^ 0x5a5a_5a5a));
    println!("fast64 {} faststr {}", M64.get(1), MSTR.get("k1"));
    let hits = (1..=5).filter(|&i| MGEN.get((i, i)) == i * 10).count();
    println!("generic hits 5: {}", hits == 5);
    M64.insert(1, 99);
    println!("fast64 assign existing, len {}", M64.len());
}

#[inline(never)]
fn buckets_nil_b0() {
    build_keys(5);
    each(|h| h.set_buckets(0));
    println!("fast64 read {}", M64.get(1));
    Try("faststr read", || println!("{}", MSTR.get("k1")));
    println!("generic read {}", MGEN.get((1, 1)));
    M64.delete(1);
    MGEN.delete((1, 1));
    println!("deletes ok; len {} {}", M64.len(), MGEN.len());
    Try("range", oprange);
    MGEN.insert((1, 1), 2);
    println!("assign ok; len {} read {} {}", MGEN.len(), MGEN.get((1, 1)), MGEN.get((2, 2)));
}

#[inline(never)]
fn top_garbage_gen() {
    build_keys(5);
    for i in 0..5 {
        hm::poke8(hm::H(&*MGEN).buckets() + i, 6);
    }
    let hits = (1..=5).filter(|&i| MGEN.get2((i, i)).1).count();
    let mut n = 0;
    for _ in MGEN.range() {
        n += 1;
    }
    println!("generic: len {} all found: {} range {n}", MGEN.len(), hits == 5);
}

/// Puts an evacuation mark into the second slot of every old bucket that is not evacuated.
fn bad_old_keys(h: Header, mark: u8) {
    for b in 0..1 << (h.b() - 1) {
        let bucket = h.oldbuckets() + b * SZKEY;
        if !(2..5).contains(&hm::peek8(bucket)) {
            hm::poke8(bucket + 1, mark);
        }
    }
}

#[inline(never)]
fn top_badmapstatestr() {
    MSTR.set(make(0));
    for i in 1.. {
        MSTR.insert(format!("k{i}"), 1);
        if hm::H(&*MSTR).oldbuckets() != 0 && i > 100 {
            break;
        }
    }
    bad_old_keys(hm::H(&*MSTR), 3);
    MSTR.insert("new", 1);
    MSTR.insert("new2", 1);
    mark!();
}

#[inline(never)]
fn top_badmapstategen() {
    MGEN.set(make(0));
    for i in 1.. {
        MGEN.insert((i, i), 1);
        if hm::H(&*MGEN).oldbuckets() != 0 && i > 100 {
            break;
        }
    }
    bad_old_keys(hm::H(&*MGEN), 4);
    MGEN.insert((7777, 1), 1);
    MGEN.insert((7778, 1), 1);
    mark!();
}

pub(super) fn keys() -> Vec<Listed> {
    let kinds = |what: &str| format!("sets {what} of maps of three kinds, and uses them");
    let mark =
        |keys: &str| format!("writes an evacuation mark into old buckets of a map with {keys} keys, and assigns");
    vec![
        case("count_neg", kinds("the count, to -1,"), count_neg),
        case("count_zero", kinds("the count, to 0,"), count_zero),
        case("hash0_small", kinds("another hash seed"), hash0_small),
        case("buckets_nil_b0", kinds("the buckets, to nil,"), buckets_nil_b0),
        case("top_garbage_gen", "writes garbage into the tophash bytes of a map with struct keys", top_garbage_gen),
        case("top_badmapstatestr", mark("string"), top_badmapstatestr).scattered(),
        case("top_badmapstategen", mark("struct"), top_badmapstategen).scattered(),
    ]
}
