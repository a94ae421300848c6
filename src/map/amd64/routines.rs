//! The assembly's side: its routines, and the functions that they jump to and call.

use super::portable::*;
use super::{Fast64, Found, Generics, Slot, no_prefetch};
use crate::fault::op;
use crate::heap::OnFree;
use crate::layout::Hiter;
use crate::layout::{Hmap, mem};
use crate::map::batch::Many;
use crate::map::faststr::GoString;
use crate::map::{assign, delete, fast32, fast64, faststr, malloc};
use crate::probe::{Absent, GrowWork, Probe, Step};
use crate::types::{Generic, MapType};

/// A family: its routines, and the functions that they jump to.
///
/// `_WORDS`: the same with fast64 routines that are for [`Routines::Words`] alone. `_NARROW`: with fast32 routines for
/// [`Routines::Narrow`].
macro_rules! family {
    (
        $name:ident $probe:expr,
        $assign:ident $set:ident $access1:ident $access2:ident $delete:ident,
        $slow_assign:ident $slow_access1:ident $slow_access2:ident $slow_delete:ident,
        $assign_ptr:ident $delete_ptr:ident $assign32:ident $access1_32:ident $access2_32:ident $delete32:ident,
        $assign_str:ident $access1_str:ident $access2_str:ident $find_str:ident $delete_str:ident,
        $generic:expr, $next:ident $prefetch:ident
        $(, $words:ident $words_assign:ident $words_set:ident $words_access1:ident $words_access2:ident $words_delete:ident
          $assign_many:expr, $get_many:expr, $inlined:expr,
          $narrow:ident $narrow_assign:ident $narrow_access1:ident $narrow_access2:ident $narrow_delete:ident)?
    ) => {
        #[expect(improper_ctypes, reason = "the assembly reads the repr(C) start of MapType alone")]
        unsafe extern "C-unwind" {
            fn $assign(t: &MapType, h: usize, key: u64) -> usize;
            fn $access1(t: &MapType, h: usize, key: u64) -> usize;
            fn $access2(t: &MapType, h: usize, key: u64) -> Found;
            fn $delete(t: &MapType, h: usize, key: u64);
        }
        portable_functions! { $probe, $slow_assign $slow_access1 $slow_access2 $slow_delete }
        pub(super) static $name: Fast64 = Fast64 {
            mapassign: $assign,
            mapset: $set,
            mapaccess1: $access1,
            mapaccess2: $access2,
            mapdelete: $delete,
            mapassign_ptr: $assign_ptr,
            mapdelete_ptr: $delete_ptr,
            mapassign32: $assign32,
            mapaccess1_32: $access1_32,
            mapaccess2_32: $access2_32,
            mapdelete32: $delete32,
            mapassign_str: $assign_str,
            mapaccess1_str: $access1_str,
            mapaccess2_str: $access2_str,
            find_str: $find_str,
            mapdelete_str: $delete_str,
            generic: $generic,
            mapiternext: $next,
            prefetch: $prefetch,
            assign_many: None,
            get_many: None,
            inlined: false,
        };
        $(
        #[expect(improper_ctypes, reason = "as above")]
        unsafe extern "C-unwind" {
            fn $words_assign(t: &MapType, h: usize, key: u64) -> usize;
            fn $words_set(t: &MapType, h: usize, key: u64, value: u64) -> usize;
            fn $words_access1(t: &MapType, h: usize, key: u64) -> usize;
            fn $words_access2(t: &MapType, h: usize, key: u64) -> Found;
            fn $words_delete(t: &MapType, h: usize, key: u64);
            fn $narrow_assign(t: &MapType, h: usize, key: u64) -> usize;
            fn $narrow_access1(t: &MapType, h: usize, key: u64) -> usize;
            fn $narrow_access2(t: &MapType, h: usize, key: u64) -> Found;
            fn $narrow_delete(t: &MapType, h: usize, key: u64);
        }
        pub(super) static $narrow: Fast64 = Fast64 {
            mapassign32: $narrow_assign,
            mapaccess1_32: $narrow_access1,
            mapaccess2_32: $narrow_access2,
            mapdelete32: $narrow_delete,
            ..$name
        };
        pub(super) static $words: Fast64 = Fast64 {
            mapassign: $words_assign,
            mapset: $words_set,
            mapaccess1: $words_access1,
            mapaccess2: $words_access2,
            mapdelete: $words_delete,
            assign_many: $assign_many,
            get_many: $get_many,
            inlined: $inlined,
            ..$name
        };
        )?
    };
}
family! {
    SCALAR &(),
    gohmap_mapassign_fast64_scalar mapset_scalar gohmap_mapaccess1_fast64_scalar
    gohmap_mapaccess2_fast64_scalar gohmap_mapdelete_fast64_scalar,
    gohmap_slow_mapassign_fast64_scalar gohmap_slow_mapaccess1_fast64_scalar
    gohmap_slow_mapaccess2_fast64_scalar gohmap_slow_mapdelete_fast64_scalar,
    gohmap_slow_mapassign_fast64ptr gohmap_slow_mapdelete_fast64_scalar
    gohmap_slow_mapassign_fast32 gohmap_slow_mapaccess1_fast32
    gohmap_slow_mapaccess2_fast32 gohmap_slow_mapdelete_fast32,
    gohmap_slow_mapassign_faststr gohmap_slow_mapaccess1_faststr
    gohmap_slow_mapaccess2_faststr find_nothing gohmap_slow_mapdelete_faststr,
    [PORTABLE_GENERICS; 4], gohmap_slow_mapiternext no_prefetch
}
family! {
    SSE41 &Sse41Work,
    gohmap_mapassign_fast64_sse41 mapset_sse41 gohmap_mapaccess1_fast64_sse41
    gohmap_mapaccess2_fast64_sse41 gohmap_mapdelete_fast64_sse41,
    gohmap_slow_mapassign_fast64_sse41 gohmap_slow_mapaccess1_fast64_sse41
    gohmap_slow_mapaccess2_fast64_sse41 gohmap_slow_mapdelete_fast64_sse41,
    gohmap_mapassign_fast64ptr_sse41 gohmap_mapdelete_fast64_pointers_sse41
    gohmap_mapassign_fast32_sse41 gohmap_mapaccess1_fast32_sse41
    gohmap_mapaccess2_fast32_sse41 gohmap_mapdelete_fast32_sse41,
    gohmap_mapassign_faststr_sse41 gohmap_mapaccess1_faststr_sse41
    gohmap_mapaccess2_faststr_sse41 gohmap_findkey_faststr_sse41 gohmap_mapdelete_faststr_sse41,
    SSE41_GENERICS, gohmap_mapiternext_sse41 gohmap_prefetch_fast64_sse41,
    SSE41_WORDS gohmap_mapassign_fast64_words_sse41 gohmap_mapset_fast64_words_sse41
    gohmap_mapaccess1_fast64_words_sse41 gohmap_mapaccess2_fast64_words_sse41 gohmap_mapdelete_fast64_words_sse41
    None, None, false,
    SSE41_NARROW gohmap_mapassign_fast32_words_sse41 gohmap_mapaccess1_fast32_words_sse41
    gohmap_mapaccess2_fast32_words_sse41 gohmap_mapdelete_fast32_words_sse41
}
family! {
    AVX512 &Avx512Work,
    gohmap_mapassign_fast64_avx512 mapset_avx512 gohmap_mapaccess1_fast64_avx512
    gohmap_mapaccess2_fast64_avx512 gohmap_mapdelete_fast64_avx512,
    gohmap_slow_mapassign_fast64_avx512 gohmap_slow_mapaccess1_fast64_avx512
    gohmap_slow_mapaccess2_fast64_avx512 gohmap_slow_mapdelete_fast64_avx512,
    gohmap_mapassign_fast64ptr_avx512 gohmap_mapdelete_fast64_pointers_avx512
    gohmap_mapassign_fast32_avx512 gohmap_mapaccess1_fast32_avx512
    gohmap_mapaccess2_fast32_avx512 gohmap_mapdelete_fast32_avx512,
    gohmap_mapassign_faststr_sse41 gohmap_mapaccess1_faststr_avx512
    gohmap_mapaccess2_faststr_avx512 gohmap_findkey_faststr_avx512 gohmap_mapdelete_faststr_sse41,
    SSE41_GENERICS, gohmap_mapiternext_avx512 gohmap_prefetch_fast64_avx512,
    AVX512_WORDS gohmap_mapassign_fast64_words_avx512 gohmap_mapset_fast64_words_avx512
    gohmap_mapaccess1_fast64_words_avx512 gohmap_mapaccess2_fast64_words_avx512 gohmap_mapdelete_fast64_words_avx512
    Some(gohmap_assignmany_fast64_avx512), Some(gohmap_getmany_fast64_avx512), true,
    AVX512_NARROW gohmap_mapassign_fast32_words_avx512 gohmap_mapaccess1_fast32_words_avx512
    gohmap_mapaccess2_fast32_words_avx512 gohmap_mapdelete_fast32_words_avx512
}

