//! The fast64 operations by instruction set: the assembly of `asm/`, bound to Rust, beside the portable functions.
//!
//! The routines take the fast cases and jump to the portable functions for the rest, so each is the whole operation. A
//! fault in a fast case is a slow case too: the routine puts back what it has modified, and the portable function faults
//! where Go does. So nobody need watch over a routine; the portable functions that it jumps to run in a region of their
//! own ([`crate::fault::op`]).
//!
//! Which set runs is decided once, by what the processor can do or by `GOHMAP_ISA`.

pub mod call_site;
mod portable;
#[cfg(gohmap_asm)]
mod routines;

use super::batch::ManyKeys;
use crate::layout::Hiter;
use crate::types::{MapType, Routines};
use portable::PORTABLE;
use std::fmt;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Implementations of the fast64 operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Rust, on every machine.
    Portable,
    /// Assembly in the shape of Go's compiler's, one slot after the other, for study; needs AES.
    Scalar,
    /// Assembly for x86-64 with AES, SSE4.1 and POPCNT.
    Sse41,
    /// Assembly for x86-64 with AVX-512 (F, BW, DQ, VL, VBMI2), VAES and BMI2.
    Avx512,
}

/// A value of `GOHMAP_ISA` that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IsaError {
    /// No such implementation.
    #[error("GOHMAP_ISA is {0:?}; it can be portable, scalar, sse41 or avx512")]
    Unknown(String),
    /// Not in this build, or not on this processor.
    #[error("GOHMAP_ISA is {0}, which {1} does not have")]
    Missing(Isa, &'static str),
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Portable => "portable",
            Self::Scalar => "scalar",
            Self::Sse41 => "sse41",
            Self::Avx512 => "avx512",
        })
    }
}

impl Isa {
    /// All of them, the plainest first.
    pub const ALL: [Self; 4] = [Self::Portable, Self::Scalar, Self::Sse41, Self::Avx512];

    /// Those that this build and this processor have, the preferred one last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|isa| isa.is_available()).collect()
    }

    #[cfg(gohmap_asm)]
    fn is_available(self) -> bool {
        macro_rules! has {
            ($($feature:tt)*) => { $(is_x86_feature_detected!($feature))&&* };
        }
        match self {
            Self::Portable => true,
            Self::Scalar => has!("aes"),
            Self::Sse41 => has!("aes" "sse4.1" "popcnt"),
            Self::Avx512 => {
                has!("avx512f" "avx512bw" "avx512dq" "avx512vl" "avx512vbmi2" "vaes" "aes" "avx" "bmi1" "bmi2")
            }
        }
    }

    #[cfg(not(gohmap_asm))]
    fn is_available(self) -> bool {
        self == Self::Portable
    }

    /// The one that `GOHMAP_ISA` names, or the best where it is unset or empty.
    ///
    /// # Errors
    /// When that names none, or one that this build or this processor does not have.
    pub fn chosen() -> Result<Self, IsaError> {
        let wanted = std::env::var_os("GOHMAP_ISA").unwrap_or_default();
        let wanted = wanted.to_string_lossy();
        if wanted.is_empty() {
            return Ok(Self::available().pop().unwrap_or(Self::Portable));
        }
        let isa = Self::ALL.into_iter().find(|isa| isa.to_string() == wanted);
        let isa = isa.ok_or_else(|| IsaError::Unknown(wanted.into_owned()))?;
        if isa.is_available() {
            Ok(isa)
        } else {
            Err(IsaError::Missing(isa, if cfg!(gohmap_asm) { "this processor" } else { "this build" }))
        }
    }

    /// The operations of this implementation, for types of any kind.
    ///
    /// # Panics
    /// When this build does not have it.
    #[must_use]
    pub fn fast64(self) -> &'static Fast64 {
        self.families()[Routines::Any as usize]
    }

    /// The operations of this implementation for a type: the portable functions where keys are not hashed with AES.
    ///
    /// # Panics
    /// When this build does not have it.
    #[must_use]
    pub fn fast64_of(self, t: &MapType) -> &'static Fast64 {
        self.families()[t.routines as usize]
    }

    /// There are operations whose fast cases can lie where they are called ([`call_site`]).
    ///
    /// # Panics
    /// When this build does not have it.
    #[must_use]
    pub fn can_inline(self) -> bool {
        self.families()[Routines::Words as usize].inlined
    }

    /// The operations, by [`Routines`].
    fn families(self) -> [&'static Fast64; 4] {
        match self {
            Self::Portable => [&PORTABLE; 4],
            #[cfg(gohmap_asm)]
            Self::Scalar => [&PORTABLE, &routines::SCALAR, &routines::SCALAR, &routines::SCALAR],
            #[cfg(gohmap_asm)]
            Self::Sse41 => [&PORTABLE, &routines::SSE41, &routines::SSE41_WORDS, &routines::SSE41_NARROW],
            #[cfg(gohmap_asm)]
            Self::Avx512 => [&PORTABLE, &routines::AVX512, &routines::AVX512_WORDS, &routines::AVX512_NARROW],
            #[cfg(not(gohmap_asm))]
            _ => panic!("this build has no assembly"),
        }
    }
}

