//! What maps behind one lock have in common: the operations of [`ConcurrentMap`], each under the lock as a whole.
//!
//! Such a map has two methods: `reading`, which runs a function while nobody writes, and `writing`, which runs one while nobody
//! else has the map; both give it the [`GoMap`].

use crate::gomap::{Elem, GoMap, Key, equal};

/// The map, or one in its place if it is nil: behind a lock nobody could make it later.
pub(super) fn never_nil<K: Key, V: Elem>(map: GoMap<K, V>) -> GoMap<K, V> {
    if map.is_nil() { GoMap::make(&map.map_type().rt, 0) } else { map }
}

pub(super) fn found<K: Key, V: Elem>(m: &GoMap<K, V>, key: &K) -> Option<V> {
    let (v, ok) = m.get2(key);
    ok.then_some(v)
}

/// Whether the element of a key is `old`.
pub(super) fn holds<K: Key, V: Key>(m: &GoMap<K, V>, key: &K, old: &V) -> bool {
    found(m, key).is_some_and(|v| equal(&m.map_type().rt, &v, old))
}

/// Implements [`ConcurrentMap`](super::ConcurrentMap) for a map with these bounds.
macro_rules! concurrent_map {
    ($map:ident: $($bound:ident)*) => {
        impl<K: Key $(+ $bound)*, V: Elem $(+ $bound)*> $crate::sync::ConcurrentMap<K, V> for $map<K, V> {
            fn load(&self, key: &K) -> Option<V> {
                self.reading(|m| $crate::sync::locked::found(m, key))
            }

            fn store(&self, key: &K, value: V) {
                self.writing(|m| m.insert(key, value));
            }

            fn load_or_store(&self, key: &K, value: V) -> (V, bool) {
                self.writing(|m| match $crate::sync::locked::found(m, key) {
                    Some(v) => (v, true),
                    None => {
                        m.insert(key, value.clone());
                        (value, false)
                    }
                })
            }

            fn load_and_delete(&self, key: &K) -> Option<V> {
                self.writing(|m| {
                    let v = $crate::sync::locked::found(m, key)?;
                    m.delete(key);
                    Some(v)
                })
            }

            fn delete(&self, key: &K) {
                self.writing(|m| m.delete(key));
            }

            fn swap(&self, key: &K, value: V) -> Option<V> {
                self.writing(|m| {
                    let v = $crate::sync::locked::found(m, key);
                    m.insert(key, value);
                    v
                })
            }

            fn compare_and_swap(&self, key: &K, old: &V, new: V) -> bool
            where
                V: Key,
            {
                self.writing(|m| {
                    let swap = $crate::sync::locked::holds(m, key, old);
                    if swap {
                        m.insert(key, new);
                    }
                    swap
                })
            }

            fn compare_and_delete(&self, key: &K, old: &V) -> bool
            where
                V: Key,
            {
                self.writing(|m| {
                    let delete = $crate::sync::locked::holds(m, key, old);
                    if delete {
                        m.delete(key);
                    }
                    delete
                })
            }

            /// The keys of one moment, each with the element that it has when its turn comes.
            fn range(&self, f: &mut dyn FnMut(K, V) -> bool) {
                let keys = self.reading(GoMap::keys);
                for k in keys {
                    let Some(v) = self.load(&k) else { continue };
                    if !f(k, v) {
                        break;
                    }
                }
            }

            fn clear(&self) {
                self.writing(GoMap::clear);
            }

            fn snapshot(&self) -> Vec<(K, V)> {
                self.reading(|m| m.range().collect())
            }
        }
    };
}
pub(super) use concurrent_map;
