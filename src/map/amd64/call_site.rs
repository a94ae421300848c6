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

/// Tables of up to `2^NEAR` buckets may lie in some cache, as in `asm/base.inc`.
#[cfg(gohmap_asm)]
pub(super) const NEAR: usize = 18;

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
                return if elem == SLOW as u64 { go_on_access1(self.t, h, key) } else { elem as usize };
            }
        }
        // SAFETY: the caller's promise.
        unsafe { (self.mapaccess1)(self.t, h, key) }
    }

    /// `m[key]`, or 0.
    ///
    /// # Panics
    /// As [`access1`](Self::access1).
    ///
    /// # Safety
    /// As [`access1`](Self::access1), with elements of 8 bytes.
    #[inline(always)]
    #[must_use]
    pub unsafe fn get(&self, h: usize, key: u64) -> u64 {
        #[cfg(gohmap_asm)]
        if let Some(keys) = self.inlined
            && h != 0
        {
            // SAFETY: as in `set`.
            unsafe {
                let value = get_inlined(keys, h, key);
                return if value == SLOW as u64 { go_on_get(self.t, h, key) } else { value };
            }
        }
        // SAFETY: the caller's promise; the address is that of an element, or of zeroes.
        unsafe { mem::ld64((self.mapaccess1)(self.t, h, key)) }
    }

    /// Where `m[key]` is, or zeroes, and whether there is such a key.
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

/// What the text of a lookup says when it is no fast case; no address, and few elements.
#[cfg(gohmap_asm)]
pub(crate) const SLOW: i64 = -0x5eed_1e55;

/// `asm!` with a text of `asm/call_site/` and what all of them have in common.
#[cfg(gohmap_asm)]
macro_rules! text {
    ($file:literal, $keys:expr, $h:expr, $key:expr, $($own:tt)*) => {
        asm!(
            include_str!("../../../asm/call_site/hash_avx512.s"),
            include_str!(concat!("../../../asm/call_site/", $file)),
            flags = const offset_of!(Hmap, flags),
            b = const offset_of!(Hmap, b),
            hash0 = const offset_of!(Hmap, hash0),
            buckets = const offset_of!(Hmap, buckets),
            oldbuckets = const offset_of!(Hmap, oldbuckets),
            writing = const HASH_WRITING,
            h = in(reg) $h,
            in("rdx") $key,
            in("xmm12") $keys[0],
            in("xmm13") $keys[1],
            in("xmm14") $keys[2],
            in("xmm15") $keys[3],
            out("rcx") _, out("r8") _, out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm16") _, out("k1") _, out("k2") _,
            $($own)*
        )
    };
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
        text!(
            "mapset_fast64_avx512.s", keys, h, key,
            absent = sym gohmap_mapset_fast64_absent_avx512,
            single = sym gohmap_mapset_fast64_single_avx512,
            slow = label { return End::Slow },
            undo = label { return End::Undo },
            raced = label { return End::Raced },
            t = in(reg) t,
            value = in(reg) value,
            out("rax") _, out("rsi") _, out("rdi") _, out("r9") _,
            out("xmm3") _, out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _, out("xmm8") _, out("xmm9") _,
            out("xmm17") _, out("xmm18") _, out("xmm19") _, out("k3") _,
            options(att_syntax)
        );
    }
    End::Done
}

/// Functions around the text of lookups; what is no fast case, and the value of [`SLOW`], is `SLOW`.
#[cfg(gohmap_asm)]
macro_rules! lookups {
    ($($(#[$about:meta])* $name:ident $value:literal)*) => {$(
        $(#[$about])*
        #[inline(always)]
        unsafe fn $name(keys: [__m128i; 4], h: usize, key: u64) -> u64 {
            let found;
            // SAFETY: the caller's promise; the text says what it reads and modifies.
            unsafe {
                text!(
                    "mapaccess1_fast64_avx512.s", keys, h, key,
                    count = const offset_of!(Hmap, count),
                    zeroes = sym ZERO_VAL,
                    near = const NEAR,
                    value = const $value,
                    slow = const SLOW,
                    out("rax") found,
                    options(att_syntax, nostack, readonly)
                );
            }
            found
        }
    )*};
}

#[cfg(gohmap_asm)]
lookups! {
    /// Where `m[key]` is, or zeroes.
    ///
    /// # Safety
    /// As [`CallSite::access1`], of a type that the text is for, and a header.
    access1_inlined 0
    /// `m[key]`, or 0.
    ///
    /// # Safety
    /// As [`CallSite::get`], of a type that the text is for, and a header.
    get_inlined 1
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
unsafe fn go_on_access1(t: &MapType, h: usize, key: u64) -> usize {
    // SAFETY: the caller's promise.
    unsafe { gohmap_mapaccess1_fast64_words_avx512(t, h, key) }
}

/// And for one that gives the value.
///
/// # Safety
/// As [`get_inlined`].
#[cfg(gohmap_asm)]
#[cold]
#[inline(never)]
unsafe fn go_on_get(t: &MapType, h: usize, key: u64) -> u64 {
    // SAFETY: the caller's promise; the address is that of an element, or of zeroes.
    unsafe { mem::ld64(gohmap_mapaccess1_fast64_words_avx512(t, h, key)) }
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
