//! The workloads themselves, for any map of this process.

use super::keys::{self, Key};
use super::workload::{DROPPED, REBUILT};
use super::{Case, Error, Order, Runner, Workload};
use std::hint::black_box;
use std::ops::Range;
use std::time::{Duration, Instant};

/// The value of every entry. Not zero: an absent key reads as zero too, and a processor would guess right for the wrong
/// reason.
pub(super) const VALUE: u64 = 7;

/// A kind of map with elements of type `u64`.
pub trait Subject {
    /// A key.
    type Key: Key;
    /// One map.
    type Map;
    /// What a loop has at hand to operate on a map.
    type Site<'s>: Site<Key = Self::Key, Map = Self::Map>
    where
        Self: 's;

    /// That of a loop that begins.
    fn site(&self) -> Self::Site<'_>;

    /// A new map; with room for `hint` entries, if that is not 0.
    fn make(&self, hint: usize) -> Self::Map;

    /// The exclusive or of what [`Key::fold`] makes of all keys, and the sum of all values.
    fn iterate(&self, m: &Self::Map) -> (u64, u64);

    /// The map's end.
    fn free(&self, m: Self::Map);

    /// `m[k] = v` for every key in turn.
    #[inline(never)]
    fn assign_all(&self, m: &mut Self::Map, keys: &[Self::Key], v: u64) {
        let site = self.site();
        for k in in_turn(keys) {
            site.assign(m, k, v);
        }
    }

    /// The sum of `m[k]` for every key.
    #[inline(never)]
    fn get_all(&self, m: &Self::Map, keys: &[Self::Key]) -> u64 {
        let site = self.site();
        let mut sum = 0_u64;
        for k in in_turn(keys) {
            sum = sum.wrapping_add(site.get(m, k));
        }
        sum
    }
}

/// The operations on a [`Subject`]'s maps, as a loop has them: what they need lies in registers.
pub trait Site: Copy {
    /// A key.
    type Key;
    /// One map.
    type Map;

    /// `m[k] = v`.
    fn assign(self, m: &mut Self::Map, k: Self::Key, v: u64);

    /// `m[k]`, or 0.
    fn get(self, m: &Self::Map, k: Self::Key) -> u64;

    /// `delete(m, k)`.
    fn delete(self, m: &mut Self::Map, k: Self::Key);
}

/// An iterator over keys for a `for` loop around calls, which then has two words of it to keep, and registers left for the rest:
/// a loop that has anything of it in memory takes up to half a nanosecond longer.
#[inline(always)]
pub(super) fn in_turn<K: Copy>(keys: &[K]) -> impl Iterator<Item = K> {
    let Range { start: mut next, end } = keys.as_ptr_range();
    // Nobody knows how far that is, so there is no number of the key to keep.
    let end = black_box(end);
    std::iter::from_fn(move || {
        if next == end {
            return None;
        }
        // SAFETY: not yet at the end of the slice.
        unsafe {
            let key = next.read();
            next = next.add(1);
            Some(key)
        }
    })
}

/// A [`Runner`] for a map of this process.
pub struct InProcess<S: Subject, F: FnMut() -> S> {
    name: String,
    /// Makes a new world: what a case used is gone with the old one.
    new: F,
    state: Option<State<S>>,
}

struct State<S: Subject> {
    subject: S,
    case: Case,
    /// The map of workloads that keep one.
    map: Option<S::Map>,
    /// Keys to use, or to build from.
    keys: Vec<S::Key>,
    /// What all keys lie in, those of the map too.
    pools: Vec<<S::Key as Key>::Pool>,
    /// Keys of churn: this many have been deleted.
    gone: usize,
}

impl<S: Subject, F: FnMut() -> S> InProcess<S, F> {
    /// A runner of this name on maps that `new` makes.
    pub fn new(name: impl Into<String>, new: F) -> Self {
        Self { name: name.into(), new, state: None }
    }
}

