//! Range loops under way, held against the Go specification: what is in the map all the time is yielded once, what has left it
//! before it was reached is not.

use super::model::Model;
use super::values::{Value, Values, bytes_at};
use gohmap::layout::{Hiter, NO_CHECK, mem};
use gohmap::types::MapType;
use std::collections::{HashMap, HashSet};

/// Entries whose keys equal nothing: how many there are with these bytes.
type Nans = HashMap<(Box<[u8]>, Box<[u8]>), usize>;

/// A range loop.
pub(crate) struct Loop {
    pub(crate) it: Box<Hiter>,
    /// The number of the map that it goes over.
    pub(crate) map: usize,
    /// Identities of keys, so far.
    seen: HashSet<Box<[u8]>>,
    /// Keys that have been in the map since it began: each must be seen once.
    constant: HashSet<Box<[u8]>>,
    /// Keys that have left the map since it began: they may come again.
    left: HashSet<Box<[u8]>>,
    seen_nans: Nans,
    constant_nans: Nans,
    /// Those that the loop may come to.
    ever_nans: Nans,
    /// It may come to an entry twice.
    repeats: bool,
}

fn count(nans: &mut Nans, key: &Value, elem: &[u8]) -> usize {
    let n = nans.entry((key.raw.clone(), elem.into())).or_default();
    *n += 1;
    *n
}

impl Loop {
    pub(crate) fn new(it: Box<Hiter>, map: usize, model: &Model) -> Self {
        let mut nans = Nans::new();
        for (key, elem) in model.nans() {
            count(&mut nans, key, elem);
        }
        Self {
            it,
            map,
            seen: HashSet::new(),
            constant: model.keys().map(|k| k.identity.clone()).collect(),
            left: HashSet::new(),
            seen_nans: Nans::new(),
            constant_nans: nans.clone(),
            ever_nans: nans,
            repeats: false,
        }
    }

    pub(crate) fn ended(&self) -> bool {
        self.it.key == 0
    }

    /// The map grows to the same size, `from_now` on or since before. That is where real Go breaks its word, and the emulated map
    /// with it, to a loop that stands in an old bucket. Whether it must sort out the other half of a growth that doubles,
    /// it decides by the growth that is under way now, not by the one that the old bucket is of:
    /// - the doubling is over, another growth to the same size has begun: it yields both halves, then one of them again;
    /// - the growth to the same size is over: it leaves out NaNs, by a bit that says nothing then.
    pub(crate) fn grows_in_place(&mut self, from_now: bool) {
        self.constant_nans.clear();
        self.repeats |= from_now && self.it.check_bucket != NO_CHECK;
    }

    /// An entry came whose key equals nothing.
    pub(crate) fn nan_came(&mut self, key: &Value, elem: &[u8]) {
        count(&mut self.ever_nans, key, elem);
    }

    /// A key has left the map.
    pub(crate) fn key_left(&mut self, key: &Value) {
        self.constant.remove(&key.identity);
        self.left.insert(key.identity.clone());
    }

    /// The map was cleared. In versions that count clears (`counted`) the loop then finds no more NaNs.
    pub(crate) fn cleared(&mut self, model: &Model, counted: bool) {
        model.keys().for_each(|k| self.key_left(k));
        self.constant_nans.clear();
        if counted {
            self.ever_nans = self.seen_nans.clone();
        }
    }

    /// Holds what the loop has come to against the specification.
    pub(crate) fn visit(&mut self, t: &MapType, values: &Values, model: &Model) {
        if self.ended() {
            let missed = self.constant.difference(&self.seen).count();
            assert_eq!(missed, 0, "the loop missed keys of {:?}", self.constant);
            for (nan, n) in &self.constant_nans {
                let seen = self.seen_nans.get(nan).copied().unwrap_or(0);
                assert!(seen >= *n, "the loop came to {nan:x?} {seen} times, not {n}");
            }
            return;
        }
        // SAFETY: the iterator is at an entry.
        let (raw, elem) =
            unsafe { (bytes_at(self.it.key as usize, t.key_size), bytes_at(self.it.elem as usize, t.elem_size)) };
        let key = values.find(&raw).unwrap_or_else(|| panic!("the loop yielded a key that nobody made: {raw:x?}"));
        if key.reflexive {
            let (k, e) = model.get(&key).unwrap_or_else(|| panic!("the loop yielded {key:x?}, which is not there"));
            assert_eq!((&k.raw, e), (&raw, &*elem), "the loop yielded an entry as it is not");
            let again = !self.seen.insert(key.identity.clone());
            assert!(!again || self.repeats || self.left.contains(&key.identity), "the loop yielded {key:x?} twice");
        } else {
            let n = count(&mut self.seen_nans, &key, &elem);
            let most = self.ever_nans.get(&(raw, elem)).copied().unwrap_or(0);
            assert!(n <= most || self.repeats, "the loop yielded {key:x?} {n} times, there are {most}");
        }
    }

    /// Where it stands.
    pub(crate) fn bucket(&self) -> usize {
        self.it.bptr as usize
    }
}

/// Whether versions that clear by counting count clears here.
pub(crate) fn counts_clears(t: &MapType) -> bool {
    t.rt.rules().clear_seq_offset.is_some()
}

/// The spare buckets of a map's array.
///
/// # Safety
/// `h` is a map of type `t`.
pub(crate) unsafe fn spares(t: &MapType, h: usize) -> std::ops::Range<usize> {
    // SAFETY: the caller's promise.
    let (buckets, n) = unsafe { (mem::ld64(h + 16) as usize, 1_usize << mem::ld8(h + 9)) };
    let len = t.rt.heap.locate(buckets).map_or(0, |o| o.size);
    buckets + n * t.bucket.size..buckets + len
}
