use super::*;
use crate::layout::mem;

fn request(size: usize, owner: usize, role: Role) -> Request {
    Request { size, noscan: true, malloc_headers: true, owner, role, table: 0 }
}

fn heap(placement: Placement, on_free: OnFree) -> Heap {
    Heap::new(HeapConfig { placement, on_free, limit: None })
}

#[test]
fn objects_do_not_overlap_and_are_zero() {
    for placement in [Placement::Spans, Placement::Isolated] {
        let h = heap(placement, OnFree::Reuse);
        let mut all: Vec<(usize, usize)> = Vec::new();
        for i in 0..400 {
            let size = [1, 8, 48, 144, 576, 2304, 33000, 100_000][i % 8];
            let a = h.alloc(&request(size, 0, Role::Other)).unwrap();
            assert!(!a.needs_zero);
            assert_eq!(a.addr % 8, 0);
            // SAFETY: a live object of this heap.
            unsafe {
                assert_eq!((mem::ld8(a.addr), mem::ld8(a.addr + size - 1)), (0, 0));
                mem::st8(a.addr, 1);
                mem::st8(a.addr + size - 1, 1);
            }
            all.push((a.addr, size));
        }
        all.sort_unstable();
        assert!(all.windows(2).all(|w| w[0].0 + w[0].1 <= w[1].0));
        for &(a, size) in &all {
            let o = h.locate(a + size / 2).unwrap();
            assert_eq!((o.base, o.size, o.freed), (a, size, false));
        }
        assert_eq!(h.stats().objects, 400);
    }
}

#[test]
fn malloc_headers_shift_pointerful_objects() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    let r = Request { size: 520, noscan: false, malloc_headers: true, owner: 0, role: Role::Other, table: 0 };
    let a = h.alloc(&r).unwrap().addr;
    assert_eq!((a - 8) % 64, 0);
    let b = h.alloc(&Request { malloc_headers: false, ..r }).unwrap().addr;
    assert_eq!(b.abs_diff(a), 576 - 8, "same class (576), no header");
}

#[test]
fn freeing_reuses_keeps_or_clobbers() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    for size in [144, 50_000] {
        let a = h.alloc(&request(size, 0, Role::Other)).unwrap().addr;
        h.free(a);
        h.free(a);
        h.free(a + 8);
        assert!(h.locate(a).is_some_and(|o| o.freed));
        let b = h.alloc(&request(size, 0, Role::Other)).unwrap();
        assert_eq!((b.addr, b.needs_zero), (a, true));
        assert!(h.locate(a).is_some_and(|o| !o.freed));
    }
    for (on_free, word) in [(OnFree::Keep, 7), (OnFree::Clobber, CLOBBER)] {
        let h = heap(Placement::Spans, on_free);
        let a = h.alloc(&request(144, 0, Role::Other)).unwrap().addr;
        // SAFETY: a live object, and then one whose memory stays.
        unsafe {
            mem::st64(a + 136, 7);
            h.free(a);
            assert_eq!(mem::ld64(a + 136), word);
        }
        assert_ne!(h.alloc(&request(144, 0, Role::Other)).unwrap().addr, a);
    }
}

#[test]
fn a_map_s_objects_go_together() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    let other = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    let mine: Vec<_> = (0..1000).map(|_| h.alloc(&request(144, map, Role::Overflow)).unwrap().addr).collect();
    let theirs = h.alloc(&request(144, other, Role::Overflow)).unwrap().addr;
    for &a in mine.iter().step_by(3) {
        h.free(a);
    }
    h.free_owner(map);
    assert_eq!(h.stats().objects, 2);
    assert!(h.locate(map).unwrap().freed && mine.iter().all(|&a| h.locate(a).unwrap().freed));
    assert!(!h.locate(theirs).unwrap().freed);
    h.free_owner(map);
    assert_eq!(h.stats().objects, 2);
}

#[test]
fn an_old_table_goes_with_its_overflow_buckets() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    let [old, new] = [(); 2].map(|()| h.alloc(&request(288, map, Role::Buckets)).unwrap().addr);
    let ovf = |table| h.alloc(&Request { table, ..request(144, map, Role::Overflow) }).unwrap().addr;
    let (of_old, of_new) = (ovf(old), ovf(new));
    h.free_table(map, old);
    assert_eq!([old, of_old, new, of_new, map].map(|a| h.locate(a).unwrap().freed), [true, true, false, false, false]);
    h.free_overflow(map, 0);
    assert!(!h.locate(of_new).unwrap().freed);
    h.free_overflow(map, new);
    assert_eq!([new, of_new, map].map(|a| h.locate(a).unwrap().freed), [false, true, false]);
    h.free_owner(map);
    assert_eq!(h.stats().objects, 0);
}