#[expect(improper_ctypes, reason = "as above")]
unsafe extern "C-unwind" {
    fn gohmap_mapassign_fast64ptr_sse41(t: &MapType, h: usize, key: u64) -> usize;
    fn gohmap_mapassign_fast64ptr_avx512(t: &MapType, h: usize, key: u64) -> usize;
    fn gohmap_mapdelete_fast64_pointers_sse41(t: &MapType, h: usize, key: u64);
    fn gohmap_mapdelete_fast64_pointers_avx512(t: &MapType, h: usize, key: u64);
    fn gohmap_mapassign_fast32_sse41(t: &MapType, h: usize, key: u64) -> usize;
    fn gohmap_mapaccess1_fast32_sse41(t: &MapType, h: usize, key: u64) -> usize;
    fn gohmap_mapaccess2_fast32_sse41(t: &MapType, h: usize, key: u64) -> Found;
    fn gohmap_mapdelete_fast32_sse41(t: &MapType, h: usize, key: u64);
    fn gohmap_mapassign_fast32_avx512(t: &MapType, h: usize, key: u64) -> usize;
    fn gohmap_mapaccess1_fast32_avx512(t: &MapType, h: usize, key: u64) -> usize;
    fn gohmap_mapaccess2_fast32_avx512(t: &MapType, h: usize, key: u64) -> Found;
    fn gohmap_mapdelete_fast32_avx512(t: &MapType, h: usize, key: u64);
    fn gohmap_mapassign_faststr_sse41(t: &MapType, h: usize, str: usize, len: usize) -> usize;
    fn gohmap_mapaccess1_faststr_sse41(t: &MapType, h: usize, str: usize, len: usize) -> usize;
    fn gohmap_mapaccess2_faststr_sse41(t: &MapType, h: usize, str: usize, len: usize) -> Found;
    fn gohmap_mapaccess1_faststr_avx512(t: &MapType, h: usize, str: usize, len: usize) -> usize;
    fn gohmap_mapaccess2_faststr_avx512(t: &MapType, h: usize, str: usize, len: usize) -> Found;
    fn gohmap_findkey_faststr_sse41(t: &MapType, h: usize, str: usize, len: usize) -> Slot;
    fn gohmap_findkey_faststr_avx512(t: &MapType, h: usize, str: usize, len: usize) -> Slot;
    fn gohmap_mapdelete_faststr_sse41(t: &MapType, h: usize, str: usize, len: usize);
    fn gohmap_mapiternext_sse41(t: &MapType, it: &mut Hiter);
    fn gohmap_mapiternext_avx512(t: &MapType, it: &mut Hiter);
    fn gohmap_assignmany_fast64_avx512(t: &MapType, h: usize, many: &mut Many) -> usize;
    fn gohmap_getmany_fast64_avx512(t: &MapType, h: usize, many: &mut Many) -> usize;
    fn gohmap_prefetch_fast64_sse41(t: &MapType, h: usize, keys: &[u64; 8]);
    fn gohmap_prefetch_fast64_avx512(t: &MapType, h: usize, keys: &[u64; 8]);
}

