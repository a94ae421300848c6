//! Growths whose old tables are broken: any marks, keys twice, chains that end in one bucket, entries in new buckets that
//! nothing was moved to yet, a count of evacuated buckets that is not true, tables that overlap, pages that may not be written to.
//! What is done of a growth, and what is left to do, is the same after every operation.

use super::faults::{Hole, PAGE, hole, words};
use super::{Copy, Isa, Kind, Numbers, Op, colliding, env};
use gohmap::fault::guarded;
use gohmap::heap::{OnFree, Prot};
use gohmap::layout::{HASH_WRITING, OLD_ITERATOR, SAME_SIZE_GROW, mem};
use gohmap::types::Generic;
use gohmap::version::GoVersion;
use std::fmt::Debug;

/// What has happened; all of it must have.
#[derive(Debug, Default)]
struct Met {
    growing: u64,
    ended: u64,
    died: u64,
    overlapping: u64,
}

#[test]
fn broken_growths_agree() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available().into_iter().skip(1) {
        let mut met = Met::default();
        for map in 0..3000 {
            grow(isa, map, &mut n, &mut met);
        }
        println!("{isa}: {met:?}");
        assert!(met.growing > 20_000 && met.ended > 300 && met.died > 300 && met.overlapping > 100, "{isa}: {met:?}");
    }
}

/// A map that grows, and is broken when it has begun to.
fn grow(isa: Isa, map: u64, n: &mut Numbers, met: &mut Met) {
    let (seed, version) = (n.next(), GoVersion::ALL[n.below(6) as usize]);
    let hint = [9, 20, 50, 100, 300, 1000][n.below(6) as usize];
    let elem = [8, 8, 8, 8, 8, 8, 0, 1, 3, 7, 16, 24, 40, 128][n.below(14) as usize];
    let pointers = elem == 8 && n.below(6) == 0;
    let kind = Kind::any(n);
    let copies = [0, 1].map(|_| Copy::of_kind(kind, seed, version, elem, hint, pointers, OnFree::Keep));
    let pool = if n.below(3) == 0 { colliding(&copies[0], n, 60) } else { Vec::new() };
    let mut keys = Vec::new();
    let mut key = |n: &mut Numbers| {
        let new = if !pool.is_empty() && n.below(3) == 0 {
            pool[n.below(60) as usize]
        } else {
            n.next() >> if kind == Kind::Narrow { 32 } else { 0 }
        };
        or_an_old_one(new, &mut keys, n)
    };
    let same_size = (n.below(5) == 0).then_some(hint / 2);
    let maps = Broken::new(copies, same_size, n, |copies, n| {
        let k = key(n);
        for (c, isa) in copies.iter().zip([isa, Isa::Portable]) {
            // SAFETY: a live map of this type.
            unsafe { Op::Assign.call(isa, c, k, seed) };
        }
    });
    met.overlapping += u64::from(maps.overlapping);
    // The end of a growth with one table in the other gives both back: where the element lies then has no name.
    let ops: &[Op] = match (elem, maps.overlapping) {
        (8, false) => &[Op::Assign, Op::Set, Op::SetHere, Op::Delete, Op::Access1],
        (8, true) => &[Op::Set, Op::SetHere, Op::Delete],
        (_, false) => &[Op::Assign, Op::Assign, Op::Delete, Op::Access1],
        (_, true) => &[Op::Delete],
    };
    for step in 0..60 {
        if !maps.growing() || maps.behind() {
            met.ended += u64::from(!maps.growing());
            break;
        }
        met.growing += 1;
        let (op, k, value) = (ops[n.below(ops.len() as u64) as usize], key(n), n.next());
        maps.tamper_again(n);
        let away = maps.away(None, n);
        // SAFETY: maps that are alive if not well; nothing needs dropping.
        let call = |isa, c: &Copy| unsafe { op.call(isa, c, k, value) };
        if maps.death(isa, away, call, || format!("{isa}: map {map}, step {step}, {op:?} {k:#x}")).is_some() {
            met.died += 1;
            if n.below(3) == 0 {
                break;
            }
        }
    }
}

