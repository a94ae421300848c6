//! Where headers, buckets and extras come from: mmap'd memory that an experiment can break.

use std::fmt;

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
    /// Address of the header of the map it belongs to; its own for a header; 0 for none.
    pub owner: usize,
    /// What it is for.
    pub role: Role,
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
}

/// The heap could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("cannot reserve {bytes} bytes of address space for the heap: {cause}")]
pub struct HeapError {
    /// How much was asked for.
    pub bytes: usize,
    /// The system's word.
    pub cause: std::io::Error,
}

/// The heap.
pub struct Heap(());

impl fmt::Debug for Heap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Heap")
    }
}

impl Heap {
    /// A heap.
    ///
    /// # Errors
    /// When the arena cannot be reserved.
    pub fn new(_config: HeapConfig) -> Result<Self, HeapError> {
        unimplemented!("heap helper")
    }

    /// An object of `size` bytes. `span_size` is what the size class search starts from (the request with its
    /// malloc header, see [`roundupsize`]); the memory is *not* zeroed when it has been used before: the second
    /// value says whether it needs zeroing.
    ///
    /// # Errors
    /// When the system refuses, or [`Heap::refuse_after`] says so.
    pub fn alloc(
        &self,
        _size: usize,
        _noscan: bool,
        _header: bool,
        _owner: usize,
        _role: Role,
    ) -> Result<(usize, bool), OutOfMemory> {
        unimplemented!("heap helper")
    }

    /// Frees the object at `base` according to [`HeapConfig::on_free`].
    pub fn free(&self, _base: usize) {
        unimplemented!("heap helper")
    }

    /// Frees every object whose owner is the map at `owner`, its header too.
    pub fn free_owner(&self, _owner: usize) {
        unimplemented!("heap helper")
    }

    /// The object that `addr` lies in, freed ones and their pages included.
    pub fn locate(&self, _addr: usize) -> Option<Object> {
        unimplemented!("heap helper")
    }
}

/// The size that Go's allocator gives a request of `size` bytes (`roundupsize`, `runtime/msize.go`).
#[must_use]
pub fn roundupsize(_size: usize, _noscan: bool, _malloc_header: bool) -> usize {
    unimplemented!("heap helper")
}
