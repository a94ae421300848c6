//! A map's memory, copied out of wherever it is: header, `mapextra`, both arrays with their spare buckets, every chain.
//!
//! Nothing is believed: what cannot be read, goes round in a circle or is out of all proportion becomes a [`Defect`], and the
//! rest is there all the same. What it means is for [`fsck`](super::fsck) to say.

use super::memory::{Memory, Unreadable, word_of};
use crate::heap::roundupsize;
use crate::layout::{BUCKET_CNT, EMPTY_ONE, HASH_WRITING, MIN_TOP_HASH, SAME_SIZE_GROW, is_empty};
use crate::types::MapType;
use std::collections::{BTreeMap, HashSet};

/// `hmap.B` of arrays that no machine holds.
pub const MAX_B: u8 = 38;

/// `runtime.hmap` of any version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// Live entries.
    pub count: i64,
    /// `iterator` 1, `oldIterator` 2, `hashWriting` 4, `sameSizeGrow` 8.
    pub flags: u8,
    /// log2 of the number of buckets.
    pub b: u8,
    /// Overflow buckets; approximate from B = 16.
    pub noverflow: u16,
    /// Hash seed.
    pub hash0: u32,
    /// Address of the array.
    pub buckets: u64,
    /// Address of the array before, while growing.
    pub oldbuckets: u64,
    /// Old buckets below this one are evacuated.
    pub nevacuate: u64,
    /// How often the map has been cleared (Go 1.24).
    pub clear_seq: Option<u64>,
    /// Address of the `mapextra`.
    pub extra: u64,
}

impl Header {
    /// Whether the map is growing to a table of the same size.
    #[must_use]
    pub fn same_size_grow(&self) -> bool {
        self.flags & SAME_SIZE_GROW != 0
    }

    /// Whether a write is under way.
    #[must_use]
    pub fn writing(&self) -> bool {
        self.flags & HASH_WRITING != 0
    }

    /// Whether there is an old array.
    #[must_use]
    pub fn growing(&self) -> bool {
        self.oldbuckets != 0
    }

    /// log2 of the number of old buckets.
    #[must_use]
    pub fn old_b(&self) -> u8 {
        if self.same_size_grow() { self.b } else { self.b.saturating_sub(1) }
    }
}

/// `runtime.mapextra`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra {
    /// The listed overflow buckets of the array; `None` when there is no list.
    pub overflow: Option<Vec<u64>>,
    /// Those of the old array.
    pub oldoverflow: Option<Vec<u64>>,
    /// The next spare bucket.
    pub next_overflow: u64,
}

/// Which array a bucket belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Side {
    /// `oldbuckets`.
    Old,
    /// `buckets`.
    New,
}

impl Side {
    /// The header's field.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::Old => "oldbuckets",
            Self::New => "buckets",
        }
    }
}

/// What could not be copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Defect {
    /// B is beyond all memory.
    HugeB,
    /// An array, or part of it.
    Array(Side, Unreadable),
    /// The `mapextra` or one of its lists: which.
    Extra(&'static str, Unreadable),
    /// The chain of a bucket comes back to a bucket that it has been to.
    Cycle {
        /// Whose chain.
        side: Side,
        /// The number of the bucket.
        bucket: u64,
        /// The bucket that comes twice.
        at: u64,
    },
    /// The chain of a bucket leads to where no bucket can be read.
    Chain {
        /// Whose chain.
        side: Side,
        /// The number of the bucket.
        bucket: u64,
        /// Where it leads to.
        at: u64,
    },
}

/// A bucket's bytes, and where they were.
#[derive(Clone, Copy, Debug)]
pub struct Bucket<'a> {
    /// Its address.
    pub addr: u64,
    /// All of it.
    pub bytes: &'a [u8],
}

