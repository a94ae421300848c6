//! Histories of operations on one map, run against a `BTreeMap`: results, iteration as the Go specification promises it,
//! and after every step the structure of the map itself (`structure.rs`). The property test invents them, and so does the
//! fuzzer (`tests/fuzz`).

use super::structure::check;
use gohmap::hash::memhash64;
use gohmap::layout::{Hiter, mem};
use gohmap::map::{access, assign, clear, clone, delete, fast64, iter, make};
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::types::{Fast, MapType};
use gohmap::version::GoVersion;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Set(Key, u64),
    /// Many sets in a row: growth, and growth under way.
    Fill(u16, u8),
    Get(Key),
    Del(Key),
    /// Many deletes in a row.
    Drain(u16, u8),
    Clear,
    /// Goes on with a copy; the original is dropped, or stays for later.
    Clone {
        drop: bool,
    },
    /// A range loop begun now; `None` where the runtime draws the start.
    Begin(Option<(u64, u8)>),
    /// Steps of the range loop with this number.
    Next(u8, u8),
}

/// A key: one of few, or one of those that share a bucket.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Key {
    Small(u16),
    Colliding(u8),
}

/// Element types: size, pointers. 136 bytes are stored indirectly, by the general functions.
pub(crate) const ELEMS: [(usize, bool); 6] =
    [(8, false), (8, true), (0, false), (1, false), (128, false), (136, false)];

struct Subject {
    t: MapType,
    h: usize,
}

/// The address of a key for the general functions.
macro_rules! at {
    ($key:expr) => {
        (&raw const $key).expose_provenance()
    };
}

/// What a slot of an element holds of a value.
fn cut(t: &MapType, v: u64) -> u64 {
    match t.elem_size {
        0 => 0,
        1 => v & 0xff,
        _ => v,
    }
}

// SAFETY (all of them): a healthy map of this type, used by one thread; keys lie on the frame.
#[expect(clippy::undocumented_unsafe_blocks, reason = "said once above")]
impl Subject {
    fn set(&self, key: u64, v: u64) {
        unsafe {
            let e = match self.t.fast {
                Fast::Fast64 => fast64::mapassign_fast64(&self.t, self.h, key, &()),
                _ => assign::mapassign(&self.t, self.h, at!(key), &()),
            };
            self.store(e, v);
        }
    }

    unsafe fn store(&self, e: usize, v: u64) {
        unsafe {
            match self.t.elem_size {
                0 => {}
                1 => mem::st8(e, v as u8),
                n => {
                    mem::st64(e, v);
                    mem::st64(e + n - 8, v);
                }
            }
        }
    }

    unsafe fn load(&self, e: usize) -> u64 {
        unsafe {
            match self.t.elem_size {
                0 => 0,
                1 => mem::ld8(e).into(),
                n => {
                    assert_eq!(mem::ld64(e), mem::ld64(e + n - 8), "both ends of the element");
                    mem::ld64(e)
                }
            }
        }
    }

    fn get(&self, key: u64) -> Option<u64> {
        unsafe {
            let (e, ok) = match self.t.fast {
                Fast::Fast64 => fast64::mapaccess2_fast64(&self.t, self.h, key, &()),
                _ => access::mapaccess2(&self.t, self.h, at!(key), &()),
            };
            let one = match self.t.fast {
                Fast::Fast64 => fast64::mapaccess1_fast64(&self.t, self.h, key, &()),
                _ => access::mapaccess1(&self.t, self.h, at!(key), &()),
            };
            assert_eq!(e, one, "both lookups give the same element");
            let v = self.load(e);
            assert!(ok || v == 0, "an absent element is zero");
            ok.then_some(v)
        }
    }

    fn del(&self, key: u64) {
        unsafe {
            match self.t.fast {
                Fast::Fast64 => fast64::mapdelete_fast64(&self.t, self.h, key, &()),
                _ => delete::mapdelete(&self.t, self.h, at!(key), &()),
            }
        }
    }

