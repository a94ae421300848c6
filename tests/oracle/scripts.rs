//! Scripts for the oracle, by family. One seed, one script: the same text on every machine.

use crate::kinds;
use gohmap::hash::{KeySchedule, memhash64};
use std::fmt::Write;

/// splitmix64: its numbers keep their meaning.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }
}

/// Writes a script of a family.
type Writer = fn(&mut Script);

/// What a script is made to reach.
pub(crate) const FAMILIES: &[(&str, Writer)] = &[
    ("mixed", mixed),
    ("dense", dense),
    ("iterators", iterators),
    ("growing", growing),
    ("hints", hints),
    ("chains", chains),
    ("spares", spares),
    ("large", large),
    ("kinds", kinds::kinds),
    ("fallback", kinds::fallback),
];

/// A script being written.
pub(crate) struct Script {
    pub(crate) text: String,
    n: Numbers,
    keys: KeySchedule,
    pub(crate) seed: u64,
    /// Clone exists in this Go version.
    pub(crate) clone: bool,
    /// Map type for the script's main map: every family gets to every type.
    ty: &'static str,
}

/// The script of a family and seed.
pub(crate) fn script(family: &str, seed: u64, clone: bool) -> String {
    let number = FAMILIES.iter().position(|(name, _)| *name == family).expect("a family");
    let ty = TYPES[(seed as usize + number) % TYPES.len()];
    let mut n = Numbers(seed ^ u64::from_le_bytes(std::array::from_fn(|i| *family.as_bytes().get(i).unwrap_or(&0))));
    let keys = KeySchedule(std::array::from_fn(|_| n.next() as u8));
    let hex: String = keys.0.iter().map(|b| format!("{b:02x}")).collect();
    let mut s = Script { text: format!("keys {hex}\nrng on\nauto on\n"), n, keys, seed, clone, ty };
    (FAMILIES[number].1)(&mut s);
    s.text
}

impl Script {
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.n.below(n)
    }

    pub(crate) fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        self.n.pick(of)
    }

    /// A number below `n`, as text.
    pub(crate) fn num(&mut self, n: u64) -> String {
        self.n.below(n).to_string()
    }

    pub(crate) fn line(&mut self, line: std::fmt::Arguments) {
        let _ = writeln!(self.text, "{line}");
    }

    pub(crate) fn new_map(&mut self, name: &str, ty: &str, hint: u64) -> u32 {
        let hash0 = self.n.next() as u32;
        self.line(format_args!("new {name} {ty} {hint} {hash0}"));
        hash0
    }

    fn set(&mut self, m: &str, key: u64) {
        let v = self.n.below(1_000_000);
        self.line(format_args!("set {m} {key} {v}"));
    }

    fn del(&mut self, m: &str, key: u64) {
        self.line(format_args!("del {m} {key}"));
    }

    /// Keys for one bucket of a table of 2^b.
    fn in_bucket(&mut self, hash0: u32, b: u32, bucket: u64, how_many: usize) -> Vec<u64> {
        let mask = (1 << b) - 1;
        let mut v = Vec::new();
        while v.len() < how_many {
            let k = self.n.next();
            if memhash64(&self.keys, k, hash0.into()) & mask == bucket {
                v.push(k);
            }
        }
        v
    }

    /// Keys whose hash has these low bits zero: one bucket as long as B stays below.
    fn colliding(&mut self, hash0: u32, bits: u32, how_many: usize) -> Vec<u64> {
        self.in_bucket(hash0, bits, 0, how_many)
    }
}

/// Element types: 8, 0, 1, 3, 128 bytes, 136 bytes (indirect, generic functions), a pointer.
const TYPES: [&str; 7] = ["u64", "zel", "u64b", "u64t", "u64w", "u64x", "u64p"];

