//! Where headers, buckets and extras come from: mmap'd memory that an experiment can break.
//!
//! What the heap knows of its objects is kept outside the emulated memory, so that no tampering confuses it, and no
//! emulated memory is touched while its lock is held: zeroing is the caller's (it may fault, and a fault skips frames).

mod arena;
mod breaking;
mod isolated;
mod lock;
mod object;
mod place;
mod placing;
mod ranges;
mod records;
mod saved;
mod sizeclass;
mod spans;
mod sys;

pub use breaking::{FileBacked, Prot};
pub use object::{Allocation, Object, OutOfMemory, Request, Role, Stats};
pub use place::{Array, Part, Place, Zone};
pub use saved::Saved;
pub(crate) use sizeclass::is_large;
pub use sizeclass::{MAX_SMALL_SIZE, MIN_SIZE_FOR_MALLOC_HEADER, PAGE_SIZE, roundupsize};

use crate::layout::{BucketLayout, mem};
use arena::GROWTH;
use lock::{Guard, Lock};
use placing::{Placing, Slot};
use records::{Id, NONE, Records};
use sizeclass::size_class;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use sys::Refusal;

/// How objects are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// Go's size classes in one arena at 0xc000000000 (or elsewhere when that is occupied).
    #[default]
    Spans,
    /// Every object on pages of its own, with guard pages on both sides. Each takes two of the mappings that the
    /// system allows a process (65530 on Linux), so some thirty thousand objects are the most.
    Isolated,
}

/// What happens to a freed object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFree {
    /// Its memory is handed out again, the last freed first.
    #[default]
    Reuse,
    /// Nothing: it stays as it is, as under a garbage collector that still sees a pointer to it.
    Keep,
    /// It is filled with 0xdeaddeaddeaddead (Go's `clobberdead` pattern) and not handed out again.
    Clobber,
    /// Its pages are unmapped: those that nothing else lies in. `Isolated` placement makes every object whole pages.
    Unmap,
}

/// What [`Heap::new`] is told.
#[derive(Clone, Debug, Default)]
pub struct HeapConfig {
    /// Placement of objects.
    pub placement: Placement,
    /// Fate of freed objects.
    pub on_free: OnFree,
    /// Bytes of live objects beyond which allocations are refused.
    pub limit: Option<usize>,
}

#[derive(Debug)]
struct State {
    /// Live objects. Not as wide as `bytes`: both as one vector would make every allocation wait for the one before.
    objects: u32,
    placing: Placing,
    records: Records,
    /// Bytes of live objects.
    bytes: usize,
    /// Allocations until all are refused.
    refuse_in: Option<u64>,
    limit: Option<usize>,
    /// One of these two is there.
    may_refuse: bool,
    /// Address and record of the header made last, perhaps history by now. Most questions are about this one, and a
    /// processor that predicts the comparison need not wait for the arithmetic.
    recent: (usize, Id),
}

/// A heap of emulated memory. All methods may be called by several threads.
pub struct Heap {
    config: HeapConfig,
    state: Lock<State>,
    /// The map of which [`set_ranged`](Self::set_ranged) said `true` last, while that holds; or 0. It changes under the lock, and
    /// is read without, for a range over a few entries would feel the lock: who reads it while another thread takes that back has
    /// said so just before.
    ranged: AtomicUsize,
}

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heap").field("config", &self.config).field("stats", &self.stats()).finish()
    }
}

impl Heap {
    /// A heap. Address space is reserved when the first object needs it.
    #[must_use]
    pub fn new(config: HeapConfig) -> Self {
        let state = State::new(&config);
        Self { config, state: Lock::new(state), ranged: AtomicUsize::new(0) }
    }

