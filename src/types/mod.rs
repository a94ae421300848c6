//! Go types and map types: sizes, flags, hashing and equality of a map's keys, as Go's compiler lays them down.
//!
//! [`GoType`] is what the compiler knows of a type, [`MapType`] what it tells the map's functions.

mod alg;
mod gotype;
mod parse;
mod parts;
mod word;

pub use alg::Alg;
pub(crate) use alg::{Cond, Run, eq_can_panic};
pub use gotype::{Field, GoType, Kind};
pub use parse::TypeSyntax;
pub use parts::Parts;
pub(crate) use word::FREQUENT;
pub use word::TypeTable;

use crate::hash::{self, Algorithm, KeySchedule};
use crate::layout::{BucketLayout, MAX_ELEM_SIZE, MAX_KEY_SIZE, mem};
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
    /// `loadFactorNum` of the version, for the assembly.
    pub load_factor_num: u64,
    /// The AES key schedule in force: here, so that the assembly need not ask where it is.
    pub keys: KeySchedule,
    /// The bucket holds pointers (then overflow buckets are not listed in `mapextra`).
    pub bucket_has_pointers: bool,
    /// Where `hmap.clearSeq` is in a header, 0 when there is none; for the assembly.
    pub clear_seq_offset: u64,
    /// 1 when keys are hashed as eight bytes with AES, otherwise 0; for the assembly.
    pub hash64: u64,
    /// `extra_offset` of the version, for the assembly.
    pub extra_offset: u64,
    /// What the program's type descriptors are marked with, for the assembly.
    pub type_secret: u64,
    /// What keys of [`Generic::Fields`] are made of, for the assembly.
    pub parts: Parts,
    /// The program this type belongs to.
    pub rt: Arc<Runtime>,
    /// Bytes of a key.
    pub key_size: usize,
    /// Bytes of an element.
    pub elem_size: usize,
    /// Geometry of a bucket.
    pub bucket: BucketLayout,
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
    /// Keys are hashed with AES, as the assembly does it.
    pub aes: bool,
    /// Where in a key that lies in the bucket the address of something is that is hashed with it.
    pub(crate) key_leads: Option<usize>,
    /// Which assembly there is for it, if its functions are the generic ones.
    pub generic: Generic,
    /// Which assembly is for it, if its functions are fast64.
    pub(crate) routines: Routines,
    /// The key type.
    pub key: GoType,
    /// The element type.
    pub elem: GoType,
}

const _: () = {
    assert!(offset_of!(MapType, key_slot) == 80);
    assert!(offset_of!(MapType, elem_slot) == 81);
    assert!(offset_of!(MapType, bucket_size) == 82);
    assert!(offset_of!(MapType, flags) == 84);
    assert!(offset_of!(MapType, load_factor_num) == 88);
    assert!(offset_of!(MapType, keys) == 96);
    assert!(offset_of!(MapType, bucket_has_pointers) == 224);
    assert!(offset_of!(MapType, clear_seq_offset) == 232);
    assert!(offset_of!(MapType, hash64) == 240);
    assert!(offset_of!(MapType, extra_offset) == 248);
    assert!(offset_of!(MapType, type_secret) == 256);
    assert!(offset_of!(MapType, parts) == 264);
    // The assembly has the schedule's parts as operands in memory.
    assert!(align_of::<KeySchedule>() == 16);
};

/// Which of the routines that there are for keys of 8 and 4 bytes are for a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Routines {
    /// The portable ones: keys are not hashed with AES.
    Portable,
    /// Those for any other type.
    Any,
    /// Those for buckets of 144 bytes, of keys and elements of 8.
    Words,
    /// Those for buckets of 112 bytes, of keys of 4 and elements of 8.
    Narrow,
}

impl Routines {
    /// Those for a type with such buckets.
    pub(crate) fn new(aes: bool, bucket: &BucketLayout) -> Self {
        match (aes, bucket) {
            (false, _) => Self::Portable,
            (true, BucketLayout { key_size: 8, elem_size: 8, size: 144, .. }) => Self::Words,
            (true, BucketLayout { key_size: 4, elem_size: 8, size: 112, .. }) => Self::Narrow,
            _ => Self::Any,
        }
    }
}

/// Keys for which there is assembly in the place of the generic functions, in maps whose keys and elements lie in the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generic {
    /// None.
    Other,
    /// Plain memory without pointers, or a float: floats alone are overwritten when they are assigned to again.
    Plain,
    /// Interfaces without methods.
    Eface,
    /// A few strings and stretches of plain memory.
    Fields,
}

impl Generic {
    fn of(key: &GoType, parts: Option<&Parts>) -> Self {
        if parts.is_some() {
            return Self::Fields;
        }
        match (key.alg(), key.size()) {
            (Alg::Mem, 1..=3 | 5..=7 | 9..) if !key.has_pointers() && !key.need_key_update() => Self::Plain,
            (Alg::Float32 | Alg::Float64, _) => Self::Plain,
            (Alg::NilInter, _) => Self::Eface,
            _ => Self::Other,
        }
    }
}

