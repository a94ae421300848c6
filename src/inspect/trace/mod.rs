//! What an operation does, step by step: a listener of the probe seam that reads the map's memory before every step, so that it can
//! say what a step finds, and afterwards what it has changed.
//!
//! The steps are those that the portable functions tell any [`Probe`](crate::probe::Probe); everything else (marks, keys, where an
//! overflow bucket came from, how far an evacuation has come) is read from memory between two steps. Memory is read by the
//! kernel: a trace of a broken map does not fault itself.

mod event;
mod read;
mod tell;

pub use event::{Change, Event, Line, Spot, Verdict};
pub use tell::{function, title};

use super::memory::{Memory, word_of};
use super::own::Own;
use super::snapshot::Side;
use super::value::{self, Local};
use super::words;
use crate::layout::{BUCKET_CNT, EMPTY_REST, MIN_TOP_HASH, is_empty, tophash};
use crate::probe::{Op, Step};
use crate::types::{Fast, MapType};
use read::{Names, Seen};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Links of a chain that are followed at most: a broken one may lead anywhere.
const LONGEST_CHAIN: usize = 4096;

/// Tells what happens to one map.
pub struct Tracer {
    mem: Own,
    t: Arc<MapType>,
    h: u64,
    /// Bytes of the key of the operation under way, and its text.
    key: Option<(usize, String)>,
    /// The map functions that have been entered and not left: a clone assigns, a range loop begins with a first step.
    ops: Vec<Op>,
    /// The key's hash, once it has been told. (Hashing again would draw random numbers for a NaN.)
    hash: Option<u64>,
    /// The functions are those of package `reflect`, which know no 4-byte and 8-byte keys.
    reflect: bool,
    seen: Seen,
    names: Names,
    /// Buckets that the operation has come to, as they were last.
    buckets: BTreeMap<u64, Vec<u8>>,
    /// The step that is under way, and how many there have been.
    pending: Option<Event>,
    steps: u32,
    counts: Counts,
    /// A new overflow bucket is to be attached behind this one.
    attaching: Option<u64>,
    out: Vec<Line>,
}

/// What an operation has looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Buckets searched.
    pub buckets: u32,
    /// Slots examined.
    pub slots: u32,
    /// Keys compared.
    pub keys: u32,
    /// Entries moved by evacuation.
    pub moved: u32,
}

impl Tracer {
    /// For a map of type `t`.
    #[must_use]
    pub fn new(t: &Arc<MapType>) -> Self {
        Self {
            mem: Own::new(&t.rt),
            t: Arc::clone(t),
            h: 0,
            key: None,
            ops: Vec::new(),
            hash: None,
            reflect: false,
            seen: Seen::default(),
            names: Names::default(),
            buckets: BTreeMap::new(),
            pending: None,
            steps: 0,
            counts: Counts::default(),
            attaching: None,
            out: Vec::new(),
        }
    }

    /// An operation begins on the map whose header is at `h`, with the key at an address, if it has one; `reflect` says that
    /// package `reflect` does it.
    pub fn begin(&mut self, h: usize, key: Option<usize>, reflect: bool) {
        self.h = h as u64;
        self.key = key.map(|at| {
            let text = self.mem.bytes(at as u64, self.t.key_size).map(|b| value::show(&self.mem, &self.t.key, &b));
            (at, text.unwrap_or_default())
        });
        self.ops.clear();
        self.hash = None;
        self.reflect = reflect;
        self.buckets.clear();
        self.pending = None;
        self.steps = 0;
        self.counts = Counts::default();
        self.attaching = None;
        let seen = Seen::read(&self.mem, &self.t, self.h);
        self.names.follow(&self.seen, &seen);
        self.seen = seen;
    }

    /// The operation is about to take a step. Its line comes with the next one, when it is known what it has changed.
    pub fn step(&mut self, step: &Step) {
        self.observe();
        let event = self.event(step);
        self.pending = Some(event);
    }

    /// Something that is no step of the map's happens: a fault strikes.
    pub fn note(&mut self, event: Event) {
        self.observe();
        self.pending = Some(event);
    }

    /// What has changed since the map was last looked at is somebody else's doing, and not told.
    pub fn overlook(&mut self) {
        let now = Seen::read(&self.mem, &self.t, self.h);
        self.names.follow(&self.seen, &now);
        self.seen = now;
        for (&addr, was) in &mut self.buckets {
            if let Ok(is) = self.mem.bytes(addr, was.len()) {
                *was = is;
            }
        }
    }

