//! Go's placement: spans of one size class in the arena, large objects on page runs of their own.
//!
//! A freed slot goes on the list of its class, and the next object of that class gets it: neither needs the span, only
//! the slot's record.

use super::arena::{Arena, NO_SPAN, Page, Run};
use super::object::Request;
use super::placing::{Slot, Territory};
use super::records::{Id, Records};
use super::sizeclass::{
    CLASS_TO_PAGES, CLASS_TO_SIZE, CLASSES, MALLOC_HEADER_SIZE, PAGE_SIZE, has_malloc_header, is_large, size_class,
    slot_of_offset,
};
use super::sys::Refusal;
use std::ops::Range;

/// A run of pages cut into slots, or one large object.
#[derive(Clone, Copy, Debug)]
struct Span {
    base: usize,
    pages: usize,
    /// 0: one large object.
    class: usize,
    slots: u32,
    /// Slots that have been used at least once, in order.
    used: u32,
    /// The record of the first slot; those of the others follow it.
    first: Id,
    /// The pages had another use before.
    dirty: bool,
}

impl Span {
    fn slot_size(&self) -> usize {
        if self.class == 0 { self.pages * PAGE_SIZE } else { CLASS_TO_SIZE[self.class].into() }
    }
}

#[derive(Debug)]
pub(super) struct Spans {
    arena: Arena,
    spans: Vec<Span>,
    /// The span of each class that still has slots that nobody has used.
    fresh: [u32; CLASSES],
    /// Entries of `spans` whose run has another use, linked by `first`.
    dead: u32,
}

impl Spans {
    pub(super) fn new() -> Self {
        Self { arena: Arena::default(), spans: Vec::new(), fresh: [NO_SPAN; CLASSES], dead: NO_SPAN }
    }

    /// A slot for a request; its record is the caller's to fill.
    pub(super) fn alloc(&mut self, records: &mut Records, r: &Request) -> Result<Slot, Refusal> {
        if is_large(r.size, r.malloc_headers) {
            return self.alloc_large(records, r.size);
        }
        let header = if has_malloc_header(r.size, r.noscan, r.malloc_headers) { MALLOC_HEADER_SIZE } else { 0 };
        let class = size_class(r.size.max(1) + header);
        match records.take_freed(class) {
            Some((id, slot)) => Ok(Slot { id, header, addr: slot + header, used: true }),
            None => self.alloc_fresh(records, class, header),
        }
    }

    /// A slot that nobody has used.
    #[inline(never)]
    fn alloc_fresh(&mut self, records: &mut Records, class: usize, header: usize) -> Result<Slot, Refusal> {
        if self.fresh[class] == NO_SPAN {
            self.fresh[class] = self.new_span(records, CLASS_TO_PAGES[class].into(), class)?;
        }
        let s = &mut self.spans[self.fresh[class] as usize];
        let id = s.first + s.used;
        s.used += 1;
        let used = s.dirty;
        if s.used == s.slots {
            self.fresh[class] = NO_SPAN;
        }
        Ok(Slot { id, header, addr: records.slot(id) + header, used })
    }

    #[inline(never)]
    fn alloc_large(&mut self, records: &mut Records, size: usize) -> Result<Slot, Refusal> {
        let i = self.new_span(records, size.div_ceil(PAGE_SIZE), 0)?;
        let s = &mut self.spans[i as usize];
        s.used = 1;
        Ok(Slot { id: s.first, header: 0, addr: s.base, used: s.dirty })
    }

