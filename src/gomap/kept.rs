//! Entries that lead to further memory: strings, slices and what interfaces hold. It is kept for the map while they are in it,
//! and given up when they go.

use super::elem::Elem;
use super::key::{AsKey, Key};
use super::raw::{Raw, Staged};
use super::values::Values;
use crate::fault::{op, ready};
use crate::heap::{Request, Role};
use crate::layout::mem;
use crate::map;
use crate::map::amd64::{self, Slot};
use crate::map::compiled;
use crate::probe::{Probe, Step};
use crate::types::MapType;
use std::cell::Cell;

/// Watches assigns and deletes of a map whose entries lead to further memory. One type for all maps: the map's functions
/// are compiled for it once.
pub(super) struct Keeper<'a> {
    t: &'a MapType,
    values: &'a Values<'a>,
    release_key: Release,
    release_elem: Release,
    /// The key of an assign has been stored.
    stored: Cell<bool>,
}

/// [`Elem::release`].
type Release = unsafe fn(usize, &Values<'_>);

impl<'a> Keeper<'a> {
    pub(super) fn new<K: Key, V: Elem>(t: &'a MapType, values: &'a Values<'a>) -> Self {
        Self { t, values, release_key: K::release, release_elem: V::release, stored: Cell::new(false) }
    }

    /// Gives up what an entry leads to. The boxes of elements are the map's, those of keys are not.
    ///
    /// # Safety
    /// These are the slots of an entry of the map.
    pub(super) unsafe fn entry(&self, key: usize, elem: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            (self.release_key)(key_at(self.t, key), self.values);
            (self.release_elem)(elem_at(self.t, elem), self.values);
            if self.t.indirect_key() {
                self.values.give_up(mem::ld64(key) as usize);
            }
        }
    }
}

impl Probe for Keeper<'_> {
    /// It is told of keys that are stored and entries that go, and interferes with nothing.
    const WATCHES: bool = false;

    #[inline]
    fn step(&self, step: Step) {
        let slots =
            |bucket: usize, i| (bucket.wrapping_add(self.t.bucket.key(i)), bucket.wrapping_add(self.t.bucket.elem(i)));
        match step {
            Step::KeyStore { .. } => self.stored.set(true),
            Step::KeyUpdate { bucket, i } => {
                self.stored.set(true);
                // SAFETY: a slot that holds a key equal to the one that is about to take its place.
                unsafe { (self.release_key)(key_at(self.t, slots(bucket, i).0), self.values) }
            }
            Step::SlotClear { bucket, i } => {
                let (key, elem) = slots(bucket, i);
                // SAFETY: a slot that holds an entry.
                unsafe { self.entry(key, elem) }
            }
            _ => {}
        }
    }
}

/// Two probes that are told the same.
struct Both<'a, A, B>(&'a A, &'a B);

impl<A: Probe, B: Probe> Probe for Both<'_, A, B> {
    const WATCHES: bool = A::WATCHES || B::WATCHES;

    #[inline(always)]
    fn step(&self, step: Step) {
        self.0.step(step);
        self.1.step(step);
    }
}

/// The address of a key, given that of its slot.
unsafe fn key_at(t: &MapType, slot: usize) -> usize {
    // SAFETY: the caller's promise: a key's slot.
    if t.indirect_key() { unsafe { mem::ld64(slot) as usize } } else { slot }
}

/// The address of an element, given that of its slot.
unsafe fn elem_at(t: &MapType, slot: usize) -> usize {
    // SAFETY: the caller's promise: an element's slot.
    if t.indirect_elem() { unsafe { mem::ld64(slot) as usize } } else { slot }
}

impl<K: Key, V: Elem> Raw<K, V> {
    /// An assign whose key is a string, to a map that nobody else has a handle to. One that is there already is assigned to
    /// once more, with the bytes that it has; only a new one needs memory.
    #[inline(always)]
    pub(super) unsafe fn assign_string(&self, k: impl AsKey<K>, str: usize, len: usize) -> usize {
        let (t, h, f) = (self.t(), self.h(), amd64::of(self.t()));
        ready();
        // SAFETY: as in `assign`; a key's slot holds the address of its bytes, which are as many as those at `str`.
        unsafe {
            let found = (f.find_str)(t, h, str, len);
            if found.key != 0 {
                let elem = (f.mapassign_str)(t, h, mem::ld64(found.key) as usize, len);
                if elem != found.elem {
                    self.part(k, found.key);
                }
                return elem;
            }
            if found.elem != Slot::ABSENT || h == 0 {
                return self.assign_kept(k, &());
            }
            let values = self.keep();
            let mut key = Staged::<K>::zero();
            let at = key.addr();
            k.put_key(at, &values);
            let unwound = Unwound(|| K::release(at, &values));
            let elem = (f.mapassign_str)(t, h, mem::ld64(at) as usize, len);
            std::mem::forget(unwound);
            elem
        }
    }