    /// The step under way is done, as far as it ever will be.
    pub fn settle(&mut self) {
        self.observe();
        // The element that the compiled program stores after an assign has returned.
        if let Some(last) = self.out.last_mut().filter(|l| matches!(l.event, Event::Leave { op: Op::Assign, .. })) {
            let (elems, rest) = last.changes.drain(..).partition(|c| matches!(c, Change::Elem { .. }));
            last.changes = rest;
            let step = last.step + 1;
            if let elems @ [_, ..] = &elems as &[Change] {
                self.steps = step;
                self.out.push(Line { step, event: Event::Element, changes: elems.to_vec() });
            }
        }
    }

    /// What has been told since this was last asked.
    pub fn take(&mut self) -> Vec<Line> {
        std::mem::take(&mut self.out)
    }

    /// What the operation has looked at so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Finds out what has changed since the step before, and tells that one.
    fn observe(&mut self) {
        if self.pending.is_none() {
            return;
        }
        let now = Seen::read(&self.mem, &self.t, self.h);
        let mut changes = self.seen.changes(&now, &self.t);
        // A growth that ends takes the names of the old buckets with it.
        let before: Vec<Spot> = self.buckets.keys().map(|&addr| self.names.name(addr, &self.seen, &self.t)).collect();
        self.names.follow(&self.seen, &now);
        self.seen = now;
        if let Some(last) = self.attaching.take() {
            self.attached(last);
        }
        let before = before.into_iter().map(Some).chain(std::iter::repeat(None));
        for ((&addr, was), before) in self.buckets.iter_mut().zip(before) {
            let Ok(is) = self.mem.bytes(addr, was.len()) else { continue };
            if *was != is {
                let spot = match self.names.name(addr, &self.seen, &self.t) {
                    Spot::Unknown(_) => before.unwrap_or(Spot::Unknown(addr)),
                    spot => spot,
                };
                read::bucket_changes(&self.mem, &self.t, &spot, was, &is, &self.names, &self.seen, &mut changes);
                *was = is;
            }
        }
        let Some(event) = self.pending.take() else { return };
        self.steps += 1;
        self.out.push(Line { step: self.steps, event, changes });
    }

    /// Completes what was said of a new overflow bucket: which one it is, and where it comes from.
    fn attached(&mut self, last: u64) {
        let Ok(at) = self.mem.word(last.wrapping_add(self.t.bucket.overflow() as u64)) else { return };
        if at == 0 {
            return;
        }
        let spare = self.names.spare(at, &self.seen, &self.t);
        let behind = self.names.name(last, &self.seen, &self.t);
        let spot = self.names.link(&behind, at);
        // It was empty when it came.
        self.buckets.entry(at).or_insert_with(|| vec![0; self.t.bucket.size]);
        if let Some(Event::NewOverflow { bucket, from_spare, .. }) = &mut self.pending {
            *bucket = Some(spot);
            *from_spare = spare;
        }
    }

    /// A bucket that the operation comes to: from now on its changes are told.
    fn visit(&mut self, addr: u64) -> (Spot, Option<Vec<u8>>) {
        let before = self.names.last;
        let spot = self.names.come(addr, before, &self.mem, &self.seen, &self.t);
        let bytes = self.mem.bytes(addr, self.t.bucket.size).ok();
        if let Some(bytes) = &bytes {
            self.buckets.entry(addr).or_insert_with(|| bytes.clone());
        }
        (spot, bytes)
    }

    /// The whole chain from a bucket on.
    fn visit_chain(&mut self, first: u64) {
        let mut at = first;
        for _ in 0..LONGEST_CHAIN {
            if at == 0 || self.buckets.contains_key(&at) {
                break;
            }
            let (_, Some(bytes)) = self.visit(at) else { break };
            at = word_of(&bytes, self.t.bucket.overflow());
        }
    }

