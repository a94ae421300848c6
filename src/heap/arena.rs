//! The arena: address space asked for at 0xc000000000, like Go's, made usable in steps, handed out in runs of pages.

use super::placing::Territory;
use super::records::{Id, NONE};
use super::sizeclass::PAGE_SIZE;
use super::sys::{self, ARENA, Refusal};
use std::collections::BTreeMap;

/// Where Go asks for its first arena on linux/amd64 (`mallocinit`, `runtime/malloc.go`).
const FIRST_HINT: usize = 0x00c0 << 32;
/// Distance of its further hints.
const HINT_STEP: usize = 1 << 40;
const HINTS: usize = 128;
/// By how much a heap grows (`mheap.grow`: 512 pages).
pub(super) const GROWTH: usize = 4 << 20;

/// Bytes of a huge page of the machine.
const HUGE: usize = 2 << 20;

/// A run of pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) base: usize,
    pub(super) pages: usize,
    /// It has been used before, so it may hold anything.
    pub(super) dirty: bool,
}

/// What a page is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    /// The span it belongs to, or [`NO_SPAN`].
    pub(super) span: u32,
    /// The record of the span's first slot.
    pub(super) first: Id,
    /// The span's size class.
    pub(super) class: u8,
    /// Number of the page in its span, if that has slots of a class (then it has ten pages at most).
    pub(super) nth: u8,
}

/// No span.
pub(super) const NO_SPAN: u32 = u32::MAX;

const UNUSED: Page = Page { span: NO_SPAN, first: NONE, class: 0, nth: 0 };

/// Address space in one piece.
#[derive(Debug)]
struct Reservation {
    base: usize,
    len: usize,
    /// What [`Arena::assign`] said of each page, up to the last that was handed out.
    pages: Vec<Page>,
}

/// Reserved address space, its free page runs, and what each page is used for.
#[derive(Debug, Default)]
pub(super) struct Arena {
    /// By address.
    reservations: Vec<Reservation>,
    pub(super) territory: Territory,
    /// Unused rest of the newest reservation: usable up to `ready`, reserved up to `end`.
    next: usize,
    ready: usize,
    end: usize,
    /// Free runs below `next`, by address: pages. All of them have been used.
    free: BTreeMap<usize, usize>,
    hint: usize,
    pub(super) committed: usize,
}

impl Arena {
    fn reservation(&self, addr: usize) -> Option<usize> {
        let i = self.reservations.partition_point(|r| r.base <= addr).checked_sub(1)?;
        (addr - self.reservations[i].base < self.reservations[i].len).then_some(i)
    }

    /// What the page of an address was assigned to.
    #[inline]
    pub(super) fn page(&self, addr: usize) -> Option<Page> {
        // Most heaps have one reservation.
        let first = self.reservations.first()?;
        let r = if addr.wrapping_sub(first.base) < first.len {
            first
        } else {
            &self.reservations[self.reservation(addr)?]
        };
        r.pages.get((addr - r.base) / PAGE_SIZE).copied().filter(|p| p.span != NO_SPAN)
    }

    /// The span that the page of an address was assigned to.
    pub(super) fn span_at(&self, addr: usize) -> Option<u32> {
        self.page(addr).map(|p| p.span)
    }

    /// Assigns the pages of a run to a span.
    pub(super) fn assign(&mut self, base: usize, pages: usize, span: u32, first: Id, class: u8) {
        let Some(i) = self.reservation(base) else { return };
        let r = &mut self.reservations[i];
        let start = (base - r.base) / PAGE_SIZE;
        if r.pages.len() < start + pages {
            r.pages.resize(start + pages, UNUSED);
        }
        for (i, p) in r.pages[start..start + pages].iter_mut().enumerate() {
            *p = Page { span, first, class, nth: if class == 0 { 0 } else { i as u8 } };
        }
    }

    /// The pages of a run belong to nobody.
    pub(super) fn unassign(&mut self, base: usize, pages: usize) {
        self.assign(base, pages, NO_SPAN, NONE, 0);
    }

    /// A run of `pages` pages. One of [`HUGE`] or more begins at a multiple of that and lies on huge pages, if the
    /// system has any.
    pub(super) fn take(&mut self, pages: usize) -> Result<Run, Refusal> {
        let len = pages.checked_mul(PAGE_SIZE).ok_or(Refusal::Reserve)?;
        let align = if len >= HUGE { HUGE } else { PAGE_SIZE };
        let run = match self.take_freed(pages, align) {
            Some(base) => Run { base, pages, dirty: true },
            None => Run { base: self.take_fresh(len, align)?, pages, dirty: false },
        };
        if len >= HUGE {
            sys::advise_huge(run.base, len.next_multiple_of(HUGE).min(self.ready - run.base));
        }
        Ok(run)
    }

    /// First fit among what was freed, as Go's page allocator does: lowest address first.
    fn take_freed(&mut self, pages: usize, align: usize) -> Option<usize> {
        let fits = |&(&base, &have): &(&usize, &usize)| {
            base.next_multiple_of(align) - base + pages * PAGE_SIZE <= have * PAGE_SIZE
        };
        let (&start, &have) = self.free.iter().find(fits)?;
        self.free.remove(&start);
        let base = start.next_multiple_of(align);
        let skipped = (base - start) / PAGE_SIZE;
        if skipped > 0 {
            self.free.insert(start, skipped);
        }
        if have > skipped + pages {
            self.free.insert(base + pages * PAGE_SIZE, have - skipped - pages);
        }
        Some(base)
    }

