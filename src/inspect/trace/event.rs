//! The lines of a trace: a step, what it found, and what it has changed.

use super::Counts;
use crate::inspect::snapshot::Side;
use crate::inspect::words;
use crate::probe::Op;
use serde::{Serialize, Serializer};
use std::fmt;

/// A bucket by its place in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Spot {
    /// A bucket of an array, or of a chain.
    Bucket {
        /// The array of the chain.
        side: Side,
        /// Number of the chain's first bucket.
        bucket: u64,
        /// How far along the chain; 0 is the bucket in the array.
        link: usize,
    },
    /// The address of something that is in no chain.
    Unknown(u64),
}

impl Spot {
    /// The number of the chain's first bucket, 0 where there is no chain.
    #[must_use]
    pub fn number(self) -> u64 {
        match self {
            Self::Bucket { bucket, .. } => bucket,
            Self::Unknown(_) => 0,
        }
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Bucket { side, bucket, link } => {
                if link > 0 {
                    write!(f, "overflow {link} of ")?;
                }
                let old = if side == Side::Old { "old " } else { "" };
                write!(f, "{old}bucket {bucket}")
            }
            Self::Unknown(addr) => write!(f, "bucket at {addr:#x}"),
        }
    }
}

impl Serialize for Spot {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// What a function makes of a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// `emptyRest`: nothing comes after it.
    EmptyRest,
    /// It holds nothing.
    Empty,
    /// The tophash byte is another one, so the key is not looked at.
    OtherTophash,
    /// The string in it has another length, so its bytes are not looked at.
    OtherLength,
    /// The key was compared, and is another one.
    Different,
    /// The key was compared, and is the one.
    Equal,
    /// Nothing is looked for here: it holds an entry.
    Entry,
    /// Nothing is looked for here: its entry has moved, or its bucket is evacuated.
    Moved,
    /// Its bucket cannot be read.
    Unreadable,
}

fn op_name<S: Serializer>(op: &Op, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(match op {
        Op::Make => "make",
        Op::Assign => "assign",
        Op::Access => "access",
        Op::Delete => "delete",
        Op::Clear => "clear",
        Op::Clone => "clone",
        Op::Keys => "keys",
        Op::Values => "values",
        Op::IterInit => "iter-init",
        Op::IterNext => "iter-next",
    })
}

/// A step, with what the function finds there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the fields say it; what a step is stands in probe.rs")]
pub enum Event {
    /// A map function begins.
    Enter {
        #[serde(rename = "does", serialize_with = "op_name")]
        op: Op,
        function: &'static str,
        #[serde(serialize_with = "address")]
        h: u64,
        key: Option<String>,
        count: i64,
    },
    /// The flags are read, for the concurrency check.
    FlagsRead { flags: u8, names: String },
    /// The flags are written.
    FlagsWrite { flags: u8, set: String, cleared: String },
    /// The key has been hashed: into bucket `bucket` of `of`, and `old` of the old ones.
    Hash { hash: String, tophash: u8, bucket: u64, of: u64, old: Option<u64> },
    /// A bucket is searched.
    Bucket {
        #[serde(serialize_with = "address")]
        addr: u64,
        bucket: Spot,
        evacuated: bool,
    },
    /// A slot is examined.
    Slot {
        bucket: Spot,
        slot: usize,
        tophash: Option<u8>,
        mark: Option<&'static str>,
        key: Option<String>,
        verdict: Verdict,
    },
    /// A key is stored in a free slot.
    KeyStore { bucket: Spot, slot: usize, key: Option<String> },
    /// The key in a slot is overwritten by an equal one.
    KeyUpdate { bucket: Spot, slot: usize },
    /// A slot is emptied.
    SlotClear { bucket: Spot, slot: usize, key: Option<String> },
    /// `count` changes.
    Count { from: i64, to: i64 },
    /// A growth begins: so many entries in so many buckets that take `capacity`, or too many overflow buckets.
    Grow { same_size: bool, entries: i64, capacity: u64, overflow: u16, buckets: u64 },
    /// Old bucket `old` of `of` is evacuated to bucket `x`, and where the table has doubled, `y`.
    Evacuate { old: u64, of: u64, x: u64, y: Option<u64> },
    /// An entry is moved.
    EvacuateSlot { bucket: Spot, slot: usize, key: Option<String>, y: bool, to: Spot, to_slot: usize },
    /// An overflow bucket is attached; `from_spare` is its number among the spare ones behind the array, none when the heap
    /// gave it.
    NewOverflow { behind: Spot, bucket: Option<Spot>, from_spare: Option<u64> },
    /// A walk that neither searches nor moves comes to a bucket.
    Walk {
        #[serde(serialize_with = "address")]
        addr: u64,
        bucket: Option<Spot>,
    },
    /// The function returns.
    Leave {
        #[serde(rename = "does", serialize_with = "op_name")]
        op: Op,
        #[serde(flatten)]
        counts: Counts,
    },
    /// The compiled program stores the element where an assign has said.
    Element,
    /// A fault of an experiment strikes.
    Fault { fault: String },
    /// The operation ends so: Go's words, line by line.
    Death { says: Vec<String>, exit: Option<i32> },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn address<S: Serializer>(addr: &u64, s: S) -> Result<S::Ok, S::Error> {
    s.collect_str(&format_args!("{addr:#x}"))
}

impl Event {
    /// The names of all kinds, as `--only` takes them.
    pub const KINDS: [&'static str; 19] = [
        "enter",
        "flags-read",
        "flags-write",
        "hash",
        "bucket",
        "slot",
        "key-store",
        "key-update",
        "slot-clear",
        "count",
        "grow",
        "evacuate",
        "evacuate-slot",
        "new-overflow",
        "walk",
        "leave",
        "element",
        "fault",
        "death",
    ];

