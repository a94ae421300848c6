//! The operations of a shared map by the portable functions, each step told to a probe; and the addresses that the program's
//! own loads and stores go to afterwards.

use super::elem::Elem;
use super::key::{AsKey, Key};
use super::range::Range;
use super::values::{Limbo, Values};
use super::{GoMap, SharedMap};
use crate::probe::Probe;
use crate::runtime::Runtime;

impl<K: Key, V: Elem> GoMap<K, V> {
    /// A map whose only handle this is, for users that take turns.
    pub(crate) fn into_shared(self) -> SharedMap<K, V> {
        SharedMap(self.raw.share())
    }
}

impl<K: Key, V: Elem> SharedMap<K, V> {
    /// `m[k] = v`; `store` is told the address of the element before `v` is written there.
    pub(crate) fn insert_watched<P: Probe>(&self, k: impl AsKey<K>, v: &V, p: &P, store: impl FnOnce(usize)) {
        let elem = self.0.assign_watched(k, p);
        store(elem);
        self.0.store(elem, v);
    }

    /// `m[k]`; `load` is told the address of the element before it is read, unless there is no such key.
    pub(crate) fn get_watched<P: Probe>(&self, k: impl AsKey<K>, p: &P, load: impl FnOnce(usize)) -> V {
        self.0.get_watched(k, p, load)
    }

    /// `v, ok := m[k]`, as [`get_watched`](Self::get_watched).
    pub(crate) fn get2_watched<P: Probe>(&self, k: impl AsKey<K>, p: &P, load: impl FnOnce(usize)) -> (V, bool) {
        self.0.get2_watched(k, p, load)
    }

    /// `delete(m, k)`.
    pub(crate) fn delete_watched<P: Probe>(&self, k: impl AsKey<K>, p: &P) {
        self.0.delete_watched(k, p);
    }

    /// `clear(m)`.
    pub(crate) fn clear_watched<P: Probe>(&self, p: &P) {
        self.0.clear_watched(p);
    }

    /// `maps.Clone(m)`, which nobody else has a handle to.
    pub(crate) fn clone_watched<P: Probe>(&self, p: &P) -> Self {
        Self(self.0.clone_watched(p))
    }

    /// `for k, v := range m`.
    pub(crate) fn range_watched<P: Probe>(&self, p: &P) -> Range<'_, K, V> {
        Range::watched(&self.0.owned, p)
    }
}

/// Reads a value that leads to no further memory.
///
/// # Safety
/// As [`Elem::get`].
pub(crate) unsafe fn load<V: Elem>(rt: &Runtime, at: usize) -> V {
    const { assert!(!V::OWNS) };
    // SAFETY: the caller's promise.
    unsafe { V::get(at, &Values::keep(rt, &Limbo::default(), 0)) }
}

/// Writes a value that leads to no further memory.
///
/// # Safety
/// As [`Elem::put`].
pub(crate) unsafe fn store<V: Elem>(rt: &Runtime, at: usize, v: &V) {
    const { assert!(!V::OWNS) };
    // SAFETY: the caller's promise.
    unsafe { v.put(at, &Values::keep(rt, &Limbo::default(), 0)) }
}
