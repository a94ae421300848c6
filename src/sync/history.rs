//! What several threads did to a [`ConcurrentMap`], and whether a map that does one thing after the other could have answered
//! the same: whether it was *linearizable* (Herlihy and Wing 1990).
//!
//! The check is Wing and Gong's search, with Lowe's memory of what has been tried. A history is linearizable when the part of
//! each of its objects is, and each key is an object of its own: so one checks key by key.

use super::ConcurrentMap;
use crate::gomap::Key;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// An operation on one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Op<V> {
    /// [`ConcurrentMap::load`].
    Load,
    /// [`ConcurrentMap::store`].
    Store(V),
    /// [`ConcurrentMap::load_or_store`].
    LoadOrStore(V),
    /// [`ConcurrentMap::load_and_delete`].
    LoadAndDelete,
    /// [`ConcurrentMap::delete`].
    Delete,
    /// [`ConcurrentMap::swap`].
    Swap(V),
    /// [`ConcurrentMap::compare_and_swap`]: old and new value.
    CompareAndSwap(V, V),
    /// [`ConcurrentMap::compare_and_delete`].
    CompareAndDelete(V),
}

/// What an operation answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<V> {
    /// Nothing, as always.
    Done,
    /// The value that is or was there.
    Value(Option<V>),
    /// A value, and whether it was there before.
    Loaded(V, bool),
    /// Whether it did something.
    Did(bool),
}

/// An operation that has returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<V> {
    /// What was asked for.
    pub op: Op<V>,
    /// What was answered.
    pub answer: Answer<V>,
    /// When it began, on the [`Clock`].
    pub from: u64,
    /// When it had returned.
    pub to: u64,
}

/// Counts the beginnings and ends of operations: all threads of a history look at the same one.
#[derive(Debug, Default)]
pub struct Clock(AtomicU64);

impl Clock {
    fn tick(&self) -> u64 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    /// Does something between two ticks.
    pub fn time<R>(&self, f: impl FnOnce() -> R) -> (R, u64, u64) {
        let from = self.tick();
        let r = f();
        (r, from, self.tick())
    }

    /// Runs an operation on a map and notes it down.
    pub fn record<K: Key, V: Key>(&self, m: &dyn ConcurrentMap<K, V>, key: &K, op: Op<V>) -> Event<V> {
        let (answer, from, to) = self.time(|| op.call(m, key));
        Event { op, answer, from, to }
    }
}

impl<V: Key> Op<V> {
    /// Runs it on a map.
    pub fn call<K: Key>(&self, m: &dyn ConcurrentMap<K, V>, key: &K) -> Answer<V> {
        match self.clone() {
            Self::Load => Answer::Value(m.load(key)),
            Self::Store(v) => {
                m.store(key, v);
                Answer::Done
            }
            Self::LoadOrStore(v) => {
                let (v, loaded) = m.load_or_store(key, v);
                Answer::Loaded(v, loaded)
            }
            Self::LoadAndDelete => Answer::Value(m.load_and_delete(key)),
            Self::Delete => {
                m.delete(key);
                Answer::Done
            }
            Self::Swap(v) => Answer::Value(m.swap(key, v)),
            Self::CompareAndSwap(old, new) => Answer::Did(m.compare_and_swap(key, &old, new)),
            Self::CompareAndDelete(old) => Answer::Did(m.compare_and_delete(key, &old)),
        }
    }
}

impl<V: Clone + PartialEq> Op<V> {
    /// What it answers, and leaves, where a key has this value.
    #[must_use]
    pub fn on(&self, value: &Option<V>) -> (Answer<V>, Option<V>) {
        let now = value.clone();
        match self.clone() {
            Self::Load => (Answer::Value(now.clone()), now),
            Self::Store(v) => (Answer::Done, Some(v)),
            Self::LoadOrStore(v) => match now {
                Some(there) => (Answer::Loaded(there.clone(), true), Some(there)),
                None => (Answer::Loaded(v.clone(), false), Some(v)),
            },
            Self::LoadAndDelete => (Answer::Value(now), None),
            Self::Delete => (Answer::Done, None),
            Self::Swap(v) => (Answer::Value(now), Some(v)),
            Self::CompareAndSwap(old, new) => {
                let did = now.as_ref() == Some(&old);
                (Answer::Did(did), if did { Some(new) } else { now })
            }
            Self::CompareAndDelete(old) => {
                let did = now.as_ref() == Some(&old);
                (Answer::Did(did), if did { None } else { now })
            }
        }
    }
}

/// Whether these operations on one key, which `before` was the value of, can be put into an order in which each gives the answer
/// it gave, and none comes before one that had returned when it began.
#[must_use]
pub fn linearizable<V: Clone + PartialEq>(events: &[Event<V>], before: &Option<V>) -> bool {
    let mut order: Vec<&Event<V>> = events.iter().collect();
    order.sort_by_key(|e| e.from);
    let mut search = Search { done: vec![0; order.len().div_ceil(64)], order, tried: HashMap::new() };
    search.rest(0, before)
}

