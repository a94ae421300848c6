//! Growth: when it starts, `hashGrow`, overflow buckets, and the evacuation of the generic path.

use super::hmap::{B, H, bucket_shift, evacuated, setoverflow};
use super::make::{makeBucketArray, new_extra, set_next_overflow};
use super::malloc::{For, clear, discard, newobject, typedmemmove};
use super::slots::{Marks, SlotsOf, keys_together};
use crate::fatal;
use crate::heap::{Role, roundupsize};
use crate::layout::{
    BUCKET_CNT, DATA_OFFSET, EVACUATED_EMPTY, EVACUATED_X, ITERATOR, MIN_TOP_HASH, OLD_ITERATOR, SAME_SIZE_GROW,
    SliceHeader, is_empty, mem, tophash,
};
use crate::probe::{Probe, Step};
use crate::types::MapType;

/// Whether `count` entries in 2^b buckets are too many (`overLoadFactor`).
#[inline(always)]
pub(super) fn over_load_factor(t: &MapType, count: i64, b: u8) -> bool {
    let r = t.rt.rules();
    count > BUCKET_CNT as i64 && count as u64 > r.load_factor_num.wrapping_mul(bucket_shift(b) / r.load_factor_den)
}

/// Whether so many overflow buckets mean that the table should be rewritten (`tooManyOverflowBuckets`).
#[inline(always)]
fn too_many_overflow_buckets(noverflow: u16, b: u8) -> bool {
    noverflow >= 1 << b.min(15)
}

/// Whether an assign of a new key is to start a growth.
#[inline(always)]
pub(super) unsafe fn must_grow<P: Probe>(t: &MapType, h: H, p: &P) -> bool {
    // SAFETY: the caller's promise for the header.
    unsafe {
        p.inside();
        if h.growing() {
            return false;
        }
        p.inside();
        let b = h.b();
        over_load_factor(t, h.count().wrapping_add(1), b) || too_many_overflow_buckets(h.noverflow(), b)
    }
}

/// `incrnoverflow`: exact below B = 16, from there one in 2^(B-15) on the average.
unsafe fn incrnoverflow<P: Probe>(t: &MapType, h: H, p: &P) {
    // SAFETY: the caller's promise for the header.
    unsafe {
        let b = h.b();
        if b >= 16 {
            // Go shifts a uint32 by a count that is not reduced modulo 32: too far means 0.
            let mask = 1_u32.checked_shl(u32::from(b) - 15).unwrap_or(0).wrapping_sub(1);
            if t.rt.rng.rand() as u32 & mask != 0 {
                return;
            }
        }
        p.inside();
        let n = h.noverflow().wrapping_add(1);
        p.inside();
        h.set_noverflow(n);
    }
}

/// `hmap.newoverflow`: a bucket at the end of the chain that ends in `b`.
#[inline(never)]
pub(super) unsafe fn newoverflow<P: Probe>(t: &MapType, h: H, b: B, p: &P) -> B {
    p.step(Step::NewOverflow { bucket: b.0 });
    // SAFETY: the caller's promise for the header, its extra and the chain.
    unsafe {
        let extra = h.extra(t);
        let next = if extra == 0 { 0 } else { mem::ld64(extra + 16) as usize };
        let ovf = if next != 0 {
            let ovf = B(next);
            let is_last = !ovf.overflow(t).is_nil();
            p.inside();
            if is_last {
                // The last spare: its overflow pointer was the end mark.
                setoverflow(ovf, t, B(0));
                p.inside();
                set_next_overflow(h.extra(t), B(0));
            } else {
                set_next_overflow(extra, B(next.wrapping_add(t.bucket.size)));
            }
            ovf
        } else {
            let what = For { role: Role::Overflow, map: h, table: h.buckets() };
            B(newobject(t, t.bucket.size, !t.bucket_has_pointers, what))
        };
        p.inside();
        incrnoverflow(t, h, p);
        if !t.bucket_has_pointers {
            createOverflow(t, h, p);
            p.inside();
            let slice = mem::ld64(h.extra(t)) as usize;
            append(t, h, slice, ovf, p);
        }
        p.inside();
        setoverflow(b, t, ovf);
        ovf
    }
}

