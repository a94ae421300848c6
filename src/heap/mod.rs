//! Where headers, buckets and extras come from: mmap'd memory that an experiment can break.
//!
//! What the heap knows of its objects is kept outside the emulated memory, so that no tampering confuses it, and no
//! emulated memory is touched while its lock is held: zeroing is the caller's (it may fault, and a fault skips frames).

mod arena;
#[cfg(all(unix, not(miri)))]
mod breaking;
mod isolated;
mod place;
mod sizeclass;
mod spans;
mod sys;

#[cfg(all(unix, not(miri)))]
pub use breaking::{FileBacked, Prot};
pub use place::{Part, Place};
pub(crate) use sizeclass::is_large;
pub use sizeclass::{MAX_SMALL_SIZE, MIN_SIZE_FOR_MALLOC_HEADER, PAGE_SIZE, roundupsize};

use crate::layout::BucketLayout;
use isolated::Isolated;
use spans::Spans;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How objects are placed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Placement {
    /// Go's size classes in one arena at 0xc000000000 (or elsewhere when that is occupied).
    #[default]
    Spans,
    /// Every object on pages of its own, with guard pages on both sides.
    Isolated,
}

/// What happens to a freed object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnFree {
    /// Its memory is handed out again.
    #[default]
    Reuse,
    /// Nothing: it stays as it is, as under a garbage collector that still sees a pointer to it.
    Keep,
    /// It is filled with 0xdeaddeaddeaddead (Go's `clobberdead` pattern) and not handed out again.
    Clobber,
    /// Its pages are unmapped (whole pages only; `Isolated` placement makes every object whole pages).
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

/// What an object is for. With the owner it names an address back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The `hmap`.
    Header,
    /// The `mapextra`.
    Extra,
    /// A bucket array.
    Buckets,
    /// An overflow bucket outside the arrays.
    Overflow,
    /// The slice header of an overflow list.
    OverflowSlice,
    /// The pointers of an overflow list.
    OverflowList,
    /// An indirect key.
    Key,
    /// An indirect element.
    Elem,
    /// Anything else an emulated program allocates.
    Other,
}

/// An object handed out by [`Heap::alloc`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Object {
    /// Address of its first byte.
    pub base: usize,
    /// Bytes asked for.
    pub size: usize,
    /// Address of the header of the map it was asked for; 0 for none and for a header itself (see [`Object::map`]).
    pub owner: usize,
    /// What it is for.
    pub role: Role,
    /// For an overflow bucket and the lists of them: address of the array whose chains it belongs to; 0 otherwise.
    pub table: usize,
    /// It has been freed (and not been handed out again).
    pub freed: bool,
}

/// No memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot allocate {rounded}-byte block ({in_use} in use)")]
pub struct OutOfMemory {
    /// The request, rounded up to the 4 MiB by which a heap grows.
    pub rounded: usize,
    /// Bytes in use.
    pub in_use: usize,
    /// There is address space for it, but the system will not put memory there.
    pub uncommitted: bool,
}

/// What [`Heap::alloc`] is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Bytes.
    pub size: usize,
    /// The object holds no pointers.
    pub noscan: bool,
    /// The version has malloc headers ([`Rules::malloc_header`](crate::version::Rules::malloc_header)).
    pub malloc_headers: bool,
    /// Address of the header of the map it is for; 0 for none and for a header itself.
    pub owner: usize,
    /// What it is for.
    pub role: Role,
    /// The bucket array it belongs with, see [`Object::table`].
    pub table: usize,
}

/// What [`Heap::alloc`] gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Address of the first byte.
    pub addr: usize,
    /// The memory may hold anything; otherwise it is zero.
    pub needs_zero: bool,
}

/// Figures of a heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Live objects.
    pub objects: usize,
    /// Bytes asked for by live objects.
    pub bytes: usize,
    /// Bytes of address space.
    pub reserved: usize,
}

#[derive(Debug)]
enum Placed {
    Spans(Box<Spans>),
    Isolated(Isolated),
}

