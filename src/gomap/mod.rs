//! The map that a Rust program holds: [`GoMap`], Go's `map[K]V` with Go's semantics and Go's deaths.
//!
//! As with a Go map, whoever holds it may change it while ranging over it, so methods take `&self`; as with
//! [`Cell`], it stays on one thread at a time and hands out copies, never references. Racing on
//! purpose has a type of its own, [`SharedMap`].
//!
//! What kills a Go program panics or ends the process here in the same words: see [`crate::fatal`].

mod elem;
mod key;
mod range;

pub use elem::Elem;
pub use key::Key;
pub use range::Range;

use crate::fault::{op, ready};
use crate::map;
use crate::runtime::Runtime;
use crate::types::MapType;
use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

/// Zeroes that a lookup of a missing key points to; for larger elements the compiler calls variants of its own
/// (`mapaccess1_fat`).
const ZERO_BYTES: usize = 1024;

/// The header and its type; freed with the last handle.
struct Owned {
    t: MapType,
    /// Address of the `hmap`; 0 for a nil map.
    h: usize,
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.h != 0 {
            // SAFETY: `h` came from `makemap` or `mapclone` of this type, and this is the last handle.
            unsafe { map::make::mapdrop(&self.t, self.h) };
        }
    }
}

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

/// The operations, in the order of a map's life. Everything is inlined into the caller, so that a fault outside the
/// runtime's functions (in the store of an element, say) is the caller's, as it is in compiled Go.
struct Raw<K, V> {
    owned: Arc<Owned>,
    types: PhantomData<fn(K) -> V>,
}

impl<K: Key, V: Elem> Raw<K, V> {
    fn new(t: MapType, h: usize) -> Self {
        Self { owned: Arc::new(Owned { t, h }), types: PhantomData }
    }

    fn share(&self) -> Self {
        Self { owned: Arc::clone(&self.owned), types: PhantomData }
    }

    fn make(rt: &Arc<Runtime>, hint: i64) -> Self {
        let t = K::map_type::<V>(rt);
        // SAFETY: a fresh map of this type.
        let h = op(|| unsafe { map::make::makemap(&t, hint, &()) });
        Self::new(t, h)
    }

    #[inline(always)]
    fn t(&self) -> &MapType {
        &self.owned.t
    }

    #[inline(always)]
    fn insert(&self, k: K, v: V) {
        let elem = if size_of::<V>() == 8 {
            ready();
            // SAFETY: as in `assign`; the element is these eight bytes.
            unsafe { k.set(self.t(), self.owned.h, elem::word(&v)) }
        } else {
            self.assign(k)
        };
        if size_of::<V>() != 8 || elem != 0 {
            // SAFETY: mapassign returned the element's address; if that was tampered with, the fault is the caller's.
            unsafe { elem::store(elem, &v) };
        }
    }

    #[inline(always)]
    fn assign(&self, k: K) -> usize {
        ready();
        // SAFETY: `h` is 0 or the header of a map of type `t`, until the last handle goes.
        unsafe { k.assign(self.t(), self.owned.h) }
    }

    #[inline(always)]
    fn get(&self, k: K) -> V {
        if size_of::<V>() > ZERO_BYTES {
            return self.get2(k).0;
        }
        ready();
        // SAFETY: as in `assign`.
        let elem = unsafe { k.access1(self.t(), self.owned.h) };
        // SAFETY: the element's address, or that of enough zeroes; if it was tampered with, the fault is the caller's.
        unsafe { elem::load(elem) }
    }

    #[inline(always)]
    fn get2(&self, k: K) -> (V, bool) {
        ready();
        // SAFETY: as in `assign`.
        let (elem, ok) = unsafe { k.access2(self.t(), self.owned.h) };
        // SAFETY: as in `get`; a zero value is one, as every bit pattern is.
        (unsafe { if ok { elem::load(elem) } else { std::mem::zeroed() } }, ok)
    }

    #[inline(always)]
    fn delete(&self, k: K) {
        ready();
        // SAFETY: as in `assign`.
        unsafe { k.delete(self.t(), self.owned.h) };
    }

    #[inline(always)]
    fn clear(&self) {
        // SAFETY: as in `assign`.
        op(|| unsafe { map::clear::mapclear(self.t(), self.owned.h, &()) });
    }

    #[inline(always)]
    fn len(&self) -> i64 {
        match self.owned.h {
            0 => 0,
            // SAFETY: the header is there until the last handle goes; `count` is its first word.
            h => unsafe { crate::layout::mem::ld64(h) as i64 },
        }
    }

