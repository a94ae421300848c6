//! What an experiment does to the heap's pages: protect, unmap, zero, back with a file and cut that off.
//!
//! All of these work on whole pages, whoever else lives in them, and only on pages of the heap: a range that holds
//! anything else, pages that were unmapped before among it, is refused as invalid input. Where there is no Linux (and
//! under Miri) all of them are refused as unsupported.

use super::sys;
use super::{Heap, State};
use std::fs::File;
use std::io;

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

/// Pages of the heap that a file stands behind; truncating it makes accesses beyond its end SIGBUS.
#[derive(Debug)]
pub struct FileBacked {
    file: File,
}

impl FileBacked {
    /// Cuts the file off at `len` bytes, counted from the start of the first page. The rest of a page that is cut in
    /// its middle reads as zero; pages behind it give SIGBUS.
    ///
    /// # Errors
    /// As ftruncate(2).
    pub fn truncate(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }
}

impl State {
    /// The whole pages that hold `[addr, addr + len)`, if they are the heap's.
    fn own_pages(&self, addr: usize, len: usize) -> io::Result<(usize, usize)> {
        let page = sys::page_size();
        let at = addr & !(page - 1);
        let end = addr.checked_add(len.max(1)).and_then(|end| end.checked_next_multiple_of(page));
        end.map(|end| (at, end - at))
            .filter(|&(at, len)| self.placing.territory().owns(at, len))
            .ok_or_else(|| io::ErrorKind::InvalidInput.into())
    }
}

impl Heap {
    /// Changes the protection of the pages that hold `[addr, addr + len)`.
    ///
    /// # Errors
    /// As mprotect(2); when the pages are not the heap's.
    pub fn protect(&self, addr: usize, len: usize, prot: Prot) -> io::Result<()> {
        let s = self.state();
        let (at, len) = s.own_pages(addr, len)?;
        sys::protect(at, len, prot)
    }

    /// Unmaps the pages that hold `[addr, addr + len)`. Objects with a part in them stay known, and are not handed out
    /// again when they are freed; slots that nobody had yet still are, and fault then.
    ///
    /// # Errors
    /// As munmap(2); when the pages are not the heap's.
    pub fn unmap(&self, addr: usize, len: usize) -> io::Result<()> {
        let mut s = self.state();
        let (at, len) = s.own_pages(addr, len)?;
        s.placing.territory_mut().withdraw(at, len)?;
        s.placing.territory_mut().prepare_to_lose()?;
        sys::unmap(at, len)?;
        s.placing.territory_mut().lose(at, len)
    }

    /// Drops what the pages that hold `[addr, addr + len)` hold (`MADV_DONTNEED`): they read as zero, or as the file
    /// behind them.
    ///
    /// # Errors
    /// As madvise(2); when the pages are not the heap's.
    pub fn zero_pages(&self, addr: usize, len: usize) -> io::Result<()> {
        let s = self.state();
        let (at, len) = s.own_pages(addr, len)?;
        sys::zero(at, len)
    }

    /// Puts a file with the present contents behind the pages that hold `[addr, addr + len)`, readable and writable.
    /// What another thread stores there meanwhile may be lost. Objects with a part in these pages are not handed out
    /// again when they are freed.
    ///
    /// # Errors
    /// When the file cannot be made or mapped; when the pages cannot be read or are not the heap's.
    pub fn back_with_file(&self, addr: usize, len: usize) -> io::Result<FileBacked> {
        let (at, pages) = self.state().own_pages(addr, len)?;
        let file = sys::copy_to_file(at, pages)?;
        let mut s = self.state();
        // Somebody may have unmapped them meanwhile.
        s.own_pages(at, pages)?;
        s.placing.territory_mut().withdraw(at, pages)?;
        sys::map_file(at, pages, &file)?;
        Ok(FileBacked { file })
    }
}