    /// Its kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        let i = match self {
            Self::Enter { .. } => 0,
            Self::FlagsRead { .. } => 1,
            Self::FlagsWrite { .. } => 2,
            Self::Hash { .. } => 3,
            Self::Bucket { .. } => 4,
            Self::Slot { .. } => 5,
            Self::KeyStore { .. } => 6,
            Self::KeyUpdate { .. } => 7,
            Self::SlotClear { .. } => 8,
            Self::Count { .. } => 9,
            Self::Grow { .. } => 10,
            Self::Evacuate { .. } => 11,
            Self::EvacuateSlot { .. } => 12,
            Self::NewOverflow { .. } => 13,
            Self::Walk { .. } => 14,
            Self::Leave { .. } => 15,
            Self::Element => 16,
            Self::Fault { .. } => 17,
            Self::Death { .. } => 18,
        };
        Self::KINDS[i]
    }
}

/// A change of the map's memory between a step and the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "what", rename_all = "kebab-case")]
#[allow(missing_docs, reason = "what it was and what it is")]
pub enum Change {
    /// A field of the header.
    Header { field: &'static str, from: String, to: String },
    /// A field of the `mapextra`, or the length of one of its lists.
    Extra { field: &'static str, from: String, to: String },
    /// A tophash byte.
    Tophash { bucket: Spot, slot: usize, from: u8, to: u8 },
    /// A key.
    Key { bucket: Spot, slot: usize, from: String, to: String },
    /// An element.
    Elem { bucket: Spot, slot: usize, from: String, to: String },
    /// An overflow pointer.
    Overflow { bucket: Spot, from: String, to: String },
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header { field, from, to } => write!(f, "{field} {from} -> {to}"),
            Self::Extra { field, from, to } => write!(f, "extra.{field} {from} -> {to}"),
            Self::Tophash { bucket, slot, from, to } => {
                write!(f, "tophash {slot} of {bucket}: {} -> {}", words::top(*from), words::top(*to))
            }
            Self::Key { bucket, slot, from, to } => write!(f, "key {slot} of {bucket}: {from} -> {to}"),
            Self::Elem { bucket, slot, from, to } => write!(f, "elem {slot} of {bucket}: {from} -> {to}"),
            Self::Overflow { bucket, from, to } => write!(f, "overflow pointer of {bucket}: {from} -> {to}"),
        }
    }
}

/// A line of a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// Number of the step in its operation, from 1.
    pub step: u32,
    /// What it is.
    #[serde(flatten)]
    pub event: Event,
    /// What it has changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
}