/// The generic functions in assembly for a kind of keys.
macro_rules! generics {
    ($assign:ident $access1:ident $access2:ident $delete:ident) => {{
        #[expect(improper_ctypes, reason = "as above")]
        unsafe extern "C-unwind" {
            fn $assign(t: &MapType, h: usize, key: usize) -> usize;
            fn $access1(t: &MapType, h: usize, key: usize) -> usize;
            fn $access2(t: &MapType, h: usize, key: usize) -> Found;
            fn $delete(t: &MapType, h: usize, key: usize);
        }
        Generics { mapassign: $assign, mapaccess1: $access1, mapaccess2: $access2, mapdelete: $delete }
    }};
}

/// By [`Generic`].
const SSE41_GENERICS: [Generics; 4] = {
    let mut by = [PORTABLE_GENERICS; 4];
    by[Generic::Plain as usize] = generics! {
        gohmap_mapassign_plain_sse41 gohmap_mapaccess1_plain_sse41 gohmap_mapaccess2_plain_sse41 gohmap_mapdelete_plain_sse41
    };
    by[Generic::Eface as usize] = generics! {
        gohmap_mapassign_eface_sse41 gohmap_mapaccess1_eface_sse41 gohmap_mapaccess2_eface_sse41 gohmap_mapdelete_eface_sse41
    };
    by[Generic::Fields as usize] = generics! {
        gohmap_mapassign_fields_sse41 gohmap_mapaccess1_fields_sse41 gohmap_mapaccess2_fields_sse41
        gohmap_mapdelete_fields_sse41
    };
    by
};

