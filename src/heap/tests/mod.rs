use super::*;

#[cfg(all(target_os = "linux", not(miri)))]
mod limits;
mod model;
mod names;
#[cfg(all(target_os = "linux", not(miri)))]
mod pages;

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
    h.free_table(map, 0);
    assert_eq!([new, of_new, map].map(|a| h.locate(a).unwrap().freed), [false; 3], "nil is no table");
    h.free_overflow(map, 0);
    assert!(!h.locate(of_new).unwrap().freed, "nil is no table");
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
    assert_eq!((e.rounded, e.in_use, e.uncommitted), (8 << 20, h.stats().committed, false));
    assert_eq!(e.in_use % (1 << 20), 0);
    assert_eq!(e.to_string(), format!("cannot allocate 8388608-byte block ({} in use)", e.in_use));
    let e = h.alloc(&request(8, 0, Role::Other)).unwrap_err();
    assert_eq!(e.rounded, 4 << 20);
    assert_eq!(h.stats().objects, 2);
    h.refuse_after(None);
    let freed = h.alloc(&request(8, 0, Role::Other)).unwrap().addr;
    h.free(freed);
    h.refuse_after(Some(0));
    assert!(h.alloc(&request(8, 0, Role::Other)).is_err(), "a slot that has been freed is none");
    h.refuse_after(None);
    assert_eq!(h.alloc(&request(8, 0, Role::Other)).unwrap().addr, freed);
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
        assert_eq!(h.alloc(&request(usize::MAX, 0, Role::Buckets)).unwrap_err().rounded, usize::MAX - (4 << 20) + 1);
        assert!(h.alloc(&request(8, 0, Role::Other)).is_ok());
    }
}

#[test]
fn owners_without_a_header_here_have_objects_too() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    let mine: Vec<_> = (0..10).map(|_| h.alloc(&request(144, 0x1000, Role::Overflow)).unwrap().addr).collect();
    let theirs = h.alloc(&request(144, 0x2000, Role::Overflow)).unwrap().addr;
    h.free(mine[4]);
    h.free_owner(0x1000);
    h.free_owner(0x1000);
    h.free_owner(0x3000);
    assert_eq!((h.stats().objects, h.locate(theirs).unwrap().freed), (1, false));
    assert!(mine.iter().all(|&a| h.locate(a).unwrap().freed));
}

#[test]
fn a_header_freed_alone_leaves_the_rest() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    let [a, b] = [(); 2].map(|()| h.alloc(&request(144, map, Role::Overflow)).unwrap().addr);
    h.free(map);
    let next = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    assert_eq!(next, map, "another map in the same place");
    let c = h.alloc(&request(144, next, Role::Overflow)).unwrap().addr;
    h.free_owner(next);
    assert_eq!([a, b, c].map(|a| h.locate(a).unwrap().freed), [false, false, true]);
    h.free(a);
    h.free(b);
    assert_eq!(h.stats(), Stats { objects: 0, bytes: 0, ..h.stats() });
}

#[test]
#[cfg_attr(miri, ignore = "megabytes")]
fn page_runs_are_joined_cut_and_forgotten() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    let [a, b, c] = [10, 20, 10].map(|pages| h.alloc(&request(pages * PAGE_SIZE, 0, Role::Other)).unwrap().addr);
    assert_eq!([b - a, c - b], [10 * PAGE_SIZE, 20 * PAGE_SIZE]);
    h.free(b);
    h.free(a);
    // The first 25 of 30 pages: what was there before is forgotten, also where it reaches beyond them.
    let d = h.alloc(&request(25 * PAGE_SIZE, 0, Role::Other)).unwrap();
    assert_eq!((d.addr, d.needs_zero), (a, true));
    assert_eq!(h.locate(b).unwrap().base, d.addr);
    assert_eq!(h.locate(a + 26 * PAGE_SIZE), None);
    // The rest, cut into slots.
    let e = h.alloc(&request(1000, 0, Role::Other)).unwrap();
    assert_eq!((e.addr, e.needs_zero), (a + 25 * PAGE_SIZE, true));
    assert_eq!(h.locate(c).unwrap().base, c);
}

#[test]
fn threads_share_a_heap() {
    for placement in [Placement::Spans, Placement::Isolated] {
        let h = heap(placement, OnFree::Reuse);
        let rounds = if cfg!(miri) { 3 } else { 300 };
        std::thread::scope(|s| {
            for t in 1..=4_u64 {
                let h = &h;
                s.spawn(move || {
                    for _ in 0..rounds {
                        let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
                        let all: Vec<_> =
                            (0..8).map(|_| h.alloc(&request(144, map, Role::Overflow)).unwrap().addr).collect();
                        // SAFETY: live objects of this thread's map.
                        all.iter().for_each(|&a| unsafe { mem::st64(a, t) });
                        // SAFETY: as above.
                        assert!(all.iter().all(|&a| unsafe { mem::ld64(a) } == t && h.locate(a).unwrap().owner == map));
                        h.free_owner(map);
                    }
                });
            }
        });
        assert_eq!((h.stats().objects, h.stats().bytes), (0, 0));
    }
}
