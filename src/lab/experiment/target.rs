//! What is broken: a bit, a field, or an object of the map, by a name that does not depend on addresses.
//!
//! `header.flags.2` is bit 2 of the flags, `buckets[3].tophash[0].7` the highest bit of a tophash byte, `oldbuckets[1].overflow`
//! a pointer, `buckets[3]+1` the first overflow bucket behind a bucket, `buckets` a whole array.

use super::Unknown;
use crate::layout::{BUCKET_CNT, Hiter, Hmap, MapExtra};
use crate::types::MapType;
use std::fmt;
use std::mem::offset_of;

/// An object of the map, or one bucket of an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Area {
    /// The `hmap`.
    Header,
    /// The `mapextra`.
    Extra,
    /// The array `buckets`.
    Buckets,
    /// The array `oldbuckets`.
    OldBuckets,
    /// A bucket of one of the arrays (`old`), or the so-many-th overflow bucket behind it.
    Bucket {
        /// Of `oldbuckets`.
        old: bool,
        /// Number in the array.
        i: u16,
        /// Overflow buckets before it in its chain: 0 for the bucket in the array.
        depth: u8,
    },
    /// The iterator of the range loop under way.
    Iterator,
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Header => f.write_str("header"),
            Self::Extra => f.write_str("extra"),
            Self::Buckets => f.write_str("buckets"),
            Self::OldBuckets => f.write_str("oldbuckets"),
            Self::Iterator => f.write_str("iterator"),
            Self::Bucket { old, i, depth } => {
                write!(f, "{}[{i}]", if old { "oldbuckets" } else { "buckets" })?;
                if depth > 0 { write!(f, "+{depth}") } else { Ok(()) }
            }
        }
    }
}

impl Area {
    pub(crate) fn parse(s: &str) -> Option<Self> {
        Some(match s {
            "header" => Self::Header,
            "extra" => Self::Extra,
            "buckets" => Self::Buckets,
            "oldbuckets" => Self::OldBuckets,
            "iterator" => Self::Iterator,
            _ => {
                let (array, rest) = s.split_once('[')?;
                let (i, depth) = rest.split_once(']')?;
                let old = match array {
                    "buckets" => false,
                    "oldbuckets" => true,
                    _ => return None,
                };
                let depth = if depth.is_empty() { 0 } else { depth.strip_prefix('+')?.parse().ok()? };
                Self::Bucket { old, i: i.parse().ok()?, depth }
            }
        })
    }

    /// What reports call areas of this kind.
    #[must_use]
    pub fn kind(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Extra => "extra",
            Self::Buckets => "buckets",
            Self::OldBuckets => "oldbuckets",
            Self::Iterator => "iterator",
            Self::Bucket { depth: 1.., .. } => "overflow",
            Self::Bucket { old: true, .. } => "oldbucket",
            Self::Bucket { .. } => "bucket",
        }
    }
}

/// A field of an area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Field {
    /// Its name in Go.
    pub name: &'static str,
    /// The slot, for fields of which a bucket has eight.
    pub slot: Option<u8>,
    /// Bytes from the start of the area.
    pub offset: u16,
    /// Bytes.
    pub size: u16,
}

impl Field {
    /// Whether it is a pointer.
    #[must_use]
    pub fn is_pointer(&self) -> bool {
        matches!(
            self.name,
            "buckets" | "oldbuckets" | "extra" | "overflow" | "oldoverflow" | "nextOverflow" | "bptr" | "h"
        )
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)?;
        self.slot.map_or(Ok(()), |i| write!(f, "[{i}]"))
    }
}

