//! Fast64 operations whose fast cases lie where they are called.
//!
//! A call costs more than what it jumps over: the routine has to load the key schedule anew, and processors have room for fewer
//! operations under way. A [`CallSite`] keeps the schedule in registers, as the compiler keeps what a loop does not change, and
//! its operations begin with the text of the routine's fast case (`asm/call_site/`). Slow cases and faults go to the routine
//! that would have been called, with nothing modified. Handlers know that text by its fixups (`src/fault/handler.rs`).
//!
//! Worth it in loops over one map. There is such text for `map[uint64]uint64` with AVX-512; elsewhere the routines are called.

use super::Fast64;
use crate::layout::mem;
#[cfg(gohmap_asm)]
use crate::layout::{HASH_WRITING, Hmap};
#[cfg(gohmap_asm)]
use crate::map::hmap::ZERO_VAL;
use crate::map::hmap::zero_val;
use crate::types::MapType;
#[cfg(gohmap_asm)]
use crate::types::Routines;
#[cfg(gohmap_asm)]
use std::{
    arch::{asm, x86_64::__m128i},
    mem::offset_of,
};

/// What a place that operates on maps of a type keeps from one operation to the next.
#[derive(Clone, Copy)]
pub struct CallSite<'t> {
    t: &'t MapType,
    mapset: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64, value: u64) -> usize,
    mapaccess1: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize,
    mapdelete: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64),
    /// The part of the key schedule that hashes eight bytes, and 16 bytes of ones, where there is text for the type.
    #[cfg(gohmap_asm)]
    inlined: Option<[__m128i; 4]>,
}

#[cfg(gohmap_asm)]
#[expect(improper_ctypes, reason = "the assembly reads the repr(C) start of MapType alone")]
unsafe extern "C-unwind" {
    fn gohmap_mapset_fast64_words_avx512(t: &MapType, h: usize, key: u64, value: u64) -> usize;
    fn gohmap_mapaccess1_fast64_words_avx512(t: &MapType, h: usize, key: u64) -> usize;
    fn gohmap_mapset_fast64_raced(t: &MapType, h: usize) -> !;
}
#[cfg(gohmap_asm)]
unsafe extern "C" {
    fn gohmap_mapset_fast64_absent_avx512();
    fn gohmap_mapset_fast64_single_avx512();
}

impl<'t> CallSite<'t> {
    /// For maps of a fast64 type, by one of its implementations.
    #[inline]
    #[must_use]
    pub fn new(f: &Fast64, t: &'t MapType) -> Self {
        Self {
            t,
            mapset: f.mapset,
            mapaccess1: f.mapaccess1,
            mapdelete: f.mapdelete,
            #[cfg(gohmap_asm)]
            inlined: (f.inlined && t.routines == Routines::Words).then(|| {
                let part = |n: usize| -> [u8; 16] { std::array::from_fn(|i| t.keys.0[16 * n + i]) };
                [part(0), part(1), part(2), [1; 16]].map(bytemuck::cast)
            }),
        }
    }

    /// `m[key] = value`, whole.
    ///
    /// # Panics
    /// As [`mapassign_fast64`](crate::map::fast64::mapassign_fast64).
    ///
    /// # Safety
    /// As [`Fast64::mapset`], with elements of 8 bytes.
    #[inline(always)]
    pub unsafe fn set(&self, h: usize, key: u64, value: u64) {
        #[cfg(gohmap_asm)]
        if let Some(keys) = self.inlined
            && h != 0
        {
            // SAFETY: the caller's promise. The text is for such types, on processors that have what it needs.
            unsafe {
                return match set_inlined(self.t, keys, h, key, value) {
                    End::Done => {}
                    end => go_on_set(end, self.t, h, key, value),
                };
            }
        }
        // SAFETY: the caller's promise; an address is that of an element.
        unsafe {
            let elem = (self.mapset)(self.t, h, key, value);
            if elem != 0 {
                mem::st64(elem, value);
            }
        }
    }

