//! What `map_fast32.go` and `map_fast64.go` have in common: maps whose keys are plain memory of four or eight bytes.
//!
//! They compare keys rather than tophash bytes. The first access to a bucket is to its first key in a lookup or delete, to
//! its tophash in an assign; a fault's address tells which it was. Every function here is inlined into one of Go's name.

use super::assign::{enter_assign, room_of, start_writing};
use super::grow::{evacuate_bucket, hashGrow, must_grow, newoverflow};
use super::hmap::{B, H, bucket_mask, lookup_bucket, mark_rest_empty, zero_val};
use super::malloc::clear;
use super::slots::{Free, Looked, Marks, SlotsOf, keys_together};
use crate::fatal;
use crate::layout::{BUCKET_CNT, DATA_OFFSET, EMPTY_ONE, EMPTY_REST, HASH_WRITING, is_empty, mem, tophash};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// A key of four or eight bytes.
pub(super) trait FastKey: Copy + PartialEq {
    /// The key at an address.
    unsafe fn load(at: usize) -> Self;
    /// Stores the key.
    unsafe fn store(self, at: usize);
    /// `memhash32` or `memhash64`.
    fn hash(self, t: &MapType, seed: u64) -> u64;
    /// `growWork_fast32` or `growWork_fast64`.
    unsafe fn grow_work<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P);
}

#[inline(always)]
unsafe fn hash<K: FastKey>(t: &MapType, h: H, key: K) -> u64 {
    // SAFETY: the caller's promise for the header.
    key.hash(t, unsafe { h.hash0() }.into())
}

/// The element of `key`, or nil.
#[inline(always)]
unsafe fn find<K: FastKey, P: Probe>(t: &MapType, h: H, key: K, p: &P) -> usize {
    // SAFETY: the caller's promise for the map.
    unsafe {
        let mut b = if h.b() == 0 {
            // A single bucket is searched without hashing, and is never an old one.
            p.between();
            B(h.buckets())
        } else {
            let hash = hash(t, h, key);
            p.step(Step::Hash { hash });
            lookup_bucket(t, h, hash, p)
        };
        while !b.is_nil() {
            p.step(Step::Bucket { addr: b.0 });
            if let Some(i) = slot_of(t, b, key, p) {
                return b.elem(t, i);
            }
            b = b.overflow(t);
        }
        0
    }
}

/// The slots of a bucket that have a key, or had it.
#[inline(always)]
unsafe fn slots_with<K: FastKey>(b: B, key: K) -> SlotsOf {
    // SAFETY: the caller's promise for the bucket.
    SlotsOf::that(|i| unsafe { K::load(b.0.wrapping_add(DATA_OFFSET + i * size_of::<K>())) == key })
}

/// The slot of a bucket that has a key, for those who look at keys first.
#[inline(always)]
unsafe fn slot_of<K: FastKey, P: Probe>(t: &MapType, b: B, key: K, p: &P) -> Option<usize> {
    // SAFETY: the caller's promise for the bucket.
    unsafe {
        if keys_together::<P>(b, size_of::<K>()) {
            let slots = slots_with(b, key);
            return Marks::load(b).live(slots).next();
        }
        (0..BUCKET_CNT).find(|&i| {
            p.step(Step::Slot { bucket: b.0, i });
            K::load(b.key(t, i)) == key && !is_empty(b.top(i))
        })
    }
}

/// A lookup: the address of the element, or nil.
#[inline(always)]
pub(super) unsafe fn access<K: FastKey, P: Probe>(t: &MapType, h: usize, key: K, p: &P) -> usize {
    let h = H(h);
    p.step(Step::Enter { op: Op::Access, h: h.0 });
    // SAFETY: the caller's promise.
    unsafe {
        let mut e = 0;
        if h.0 != 0 && h.count() != 0 {
            let flags = h.flags();
            p.step(Step::FlagsRead { flags });
            if h.writing() {
                fatal::fatal("concurrent map read and map write")
            }
            e = find(t, h, key, p);
        }
        p.step(Step::Leave { op: Op::Access });
        e
    }
}

/// What `mapaccess1` makes of it.
#[inline(always)]
pub(super) fn or_zero(e: usize) -> usize {
    if e == 0 { zero_val() } else { e }
}

/// `m[k] = v` up to the address of the element.
#[inline(always)]
pub(super) unsafe fn assign<K: FastKey, P: Probe>(t: &MapType, h: usize, key: K, p: &P) -> usize {
    let h = H(h);
    let mut absent = p.absent();
    // SAFETY: the caller's promise.
    unsafe {
        let hash = match absent {
            None => {
                enter_assign(h, p);
                start_writing(t, h, hash(t, h, key), p)
            }
            Some(a) => a.hash,
        };
        let mut worked = P::WORKED;
        let (b, i) = loop {
            let (mut free, last) = if let Some(a) = absent.take() {
                room_of(a)
            } else {
                p.inside();
                let bucket = hash & bucket_mask(h.b());
                p.inside();
                if h.growing() && !worked {
                    p.inside();
                    K::grow_work(t, h, bucket, p);
                }
                worked = false;
                p.inside();
                match search(t, B::of(t, h.buckets(), bucket), key, p) {
                    Search::Found(b, i) => break (b, i),
                    Search::Absent { free, last } => (free, last),
                }
            };
            if must_grow(t, h, p) {
                hashGrow(t, h, p);
                if P::ENDS_AT_GROWTH {
                    return 0;
                }
                continue;
            }
            if free.0.is_nil() {
                free = (newoverflow(t, h, last, p), 0);
            }
            let (b, i) = free;
            p.step(Step::KeyStore { bucket: b.0, i });
            b.set_top_of_all::<P>(i, tophash(hash));
            p.between();
            key.store(b.key(t, i));
            let count = h.count().wrapping_add(1);
            p.step(Step::Count { count });
            h.set_count(count);
            break (b, i);
        };
        let elem = b.elem(t, i);
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !HASH_WRITING });
        h.clear_writing(p);
        p.step(Step::Leave { op: Op::Assign });
        elem
    }
}

