//! The laboratory of a process: one runtime whose heap lies where Go's does, so that addresses are the same in every run.

#[cfg(gohmap_asm)]
use super::inject::Strike;
#[cfg(gohmap_asm)]
use super::run::Finding;
use crate::heap::{Heap, HeapConfig, OnFree, Request, Role, Saved};
use crate::layout::mem::HAVE_ASM;
use crate::runtime::{Runtime, RuntimeConfig};
use crate::version::GoVersion;
use std::cell::Cell;
use std::io;
use std::ptr::with_exposed_provenance_mut;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where Go's heap begins, and this one.
pub(crate) const GROUND: usize = 0x00c0_0000_0000;

/// Bytes of address space that a scenario's heap may use.
pub(crate) const ROOM: usize = 256 << 10;

/// There is one place for the heap, so one laboratory at a time.
static ONLY: Mutex<()> = Mutex::new(());

/// Why there is no laboratory.
#[derive(Debug, thiserror::Error)]
pub enum NoLab {
    /// The build has no fault handler.
    #[error("this build catches no faults: injections need Linux on x86-64, and a build without --features portable")]
    Unsupported,
    /// Something else is where the heap must be.
    #[error("the addresses from 0xc000000000 on are in use in this process; injections need them")]
    Occupied,
    /// The system refused.
    #[error("the heap of the laboratory cannot be set up: {0}")]
    Io(#[from] io::Error),
}

/// What a run leaves behind also when it was a forked process that died: one page that both have.
pub(crate) struct Shared {
    /// Number of the operation under way.
    pub(crate) during: Cell<u16>,
    #[cfg(gohmap_asm)]
    pub(crate) ended: Cell<Ended>,
}

/// How a forked run came to its end.
#[cfg(gohmap_asm)]
#[derive(Clone, Copy)]
pub(crate) enum Ended {
    /// It did not.
    Never,
    /// It ran through.
    Well(Strike, Option<Finding>),
    /// It was stopped by its bound.
    Hung,
}

/// Maps a fresh page, in the place of one at `at` if that is not 0.
fn shared_page(at: usize) -> io::Result<&'static Shared> {
    let len = size_of::<Shared>();
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS | if at == 0 { 0 } else { libc::MAP_FIXED };
    // SAFETY: a fresh mapping that is never given back (there is one a process), or one in the place of the page that was
    // mapped so before, which nobody has a borrow of but for the length of a call.
    let p =
        unsafe { libc::mmap(with_exposed_provenance_mut(at), len, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0) };
    if p == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    p.expose_provenance();
    let p = p.cast::<Shared>();
    // SAFETY: room for it, aligned to a page; one thread uses it at a time, the laboratory's or that of its child.
    unsafe {
        p.write(Shared {
            during: Cell::new(0),
            #[cfg(gohmap_asm)]
            ended: Cell::new(Ended::Never),
        });
        Ok(&*p)
    }
}

/// A runtime, and its heap with nothing in it.
pub struct Lab {
    pub(crate) rt: Arc<Runtime>,
    pub(crate) version: GoVersion,
    pub(crate) pristine: Saved,
    /// Address of the iterator of range loops.
    pub(crate) it: usize,
    pub(crate) shared: &'static Shared,
    _only: MutexGuard<'static, ()>,
}

impl Lab {
    /// The laboratory of this process, for maps of this Go version. Waits until another one is gone.
    ///
    /// # Errors
    /// When this build catches no faults, or the heap cannot be where Go's is.
    pub fn new(version: GoVersion) -> Result<Self, NoLab> {
        if !HAVE_ASM {
            return Err(NoLab::Unsupported);
        }
        let only = ONLY.lock().unwrap_or_else(PoisonError::into_inner);
        // What a map lets go of stays: no collector runs within a few operations.
        let heap = HeapConfig { on_free: OnFree::Keep, limit: Some(ROOM / 2), ..HeapConfig::default() };
        let rt = Runtime::new(RuntimeConfig { version, seed: Some(GROUND as u64), heap, ..RuntimeConfig::default() });
        let r = Request { size: 128, noscan: false, malloc_headers: false, owner: 0, role: Role::Other, table: 0 };
        let it = rt.heap.alloc(&r).map_err(|e| io::Error::other(e.to_string()))?.addr;
        let pristine = rt.heap.save(ROOM)?;
        if pristine.range().start != GROUND {
            return Err(NoLab::Occupied);
        }
        crate::fault::install();
        static SHARED: Mutex<Option<usize>> = Mutex::new(None);
        let mut page = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        let shared = match *page {
            // SAFETY: the address of the page that was made earlier.
            Some(at) => unsafe { &*std::ptr::with_exposed_provenance::<Shared>(at) },
            None => shared_page(0)?,
        };
        *page = Some(std::ptr::from_ref(shared).expose_provenance());
        Ok(Self { rt, version, pristine, it, shared, _only: only })
    }

    /// The Go version.
    #[must_use]
    pub fn version(&self) -> GoVersion {
        self.version
    }

    /// Parts this process, forked from another with a laboratory, from what it still shares with that.
    #[cfg(gohmap_asm)]
    pub(crate) fn part(&self) -> io::Result<()> {
        shared_page(std::ptr::from_ref(self.shared).addr()).map(drop)
    }

    pub(crate) fn heap(&self) -> &Heap {
        &self.rt.heap
    }
}
