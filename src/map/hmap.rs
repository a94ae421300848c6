//! Reading and writing `hmap` and buckets in emulated memory: thin names over single loads and stores.
//!
//! Every function here is unsafe for the same reason: the address may be anything, and the access may fault inside a
//! watched region. `H` and `B` are addresses, nothing more.

use crate::layout::{BUCKET_CNT, EMPTY_ONE, HASH_WRITING, MIN_TOP_HASH, SAME_SIZE_GROW, mem};
use crate::probe::{Probe, Step};
use crate::types::MapType;

/// `1 << b`, the shift counting modulo 64 (`bucketShift`).
#[inline(always)]
pub(super) const fn bucket_shift(b: u8) -> u64 {
    1_u64 << (b & 63)
}

/// `1 << b - 1` (`bucketMask`).
#[inline(always)]
pub(super) const fn bucket_mask(b: u8) -> u64 {
    bucket_shift(b) - 1
}

/// Address of a map header.
#[derive(Clone, Copy)]
pub(super) struct H(pub(super) usize);

macro_rules! field {
    ($get:ident $set:ident $ty:ty, $ld:ident $st:ident $offset:literal) => {
        #[inline(always)]
        pub(super) unsafe fn $get(self) -> $ty {
            // SAFETY: the caller's promise for the header's bytes.
            unsafe { mem::$ld(self.0 + $offset) as $ty }
        }
        #[inline(always)]
        pub(super) unsafe fn $set(self, v: $ty) {
            // SAFETY: as above.
            unsafe { mem::$st(self.0 + $offset, v as _) };
        }
    };
}

impl H {
    field!(count set_count i64, ld64 st64 0);
    field!(flags set_flags u8, ld8 st8 8);
    field!(b set_b u8, ld8 st8 9);
    field!(noverflow set_noverflow u16, ld16 st16 10);
    field!(hash0 set_hash0 u32, ld32 st32 12);
    field!(buckets set_buckets usize, ld64 st64 16);
    field!(oldbuckets set_oldbuckets usize, ld64 st64 24);
    field!(nevacuate set_nevacuate u64, ld64 st64 32);

    /// `h.extra`, whose place depends on the version.
    #[inline(always)]
    pub(super) unsafe fn extra(self, t: &MapType) -> usize {
        // SAFETY: the caller's promise for the header's bytes.
        unsafe { mem::ld64(self.0 + t.rt.rules().extra_offset) as usize }
    }

    #[inline(always)]
    pub(super) unsafe fn set_extra(self, t: &MapType, v: usize) {
        // SAFETY: as above.
        unsafe { mem::st64(self.0 + t.rt.rules().extra_offset, v as u64) };
    }

    /// `h.clearSeq`, 0 in versions that have none.
    #[inline(always)]
    pub(super) unsafe fn clear_seq(self, t: &MapType) -> u64 {
        match t.rt.rules().clear_seq_offset {
            // SAFETY: as above.
            Some(at) => unsafe { mem::ld64(self.0 + at) },
            None => 0,
        }
    }

    /// The random bits that a version puts into `hash0`.
    pub(super) unsafe fn reseed(self, t: &MapType) {
        // SAFETY: as above.
        unsafe { self.set_hash0(t.rt.rng.rand() as u32) };
    }

    /// Whether the map is growing.
    #[inline(always)]
    pub(super) unsafe fn growing(self) -> bool {
        // SAFETY: as above.
        unsafe { self.oldbuckets() != 0 }
    }

    /// Whether the growth is to the same size (`sameSizeGrow`).
    #[inline(always)]
    pub(super) unsafe fn same_size_grow(self) -> bool {
        // SAFETY: as above.
        unsafe { self.flags() & SAME_SIZE_GROW != 0 }
    }

    /// Buckets before the growth (`noldbuckets`).
    #[inline(always)]
    pub(super) unsafe fn noldbuckets(self) -> u64 {
        // SAFETY: as above.
        unsafe {
            let b = self.b();
            bucket_shift(if self.same_size_grow() { b } else { b.wrapping_sub(1) })
        }
    }

    /// `oldbucketmask`.
    #[inline(always)]
    pub(super) unsafe fn oldbucketmask(self) -> u64 {
        // SAFETY: as above.
        unsafe { self.noldbuckets().wrapping_sub(1) }
    }

    /// The flag that says "a write is under way".
    #[inline(always)]
    pub(super) unsafe fn writing(self) -> bool {
        // SAFETY: as above.
        unsafe { self.flags() & HASH_WRITING != 0 }
    }

    /// `h.flags ^= hashWriting`.
    #[inline(always)]
    pub(super) unsafe fn toggle_writing<P: Probe>(self, p: &P) {
        // SAFETY: as above.
        unsafe {
            let flags = self.flags();
            p.between();
            self.set_flags(flags ^ HASH_WRITING);
        }
    }

    /// `h.flags &^= hashWriting`.
    #[inline(always)]
    pub(super) unsafe fn clear_writing<P: Probe>(self, p: &P) {
        // SAFETY: as above.
        unsafe {
            let flags = self.flags();
            p.between();
            self.set_flags(flags & !HASH_WRITING);
        }
    }
}

/// Address of a bucket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct B(pub(super) usize);

impl B {
    /// Asks for what there is behind the first cache line of a bucket that is about to be searched, so that it is not waited for
    /// one line after the other.
    #[inline(always)]
    pub(super) fn prefetch<P: Probe>(self, t: &MapType) -> Self {
        if !P::WATCHES {
            mem::prefetch(self.0.wrapping_add(64));
            mem::prefetch(self.0.wrapping_add(128));
            mem::prefetch(self.0.wrapping_add(t.bucket.overflow()));
        }
        self
    }

