//! The one seam: every operation of the portable path tells a [`Probe`] what it is about to do.
//!
//! Tracing, fault triggers, interleaving exploration and race detection are probes. `()` compiles to nothing.

use crate::types::MapType;

/// Operations a probe is told about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Op {
    /// `make(map[K]V, hint)`.
    Make,
    /// `m[k] = v`, up to the address of the element.
    Assign,
    /// `v = m[k]` and `v, ok = m[k]`.
    Access,
    /// `delete(m, k)`.
    Delete,
    /// `clear(m)`.
    Clear,
    /// `maps.Clone(m)`.
    Clone,
    /// `maps.keys`, which copies every key.
    Keys,
    /// `maps.values`, which copies every element.
    Values,
    /// `range` starting.
    IterInit,
    /// `range` advancing.
    IterNext,
}

/// What an operation is about to do. Addresses are emulated addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The operation starts on the header at `h`.
    Enter {
        /// Which one.
        op: Op,
        /// Address of the header; 0 for a nil map.
        h: usize,
    },
    /// `flags` has been read for the concurrency check.
    FlagsRead {
        /// Its value.
        flags: u8,
    },
    /// `flags` is about to be written.
    FlagsWrite {
        /// The new value.
        flags: u8,
    },
    /// The key has been hashed.
    Hash {
        /// The hash.
        hash: u64,
    },
    /// A bucket is about to be searched.
    Bucket {
        /// Its address.
        addr: usize,
    },
    /// A slot is about to be examined.
    Slot {
        /// Address of its bucket.
        bucket: usize,
        /// Its number, 0 to 7.
        i: usize,
    },
    /// A key is about to be stored in a free slot.
    KeyStore {
        /// Address of its bucket.
        bucket: usize,
        /// Its number, 0 to 7.
        i: usize,
    },
    /// The key in a slot is about to be overwritten by an equal one.
    KeyUpdate {
        /// Address of its bucket.
        bucket: usize,
        /// Its number, 0 to 7.
        i: usize,
    },
    /// A slot is about to be emptied.
    SlotClear {
        /// Address of its bucket.
        bucket: usize,
        /// Its number, 0 to 7.
        i: usize,
    },
    /// `count` is about to change.
    Count {
        /// The new value.
        count: i64,
    },
    /// Growth is about to begin.
    Grow {
        /// To a table of the same size.
        same_size: bool,
    },
    /// An old bucket is about to be evacuated.
    Evacuate {
        /// Its number.
        old: u64,
    },
    /// One entry of an old bucket is about to be copied.
    EvacuateSlot {
        /// Address of the old bucket.
        bucket: usize,
        /// The slot, 0 to 7.
        i: usize,
        /// It goes to the upper half.
        y: bool,
    },
    /// An overflow bucket is about to be attached to the chain that ends in `bucket`.
    NewOverflow {
        /// Address of the present last bucket.
        bucket: usize,
    },
    /// A walk over buckets that neither searches nor moves (clearing, copying, looking for the end of a chain, skipping what
    /// is evacuated) is about to come to another one.
    Walk {
        /// Its address.
        addr: usize,
    },
    /// The operation is about to return.
    Leave {
        /// Which one.
        op: Op,
    },
}

/// `growWork_fast64` for a map of 8-byte keys and elements, hashed with AES: type, address of the header, nothing, number of
/// the bucket about to be used. Says 0 when there is work left, which the portable function then does.
pub type GrowWork = unsafe extern "C-unwind" fn(t: &MapType, h: usize, unused: u64, bucket: u64) -> u64;

/// The end of a search without the key.
#[derive(Clone, Copy, Debug)]
pub struct Absent {
    /// The key's hash.
    pub hash: u64,
    /// The bucket of the first free slot, or where there is none, the last one of the chain.
    pub bucket: usize,
    /// The first free slot, or 8.
    pub slot: usize,
}

/// A watcher of operations. A probe may panic (unwind) or interfere with the map's memory: that is its use.
pub trait Probe {
    /// The probe does anything when it is called.
    const WATCHES: bool = true;

    /// The operation has done its evacuation work already, if there is any: it was begun elsewhere.
    const WORKED: bool = false;

    /// An assign that starts a growth ends there and returns 0, with `hashWriting` set: it goes on elsewhere.
    const ENDS_AT_GROWTH: bool = false;

    /// What an assign has found out that was begun elsewhere: `hashWriting` is set and the key is not there.
    #[inline(always)]
    fn absent(&self) -> Option<Absent> {
        None
    }

    /// Called before the step is done.
    fn step(&self, step: Step);

    /// Called between two accesses to memory that one step announces together, where another goroutine may come in between
    /// and see or spoil half of it: between load and store of `flags ^= hashWriting`, between the fields that a growth puts
    /// in place. It is no step, and is not counted as one.
    #[inline(always)]
    fn between(&self) {}

    /// The same where a growth or a clear goes through many accesses, so many that whoever runs every interleaving may want to
    /// leave these points out: between load and store of an old slot's mark, and the stores of tophash, key and element where
    /// its entry goes; between the ends of a growth.
    ///
    /// With these, the second of any two stores to a map's memory comes after a point, and so does a load that decides what is
    /// done next, when others may have changed what it finds since the load before. Clearing or copying a range of memory
    /// counts as one access, and so does copying a word.
    #[inline(always)]
    fn inside(&self) {}

    /// A faster `growWork_fast64`; `None`, so that the probe is told of every step.
    #[inline(always)]
    fn grow_work(&self) -> Option<GrowWork> {
        None
    }
}

/// The probe that compiles to nothing.
impl Probe for () {
    const WATCHES: bool = false;

    #[inline(always)]
    fn step(&self, _: Step) {}
}
