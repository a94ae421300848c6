//! Histories of operations on maps of one type, run against a simple model of Go's semantics (`model.rs`): results, panics,
//! iteration as the Go specification promises it (`range.rs`), and after every step the structure of the map itself
//! (`structure.rs`). The property test invents them, and so does the fuzzer (`tests/fuzz`).

use super::growth::{Doing, Flags, b_for_hint};
use super::kinds::{KINDS, overwrites};
use super::model::Model;
use super::range::{Loop, counts_clears, spares};
use super::structure::{Header, check};
use super::values::{Number, Value, Values, bytes_at, element};
use gohmap::fault::{Death, guarded};
use gohmap::hash::Algorithm;
use gohmap::heap::{HeapConfig, OnFree};
use gohmap::layout::{Hiter, OLD_ITERATOR, SAME_SIZE_GROW, mem};
use gohmap::map::amd64::{self, Fast64, Isa};
use gohmap::map::{clear, clone, compiled, iter, make};
use gohmap::probe::{Probe, Step};
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::types::{GoType, MapType};
use gohmap::version::GoVersion;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Set(Key, u64),
    /// Many sets in a row: growth, and growth under way.
    Fill(u16, u8),
    Get(Key),
    Del(Key),
    /// Many deletes in a row.
    Drain(u16, u8),
    /// So many times nine keys for a bucket, from this one on: they come and go and leave an overflow bucket behind.
    Crowd(u8, u8),
    Clear,
    /// Goes on with a copy; the original is dropped, or stays for later.
    Clone {
        drop: bool,
    },
    /// Goes on with another of the maps.
    Switch(u8),
    /// A range loop begun now; `None` where the runtime draws the start.
    Begin(Option<(u64, u8)>),
    /// Steps of the range loop with this number.
    Next(u8, u8),
}

/// A key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    pub(crate) which: Which,
    /// See [`Number::twin`].
    pub(crate) twin: bool,
}

/// A key: one of few, or one of those that share a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Which {
    Small(u16),
    Colliding(u8),
}

/// What a history is over.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Subject {
    pub(crate) version: GoVersion,
    /// Index in [`KINDS`].
    pub(crate) kind: usize,
    /// `make`'s hint; `None` for a nil map.
    pub(crate) hint: Option<i64>,
    pub(crate) hash: Algorithm,
    pub(crate) way: Way,
    pub(crate) seed: u64,
}

/// Which functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Portable,
    /// The best that there are for this processor.
    Best,
    /// The portable ones, watched by a probe.
    Watched,
}

impl Way {
    pub(crate) const ALL: [Self; 3] = [Self::Portable, Self::Best, Self::Watched];
}

/// Maps that may be there at a time.
const MAPS: usize = 4;

/// A probe that only looks.
struct Watcher;

impl Probe for Watcher {
    fn step(&self, step: Step) {
        std::hint::black_box(step);
    }
}

struct One {
    number: usize,
    h: usize,
    model: Model,
    flags: Flags,
}

struct World {
    t: MapType,
    way: Way,
    overwrites: bool,
    values: Values,
    maps: Vec<One>,
    /// Index of the map that operations go to.
    now: usize,
    made: usize,
    loops: Vec<Loop>,
    /// Numbers of keys by the low four bits of their hash, with this `hash0`.
    crowds: Option<(u64, [Vec<u64>; 16])>,
    /// As many zeroes as the largest element has.
    zero: Box<[u64]>,
}

// SAFETY (all of them): healthy maps of this type, used by one thread; keys lie in `values`.
#[expect(clippy::undocumented_unsafe_blocks, reason = "said once above")]
impl World {
    fn map(&self) -> &One {
        &self.maps[self.now]
    }

