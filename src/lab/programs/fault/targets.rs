//! Places for a map's buckets: broken memory of every kind. Nothing here is on the stack when a program dies.

use super::super::hm::{self, PAGE, REGION_AT, REGION_BYTES};
use libc::{PROT_NONE, PROT_READ, PROT_WRITE};

/// A place for buckets: its name, what it is, and how `n` bytes at an address get there.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) prep: fn(usize, usize) -> usize,
}

/// A fresh region with a copy of the buckets.
fn region(src: usize, size: usize, offset: usize) -> usize {
    let p = hm::mmap(REGION_AT, REGION_BYTES, PROT_READ | PROT_WRITE);
    hm::copy_in(p + offset, src, size);
    p
}

fn protected(src: usize, size: usize, offset: usize, prot: libc::c_int) -> usize {
    let p = region(src, size, offset);
    hm::mprotect(p, REGION_BYTES, prot);
    p + offset
}

fn unmapped(src: usize, size: usize) -> usize {
    let p = region(src, size, 0);
    hm::munmap(p, REGION_BYTES);
    p
}

pub(super) fn unmapped_region() -> usize {
    let p = hm::mmap(REGION_AT, REGION_BYTES, PROT_READ | PROT_WRITE);
    hm::munmap(p, REGION_BYTES);
    p
}

pub(super) const TARGETS: [Target; 14] = {
    const fn to(name: &'static str, about: &'static str, prep: fn(usize, usize) -> usize) -> Target {
        Target { name, about, prep }
    }
    [
        to("unmapped", "lie in memory that was unmapped", unmapped),
        to("protnone", "lie in pages that may not be accessed", |s, n| protected(s, n, 0, PROT_NONE)),
        to("readonly", "lie in read-only pages", |s, n| protected(s, n, 0, PROT_READ)),
        to("readonlyoff", "lie in the middle of a read-only page", |s, n| protected(s, n, 0x340, PROT_READ)),
        to("relocated", "lie in good memory outside the heap", |s, n| region(s, n, 0)),
        to("noncanonical", "are said to be at the non-canonical 0xdeadbeefdeadbeef", |_, _| 0xdead_beef_dead_beef),
        to("kerneladdr", "are said to be in the kernel's half", |_, _| 0xffff_8000_0000_0000),
        to("topofuser", "are said to be in the last page of user space", |_, _| 0x7fff_ffff_f000),
        to("abovecanon", "are said to be just above user space", |_, _| 0x8000_0000_0000),
        to("0x0", "are said to be at nil", |_, _| 0),
        to("0x10", "are said to be at 0x10", |_, _| 0x10),
        to("0xf80", "are said to be at 0xf80, in the first page", |_, _| 0xf80),
        to("0xfff", "are said to be at 0xfff, across the end of the first page", |_, _| 0xfff),
        to("0x1000", "are said to be at 0x1000, just after the first page", |_, _| 0x1000),
    ]
};

pub(super) fn target(name: &str) -> Target {
    *TARGETS.iter().find(|t| t.name == name).expect("a target of that name")
}

/// SIGBUS: a file is mapped and then cut to nothing.
pub(super) fn bus_target() -> Target {
    fn prep(src: usize, size: usize) -> usize {
        // SAFETY: a name without NUL inside, no flags.
        let fd = unsafe { libc::memfd_create(c"bus".as_ptr(), 0) };
        // SAFETY: truncates that file.
        let cut = |n| unsafe { libc::ftruncate(fd, n) };
        assert!(fd >= 0 && cut(4 * PAGE as i64) == 0, "a file in memory");
        let p = hm::map_file(REGION_AT, 4 * PAGE, PROT_READ | PROT_WRITE, libc::MAP_SHARED, fd);
        hm::copy_in(p, src, size);
        assert!(cut(0) == 0, "cutting it");
        p
    }
    Target { name: "bus", about: "lie in a mapped file that was cut to nothing", prep }
}
