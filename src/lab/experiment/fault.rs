//! How a target is broken.

use super::target::{Area, Target};
use super::{Unknown, unknown};
use crate::types::MapType;
use std::fmt;

/// What happens to a bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Change {
    /// It becomes the other.
    Flip,
    /// It becomes 1.
    Set,
    /// It becomes 0.
    Clear,
    /// It becomes 0 and is 0 again before every later step, whatever was stored.
    StuckAt0,
    /// The same with 1.
    StuckAt1,
}

/// Where a pointer leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pointee {
    /// Nowhere: 0.
    Nil,
    /// To 0x10: a nil dereference by Go's rules.
    Small,
    /// To 0xdeadbeefdeadbeef, which is no address at all.
    NonCanonical,
    /// To freed memory that still holds what was there.
    Stale,
    /// Back to where it came from: an overflow pointer to its own bucket, an array pointer to the header.
    Loop,
    /// Into another healthy map of the same type.
    OtherMap,
}

/// What happens to the pages of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pages {
    /// They are unmapped.
    Unmap,
    /// They cannot be accessed (`PROT_NONE`).
    ProtNone,
    /// They can only be read.
    ReadOnly,
    /// They become zero (`MADV_DONTNEED`).
    Zero,
    /// A file comes to stand behind them, and is cut off.
    Truncate,
    /// The object's bytes change places with those of another map's object.
    Swap,
}

/// What becomes of memory that is freed too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Freed {
    /// Somebody else gets it and writes to it.
    Reuse,
    /// It is filled with 0xdeaddeaddeaddead, as by `GODEBUG=clobberfree=1`.
    Clobber,
    /// It is unmapped, as by `GODEBUG=efence=1`.
    Unmap,
}

/// A fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fault {
    /// A bit changes.
    Bit(Target, Change),
    /// A field is overwritten with a number.
    Value(Target, u64),
    /// A pointer leads elsewhere.
    Pointer(Target, Pointee),
    /// An object's pages.
    Pages(Area, Pages),
    /// An object is freed early.
    Free(Area, Freed),
    /// So many allocations succeed, and all later ones are refused.
    Refuse(u32),
    /// The store that the step announces is lost.
    Lost,
    /// It is done twice.
    Duplicated,
}

/// Names of the changes of a bit.
pub const CHANGES: [(Change, &str); 5] = [
    (Change::Flip, "flip"),
    (Change::Set, "set"),
    (Change::Clear, "clear"),
    (Change::StuckAt0, "stuck-at-0"),
    (Change::StuckAt1, "stuck-at-1"),
];

/// Names of pointees.
pub const POINTEES: [(Pointee, &str); 6] = [
    (Pointee::Nil, "nil"),
    (Pointee::Small, "small"),
    (Pointee::NonCanonical, "non-canonical"),
    (Pointee::Stale, "stale"),
    (Pointee::Loop, "loop"),
    (Pointee::OtherMap, "other-map"),
];

/// Names of what happens to pages.
pub const PAGES: [(Pages, &str); 6] = [
    (Pages::Unmap, "unmap"),
    (Pages::ProtNone, "prot-none"),
    (Pages::ReadOnly, "read-only"),
    (Pages::Zero, "zero"),
    (Pages::Truncate, "truncate"),
    (Pages::Swap, "swap"),
];

/// Names of what becomes of freed memory.
pub const FREED: [(Freed, &str); 3] =
    [(Freed::Reuse, "free-reuse"), (Freed::Clobber, "free-clobber"), (Freed::Unmap, "free-unmap")];