impl<S: Subject, F: FnMut() -> S> Runner for InProcess<S, F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&mut self, case: &Case) -> Result<u64, Error> {
        let numbered = |numbers: &mut dyn Iterator<Item = u64>| S::Key::numbered(numbers);
        let (keys, pool) = match (case.workload, case.order) {
            (Workload::AssignHit | Workload::ReadHit | Workload::ReadDep, Order::Random) => {
                numbered(&mut keys::hits(case.n, case.ops))
            }
            (Workload::AssignHit | Workload::ReadHit | Workload::ReadDep, Order::Hot) => {
                numbered(&mut keys::hot(case.n, case.ops))
            }
            (Workload::ReadMiss, Order::Random) => numbered(&mut keys::misses(case.ops)),
            (Workload::ReadMiss, Order::Hot) => {
                numbered(&mut keys::misses(1).flat_map(|i| std::iter::repeat_n(i, case.ops)))
            }
            (Workload::Build | Workload::BuildHint, _) => numbered(&mut keys::first(case.n)),
            (Workload::Iterate | Workload::IterateGrowing | Workload::Churn, _) => numbered(&mut std::iter::empty()),
        };
        let print = keys::print(&keys);
        let (subject, pools) = ((self.new)(), vec![pool]);
        self.state = Some(State { subject, case: *case, map: None, keys, pools, gone: 0 });
        Ok(print)
    }

    fn sample(&mut self) -> Result<f64, Error> {
        Ok(self.state.as_mut().expect("a case has been prepared").sample())
    }

    fn finish(&mut self) -> Result<(), Error> {
        if let Some(State { subject, map: Some(map), .. }) = self.state.take() {
            subject.free(map);
        }
        Ok(())
    }
}

impl<S: Subject> State<S> {
    fn filled(&mut self, n: usize) -> S::Map {
        let mut m = self.subject.make(0);
        let (keys, pool) = S::Key::numbered(keys::first(n));
        self.subject.assign_all(&mut m, &keys, VALUE);
        self.pools.push(pool);
        m
    }

    fn sample(&mut self) -> f64 {
        let case = self.case;
        if case.workload.builds() {
            return self.build();
        }
        if case.n <= REBUILT
            && case.workload != Workload::Churn
            && let Some(old) = self.map.take()
        {
            self.subject.free(old);
            self.pools.truncate(1);
        }
        let mut m = match self.map.take() {
            Some(m) => m,
            None => self.filled(case.entries()),
        };
        let ns = match case.workload {
            Workload::Iterate | Workload::IterateGrowing => self.iterate(&m),
            Workload::Churn => self.churn(&mut m),
            _ => {
                // What other runners have put into the caches goes.
                self.pass(&mut m, case.ops / 4);
                self.pass(&mut m, case.ops)
            }
        };
        self.map = Some(m);
        ns
    }

    /// The first `ops` keys: nanoseconds per key.
    fn pass(&self, m: &mut S::Map, ops: usize) -> f64 {
        let (s, keys) = (&self.subject, &self.keys[..ops]);
        let start = Instant::now();
        match self.case.workload {
            Workload::AssignHit => s.assign_all(m, keys, VALUE),
            Workload::ReadDep => {
                let (site, mut i) = (s.site(), 0);
                while let Some(&k) = keys.get(i) {
                    // The value is 7, so this is one more: but only a processor that has read it knows.
                    i += (site.get(m, k) as usize).wrapping_sub(VALUE as usize - 1);
                }
                black_box(i);
            }
            Workload::ReadMiss if self.case.order == Order::Hot => {
                let (site, mut misses) = (s.site(), 0);
                for k in in_turn(keys) {
                    misses += usize::from(site.get(m, k) == 0);
                }
                black_box(misses);
            }
            _ => {
                black_box(s.get_all(m, keys));
            }
        }
        per(start, ops)
    }

    fn build(&mut self) -> f64 {
        let (s, case) = (&self.subject, self.case);
        let hint = if case.workload == Workload::BuildHint { case.n } else { 0 };
        let repeats = case.repeats();
        if case.n > DROPPED {
            let one = || {
                let start = Instant::now();
                let mut m = s.make(hint);
                s.assign_all(&mut m, &self.keys, VALUE);
                let time = start.elapsed();
                s.free(m);
                time
            };
            if case.warms_up() {
                one();
            }
            let time: Duration = (0..repeats).map(|_| one()).sum();
            return time.as_nanos() as f64 / (case.n * repeats) as f64;
        }
        let start = Instant::now();
        for _ in 0..repeats {
            let mut m = s.make(hint);
            s.assign_all(&mut m, &self.keys, VALUE);
            s.free(m);
        }
        per(start, case.n * repeats)
    }

