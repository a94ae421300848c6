//! `mapclear`: the `clear` builtin and the loop that deletes every key (`runtime/map.go`).

use super::grow::let_go;
use super::hmap::{B, H, bucket_mask};
use super::make::{makeBucketArray, set_next_overflow};
use crate::fatal;
use crate::layout::{BUCKET_CNT, EMPTY_REST, HASH_WRITING, ITERATOR, OLD_ITERATOR, SAME_SIZE_GROW, mem};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// `clear(m)`: no entries, the same array, a new `hash0`.
///
/// From 1.21 to 1.23 every tophash byte of the arrays and chains becomes `emptyRest` first, so that iterators that outlive
/// the clear end; 1.24 counts clears instead.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map writes`).
///
/// # Safety
/// As [`mapaccess1`](super::access::mapaccess1).
#[inline(never)]
pub unsafe fn mapclear<P: Probe>(t: &MapType, h: usize, p: &P) {
    let h = H(h);
    p.step(Step::Enter { op: Op::Clear, h: h.0 });
    // SAFETY: the caller's promise.
    unsafe {
        if h.0 == 0 || h.count() == 0 {
            p.step(Step::Leave { op: Op::Clear });
            return;
        }
        p.step(Step::FlagsRead { flags: h.flags() });
        if h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() ^ HASH_WRITING });
        h.toggle_writing(p);
        let rules = t.rt.rules();
        if rules.clear_marks_empty {
            mapclear_func1(t, h.buckets(), bucket_mask(h.b()), p);
            let old = h.oldbuckets();
            if old != 0 {
                mapclear_func1(t, old, h.oldbucketmask(), p);
            }
        }
        let watched = h.flags() & (ITERATOR | OLD_ITERATOR) != 0;
        let old = h.oldbuckets();
        let flags = h.flags();
        p.between();
        h.set_flags(flags & !SAME_SIZE_GROW);
        p.between();
        h.set_oldbuckets(0);
        p.between();
        h.set_nevacuate(0);
        p.inside();
        h.set_noverflow(0);
        p.step(Step::Count { count: 0 });
        h.set_count(0);
        if let Some(at) = rules.clear_seq_offset {
            p.inside();
            mem::st64(h.0 + at, mem::ld64(h.0 + at).wrapping_add(1));
        }
        p.between();
        h.reseed(t);
        p.between();
        let extra = h.extra(t);
        if extra != 0 {
            // One store of 16 bytes, and one of 8.
            mem::st64(extra, 0);
            mem::st64(extra + 8, 0);
            p.inside();
            mem::st64(extra + 16, 0);
        }
        // What the map has let go of, unless an iterator may hold it. Earlier tables that are still there are held by
        // earlier iterators.
        if !watched {
            t.rt.heap.free_overflow(h.0, h.buckets());
            if old != 0 {
                let_go(t, h, old, 0);
            }
        }
        p.inside();
        let (_, next) = makeBucketArray(t, h, h.b(), h.buckets());
        p.inside();
        if !next.is_nil() {
            set_next_overflow(h.extra(t), next);
        }
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !HASH_WRITING });
        h.clear_writing(p);
        p.step(Step::Leave { op: Op::Clear });
    }
}

/// `mapclear.func1`: marks every slot of an array and its chains `emptyRest`.
#[inline(always)]
unsafe fn mapclear_func1<P: Probe>(t: &MapType, array: usize, mask: u64, p: &P) {
    let mut i = 0_u64;
    // SAFETY: the caller's promise for the array.
    unsafe {
        while i <= mask {
            let mut b = B::of(t, array, i);
            while !b.is_nil() {
                p.step(Step::Walk { addr: b.0 });
                for slot in 0..BUCKET_CNT {
                    if slot != 0 {
                        p.inside();
                    }
                    b.set_top(slot, EMPTY_REST);
                }
                b = b.overflow(t);
            }
            i += 1;
        }
    }
}
