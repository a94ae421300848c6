//! Address space from the system: reserve, make usable, give back.
//!
//! Under Miri, and where there is no mmap, ordinary memory of the allocator stands in.

pub(super) use imp::*;

#[cfg(all(unix, not(miri)))]
mod imp {
    use nix::sys::mman::{self, MapFlags, ProtFlags};
    use std::ffi::c_void;
    use std::io;
    use std::num::NonZeroUsize;
    use std::ptr::NonNull;

    /// What an arena reserves at a time (`heapArenaBytes`).
    pub(in super::super) const RESERVE: usize = 64 << 20;
    /// Pages of the machine.
    pub(in super::super) const OS_PAGE: usize = 4096;

    fn pointer(addr: usize) -> io::Result<NonNull<c_void>> {
        NonNull::new(std::ptr::with_exposed_provenance_mut(addr))
            .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
    }

    /// Reserves address space without memory, at `hint` if that is free.
    pub(in super::super) fn reserve(hint: usize, len: usize) -> io::Result<usize> {
        let len = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
        // Without MAP_NORESERVE: what is made usable later counts as memory, and the system may refuse it.
        let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
        // SAFETY: a new mapping without MAP_FIXED replaces nothing.
        let p = unsafe { mman::mmap_anonymous(NonZeroUsize::new(hint), len, ProtFlags::PROT_NONE, flags) }?;
        Ok(p.as_ptr().expose_provenance())
    }

    /// Makes reserved pages readable and writable; fresh ones are zero.
    pub(in super::super) fn commit(addr: usize, len: usize) -> io::Result<()> {
        protect(addr, len, ProtFlags::PROT_READ | ProtFlags::PROT_WRITE)
    }

    /// Changes the protection of whole pages.
    pub(in super::super) fn protect(addr: usize, len: usize, prot: ProtFlags) -> io::Result<()> {
        // SAFETY: pages of the heap, which only emulated accesses touch; those may fault.
        unsafe { mman::mprotect(pointer(addr)?, len, prot) }?;
        Ok(())
    }

    /// Unmaps whole pages.
    pub(in super::super) fn release(addr: usize, len: usize) -> io::Result<()> {
        // SAFETY: as for `protect`.
        unsafe { mman::munmap(pointer(addr)?, len) }?;
        Ok(())
    }
}

#[cfg(not(all(unix, not(miri))))]
mod imp {
    use std::alloc::{Layout, alloc_zeroed, dealloc};
    use std::io;

    pub(in super::super) const RESERVE: usize = 1 << 20;
    pub(in super::super) const OS_PAGE: usize = 4096;

    fn layout(len: usize) -> io::Result<Layout> {
        Layout::from_size_align(len, 8192).map_err(|_| io::ErrorKind::InvalidInput.into())
    }

    /// Takes `len` bytes of zeroes.
    pub(in super::super) fn reserve(_: usize, len: usize) -> io::Result<usize> {
        let layout = layout(len)?;
        if layout.size() == 0 {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: the size is not zero.
        let p = unsafe { alloc_zeroed(layout) };
        if p.is_null() { Err(io::ErrorKind::OutOfMemory.into()) } else { Ok(p.expose_provenance()) }
    }

    /// Nothing to do: the memory is there.
    pub(in super::super) fn commit(_: usize, _: usize) -> io::Result<()> {
        Ok(())
    }

    /// Gives back what [`reserve`] took, whole.
    pub(in super::super) fn release(addr: usize, len: usize) -> io::Result<()> {
        // SAFETY: `addr` and `len` are those of a `reserve` (the arena releases as it reserved).
        unsafe { dealloc(std::ptr::with_exposed_provenance_mut(addr), layout(len)?) };
        Ok(())
    }
}
