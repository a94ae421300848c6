//! One run of a workload, with a model of the map beside it: what must come out, and the first thing that did not.

use super::inject::Striker;
use super::keys::Keys;
use super::outcome::Wrong;
use super::workload::{Operation, Verb};
use crate::layout::{Hiter, mem};
use crate::map::{clear, clone, compiled, iter};
use crate::types::MapType;
use std::cell::Cell;
use std::ptr::with_exposed_provenance_mut;

/// The first thing of its kind that went wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Finding {
    pub(crate) wrong: Wrong,
    /// Number of the operation.
    pub(crate) during: u16,
    /// Number of the key, where it is about one.
    pub(crate) key: Option<u64>,
    pub(crate) got: u64,
    pub(crate) want: u64,
}

/// What is known of a run as it goes. Nothing here is allocated during a run: a fault skips frames.
pub(crate) struct Trail {
    /// The elements that must be there, by key.
    expect: Vec<Cell<Option<u64>>>,
    seen: Vec<Cell<bool>>,
    count: Cell<i64>,
    /// The operation under way, in memory that a forked run shares.
    pub(crate) during: &'static Cell<u16>,
    found: [Cell<Option<Finding>>; Wrong::ALL.len()],
}

impl Trail {
    pub(crate) fn new(keys: usize, during: &'static Cell<u16>) -> Self {
        let all = |n| (0..n).map(|_| Cell::new(None)).collect();
        Self {
            expect: all(keys),
            seen: (0..keys).map(|_| Cell::new(false)).collect(),
            count: Cell::new(0),
            during,
            found: Default::default(),
        }
    }

    /// Begins again with these elements.
    pub(crate) fn reset(&self, initial: &[Option<u64>]) {
        self.expect.iter().zip(initial).for_each(|(e, i)| e.set(*i));
        self.count.set(initial.iter().flatten().count() as i64);
        self.during.set(0);
        self.found.iter().for_each(|f| f.set(None));
    }

    /// The worst that was found.
    pub(crate) fn worst(&self) -> Option<Finding> {
        self.found.iter().find_map(Cell::get)
    }

    fn find(&self, wrong: Wrong, key: Option<u64>, got: u64, want: u64) {
        let slot = &self.found[wrong as usize];
        if slot.get().is_none() {
            slot.set(Some(Finding { wrong, during: self.during.get(), key, got, want }));
        }
    }

    fn set(&self, key: usize, to: Option<u64>) {
        let was = self.expect[key].replace(to);
        self.count.set(self.count.get() + i64::from(to.is_some()) - i64::from(was.is_some()));
    }
}

/// The map of a run and what is done to it.
pub(crate) struct Stage<'a> {
    pub(crate) t: &'a MapType,
    pub(crate) h: usize,
    /// Address of the iterator.
    pub(crate) it: usize,
    pub(crate) keys: &'a Keys,
    pub(crate) operations: &'a [Operation],
    pub(crate) trail: &'a Trail,
    /// Look at the map when all is done.
    pub(crate) look: bool,
}

// SAFETY (all of them): a map of this type, healthy or broken on purpose, in a region that watches for faults; no frame here
// has anything to drop.
#[expect(clippy::undocumented_unsafe_blocks, reason = "said once above")]
impl Stage<'_> {
    /// The workload, and a look at the map afterwards: its length, all its entries, every key.
    ///
    /// # Safety
    /// Within a region ([`crate::fault::guarded`]), or in a process that may die.
    pub(crate) unsafe fn play(&self, p: &Striker<'_>) {
        unsafe {
            for (i, o) in self.operations.iter().enumerate() {
                self.trail.during.set(i as u16);
                p.event();
                self.run(o, p);
                p.event();
            }
            self.trail.during.set(self.operations.len() as u16);
            if !self.look {
                return;
            }
            self.len(self.h);
            self.range(self.h, p);
            for key in 0..self.keys.len() {
                self.read(key, p);
            }
        }
    }

    unsafe fn run(&self, o: &Operation, p: &Striker<'_>) {
        let key = || self.keys.find(o.key).expect("a scenario knows its keys");
        unsafe {
            match o.verb {
                Verb::Len => self.len(self.h),
                Verb::Read => self.read(key(), p),
                Verb::Assign => {
                    let key = key();
                    let e = compiled::assign_probed(self.t, self.h, self.keys.at(key), p);
                    mem::st64(e, o.value);
                    self.trail.set(key, Some(o.value));
                }
                Verb::Delete => {
                    let key = key();
                    compiled::delete_probed(self.t, self.h, self.keys.at(key), p);
                    self.trail.set(key, None);
                }
                Verb::Range => self.range(self.h, p),
                Verb::Clear => {
                    clear::mapclear(self.t, self.h, p);
                    (0..self.keys.len()).for_each(|k| self.trail.set(k, None));
                }
                Verb::Clone => {
                    let copy = clone::maps_Clone(self.t, self.h, p);
                    self.len(copy);
                    self.range(copy, p);
                }
            }
        }
    }

    /// `len(m)`.
    unsafe fn len(&self, h: usize) {
        let n = if h == 0 { 0 } else { unsafe { mem::ld64(h) as i64 } };
        if n != self.trail.count.get() {
            self.trail.find(Wrong::Count, None, n as u64, self.trail.count.get() as u64);
        }
    }

    unsafe fn read(&self, key: usize, p: &Striker<'_>) {
        let (v, ok) = unsafe {
            let (e, ok) = compiled::access2_probed(self.t, self.h, self.keys.at(key), p);
            (mem::ld64(e), ok)
        };
        let (trail, number) = (self.trail, Some(self.keys.number(key)));
        match (trail.expect[key].get(), ok) {
            (Some(want), true) if v != want => trail.find(Wrong::Value, number, v, want),
            (Some(want), false) => trail.find(Wrong::LostKey, number, 0, want),
            (None, true) => trail.find(Wrong::PhantomKey, number, v, 0),
            _ => {}
        }
    }

    unsafe fn range(&self, h: usize, p: &Striker<'_>) {
        let trail = self.trail;
        trail.seen.iter().for_each(|s| s.set(false));
        unsafe {
            let it = with_exposed_provenance_mut::<Hiter>(self.it);
            *it = Hiter::default();
            iter::mapiterinit(self.t, h, &mut *it, p);
            while (*it).key != 0 {
                let v = mem::ld64((*it).elem as usize);
                match self.keys.read((*it).key as usize).map(|k| (k, trail.expect[k].get())) {
                    Some((k, Some(want))) => {
                        let number = Some(self.keys.number(k));
                        if trail.seen[k].replace(true) {
                            trail.find(Wrong::DuplicateKey, number, v, want);
                        } else if v != want {
                            trail.find(Wrong::Value, number, v, want);
                        }
                    }
                    Some((k, None)) => trail.find(Wrong::PhantomKey, Some(self.keys.number(k)), v, 0),
                    None => trail.find(Wrong::PhantomKey, None, v, 0),
                }
                p.event();
                iter::mapiternext(self.t, &mut *it, p);
            }
        }
        for (k, seen) in trail.seen.iter().enumerate() {
            if let (Some(want), false) = (trail.expect[k].get(), seen.get()) {
                trail.find(Wrong::Iteration, Some(self.keys.number(k)), 0, want);
                break;
            }
        }
    }
}
