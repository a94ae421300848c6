//! Iteration: `mapiterinit`, `mapiternext` (`runtime/map.go`).
//!
//! An iterator remembers the array and B of its beginning, starts at a random bucket and slot and wraps around. When the map
//! grows meanwhile, entries that have moved are looked up again; when it grew before, buckets that have not been
//! evacuated are read from the old array, and only the entries that will come to the bucket in question count.

use super::access::mapaccessK;
use super::amd64::Fast64;
use super::grow::createOverflow;
use super::hmap::{B, H, bucket_mask, bucket_shift, evacuated};
use crate::fatal;
use crate::layout::{
    BUCKET_CNT, EMPTY_ONE, EVACUATED_EMPTY, EVACUATED_X, EVACUATED_Y, Hiter, ITERATOR, NO_CHECK, OLD_ITERATOR,
    is_empty, mem,
};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// `mapiterinit`: sets `it` to the first entry in an order drawn at random; `it.key` is 0 when there is none.
///
/// # Panics
/// As [`mapiternext`].
///
/// # Safety
/// `h` is nil or the address of a header of type `t`; what it leads to is sound to access or faults inside a region
/// that [`crate::fault`] watches. `it` is zeroed.
#[inline(never)]
pub unsafe fn mapiterinit<P: Probe>(t: &MapType, h: usize, it: &mut Hiter, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        if begin_anywhere(t, H(h), it, p) {
            mapiternext(t, it, p);
        }
    }
    std::hint::black_box(());
}

/// [`mapiterinit`] that finds the first entry by one of the implementations of `mapiternext`.
///
/// # Panics
/// As [`mapiternext`].
///
/// # Safety
/// As [`mapiterinit`].
#[inline(always)]
pub unsafe fn mapiterinit_with(f: &Fast64, t: &MapType, h: usize, it: &mut Hiter) {
    // SAFETY: the caller's promise.
    unsafe {
        if begin_anywhere(t, H(h), it, &()) {
            (f.mapiternext)(t, it);
        }
    }
}

/// Everything before the first entry; whether there is one.
#[inline(always)]
unsafe fn begin_anywhere<P: Probe>(t: &MapType, h: H, it: &mut Hiter, p: &P) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        if !begin(t, h, it, p) {
            return false;
        }
        // Up to Go 1.21 the source has 32 bits a draw; from B = 29 on it draws 64 there too.
        let r = t.rt.rng.rand();
        let r = if t.rt.rules().rand64 || h.b() > 31 - 3 { r } else { u64::from(r as u32) };
        it.start_bucket = r & bucket_mask(h.b());
        it.offset = (r.checked_shr(h.b().into()).unwrap_or(0) & (BUCKET_CNT as u64 - 1)) as u8;
        it.bucket = it.start_bucket;
        watch(t, h, p);
    }
    true
}

/// [`mapiterinit`] with the start bucket and the offset in each bucket given (taken modulo the number of buckets and of
/// slots), for experiments. Draws nothing.
///
/// # Panics
/// As [`mapiternext`].
///
/// # Safety
/// As [`mapiterinit`].
pub unsafe fn mapiterinit_at<P: Probe>(t: &MapType, h: usize, it: &mut Hiter, start: u64, offset: u8, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        if begin(t, H(h), it, p) {
            it.start_bucket = start & bucket_mask(H(h).b());
            it.offset = offset & (BUCKET_CNT as u8 - 1);
            it.bucket = it.start_bucket;
            watch(t, H(h), p);
            mapiternext(t, it, p);
        }
    }
}

/// Everything before the draw; whether there is anything to iterate over.
#[inline(always)]
unsafe fn begin<P: Probe>(t: &MapType, h: H, it: &mut Hiter, p: &P) -> bool {
    p.step(Step::Enter { op: Op::IterInit, h: h.0 });
    it.t = std::ptr::from_ref(t).addr() as u64;
    // SAFETY: the caller's promise.
    unsafe {
        if h.0 == 0 || h.count() == 0 {
            return false;
        }
        it.clear_seq = h.clear_seq(t);
        it.h = h.0 as u64;
        it.b = h.b();
        p.between();
        it.buckets = h.buckets() as u64;
        if !t.bucket_has_pointers {
            // The lists keep overflow buckets alive that the map lets go of.
            createOverflow(t, h, p);
            p.inside();
            let extra = h.extra(t);
            it.overflow = mem::ld64(extra);
            p.inside();
            it.oldoverflow = mem::ld64(extra + 8);
        }
    }
    true
}