    /// A map that was tampered with has a key twice, where lookups find it and where assigns do, and the same bytes for both:
    /// the former gets its own.
    #[cold]
    unsafe fn part(&self, k: impl AsKey<K>, slot: usize) {
        // SAFETY: the caller's promise: a slot for a key.
        unsafe { k.put_key(slot, &self.keep()) };
    }

    /// An assign whose key leads to further memory: it goes into the map with memory of the map's, which is given up again
    /// when the key was there and stays as it is.
    pub(super) fn assign_kept<P: Probe>(&self, k: impl AsKey<K>, p: &P) -> usize {
        let (t, h) = (self.t(), self.h());
        if h == 0 {
            // Only to panic.
            // SAFETY: as in `assign`.
            return self.with_key(&k, |key| op(|| unsafe { compiled::assign(t, h, key) }));
        }
        let values = self.keep();
        let mut key = Staged::<K>::zero();
        let at = key.addr();
        // SAFETY: the key's own bytes; then as in `assign`.
        unsafe {
            k.put_key(at, &values);
            let probe = Keeper::new::<K, V>(t, &values);
            let unwound = Unwound(|| K::release(at, &values));
            let elem = op(|| compiled::assign_probed(t, h, at, &Both(&probe, p)));
            std::mem::forget(unwound);
            if !probe.stored.get() {
                K::release(at, &values);
            }
            elem
        }
    }

    /// A delete of a string from a map that nobody else has a handle to, and whose elements lead nowhere: its bytes go after it.
    #[inline(always)]
    pub(super) unsafe fn delete_string(&self, k: impl AsKey<K>, str: usize, len: usize) {
        let (t, h, f) = (self.t(), self.h(), amd64::of(self.t()));
        ready();
        // SAFETY: as in `assign_string`; a deleted key's slot is zeroed.
        unsafe {
            let found = (f.find_str)(t, h, str, len);
            if found.elem == 0 {
                return self.delete_watched(k, &());
            }
            let bytes = if found.key == 0 { 0 } else { mem::ld64(found.key) };
            (f.mapdelete_str)(t, h, str, len);
            // Where a map that was tampered with has a key twice, the other one may be gone.
            if bytes != 0 && mem::ld64(found.key) == 0 {
                self.keep().give_up(bytes as usize);
            }
        }
    }

    /// A delete by the portable functions, which look after what entries lead to.
    pub(super) fn delete_watched<P: Probe>(&self, k: impl AsKey<K>, p: &P) {
        let (t, h, values) = (self.t(), self.h(), self.keep());
        let keeper = Keeper::new::<K, V>(t, &values);
        self.with_key(&k, |key| {
            // SAFETY: as in `assign`.
            op(|| unsafe {
                if Self::OWNS || t.indirect_key() {
                    compiled::delete_probed(t, h, key, &Both(&keeper, p));
                } else {
                    compiled::delete_probed(t, h, key, p);
                }
            })
        });
    }

    /// Gives the entries of a copy memory of their own for what they lead to: so far it is the original's.
    pub(super) fn own_entries(&self) {
        let (t, h) = (self.t(), self.h());
        let values = self.keep();
        // SAFETY: a fresh copy of a map of type `t`; what its entries lead to is alive.
        unsafe {
            map::walk::entries(t, h, &mut |k, e| {
                if t.indirect_key() {
                    let noscan = !t.key_has_pointers;
                    let malloc_headers = t.rt.rules().malloc_header;
                    let r = Request { size: t.key_size, noscan, malloc_headers, owner: h, role: Role::Key, table: 0 };
                    let Ok(new) = t.rt.heap.alloc(&r) else { crate::fatal::throw("out of memory") };
                    mem::memmove(new.addr, mem::ld64(k) as usize, t.key_size);
                    mem::st64(k, new.addr as u64);
                }
                let (k, e) = (key_at(t, k), elem_at(t, e));
                if K::OWNS {
                    K::get(k, &values).put(k, &values);
                }
                if V::OWNS {
                    V::get(e, &values).put(e, &values);
                }
            });
        }
    }
}

/// Runs a function when it is dropped: when a panic unwinds.
struct Unwound<F: FnMut()>(F);

impl<F: FnMut()> Drop for Unwound<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}