fn name<T: PartialEq + Copy>(all: &[(T, &'static str)], x: T) -> &'static str {
    all.iter().find(|n| n.0 == x).map_or("", |n| n.1)
}

fn value<T: Copy>(all: &[(T, &'static str)], text: &str) -> Option<T> {
    all.iter().find(|n| n.1 == text).map(|n| n.0)
}

/// What the store faults and refused allocations have in the place of a target.
const STORE: &str = "store";
const ALLOCATION: &str = "allocation";

impl Fault {
    /// What is broken, as a text.
    #[must_use]
    pub fn target(&self) -> String {
        match self {
            Self::Bit(t, _) | Self::Value(t, _) | Self::Pointer(t, _) => t.to_string(),
            Self::Pages(a, _) | Self::Free(a, _) => a.to_string(),
            Self::Refuse(n) => format!("{ALLOCATION}[{n}]"),
            Self::Lost | Self::Duplicated => STORE.to_owned(),
        }
    }

    /// The field, object or event, without number and bit: what reports sum up by.
    #[must_use]
    pub fn field(&self) -> String {
        match self {
            Self::Bit(t, _) | Self::Value(t, _) | Self::Pointer(t, _) => t.field_name(),
            Self::Pages(a, _) => format!("{} pages", a.kind()),
            Self::Free(a, _) => format!("{} freed", a.kind()),
            Self::Refuse(_) => ALLOCATION.to_owned(),
            Self::Lost | Self::Duplicated => STORE.to_owned(),
        }
    }

    /// The object that is broken, where it is one.
    #[must_use]
    pub fn area(&self) -> Option<Area> {
        match *self {
            Self::Bit(t, _) | Self::Value(t, _) | Self::Pointer(t, _) => Some(t.area),
            Self::Pages(a, _) | Self::Free(a, _) => Some(a),
            Self::Refuse(_) | Self::Lost | Self::Duplicated => None,
        }
    }

    /// The kind of area and the byte in it, for faults of single bits.
    #[must_use]
    pub fn byte(&self) -> Option<(&'static str, u16)> {
        match self {
            Self::Bit(t, _) => {
                let kind = if let Area::Bucket { .. } = t.area { "bucket" } else { t.area.kind() };
                Some((kind, t.byte()))
            }
            _ => None,
        }
    }

    /// How it is broken, as a text.
    #[must_use]
    pub fn model(&self) -> String {
        match *self {
            Self::Bit(_, c) => name(&CHANGES, c).to_owned(),
            Self::Value(_, v) => format!("={v:#x}"),
            Self::Pointer(_, p) => name(&POINTEES, p).to_owned(),
            Self::Pages(_, p) => name(&PAGES, p).to_owned(),
            Self::Free(_, f) => name(&FREED, f).to_owned(),
            Self::Refuse(_) => "refuse".to_owned(),
            Self::Lost => "lost".to_owned(),
            Self::Duplicated => "duplicated".to_owned(),
        }
    }

    /// Whether it does something to pages, so that these must be made anew.
    #[must_use]
    pub fn breaks_pages(&self) -> bool {
        matches!(self, Self::Pages(_, p) if !matches!(p, Pages::Swap)) || matches!(self, Self::Free(_, Freed::Unmap))
    }

    /// The fault of two texts, as [`target`](Self::target) and [`model`](Self::model) give them.
    ///
    /// # Errors
    /// When there is no such target or model, or they do not go together.
    pub fn parse(target: &str, model: &str, t: &MapType) -> Result<Self, Unknown> {
        if target == STORE {
            return match model {
                "lost" => Ok(Self::Lost),
                "duplicated" => Ok(Self::Duplicated),
                _ => Err(unknown("model for a store", model, ["lost", "duplicated"])),
            };
        }
        if let Some(n) =
            target.strip_prefix(ALLOCATION).and_then(|n| n.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        {
            return match model {
                "refuse" => Ok(Self::Refuse(n)),
                _ => Err(unknown("model for an allocation", model, ["refuse"])),
            };
        }
        let target = Target::parse(target, t)?;
        let (bits, fields, whole) = (target.bit.is_some(), target.field.is_some(), target.field.is_none());
        if let Some(number) = model.strip_prefix('=').filter(|_| fields && !bits) {
            let v = parse_number(number).ok_or_else(|| Unknown(format!("{number:?} is not a number")))?;
            return Ok(Self::Value(target, v));
        }
        if let Some(c) = value(&CHANGES, model).filter(|_| bits) {
            return Ok(Self::Bit(target, c));
        }
        let pointer = target.field.is_some_and(|f| f.is_pointer()) && !bits;
        if let Some(p) = value(&POINTEES, model).filter(|_| pointer) {
            return Ok(Self::Pointer(target, p));
        }
        if let Some(p) = value(&PAGES, model).filter(|_| whole) {
            return Ok(Self::Pages(target.area, p));
        }
        if let Some(f) = value(&FREED, model).filter(|_| whole) {
            return Ok(Self::Free(target.area, f));
        }
        let known: Vec<&str> = match (bits, pointer, whole) {
            (true, ..) => CHANGES.iter().map(|c| c.1).collect(),
            (_, true, _) => POINTEES.iter().map(|p| p.1).chain(["=NUMBER"]).collect(),
            (_, _, true) => PAGES.iter().map(|p| p.1).chain(FREED.iter().map(|f| f.1)).collect(),
            _ => vec!["=NUMBER; a bit (such as .0) can be flipped, set, cleared or stuck"],
        };
        Err(unknown(&format!("model for {target}"), model, known))
    }
}

/// A number in decimal, perhaps negative, or in hexadecimal.
fn parse_number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok().or_else(|| text.parse::<i64>().ok().map(|n| n as u64)),
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.target(), self.model())
    }
}