    fn functions(&self) -> &'static Fast64 {
        if self.way == Way::Best { amd64::chosen() } else { Isa::Portable.fast64() }
    }

    fn key(&mut self, k: Key) -> Rc<Value> {
        let n = match k.which {
            Which::Small(n) => n.into(),
            Which::Colliding(i) => {
                let these = &self.crowds()[0];
                if these.is_empty() { i.into() } else { these[usize::from(i) % these.len()] }
            }
        };
        self.values.get(Number { n, twin: k.twin })
    }

    /// Numbers of keys by the bucket that they fall into, as long as the map has its `hash0` and no more than 16 buckets.
    fn crowds(&mut self) -> &[Vec<u64>; 16] {
        let hash0 = if self.map().h == 0 { 0 } else { self.header().hash0 };
        let known = self.crowds.take().filter(|(of, _)| *of == hash0);
        let (_, crowds) = self.crowds.insert(known.unwrap_or_else(|| {
            let mut crowds: [Vec<u64>; 16] = Default::default();
            for n in 1_000_000..1_000_500 {
                let key = self.values.get(Number { n, twin: false });
                if key.reflexive && key.unhashable.is_none() {
                    let hash = unsafe { (self.t.hasher)(&self.t, address(&key), hash0) };
                    crowds[hash as usize % 16].push(n);
                }
            }
            (hash0, crowds)
        }));
        crowds
    }

    /// The header of the map, which is not nil.
    fn header(&self) -> Header {
        unsafe { Header::read(&self.t, self.map().h) }
    }

    /// Does something to the map, if it is not nil, and checks what becomes of its header.
    fn follow(&mut self, doing: Doing, f: impl FnOnce(&mut Self)) {
        if self.map().h == 0 {
            return f(self);
        }
        let was = self.header();
        f(self);
        let is = self.header();
        let map = &mut self.maps[self.now];
        map.flags.follow(&self.t, doing, &was, &is);
        let grew_in_place = is.buckets != was.buckets && is.b == was.b && was.buckets != 0;
        if grew_in_place || is.flags & SAME_SIZE_GROW != 0 {
            // Real Go breaks its word here, and the emulated map with it: a loop that was begun a growth earlier takes the old
            // buckets for its own (its B is the same), but no flag keeps the map from clearing them under it.
            let unprotected = grew_in_place && is.flags & OLD_ITERATOR == 0 && self.t.bucket_has_pointers;
            self.loops.retain(|l| l.map != map.number || !unprotected);
            for l in self.loops.iter_mut().filter(|l| l.map == map.number) {
                l.grows_in_place(grew_in_place);
            }
        }
    }

    /// Runs `f`, which must panic when the key cannot be hashed or (`assign`) the map is nil, and must not otherwise.
    fn unless_it_panics<R>(&self, key: &Value, assign: bool, f: impl FnOnce() -> R) -> Option<R> {
        let text = match &key.unhashable {
            _ if assign && self.map().h == 0 => "assignment to entry in nil map".to_owned(),
            Some(ty) => format!("runtime error: hash of unhashable type {ty}"),
            None => return Some(f()),
        };
        match unsafe { guarded(f) } {
            Err(Death::Panic(panic)) => assert_eq!(panic.text(), text),
            Err(Death::Fatal(fatal)) => panic!("{fatal:?}, but the panic {text:?} was due"),
            Ok(_) => panic!("no panic, but {text:?} was due"),
        }
        None
    }

    fn set(&mut self, key: &Rc<Value>, v: u64) {
        if key.unhashable.is_some() {
            return self.assign(key, v);
        }
        let doing = if self.map().model.get(key).is_some() { Doing::Again } else { Doing::New };
        self.follow(doing, |w| w.assign(key, v));
    }

    fn assign(&mut self, key: &Rc<Value>, v: u64) {
        let (t, h, f) = (&self.t, self.map().h, self.functions());
        let elem = element(t.elem_size, v);
        let at = address(key);
        let e = self.unless_it_panics(key, true, || unsafe {
            match self.way {
                Way::Watched => compiled::assign_probed(t, h, at, &Watcher),
                _ if t.elem_size == 8 && v & 4 == 0 => {
                    let bits = u64::from_le_bytes(*elem.first_chunk().expect("eight bytes"));
                    compiled::set_with(f, t, h, at, bits)
                }
                _ => compiled::assign_with(f, t, h, at),
            }
        });
        let Some(e) = e else { return };
        if e != 0 {
            elem.iter().enumerate().for_each(|(i, b)| unsafe { mem::st8(e + i, *b) });
        }
        let number = self.map().number;
        if !key.reflexive {
            self.loops.iter_mut().filter(|l| l.map == number).for_each(|l| l.nan_came(key, &elem));
        }
        let overwrites = self.overwrites;
        self.maps[self.now].model.set(key, elem, overwrites);
    }

    fn get(&self, key: &Rc<Value>) {
        let (t, h, at, zero) = (&self.t, self.map().h, address(key), self.zero.as_ptr().expose_provenance());
        let found = self.unless_it_panics(key, false, || unsafe {
            (compiled::access2_with(self.functions(), t, h, at, zero), compiled::access1(t, h, at, zero))
        });
        let Some(((e, ok), one)) = found else {
            // Each of the two panics.
            self.unless_it_panics(key, false, || unsafe { compiled::access1(t, h, at, zero) });
            return;
        };
        // A NaN's element is found by no lookup.
        assert_eq!(e, one, "both lookups give the same element");
        let elem = unsafe { bytes_at(e, t.elem_size) };
        match self.map().model.get(key) {
            Some((_, want)) => assert_eq!((ok, &*elem), (true, want), "key {key:x?}"),
            None => {
                assert!(!ok, "{key:x?} is there, but should not be");
                assert!(elem.iter().all(|&b| b == 0), "an absent element is zero");
            }
        }
    }

    fn del(&mut self, key: &Rc<Value>) {
        if key.unhashable.is_some() {
            return self.delete(key);
        }
        self.follow(Doing::Delete, |w| w.delete(key));
    }

    fn delete(&mut self, key: &Rc<Value>) {
        let (t, h, f) = (&self.t, self.map().h, self.functions());
        let done = self.unless_it_panics(key, false, || unsafe {
            match self.way {
                Way::Watched => compiled::delete_probed(t, h, address(key), &Watcher),
                _ => compiled::delete_with(f, t, h, address(key)),
            }
        });
        let map = &mut self.maps[self.now];
        if done.is_some() && map.model.del(key) {
            self.loops.iter_mut().filter(|l| l.map == map.number).for_each(|l| l.key_left(key));
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Set(k, v) => {
                let key = self.key(k);
                self.set(&key, v);
            }
            Op::Fill(from, n) => (0..u16::from(n)).for_each(|i| {
                let key = self.values.get(Number { n: (from + i).into(), twin: from & 1 == 1 });
                self.set(&key, i.into());
            }),
            Op::Get(k) => {
                let key = self.key(k);
                self.get(&key);
            }
            Op::Del(k) => {
                let key = self.key(k);
                self.del(&key);
            }
            Op::Drain(from, n) => (from..from + u16::from(n)).for_each(|n| {
                let key = self.values.get(Number { n: n.into(), twin: n & 1 == 1 });
                self.del(&key);
            }),
            Op::Crowd(from, n) => (from..from.saturating_add(n)).for_each(|i| {
                let crowd: Vec<u64> = self.crowds()[usize::from(i) % 16].iter().take(9).copied().collect();
                let keys: Vec<_> = crowd.into_iter().map(|n| self.values.get(Number { n, twin: false })).collect();
                keys.iter().for_each(|k| self.set(k, i.into()));
                keys.iter().for_each(|k| self.del(k));
            }),
            Op::Clear => self.follow(Doing::Clear, Self::clear),
            Op::Clone { drop } => self.copy(drop),
            Op::Switch(which) => self.now = usize::from(which) % self.maps.len(),
            Op::Begin(start) => self.follow(Doing::Begin, |w| w.begin(start)),
            Op::Next(which, n) => {
                if !self.loops.is_empty() {
                    let i = usize::from(which) % self.loops.len();
                    (0..n).for_each(|_| self.next(i));
                }
            }
        }
    }

    fn clear(&mut self) {
        let (t, map) = (&self.t, &mut self.maps[self.now]);
        unsafe {
            match self.way {
                Way::Watched => clear::mapclear(t, map.h, &Watcher),
                _ => clear::mapclear(t, map.h, &()),
            }
        }
        if map.model.len() == 0 {
            return;
        }
        // Where real Go breaks its word, and the emulated map with it:
        // - before 1.21, a loop that outlives the clear of a growing map (Go issue 59411);
        // - in all versions, one that stands in a spare overflow bucket: the bucket gets a new use, or its end mark leads
        //   the loop back to the start of the array.
        let old = t.rt.rules().version < GoVersion::V1_21;
        let spares = unsafe { spares(t, map.h) };
        self.loops.retain(|l| l.map != map.number || !(old || spares.contains(&l.bucket())));
        for l in self.loops.iter_mut().filter(|l| l.map == map.number) {
            l.cleared(&map.model, counts_clears(t));
        }
        map.model.clear();
    }

    fn copy(&mut self, drop: bool) {
        let (t, map) = (&self.t, &self.maps[self.now]);
        // Copies share keys that are stored as pointers.
        let drop = (drop || self.maps.len() == MAPS) && !t.indirect_key();
        if !t.rt.rules().has_clone || self.maps.len() == MAPS && !drop {
            return;
        }
        let h = unsafe {
            match self.way {
                Way::Watched => clone::maps_Clone(t, map.h, &Watcher),
                _ => clone::maps_Clone(t, map.h, &()),
            }
        };
        let copy = One { number: self.made, h, model: map.model.clone(), flags: Flags::default() };
        if h != 0 {
            let (b, most) = unsafe { (Header::read(t, h).b, Header::read(t, map.h).b) };
            if b > most {
                assert!(t.rt.rules().version < GoVersion::V1_22, "the copy has B = {b}, the original {most}");
                // Go 1.21 copies a map that has grown too little into more buckets than it has itself, and takes what lies
                // behind its own for the rest: spare buckets, with the entries of its chains once more, or anything.
                unsafe { discard(t, h) };
                return;
            }
        }
        self.made += 1;
        if drop {
            let number = map.number;
            self.loops.retain(|l| l.map != number);
            unsafe { discard(t, map.h) };
            self.maps[self.now] = copy;
        } else {
            self.maps.push(copy);
            self.check_all();
            self.now = self.maps.len() - 1;
        }
    }

    fn begin(&mut self, start: Option<(u64, u8)>) {
        let mut it = Box::new(Hiter::default());
        let (t, map) = (&self.t, self.map());
        unsafe {
            match (start, self.way) {
                (Some((b, offset)), _) => iter::mapiterinit_at(t, map.h, &mut it, b, offset, &()),
                (None, Way::Watched) => iter::mapiterinit(t, map.h, &mut it, &Watcher),
                (None, Way::Best) => iter::mapiterinit_with(amd64::chosen(), t, map.h, &mut it),
                (None, _) => iter::mapiterinit(t, map.h, &mut it, &()),
            }
        }
        let l = Loop::new(it, map.number, &map.model);
        self.loops.push(l);
        self.visit(self.loops.len() - 1);
    }

    /// A step of a loop, unless it has ended.
    fn next(&mut self, i: usize) {
        let l = &mut self.loops[i];
        if l.ended() {
            return;
        }
        unsafe {
            match self.way {
                Way::Watched => iter::mapiternext(&self.t, &mut l.it, &Watcher),
                Way::Best => (amd64::chosen().mapiternext)(&self.t, &mut l.it),
                Way::Portable => iter::mapiternext(&self.t, &mut l.it, &()),
            }
        }
        self.visit(i);
    }

    fn visit(&mut self, i: usize) {
        let l = &mut self.loops[i];
        let map = self.maps.iter().find(|m| m.number == l.map).expect("a map that is kept");
        l.visit(&self.t, &self.values, &map.model);
    }

    fn check(&self, map: &One) -> Result<(), String> {
        if map.h == 0 { Ok(()) } else { unsafe { check(&self.t, map.h, &map.model, &self.values) } }
    }

    fn check_all(&self) {
        for map in &self.maps {
            self.check(map).unwrap_or_else(|e| panic!("map {}: {e}", map.number));
        }
    }

    /// What is left to do: the loops go on to their ends, every key is looked up, every map dropped.
    fn end(&mut self) {
        for i in 0..self.loops.len() {
            for _ in 0..100_000 {
                self.next(i);
                if self.loops[i].ended() {
                    break;
                }
            }
            assert!(self.loops[i].ended(), "the loop does not end");
        }
        for i in 0..self.maps.len() {
            self.now = i;
            let keys: Vec<_> = self.map().model.keys().map(Rc::clone).collect();
            keys.iter().for_each(|k| self.get(k));
        }
        self.check_all();
        for map in &self.maps {
            unsafe { discard(&self.t, map.h) };
        }
        assert_eq!(self.t.rt.heap.stats().objects, 0, "objects left behind");
    }
}

