//! What the heap hands out and how it is asked.

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

/// An object handed out by [`Heap::alloc`](super::Heap::alloc).
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

impl Object {
    /// Address of the header of the map it belongs to; 0 for none.
    #[must_use]
    pub fn map(&self) -> usize {
        if self.role == Role::Header { self.base } else { self.owner }
    }
}

/// What [`Heap::alloc`](super::Heap::alloc) is asked for.
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

/// What [`Heap::alloc`](super::Heap::alloc) gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// Address of the first byte.
    pub addr: usize,
    /// The memory may hold anything; otherwise it is zero.
    pub needs_zero: bool,
}

/// No memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot allocate {rounded}-byte block ({in_use} in use)")]
pub struct OutOfMemory {
    /// The request, rounded up to the 4 MiB by which a heap grows.
    pub rounded: usize,
    /// Bytes that the heap has made usable so far, in the same steps. Go counts the same (heap in use, free and
    /// released, `mheap.grow`), less what it has lent to stacks.
    pub in_use: usize,
    /// There is address space for it, but the system will not put memory there.
    pub uncommitted: bool,
}

/// Figures of a heap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Live objects.
    pub objects: usize,
    /// Bytes asked for by live objects.
    pub bytes: usize,
    /// Bytes made usable.
    pub committed: usize,
    /// Bytes of address space.
    pub reserved: usize,
}
