//! Go's placement: spans of one size class in the arena, large objects on page runs of their own.
//!
//! What the allocator knows is kept here, in ordinary memory: tampering with emulated memory cannot confuse it.

use super::arena::{Arena, Refusal, Run};
use super::sizeclass::{CLASS_TO_PAGES, CLASS_TO_SIZE, MALLOC_HEADER_SIZE, PAGE_SIZE, has_malloc_header, size_class};
use super::{Object, Request};
use std::collections::BTreeMap;

/// What is known of a slot.
#[derive(Clone, Copy, Debug)]
struct Slot {
    object: Object,
    used: bool,
}

/// A run of pages cut into slots.
#[derive(Debug)]
struct Span {
    base: usize,
    pages: usize,
    /// Bytes of a slot.
    slot_size: usize,
    class: usize,
    /// Slots that have been used at least once, in order.
    slots: Vec<Slot>,
    /// Freed slots, the last freed is the first reused.
    free: Vec<u32>,
    /// The pages had another use before.
    dirty: bool,
}

impl Span {
    fn capacity(&self) -> usize {
        self.pages * PAGE_SIZE / self.slot_size
    }
}

#[derive(Debug)]
pub(super) struct Spans {
    pub(super) arena: Arena,
    spans: Vec<Span>,
    /// Span by its first address.
    by_base: BTreeMap<usize, u32>,
    /// Spans of each class with a free slot.
    partial: [Vec<u32>; CLASS_TO_SIZE.len()],
    /// Entries of `spans` whose run went back to the arena.
    unused: Vec<u32>,
}

impl Default for Spans {
    fn default() -> Self {
        Self {
            arena: Arena::default(),
            spans: Vec::new(),
            by_base: BTreeMap::new(),
            partial: [const { Vec::new() }; CLASS_TO_SIZE.len()],
            unused: Vec::new(),
        }
    }
}

impl Spans {
    /// An object; the second value says whether its memory may hold something.
    pub(super) fn alloc(&mut self, r: &Request) -> Result<(Object, bool), Refusal> {
        let header = if has_malloc_header(r.size, r.noscan, r.malloc_headers) { MALLOC_HEADER_SIZE } else { 0 };
        let size = r.size.max(1) + header;
        let class = size_class(size);
        let span = match (class, class != 0) {
            (0, _) => self.new_span(size.div_ceil(PAGE_SIZE), 0)?,
            (_, _) => match self.partial[class].last() {
                Some(&s) => s,
                None => self.new_span(CLASS_TO_PAGES[class].into(), class)?,
            },
        };
        let s = &mut self.spans[span as usize];
        let (i, dirty) = match s.free.pop() {
            Some(i) => (i as usize, true),
            None => (s.slots.len(), s.dirty),
        };
        let base = s.base + i * s.slot_size + header;
        let object = Object { base, size: r.size, owner: r.owner, role: r.role, table: r.table, freed: false };
        let slot = Slot { object, used: true };
        if i == s.slots.len() {
            s.slots.push(slot);
        } else {
            s.slots[i] = slot;
        }
        if class != 0 && s.free.is_empty() && s.slots.len() == s.capacity() {
            self.partial[class].pop();
        }
        Ok((object, dirty))
    }

    fn new_span(&mut self, pages: usize, class: usize) -> Result<u32, Refusal> {
        let Run { base, pages, dirty } = self.arena.take(pages)?;
        // Former spans in these pages are history now.
        let end = base + pages * PAGE_SIZE;
        let old: Vec<usize> = self.by_base.range(base..end).map(|(&b, _)| b).collect();
        for b in old {
            if let Some(i) = self.by_base.remove(&b) {
                self.unused.push(i);
            }
        }
        let slot_size = if class == 0 { pages * PAGE_SIZE } else { CLASS_TO_SIZE[class].into() };
        let span = Span { base, pages, slot_size, class, slots: Vec::new(), free: Vec::new(), dirty };
        let i = match self.unused.pop() {
            Some(i) => {
                self.spans[i as usize] = span;
                i
            }
            None => {
                self.spans.push(span);
                (self.spans.len() - 1) as u32
            }
        };
        self.by_base.insert(base, i);
        if class != 0 {
            self.partial[class].push(i);
        }
        Ok(i)
    }

    /// The span and slot that hold an address.
    fn find(&self, addr: usize) -> Option<(u32, usize)> {
        let (_, &i) = self.by_base.range(..=addr).next_back()?;
        let s = &self.spans[i as usize];
        let slot = (addr - s.base) / s.slot_size;
        (slot < s.slots.len()).then_some((i, slot))
    }

    /// The object whose slot holds an address; freed ones too, until their memory is handed out again.
    pub(super) fn locate(&self, addr: usize) -> Option<Object> {
        let (span, slot) = self.find(addr)?;
        Some(self.spans[span as usize].slots[slot].object)
    }

    /// Marks the live object at `base` freed and says what it was.
    pub(super) fn mark_freed(&mut self, base: usize) -> Option<Object> {
        let (span, slot) = self.find(base)?;
        let s = &mut self.spans[span as usize].slots[slot];
        if !s.used || s.object.base != base {
            return None;
        }
        s.used = false;
        s.object.freed = true;
        Some(s.object)
    }

    /// Lets a freed object's memory be handed out again.
    pub(super) fn reuse(&mut self, base: usize) {
        let Some((i, slot)) = self.find(base) else { return };
        let s = &mut self.spans[i as usize];
        if s.class == 0 {
            // The record stays in `by_base`, so that the address can be named until the pages have a new use.
            self.arena.give_back(s.base, s.pages);
            return;
        }
        if s.free.is_empty() && s.slots.len() == s.capacity() {
            self.partial[s.class].push(i);
        }
        self.spans[i as usize].free.push(slot as u32);
    }

    /// The object whose slot lies next below an address in the arena, for naming addresses between objects.
    pub(super) fn contains(&self, addr: usize) -> bool {
        self.arena.contains(addr)
    }
}