    #[inline]
    fn state(&self) -> Guard<'_, State> {
        self.state.lock()
    }

    /// What this heap was made with.
    #[must_use]
    pub fn config(&self) -> &HeapConfig {
        &self.config
    }

    /// An object. Its memory is zero unless the answer says that it needs zeroing.
    ///
    /// # Errors
    /// When the system refuses, the limit is reached, or [`refuse_after`](Self::refuse_after) says so. Nothing has
    /// changed then.
    pub fn alloc(&self, r: &Request) -> Result<Allocation, OutOfMemory> {
        self.begin(r, None)
    }

    /// The same for the header of a map whose buckets are laid out like this:
    /// [`register_map`](Self::register_map) is done with it.
    pub(crate) fn alloc_header(&self, r: &Request, layout: &BucketLayout) -> Result<Allocation, OutOfMemory> {
        self.begin(r, Some(layout))
    }

    /// The first thing that [`alloc`](Self::alloc) tries, or with a layout [`alloc_header`](Self::alloc_header): a slot that has
    /// been freed. Its address; nothing has changed when there is none.
    #[inline(always)]
    pub(crate) fn alloc_freed(&self, r: &Request, layout: Option<&BucketLayout>) -> Option<usize> {
        if r.size > MIN_SIZE_FOR_MALLOC_HEADER {
            return None;
        }
        let mut s = self.state();
        if r.role == Role::Header {
            self.ranged.store(0, Relaxed);
        }
        s.alloc_freed(r, layout)
    }

    fn begin(&self, r: &Request, layout: Option<&BucketLayout>) -> Result<Allocation, OutOfMemory> {
        if let Some(addr) = self.alloc_freed(r, layout) {
            return Ok(Allocation { addr, needs_zero: true });
        }
        let mut s = self.state();
        if r.role == Role::Header {
            self.ranged.store(0, Relaxed);
        }
        s.alloc(r, layout)
    }

    /// Frees the object at `base` according to [`HeapConfig::on_free`]. Nothing happens when no live object starts
    /// there: a tampered map may hand anything to its allocator, and Go's has no `free` that could complain.
    ///
    /// What else belongs to a map lives on when its header is freed in this way; [`free_owner`](Self::free_owner) does
    /// not find it any more.
    pub fn free(&self, base: usize) {
        let mut s = self.state();
        let Some(id) = s.live(base) else { return };
        let freed = s.end(id, self.config.on_free);
        drop(s);
        self.dispose(freed);
    }

    /// Frees every live object of the map at `owner`, its header too, in a time proportional to their number.
    pub fn free_owner(&self, owner: usize) {
        if self.config.on_free == OnFree::Reuse {
            let mut s = self.state();
            if let Some(header) = s.header(owner).filter(|_| !s.records.have_strangers()) {
                s.end_all(header);
                return;
            }
        }
        self.free_if(owner, |_| true);
    }

    /// Frees a bucket array of the map at `owner`, and the overflow buckets and lists that belong with it.
    pub fn free_table(&self, owner: usize, array: usize) {
        if array != 0 {
            self.free_if(owner, |o| o.table == array || (o.role == Role::Buckets && o.base == array));
        }
    }

    /// Frees the overflow buckets and lists of the map at `owner` that belong with `array`, but not the array.
    pub fn free_overflow(&self, owner: usize, array: usize) {
        if array != 0 {
            self.free_if(owner, |o| o.table == array);
        }
    }

    fn free_if(&self, owner: usize, which: impl Fn(&Object) -> bool) {
        let on_free = self.config.on_free;
        let mut freed = Vec::new();
        let mut s = self.state();
        let rings = [s.header(owner), s.records.stranger(owner)];
        for ring in rings.into_iter().flatten() {
            let mut at = s.records.next(ring);
            while at != ring {
                let next = s.records.next(at);
                if which(&s.records.object(at)) {
                    freed.extend(s.end(at, on_free));
                }
                at = next;
            }
        }
        if let Some(header) = rings[0].filter(|&h| which(&s.records.object(h))) {
            freed.extend(s.end(header, on_free));
        }
        if rings[1].is_some() {
            s.records.forget_stranger(owner);
        }
        drop(s);
        self.dispose(freed);
    }

    /// Does to freed objects what cannot be done under the lock.
    fn dispose(&self, freed: impl IntoIterator<Item = Freed>) {
        for f in freed {
            match self.config.on_free {
                OnFree::Reuse | OnFree::Keep => {}
                OnFree::Clobber => clobber(&f.object),
                OnFree::Unmap => {
                    let page = sys::page_size();
                    let (start, end) = (f.extent.start.next_multiple_of(page), f.extent.end & !(page - 1));
                    if start < end {
                        // What cannot be unmapped stays mapped: nothing else to be done, and nobody to tell.
                        let _ = self.unmap(start, end - start);
                    }
                }
            }
        }
    }

    /// The object that `addr` lies in or beside (in its slot, or its guard pages): live, or freed and not handed out
    /// again.
    #[must_use]
    pub fn locate(&self, addr: usize) -> Option<Object> {
        let s = self.state();
        s.placing.find(addr).map(|id| s.records.object(id))
    }

    /// Tells the heap how the buckets of the map at `owner` are laid out, so that [`place`](Self::place) can name
    /// their parts. It holds for what the map allocates from now on.
    pub fn register_map(&self, owner: usize, layout: BucketLayout) {
        let mut s = self.state();
        // A foreign owner without a ring gets no names: better than no memory for the books.
        if let Ok(ring) = s.ring(owner) {
            s.records.set_layout(ring, &layout);
        }
    }

    /// From now on `n` allocations succeed and all later ones are refused; `None` lifts that.
    pub fn refuse_after(&self, n: Option<u64>) {
        let mut s = self.state();
        s.refuse_in = n;
        s.may_refuse = n.is_some() || s.limit.is_some();
    }

    /// Notes whether somebody may be ranging over the map at `owner`: for its own operations, whose flags do not tell for as
    /// long as it matters. Nothing happens when no header of this heap is there.
    #[inline]
    pub fn set_ranged(&self, owner: usize, ranged: bool) {
        if !ranged || self.ranged.load(Acquire) != owner {
            self.note_ranged(owner, ranged);
        }
    }

    fn note_ranged(&self, owner: usize, ranged: bool) {
        let mut s = self.state();
        if let Some(ring) = s.header(owner) {
            s.records.set_ranged(ring, ranged);
            self.ranged.store(if ranged { owner } else { 0 }, Release);
        }
    }

    /// The same, said by whoever ranges, before looking at the map for the first time and after the last: what the map's own
    /// operations note comes a moment too late for those of another thread. The last one to say so takes that back as well.
    pub fn hold(&self, owner: usize, held: bool) {
        let mut s = self.state();
        if let Some(ring) = s.header(owner) {
            s.records.hold(ring, held);
            self.ranged.store(0, Relaxed);
        }
    }

    /// What [`set_ranged`](Self::set_ranged) or [`hold`](Self::hold) noted.
    #[must_use]
    pub fn ranged(&self, owner: usize) -> bool {
        let s = self.state();
        s.header(owner).is_some_and(|ring| s.records.ranged(ring))
    }

    /// Figures.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let s = self.state();
        let (committed, reserved) = (s.placing.committed(), s.placing.territory().reserved());
        Stats { objects: s.objects as usize, bytes: s.bytes, committed, reserved }
    }
}

