//! Every object on pages of its own, with a guard page on both sides.
//!
//! The mappings are laid one behind the other in a window of addresses where nothing else asks for room: the pages of
//! an object that is unmapped stay unmapped, instead of becoming the next thread's stack.

use super::object::Request;
use super::placing::{Slot, Territory};
use super::records::{Id, NONE, Records};
use super::sys::{self, Refusal};
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Where the windows of the process's heaps begin, how far they are apart, and how many there are.
const WINDOWS: usize = 1 << 44;
const WINDOW: usize = 1 << 36;
const WINDOW_COUNT: usize = 1 << 10;

/// The pages of one object.
#[derive(Clone, Copy, Debug)]
struct Region {
    /// Address of the object and of the first page; a guard page lies before it.
    base: usize,
    /// Bytes of the pages; a guard page lies behind them.
    len: usize,
    id: Id,
}

impl Region {
    fn all(&self) -> (usize, usize) {
        (self.base - sys::page_size(), self.len + 2 * sys::page_size())
    }
}

#[derive(Debug)]
pub(super) struct Isolated {
    /// By address.
    regions: Vec<Region>,
    /// Freed regions that may be handed out again: length of the pages, first record.
    free: Vec<(usize, Id)>,
    territory: Territory,
    hint: usize,
    committed: usize,
}

impl Isolated {
    pub(super) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let hint = WINDOWS + NEXT.fetch_add(1, Relaxed) % WINDOW_COUNT * WINDOW;
        Self { regions: Vec::new(), free: Vec::new(), territory: Territory::default(), hint, committed: 0 }
    }

    /// The region whose pages or guard pages hold an address.
    fn region(&self, addr: usize) -> Option<&Region> {
        let i = self.regions.partition_point(|r| r.all().0 <= addr).checked_sub(1)?;
        let (start, len) = self.regions[i].all();
        (addr - start < len).then(|| &self.regions[i])
    }

    /// Maps pages with guards around them.
    fn map(&mut self, len: usize) -> Result<usize, Refusal> {
        let page = sys::page_size();
        let all = len.checked_add(2 * page).ok_or(Refusal::Reserve)?;
        let at = sys::reserve(self.hint, all)?;
        let made = sys::commit(at + page, len).and_then(|()| self.territory.add(at, all));
        if let Err(e) = made {
            let _ = sys::release(at, all);
            return Err(e);
        }
        self.hint = at + all;
        self.committed += len;
        Ok(at + page)
    }

    /// Takes back what [`map`](Self::map) did.
    #[cold]
    fn unmap(&mut self, base: usize, len: usize) {
        let (at, all) = Region { base, len, id: NONE }.all();
        // Nothing is handed out of it: at worst address space is lost.
        let _ = self.territory.lose(at, all);
        let _ = sys::release(at, all);
        self.committed -= len;
    }

    /// As [`Placing::alloc`](super::placing::Placing::alloc), and so the others.
    pub(super) fn alloc(&mut self, records: &mut Records, r: &Request) -> Result<Slot, Refusal> {
        let len = r.size.max(1).checked_next_multiple_of(sys::page_size()).ok_or(Refusal::Reserve)?;
        if let Some((_, head)) = self.free.iter_mut().find(|f| f.0 == len && f.1 != NONE) {
            let id = *head;
            *head = records.next(id);
            return Ok(Slot { id, header: 0, addr: records.slot(id), used: true });
        }
        // All that may be refused comes before the first change. `free` can hold every region, so that freeing never
        // needs memory for it.
        self.regions.try_reserve(1)?;
        self.free.try_reserve((self.regions.len() + 1).saturating_sub(self.free.len()))?;
        let base = self.map(len)?;
        let id = match records.block(base, len, 1, 0) {
            Ok(id) => id,
            Err(e) => {
                self.unmap(base, len);
                return Err(e);
            }
        };
        let i = self.regions.partition_point(|r| r.base < base);
        self.regions.insert(i, Region { base, len, id });
        Ok(Slot { id, header: 0, addr: base, used: false })
    }

    pub(super) fn find(&self, addr: usize) -> Option<Id> {
        self.region(addr).map(|r| r.id)
    }

    pub(super) fn reuse(&mut self, records: &mut Records, id: Id) {
        let pages = self.extent(records.slot(id));
        if !self.territory.usable(|| pages.clone()) {
            return;
        }
        let head = match self.free.iter_mut().find(|f| f.0 == pages.len()) {
            Some((_, head)) => head,
            None => {
                self.free.push((pages.len(), NONE));
                let last = self.free.len() - 1;
                &mut self.free[last].1
            }
        };
        records.set_next(id, *head);
        *head = id;
    }

    pub(super) fn extent(&self, slot: usize) -> Range<usize> {
        self.region(slot).map_or(slot..slot, |r| r.base..r.base + r.len)
    }

    pub(super) fn committed(&self) -> usize {
        self.committed
    }

    pub(super) fn territory(&self) -> &Territory {
        &self.territory
    }

    pub(super) fn territory_mut(&mut self) -> &mut Territory {
        &mut self.territory
    }
}

impl Drop for Isolated {
    fn drop(&mut self) {
        for r in &self.regions {
            let (at, len) = r.all();
            self.territory.release(at, len);
        }
    }
}
