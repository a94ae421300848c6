//! Where a target is, read from the map as it is now.

use super::target::Area;
use crate::layout::mem;
use crate::types::MapType;

/// The map that targets are looked up in: healthy, until the fault is in it.
#[derive(Clone, Copy)]
pub(crate) struct Site<'a> {
    pub(crate) t: &'a MapType,
    /// Address of the header; 0 for a nil map.
    pub(crate) h: usize,
    /// Address of the iterator.
    pub(crate) it: usize,
}

impl Site<'_> {
    fn word(&self, offset: usize) -> usize {
        // SAFETY: the header of a map that nothing has happened to yet.
        unsafe { mem::ld64(self.h + offset) as usize }
    }

    /// Buckets of `buckets`, or of `oldbuckets`; 0 where there is no such array.
    pub(crate) fn buckets(&self, old: bool) -> usize {
        if self.h == 0 || self.word(if old { 24 } else { 16 }) == 0 {
            return 0;
        }
        // SAFETY: as above.
        let (flags, b) = unsafe { (mem::ld8(self.h + 8), mem::ld8(self.h + 9)) };
        let doubled = old && flags & crate::layout::SAME_SIZE_GROW == 0;
        1 << (b - u8::from(doubled)).min(16)
    }

    /// Address and bytes of an area; `None` when the map has none at present.
    pub(crate) fn find(&self, area: Area) -> Option<(usize, usize)> {
        let l = &self.t.bucket;
        if self.h == 0 && area != Area::Iterator {
            return None;
        }
        let (at, len) = match area {
            Area::Header => (self.h, self.t.rt.rules().hmap_size),
            Area::Extra => (self.word(self.t.rt.rules().extra_offset), 24),
            Area::Buckets => (self.word(16), self.buckets(false) * l.size),
            Area::OldBuckets => (self.word(24), self.buckets(true) * l.size),
            Area::Iterator => {
                let len = if self.t.rt.rules().clear_seq_offset.is_some() { 104 } else { 96 };
                (self.it, len)
            }
            Area::Bucket { old, i, depth } => {
                if usize::from(i) >= self.buckets(old) {
                    return None;
                }
                let mut b = self.word(if old { 24 } else { 16 }) + usize::from(i) * l.size;
                for _ in 0..depth {
                    // SAFETY: a bucket of the chain of a healthy map.
                    b = unsafe { mem::ld64(b + l.overflow()) as usize };
                    if b == 0 {
                        return None;
                    }
                }
                (b, l.size)
            }
        };
        (at != 0).then_some((at, len))
    }

    /// Every area of the map at present, arrays as a whole and bucket by bucket.
    pub(crate) fn areas(&self) -> Vec<Area> {
        let mut all = vec![Area::Header, Area::Extra, Area::Buckets, Area::OldBuckets];
        for old in [false, true] {
            for i in 0..self.buckets(old).min(usize::from(u16::MAX)) as u16 {
                all.extend((0..=8).map(|depth| Area::Bucket { old, i, depth }));
            }
        }
        all.retain(|a| self.find(*a).is_some());
        all
    }
}
