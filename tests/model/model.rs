//! The simple map that histories are held against: Go's semantics and nothing else.

use super::values::{Value, digest};
use std::collections::HashMap;
use std::rc::Rc;

/// A key and the bytes of its element.
pub(crate) type Entry = (Rc<Value>, Box<[u8]>);

/// What a map must hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Model {
    /// By the identity of the key.
    entries: HashMap<Box<[u8]>, Entry>,
    /// Entries whose keys equal nothing, not even themselves.
    nans: Vec<Entry>,
    sum: u64,
}

impl Model {
    /// `m[key] = elem`; `overwrites` says whether a key that is there is replaced.
    pub(crate) fn set(&mut self, key: &Rc<Value>, elem: Box<[u8]>, overwrites: bool) {
        if !key.reflexive {
            self.sum = self.sum.wrapping_add(digest(&key.raw, &elem));
            self.nans.push((Rc::clone(key), elem));
            return;
        }
        let old = self.entries.remove(&key.identity);
        if let Some((k, e)) = &old {
            self.sum = self.sum.wrapping_sub(digest(&k.raw, e));
        }
        let stays = old.filter(|_| !overwrites).map(|(k, _)| k);
        let key = stays.unwrap_or_else(|| Rc::clone(key));
        self.sum = self.sum.wrapping_add(digest(&key.raw, &elem));
        self.entries.insert(key.identity.clone(), (key, elem));
    }

    /// The entry of a key.
    pub(crate) fn get(&self, key: &Value) -> Option<(&Rc<Value>, &[u8])> {
        self.entries.get(&key.identity).filter(|_| key.reflexive).map(|(k, e)| (k, &**e))
    }

    /// `delete(m, key)`; whether it was there.
    pub(crate) fn del(&mut self, key: &Value) -> bool {
        if !key.reflexive {
            return false;
        }
        match self.entries.remove(&key.identity) {
            Some((k, e)) => {
                self.sum = self.sum.wrapping_sub(digest(&k.raw, &e));
                true
            }
            None => false,
        }
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len() + self.nans.len()
    }

    /// The sum of the entries' digests.
    pub(crate) fn sum(&self) -> u64 {
        self.sum
    }

    /// Keys that equal themselves.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &Rc<Value>> {
        self.entries.values().map(|(k, _)| k)
    }

    /// Entries with other keys.
    pub(crate) fn nans(&self) -> &[Entry] {
        &self.nans
    }
}