/// Tells the map that an iterator may look at both its arrays.
unsafe fn watch<P: Probe>(t: &MapType, h: H, p: &P) {
    t.rt.heap.set_ranged(h.0, true);
    // SAFETY: the caller's promise for the header.
    unsafe {
        let flags = h.flags();
        if flags & (ITERATOR | OLD_ITERATOR) != ITERATOR | OLD_ITERATOR {
            p.between();
            atomic_or(h.0 + 8, ITERATOR | OLD_ITERATOR);
        }
    }
}

/// `atomic.Or8`: the one write of flags that Go makes atomic, because iterators may start side by side.
unsafe fn atomic_or(at: usize, bits: u8) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: one locked instruction on a byte of the header (caller's promise).
    unsafe {
        core::arch::asm!("lock orb {bits}, (,{at},1)", at = in(reg) at, bits = in(reg_byte) bits, options(att_syntax, nostack));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    // SAFETY: a byte of the header (caller's promise).
    unsafe {
        use core::sync::atomic::{AtomicU8, Ordering};
        AtomicU8::from_ptr(core::ptr::with_exposed_provenance_mut(at)).fetch_or(bits, Ordering::SeqCst);
    }
}

/// `mapiternext`: advances to the next entry; `it.key` is 0 at the end.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map iteration and map write`).
///
/// # Safety
/// `it` was begun by [`mapiterinit`] on a map of type `t` that had entries; the arrays it remembers are sound to access or
/// fault inside a region that [`crate::fault`] watches.
#[inline(never)]
pub unsafe fn mapiternext<P: Probe>(t: &MapType, it: &mut Hiter, p: &P) {
    // SAFETY: the caller's promise.
    unsafe {
        if P::WATCHES || !next_here(t, it) {
            advance(t, it, p);
        }
    }
    std::hint::black_box(());
}

/// The next entry when it lies in the bucket that the iterator is at, and nothing has happened to the map that matters
/// to it; otherwise false, and nothing is changed.
#[inline(always)]
unsafe fn next_here(t: &MapType, it: &mut Hiter) -> bool {
    let (h, b, i) = (H(it.h as usize), B(it.bptr as usize), it.i);
    // SAFETY: the caller's promise.
    unsafe {
        if h.writing() || b.is_nil() || usize::from(i) >= BUCKET_CNT || it.check_bucket != NO_CHECK {
            return false;
        }
        let tops = mem::ld64(b.0);
        let i = next_candidate(tops, it.offset, i);
        let slot = usize::from(i.wrapping_add(it.offset)) % BUCKET_CNT;
        let moved = (u64::from_le(tops) >> (8 * slot)) as u8 <= EVACUATED_Y;
        if usize::from(i) == BUCKET_CNT || moved || t.indirect_key() || t.indirect_elem() {
            return false;
        }
        if it.clear_seq != h.clear_seq(t) {
            return false;
        }
        it.key = b.key(t, slot) as u64;
        it.elem = b.elem(t, slot) as u64;
        it.i = i + 1;
        it.left_state = u32::MAX;
    }
    true
}

/// [`mapiternext`] in general.
#[inline(never)]
unsafe fn advance<P: Probe>(t: &MapType, it: &mut Hiter, p: &P) {
    let h = H(it.h as usize);
    p.step(Step::Enter { op: Op::IterNext, h: h.0 });
    // SAFETY: the caller's promise.
    unsafe {
        if h.writing() {
            fatal::fatal("concurrent map iteration and map write")
        }
        let mut bucket = it.bucket;
        let mut b = B(it.bptr as usize);
        let mut i = it.i;
        let mut check = it.check_bucket;
        loop {
            if b.is_nil() {
                if bucket == it.start_bucket && it.wrapped != 0 {
                    it.key = 0;
                    it.elem = 0;
                    p.step(Step::Leave { op: Op::IterNext });
                    return;
                }
                (b, check) = bucket_of(t, h, it, bucket, p);
                bucket = bucket.wrapping_add(1);
                if bucket == bucket_shift(it.b) {
                    bucket = 0;
                    it.wrapped = 1;
                }
                i = 0;
            }
            p.step(Step::Bucket { addr: b.0 });
            if usize::from(i) < BUCKET_CNT {
                // Go's compiler checks the bucket pointer for nil by touching its first byte.
                let _ = b.top(0);
            }
            while usize::from(i) < BUCKET_CNT {
                if !P::WATCHES {
                    // Past the slots that hold nothing, all at once.
                    i = next_candidate(mem::ld64(b.0), it.offset, i);
                    if usize::from(i) == BUCKET_CNT {
                        break;
                    }
                }
                let slot = usize::from(i.wrapping_add(it.offset)) % BUCKET_CNT;
                i += 1;
                p.step(Step::Slot { bucket: b.0, i: slot });
                if let Some((k, e)) = entry(t, h, it, b, slot, check, p) {
                    it.key = k as u64;
                    it.elem = e as u64;
                    it.left_state = u32::MAX;
                    it.bucket = bucket;
                    it.bptr = b.0 as u64;
                    it.i = i;
                    it.check_bucket = check;
                    p.step(Step::Leave { op: Op::IterNext });
                    return;
                }
            }
            b = b.overflow(t);
            i = 0;
        }
    }
}

/// The first of the steps from `i` on, 0 to 7, whose slot is neither empty nor `evacuatedEmpty`; 8 for none. `tops` are the
/// bucket's eight marks.
#[inline(always)]
fn next_candidate(tops: u64, offset: u8, i: u8) -> u8 {
    const ONES: u64 = u64::MAX / 255;
    const LOW: u64 = 0x7f * ONES;
    // In the order of the steps.
    let tops = u64::from_le(tops).rotate_right(8 * u32::from(offset % BUCKET_CNT as u8));
    // The high bit of every byte that is not zero.
    let filled = |x: u64| (((x & LOW) + LOW) | x) & !LOW;
    let empty_bits = u64::from(EMPTY_ONE) * ONES;
    let candidates = filled(tops & !empty_bits) & filled(tops ^ (u64::from(EVACUATED_EMPTY) * ONES));
    ((candidates & u64::MAX << (8 * u32::from(i))).trailing_zeros() / 8) as u8
}

/// The bucket to read for number `bucket`, and what to check its entries for.
#[inline(always)]
unsafe fn bucket_of<P: Probe>(t: &MapType, h: H, it: &Hiter, bucket: u64, p: &P) -> (B, u64) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        // Loaded once, as in compiled Go: between two loads another goroutine may end the growth.
        p.between();
        let oldbuckets = h.oldbuckets();
        if oldbuckets == 0 {
            return (B::of(t, it.buckets as usize, bucket), NO_CHECK);
        }
        p.inside();
        if it.b == h.b() {
            // The iterator was begun during this growth: what has not moved yet is still in the old array.
            let old = B::of(t, oldbuckets, bucket & h.oldbucketmask());
            p.between();
            if !evacuated(old) {
                return (old, bucket);
            }
        }
        (B::of(t, it.buckets as usize, bucket), NO_CHECK)
    }
}