#[test]
fn refusals() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    h.refuse_after(Some(2));
    assert!(h.alloc(&request(8, 0, Role::Other)).is_ok());
    assert!(h.alloc(&request(8, 0, Role::Other)).is_ok());
    let e = h.alloc(&request(5 << 20, 0, Role::Other)).unwrap_err();
    assert_eq!((e.rounded, e.in_use), (8 << 20, 16));
    h.refuse_after(None);
    assert!(h.alloc(&request(8, 0, Role::Other)).is_ok());
    let h = Heap::new(HeapConfig { limit: Some(1000), ..HeapConfig::default() });
    assert!(h.alloc(&request(900, 0, Role::Other)).is_ok());
    assert!(h.alloc(&request(200, 0, Role::Other)).is_err());
}

#[test]
#[cfg_attr(miri, ignore = "asks for more than there is")]
fn the_impossible_is_refused() {
    for placement in [Placement::Spans, Placement::Isolated] {
        let h = heap(placement, OnFree::Reuse);
        assert!(h.alloc(&request(1 << 50, 0, Role::Buckets)).is_err());
        assert!(h.alloc(&request(usize::MAX - 100, 0, Role::Buckets)).is_err());
        assert!(h.alloc(&request(8, 0, Role::Other)).is_ok());
    }
}

#[test]
fn addresses_are_named() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    let l = BucketLayout::new(8, 8);
    h.register_map(map, l);
    let new = h.alloc(&request(4 * 144, map, Role::Buckets)).unwrap().addr;
    let old = h.alloc(&request(2 * 144, map, Role::Buckets)).unwrap().addr;
    let extra = h.alloc(&request(24, map, Role::Extra)).unwrap().addr;
    let ovf = h.alloc(&request(144, map, Role::Overflow)).unwrap().addr;
    // SAFETY: a live header.
    unsafe {
        mem::st64(map + 16, new as u64);
        mem::st64(map + 24, old as u64);
        let name = |a: usize| h.place(a).map(|p| p.to_string()).unwrap_or_default();
        assert_eq!(name(new + 3 * 144 + 24 + 5), format!("bucket 3 of buckets of map {map:#x}: key 2, byte 5"));
        assert_eq!(name(old + 144), format!("bucket 1 of oldbuckets of map {map:#x}: tophash 0"));
        assert_eq!(name(old + 143), format!("bucket 0 of oldbuckets of map {map:#x}: overflow pointer, byte 7"));
        assert_eq!(name(map + 9), format!("header of map {map:#x}: B"));
        assert_eq!(name(extra + 16), format!("mapextra of map {map:#x}: nextOverflow"));
        assert_eq!(name(ovf + 72), format!("overflow bucket {ovf:#x} of map {map:#x}: elem 0, byte 0"));
        mem::st64(map + 24, 0);
        assert_eq!(name(old), format!("bucket 0 of a former bucket array of map {map:#x}: tophash 0"));
        h.free(old);
        assert_eq!(name(old), format!("freed: bucket 0 of a former bucket array of map {map:#x}: tophash 0"));
        assert_eq!(h.place(8), None);
    }
}

#[cfg(all(unix, not(miri)))]
mod pages {
    use super::*;

    #[test]
    fn isolated_objects_have_guards() {
        let h = heap(Placement::Isolated, OnFree::Unmap);
        let a = h.alloc(&request(144, 0, Role::Other)).unwrap().addr;
        assert_eq!(a % 4096, 0);
        // SAFETY: no header to read.
        unsafe {
            assert_eq!(h.place(a - 1).unwrap().to_string(), format!("guard page before object {a:#x}"));
            assert_eq!(h.place(a + 5000).unwrap().to_string(), format!("4856 bytes past the end of object {a:#x}"));
        }
        h.free(a);
        assert!(h.locate(a).unwrap().freed);
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert!(!maps.contains(&format!("{a:x}-")), "unmapped");
    }

    #[test]
    fn file_backing_keeps_contents() {
        let h = heap(Placement::Isolated, OnFree::Keep);
        let a = h.alloc(&request(144, 0, Role::Other)).unwrap().addr;
        // SAFETY: a live object of this heap.
        unsafe {
            mem::st64(a, 42);
            let f = h.back_with_file(a, 144).unwrap();
            assert_eq!(mem::ld64(a), 42);
            mem::st64(a, 43);
            f.truncate(4096).unwrap();
            assert_eq!(mem::ld64(a), 43);
            h.zero_pages(a, 144).unwrap();
            assert_eq!(mem::ld64(a), 43, "the file still has it");
            h.protect(a, 144, Prot::Read).unwrap();
            assert_eq!(mem::ld64(a), 43);
        }
    }

    #[test]
    fn heaps_leave_no_address_space_behind() {
        let size = || -> usize {
            let s = std::fs::read_to_string("/proc/self/statm").unwrap();
            s.split_whitespace().next().unwrap().parse().unwrap()
        };
        let one = |p| {
            let h = heap(p, OnFree::Reuse);
            for size in [48, 144, 100_000, 70 << 20] {
                h.alloc(&request(size, 0, Role::Other)).unwrap();
            }
        };
        one(Placement::Spans);
        let before = size();
        for _ in 0..200 {
            one(Placement::Spans);
            one(Placement::Isolated);
        }
        let grown = size().saturating_sub(before) * 4096;
        // Other tests run beside this one and may hold a few arenas.
        assert!(grown < 3 << 30, "{grown} bytes");
    }
}
