//! The header as a trace saw it last, the names of buckets, and what is different now.

use super::event::{Change, Spot};
use crate::heap::roundupsize;
use crate::inspect::memory::{Memory, word_of};
use crate::inspect::own::Own;
use crate::inspect::snapshot::Side;
use crate::inspect::{value, words};
use crate::layout::{BUCKET_CNT, SAME_SIZE_GROW};
use crate::types::MapType;
use std::collections::HashMap;

/// Arrays of up to so many buckets are searched for the chain of an overflow bucket that turns up out of nowhere.
const SEARCHED: u64 = 1 << 12;

/// Header and `mapextra`.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// Empty for a nil map, and where the header cannot be read.
    header: Vec<u8>,
    /// `nextOverflow` and the lengths of both lists; none when there is no `mapextra`.
    extra: Option<[u64; 3]>,
}

impl Seen {
    pub(super) fn read(mem: &Own, t: &MapType, h: u64) -> Self {
        let rules = t.rt.rules();
        let header = if h == 0 { Vec::new() } else { mem.bytes(h, rules.hmap_size).unwrap_or_default() };
        let at = if header.is_empty() { 0 } else { word_of(&header, rules.extra_offset) };
        let extra = (at != 0).then(|| mem.bytes(at, 24).ok()).flatten().map(|e| {
            let len = |slice: u64| if slice == 0 { 0 } else { mem.word(slice + 8).unwrap_or(0) };
            [word_of(&e, 16), len(word_of(&e, 0)), len(word_of(&e, 8))]
        });
        Self { header, extra }
    }

    fn word(&self, at: usize) -> u64 {
        if self.header.is_empty() { 0 } else { word_of(&self.header, at) }
    }

    pub(super) fn count(&self) -> i64 {
        self.word(0) as i64
    }

    pub(super) fn flags(&self) -> u8 {
        self.word(8) as u8
    }

    pub(super) fn b(&self) -> u8 {
        (self.word(8) >> 8) as u8
    }

    pub(super) fn noverflow(&self) -> u16 {
        (self.word(8) >> 16) as u16
    }

    pub(super) fn buckets(&self) -> u64 {
        self.word(16)
    }

    pub(super) fn oldbuckets(&self) -> u64 {
        self.word(24)
    }

    pub(super) fn same_size(&self) -> bool {
        self.flags() & SAME_SIZE_GROW != 0
    }

    /// `bucketMask(B)`.
    pub(super) fn mask(&self) -> u64 {
        (1_u64 << (self.b() & 63)).wrapping_sub(1)
    }

    /// `oldbucketmask`, while growing.
    pub(super) fn old_mask(&self) -> Option<u64> {
        (self.oldbuckets() != 0).then(|| if self.same_size() { self.mask() } else { self.mask() >> 1 })
    }

    /// What is different now.
    pub(super) fn changes(&self, now: &Self, t: &MapType) -> Vec<Change> {
        let mut all = Vec::new();
        if self.header.len() != now.header.len() {
            return all;
        }
        if !self.header.is_empty() && self.header != now.header {
            for f in words::header(t.rt.rules()) {
                let (was, is) = (f.value(&self.header), f.value(&now.header));
                if was != is {
                    all.push(Change::Header { field: f.name, from: f.show(was), to: f.show(is) });
                }
            }
        }
        let (was, is) = (self.extra.unwrap_or_default(), now.extra.unwrap_or_default());
        for (i, field) in ["nextOverflow", "overflow", "oldoverflow"].into_iter().enumerate() {
            if was[i] != is[i] {
                let show = |v: u64, s: &Self| match i {
                    0 if v == 0 => "nil".to_owned(),
                    0 => spare_of(v, s, t).map_or_else(|| format!("{v:#x}"), |n| format!("spare {n}")),
                    _ => format!("{v} listed"),
                };
                all.push(Change::Extra { field, from: show(was[i], self), to: show(is[i], now) });
            }
        }
        all
    }
}

/// The number of a spare bucket behind the array.
fn spare_of(addr: u64, seen: &Seen, t: &MapType) -> Option<u64> {
    let (b, size) = (seen.b(), t.bucket.size as u64);
    if !(4..40).contains(&b) {
        return None;
    }
    let n = 1_u64 << b;
    let up = roundupsize((n + n / 16) as usize * t.bucket.size, !t.bucket_has_pointers, t.rt.rules().malloc_header);
    let i = addr.checked_sub(seen.buckets())? / size;
    (n..up as u64 / size).contains(&i).then_some(i - n)
}

/// The names of buckets.
#[derive(Default)]
pub(super) struct Names {
    /// Those of overflow buckets.
    overflow: HashMap<u64, Spot>,
    /// The bucket that was come to last.
    pub(super) last: Option<(u64, Spot)>,
    /// Entries that the evacuation under way has moved to either half.
    pub(super) to: [usize; 2],
}

impl Names {
    /// Keeps the names true when the arrays are other ones.
    pub(super) fn follow(&mut self, was: &Seen, now: &Seen) {
        if was.buckets() == now.buckets() && was.oldbuckets() == now.oldbuckets() {
            if now.noverflow() == 0 && was.noverflow() != 0 {
                // Cleared: the chains are gone.
                self.overflow.clear();
            }
            return;
        }
        self.last = None;
        if now.oldbuckets() == was.buckets() && was.buckets() != 0 {
            for spot in self.overflow.values_mut() {
                if let Spot::Bucket { side, .. } = spot {
                    *side = Side::Old;
                }
            }
        } else if now.buckets() == was.buckets() {
            self.overflow.retain(|_, s| !matches!(s, Spot::Bucket { side: Side::Old, .. }));
        } else {
            self.overflow.clear();
        }
    }