    fn event(&mut self, step: &Step) -> Event {
        let op = self.ops.last().copied();
        match *step {
            Step::Enter { op, h } => {
                self.ops.push(op);
                let key = self.key.as_ref().map(|k| k.1.clone());
                Event::Enter {
                    op,
                    function: function(op, &self.t, self.reflect),
                    h: h as u64,
                    key,
                    count: self.seen.count(),
                }
            }
            Step::FlagsRead { flags } => Event::FlagsRead { flags, names: words::flags(flags) },
            Step::FlagsWrite { flags } => {
                let was = self.seen.flags();
                Event::FlagsWrite { flags, set: words::flags(flags & !was), cleared: words::flags(was & !flags) }
            }
            Step::Hash { hash } => {
                self.hash = Some(hash);
                Event::Hash {
                    hash: format!("{hash:#018x}"),
                    tophash: tophash(hash),
                    bucket: hash & self.seen.mask(),
                    of: self.seen.mask().wrapping_add(1),
                    old: self.seen.old_mask().map(|m| hash & m),
                }
            }
            Step::Bucket { addr } => {
                self.counts.buckets += 1;
                let (bucket, bytes) = self.visit(addr as u64);
                let evacuated = bytes.is_some_and(|b| (2..MIN_TOP_HASH).contains(&b[0]));
                Event::Bucket { addr: addr as u64, bucket, evacuated }
            }
            Step::Slot { bucket, i } => {
                self.counts.slots += 1;
                let addr = bucket as u64;
                let spot = self.names.name(addr, &self.seen, &self.t);
                let Ok(bytes) = self.mem.bytes(addr, self.t.bucket.size) else {
                    return Event::Slot {
                        bucket: spot,
                        slot: i,
                        tophash: None,
                        mark: None,
                        key: None,
                        verdict: Verdict::Unreadable,
                    };
                };
                let top = bytes[i];
                let verdict = self.verdict(op, &bytes, i);
                if matches!(verdict, Verdict::Equal | Verdict::Different) {
                    self.counts.keys += 1;
                }
                let key = (!is_empty(top)).then(|| self.key_at(&bytes, i));
                Event::Slot { bucket: spot, slot: i, tophash: Some(top), mark: words::mark(top), key, verdict }
            }
            Step::KeyStore { bucket, i } => {
                let (bucket, _) = self.visit(bucket as u64);
                Event::KeyStore { bucket, slot: i, key: self.key.as_ref().map(|k| k.1.clone()) }
            }
            Step::KeyUpdate { bucket, i } => Event::KeyUpdate { bucket: self.visit(bucket as u64).0, slot: i },
            Step::SlotClear { bucket, i } => {
                let (spot, bytes) = self.visit(bucket as u64);
                let key = bytes.map(|b| self.key_at(&b, i));
                Event::SlotClear { bucket: spot, slot: i, key }
            }
            Step::Count { count } => Event::Count { from: self.seen.count(), to: count },
            Step::Grow { same_size } => Event::Grow {
                same_size,
                entries: self.seen.count().wrapping_add(1),
                capacity: words::capacity(self.t.rt.rules(), self.seen.b()),
                overflow: self.seen.noverflow(),
                buckets: self.seen.mask().wrapping_add(1),
            },
            Step::Evacuate { old } => self.evacuate(old),
            Step::EvacuateSlot { bucket, i, y } => self.evacuate_slot(bucket as u64, i, y),
            Step::NewOverflow { bucket } => {
                let (behind, _) = self.visit(bucket as u64);
                self.attaching = Some(bucket as u64);
                Event::NewOverflow { behind, bucket: None, from_spare: None }
            }
            Step::Walk { addr } => {
                if addr == 0 {
                    return Event::Walk { addr: 0, bucket: None };
                }
                let (bucket, _) = self.visit(addr as u64);
                Event::Walk { addr: addr as u64, bucket: Some(bucket) }
            }
            Step::Leave { op } => {
                self.ops.pop();
                Event::Leave { op, counts: self.counts }
            }
        }
    }

    fn evacuate(&mut self, old: u64) -> Event {
        let (x, y) =
            (old, (!self.seen.same_size()).then(|| old.wrapping_add(self.seen.old_mask().map_or(0, |m| m + 1))));
        let size = self.t.bucket.size as u64;
        let at = |array: u64, i: u64| array.wrapping_add(i.wrapping_mul(size));
        let (buckets, oldbuckets) = (self.seen.buckets(), self.seen.oldbuckets());
        let was = self.names.last;
        self.visit_chain(at(oldbuckets, old));
        self.visit_chain(at(buckets, x));
        if let Some(y) = y {
            self.visit_chain(at(buckets, y));
        }
        self.names.last = was;
        self.names.to = [0, 0];
        Event::Evacuate { old, of: self.seen.old_mask().map_or(0, |m| m + 1), x, y }
    }

