//! Keys of a scenario's map: numbers, as the map's type has them.

use super::{Unknown, unknown};
use crate::heap::{Heap, OutOfMemory, Request, Role};
use crate::layout::mem;
use crate::runtime::Runtime;
use crate::types::{GoType, MapType};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The key type; elements are `uint64`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// `map[uint64]uint64`: the functions of `map_fast64.go`.
    #[default]
    U64,
    /// `map[uint32]uint64`: those of `map_fast32.go`.
    U32,
    /// `map[string]uint64`: those of `map_faststr.go`; buckets hold pointers.
    Str,
    /// `map[[2]uint64]uint64`: the generic functions.
    Arr,
}

impl KeyKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::U64, Self::U32, Self::Str, Self::Arr];

    /// Its name in experiments.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::U64 => "u64",
            Self::U32 => "u32",
            Self::Str => "str",
            Self::Arr => "arr",
        }
    }

    pub(crate) fn map_type(self, rt: &Arc<Runtime>) -> MapType {
        let key = match self {
            Self::U64 => "uint64",
            Self::U32 => "uint32",
            Self::Str => "string",
            Self::Arr => "[2]uint64",
        };
        let ty = |text| GoType::parse(text).expect("a type");
        MapType::of(rt, &ty(key), &ty("uint64")).expect("comparable")
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyKind {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        let found = Self::ALL.into_iter().find(|k| k.name() == s);
        found.ok_or_else(|| unknown("map type", s, Self::ALL.map(Self::name)))
    }
}

/// Bytes of a string key: a letter and seven digits.
const STRING: usize = 8;

/// The keys that a scenario knows, in ascending order of their numbers.
pub(crate) struct Keys {
    kind: KeyKind,
    numbers: Vec<u64>,
    /// Each as it stands in memory.
    words: Vec<[u64; 2]>,
}

impl Keys {
    /// Strings lie in the heap, so that their addresses are the same in every run.
    pub(crate) fn new(kind: KeyKind, mut numbers: Vec<u64>, heap: &Heap) -> Result<Self, OutOfMemory> {
        numbers.sort_unstable();
        numbers.dedup();
        let words = numbers.iter().map(|&n| word(kind, n, heap)).collect::<Result<_, _>>()?;
        Ok(Self { kind, numbers, words })
    }

    pub(crate) fn len(&self) -> usize {
        self.numbers.len()
    }

    pub(crate) fn number(&self, i: usize) -> u64 {
        self.numbers[i]
    }

    /// Address of a key.
    #[inline]
    pub(crate) fn at(&self, i: usize) -> usize {
        self.words[i].as_ptr().expose_provenance()
    }

    /// Which key this number is.
    #[inline]
    pub(crate) fn find(&self, n: u64) -> Option<usize> {
        // Most scenarios have all numbers from some first one on.
        let guess = n.wrapping_sub(*self.numbers.first()?) as usize;
        if self.numbers.get(guess) == Some(&n) {
            return Some(guess);
        }
        self.numbers.binary_search(&n).ok()
    }

    /// Which key stands at an address.
    ///
    /// # Safety
    /// Reading there is sound or faults inside a region.
    #[inline]
    pub(crate) unsafe fn read(&self, at: usize) -> Option<usize> {
        // SAFETY: the caller's promise.
        let n = unsafe {
            match self.kind {
                KeyKind::U64 => mem::ld64(at),
                KeyKind::U32 => mem::ld32(at).into(),
                KeyKind::Arr => {
                    let [a, b] = [mem::ld64(at), mem::ld64(at.wrapping_add(8))];
                    if b != !a {
                        return None;
                    }
                    a
                }
                KeyKind::Str => {
                    if mem::ld64(at.wrapping_add(8)) != STRING as u64 {
                        return None;
                    }
                    number(mem::ld64(mem::ld64(at) as usize))?
                }
            }
        };
        self.find(n)
    }
}

fn word(kind: KeyKind, n: u64, heap: &Heap) -> Result<[u64; 2], OutOfMemory> {
    Ok(match kind {
        KeyKind::U64 => [n, 0],
        KeyKind::U32 => [u64::from(n as u32), 0],
        KeyKind::Arr => [n, !n],
        KeyKind::Str => {
            let r =
                Request { size: STRING, noscan: true, malloc_headers: false, owner: 0, role: Role::Other, table: 0 };
            let at = heap.alloc(&r)?.addr;
            // SAFETY: a fresh object of that size.
            unsafe { mem::st64(at, u64::from_le_bytes(text(n))) };
            [at as u64, STRING as u64]
        }
    })
}

/// The hash of a key.
pub(crate) fn hash(kind: KeyKind, t: &MapType, n: u64, seed: u32) -> u64 {
    let text = text(n);
    let words = match kind {
        KeyKind::Str => [text.as_ptr().expose_provenance() as u64, STRING as u64],
        KeyKind::Arr => [n, !n],
        KeyKind::U64 | KeyKind::U32 => [n, 0],
    };
    // SAFETY: a key of this type in this frame.
    unsafe { (t.hasher)(t, words.as_ptr().expose_provenance(), seed.into()) }
}

fn text(n: u64) -> [u8; STRING] {
    format!("k{:07}", n % 10_000_000).into_bytes().try_into().expect("eight bytes")
}

/// The number in a string's bytes.
fn number(text: u64) -> Option<u64> {
    let [k, digits @ ..] = text.to_le_bytes();
    let digit = |n: u64, d: &u8| d.is_ascii_digit().then(|| 10 * n + u64::from(d - b'0'));
    if k == b'k' { digits.iter().try_fold(0, digit) } else { None }
}
