//! What needs a process of its own: the first addresses, and limits of the system.

use super::*;
use std::process::Command;

/// Runs the ignored test `name` of this file in a fresh process; true there.
fn in_child(name: &str) -> bool {
    const MARK: &str = "GOHMAP_TEST_CHILD";
    if std::env::var_os(MARK).is_some() {
        return true;
    }
    let path = format!("heap::tests::limits::{name}");
    let out = Command::new(std::env::current_exe().unwrap())
        .args([path.as_str(), "--exact", "--nocapture", "--test-threads=1"])
        .env(MARK, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success() && text.contains("1 passed"), "{}: {text}", out.status);
    false
}

fn object(h: &Heap, size: usize) -> usize {
    h.alloc(&request(size, 0, Role::Other)).unwrap().addr
}

/// Forbids this process more address space than it has and `more` bytes.
fn limit_address_space(more: usize) {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = statm.split_whitespace().next().unwrap().parse().unwrap();
    let limit = (pages * sys::page_size() + more) as u64;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_AS, limit, limit).unwrap();
}

#[test]
fn arenas_lie_where_go_s_do() {
    if !in_child("arenas_lie_where_go_s_do") {
        return;
    }
    let one = heap(Placement::Spans, OnFree::Reuse);
    assert_eq!(object(&one, 8), 0xc0_0000_0000);
    assert_eq!(object(&one, 8), 0xc0_0000_0008);
    assert_eq!(object(&one, 48), 0xc0_0000_2000);
    // Larger than what is left of the first 64 MiB: the arena goes on behind them.
    assert_eq!(object(&one, 100 << 20), 0xc0_0020_0000, "at a huge page");
    assert_eq!(one.stats().reserved, 128 << 20);
    let two = heap(Placement::Spans, OnFree::Reuse);
    assert_eq!(object(&two, 8), 0x1c0_0000_0000);
    drop(one);
    let three = heap(Placement::Spans, OnFree::Reuse);
    assert_eq!(object(&three, 8), 0xc0_0000_0000);
    // Somebody lies behind the arena: it goes on at the next hint that is free.
    let four = sys::reserve(0xc0_0400_0000, 4096).unwrap();
    assert_eq!(four, 0xc0_0400_0000);
    assert_eq!(object(&three, 65 << 20), 0x2c0_0000_0000);
    assert_eq!(object(&three, 16), 0xc0_0000_2000, "the rest of the first arena still serves");
    assert_eq!(three.locate(0xc0_0000_0000).unwrap().size, 8);
}

#[test]
fn when_all_hints_are_taken_any_place_will_do() {
    if !in_child("when_all_hints_are_taken_any_place_will_do") {
        return;
    }
    for i in 0..128_usize {
        sys::reserve((0xc0 << 32) | (i << 40), 4096).unwrap();
    }
    let h = heap(Placement::Spans, OnFree::Reuse);
    let a = object(&h, 8);
    assert_eq!((a % (64 << 20), a & 0xff_ffff_ffff == 0xc0_0000_0000), (0, false));
    assert_eq!(h.stats().reserved, 64 << 20);
}

#[test]
fn no_address_space_is_no_memory() {
    if !in_child("no_address_space_is_no_memory") {
        return;
    }
    let h = heap(Placement::Spans, OnFree::Reuse);
    let i = heap(Placement::Isolated, OnFree::Reuse);
    let map = h.alloc(&request(48, 0, Role::Header)).unwrap().addr;
    limit_address_space(1 << 20);
    let e = h.alloc(&request(100 << 20, map, Role::Buckets)).unwrap_err();
    assert_eq!((e.rounded, e.in_use, e.uncommitted), (100 << 20, 4 << 20, false));
    // Small ones until there is room neither for them nor for the books about them: no abort.
    for (h, size) in [(&h, 16), (&i, 144)] {
        let mut n = 0_usize;
        while h.alloc(&request(size, map, Role::Other)).is_ok() {
            n += 1;
        }
        let s = h.stats();
        assert!(n > 10 && s.objects >= n && s.objects <= n + 1, "{n} {s:?}");
        assert!(h.alloc(&request(size, 0x1000, Role::Other)).is_err(), "nor for a new owner");
    }
    h.free_owner(map);
    assert_eq!(h.stats().objects, 0);
    assert!(h.alloc(&request(16, 0, Role::Other)).is_ok(), "what was freed is there");
}

#[test]
fn reserved_but_refused() {
    if !in_child("reserved_but_refused") {
        return;
    }
    let h = heap(Placement::Spans, OnFree::Reuse);
    object(&h, 8);
    // RLIMIT_DATA counts writable private pages: reserving goes well, making usable does not.
    let limit = 32 << 20;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_DATA, limit, limit).unwrap();
    for _ in 0..2 {
        let e = h.alloc(&request(60 << 20, 0, Role::Buckets)).unwrap_err();
        assert_eq!((e.rounded, e.in_use, e.uncommitted), (60 << 20, 4 << 20, true));
    }
    let i = heap(Placement::Isolated, OnFree::Reuse);
    let e = i.alloc(&request(60 << 20, 0, Role::Buckets)).unwrap_err();
    assert_eq!((e.in_use, e.uncommitted, i.stats().reserved), (0, true, 0));
    assert!(object(&h, 8) != 0);
}