/// A key, or now and then one of those that it was asked for before.
pub(super) fn or_an_old_one<K: std::marker::Copy>(new: K, keys: &mut Vec<K>, n: &mut Numbers) -> K {
    if keys.is_empty() || n.below(4) > 0 {
        keys.push(new);
        return new;
    }
    keys[n.below(keys.len() as u64) as usize]
}

/// Two maps alike that grow and are broken.
pub(super) struct Broken {
    pub(super) copies: [Copy; 2],
    pub(super) overlapping: bool,
}

impl Broken {
    /// Assigns until the maps grow, and breaks them: to as many buckets after so many assigns, else by load.
    pub(super) fn new(
        copies: [Copy; 2],
        same_size: Option<i64>,
        n: &mut Numbers,
        mut assign: impl FnMut(&[Copy; 2], &mut Numbers),
    ) -> Self {
        let mut maps = Self { copies, overlapping: false };
        assert!(!maps.growing());
        for i in 0.. {
            if maps.growing() {
                break;
            }
            if same_size == Some(i) {
                // tooManyOverflowBuckets at the next insert
                for c in &maps.copies {
                    // SAFETY: a live header.
                    unsafe { mem::st16(c.h + 10, 1 << mem::ld8(c.h + 9)) };
                }
            }
            assign(&maps.copies, n);
            assert!(i < 100_000, "there are too few keys for a growth");
        }
        maps.overlapping = n.below(20) == 0;
        // At most one chain is led elsewhere, or there would be circles.
        for i in 0..n.below(6) {
            maps.tamper(i == 0, n);
        }
        if maps.overlapping {
            // No further than to where the new table's overflow buckets end: what lies behind them differs.
            let (c, [_, old]) = (&maps.copies[0], buckets(&maps.copies[0]));
            // SAFETY: a live header.
            let new = c.t.rt.heap.locate(unsafe { mem::ld64(c.h + 16) } as usize).expect("a table");
            let spare = (new.size / c.t.bucket.size) as u64 - old;
            let at = c.t.bucket.size as u64 * n.below(spare.max(1));
            // SAFETY: live headers.
            maps.copies.iter().for_each(|c| unsafe { mem::st64(c.h + 24, mem::ld64(c.h + 16) + at) });
        }
        maps
    }

    pub(super) fn growing(&self) -> bool {
        // SAFETY: a live header.
        unsafe { mem::ld64(self.copies[0].h + 24) != 0 }
    }

    /// Whether what lies behind the old table would be evacuated, which is not the same for both.
    pub(super) fn behind(&self) -> bool {
        // SAFETY: a live header.
        self.growing() && unsafe { mem::ld64(self.copies[0].h + 32) } > buckets(&self.copies[0])[1]
    }

    /// Breaks something, now and then; no chain any more, which may have got longer.
    pub(super) fn tamper_again(&self, n: &mut Numbers) {
        if n.below(30) == 0 {
            self.tamper(false, n);
        }
    }

