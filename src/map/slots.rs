//! How keys are looked for in a bucket: by their mark and then by equality, as the generic functions do, or by comparing
//! all eight at once, where keys fit into a register.
//!
//! Which slot has the key is anybody's guess, and a processor that guesses wrong loses more time than all else takes.

use super::hmap::B;
use crate::layout::{BUCKET_CNT, DATA_OFFSET, EMPTY_REST, is_empty, mem};
use crate::probe::{Probe, Step};
use crate::types::MapType;

/// The first free slot of a chain: its bucket, nil as long as none has been found, and its number.
pub(super) type Free = (B, usize);

/// What a bucket had to say.
pub(super) enum Looked {
    /// The key is in this slot; its address.
    Found(usize, usize),
    /// It is not here, nor in any bucket behind: there is an `emptyRest`.
    Ended,
    /// It is not here.
    On,
}

/// Looks for a key whose hash has the mark `top` in one bucket. `free`, for whoever wants to know, is set at the first free
/// slot.
#[inline(always)]
pub(super) unsafe fn look<P: Probe>(t: &MapType, b: B, key: usize, top: u8, free: Option<&mut Free>, p: &P) -> Looked {
    p.step(Step::Bucket { addr: b.0 });
    // SAFETY: the caller's promise for the bucket and the key.
    unsafe {
        if P::WATCHES {
            return one_by_one(t, b, key, top, free, p);
        }
        if !b.marks_together::<P>() {
            return misaligned(t, b, key, top, free);
        }
        let marks = Marks::load(b);
        for i in marks.slots_with(top) {
            if let Some(k) = same_key(t, b, i, key) {
                return Looked::Found(i, k);
            }
        }
        marks.without_key(b, free)
    }
}

/// [`look`] at memory that is no healthy map's: out of the way.
#[cold]
#[inline(never)]
unsafe fn misaligned(t: &MapType, b: B, key: usize, top: u8, free: Option<&mut Free>) -> Looked {
    // SAFETY: the caller's promise.
    unsafe { one_by_one(t, b, key, top, free, &()) }
}

/// [`look`], slot by slot.
#[inline(always)]
unsafe fn one_by_one<P: Probe>(t: &MapType, b: B, key: usize, top: u8, mut free: Option<&mut Free>, p: &P) -> Looked {
    // SAFETY: the caller's promise for the bucket and the key.
    unsafe {
        for i in 0..BUCKET_CNT {
            p.step(Step::Slot { bucket: b.0, i });
            let have = b.top(i);
            if have != top {
                if let Some(free) = &mut free
                    && is_empty(have)
                    && free.0.is_nil()
                {
                    **free = (b, i);
                }
                if have == EMPTY_REST {
                    return Looked::Ended;
                }
                continue;
            }
            if let Some(k) = same_key(t, b, i, key) {
                return Looked::Found(i, k);
            }
        }
        Looked::On
    }
}

/// Where the key in a slot is, if it is this one.
#[inline(always)]
unsafe fn same_key(t: &MapType, b: B, i: usize, key: usize) -> Option<usize> {
    // SAFETY: the caller's promise for the bucket and the key.
    unsafe {
        let mut k = b.key(t, i);
        if t.indirect_key() {
            k = mem::ld64(k) as usize;
        }
        (t.equal)(t, key, k).then_some(k)
    }
}

/// Whether the keys of a bucket, of so many bytes each, may be loaded together, besides the marks
/// ([`B::marks_together`]): they lie on the same page.
#[inline(always)]
pub(super) fn keys_together<P: Probe>(b: B, key_size: usize) -> bool {
    const PAGE: usize = 4096;
    b.marks_together::<P>() && b.0 % PAGE <= PAGE - (DATA_OFFSET + BUCKET_CNT * key_size)
}

/// The marks of a bucket's eight slots, the first one in the lowest byte.
#[derive(Clone, Copy)]
pub(super) struct Marks(u64);

/// A bit for each slot, the highest of its byte.
const SLOTS: u64 = 0x8080_8080_8080_8080;

/// A byte in all slots.
const fn all(mark: u8) -> u64 {
    0x0101_0101_0101_0101 * mark as u64
}

/// The bytes that are 0, exactly.
const fn zeroes(bytes: u64) -> u64 {
    !(((bytes & !SLOTS) + !SLOTS) | bytes) & SLOTS
}

