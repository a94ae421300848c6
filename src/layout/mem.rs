//! Loads and stores of emulated memory.
//!
//! The addresses come out of the map's own bytes and may be anything: unmapped, misaligned, nil, non-canonical.
//! That is the point of the project, so these are single machine instructions that rustc knows nothing about
//! (on amd64), and what happens is what the processor does: a value, or a signal that `fault/` decides about.
//! They are plain loads and stores as far as other threads are concerned, just like Go's.

#[cfg(all(target_arch = "x86_64", not(miri)))]
mod imp {
    use core::arch::asm;

    macro_rules! ldst {
        ($ld:ident, $st:ident, $ty:ty, $class:ident, $load:literal, $store:literal) => {
            #[inline(always)]
            pub(super) unsafe fn $ld(a: usize) -> $ty {
                let v: u64;
                // SAFETY: one load instruction; the caller vouches that reading `a` is sound or faults into
                // a handler that does not return here.
                unsafe { asm!($load, v = out(reg) v, a = in(reg) a, options(att_syntax, nostack, preserves_flags, readonly)) };
                v as $ty
            }
            #[inline(always)]
            pub(super) unsafe fn $st(a: usize, v: $ty) {
                // SAFETY: one store instruction; as above, for writing.
                unsafe { asm!($store, v = in($class) v, a = in(reg) a, options(att_syntax, nostack, preserves_flags)) };
            }
        };
    }
    // The address is an index without a base: with %rbp as base the access would go by the stack segment, and the kernel
    // reports a non-canonical address there as SIGBUS, not as SIGSEGV.
    ldst!(ld8, st8, u8, reg_byte, "movzbl (,{a},1), {v:e}", "movb {v}, (,{a},1)");
    ldst!(ld16, st16, u16, reg, "movzwl (,{a},1), {v:e}", "movw {v:x}, (,{a},1)");
    ldst!(ld32, st32, u32, reg, "movl (,{a},1), {v:e}", "movl {v:e}, (,{a},1)");
    ldst!(ld64, st64, u64, reg, "movq (,{a},1), {v}", "movq {v}, (,{a},1)");

    #[inline(always)]
    pub(super) unsafe fn ld128(a: usize) -> u128 {
        let v: core::arch::x86_64::__m128i;
        // SAFETY: one load instruction, as above; a vector and a u128 are the same sixteen bytes.
        unsafe {
            asm!("movdqu (,{a},1), {v}", v = out(xmm_reg) v, a = in(reg) a,
                options(att_syntax, nostack, preserves_flags, readonly));
            core::mem::transmute(v)
        }
    }
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
mod imp {
    use core::ptr::with_exposed_provenance_mut;
    use core::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering::Relaxed};

    macro_rules! ldst {
        ($ld:ident, $st:ident, $ty:ty, $atomic:ty) => {
            #[inline(always)]
            pub(super) unsafe fn $ld(a: usize) -> $ty {
                if a % size_of::<$ty>() != 0 {
                    // SAFETY: the caller vouches for reading `a`; misaligned words are never shared.
                    return unsafe { with_exposed_provenance_mut::<$ty>(a).read_unaligned() };
                }
                // SAFETY: aligned, and the caller vouches for reading `a`.
                unsafe { <$atomic>::from_ptr(with_exposed_provenance_mut(a)).load(Relaxed) }
            }
            #[inline(always)]
            pub(super) unsafe fn $st(a: usize, v: $ty) {
                if a % size_of::<$ty>() != 0 {
                    // SAFETY: the caller vouches for writing `a`; misaligned words are never shared.
                    return unsafe { with_exposed_provenance_mut::<$ty>(a).write_unaligned(v) };
                }
                // SAFETY: aligned, and the caller vouches for writing `a`.
                unsafe { <$atomic>::from_ptr(with_exposed_provenance_mut(a)).store(v, Relaxed) }
            }
        };
    }
    ldst!(ld8, st8, u8, AtomicU8);
    ldst!(ld16, st16, u16, AtomicU16);
    ldst!(ld32, st32, u32, AtomicU32);
    ldst!(ld64, st64, u64, AtomicU64);

    #[inline(always)]
    pub(super) unsafe fn ld128(a: usize) -> u128 {
        // SAFETY: the caller vouches for reading `a`.
        unsafe { u128::from(ld64(a)) | u128::from(ld64(a.wrapping_add(8))) << 64 }
    }
}

