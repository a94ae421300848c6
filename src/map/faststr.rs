//! Maps with string keys: `mapaccess1_faststr`, `mapaccess2_faststr`, `mapassign_faststr`, `mapdelete_faststr`
//! (`runtime/map_faststr.go`).
//!
//! Lengths are compared first, then tophash bytes, then the pointers, then the bytes that they point to. The first access to a
//! bucket is to the length of its first key in a lookup or delete, to its tophash in an assign.

use super::assign::{enter_assign, room_of, start_writing};
use super::grow::{evacuate_bucket, hashGrow, must_grow, newoverflow};
use super::hmap::{B, H, bucket_mask, lookup_bucket, mark_rest_empty, zero_val};
use super::malloc::clear;
use crate::fatal;
use crate::hash::equal::memequal;
use crate::layout::{BUCKET_CNT, EMPTY_ONE, EMPTY_REST, HASH_WRITING, is_empty, mem, tophash};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;
use std::hint::black_box;

/// A Go string: address and length of its bytes (`runtime.stringStruct`).
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GoString {
    /// Address of the first byte.
    pub str: usize,
    /// Number of bytes.
    pub len: usize,
}

impl GoString {
    /// The string whose header lies at an address.
    #[inline(always)]
    pub(super) unsafe fn at(at: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe { Self { str: mem::ld64(at) as usize, len: mem::ld64(at.wrapping_add(8)) as usize } }
    }
}

/// From this length on, a lookup in a single bucket avoids comparing whole keys.
const LONG: i64 = 32;

/// The hash of a key. Go passes the address of its argument; ours lies in the frame of the caller.
#[inline(always)]
unsafe fn hash(t: &MapType, h: H, key: &GoString) -> u64 {
    // SAFETY: the caller's promise for the header and the key.
    unsafe { (t.hasher)(t, std::ptr::from_ref(key).expose_provenance(), h.hash0().into()) }
}

#[inline(always)]
unsafe fn str_of(k: usize) -> usize {
    // SAFETY: the caller's promise for the key slot.
    unsafe { mem::ld64(k) as usize }
}

#[inline(always)]
unsafe fn len_of(k: usize) -> usize {
    // SAFETY: the caller's promise for the key slot.
    unsafe { mem::ld64(k.wrapping_add(8)) as usize }
}

/// Whether the key in a slot, of the same length, has the same bytes.
#[inline(always)]
unsafe fn same(k: usize, key: &GoString) -> bool {
    // SAFETY: the caller's promise for both strings.
    unsafe {
        let str = str_of(k);
        str == key.str || memequal(str, key.str, key.len)
    }
}

/// What a lookup in a single bucket comes to.
enum Single {
    Found(usize),
    Absent,
    /// Two long keys look alike at both ends: the hash has to tell.
    Ambiguous,
}

/// The lookup of a short key in the one bucket of a map: every key of that length is compared.
#[inline(always)]
unsafe fn find_short<P: Probe>(t: &MapType, b: B, key: &GoString, p: &P) -> usize {
    // SAFETY: the caller's promise for the bucket and the key.
    unsafe {
        for i in 0..BUCKET_CNT {
            p.step(Step::Slot { bucket: b.0, i });
            let k = b.key(t, i);
            if len_of(k) != key.len || is_empty(b.top(i)) {
                if b.top(i) == EMPTY_REST {
                    break;
                }
                continue;
            }
            if same(k, key) {
                return b.elem(t, i);
            }
        }
        0
    }
}

/// The lookup of a long key in the one bucket of a map: the first and last four bytes are compared, and a whole key only if it
/// is the only candidate.
#[inline(always)]
unsafe fn find_long<P: Probe>(t: &MapType, b: B, key: &GoString, p: &P) -> Single {
    let mut maybe = None;
    let tail = key.len.wrapping_sub(4);
    // SAFETY: the caller's promise for the bucket and the key.
    unsafe {
        for i in 0..BUCKET_CNT {
            p.step(Step::Slot { bucket: b.0, i });
            let k = b.key(t, i);
            if len_of(k) != key.len || is_empty(b.top(i)) {
                if b.top(i) == EMPTY_REST {
                    break;
                }
                continue;
            }
            let str = str_of(k);
            if str == key.str {
                return Single::Found(b.elem(t, i));
            }
            if mem::ld32(key.str) != mem::ld32(str)
                || mem::ld32(key.str.wrapping_add(tail)) != mem::ld32(str.wrapping_add(tail))
            {
                continue;
            }
            if maybe.is_some() {
                return Single::Ambiguous;
            }
            maybe = Some(i);
        }
        match maybe {
            Some(i) if memequal(str_of(b.key(t, i)), key.str, key.len) => Single::Found(b.elem(t, i)),
            _ => Single::Absent,
        }
    }
}

