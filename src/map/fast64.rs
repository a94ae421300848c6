//! Maps with 8-byte keys without pointers: `mapaccess1_fast64`, `mapaccess2_fast64`, `mapassign_fast64`,
//! `mapdelete_fast64` (`runtime/map_fast64.go`).
//!
//! They compare keys rather than tophash bytes. The first access to a bucket is to its first key in a lookup or delete, to
//! its tophash in an assign; a fault's address tells which it was.

use super::grow::{
    advanceEvacuationMark, hashGrow, move_chain, newoverflow, over_load_factor, too_many_overflow_buckets, unlink,
};
use super::hmap::{B, H, bucket_mask, evacuated, lookup_bucket, mark_rest_empty, zero_val};
use super::malloc::{For, clear, newobject};
use crate::fatal;
use crate::hash::memhash64;
use crate::heap::Role;
use crate::layout::{BUCKET_CNT, EMPTY_ONE, EMPTY_REST, is_empty, mem, tophash};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;
use std::hint::black_box;

#[inline(always)]
unsafe fn hash(t: &MapType, h: H, key: u64) -> u64 {
    // SAFETY: the caller's promise for the header.
    memhash64(t.rt.key_schedule(), key, unsafe { h.hash0() }.into())
}

/// The element of `key`, or nil.
#[inline(always)]
unsafe fn find<P: Probe>(t: &MapType, h: H, key: u64, p: &P) -> usize {
    // SAFETY: the caller's promise for the map.
    unsafe {
        let mut b = if h.b() == 0 {
            // A single bucket is searched without hashing, and is never an old one.
            B(h.buckets())
        } else {
            let hash = hash(t, h, key);
            p.step(Step::Hash { hash });
            lookup_bucket(t, h, hash)
        };
        while !b.is_nil() {
            p.step(Step::Bucket { addr: b.0 });
            for i in 0..BUCKET_CNT {
                p.step(Step::Slot { bucket: b.0, i });
                if mem::ld64(b.key(t, i)) == key && !is_empty(b.top(i)) {
                    return b.elem(t, i);
                }
            }
            b = b.overflow(t);
        }
        0
    }
}

macro_rules! access {
    ($t:ident, $h:ident, $p:ident, $absent:expr) => {
        $p.step(Step::Enter { op: Op::Access, h: $h.0 });
        if $h.0 == 0 || $h.count() == 0 {
            $p.step(Step::Leave { op: Op::Access });
            return $absent;
        }
        let flags = $h.flags();
        $p.step(Step::FlagsRead { flags });
        if $h.writing() {
            fatal::fatal("concurrent map read and map write")
        }
    };
}

/// `v := m[k]`: the address of the element, or of zeroes.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map read and map write`).
///
/// # Safety
/// `h` is nil or the address of a header of type `t`, a fast64 type; what the header leads to is sound to access or
/// faults inside a region that [`crate::fault`] watches.
#[inline(never)]
pub unsafe fn mapaccess1_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) -> usize {
    let h = H(h);
    // SAFETY: the caller's promise.
    unsafe {
        access!(t, h, p, zero_val());
        let e = find(t, h, key, p);
        p.step(Step::Leave { op: Op::Access });
        if e == 0 { zero_val() } else { e }
    }
}

/// `v, ok := m[k]`.
///
/// # Panics
/// As [`mapaccess1_fast64`].
///
/// # Safety
/// As [`mapaccess1_fast64`].
#[inline(never)]
pub unsafe fn mapaccess2_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) -> (usize, bool) {
    let h = H(h);
    // SAFETY: the caller's promise.
    unsafe {
        access!(t, h, p, (zero_val(), false));
        let e = find(t, h, key, p);
        p.step(Step::Leave { op: Op::Access });
        if e == 0 { (zero_val(), false) } else { (e, true) }
    }
}