#[derive(Debug)]
struct State {
    placed: Placed,
    /// Objects of each map, freed ones among them until the list is tidied.
    owned: HashMap<usize, Vec<usize>>,
    /// Bucket layouts of maps, for naming addresses.
    layouts: HashMap<usize, BucketLayout>,
    objects: usize,
    bytes: usize,
    /// Allocations until one is refused.
    refuse_in: Option<u64>,
    limit: Option<usize>,
}

/// A heap of emulated memory. All methods may be called by several threads.
pub struct Heap {
    config: HeapConfig,
    state: Mutex<State>,
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
        let placed = match config.placement {
            Placement::Spans => Placed::Spans(Box::default()),
            Placement::Isolated => Placed::Isolated(Isolated::default()),
        };
        let state = State {
            placed,
            owned: HashMap::new(),
            layouts: HashMap::new(),
            objects: 0,
            bytes: 0,
            refuse_in: None,
            limit: config.limit,
        };
        Self { config, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What this heap was made with.
    #[must_use]
    pub fn config(&self) -> &HeapConfig {
        &self.config
    }

    /// An object. Its memory is zero unless the answer says that it needs zeroing.
    ///
    /// # Errors
    /// When the system refuses, the limit is reached, or [`refuse_after`](Self::refuse_after) says so.
    pub fn alloc(&self, r: &Request) -> Result<Allocation, OutOfMemory> {
        let mut s = self.state();
        let refused = OutOfMemory {
            rounded: r.size.saturating_add(arena::GROWTH - 1) & !(arena::GROWTH - 1),
            in_use: s.bytes,
            uncommitted: false,
        };
        match &mut s.refuse_in {
            Some(0) => return Err(refused),
            Some(n) => *n -= 1,
            None => {}
        }
        if s.limit.is_some_and(|l| s.bytes.saturating_add(r.size) > l) {
            return Err(refused);
        }
        let got = match &mut s.placed {
            Placed::Spans(p) => p.alloc(r),
            Placed::Isolated(p) => p.alloc(r).map_err(|_| arena::Refusal::Reserve),
        };
        let uncommitted = matches!(got, Err(arena::Refusal::Commit));
        let (object, needs_zero) = got.map_err(|_| OutOfMemory { uncommitted, ..refused })?;
        s.objects += 1;
        s.bytes += r.size;
        let owner = if r.role == Role::Header { object.base } else { r.owner };
        if owner != 0 {
            s.owned.entry(owner).or_default().push(object.base);
        }
        Ok(Allocation { addr: object.base, needs_zero })
    }

    /// Frees the object at `base` according to [`HeapConfig::on_free`]. Nothing happens when no live object starts
    /// there: a tampered map may hand anything to its allocator, and Go's has no `free` that could complain.
    pub fn free(&self, base: usize) {
        let object = {
            let mut s = self.state();
            let object = match &mut s.placed {
                Placed::Spans(p) => p.mark_freed(base),
                Placed::Isolated(p) => p.mark_freed(base),
            };
            let Some(object) = object else { return };
            s.objects -= 1;
            s.bytes -= object.size;
            s.forget(&object);
            if self.config.on_free == OnFree::Reuse {
                s.reuse(base);
            }
            object
        };
        match self.config.on_free {
            OnFree::Reuse | OnFree::Keep => {}
            OnFree::Clobber => clobber(object),
            OnFree::Unmap => self.unmap_object(base, object.size),
        }
    }

    /// Frees every live object of the map at `owner`, its header too.
    pub fn free_owner(&self, owner: usize) {
        self.free_if(owner, |_| true);
        self.state().layouts.remove(&owner);
    }

    /// Frees a bucket array of the map at `owner`, and the overflow buckets and lists that belong with it.
    pub fn free_table(&self, owner: usize, array: usize) {
        self.free_if(owner, |o| o.table == array || (o.role == Role::Buckets && o.base == array));
    }

    /// Frees the overflow buckets and lists of the map at `owner` that belong with `array`, but not the array.
    pub fn free_overflow(&self, owner: usize, array: usize) {
        self.free_if(owner, |o| o.table == array && array != 0);
    }

    fn free_if(&self, owner: usize, which: impl Fn(&Object) -> bool) {
        let doomed: Vec<usize> = {
            let mut s = self.state();
            let Some(list) = s.owned.remove(&owner) else { return };
            let of_map = |b: usize| s.locate(b).filter(|o| o.base == b && !o.freed && o.map() == owner);
            let (doomed, kept): (Vec<_>, Vec<_>) =
                list.into_iter().filter(|&b| of_map(b).is_some()).partition(|&b| of_map(b).is_some_and(|o| which(&o)));
            if !kept.is_empty() {
                s.owned.insert(owner, kept);
            }
            doomed
        };
        for base in doomed {
            self.free(base);
        }
    }

    #[cfg(all(unix, not(miri)))]
    fn unmap_object(&self, base: usize, size: usize) {
        let pages = match &self.state().placed {
            Placed::Spans(_) => {
                let first = base.next_multiple_of(sys::OS_PAGE);
                let end = (base + size) & !(sys::OS_PAGE - 1);
                (end > first).then(|| (first, end - first))
            }
            Placed::Isolated(p) => p.pages(base),
        };
        if let Some((at, len)) = pages {
            // An address that cannot be unmapped stays mapped: there is nothing else to do about it.
            let _ = self.unmap(at, len);
        }
    }

    #[cfg(not(all(unix, not(miri))))]
    fn unmap_object(&self, _: usize, _: usize) {}

    /// The object that `addr` lies in or beside (guard pages): live, or freed and not handed out again.
    #[must_use]
    pub fn locate(&self, addr: usize) -> Option<Object> {
        self.state().locate(addr)
    }

    /// Whether `addr` lies in address space that the arena has reserved; false under [`Placement::Isolated`].
    #[must_use]
    pub fn in_arena(&self, addr: usize) -> bool {
        matches!(&self.state().placed, Placed::Spans(p) if p.contains(addr))
    }

    /// Tells the heap how the buckets of the map at `owner` are laid out, so that [`place`](Self::place) can name
    /// their parts.
    pub fn register_map(&self, owner: usize, layout: BucketLayout) {
        self.state().layouts.insert(owner, layout);
    }

    fn layout_of(&self, owner: usize) -> Option<BucketLayout> {
        self.state().layouts.get(&owner).copied()
    }

    /// From now on `n` allocations succeed and all later ones are refused; `None` lifts that.
    pub fn refuse_after(&self, n: Option<u64>) {
        self.state().refuse_in = n;
    }

    /// Figures.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let s = self.state();
        let reserved = match &s.placed {
            Placed::Spans(p) => p.arena.reserved_bytes(),
            Placed::Isolated(p) => p.reserved,
        };
        Stats { objects: s.objects, bytes: s.bytes, reserved }
    }
}