    /// Breaks something of both copies alike.
    fn tamper(&self, chains: bool, n: &mut Numbers) {
        let [new, old] = buckets(&self.copies[0]);
        // SAFETY: a live header.
        let next = unsafe { mem::ld64(self.copies[0].h + 32) };
        // Any old bucket, or one that is soon evacuated.
        let mut any = || (if n.below(2) == 0 { n.below(old) } else { (next + n.below(4)) % old }) as usize;
        let (i, j) = (any(), any());
        let (what, bits) = (n.below(12), n.next());
        let (slot, other, fresh) = (bits as usize % 8, bits as usize >> 8 & 7, (bits >> 16) as usize % new as usize);
        for c in &self.copies {
            // SAFETY: live headers, whose tables have as many buckets as B says; chains end.
            unsafe {
                let oldbuckets = mem::ld64(c.h + 24) as usize;
                let l = &c.t.bucket;
                let (bucket, next) = (oldbuckets + l.size * i, oldbuckets + l.size * j);
                match what {
                    // Of evacuated marks as of others.
                    0..3 => mem::st8(bucket + slot, [0, 1, 2, 3, 4, 5, 0x80, 0xff][other]),
                    3 => mem::memmove(bucket + l.key(slot), next + l.key(other), l.key_size),
                    // One past the old table as well, where both tables go on with overflow buckets; but that may make
                    // circles where they overlap.
                    4 => mem::st64(c.h + 32, bits % (old + u64::from(old >= 16 && !self.overlapping))),
                    5 | 6 if chains => {
                        // It goes on in another's overflow bucket, or in another bucket without one.
                        let overflow = mem::ld64(next + l.overflow());
                        let to = if overflow != 0 { overflow } else { next as u64 };
                        if i != j && mem::ld64(bucket + l.overflow()) != to {
                            mem::st64(bucket + l.overflow(), to);
                        }
                    }
                    7 => {
                        // Of a key that is somewhere else too.
                        let fresh = mem::ld64(c.h + 16) as usize + l.size * fresh;
                        mem::st8(fresh + slot, [0, 1, 0xff, mem::ld8(next + other)][other / 2]);
                        mem::memmove(fresh + l.key(slot), next + l.key(other), l.key_size);
                        mem::memmove(fresh + l.elem(slot), bucket + l.elem(other), l.elem_size);
                    }
                    8 => mem::st64(bucket + l.overflow(), 0),
                    // Some iterator may look at the old buckets.
                    9 => mem::st8(c.h + 8, mem::ld8(c.h + 8) | OLD_ITERATOR),
                    _ => {}
                }
            }
        }
    }

    /// A page to be taken away, now and then; of the bucket of an operation, if its hash is given.
    pub(super) fn away(&self, hash: Option<u64>, n: &mut Numbers) -> Option<(Hole, Prot)> {
        if self.overlapping {
            return None;
        }
        let hole = match n.below(16) {
            0 => hole(self.copies.each_ref(), n),
            1 => page(&self.copies, None, n),
            2 => page(&self.copies, Some(hash?), n),
            _ => None,
        };
        hole.map(|hole| (hole, [Prot::None, Prot::Read, Prot::Read][n.below(3) as usize]))
    }

    /// Calls an operation on both, while a page is away: it does the same, or it dies in the same words, which are returned.
    pub(super) fn death<T: PartialEq + Debug>(
        &self,
        isa: Isa,
        away: Option<(Hole, Prot)>,
        call: impl Fn(Isa, &Copy) -> T,
        at: impl Fn() -> String,
    ) -> Option<String> {
        let [a, b] = &self.copies;
        if let Some((hole, prot)) = &away {
            hole.set([a, b], *prot);
        }
        // SAFETY: nothing that needs dropping is pending while the operation faults.
        let said = unsafe { [guarded(|| call(isa, a)), guarded(|| call(Isa::Portable, b))] };
        if let Some((hole, _)) = &away {
            hole.set([a, b], Prot::ReadWrite);
        }
        if self.overlapping {
            let [x, y] = [a, b].map(table);
            assert!(x == y, "{}: memory differs", at());
        } else {
            assert!(a.state() == b.state(), "{}: memory differs", at());
        }
        let [x, y] = [a, b].map(|c| c.t.rt.heap.stats());
        assert_eq!((x.objects, x.bytes), (y.objects, y.bytes), "{}", at());
        match said {
            [Ok(x), Ok(y)] => {
                assert_eq!(x, y, "{}", at());
                None
            }
            [Err(x), Err(y)] => {
                let said = words(a, &x);
                assert_eq!(said, words(b, &y), "{}", at());
                for c in [a, b] {
                    // SAFETY: a live header; nobody is writing any more.
                    unsafe { mem::st8(c.h + 8, mem::ld8(c.h + 8) & !HASH_WRITING) };
                }
                Some(said)
            }
            [x, y] => panic!("{}: {x:?}, but portably {y:?}", at()),
        }
    }
}

