//! `map[K]*E`: an emulated map whose elements lead to things outside the emulated memory, and own them.

use crate::gomap::{AsKey, Elem, GoMap, Key, SharedMap, Values};
use crate::layout::mem;
use crate::runtime::Runtime;
use crate::types::GoType;
use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// What the elements of a table may lead to.
pub(super) trait Pointee: Send + Sync + 'static {
    /// Its Go type.
    fn go_type() -> GoType;
}

impl Pointee for AtomicU64 {
    fn go_type() -> GoType {
        GoType::uint64()
    }
}

/// `*E`: a pointer made by [`Arc::into_raw`], which owns a count.
struct Slot<E>(usize, PhantomData<fn() -> E>);

impl<E> Clone for Slot<E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<E> Copy for Slot<E> {}

impl<E> Slot<E> {
    fn new(e: Arc<E>) -> Self {
        Self(Arc::into_raw(e).expose_provenance(), PhantomData)
    }

    fn pointer(self) -> *const E {
        std::ptr::with_exposed_provenance(self.0)
    }
}

// SAFETY: one word.
unsafe impl<E: Pointee> Elem for Slot<E> {
    type Repr = usize;

    fn go_type() -> GoType {
        GoType::pointer(&E::go_type())
    }

    #[inline(always)]
    unsafe fn put(&self, at: usize, _: &Values<'_>) {
        // SAFETY: the caller's promise.
        unsafe { mem::st64(at, self.0 as u64) }
    }

    #[inline(always)]
    unsafe fn get(at: usize, _: &Values<'_>) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { mem::ld64(at) } as usize, PhantomData)
    }

    #[inline(always)]
    fn shape(&self) -> crate::gomap::Shape {
        crate::gomap::Shape::Word(self.0 as u64)
    }
}

/// `map[K]*E`. As usual in Rust, it changes through `&mut` only, and may be looked at by several threads otherwise.
pub(super) struct Table<K: Key, E: Pointee> {
    map: SharedMap<K, Slot<E>>,
    owns: PhantomData<(K, Arc<E>)>,
}

impl<K: Key, E: Pointee> Table<K, E> {
    fn of(map: &GoMap<K, Slot<E>>) -> Self {
        // SAFETY: the other handle goes, and the operations that change the map take `&mut self`: nothing races. Those that
        // take `&self` change nothing but the flags of an iteration, which is atomic.
        Self { map: unsafe { map.share() }, owns: PhantomData }
    }

    /// `make(map[K]*E, hint)`.
    pub(super) fn make(rt: &Arc<Runtime>, hint: i64) -> Self {
        Self::of(&GoMap::make(rt, hint))
    }

    /// A nil map.
    pub(super) fn nil(rt: &Arc<Runtime>) -> Self {
        Self::of(&GoMap::nil(rt))
    }

    /// `len(m)`.
    pub(super) fn len(&self) -> usize {
        self.map.len() as usize
    }

    /// `*m[k]`.
    #[inline]
    pub(super) fn get(&self, key: impl AsKey<K>) -> Option<&E> {
        let (slot, ok) = self.map.get2(key);
        // SAFETY: nobody else has the map, so the slot is one that `insert` wrote; its count is given up through `&mut
        // self` only.
        ok.then(|| unsafe { &*slot.pointer() })
    }

    /// `m[k]`, as an owner of it.
    pub(super) fn share(&self, key: impl AsKey<K>) -> Option<Arc<E>> {
        let (slot, ok) = self.map.get2(key);
        // SAFETY: as in `get`; the count that is made here goes with the result.
        ok.then(|| unsafe {
            Arc::increment_strong_count(slot.pointer());
            Arc::from_raw(slot.pointer())
        })
    }

    /// `m[k] = e`, for a new key.
    pub(super) fn insert(&mut self, key: impl AsKey<K>, e: Arc<E>) {
        let (len, slot) = (self.len(), Slot::new(e));
        self.map.insert(key, slot);
        debug_assert_eq!(self.len(), len + 1, "a new key");
    }

    /// `delete(m, k)`; what was there.
    pub(super) fn remove(&mut self, key: impl AsKey<K> + Copy) -> Option<Arc<E>> {
        let (slot, ok) = self.map.get2(key);
        self.map.delete(key);
        // SAFETY: as in `get`; the slot is gone, and its count the result's.
        ok.then(|| unsafe { Arc::from_raw(slot.pointer()) })
    }

    /// `clear(m)`.
    pub(super) fn clear(&mut self) {
        self.give_up();
        self.map.clear();
    }

    /// `for k, e := range m`.
    pub(super) fn range(&self) -> impl Iterator<Item = (K, &E)> {
        // SAFETY: as in `get`.
        self.map.range().map(|(k, slot)| (k, unsafe { &*slot.pointer() }))
    }

    /// The same with an owner of each element.
    pub(super) fn range_shared(&self) -> impl Iterator<Item = (K, Arc<E>)> {
        // SAFETY: as in `share`.
        self.map.range().map(|(k, slot)| unsafe {
            Arc::increment_strong_count(slot.pointer());
            (k, Arc::from_raw(slot.pointer()))
        })
    }

    /// Gives up the counts of all slots, which are not read again.
    fn give_up(&mut self) {
        for (_, slot) in self.map.range() {
            // SAFETY: each slot owns a count.
            drop(unsafe { Arc::from_raw(slot.pointer()) });
        }
    }
}

impl<K: Key, E: Pointee> Drop for Table<K, E> {
    fn drop(&mut self) {
        self.give_up();
    }
}
