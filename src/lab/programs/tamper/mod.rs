//! Tampering with single header fields, tophash bytes and pointers of a healthy map.
//! Original: `tests/goldens/src/tamper`.

#![expect(non_snake_case, reason = "Go's names, which its tracebacks show")]

mod bytes;
mod fields;
mod keys;

use super::hm::{self, Header, Listed, Map, Var, case};
use crate::lab::programs::{make, nil};
use bytes::*;
use fields::*;

static M64: Var<Map> = Var::new(nil);

/// Bytes of a bucket of `map[uint64]uint64`.
const SZ64: usize = 8 + 8 * 8 + 8 * 8 + 8;

fn h() -> Header {
    hm::H(&*M64)
}

fn build(n: u64) {
    M64.set(make(0));
    for i in 1..=n {
        M64.insert(i, i * 10);
    }
}

fn growing() {
    M64.set(make(0));
    let mut i = 1;
    loop {
        M64.insert(i, i * 10);
        if h().oldbuckets() != 0 && i > 100 {
            break;
        }
        i += 1;
    }
    println!("growing: B {} len {}", h().b(), M64.len());
}

#[inline(never)]
fn opread() {
    let v = hm::sink(M64.get(1));
    println!("read 1 -> {v}");
}

/// How many of these keys have their value.
#[inline(always)]
fn body_found(keys: std::ops::RangeInclusive<u64>, value: impl Fn(u64) -> u64) -> usize {
    keys.filter(|&k| M64.get2(k) == (value(k), true)).count()
}

#[inline(never)]
fn opreadall() {
    println!("keys found {}", body_found(1..=200, |k| k * 10));
}

#[inline(never)]
fn opassign() {
    M64.insert(999, 7);
    println!("assign new ok, len {}", M64.len());
}

#[inline(never)]
fn opassignold() {
    M64.insert(1, 7);
    println!("assign existing ok, len {}", M64.len());
}

#[inline(never)]
fn opdelete() {
    M64.delete(1);
    println!("delete ok, len {}", M64.len());
}

#[inline(never)]
fn oprange() {
    let (mut n, mut good) = (0, 0);
    for (k, v) in M64.range() {
        n += 1;
        if (1..=200).contains(&k) && v == k * 10 {
            good += 1;
        }
        if n >= 5000 {
            break;
        }
    }
    println!("range: iterations {n} genuine {good}");
}

#[inline(never)]
fn oplen() {
    println!("len {}", M64.len());
}

#[inline(never)]
fn opclear() {
    M64.clear();
    println!("clear ok, len {}", M64.len());
}

#[inline(never)]
fn opclone() {
    let c = M64.clone_map();
    println!("clone ok, len {}", c.len());
    std::mem::forget(c);
}

fn body_count_range() -> usize {
    let mut n = 0;
    for _ in M64.range() {
        n += 1;
    }
    n
}

/// An operation: its name, what it does, the function.
#[derive(Clone, Copy)]
struct Operation {
    name: &'static str,
    about: &'static str,
    run: fn(),
}

const OPS: [Operation; 8] = {
    const fn op(name: &'static str, about: &'static str, run: fn()) -> Operation {
        Operation { name, about, run }
    }
    [
        op("read", "reads a key", opread),
        op("assign", "assigns a new key", opassign),
        op("assignold", "assigns to an existing key", opassignold),
        op("delete", "deletes a key", opdelete),
        op("range", "ranges", oprange),
        op("len", "asks for the length", oplen),
        op("clear", "clears the map", opclear),
        op("clone", "clones the map", opclone),
    ]
};

#[inline(never)]
fn bCase(n: u64, b: u8, op: fn()) {
    build(n);
    h().set_b(b);
    op();
    mark!();
}

#[inline(never)]
fn flagCase(f: u8, op: fn()) {
    build(5);
    h().set_flags(f);
    op();
    println!("flags after {:#x}", h().flags());
}

pub(super) fn main() {
    let mut cases = Vec::new();
    let since = |op: &Operation, c: Listed| if matches!(op.name, "clear" | "clone") { c.since_121() } else { c };
    for n in [5, 50] {
        for b in [1, 20, 63, 64, 200, 255] {
            for op in OPS {
                let about = format!("sets B of a map with {n} entries to {b} and {}", op.about);
                let c = case(format!("B{b}_n{n}_{}", op.name), about, move || {
                    bCase(n, b, op.run);
                    mark!();
                });
                cases.push(since(&op, c.scattered()));
            }
        }
    }
    for f in [1, 2, 4, 8, 16, 32, 64, 128, 0xff, 0xfb] {
        for op in OPS {
            let about = format!("sets the flags of a map to {f:#x} and {}", op.about);
            let c = case(format!("flags{f:#x}_{}", op.name), about, move || {
                flagCase(f, op.run);
                mark!();
            });
            cases.push(since(&op, c));
        }
    }
    cases.extend(scenarios());
    cases.extend(keys::keys());
    hm::pick(cases)();
    mark!();
}