    fn iterate(&self, m: &S::Map) -> f64 {
        let repeats = self.case.repeats();
        if self.case.warms_up() {
            black_box(self.subject.iterate(m));
        }
        let start = Instant::now();
        for _ in 0..repeats {
            black_box(self.subject.iterate(m));
        }
        per(start, self.case.entries() * repeats)
    }

    fn churn(&mut self, m: &mut S::Map) -> f64 {
        let (s, n, pairs) = (&self.subject, self.case.n, self.case.pairs());
        let range = |from: usize| S::Key::numbered((from..from + pairs).map(|i| i as u64));
        let ((old, _pool), (new, pool)) = (range(self.gone), range(self.gone + n));
        self.pools.push(pool);
        self.gone += pairs;
        let mut some = |range: Range<usize>| {
            let start = Instant::now();
            let site = s.site();
            for (old, new) in in_turn(&old[range.clone()]).zip(in_turn(&new[range.clone()])) {
                site.delete(m, old);
                site.assign(m, new, VALUE);
            }
            per(start, range.len())
        };
        some(0..pairs / 5);
        some(pairs / 5..pairs)
    }
}

fn per(start: Instant, ops: usize) -> f64 {
    start.elapsed().as_nanos() as f64 / ops as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::collections::BTreeMap;
    use std::rc::Rc;

    /// A map that counts what is done to it.
    #[derive(Clone, Default)]
    struct Counting(Rc<RefCell<BTreeMap<&'static str, usize>>>);

    impl Counting {
        fn note(&self, what: &'static str) {
            *self.0.borrow_mut().entry(what).or_default() += 1;
        }
    }

    impl Subject for Counting {
        type Key = u64;
        type Map = BTreeMap<u64, u64>;
        type Site<'s> = &'s Self;

        fn site(&self) -> &Self {
            self
        }

        fn make(&self, hint: usize) -> Self::Map {
            self.note(if hint == 0 { "make" } else { "make with a hint" });
            BTreeMap::new()
        }

        fn iterate(&self, m: &Self::Map) -> (u64, u64) {
            self.note("iterate");
            (m.len() as u64, 0)
        }

        fn free(&self, _: Self::Map) {
            self.note("free");
        }
    }

    impl Site for &Counting {
        type Key = u64;
        type Map = BTreeMap<u64, u64>;

        fn assign(self, m: &mut Self::Map, k: u64, v: u64) {
            self.note(if m.insert(k, v).is_some() { "assign hit" } else { "assign new" });
        }

        fn get(self, m: &Self::Map, k: u64) -> u64 {
            let v = m.get(&k).copied().unwrap_or(0);
            self.note(if v == 0 { "get miss" } else { "get hit" });
            v
        }

        fn delete(self, m: &mut Self::Map, k: u64) {
            self.note(if m.remove(&k).is_some() { "delete hit" } else { "delete miss" });
        }
    }

    #[test]
    fn workloads_do_what_they_are_called() {
        for (workload, order, want) in [
            (Workload::AssignHit, Order::Random, "assign hit 250, assign new 20, free 2, make 2"),
            (Workload::ReadHit, Order::Hot, "assign new 20, free 2, get hit 250, make 2"),
            (Workload::ReadDep, Order::Random, "assign new 20, free 2, get hit 250, make 2"),
            (Workload::ReadMiss, Order::Random, "assign new 20, free 2, get miss 250, make 2"),
            (Workload::ReadMiss, Order::Hot, "assign new 20, free 2, get miss 250, make 2"),
            (Workload::Build, Order::Random, "assign new 200, free 20, make 20"),
            (Workload::BuildHint, Order::Random, "assign new 200, free 20, make with a hint 20"),
            (Workload::Churn, Order::Random, "assign new 110, delete hit 100, free 1, make 1"),
            (Workload::Iterate, Order::Random, "assign new 20, free 2, iterate 22, make 2"),
            (Workload::IterateGrowing, Order::Random, "assign new 28, free 2, iterate 16, make 2"),
        ] {
            let counts = Counting::default();
            let mut runner = InProcess::new("counting", || counts.clone());
            let case = Case { workload, order, key: u64::TYPE, n: 10, ops: 100 };
            let _ = runner.prepare(&case).unwrap();
            for _ in 0..2 {
                assert!(runner.sample().unwrap() > 0.0);
            }
            runner.finish().unwrap();
            let got: Vec<_> = counts.0.borrow().iter().map(|(k, v)| format!("{k} {v}")).collect();
            assert_eq!(got.join(", "), want, "{case}");
        }
    }
}