    fn evacuate_slot(&mut self, bucket: u64, i: usize, y: bool) -> Event {
        self.counts.moved += 1;
        let from = self.names.name(bucket, &self.seen, &self.t);
        let key = self.mem.bytes(bucket, self.t.bucket.size).ok().map(|b| self.key_at(&b, i));
        let half = usize::from(y);
        let n = self.names.to[half];
        self.names.to[half] += 1;
        let to = Spot::Bucket {
            side: Side::New,
            bucket: from.number().wrapping_add(if y { self.seen.old_mask().map_or(0, |m| m + 1) } else { 0 }),
            link: n / BUCKET_CNT,
        };
        Event::EvacuateSlot { bucket: from, slot: i, key, y, to, to_slot: n % BUCKET_CNT }
    }

    /// The key in a slot of a bucket's bytes.
    fn key_at(&self, bytes: &[u8], i: usize) -> String {
        let (l, t) = (&self.t.bucket, &self.t);
        let slot = &bytes[l.key(i)..l.key(i) + l.key_size];
        if !t.indirect_key() {
            return value::show(&self.mem, &t.key, slot);
        }
        match self.mem.bytes(word_of(slot, 0), t.key_size) {
            Ok(key) => value::show(&self.mem, &t.key, &key),
            Err(e) => format!("({e})"),
        }
    }

    /// Whether the key in a slot is the operation's own.
    fn equal(&self, bytes: &[u8], i: usize) -> bool {
        let (l, t) = (&self.t.bucket, &self.t);
        let Some((key, _)) = &self.key else { return false };
        let slot = &bytes[l.key(i)..l.key(i) + l.key_size];
        let held = if t.indirect_key() { self.mem.bytes(word_of(slot, 0), t.key_size) } else { Ok(slot.to_vec()) };
        let Ok(held) = held else { return false };
        let Ok(held) = Local::copy(&self.mem, &t.rt, &t.key, &held) else { return false };
        // SAFETY: the operation's key, and a copy of the one in the slot with all that it points to.
        unsafe { (t.equal)(t, *key, held.at()) }
    }

    /// What the function under way makes of a slot. Each of the three families looks at a slot in its own order.
    fn verdict(&self, op: Option<Op>, bytes: &[u8], i: usize) -> Verdict {
        let top = bytes[i];
        let empty = if top == EMPTY_REST { Verdict::EmptyRest } else { Verdict::Empty };
        let (Some(op @ (Op::Assign | Op::Access | Op::Delete)), Some(_)) = (op, &self.key) else {
            // A walk over all of them.
            return match top {
                t if is_empty(t) => Verdict::Empty,
                t if t < MIN_TOP_HASH => Verdict::Moved,
                _ => Verdict::Entry,
            };
        };
        let compare = || if self.equal(bytes, i) { Verdict::Equal } else { Verdict::Different };
        let generic = || match (top, self.hash) {
            (top, _) if is_empty(top) => empty,
            (top, Some(hash)) if top != tophash(hash) => Verdict::OtherTophash,
            _ => compare(),
        };
        let family = if self.reflect && self.t.fast != Fast::FastStr { Fast::Generic } else { self.t.fast };
        match (family, op) {
            (Fast::Generic, _) => generic(),
            (Fast::FastStr, Op::Assign) => match generic() {
                Verdict::Different => self.other_length(bytes, i).unwrap_or(Verdict::Different),
                v => v,
            },
            (Fast::FastStr, _) if is_empty(top) => empty,
            (Fast::FastStr, _) => self.other_length(bytes, i).unwrap_or_else(generic),
            // Only keys are compared, then whether the slot holds anything.
            (_, Op::Assign) if is_empty(top) => empty,
            (_, Op::Assign) => compare(),
            _ => match compare() {
                Verdict::Equal if is_empty(top) => Verdict::Empty,
                v => v,
            },
        }
    }

    /// Strings of another length are not looked at further.
    fn other_length(&self, bytes: &[u8], i: usize) -> Option<Verdict> {
        let at = self.t.bucket.key(i);
        let (key, _) = self.key.as_ref()?;
        let len = self.mem.word(*key as u64 + 8).ok()?;
        (word_of(bytes, at + 8) != len).then_some(Verdict::OtherLength)
    }
}
