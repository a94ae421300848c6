//! Addresses named back: which map, which array, which bucket, which byte.

use super::{Heap, Object, Role};
use crate::layout::{BUCKET_CNT, BucketLayout, DATA_OFFSET, mem};
use std::fmt;

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

/// An address of the heap, explained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The object it lies in or beside.
    pub object: Object,
    /// Distance from the start of the object; negative in the guard page before it, beyond its size behind it.
    pub offset: isize,
    /// For an array or overflow bucket: number of the bucket in the object, and the part of it.
    pub bucket: Option<(usize, Part)>,
    /// For an array: what the map's header says of it now.
    pub array: &'static str,
}

/// Names of the header's fields by offset (Go up to 1.23, and the first 40 bytes of 1.24).
const FIELDS: [(usize, &str); 9] = [
    (0, "count"),
    (8, "flags"),
    (9, "B"),
    (10, "noverflow"),
    (12, "hash0"),
    (16, "buckets"),
    (24, "oldbuckets"),
    (32, "nevacuate"),
    (40, "extra"),
];

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let o = &self.object;
        if o.freed {
            f.write_str("freed: ")?;
        }
        let map = o.map();
        if self.offset < 0 {
            write!(f, "guard page before ")?;
        } else if self.offset as usize >= o.size.max(1) {
            write!(f, "{} bytes past the end of ", self.offset as usize - o.size)?;
        }
        let inside = (0..o.size.max(1) as isize).contains(&self.offset);
        match (o.role, self.bucket.filter(|_| inside)) {
            (Role::Buckets, Some((i, part))) => write!(f, "bucket {i} of {} of map {map:#x}: {part}", self.array),
            (Role::Buckets, None) => write!(f, "{} of map {map:#x}", self.array),
            (Role::Overflow, Some((_, part))) => write!(f, "overflow bucket {:#x} of map {map:#x}: {part}", o.base),
            (Role::Header, _) if inside => {
                let field = FIELDS.iter().rfind(|(at, _)| *at as isize <= self.offset).map_or("", |f| f.1);
                write!(f, "header of map {map:#x}: {field}")
            }
            (Role::Extra, _) if inside => {
                let field = ["overflow", "oldoverflow", "nextOverflow"][(self.offset as usize / 8).min(2)];
                write!(f, "mapextra of map {map:#x}: {field}")
            }
            (role, _) => {
                let what = match role {
                    Role::Header => "header",
                    Role::Extra => "mapextra",
                    Role::Buckets => "buckets",
                    Role::Overflow => "overflow bucket",
                    Role::OverflowSlice => "overflow list header",
                    Role::OverflowList => "overflow list",
                    Role::Key => "indirect key",
                    Role::Elem => "indirect elem",
                    Role::Other => "object",
                };
                write!(f, "{what} {:#x}", o.base)?;
                if map != 0 {
                    write!(f, " of map {map:#x}")?;
                }
                if inside { write!(f, ", byte {}", self.offset) } else { Ok(()) }
            }
        }
    }
}

impl Heap {
    /// Explains an address: the object there, and for maps that were [registered](Heap::register_map) the bucket and
    /// the byte. Which array is `buckets` and which `oldbuckets` is read from the header, if that is still a live
    /// object of this heap.
    ///
    /// # Safety
    /// The pages of the map's header must be readable (or a fault must be watched for).
    #[must_use]
    pub unsafe fn place(&self, addr: usize) -> Option<Place> {
        let object = self.locate(addr)?;
        let offset = addr.wrapping_sub(object.base) as isize;
        let map = object.map();
        let bucket = match object.role {
            Role::Buckets | Role::Overflow if (0..object.size as isize).contains(&offset) => {
                self.layout_of(map).map(|l| (offset as usize / l.size, Part::at(&l, offset as usize % l.size)))
            }
            _ => None,
        };
        let header = self.locate(map).filter(|h| h.role == Role::Header && !h.freed);
        let array = match header {
            Some(h) => {
                // SAFETY: a live header, readable by the caller's promise.
                let (new, old) = unsafe { (mem::ld64(h.base + 16), mem::ld64(h.base + 24)) };
                if new == object.base as u64 {
                    "buckets"
                } else if old == object.base as u64 {
                    "oldbuckets"
                } else {
                    "a former bucket array"
                }
            }
            None => "a bucket array",
        };
        Some(Place { object, offset, bucket, array })
    }
}
