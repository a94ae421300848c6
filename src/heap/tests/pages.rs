//! What is done to pages.

use super::*;
use std::io::ErrorKind;
use std::ptr::with_exposed_provenance_mut;

/// Whether something is mapped at a page.
fn mapped(at: usize) -> bool {
    // SAFETY: msync of a clean or absent mapping changes nothing.
    unsafe { libc::msync(with_exposed_provenance_mut(at), 4096, libc::MS_ASYNC) == 0 }
}

/// A page of somebody else's, at `at` or (0) anywhere.
fn strangers_page(at: usize) -> usize {
    let fixed = if at == 0 { 0 } else { libc::MAP_FIXED_NOREPLACE };
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | fixed;
    // SAFETY: NOREPLACE: takes nothing that is in use.
    let p = unsafe { libc::mmap(with_exposed_provenance_mut(at), 4096, libc::PROT_READ, flags, -1, 0) };
    assert_ne!(p, libc::MAP_FAILED);
    p.expose_provenance()
}

fn unmap_stranger(at: usize) {
    // SAFETY: what `strangers_page` mapped.
    assert_eq!(unsafe { libc::munmap(with_exposed_provenance_mut(at), 4096) }, 0);
}

/// The first word at an address, if it can be read.
fn word(at: usize) -> Option<u64> {
    sys::read(at).map(|w| w[0])
}

fn object(h: &Heap, size: usize) -> usize {
    h.alloc(&request(size, 0, Role::Other)).unwrap().addr
}

#[test]
fn isolated_objects_have_guards() {
    let h = heap(Placement::Isolated, OnFree::Unmap);
    let (a, b) = (object(&h, 144), object(&h, 4097));
    assert_eq!([a % 4096, b % 4096], [0, 0]);
    for (at, want) in [(a - 1, None), (a, Some(0)), (a + 4064, Some(0)), (a + 4096, None), (b + 8160, Some(0))] {
        assert_eq!(word(at), want);
    }
    for (at, want) in [
        (a - 1, format!("guard page before object {a:#x}")),
        (a + 200, format!("57 bytes past the end of object {a:#x}")),
        (a + 5000, format!("guard page behind object {a:#x}")),
        (b - 1, format!("guard page before object {b:#x}")),
        (b + 8192, format!("guard page behind object {b:#x}")),
    ] {
        assert_eq!(h.place(at).unwrap().to_string(), want);
    }
    h.free(a);
    assert!(h.locate(a).unwrap().freed);
    assert!(!mapped(a) && mapped(a - 4096) && mapped(a + 4096));
    // What is mapped next does not come to lie there.
    let (c, s) = (object(&h, 144), strangers_page(0));
    assert!(c != a && s != a);
    unmap_stranger(s);
    drop(h);
    assert!(![a - 4096, a, a + 4096, b, b + 4096].into_iter().any(mapped));
}

#[test]
fn unmapping_spares_the_neighbours() {
    let h = heap(Placement::Spans, OnFree::Unmap);
    let small = object(&h, 144);
    let one = h.alloc(&Request { noscan: false, ..request(16376, 0, Role::Other) }).unwrap().addr;
    assert_eq!(one % 8192, 8, "behind its malloc header");
    let large = object(&h, 40_000);
    [small, one, large].into_iter().for_each(|a| h.free(a));
    assert!(mapped(small));
    assert!(!(one - 8..one + 16376).step_by(4096).any(mapped), "the slot is whole pages");
    assert!(!(large..large + 40960).step_by(4096).any(mapped));
    assert!(![small, one, large].contains(&object(&h, 16376)));
}

