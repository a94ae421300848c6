//! What scripts are made to reach, family by family: each on maps of one type, and over the seeds of every type.

use crate::kinds::{nth, ty};
use crate::scripts::Script;

/// Every operation on maps of one type and several hints.
pub(crate) fn mixed(s: &mut Script) {
    let mut live = Vec::new();
    for hint in [0, 0, 8, 9, 9, 13, 14, 30, 60, 60, 110, 110, 300] {
        let name = format!("m{hint}_{}", live.len());
        s.new_map(&name, s.ty, hint);
        live.push(name);
    }
    let (mut iters, mut clones) = (0, 0);
    for _ in 0..500 {
        let m = live[s.below(live.len() as u64) as usize].clone();
        let key = match s.below(3) {
            0 => s.below(60),
            1 => s.below(400),
            _ => s.random(),
        };
        match s.below(1000) {
            0..600 => s.set(&m, key),
            600..780 => s.del(&m, key),
            780..840 => {
                let key = nth(s.ty, key);
                s.line(format_args!("get {m} {key}"));
            }
            840..880 => {
                iters += 1;
                let (start, offset) = (s.below(64), s.below(8));
                if s.below(2) == 0 {
                    s.line(format_args!("iter {m} i{iters} {start} {offset}"));
                } else {
                    s.line(format_args!("riter {m} i{iters}"));
                }
            }
            880..970 if iters > 0 => {
                let (i, n) = (iters - s.below(iters.min(20)), 1 + s.below(11));
                s.line(format_args!("next i{i} {n}"));
            }
            970..975 => s.line(format_args!("clear {m}")),
            975..980 if s.clone => {
                clones += 1;
                s.line(format_args!("clone {m} {m}c{clones}"));
                live.push(format!("{m}c{clones}"));
            }
            980..985 => s.line(format_args!("gc")),
            _ => {}
        }
    }
    for m in live {
        s.line(format_args!("dump {m}"));
    }
}

/// Few keys, deleted and inserted again and again: deleted slots, emptyRest runs, same-size growth.
pub(crate) fn dense(s: &mut Script) {
    let (ty, hint) = (s.ty, s.pick(&[0, 20, 50]));
    s.new_map("m", ty, hint);
    let range = s.pick(&[9, 14, 27, 60, 110]);
    for round in 0..6 {
        for _ in 0..60 {
            let key = s.below(range);
            if s.below(2) == 0 {
                s.set("m", key);
            } else {
                s.del("m", key);
            }
        }
        // Fresh keys come and go: overflow buckets without entries gather until the table is rewritten.
        s.line(format_args!("auto off"));
        for i in 0..400 {
            let key = 1_000 * (round + 1) + i;
            s.set("m", key);
            if i >= 20 {
                s.del("m", key - 20);
            }
        }
        s.line(format_args!("auto on"));
        s.line(format_args!("dump m"));
    }
}

/// Iterators begun in every state and carried across growth, deletes, clear.
pub(crate) fn iterators(s: &mut Script) {
    let (ty, hint) = (s.ty, s.pick(&[0, 9, 50]));
    s.new_map("m", ty, hint);
    s.line(format_args!("auto off"));
    let mut iters = 0;
    for i in 0..300 {
        let key = if s.below(4) == 0 { s.below(i + 1) } else { i };
        s.set("m", key);
        if s.below(12) == 0 {
            iters += 1;
            let (start, offset) = (s.random() % 128, s.below(8));
            s.line(format_args!("iter m i{iters} {start} {offset}"));
        }
        if s.below(20) == 0 {
            iters += 1;
            s.line(format_args!("riter m i{iters}"));
        }
        if iters > 0 && s.below(3) == 0 {
            let (it, n) = (1 + s.below(iters), 1 + s.below(4));
            s.line(format_args!("next i{it} {n}"));
        }
        if s.below(9) == 0 {
            let key = s.below(i + 1);
            s.del("m", key);
        }
        if s.below(150) == 0 {
            s.line(format_args!("clear m"));
        }
        if s.below(25) == 0 {
            s.line(format_args!("dump m"));
        }
    }
    for it in 1..=iters {
        s.line(format_args!("next i{it} 400"));
    }
    s.line(format_args!("dump m"));
}

