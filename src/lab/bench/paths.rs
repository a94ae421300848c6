//! `mapassign` taken apart: one bench for each way through it.
//!
//! A path is a list of calls, each of which takes that path; what they need is set up before and not measured. Keys are
//! found by hashing until one lies where it should.

use super::keys;
use crate::fatal::recover;
use crate::hash::memhash64;
use crate::layout::{BUCKET_CNT, Hmap, mem};
use crate::map::amd64::Isa;
use crate::map::{fast64, make};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::MapType;
use std::fmt;
use std::time::{Duration, Instant};

/// A way through `mapassign_fast64`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Path {
    /// A nil map: the panic and its recovery.
    Nil,
    /// The key is in this slot of its bucket.
    Hit(usize),
    /// The key is in the n-th overflow bucket.
    HitOverflow(usize),
    /// A new key, for a slot that nobody has used.
    Free,
    /// A new key, for a slot whose entry was deleted.
    Deleted,
    /// A new key, for an overflow bucket that is taken from the spare ones.
    Overflow,
    /// A new key that begins a growth: a new array, and two buckets moved.
    Growth,
    /// A key that is there, in a map that is growing: two buckets moved.
    Evacuation,
    /// A new key that begins a growth of the same size, for too many overflow buckets.
    SameSize,
}

/// Buckets of maps that many calls go to: 2^10 of them lie in the second cache.
const B: u8 = 10;
/// Maps of which each call needs one.
const MAPS: usize = 64;
/// B of those.
const SMALL_B: u8 = 5;

impl Path {
    /// All of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let slots = (0..BUCKET_CNT).map(Self::Hit);
        let chain = (1..=3).map(Self::HitOverflow);
        let rest = [Self::Free, Self::Deleted, Self::Overflow, Self::Growth, Self::Evacuation, Self::SameSize];
        [Self::Nil].into_iter().chain(slots).chain(chain).chain(rest).collect()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.pad("nil"),
            Self::Hit(slot) => f.pad(&format!("hit-slot-{slot}")),
            Self::HitOverflow(n) => f.pad(&format!("hit-overflow-{n}")),
            Self::Free => f.pad("insert-free"),
            Self::Deleted => f.pad("insert-deleted"),
            Self::Overflow => f.pad("insert-overflow"),
            Self::Growth => f.pad("growth-start"),
            Self::Evacuation => f.pad("evacuation"),
            Self::SameSize => f.pad("same-size-growth"),
        }
    }
}

/// `mapassign_fast64` of one implementation: type, header address, key; returns the address of the element.
pub type Assign = unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize;

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    h: usize,
    key: u64,
}

/// A path, set up for one implementation.
pub struct PathBench {
    path: Path,
    t: MapType,
    assign: Assign,
    /// Maps of the present round.
    maps: Vec<usize>,
    calls: Vec<Call>,
}

/// What is measured, and what instructions are counted in: nothing but the calls, each with the caller's store.
#[inline(never)]
pub fn measured_calls(t: &MapType, assign: Assign, calls: &[Call]) {
    for &Call { h, key } in calls {
        // SAFETY: the header of a live map of this type, and then the address of an element.
        unsafe { mem::st64(assign(t, h, key), key) };
    }
}

impl PathBench {
    /// A path by an implementation. With a seed everything is the same every time, down to the last instruction.
    #[must_use]
    pub fn new(path: Path, isa: Isa, seed: Option<u64>) -> Self {
        let rt = Runtime::new(RuntimeConfig { seed, ..RuntimeConfig::default() });
        let t = MapType::u64(&rt, 8, false);
        let assign = isa.fast64_of(&t).mapassign;
        Self { path, t, assign, maps: Vec::new(), calls: Vec::new() }
    }

    /// The time that `n` calls take.
    pub fn run(&mut self, n: u64) -> Duration {
        if self.path == Path::Nil {
            return self.run_nil(n);
        }
        let (mut spent, mut left) = (Duration::ZERO, n);
        while left > 0 {
            self.arrange();
            let calls = &self.calls[..self.calls.len().min(usize::try_from(left).unwrap_or(usize::MAX))];
            let start = Instant::now();
            measured_calls(&self.t, self.assign, calls);
            spent += start.elapsed();
            left -= calls.len() as u64;
        }
        spent
    }

    fn run_nil(&self, n: u64) -> Duration {
        let start = Instant::now();
        for key in 0..n {
            // SAFETY: nil is a map.
            let died = recover(|| unsafe { (self.assign)(&self.t, 0, key) });
            assert!(died.is_err(), "an assign to a nil map");
        }
        start.elapsed()
    }

    /// One round of calls, for whoever counts instructions: what [`measured_calls`] is to be given.
    pub fn round(&mut self) -> (&MapType, Assign, &[Call]) {
        self.arrange();
        (&self.t, self.assign, &self.calls)
    }

