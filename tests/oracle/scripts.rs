//! Scripts for the oracle, by family. One seed, one script: the same text on every machine.

use crate::{families, kinds};
use gohmap::hash::KeySchedule;
use gohmap::lab::script::KeyHasher;
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
    ("mixed", families::mixed),
    ("dense", families::dense),
    ("iterators", families::iterators),
    ("growing", families::growing),
    ("hints", families::hints),
    ("chains", families::chains),
    ("spares", families::spares),
    ("large", families::large),
    ("frozen", families::frozen),
    ("kinds", kinds::kinds),
    ("fallback", kinds::fallback),
    ("nils", kinds::nils),
    ("strings", kinds::strings),
    ("helpers", kinds::helpers),
    ("nans", families::nans),
    ("clears", families::clears),
    ("overloaded", families::overloaded),
    ("standing", families::standing),
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
    pub(crate) ty: &'static str,
}

/// The script of a family and seed.
pub(crate) fn script(family: &str, seed: u64, clone: bool) -> String {
    let number = FAMILIES.iter().position(|(name, _)| *name == family).expect("a family");
    let ty = kinds::ty(seed * 7 + number as u64 * 5);
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

    /// Sets key `n` of the main type in a map of that type.
    pub(crate) fn set(&mut self, m: &str, n: u64) {
        self.set_in(m, self.ty, n);
    }

    /// Sets key `n` in a map of type `ty`.
    pub(crate) fn set_in(&mut self, m: &str, ty: &str, n: u64) {
        let (key, v) = (kinds::nth(ty, n), self.n.below(1_000_000));
        self.line(format_args!("set {m} {key} {v}"));
    }

    pub(crate) fn del(&mut self, m: &str, n: u64) {
        let key = kinds::nth(self.ty, n);
        self.line(format_args!("del {m} {key}"));
    }

    pub(crate) fn random(&mut self) -> u64 {
        self.n.next()
    }

    /// Numbers of keys for one bucket of a table of 2^b; fewer where the type has few keys.
    pub(crate) fn in_bucket(&mut self, ty: &str, hash0: u32, b: u32, bucket: u64, how_many: usize) -> Vec<u64> {
        let hasher = KeyHasher::new(ty, &self.keys).expect("a map type");
        let mask = (1 << b) - 1;
        let mut v = Vec::new();
        for _ in 0..(how_many << b) * 4 {
            let n = self.n.next();
            if hasher.hash(&kinds::nth(ty, n), hash0).expect("a key") & mask == bucket {
                v.push(n);
                if v.len() == how_many {
                    break;
                }
            }
        }
        v
    }

    /// Numbers of keys whose hash has these low bits zero: one bucket as long as B stays below.
    pub(crate) fn colliding(&mut self, ty: &str, hash0: u32, bits: u32, how_many: usize) -> Vec<u64> {
        self.in_bucket(ty, hash0, bits, 0, how_many)
    }
}
