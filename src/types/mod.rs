//! Map types: sizes, flags, hashing and equality of a map's keys, as Go's compiler lays them down.

use crate::hash::KeySchedule;
use crate::layout::{BUCKET_CNT, BucketLayout, MAX_ELEM_SIZE, MAX_KEY_SIZE};
use crate::runtime::Runtime;
use std::mem::offset_of;
use std::sync::Arc;

/// Flag bits of [`MapType::flags`] (`abi.MapType`).
pub mod flags {
    /// Keys are stored as pointers.
    pub const INDIRECT_KEY: u32 = 1;
    /// Elements are stored as pointers.
    pub const INDIRECT_ELEM: u32 = 2;
    /// `k == k` for every key.
    pub const REFLEXIVE_KEY: u32 = 4;
    /// An assign to an existing key overwrites the key too.
    pub const NEED_KEY_UPDATE: u32 = 8;
    /// Hashing a key may panic.
    pub const HASH_MIGHT_PANIC: u32 = 16;
}

/// Hashes the key at an address with a seed.
pub type Hasher = unsafe fn(t: &MapType, key: usize, seed: u64) -> u64;
/// Compares the keys at two addresses.
pub type Equal = unsafe fn(t: &MapType, a: usize, b: usize) -> bool;

/// Which specialised functions the compiler calls for a map type (`mapfast` in `cmd/compile/internal/walk`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fast {
    /// `mapassign` and the like.
    Generic,
    /// `mapassign_fast32`.
    Fast32,
    /// `mapassign_fast32ptr`.
    Fast32Ptr,
    /// `mapassign_fast64`.
    Fast64,
    /// `mapassign_fast64ptr`.
    Fast64Ptr,
    /// `mapassign_faststr`.
    FastStr,
}

/// A map type. The first 88 bytes are Go's `abi.MapType`; what follows is ours.
///
/// `repr(C)`, because the assembly reads it.
#[repr(C)]
#[derive(Clone)]
pub struct MapType {
    /// `abi.Type` of the map itself and the key, elem, bucket and hasher pointers: unused here, kept for the offsets.
    pub abi: [u64; 10],
    /// Bytes of a key slot.
    pub key_slot: u8,
    /// Bytes of an element slot.
    pub elem_slot: u8,
    /// Bytes of a bucket.
    pub bucket_size: u16,
    /// See [`flags`].
    pub flags: u32,
    /// The AES key schedule in force.
    pub keys: *const KeySchedule,
    /// `loadFactorNum` of the version, for the assembly.
    pub load_factor_num: u64,
    /// The program this type belongs to.
    pub rt: Arc<Runtime>,
    /// Bytes of a key.
    pub key_size: usize,
    /// Bytes of an element.
    pub elem_size: usize,
    /// Geometry of a bucket.
    pub bucket: BucketLayout,
    /// The bucket holds pointers (then overflow buckets are not listed in `mapextra`).
    pub bucket_has_pointers: bool,
    /// Elements hold pointers.
    pub elem_has_pointers: bool,
    /// Keys hold pointers.
    pub key_has_pointers: bool,
    /// Key hash.
    pub hasher: Hasher,
    /// Key equality.
    pub equal: Equal,
    /// Which functions the compiler would call.
    pub fast: Fast,
}

const _: () = {
    assert!(offset_of!(MapType, key_slot) == 80);
    assert!(offset_of!(MapType, elem_slot) == 81);
    assert!(offset_of!(MapType, bucket_size) == 82);
    assert!(offset_of!(MapType, flags) == 84);
    assert!(offset_of!(MapType, keys) == 88);
    assert!(offset_of!(MapType, load_factor_num) == 96);
};

// SAFETY: `keys` points into `rt`, which is kept alive and is never written after the type is made.
unsafe impl Send for MapType {}
// SAFETY: as above; nothing in a MapType changes after it is made.
unsafe impl Sync for MapType {}

