//! What a program that looks at the map afterwards sees, and what the operations have told it.

use super::run::{Hung, Run};
use super::scenario::Act;
use crate::fault::guarded;
use crate::inspect::fsck::{Rule, check_at};
use crate::inspect::own::Own;
use crate::layout::{Hiter, mem};
use crate::map::{compiled, iter};
use crate::probe::{Probe, Step};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

/// A map as its program sees it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Content {
    /// `len(m)`.
    pub(super) len: i64,
    /// What a range loop yields, in ascending order: numbers of keys (none for what is no key of the scenario), elements.
    pub(super) entries: Vec<(Option<u64>, u64)>,
    /// What a lookup of each key of the scenario finds.
    pub(super) found: Vec<Option<u64>>,
}

/// All that a finished run has come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Outcome {
    /// What each goroutine's operation has returned: the two words of a lookup, the entries of a range loop in ascending order, a
    /// length.
    pub(super) results: Vec<Vec<(u64, u64)>>,
    /// The copies that were made, by goroutine; how the look at one ended, if it died.
    pub(super) copies: Vec<Option<Result<Content, String>>>,
    /// The map.
    pub(super) content: Result<Content, String>,
}

/// Steps that a look may take: more than any sound map of a scenario needs.
const PATIENCE: u32 = 100_000;

/// The probe of a look, which ends one that goes round in circles.
struct Patience(Cell<u32>);

impl Probe for Patience {
    fn step(&self, _: Step) {
        self.0.set(self.0.get() + 1);
        if self.0.get() > PATIENCE {
            // Unwinding is safe: no step is told while anything is held.
            resume_unwind(Box::new(Hung));
        }
    }
}

impl Run {
    /// What the run has come to.
    pub(super) fn outcome(&self) -> Outcome {
        let results = self.goroutines.iter().map(|g| {
            let words = g.results.borrow();
            let mut pairs: Vec<(u64, u64)> = match g.act {
                Act::Len => words.iter().map(|&w| (w, 0)).collect(),
                _ => words.chunks_exact(2).map(|p| (p[0], p[1])).collect(),
            };
            pairs.sort_unstable();
            pairs
        });
        let results = results.collect();
        let content = self.look(self.h);
        let copies = self.goroutines.iter().map(|g| (g.copy.get() != 0).then(|| self.look(g.copy.get())));
        Outcome { results, copies: copies.collect(), content }
    }

    /// The rules of `fsck` that the map breaks, now that nobody writes to it; before anybody has looked at it, for a range loop
    /// leaves marks.
    pub(super) fn broken_rules(&self) -> BTreeSet<Rule> {
        use crate::inspect::fsck::Grade;
        let Ok(report) = check_at(&Own::new(&self.t.rt), &self.t, self.h as u64) else { return BTreeSet::new() };
        let bad = |r: &Rule| r.grade() == Grade::Broken || *r == Rule::Writing;
        report.findings.iter().map(|f| f.rule).filter(bad).collect()
    }

    /// Looks at a map: its length, all its entries, every key.
    fn look(&self, h: usize) -> Result<Content, String> {
        let (t, p) = (&*self.t, Patience(Cell::new(0)));
        let len = Cell::new(0);
        let entries = RefCell::new(Vec::with_capacity(64));
        let found = RefCell::new(Vec::with_capacity(64));
        // SAFETY: frames between here and a fault are those of map operations and of the closure, which drop nothing where memory
        // is touched; the map is one of this type, sound or not.
        let looked = catch_unwind(AssertUnwindSafe(|| unsafe {
            guarded(|| {
                len.set(if h == 0 { 0 } else { mem::ld64(h) as i64 });
                let mut it = Hiter::default();
                iter::mapiterinit(t, h, &mut it, &p);
                while it.key != 0 {
                    let (k, v) = (self.keys.read(it.key as usize), mem::ld64(it.elem as usize));
                    entries.borrow_mut().push((k.map(|k| self.keys.number(k)), v));
                    iter::mapiternext(t, &mut it, &p);
                }
                for key in 0..self.keys.len() {
                    let (e, ok) = compiled::access2_probed(t, h, self.keys.at(key), &p);
                    let v = mem::ld64(e);
                    found.borrow_mut().push(ok.then_some(v));
                }
            })
        }));
        match looked {
            Ok(Ok(())) => {}
            Ok(Err(death)) => return Err(death.text().to_owned()),
            Err(payload) if payload.is::<Hung>() => return Err("it has no end".to_owned()),
            Err(other) => resume_unwind(other),
        }
        let mut entries = entries.into_inner();
        entries.sort_unstable();
        Ok(Content { len: len.get(), entries, found: found.into_inner() })
    }
}