fn scenarios() -> Vec<Listed> {
    let field = |name: &str, what: &str, run: fn()| case(name, format!("sets {what}, and uses the map"), run);
    let mark = |name: &str, what: &str, run: fn()| case(name, format!("writes {what}, and uses the map"), run);
    vec![
        field("count_neg64", "the count of a map to -1", count_neg64),
        field("count_min", "the count of a map to the least number there is", count_min),
        field("count_huge", "the count of a map to 1<<62 and a bit", count_huge).scattered(),
        field("count_zero64", "the count of a map with entries to 0", count_zero64),
        case("count_clone40", "clones a map whose count was set to 1<<40", count_clone40).since_121(),
        case("count_clonehuge", "clones a map whose count was set to 1<<62", count_clonehuge).since_121(),
        case("count_cloneneg", "clones a map whose count was set to -3", count_cloneneg).since_121(),
        field("flag_samesize_growth", "the same-size-growth flag of a map that will double", flag_samesize_growth)
            .scattered(),
        field("flag_ff_forever", "every flag of a map, tries to recover", flag_ff_forever),
        field("flag_ff_reset", "every flag of a map, and none again", flag_ff_reset),
        field("hash0_small64", "another hash seed in a map of one bucket", hash0_small64),
        field("hash0_big", "another hash seed in a map of 32 buckets", hash0_big).scattered(),
        field("nevacuate_idle", "nevacuate of a map that is not growing", nevacuate_idle).scattered(),
        field("nevacuate_growing_read", "nevacuate of a growing map far too high, reads", nevacuate_growing_read),
        field("nevacuate_growing_assign", "nevacuate of a growing map far too high, assigns", nevacuate_growing_assign)
            .scattered(),
        field("nevacuate_growing_huge", "nevacuate of a growing map to 1<<60", nevacuate_growing_huge),
        field("nevacuate_growing_end", "nevacuate of a growing map to its end", nevacuate_growing_end).scattered(),
        field("noverflow_max", "noverflow to its largest value", noverflow_max).scattered(),
        field("old_self", "oldbuckets of a map that is not growing to its buckets", old_self).scattered(),
        field("old_self_b0", "oldbuckets of a map of one bucket to that bucket", old_self_b0).scattered(),
        field("old_zeroes", "oldbuckets of a map that is not growing to zeroes", old_zeroes).scattered(),
        field("old_nilled", "oldbuckets of a growing map to nil", old_nilled).scattered(),
        field("old_nilled_extra", "oldbuckets of a growing map with overflow buckets to nil", old_nilled_extra)
            .scattered(),
        field("oldoverflow_set", "oldoverflow of a map that is about to grow", oldoverflow_set),
        field("buckets_nil_grown", "the buckets of a map with B = 2 to nil", buckets_nil_grown).scattered(),
        field("buckets_nil_assign", "the buckets of a map with B = 2 to nil, assigns", buckets_nil_assign).scattered(),
        field("buckets_nil_b064", "the buckets of a map with B = 0 to nil", buckets_nil_b064),
        field("buckets_nil_big", "the buckets of a map with B = 9 to nil, reads all its keys", buckets_nil_big)
            .scattered(),
        mark("top_emptyrest_first", "emptyRest into the first tophash byte", top_emptyrest_first),
        mark("top_emptyone", "emptyOne into a tophash byte", top_emptyone),
        mark("top_evacuated_notgrowing", "evacuation marks into a map that is not growing", top_evacuated_notgrowing),
        mark("top_garbage", "0xff into every tophash byte", top_garbage).scattered(),
        mark("top_badmapstate64", "an evacuation mark into a bucket that is not evacuated, assigns", top_badmapstate64)
            .scattered(),
        mark(
            "top_badmapstate64del",
            "an evacuation mark into a bucket that is not evacuated, deletes",
            top_badmapstate64del,
        )
        .scattered(),
        mark(
            "top_badmapstate64read",
            "an evacuation mark into a bucket that is not evacuated, reads",
            top_badmapstate64read,
        )
        .scattered(),
        mark("top_oldevacmark", "evacuation marks into every old bucket of a growing map", top_oldevacmark).scattered(),
        mark("ovf_cycle", "a bucket's own address into its overflow pointer", ovf_cycle),
        case("growing_noverflow", "counts how often a growing map has overflow buckets", growing_noverflow),
        case("loadfactor", "grows a map and tells at which entries B goes up", loadfactor),
    ]
}
