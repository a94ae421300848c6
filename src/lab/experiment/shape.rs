//! Shapes of maps: what state the map is in before anything is done to it.

use super::keys::{KeyKind, Keys, hash};
use super::{Unknown, unknown};
use crate::layout::mem;
use crate::map::{compiled, make};
use crate::types::MapType;
use std::fmt;
use std::str::FromStr;

/// A state of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Shape {
    /// A nil map.
    Nil,
    /// No entries, no buckets yet.
    Empty,
    /// One bucket, five entries.
    Small,
    /// One bucket, all eight slots in use.
    Full,
    /// Twenty entries in four buckets, at rest.
    Grown,
    /// Nine entries in two buckets, all in one chain: it has an overflow bucket.
    Chained,
    /// In the middle of the growth from four to eight buckets.
    Growing,
    /// In the middle of the growth of four buckets with overflow buckets to a table of the same size.
    SameSizeGrowing,
    /// One entry short of the next growth: four buckets, and the next new key doubles them.
    OnTheBrink,
    /// Entries inserted one after the other.
    Entries {
        /// How many.
        n: u16,
        /// What the map was made with.
        hint: u16,
    },
}

/// Most entries of a map.
pub const MOST: u16 = 500;

const NAMED: [(Shape, &str); 9] = [
    (Shape::Nil, "nil"),
    (Shape::Empty, "empty"),
    (Shape::Small, "small"),
    (Shape::Full, "full"),
    (Shape::Grown, "grown"),
    (Shape::Chained, "chained"),
    (Shape::Growing, "growing"),
    (Shape::SameSizeGrowing, "same-size-growing"),
    (Shape::OnTheBrink, "on-the-brink"),
];

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, NAMED.iter().find(|(s, _)| s == self)) {
            (_, Some((_, name))) => f.write_str(name),
            (Self::Entries { n, hint: 0 }, None) => write!(f, "{n}-entries"),
            (Self::Entries { n, hint }, None) => write!(f, "{n}-entries-hint-{hint}"),
            _ => Err(fmt::Error),
        }
    }
}

impl FromStr for Shape {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        if let Some((shape, _)) = NAMED.iter().find(|(_, n)| *n == s) {
            return Ok(*shape);
        }
        let number = |text: &str| text.parse().ok().filter(|n| *n <= MOST);
        let entries = s.split_once("-entries").and_then(|(n, rest)| {
            let hint = if rest.is_empty() { Some(0) } else { rest.strip_prefix("-hint-").and_then(number) };
            Some(Self::Entries { n: number(n)?, hint: hint? })
        });
        let known = NAMED.iter().map(|n| n.1).chain(["N-entries", "N-entries-hint-M (both up to 500)"]);
        entries.ok_or_else(|| unknown("map", s, known))
    }
}

/// Numbers of the keys that shapes have: from 1 on. Those from [`CROWD`] on share a bucket, see [`crowds`].
const CROWD: u64 = 1000;
/// A key that no shape has.
pub(crate) const MISSING: u64 = 900_001;

/// Numbers of keys, by the bucket of four that they fall into, nine each.
fn crowds(kind: KeyKind, t: &MapType) -> [Vec<u64>; 4] {
    let mut all: [Vec<u64>; 4] = Default::default();
    for n in CROWD.. {
        let these = &mut all[hash(kind, t, n, HASH0) as usize % 4];
        if these.len() < 9 {
            these.push(n);
        } else if all.iter().all(|v| v.len() == 9) {
            break;
        }
    }
    all
}

/// What is inserted and deleted to come to a shape: key number and `true` for an insert.
pub(crate) type Steps = Vec<(u64, bool)>;

impl Shape {
    /// What makes this shape of a map of this type.
    pub(crate) fn steps(self, kind: KeyKind, t: &MapType) -> Steps {
        let up_to = |n: u64| (1..=n).map(|k| (k, true)).collect();
        match self {
            Self::Nil | Self::Empty => Vec::new(),
            Self::Small => up_to(5),
            Self::Full => up_to(8),
            Self::Grown => up_to(20),
            // Where the last one begins the growth, see `build`.
            Self::Growing => up_to(28),
            Self::OnTheBrink => up_to(27),
            Self::Entries { n, .. } => up_to(n.into()),
            Self::Chained => crowds(kind, t)[0].iter().map(|&k| (k, true)).collect(),
            Self::SameSizeGrowing => {
                // Nine come to each bucket and seven go: that leaves four overflow buckets and eight entries.
                let mut steps = Vec::new();
                let crowds = crowds(kind, t);
                for crowd in &crowds {
                    steps.extend(crowd.iter().map(|&k| (k, true)));
                    steps.extend(crowd[2..].iter().map(|&k| (k, false)));
                }
                steps.push((1, true));
                steps
            }
        }
    }

    /// Builds the map; returns the address of its header and the numbers of the keys in it.
    ///
    /// # Safety
    /// The heap of `t` is sound.
    pub(crate) unsafe fn build(self, t: &MapType, keys: &Keys, steps: &Steps) -> (usize, Vec<u64>) {
        let mut there = Vec::new();
        if self == Self::Nil {
            return (0, there);
        }
        // SAFETY: a healthy map of this type; the caller's promise.
        unsafe {
            // The chain is one of two buckets: keys of a single bucket are not hashed.
            let h = match self {
                Self::Chained => make::makemap(t, 9, &()),
                Self::Entries { hint, .. } if hint > 0 => make::makemap(t, hint.into(), &()),
                _ => make::makemap_small(t),
            };
            mem::st32(h + 12, HASH0);
            for &(n, insert) in steps {
                let key = keys.at(keys.find(n).expect("a key of the shape"));
                if insert {
                    let e = compiled::assign_probed(t, h, key, &());
                    mem::st64(e, value_of(n));
                    there.push(n);
                } else {
                    compiled::delete_probed(t, h, key, &());
                    there.retain(|&k| k != n);
                }
                let (growing, b) = (mem::ld64(h + 24) != 0, mem::ld8(h + 9));
                if self == Self::Growing && growing && b == 3 {
                    break;
                }
                // Go 1.21 grows at 25 entries, the others at 27.
                let brink = t.rt.rules().load_factor_num * 2;
                if self == Self::OnTheBrink && there.len() as u64 == brink {
                    break;
                }
            }
            (h, there)
        }
    }
}

/// The seed of every scenario's hash.
pub(crate) const HASH0: u32 = 0x5eed_1e55;

/// The element of a key.
pub(crate) fn value_of(n: u64) -> u64 {
    n.wrapping_mul(10)
}
