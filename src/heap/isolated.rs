//! Every object on pages of its own, with a guard page on both sides.

use super::sys::{self, OS_PAGE};
use super::{Object, Request};
use std::collections::{BTreeMap, HashMap};
use std::io;

#[derive(Clone, Copy, Debug)]
struct Region {
    object: Object,
    /// Bytes of the pages between the guards.
    len: usize,
    used: bool,
    /// An experiment has unmapped the pages.
    gone: bool,
}

#[derive(Debug, Default)]
pub(super) struct Isolated {
    /// By the object's address, which is the first of its pages.
    regions: BTreeMap<usize, Region>,
    /// Freed regions that may be handed out again, by length.
    free: HashMap<usize, Vec<usize>>,
    pub(super) reserved: usize,
}

impl Isolated {
    pub(super) fn alloc(&mut self, r: &Request) -> io::Result<(Object, bool)> {
        let len = r.size.max(1).checked_next_multiple_of(OS_PAGE).ok_or(io::ErrorKind::OutOfMemory)?;
        let (base, dirty) = match self.free.get_mut(&len).and_then(Vec::pop) {
            Some(base) => (base, true),
            None => {
                let all = len.checked_add(2 * OS_PAGE).ok_or(io::ErrorKind::OutOfMemory)?;
                let at = sys::reserve(0, all)?;
                if let Err(e) = sys::commit(at + OS_PAGE, len) {
                    sys::release(at, all)?;
                    return Err(e);
                }
                self.reserved += all;
                (at + OS_PAGE, false)
            }
        };
        let object = Object { base, size: r.size, owner: r.owner, role: r.role, table: r.table, freed: false };
        self.regions.insert(base, Region { object, len, used: true, gone: false });
        Ok((object, dirty))
    }

    /// The object whose pages or guard pages hold an address.
    pub(super) fn locate(&self, addr: usize) -> Option<Object> {
        let (_, r) = self.regions.range(..=addr.saturating_add(OS_PAGE)).next_back()?;
        let inside = |r: &Region| addr + OS_PAGE >= r.object.base && addr < r.object.base + r.len + OS_PAGE;
        if inside(r) {
            return Some(r.object);
        }
        // `addr` may lie in the guard behind the region before.
        let (_, r) = self.regions.range(..=addr).next_back()?;
        inside(r).then_some(r.object)
    }

    pub(super) fn mark_freed(&mut self, base: usize) -> Option<Object> {
        let r = self.regions.get_mut(&base)?;
        if !r.used {
            return None;
        }
        r.used = false;
        r.object.freed = true;
        Some(r.object)
    }

    pub(super) fn reuse(&mut self, base: usize) {
        if let Some(r) = self.regions.get(&base)
            && !r.gone
        {
            self.free.entry(r.len).or_default().push(base);
        }
    }

    /// The whole pages of the object at `base`.
    pub(super) fn pages(&self, base: usize) -> Option<(usize, usize)> {
        self.regions.get(&base).map(|r| (base, r.len))
    }

    /// Notes that pages are gone.
    pub(super) fn note_hole(&mut self, at: usize) {
        if let Some((_, r)) = self.regions.range_mut(..=at).next_back() {
            r.gone = true;
        }
    }
}

impl Drop for Isolated {
    fn drop(&mut self) {
        for (&base, r) in &self.regions {
            if r.gone {
                // Only the guards are surely ours still.
                let _ = sys::release(base - OS_PAGE, OS_PAGE);
                let _ = sys::release(base + r.len, OS_PAGE);
            } else {
                let _ = sys::release(base - OS_PAGE, r.len + 2 * OS_PAGE);
            }
        }
    }
}
