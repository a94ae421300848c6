//! `mapassign`, the generic path (`runtime/map.go`); and what the assigns for all kinds of keys have in common.

use super::grow::{growWork, hashGrow, must_grow, newoverflow};
use super::hmap::{B, H, bucket_mask};
use super::malloc::{For, newobject, typedmemmove};
use super::slots::{Free, Looked, look};
use crate::fatal;
use crate::heap::Role;
use crate::layout::{BUCKET_CNT, HASH_WRITING, mem, tophash};
use crate::probe::{Absent, Op, Probe, Step};
use crate::types::MapType;

/// `m[k] = v` up to the address of the element, where the caller stores v.
///
/// # Panics
/// With `assignment to entry in nil map`, or when the key cannot be hashed; ends the program with `concurrent map writes`,
/// `bad map state`, `oldoverflow is not nil` or `out of memory`.
///
/// # Safety
/// As [`mapaccess1`](super::access::mapaccess1).
#[inline(never)]
pub unsafe fn mapassign<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) -> usize {
    let h = H(h);
    let mut absent = p.absent();
    // SAFETY: the caller's promise.
    unsafe {
        let hash = match absent {
            None => {
                enter_assign(h, p);
                // The hash comes before the flag: a hash that panics has written nothing.
                start_writing(t, h, (t.hasher)(t, key, h.hash0().into()), p)
            }
            Some(a) => a.hash,
        };
        let top = tophash(hash);
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
                    growWork(t, h, bucket, p);
                }
                worked = false;
                p.inside();
                match search(t, B::of(t, h.buckets(), bucket).prefetch::<P>(t), key, top, p) {
                    Search::Found(b, i, k) => {
                        if t.need_key_update() {
                            p.step(Step::KeyUpdate { bucket: b.0, i });
                            typedmemmove(k, key, t.key_size);
                        }
                        break (b, i);
                    }
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
            let mut k = b.key(t, i);
            if t.indirect_key() {
                let what = For { role: Role::Key, map: h, table: 0 };
                let new = newobject(t, t.key_size, !t.key_has_pointers, what);
                mem::st64(k, new as u64);
                k = new;
            }
            if t.indirect_elem() {
                let what = For { role: Role::Elem, map: h, table: 0 };
                let new = newobject(t, t.elem_size, !t.elem_has_pointers, what);
                mem::st64(b.elem(t, i), new as u64);
            }
            typedmemmove(k, key, t.key_size);
            p.between();
            b.set_top_of_all::<P>(i, top);
            let count = h.count().wrapping_add(1);
            p.step(Step::Count { count });
            h.set_count(count);
            break (b, i);
        };
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !HASH_WRITING });
        h.clear_writing(p);
        p.step(Step::Leave { op: Op::Assign });
        let e = b.elem(t, i);
        if t.indirect_elem() { mem::ld64(e) as usize } else { e }
    }
}

/// The first free slot, its bucket nil when there is none, and the last bucket, where the search was done elsewhere.
#[inline(always)]
pub(super) fn room_of(a: Absent) -> (Free, B) {
    (if a.slot < BUCKET_CNT { (B(a.bucket), a.slot) } else { (B(0), 0) }, B(a.bucket))
}

/// How an assign begins, before it hashes the key.
#[inline(always)]
pub(super) unsafe fn enter_assign<P: Probe>(h: H, p: &P) {
    p.step(Step::Enter { op: Op::Assign, h: h.0 });
    if h.0 == 0 {
        fatal::panic_plain("assignment to entry in nil map")
    }
    // SAFETY: the caller's promise.
    unsafe {
        p.step(Step::FlagsRead { flags: h.flags() });
        if h.writing() {
            fatal::fatal("concurrent map writes")
        }
    }
}

/// How it goes on with the hash: sets `hashWriting`, and makes the first bucket. Returns the hash.
#[inline(always)]
pub(super) unsafe fn start_writing<P: Probe>(t: &MapType, h: H, hash: u64, p: &P) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        p.step(Step::Hash { hash });
        p.step(Step::FlagsWrite { flags: h.flags() ^ HASH_WRITING });
        h.toggle_writing(p);
        if h.buckets() == 0 {
            let what = For { role: Role::Buckets, map: h, table: 0 };
            let b = newobject(t, t.bucket.size, !t.bucket_has_pointers, what);
            p.inside();
            h.set_buckets(b);
        }
        hash
    }
}

enum Search {
    /// Bucket, slot, address of the key.
    Found(B, usize, usize),
    /// `free`: the first free slot, its bucket nil when there is none; `last`: the bucket where the search ended.
    Absent { free: Free, last: B },
}

#[inline(always)]
unsafe fn search<P: Probe>(t: &MapType, mut b: B, key: usize, top: u8, p: &P) -> Search {
    let mut free: Free = (B(0), 0);
    // SAFETY: the caller's promise for the chain and the key.
    unsafe {
        loop {
            match look(t, b, key, top, Some(&mut free), p) {
                Looked::Found(i, k) => return Search::Found(b, i, k),
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