impl Bucket<'_> {
    /// `tophash[i]`.
    #[must_use]
    pub fn top(&self, i: usize) -> u8 {
        self.bytes[i]
    }

    /// The overflow pointer.
    #[must_use]
    pub fn overflow(&self) -> u64 {
        word_of(self.bytes, self.bytes.len() - 8)
    }

    /// Whether the marks say that its entries have moved, as `evacuated` of `runtime/map.go` reads them.
    #[must_use]
    pub fn evacuated(&self) -> bool {
        (EMPTY_ONE + 1..MIN_TOP_HASH).contains(&self.top(0))
    }
}

/// A copied array.
#[derive(Clone, Debug)]
pub struct Array {
    /// Its address.
    pub base: u64,
    /// Regular buckets.
    pub n: u64,
    /// Buckets with the spare ones.
    pub all: u64,
    size: usize,
    bytes: Vec<u8>,
    /// By the number of a bucket that has any: the overflow buckets of its chain, in order.
    pub chains: BTreeMap<u64, Vec<u64>>,
    /// Overflow buckets outside the array.
    outside: BTreeMap<u64, Vec<u8>>,
}

impl Array {
    /// The bucket at an address, in the array or a chain.
    #[must_use]
    pub fn at(&self, addr: u64) -> Option<Bucket<'_>> {
        if let Some(bytes) = self.outside.get(&addr) {
            return Some(Bucket { addr, bytes });
        }
        let offset = usize::try_from(addr.checked_sub(self.base)?).ok()?;
        let bytes = self.bytes.get(offset..offset.checked_add(self.size)?)?;
        offset.is_multiple_of(self.size).then_some(Bucket { addr, bytes })
    }

    /// Whether an address is in the array itself.
    #[must_use]
    pub fn holds(&self, addr: u64) -> bool {
        addr.checked_sub(self.base).is_some_and(|offset| offset < self.bytes.len() as u64)
    }

    /// Regular bucket `i` and its chain.
    pub fn chain(&self, i: u64) -> impl Iterator<Item = Bucket<'_>> {
        let first = self.base + i * self.size as u64;
        let rest = self.chains.get(&i).into_iter().flatten().copied();
        std::iter::once(first).chain(rest).filter_map(|a| self.at(a))
    }

    /// Whether the entries of regular bucket `i` have moved.
    #[must_use]
    pub fn evacuated(&self, i: u64) -> bool {
        self.at(self.base + i * self.size as u64).is_some_and(|b| b.evacuated())
    }

    /// Overflow buckets in all chains.
    #[must_use]
    pub fn overflows(&self) -> usize {
        self.chains.values().map(Vec::len).sum()
    }

    /// The spare buckets: where they begin and end.
    #[must_use]
    pub fn spare(&self) -> std::ops::Range<u64> {
        self.base + self.n * self.size as u64..self.base + self.all * self.size as u64
    }

    fn read(mem: &impl Memory, t: &MapType, side: Side, base: u64, b: u8, defects: &mut Vec<Defect>) -> Option<Self> {
        if base == 0 {
            return None;
        }
        if b > MAX_B {
            defects.push(Defect::HugeB);
            return None;
        }
        let (size, n) = (t.bucket.size, 1_u64 << b);
        let mut all = n;
        if b >= 4 {
            // makeBucketArray: one spare bucket for sixteen, and what the size class has left.
            let up = roundupsize((n + n / 16) as usize * size, !t.bucket_has_pointers, t.rt.rules().malloc_header);
            all = (up / size) as u64;
        }
        let bytes = match mem.bytes(base, all as usize * size).or_else(|_| mem.bytes(base, n as usize * size)) {
            Ok(bytes) => bytes,
            Err(e) => {
                defects.push(Defect::Array(side, e));
                return None;
            }
        };
        let mut a = Self {
            base,
            n,
            all: (bytes.len() / size) as u64,
            size,
            bytes,
            chains: BTreeMap::new(),
            outside: BTreeMap::new(),
        };
        for i in 0..n {
            a.follow(mem, side, i, defects);
        }
        Some(a)
    }

    /// Copies the chain of regular bucket `i`.
    fn follow(&mut self, mem: &impl Memory, side: Side, i: u64, defects: &mut Vec<Defect>) {
        let first = self.base + i * self.size as u64;
        let mut next = self.at(first).map_or(0, |b| b.overflow());
        if next == 0 {
            return;
        }
        let mut been = HashSet::from([first]);
        let mut chain = Vec::new();
        while next != 0 {
            if !been.insert(next) {
                defects.push(Defect::Cycle { side, bucket: i, at: next });
                break;
            }
            if self.at(next).is_none() {
                match mem.bytes(next, self.size) {
                    Ok(bytes) => {
                        self.outside.insert(next, bytes);
                    }
                    Err(_) => {
                        defects.push(Defect::Chain { side, bucket: i, at: next });
                        break;
                    }
                }
            }
            chain.push(next);
            next = self.at(next).map_or(0, |b| b.overflow());
        }
        self.chains.insert(i, chain);
    }
}