/// What a lookup gives: `v, ok`.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    /// Address of the element, or of zeroes.
    pub elem: usize,
    /// 1 when there is such a key, otherwise 0.
    pub ok: u64,
}

/// What [`Fast64::find_str`] says. It never faults nor dies, and changes nothing.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Address of the element; [`ABSENT`](Self::ABSENT) when there is no such key; 0 when neither is known.
    pub elem: usize,
    /// Address of the key, or 0.
    pub key: usize,
}

impl Slot {
    /// No element's address.
    pub const ABSENT: usize = 1;
}

/// The operations of one implementation: fast64, fast32, faststr, and the generic ones. Each takes the type, the address of the
/// header and the key. Assembly is for types whose keys are hashed with AES ([`MapType::aes`]).
#[derive(Clone, Copy, Debug)]
pub struct Fast64 {
    /// `mapassign_fast64`: the address of the element.
    pub mapassign: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize,
    /// `m[key] = value`: 0, or the address where the value is still to be stored. The type's elements have 8 bytes, or
    /// no value is ever stored.
    pub mapset: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64, value: u64) -> usize,
    /// `mapaccess1_fast64`: the address of the element, or of zeroes.
    pub mapaccess1: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize,
    /// `mapaccess2_fast64`.
    pub mapaccess2: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> Found,
    /// `mapdelete_fast64`.
    pub mapdelete: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64),
    /// `mapassign_fast64ptr`: [`mapassign`](Self::mapassign) for keys that are pointers, whose lookups are those of 8-byte keys.
    pub mapassign_ptr: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize,
    /// `mapdelete_fast64` for keys that are pointers.
    pub mapdelete_ptr: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64),
    /// `mapassign_fast32`; the key is zero extended.
    pub mapassign32: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize,
    /// `mapaccess1_fast32`.
    pub mapaccess1_32: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize,
    /// `mapaccess2_fast32`.
    pub mapaccess2_32: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> Found,
    /// `mapdelete_fast32`.
    pub mapdelete32: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64),
    /// `mapassign_faststr`, with the address and the number of the key's bytes.
    pub mapassign_str: unsafe extern "C-unwind" fn(t: &MapType, h: usize, str: usize, len: usize) -> usize,
    /// `mapaccess1_faststr`.
    pub mapaccess1_str: unsafe extern "C-unwind" fn(t: &MapType, h: usize, str: usize, len: usize) -> usize,
    /// `mapaccess2_faststr`.
    pub mapaccess2_str: unsafe extern "C-unwind" fn(t: &MapType, h: usize, str: usize, len: usize) -> Found,
    /// Where a key is that is about to be assigned to, if that is easy to tell.
    pub find_str: unsafe extern "C-unwind" fn(t: &MapType, h: usize, str: usize, len: usize) -> Slot,
    /// `mapdelete_faststr`.
    pub mapdelete_str: unsafe extern "C-unwind" fn(t: &MapType, h: usize, str: usize, len: usize),
    /// The generic functions, by [`Generic`](crate::types::Generic).
    pub generic: [Generics; 4],
    /// `mapiternext`, for map types of every kind.
    pub mapiternext: unsafe extern "C-unwind" fn(t: &MapType, it: &mut Hiter),
    /// Asks for the buckets of eight keys.
    pub prefetch: Prefetch,
    /// `m[key] = value` for many keys, as far as it comes; for buckets of 144 bytes alone.
    pub assign_many: Option<ManyKeys>,
    /// `m[key]` for many keys, likewise.
    pub get_many: Option<ManyKeys>,
    /// Fast cases of `mapset` and `mapaccess1` can lie where they are called ([`call_site`]).
    pub inlined: bool,
}

