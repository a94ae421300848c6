//! `mallocgc`, `newobject`, `newarray` and `typedmemmove`: the map's side of the heap.

use super::hmap::H;
use crate::fatal;
use crate::heap::{OutOfMemory, Request, Role};
use crate::layout::mem;
use crate::types::MapType;

/// What an object is for, besides its size.
#[derive(Clone, Copy)]
pub(super) struct For {
    pub(super) role: Role,
    /// The header of the map; nil for a header.
    pub(super) map: H,
    /// The bucket array it belongs with, see [`Request::table`].
    pub(super) table: usize,
}

/// `runtime.mallocgc`: `size` zeroed bytes.
///
/// A fault while it zeroes is the runtime's own (`unexpected signal during runtime execution`).
#[inline(never)]
pub(super) unsafe fn mallocgc(t: &MapType, size: usize, noscan: bool, what: For) -> usize {
    let malloc_headers = t.rt.rules().malloc_header;
    let r = Request { size, noscan, malloc_headers, owner: what.map.0, role: what.role, table: what.table };
    match t.rt.heap.alloc(&r) {
        Ok(a) => {
            if a.needs_zero {
                fatal::set_mallocing(true);
                // SAFETY: a fresh object of `size` bytes.
                unsafe { mem::memclr(a.addr, size) };
                fatal::set_mallocing(false);
            }
            a.addr
        }
        Err(e) => allocLarge(e),
    }
}

/// `runtime.(*mcache).allocLarge`, where Go notices that there is no memory.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
fn allocLarge(e: OutOfMemory) -> ! {
    let detail = format_args!("runtime: out of memory: cannot allocate {}-byte block ({} in use)", e.rounded, e.in_use);
    fatal::throw_with_detail(&[&detail], "out of memory")
}

/// `runtime.newobject`.
#[inline(always)]
pub(super) unsafe fn newobject(t: &MapType, size: usize, noscan: bool, what: For) -> usize {
    // SAFETY: the caller's promise.
    unsafe { mallocgc(t, size, noscan, what) }
}

/// `runtime.newarray`.
///
/// # Panics
/// With Go's plain error when the size is out of range.
#[inline(never)]
pub(super) unsafe fn newarray(t: &MapType, n: u64, what: For) -> usize {
    /// `maxAlloc` on amd64.
    const MAX_ALLOC: u64 = 1 << 48;
    let bytes = (t.bucket.size as u64).checked_mul(n).filter(|&bytes| bytes <= MAX_ALLOC && n <= i64::MAX as u64);
    let Some(bytes) = bytes else { fatal::panic_plain("runtime: allocation size out of range") };
    // SAFETY: the caller's promise.
    std::hint::black_box(unsafe { mallocgc(t, bytes as usize, !t.bucket_has_pointers, what) })
}

/// `runtime.typedmemmove`.
#[inline(never)]
pub(super) unsafe fn typedmemmove(dst: usize, src: usize, size: usize) {
    if dst == src {
        return;
    }
    // SAFETY: the caller's promise for both ranges.
    unsafe { mem::memmove(dst, src, size) };
    std::hint::black_box(());
}
