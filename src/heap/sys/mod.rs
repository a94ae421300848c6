//! Memory from the system: reserve, make usable, give back, read without fault.
//!
//! Two files with one interface: [`linux`](self) calls mmap and its kin; `plain` stands in under Miri and where there
//! is no Linux, with ordinary memory of the allocator.

#[cfg(all(target_os = "linux", not(miri)))]
mod linux;
#[cfg(all(target_os = "linux", not(miri)))]
pub(super) use linux::*;

#[cfg(not(all(target_os = "linux", not(miri))))]
mod plain;
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(super) use plain::*;

/// Why there is no memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// There is no address space to be had (or no memory for the allocator's own books).
    Reserve,
    /// There is, but the system will put no memory there.
    Commit,
}

impl From<std::collections::TryReserveError> for Refusal {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::Reserve
    }
}

/// Distance of Go's arenas, and their alignment (`heapArenaBytes` on linux/amd64).
pub(super) const ARENA: usize = if HINTED { 64 << 20 } else { 1 << 20 };