set_by_assign! {
    mapset_scalar gohmap_mapassign_fast64_scalar
    mapset_sse41 gohmap_mapassign_fast64_sse41
    mapset_avx512 gohmap_mapassign_fast64_avx512
}

/// The probes of slow cases: no watchers, and evacuation work is the assembly's if it can.
macro_rules! work {
    ($($name:ident $work:ident)*) => {$(
        struct $name;

        impl Probe for $name {
            const WATCHES: bool = false;

            #[inline(always)]
            fn step(&self, _: Step) {}

            #[inline(always)]
            fn grow_work(&self) -> Option<GrowWork> {
                Some($work)
            }
        }

        #[expect(improper_ctypes, reason = "as above")]
        unsafe extern "C-unwind" {
            fn $work(t: &MapType, h: usize, unused: u64, bucket: u64) -> u64;
        }
    )*};
}
work! { Sse41Work gohmap_growwork_sse41 Avx512Work gohmap_growwork_avx512 }

/// Takes the old array out of the header, which can be written to, and gives it and what belongs with it back to a heap that
/// touches nothing for that, unless iterators may look at it. For other heaps does nothing and says 0.
#[unsafe(no_mangle)]
unsafe extern "C" fn gohmap_free_oldbuckets(t: &MapType, h: usize, old: usize) -> u64 {
    let heap = &t.rt.heap;
    if !matches!(heap.config().on_free, OnFree::Reuse | OnFree::Keep) {
        return 0;
    }
    // First out of the header, for somebody may begin to iterate meanwhile without a lock: whom `ranged` does not know then
    // does not find it any more.
    // SAFETY: the caller's promise for the header.
    unsafe { mem::st64(h + std::mem::offset_of!(Hmap, oldbuckets), 0) };
    if !heap.ranged(h) {
        heap.free_table(h, old);
    }
    1
}

/// The memory of the first bucket of a map, plus 1 when it is still to be cleared, if the heap has any to give and
/// would take it back as if nothing had happened; else 0.
#[unsafe(no_mangle)]
unsafe extern "C" fn gohmap_first_bucket(t: &MapType, h: usize) -> usize {
    if !matches!(t.rt.heap.config().on_free, OnFree::Reuse | OnFree::Keep) {
        return 0;
    }
    malloc::try_bucket(t, h).map_or(0, |a| a.addr + usize::from(a.needs_zero))
}

/// Takes it back: clearing it faults, which is the allocator's to do.
#[unsafe(no_mangle)]
unsafe extern "C" fn gohmap_no_first_bucket(t: &MapType, _: usize, bucket: usize) {
    t.rt.heap.free(bucket);
}

/// The probe of an operation whose evacuation work the assembly has done.
struct Worked;

impl Probe for Worked {
    const WATCHES: bool = false;
    const WORKED: bool = true;

