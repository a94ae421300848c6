//! The map that a Rust program holds: [`GoMap`], Go's `map[K]V` with Go's semantics and Go's deaths.
//!
//! As with a Go map, whoever holds it may change it while ranging over it, so methods take `&self`; as with
//! [`Cell`], it stays on one thread at a time and hands out copies, never references. Racing on
//! purpose has a type of its own, [`SharedMap`].
//!
//! What kills a Go program panics or ends the process here in the same words: see [`crate::fatal`].

mod any;
mod elem;
mod kept;
mod key;
mod many;
mod range;
mod raw;
mod site;
mod strings;
mod structs;
mod values;
pub(crate) mod watched;

pub use any::Any;
pub use elem::{Complex64, Complex128, Elem};
pub use key::{AsKey, Key, Pointer, Shape};
pub use range::Range;
pub use raw::equal;
pub use site::Site;
pub use strings::GoString;
pub use values::Values;

use crate::runtime::Runtime;
use crate::types::MapType;
use raw::Raw;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Go's `map[K]V`.
///
/// ```
/// use gohmap::gomap::GoMap;
/// use gohmap::runtime::{Runtime, RuntimeConfig};
///
/// let rt = Runtime::new(RuntimeConfig::default());
/// let m = GoMap::<u64, u32>::make(&rt, 0);
/// m.insert(7, 70);
/// assert_eq!(m.get2(7), (70, true));
/// assert_eq!(m.get2(8), (0, false));
/// assert_eq!(m.len(), 1);
/// ```
pub struct GoMap<K: Key, V: Elem> {
    raw: Raw<K, V>,
    /// Not `Sync`.
    one_thread: PhantomData<Cell<()>>,
}

/// A map shared between threads without a lock, to race on purpose. A copy of the handle is the same map, as in Go.
pub struct SharedMap<K: Key, V: Elem>(Raw<K, V>);

macro_rules! operations {
    () => {
        /// `m[k] = v`.
        ///
        /// # Panics
        /// On a nil map, with `assignment to entry in nil map`.
        #[inline(always)]
        pub fn insert(&self, k: impl AsKey<K>, v: V) {
            self.raw().insert(k, &v);
        }

        /// `m[k]`: the zero value when there is no such key.
        #[inline(always)]
        #[must_use]
        pub fn get(&self, k: impl AsKey<K>) -> V {
            self.raw().get(k)
        }

        /// `v, ok := m[k]`.
        #[inline(always)]
        #[must_use]
        pub fn get2(&self, k: impl AsKey<K>) -> (V, bool) {
            self.raw().get2(k)
        }

        /// `delete(m, k)`.
        #[inline(always)]
        pub fn delete(&self, k: impl AsKey<K>) {
            self.raw().delete(k);
        }

        /// `clear(m)`; before Go 1.21 what the compiler makes of `for k := range m { delete(m, k) }`.
        #[inline(always)]
        pub fn clear(&self) {
            self.raw().clear();
        }

        /// `len(m)`: whatever the header says, unchecked.
        #[inline(always)]
        #[must_use]
        pub fn len(&self) -> i64 {
            self.raw().len()
        }

        /// `len(m) == 0`.
        #[inline(always)]
        #[must_use]
        pub fn is_empty(&self) -> bool {
            self.len() == 0
        }

        /// `m == nil`.
        #[must_use]
        pub fn is_nil(&self) -> bool {
            self.hmap() == 0
        }

        /// Address of the `hmap`, for looking at it and for tampering; 0 for a nil map. What is written there is on
        /// the writer: the operations then do what Go's would.
        #[must_use]
        pub fn hmap(&self) -> usize {
            self.raw().h()
        }

        /// The map type.
        #[must_use]
        pub fn map_type(&self) -> &MapType {
            self.raw().t()
        }

        /// `slices.Collect(maps.Keys(m))`: every key, in the order of a `range`.
        #[must_use]
        pub fn keys(&self) -> Vec<K> {
            self.range().map(|(k, _)| k).collect()
        }

        /// `slices.Collect(maps.Values(m))`: every element, in the order of a `range`.
        #[must_use]
        pub fn values(&self) -> Vec<V> {
            self.range().map(|(_, v)| v).collect()
        }

        /// [`range`](Self::range) by the name that Rust's collections have for it.
        #[must_use]
        pub fn iter(&self) -> Range<'_, K, V> {
            self.range()
        }

        /// `for k, v := range m`: Go's order, and Go's rules for a map that changes on the way.
        #[inline(always)]
        #[must_use]
        pub fn range(&self) -> Range<'_, K, V> {
            self.raw().range()
        }
    };
}

impl<K: Key, V: Elem> GoMap<K, V> {
    /// `make(map[K]V, hint)`; a negative or absurd hint counts as 0, as in Go.
    ///
    /// # Panics
    /// When there is no memory: Go's `fatal error: out of memory`.
    #[inline(always)]
    #[must_use]
    pub fn make(rt: &Arc<Runtime>, hint: i64) -> Self {
        Self { raw: Raw::make(rt, hint), one_thread: PhantomData }
    }