/// The entry of a slot as the iterator is to yield it, if it is.
#[inline(always)]
unsafe fn entry<P: Probe>(
    t: &MapType,
    h: H,
    it: &Hiter,
    b: B,
    slot: usize,
    check: u64,
    p: &P,
) -> Option<(usize, usize)> {
    // SAFETY: the caller's promise for the map.
    unsafe {
        let top = b.top(slot);
        if is_empty(top) || top == EVACUATED_EMPTY {
            return None;
        }
        let mut k = b.key(t, slot);
        if t.indirect_key() {
            k = mem::ld64(k) as usize;
        }
        if check != NO_CHECK && !h.same_size_grow() {
            // This old bucket will be split: its other half is for another bucket of the iteration.
            if t.reflexive_key() || (t.equal)(t, k, k) {
                let hash = (t.hasher)(t, k, h.hash0().into());
                if hash & bucket_mask(it.b) != check {
                    return None;
                }
            } else if check.checked_shr(u32::from(it.b.wrapping_sub(1))).unwrap_or(0) != u64::from(b.top(slot) & 1) {
                // NaNs go by the low bit of their tophash.
                return None;
            }
        }
        // Go reads the byte again here: another goroutine may have evacuated the slot meanwhile.
        p.between();
        let top = b.top(slot);
        let moved = top == EVACUATED_X || top == EVACUATED_Y;
        let same_table = it.clear_seq == h.clear_seq(t);
        if same_table && (!moved || !(t.reflexive_key() || (t.equal)(t, k, k))) {
            let mut e = b.elem(t, slot);
            if t.indirect_elem() {
                e = mem::ld64(e) as usize;
            }
            return Some((k, e));
        }
        // The entry has moved, or the map was cleared: whatever the map says of the key now is true.
        mapaccessK(t, h, k, p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn candidates_are_what_a_loop_finds() {
        let rng = Rng::new(Some(1));
        for _ in 0..20_000 {
            let marks = rng.rand();
            let tops: [u8; 8] = std::array::from_fn(|i| match marks >> (8 * i) & 7 {
                mark @ 0..6 => mark as u8,
                _ => (rng.rand() >> 32) as u8,
            });
            let (offset, i) = ((marks >> 61) as u8, (marks >> 58 & 7) as u8);
            let is_candidate = |step: &u8| {
                let top = tops[usize::from(step.wrapping_add(offset)) % 8];
                !is_empty(top) && top != EVACUATED_EMPTY
            };
            let found = next_candidate(u64::from_ne_bytes(tops), offset, i);
            assert_eq!(found, (i..8).find(is_candidate).unwrap_or(8), "{tops:?} {offset} {i}");
        }
    }
}