/// The generic functions for some kind of keys. Each takes the type, the address of the header and the address of the key.
#[derive(Clone, Copy, Debug)]
pub struct Generics {
    /// `mapassign`: the address of the element.
    pub mapassign: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: usize) -> usize,
    /// `mapaccess1`: the address of the element, or of zeroes; for elements of at most
    /// [`ZERO_VAL_SIZE`](super::compiled::ZERO_VAL_SIZE) bytes.
    pub mapaccess1: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: usize) -> usize,
    /// `mapaccess2`, likewise.
    pub mapaccess2: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: usize) -> Found,
    /// `mapdelete`.
    pub mapdelete: unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: usize),
}

impl Fast64 {
    /// The generic functions for a type.
    #[inline(always)]
    #[must_use]
    pub fn generic_of(&self, t: &MapType) -> &Generics {
        &self.generic[t.generic as usize]
    }
}

/// Asks for the buckets of eight keys; changes nothing.
pub type Prefetch = unsafe extern "C-unwind" fn(t: &MapType, h: usize, keys: &[u64; 8]);

/// The [`Prefetch`] that does nothing.
unsafe extern "C-unwind" fn no_prefetch(_: &MapType, _: usize, _: &[u64; 8]) {}

/// The families in force, by [`Routines`]; null until the first operation asks.
static CHOSEN: [AtomicPtr<Fast64>; 4] = [const { AtomicPtr::new(std::ptr::null_mut()) }; 4];

/// The operations by the best implementation here, or the one that `GOHMAP_ISA` names, for types of any kind.
///
/// # Panics
/// When [`Isa::chosen`] is an error.
#[inline(always)]
#[must_use]
pub fn chosen() -> &'static Fast64 {
    chosen_for(Routines::Any)
}

/// The same for a type: the portable functions where keys are not hashed with AES.
///
/// # Panics
/// As [`chosen`].
#[inline(always)]
#[must_use]
pub fn of(t: &MapType) -> &'static Fast64 {
    chosen_for(t.routines)
}

#[inline(always)]
fn chosen_for(which: Routines) -> &'static Fast64 {
    let p = CHOSEN[which as usize].load(Ordering::Relaxed);
    if p.is_null() {
        return choose(which);
    }
    // SAFETY: `choose` stored one of the families, which are statics and never change.
    unsafe { &*p }
}

