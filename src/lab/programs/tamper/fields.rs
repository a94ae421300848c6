//! Count, flags, hash seed, growth state and bucket pointers, tampered with one at a time.

use super::super::hm::{self, Try};
use super::{
    M64, SZ64, body_count_range, body_found, build, growing, h, opassign, opassignold, opclone, opdelete, oplen,
    oprange, opread, opreadall,
};
use crate::fatal::defer;
use crate::lab::programs::make;
use std::cell::Cell;

// ---- count

#[inline(never)]
pub(super) fn count_neg64() {
    build(5);
    h().set_count(-1);
    println!("len {}", M64.len());
    println!("read {}", M64.get(1));
    opreadall();
    oprange();
    opassign();
    opdelete();
    println!("len now {}", M64.len());
}

#[inline(never)]
pub(super) fn count_min() {
    build(5);
    h().set_count(i64::MIN);
    oplen();
    opread();
    opdelete(); // count-- wraps
    mark!();
}

#[inline(never)]
pub(super) fn count_huge() {
    build(5);
    h().set_count((1 << 62) + 3);
    oplen();
    opread();
    oprange();
    opdelete();
    hm::show("before assign", &M64);
    opassign();
    hm::show("after assign", &M64);
    for k in 1000..1003 {
        M64.insert(k, 1);
    }
    hm::show("after 3 more", &M64);
    opreadall();
    mark!();
}

#[inline(never)]
pub(super) fn count_zero64() {
    build(5);
    h().set_count(0);
    println!("len {} read {}", M64.len(), M64.get(1));
    oprange();
    M64.delete(1);
    println!("delete is a no-op, len {}", M64.len());
    M64.insert(1, 11);
    println!("assign existing, len {}", M64.len());
    M64.insert(77, 1);
    println!("assign new, len {} read 2 -> {}", M64.len(), M64.get(2));
}

#[inline(never)]
pub(super) fn count_clone40() {
    build(5);
    h().set_count(1 << 40);
    opclone();
    mark!();
}

#[inline(never)]
pub(super) fn count_clonehuge() {
    build(5);
    h().set_count(1 << 62);
    opclone();
    mark!();
}

#[inline(never)]
pub(super) fn count_cloneneg() {
    build(5);
    h().set_count(-3);
    let c = M64.clone_map();
    println!("clone len {} read {}", c.len(), c.get(1));
    std::mem::forget(c);
}

// ---- flags and hash0

/// `sameSizeGrow` left over when a doubling growth runs.
#[inline(never)]
pub(super) fn flag_samesize_growth() {
    build(13);
    h().set_flags(8);
    hm::show("before", &M64);
    for k in 14..=60 {
        M64.insert(k, k * 10);
    }
    hm::show("after", &M64);
    let lost = body_found(1..=60, |k| k * 10) < 60;
    println!("len {} lookups that succeed < 60: {lost} range count {}", M64.len(), body_count_range());
}

#[inline(never)]
pub(super) fn flag_ff_forever() {
    build(5);
    h().set_flags(0xff);
    oplen();
    Try("read", opread);
    mark!();
}

/// Resetting by hand is the only cure.
#[inline(never)]
pub(super) fn flag_ff_reset() {
    build(5);
    h().set_flags(0xff);
    h().set_flags(0);
    opassign();
    opread();
    mark!();
}

/// With B = 0 fast64 compares keys directly.
#[inline(never)]
pub(super) fn hash0_small64() {
    build(5);
    h().set_hash0(h().hash0() ^ 0x5a5a_5a5a);
    println!("fast64 {}", M64.get(1));
    oprange();
    M64.insert(1, 99);
    println!("fast64 assign existing, len {}", M64.len());
}

#[inline(never)]
pub(super) fn hash0_big() {
    build(200);
    h().set_hash0(h().hash0() ^ 0x5a5a_5a5a);
    let found = body_found(1..=200, |k| k * 10);
    println!("len {} all found: {} less than a quarter found: {}", M64.len(), found == 200, found < 50);
    println!("range {}", body_count_range());
    for k in 1..=3 {
        M64.insert(k, 1);
    }
    println!("len after assigning three existing keys > 200: {}", M64.len() > 200);
}

// ---- nevacuate, noverflow, oldbuckets, buckets

/// Not growing: ignored.
#[inline(never)]
pub(super) fn nevacuate_idle() {
    build(20);
    h().set_nevacuate(1 << 40);
    opreadall();
    opassign();
    opdelete();
    oprange();
    hm::show("after", &M64);
}

#[inline(never)]
pub(super) fn nevacuate_growing_read() {
    growing();
    h().set_nevacuate(1 << 20);
    opreadall();
    oprange();
    mark!();
}

#[inline(never)]
pub(super) fn nevacuate_growing_assign() {
    growing();
    h().set_nevacuate(1 << 20);
    opassign();
    mark!();
}

#[inline(never)]
pub(super) fn nevacuate_growing_huge() {
    growing();
    h().set_nevacuate(1 << 60);
    opassign();
    mark!();
}

