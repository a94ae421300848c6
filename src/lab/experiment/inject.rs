//! The probe that strikes: counts the events of a run, and breaks the map at the one it was told.

use super::fault::{Change, Fault, Freed, Pages, Pointee};
use super::moment::{StepKind, Told};
use super::site::Site;
use super::target::{Area, Target};
use crate::heap::Prot;
use crate::layout::{BUCKET_CNT, is_empty, mem};
use crate::probe::{Probe, Step};
use std::cell::Cell;
use std::panic::resume_unwind;

/// The payload of a run that was stopped because it did not end.
pub(crate) struct Hung;

/// What else a fault may need.
#[derive(Clone, Copy)]
pub(crate) struct Aids {
    /// The header of another map of the same type.
    pub(crate) other: usize,
    /// A freed object that still holds a bucket array.
    pub(crate) stale: usize,
}

/// What has come of the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strike {
    /// Its moment has not come.
    Waiting,
    /// It could not be done.
    Missed(&'static str),
    /// It was done to so many bytes at this address.
    Done(usize, usize),
}

/// A store that a step has announced and that is to be lost or doubled.
#[derive(Clone, Copy)]
struct Store {
    at: usize,
    len: usize,
    was: [u8; 16],
    /// Of a key that is being stored: its bucket and slot.
    slot: Option<(usize, usize)>,
    count: bool,
}

/// An event that does not come.
const NEVER: u64 = u64::MAX;

/// Faults and the events at which they strike, in order.
pub(crate) type Faults = [(u64, Fault)];

/// Watches a run.
pub(crate) struct Striker<'a> {
    site: Site<'a>,
    aids: Aids,
    faults: &'a Faults,
    /// How many of them have struck.
    struck: Cell<usize>,
    /// When the next one strikes.
    strike_at: Cell<u64>,
    bound: u64,
    /// Events so far.
    pub(crate) n: Cell<u64>,
    /// The next event that matters.
    next: Cell<u64>,
    pub(crate) strike: Cell<Strike>,
    stuck: Cell<Option<(usize, u8, bool)>>,
    store: Cell<Option<Store>>,
    told: Option<&'a Told<'a>>,
    /// Told of every fault that has struck: its number.
    struck_told: Option<&'a dyn Fn(usize)>,
}

impl<'a> Striker<'a> {
    /// For a run of at most `bound` events.
    pub(crate) fn new(site: Site<'a>, aids: Aids, faults: &'a Faults, bound: u64) -> Self {
        let strike_at = faults.first().map_or(NEVER, |f| f.0);
        Self {
            site,
            aids,
            faults,
            struck: Cell::new(0),
            strike_at: Cell::new(strike_at),
            bound,
            n: Cell::new(0),
            next: Cell::new(strike_at.min(bound)),
            strike: Cell::new(Strike::Waiting),
            stuck: Cell::new(None),
            store: Cell::new(None),
            told: None,
            struck_told: None,
        }
    }

    /// The same, telling somebody of every event.
    pub(crate) fn telling(self, told: &'a Told<'a>) -> Self {
        self.next.set(0);
        Self { told: Some(told), ..self }
    }

    /// The same, telling somebody of every fault that has struck.
    pub(crate) fn telling_strikes(self, struck: &'a dyn Fn(usize)) -> Self {
        Self { struck_told: Some(struck), ..self }
    }

    /// An event that is no step of the map's: an operation begins or has returned, a range loop asks for the next entry.
    #[inline]
    pub(crate) fn event(&self) {
        let n = self.n.get() + 1;
        self.n.set(n);
        if n >= self.next.get() {
            self.look(n, None);
        }
    }

    #[inline(never)]
    fn look(&self, n: u64, step: Option<&Step>) {
        let kind = step.map_or(StepKind::Next, StepKind::of);
        if let Some((at, mask, one)) = self.stuck.get() {
            set_bit(at, mask, one);
        }
        if let Some(store) = self.store.take() {
            self.redo(&store);
        }
        if let Some(told) = self.told {
            told(n, kind, step);
        }
        while n == self.strike_at.get() {
            let at = self.struck.get();
            let strike = self.strike(self.faults[at].1, step);
            self.strike.set(strike);
            self.struck.set(at + 1);
            if let Some(told) = self.struck_told {
                told(at);
            }
            self.strike_at.set(self.faults.get(at + 1).map_or(NEVER, |f| f.0));
        }
        if n >= self.bound {
            // SAFETY of unwinding: no step is told while anything is held.
            resume_unwind(Box::new(Hung));
        }
        let every = self.told.is_some() || self.stuck.get().is_some() || self.store.get().is_some();
        self.next.set(match n {
            _ if every => n + 1,
            _ => self.strike_at.get().min(self.bound),
        });
    }