/// The fields of an area, in the order of their addresses; none for whole arrays.
#[must_use]
pub fn fields(t: &MapType, area: Area) -> Vec<Field> {
    let field = |name, offset: usize, size: usize| Field { name, slot: None, offset: offset as u16, size: size as u16 };
    let rules = t.rt.rules();
    match area {
        Area::Header => {
            let mut v = vec![
                field("count", offset_of!(Hmap, count), 8),
                field("flags", offset_of!(Hmap, flags), 1),
                field("B", offset_of!(Hmap, b), 1),
                field("noverflow", offset_of!(Hmap, noverflow), 2),
                field("hash0", offset_of!(Hmap, hash0), 4),
                field("buckets", offset_of!(Hmap, buckets), 8),
                field("oldbuckets", offset_of!(Hmap, oldbuckets), 8),
                field("nevacuate", offset_of!(Hmap, nevacuate), 8),
            ];
            v.extend(rules.clear_seq_offset.map(|at| field("clearSeq", at, 8)));
            v.push(field("extra", rules.extra_offset, 8));
            v
        }
        Area::Extra => vec![
            field("overflow", offset_of!(MapExtra, overflow), 8),
            field("oldoverflow", offset_of!(MapExtra, oldoverflow), 8),
            field("nextOverflow", offset_of!(MapExtra, next_overflow), 8),
        ],
        Area::Bucket { .. } => {
            let l = &t.bucket;
            let slots = |name, size: usize, at: &dyn Fn(usize) -> usize| {
                (0..BUCKET_CNT)
                    .map(|i| Field { name, slot: Some(i as u8), offset: at(i) as u16, size: size as u16 })
                    .collect::<Vec<_>>()
            };
            let mut v = slots("tophash", 1, &|i| i);
            v.extend(slots("key", l.key_size, &|i| l.key(i)));
            v.extend(slots("elem", l.elem_size, &|i| l.elem(i)));
            v.push(field("overflow", l.overflow(), 8));
            v
        }
        Area::Iterator => {
            let mut v = vec![
                field("key", offset_of!(Hiter, key), 8),
                field("elem", offset_of!(Hiter, elem), 8),
                field("t", offset_of!(Hiter, t), 8),
                field("h", offset_of!(Hiter, h), 8),
                field("buckets", offset_of!(Hiter, buckets), 8),
                field("bptr", offset_of!(Hiter, bptr), 8),
                field("overflow", offset_of!(Hiter, overflow), 8),
                field("oldoverflow", offset_of!(Hiter, oldoverflow), 8),
                field("startBucket", offset_of!(Hiter, start_bucket), 8),
                field("offset", offset_of!(Hiter, offset), 1),
                field("wrapped", offset_of!(Hiter, wrapped), 1),
                field("B", offset_of!(Hiter, b), 1),
                field("i", offset_of!(Hiter, i), 1),
                field("bucket", offset_of!(Hiter, bucket), 8),
                field("checkBucket", offset_of!(Hiter, check_bucket), 8),
            ];
            v.extend(rules.clear_seq_offset.map(|_| field("clearSeq", offset_of!(Hiter, clear_seq), 8)));
            v
        }
        Area::Buckets | Area::OldBuckets => Vec::new(),
    }
}

/// What a fault is done to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Target {
    /// The object.
    pub area: Area,
    /// The field; all of the object without one.
    pub field: Option<Field>,
    /// The bit of the field, 0 the lowest of the first byte.
    pub bit: Option<u16>,
}

impl Target {
    /// A whole object.
    #[must_use]
    pub fn whole(area: Area) -> Self {
        Self { area, field: None, bit: None }
    }

    /// Byte of the area that the bit is in, or the field's first; 0 for a whole object.
    #[must_use]
    pub fn byte(&self) -> u16 {
        self.field.map_or(0, |f| f.offset) + self.bit.map_or(0, |b| b / 8)
    }

    /// What reports call the field: without slot and bit.
    #[must_use]
    pub fn field_name(&self) -> String {
        match self.field {
            Some(f) => format!("{}.{}", self.area.kind(), f.name),
            None => self.area.kind().to_owned(),
        }
    }

    /// The target of a text, for maps of this type.
    ///
    /// # Errors
    /// When there is no such field or bit.
    pub fn parse(s: &str, t: &MapType) -> Result<Self, Unknown> {
        let no = |what: &str| Unknown(format!("no target {s:?}: {what}"));
        let mut parts = s.split('.');
        let first = parts.next().unwrap_or_default();
        let area = Area::parse(first).ok_or_else(|| {
            no("it begins with header, extra, buckets, oldbuckets, buckets[N], buckets[N]+N, oldbuckets[N] or iterator")
        })?;
        let Some(name) = parts.next() else { return Ok(Self::whole(area)) };
        let all = fields(t, area);
        let field = all.iter().find(|f| f.to_string() == name).copied().ok_or_else(|| {
            let mut names: Vec<&str> = all.iter().map(|f| f.name).collect();
            names.dedup();
            no(&format!("fields of {first} are {}", names.join(", ")))
        })?;
        let bit = match parts.next() {
            None => None,
            Some(bit) => {
                let bit = bit.parse().ok().filter(|b| *b < field.size * 8);
                Some(bit.ok_or_else(|| no(&format!("{name} has the bits 0 to {}", field.size * 8 - 1)))?)
            }
        };
        if parts.next().is_some() {
            return Err(no("nothing comes after the bit"));
        }
        Ok(Self { area, field: Some(field), bit })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.area)?;
        if let Some(field) = self.field {
            write!(f, ".{field}")?;
        }
        self.bit.map_or(Ok(()), |b| write!(f, ".{b}"))
    }
}