    fn hash0(&self) -> u32 {
        unsafe { mem::ld32(self.h + 12) }
    }
}

/// A range loop under way.
struct Loop {
    it: Box<Hiter>,
    /// The map it goes over.
    h: usize,
    seen: BTreeSet<u64>,
    /// Keys that have been in the map since it began: each must be seen once.
    constant: BTreeSet<u64>,
    /// Keys that have left the map since it began: they may come again.
    left: BTreeSet<u64>,
}

struct World {
    m: Subject,
    model: BTreeMap<u64, u64>,
    loops: Vec<Loop>,
    /// Originals of copies, with what they must hold.
    others: Vec<(usize, BTreeMap<u64, u64>)>,
    colliding: Vec<u64>,
}

impl World {
    fn key(&self, k: Key) -> u64 {
        match k {
            Key::Small(k) => k.into(),
            Key::Colliding(i) => self.colliding[usize::from(i)],
        }
    }

    fn set(&mut self, key: u64, v: u64) {
        self.m.set(key, v);
        self.model.insert(key, cut(&self.m.t, v));
    }

    fn gone(&mut self, key: u64) {
        if self.model.remove(&key).is_some() {
            for l in self.loops.iter_mut().filter(|l| l.h == self.m.h) {
                l.constant.remove(&key);
                l.left.insert(key);
            }
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Set(k, v) => self.set(self.key(k), v),
            Op::Fill(from, n) => (0..n).for_each(|i| self.set(u64::from(from) + u64::from(i), i.into())),
            Op::Get(k) => {
                let key = self.key(k);
                assert_eq!(self.m.get(key), self.model.get(&key).copied(), "key {key}");
            }
            Op::Del(k) => {
                let key = self.key(k);
                self.m.del(key);
                self.gone(key);
            }
            Op::Drain(from, n) => {
                for key in u64::from(from)..u64::from(from) + u64::from(n) {
                    self.m.del(key);
                    self.gone(key);
                }
            }
            Op::Clear => self.clear(),
            Op::Clone { drop } => self.copy(drop),
            Op::Begin(start) => self.begin(start),
            Op::Next(which, n) => {
                if !self.loops.is_empty() {
                    let i = usize::from(which) % self.loops.len();
                    (0..n).for_each(|_| self.next(i));
                }
            }
        }
    }

    fn clear(&mut self) {
        let (t, h) = (&self.m.t, self.m.h);
        // SAFETY: a healthy map.
        let spares = unsafe {
            clear::mapclear(t, h, &());
            let (buckets, n) = (mem::ld64(h + 16) as usize, 1_usize << mem::ld8(h + 9));
            let len = t.rt.heap.locate(buckets).map_or(0, |o| o.size);
            buckets + n * t.bucket.size..buckets + len
        };
        for key in self.model.keys().copied().collect::<Vec<_>>() {
            self.gone(key);
        }
        // Where real Go breaks its word, and the emulated map with it:
        // - before 1.21, a loop that outlives the clear of a growing map (Go issue 59411);
        // - in all versions, one that stands in a spare overflow bucket: the bucket gets a new use, or its end mark leads
        //   the loop back to the start of the array.
        let old = self.m.t.rt.rules().version < GoVersion::V1_21;
        self.loops.retain(|l| l.h != h || !(old || spares.contains(&(l.it.bptr as usize))));
    }

    fn copy(&mut self, drop: bool) {
        let (t, h) = (&self.m.t, self.m.h);
        if !t.rt.rules().has_clone {
            return;
        }
        // SAFETY: a healthy map; loops over it are forgotten with it.
        unsafe {
            let copy = clone::maps_Clone(t, h, &());
            if drop {
                self.loops.retain(|l| l.h != h);
                make::mapdrop(t, h);
            } else {
                self.others.push((h, self.model.clone()));
            }
            self.m.h = copy;
        }
    }

