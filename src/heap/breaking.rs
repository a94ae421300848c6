//! What an experiment does to the heap's pages: protect, unmap, zero, back with a file and cut that off.

use super::sys::{self, OS_PAGE};
use super::{Heap, Placed};
use nix::sys::mman::{self, MapFlags, MmapAdvise, ProtFlags};
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::ptr::NonNull;

/// Page protections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prot {
    /// No access.
    None,
    /// Reading only.
    Read,
    /// Reading and writing.
    ReadWrite,
}

impl From<Prot> for ProtFlags {
    fn from(p: Prot) -> Self {
        match p {
            Prot::None => Self::PROT_NONE,
            Prot::Read => Self::PROT_READ,
            Prot::ReadWrite => Self::PROT_READ | Self::PROT_WRITE,
        }
    }
}

/// Pages of the heap that a file stands behind; truncating it makes accesses beyond its end SIGBUS.
#[derive(Debug)]
pub struct FileBacked {
    file: File,
}

impl FileBacked {
    /// Cuts the file off at `len` bytes.
    ///
    /// # Errors
    /// As ftruncate(2).
    pub fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

/// The whole pages that hold a range.
fn pages(addr: usize, len: usize) -> (usize, usize) {
    let first = addr & !(OS_PAGE - 1);
    (first, (addr + len).next_multiple_of(OS_PAGE) - first)
}

impl Heap {
    /// Changes the protection of the pages that hold `[addr, addr + len)`, whoever else lives in them.
    ///
    /// # Errors
    /// As mprotect(2).
    pub fn protect(&self, addr: usize, len: usize, prot: Prot) -> io::Result<()> {
        let (at, len) = pages(addr, len);
        sys::protect(at, len, prot.into())
    }

    /// Unmaps the pages that hold `[addr, addr + len)`. The heap does not use them again unless their objects are
    /// freed under [`OnFree::Reuse`](super::OnFree::Reuse): free objects with another policy in such experiments.
    ///
    /// # Errors
    /// As munmap(2).
    pub fn unmap(&self, addr: usize, len: usize) -> io::Result<()> {
        let (at, len) = pages(addr, len);
        sys::release(at, len)?;
        match &mut self.state().placed {
            Placed::Spans(p) => p.arena.note_hole(at, len),
            Placed::Isolated(p) => p.note_hole(at),
        }
        Ok(())
    }

    /// Replaces the pages that hold `[addr, addr + len)` by zero pages (`MADV_DONTNEED`).
    ///
    /// # Errors
    /// As madvise(2).
    pub fn zero_pages(&self, addr: usize, len: usize) -> io::Result<()> {
        let (at, len) = pages(addr, len);
        let p = NonNull::new(std::ptr::with_exposed_provenance_mut(at)).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: pages of the heap, which only emulated accesses touch.
        unsafe { mman::madvise(p, len, MmapAdvise::MADV_DONTNEED) }?;
        Ok(())
    }

    /// Puts a file with the present contents behind the pages that hold `[addr, addr + len)`.
    ///
    /// # Errors
    /// When the file cannot be made or mapped.
    pub fn back_with_file(&self, addr: usize, len: usize) -> io::Result<FileBacked> {
        let (at, len) = pages(addr, len);
        let fd = nix::sys::memfd::memfd_create(c"gohmap-buckets", nix::sys::memfd::MFdFlags::MFD_CLOEXEC)?;
        let file = File::from(fd);
        file.set_len(len as u64)?;
        {
            // SAFETY: the file is ours alone and nobody truncates it while this view exists.
            let mut view = unsafe { memmap2::MmapMut::map_mut(&file) }?;
            for (i, byte) in view.iter_mut().enumerate() {
                // SAFETY: live pages of the heap.
                *byte = unsafe { crate::layout::mem::ld8(at + i) };
            }
        }
        let size = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        // SAFETY: MAP_FIXED replaces pages of the heap, which only emulated accesses touch, by the same contents.
        unsafe {
            mman::mmap(
                NonZeroUsize::new(at),
                size,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED | MapFlags::MAP_FIXED,
                &file,
                0,
            )
        }?;
        Ok(FileBacked { file })
    }
}
