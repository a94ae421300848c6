//! Ordinary memory in the place of mappings: all of it always usable, at any address, given back as it was taken.

use super::super::breaking::Prot;
use super::Refusal;
use crate::layout::mem;
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fs::File;
use std::io;
use std::ptr::with_exposed_provenance_mut;

/// Addresses cannot be chosen, and blocks side by side are two.
pub(in crate::heap) const HINTED: bool = false;

/// What stands for a page.
pub(in crate::heap) fn page_size() -> usize {
    4096
}

fn layout(len: usize) -> Option<Layout> {
    Layout::from_size_align(len, super::super::PAGE_SIZE).ok().filter(|l| l.size() != 0)
}

/// Takes `len` bytes of zeroes.
pub(in crate::heap) fn reserve(_: usize, len: usize) -> Result<usize, Refusal> {
    let layout = layout(len).ok_or(Refusal::Reserve)?;
    // SAFETY: the size is not zero.
    let p = unsafe { alloc_zeroed(layout) };
    if p.is_null() { Err(Refusal::Reserve) } else { Ok(p.expose_provenance()) }
}

/// Nothing to do: the memory is there.
pub(in crate::heap) fn commit(_: usize, _: usize) -> Result<(), Refusal> {
    Ok(())
}

/// Nothing to do: the allocator decides.
pub(in crate::heap) fn advise_huge(_: usize, _: usize) {}

/// Nothing to do: there are no pages.
pub(in crate::heap) fn advise_small(_: usize, _: usize) {}

/// Cannot be done to ordinary memory.
pub(in crate::heap) fn renew(_: usize, _: usize) -> io::Result<()> {
    unsupported()
}

/// Gives back what [`reserve`] took, whole.
pub(in crate::heap) fn release(addr: usize, len: usize) -> io::Result<()> {
    let layout = layout(len).ok_or(io::ErrorKind::InvalidInput)?;
    // SAFETY: `addr` and `len` are those of a `reserve`: blocks are never joined nor cut here.
    unsafe { dealloc(with_exposed_provenance_mut(addr), layout) };
    Ok(())
}

/// Reads four words of a live object of the heap, at least as long.
pub(in crate::heap) fn read(addr: usize) -> Option<[u64; 4]> {
    // SAFETY: memory of the heap cannot be taken away here.
    Some([0, 8, 16, 24].map(|i| unsafe { mem::ld64(addr + i) }))
}

fn unsupported<T>() -> io::Result<T> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Cannot be done to ordinary memory.
pub(in crate::heap) fn protect(_: usize, _: usize, _: Prot) -> io::Result<()> {
    unsupported()
}

/// Cannot be done to ordinary memory.
pub(in crate::heap) fn unmap(_: usize, _: usize) -> io::Result<()> {
    unsupported()
}

/// Cannot be done to ordinary memory: others may live in the same pages.
pub(in crate::heap) fn zero(_: usize, _: usize) -> io::Result<()> {
    unsupported()
}

/// Nothing could be done with the file.
pub(in crate::heap) fn copy_to_file(_: usize, _: usize) -> io::Result<File> {
    unsupported()
}

/// Cannot be done to ordinary memory.
pub(in crate::heap) fn map_file(_: usize, _: usize, _: &File) -> io::Result<()> {
    unsupported()
}