    /// Makes the maps and calls of a round. Hits leave the map as it is, so one round's serve all.
    fn arrange(&mut self) {
        if matches!(self.path, Path::Hit(_) | Path::HitOverflow(_)) && !self.calls.is_empty() {
            return;
        }
        self.clear();
        match self.path {
            Path::Nil => {}
            Path::Hit(slot) => self.arrange_hit(slot),
            Path::HitOverflow(n) => self.arrange_hit(n * BUCKET_CNT),
            Path::Free => self.arrange_inserts(0),
            Path::Deleted => self.arrange_inserts(5),
            Path::Overflow => self.arrange_overflow(),
            Path::Growth => (0..MAPS).for_each(|_| drop(self.arrange_growth())),
            Path::Evacuation => (0..MAPS).for_each(|_| self.arrange_evacuation()),
            Path::SameSize => (0..MAPS).for_each(|_| self.arrange_same_size()),
        }
    }

    fn clear(&mut self) {
        self.calls.clear();
        for h in self.maps.drain(..) {
            // SAFETY: this bench's own map, which no call uses any more.
            unsafe { make::mapdrop(&self.t, h) };
        }
    }

    /// A map with 2^b buckets.
    fn map(&mut self, b: u8) -> usize {
        // SAFETY: a new map.
        let h = unsafe { make::makemap(&self.t, room(b), &()) };
        self.maps.push(h);
        assert_eq!(self.header(h).b, b, "another load factor");
        h
    }

    fn header(&self, h: usize) -> Hmap {
        // SAFETY: the header of a live map.
        let word = |i: usize| unsafe { mem::ld64(h + 8 * i) };
        bytemuck::cast([0, 1, 2, 3, 4, 5].map(word))
    }

    fn insert(&self, h: usize, key: u64) {
        // SAFETY: a live map of this type, and then the address of an element.
        unsafe { mem::st64(fast64::mapassign_fast64(&self.t, h, key, &()), key) };
    }

    fn delete(&self, h: usize, key: u64) {
        // SAFETY: a live map of this type.
        unsafe { fast64::mapdelete_fast64(&self.t, h, key, &()) };
    }

    /// The number of a key's bucket among 2^b.
    fn bucket(&self, h: usize, key: u64, b: u8) -> usize {
        let hash = memhash64(self.t.rt.key_schedule(), key, self.header(h).hash0.into());
        (hash & ((1 << b) - 1)) as usize
    }

    /// For each of 2^b buckets `n` keys that lie there.
    fn keys_by_bucket(&self, h: usize, b: u8, n: usize) -> Vec<Vec<u64>> {
        let mut found = vec![Vec::with_capacity(n); 1 << b];
        let mut missing = n << b;
        for key in (0..).map(keys::key) {
            let of_bucket = &mut found[self.bucket(h, key, b)];
            if of_bucket.len() < n {
                of_bucket.push(key);
                missing -= 1;
                if missing == 0 {
                    break;
                }
            }
        }
        found
    }

    /// Calls for the key that was inserted into a bucket and its chain at this place.
    fn arrange_hit(&mut self, place: usize) {
        let h = self.map(SMALL_B);
        let keys = self.keys_by_bucket(h, SMALL_B, 4 * BUCKET_CNT).swap_remove(0);
        keys.iter().for_each(|&key| self.insert(h, key));
        self.calls = vec![Call { h, key: keys[place] }; 1024];
    }

    /// Four new keys for every bucket, after `before` have been inserted and four of them deleted.
    fn arrange_inserts(&mut self, before: usize) {
        let h = self.map(B);
        let keys = self.keys_by_bucket(h, B, before + 4);
        for of_bucket in &keys {
            of_bucket[..before].iter().for_each(|&key| self.insert(h, key));
            of_bucket[..before.min(4)].iter().for_each(|&key| self.delete(h, key));
        }
        // Bucket by bucket: no call finds what the one before has just stored.
        self.calls = (before..before + 4).flat_map(|i| keys.iter().map(move |k| Call { h, key: k[i] })).collect();
    }

    /// A ninth key for some buckets.
    fn arrange_overflow(&mut self) {
        let h = self.map(B);
        // As many as there are spare overflow buckets.
        let keys = self.keys_by_bucket(h, B, BUCKET_CNT + 1).split_off((1 << B) - (1 << (B - 4)));
        for of_bucket in &keys {
            of_bucket[..BUCKET_CNT].iter().for_each(|&key| self.insert(h, key));
        }
        self.calls = keys.iter().map(|k| Call { h, key: k[BUCKET_CNT] }).collect();
    }