    #[inline(always)]
    fn step(&self, _: Step) {}
}

/// The probe of an assign whose search the assembly has done. A growth that it starts is the assembly's to go on with.
struct Searched(Absent);

impl Probe for Searched {
    const WATCHES: bool = false;
    const ENDS_AT_GROWTH: bool = true;

    #[inline(always)]
    fn absent(&self) -> Option<Absent> {
        Some(self.0)
    }

    #[inline(always)]
    fn step(&self, _: Step) {}
}

/// What assigns and deletions go on with: `$absent`, `$worked`, `$worked_delete` and `$worked_str`.
///
/// `$absent` is an assign to a table that has to grow, or to a chain that has to. It returns 0 when the table has begun to grow:
/// with that the assembly starts anew.
macro_rules! going_on {
    (
        assign { $($absent:ident $worked:ident $assign:path, $key:ty;)* }
        delete { $($worked_delete:ident $delete:path, $deleted:ty;)* }
        strings { $($worked_str:ident $operation:path, $gives:ty;)* }
    ) => {
        $(
            #[unsafe(no_mangle)]
            unsafe extern "C-unwind" fn $absent(
                t: &MapType,
                h: usize,
                key: u64,
                hash: u64,
                bucket: usize,
                slot: usize,
            ) -> usize {
                let searched = Searched(Absent { hash, bucket, slot });
                // SAFETY: the caller's promise.
                op(|| unsafe { $assign(t, h, key as $key, &searched) })
            }

            #[unsafe(no_mangle)]
            unsafe extern "C-unwind" fn $worked(t: &MapType, h: usize, key: u64) -> usize {
                // SAFETY: the caller's promise.
                op(|| unsafe { $assign(t, h, key as $key, &Worked) })
            }
        )*
        $(
            #[unsafe(no_mangle)]
            unsafe extern "C-unwind" fn $worked_delete(t: &MapType, h: usize, key: u64) {
                // SAFETY: the caller's promise.
                op(|| unsafe { $delete(t, h, key as $deleted, &Worked) });
            }
        )*
        $(
            #[unsafe(no_mangle)]
            unsafe extern "C-unwind" fn $worked_str(t: &MapType, h: usize, str: usize, len: usize) -> $gives {
                // SAFETY: the caller's promise.
                op(|| unsafe { $operation(t, h, GoString { str, len }, &Worked) })
            }
        )*
    };
}
going_on! {
    assign {
        gohmap_absent_mapassign_fast64 gohmap_worked_mapassign_fast64 fast64::mapassign_fast64, u64;
        gohmap_absent_mapassign_fast64ptr gohmap_worked_mapassign_fast64ptr fast64::mapassign_fast64ptr, u64;
        gohmap_absent_mapassign_fast32 gohmap_worked_mapassign_fast32 fast32::mapassign_fast32, u32;
        gohmap_absent_mapassign gohmap_worked_mapassign assign::mapassign, usize;
    }
    delete {
        gohmap_worked_mapdelete_fast64 fast64::mapdelete_fast64, u64;
        gohmap_worked_mapdelete_fast32 fast32::mapdelete_fast32, u32;
        gohmap_worked_mapdelete delete::mapdelete, usize;
    }
    strings {
        gohmap_worked_mapassign_faststr faststr::mapassign_faststr, usize;
        gohmap_worked_mapdelete_faststr faststr::mapdelete_faststr, ();
    }
}

/// As the others of [`going_on`] that are `$absent`; the assembly has the string in its frame.
#[unsafe(no_mangle)]
unsafe extern "C-unwind" fn gohmap_absent_mapassign_faststr(
    t: &MapType,
    h: usize,
    key: &GoString,
    hash: u64,
    bucket: usize,
    slot: usize,
) -> usize {
    let searched = Searched(Absent { hash, bucket, slot });
    // SAFETY: the caller's promise.
    op(|| unsafe { faststr::mapassign_faststr(t, h, *key, &searched) })
}

/// The end of an operation that found `hashWriting` cleared by somebody else.
#[unsafe(no_mangle)]
extern "C-unwind" fn gohmap_concurrent_map_writes() -> ! {
    crate::fatal::fatal("concurrent map writes")
}