/// Clear and clone in the middle of growth, and what comes of the copies.
pub(crate) fn growing(s: &mut Script) {
    s.new_map("m", s.ty, 0);
    s.line(format_args!("auto off"));
    let mut copies = 0;
    let mut count = 0;
    for round in 0..4 {
        for _ in 0..150 {
            let key = s.below(2_000);
            s.set("m", key);
            count += 1;
            // Growth starts just above a power of two times the load factor: stop there often.
            let near =
                [13, 14, 25, 27, 49, 53, 97, 105, 193, 209, 385, 417].iter().any(|&t: &i32| (count - t).abs() < 3);
            if s.clone && near && s.below(2) == 0 {
                copies += 1;
                s.line(format_args!("clone m c{copies}"));
                s.line(format_args!("dump c{copies}"));
                let keys = [s.below(2_000), s.below(2_000), s.random()];
                for k in keys {
                    s.set(&format!("c{copies}"), k);
                }
                s.line(format_args!("dump c{copies}"));
            }
        }
        s.line(format_args!("dump m"));
        if round % 2 == 1 {
            s.line(format_args!("clear m"));
            s.line(format_args!("dump m"));
            count = 0;
        }
    }
}

/// Hints around every boundary of B, and the spare buckets that size classes add.
pub(crate) fn hints(s: &mut Script) {
    for b in 0..8_u32 {
        for load in [13, 12] {
            let edge = (load << b) / 2;
            for hint in [edge - 1, edge, edge + 1, edge + 2] {
                let ty = ty(s.random());
                let name = format!("{ty}{hint}x{load}");
                s.new_map(&name, ty, hint);
                let key = s.random();
                s.set_in(&name, ty, key);
            }
        }
    }
    // Larger arrays, by digest: how many spares depends on the size of the bucket.
    s.line(format_args!("auto off"));
    for b in 8..12 {
        let ty = ty(s.random());
        s.new_map(&format!("b{b}"), ty, (13 << b) / 2);
        s.set_in(&format!("b{b}"), ty, b);
        s.line(format_args!("sum b{b}"));
    }
    s.line(format_args!("auto on"));
    // Negative, overflowing, more than the address space: no hint at all.
    for (i, hint) in [u64::MAX, 1 << 63, 1 << 62, (1 << 48) / 16 + 1, 7, 8].into_iter().enumerate() {
        for ty in ["u64", ty(s.random()), ty(s.random())] {
            s.new_map(&format!("{ty}odd{i}"), ty, hint);
            s.set_in(&format!("{ty}odd{i}"), ty, 1);
        }
    }
}

/// Long chains: keys chosen to fall into one bucket whatever the table's size.
pub(crate) fn chains(s: &mut Script) {
    let hint = s.pick(&[0, 60, 300]);
    let hash0 = s.new_map("m", s.ty, hint);
    let keys = s.colliding(s.ty, hash0, 9, 120);
    for (i, &k) in keys.iter().enumerate() {
        if i == 40 {
            s.line(format_args!("auto off"));
        }
        s.set("m", k);
        if s.below(5) == 0 {
            let other = keys[s.below(i as u64 + 1) as usize];
            s.del("m", other);
        }
        if s.below(15) == 0 {
            s.line(format_args!("riter m i{i}"));
            s.line(format_args!("next i{i} 30"));
        }
    }
    s.line(format_args!("dump m"));
    for &k in keys.iter().rev().step_by(2) {
        s.del("m", k);
        let v = s.below(40);
        s.set("m", v);
    }
    s.line(format_args!("dump m"));
}

/// Loops that stand in a spare overflow bucket when the map is cleared: the bucket gets a new use under them, or, if it is the
/// last one, its end mark leads them back to the start of the array, and they yield entries twice.
pub(crate) fn spares(s: &mut Script) {
    let b = s.pick(&[4, 5, 6]);
    let hash0 = s.new_map("m", s.ty, (13 << b) / 2);
    for round in 0..6 {
        let (from, to) = (s.below(1 << b), s.below(1 << b));
        let many = 9 + s.below(30) as usize;
        for k in s.in_bucket(s.ty, hash0, b, from, many) {
            s.set("m", k);
        }
        let steps = 8 + s.below(many as u64 - 8);
        s.line(format_args!("iter m i{round} {from} 0"));
        s.line(format_args!("next i{round} {steps}"));
        s.line(format_args!("clear m"));
        s.line(format_args!("seed m {hash0}"));
        for bucket in [0, from, to] {
            for k in s.in_bucket(s.ty, hash0, b, bucket, 5) {
                s.set("m", k);
            }
        }
        s.line(format_args!("next i{round} 60"));
    }
}

