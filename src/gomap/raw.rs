//! The operations that [`GoMap`](super::GoMap) and [`SharedMap`](super::SharedMap) share, in the order of a map's life.
//!
//! Everything is inlined into the caller, so that a fault outside the runtime's functions (in the store of an element, say) is
//! the caller's, as it is in compiled Go.

use super::elem::Elem;
use super::kept::Keeper;
use super::key::{AsKey, Key, Shape};
use super::range::Range;
use super::values::{Limbo, Values};
use crate::fault::{op, ready};
use crate::layout::mem;
use crate::map;
use crate::map::amd64;
use crate::map::compiled;
use crate::probe::Probe;
use crate::runtime::Runtime;
use crate::types::{Fast, MapType};
use std::marker::PhantomData;
use std::mem::{ManuallyDrop, MaybeUninit, size_of};
use std::sync::Arc;

/// The header and its type; freed with the last handle.
pub(super) struct Owned {
    pub(super) t: MapType,
    /// Address of the `hmap`; 0 for a nil map.
    pub(super) h: usize,
    pub(super) limbo: Limbo,
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.h != 0 {
            // SAFETY: `h` came from `makemap` or `mapclone` of this type, and this is the last handle.
            unsafe { map::make::mapdrop(&self.t, self.h) };
        }
    }
}

/// A handle to a map.
pub(super) struct Raw<K, V> {
    pub(super) owned: Arc<Owned>,
    types: PhantomData<fn(K) -> V>,
}

/// The bytes of a value, as Go lays them out.
pub(super) struct Staged<E: Elem>(MaybeUninit<E::Repr>);

impl<E: Elem> Staged<E> {
    #[inline(always)]
    pub(super) fn zero() -> Self {
        Self(MaybeUninit::zeroed())
    }

    #[inline(always)]
    pub(super) fn addr(&mut self) -> usize {
        self.0.as_mut_ptr().expose_provenance()
    }
}

/// `a == b`, as Go compares two values of a comparable type.
///
/// # Panics
/// With `comparing uncomparable type …` when they are, or have in them, interface values of one such type.
#[must_use]
pub fn equal<T: Key>(rt: &Runtime, a: &T, b: &T) -> bool {
    let limbo = Limbo::default();
    let values = Values::lend(rt, &limbo, 0);
    let (mut x, mut y) = (Staged::<T>::zero(), Staged::<T>::zero());
    let (x, y) = (x.addr(), y.addr());
    // SAFETY: the values' own bytes.
    unsafe {
        a.put(x, &values);
        b.put(y, &values);
    }
    // SAFETY: two values of that type, which is comparable, as a `Key`'s is; what they lead to lives as long as `values`.
    op(|| unsafe { crate::hash::equal::equal(rt, &T::go_type(), x, y) })
}

impl<K: Key, V: Elem> Raw<K, V> {
    /// Entries lead to memory that the map's own functions do not look after.
    pub(super) const OWNS: bool = K::OWNS || V::OWNS;

    fn new(t: MapType, h: usize) -> Self {
        Self { owned: Arc::new(Owned { t, h, limbo: Limbo::default() }), types: PhantomData }
    }

    /// `map[K]V`.
    fn map_type(rt: &Arc<Runtime>) -> MapType {
        let (k, v) = (K::go_type(), V::go_type());
        let sizes = (size_of::<K::Repr>(), size_of::<V::Repr>());
        assert_eq!(sizes, (k.size(), v.size()), "map[{k}]{v}: a struct that ends in a field without size");
        MapType::of(rt, &k, &v).expect("a Key is comparable")
    }

    pub(super) fn nil(rt: &Arc<Runtime>) -> Self {
        Self::new(Self::map_type(rt), 0)
    }

    #[inline(always)]
    pub(super) fn make(rt: &Arc<Runtime>, hint: i64) -> Self {
        let t = Self::map_type(rt);
        // SAFETY: a fresh map of this type.
        let h = op(|| unsafe { map::make::makemap(&t, hint, &()) });
        Self::new(t, h)
    }

    pub(super) fn share(&self) -> Self {
        Self { owned: Arc::clone(&self.owned), types: PhantomData }
    }

    #[inline(always)]
    pub(super) fn t(&self) -> &MapType {
        &self.owned.t
    }

    #[inline(always)]
    pub(super) fn h(&self) -> usize {
        self.owned.h
    }