/// Every operation on maps of two types and several hints.
fn mixed(s: &mut Script) {
    let mut live = Vec::new();
    for ty in [s.ty, s.n.pick(&TYPES)] {
        for hint in [0, 8, 9, 13, 60, 110, 300] {
            let name = format!("{ty}_{hint}_{}", live.len());
            s.new_map(&name, ty, hint);
            live.push(name);
        }
    }
    let (mut iters, mut clones) = (0, 0);
    for _ in 0..500 {
        let m = live[s.n.below(live.len() as u64) as usize].clone();
        let key = match s.n.below(3) {
            0 => s.n.below(60),
            1 => s.n.below(400),
            _ => s.n.next(),
        };
        match s.n.below(1000) {
            0..600 => s.set(&m, key),
            600..780 => s.del(&m, key),
            780..840 => s.line(format_args!("get {m} {key}")),
            840..880 => {
                iters += 1;
                let (start, offset) = (s.n.below(64), s.n.below(8));
                if s.n.below(2) == 0 {
                    s.line(format_args!("iter {m} i{iters} {start} {offset}"));
                } else {
                    s.line(format_args!("riter {m} i{iters}"));
                }
            }
            880..970 if iters > 0 => {
                let (i, n) = (iters - s.n.below(iters.min(20)), 1 + s.n.below(11));
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
fn dense(s: &mut Script) {
    let (ty, hint) = (s.ty, s.n.pick(&[0, 20, 50]));
    s.new_map("m", ty, hint);
    let range = s.n.pick(&[9, 14, 27, 60, 110]);
    for round in 0..6 {
        for _ in 0..60 {
            let key = s.n.below(range);
            if s.n.below(2) == 0 {
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
fn iterators(s: &mut Script) {
    let (ty, hint) = (s.ty, s.n.pick(&[0, 9, 50]));
    s.new_map("m", ty, hint);
    s.line(format_args!("auto off"));
    let mut iters = 0;
    for i in 0..300 {
        let key = if s.n.below(4) == 0 { s.n.below(i + 1) } else { i };
        s.set("m", key);
        if s.n.below(12) == 0 {
            iters += 1;
            let (start, offset) = (s.n.next() % 128, s.n.below(8));
            s.line(format_args!("iter m i{iters} {start} {offset}"));
        }
        if s.n.below(20) == 0 {
            iters += 1;
            s.line(format_args!("riter m i{iters}"));
        }
        if iters > 0 && s.n.below(3) == 0 {
            let (it, n) = (1 + s.n.below(iters), 1 + s.n.below(4));
            s.line(format_args!("next i{it} {n}"));
        }
        if s.n.below(9) == 0 {
            let key = s.n.below(i + 1);
            s.del("m", key);
        }
        if s.n.below(150) == 0 {
            s.line(format_args!("clear m"));
        }
        if s.n.below(25) == 0 {
            s.line(format_args!("dump m"));
        }
    }
    for it in 1..=iters {
        s.line(format_args!("next i{it} 400"));
    }
    s.line(format_args!("dump m"));
}

/// Clear and clone in the middle of growth, and what comes of the copies.
fn growing(s: &mut Script) {
    s.new_map("m", s.ty, 0);
    s.line(format_args!("auto off"));
    let mut copies = 0;
    let mut count = 0;
    for round in 0..4 {
        for _ in 0..150 {
            let key = s.n.below(2_000);
            s.set("m", key);
            count += 1;
            // Growth starts just above a power of two times the load factor: stop there often.
            let near =
                [13, 14, 25, 27, 49, 53, 97, 105, 193, 209, 385, 417].iter().any(|&t: &i32| (count - t).abs() < 3);
            if s.clone && near && s.n.below(2) == 0 {
                copies += 1;
                s.line(format_args!("clone m c{copies}"));
                s.line(format_args!("dump c{copies}"));
                let keys = [s.n.below(2_000), s.n.below(2_000), s.n.next()];
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
fn hints(s: &mut Script) {
    for b in 0..8_u32 {
        for load in [13, 12] {
            let edge = (load << b) / 2;
            for hint in [edge - 1, edge, edge + 1, edge + 2] {
                let ty = s.n.pick(&TYPES);
                let name = format!("{ty}{hint}x{load}");
                s.new_map(&name, ty, hint);
                let key = s.n.next();
                s.set(&name, key);
            }
        }
    }
    // Larger arrays, by digest: how many spares depends on the size of the bucket.
    s.line(format_args!("auto off"));
    for b in 8..12 {
        let ty = s.n.pick(&TYPES);
        s.new_map(&format!("b{b}"), ty, (13 << b) / 2);
        s.set(&format!("b{b}"), b);
        s.line(format_args!("sum b{b}"));
    }
    s.line(format_args!("auto on"));
    for (i, hint) in [u64::MAX, 1 << 63, 1 << 62, (1 << 48) / 144 + 1, 7, 8].into_iter().enumerate() {
        s.new_map(&format!("odd{i}"), "u64", hint);
        s.set(&format!("odd{i}"), 1);
    }
}

/// Long chains: keys chosen to fall into one bucket whatever the table's size.
fn chains(s: &mut Script) {
    let hint = s.n.pick(&[0, 60, 300]);
    let hash0 = s.new_map("m", s.ty, hint);
    let keys = s.colliding(hash0, 9, 120);
    for (i, &k) in keys.iter().enumerate() {
        if i == 40 {
            s.line(format_args!("auto off"));
        }
        s.set("m", k);
        if s.n.below(5) == 0 {
            let other = keys[s.n.below(i as u64 + 1) as usize];
            s.del("m", other);
        }
        if s.n.below(15) == 0 {
            s.line(format_args!("riter m i{i}"));
            s.line(format_args!("next i{i} 30"));
        }
    }
    s.line(format_args!("dump m"));
    for &k in keys.iter().rev().step_by(2) {
        s.del("m", k);
        let v = s.n.below(40);
        s.set("m", v);
    }
    s.line(format_args!("dump m"));
}

/// Loops that stand in a spare overflow bucket when the map is cleared: the bucket gets a new use under them, or, if it is the
/// last one, its end mark leads them back to the start of the array, and they yield entries twice.
fn spares(s: &mut Script) {
    let b = s.n.pick(&[4, 5, 6]);
    let hash0 = s.new_map("m", s.ty, (13 << b) / 2);
    for round in 0..6 {
        let (from, to) = (s.n.below(1 << b), s.n.below(1 << b));
        let many = 9 + s.n.below(30) as usize;
        for k in s.in_bucket(hash0, b, from, many) {
            s.set("m", k);
        }
        let steps = 8 + s.n.below(many as u64 - 8);
        s.line(format_args!("iter m i{round} {from} 0"));
        s.line(format_args!("next i{round} {steps}"));
        s.line(format_args!("clear m"));
        s.line(format_args!("seed m {hash0}"));
        for bucket in [0, from, to] {
            for k in s.in_bucket(hash0, b, bucket, 5) {
                s.set("m", k);
            }
        }
        s.line(format_args!("next i{round} 60"));
    }
}

/// B of 16 and more, where `noverflow` is only approximate, frozen in the middle of growth; by digest.
fn large(s: &mut Script) {
    s.line(format_args!("auto off"));
    let hash0 = s.new_map("m", "zel", 430_000);
    s.line(format_args!("sum m"));
    // Many chains in few buckets: every overflow bucket beyond the spares draws a number.
    let keys = s.colliding(hash0, 8, 1_200);
    for k in keys {
        s.set("m", k);
    }
    s.line(format_args!("sum m"));
    for _ in 0..300 {
        let k = s.n.next();
        s.set("m", k);
    }
    // A growth of the same size or double, entered and left unfinished.
    s.new_map("g", "u64", 3_320);
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
