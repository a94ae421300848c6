//! [`RwMutexMap`]: a Go map with a `sync.RWMutex`, whose readers share the lock.

use super::locked::{concurrent_map, never_nil};
use crate::gomap::{AsKey, Elem, GoMap, Key, Range};
use crate::runtime::Runtime;
use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// `struct { mu sync.RWMutex; m map[K]V }`.
///
/// Its operations are those of [`ConcurrentMap`](super::ConcurrentMap); [`read`](Self::read) and [`write`](Self::write)
/// hold the lock over several. As with Go's lock, a writer that waits keeps new readers out.
///
/// ```
/// use gohmap::runtime::{Runtime, RuntimeConfig};
/// use gohmap::sync::{ConcurrentMap, RwMutexMap};
///
/// let m = RwMutexMap::<u64, u64>::new(&Runtime::new(RuntimeConfig::default()));
/// m.store(&7, 49);
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| assert_eq!(m.load(&7), Some(49)));
///     }
/// });
/// let reader = m.read();
/// assert_eq!((reader.len(), reader.range().collect::<Vec<_>>()), (1, vec![(7, 49)]));
/// ```
pub struct RwMutexMap<K: Key, V: Elem> {
    map: RwLock<Shared<K, V>>,
}

/// A map that several threads read, or one writes.
struct Shared<K: Key, V: Elem> {
    map: GoMap<K, V>,
    /// Keys and elements go from thread to thread.
    entries: PhantomData<(K, V)>,
}

// SAFETY: whoever has a `&Shared` that others may have too has it from the lock's reading side, and there only operations that
// change no entry are called: `reading` and `RwMutexMapReader` see to that. Go lets them run at once, iterations too,
// whose flags are set atomically (`mapiterinit`); they read emulated memory by single loads of the machine. What the
// writing side has is its alone.
unsafe impl<K: Key + Sync, V: Elem + Sync> Sync for Shared<K, V> {}

/// The map, while nobody writes.
pub struct RwMutexMapReader<'a, K: Key, V: Elem> {
    map: RwLockReadGuard<'a, Shared<K, V>>,
    /// Not `Sync`.
    one_thread: PhantomData<Cell<()>>,
}

/// The map, while nobody else has it.
pub struct RwMutexMapWriter<'a, K: Key, V: Elem> {
    map: RwLockWriteGuard<'a, Shared<K, V>>,
    /// Not `Sync`, as the map is not.
    one_thread: PhantomData<Cell<()>>,
}

impl<K: Key, V: Elem> RwMutexMap<K, V> {
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

    /// Locks the map for reading (`RLock`), over several operations. Writes wait meanwhile, also this thread's, which then wait
    /// for ever.
    #[must_use]
    pub fn read(&self) -> RwMutexMapReader<'_, K, V> {
        RwMutexMapReader { map: self.map.read(), one_thread: PhantomData }
    }

    /// Locks the map for writing (`Lock`), over several operations. All others wait meanwhile; this thread's for ever.
    #[must_use]
    pub fn write(&self) -> RwMutexMapWriter<'_, K, V> {
        RwMutexMapWriter { map: self.map.write(), one_thread: PhantomData }
    }

    /// `m[k] op= …`: `f` gets the element of a key, zero for a new one, and gives the next. The lock is held in `f`, which must not
    /// use the map.
    #[inline]
    pub fn update(&self, key: impl AsKey<K>, f: impl FnOnce(V) -> V) {
        self.map.write().map.update(key, f);
    }

    /// `len(m)`.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.read().len()
    }

    /// `len(m) == 0`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The map itself, unlocked.
    #[must_use]
    pub fn into_inner(self) -> GoMap<K, V> {
        self.map.into_inner().map
    }
}

/// Puts a map behind a lock. A nil one is replaced by an empty one: its first write would panic, and nobody could mend that.
impl<K: Key, V: Elem> From<GoMap<K, V>> for RwMutexMap<K, V> {
    fn from(map: GoMap<K, V>) -> Self {
        Self { map: RwLock::new(Shared { map: never_nil(map), entries: PhantomData }) }
    }
}

concurrent_map!(RwMutexMap: Send Sync);

impl<K: Key, V: Elem> RwMutexMap<K, V> {
    #[inline]
    fn reading<R>(&self, f: impl FnOnce(&GoMap<K, V>) -> R) -> R {
        f(&self.map.read().map)
    }

    #[inline]
    fn writing<R>(&self, f: impl FnOnce(&GoMap<K, V>) -> R) -> R {
        f(&self.map.write().map)
    }
}

impl<K: Key, V: Elem> RwMutexMapReader<'_, K, V> {
    /// `m[k]`: the zero value when there is no such key.
    #[must_use]
    pub fn get(&self, key: impl AsKey<K>) -> V {
        self.map.map.get(key)
    }

    /// `v, ok := m[k]`.
    #[must_use]
    pub fn get2(&self, key: impl AsKey<K>) -> (V, bool) {
        self.map.map.get2(key)
    }

    /// `len(m)`.
    #[must_use]
    pub fn len(&self) -> i64 {
        self.map.map.len()
    }

    /// `len(m) == 0`.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `for k, v := range m`.
    #[must_use]
    pub fn range(&self) -> Range<'_, K, V> {
        self.map.map.range()
    }

    /// `maps.Clone(m)`: a map of its own.
    #[must_use]
    pub fn clone_map(&self) -> GoMap<K, V> {
        self.map.map.clone_map()
    }
}

impl<K: Key, V: Elem> Deref for RwMutexMapWriter<'_, K, V> {
    type Target = GoMap<K, V>;

    fn deref(&self) -> &GoMap<K, V> {
        &self.map.map
    }
}

impl<K: Key, V: Elem> fmt::Debug for RwMutexMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RwMutexMap(len {})", self.len())
    }
}

impl<K: Key, V: Elem> fmt::Debug for RwMutexMapReader<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RwMutexMapReader(len {})", self.len())
    }
}

impl<K: Key, V: Elem> fmt::Debug for RwMutexMapWriter<'_, K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RwMutexMapWriter(len {})", self.len())
    }
}