    fn strike(&self, fault: Fault, step: Option<&Step>) -> Strike {
        match fault {
            Fault::Bit(t, change) => self.change(t, change),
            Fault::Value(t, v) => self.at(t).map_or(MISSING, |(at, len)| {
                let bytes = v.to_le_bytes();
                (0..len.min(8)).for_each(|i| put(at + i, bytes[i]));
                Strike::Done(at, len)
            }),
            Fault::Pointer(t, to) => self.lead(t, to),
            Fault::Pages(area, how) => {
                self.site.find(area).map_or(MISSING, |(at, len)| self.break_pages(area, at, len, how))
            }
            Fault::Free(area, how) => self.site.find(area).map_or(MISSING, |(at, len)| self.free(at, len, how)),
            Fault::Refuse(n) => {
                self.site.t.rt.heap.refuse_after(Some(n.into()));
                Strike::Done(0, 0)
            }
            Fault::Lost | Fault::Duplicated => self.capture(step),
        }
    }

    /// Address and bytes of a target's field.
    fn at(&self, t: Target) -> Option<(usize, usize)> {
        let (at, len) = self.site.find(t.area)?;
        Some(t.field.map_or((at, len), |f| (at + usize::from(f.offset), f.size.into())))
    }

    fn change(&self, t: Target, change: Change) -> Strike {
        let (Some((at, _)), Some(bit)) = (self.at(t), t.bit) else { return MISSING };
        let (at, mask) = (at + usize::from(bit / 8), 1 << (bit % 8));
        // SAFETY: a byte of an object of the map, which is healthy yet.
        let is = unsafe { mem::ld8(at) } & mask != 0;
        let (to, stuck) = match change {
            Change::Flip => (!is, false),
            Change::Set => (true, false),
            Change::Clear => (false, false),
            Change::StuckAt0 => (false, true),
            Change::StuckAt1 => (true, true),
        };
        if to == is && !stuck {
            return Strike::Missed("the bit is so already");
        }
        set_bit(at, mask, to);
        if stuck {
            self.stuck.set(Some((at, mask, to)));
        }
        Strike::Done(at, 1)
    }

    fn lead(&self, t: Target, to: Pointee) -> Strike {
        let Some((at, len)) = self.at(t) else { return MISSING };
        let other = Site { h: self.aids.other, ..self.site };
        let to = match to {
            Pointee::Nil => 0,
            Pointee::Small => 0x10,
            Pointee::NonCanonical => 0xdead_beef_dead_beef,
            Pointee::Stale => self.aids.stale,
            Pointee::Loop => match t.area {
                Area::Bucket { old, i, .. } => {
                    self.site.find(Area::Bucket { old, i, depth: 0 }).map_or(0, |found| found.0)
                }
                _ => self.site.h,
            },
            Pointee::OtherMap => {
                let area = match t.field.map(|f| f.name) {
                    Some("extra") => Area::Extra,
                    Some("h") => Area::Header,
                    _ => Area::Buckets,
                };
                match other.find(area) {
                    Some((at, _)) => at,
                    None => return Strike::Missed("the other map has no such object"),
                }
            }
        };
        // SAFETY: as above.
        unsafe {
            if mem::ld64(at) == to as u64 {
                return Strike::Missed("the pointer is so already");
            }
            mem::st64(at, to as u64);
        }
        Strike::Done(at, len)
    }

    fn break_pages(&self, area: Area, at: usize, len: usize, how: Pages) -> Strike {
        let heap = &self.site.t.rt.heap;
        let done = match how {
            Pages::Unmap => heap.unmap(at, len),
            Pages::ProtNone => heap.protect(at, len, Prot::None),
            Pages::ReadOnly => heap.protect(at, len, Prot::Read),
            Pages::Zero => heap.zero_pages(at, len),
            Pages::Truncate => heap.back_with_file(at, len).and_then(|file| file.truncate(0)),
            Pages::Swap => {
                let other = Site { h: self.aids.other, ..self.site };
                let Some((there, n)) = other.find(area) else {
                    return Strike::Missed("the other map has no such object");
                };
                for i in 0..len.min(n) {
                    // SAFETY: bytes of objects of two maps, both healthy yet.
                    unsafe {
                        let (a, b) = (mem::ld8(at + i), mem::ld8(there + i));
                        mem::st8(at + i, b);
                        mem::st8(there + i, a);
                    }
                }
                Ok(())
            }
        };
        done.map_or(Strike::Missed("the system refused"), |()| Strike::Done(at, len))
    }