/// B of 16 and more, where `noverflow` is only approximate, frozen in the middle of growth; by digest.
pub(crate) fn large(s: &mut Script) {
    s.line(format_args!("auto off"));
    let hash0 = s.new_map("m", "zel", 430_000);
    s.line(format_args!("sum m"));
    // Many chains in few buckets: every overflow bucket beyond the spares draws a number.
    let keys = s.colliding("zel", hash0, 8, 1_200);
    for k in keys {
        s.set_in("m", "zel", k);
    }
    s.line(format_args!("sum m"));
    for _ in 0..300 {
        let k = s.random();
        s.set_in("m", "zel", k);
    }
    // A growth of the same size or double, entered and left unfinished.
    s.new_map("g", s.ty, 3_320);
    for i in 0..6_700 {
        s.set("g", i * 7919);
        if i % 1_000 == 0 || (3_325..3_335).contains(&i) || (6_652..6_662).contains(&i) {
            s.line(format_args!("sum g"));
        }
    }
    s.line(format_args!("riter g i"));
    s.line(format_args!("next i 50"));
    s.line(format_args!("sum g"));
    s.line(format_args!("sum m"));
}

/// A map of 2^17 buckets frozen in the middle of its growth, with an iterator on its way; by digest.
pub(crate) fn frozen(s: &mut Script) {
    s.line(format_args!("auto off"));
    let ty = s.pick(&["u64", "zel", "u32", "u64p"]);
    s.new_map("m", ty, 0);
    // The load factor is 6.5, and 6 in Go 1.21: half of what has to move has moved in one of them.
    let full = s.pick(&[13, 12]) << 15;
    s.line(format_args!("fill m 0 {full}"));
    s.line(format_args!("sum m"));
    s.line(format_args!("riter m i"));
    s.line(format_args!("fill m {full} {}", full + 1 + (1 << 14)));
    s.line(format_args!("sum m"));
    s.line(format_args!("next i 40"));
}

/// Float keys, every third a NaN, and range loops begun at every step of a growth: a NaN must go where the loop can tell.
pub(crate) fn nans(s: &mut Script) {
    let kinds = [
        ("f64", "NaN"),
        ("any", "f:NaN"),
        ("st", "3,NaN,w1"),
        ("f32", "NaN"),
        ("c128", "0,NaN"),
        ("c64", "NaN,1"),
        ("f1", "0xfff8000000000123"),
    ];
    let (ty, nan) = kinds[s.seed as usize % kinds.len()];
    s.new_map("m", ty, 0);
    s.line(format_args!("auto off"));
    let mut iters = 0;
    for count in 0..440 {
        if count % 3 == 0 {
            s.line(format_args!("set m {nan} {count}"));
        } else {
            s.set_in("m", ty, count);
        }
        let grows =
            [13, 14, 25, 27, 49, 53, 97, 105, 193, 209, 385, 417].iter().any(|&at| (at..at + 9).contains(&count));
        if grows {
            iters += 1;
            let (start, offset) = (s.random() % 64, s.below(8));
            s.line(format_args!("iter m i{iters} {start} {offset}"));
            s.line(format_args!("dump m"));
        }
        if iters > 0 && s.below(2) == 0 {
            let (it, n) = (1 + s.below(iters), 1 + s.below(9));
            s.line(format_args!("next i{it} {n}"));
        }
    }
    for it in 1..=iters {
        s.line(format_args!("next i{it} 500"));
    }
}

