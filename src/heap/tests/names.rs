//! Addresses named back.

use super::*;

/// A map with a header of `hmap` bytes, registered as map[uint64]uint64.
fn map(h: &Heap, hmap: usize) -> usize {
    let map = h.alloc(&request(hmap, 0, Role::Header)).unwrap().addr;
    h.register_map(map, BucketLayout::new(8, 8));
    map
}

fn buckets(h: &Heap, map: usize, n: usize) -> usize {
    h.alloc(&request(n * 144, map, Role::Buckets)).unwrap().addr
}

fn set(at: usize, v: usize) {
    // SAFETY: the tests pass addresses of live headers.
    unsafe { mem::st64(at, v as u64) };
}

fn name(h: &Heap, at: usize) -> String {
    h.place(at).map(|p| p.to_string()).unwrap_or_default()
}

#[test]
fn addresses_are_named() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let map = map(&h, 48);
    let (new, old) = (buckets(&h, map, 4), buckets(&h, map, 2));
    let extra = h.alloc(&request(24, map, Role::Extra)).unwrap().addr;
    let ovf = h.alloc(&request(144, map, Role::Overflow)).unwrap().addr;
    let list = h.alloc(&request(64, map, Role::OverflowList)).unwrap().addr;
    let key = h.alloc(&request(20, map, Role::Key)).unwrap().addr;
    set(map + 16, new);
    set(map + 24, old);
    for (at, want) in [
        (new + 3 * 144 + 24 + 5, format!("bucket 3 of buckets of map {map:#x}: key 2, byte 5")),
        (old + 144, format!("bucket 1 of oldbuckets of map {map:#x}: tophash 0")),
        (old + 143, format!("bucket 0 of oldbuckets of map {map:#x}: overflow pointer, byte 7")),
        (map + 9, format!("header of map {map:#x}: B")),
        (map + 15, format!("header of map {map:#x}: hash0")),
        (map + 40, format!("header of map {map:#x}: extra")),
        (extra + 16, format!("mapextra of map {map:#x}: nextOverflow")),
        (ovf + 72, format!("overflow bucket {ovf:#x} of map {map:#x}: elem 0, byte 0")),
        (ovf + 4, format!("overflow bucket {ovf:#x} of map {map:#x}: tophash 4")),
        (list + 9, format!("overflow list {list:#x} of map {map:#x}, byte 9")),
        (key + 20, format!("1 byte past the end of indirect key {key:#x} of map {map:#x}")),
        (key + 21, format!("2 bytes past the end of indirect key {key:#x} of map {map:#x}")),
        (8, String::new()),
        (usize::MAX, String::new()),
    ] {
        assert_eq!(name(&h, at), want);
    }
    set(map + 24, 0);
    assert_eq!(name(&h, old), format!("bucket 0 of a former bucket array of map {map:#x}: tophash 0"));
    h.free(old);
    assert_eq!(name(&h, old), format!("freed: bucket 0 of a former bucket array of map {map:#x}: tophash 0"));
    h.free_owner(map);
    assert_eq!(name(&h, new + 8), format!("freed: bucket 0 of a bucket array of map {map:#x}: key 0, byte 0"));
    assert_eq!(name(&h, map), format!("freed: header of map {map:#x}: count"));
}

#[test]
fn spare_buckets_are_called_so() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let map = map(&h, 48);
    let array = buckets(&h, map, 18);
    set(map + 16, array);
    let want = format!("bucket 16 (a spare overflow bucket) of buckets of map {map:#x}: tophash 1");
    assert_eq!(name(&h, array + 16 * 144 + 1), want);
    assert!(!h.place(array + 16 * 144 - 1).unwrap().spare);
}

#[test]
fn the_header_of_1_24_has_its_own_fields() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let map = map(&h, 56);
    assert_eq!(name(&h, map + 39), format!("header of map {map:#x}: nevacuate"));
    assert_eq!(name(&h, map + 40), format!("header of map {map:#x}: clearSeq"));
    assert_eq!(name(&h, map + 55), format!("header of map {map:#x}: extra"));
}

#[test]
fn malloc_headers_are_told_from_guard_pages() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let map = map(&h, 48);
    let r = Request { noscan: false, ..request(5 * 144, map, Role::Buckets) };
    let array = h.alloc(&r).unwrap().addr;
    set(map + 24, array);
    assert_eq!(name(&h, array - 1), format!("malloc header of oldbuckets of map {map:#x}"));
    assert_eq!(h.place(array - 8).unwrap().offset, -8);
}

#[test]
fn maps_of_several_shapes_keep_theirs() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let one = map(&h, 48);
    let two = map(&h, 48);
    h.register_map(two, BucketLayout::new(4, 0));
    let (a, b) = (buckets(&h, one, 1), buckets(&h, two, 1));
    assert_eq!(h.place(a + 16).unwrap().bucket, Some((0, Part::Key(1, 0))));
    assert_eq!(h.place(b + 16).unwrap().bucket, Some((0, Part::Key(2, 0))));
    assert_eq!(h.place(b + 40).unwrap().bucket, Some((0, Part::Overflow(0))));
}

/// Every byte of a bucket has one name, whatever the sizes.
#[test]
fn parts_tile_a_bucket() {
    for (key, elem) in [(8, 8), (4, 0), (0, 8), (0, 0), (1, 1), (128, 128), (3, 5)] {
        let l = BucketLayout::new(key, elem);
        let mut counts = [0; 5];
        for at in 0..l.size {
            let kind = match Part::at(&l, at) {
                Part::Tophash(i) => {
                    assert_eq!(i, at);
                    0
                }
                Part::Key(i, b) => {
                    assert_eq!(l.key(i) + b, at);
                    1
                }
                Part::Elem(i, b) => {
                    assert_eq!(l.elem(i) + b, at);
                    2
                }
                Part::Padding => 3,
                Part::Overflow(b) => {
                    assert_eq!(l.overflow() + b, at);
                    4
                }
            };
            counts[kind] += 1;
        }
        assert_eq!(counts, [8, 8 * key, 8 * elem, l.size - 16 - 8 * (key + elem), 8], "{key}/{elem}");
    }
}
