//! Addresses named back: which map, which array, which bucket, which byte.

use super::{Heap, Object, Role, sys};
use crate::layout::{BUCKET_CNT, BucketLayout, ClearSeqHmap, DATA_OFFSET, Hmap, MapExtra};
use std::fmt;
use std::mem::{offset_of, size_of};

/// What part of a bucket an offset falls in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The tophash byte of a slot.
    Tophash(usize),
    /// A byte of a slot's key.
    Key(usize, usize),
    /// A byte of a slot's element.
    Elem(usize, usize),
    /// Bytes that nothing uses.
    Padding,
    /// A byte of the overflow pointer.
    Overflow(usize),
}

impl Part {
    /// The part at an offset from the start of a bucket.
    #[must_use]
    pub fn at(l: &BucketLayout, offset: usize) -> Self {
        let keys = DATA_OFFSET..l.elem(0);
        let elems = l.elem(0)..l.elem(BUCKET_CNT);
        match offset {
            o if o < DATA_OFFSET => Self::Tophash(o),
            o if keys.contains(&o) => Self::Key((o - keys.start) / l.key_size, (o - keys.start) % l.key_size),
            o if elems.contains(&o) => Self::Elem((o - elems.start) / l.elem_size, (o - elems.start) % l.elem_size),
            o if o >= l.overflow() => Self::Overflow(o - l.overflow()),
            _ => Self::Padding,
        }
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tophash(i) => write!(f, "tophash {i}"),
            Self::Key(i, b) => write!(f, "key {i}, byte {b}"),
            Self::Elem(i, b) => write!(f, "elem {i}, byte {b}"),
            Self::Padding => f.write_str("padding"),
            Self::Overflow(b) => write!(f, "overflow pointer, byte {b}"),
        }
    }
}

/// Where an address lies with respect to its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Zone {
    /// In it.
    Inside,
    /// In the malloc header before it (objects with pointers above 512 bytes, from Go 1.22).
    MallocHeader,
    /// Behind its end, in the rest of its slot or of its last page.
    Slack,
    /// In the guard page before it.
    GuardBefore,
    /// In the guard page behind it.
    GuardBehind,
}

/// What the header of a map says of one of its bucket arrays now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Array {
    /// It is `buckets`.
    Buckets,
    /// It is `oldbuckets`.
    OldBuckets,
    /// It is neither.
    Former,
    /// The header is gone or cannot be read.
    Unknown,
}

impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buckets => "buckets",
            Self::OldBuckets => "oldbuckets",
            Self::Former => "a former bucket array",
            Self::Unknown => "a bucket array",
        })
    }
}

/// An address of the heap, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The object it lies in or beside.
    pub object: Object,
    /// Distance from the start of the object: negative before it, beyond its size behind it.
    pub offset: isize,
    /// In it or where beside it.
    pub zone: Zone,
    /// Inside a bucket array or overflow bucket of a [registered](Heap::register_map) map: number of the bucket in the
    /// object, and the part of it.
    pub bucket: Option<(usize, Part)>,
    /// That bucket is one of the spare overflow buckets behind those of the table.
    pub spare: bool,
    /// For an array: what the map's header says of it.
    pub array: Array,
}