    fn new_span(&mut self, records: &mut Records, pages: usize, class: usize) -> Result<u32, Refusal> {
        // All that may be refused comes before the first change.
        self.spans.try_reserve(1)?;
        let Run { base, pages, dirty } = self.arena.take(pages)?;
        if dirty {
            self.bury(records, base..base + pages * PAGE_SIZE);
        }
        let step = usize::from(CLASS_TO_SIZE[class]);
        let slots = if class == 0 { 1 } else { pages * PAGE_SIZE / step };
        let first = match records.block(base, step, slots, class as u8) {
            Ok(first) => first,
            Err(e) => {
                self.arena.give_back(base, pages);
                return Err(e);
            }
        };
        let span = Span { base, pages, class, slots: slots as u32, used: 0, first, dirty };
        let i = if self.dead == NO_SPAN {
            self.spans.push(span);
            (self.spans.len() - 1) as u32
        } else {
            let i = self.dead;
            self.dead = self.spans[i as usize].first;
            self.spans[i as usize] = span;
            i
        };
        self.arena.assign(base, pages, i, first, class as u8);
        Ok(i)
    }

    /// Forgets the freed large objects that had pages of this run: they can no longer be named.
    fn bury(&mut self, records: &mut Records, run: Range<usize>) {
        let mut at = run.start;
        while at < run.end {
            let Some(i) = self.arena.span_at(at) else {
                at += PAGE_SIZE;
                continue;
            };
            let s = &mut self.spans[i as usize];
            at = s.base + s.pages * PAGE_SIZE;
            records.recycle(s.first);
            s.first = self.dead;
            self.dead = i;
            self.arena.unassign(s.base, s.pages);
        }
    }

    /// The number that the record of the object at `base` has, if there is one: what has this number may be another's.
    #[inline]
    pub(super) fn guess(&self, base: usize) -> Option<Id> {
        let Page { first, class, nth, .. } = self.arena.page(base)?;
        // Offsets in spans with several slots fit 32 bits.
        let offset = usize::from(nth) * PAGE_SIZE + base % PAGE_SIZE;
        let slot = if class == 0 { 0 } else { slot_of_offset(class.into(), offset as u32) };
        Some(first + slot)
    }

    /// The record of the slot that an address lies in, if it has ever been handed out and its pages have had no other
    /// use since.
    pub(super) fn find(&self, addr: usize) -> Option<Id> {
        let s = &self.spans[self.arena.span_at(addr)? as usize];
        self.guess(addr).filter(|id| id - s.first < s.used)
    }

    /// Lets the slot of an object that has ceased to live be handed out again, unless an experiment has withdrawn
    /// pages of it.
    #[inline]
    pub(super) fn reuse(&mut self, records: &mut Records, id: Id) {
        if !self.arena.territory.usable(|| self.extent(records.slot(id))) {
            return;
        }
        if !records.give_freed(id) {
            self.reuse_large(records.slot(id));
        }
    }

    #[inline(never)]
    fn reuse_large(&mut self, base: usize) {
        // The span stays until its pages have a new use, so that the address can be named.
        if let Some(i) = self.arena.span_at(base) {
            let pages = self.spans[i as usize].pages;
            self.arena.give_back(base, pages);
        }
    }

    /// The bytes of a slot, by its first.
    pub(super) fn extent(&self, slot: usize) -> Range<usize> {
        self.arena.span_at(slot).map_or(slot..slot, |i| slot..slot + self.spans[i as usize].slot_size())
    }

    /// Makes these books those of another time.
    pub(super) fn copy_books(&mut self, from: &Self) {
        self.arena.copy_books(&from.arena);
        self.spans.clone_from(&from.spans);
        (self.fresh, self.dead) = (from.fresh, from.dead);
    }

    pub(super) fn arena(&self) -> &Arena {
        &self.arena
    }

    /// Lets go of copied books: the memory is another's.
    pub(super) fn forget(&mut self) {
        self.arena.forget();
    }

    /// The slots of each span that have been used.
    pub(super) fn handed_out(&self) -> impl Iterator<Item = Range<usize>> {
        self.spans.iter().map(|s| s.base..s.base + s.used as usize * s.slot_size())
    }

    pub(super) fn committed(&self) -> usize {
        self.arena.committed
    }

    pub(super) fn territory(&self) -> &Territory {
        &self.arena.territory
    }

    pub(super) fn territory_mut(&mut self) -> &mut Territory {
        &mut self.arena.territory
    }
}