/// The element of `key`, or nil.
#[inline(always)]
unsafe fn find<P: Probe>(t: &MapType, h: H, key: &GoString, p: &P) -> usize {
    // SAFETY: the caller's promise for the map and the key.
    unsafe {
        if h.b() == 0 {
            let b = B(h.buckets());
            p.step(Step::Bucket { addr: b.0 });
            if (key.len as i64) < LONG {
                return find_short(t, b, key, p);
            }
            match find_long(t, b, key, p) {
                Single::Found(e) => return e,
                Single::Absent => return 0,
                Single::Ambiguous => {}
            }
        }
        let hash = hash(t, h, key);
        p.step(Step::Hash { hash });
        let mut b = lookup_bucket(t, h, hash, p);
        let top = tophash(hash);
        while !b.is_nil() {
            p.step(Step::Bucket { addr: b.0 });
            for i in 0..BUCKET_CNT {
                p.step(Step::Slot { bucket: b.0, i });
                let k = b.key(t, i);
                if len_of(k) == key.len && b.top(i) == top && same(k, key) {
                    return b.elem(t, i);
                }
            }
            b = b.overflow(t);
        }
        0
    }
}

/// A lookup: the address of the element, or nil.
#[inline(always)]
unsafe fn access<P: Probe>(t: &MapType, h: usize, key: GoString, p: &P) -> usize {
    let h = H(h);
    p.step(Step::Enter { op: Op::Access, h: h.0 });
    // SAFETY: the caller's promise.
    unsafe {
        let mut e = 0;
        if h.0 != 0 && h.count() != 0 {
            p.step(Step::FlagsRead { flags: h.flags() });
            if h.writing() {
                fatal::fatal("concurrent map read and map write")
            }
            e = find(t, h, &key, p);
        }
        p.step(Step::Leave { op: Op::Access });
        e
    }
}

/// `v := m[k]`: the address of the element, or of zeroes.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map read and map write`).
///
/// # Safety
/// `h` is nil or the address of a header of type `t`, a faststr type; what the header leads to, the key's bytes and those of
/// the keys in the map are sound to access or fault inside a region that [`crate::fault`] watches.
#[inline(never)]
pub unsafe fn mapaccess1_faststr<P: Probe>(t: &MapType, h: usize, key: GoString, p: &P) -> usize {
    // SAFETY: the caller's promise.
    let e = unsafe { access(t, h, key, p) };
    if e == 0 { zero_val() } else { e }
}

/// `v, ok := m[k]`.
///
/// # Panics
/// As [`mapaccess1_faststr`].
///
/// # Safety
/// As [`mapaccess1_faststr`].
#[inline(never)]
pub unsafe fn mapaccess2_faststr<P: Probe>(t: &MapType, h: usize, key: GoString, p: &P) -> (usize, bool) {
    // SAFETY: the caller's promise.
    let e = unsafe { access(t, h, key, p) };
    if e == 0 { (zero_val(), false) } else { (e, true) }
}

/// `m[k] = v` up to the address of the element, where the caller stores v. The pointer of a key that is there already is
/// replaced: the old bytes need not be kept for the map's sake.
///
/// # Panics
/// With `assignment to entry in nil map`; ends the program with `concurrent map writes`, `bad map state`, `oldoverflow is not
/// nil` or `out of memory`.
///
/// # Safety
/// As [`mapaccess1_faststr`]; the key's bytes live as long as the map.
#[inline(never)]
pub unsafe fn mapassign_faststr<P: Probe>(t: &MapType, h: usize, key: GoString, p: &P) -> usize {
    let h = H(h);
    let mut absent = p.absent();
    // SAFETY: the caller's promise.
    unsafe {
        let hash = match absent {
            None => {
                enter_assign(h, p);
                start_writing(t, h, hash(t, h, &key), p)
            }
            Some(a) => a.hash,
        };
        let top = tophash(hash);
        let mut worked = P::WORKED;
        let (b, i) = loop {
            let (mut free, last) = if let Some(a) = absent.take() {
                room_of(a)
            } else {
                p.inside();
                let bucket = hash & bucket_mask(h.b());
                p.inside();
                if h.growing() && !worked {
                    p.inside();
                    growWork_faststr(t, h, bucket, p);
                }
                worked = false;
                p.inside();
                match search(t, B::of(t, h.buckets(), bucket), &key, top, p) {
                    Search::Found(b, i) => {
                        p.step(Step::KeyUpdate { bucket: b.0, i });
                        mem::st64(b.key(t, i), key.str as u64);
                        break (b, i);
                    }
                    Search::Absent { free, last } => (free, last),
                }
            };
            if must_grow(t, h, p) {
                hashGrow(t, h, p);
                if P::ENDS_AT_GROWTH {
                    return 0;
                }
                continue;
            }
            if free.0.is_nil() {
                free = (newoverflow(t, h, last, p), 0);
            }
            let (b, i) = free;
            p.step(Step::KeyStore { bucket: b.0, i });
            b.set_top(i, top);
            p.between();
            mem::st64(b.key(t, i).wrapping_add(8), key.len as u64);
            p.between();
            mem::st64(b.key(t, i), key.str as u64);
            let count = h.count().wrapping_add(1);
            p.step(Step::Count { count });
            h.set_count(count);
            break (b, i);
        };
        let elem = b.elem(t, i);
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !HASH_WRITING });
        h.clear_writing(p);
        p.step(Step::Leave { op: Op::Assign });
        elem
    }
}

