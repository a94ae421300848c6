//! The arena: address space asked for at 0xc000000000, like Go's, made usable in steps, handed out in runs of pages.

use super::sizeclass::PAGE_SIZE;
use super::sys;
use std::collections::BTreeMap;
use std::io;

/// Where Go asks for its first arena on linux/amd64 (`mallocinit`, `runtime/malloc.go`).
const FIRST_HINT: usize = 0x00c0 << 32;
/// Distance of its further hints.
const HINT_STEP: usize = 1 << 40;
const HINTS: usize = 128;
/// By how much a heap grows (`mheap.grow`: 512 pages).
pub(super) const GROWTH: usize = 4 << 20;

/// Why the system gave no memory.
#[derive(Debug)]
pub(super) enum Refusal {
    /// There is no address space to be had.
    Reserve,
    /// There is, but no memory for it.
    Commit,
}

/// A run of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) base: usize,
    pub(super) pages: usize,
    /// It has been used before, so it may hold anything.
    pub(super) dirty: bool,
}

/// Reserved address space and its free page runs.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// Reservations, by address: length.
    reserved: BTreeMap<usize, usize>,
    /// Pieces that an experiment has unmapped: not ours any more.
    holes: BTreeMap<usize, usize>,
    /// Unused rest of the newest reservation: usable up to `ready`, reserved up to `end`.
    next: usize,
    ready: usize,
    end: usize,
    /// Free runs below `next`, by address: pages. All of them have been used.
    free: BTreeMap<usize, usize>,
    hint: usize,
}

impl Arena {
    /// Bytes of address space.
    pub(super) fn reserved_bytes(&self) -> usize {
        self.reserved.values().sum()
    }

    /// Whether an address lies in reserved space.
    pub(super) fn contains(&self, addr: usize) -> bool {
        self.reserved.range(..=addr).next_back().is_some_and(|(&base, &len)| addr < base + len)
    }

    /// A run of `pages` pages.
    pub(super) fn take(&mut self, pages: usize) -> Result<Run, Refusal> {
        // First fit among what was freed, as Go's page allocator does: lowest address first.
        if let Some((&base, &have)) = self.free.iter().find(|&(_, &have)| have >= pages) {
            self.free.remove(&base);
            if have > pages {
                self.free.insert(base + pages * PAGE_SIZE, have - pages);
            }
            return Ok(Run { base, pages, dirty: true });
        }
        let len = pages.checked_mul(PAGE_SIZE).ok_or(Refusal::Reserve)?;
        if self.end - self.next < len {
            self.grow(len).map_err(|_| Refusal::Reserve)?;
        }
        let end = self.next + len;
        if end > self.ready {
            let ready = (end - self.ready).next_multiple_of(GROWTH).min(self.end - self.ready);
            sys::commit(self.ready, ready).map_err(|_| Refusal::Commit)?;
            self.ready += ready;
        }
        let base = self.next;
        self.next = end;
        Ok(Run { base, pages, dirty: false })
    }

    /// Takes a run back; joins it with free neighbours.
    pub(super) fn give_back(&mut self, base: usize, pages: usize) {
        let (mut base, mut pages) = (base, pages);
        if let Some((&b, &p)) = self.free.range(..base).next_back()
            && b + p * PAGE_SIZE == base
        {
            self.free.remove(&b);
            base = b;
            pages += p;
        }
        if let Some(p) = self.free.remove(&(base + pages * PAGE_SIZE)) {
            pages += p;
        }
        self.free.insert(base, pages);
    }

    /// Reserves at least `len` bytes more, next to the newest reservation if that works.
    fn grow(&mut self, len: usize) -> io::Result<()> {
        let missing = len - (self.end - self.next);
        if self.end != 0 {
            let more = missing.checked_next_multiple_of(sys::RESERVE).ok_or(io::ErrorKind::OutOfMemory)?;
            let at = sys::reserve(self.end, more)?;
            if at == self.end {
                // Two reservations side by side are one.
                let (base, have) = self.reserved.pop_last().unwrap_or((at, 0));
                self.reserved.insert(base, have + more);
                self.end += more;
                return Ok(());
            }
            sys::release(at, more)?;
        }
        let len = len.checked_next_multiple_of(sys::RESERVE).ok_or(io::ErrorKind::OutOfMemory)?;
        // Go's hints one after the other; then wherever the system likes.
        let mut at = None;
        while at.is_none() && self.hint < HINTS {
            let hint = FIRST_HINT + self.hint * HINT_STEP;
            let got = sys::reserve(hint, len)?;
            if got == hint || cfg!(miri) {
                at = Some(got);
            } else {
                sys::release(got, len)?;
                self.hint += 1;
            }
        }
        let at = match at {
            Some(at) => at,
            None => sys::reserve(0, len)?,
        };
        // What is left of the old reservation serves later requests.
        let rest = (self.ready - self.next) / PAGE_SIZE;
        if rest > 0 {
            self.give_back(self.next, rest);
        }
        self.reserved.insert(at, len);
        (self.next, self.ready, self.end) = (at, at, at + len);
        Ok(())
    }

    /// Notes that pages are gone, so that dropping the arena does not unmap what others have mapped there since.
    pub(super) fn note_hole(&mut self, base: usize, len: usize) {
        self.holes.insert(base, len);
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for (&base, &len) in &self.reserved {
            let mut at = base;
            for (&hole, &hole_len) in self.holes.range(base..base + len) {
                if hole > at {
                    let _ = sys::release(at, hole - at);
                }
                at = at.max(hole + hole_len);
            }
            if base + len > at {
                let _ = sys::release(at, base + len - at);
            }
        }
    }
}