    /// The number of a spare bucket behind the array.
    pub(super) fn spare(&self, addr: u64, seen: &Seen, t: &MapType) -> Option<u64> {
        spare_of(addr, seen, t)
    }

    /// The name of a bucket, as far as it is known.
    pub(super) fn name(&self, addr: u64, seen: &Seen, t: &MapType) -> Spot {
        let size = t.bucket.size as u64;
        let sides = [(Side::New, seen.buckets(), Some(seen.mask())), (Side::Old, seen.oldbuckets(), seen.old_mask())];
        for (side, base, mask) in sides {
            let Some(offset) = addr.checked_sub(base).filter(|_| base != 0) else { continue };
            if offset.is_multiple_of(size) && mask.is_some_and(|m| offset / size <= m) {
                return Spot::Bucket { side, bucket: offset / size, link: 0 };
            }
        }
        self.overflow.get(&addr).copied().unwrap_or(Spot::Unknown(addr))
    }

    /// The name of a bucket that is come to after another one.
    pub(super) fn come(&mut self, addr: u64, before: Option<(u64, Spot)>, mem: &Own, seen: &Seen, t: &MapType) -> Spot {
        let mut spot = self.name(addr, seen, t);
        if let (Spot::Unknown(_), Some((last, name))) = (spot, before)
            && mem.word(last.wrapping_add(t.bucket.overflow() as u64)) == Ok(addr)
        {
            spot = self.link(&name, addr);
        }
        if let Spot::Unknown(_) = spot {
            self.search(mem, seen, t);
            spot = self.name(addr, seen, t);
        }
        self.last = Some((addr, spot));
        spot
    }

    /// Names the bucket that follows another one.
    pub(super) fn link(&mut self, behind: &Spot, addr: u64) -> Spot {
        let spot = match *behind {
            Spot::Bucket { side, bucket, link } => Spot::Bucket { side, bucket, link: link + 1 },
            Spot::Unknown(_) => Spot::Unknown(addr),
        };
        self.overflow.insert(addr, spot);
        spot
    }

    /// Names the buckets of all chains of small arrays.
    fn search(&mut self, mem: &Own, seen: &Seen, t: &MapType) {
        let size = t.bucket.size as u64;
        let sides = [(Side::New, seen.buckets(), Some(seen.mask())), (Side::Old, seen.oldbuckets(), seen.old_mask())];
        for (side, base, mask) in sides {
            let Some(mask) = mask.filter(|m| base != 0 && *m < SEARCHED) else { continue };
            for bucket in 0..=mask {
                let mut at = base + bucket * size;
                for link in 1..super::LONGEST_CHAIN {
                    match mem.word(at.wrapping_add(t.bucket.overflow() as u64)) {
                        Ok(next) if next != 0 && !self.overflow.contains_key(&next) => {
                            self.overflow.insert(next, Spot::Bucket { side, bucket, link });
                            at = next;
                        }
                        _ => break,
                    }
                }
            }
        }
    }
}

/// What is different in a bucket.
#[expect(clippy::too_many_arguments, reason = "two states of a bucket, and all that names and values need")]
pub(super) fn bucket_changes(
    mem: &Own,
    t: &MapType,
    bucket: &Spot,
    was: &[u8],
    is: &[u8],
    names: &Names,
    seen: &Seen,
    out: &mut Vec<Change>,
) {
    let l = &t.bucket;
    for slot in 0..BUCKET_CNT {
        if was[slot] != is[slot] {
            out.push(Change::Tophash { bucket: *bucket, slot, from: was[slot], to: is[slot] });
        }
    }
    let show = |indirect: bool, ty, bytes: &[u8]| match (indirect, bytes) {
        (true, b) if word_of(b, 0) == 0 => "nil".to_owned(),
        (true, b) => mem
            .bytes(word_of(b, 0), crate::types::GoType::size(ty))
            .map_or_else(|_| format!("{:#x}", word_of(b, 0)), |v| value::show(mem, ty, &v)),
        (false, b) => value::show(mem, ty, b),
    };
    for slot in 0..BUCKET_CNT {
        let key = l.key(slot)..l.key(slot) + l.key_size;
        if was[key.clone()] != is[key.clone()] {
            let text = |b: &[u8]| show(t.indirect_key(), &t.key, &b[key.clone()]);
            out.push(Change::Key { bucket: *bucket, slot, from: text(was), to: text(is) });
        }
        let elem = l.elem(slot)..l.elem(slot) + l.elem_size;
        if was[elem.clone()] != is[elem.clone()] {
            let text = |b: &[u8]| show(t.indirect_elem(), &t.elem, &b[elem.clone()]);
            out.push(Change::Elem { bucket: *bucket, slot, from: text(was), to: text(is) });
        }
    }
    let (from, to) = (word_of(was, l.overflow()), word_of(is, l.overflow()));
    if from != to {
        let text = |p: u64| if p == 0 { "nil".to_owned() } else { names.name(p, seen, t).to_string() };
        out.push(Change::Overflow { bucket: *bucket, from: text(from), to: text(to) });
    }
}
