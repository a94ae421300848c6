//! Rust's own hash map as a [`Subject`], for orientation: hashbrown with two fast hashes.
//!
//! It is inlined into its loops, as in any Rust program; the emulated map is called through a pointer.

use super::keys::{Address, Boxed, Float, Key, KeyType, Mac, Record, Text, Url, Uuid};
use super::{InProcess, Runner, Site, Subject};
use hashbrown::HashMap;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

/// hashbrown with a hash.
struct Hashbrown<H, K>(H, PhantomData<K>);

/// The runners: with foldhash and with ahash, both seeded anew for each case.
#[must_use]
pub fn runners(key: KeyType) -> Vec<Box<dyn Runner>> {
    match key {
        KeyType::Uint64 => of::<u64>(),
        KeyType::Uint32 => of::<u32>(),
        KeyType::String => of::<Text>(),
        KeyType::Url => of::<Url>(),
        KeyType::Pointer => of::<Address>(),
        KeyType::Uuid => of::<Uuid>(),
        KeyType::Mac => of::<Mac>(),
        KeyType::Float64 => of::<Float>(),
        KeyType::Any => of::<Boxed>(),
        KeyType::Record => of::<Record>(),
    }
}

fn of<K: Key + Eq + Hash>() -> Vec<Box<dyn Runner>> {
    let foldhash = || Hashbrown::<_, K>(foldhash::fast::RandomState::default(), PhantomData);
    let ahash = || Hashbrown::<_, K>(ahash::RandomState::new(), PhantomData);
    vec![Box::new(InProcess::new("hashbrown-foldhash", foldhash)), Box::new(InProcess::new("hashbrown-ahash", ahash))]
}

impl<H: BuildHasher + Clone, K: Key + Eq + Hash> Subject for Hashbrown<H, K> {
    type Key = K;
    type Map = HashMap<K, u64, H>;
    type Site<'s>
        = &'s Self
    where
        Self: 's;

    #[inline(always)]
    fn site(&self) -> &Self {
        self
    }

    fn make(&self, hint: usize) -> Self::Map {
        HashMap::with_capacity_and_hasher(hint, self.0.clone())
    }

    fn iterate(&self, m: &Self::Map) -> (u64, u64) {
        m.iter().fold((0, 0), |(keys, sum), (k, v)| (keys ^ k.fold(), sum.wrapping_add(*v)))
    }

    fn free(&self, m: Self::Map) {
        drop(m);
    }
}

impl<H: BuildHasher, K: Key + Eq + Hash> Site for &Hashbrown<H, K> {
    type Key = K;
    type Map = HashMap<K, u64, H>;

    #[inline(always)]
    fn assign(self, m: &mut Self::Map, k: K, v: u64) {
        m.insert(k, v);
    }

    #[inline(always)]
    fn get(self, m: &Self::Map, k: K) -> u64 {
        m.get(&k).copied().unwrap_or(0)
    }

    #[inline(always)]
    fn delete(self, m: &mut Self::Map, k: K) {
        m.remove(&k);
    }
}
