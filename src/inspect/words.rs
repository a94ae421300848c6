//! Go's names for the bits and bytes of a map's memory: marks, flags, the fields of the header.

use crate::layout::{
    EMPTY_ONE, EMPTY_REST, EVACUATED_EMPTY, EVACUATED_X, EVACUATED_Y, HASH_WRITING, ITERATOR, MIN_TOP_HASH,
    OLD_ITERATOR, SAME_SIZE_GROW,
};
use crate::version::Rules;

/// The name of a tophash byte below `minTopHash`; nothing for the byte of an entry.
#[must_use]
pub fn mark(top: u8) -> Option<&'static str> {
    Some(match top {
        EMPTY_REST => "emptyRest",
        EMPTY_ONE => "emptyOne",
        EVACUATED_X => "evacuatedX",
        EVACUATED_Y => "evacuatedY",
        EVACUATED_EMPTY => "evacuatedEmpty",
        _ => return None,
    })
}

/// A tophash byte: its mark's name, or the byte.
#[must_use]
pub fn top(top: u8) -> String {
    debug_assert!(mark(top).is_some() == (top < MIN_TOP_HASH));
    mark(top).map_or_else(|| format!("{top:#04x}"), str::to_owned)
}

/// The flag bits, lowest first.
pub const FLAGS: [(u8, &str); 4] = [
    (ITERATOR, "iterator"),
    (OLD_ITERATOR, "oldIterator"),
    (HASH_WRITING, "hashWriting"),
    (SAME_SIZE_GROW, "sameSizeGrow"),
];

/// The names of the flags that are set, with bars between; what has no name as a number; `0` for none.
#[must_use]
pub fn flags(flags: u8) -> String {
    let mut names: Vec<String> = FLAGS.iter().filter(|f| flags & f.0 != 0).map(|f| f.1.to_owned()).collect();
    let rest = flags & !FLAGS.iter().fold(0, |all, f| all | f.0);
    if rest != 0 {
        names.push(format!("{rest:#x}"));
    }
    if names.is_empty() { "0".to_owned() } else { names.join("|") }
}

/// What a field of the header holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// A signed number.
    Int,
    /// A number without sign.
    Uint,
    /// [`FLAGS`].
    Flags,
    /// A number that people read in hexadecimal.
    Hex,
    /// An address.
    Pointer,
}

/// A field of `hmap`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Bytes before it.
    pub offset: usize,
    /// Its bytes.
    pub size: usize,
    /// What they are.
    pub holds: Holds,
}

impl Field {
    /// Its value in a header.
    ///
    /// # Panics
    /// When the header is shorter.
    #[must_use]
    pub fn value(&self, header: &[u8]) -> u64 {
        let mut w = [0; 8];
        w[..self.size].copy_from_slice(&header[self.offset..self.offset + self.size]);
        u64::from_le_bytes(w)
    }

    /// A value in words.
    #[must_use]
    pub fn show(&self, v: u64) -> String {
        match self.holds {
            Holds::Int => (v as i64).to_string(),
            Holds::Uint => v.to_string(),
            Holds::Flags => flags(v as u8),
            Holds::Hex => format!("{v:#x}"),
            Holds::Pointer if v == 0 => "nil".to_owned(),
            Holds::Pointer => format!("{v:#x}"),
        }
    }
}

/// The fields of `hmap` in their order: nine in 48 bytes, from Go 1.24 ten in 56 (`runtime/map.go`, `runtime/map_noswiss.go`).
#[must_use]
pub fn header(rules: &Rules) -> Vec<Field> {
    let field = |name, offset, size, holds| Field { name, offset, size, holds };
    let mut all = vec![
        field("count", 0, 8, Holds::Int),
        field("flags", 8, 1, Holds::Flags),
        field("B", 9, 1, Holds::Uint),
        field("noverflow", 10, 2, Holds::Uint),
        field("hash0", 12, 4, Holds::Hex),
        field("buckets", 16, 8, Holds::Pointer),
        field("oldbuckets", 24, 8, Holds::Pointer),
        field("nevacuate", 32, 8, Holds::Uint),
    ];
    if let Some(at) = rules.clear_seq_offset {
        all.push(field("clearSeq", at, 8, Holds::Uint));
    }
    all.push(field("extra", rules.extra_offset, 8, Holds::Pointer));
    all
}

/// How many entries 2^b buckets take before an assign of a new key makes the table twice as large (`overLoadFactor`).
#[must_use]
pub fn capacity(rules: &Rules, b: u8) -> u64 {
    let buckets = 1_u64.checked_shl(b.into()).unwrap_or(0);
    rules.load_factor_num.wrapping_mul(buckets / rules.load_factor_den).max(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::{ClearSeqHmap, Hmap};
    use crate::version::GoVersion;

    #[test]
    fn the_fields_cover_the_header_without_gaps() {
        for version in GoVersion::ALL {
            let rules = version.rules();
            let mut at = 0;
            for f in header(rules) {
                assert_eq!(f.offset, at, "{version} {}", f.name);
                at += f.size;
            }
            assert_eq!(at, rules.hmap_size);
        }
        assert_eq!((size_of::<Hmap>(), size_of::<ClearSeqHmap>()), (48, 56));
    }

    #[test]
    fn flags_by_name() {
        assert_eq!(flags(0), "0");
        assert_eq!(flags(HASH_WRITING | SAME_SIZE_GROW), "hashWriting|sameSizeGrow");
        assert_eq!(flags(0x81), "iterator|0x80");
    }

    /// `runtime/map.go`: 6.5 entries a bucket, but never less than eight (13/2; from Go 1.21 6 * 2^B for the first few).
    #[test]
    fn capacities() {
        let r = GoVersion::V1_19.rules();
        assert_eq!([0, 1, 2, 3, 5].map(|b| capacity(r, b)), [8, 13, 26, 52, 208]);
    }
}