impl State {
    fn locate(&self, addr: usize) -> Option<Object> {
        match &self.placed {
            Placed::Spans(p) => p.locate(addr),
            Placed::Isolated(p) => p.locate(addr),
        }
    }

    fn reuse(&mut self, base: usize) {
        match &mut self.placed {
            Placed::Spans(p) => p.reuse(base),
            Placed::Isolated(p) => p.reuse(base),
        }
    }

    /// Takes freed objects out of a map's list, now and then: the list stays in proportion to the live ones.
    fn forget(&mut self, object: &Object) {
        let Some(list) = self.owned.get_mut(&object.map()) else { return };
        // Most frees concern an old array or the newest object.
        if list.last() == Some(&object.base) {
            list.pop();
        } else if list.len() <= 8 {
            list.retain(|&b| b != object.base);
        } else if let Some(i) = list.iter().rposition(|&b| b == object.base) {
            list.swap_remove(i);
        }
    }
}

impl Object {
    /// Address of the header of the map it belongs to; 0 for none.
    #[must_use]
    pub fn map(&self) -> usize {
        if self.role == Role::Header { self.base } else { self.owner }
    }
}

/// Go's pattern for dead memory (`clobberdead`, `runtime/mgcsweep.go`).
const CLOBBER: u64 = 0xdead_dead_dead_dead;

fn clobber(o: Object) {
    for at in (o.base..o.base + o.size / 8 * 8).step_by(8) {
        // SAFETY: a freed object of the heap that is not handed out again.
        unsafe { crate::layout::mem::st64(at, CLOBBER) };
    }
}

#[cfg(test)]
mod tests;