impl MapType {
    /// `map[uint64]E` where an E takes `elem_size` bytes.
    ///
    /// # Panics
    /// When elements with pointers have no room for one.
    #[must_use]
    pub fn u64(rt: &Arc<Runtime>, elem_size: usize, elem_has_pointers: bool) -> Self {
        let elem = GoType::opaque(elem_size, elem_has_pointers);
        assert_eq!((elem.size(), elem.has_pointers()), (elem_size, elem_has_pointers), "no such element type");
        Self::of(rt, &GoType::uint64(), &elem).expect("integers are comparable")
    }

    /// `map[key]elem`, with the slots, flags and functions that Go's compiler chooses (`MapBucketType` and `writeType` in
    /// `cmd/compile/internal/reflectdata`, `mapfast` in `cmd/compile/internal/walk`; the same from Go 1.19 to 1.24).
    ///
    /// # Errors
    /// When keys are not comparable.
    pub fn of(rt: &Arc<Runtime>, key: &GoType, elem: &GoType) -> Result<Self, InvalidKey> {
        if !key.comparable() {
            return Err(InvalidKey(key.clone()));
        }
        let indirect = |t: &GoType, max| t.size() > max;
        let (indirect_key, indirect_elem) = (indirect(key, MAX_KEY_SIZE), indirect(elem, MAX_ELEM_SIZE));
        let flags = [
            (indirect_key, flags::INDIRECT_KEY),
            (indirect_elem, flags::INDIRECT_ELEM),
            (key.reflexive(), flags::REFLEXIVE_KEY),
            (key.need_key_update(), flags::NEED_KEY_UPDATE),
            (key.hash_might_panic(), flags::HASH_MIGHT_PANIC),
        ]
        .into_iter()
        .fold(0, |all, (yes, bit)| if yes { all | bit } else { all });
        let slot = |t: &GoType, indirect: bool| if indirect { 8 } else { t.size() };
        let bucket = BucketLayout::new(slot(key, indirect_key), slot(elem, indirect_elem));
        let (hasher, equal): (Hasher, Equal) = match (key.alg(), key.size()) {
            (Alg::Mem, 4) => (hash32, equal32),
            (Alg::Mem, 8) => (hash64, equal64),
            (Alg::Mem, 16) => (hash_bytes, equal128),
            (Alg::Mem, 3 | 5..) => (hash_bytes, equal_bytes),
            (Alg::Float64, _) => (hash_float64, equal_float64),
            (Alg::Float32, _) => (hash_float32, equal_float32),
            (Alg::String, _) => (hash_string, equal_any),
            (Alg::NilInter, _) => (hash_interface, equal_interface),
            (Alg::Special, _) if matches!(key.kind(), Kind::Struct(_)) => (hash_struct, equal_struct),
            _ => (hash_any, equal_any),
        };
        let parts = Parts::of(key);
        let aes = rt.hash().algorithm() == Algorithm::Aes;
        Ok(Self {
            abi: [0; 10],
            key_slot: bucket.key_size as u8,
            elem_slot: bucket.elem_size as u8,
            bucket_size: bucket.size as u16,
            flags,
            load_factor_num: rt.rules().load_factor_num,
            keys: rt.key_schedule().clone(),
            hash64: u64::from(aes && key.alg() == Alg::Mem && key.size() == 8),
            clear_seq_offset: rt.rules().clear_seq_offset.unwrap_or(0) as u64,
            extra_offset: rt.rules().extra_offset as u64,
            type_secret: rt.types.secret(),
            parts: parts.unwrap_or_default(),
            rt: Arc::clone(rt),
            key_size: key.size(),
            elem_size: elem.size(),
            bucket,
            bucket_has_pointers: key.has_pointers() || elem.has_pointers() || indirect_key || indirect_elem,
            elem_has_pointers: elem.has_pointers(),
            key_has_pointers: key.has_pointers(),
            hasher,
            equal,
            fast: Fast::of(key, elem),
            key_leads: match key.alg() {
                _ if indirect_key => None,
                Alg::String => Some(0),
                // The data word.
                Alg::NilInter => Some(8),
                _ => parts.as_ref().and_then(Parts::first_string),
            },
            generic: if indirect_key || indirect_elem { Generic::Other } else { Generic::of(key, parts.as_ref()) },
            aes,
            routines: Routines::new(aes, &bucket),
            key: key.clone(),
            elem: elem.clone(),
        })
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

/// A map type whose keys are not comparable: Go's compiler refuses it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("invalid map key type {0}")]
pub struct InvalidKey(pub GoType);

impl Fast {
    /// The functions for `map[key]elem` (`mapfast`). Pointers have 64 bits here: no key is a `fast32ptr`.
    fn of(key: &GoType, elem: &GoType) -> Self {
        if elem.size() > MAX_ELEM_SIZE {
            return Self::Generic;
        }
        match (key.alg(), key.size(), key.has_pointers()) {
            (Alg::Mem, 4, false) => Self::Fast32,
            (Alg::Mem, 8, false) => Self::Fast64,
            (Alg::Mem, 8, true) => Self::Fast64Ptr,
            (Alg::String, ..) => Self::FastStr,
            _ => Self::Generic,
        }
    }
}

unsafe fn hash32(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    t.rt.hash().memhash32(unsafe { mem::ld32(key) }, seed)
}

unsafe fn hash64(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    t.rt.hash().memhash64(unsafe { mem::ld64(key) }, seed)
}

unsafe fn hash_string(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    unsafe { t.rt.hash().strhash(key, seed) }
}

unsafe fn hash_bytes(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    unsafe { t.rt.hash().memhash(key, seed, t.key_size) }
}

unsafe fn hash_float64(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    unsafe { hash::alg::f64hash(&t.rt, key, seed) }
}

unsafe fn hash_float32(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    unsafe { hash::alg::f32hash(&t.rt, key, seed) }
}

unsafe fn hash_interface(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    unsafe { hash::alg::nilinterhash(&t.rt, key, seed) }
}

unsafe fn hash_struct(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    unsafe { hash::alg::structs(&t.rt, &t.key, key, seed) }
}

unsafe fn hash_any(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise for the key.
    unsafe { hash::alg::hash(&t.rt, &t.key, key, seed) }
}

unsafe fn equal32(_: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { mem::ld32(a) == mem::ld32(b) }
}

unsafe fn equal64(_: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { mem::ld64(a) == mem::ld64(b) }
}

unsafe fn equal128(_: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { mem::ld64(a) == mem::ld64(b) && mem::ld64(a.wrapping_add(8)) == mem::ld64(b.wrapping_add(8)) }
}

unsafe fn equal_bytes(t: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { hash::equal::memequal(a, b, t.key_size) }
}

unsafe fn equal_float64(_: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { f64::from_bits(mem::ld64(a)) == f64::from_bits(mem::ld64(b)) }
}

unsafe fn equal_float32(_: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { f32::from_bits(mem::ld32(a)) == f32::from_bits(mem::ld32(b)) }
}

unsafe fn equal_interface(t: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { hash::equal::nilinterequal(&t.rt, a, b) }
}

unsafe fn equal_struct(t: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { hash::equal::structs(&t.rt, &t.key, a, b) }
}

unsafe fn equal_any(t: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise for the keys.
    unsafe { hash::equal::equal(&t.rt, &t.key, a, b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::RuntimeConfig;

    /// What `go tool compile` calls and `abi.MapType` holds for these types with Go 1.22.
    #[test]
    fn the_compilers_choices() {
        use flags::{
            HASH_MIGHT_PANIC as P, INDIRECT_ELEM as IE, INDIRECT_KEY as IK, NEED_KEY_UPDATE as U, REFLEXIVE_KEY as R,
        };
        let rt = Runtime::new(RuntimeConfig { seed: Some(1), ..RuntimeConfig::default() });
        for (key, elem, fast, bucket, flags, pointers) in [
            ("uint64", "uint64", Fast::Fast64, 144, R, false),
            ("int", "[128]uint8", Fast::Fast64, 1104, R, false),
            ("int", "[129]uint8", Fast::Generic, 144, R | IE, true),
            ("[4]uint8", "bool", Fast::Fast32, 56, R, false),
            ("struct{a, b uint16}", "string", Fast::Fast32, 176, R, true),
            ("struct{a, b int32}", "int", Fast::Fast64, 144, R, false),
            ("chan int", "int", Fast::Fast64Ptr, 144, R, true),
            ("struct{p *int}", "struct{}", Fast::Fast64Ptr, 80, R, true),
            ("uintptr", "int", Fast::Fast64, 144, R, false),
            ("struct{s string}", "int", Fast::FastStr, 208, R | U, true),
            ("[1]string", "[17]int", Fast::Generic, 208, R | U | IE, true),
            ("float64", "int", Fast::Generic, 144, U, false),
            ("any", "int", Fast::Generic, 208, U | P, true),
            ("struct{a uint8; b uint16}", "int", Fast::Generic, 112, R, false),
            ("[129]uint8", "int", Fast::Generic, 144, R | IK, true),
            ("struct{}", "uint64", Fast::Generic, 80, R, false),
            ("uint16", "uint16", Fast::Generic, 48, R, false),
            ("bool", "[3]uint8", Fast::Generic, 48, R, false),
        ] {
            let parse = |s| GoType::parse(s).unwrap();
            let t = MapType::of(&rt, &parse(key), &parse(elem)).unwrap();
            let got = (t.fast, t.bucket_size, t.flags, t.bucket_has_pointers);
            assert_eq!(got, (fast, bucket, flags, pointers), "map[{key}]{elem}");
        }
        let slices = GoType::parse("struct{a int; b []int}").unwrap();
        let refused = MapType::of(&rt, &slices, &slices).err().unwrap();
        assert_eq!(refused.to_string(), "invalid map key type struct { a int; b []int }");
    }
}