/// A cell that holds an entry.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'a> {
    /// The array of its chain.
    pub side: Side,
    /// The number of its chain's first bucket.
    pub bucket: u64,
    /// How far along the chain: 0 is the regular bucket.
    pub link: usize,
    /// Its bucket.
    pub of: Bucket<'a>,
    /// Its number, 0 to 7.
    pub i: usize,
}

impl Cell<'_> {
    /// The bytes of the key's slot.
    #[must_use]
    pub fn key(&self, t: &MapType) -> &[u8] {
        let at = t.bucket.key(self.i);
        &self.of.bytes[at..at + t.bucket.key_size]
    }

    /// The bytes of the element's slot.
    #[must_use]
    pub fn elem(&self, t: &MapType) -> &[u8] {
        let at = t.bucket.elem(self.i);
        &self.of.bytes[at..at + t.bucket.elem_size]
    }
}

/// A map's memory.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Address of the header; 0 for a nil map, of which nothing else is told.
    pub addr: u64,
    /// The header.
    pub header: Header,
    /// The header's bytes.
    pub header_bytes: Vec<u8>,
    /// The `mapextra`, if there is one that can be read.
    pub extra: Option<Extra>,
    /// The old array.
    pub old: Option<Array>,
    /// The array.
    pub new: Option<Array>,
    /// What could not be copied.
    pub defects: Vec<Defect>,
}

impl Snapshot {
    /// A nil map.
    #[must_use]
    pub fn nil() -> Self {
        Self {
            addr: 0,
            header: Header::default(),
            header_bytes: Vec::new(),
            extra: None,
            old: None,
            new: None,
            defects: Vec::new(),
        }
    }

    /// Copies the map of type `t` whose header is at `h`.
    ///
    /// # Errors
    /// When not even the header can be read.
    pub fn read(mem: &impl Memory, t: &MapType, h: u64) -> Result<Self, Unreadable> {
        let rules = t.rt.rules();
        if h == 0 {
            return Ok(Self::nil());
        }
        let bytes = mem.bytes(h, rules.hmap_size)?;
        let header = Header {
            count: word_of(&bytes, 0) as i64,
            flags: bytes[8],
            b: bytes[9],
            noverflow: u16::from_le_bytes([bytes[10], bytes[11]]),
            hash0: u32::from_le_bytes(bytes[12..16].try_into().expect("four bytes")),
            buckets: word_of(&bytes, 16),
            oldbuckets: word_of(&bytes, 24),
            nevacuate: word_of(&bytes, 32),
            clear_seq: rules.clear_seq_offset.map(|at| word_of(&bytes, at)),
            extra: word_of(&bytes, rules.extra_offset),
        };
        let mut defects = Vec::new();
        let extra = if header.extra == 0 { None } else { Extra::read(mem, header.extra, &mut defects) };
        let old = Array::read(mem, t, Side::Old, header.oldbuckets, header.old_b(), &mut defects);
        let new = Array::read(mem, t, Side::New, header.buckets, header.b, &mut defects);
        Ok(Self { addr: h, header, header_bytes: bytes, extra, old, new, defects })
    }

