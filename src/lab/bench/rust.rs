//! Rust's own hash map as a [`Subject`], for orientation: hashbrown with two fast hashes.
//!
//! It is inlined into its loops, as in any Rust program; the emulated map is called through a pointer.

use super::{InProcess, Runner, Subject};
use hashbrown::HashMap;
use std::hash::BuildHasher;

/// hashbrown with a hash.
struct Hashbrown<H>(H);

/// The runners: with foldhash and with ahash, both seeded anew for each case.
#[must_use]
pub fn runners() -> Vec<Box<dyn Runner>> {
    vec![
        Box::new(InProcess::new("hashbrown-foldhash", || Hashbrown(foldhash::fast::RandomState::default()))),
        Box::new(InProcess::new("hashbrown-ahash", || Hashbrown(ahash::RandomState::new()))),
    ]
}

impl<H: BuildHasher + Clone> Subject for Hashbrown<H> {
    type Map = HashMap<u64, u64, H>;

    fn make(&self, hint: usize) -> Self::Map {
        HashMap::with_capacity_and_hasher(hint, self.0.clone())
    }

    #[inline(always)]
    fn assign(&self, m: &mut Self::Map, k: u64, v: u64) {
        m.insert(k, v);
    }

    #[inline(always)]
    fn get(&self, m: &Self::Map, k: u64) -> u64 {
        m.get(&k).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn delete(&self, m: &mut Self::Map, k: u64) {
        m.remove(&k);
    }

    fn iterate(&self, m: &Self::Map) -> (u64, u64) {
        m.iter().fold((0, 0), |(keys, sum), (k, v)| (keys ^ k, sum.wrapping_add(*v)))
    }

    fn free(&self, m: Self::Map) {
        drop(m);
    }
}