/// `hmap.createOverflow`: makes the list of overflow buckets.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(always)]
pub(super) unsafe fn createOverflow<P: Probe>(t: &MapType, h: H, p: &P) {
    // SAFETY: the caller's promise for the header and its extra.
    unsafe {
        p.inside();
        if h.extra(t) == 0 {
            p.inside();
            new_extra(t, h);
        }
        let extra = h.extra(t);
        if mem::ld64(extra) == 0 {
            let slice = new_slice(t, h);
            p.inside();
            mem::st64(h.extra(t), slice as u64);
        }
    }
}

#[cold]
unsafe fn new_slice(t: &MapType, h: H) -> usize {
    // SAFETY: a new object; the caller's promise for the header.
    unsafe {
        let what = For { role: Role::OverflowSlice, map: h, table: h.buckets() };
        newobject(t, size_of::<SliceHeader>(), false, what)
    }
}

/// `*slice = append(*slice, b)`.
unsafe fn append<P: Probe>(t: &MapType, h: H, slice: usize, b: B, p: &P) {
    // SAFETY: the caller's promise for the list.
    unsafe {
        let cap = mem::ld64(slice.wrapping_add(16));
        let len = mem::ld64(slice.wrapping_add(8));
        let data = mem::ld64(slice) as usize;
        let data = if len < cap {
            data
        } else {
            let (new, cap) = growslice(t, h, data, len, cap);
            p.inside();
            mem::st64(slice.wrapping_add(16), cap);
            p.inside();
            mem::st64(slice, new as u64);
            new
        };
        p.inside();
        mem::st64(slice.wrapping_add(8), len.wrapping_add(1));
        p.inside();
        mem::st64(data.wrapping_add((len as usize).wrapping_mul(8)), b.0 as u64);
    }
}

/// `runtime.growslice`: room for one pointer more than the `len` at `data`. Returns the new array and its capacity, which is
/// doubled up to 256, then grows by a quarter and some, and is rounded up to what the size class holds
/// (`runtime/slice.go`, Go 1.18 and later).
#[inline(never)]
unsafe fn growslice(t: &MapType, h: H, data: usize, len: u64, cap: u64) -> (usize, u64) {
    const THRESHOLD: u64 = 256;
    let wanted = len.wrapping_add(1);
    let cap = if wanted > cap.wrapping_mul(2) {
        wanted
    } else if cap < THRESHOLD {
        cap * 2
    } else {
        cap.wrapping_add(cap.wrapping_add(3 * THRESHOLD) / 4)
    };
    let size = roundupsize((cap as usize).wrapping_mul(8), false, t.rt.rules().malloc_header);
    // SAFETY: the caller's promise for the list.
    unsafe {
        let what = For { role: Role::OverflowList, map: h, table: h.buckets() };
        let new = newobject(t, size, false, what);
        mem::memmove(new, data, (len as usize).wrapping_mul(8));
        // Iterators hold the slice, not its array.
        discard(t, h, data, Role::OverflowList);
        (new, (size / 8) as u64)
    }
}

/// `hashGrow`: puts a new array in place; the entries move later, bucket by bucket.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
pub(super) unsafe fn hashGrow<P: Probe>(t: &MapType, h: H, p: &P) {
    // SAFETY: the caller's promise for the header and its extra.
    unsafe {
        let mut bigger = 1;
        p.inside();
        if !over_load_factor(t, h.count().wrapping_add(1), h.b()) {
            bigger = 0;
            p.inside();
            let flags = h.flags();
            p.inside();
            h.set_flags(flags | SAME_SIZE_GROW);
        } else {
            // An iterator from before has another B: it may look at the table that is now the old one, and the flags keep
            // that, but at no later one.
            t.rt.heap.set_ranged(h.0, false);
        }
        p.step(Step::Grow { same_size: bigger == 0 });
        let old = h.buckets();
        let (new, next) = makeBucketArray(t, h, h.b().wrapping_add(bigger), 0);
        p.between();
        let had = h.flags();
        let mut flags = had & !(ITERATOR | OLD_ITERATOR);
        if had & ITERATOR != 0 {
            flags |= OLD_ITERATOR;
        }
        // Go adds to what B is by now: when two goroutines grow the map, it is more than the new array has.
        let b = h.b().wrapping_add(bigger);
        p.inside();
        h.set_b(b);
        p.between();
        h.set_flags(flags);
        p.between();
        h.set_oldbuckets(old);
        p.between();
        h.set_buckets(new);
        p.between();
        h.set_nevacuate(0);
        p.inside();
        h.set_noverflow(0);
        p.inside();
        promote_overflow(t, h, p);
        if !next.is_nil() {
            p.inside();
            if h.extra(t) == 0 {
                p.inside();
                new_extra(t, h);
            }
            p.inside();
            set_next_overflow(h.extra(t), next);
        }
    }
}