enum Search {
    Found(B, usize),
    /// `free`: the first free slot, its bucket nil when there is none; `last`: the bucket where the search ended.
    Absent {
        free: (B, usize),
        last: B,
    },
}

/// Looks for a key, and on the way for the first free slot, in the chain that begins at `b`.
#[inline(always)]
unsafe fn search<K: FastKey, P: Probe>(t: &MapType, mut b: B, key: K, p: &P) -> Search {
    let mut free: Free = (B(0), 0);
    // SAFETY: the caller's promise for the chain.
    unsafe {
        loop {
            match look(t, b, key, &mut free, p) {
                Looked::Found(i, _) => return Search::Found(b, i),
                Looked::Ended => return Search::Absent { free, last: b },
                Looked::On => {}
            }
            let ovf = b.overflow(t);
            if ovf.is_nil() {
                return Search::Absent { free, last: b };
            }
            b = ovf;
        }
    }
}

/// Looks for a key in one bucket, for those who look at marks first; `free` is set at the first free slot.
#[inline(always)]
unsafe fn look<K: FastKey, P: Probe>(t: &MapType, b: B, key: K, free: &mut Free, p: &P) -> Looked {
    p.step(Step::Bucket { addr: b.0 });
    // SAFETY: the caller's promise for the bucket.
    unsafe {
        if keys_together::<P>(b, size_of::<K>()) {
            let marks = Marks::load(b);
            return match marks.live_before_rest(slots_with(b, key)).next() {
                Some(i) => Looked::Found(i, b.key(t, i)),
                None => marks.without_key(b, Some(free)),
            };
        }
        for i in 0..BUCKET_CNT {
            p.step(Step::Slot { bucket: b.0, i });
            let top = b.top(i);
            if is_empty(top) {
                if free.0.is_nil() {
                    *free = (b, i);
                }
                if top == EMPTY_REST {
                    return Looked::Ended;
                }
            } else if K::load(b.key(t, i)) == key {
                return Looked::Found(i, b.key(t, i));
            }
        }
        Looked::On
    }
}

/// `delete(m, k)`.
#[inline(always)]
pub(super) unsafe fn delete<K: FastKey, P: Probe>(t: &MapType, h: usize, key: K, p: &P) {
    let h = H(h);
    p.step(Step::Enter { op: Op::Delete, h: h.0 });
    // SAFETY: the caller's promise.
    unsafe {
        if h.0 == 0 || h.count() == 0 {
            p.step(Step::Leave { op: Op::Delete });
            return;
        }
        let flags = h.flags();
        p.step(Step::FlagsRead { flags });
        if h.writing() {
            fatal::fatal("concurrent map writes")
        }
        let hash = hash(t, h, key);
        p.step(Step::Hash { hash });
        p.step(Step::FlagsWrite { flags: h.flags() ^ HASH_WRITING });
        h.toggle_writing(p);
        p.inside();
        let bucket = hash & bucket_mask(h.b());
        p.inside();
        if h.growing() && !P::WORKED {
            p.inside();
            K::grow_work(t, h, bucket, p);
        }
        p.inside();
        let first = B::of(t, h.buckets(), bucket);
        let mut b = first;
        'search: while !b.is_nil() {
            p.step(Step::Bucket { addr: b.0 });
            if let Some(i) = slot_of(t, b, key, p) {
                p.step(Step::SlotClear { bucket: b.0, i });
                // Only keys of eight bytes hold pointers, and then they are one.
                if t.key_has_pointers {
                    mem::st64(b.key(t, i), 0);
                }
                clear(b.elem(t, i), t.bucket.elem_size, t.elem_has_pointers);
                p.between();
                b.set_top_of_all::<P>(i, EMPTY_ONE);
                mark_rest_empty(t, first, b, i, p);
                let count = h.count().wrapping_sub(1);
                p.step(Step::Count { count });
                h.set_count(count);
                if count == 0 {
                    p.inside();
                    h.reseed(t);
                }
                break 'search;
            }
            b = b.overflow(t);
        }
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !HASH_WRITING });
        h.clear_writing(p);
        p.step(Step::Leave { op: Op::Delete });
    }
}

/// `evacuate_fast32` and `evacuate_fast64`: moves the entries of one old bucket and its chain.
#[inline(always)]
pub(super) unsafe fn move_bucket<K: FastKey, P: Probe>(t: &MapType, h: H, oldbucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate_bucket(t, h, oldbucket, p, |k, top, newbit| (u8::from(hash(t, h, K::load(k)) & newbit != 0), top));
    }
}