    /// Where `m[key]` is, or zeroes.
    ///
    /// # Panics
    /// As [`mapaccess1_fast64`](crate::map::fast64::mapaccess1_fast64).
    ///
    /// # Safety
    /// As [`Fast64::mapaccess1`].
    #[inline(always)]
    #[must_use]
    pub unsafe fn access1(&self, h: usize, key: u64) -> usize {
        #[cfg(gohmap_asm)]
        if let Some(keys) = self.inlined
            && h != 0
        {
            // SAFETY: as in `set`.
            unsafe {
                let elem = access1_inlined(keys, h, key);
                return if elem == 0 { call_access1(self.t, h, key) } else { elem };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { (self.mapaccess1)(self.t, h, key) }
    }

    /// The same, and whether there is such a key.
    ///
    /// # Panics
    /// As [`access1`](Self::access1).
    ///
    /// # Safety
    /// As [`access1`](Self::access1).
    #[inline(always)]
    #[must_use]
    pub unsafe fn access2(&self, h: usize, key: u64) -> (usize, bool) {
        // SAFETY: the caller's promise.
        let elem = unsafe { self.access1(h, key) };
        (elem, elem != zero_val())
    }

    /// `delete(m, key)`. Always called: inlined it is not faster.
    ///
    /// # Panics
    /// As [`mapdelete_fast64`](crate::map::fast64::mapdelete_fast64).
    ///
    /// # Safety
    /// As [`Fast64::mapdelete`].
    #[inline(always)]
    pub unsafe fn delete(&self, h: usize, key: u64) {
        // SAFETY: the caller's promise.
        unsafe { (self.mapdelete)(self.t, h, key) };
    }
}

/// How the text of an assign ends.
#[cfg(gohmap_asm)]
enum End {
    Done,
    /// No fast case, or a fault; nothing is modified.
    Slow,
    /// The same, but `hashWriting` is set.
    Undo,
    /// Somebody else has cleared `hashWriting`.
    Raced,
}

/// `m[key] = value` if that is a fast case.
///
/// # Safety
/// As [`CallSite::set`], of a type that the text is for, and a header.
#[cfg(gohmap_asm)]
#[inline(always)]
unsafe fn set_inlined(t: &MapType, keys: [__m128i; 4], h: usize, key: u64, value: u64) -> End {
    // SAFETY: the caller's promise; the text says what it reads and modifies, and what it calls keeps to that.
    unsafe {
        asm!(
            include_str!("../../../asm/call_site/hash_avx512.s"),
            include_str!("../../../asm/call_site/mapset_fast64_avx512.s"),
            flags = const offset_of!(Hmap, flags),
            b = const offset_of!(Hmap, b),
            hash0 = const offset_of!(Hmap, hash0),
            buckets = const offset_of!(Hmap, buckets),
            oldbuckets = const offset_of!(Hmap, oldbuckets),
            writing = const HASH_WRITING,
            absent = sym gohmap_mapset_fast64_absent_avx512,
            single = sym gohmap_mapset_fast64_single_avx512,
            slow = label { return End::Slow },
            undo = label { return End::Undo },
            raced = label { return End::Raced },
            t = in(reg) t,
            h = in(reg) h,
            value = in(reg) value,
            in("rdx") key,
            in("xmm12") keys[0],
            in("xmm13") keys[1],
            in("xmm14") keys[2],
            in("xmm15") keys[3],
            out("rax") _, out("rcx") _, out("rsi") _, out("rdi") _, out("r8") _, out("r9") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _, out("xmm4") _, out("xmm5") _,
            out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _, out("xmm16") _, out("xmm17") _, out("xmm18") _, out("xmm19") _,
            out("k1") _, out("k2") _, out("k3") _,
            options(att_syntax)
        );
    }
    End::Done
}

/// Where `m[key]` is, or zeroes; 0 when that is no fast case.
///
/// # Safety
/// As [`CallSite::access1`], of a type that the text is for, and a header.
#[cfg(gohmap_asm)]
#[inline(always)]
unsafe fn access1_inlined(keys: [__m128i; 4], h: usize, key: u64) -> usize {
    let elem;
    // SAFETY: the caller's promise; the text says what it reads and modifies.
    unsafe {
        asm!(
            include_str!("../../../asm/call_site/hash_avx512.s"),
            include_str!("../../../asm/call_site/mapaccess1_fast64_avx512.s"),
            count = const offset_of!(Hmap, count),
            flags = const offset_of!(Hmap, flags),
            b = const offset_of!(Hmap, b),
            hash0 = const offset_of!(Hmap, hash0),
            buckets = const offset_of!(Hmap, buckets),
            oldbuckets = const offset_of!(Hmap, oldbuckets),
            writing = const HASH_WRITING,
            zeroes = sym ZERO_VAL,
            h = in(reg) h,
            in("rdx") key,
            in("xmm12") keys[0],
            in("xmm13") keys[1],
            in("xmm14") keys[2],
            out("rax") elem, out("rcx") _, out("r8") _,
            out("xmm0") _, out("xmm1") _, out("xmm16") _, out("k1") _,
            options(att_syntax, nostack, readonly)
        );
    }
    elem
}

/// What follows text of an assign that is not done: the routine that it is in the place of. Out of the way, so that a compiler
/// leaves registers to the text.
///
/// # Safety
/// As [`set_inlined`].
#[cfg(gohmap_asm)]
#[cold]
#[inline(never)]
unsafe fn go_on_set(end: End, t: &MapType, h: usize, key: u64, value: u64) {
    // SAFETY: the caller's promise; an address is that of an element.
    unsafe {
        match end {
            End::Undo => clear_writing(h),
            End::Raced => gohmap_mapset_fast64_raced(t, h),
            _ => {}
        }
        let elem = gohmap_mapset_fast64_words_avx512(t, h, key, value);
        if elem != 0 {
            mem::st64(elem, value);
        }
    }
}

/// The same for a lookup.
///
/// # Safety
/// As [`access1_inlined`].
#[cfg(gohmap_asm)]
#[cold]
#[inline(never)]
unsafe fn call_access1(t: &MapType, h: usize, key: u64) -> usize {
    // SAFETY: the caller's promise.
    unsafe { gohmap_mapaccess1_fast64_words_avx512(t, h, key) }
}

/// Clears `hashWriting`, which the text has set.
///
/// # Safety
/// `h` must be a header.
#[cfg(gohmap_asm)]
unsafe fn clear_writing(h: usize) {
    let flags = h + offset_of!(Hmap, flags);
    // SAFETY: the caller's promise.
    unsafe { mem::st8(flags, mem::ld8(flags) ^ HASH_WRITING) };
}
