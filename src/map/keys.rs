//! `keys` and `values`: every key or element of a map, copied into a slice (`runtime/map.go`, from Go 1.21).
//!
//! The order is the one in which `range` would go through a map at rest from a random start, but the arrays are read as they
//! are: no flag is set, and whoever writes meanwhile is noticed at the next entry.

use super::hmap::{B, H, bucket_shift, evacuated};
use crate::fatal;
use crate::layout::{BUCKET_CNT, SliceHeader, is_empty, mem};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// Which half of an entry is copied.
#[derive(Clone, Copy)]
enum Half {
    Key,
    Elem,
}

/// `maps.keys`: appends every key to `s`. In Go 1.21 keys that are stored by pointer come 8 bytes apart and overwrite each other.
///
/// # Panics
/// Ends the program when a write is under way or the slice has no room for all (`concurrent map read and map write`).
///
/// # Safety
/// As [`mapaccess1`](super::access::mapaccess1); `s` has room for `s.cap - s.len` keys behind those it holds.
#[inline(never)]
pub unsafe fn keys<P: Probe>(t: &MapType, h: usize, s: &mut SliceHeader, p: &P) {
    p.step(Step::Enter { op: Op::Keys, h });
    // SAFETY: the caller's promise.
    unsafe { copy(t, H(h), s, Half::Key, p) };
    p.step(Step::Leave { op: Op::Keys });
}

/// `maps.values`: appends every element to `s`.
///
/// # Panics
/// As [`keys`].
///
/// # Safety
/// As [`keys`], with elements.
#[inline(never)]
pub unsafe fn values<P: Probe>(t: &MapType, h: usize, s: &mut SliceHeader, p: &P) {
    p.step(Step::Enter { op: Op::Values, h });
    // SAFETY: the caller's promise.
    unsafe { copy(t, H(h), s, Half::Elem, p) };
    p.step(Step::Leave { op: Op::Values });
}

unsafe fn copy<P: Probe>(t: &MapType, h: H, s: &mut SliceHeader, half: Half, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        if h.0 == 0 || h.count() == 0 {
            return;
        }
        // An `int`: 32 bits of a draw up to Go 1.21, and from 1.22 possibly negative.
        let r = t.rt.rng.rand();
        let r = if t.rt.rules().rand64 { r } else { u64::from(r as u32) };
        let b = h.b();
        let offset = ((r as i64 >> b.min(63)) as usize) % BUCKET_CNT;
        let buckets = h.buckets();
        if b == 0 {
            return copy_chain(t, h, B(buckets), s, half, offset, p);
        }
        let mask = bucket_shift(b) - 1;
        for i in 0..=mask {
            copy_chain(t, h, B::of(t, buckets, i.wrapping_add(r) & mask), s, half, offset, p);
        }
        if h.growing() {
            let mask = h.noldbuckets() - 1;
            for i in 0..=mask {
                let old = B::of(t, h.oldbuckets(), i.wrapping_add(r) & mask);
                if !evacuated(old) {
                    copy_chain(t, h, old, s, half, offset, p);
                }
            }
        }
    }
}

/// `copyKeys` and `copyValues`: the entries of a bucket and its overflow buckets.
unsafe fn copy_chain<P: Probe>(t: &MapType, h: H, mut b: B, s: &mut SliceHeader, half: Half, offset: usize, p: &P) {
    let (size, slot, indirect) = match half {
        Half::Key => (t.key_size, t.bucket.key_size, t.indirect_key()),
        Half::Elem => (t.elem_size, t.bucket.elem_size, t.indirect_elem()),
    };
    let stride = if t.rt.rules().copies_by_slot { slot } else { size };
    // SAFETY: the caller's promise.
    unsafe {
        while !b.is_nil() {
            p.step(Step::Bucket { addr: b.0 });
            for i in (0..BUCKET_CNT).map(|i| (i + offset) % BUCKET_CNT) {
                p.step(Step::Slot { bucket: b.0, i });
                if is_empty(b.top(i)) {
                    continue;
                }
                let flags = h.flags();
                p.step(Step::FlagsRead { flags });
                if h.writing() {
                    fatal::fatal("concurrent map read and map write")
                }
                let mut from = match half {
                    Half::Key => b.key(t, i),
                    Half::Elem => b.elem(t, i),
                };
                if indirect {
                    from = mem::ld64(from) as usize;
                }
                if s.len >= s.cap {
                    fatal::fatal("concurrent map read and map write")
                }
                mem::memmove((s.data as usize).wrapping_add((s.len as usize).wrapping_mul(stride)), from, size);
                s.len += 1;
            }
            b = b.overflow(t);
        }
    }
}