impl Marks {
    /// Those of the bucket at an address that is a multiple of 8.
    #[inline(always)]
    pub(super) unsafe fn load(b: B) -> Self {
        // SAFETY: the caller's promise for the bucket.
        Self(unsafe { mem::ld64(b.0) })
    }

    /// What lies before the first `emptyRest`.
    #[inline(always)]
    fn before_rest(self) -> u64 {
        let rest = zeroes(self.0);
        // What is below the lowest bit; everything when there is none.
        rest.wrapping_sub(1) & !rest
    }

    /// The slots that have this mark, which is none of an empty slot, and lie before the first `emptyRest`.
    #[inline(always)]
    fn slots_with(self, top: u8) -> SlotsOf {
        SlotsOf(zeroes(self.0 ^ all(top)) & self.before_rest())
    }

    /// Those of the slots that are not empty.
    #[inline(always)]
    pub(super) fn live(self, slots: SlotsOf) -> SlotsOf {
        SlotsOf(slots.0 & !zeroes(self.0 & all(!1)))
    }

    /// Those of the slots that are not empty, and lie before the first `emptyRest`.
    #[inline(always)]
    pub(super) fn live_before_rest(self, slots: SlotsOf) -> SlotsOf {
        SlotsOf(self.live(slots).0 & self.before_rest())
    }

    /// What the bucket with these marks, in which the key is not, has to say; `free` as for [`look`].
    #[inline(always)]
    pub(super) fn without_key(self, b: B, free: Option<&mut Free>) -> Looked {
        if let Some(free) = free
            && free.0.is_nil()
            && let Some(i) = self.first_free()
        {
            *free = (b, i);
        }
        if self.ended() { Looked::Ended } else { Looked::On }
    }

    /// The first slot that is empty, unless it lies behind an `emptyRest`: it is the `emptyRest`, then.
    #[inline(always)]
    fn first_free(self) -> Option<usize> {
        let free = zeroes(self.0 & all(!1));
        (free != 0).then(|| SlotsOf::number(free))
    }

    /// Whether there is an `emptyRest`.
    #[inline(always)]
    fn ended(self) -> bool {
        zeroes(self.0) != 0
    }
}

/// Slots that are left to look at.
pub(super) struct SlotsOf(u64);

impl SlotsOf {
    /// All eight.
    pub(super) const ALL: Self = Self(SLOTS);

    /// Those for which `has` says so, asked for all eight in turn.
    #[inline(always)]
    pub(super) fn that(mut has: impl FnMut(usize) -> bool) -> Self {
        let mut bits = 0;
        for i in 0..BUCKET_CNT {
            bits |= u64::from(has(i)) << (8 * i + 7);
        }
        Self(bits)
    }

    #[inline(always)]
    fn number(bits: u64) -> usize {
        bits.trailing_zeros() as usize / 8
    }
}

impl Iterator for SlotsOf {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let i = Self::number(self.0);
        self.0 &= self.0 - 1;
        Some(i)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::Rng;

    #[test]
    fn marks_together_say_what_they_say_one_by_one() {
        let rng = Rng::new(Some(3));
        for _ in 0..100_000 {
            let pick = rng.rand();
            // Few different ones, and all that are special.
            let marks: [u8; 8] = std::array::from_fn(|i| [0, 1, 2, 4, 5, 6, 128, 255][(pick >> (3 * i)) as usize % 8]);
            let top = [5, 6, 128, 255][(pick >> 60) as usize % 4];
            let word = Marks(u64::from_le_bytes(marks));
            let end = marks.iter().position(|&m| m == EMPTY_REST);
            let with: Vec<usize> = (0..end.unwrap_or(8)).filter(|&i| marks[i] == top).collect();
            assert_eq!(word.slots_with(top).collect::<Vec<_>>(), with, "{marks:x?} {top:x}");
            assert_eq!(word.first_free(), marks.iter().position(|&m| is_empty(m)), "{marks:x?}");
            assert_eq!(word.ended(), end.is_some(), "{marks:x?}");
            let some = |i: usize| pick >> (32 + i) & 1 != 0;
            let live: Vec<usize> = (0..8).filter(|&i| some(i) && !is_empty(marks[i])).collect();
            assert_eq!(word.live(SlotsOf::that(some)).collect::<Vec<_>>(), live, "{marks:x?}");
            let before: Vec<usize> = live.into_iter().filter(|&i| i < end.unwrap_or(8)).collect();
            assert_eq!(word.live_before_rest(SlotsOf::that(some)).collect::<Vec<_>>(), before, "{marks:x?}");
        }
    }
}