/// A freed object that still has something coming.
struct Freed {
    object: Object,
    /// The bytes of its slot.
    extent: Range<usize>,
}

impl State {
    fn new(config: &HeapConfig) -> Self {
        Self {
            objects: 0,
            placing: Placing::new(config.placement),
            records: Records::new(),
            bytes: 0,
            refuse_in: None,
            limit: config.limit,
            may_refuse: config.limit.is_some(),
            recent: (0, NONE),
        }
    }

    /// The usual: a slot that has been freed, for an object that is no larger than those without a malloc header.
    #[inline(always)]
    fn alloc_freed(&mut self, r: &Request, layout: Option<&BucketLayout>) -> Option<usize> {
        if self.may_refuse {
            return None;
        }
        let of_map = r.owner != 0 && r.role != Role::Header;
        let ring = if of_map { Some(self.header(r.owner)?) } else { None };
        let (id, addr) = self.records.take_freed(size_class(r.size.max(1)))?;
        self.begin(id, 0, r, ring, layout);
        if r.role == Role::Header {
            self.recent = (addr, id);
        }
        Some(addr)
    }

    fn alloc(&mut self, r: &Request, layout: Option<&BucketLayout>) -> Result<Allocation, OutOfMemory> {
        self.try_alloc(r, layout).map_err(|why| OutOfMemory {
            rounded: r.size.max(1).checked_next_multiple_of(GROWTH).unwrap_or(usize::MAX & !(GROWTH - 1)),
            in_use: self.placing.committed(),
            uncommitted: why == Refusal::Commit,
        })
    }

