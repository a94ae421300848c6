//! `for k, v := range m`.

use super::elem::Elem;
use super::key::Key;
use super::raw::Owned;
use super::values::Values;
use crate::fault::op;
use crate::layout::Hiter;
use crate::map::{amd64, iter};
use crate::probe::Probe;
use std::iter::FusedIterator;
use std::marker::PhantomData;

/// An iteration, as Go's `range` does it.
///
/// Keeps Go's promises about a map that changes meanwhile: entries deleted before they are reached do not come, new
/// ones may or may not.
pub struct Range<'m, K, V> {
    map: &'m Owned,
    it: Hiter,
    started: bool,
    types: PhantomData<fn(K) -> V>,
    /// Neither `Send` nor `Sync`: it reads the map, which others may change on the thread where it began only.
    one_thread: PhantomData<*const ()>,
}

impl<'m, K: Key, V: Elem> Range<'m, K, V> {
    /// `mapiterinit`, which also finds the first entry.
    #[inline(always)]
    pub(super) fn new(map: &'m Owned) -> Self {
        Self::watched(map, &())
    }

    /// [`new`](Self::new), watched.
    #[inline(always)]
    pub(super) fn watched<P: Probe>(map: &'m Owned, p: &P) -> Self {
        // What entries lead to is not given back while this lives, nor are tables.
        map.limbo.enter(&map.t.rt, map.h);
        let mut range = Self { map, it: Hiter::default(), started: false, types: PhantomData, one_thread: PhantomData };
        // SAFETY: `h` is 0 or the header of a map of type `t`, and lives for `'m`.
        op(|| unsafe { iter::mapiterinit(&map.t, map.h, &mut range.it, p) });
        range
    }

    /// Advances to the next entry by the portable function, watched; `false` after the last.
    pub(crate) fn advance<P: Probe>(&mut self, p: &P) -> bool {
        if self.started && self.it.key != 0 {
            // SAFETY: as in `next`.
            op(|| unsafe { iter::mapiternext(&self.map.t, &mut self.it, p) });
        }
        self.started = true;
        self.it.key != 0
    }

    /// The key of the entry that the iterator is at.
    #[inline(always)]
    pub(crate) fn key(&self) -> K {
        // SAFETY: as in `next`.
        unsafe { K::get(self.it.key as usize, &Values::keep(&self.map.t.rt, &self.map.limbo, self.map.h)) }
    }

    /// The element of the entry that the iterator is at.
    #[inline(always)]
    pub(crate) fn elem(&self) -> V {
        // SAFETY: as in `next`.
        unsafe { V::get(self.it.elem as usize, &Values::keep(&self.map.t.rt, &self.map.limbo, self.map.h)) }
    }

    /// The iterator's state.
    #[must_use]
    pub fn state(&self) -> &Hiter {
        &self.it
    }
}

impl<K: Key, V: Elem> Iterator for Range<'_, K, V> {
    type Item = (K, V);

    /// The next entry, `None` after the last.
    #[inline(always)]
    fn next(&mut self) -> Option<(K, V)> {
        if self.started {
            if self.it.key == 0 {
                return None;
            }
            // SAFETY: `it` was set up by `mapiterinit` for this type, and its map lives for `'m`.
            unsafe { (amd64::chosen().mapiternext)(&self.map.t, &mut self.it) };
        }
        self.started = true;
        if self.it.key == 0 {
            return None;
        }
        // The iterator points at an entry; if that was tampered with, the fault is the caller's.
        Some((self.key(), self.elem()))
    }
}

impl<K: Key, V: Elem> FusedIterator for Range<'_, K, V> {}

impl<K, V> Drop for Range<'_, K, V> {
    fn drop(&mut self) {
        self.map.limbo.leave(&self.map.t.rt, self.map.h);
    }
}
