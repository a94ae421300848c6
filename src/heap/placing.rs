//! What the two placements have in common.

use super::Placement;
use super::isolated::Isolated;
use super::object::Request;
use super::ranges::Ranges;
use super::records::{Id, Records};
use super::spans::Spans;
use super::sys::{self, Refusal};
use std::io;
use std::ops::Range;

/// A slot for an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) id: Id,
    /// Bytes of the malloc header.
    pub(super) header: usize,
    /// Where the object begins: behind its malloc header, if it has one.
    pub(super) addr: usize,
    /// It has had another use, so it may hold anything.
    pub(super) used: bool,
}

/// Decides where objects lie.
#[expect(clippy::large_enum_variant, reason = "there is one a heap, and a pointer less to follow counts")]
#[derive(Debug)]
pub(super) enum Placing {
    Spans(Spans),
    Isolated(Isolated),
}

/// The same call, whichever it is.
macro_rules! either {
    ($placing:expr, $p:ident => $call:expr) => {
        match $placing {
            Placing::Spans($p) => $call,
            Placing::Isolated($p) => $call,
        }
    };
}

impl Placing {
    pub(super) fn new(placement: Placement) -> Self {
        match placement {
            Placement::Spans => Self::Spans(Spans::new()),
            Placement::Isolated => Self::Isolated(Isolated::new()),
        }
    }

    /// A slot for a request; its record is the caller's to fill.
    #[inline]
    pub(super) fn alloc(&mut self, records: &mut Records, r: &Request) -> Result<Slot, Refusal> {
        either!(self, p => p.alloc(records, r))
    }

    /// The number that the record of the object at `base` has, if there is one: what has this number may be another's.
    #[inline]
    pub(super) fn guess(&self, base: usize) -> Option<Id> {
        match self {
            Self::Spans(p) => p.guess(base),
            Self::Isolated(p) => p.find(base),
        }
    }

    /// The record of the slot (guard pages included) that an address lies in, if it has ever been handed out and its
    /// pages have had no other use since.
    pub(super) fn find(&self, addr: usize) -> Option<Id> {
        either!(self, p => p.find(addr))
    }

    /// Lets the slot of an object that has ceased to live be handed out again, unless an experiment has withdrawn
    /// pages of it.
    #[inline]
    pub(super) fn reuse(&mut self, records: &mut Records, id: Id) {
        either!(self, p => p.reuse(records, id));
    }

    /// Whether slots of size classes may all be handed out again, by [`Records::give_freed`].
    #[inline]
    pub(super) fn reuses_all(&self) -> bool {
        matches!(self, Self::Spans(p) if p.territory().withdrawn.is_empty())
    }

    /// The bytes of a slot, guard pages excluded, by its first.
    pub(super) fn extent(&self, slot: usize) -> Range<usize> {
        either!(self, p => p.extent(slot))
    }

    /// Bytes made usable.
    pub(super) fn committed(&self) -> usize {
        either!(self, p => p.committed())
    }

    /// The address space.
    pub(super) fn territory(&self) -> &Territory {
        either!(self, p => p.territory())
    }

    /// The address space.
    pub(super) fn territory_mut(&mut self) -> &mut Territory {
        either!(self, p => p.territory_mut())
    }
}

/// Which addresses are the heap's, and which of them it must not hand out again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Territory {
    /// Mapped by the heap and not unmapped since: what it may touch.
    mapped: Ranges,
    /// Taken out of use by an experiment: unmapped, or backed by a file.
    withdrawn: Ranges,
}

impl Territory {
    /// Takes what has just been reserved.
    pub(super) fn add(&mut self, at: usize, len: usize) -> Result<(), Refusal> {
        Ok(self.mapped.insert(at, at + len)?)
    }

    /// Whether all of a range is the heap's.
    pub(super) fn owns(&self, at: usize, len: usize) -> bool {
        at.checked_add(len).is_some_and(|end| self.mapped.covers(at, end))
    }

    /// Makes sure that [`lose`](Self::lose) will not be refused.
    pub(super) fn prepare_to_lose(&mut self) -> io::Result<()> {
        Ok(self.mapped.reserve()?)
    }

    /// A range is no longer mapped.
    pub(super) fn lose(&mut self, at: usize, len: usize) -> io::Result<()> {
        Ok(self.mapped.remove(at, at + len)?)
    }

    /// A range must not be handed out again.
    pub(super) fn withdraw(&mut self, at: usize, len: usize) -> io::Result<()> {
        Ok(self.withdrawn.insert(at, at + len)?)
    }

    /// Whether a range may be handed out again.
    #[inline]
    pub(super) fn usable(&self, range: impl FnOnce() -> Range<usize>) -> bool {
        self.withdrawn.is_empty() || {
            let r = range();
            !self.withdrawn.overlaps(r.start, r.end)
        }
    }

    /// Bytes of address space.
    pub(super) fn reserved(&self) -> usize {
        self.mapped.total()
    }

    /// Gives what is still the heap's of a reservation back to the system. Others may have mapped the rest.
    pub(super) fn release(&self, at: usize, len: usize) {
        for (start, end) in self.mapped.within(at, at + len) {
            // A failure leaves address space behind; there is nobody to tell.
            let _ = sys::release(start, end - start);
        }
    }
}