/// Gives a map up.
///
/// # Safety
/// As [`make::mapdrop`]; 0 for a nil map.
unsafe fn discard(t: &MapType, h: usize) {
    if h != 0 {
        // SAFETY: the caller's promise.
        unsafe { make::mapdrop(t, h) };
    }
}

/// Where a key lies.
fn address(key: &Value) -> usize {
    key.raw.as_ptr().expose_provenance()
}

/// Runs a history on a new map.
///
/// # Panics
/// When the map is not what it must be.
pub(crate) fn run(subject: Subject, ops: &[Op]) {
    let Subject { version, hash, seed, .. } = subject;
    // What was freed too early is noticed when it is used again, or at once.
    let on_free = if seed.is_multiple_of(2) { OnFree::Reuse } else { OnFree::Clobber };
    let heap = HeapConfig { on_free, ..HeapConfig::default() };
    let rt = Runtime::new(RuntimeConfig { version, hash, seed: Some(seed), heap, ..RuntimeConfig::default() });
    let (key, elem) = KINDS[subject.kind];
    let parse = |ty| GoType::parse(ty).expect("a type");
    let (key, elem) = (parse(key), parse(elem));
    let t = MapType::of(&rt, &key, &elem).expect("a key");
    // SAFETY: a new map.
    let h = subject.hint.map_or(0, |hint| unsafe { make::makemap(&t, hint, &()) });
    let mut w = World {
        overwrites: overwrites(&key),
        values: Values::new(&rt, &key),
        zero: vec![0; t.elem_size.div_ceil(8)].into(),
        t,
        way: subject.way,
        maps: vec![One { number: 0, h, model: Model::default(), flags: Flags::default() }],
        now: 0,
        made: 1,
        loops: Vec::new(),
        crowds: None,
    };
    if let Some(hint) = subject.hint {
        assert_eq!(w.header().b, b_for_hint(&w.t, hint), "B for the hint");
    }
    for (i, op) in ops.iter().enumerate() {
        w.run(op);
        w.check(w.map()).unwrap_or_else(|e| panic!("after step {i}, {op:?}: {e}"));
    }
    w.end();
}