    fn try_alloc(&mut self, r: &Request, layout: Option<&BucketLayout>) -> Result<Allocation, Refusal> {
        self.refuses(r.size)?;
        let ring = self.ring_for(r)?;
        let Slot { id, header, addr, used } = self.placing.alloc(&mut self.records, r)?;
        self.begin(id, header, r, ring, layout);
        Ok(Allocation { addr, needs_zero: used })
    }

    /// An object begins to live.
    #[inline]
    fn begin(&mut self, id: Id, header: usize, r: &Request, ring: Option<Id>, layout: Option<&BucketLayout>) {
        self.records.begin(id, header, r, ring);
        self.objects += 1;
        self.bytes += r.size;
        if let Some(layout) = layout {
            self.records.set_layout(id, layout);
        }
    }

    /// The entry of the ring that an object of this request joins.
    #[inline]
    fn ring_for(&mut self, r: &Request) -> Result<Option<Id>, Refusal> {
        if r.owner == 0 || r.role == Role::Header {
            return Ok(None);
        }
        self.ring(r.owner).map(Some)
    }

    /// Whether an allocation is to be refused although there is memory.
    fn refuses(&mut self, size: usize) -> Result<(), Refusal> {
        match &mut self.refuse_in {
            Some(0) => return Err(Refusal::Reserve),
            Some(n) => *n -= 1,
            None => {}
        }
        match self.limit {
            Some(limit) if self.bytes.saturating_add(size) > limit => Err(Refusal::Reserve),
            _ => Ok(()),
        }
    }

    /// The live object that starts at an address.
    #[inline]
    fn live(&self, base: usize) -> Option<Id> {
        self.placing.guess(base).filter(|&id| self.records.live(id, base).is_some())
    }

    #[inline(always)]
    fn header(&self, owner: usize) -> Option<Id> {
        let guess = if owner == self.recent.0 { Some(self.recent.1) } else { self.guess(owner) };
        guess.filter(|&id| self.records.live(id, owner) == Some(Role::Header))
    }

    /// [`Placing::guess`], out of the way: most questions are about the header made last.
    #[inline(never)]
    fn guess(&self, base: usize) -> Option<Id> {
        self.placing.guess(base)
    }

    /// The entry of the ring of an owner's objects.
    #[inline]
    fn ring(&mut self, owner: usize) -> Result<Id, Refusal> {
        match self.header(owner) {
            Some(id) => Ok(id),
            None => self.records.stranger_or_new(owner),
        }
    }

    /// All objects of the map whose header's record this is cease to live; their memory is handed out again.
    #[inline]
    fn end_all(&mut self, header: Id) {
        let reuse = self.placing.reuses_all();
        let mut at = header;
        loop {
            let (size, next, done) = self.records.end_with_ring(at, reuse);
            self.objects -= 1;
            self.bytes -= size;
            if !done {
                self.placing.reuse(&mut self.records, at);
            }
            at = next;
            if at == header {
                return;
            }
        }
    }

    /// An object ceases to live. Says what is still to be done to it, without the lock.
    #[inline]
    fn end(&mut self, id: Id, on_free: OnFree) -> Option<Freed> {
        self.objects -= 1;
        self.bytes -= self.records.end(id);
        match on_free {
            OnFree::Reuse => self.placing.reuse(&mut self.records, id),
            OnFree::Keep => {}
            OnFree::Clobber | OnFree::Unmap => {
                let extent = self.placing.extent(self.records.slot(id));
                // Where an experiment has unmapped pages there is nothing left to do.
                let ours = self.placing.territory().owns(extent.start, extent.len());
                return ours.then(|| Freed { object: self.records.object(id), extent });
            }
        }
        None
    }
}

/// Go's pattern for dead memory (`clobberdead`, `runtime/mgcsweep.go`).
const CLOBBER: u64 = 0xdead_dead_dead_dead;

fn clobber(o: &Object) {
    for at in (o.base..o.base + o.size / 8 * 8).step_by(8) {
        // SAFETY: a freed object of the heap that is not handed out again.
        unsafe { mem::st64(at, CLOBBER) };
    }
}

#[cfg(test)]
mod tests;