#[cold]
fn choose(which: Routines) -> &'static Fast64 {
    let families = Isa::chosen().unwrap_or_else(|e| panic!("{e}")).families();
    for (chosen, family) in CHOSEN.iter().zip(families) {
        chosen.store(std::ptr::from_ref(family).cast_mut(), Ordering::Relaxed);
    }
    families[which as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_always_one() {
        assert_eq!(Isa::available()[0], Isa::Portable);
        for isa in Isa::available() {
            let _ = isa.fast64();
        }
    }

    /// `base.inc` says what the structures say.
    #[cfg(gohmap_asm)]
    #[test]
    fn offsets_in_base_inc() {
        use crate::layout::{self, BucketLayout, Hiter, Hmap};
        use crate::types::flags;
        use std::mem::offset_of;
        let text = include_str!("../../../asm/base.inc");
        let set = |name: &str| -> usize {
            let line = text
                .lines()
                .find(|l| l.split_whitespace().nth(1).is_some_and(|n| n.trim_end_matches(',') == name))
                .unwrap_or_else(|| panic!("{name} is not in base.inc"));
            let value = line.rsplit(',').next().unwrap().trim();
            value.strip_prefix("0x").map_or_else(|| value.parse().unwrap(), |x| usize::from_str_radix(x, 16).unwrap())
        };
        let slots = |key| {
            let b = BucketLayout::new(key, 8);
            b.key_size | b.elem_size << 8 | b.size << 16
        };
        for (name, value) in [
            ("NEAR", call_site::NEAR),
            ("HMAP_COUNT", offset_of!(Hmap, count)),
            ("HMAP_FLAGS", offset_of!(Hmap, flags)),
            ("HMAP_B", offset_of!(Hmap, b)),
            ("HMAP_NOVERFLOW", offset_of!(Hmap, noverflow)),
            ("HMAP_HASH0", offset_of!(Hmap, hash0)),
            ("HMAP_BUCKETS", offset_of!(Hmap, buckets)),
            ("HMAP_OLDBUCKETS", offset_of!(Hmap, oldbuckets)),
            ("HMAP_NEVACUATE", offset_of!(Hmap, nevacuate)),
            ("MAPTYPE_KEYSIZE", offset_of!(MapType, key_slot)),
            ("MAPTYPE_ELEMSIZE", offset_of!(MapType, elem_slot)),
            ("MAPTYPE_BUCKETSIZE", offset_of!(MapType, bucket_size)),
            ("MAPTYPE_FLAGS", offset_of!(MapType, flags)),
            ("MAPTYPE_KEYS", offset_of!(MapType, keys)),
            ("MAPTYPE_LOAD_NUM", offset_of!(MapType, load_factor_num)),
            ("MAPTYPE_POINTERS", offset_of!(MapType, bucket_has_pointers)),
            ("MAPTYPE_EXTRA", offset_of!(MapType, extra_offset)),
            ("MAPTYPE_PARTS", offset_of!(MapType, parts)),
            ("MAPTYPE_PART", offset_of!(MapType, parts) + 8),
            ("MAPTYPE_SECRET", offset_of!(MapType, type_secret)),
            ("HASH_MIGHT_PANIC", flags::HASH_MIGHT_PANIC as usize),
            ("NEED_KEY_UPDATE", flags::NEED_KEY_UPDATE as usize),
            ("FLAG_OLD_ITERATOR", layout::OLD_ITERATOR.into()),
            ("MAPTYPE_CLEAR_SEQ", offset_of!(MapType, clear_seq_offset)),
            ("MAPTYPE_HASH64", offset_of!(MapType, hash64)),
            ("HITER_KEY", offset_of!(Hiter, key)),
            ("HITER_ELEM", offset_of!(Hiter, elem)),
            ("HITER_H", offset_of!(Hiter, h)),
            ("HITER_BUCKETS", offset_of!(Hiter, buckets)),
            ("HITER_BPTR", offset_of!(Hiter, bptr)),
            ("HITER_START_BUCKET", offset_of!(Hiter, start_bucket)),
            ("HITER_STATE", offset_of!(Hiter, offset)),
            ("HITER_WRAPPED", offset_of!(Hiter, wrapped)),
            ("HITER_B", offset_of!(Hiter, b)),
            ("HITER_BUCKET", offset_of!(Hiter, bucket)),
            ("HITER_CHECK_BUCKET", offset_of!(Hiter, check_bucket)),
            ("HITER_CLEAR_SEQ", offset_of!(Hiter, clear_seq)),
            ("HITER_LEFT_MARKS", offset_of!(Hiter, left_marks)),
            ("HITER_LEFT", offset_of!(Hiter, left)),
            ("HITER_LEFT_STATE", offset_of!(Hiter, left_state)),
            ("FLAG_HASH_WRITING", layout::HASH_WRITING.into()),
            ("FLAG_SAME_SIZE_GROW", layout::SAME_SIZE_GROW.into()),
            ("EMPTY_ONE", layout::EMPTY_ONE.into()),
            ("MIN_TOP_HASH", layout::MIN_TOP_HASH.into()),
            ("SLOTS_8_8_144", slots(8)),
            ("SLOTS_4_8_112", slots(4)),
            ("SLOTS_16_8_208", slots(16)),
        ] {
            assert_eq!(set(name), value, "{name}");
        }
        // What LAYOUT makes of the size of keys, and LAYOUT_ANY of it whatever the elements.
        for key in [8, 4] {
            let l = BucketLayout::new(key, 8);
            assert_eq!((l.key(0), l.elem(0), l.overflow(), l.size), (8, 8 + 8 * key, 72 + 8 * key, 80 + 8 * key));
        }
        for (key, elem) in [(16, 0), (16, 40), (8, 1), (4, 128), (6, 8)] {
            let l = BucketLayout::new(key, elem);
            assert_eq!((l.elem(0), l.overflow()), (8 + 8 * key, l.size - 8));
        }
        assert_eq!(offset_of!(Hiter, left_hash0), offset_of!(Hiter, left_state) + 4);
        let names = text.lines().filter(|l| l.trim_start().starts_with(".set")).count();
        assert_eq!(names, 56, "a constant of base.inc that this test does not know");
    }
}