    /// A map that is full, and a key too many.
    fn arrange_growth(&mut self) -> Vec<u64> {
        let h = self.map(SMALL_B);
        let mut keys: Vec<u64> = (0..=room(SMALL_B) as u64).map(keys::key).collect();
        let last = keys.pop().unwrap_or_default();
        keys.iter().for_each(|&key| self.insert(h, key));
        self.calls.push(Call { h, key: last });
        keys
    }

    /// A map whose growth has begun, and keys of buckets that are still to be moved: each call moves its own, from the
    /// end, and another one from the beginning.
    fn arrange_evacuation(&mut self) {
        let keys = self.arrange_growth();
        let Some(Call { h, key: last }) = self.calls.pop() else { return };
        self.insert(h, last);
        let moved = self.bucket(h, last, SMALL_B);
        let mut of_bucket: Vec<Option<u64>> = vec![None; 1 << SMALL_B];
        for key in keys {
            of_bucket[self.bucket(h, key, SMALL_B)] = Some(key);
        }
        let far = (1 << (SMALL_B - 1)) + 2..1 << SMALL_B;
        self.calls.extend(far.rev().filter(|&b| b != moved).filter_map(|b| Some(Call { h, key: of_bucket[b]? })));
    }

    /// A map with as many overflow buckets as buckets, nearly empty, and a new key.
    fn arrange_same_size(&mut self) {
        const FEW: u8 = 4;
        let h = self.map(FEW);
        let mut keys = self.keys_by_bucket(h, FEW, BUCKET_CNT + 2);
        let last = keys.iter_mut().map(|k| k.pop().unwrap_or_default()).next().unwrap_or_default();
        for of_bucket in &keys {
            of_bucket[..=BUCKET_CNT].iter().for_each(|&key| self.insert(h, key));
            of_bucket[1..=BUCKET_CNT].iter().for_each(|&key| self.delete(h, key));
        }
        self.calls.push(Call { h, key: last });
    }
}

impl Drop for PathBench {
    fn drop(&mut self) {
        self.clear();
    }
}

/// How many entries 2^b buckets take.
fn room(b: u8) -> i64 {
    13 * (1_i64 << b) / 2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Role;

    /// The header before and after each call tells which path was taken.
    #[test]
    fn calls_take_the_paths_that_they_are_called_by() {
        for path in Path::all() {
            let mut bench = PathBench::new(path, Isa::Portable, None);
            bench.arrange();
            assert_eq!(bench.calls.is_empty(), path == Path::Nil, "{path}");
            let calls = bench.calls.clone();
            assert!(calls.len() >= 60 || path == Path::Nil, "{path}: {} calls", calls.len());
            for &Call { h, key } in &calls {
                let before = bench.header(h);
                // SAFETY: a live map.
                let elem = unsafe { (bench.assign)(&bench.t, h, key) };
                let after = bench.header(h);
                let grown = (after.count - before.count, after.noverflow, after.oldbuckets != 0);
                let was = (before.noverflow, before.oldbuckets != 0);
                let role = bench.t.rt.heap.locate(elem).unwrap().role;
                match path {
                    Path::Nil => unreachable!("no calls"),
                    Path::Hit(slot) => {
                        let at = elem - (before.buckets as usize + bench.bucket(h, key, SMALL_B) * bench.t.bucket.size);
                        assert_eq!((grown, at), ((0, 3, false), bench.t.bucket.elem(slot)), "{path}");
                    }
                    Path::HitOverflow(n) => {
                        assert_eq!((grown, role), ((0, 3, false), Role::Buckets), "{path}");
                        let spare = before.buckets as usize + ((1 << SMALL_B) + n - 1) * bench.t.bucket.size;
                        assert_eq!(elem - spare, bench.t.bucket.elem(0), "{path}");
                    }
                    Path::Free | Path::Deleted => assert_eq!((grown, was), ((1, 0, false), (0, false)), "{path}"),
                    Path::Overflow => {
                        assert_eq!((grown, role), ((1, was.0 + 1, false), Role::Buckets), "{path}");
                    }
                    Path::Growth => assert_eq!((grown.0, was.1, grown.2, after.b), (1, false, true, before.b + 1)),
                    Path::Evacuation => {
                        assert_eq!((grown.0, was.1, grown.2), (0, true, true));
                        // Its own lies further on; the one that the growth began with may lie between.
                        assert!((1..=2).contains(&(after.nevacuate - before.nevacuate)), "{path}");
                    }
                    Path::SameSize => {
                        assert_eq!((was.1, grown.2, after.b, after.flags), (false, true, before.b, 8), "{path}");
                    }
                }
            }
        }
    }

    #[test]
    fn as_many_calls_as_asked_for() {
        for path in Path::all() {
            let mut bench = PathBench::new(path, Isa::Portable, None);
            let n = if path == Path::Nil { 3 } else { 1500 };
            assert!(bench.run(n) > Duration::ZERO, "{path}");
        }
    }
}