    /// Whether two copies are the same, byte for byte.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let same = |a: &Option<Array>, b: &Option<Array>| match (a, b) {
            (Some(a), Some(b)) => a.bytes == b.bytes && a.outside == b.outside,
            (a, b) => a.is_none() && b.is_none(),
        };
        self.header_bytes == other.header_bytes
            && self.extra == other.extra
            && same(&self.old, &other.old)
            && same(&self.new, &other.new)
    }

    /// The address of bucket `bucket` of an array, or of link `link` of its chain.
    #[must_use]
    pub fn bucket(&self, side: Side, bucket: u64, link: usize) -> Option<u64> {
        let (_, a) = self.arrays().find(|a| a.0 == side)?;
        match link {
            0 => (bucket < a.n).then(|| a.base + bucket * a.size as u64),
            _ => a.chains.get(&bucket)?.get(link - 1).copied(),
        }
    }

    /// Both arrays that there are, the old one first.
    pub fn arrays(&self) -> impl Iterator<Item = (Side, &Array)> {
        let old = self.old.as_ref().map(|a| (Side::Old, a));
        old.into_iter().chain(self.new.as_ref().map(|a| (Side::New, a)))
    }

    /// Every live entry once, in whatever state of growth: those of old buckets that have not moved, and those of the new array.
    pub fn entries(&self) -> impl Iterator<Item = Cell<'_>> {
        self.arrays().flat_map(|(side, a)| {
            (0..a.n).filter(move |&i| side == Side::New || !a.evacuated(i)).flat_map(move |bucket| {
                a.chain(bucket).enumerate().flat_map(move |(link, of)| {
                    let live = move |&i: &usize| of.top(i) >= MIN_TOP_HASH;
                    (0..BUCKET_CNT).filter(live).map(move |i| Cell { side, bucket, link, of, i })
                })
            })
        })
    }

    /// How full buckets are: at `k`, the number of regular buckets of the new array with `k` live entries in their chain, the
    /// last place for those with more.
    #[must_use]
    pub fn fill(&self) -> [u64; 18] {
        let mut fill = [0; 18];
        if let Some(a) = &self.new {
            for i in 0..a.n {
                let live: usize = a.chain(i).map(|b| (0..BUCKET_CNT).filter(|&i| !is_empty(b.top(i))).count()).sum();
                fill[live.min(17)] += 1;
            }
        }
        fill
    }

    /// Old buckets whose entries have moved, and all of them.
    #[must_use]
    pub fn evacuated(&self) -> (u64, u64) {
        self.old.as_ref().map_or((0, 0), |a| ((0..a.n).filter(|&i| a.evacuated(i)).count() as u64, a.n))
    }
}

impl Extra {
    fn read(mem: &impl Memory, addr: u64, defects: &mut Vec<Defect>) -> Option<Self> {
        let bytes = match mem.bytes(addr, 24) {
            Ok(bytes) => bytes,
            Err(e) => {
                defects.push(Defect::Extra("extra", e));
                return None;
            }
        };
        let mut list = |name, slice: u64| -> Option<Vec<u64>> {
            if slice == 0 {
                return None;
            }
            let read = || {
                let len = mem.word(slice + 8)?;
                let data = mem.bytes(mem.word(slice)?, usize::try_from(len).unwrap_or(usize::MAX).saturating_mul(8))?;
                Ok(data.chunks_exact(8).map(|w| word_of(w, 0)).collect())
            };
            read().map_err(|e| defects.push(Defect::Extra(name, e))).ok()
        };
        Some(Self {
            overflow: list("extra.overflow", word_of(&bytes, 0)),
            oldoverflow: list("extra.oldoverflow", word_of(&bytes, 8)),
            next_overflow: word_of(&bytes, 16),
        })
    }
}