    fn begin(&mut self, start: Option<(u64, u8)>) {
        let mut it = Box::new(Hiter::default());
        // SAFETY: a healthy map and a zero iterator; the type outlives it.
        unsafe {
            match start {
                Some((bucket, offset)) => iter::mapiterinit_at(&self.m.t, self.m.h, &mut it, bucket, offset, &()),
                None => iter::mapiterinit(&self.m.t, self.m.h, &mut it, &()),
            }
        }
        let constant = self.model.keys().copied().collect();
        let l = Loop { it, h: self.m.h, seen: BTreeSet::new(), constant, left: BTreeSet::new() };
        self.loops.push(l);
        let last = self.loops.len() - 1;
        self.visit(last);
    }

    fn next(&mut self, i: usize) {
        let l = &mut self.loops[i];
        if l.it.key == 0 {
            return;
        }
        // SAFETY: the iterator is at an entry of its map.
        unsafe { iter::mapiternext(&self.m.t, &mut l.it, &()) };
        self.visit(i);
    }

    /// Holds what the loop has come to against the specification of `range`.
    fn visit(&mut self, i: usize) {
        let l = &mut self.loops[i];
        if l.it.key == 0 {
            let missed: Vec<_> = l.constant.difference(&l.seen).collect();
            assert!(missed.is_empty(), "the loop missed {missed:?}");
            return;
        }
        // SAFETY: the iterator is at an entry.
        let (key, v) = unsafe { (mem::ld64(l.it.key as usize), self.m.load(l.it.elem as usize)) };
        let model = if l.h == self.m.h {
            &self.model
        } else {
            &self.others.iter().find(|(h, _)| *h == l.h).expect("a map that is kept").1
        };
        assert_eq!(model.get(&key), Some(&v), "the loop yielded {key}");
        assert!(l.seen.insert(key) || l.left.contains(&key), "the loop yielded {key} twice");
    }
}

fn colliding(t: &MapType, hash0: u32) -> Vec<u64> {
    let one_bucket = |k: &u64| memhash64(t.rt.key_schedule(), *k, hash0.into()).trailing_zeros() >= 5;
    (1_000_000..).filter(one_bucket).take(40).collect()
}

/// Runs a history on a new map.
///
/// # Panics
/// When the map is not what it must be.
pub(crate) fn run(version: GoVersion, (elem, pointers): (usize, bool), hint: i64, seed: u64, ops: &[Op]) {
    let rt: Arc<Runtime> = Runtime::new(RuntimeConfig { version, seed: Some(seed), ..RuntimeConfig::default() });
    let t = MapType::u64(&rt, elem, pointers);
    // SAFETY: a new map.
    let h = unsafe { make::makemap(&t, hint, &()) };
    let m = Subject { t, h };
    let colliding = colliding(&m.t, m.hash0());
    let mut w = World { m, model: BTreeMap::new(), loops: Vec::new(), others: Vec::new(), colliding };
    for (i, op) in ops.iter().enumerate() {
        w.run(op);
        // SAFETY: a map that is not being written to.
        if let Err(e) = unsafe { check(&w.m.t, w.m.h, &w.model) } {
            panic!("after step {i}, {op:?}: {e}");
        }
    }
    for l in 0..w.loops.len() {
        (0..1_000).for_each(|_| w.next(l));
        assert_eq!(w.loops[l].it.key, 0, "the loop does not end");
    }
    for (key, v) in &w.model {
        assert_eq!(w.m.get(*key), Some(*v));
    }
    w.others.push((w.m.h, w.model));
    for (h, model) in &w.others {
        // SAFETY: as above; then nobody uses the map again.
        unsafe {
            check(&w.m.t, *h, model).expect("maps that were copied");
            make::mapdrop(&w.m.t, *h);
        }
    }
    assert_eq!(rt.heap.stats().objects, 0, "objects left behind");
}