/// Range loops that stand in every bucket of a table, the old one of a growth too, when the map is cleared.
pub(crate) fn clears(s: &mut Script) {
    s.new_map("m", s.ty, 0);
    s.line(format_args!("auto off"));
    let mut loops = 0;
    for (round, full) in [13, 12, 26, 24, 52, 48, 104, 96, 208].into_iter().enumerate() {
        let keys: Vec<u64> = (0..full + 4).map(|_| s.random()).collect();
        let (before, during) = keys.split_at(full);
        before.iter().for_each(|&k| s.set("m", k));
        let old = loops;
        for start in 0..(full as u64).div_ceil(6) {
            loops += 1;
            s.line(format_args!("iter m i{loops} {start} 0"));
            let n = s.below(9);
            s.line(format_args!("next i{loops} {n}"));
        }
        during.iter().take(1 + round % 4).for_each(|&k| s.set("m", k));
        loops += 1;
        let start = s.random() % 64;
        s.line(format_args!("iter m i{loops} {start} 3"));
        s.line(format_args!("dump m"));
        s.line(format_args!("clear m"));
        s.line(format_args!("dump m"));
        keys.iter().step_by(5).for_each(|&k| s.set("m", k));
        for it in old + 1..=loops {
            s.line(format_args!("next i{it} 300"));
        }
        s.line(format_args!("clear m"));
    }
}

/// Copies of a map with more entries than its load factor allows: it is growing to the same size, because of overflow buckets
/// that deletes have emptied, and cannot double until that is over.
pub(crate) fn overloaded(s: &mut Script) {
    let full = 16 * s.pick(&[13, 13, 12]) / 2;
    // A type with keys enough for every bucket.
    let ty = s.pick(&["u64", "u32", "str", "f64", "any", "ptr", "big", "st", "zel", "s32", "bigk", "u64x"]);
    let hash0 = s.new_map("m", ty, 90);
    s.line(format_args!("auto off"));
    let buckets: Vec<Vec<u64>> = (0..16).map(|b| s.in_bucket(ty, hash0, 4, b, 10)).collect();
    let mut count = 0;
    for i in 0..7 {
        for keys in &buckets {
            if count < full - 4 {
                s.set_in("m", ty, keys[i]);
                count += 1;
            }
        }
    }
    // The bucket's ninth entry makes an overflow bucket, which stays.
    for keys in &buckets {
        keys[6..9].iter().for_each(|&k| s.set_in("m", ty, k));
        for &k in &keys[6..9] {
            let key = nth(ty, k);
            s.line(format_args!("del m {key}"));
        }
    }
    s.line(format_args!("dump m"));
    for i in 0..24 {
        let key = s.random();
        s.set_in("m", ty, key);
        s.line(format_args!("dump m"));
        if s.clone {
            s.line(format_args!("clone m c{i}"));
            s.set_in(&format!("c{i}"), ty, key ^ 1);
            s.line(format_args!("dump c{i}"));
        }
    }
}

/// Loops that stand in an old bucket when its growth is over and one to the same size begins. They then take both halves of that
/// bucket for theirs and come to entries twice: real Go does so, too.
pub(crate) fn standing(s: &mut Script) {
    let ty = s.pick(&["u64", "u32", "str", "f64", "ptr", "st", "zel", "any"]);
    let hash0 = s.new_map("m", ty, 0);
    s.line(format_args!("auto off"));
    let (full, b) = s.pick(&[(53, 4), (49, 4), (105, 5), (97, 5)]);
    for _ in 0..full {
        let key = s.random();
        s.set_in("m", ty, key);
    }
    for i in 0..12 {
        let (start, offset, steps) = (s.below(1 << b), s.below(8), s.below(3));
        s.line(format_args!("iter m i{i} {start} {offset}"));
        s.line(format_args!("next i{i} {steps}"));
    }
    // Each key of a bucket leaves an overflow bucket behind.
    for bucket in 0..1 << b {
        let keys = s.in_bucket(ty, hash0, b, bucket, 9);
        keys.iter().for_each(|&k| s.set_in("m", ty, k));
        for k in keys {
            let key = nth(ty, k);
            s.line(format_args!("del m {key}"));
        }
    }
    for round in 0..3 {
        let key = s.random();
        s.set_in("m", ty, key);
        s.line(format_args!("dump m"));
        for i in 0..4 {
            s.line(format_args!("next i{} 200", 4 * round + i));
        }
    }
}