/// Already at the end: growth never completes by counting.
#[inline(never)]
pub(super) fn nevacuate_growing_end() {
    growing();
    h().set_nevacuate(1 << (h().b() - 1));
    for k in 1000..1040 {
        M64.insert(k, k);
    }
    hm::show("after 40 assigns", &M64);
}

#[inline(never)]
pub(super) fn noverflow_max() {
    build(20);
    h().set_noverflow(0xffff);
    hm::show("before", &M64);
    opread();
    opassignold();
    hm::show("after assign existing", &M64);
    opassign();
    hm::show("after assign new (same-size growth)", &M64);
    println!("flags {:#x}", h().flags());
    opreadall();
    for k in 1001..1004 {
        M64.insert(k, 1);
    }
    hm::show("after 3 more", &M64);
}

/// oldbuckets = buckets on a map that is not growing.
#[inline(never)]
pub(super) fn old_self() {
    build(20);
    h().set_oldbuckets(h().buckets());
    hm::show("before", &M64);
    opreadall();
    oprange();
    Try("assign", opassign);
    hm::show("after", &M64);
    opreadall();
    mark!();
}

/// B == 0: there are 1 << 255 old buckets.
#[inline(never)]
pub(super) fn old_self_b0() {
    build(5);
    h().set_oldbuckets(h().buckets());
    opread();
    Try("range", oprange);
    Try("assign", opassign);
    hm::show("after", &M64);
}

/// oldbuckets = a zeroed array of the right size.
#[inline(never)]
pub(super) fn old_zeroes() {
    build(20);
    let z = hm::alloc(SZ64 * 64);
    h().set_oldbuckets(z);
    opreadall();
    oprange();
    opassign();
    hm::show("after", &M64);
}

/// Growth forgotten: keys that were not evacuated are lost.
#[inline(never)]
pub(super) fn old_nilled() {
    growing();
    h().set_oldbuckets(0);
    let found = body_found(1..=M64.len() as u64, |k| k * 10);
    println!("lookups lost: {} range equals lookups: {}", found < M64.len() as usize, body_count_range() == found);
    opassign();
    mark!();
}

/// … and the next growth finds `extra.oldoverflow` still set.
#[inline(never)]
pub(super) fn old_nilled_extra() {
    M64.set(make(0));
    for i in 1..=208 {
        M64.insert(i, i);
    }
    let mut i = 209;
    while h().oldbuckets() == 0 {
        M64.insert(i, i);
        i += 1;
    }
    h().set_oldbuckets(0);
    for i in 1000..3000 {
        M64.insert(i, i);
    }
    hm::show("grew again", &M64);
}

/// `extra.overflow` and `extra.oldoverflow` both set when `hashGrow` runs.
#[inline(never)]
pub(super) fn oldoverflow_set() {
    M64.set(make(0));
    let mut i = 1;
    loop {
        M64.insert(i, i);
        if i > 180 && h().oldbuckets() == 0 && h().noverflow() > 0 {
            break;
        }
        i += 1;
    }
    let extra = hm::peek(h().extra_at());
    println!("overflow set: {} oldoverflow set: {}", hm::peek(extra) != 0, hm::peek(extra + 8) != 0);
    hm::poke(extra + 8, hm::peek(extra));
    for i in 1000..3000 {
        M64.insert(i, i);
    }
    println!("no throw");
}

#[inline(never)]
pub(super) fn buckets_nil_grown() {
    build(20);
    h().set_buckets(0);
    hm::show("before", &M64);
    Try("read", opread);
    Try("delete", || M64.delete(1));
    hm::show("after delete", &M64);
    opread();
    mark!();
}

/// One bucket is allocated although B says 4 buckets.
#[inline(never)]
pub(super) fn buckets_nil_assign() {
    build(20);
    h().set_buckets(0);
    hm::show("before", &M64);
    opassign();
    hm::show("after", &M64);
}

#[inline(never)]
pub(super) fn buckets_nil_b064() {
    build(5);
    h().set_buckets(0);
    println!("fast64 read {}", M64.get(1));
    M64.delete(1);
    println!("delete ok; len {}", M64.len());
    Try("range", oprange);
    M64.insert(1, 2);
    println!("assign ok; len {} read {} {}", M64.len(), M64.get(1), M64.get(2));
}

/// 512 buckets: nil-dereference panics below 0x1000, fatal faults above.
#[expect(clippy::redundant_closure_call, reason = "a closure in Go, whose frame shows")]
#[inline(never)]
pub(super) fn buckets_nil_big() {
    thread_local!(static PANICS: Cell<u32> = const { Cell::new(0) });
    fn body() {
        for k in 1..=2000 {
            (move || {
                thread_local!(static K: Cell<u64> = const { Cell::new(0) });
                fn body() {
                    hm::sink(M64.get(K.get()));
                }
                K.set(k);
                defer(
                    |d| {
                        if d.recover().is_some() {
                            PANICS.set(PANICS.get() + 1);
                        }
                    },
                    body,
                );
                mark!();
            })();
        }
        println!("all recovered {}", PANICS.get());
    }
    build(2000);
    h().set_buckets(0);
    println!("B {}", h().b());
    defer(|_| println!("not reached"), body);
    mark!();
}