enum Search {
    Found(B, usize),
    /// `free`: the first free slot, its bucket nil when there is none; `last`: the bucket where the search ended.
    Absent {
        free: (B, usize),
        last: B,
    },
}

/// Looks for a key, and on the way for the first free slot, in the chain that begins at `b`.
#[inline(always)]
unsafe fn search<P: Probe>(t: &MapType, mut b: B, key: &GoString, top: u8, p: &P) -> Search {
    let mut free = (B(0), 0);
    // SAFETY: the caller's promise for the chain and the key.
    unsafe {
        loop {
            p.step(Step::Bucket { addr: b.0 });
            for i in 0..BUCKET_CNT {
                p.step(Step::Slot { bucket: b.0, i });
                let have = b.top(i);
                if have != top {
                    if is_empty(have) && free.0.is_nil() {
                        free = (b, i);
                    }
                    if have == EMPTY_REST {
                        return Search::Absent { free, last: b };
                    }
                    continue;
                }
                let k = b.key(t, i);
                if len_of(k) == key.len && same(k, key) {
                    return Search::Found(b, i);
                }
            }
            let ovf = b.overflow(t);
            if ovf.is_nil() {
                return Search::Absent { free, last: b };
            }
            b = ovf;
        }
    }
}

/// `delete(m, k)`.
///
/// The key's pointer becomes nil and its length stays, the element is zeroed; deleting the last entry draws a new `hash0`.
///
/// # Panics
/// Ends the program when a write is under way (`concurrent map writes`).
///
/// # Safety
/// As [`mapaccess1_faststr`].
#[inline(never)]
pub unsafe fn mapdelete_faststr<P: Probe>(t: &MapType, h: usize, key: GoString, p: &P) {
    let h = H(h);
    p.step(Step::Enter { op: Op::Delete, h: h.0 });
    // SAFETY: the caller's promise.
    unsafe {
        if h.0 == 0 || h.count() == 0 {
            p.step(Step::Leave { op: Op::Delete });
            return;
        }
        p.step(Step::FlagsRead { flags: h.flags() });
        if h.writing() {
            fatal::fatal("concurrent map writes")
        }
        let hash = hash(t, h, &key);
        p.step(Step::Hash { hash });
        p.step(Step::FlagsWrite { flags: h.flags() ^ HASH_WRITING });
        h.toggle_writing(p);
        p.inside();
        let bucket = hash & bucket_mask(h.b());
        p.inside();
        if h.growing() && !P::WORKED {
            p.inside();
            growWork_faststr(t, h, bucket, p);
        }
        p.inside();
        let top = tophash(hash);
        let first = B::of(t, h.buckets(), bucket);
        let mut b = first;
        'search: while !b.is_nil() {
            p.step(Step::Bucket { addr: b.0 });
            for i in 0..BUCKET_CNT {
                p.step(Step::Slot { bucket: b.0, i });
                let k = b.key(t, i);
                if len_of(k) != key.len || b.top(i) != top || !same(k, &key) {
                    continue;
                }
                p.step(Step::SlotClear { bucket: b.0, i });
                mem::st64(k, 0);
                clear(b.elem(t, i), t.bucket.elem_size, t.elem_has_pointers);
                p.between();
                b.set_top(i, EMPTY_ONE);
                mark_rest_empty(t, first, b, i, p);
                let count = h.count().wrapping_sub(1);
                p.step(Step::Count { count });
                h.set_count(count);
                if count == 0 {
                    p.inside();
                    h.reseed(t);
                }
                break 'search;
            }
            b = b.overflow(t);
        }
        if !h.writing() {
            fatal::fatal("concurrent map writes")
        }
        p.step(Step::FlagsWrite { flags: h.flags() & !HASH_WRITING });
        h.clear_writing(p);
        p.step(Step::Leave { op: Op::Delete });
    }
}

/// `growWork_faststr`: evacuates the old bucket of the bucket about to be used, and one more.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
unsafe fn growWork_faststr<P: Probe>(t: &MapType, h: H, bucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate_faststr(t, h, bucket & h.oldbucketmask(), p);
        p.inside();
        if h.growing() {
            p.inside();
            evacuate_faststr(t, h, h.nevacuate(), p);
        }
    }
    black_box(());
}

/// `evacuate_faststr`: moves the entries of one old bucket and its chain.
#[inline(never)]
unsafe fn evacuate_faststr<P: Probe>(t: &MapType, h: H, oldbucket: u64, p: &P) {
    // SAFETY: the caller's promise for the map.
    unsafe {
        evacuate_bucket(t, h, oldbucket, p, |k, top, newbit| {
            (u8::from((t.hasher)(t, k, h.hash0().into()) & newbit != 0), top)
        });
    }
    black_box(());
}
