//! Shadow memory: which accesses each eight bytes of memory have seen.
//!
//! The rules are those of ThreadSanitizer's version 3 runtime, which every race detector of Go 1.19 to 1.25 is, but for one:
//! it keeps four accesses for eight bytes and forgets one at random when a fifth comes. Here none is forgotten.

use super::clock::{Clock, Epoch, Tid};
use crate::fatal::trace::Trace;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes that share a cell.
const GRANULE: usize = 8;

/// What an access does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    pub(super) write: bool,
    pub(super) atomic: bool,
}

impl Kind {
    pub(super) const READ: Self = Self { write: false, atomic: false };
    pub(super) const WRITE: Self = Self { write: true, atomic: false };
    pub(super) const ATOMIC_READ: Self = Self { write: false, atomic: true };
    pub(super) const ATOMIC_WRITE: Self = Self { write: true, atomic: true };

    /// No access of kind `other` can race where one of this kind does not.
    fn covers(self, other: Self) -> bool {
        self.write >= other.write && self.atomic <= other.atomic
    }

    /// Two accesses of these kinds never race.
    fn is_harmless_to(self, other: Self) -> bool {
        !self.write && !other.write || self.atomic && other.atomic
    }
}

/// Bytes of memory. Go reports an access to a variable of one component as one to its first byte, and others whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Bytes {
    pub(super) addr: usize,
    pub(super) size: usize,
}

/// An access that is remembered.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) tid: Tid,
    epoch: Epoch,
    pub(super) kind: Kind,
    /// Which of the granule's bytes, a bit each.
    mask: u8,
    pub(super) stack: Arc<Trace>,
}

/// Two accesses that nothing orders, the older one first.
#[derive(Debug)]
pub(super) struct Conflict {
    pub(super) earlier: Seen,
    /// Where the older one was.
    pub(super) earlier_addr: usize,
    /// Where the newer one was.
    pub(super) addr: usize,
    /// The newer one's stack.
    pub(super) stack: Arc<Trace>,
}

/// The memory of all accesses.
#[derive(Debug, Default)]
pub(super) struct Shadow {
    cells: HashMap<usize, Vec<Seen>>,
}

impl Shadow {
    /// Notes an access by a goroutine with this clock, unless it races: then the granule is forgotten, as ThreadSanitizer does so
    /// that one bug is not told again and again. `stack` is asked for at most once, and only when it is needed.
    pub(super) fn access(
        &mut self,
        tid: Tid,
        clock: &Clock,
        kind: Kind,
        bytes: Bytes,
        stack: impl Fn() -> Trace,
    ) -> Option<Conflict> {
        let mut taken: Option<Arc<Trace>> = None;
        let mut stack = || Arc::clone(taken.get_or_insert_with(|| Arc::new(stack())));
        let end = bytes.addr.saturating_add(bytes.size);
        let mut at = bytes.addr;
        while at < end {
            let granule = at - at % GRANULE;
            let next = end.min(granule + GRANULE);
            let mask = (at..next).fold(0, |m, a| m | 1 << (a - granule));
            let cell = self.cells.entry(granule).or_default();
            let epoch = clock.get(tid);
            let same = |s: &Seen| s.tid == tid && s.epoch == epoch && s.mask == mask && s.kind.covers(kind);
            if !cell.iter().any(same) {
                let racing = cell.iter().position(|s| {
                    s.mask & mask != 0 && s.tid != tid && !s.kind.is_harmless_to(kind) && clock.get(s.tid) < s.epoch
                });
                if let Some(i) = racing {
                    let earlier = cell.swap_remove(i);
                    cell.clear();
                    let earlier_addr = granule + earlier.mask.trailing_zeros() as usize;
                    return Some(Conflict { earlier, earlier_addr, addr: at, stack: stack() });
                }
                let seen = Seen { tid, epoch, kind, mask, stack: stack() };
                match cell.iter_mut().find(|s| s.tid == tid && s.mask == mask && kind.covers(s.kind)) {
                    Some(weaker) => *weaker = seen,
                    None => cell.push(seen),
                }
            }
            at = next;
        }
        None
    }
}