    fn free(&self, at: usize, len: usize, how: Freed) -> Strike {
        let heap = &self.site.t.rt.heap;
        if !heap.locate(at).is_some_and(|o| o.base == at && !o.freed) {
            return Strike::Missed("it is part of an array");
        }
        heap.free(at);
        match how {
            // Somebody else's numbers.
            Freed::Reuse => (0..len / 8).for_each(|i| put64(at + 8 * i, i as u64)),
            Freed::Clobber => (0..len / 8).for_each(|i| put64(at + 8 * i, 0xdead_dead_dead_dead)),
            Freed::Unmap => {
                if heap.unmap(at, len).is_err() {
                    return Strike::Missed("the system refused");
                }
            }
        }
        Strike::Done(at, len)
    }

    /// Notes what the announced store will overwrite.
    fn capture(&self, step: Option<&Step>) -> Strike {
        let (t, h) = (self.site.t, self.site.h);
        let key = t.bucket.key_size.min(15);
        let (at, len, slot, count) = match step {
            Some(Step::FlagsWrite { .. }) => (h + 8, 1, None, false),
            Some(Step::Count { .. }) => (h, 8, None, true),
            Some(&Step::KeyStore { bucket, i }) => (bucket + i, 1, Some((bucket, i)), false),
            Some(&Step::KeyUpdate { bucket, i }) => (bucket + t.bucket.key(i), key, None, false),
            Some(&Step::SlotClear { bucket, i } | &Step::EvacuateSlot { bucket, i, .. }) => {
                (bucket + i, 1, None, false)
            }
            _ => return Strike::Missed("no store is announced here"),
        };
        let mut was = [0; 16];
        // SAFETY: bytes of the map, which is healthy yet.
        (0..len).for_each(|i| was[i] = unsafe { mem::ld8(at + i) });
        self.store.set(Some(Store { at, len, was, slot, count }));
        Strike::Done(at, len)
    }

    /// Loses the store that has been done since, or does it once more.
    fn redo(&self, s: &Store) {
        let word = u64::from_le_bytes(*s.was.first_chunk().expect("eight bytes"));
        match self.faults[self.struck.get() - 1].1 {
            Fault::Lost => (0..s.len).for_each(|i| put(s.at + i, s.was[i])),
            _ if s.count => {
                // SAFETY: the header's count.
                let now = unsafe { mem::ld64(s.at) };
                put64(s.at, now.wrapping_add(now.wrapping_sub(word)));
            }
            _ => {
                if let Some((bucket, i)) = s.slot {
                    self.store_again(bucket, i);
                }
            }
        }
    }

    /// The entry that has just been stored comes into the next free slot too.
    fn store_again(&self, bucket: usize, i: usize) {
        let l = &self.site.t.bucket;
        // SAFETY: a bucket of the map.
        unsafe {
            let Some(free) = (0..BUCKET_CNT).find(|&j| j != i && is_empty(mem::ld8(bucket + j))) else { return };
            mem::st8(bucket + free, mem::ld8(bucket + i));
            for b in 0..l.key_size {
                mem::st8(bucket + l.key(free) + b, mem::ld8(bucket + l.key(i) + b));
            }
        }
    }
}

const MISSING: Strike = Strike::Missed("the map has no such thing now");

fn put(at: usize, byte: u8) {
    // SAFETY: a byte of the heap, found in a healthy map.
    unsafe { mem::st8(at, byte) };
}

fn put64(at: usize, word: u64) {
    // SAFETY: as above.
    unsafe { mem::st64(at, word) };
}

fn set_bit(at: usize, mask: u8, one: bool) {
    // SAFETY: a byte of the heap, found in a healthy map.
    let is = unsafe { mem::ld8(at) };
    put(at, if one { is | mask } else { is & !mask });
}

impl Probe for Striker<'_> {
    #[inline]
    fn step(&self, step: Step) {
        let n = self.n.get() + 1;
        self.n.set(n);
        if n >= self.next.get() {
            self.look(n, Some(&step));
        }
    }
}
