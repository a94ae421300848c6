//! Element types, and how their bytes travel between Rust and emulated memory.

use crate::layout::mem;
use bytemuck::Pod;
use std::mem::{MaybeUninit, size_of};

/// A type that map elements can have: plain old data, copied byte by byte.
///
/// # Safety
/// Every bit pattern must be a value, and no byte may be padding: elements are made of whatever bytes the map holds,
/// and tampering may put any there.
pub unsafe trait Elem: Copy + 'static {
    /// Elements hold Go pointers: decides whether the map lists its overflow buckets in `mapextra`.
    const POINTERS: bool = false;
}

// SAFETY: what Pod promises.
unsafe impl<T: Pod> Elem for T {}

/// Reads an element, lowest address first, with one load where its size allows.
///
/// # Safety
/// Reading `size_of::<V>()` bytes at `a` must be sound, or must fault where [`crate::fault`] watches.
#[inline(always)]
pub(crate) unsafe fn load<V: Elem>(a: usize) -> V {
    let mut v = MaybeUninit::<V>::uninit();
    let p = v.as_mut_ptr().cast::<u8>();
    chunks(size_of::<V>(), |at, n| {
        // SAFETY: `at + n` is within the value; its bytes may be written singly and unaligned. The load is the
        // caller's promise.
        unsafe {
            match n {
                8 => p.add(at).cast::<u64>().write_unaligned(mem::ld64(a.wrapping_add(at))),
                4 => p.add(at).cast::<u32>().write_unaligned(mem::ld32(a.wrapping_add(at))),
                2 => p.add(at).cast::<u16>().write_unaligned(mem::ld16(a.wrapping_add(at))),
                _ => p.add(at).write(mem::ld8(a.wrapping_add(at))),
            }
        }
    });
    // SAFETY: all bytes are written, and every bit pattern is a value.
    unsafe { v.assume_init() }
}

/// Writes an element, as [`load`] reads.
///
/// # Safety
/// As [`load`], for writing.
#[inline(always)]
pub(crate) unsafe fn store<V: Elem>(a: usize, v: &V) {
    let p = std::ptr::from_ref(v).cast::<u8>();
    chunks(size_of::<V>(), |at, n| {
        // SAFETY: `at + n` is within the value, which has no padding. The store is the caller's promise.
        unsafe {
            match n {
                8 => mem::st64(a.wrapping_add(at), p.add(at).cast::<u64>().read_unaligned()),
                4 => mem::st32(a.wrapping_add(at), p.add(at).cast::<u32>().read_unaligned()),
                2 => mem::st16(a.wrapping_add(at), p.add(at).cast::<u16>().read_unaligned()),
                _ => mem::st8(a.wrapping_add(at), p.add(at).read()),
            }
        }
    });
}

/// The bytes of an element of eight.
#[inline(always)]
pub(super) fn word<V: Elem>(v: &V) -> u64 {
    debug_assert!(size_of::<V>() == 8);
    let mut bytes = [0; 8];
    let n = size_of::<V>().min(8);
    // SAFETY: `n` bytes of the value, which has no padding.
    bytes[..n].copy_from_slice(unsafe { std::slice::from_raw_parts(std::ptr::from_ref(v).cast::<u8>(), n) });
    u64::from_ne_bytes(bytes)
}

/// Parts of `size` bytes that one instruction moves: eights, then what is left.
#[inline(always)]
fn chunks(size: usize, mut f: impl FnMut(usize, usize)) {
    let mut at = 0;
    for n in [8, 4, 2, 1] {
        while size - at >= n {
            f(at, n);
            at += n;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_go_there_and_back() {
        let mut memory = [0xaau8; 300];
        let a = memory.as_mut_ptr() as usize;
        macro_rules! check {
            ($($v:expr, $t:ty);*) => {$(
                memory.fill(0xaa);
                let v: $t = $v;
                // SAFETY: `memory` is larger than any of the values.
                unsafe {
                    store(a + 1, &v);
                    assert_eq!(load::<$t>(a + 1), v);
                }
                assert_eq!((memory[0], memory[1 + size_of_val(&v)]), (0xaa, 0xaa));
            )*};
        }
        check!(7, u8; -2, i8; 0x1234, u16; 0x1234_5678, u32; u64::MAX, u64; i64::MIN, i64; 1.5, f64);
        check!([3; 3], [u8; 3]; [9; 200], [u8; 200]; [1, 2, 3], [u64; 3]);
        // SAFETY: no byte is touched.
        unsafe {
            store(0, &());
            load::<()>(0);
        }
    }
}
