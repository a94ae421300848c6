//! Tophash bytes and overflow pointers, tampered with one at a time; and two facts about growth.

use super::super::hm::{self, Try};
use super::{M64, SZ64, body_found, build, growing, h, opassign, opdelete, oprange};
use crate::lab::programs::make;

fn top(bucket: usize, i: usize) -> usize {
    h().buckets() + bucket * SZ64 + i
}

fn oldtop(bucket: usize, i: usize) -> usize {
    h().oldbuckets() + bucket * SZ64 + i
}

/// The keys that a range yields, sorted, as Go prints a slice.
fn keys_by_range() -> String {
    let mut keys = Vec::new();
    for (k, _) in M64.range() {
        keys.push(k);
        if keys.len() > 100 {
            break;
        }
    }
    keys.sort_unstable();
    let words: Vec<String> = keys.iter().map(u64::to_string).collect();
    format!("[{}]", words.join(" "))
}

/// Slot 0 says "nothing from here on".
#[inline(never)]
pub(super) fn top_emptyrest_first() {
    build(5);
    hm::poke8(top(0, 0), 0);
    println!("len {} read {} {} {}", M64.len(), M64.get(1), M64.get(2), M64.get(5));
    println!("range {}", keys_by_range());
    M64.insert(9, 9);
    println!("after assign: len {} range {} read 2 -> {}", M64.len(), keys_by_range(), M64.get(2));
}

#[inline(never)]
pub(super) fn top_emptyone() {
    build(5);
    hm::poke8(top(0, 1), 1);
    println!("len {} read {} {} {}", M64.len(), M64.get(1), M64.get(2), M64.get(3));
    println!("range {}", keys_by_range());
    M64.insert(9, 9);
    println!("after assign: len {} range {}", M64.len(), keys_by_range());
}

/// 2, 3, 4 in slot 0 of a map that is not growing.
#[inline(never)]
pub(super) fn top_evacuated_notgrowing() {
    for t in [2, 3, 4] {
        build(5);
        hm::poke8(top(0, 0), t);
        println!("tophash {t} read {} {} range {}", M64.get(1), M64.get(2), keys_by_range());
        M64.insert(9, 9);
        println!("   after assign: len {} range {}", M64.len(), keys_by_range());
    }
}

/// Arbitrary values from 5 on.
#[inline(never)]
pub(super) fn top_garbage() {
    build(5);
    for i in 0..8 {
        hm::poke8(top(0, i), 0xff);
    }
    println!("fast64 read {} {} len {}", M64.get(1), M64.get(5), M64.len());
    println!("range {}", keys_by_range());
    M64.insert(9, 9);
    hm::show("after assign", &M64);
}

/// Old buckets that are not evacuated get the mark `v` in slot `i`.
fn bad_old(i: usize, v: u8) {
    growing();
    for b in 0..1 << (h().b() - 1) {
        if !(2..5).contains(&hm::peek8(oldtop(b, 0))) {
            hm::poke8(oldtop(b, i), v);
        }
    }
}

#[inline(never)]
pub(super) fn top_badmapstate64() {
    bad_old(1, 2);
    opassign();
    M64.insert(1000, 1);
    mark!();
}

#[inline(never)]
pub(super) fn top_badmapstate64del() {
    bad_old(1, 3);
    opdelete();
    mark!();
}

#[inline(never)]
pub(super) fn top_badmapstate64read() {
    bad_old(1, 2);
    println!("read still fine: {}", M64.get(1) == 10);
    Try("range", oprange);
}

/// Every old bucket is marked evacuated: its keys are lost.
#[inline(never)]
pub(super) fn top_oldevacmark() {
    growing();
    for b in 0..1 << (h().b() - 1) {
        hm::poke8(oldtop(b, 0), 4);
    }
    let n = M64.len() as u64;
    println!("lookups lost: {}", body_found(1..=n, |k| k * 10) < n as usize);
    for k in 1000..1020 {
        M64.insert(k, k);
    }
    hm::show("after 20 assigns", &M64);
}

/// An overflow chain that loops back on itself, looked up by a key that is there and ranged over with a cap.
#[inline(never)]
pub(super) fn ovf_cycle() {
    build(8);
    hm::poke(h().buckets() + SZ64 - 8, h().buckets());
    println!("hit {} {}", M64.get(1), M64.get(8));
    let mut n = 0;
    for _ in M64.range() {
        n += 1;
        if n == 1000 {
            break;
        }
    }
    println!("range never ends by itself; stopped at {n}");
}

/// Is "oldbuckets != nil && noverflow == 0" a test for growing? No.
#[inline(never)]
pub(super) fn growing_noverflow() {
    M64.set(make(0));
    let (mut grow, mut with_overflow) = (0, 0);
    for i in 1..=200_000_u64 {
        M64.insert(i * 2_654_435_761, i);
        if h().oldbuckets() != 0 {
            grow += 1;
            if h().noverflow() != 0 {
                with_overflow += 1;
            }
        }
    }
    println!("steps growing > 0: {} ; growing with noverflow != 0 > 0: {}", grow > 0, with_overflow > 0);
    println!("share of growing steps with noverflow != 0: more than half: {}", with_overflow * 2 > grow);
}

/// The first growth of each B: the count at which it starts.
#[inline(never)]
pub(super) fn loadfactor() {
    M64.set(make(0));
    let mut last = h().b();
    for i in 1..5000 {
        M64.insert(i, i);
        let b = h().b();
        if b != last {
            println!("B {last} -> {b} when inserting entry number {i}");
            last = b;
        }
    }
}
