//! [`Counter`]: counts by key, from any number of threads, exactly.

use super::table::Table;
use crate::gomap::{AsKey, Key};
use crate::runtime::Runtime;
use crossbeam_utils::sync::ShardedLock;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

/// `struct { mu sync.RWMutex; m map[K]*uint64 }`, whose numbers are added to atomically under the reading side of the lock:
/// only a new key, and a snapshot, make others wait.
///
/// Nothing is ever lost, and a snapshot is of one moment: additions that had returned before it began are in it, those that
/// began after it was done are not, and if one thread made an addition before another one, it has the second only with
/// the first.
///
/// Counts are modulo 2^64.
///
/// ```
/// use gohmap::runtime::{Runtime, RuntimeConfig};
/// use gohmap::sync::Counter;
///
/// let hits = Counter::<String>::new(&Runtime::new(RuntimeConfig::default()));
/// std::thread::scope(|s| {
///     for _ in 0..4 {
///         s.spawn(|| (0..1000).for_each(|_| hits.add("page", 1)));
///     }
/// });
/// assert_eq!((hits.get("page"), hits.get("none")), (4000, 0));
/// ```
pub struct Counter<K: Key> {
    /// Readers of each processor have a lock of their own, for they are many; a writer takes them all.
    numbers: ShardedLock<Table<K, AtomicU64>>,
}

impl<K: Key> Counter<K> {
    /// One without keys.
    ///
    /// # Panics
    /// When there is no memory: Go's `fatal error: out of memory`.
    #[must_use]
    pub fn new(rt: &Arc<Runtime>) -> Self {
        Self { numbers: ShardedLock::new(Table::make(rt, 0)) }
    }

    /// A panic of an operation, for a key that cannot be hashed, leaves the table as it was: a lock that was held then is
    /// good.
    fn reading(&self) -> impl std::ops::Deref<Target = Table<K, AtomicU64>> {
        self.numbers.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds to a key's number; a new key begins with 0.
    ///
    /// # Panics
    /// As an assign to a [`GoMap`](crate::gomap::GoMap).
    #[inline]
    pub fn add(&self, key: impl AsKey<K> + Copy, n: u64) {
        if let Some(number) = self.reading().get(key) {
            number.fetch_add(n, Ordering::Relaxed);
            return;
        }
        self.add_new(key, n);
    }

    #[cold]
    fn add_new(&self, key: impl AsKey<K> + Copy, n: u64) {
        let mut numbers = self.numbers.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(number) = numbers.get(key) {
            // Somebody else was faster.
            number.fetch_add(n, Ordering::Relaxed);
            return;
        }
        numbers.insert(key, Arc::new(AtomicU64::new(n)));
    }

    /// A key's number; 0 for a key that nobody has added to.
    ///
    /// # Panics
    /// As [`add`](Self::add).
    #[must_use]
    pub fn get(&self, key: impl AsKey<K>) -> u64 {
        self.reading().get(key).map_or(0, |number| number.load(Ordering::Relaxed))
    }

    /// How many keys there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.reading().len()
    }

    /// Whether nobody has added anything.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All keys and their numbers, of one moment; nobody adds meanwhile.
    #[must_use]
    pub fn snapshot(&self) -> Vec<(K, u64)> {
        let numbers = self.numbers.write().unwrap_or_else(PoisonError::into_inner);
        numbers.range().map(|(k, number)| (k, number.load(Ordering::Relaxed))).collect()
    }
}

impl<K: Key> fmt::Debug for Counter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Counter(len {})", self.len())
    }
}