/// Makes the list of overflow buckets that of the old table.
#[inline(always)]
unsafe fn promote_overflow<P: Probe>(t: &MapType, h: H, p: &P) {
    // SAFETY: the caller's promise for the header and its extra.
    unsafe {
        let extra = h.extra(t);
        if extra == 0 {
            return;
        }
        let list = mem::ld64(extra);
        if list == 0 {
            return;
        }
        if mem::ld64(extra + 8) != 0 {
            fatal::throw("oldoverflow is not nil")
        }
        p.inside();
        mem::st64(extra + 8, list);
        p.inside();
        mem::st64(h.extra(t), 0);
    }
}

/// `growWork`: evacuates the old bucket of the bucket about to be used, and one more.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
pub(super) unsafe fn growWork<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate(t, h, bucket & h.oldbucketmask(), p);
        p.inside();
        if h.growing() {
            p.inside();
            evacuate(t, h, h.nevacuate(), p);
        }
    }
    std::hint::black_box(());
}

/// `evacuate`: moves the entries of one old bucket and its chain.
#[inline(never)]
pub(super) unsafe fn evacuate<P: Probe>(t: &MapType, h: H, oldbucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate_bucket(t, h, oldbucket, p, |k, top, newbit| {
            let hash = (t.hasher)(t, k, h.hash0().into());
            if h.flags() & ITERATOR != 0 && !t.reflexive_key() && !(t.equal)(t, k, k) {
                // A NaN hashes differently each time. An iterator must be able to tell where it went: the low bit of
                // its tophash decides, and it gets a new one for the next growth.
                (top & 1, tophash(hash))
            } else {
                (u8::from(hash & newbit != 0), top)
            }
        });
    }
}

/// What `evacuate` and its fast variants have in common: moves the entries of one old bucket and its chain. `route` says for a
/// key's address, its tophash and the bit by which the halves differ which of them it goes to (0 or 1) and what its tophash
/// is there.
#[inline(always)]
pub(super) unsafe fn evacuate_bucket<P: Probe>(
    t: &MapType,
    h: H,
    oldbucket: u64,
    p: &P,
    route: impl Fn(usize, u8, u64) -> (u8, u8),
) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        let first = B::of(t, h.oldbuckets(), oldbucket);
        let newbit = h.noldbuckets();
        if !evacuated(first) {
            p.step(Step::Evacuate { old: oldbucket });
            move_chain(t, h, first, oldbucket, newbit, p, route);
            unlink(t, h, oldbucket, p);
        }
        p.inside();
        if oldbucket == h.nevacuate() {
            advanceEvacuationMark(t, h, newbit, p);
        }
    }
}

/// Where the evacuated entries of one half go (`evacDst`).
#[derive(Clone, Copy)]
struct EvacDst {
    bucket: B,
    /// The next free slot.
    i: usize,
}

/// Moves the chain that begins in `first`.
#[inline(always)]
unsafe fn move_chain<P: Probe>(
    t: &MapType,
    h: H,
    first: B,
    oldbucket: u64,
    newbit: u64,
    p: &P,
    route: impl Fn(usize, u8, u64) -> (u8, u8),
) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        let dst = |bucket: B| EvacDst { bucket, i: 0 };
        let mut xy = [dst(B::of(t, h.buckets(), oldbucket)), dst(B(0))];
        if !h.same_size_grow() {
            xy[1] = dst(B::of(t, h.buckets(), oldbucket.wrapping_add(newbit)));
        }
        let mut b = first;
        while !b.is_nil() {
            if !h.same_size_grow() {
                prefetch_keys::<P>(t, b);
            }
            for i in 0..BUCKET_CNT {
                p.inside();
                let mut top = b.top(i);
                if is_empty(top) {
                    p.inside();
                    b.set_top(i, EVACUATED_EMPTY);
                    continue;
                }
                if top < MIN_TOP_HASH {
                    fatal::throw("bad map state")
                }
                let k = b.key(t, i);
                let mut y = 0;
                if !h.same_size_grow() {
                    let key = if t.indirect_key() { mem::ld64(k) as usize } else { k };
                    (y, top) = route(key, top, newbit);
                }
                p.step(Step::EvacuateSlot { bucket: b.0, i, y: y != 0 });
                b.set_top(i, EVACUATED_X + y);
                let dst = &mut xy[usize::from(y)];
                if dst.i == BUCKET_CNT {
                    *dst = EvacDst { bucket: newoverflow(t, h, dst.bucket, p), i: 0 };
                }
                let to = dst.bucket;
                p.inside();
                to.set_top(dst.i, top);
                copy(to.key(t, dst.i), k, t.bucket.key_size, p);
                copy(to.elem(t, dst.i), b.elem(t, i), t.bucket.elem_size, p);
                dst.i += 1;
            }
            b = b.overflow(t);
        }
    }
}

