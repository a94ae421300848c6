//! `mapdelete`, the generic path (`runtime/map.go`).

use super::access::check_key;
use super::grow::growWork;
use super::hmap::{B, H, bucket_mask, mark_rest_empty};
use super::malloc::{clear, discard};
use super::slots::{Looked, look};
use crate::fatal;
use crate::heap::Role;
use crate::layout::{EMPTY_ONE, HASH_WRITING, ITERATOR, OLD_ITERATOR, mem, tophash};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// `delete(m, k)`.
///
/// Keys without pointers stay where they are, elements are zeroed; deleting the last entry draws a new `hash0`.
///
/// # Panics
/// When the key cannot be hashed; ends the program when a write is under way (`concurrent map writes`).
///
/// # Safety
/// As [`mapaccess1`](super::access::mapaccess1).
#[inline(never)]
pub unsafe fn mapdelete<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) {
    let h = H(h);
    p.step(Step::Enter { op: Op::Delete, h: h.0 });
    // SAFETY: the caller's promise.
    unsafe {
        if h.0 == 0 || h.count() == 0 {
            check_key(t, key);
            p.step(Step::Leave { op: Op::Delete });
            return;
        }
        p.step(Step::FlagsRead { flags: h.flags() });
        if h.writing() {
            fatal::fatal("concurrent map writes")
        }
        let hash = (t.hasher)(t, key, h.hash0().into());
        p.step(Step::Hash { hash });
        p.step(Step::FlagsWrite { flags: h.flags() ^ HASH_WRITING });
        h.toggle_writing(p);
        p.inside();
        let bucket = hash & bucket_mask(h.b());
        p.inside();
        if h.growing() && !P::WORKED {
            p.inside();
            growWork(t, h, bucket, p);
        }
        p.inside();
        let first = B::of(t, h.buckets(), bucket).prefetch::<P>(t);
        if let Some((b, i)) = find(t, first, key, tophash(hash), p) {
            p.step(Step::SlotClear { bucket: b.0, i });
            let k = b.key(t, i);
            if t.indirect_key() {
                mem::st64(k, 0);
            } else if t.key_has_pointers {
                clear(k, t.key_size, true);
            }
            let e = b.elem(t, i);
            if t.indirect_elem() {
                let old = mem::ld64(e) as usize;
                mem::st64(e, 0);
                // Go leaves the element to its collector; an iterator may still hold it.
                if h.flags() & (ITERATOR | OLD_ITERATOR) == 0 {
                    discard(t, h, old, Role::Elem);
                }
            } else {
                clear(e, t.elem_size, t.elem_has_pointers);
            }
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
        }
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !HASH_WRITING });
        h.clear_writing(p);
        p.step(Step::Leave { op: Op::Delete });
    }
}

#[inline(always)]
unsafe fn find<P: Probe>(t: &MapType, first: B, key: usize, top: u8, p: &P) -> Option<(B, usize)> {
    let mut b = first;
    // SAFETY: the caller's promise for the chain and the key.
    unsafe {
        while !b.is_nil() {
            match look(t, b, key, top, None, p) {
                Looked::Found(i, _) => return Some((b, i)),
                Looked::Ended => return None,
                Looked::On => b = b.overflow(t),
            }
        }
    }
    None
}