/// `m[k] = v` up to the address of the element, where the caller stores v.
///
/// # Panics
/// With `assignment to entry in nil map`; ends the program with `concurrent map writes`, `bad map state`, `oldoverflow is not
/// nil` or `out of memory`.
///
/// # Safety
/// As [`mapaccess1_fast64`].
#[inline(never)]
pub unsafe fn mapassign_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) -> usize {
    let h = H(h);
    p.step(Step::Enter { op: Op::Assign, h: h.0 });
    if h.0 == 0 {
        fatal::panic_plain("assignment to entry in nil map")
    }
    // SAFETY: the caller's promise.
    unsafe {
        let flags = h.flags();
        p.step(Step::FlagsRead { flags });
        if h.writing() {
            fatal::fatal("concurrent map writes")
        }
        let hash = hash(t, h, key);
        p.step(Step::Hash { hash });
        p.step(Step::FlagsWrite { flags: h.flags() ^ crate::layout::HASH_WRITING });
        h.toggle_writing();
        if h.buckets() == 0 {
            let what = For { role: Role::Buckets, map: h, table: 0 };
            let b = newobject(t, t.bucket.size, !t.bucket_has_pointers, what);
            h.set_buckets(b);
        }
        let (b, i) = loop {
            let bucket = hash & bucket_mask(h.b());
            if h.growing() {
                growWork_fast64(t, h, bucket, p);
            }
            let (mut free, last) = match search(t, B::of(t, h.buckets(), bucket), key, p) {
                Search::Found(b, i) => break (b, i),
                Search::Absent { free, last } => (free, last),
            };
            if !h.growing()
                && (over_load_factor(t, h.count().wrapping_add(1), h.b())
                    || too_many_overflow_buckets(h.noverflow(), h.b()))
            {
                hashGrow(t, h, p);
                continue;
            }
            if free.0.is_nil() {
                free = (newoverflow(t, h, last, p), 0);
            }
            let (b, i) = free;
            p.step(Step::KeyStore { bucket: b.0, i });
            b.set_top(i, tophash(hash));
            mem::st64(b.key(t, i), key);
            let count = h.count().wrapping_add(1);
            p.step(Step::Count { count });
            h.set_count(count);
            break (b, i);
        };
        let elem = b.elem(t, i);
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !crate::layout::HASH_WRITING });
        h.clear_writing();
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
unsafe fn search<P: Probe>(t: &MapType, mut b: B, key: u64, p: &P) -> Search {
    let mut free = (B(0), 0);
    // SAFETY: the caller's promise for the chain.
    unsafe {
        loop {
            p.step(Step::Bucket { addr: b.0 });
            for i in 0..BUCKET_CNT {
                p.step(Step::Slot { bucket: b.0, i });
                let top = b.top(i);
                if is_empty(top) {
                    if free.0.is_nil() {
                        free = (b, i);
                    }
                    if top == EMPTY_REST {
                        return Search::Absent { free, last: b };
                    }
                } else if mem::ld64(b.key(t, i)) == key {
                    return Search::Found(b, i);
                }
            }
            let ovf = b.overflow(t);
            if ovf.is_nil() {
                return Search::Absent { free, last: b };
            }
            b = ovf;
        }
    }
}

/// `delete(m, k)`.
///
/// The key's bytes stay where they are, the element is zeroed; deleting the last entry draws a new `hash0`.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map writes`).
///
/// # Safety
/// As [`mapaccess1_fast64`].
#[inline(never)]
pub unsafe fn mapdelete_fast64<P: Probe>(t: &MapType, h: usize, key: u64, p: &P) {
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
        p.step(Step::FlagsWrite { flags: h.flags() ^ crate::layout::HASH_WRITING });
        h.toggle_writing();
        let bucket = hash & bucket_mask(h.b());
        if h.growing() {
            growWork_fast64(t, h, bucket, p);
        }
        let first = B::of(t, h.buckets(), bucket);
        let mut b = first;
        'search: while !b.is_nil() {
            p.step(Step::Bucket { addr: b.0 });
            for i in 0..BUCKET_CNT {
                p.step(Step::Slot { bucket: b.0, i });
                if mem::ld64(b.key(t, i)) != key || is_empty(b.top(i)) {
                    continue;
                }
                p.step(Step::SlotClear { bucket: b.0, i });
                clear(b.elem(t, i), t.bucket.elem_size, t.elem_has_pointers);
                b.set_top(i, EMPTY_ONE);
                mark_rest_empty(t, first, b, i);
                let count = h.count().wrapping_sub(1);
                p.step(Step::Count { count });
                h.set_count(count);
                if count == 0 {
                    h.reseed(t);
                }
                break 'search;
            }
            b = b.overflow(t);
        }
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !crate::layout::HASH_WRITING });
        h.clear_writing();
        p.step(Step::Leave { op: Op::Delete });
    }
}

/// `growWork_fast64`: evacuates the old bucket of the bucket about to be used, and one more.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
unsafe fn growWork_fast64<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate_fast64(t, h, bucket & h.oldbucketmask(), p);
        if h.growing() {
            evacuate_fast64(t, h, h.nevacuate(), p);
        }
    }
    black_box(());
}

/// `evacuate_fast64`: moves the entries of one old bucket and its chain.
#[inline(never)]
unsafe fn evacuate_fast64<P: Probe>(t: &MapType, h: H, oldbucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        let first = B::of(t, h.oldbuckets(), oldbucket);
        let newbit = h.noldbuckets();
        if !evacuated(first) {
            p.step(Step::Evacuate { old: oldbucket });
            move_chain(t, h, first, oldbucket, newbit, p, |t, h, k, top| {
                (u8::from(hash(t, h, mem::ld64(k)) & newbit != 0), top)
            });
            unlink(t, h, oldbucket);
        }
        if oldbucket == h.nevacuate() {
            advanceEvacuationMark(t, h, newbit);
        }
    }
    black_box(());
}