/// The search, and what it has found to lead nowhere.
struct Search<'a, V> {
    /// By their beginnings.
    order: Vec<&'a Event<V>>,
    /// A bit for each that has its place.
    done: Vec<u64>,
    /// With which values the rest had no order, by what was done.
    tried: HashMap<Vec<u64>, Vec<Option<V>>>,
}

impl<V: Clone + PartialEq> Search<'_, V> {
    fn is_done(&self, i: usize) -> bool {
        self.done[i / 64] >> (i % 64) & 1 == 1
    }

    /// Whether what is not done has an order. Everything before `first` is done.
    fn rest(&mut self, mut first: usize, value: &Option<V>) -> bool {
        while first < self.order.len() && self.is_done(first) {
            first += 1;
        }
        if first == self.order.len() {
            return true;
        }
        if self.tried.get(&self.done).is_some_and(|values| values.contains(value)) {
            return false;
        }
        // What begins after another one has returned cannot be next.
        let mut bound = u64::MAX;
        for i in first..self.order.len() {
            let e = self.order[i];
            if e.from > bound {
                break;
            }
            if self.is_done(i) {
                continue;
            }
            bound = bound.min(e.to);
            let (answer, after) = e.op.on(value);
            if answer != e.answer {
                continue;
            }
            self.done[i / 64] |= 1 << (i % 64);
            if self.rest(first, &after) {
                return true;
            }
            self.done[i / 64] &= !(1 << (i % 64));
        }
        self.tried.entry(self.done.clone()).or_default().push(value.clone());
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(op: Op<u64>, answer: Answer<u64>, from: u64, to: u64) -> Event<u64> {
        Event { op, answer, from, to }
    }

    #[test]
    fn one_after_the_other() {
        let history = |seen| {
            [
                event(Op::Store(1), Answer::Done, 0, 1),
                event(Op::Store(2), Answer::Done, 2, 3),
                event(Op::Load, Answer::Value(seen), 4, 5),
            ]
        };
        assert!(linearizable(&history(Some(2)), &None));
        // Stale, or lost.
        assert!(!linearizable(&history(Some(1)), &None));
        assert!(!linearizable(&history(None), &None));
        assert!(linearizable::<u64>(&[], &None));
    }

    #[test]
    fn at_the_same_time_either_may_be_first() {
        let swap = |new, old, from, to| event(Op::Swap(new), Answer::Value(old), from, to);
        assert!(linearizable(&[swap(1, Some(2), 0, 3), swap(2, None, 1, 2)], &None));
        assert!(linearizable(&[swap(1, None, 0, 3), swap(2, Some(1), 1, 2)], &None));
        // Both cannot have been first.
        assert!(!linearizable(&[swap(1, None, 0, 3), swap(2, None, 1, 2)], &None));
        // Nor can one that came later.
        assert!(!linearizable(&[swap(1, Some(2), 0, 1), swap(2, None, 2, 3)], &None));
        // Two threads that see two writes in different orders.
        let load = |v, from, to| event(Op::Load, Answer::Value(Some(v)), from, to);
        let write = |v| event(Op::Store(v), Answer::Done, 0, 9);
        let orders = [write(1), write(2), load(1, 1, 2), load(2, 3, 4), load(2, 1, 2), load(1, 3, 4)];
        assert!(!linearizable(&orders, &None));
        assert!(linearizable(&orders[..4], &None));
    }

    #[test]
    fn every_operation_has_its_answer() {
        let had = |op: Op<u64>| op.on(&Some(7));
        let had_not = |op: Op<u64>| op.on(&None);
        assert_eq!(had(Op::LoadOrStore(8)), (Answer::Loaded(7, true), Some(7)));
        assert_eq!(had_not(Op::LoadOrStore(8)), (Answer::Loaded(8, false), Some(8)));
        assert_eq!(had(Op::CompareAndSwap(7, 8)), (Answer::Did(true), Some(8)));
        assert_eq!(had(Op::CompareAndSwap(6, 8)), (Answer::Did(false), Some(7)));
        assert_eq!(had_not(Op::CompareAndDelete(7)), (Answer::Did(false), None));
        assert_eq!(had(Op::CompareAndDelete(7)), (Answer::Did(true), None));
        assert_eq!(had(Op::LoadAndDelete), (Answer::Value(Some(7)), None));
    }

    #[test]
    fn long_histories_are_searched_in_no_time() {
        // 16 writes at once, each of another value, 200 times over; then a load of any of them.
        let mut events = Vec::new();
        for round in 0..200 {
            let from = round * 40;
            events.extend((0..16).map(|i| event(Op::Store(i), Answer::Done, from + i, from + 20 + i)));
            events.push(event(Op::Load, Answer::Value(Some(round % 16)), from + 38, from + 39));
        }
        assert!(linearizable(&events, &None));
        events.push(event(Op::Load, Answer::Value(Some(99)), 1 << 20, 1 << 21));
        assert!(!linearizable(&events[events.len() - 18..], &Some(0)));
    }
}