    /// `var m map[K]V`: reads like an empty map, panics when assigned to.
    #[must_use]
    pub fn nil(rt: &Arc<Runtime>) -> Self {
        Self { raw: Raw::nil(rt), one_thread: PhantomData }
    }

    #[inline(always)]
    fn raw(&self) -> &Raw<K, V> {
        &self.raw
    }

    operations!();

    /// `m[k] op= …`: one `mapassign`, then a load and a store through its pointer. `f` sees the zero value for a new
    /// key. Takes the map mutably, so that `f` cannot change it and make the pointer stale.
    ///
    /// # Panics
    /// As [`Self::insert`].
    #[inline(always)]
    pub fn update(&mut self, k: impl AsKey<K>, f: impl FnOnce(V) -> V) {
        self.raw.update(k, f);
    }

    /// `maps.Clone(m)`.
    #[inline(always)]
    #[must_use]
    pub fn clone_map(&self) -> Self {
        Self { raw: self.raw.clone_map(), one_thread: PhantomData }
    }

    /// A handle to the same map that other threads may use, without any lock. The memory is freed with the last handle.
    ///
    /// # Safety
    /// Operations that race end as in Go: mostly in a fatal error, sometimes in a wrong result or in emulated memory
    /// overwritten. What the races reach must be nothing but the map's own emulated memory; in particular, no other
    /// map of the same runtime may be relied on afterwards.
    #[must_use]
    pub unsafe fn share(&self) -> SharedMap<K, V> {
        SharedMap(self.raw.share())
    }
}

/// Many operations at once: in the slice's order, with the same results as one by one, but with the buckets of later keys
/// fetched meanwhile. Worth it for maps larger than a near cache.
impl<V: Elem> GoMap<u64, V> {
    /// `m[keys[i]] = values[i]` for every i, in order; keys may repeat.
    ///
    /// # Panics
    /// When the slices differ in length; as [`Self::insert`].
    pub fn assign_many(&self, keys: &[u64], values: &[V]) {
        assert_eq!(keys.len(), values.len(), "as many values as keys");
        self.raw.assign_many(keys, values);
    }

    /// `values[i] = m[keys[i]]` for every i.
    ///
    /// # Panics
    /// When the slices differ in length.
    pub fn get_many(&self, keys: &[u64], values: &mut [V]) {
        assert_eq!(keys.len(), values.len(), "as many values as keys");
        self.raw.get_many(keys, values);
    }

    /// `delete(m, keys[i])` for every i, in order.
    pub fn delete_many(&self, keys: &[u64]) {
        self.raw.delete_many(keys);
    }

    /// The operations on this map for a loop to keep at hand: a fifth faster there.
    ///
    /// ```
    /// # use gohmap::gomap::GoMap;
    /// # use gohmap::runtime::{Runtime, RuntimeConfig};
    /// # let rt = Runtime::new(RuntimeConfig::default());
    /// let m = GoMap::<u64, u64>::make(&rt, 0);
    /// let here = m.site();
    /// for k in 0..1000 {
    ///     here.insert(k, here.get(k / 2) + 1);
    /// }
    /// assert_eq!((here.get2(512), m.len()), ((11, true), 1000));
    /// ```
    #[inline(always)]
    #[must_use]
    pub fn site(&self) -> Site<'_, V> {
        Site::new(&self.raw)
    }
}

impl<K: Key, V: Elem> SharedMap<K, V> {
    #[inline(always)]
    fn raw(&self) -> &Raw<K, V> {
        &self.0
    }

    operations!();

    /// As [`GoMap::update`]; nothing keeps others from changing the map meanwhile.
    #[inline(always)]
    pub fn update(&self, k: impl AsKey<K>, f: impl FnOnce(V) -> V) {
        self.0.update(k, f);
    }

    /// `maps.Clone(m)`, shared likewise.
    #[inline(always)]
    #[must_use]
    pub fn clone_map(&self) -> Self {
        Self(self.0.clone_map())
    }
}

/// `for (k, v) in &m`: [`GoMap::range`].
impl<'m, K: Key, V: Elem> IntoIterator for &'m GoMap<K, V> {
    type Item = (K, V);
    type IntoIter = Range<'m, K, V>;

    fn into_iter(self) -> Range<'m, K, V> {
        self.range()
    }
}

impl<K: Key, V: Elem> Clone for SharedMap<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.share())
    }
}

impl<K: Key + fmt::Debug, V: Elem> fmt::Debug for GoMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GoMap({:#x}, len {})", self.hmap(), self.len())
    }
}

impl<K: Key + fmt::Debug, V: Elem> fmt::Debug for SharedMap<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SharedMap({:#x}, len {})", self.hmap(), self.len())
    }
}

/// `maps.Copy(dst, src)`.
///
/// # Panics
/// When `dst` is nil and `src` is not empty.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
pub fn maps_Copy<K: Key, V: Elem>(dst: &SharedMap<K, V>, src: &SharedMap<K, V>) {
    for (k, v) in src.range() {
        dst.insert(k, v);
    }
}

#[cfg(test)]
mod tests;
