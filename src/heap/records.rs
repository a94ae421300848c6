//! What the heap knows of its objects, in ordinary memory: tampering with emulated memory cannot confuse it.
//!
//! One record a slot, found by number. The live objects of a map form a ring of records through its header's, so that a
//! map's end costs in proportion to what it has, and a single free costs nothing extra.

use super::Object;
use super::object::{Request, Role};
use super::sizeclass::CLASSES;
use super::sys::Refusal;
use crate::layout::BucketLayout;
use std::collections::HashMap;

/// Number of a record.
pub(super) type Id = u32;
/// No record.
pub(super) const NONE: Id = Id::MAX;
const NO_LAYOUT: u16 = u16::MAX;

/// One cache line, and aligned to it: what an allocation and a free touch.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
struct Record {
    /// Where the slot begins. Set when the slot is made.
    slot: usize,
    size: usize,
    owner: usize,
    table: usize,
    /// Neighbours in the ring of the map while the object lives. Of one that does not, `next` is its owner's to use:
    /// free lists run through it.
    prev: Id,
    next: Id,
    /// Bucket layout of the map, an index.
    layout: u16,
    /// Size class of the slot, 0 for one with pages of its own. Set when the slot is made.
    class: u8,
    /// Bytes before the object in its slot.
    header: u8,
    role: Role,
    freed: bool,
    /// Of a header: somebody may be ranging over the map, as its operations know.
    ranged: bool,
    /// As somebody says.
    held: bool,
}

/// Nothing lives here yet.
const UNUSED: Record = Record {
    slot: 0,
    size: 0,
    owner: 0,
    table: 0,
    prev: NONE,
    next: NONE,
    layout: NO_LAYOUT,
    class: 0,
    header: 0,
    role: Role::Other,
    freed: true,
    ranged: false,
    held: false,
};

#[derive(Debug)]
pub(super) struct Records {
    all: Vec<Record>,
    /// Freed slots of each size class, the last freed first, linked by `next`.
    freed: [Id; CLASSES],
    /// Recycled single records, linked by `next`.
    single: Id,
    /// The distinct bucket layouts. A program has few.
    layouts: Vec<BucketLayout>,
    /// Ring entries for owners that are no headers of this heap (a header that a program copied elsewhere, say).
    strangers: HashMap<usize, Id>,
}

impl Records {
    /// Makes these records those of another time.
    pub(super) fn copy_from(&mut self, from: &Self) {
        self.all.clone_from(&from.all);
        (self.freed, self.single) = (from.freed, from.single);
        self.layouts.clone_from(&from.layouts);
        if self.strangers != from.strangers {
            self.strangers.clone_from(&from.strangers);
        }
    }

    pub(super) fn new() -> Self {
        Self { all: Vec::new(), freed: [NONE; CLASSES], single: NONE, layouts: Vec::new(), strangers: HashMap::new() }
    }

    /// Fresh records for `n` slots of a class, the first at `base`, one every `step` bytes: the number of the first;
    /// those of the others follow it.
    pub(super) fn block(&mut self, base: usize, step: usize, n: usize, class: u8) -> Result<Id, Refusal> {
        if n == 1 && self.single != NONE {
            let id = self.single;
            self.single = self.next(id);
            self.all[id as usize] = Record { slot: base, class, ..UNUSED };
            return Ok(id);
        }
        self.all.try_reserve(n)?;
        // The number `NONE` stays free.
        let first = Id::try_from(self.all.len()).ok().filter(|&f| n < (NONE - f) as usize).ok_or(Refusal::Reserve)?;
        self.all.extend((0..n).map(|i| Record { slot: base + i * step, class, ..UNUSED }));
        Ok(first)
    }

    /// Takes back a block of one whose object does not live.
    pub(super) fn recycle(&mut self, id: Id) {
        self.set_next(id, self.single);
        self.single = id;
    }

    /// The object of a record.
    #[inline]
    pub(super) fn object(&self, id: Id) -> Object {
        let r = &self.all[id as usize];
        Object {
            base: r.slot + usize::from(r.header),
            size: r.size,
            owner: r.owner,
            role: r.role,
            table: r.table,
            freed: r.freed,
        }
    }

    /// Whether this is the record of a live object that starts at `base`, and what for it is there.
    #[inline]
    pub(super) fn live(&self, id: Id, base: usize) -> Option<Role> {
        let r = self.all.get(id as usize)?;
        (!r.freed && r.slot + usize::from(r.header) == base).then_some(r.role)
    }

    /// Where the slot begins.
    #[inline]
    pub(super) fn slot(&self, id: Id) -> usize {
        self.all[id as usize].slot
    }

    /// The slot of this class that was freed last: its record, and where it begins.
    #[inline]
    pub(super) fn take_freed(&mut self, class: usize) -> Option<(Id, usize)> {
        let id = self.freed[class];
        // No record has the number `NONE`.
        let record = self.all.get(id as usize)?;
        self.freed[class] = record.next;
        Some((id, record.slot))
    }

    /// Puts a slot of a size class among the freed ones. False for one with pages of its own.
    #[inline]
    pub(super) fn give_freed(&mut self, id: Id) -> bool {
        let record = &mut self.all[id as usize];
        if record.class == 0 {
            return false;
        }
        let head = &mut self.freed[usize::from(record.class)];
        record.next = *head;
        *head = id;
        true
    }

