//! What a map looks like inside: header, number of buckets, marks of empty slots.

use crate::support::{everywhere, header};
use gohmap::gomap::GoMap;
use gohmap::layout::{BUCKET_CNT, ClearSeqHmap, EMPTY_ONE, EMPTY_REST, Hmap, mem};
use gohmap::map::{compiled, make};
use gohmap::runtime::Runtime;
use gohmap::types::{GoType, MapType};
use gohmap::version::GoVersion;
use std::sync::Arc;

/// TestHmapSize: eight bytes and five words; in Go 1.24 six.
#[test]
fn test_hmap_size() {
    everywhere(|rt| {
        let size = match rt.rules().version {
            GoVersion::V1_24 => size_of::<ClearSeqHmap>(),
            _ => size_of::<Hmap>(),
        };
        let words = if rt.rules().version == GoVersion::V1_24 { 6 } else { 5 };
        assert_eq!((size, rt.rules().hmap_size), (8 + words * 8, size));
        let m = GoMap::<isize, isize>::make(rt, 0);
        let object = rt.heap.locate(m.hmap()).expect("a header");
        assert_eq!((object.base, object.size), (m.hmap(), size));
    });
}

/// TestIgnoreBogusMapHint: neither a negative hint nor one beyond all memory does harm.
#[test]
fn test_ignore_bogus_map_hint() {
    everywhere(|rt| {
        for hint in [-1, i64::MIN, 1 << 62, i64::MAX] {
            let m = GoMap::<isize, isize>::make(rt, hint);
            assert_eq!((header(&m).b, header(&m).buckets), (0, 0), "hint {hint}");
            m.insert(1, 2);
            assert_eq!(m.get(1), 2);
        }
    });
}

/// How many buckets so many entries need. Go 1.21 has a lower load factor.
fn bucket_counts(version: GoVersion) -> &'static [(i64, usize)] {
    if version == GoVersion::V1_21 {
        &[(-1 << 30, 1), (-1, 1), (0, 1), (1, 1), (8, 1), (9, 2), (12, 2), (13, 4), (24, 4), (25, 8), (48, 8), (49, 16)]
    } else {
        &[(-1 << 30, 1), (-1, 1), (0, 1), (1, 1), (8, 1), (9, 2), (13, 2), (14, 4), (26, 4), (27, 8), (52, 8), (53, 16)]
    }
}

fn check_bucket_counts(make: impl Fn(&MapType, i64) -> usize) {
    everywhere(|rt| {
        let t = MapType::of(rt, &GoType::int(), &GoType::int()).expect("integers are comparable");
        for &(n, buckets) in bucket_counts(rt.rules().version) {
            let h = make(&t, n);
            // SAFETY: the header of a new map of this type, and keys of that type.
            unsafe {
                let (b, array) = (mem::ld8(h + 9), mem::ld64(h + 16));
                assert!(b == 0 || array != 0, "no array for 2^{b} buckets");
                for i in 0..n {
                    let slot = compiled::assign(&t, h, (&raw const i).expose_provenance());
                    mem::st64(slot, i as u64);
                }
                assert_eq!(1 << mem::ld8(h + 9), buckets, "{n} entries");
                make::mapdrop(&t, h);
            }
        }
    });
}

/// TestMapBuckets: so many buckets and no more, whether the map was made for its size or grew to it. Maps on the stack,
/// which the compiler makes of those that do not escape, do not exist here.
#[test]
fn test_map_buckets() {
    // A literal, or make without a hint.
    // SAFETY: a new map.
    check_bucket_counts(|t, _| unsafe { make::makemap_small(t) });
    // make with a hint, of either type: on 64-bit systems both are makemap.
    // SAFETY: a new map.
    check_bucket_counts(|t, hint| unsafe { make::makemap(t, hint, &()) });
    // SAFETY: a new map.
    check_bucket_counts(|t, _| unsafe { make::makemap(t, 0, &()) });
}

/// In each chain come slots that hold something or are `emptyOne`, the last of them not `emptyOne`, and then nothing but
/// `emptyRest`.
fn check_tombstones(m: &GoMap<isize, isize>) {
    let (h, bucket) = (header(m), m.map_type().bucket);
    for i in 0..1 << h.b {
        let (mut marks, mut b) = (Vec::new(), h.buckets as usize + i * bucket.size);
        // SAFETY: the chain of a bucket of a map that is there.
        unsafe {
            while b != 0 {
                marks.extend((0..BUCKET_CNT).map(|s| mem::ld8(b + s)));
                b = mem::ld64(b + bucket.overflow()) as usize;
            }
        }
        let used = marks.iter().position(|&top| top == EMPTY_REST).unwrap_or(marks.len());
        assert!(marks[used..].iter().all(|&top| top == EMPTY_REST), "emptyRest too early in bucket {i}: {marks:?}");
        assert_ne!(marks[..used].last(), Some(&EMPTY_ONE), "emptyOne at the end of bucket {i}: {marks:?}");
    }
}

/// TestMapTombstones
#[test]
fn test_map_tombstones() {
    everywhere(|rt| {
        let m = GoMap::<isize, isize>::make(rt, 0);
        check_tombstones(&GoMap::make(rt, 1));
        (0..10_000).for_each(|i| m.insert(i, i));
        check_tombstones(&m);
        (0..10_000).step_by(2).for_each(|i| m.delete(i));
        check_tombstones(&m);
        (10_000..15_000).for_each(|i| m.insert(i, i));
        check_tombstones(&m);
        (0..15_000).for_each(|i| m.delete(i));
        check_tombstones(&m);
        assert!(m.is_empty());
    });
}

/// The entries that 2^b buckets hold before they are too few.
fn capacity(rt: &Runtime, b: u8) -> i64 {
    let halves = if rt.rules().version == GoVersion::V1_21 { 12 } else { 13 };
    if b == 0 { 8 } else { halves << (b - 1) }
}

fn buckets_for(rt: &Arc<Runtime>, hint: i64) -> u8 {
    header(&GoMap::<u8, ()>::make(rt, hint)).b
}

/// TestLoadFactor: 6.5 entries a bucket are not too many, one more is; when the map is made, and when it grows.
#[test]
fn test_load_factor() {
    everywhere(|rt| {
        for b in 0..20 {
            let full = capacity(rt, b);
            assert_eq!((buckets_for(rt, full), buckets_for(rt, full + 1)), (b, b + 1), "{full} entries");
        }
        let m = GoMap::<i64, ()>::make(rt, 0);
        for b in 0..12 {
            (m.len()..capacity(rt, b)).for_each(|i| m.insert(i, ()));
            assert_eq!(header(&m).b, b, "{} entries", m.len());
        }
        m.insert(-1, ());
        assert_eq!(header(&m).b, 12);
    });
}