    /// Bucket `i` of the array at `array`.
    #[inline(always)]
    pub(super) fn of(t: &MapType, array: usize, i: u64) -> Self {
        Self(array.wrapping_add((i as usize).wrapping_mul(t.bucket.size)))
    }

    #[inline(always)]
    pub(super) fn is_nil(self) -> bool {
        self.0 == 0
    }

    #[inline(always)]
    pub(super) unsafe fn top(self, i: usize) -> u8 {
        // SAFETY: the caller's promise for the bucket's bytes.
        unsafe { mem::ld8(self.0.wrapping_add(i)) }
    }

    #[inline(always)]
    pub(super) unsafe fn set_top(self, i: usize, v: u8) {
        // SAFETY: as above.
        unsafe { mem::st8(self.0.wrapping_add(i), v) };
    }

    /// Whether the eight marks may be loaded and stored together: nobody watches, and they lie on one page, where all of them
    /// fault if the first does.
    #[inline(always)]
    pub(super) fn marks_together<P: Probe>(self) -> bool {
        !P::WATCHES && self.0.is_multiple_of(8)
    }

    /// [`set_top`](Self::set_top) for marks that are soon loaded together: then all of them are stored, too, for a processor
    /// waits before it loads what it has stored in pieces. After the mark alone, which faults where Go does.
    #[inline(always)]
    pub(super) unsafe fn set_top_of_all<P: Probe>(self, i: usize, v: u8) {
        // SAFETY: as above.
        unsafe {
            if !self.marks_together::<P>() {
                return self.set_top(i, v);
            }
            let all = mem::ld64(self.0);
            self.set_top(i, v);
            let at = 8 * i as u32;
            mem::st64(self.0, all & !(0xff << at) | u64::from(v) << at);
        }
    }

    #[inline(always)]
    pub(super) fn key(self, t: &MapType, i: usize) -> usize {
        self.0.wrapping_add(t.bucket.key(i))
    }

    #[inline(always)]
    pub(super) fn elem(self, t: &MapType, i: usize) -> usize {
        self.0.wrapping_add(t.bucket.elem(i))
    }

    #[inline(always)]
    pub(super) unsafe fn overflow(self, t: &MapType) -> Self {
        // SAFETY: as above.
        Self(unsafe { mem::ld64(self.0.wrapping_add(t.bucket.overflow())) } as usize)
    }
}

/// `bmap.setoverflow`.
#[inline(always)]
pub(super) unsafe fn setoverflow(b: B, t: &MapType, ovf: B) {
    // SAFETY: the caller's promise for the bucket's bytes.
    unsafe { mem::st64(b.0.wrapping_add(t.bucket.overflow()), ovf.0 as u64) };
}

/// Whether an old bucket has been evacuated: its first tophash byte says so.
#[inline(always)]
pub(super) unsafe fn evacuated(b: B) -> bool {
    // SAFETY: the caller's promise for the bucket's bytes.
    let top = unsafe { b.top(0) };
    top > EMPTY_ONE && top < MIN_TOP_HASH
}

/// The bucket that holds a hash: the old one when its entries have not moved yet.
#[inline(always)]
pub(super) unsafe fn lookup_bucket<P: Probe>(t: &MapType, h: H, hash: u64, p: &P) -> B {
    // SAFETY: the caller's promise for the header and the arrays.
    unsafe {
        let mut m = bucket_mask(h.b());
        p.between();
        let b = B::of(t, h.buckets(), hash & m);
        p.between();
        let c = h.oldbuckets();
        if c != 0 {
            if !h.same_size_grow() {
                m >>= 1;
            }
            let old = B::of(t, c, hash & m);
            p.between();
            if !evacuated(old) {
                return old;
            }
        }
        b
    }
}

/// After slot `i` of `b` was marked `emptyOne`: turns the run of `emptyOne`s at the end of the chain that begins at
/// `first` into `emptyRest`s.
#[inline(always)]
pub(super) unsafe fn mark_rest_empty<P: Probe>(t: &MapType, first: B, b: B, i: usize, p: &P) {
    use crate::layout::EMPTY_REST;
    // SAFETY: the caller's promise for the chain.
    unsafe {
        let last = if i == BUCKET_CNT - 1 {
            let ovf = b.overflow(t);
            ovf.is_nil() || ovf.top(0) == EMPTY_REST
        } else {
            b.top(i + 1) == EMPTY_REST
        };
        if !last {
            return;
        }
        let (mut b, mut i) = (b, i);
        loop {
            p.inside();
            b.set_top_of_all::<P>(i, EMPTY_REST);
            if i == 0 {
                if b == first {
                    return;
                }
                // The bucket before this one, from its last slot.
                let here = b;
                b = first;
                while b.overflow(t) != here {
                    b = b.overflow(t);
                    p.step(Step::Walk { addr: b.0 });
                }
                i = BUCKET_CNT - 1;
            } else {
                i -= 1;
            }
            if b.top(i) != EMPTY_ONE {
                return;
            }
        }
    }
}

/// 1024 zero bytes (`runtime.zeroVal`): what a lookup of an absent key points to.
#[repr(align(64))]
pub(super) struct ZeroVal([u8; 1024]);
#[cfg_attr(gohmap_asm, unsafe(export_name = "gohmap_zero_val"))]
pub(super) static ZERO_VAL: ZeroVal = ZeroVal([0; 1024]);

/// Address of [`ZERO_VAL`].
#[inline(always)]
pub(super) fn zero_val() -> usize {
    ZERO_VAL.0.as_ptr().expose_provenance()
}