    fn take_fresh(&mut self, len: usize, align: usize) -> Result<usize, Refusal> {
        let aligned = |next: usize| next.next_multiple_of(align) - next;
        if self.end - self.next < len.checked_add(aligned(self.next)).ok_or(Refusal::Reserve)? {
            self.grow(len + aligned(self.next))?;
        }
        let base = self.next.next_multiple_of(align);
        let end = base + len;
        if end > self.ready {
            let more = (end - self.ready).next_multiple_of(GROWTH).min(self.end - self.ready);
            sys::commit(self.ready, more)?;
            self.ready += more;
            self.committed += more;
        }
        // The books come after the system's answer, which says why there is no memory. Being refused here changes nothing:
        // what has been made usable is used by somebody else.
        if let Some(i) = self.reservation(base) {
            let r = &mut self.reservations[i];
            let pages = (end - r.base) / PAGE_SIZE;
            r.pages.try_reserve(pages.saturating_sub(r.pages.len()))?;
        }
        let skipped = (base - self.next) / PAGE_SIZE;
        if skipped > 0 {
            self.give_back(self.next, skipped);
        }
        self.next = end;
        Ok(base)
    }

    /// Takes a run back; joins it with free neighbours.
    pub(super) fn give_back(&mut self, base: usize, pages: usize) {
        let (mut base, mut pages) = (base, pages);
        if let Some((&b, &p)) = self.free.range(..base).next_back()
            && b + p * PAGE_SIZE == base
            && self.reservation(b) == self.reservation(base)
        {
            self.free.remove(&b);
            base = b;
            pages += p;
        }
        let behind = base + pages * PAGE_SIZE;
        if self.reservation(behind) == self.reservation(base)
            && let Some(p) = self.free.remove(&behind)
        {
            pages += p;
        }
        self.free.insert(base, pages);
    }

    /// Reserves at least `len` bytes more, next to the newest reservation if that works.
    fn grow(&mut self, len: usize) -> Result<(), Refusal> {
        self.reservations.try_reserve(1)?;
        if sys::HINTED && self.end != 0 && self.extend(len - (self.end - self.next))? {
            return Ok(());
        }
        let len = len.checked_next_multiple_of(ARENA).ok_or(Refusal::Reserve)?;
        let at = self.reserve(len)?;
        if let Err(e) = self.territory.add(at, len) {
            let _ = sys::release(at, len);
            return Err(e);
        }
        // What is left of the old reservation serves later requests.
        let rest = (self.ready - self.next) / PAGE_SIZE;
        if rest > 0 {
            self.give_back(self.next, rest);
        }
        let i = self.reservations.partition_point(|r| r.base < at);
        self.reservations.insert(i, Reservation { base: at, len, pages: Vec::new() });
        (self.next, self.ready, self.end) = (at, at, at + len);
        Ok(())
    }

    /// Makes the newest reservation longer, if the addresses behind it are free.
    fn extend(&mut self, missing: usize) -> Result<bool, Refusal> {
        let more = missing.checked_next_multiple_of(ARENA).ok_or(Refusal::Reserve)?;
        let at = sys::reserve(self.end, more)?;
        let Some(i) = self.reservation(self.end - 1).filter(|_| at == self.end) else {
            let _ = sys::release(at, more);
            return Ok(false);
        };
        if let Err(e) = self.territory.add(at, more) {
            let _ = sys::release(at, more);
            return Err(e);
        }
        self.reservations[i].len += more;
        self.end += more;
        Ok(true)
    }

    /// Reserves at Go's hints, one after the other; then wherever the system likes, but aligned like an arena.
    fn reserve(&mut self, len: usize) -> Result<usize, Refusal> {
        if !sys::HINTED {
            return sys::reserve(0, len);
        }
        while self.hint < HINTS {
            let hint = FIRST_HINT | (self.hint * HINT_STEP);
            let got = sys::reserve(hint, len)?;
            if got == hint {
                return Ok(got);
            }
            let _ = sys::release(got, len);
            self.hint += 1;
        }
        let all = len.checked_add(ARENA).ok_or(Refusal::Reserve)?;
        let got = sys::reserve(0, all)?;
        let at = got.next_multiple_of(ARENA);
        for (start, end) in [(got, at), (at + len, got + all)] {
            if start < end {
                let _ = sys::release(start, end - start);
            }
        }
        Ok(at)
    }
}

/// Books, to be put back later. The memory is [`saved`](super::saved)'s affair.
impl Arena {
    /// Makes these books those of another arena, or of this one at another time.
    pub(super) fn copy_books(&mut self, from: &Self) {
        self.reservations.truncate(from.reservations.len());
        for (i, r) in from.reservations.iter().enumerate() {
            match self.reservations.get_mut(i) {
                Some(to) => {
                    (to.base, to.len) = (r.base, r.len);
                    to.pages.clone_from(&r.pages);
                }
                None => self.reservations.push(Reservation { base: r.base, len: r.len, pages: r.pages.clone() }),
            }
        }
        if self.territory != from.territory {
            self.territory.clone_from(&from.territory);
        }
        if self.free != from.free {
            self.free.clone_from(&from.free);
        }
        (self.next, self.ready, self.end) = (from.next, from.ready, from.end);
        (self.hint, self.committed) = (from.hint, from.committed);
    }

    /// Lets go of the books without giving any memory back: it is another arena's.
    pub(super) fn forget(&mut self) {
        self.reservations.clear();
    }

    /// First address, end of what has been handed out, and end of what is usable, where all of it is one reservation.
    pub(super) fn extent(&self) -> Option<(usize, usize, usize)> {
        match self.reservations.as_slice() {
            [one] => Some((one.base, self.next, self.ready)),
            _ => None,
        }
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        for r in &self.reservations {
            self.territory.release(r.base, r.len);
        }
    }
}
