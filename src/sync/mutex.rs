//! [`MutexMap`]: a Go map with a `sync.Mutex` around every operation.

use super::locked::{concurrent_map, never_nil};
use crate::gomap::{AsKey, Elem, GoMap, Key};
use crate::runtime::Runtime;
use parking_lot::{Mutex, MutexGuard};
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// `struct { mu sync.Mutex; m map[K]V }`.
///
/// Its operations are those of [`ConcurrentMap`](super::ConcurrentMap); [`lock`](Self::lock) holds the lock over several.
///
/// ```
/// use gohmap::runtime::{Runtime, RuntimeConfig};
/// use gohmap::sync::{ConcurrentMap, MutexMap};
///
/// let m = MutexMap::<String, u64>::new(&Runtime::new(RuntimeConfig::default()));
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| m.update("hits", |n| n + 1));
///     }
/// });
/// assert_eq!(m.snapshot(), [("hits".to_owned(), 4)]);
/// ```
pub struct MutexMap<K: Key, V: Elem> {
    map: Mutex<Sent<K, V>>,
}

/// A map whose keys and elements go from thread to thread.
type Sent<K, V> = (GoMap<K, V>, PhantomData<(K, V)>);

/// The map, while it is locked.
pub struct MutexMapGuard<'a, K: Key, V: Elem>(MutexGuard<'a, Sent<K, V>>);

impl<K: Key, V: Elem> MutexMap<K, V> {
    /// An empty map, ready for its first write by any thread.
    ///
    /// # Panics
    /// When there is no memory: Go's `fatal error: out of memory`.
    #[must_use]
    pub fn new(rt: &Arc<Runtime>) -> Self {
        Self::with_hint(rt, 0)
    }

    /// The same, made with a hint: `make(map[K]V, hint)`.
    ///
    /// # Panics
    /// As [`new`](Self::new).
    #[must_use]
    pub fn with_hint(rt: &Arc<Runtime>, hint: i64) -> Self {
        GoMap::make(rt, hint).into()
    }

    /// Locks the map, for several operations that nobody is to come between. Any other operation of this thread on the map
    /// waits for ever meanwhile.
    #[must_use]
    pub fn lock(&self) -> MutexMapGuard<'_, K, V> {
        MutexMapGuard(self.map.lock())
    }

    /// `m[k] op= …`: `f` gets the element of a key, zero for a new one, and gives the next. The lock is held in `f`, which must not
    /// use the map.
    #[inline]
    pub fn update(&self, key: impl AsKey<K>, f: impl FnOnce(V) -> V) {
        self.map.lock().0.update(key, f);
    }

    /// `len(m)`.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.lock().len()
    }

    /// `len(m) == 0`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The map itself, unlocked.
    #[must_use]
    pub fn into_inner(self) -> GoMap<K, V> {
        self.map.into_inner().0
    }
}

/// Puts a map behind a lock. A nil one is replaced by an empty one: its first write would panic, and nobody could mend that.
impl<K: Key, V: Elem> From<GoMap<K, V>> for MutexMap<K, V> {
    fn from(map: GoMap<K, V>) -> Self {
        Self { map: Mutex::new((never_nil(map), PhantomData)) }
    }
}

concurrent_map!(MutexMap: Send);

impl<K: Key, V: Elem> MutexMap<K, V> {
    #[inline]
    fn reading<R>(&self, f: impl FnOnce(&GoMap<K, V>) -> R) -> R {
        f(&self.map.lock().0)
    }

    #[inline]
    fn writing<R>(&self, f: impl FnOnce(&GoMap<K, V>) -> R) -> R {
        f(&self.map.lock().0)
    }
}

impl<K: Key, V: Elem> Deref for MutexMapGuard<'_, K, V> {
    type Target = GoMap<K, V>;

    fn deref(&self) -> &GoMap<K, V> {
        &self.0.0
    }
}

impl<K: Key, V: Elem> fmt::Debug for MutexMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MutexMap(len {})", self.len())
    }
}

impl<K: Key, V: Elem> fmt::Debug for MutexMapGuard<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MutexMapGuard(len {})", self.len())
    }
}
