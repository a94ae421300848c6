//! A heap as it was at one time, to come back to: its books and all of its memory.
//!
//! An experiment breaks a map, looks, and starts again from the same state, some hundred thousand times a second. So coming
//! back copies what was in use, drops whatever has been touched behind that, and allocates nothing.

use super::placing::Placing;
use super::sys;
use super::{Heap, Prot, State};
use crate::layout::mem;
use std::io;
use std::sync::atomic::Ordering::Relaxed;

/// The state of a heap at one time.
pub struct Saved {
    state: State,
    /// What was in use, from its first address on.
    image: Vec<u8>,
    base: usize,
    /// Nothing can be touched from here on.
    fence: usize,
}

// SAFETY: plain data; the books in it are never asked to give memory back (see `Drop`).
unsafe impl Send for Saved {}

impl Drop for Saved {
    fn drop(&mut self) {
        if let Placing::Spans(spans) = &mut self.state.placing {
            spans.forget();
        }
    }
}

impl Saved {
    /// The addresses that the heap may use until it comes back to this state.
    #[must_use]
    pub fn range(&self) -> std::ops::Range<usize> {
        self.base..self.fence
    }

    /// Bytes that coming back copies.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.image.len()
    }

    /// The bytes that were at an address; `None` where nothing was in use.
    #[must_use]
    pub fn bytes_at(&self, addr: usize, len: usize) -> Option<&[u8]> {
        let at = addr.checked_sub(self.base)?;
        self.image.get(at..at.checked_add(len)?)
    }
}

impl Heap {
    /// Saves the present state. From here on nothing beyond the first `room` bytes of the heap's addresses can be touched:
    /// accesses there fault, also those of objects that the heap would put there.
    ///
    /// # Errors
    /// When objects are not placed as in Go, have not all come from one reservation, or need more room; as mprotect(2).
    pub fn save(&self, room: usize) -> io::Result<Saved> {
        let page = sys::page_size();
        let s = self.state();
        let mut state = State::new(&self.config);
        state.copy_books(&s).ok_or(io::ErrorKind::Unsupported)?;
        let Placing::Spans(spans) = &s.placing else { return Err(io::ErrorKind::Unsupported.into()) };
        let (base, used, ready) = spans.arena().extent().ok_or(io::ErrorKind::Unsupported)?;
        drop(s);
        let fence = (base + room).next_multiple_of(page).min(ready);
        if used > fence {
            return Err(io::ErrorKind::OutOfMemory.into());
        }
        sys::advise_small(base, ready - base);
        if fence < ready {
            sys::protect(fence, ready - fence, Prot::None)?;
        }
        // SAFETY: pages that the heap has made usable.
        let image = (base..used).map(|at| unsafe { mem::ld8(at) }).collect();
        Ok(Saved { state, image, base, fence })
    }

    /// Comes back to a state that this heap was in. With `pages`, the pages themselves are made anew: an experiment may have
    /// unmapped or protected them, or put a file in their place.
    ///
    /// # Errors
    /// As mmap(2) and madvise(2).
    pub fn restore(&self, saved: &Saved, pages: bool) -> io::Result<()> {
        let behind = saved.base + saved.image.len();
        if pages {
            sys::renew(saved.base, saved.fence - saved.base)?;
            sys::advise_small(saved.base, saved.fence - saved.base);
        } else if behind < saved.fence {
            sys::zero(behind, saved.fence - behind)?;
        }
        // SAFETY: pages that the heap has made usable, or were just renewed; the image is not among them.
        unsafe { mem::memmove(saved.base, saved.image.as_ptr().expose_provenance(), saved.image.len()) };
        let mut s = self.state();
        if let Placing::Spans(spans) = &s.placing
            && let Some((_, _, ready)) = spans.arena().extent()
            && ready > saved.ready()
        {
            // What has become usable since is out of bounds again.
            sys::renew(saved.ready(), ready - saved.ready())?;
            sys::protect(saved.ready(), ready - saved.ready(), Prot::None)?;
        }
        self.ranged.store(0, Relaxed);
        s.copy_books(&saved.state).ok_or_else(|| io::ErrorKind::Unsupported.into())
    }
}

impl Heap {
    /// Puts the addresses of everything that has been handed out so far into `into`, a range for each span of one size class,
    /// the earliest first; nothing where objects are not placed as in Go. As long as nothing freed is used again, they say
    /// where the next objects will be.
    pub(crate) fn handed_out(&self, into: &mut Vec<std::ops::Range<usize>>) {
        into.clear();
        if let Placing::Spans(spans) = &self.state().placing {
            into.extend(spans.handed_out());
        }
    }
}

impl Saved {
    fn ready(&self) -> usize {
        match &self.state.placing {
            Placing::Spans(spans) => spans.arena().extent().map_or(self.fence, |e| e.2),
            Placing::Isolated(_) => self.fence,
        }
    }
}

impl State {
    /// Makes these books those of another time; `None` when objects are not placed as in Go.
    fn copy_books(&mut self, from: &Self) -> Option<()> {
        let (Placing::Spans(to), Placing::Spans(placing)) = (&mut self.placing, &from.placing) else { return None };
        to.copy_books(placing);
        self.records.copy_from(&from.records);
        (self.objects, self.bytes, self.recent) = (from.objects, from.bytes, from.recent);
        (self.refuse_in, self.limit, self.may_refuse) = (from.refuse_in, from.limit, from.may_refuse);
        Some(())
    }
}
