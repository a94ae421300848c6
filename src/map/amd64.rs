//! The assembly of `asm/`, bound to Rust, and the choice between it and the portable path.
//!
//! The routines take the fast cases and jump to the portable functions for the rest, so either path is the whole
//! operation. Which one runs is decided once, by what the processor can do.

use super::fast64;
use crate::types::MapType;
use std::sync::OnceLock;

#[cfg(gohmap_asm)]
#[expect(improper_ctypes, reason = "the assembly reads the repr(C) start of MapType alone")]
unsafe extern "C-unwind" {
    fn gohmap_mapassign_fast64_sse41(t: &MapType, h: usize, key: u64) -> usize;
}

/// What a build without assembly, and every slow case of one with it, runs.
///
/// # Safety
/// As [`fast64::mapassign_fast64`].
#[cfg_attr(gohmap_asm, unsafe(no_mangle))]
unsafe extern "C-unwind" fn gohmap_mapassign_fast64_portable(t: &MapType, h: usize, key: u64) -> usize {
    // SAFETY: the caller's promise.
    unsafe { fast64::mapassign_fast64(t, h, key, &()) }
}

/// The end of an assign that found `hashWriting` cleared by somebody else.
#[cfg(gohmap_asm)]
#[unsafe(no_mangle)]
extern "C-unwind" fn gohmap_concurrent_map_writes() -> ! {
    crate::fatal::fatal("concurrent map writes")
}

/// Implementations of the fast64 assign.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isa {
    /// Rust, on every machine.
    Portable,
    /// Assembly for x86-64 with AES and SSE4.1.
    Sse41,
}

impl Isa {
    /// Those that this build and this processor have, the preferred one last.
    #[must_use]
    pub fn available() -> Vec<Self> {
        #[cfg(gohmap_asm)]
        if is_x86_feature_detected!("aes") && is_x86_feature_detected!("sse4.1") {
            return vec![Self::Portable, Self::Sse41];
        }
        vec![Self::Portable]
    }

    /// The assign of this implementation.
    ///
    /// # Panics
    /// When this build does not have it.
    #[must_use]
    pub fn mapassign_fast64(self) -> AssignFast64 {
        match self {
            Self::Portable => gohmap_mapassign_fast64_portable,
            #[cfg(gohmap_asm)]
            Self::Sse41 => gohmap_mapassign_fast64_sse41,
            #[cfg(not(gohmap_asm))]
            Self::Sse41 => panic!("this build has no assembly"),
        }
    }
}

/// `mapassign_fast64` of one implementation: type, header address, key; returns the address of the element. The assembly is
/// for types whose keys are hashed with AES ([`MapType::aes`]).
pub type AssignFast64 = unsafe extern "C-unwind" fn(t: &MapType, h: usize, key: u64) -> usize;

/// The best `mapassign_fast64` here, for maps that are hashed with AES.
#[inline]
pub fn best_mapassign_fast64() -> AssignFast64 {
    static BEST: OnceLock<AssignFast64> = OnceLock::new();
    *BEST.get_or_init(|| Isa::available().last().copied().unwrap_or(Isa::Portable).mapassign_fast64())
}

/// `mapassign_fast64` by the best implementation here.
///
/// # Safety
/// As [`fast64::mapassign_fast64`].
#[inline]
pub unsafe fn mapassign_fast64(t: &MapType, h: usize, key: u64) -> usize {
    let f = if t.aes { best_mapassign_fast64() } else { gohmap_mapassign_fast64_portable };
    // SAFETY: the caller's promise; the choice was made by what the processor and the hash have.
    unsafe { f(t, h, key) }
}

#[cfg(all(test, gohmap_asm))]
mod tests {
    use crate::layout::{self, Hmap};
    use crate::types::MapType;
    use std::mem::offset_of;

    /// `base.inc` says what the structures say.
    #[test]
    fn offsets_in_base_inc() {
        let text = include_str!("../../asm/base.inc");
        let set = |name: &str| -> usize {
            let line = text
                .lines()
                .find(|l| l.split_whitespace().nth(1).is_some_and(|n| n.trim_end_matches(',') == name))
                .unwrap_or_else(|| panic!("{name} is not in base.inc"));
            line.rsplit(',').next().unwrap().trim().parse().unwrap()
        };
        for (name, value) in [
            ("HMAP_COUNT", offset_of!(Hmap, count)),
            ("HMAP_FLAGS", offset_of!(Hmap, flags)),
            ("HMAP_B", offset_of!(Hmap, b)),
            ("HMAP_NOVERFLOW", offset_of!(Hmap, noverflow)),
            ("HMAP_HASH0", offset_of!(Hmap, hash0)),
            ("HMAP_BUCKETS", offset_of!(Hmap, buckets)),
            ("HMAP_OLDBUCKETS", offset_of!(Hmap, oldbuckets)),
            ("MAPTYPE_ELEMSIZE", offset_of!(MapType, elem_slot)),
            ("MAPTYPE_BUCKETSIZE", offset_of!(MapType, bucket_size)),
            ("MAPTYPE_KEYS", offset_of!(MapType, keys)),
            ("MAPTYPE_LOAD_NUM", offset_of!(MapType, load_factor_num)),
            ("FLAG_HASH_WRITING", layout::HASH_WRITING.into()),
            ("MIN_TOP_HASH", layout::MIN_TOP_HASH.into()),
        ] {
            assert_eq!(set(name), value, "{name}");
        }
        let names = text.lines().filter(|l| l.trim_start().starts_with(".set")).count();
        assert_eq!(names, 13, "a constant of base.inc that this test does not know");
    }
}