    #[inline(always)]
    pub(super) fn keep(&self) -> ManuallyDrop<Values<'_>> {
        Values::keep(&self.t().rt, &self.owned.limbo, self.h())
    }

    #[inline(always)]
    fn lend(&self) -> Values<'_> {
        Values::lend(&self.t().rt, &self.owned.limbo, self.h())
    }

    /// Calls `f` with the address of a key that is only looked up.
    #[inline(always)]
    pub(super) fn with_key<R>(&self, k: &impl AsKey<K>, f: impl FnOnce(usize) -> R) -> R {
        let values = self.lend();
        let mut key = Staged::<K>::zero();
        // SAFETY: the key's own bytes, which live until `f` has returned; so does what they lead to.
        unsafe { k.put_key(key.addr(), &values) };
        f(key.addr())
    }

    #[inline(always)]
    pub(super) fn insert(&self, k: impl AsKey<K>, v: &V) {
        let t = self.t();
        if let (8, false, Shape::Word(w), Shape::Word(bits)) = (size_of::<V::Repr>(), V::OWNS, k.shape(), v.shape())
            && t.fast == Fast::Fast64
        {
            ready();
            // SAFETY: as in `assign`; the element is these eight bytes.
            let elem = unsafe { (amd64::of(t).mapset)(t, self.h(), w, bits) };
            if elem != 0 {
                self.store(elem, v);
            }
            return;
        }
        let elem = self.assign(k);
        self.store(elem, v);
    }

    /// Writes an element over an old one, or over zeroes.
    #[inline(always)]
    pub(super) fn store(&self, elem: usize, v: &V) {
        let values = self.keep();
        // SAFETY: `elem` is the address of an element, or was tampered with, and then the fault is the caller's.
        unsafe {
            if V::OWNS {
                let mut new = Staged::<V>::zero();
                v.put(new.addr(), &values);
                V::release(elem, &values);
                mem::memmove(elem, new.addr(), size_of::<V::Repr>());
            } else {
                v.put(elem, &values);
            }
        }
    }

    #[inline(always)]
    pub(super) fn load(&self, elem: usize) -> V {
        // SAFETY: as in `store`.
        unsafe { V::get(elem, &self.keep()) }
    }

    #[inline(always)]
    pub(super) fn update(&self, k: impl AsKey<K>, f: impl FnOnce(V) -> V) {
        let elem = self.assign(k);
        self.store(elem, &f(self.load(elem)));
    }

    #[inline(always)]
    fn assign(&self, k: impl AsKey<K>) -> usize {
        let (t, h) = (self.t(), self.h());
        // SAFETY: `h` is 0 or the header of a map of type `t`, until the last handle goes.
        unsafe {
            if K::OWNS {
                if let (Fast::FastStr, Shape::Str(str, len)) = (t.fast, k.shape())
                    && Arc::strong_count(&self.owned) == 1
                {
                    return self.assign_string(k, str, len);
                }
                return self.assign_kept(k, &());
            }
            match (t.fast, k.shape()) {
                (Fast::Fast64, Shape::Word(w)) => {
                    ready();
                    (amd64::of(t).mapassign)(t, h, w)
                }
                (Fast::Fast64Ptr, Shape::Word(w)) => {
                    ready();
                    (amd64::of(t).mapassign_ptr)(t, h, w)
                }
                (Fast::Fast32, Shape::Word(w)) => {
                    ready();
                    (amd64::of(t).mapassign32)(t, h, (w as u32).into())
                }
                _ => self.with_key(&k, |key| compiled::watched(t, || compiled::assign(t, h, key))),
            }
        }
    }

    /// [`assign`](Self::assign) by the portable functions, watched.
    pub(super) fn assign_watched<P: Probe>(&self, k: impl AsKey<K>, p: &P) -> usize {
        if K::OWNS {
            return self.assign_kept(k, p);
        }
        // SAFETY: as in `assign`.
        self.with_key(&k, |key| op(|| unsafe { compiled::assign_probed(self.t(), self.h(), key, p) }))
    }

    /// `m[k]` by the portable functions, watched. `load` is told the address of the element before it is read, unless there is no
    /// such key.
    pub(super) fn get_watched<P: Probe>(&self, k: impl AsKey<K>, p: &P, load: impl FnOnce(usize)) -> V {
        let mut zero = Staged::<V>::zero();
        let at = zero.addr();
        // SAFETY: as in `assign`; `zero` is an element's zeroes.
        let elem = self.with_key(&k, |key| op(|| unsafe { compiled::access1_probed(self.t(), self.h(), key, at, p) }));
        if elem != at {
            load(elem);
        }
        self.load(elem)
    }

    /// `v, ok := m[k]`, as [`get_watched`](Self::get_watched).
    pub(super) fn get2_watched<P: Probe>(&self, k: impl AsKey<K>, p: &P, load: impl FnOnce(usize)) -> (V, bool) {
        let mut zero = Staged::<V>::zero();
        let at = zero.addr();
        let (t, h) = (self.t(), self.h());
        let (elem, ok) = self.with_key(&k, |key| {
            // SAFETY: as in `get_watched`.
            op(|| unsafe {
                if size_of::<V::Repr>() > compiled::ZERO_VAL_SIZE {
                    map::access::mapaccess2_fat(t, h, key, at, p)
                } else {
                    compiled::access2_probed(t, h, key, p)
                }
            })
        });
        if ok {
            load(elem);
        }
        (self.load(if ok { elem } else { at }), ok)
    }

    #[inline(always)]
    pub(super) fn get(&self, k: impl AsKey<K>) -> V {
        if size_of::<V::Repr>() > compiled::ZERO_VAL_SIZE {
            return self.get2(k).0;
        }
        let (t, h) = (self.t(), self.h());
        // SAFETY: as in `assign`.
        let elem = unsafe {
            match (t.fast, k.shape()) {
                (Fast::Fast64 | Fast::Fast64Ptr, Shape::Word(w)) => {
                    ready();
                    (amd64::of(t).mapaccess1)(t, h, w)
                }
                (Fast::Fast32, Shape::Word(w)) => {
                    ready();
                    (amd64::of(t).mapaccess1_32)(t, h, (w as u32).into())
                }
                (Fast::FastStr, Shape::Str(str, len)) => {
                    ready();
                    (amd64::of(t).mapaccess1_str)(t, h, str, len)
                }
                _ => self.with_key(&k, |key| compiled::watched(t, || compiled::access1(t, h, key, 0))),
            }
        };
        self.load(elem)
    }

    #[inline(always)]
    pub(super) fn get2(&self, k: impl AsKey<K>) -> (V, bool) {
        let (t, h) = (self.t(), self.h());
        let mut zero = Staged::<V>::zero();
        // SAFETY: as in `assign`.
        let (elem, ok) = unsafe {
            match (t.fast, k.shape()) {
                (Fast::Fast64 | Fast::Fast64Ptr, Shape::Word(w)) => {
                    ready();
                    let found = (amd64::of(t).mapaccess2)(t, h, w);
                    (found.elem, found.ok != 0)
                }
                (Fast::Fast32, Shape::Word(w)) => {
                    ready();
                    let found = (amd64::of(t).mapaccess2_32)(t, h, (w as u32).into());
                    (found.elem, found.ok != 0)
                }
                (Fast::FastStr, Shape::Str(str, len)) => {
                    ready();
                    let found = (amd64::of(t).mapaccess2_str)(t, h, str, len);
                    (found.elem, found.ok != 0)
                }
                _ => {
                    let zero = zero.addr();
                    self.with_key(&k, |key| compiled::watched(t, || compiled::access2(t, h, key, zero)))
                }
            }
        };
        (self.load(if ok { elem } else { zero.addr() }), ok)
    }

    #[inline(always)]
    pub(super) fn delete(&self, k: impl AsKey<K>) {
        let (t, h) = (self.t(), self.h());
        // SAFETY: as in `assign`.
        unsafe {
            if Self::OWNS || t.indirect_key() {
                if let (false, Fast::FastStr, Shape::Str(str, len)) = (V::OWNS, t.fast, k.shape())
                    && Arc::strong_count(&self.owned) == 1
                {
                    return self.delete_string(k, str, len);
                }
                return self.delete_watched(k, &());
            }
            match (t.fast, k.shape()) {
                (Fast::Fast64, Shape::Word(w)) => {
                    ready();
                    (amd64::of(t).mapdelete)(t, h, w);
                }
                (Fast::Fast32, Shape::Word(w)) => {
                    ready();
                    (amd64::of(t).mapdelete32)(t, h, (w as u32).into());
                }
                _ => self.with_key(&k, |key| compiled::watched(t, || compiled::delete(t, h, key))),
            }
        }
    }

    #[inline(always)]
    pub(super) fn clear(&self) {
        self.clear_watched(&());
    }

    #[inline(always)]
    pub(super) fn clear_watched<P: Probe>(&self, p: &P) {
        let (t, h) = (self.t(), self.h());
        // SAFETY: as in `assign`.
        unsafe {
            if Self::OWNS || t.indirect_key() {
                let values = self.keep();
                let keeper = Keeper::new::<K, V>(t, &values);
                map::walk::entries(t, h, &mut |k, e| keeper.entry(k, e));
            }
            op(|| map::clear::mapclear(t, h, p));
        }
    }

    #[inline(always)]
    pub(super) fn len(&self) -> i64 {
        match self.h() {
            0 => 0,
            // SAFETY: the header is there until the last handle goes; `count` is its first word.
            h => unsafe { mem::ld64(h) as i64 },
        }
    }

    #[inline(always)]
    pub(super) fn range(&self) -> Range<'_, K, V> {
        Range::new(&self.owned)
    }

    #[inline(always)]
    pub(super) fn clone_map(&self) -> Self {
        self.clone_watched(&())
    }

    #[inline(always)]
    pub(super) fn clone_watched<P: Probe>(&self, p: &P) -> Self {
        // SAFETY: as in `assign`.
        let h = op(|| unsafe { map::clone::maps_Clone(self.t(), self.h(), p) });
        let copy = Self::new(self.t().clone(), h);
        if Self::OWNS || self.t().indirect_key() {
            copy.own_entries();
        }
        copy
    }
}