impl Drop for Broken {
    fn drop(&mut self) {
        if self.overlapping {
            // SAFETY: live headers; what the old table was is lost with the copies.
            self.copies.iter().for_each(|c| unsafe { mem::st64(c.h + 24, 0) });
        }
    }
}

/// How many buckets a map that grows has, and had.
fn buckets(c: &Copy) -> [u64; 2] {
    // SAFETY: a live header.
    let (flags, log) = unsafe { (mem::ld8(c.h + 8), mem::ld8(c.h + 9)) };
    [1 << log, 1 << (log - u8::from(flags & SAME_SIZE_GROW == 0))]
}

/// The old bucket of a map that grows to which a hash belongs, or that is evacuated next.
pub(super) fn old_bucket(c: &Copy, hash: Option<u64>) -> usize {
    // SAFETY: a live header.
    unsafe {
        let number = hash.map_or_else(|| mem::ld64(c.h + 32), |hash| hash & (buckets(c)[1] - 1));
        mem::ld64(c.h + 24) as usize + c.t.bucket.size * number as usize
    }
}

/// A page of the bucket that a hash belongs to, or of its overflow bucket; or of the old bucket that is evacuated next, its overflow
/// bucket, the bucket behind it, or a bucket that its entries go to.
fn page(copies: &[Copy; 2], hash: Option<u64>, n: &mut Numbers) -> Option<Hole> {
    let (which, end) = (n.below(if hash.is_some() { 2 } else { 5 }), n.below(2) as usize);
    let page = |c: &Copy| {
        let l = &c.t.bucket;
        let [new, old] = buckets(c);
        // SAFETY: a bucket of a table.
        let overflow = |bucket| unsafe { mem::ld64(bucket + l.overflow()) as usize };
        // SAFETY: a live header of a map that grows; the number is one of an old bucket, or the next one.
        let (number, new_bucket) = unsafe {
            let number = mem::ld64(c.h + 32);
            let nth = hash.map_or(number, |hash| hash & (new - 1));
            (number, mem::ld64(c.h + 16) as usize + l.size * nth as usize)
        };
        let bucket = match (hash, which) {
            (Some(_), 0) => new_bucket,
            (Some(_), _) => overflow(new_bucket),
            (None, 0) => old_bucket(c, None),
            (None, 1) => overflow(old_bucket(c, None)),
            (None, 2) if number + 1 < old => old_bucket(c, None) + l.size,
            (None, 3) => new_bucket + l.size * (new - old) as usize,
            (None, _) => new_bucket,
        };
        let page = (bucket + end * (l.size - 1)) & !(PAGE - 1);
        (bucket != 0 && page != c.h & !(PAGE - 1)).then_some(page)
    };
    let [a, b] = copies.each_ref().map(page);
    Some(Hole([a?, b?]))
}

/// The bytes of the new table but for addresses; none when it is gone.
fn table(c: &Copy) -> Vec<u8> {
    // SAFETY: a live header.
    let array = unsafe { mem::ld64(c.h + 16) } as usize;
    let Some(o) = c.t.rt.heap.locate(array) else { return Vec::new() };
    let size = c.t.bucket.size;
    let bucket = |at| {
        // SAFETY: an object of the heap.
        let mut bytes: Vec<u8> = (at..at + size - 8).map(|i| unsafe { mem::ld8(o.base + i) }).collect();
        if c.t.generic == Generic::Eface {
            c.name_types(&mut bytes);
        }
        bytes
    };
    (0..o.size / size).flat_map(|i| bucket(i * size)).collect()
}