    /// The record after this one, in a ring or a free list.
    #[inline]
    pub(super) fn next(&self, id: Id) -> Id {
        self.all[id as usize].next
    }

    /// Sets the successor in a free list.
    #[inline]
    pub(super) fn set_next(&mut self, id: Id, next: Id) {
        self.all[id as usize].next = next;
    }

    /// An object begins to live, `header` bytes into its slot, in the ring that `ring` belongs to.
    #[inline]
    pub(super) fn begin(&mut self, id: Id, header: usize, r: &Request, ring: Option<Id>) {
        let (prev, next, layout) = match ring {
            Some(ring) => {
                let Record { prev, layout, .. } = self.all[ring as usize];
                self.all[prev as usize].next = id;
                self.all[ring as usize].prev = id;
                (prev, ring, layout)
            }
            None => (id, id, NO_LAYOUT),
        };
        let record = &mut self.all[id as usize];
        record.size = r.size;
        record.owner = if r.role == Role::Header { 0 } else { r.owner };
        record.table = r.table;
        (record.prev, record.next, record.layout) = (prev, next, layout);
        (record.header, record.role, record.freed) = (header as u8, r.role, false);
        record.ranged = false;
        record.held = false;
    }

    /// An object ceases to live; its record still tells what it was. Says how many bytes it had.
    #[inline]
    pub(super) fn end(&mut self, id: Id) -> usize {
        let record = &mut self.all[id as usize];
        record.freed = true;
        let Record { prev, next, size, .. } = *record;
        self.all[prev as usize].next = next;
        self.all[next as usize].prev = prev;
        size
    }

    /// The same when its whole ring ceases to live; with `reuse`, a slot of a size class is put among the freed ones. Says how
    /// many bytes it had, which is the next of the ring, and whether the slot has been put there.
    #[inline]
    pub(super) fn end_with_ring(&mut self, id: Id, reuse: bool) -> (usize, Id, bool) {
        let record = &mut self.all[id as usize];
        record.freed = true;
        let (size, next) = (record.size, record.next);
        (size, next, reuse && self.give_freed(id))
    }

    /// Whether any owner is no header of this heap.
    #[inline]
    pub(super) fn have_strangers(&self) -> bool {
        !self.strangers.is_empty()
    }

    /// The ring entry of an owner that is no header of this heap, if it has one.
    #[inline]
    pub(super) fn stranger(&self, owner: usize) -> Option<Id> {
        if self.strangers.is_empty() { None } else { self.strangers.get(&owner).copied() }
    }

    /// The same, made when it is missing.
    #[cold]
    pub(super) fn stranger_or_new(&mut self, owner: usize) -> Result<Id, Refusal> {
        if let Some(id) = self.stranger(owner) {
            return Ok(id);
        }
        self.strangers.try_reserve(1)?;
        let id = self.block(0, 0, 1, 0)?;
        (self.all[id as usize].prev, self.all[id as usize].next) = (id, id);
        self.strangers.insert(owner, id);
        Ok(id)
    }

    /// Forgets a stranger whose objects are gone.
    pub(super) fn forget_stranger(&mut self, owner: usize) {
        if let Some(id) = self.stranger(owner).filter(|&id| self.next(id) == id) {
            self.strangers.remove(&owner);
            self.recycle(id);
        }
    }

    /// Whether somebody may be ranging over the map whose ring entry this is.
    #[inline]
    pub(super) fn ranged(&self, ring: Id) -> bool {
        let record = &self.all[ring as usize];
        record.ranged || record.held
    }

    /// Notes that somebody says so, or that nobody does any more.
    #[inline]
    pub(super) fn hold(&mut self, ring: Id, held: bool) {
        let record = &mut self.all[ring as usize];
        record.held = held;
        record.ranged &= held;
    }

    /// Notes it.
    #[inline]
    pub(super) fn set_ranged(&mut self, ring: Id, ranged: bool) {
        self.all[ring as usize].ranged = ranged;
    }

    /// Notes the bucket layout of the map whose ring entry this is, for the objects it gets from now on.
    #[inline]
    pub(super) fn set_layout(&mut self, ring: Id, layout: &BucketLayout) {
        let i = match self.layouts.iter().position(|l| l == layout) {
            Some(i) => i,
            None => self.new_layout(*layout),
        };
        self.all[ring as usize].layout = u16::try_from(i).unwrap_or(NO_LAYOUT);
    }

    #[cold]
    fn new_layout(&mut self, layout: BucketLayout) -> usize {
        if self.layouts.len() == usize::from(NO_LAYOUT) || self.layouts.try_reserve(1).is_err() {
            // Better no names than no memory for the books.
            return NO_LAYOUT.into();
        }
        self.layouts.push(layout);
        self.layouts.len() - 1
    }

    /// The bucket layout that was in force for an object's map when it was made, or later for a header.
    pub(super) fn layout(&self, id: Id) -> Option<BucketLayout> {
        self.layouts.get(usize::from(self.all[id as usize].layout)).copied()
    }
}