/// Asks for what the keys of a bucket lead to, which all will be hashed, so that it is not waited for one key after the other.
#[inline(always)]
unsafe fn prefetch_keys<P: Probe>(t: &MapType, b: B) {
    // SAFETY: the caller's promise for the bucket; what lies on the page of its first mark can be read if that can.
    unsafe {
        if let Some(at) = t.key_leads
            && keys_together::<P>(b, t.bucket.key_size)
        {
            let marks = Marks::load(b);
            for i in marks.live(SlotsOf::ALL) {
                mem::prefetch(mem::ld64(b.key(t, i).wrapping_add(at)) as usize);
            }
        }
    }
}

/// A slot's key or element from one bucket to another.
#[inline(always)]
unsafe fn copy<P: Probe>(dst: usize, src: usize, size: usize, p: &P) {
    p.inside();
    // SAFETY: the caller's promise for both slots.
    unsafe {
        match size {
            8 => mem::st64(dst, mem::ld64(src)),
            4 => mem::st32(dst, mem::ld32(src)),
            _ => typedmemmove(dst, src, size),
        }
    }
}

/// Cuts an evacuated bucket's overflow chain off and clears its entries, when pointers in it would keep things alive and no
/// iterator may be looking. The tophash bytes stay: they say that it is evacuated.
#[inline(always)]
unsafe fn unlink<P: Probe>(t: &MapType, h: H, oldbucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        if h.flags() & OLD_ITERATOR == 0 && t.bucket_has_pointers {
            let b = B::of(t, h.oldbuckets(), oldbucket);
            p.inside();
            clear(b.0.wrapping_add(DATA_OFFSET), t.bucket.size - DATA_OFFSET, true);
        }
    }
}

/// Gives up the table at `old`, which Go leaves to its collector, unless an iterator may look at it: the flags say so, but not
/// of one that was begun two growths to the same size ago. It still takes the buckets of the second for its own.
pub(super) unsafe fn let_go(t: &MapType, h: H, old: usize, flags: u8) {
    // SAFETY: the caller's promise for the header.
    unsafe {
        // Tampering may have made both arrays one.
        if flags & OLD_ITERATOR == 0 && old != h.buckets() && !t.rt.heap.ranged(h.0) {
            t.rt.heap.free_table(h.0, old);
        }
    }
}

/// `advanceEvacuationMark`: skips buckets that are done already; ends the growth after the last.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
pub(super) unsafe fn advanceEvacuationMark<P: Probe>(t: &MapType, h: H, newbit: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        let first = h.nevacuate().wrapping_add(1);
        p.inside();
        h.set_nevacuate(first);
        // A bound on the work of one assign; wraps like Go's when nevacuate was tampered with.
        let stop = first.wrapping_add(1024).min(newbit);
        let mut at;
        loop {
            p.inside();
            at = h.nevacuate();
            if at == stop {
                break;
            }
            if !evacuated(B::of(t, h.oldbuckets(), at)) {
                break;
            }
            p.inside();
            h.set_nevacuate(at.wrapping_add(1));
        }
        if at == newbit {
            p.between();
            // Nobody comes in between here: the address is for the heap, and Go does not load it.
            let old = h.oldbuckets();
            h.set_oldbuckets(0);
            p.inside();
            let extra = h.extra(t);
            if extra != 0 {
                p.inside();
                mem::st64(extra + 8, 0);
            }
            p.inside();
            let flags = h.flags();
            p.between();
            h.set_flags(flags & !SAME_SIZE_GROW);
            let_go(t, h, old, flags);
        }
    }
}
