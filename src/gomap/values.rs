//! What keys and elements lead to: the bytes of strings, the arrays of slices, boxed interface values.
//!
//! Go leaves them to its collector. Here each belongs to one slot of one map: it is made when the slot is written, given
//! back when the slot is overwritten or emptied, and goes with the map at the latest. While somebody ranges over the map
//! nothing is given back, for an iterator may look a moved or deleted key up again, as Go's does.

use crate::heap::{Request, Role};
use crate::layout::mem;
use crate::runtime::Runtime;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::mem::{ManuallyDrop, MaybeUninit};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// How much of a string is read at a time: a length that was tampered with faults before it makes a large buffer.
const PIECE: usize = 1 << 16;

/// What has been given up while somebody ranges over the map.
#[derive(Debug, Default)]
pub(super) struct Limbo {
    ranges: AtomicUsize,
    waiting: Mutex<Vec<usize>>,
}

impl Limbo {
    /// Somebody begins to range over the map.
    pub(super) fn enter(&self, rt: &Runtime, map: usize) {
        let _waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ranges.fetch_add(1, Ordering::Relaxed) == 0 {
            rt.heap.hold(map, true);
        }
    }

    /// Somebody ends; after the last, what waited is freed, and the map may free its tables again.
    pub(super) fn leave(&self, rt: &Runtime, map: usize) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if self.ranges.fetch_sub(1, Ordering::AcqRel) == 1 {
            waiting.drain(..).for_each(|a| rt.heap.free(a));
            rt.heap.hold(map, false);
        }
    }

    fn give_up(&self, rt: &Runtime, addr: usize) {
        if self.ranges.load(Ordering::Acquire) == 0 {
            rt.heap.free(addr);
        } else {
            self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(addr);
        }
    }
}

/// Where values that lead to further memory put it, and take it from.
pub struct Values<'m> {
    rt: &'m Runtime,
    limbo: &'m Limbo,
    /// Address of the map's header; 0 for a nil map.
    map: usize,
    /// Lending: what a value leads to stays where it is, or lives in here for as long as these `Values` do.
    lent: Option<Lent>,
}

/// Words that lent values find room in, in the frame of whoever lends: the box of a number that is looked up as an
/// interface value, say.
const LENT_WORDS: usize = 4;

/// What lent values lead to.
struct Lent {
    words: UnsafeCell<[MaybeUninit<u64>; LENT_WORDS]>,
    /// How many of them are taken.
    taken: Cell<usize>,
    /// Objects of the heap, for what has no room there.
    objects: RefCell<Vec<usize>>,
}

impl<'m> Values<'m> {
    /// For values that the map keeps: they leave nothing to be given up, and a drop costs something for each entry.
    #[inline(always)]
    pub(super) fn keep(rt: &'m Runtime, limbo: &'m Limbo, map: usize) -> ManuallyDrop<Self> {
        ManuallyDrop::new(Self { rt, limbo, map, lent: None })
    }

    /// For a key that is only looked up.
    pub(super) fn lend(rt: &'m Runtime, limbo: &'m Limbo, map: usize) -> Self {
        let words = UnsafeCell::new([MaybeUninit::uninit(); LENT_WORDS]);
        Self { rt, limbo, map, lent: Some(Lent { words, taken: Cell::new(0), objects: RefCell::default() }) }
    }

    /// The runtime.
    #[must_use]
    pub fn runtime(&self) -> &'m Runtime {
        self.rt
    }

    /// New memory for part of a value; 0 for no bytes.
    ///
    /// # Panics
    /// Ends the program (`out of memory`) when there is none.
    #[must_use]
    pub fn alloc(&self, size: usize, noscan: bool) -> usize {
        if size == 0 {
            return 0;
        }
        if let Some(at) = self.lent.as_ref().and_then(|lent| lent.room(size)) {
            return at;
        }
        let malloc_headers = self.rt.rules().malloc_header;
        let r = Request { size, noscan, malloc_headers, owner: self.map, role: Role::Other, table: 0 };
        let Ok(a) = self.rt.heap.alloc(&r) else { crate::fatal::throw("out of memory") };
        if a.needs_zero {
            // SAFETY: a new object of that size.
            unsafe { mem::memclr(a.addr, size) };
        }
        if let Some(lent) = &self.lent {
            lent.objects.borrow_mut().push(a.addr);
        }
        a.addr
    }

    /// These bytes, where a value can lead to them; 0 for none.
    #[must_use]
    pub fn bytes(&self, bytes: &[u8]) -> usize {
        let from = bytes.as_ptr().expose_provenance();
        if bytes.is_empty() || self.lent.is_some() {
            return if bytes.is_empty() { 0 } else { from };
        }
        let to = self.alloc(bytes.len(), true);
        // SAFETY: a new object of that size, and the slice.
        unsafe { mem::memmove(to, from, bytes.len()) };
        to
    }

    /// Reads `len` bytes.
    ///
    /// # Safety
    /// They must be sound to read, or fault where [`crate::fault`] watches.
    #[must_use]
    pub unsafe fn read(&self, mut at: usize, mut len: usize) -> Vec<u8> {
        let mut out = Vec::new();
        while len > 0 {
            let n = len.min(PIECE);
            let old = out.len();
            out.resize(old + n, 0);
            // SAFETY: the caller's promise for the source; the destination was just made.
            unsafe { mem::memmove(out[old..].as_mut_ptr().expose_provenance(), at, n) };
            at = at.wrapping_add(n);
            len -= n;
        }
        out
    }

    /// Gives up memory that [`alloc`](Self::alloc) or [`bytes`](Self::bytes) gave for a value that is kept. An address that the
    /// heap does not know, in a map that was tampered with, is left alone.
    pub fn give_up(&self, addr: usize) {
        if addr != 0 {
            self.limbo.give_up(self.rt, addr);
        }
    }
}

impl Drop for Values<'_> {
    fn drop(&mut self) {
        if let Some(lent) = &self.lent {
            lent.objects.borrow_mut().drain(..).for_each(|a| self.rt.heap.free(a));
        }
    }
}

impl Lent {
    /// So many bytes among the words, zeroed, if they are free. Nobody but the crate has `Values` that are not behind a
    /// reference, and the crate does not move them while a value is lent, so the address stays good.
    #[inline(always)]
    fn room(&self, size: usize) -> Option<usize> {
        let (from, words) = (self.taken.get(), size.div_ceil(8));
        if words > LENT_WORDS - from {
            return None;
        }
        self.taken.set(from + words);
        let at = self.words.get().cast::<u64>().wrapping_add(from);
        // SAFETY: `words` words from there on are inside the array, and nobody has been given them yet.
        unsafe { at.write_bytes(0, words) };
        Some(at.expose_provenance())
    }
}
