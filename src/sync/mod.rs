//! Maps that threads share safely: locked ones, Go's `sync.Map` up to 1.23, and counters.
//!
//! Each holds emulated Go maps, and sees to it that nobody changes one while another looks at it, so none of Go's checks
//! ever strikes. None is ever nil: there is no way to make one whose first write panics, and the first write of one
//! thread cannot meet that of another, for the map is made with what guards it.
//!
//! | | reading | writing | when |
//! |---|---|---|---|
//! | [`MutexMap`] | one at a time | one at a time | little going on, or many writes |
//! | [`RwMutexMap`] | all together | alone | reads take long, as a whole snapshot does |
//! | [`SyncMap`] | without a lock, once a key has been promoted | without a lock, to keys that are there | keys stay, or threads have keys of their own |
//! | [`Counter`] | alone | an atomic addition, all together | counting |
//!
//! All have `snapshot`, which copies the entries out: whoever ranges over a map that others write to sees neither all of
//! it nor one moment of it.
//!
//! A fault in emulated memory that a tampering hand has broken dies as it does in [`GoMap`](crate::gomap::GoMap); in a
//! region of [`guarded`](crate::fault::guarded), which skips destructors, a lock that is held then stays held.

mod core;
mod counter;
mod entry;
pub mod history;
mod locked;
mod map;
mod mutex;
mod rwmutex;
mod table;
mod threads;

pub use counter::Counter;
pub use map::{Layers, SyncMap};
pub use mutex::{MutexMap, MutexMapGuard};
pub use rwmutex::{RwMutexMap, RwMutexMapReader, RwMutexMapWriter};

use crate::gomap::{Elem, Key};

/// What all maps here but [`Counter`] can do: the operations of Go's `sync.Map`, by the same names (`mapInterface` in
/// `sync/map_reference_test.go`, Go 1.22, and `Clear`). Go's second result, which says whether there was something, is an
/// `Option` here.
///
/// # Panics
/// All operations as those of [`GoMap`](crate::gomap::GoMap) do: with `hash of unhashable type …` for a key that
/// cannot be compared.
pub trait ConcurrentMap<K: Key, V: Elem>: Send + Sync {
    /// The element of a key.
    fn load(&self, key: &K) -> Option<V>;

    /// Sets the element of a key.
    fn store(&self, key: &K, value: V);

    /// The element of a key and `true`; if there is none, `value` becomes it, and the answer is that and `false`.
    fn load_or_store(&self, key: &K, value: V) -> (V, bool);

    /// Deletes a key; what its element was.
    fn load_and_delete(&self, key: &K) -> Option<V>;

    /// Deletes a key.
    fn delete(&self, key: &K) {
        self.load_and_delete(key);
    }

    /// Sets the element of a key; what it was before.
    fn swap(&self, key: &K, value: V) -> Option<V>;

    /// Sets the element of a key if it is `old`; whether it was.
    ///
    /// # Panics
    /// With `comparing uncomparable type …` when both are interface values of one such type; nothing has changed then.
    fn compare_and_swap(&self, key: &K, old: &V, new: V) -> bool
    where
        V: Key;

    /// Deletes a key if its element is `old`; whether it was.
    ///
    /// # Panics
    /// As [`compare_and_swap`](Self::compare_and_swap).
    fn compare_and_delete(&self, key: &K, old: &V) -> bool
    where
        V: Key;

    /// Calls `f` for every key that is there all the time, and perhaps for some of those that come or go meanwhile, until it
    /// says `false`. No key comes twice. No lock is held in `f`, which may use the map.
    fn range(&self, f: &mut dyn FnMut(K, V) -> bool);

    /// Deletes all keys.
    fn clear(&self);

    /// The entries, copied; of one moment if the map has a lock, otherwise as [`range`](Self::range) finds them.
    fn snapshot(&self) -> Vec<(K, V)>;
}

#[cfg(test)]
mod tests;