#[test]
fn pages_of_others_are_left_alone() {
    for placement in [Placement::Spans, Placement::Isolated] {
        let h = heap(placement, OnFree::Keep);
        let a = object(&h, 65536);
        let s = strangers_page(0);
        let refused = |at, len| {
            let e = ErrorKind::InvalidInput;
            assert_eq!(h.unmap(at, len).unwrap_err().kind(), e);
            assert_eq!(h.protect(at, len, Prot::None).unwrap_err().kind(), e);
            assert_eq!(h.zero_pages(at, len).unwrap_err().kind(), e);
            assert_eq!(h.back_with_file(at, len).unwrap_err().kind(), e);
        };
        refused(s, 1);
        refused(0, 1);
        refused(usize::MAX, 1);
        refused(a, usize::MAX);
        refused(a, 1 << 40);
        h.unmap(a + 8192, 16384).unwrap();
        refused(a + 8192, 1);
        refused(a, 65536);
        // Somebody moves into the hole. Neither a second unmapping nor the end of the heap touches them.
        let guest = strangers_page(a + 12288);
        refused(guest, 4096);
        drop(h);
        assert!(mapped(guest) && mapped(s));
        assert!(![a, a + 4096, a + 24576, a + 61440].into_iter().any(mapped), "the rest is gone");
        unmap_stranger(guest);
        unmap_stranger(s);
    }
}

#[test]
fn what_was_unmapped_is_not_handed_out_again() {
    for placement in [Placement::Spans, Placement::Isolated] {
        for size in [8192, 65536] {
            let h = heap(placement, OnFree::Reuse);
            let (a, b) = (object(&h, size), object(&h, size));
            h.unmap(a + size - 1, 1).unwrap();
            h.free(a);
            h.free(b);
            let again = [object(&h, size), object(&h, size)];
            assert!(again.contains(&b) && !again.contains(&a), "{placement:?} {size}");
            // The same at the end of a map.
            let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
            let array = h.alloc(&request(size, map, Role::Buckets)).unwrap().addr;
            h.unmap(array, 1).unwrap();
            h.free_owner(map);
            assert_ne!(object(&h, size), array, "{placement:?} {size}");
        }
    }
}

#[test]
fn protection_comes_and_goes() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    let array = h.alloc(&request(40_000, map, Role::Buckets)).unwrap().addr;
    // SAFETY: a live header.
    unsafe { mem::st64(map + 16, array as u64) };
    h.protect(map, 1, Prot::None).unwrap();
    assert_eq!(word(map), None);
    assert_eq!(h.place(array).unwrap().array, Array::Unknown, "nobody can tell, and nothing faults");
    h.protect(map, 1, Prot::Read).unwrap();
    assert_eq!(h.place(array).unwrap().array, Array::Buckets);
    h.protect(map, 1, Prot::ReadWrite).unwrap();
    h.unmap(map, 48).unwrap();
    assert_eq!(h.place(array).unwrap().to_string(), format!("a bucket array of map {map:#x}, byte 0"));
}

#[test]
fn a_file_keeps_the_contents_until_it_is_cut_off() {
    let h = heap(Placement::Isolated, OnFree::Reuse);
    let a = object(&h, 3 * 4096);
    // SAFETY: a live object of this heap.
    unsafe {
        mem::st64(a, 42);
        mem::st64(a + 8192, 44);
        let f = h.back_with_file(a + 1, 8192).unwrap();
        assert_eq!((mem::ld64(a), mem::ld64(a + 8192)), (42, 44));
        mem::st64(a, 43);
        h.zero_pages(a, 144).unwrap();
        assert_eq!(mem::ld64(a), 43, "the file still has it");
        f.truncate(4096).unwrap();
        assert_eq!((word(a), word(a + 4096), word(a + 8192)), (Some(43), None, None));
    }
    h.free(a);
    assert_ne!(object(&h, 3 * 4096), a);
}

#[test]
fn unreadable_pages_cannot_be_put_in_a_file() {
    let h = heap(Placement::Isolated, OnFree::Keep);
    let a = object(&h, 8192);
    h.protect(a + 4096, 1, Prot::None).unwrap();
    assert!(h.back_with_file(a, 8192).is_err());
    assert_eq!(word(a), Some(0), "and nothing has changed");
}