/// Fields by offset, ascending.
type Fields = [(usize, &'static str)];

/// The header up to Go 1.23.
const HMAP: &Fields = &[
    (offset_of!(Hmap, count), "count"),
    (offset_of!(Hmap, flags), "flags"),
    (offset_of!(Hmap, b), "B"),
    (offset_of!(Hmap, noverflow), "noverflow"),
    (offset_of!(Hmap, hash0), "hash0"),
    (offset_of!(Hmap, buckets), "buckets"),
    (offset_of!(Hmap, oldbuckets), "oldbuckets"),
    (offset_of!(Hmap, nevacuate), "nevacuate"),
    (offset_of!(Hmap, extra), "extra"),
];

/// What Go 1.24 has in the place of the last field.
const CLEAR_SEQ: &Fields =
    &[(offset_of!(ClearSeqHmap, clear_seq), "clearSeq"), (offset_of!(ClearSeqHmap, extra), "extra")];

const EXTRA: &Fields = &[
    (offset_of!(MapExtra, overflow), "overflow"),
    (offset_of!(MapExtra, oldoverflow), "oldoverflow"),
    (offset_of!(MapExtra, next_overflow), "nextOverflow"),
];

fn field(fields: &Fields, offset: usize) -> &'static str {
    fields.iter().rfind(|f| f.0 <= offset).map_or("", |f| f.1)
}

impl Place {
    /// What the object is, as a whole.
    fn object_name(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let o = &self.object;
        let what = match o.role {
            Role::Buckets => return write!(f, "{} of map {:#x}", self.array, o.map()),
            Role::Header => return write!(f, "header of map {:#x}", o.map()),
            Role::Extra => "mapextra",
            Role::Overflow => "overflow bucket",
            Role::OverflowSlice => "overflow list header",
            Role::OverflowList => "overflow list",
            Role::Key => "indirect key",
            Role::Elem => "indirect elem",
            Role::Other => "object",
        };
        write!(f, "{what} {:#x}", o.base)?;
        if o.map() == 0 { Ok(()) } else { write!(f, " of map {:#x}", o.map()) }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let o = &self.object;
        if o.freed {
            f.write_str("freed: ")?;
        }
        // The byte right behind the end is one past it.
        let past_end = self.offset.wrapping_sub_unsigned(o.size) + 1;
        match self.zone {
            Zone::Inside => {}
            Zone::MallocHeader => f.write_str("malloc header of ")?,
            Zone::GuardBefore => f.write_str("guard page before ")?,
            Zone::GuardBehind => f.write_str("guard page behind ")?,
            Zone::Slack if past_end == 1 => f.write_str("1 byte past the end of ")?,
            Zone::Slack => write!(f, "{past_end} bytes past the end of ")?,
        }
        if self.zone != Zone::Inside {
            return self.object_name(f);
        }
        let offset = self.offset.unsigned_abs();
        match (o.role, self.bucket) {
            (Role::Buckets, Some((i, part))) => {
                let spare = if self.spare { " (a spare overflow bucket)" } else { "" };
                write!(f, "bucket {i}{spare} of ")?;
                self.object_name(f)?;
                write!(f, ": {part}")
            }
            (_, Some((_, part))) => {
                self.object_name(f)?;
                write!(f, ": {part}")
            }
            (Role::Header, None) => {
                let name = match o.size {
                    n if n > size_of::<Hmap>() && offset >= CLEAR_SEQ[0].0 => field(CLEAR_SEQ, offset),
                    _ => field(HMAP, offset),
                };
                self.object_name(f)?;
                write!(f, ": {name}")
            }
            (Role::Extra, None) => write!(f, "mapextra of map {:#x}: {}", o.map(), field(EXTRA, offset)),
            (_, None) => {
                self.object_name(f)?;
                write!(f, ", byte {offset}")
            }
        }
    }
}

impl Heap {
    /// The word at an address; `None` where reading would fault.
    #[must_use]
    pub fn peek(&self, addr: usize) -> Option<u64> {
        sys::read(addr).map(|words| words[0])
    }

    /// Explains an address: the object there, and for maps that were [registered](Heap::register_map) the bucket and
    /// the byte. Which array is `buckets` and which `oldbuckets` is what the header's words say at present, if the
    /// header is still a live object of this heap and its page can be read; nothing faults here if not.
    #[must_use]
    pub fn place(&self, addr: usize) -> Option<Place> {
        let (object, layout, extent, header) = {
            let s = self.state();
            let id = s.placing.find(addr)?;
            let object = s.records.object(id);
            let header = s.header(object.map());
            let layout = s.records.layout(id).or_else(|| s.records.layout(header?));
            (object, layout, s.placing.extent(s.records.slot(id)), header.map(|_| object.map()))
        };
        let offset = addr.wrapping_sub(object.base).cast_signed();
        let zone = if addr < extent.start {
            Zone::GuardBefore
        } else if addr < object.base {
            Zone::MallocHeader
        } else if addr < object.base + object.size.max(1) {
            Zone::Inside
        } else if addr < extent.end {
            Zone::Slack
        } else {
            Zone::GuardBehind
        };
        let in_bucket = zone == Zone::Inside && matches!(object.role, Role::Buckets | Role::Overflow);
        let (mut bucket, mut spare) = (None, false);
        if let Some(l) = layout.filter(|_| in_bucket) {
            let at = offset.unsigned_abs();
            // What lies behind the last whole bucket belongs to none.
            let count = object.size / l.size;
            bucket = (at / l.size < count).then(|| (at / l.size, Part::at(&l, at % l.size)));
            // An array has 2^B buckets and at most an eighth or so of spares: no need to believe the header's B.
            spare = bucket.is_some_and(|(i, _)| i >= 1 << count.ilog2());
        }
        let array = match header.and_then(sys::read) {
            Some([_, _, buckets, _]) if buckets == object.base as u64 => Array::Buckets,
            Some([_, _, _, old]) if old == object.base as u64 => Array::OldBuckets,
            Some(_) => Array::Former,
            None => Array::Unknown,
        };
        Some(Place { object, offset, zone, bucket, spare, array })
    }
}
