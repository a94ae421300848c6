//! mmap, mprotect, munmap, and process_vm_readv on ourselves.

use super::super::breaking::Prot;
use super::Refusal;
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::mman::{self, MapFlags, MmapAdvise, ProtFlags};
use std::ffi::c_void;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsRawFd;
use std::ptr::{NonNull, with_exposed_provenance_mut};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Addresses may be asked for, and mappings side by side are one.
pub(in crate::heap) const HINTED: bool = true;

/// Bytes of the machine's pages.
pub(in crate::heap) fn page_size() -> usize {
    static PAGE: AtomicUsize = AtomicUsize::new(0);
    match PAGE.load(Relaxed) {
        0 => {
            // SAFETY: asks for a number.
            let n = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            let n = usize::try_from(n).unwrap_or(4096);
            PAGE.store(n, Relaxed);
            n
        }
        n => n,
    }
}

fn pointer(addr: usize) -> io::Result<NonNull<c_void>> {
    NonNull::new(with_exposed_provenance_mut(addr)).ok_or_else(|| io::ErrorKind::InvalidInput.into())
}

/// Reserves address space without memory, at `hint` if that is free.
///
/// Without `MAP_NORESERVE`: what is made usable later counts as memory, and the system may refuse it then.
pub(in crate::heap) fn reserve(hint: usize, len: usize) -> Result<usize, Refusal> {
    let len = NonZeroUsize::new(len).ok_or(Refusal::Reserve)?;
    let flags = MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS;
    // SAFETY: a new mapping without MAP_FIXED replaces nothing.
    let p = unsafe { mman::mmap_anonymous(NonZeroUsize::new(hint), len, ProtFlags::PROT_NONE, flags) };
    p.map(|p| p.as_ptr().expose_provenance()).map_err(|_| Refusal::Reserve)
}

/// Makes reserved pages readable and writable; fresh ones are zero.
pub(in crate::heap) fn commit(addr: usize, len: usize) -> Result<(), Refusal> {
    protect(addr, len, Prot::ReadWrite).map_err(|_| Refusal::Commit)
}

/// Changes the protection of whole pages of the heap.
pub(in crate::heap) fn protect(addr: usize, len: usize, prot: Prot) -> io::Result<()> {
    let prot = match prot {
        Prot::None => ProtFlags::PROT_NONE,
        Prot::Read => ProtFlags::PROT_READ,
        Prot::ReadWrite => ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
    };
    // SAFETY: pages of the heap, which only emulated accesses touch; those may fault.
    unsafe { mman::mprotect(pointer(addr)?, len, prot) }?;
    Ok(())
}

/// Puts fresh pages, readable, writable and zero, in the place of whatever is mapped there.
pub(in crate::heap) fn renew(addr: usize, len: usize) -> io::Result<()> {
    let len = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
    let (prot, flags) = (
        ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
        MapFlags::MAP_PRIVATE | MapFlags::MAP_ANONYMOUS | MapFlags::MAP_FIXED,
    );
    // SAFETY: replaces pages of the heap, or pages that an experiment has taken from it, which only emulated accesses touch.
    unsafe { mman::mmap_anonymous(NonZeroUsize::new(addr), len, prot, flags) }?;
    Ok(())
}

/// Asks for no huge pages in a range.
pub(in crate::heap) fn advise_small(addr: usize, len: usize) {
    if let Ok(p) = pointer(addr) {
        // SAFETY: has no effect on what the memory holds.
        let _ = unsafe { mman::madvise(p, len, MmapAdvise::MADV_NOHUGEPAGE) };
    }
}

/// Asks for huge pages in a range; whether there are any is the system's affair.
pub(in crate::heap) fn advise_huge(addr: usize, len: usize) {
    if let Ok(p) = pointer(addr) {
        // SAFETY: has no effect on what the memory holds.
        let _ = unsafe { mman::madvise(p, len, MmapAdvise::MADV_HUGEPAGE) };
    }
}

/// Unmaps whole pages of the heap that an experiment wants gone.
pub(in crate::heap) fn unmap(addr: usize, len: usize) -> io::Result<()> {
    release(addr, len)
}

/// Drops what whole pages of the heap hold (`MADV_DONTNEED`).
pub(in crate::heap) fn zero(addr: usize, len: usize) -> io::Result<()> {
    // SAFETY: as for `protect`.
    unsafe { mman::madvise(pointer(addr)?, len, MmapAdvise::MADV_DONTNEED) }?;
    Ok(())
}

/// A new file in memory, without a name, that holds what whole pages of the heap hold.
///
/// The kernel does the reading: pages that cannot be read are an error, not a fault.
pub(in crate::heap) fn copy_to_file(addr: usize, len: usize) -> io::Result<File> {
    let file = File::from(memfd_create(c"gohmap-buckets", MFdFlags::MFD_CLOEXEC)?);
    let mut done = 0;
    while done < len {
        let from = with_exposed_provenance_mut::<c_void>(addr + done);
        // SAFETY: reads memory only; bad addresses are an error.
        let n = unsafe { libc::pwrite(file.as_raw_fd(), from, len - done, done as libc::off_t) };
        match usize::try_from(n) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => done += n,
            Err(_) => match io::Error::last_os_error() {
                e if e.kind() == io::ErrorKind::Interrupted => {}
                e => return Err(e),
            },
        }
    }
    Ok(file)
}

/// Puts a file in the place of whole pages of the heap: readable, writable, shared.
pub(in crate::heap) fn map_file(addr: usize, len: usize, file: &File) -> io::Result<()> {
    let len = NonZeroUsize::new(len).ok_or(io::ErrorKind::InvalidInput)?;
    let (prot, flags) = (ProtFlags::PROT_READ | ProtFlags::PROT_WRITE, MapFlags::MAP_SHARED | MapFlags::MAP_FIXED);
    // SAFETY: replaces pages of the heap, which only emulated accesses touch.
    unsafe { mman::mmap(NonZeroUsize::new(addr), len, prot, flags, file, 0) }?;
    Ok(())
}

/// Gives reserved address space back.
pub(in crate::heap) fn release(addr: usize, len: usize) -> io::Result<()> {
    // SAFETY: as for `protect`.
    unsafe { mman::munmap(pointer(addr)?, len) }?;
    Ok(())
}

/// Reads four words; `None` where reading would fault (or the system does not let us ask).
///
/// The kernel reads for us: whatever an experiment, or C code behind our back, has done to the pages, this returns.
pub(in crate::heap) fn read(addr: usize) -> Option<[u64; 4]> {
    let mut words = [0_u64; 4];
    let len = size_of_val(&words);
    let to = libc::iovec { iov_base: words.as_mut_ptr().cast(), iov_len: len };
    let from = libc::iovec { iov_base: with_exposed_provenance_mut(addr), iov_len: len };
    // SAFETY: writes to `words` only, which outlives the call; a bad `addr` is an error, not a fault.
    let n = unsafe { libc::process_vm_readv(libc::getpid(), &raw const to, 1, &raw const from, 1, 0) };
    (n == len.cast_signed()).then_some(words)
}