macro_rules! public {
    ($($ld:ident $st:ident $ty:ty, $what:literal;)*) => {$(
        #[doc = concat!("Loads ", $what, " at address `a`.")]
        ///
        /// # Safety
        /// Reading there must be sound, or must fault inside a region that [`crate::fault`] watches.
        #[inline(always)]
        #[must_use]
        pub unsafe fn $ld(a: usize) -> $ty {
            // SAFETY: the caller's promise.
            unsafe { imp::$ld(a) }
        }
        #[doc = concat!("Stores ", $what, " at address `a`.")]
        ///
        /// # Safety
        /// Writing there must be sound, or must fault inside a region that [`crate::fault`] watches.
        #[inline(always)]
        pub unsafe fn $st(a: usize, v: $ty) {
            // SAFETY: the caller's promise.
            unsafe { imp::$st(a, v) }
        }
    )*};
}
public! {
    ld8 st8 u8, "a byte";
    ld16 st16 u16, "a 16-bit word";
    ld32 st32 u32, "a 32-bit word";
    ld64 st64 u64, "a 64-bit word";
}

/// Asks for the cache line at address `a`, which may be anything: never faults, and changes nothing.
#[inline(always)]
pub fn prefetch(a: usize) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: a prefetch does not fault, wherever it points (Intel SDM, PREFETCHh).
    unsafe {
        use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(core::ptr::without_provenance(a));
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = a;
}

/// Loads sixteen bytes at address `a`: together, where the processor can.
///
/// # Safety
/// Reading there must be sound, or must fault inside a region that [`crate::fault`] watches.
#[inline(always)]
#[must_use]
pub unsafe fn ld128(a: usize) -> u128 {
    // SAFETY: the caller's promise.
    unsafe { imp::ld128(a) }
}

/// Whether this build has the assembly of `asm/` (x86_64 Linux, not `portable`, not Miri).
pub const HAVE_ASM: bool = cfg!(gohmap_asm);

#[cfg(gohmap_asm)]
unsafe extern "C-unwind" {
    fn gohmap_memclrNoHeapPointers(p: usize, n: usize);
    fn gohmap_memmove(dst: usize, src: usize, n: usize);
}

/// Zeroes `n` bytes at `p` (`runtime.memclrNoHeapPointers`), lowest address first.
///
/// A routine of our own and not the C library's, so that a fault in it is known to be the map's.
///
/// # Safety
/// Writing there must be sound, or must fault inside a region that [`crate::fault`] watches.
#[inline]
pub unsafe fn memclr(p: usize, n: usize) {
    #[cfg(gohmap_asm)]
    // SAFETY: the caller's promise; the routine touches only [p, p+n).
    unsafe {
        gohmap_memclrNoHeapPointers(p, n);
    }
    #[cfg(not(gohmap_asm))]
    for i in 0..n {
        // SAFETY: the caller's promise, byte by byte.
        unsafe { st8(p + i, 0) };
    }
}

/// Copies `n` bytes from `src` to `dst` (`runtime.memmove`); the ranges may overlap.
///
/// # Safety
/// Both ranges must be sound to access, or must fault inside a region that [`crate::fault`] watches.
#[inline]
pub unsafe fn memmove(dst: usize, src: usize, n: usize) {
    #[cfg(gohmap_asm)]
    // SAFETY: the caller's promise; the routine touches only the two ranges.
    unsafe {
        gohmap_memmove(dst, src, n);
    }
    #[cfg(not(gohmap_asm))]
    if dst <= src || dst >= src + n {
        for i in 0..n {
            // SAFETY: the caller's promise, byte by byte.
            unsafe { st8(dst + i, ld8(src + i)) };
        }
    } else {
        for i in (0..n).rev() {
            // SAFETY: the caller's promise, byte by byte.
            unsafe { st8(dst + i, ld8(src + i)) };
        }
    }
}

#[cfg(all(test, target_arch = "x86_64", not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn words_come_back() {
        let mut w = [0_u64; 2];
        let a = w.as_mut_ptr().expose_provenance();
        // SAFETY: sixteen bytes of this frame.
        unsafe {
            st64(a, 0x1122_3344_5566_7788);
            st8(a + 1, 0xaa);
            st16(a + 2, 0xbbbb);
            st32(a + 9, 0xcccc_dddd);
            assert_eq!((ld64(a), ld8(a), ld16(a + 1), ld32(a + 9)), (0x1122_3344_bbbb_aa88, 0x88, 0xbbaa, 0xcccc_dddd));
            assert_eq!(ld128(a), 0xcc_ccdd_dd00 << 64 | 0x1122_3344_bbbb_aa88);
        }
    }
}
