//! `mallocgc`, `newobject`, `newarray` and `typedmemmove`: the map's side of the heap.

use super::hmap::H;
use crate::fatal;
use crate::heap::{Allocation, MIN_SIZE_FOR_MALLOC_HEADER, OutOfMemory, Request, Role, is_large};
use crate::layout::mem;
use crate::types::MapType;
use std::hint::black_box;

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
    let rules = t.rt.rules();
    let malloc_headers = rules.malloc_header;
    let r = Request { size, noscan, malloc_headers, owner: what.map.0, role: what.role, table: what.table };
    // SAFETY: a request of the caller's.
    black_box(unsafe {
        match (rules.mallocgc_by_kind, is_large(size, malloc_headers)) {
            (false, large) => allocate(t, &r, large),
            (true, true) => mallocgcLarge(t, &r),
            (true, false) if noscan => mallocgcSmallNoscan(t, &r),
            (true, false) if size <= MIN_SIZE_FOR_MALLOC_HEADER => mallocgcSmallScanNoHeader(t, &r),
            (true, false) => mallocgcSmallScanHeader(t, &r),
        }
    })
}

/// The memory of a bucket for the map at `h`, unless [`mallocgc`] would find none.
#[cfg(gohmap_asm)]
pub(super) fn try_bucket(t: &MapType, h: usize) -> Option<Allocation> {
    let r = Request {
        size: t.bucket.size,
        noscan: !t.bucket_has_pointers,
        malloc_headers: t.rt.rules().malloc_header,
        owner: h,
        role: Role::Buckets,
        table: 0,
    };
    let heap = &t.rt.heap;
    match heap.alloc_freed(&r, None) {
        Some(addr) => Some(Allocation { addr, needs_zero: true }),
        None => heap.alloc(&r).ok(),
    }
}

/// The kinds of object that `mallocgc` tells apart from Go 1.24 on, each with a function of its own.
macro_rules! kinds {
    ($($name:ident $large:literal)*) => {$(
        #[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
        #[inline(never)]
        unsafe fn $name(t: &MapType, r: &Request) -> usize {
            // SAFETY: the caller's promise.
            black_box(unsafe { allocate(t, r, $large) })
        }
    )*};
}
kinds! { mallocgcSmallNoscan false mallocgcSmallScanNoHeader false mallocgcSmallScanHeader false mallocgcLarge true }

#[inline(always)]
unsafe fn allocate(t: &MapType, r: &Request, large: bool) -> usize {
    let a = if large { allocLarge(t, r) } else { small(t, r) };
    if a.needs_zero {
        if large && r.noscan {
            // SAFETY: a fresh object of that size.
            unsafe { memclrNoHeapPointersChunked(a.addr, r.size) };
        } else {
            fatal::set_mallocing(true);
            // SAFETY: as above.
            unsafe { mem::memclr(a.addr, r.size) };
            fatal::set_mallocing(false);
        }
    }
    a.addr
}

/// An object of a size class: what has been freed last is taken without a frame of [`nextFree`], for it cannot fail.
#[inline(always)]
fn small(t: &MapType, r: &Request) -> Allocation {
    let layout = (r.role == Role::Header).then_some(&t.bucket);
    match t.rt.heap.alloc_freed(r, layout) {
        Some(addr) => Allocation { addr, needs_zero: true },
        None => nextFree(t, r),
    }
}

/// `runtime.(*mcache).allocLarge`: an object with pages of its own.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
fn allocLarge(t: &MapType, r: &Request) -> Allocation {
    t.rt.heap.alloc(r).unwrap_or_else(|e| out_of_memory(&e))
}

/// `runtime.(*mcache).nextFree`: an object of a size class.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
fn nextFree(t: &MapType, r: &Request) -> Allocation {
    let got = if r.role == Role::Header { t.rt.heap.alloc_header(r, &t.bucket) } else { t.rt.heap.alloc(r) };
    got.unwrap_or_else(|e| refill(&e))
}

/// `runtime.(*mcache).refill`, where Go notices that there is no memory for another span.
#[inline(never)]
fn refill(e: &OutOfMemory) -> ! {
    out_of_memory(e)
}

/// What the page heap prints before its caller throws.
#[inline(always)]
fn out_of_memory(e: &OutOfMemory) -> ! {
    if e.uncommitted {
        mheap_alloc()
    }
    let detail = format_args!("runtime: out of memory: cannot allocate {}-byte block ({} in use)", e.rounded, e.in_use);
    fatal::throw_with_detail(&[&detail], "out of memory")
}

/// `runtime.(*mheap).alloc`, which maps memory on the system stack, and there finds it refused.
#[inline(never)]
fn mheap_alloc() -> ! {
    fatal::systemstack_switch(mheap_alloc_func1)
}

#[inline(never)]
fn mheap_alloc_func1() -> ! {
    mheap_allocSpan()
}

#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
fn mheap_allocSpan() -> ! {
    mheap_grow()
}

#[inline(never)]
fn mheap_grow() -> ! {
    sysMap()
}

#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
fn sysMap() -> ! {
    sysMapOS()
}

#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
fn sysMapOS() -> ! {
    fatal::throw("runtime: out of memory")
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
    black_box(unsafe { mallocgc(t, bytes as usize, !t.bucket_has_pointers, what) })
}

/// `runtime.memclrNoHeapPointersChunked`: zeroes a large object without pointers, which Go does late, when a fault is no
/// longer the allocator's.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
unsafe fn memclrNoHeapPointersChunked(at: usize, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { mem::memclr(at, size) };
    black_box(());
}

/// `runtime.memclrHasPointers`.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
unsafe fn memclrHasPointers(at: usize, size: usize) {
    // SAFETY: the caller's promise.
    unsafe { mem::memclr(at, size) };
    black_box(());
}

/// Zeroes memory by the function that Go's compiler or runtime picks for it.
#[inline(always)]
pub(super) unsafe fn clear(at: usize, size: usize, has_pointers: bool) {
    // SAFETY: the caller's promise.
    unsafe { if has_pointers { memclrHasPointers(at, size) } else { mem::memclr(at, size) } }
}

/// Gives an object back that the map has let go of, if `addr` is one: in a tampered map it may be anything.
pub(super) fn discard(t: &MapType, h: H, addr: usize, role: Role) {
    let heap = &t.rt.heap;
    if heap.locate(addr).is_some_and(|o| o.base == addr && o.owner == h.0 && o.role == role) {
        heap.free(addr);
    }
}

/// `runtime.typedmemmove`.
#[inline(never)]
pub(super) unsafe fn typedmemmove(dst: usize, src: usize, size: usize) {
    if dst == src {
        return;
    }
    // SAFETY: the caller's promise for both ranges.
    unsafe { mem::memmove(dst, src, size) };
    black_box(());
}