#[test]
fn zeroed_pages_read_as_zero() {
    let h = heap(Placement::Spans, OnFree::Keep);
    let a = object(&h, 65536);
    for at in (a..a + 65536).step_by(4096) {
        // SAFETY: a live object.
        unsafe { mem::st64(at, 7) };
    }
    h.zero_pages(a + 8192, 4096).unwrap();
    assert_eq!([word(a + 4096), word(a + 8192), word(a + 12288)], [Some(7), Some(0), Some(7)]);
}

#[test]
fn a_thousand_heaps_leave_no_address_space_behind() {
    let size = || -> usize {
        let s = std::fs::read_to_string("/proc/self/statm").unwrap();
        s.split_whitespace().next().unwrap().parse().unwrap()
    };
    let one = |p, break_it: bool| {
        let h = heap(p, OnFree::Reuse);
        let all: Vec<_> = [48, 144, 100_000, 70 << 20].into_iter().map(|size| object(&h, size)).collect();
        if break_it {
            h.unmap(all[2] + 4096, 4096).unwrap();
            h.unmap(all[3] + (1 << 20), 1 << 20).unwrap();
            drop(h.back_with_file(all[2] + 8192, 4096).unwrap());
        }
    };
    one(Placement::Spans, true);
    let before = size();
    for i in 0..500 {
        one(Placement::Spans, i % 2 == 0);
        one(Placement::Isolated, i % 2 == 0);
    }
    let grown = size().saturating_sub(before) * 4096;
    // Other tests run beside this one and hold a few arenas. One leak a heap would be 35 GB.
    assert!(grown < 6 << 30, "{grown} bytes");
}

/// Whatever happens in between, memory and books come back, and the same objects are handed out again.
// SAFETY (all of them): live objects of this heap, and its address space up to the fence.
#[expect(clippy::undocumented_unsafe_blocks, reason = "said once above")]
#[test]
fn a_saved_heap_comes_back() {
    let h = heap(Placement::Spans, OnFree::Reuse);
    let first: Vec<usize> = (0..50).map(|i| h.alloc(&request(48 + i, 0, Role::Other)).unwrap().addr).collect();
    let fill = |addr: usize, v: u8| (addr..addr + 48).for_each(|a| unsafe { mem::st8(a, v) });
    first.iter().for_each(|&a| fill(a, 1));
    let saved = h.save(256 << 10).unwrap();
    let stats = h.stats();
    let round = |pages: bool| {
        let new: Vec<(usize, bool)> = [144, 48, 20_000, 3000]
            .map(|size| {
                let a = h.alloc(&request(size, 0, Role::Other)).unwrap();
                fill(a.addr, 2);
                (a.addr, a.needs_zero)
            })
            .into();
        first.iter().for_each(|&a| fill(a, 3));
        h.free(first[7]);
        // Touched although nothing is there.
        unsafe { mem::st64(saved.range().end - 8, 4) };
        h.set_ranged(first[0], true);
        if pages {
            h.unmap(first[20], 1).unwrap();
            h.protect(first[3], 1, Prot::None).unwrap_or_default();
            h.back_with_file(new[2].0, 20_000).unwrap().truncate(0).unwrap();
        }
        h.restore(&saved, pages).unwrap();
        assert_eq!(h.stats(), stats);
        for &a in &first {
            assert!((a..a + 48).all(|a| unsafe { mem::ld8(a) } == 1));
            assert!(h.locate(a).is_some_and(|o| o.base == a && !o.freed));
        }
        assert_eq!(unsafe { mem::ld64(saved.range().end - 8) }, 0);
        new
    };
    let expected = round(false);
    for pages in [false, true, true, false, false] {
        assert_eq!(round(pages), expected);
    }
    assert!(sys::read(saved.range().end).is_none(), "the fence");
    drop(saved);
    h.alloc(&request(48, 0, Role::Other)).unwrap();
    assert!(h.save(1 << 20).is_ok());
    assert!(heap(Placement::Isolated, OnFree::Reuse).save(0).is_err());
}