impl MapType {
    /// `map[uint64]E` where an E takes `elem_size` bytes.
    #[must_use]
    pub fn u64(rt: &Arc<Runtime>, elem_size: usize, elem_has_pointers: bool) -> Self {
        Self::new(
            rt,
            Parts {
                key_size: 8,
                key_has_pointers: false,
                elem_size,
                elem_has_pointers,
                flags: flags::REFLEXIVE_KEY,
                hasher: crate::hash::memhash64_key,
                equal: crate::hash::equal64,
                fast: Fast::Fast64,
            },
        )
    }

    /// A map type from its parts: derives slots, indirection and the choice of functions as Go's compiler does.
    #[must_use]
    pub fn new(rt: &Arc<Runtime>, p: Parts) -> Self {
        let mut flags = p.flags;
        let slot = |size, max, bit, flags: &mut u32| {
            if size > max {
                *flags |= bit;
                8
            } else {
                size
            }
        };
        let key_slot = slot(p.key_size, MAX_KEY_SIZE, flags::INDIRECT_KEY, &mut flags);
        let elem_slot = slot(p.elem_size, MAX_ELEM_SIZE, flags::INDIRECT_ELEM, &mut flags);
        let bucket = BucketLayout::new(key_slot, elem_slot);
        debug_assert!(bucket.size <= 8 + BUCKET_CNT * (MAX_KEY_SIZE + MAX_ELEM_SIZE) + 8);
        let indirect = flags & (flags::INDIRECT_KEY | flags::INDIRECT_ELEM) != 0;
        Self {
            abi: [0; 10],
            key_slot: key_slot as u8,
            elem_slot: elem_slot as u8,
            bucket_size: bucket.size as u16,
            flags,
            keys: rt.key_schedule(),
            load_factor_num: rt.rules().load_factor_num,
            rt: Arc::clone(rt),
            key_size: p.key_size,
            elem_size: p.elem_size,
            bucket,
            bucket_has_pointers: p.key_has_pointers || p.elem_has_pointers || indirect,
            elem_has_pointers: p.elem_has_pointers,
            key_has_pointers: p.key_has_pointers,
            hasher: p.hasher,
            equal: p.equal,
            fast: if p.elem_size > MAX_ELEM_SIZE { Fast::Generic } else { p.fast },
        }
    }

    /// Whether keys are stored as pointers.
    #[must_use]
    pub fn indirect_key(&self) -> bool {
        self.flags & flags::INDIRECT_KEY != 0
    }

    /// Whether elements are stored as pointers.
    #[must_use]
    pub fn indirect_elem(&self) -> bool {
        self.flags & flags::INDIRECT_ELEM != 0
    }

    /// Whether `k == k` for every key.
    #[must_use]
    pub fn reflexive_key(&self) -> bool {
        self.flags & flags::REFLEXIVE_KEY != 0
    }

    /// Whether assigning to an existing key overwrites the key.
    #[must_use]
    pub fn need_key_update(&self) -> bool {
        self.flags & flags::NEED_KEY_UPDATE != 0
    }

    /// Whether hashing may panic.
    #[must_use]
    pub fn hash_might_panic(&self) -> bool {
        self.flags & flags::HASH_MIGHT_PANIC != 0
    }
}

/// What [`MapType::new`] is told.
#[derive(Clone, Copy)]
pub struct Parts {
    /// Bytes of a key.
    pub key_size: usize,
    /// Keys hold pointers.
    pub key_has_pointers: bool,
    /// Bytes of an element.
    pub elem_size: usize,
    /// Elements hold pointers.
    pub elem_has_pointers: bool,
    /// The bits of [`flags`] that come from the key type.
    pub flags: u32,
    /// Key hash.
    pub hasher: Hasher,
    /// Key equality.
    pub equal: Equal,
    /// Which functions the compiler calls when elements are small enough.
    pub fast: Fast,
}
