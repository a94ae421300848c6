//! [`SyncMap`]: Go's `sync.Map`.

use super::ConcurrentMap;
use super::core::Core;
pub use super::core::Layers;
use super::threads::System;
use crate::gomap::{Any, equal};
use crate::runtime::Runtime;
use std::fmt;
use std::sync::Arc;

/// Go's `sync.Map`, as it was up to Go 1.23 (and is in 1.24 and 1.25 built with `GOEXPERIMENT=nosynchashtriemap`): two
/// emulated maps, `map[any]*entry`, one of which is read without a lock.
///
/// Keys and values are interface values, as in Go; what is returned is a copy. Operations that Go's type got later are refused
/// in a runtime of a version before.
///
/// ```
/// use gohmap::gomap::Any;
/// use gohmap::runtime::{Runtime, RuntimeConfig};
/// use gohmap::sync::SyncMap;
///
/// let m = SyncMap::new(&Runtime::new(RuntimeConfig::default()));
/// m.store("a", 1_isize);
/// assert_eq!(m.load("a"), Some(Any::Int(1)));
/// assert_eq!(m.load_or_store("a", 2_isize), (Any::Int(1), true));
/// // The key is in the dirty map only. One lookup there was as many as the map has keys: it was promoted.
/// assert_eq!((m.layers().read, m.layers().dirty), (1, None));
/// ```
pub struct SyncMap {
    core: Core<System>,
}

impl SyncMap {
    /// An empty map, ready for its first write by any thread.
    #[must_use]
    pub fn new(rt: &Arc<Runtime>) -> Self {
        Self { core: Core::new(rt) }
    }

    /// `Load`: the value of a key.
    ///
    /// # Panics
    /// With `hash of unhashable type …` for a key that cannot be compared; so do all that take a key.
    #[must_use]
    pub fn load(&self, key: impl Into<Any>) -> Option<Any> {
        self.core.load(&key.into())
    }

    /// `Store`: sets the value of a key.
    ///
    /// # Panics
    /// As [`load`](Self::load).
    pub fn store(&self, key: impl Into<Any>, value: impl Into<Any>) {
        self.core.swap(&key.into(), value.into());
    }

    /// `LoadOrStore`: the value of a key and `true`; if there is none, `value` becomes it, and the answer is that and `false`.
    ///
    /// # Panics
    /// As [`load`](Self::load).
    pub fn load_or_store(&self, key: impl Into<Any>, value: impl Into<Any>) -> (Any, bool) {
        self.core.load_or_store(&key.into(), value.into())
    }

    /// `LoadAndDelete`: deletes a key; what its value was.
    ///
    /// # Panics
    /// As [`load`](Self::load).
    pub fn load_and_delete(&self, key: impl Into<Any>) -> Option<Any> {
        self.core.load_and_delete(&key.into())
    }

    /// `Delete`: deletes a key.
    ///
    /// # Panics
    /// As [`load`](Self::load).
    pub fn delete(&self, key: impl Into<Any>) {
        self.core.load_and_delete(&key.into());
    }

    /// `Swap`: sets the value of a key; what it was before.
    ///
    /// # Panics
    /// Before Go 1.20, which has no such operation; as [`load`](Self::load).
    pub fn swap(&self, key: impl Into<Any>, value: impl Into<Any>) -> Option<Any> {
        ConcurrentMap::swap(self, &key.into(), value.into())
    }

    /// `CompareAndSwap`: sets the value of a key if it is `old`; whether it was.
    ///
    /// # Panics
    /// With `comparing uncomparable type …` when both are slices, say; before Go 1.20, which has no such operation; as
    /// [`load`](Self::load).
    pub fn compare_and_swap(&self, key: impl Into<Any>, old: impl Into<Any>, new: impl Into<Any>) -> bool {
        ConcurrentMap::compare_and_swap(self, &key.into(), &old.into(), new.into())
    }

    /// `CompareAndDelete`: deletes a key if its value is `old`; whether it was.
    ///
    /// # Panics
    /// As [`compare_and_swap`](Self::compare_and_swap).
    pub fn compare_and_delete(&self, key: impl Into<Any>, old: impl Into<Any>) -> bool {
        ConcurrentMap::compare_and_delete(self, &key.into(), &old.into())
    }

    /// `Range`: calls `f` for every key that is there all the time, and perhaps for some of those that come or go meanwhile,
    /// until it says `false`. No key comes twice; a value is one that the key had meanwhile. `f` may use the map.
    pub fn range(&self, mut f: impl FnMut(Any, Any) -> bool) {
        self.core.range(&mut f);
    }

    /// `Clear`: deletes all keys.
    ///
    /// # Panics
    /// Before Go 1.23, which has no such operation.
    pub fn clear(&self) {
        ConcurrentMap::clear(self);
    }

    /// The entries that [`range`](Self::range) finds. There is no moment that it is a picture of, for no lock is held.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(Any, Any)> {
        let mut all = Vec::new();
        self.range(|k, v| {
            all.push((k, v));
            true
        });
        all
    }

    /// How many keys are where: what Go's type does not tell.
    #[must_use]
    pub fn layers(&self) -> Layers {
        self.core.layers()
    }

    fn has(&self, operation: &str, has: bool) {
        let go = self.core.rt.rules().version;
        assert!(has, "the sync.Map of Go {go} has no {operation}");
    }
}

impl ConcurrentMap<Any, Any> for SyncMap {
    fn load(&self, key: &Any) -> Option<Any> {
        self.core.load(key)
    }

    fn store(&self, key: &Any, value: Any) {
        self.core.swap(key, value);
    }

    fn load_or_store(&self, key: &Any, value: Any) -> (Any, bool) {
        self.core.load_or_store(key, value)
    }

    fn load_and_delete(&self, key: &Any) -> Option<Any> {
        self.core.load_and_delete(key)
    }

    fn swap(&self, key: &Any, value: Any) -> Option<Any> {
        self.has("Swap", self.core.rt.rules().sync_map_swaps);
        self.core.swap(key, value)
    }

    fn compare_and_swap(&self, key: &Any, old: &Any, new: Any) -> bool {
        self.has("CompareAndSwap", self.core.rt.rules().sync_map_swaps);
        self.core.compare_and_swap(key, |v| equal(&self.core.rt, v, old), new)
    }

    fn compare_and_delete(&self, key: &Any, old: &Any) -> bool {
        self.has("CompareAndDelete", self.core.rt.rules().sync_map_swaps);
        self.core.compare_and_delete(key, |v| equal(&self.core.rt, v, old))
    }

    fn range(&self, f: &mut dyn FnMut(Any, Any) -> bool) {
        self.core.range(f);
    }

    fn clear(&self) {
        self.has("Clear", self.core.rt.rules().sync_map_clears);
        self.core.clear();
    }

    fn snapshot(&self) -> Vec<(Any, Any)> {
        Self::snapshot(self)
    }
}

impl fmt::Debug for SyncMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SyncMap").field(&self.layers()).finish()
    }
}