    #[inline(always)]
    fn clone_map(&self) -> Self {
        // SAFETY: as in `assign`.
        let h = op(|| unsafe { map::clone::maps_Clone(self.t(), self.owned.h, &()) });
        Self::new(self.t().clone(), h)
    }
}

macro_rules! operations {
    () => {
        /// `m[k] = v`.
        ///
        /// # Panics
        /// On a nil map, with `assignment to entry in nil map`.
        #[inline(always)]
        pub fn insert(&self, k: K, v: V) {
            self.raw().insert(k, v);
        }

        /// `m[k]`: the zero value when there is no such key.
        #[inline(always)]
        #[must_use]
        pub fn get(&self, k: K) -> V {
            self.raw().get(k)
        }

        /// `v, ok := m[k]`.
        #[inline(always)]
        #[must_use]
        pub fn get2(&self, k: K) -> (V, bool) {
            self.raw().get2(k)
        }

        /// `delete(m, k)`.
        #[inline(always)]
        pub fn delete(&self, k: K) {
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
            self.raw().owned.h
        }

        /// The map type.
        #[must_use]
        pub fn map_type(&self) -> &MapType {
            self.raw().t()
        }

        /// `for k, v := range m`: Go's order, and Go's rules for a map that changes on the way.
        #[inline(always)]
        #[must_use]
        pub fn range(&self) -> Range<'_, K, V> {
            Range::new(self.raw().t(), self.raw().owned.h)
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
        Self { raw: Raw::new(K::map_type::<V>(rt), 0), one_thread: PhantomData }
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
    pub fn update(&mut self, k: K, f: impl FnOnce(V) -> V) {
        let elem = self.raw.assign(k);
        // SAFETY: mapassign returned the element's address; if that was tampered with, the fault is the caller's.
        unsafe { elem::store(elem, &f(elem::load(elem))) };
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

impl<K: Key, V: Elem> SharedMap<K, V> {
    #[inline(always)]
    fn raw(&self) -> &Raw<K, V> {
        &self.0
    }

    operations!();

    /// As [`GoMap::update`]; nothing keeps others from changing the map meanwhile.
    #[inline(always)]
    pub fn update(&self, k: K, f: impl FnOnce(V) -> V) {
        let elem = self.0.assign(k);
        // SAFETY: as in `GoMap::update`; a stale pointer is a race that the maker of this handle has answered for.
        unsafe { elem::store(elem, &f(elem::load(elem))) };
    }

    /// `maps.Clone(m)`, shared likewise.
    #[inline(always)]
    #[must_use]
    pub fn clone_map(&self) -> Self {
        Self(self.0.clone_map())
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
    let mut it = src.range();
    while let Some((k, v)) = it.next() {
        dst.insert(k, v);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fatal::GoPanic;
    use crate::runtime::RuntimeConfig;
    use std::collections::HashMap;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    fn runtime() -> Arc<Runtime> {
        Runtime::new(RuntimeConfig { seed: Some(7), ..RuntimeConfig::default() })
    }

    fn panic_text(f: impl FnOnce()) -> String {
        let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
        payload.downcast::<GoPanic>().expect("a Go panic").text().to_owned()
    }

    #[test]
    fn every_element_size() {
        fn check<V: Elem + PartialEq + fmt::Debug>(v: V) {
            let m = GoMap::<u64, V>::make(&runtime(), 0);
            for k in 0..300 {
                m.insert(k, v);
            }
            // SAFETY: every bit pattern is a value.
            let zero: V = unsafe { std::mem::zeroed() };
            assert_eq!((m.len(), m.get(299), m.get(300)), (300, v, zero));
            assert_eq!((m.get2(0), m.get2(300)), ((v, true), (zero, false)));
        }
        check(());
        check(1_u8);
        check(-2_i16);
        check(3_u32);
        check(4.5_f64);
        check([5_u8; 3]);
        check([6_u8; 128]);
        check([7_u8; 129]); // stored as a pointer
        check([8_u64; 200]); // larger than the zeroes that a plain lookup may point to
    }

    #[test]
    fn like_a_hash_map() {
        let (m, mut model) = (GoMap::<u64, u64>::make(&runtime(), 5), HashMap::new());
        for i in 0..5000_u64 {
            let k = i.wrapping_mul(0x9e37_79b9) % 700;
            if i % 3 == 0 {
                m.delete(k);
                model.remove(&k);
            } else {
                m.insert(k, i);
                model.insert(k, i);
            }
            assert_eq!(m.len(), model.len() as i64);
        }
        let mut seen = HashMap::new();
        let mut it = m.range();
        while let Some((k, v)) = it.next() {
            assert_eq!(seen.insert(k, v), None, "{k} twice");
        }
        assert_eq!(seen, model);
        m.clear();
        assert!(m.is_empty() && m.range().next().is_none());
    }

    #[test]
    fn nil_reads_and_does_not_write() {
        let mut m = GoMap::<u64, u32>::nil(&runtime());
        assert!(m.is_nil() && m.is_empty());
        assert_eq!((m.get(1), m.get2(1)), (0, (0, false)));
        m.delete(1);
        m.clear();
        assert!(m.range().next().is_none());
        assert!(m.clone_map().is_nil());
        assert_eq!(panic_text(|| m.insert(1, 1)), "assignment to entry in nil map");
        assert_eq!(panic_text(|| m.update(1, |v| v + 1)), "assignment to entry in nil map");
    }

    #[test]
    fn update_starts_from_zero() {
        let mut m = GoMap::<u64, i32>::make(&runtime(), 0);
        for _ in 0..3 {
            m.update(9, |v| v + 2);
        }
        assert_eq!((m.get(9), m.len()), (6, 1));
    }

    #[test]
    fn a_map_may_change_while_ranged_over() {
        let m = GoMap::<u64, u64>::make(&runtime(), 0);
        for k in 0..200 {
            m.insert(k, k);
        }
        let mut seen = 0;
        let mut it = m.range();
        while let Some((k, v)) = it.next() {
            assert_eq!(k % 1000, v, "never an entry that was deleted or half moved");
            assert!(k >= 1000 || m.get2(k).1, "{k} was deleted before it came");
            seen += usize::from(k < 1000);
            // Deleting what comes later, and growing several times over.
            m.delete((k + 1) % 200);
            m.insert(k + 1000 + seen as u64 * 1000, v);
        }
        assert!((100..=200).contains(&seen), "{seen}");
    }

    #[test]
    fn a_clone_is_another_map() {
        let m = GoMap::<u64, u64>::make(&runtime(), 0);
        for k in 0..100 {
            m.insert(k, k);
        }
        let c = m.clone_map();
        m.insert(0, 9);
        c.delete(1);
        assert_eq!((c.get(0), m.get(0), c.len(), m.len()), (0, 9, 99, 100));
    }

    #[test]
    fn memory_goes_with_the_last_handle() {
        let rt = runtime();
        let m = GoMap::<u64, [u8; 300]>::make(&rt, 0);
        for k in 0..100 {
            m.insert(k, [k as u8; 300]);
        }
        // SAFETY: nothing races here.
        let shared = unsafe { m.share() };
        drop(m);
        assert_eq!(shared.get(7), [7; 300]);
        assert!(rt.heap.stats().objects > 100);
        drop(shared.clone());
        assert_eq!(shared.len(), 100);
        drop(shared);
        assert_eq!(rt.heap.stats().objects, 0);
    }

    #[test]
    fn a_shared_map_is_the_same_map_in_every_thread() {
        let m = GoMap::<u64, u64>::make(&runtime(), 0);
        // SAFETY: the threads take turns.
        let shared = unsafe { m.share() };
        for i in 0..4 {
            let shared = shared.clone();
            std::thread::spawn(move || shared.insert(i, i)).join().unwrap();
        }
        assert_eq!(m.len(), 4);
    }

    #[cfg(gohmap_asm)]
    #[test]
    fn a_small_address_is_a_nil_dereference() {
        use crate::layout::mem;
        let m = GoMap::<u64, u64>::make(&runtime(), 0);
        m.insert(1, 1);
        let at = m.hmap() + std::mem::offset_of!(crate::layout::Hmap, buckets);
        // SAFETY: the header's own bucket pointer, put back below.
        let buckets = unsafe { mem::ld64(at) };
        // SAFETY: as above.
        unsafe { mem::st64(at, 0x10) };
        let text = panic_text(|| {
            let _ = m.get(1);
        });
        assert_eq!(text, "runtime error: invalid memory address or nil pointer dereference");
        // SAFETY: as above.
        unsafe { mem::st64(at, buckets) };
        assert_eq!(m.get(1), 1);
    }
}
