//! The algorithm of Go's `sync.Map`: a map that is read without a lock, and one behind it that is being made
//! (`sync/map.go`, Go 1.19 to 1.23; the same in all of them).
//!
//! `read` leads to a map that nobody changes; its entries change, atomically. New keys go to `dirty`, under the mutex, which
//! otherwise holds all keys of `read` that are not expunged, by the same entries. Lookups that must go there are misses; when
//! there have been as many as `dirty` has keys, it becomes `read`.
//!
//! Where Go has its collector, a replaced `read` goes to the epochs, and with it, if it was the last that had them, the map
//! and its counts of entries. Under the mutex entries are shared by counts.

use super::entry::{Entry, Expunged};
use super::table::Table;
use super::threads::Threads;
use crate::gomap::Any;
use crate::runtime::Runtime;
use crossbeam_epoch::{Atomic, Guard, Owned, pin, unprotected};
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

/// `map[any]*entry`.
type Entries = Table<Any, Entry>;

/// `sync.Map`.
pub(super) struct Core<T: Threads> {
    pub(super) rt: Arc<Runtime>,
    mu: T::Mutex<Locked>,
    read: Atomic<ReadOnly>,
}

/// What is only touched under the mutex.
struct Locked {
    dirty: Option<Entries>,
    misses: usize,
}

/// `readOnly`.
#[derive(Clone)]
struct ReadOnly {
    m: Arc<Entries>,
    /// `dirty` has keys that `m` has not.
    amended: bool,
}

/// How many keys there are where, at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layers {
    /// Keys of the map that is read without the lock, deleted ones too.
    pub read: usize,
    /// The dirty map has keys that are not among them: a lookup that finds nothing there goes on under the lock.
    pub amended: bool,
    /// Keys of the dirty map, if there is one.
    pub dirty: Option<usize>,
    /// Lookups under the lock since the dirty map was last promoted.
    pub misses: usize,
    /// Entries of the first map whose value is deleted, and that the dirty map, if there is one, still has.
    pub deleted: usize,
    /// Entries of the first map that are expunged: deleted, and not in the dirty map.
    pub expunged: usize,
}

impl<T: Threads> Core<T> {
    pub(super) fn new(rt: &Arc<Runtime>) -> Self {
        let nil = ReadOnly { m: Arc::new(Entries::nil(rt)), amended: false };
        let mu = T::mutex(Locked { dirty: None, misses: 0 });
        Self { rt: Arc::clone(rt), mu, read: Atomic::new(nil) }
    }

    /// `loadReadOnly`.
    #[inline(always)]
    fn read<'g>(&self, g: &'g Guard) -> &'g ReadOnly {
        T::step();
        // SAFETY: never nil; what it leads to is given to the epochs only when it has been replaced.
        unsafe { self.read.load(SeqCst, g).deref() }
    }

    /// `read.Store`.
    fn store_read(&self, m: Arc<Entries>, amended: bool, g: &Guard) {
        T::step();
        let old = self.read.swap(Owned::new(ReadOnly { m, amended }), SeqCst, g);
        // SAFETY: it was taken out of the only place that led to it.
        unsafe { g.defer_destroy(old) };
    }

    /// What most operations begin with: the entry of a key, and for a key that only the dirty map may have, under the lock,
    /// `in_dirty` to look there; it counts as a miss.
    fn find(
        &self,
        key: &Any,
        g: &Guard,
        in_dirty: impl FnOnce(&mut Entries) -> Option<Arc<Entry>>,
    ) -> Option<Arc<Entry>> {
        let mut mu = T::lock(&self.mu);
        // It may have been promoted while this thread waited.
        let read = self.read(g);
        let mut e = read.m.share(key);
        if e.is_none() && read.amended {
            e = mu.dirty.as_mut().and_then(in_dirty);
            self.miss_locked(&mut mu, g);
        }
        e
    }

    /// Load.
    pub(super) fn load(&self, key: &Any) -> Option<Any> {
        let g = &pin();
        let read = self.read(g);
        match read.m.get(key) {
            Some(e) => e.load::<T>(g),
            None if read.amended => self.find(key, g, |dirty| dirty.share(key))?.load::<T>(g),
            None => None,
        }
    }

    /// Swap, and, which is the same without a result, Store.
    pub(super) fn swap(&self, key: &Any, mut value: Any) -> Option<Any> {
        let g = &pin();
        if let Some(e) = self.read(g).m.get(key) {
            match e.try_swap::<T>(value, g) {
                Ok(before) => return before,
                Err(Expunged(v)) => value = v,
            }
        }
        let mut mu = T::lock(&self.mu);
        let read = self.read(g);
        if let Some(e) = read.m.share(key) {
            self.unexpunge(&mut mu, key, &e, g);
            return e.swap_locked::<T>(value, g);
        }
        if let Some(e) = mu.dirty.as_ref().and_then(|dirty| dirty.get(key)) {
            return e.swap_locked::<T>(value, g);
        }
        self.add(&mut mu, read, key, value, g);
        None
    }

    /// LoadOrStore.
    pub(super) fn load_or_store(&self, key: &Any, mut value: Any) -> (Any, bool) {
        let g = &pin();
        if let Some(e) = self.read(g).m.get(key) {
            match e.try_load_or_store::<T>(value, g) {
                Ok(done) => return done,
                Err(Expunged(v)) => value = v,
            }
        }
        let mut mu = T::lock(&self.mu);
        let read = self.read(g);
        const NOT_NOW: &str = "nobody expunges under another's lock";
        if let Some(e) = read.m.share(key) {
            self.unexpunge(&mut mu, key, &e, g);
            return e.try_load_or_store::<T>(value, g).expect(NOT_NOW);
        }
        if let Some(e) = mu.dirty.as_ref().and_then(|dirty| dirty.get(key)) {
            let done = e.try_load_or_store::<T>(value, g).expect(NOT_NOW);
            self.miss_locked(&mut mu, g);
            return done;
        }
        self.add(&mut mu, read, key, value.clone(), g);
        (value, false)
    }

    /// LoadAndDelete.
    pub(super) fn load_and_delete(&self, key: &Any) -> Option<Any> {
        let g = &pin();
        let read = self.read(g);
        match read.m.get(key) {
            Some(e) => e.delete::<T>(g),
            None if read.amended => self.find(key, g, |dirty| dirty.remove(key))?.delete::<T>(g),
            None => None,
        }
    }

    /// CompareAndSwap.
    pub(super) fn compare_and_swap(&self, key: &Any, equal: impl Fn(&Any) -> bool, new: Any) -> bool {
        let g = &pin();
        let read = self.read(g);
        if let Some(e) = read.m.get(key) {
            return e.try_compare_and_swap::<T>(equal, new, g);
        }
        if !read.amended {
            return false;
        }
        let mut mu = T::lock(&self.mu);
        let read = self.read(g);
        if let Some(e) = read.m.get(key) {
            return e.try_compare_and_swap::<T>(equal, new, g);
        }
        let Some(e) = mu.dirty.as_ref().and_then(|dirty| dirty.get(key)) else { return false };
        let swapped = e.try_compare_and_swap::<T>(equal, new, g);
        // The keys have not changed, so the dirty map would do as `read`.
        self.miss_locked(&mut mu, g);
        swapped
    }

    /// CompareAndDelete. The dirty map keeps the key: it is expunged some day.
    pub(super) fn compare_and_delete(&self, key: &Any, equal: impl Fn(&Any) -> bool) -> bool {
        let g = &pin();
        let read = self.read(g);
        match read.m.get(key) {
            Some(e) => e.compare_and_delete::<T>(equal, g),
            None if read.amended => {
                self.find(key, g, |dirty| dirty.share(key)).is_some_and(|e| e.compare_and_delete::<T>(equal, g))
            }
            None => false,
        }
    }

    /// Range: promotes the dirty map if it has more, then goes over the map that is read. The epochs do not wait for `f`.
    pub(super) fn range(&self, f: &mut dyn FnMut(Any, Any) -> bool) {
        let m = {
            let g = &pin();
            let mut read = self.read(g);
            if read.amended {
                let mut mu = T::lock(&self.mu);
                read = self.read(g);
                if read.amended {
                    self.promote(&mut mu, g);
                    read = self.read(g);
                }
            }
            Arc::clone(&read.m)
        };
        for (k, e) in m.range() {
            let v = e.load::<T>(&pin());
            if v.is_some_and(|v| !f(k, v)) {
                break;
            }
        }
    }

    /// Clear.
    pub(super) fn clear(&self) {
        let g = &pin();
        let empty = |read: &ReadOnly| read.m.len() == 0 && !read.amended;
        if empty(self.read(g)) {
            return;
        }
        let mut mu = T::lock(&self.mu);
        if !empty(self.read(g)) {
            self.store_read(Arc::new(Entries::nil(&self.rt)), false, g);
        }
        if let Some(dirty) = &mut mu.dirty {
            dirty.clear();
        }
        mu.misses = 0;
    }

    /// What is where.
    pub(super) fn layers(&self) -> Layers {
        let g = &pin();
        let mu = T::lock(&self.mu);
        let read = self.read(g);
        let gone = || read.m.range().map(|(_, e)| e.gone::<T>(g));
        Layers {
            read: read.m.len(),
            amended: read.amended,
            dirty: mu.dirty.as_ref().map(Table::len),
            misses: mu.misses,
            deleted: gone().filter(|&(deleted, _)| deleted).count(),
            expunged: gone().filter(|&(_, expunged)| expunged).count(),
        }
    }

    /// An expunged entry of `read` becomes a deleted one of both maps.
    fn unexpunge(&self, mu: &mut Locked, key: &Any, e: &Arc<Entry>, g: &Guard) {
        if e.unexpunge::<T>(g) {
            mu.dirty.as_mut().expect("there is one where an entry is expunged").insert(key, Arc::clone(e));
        }
    }

    /// A key that neither map has.
    fn add(&self, mu: &mut Locked, read: &ReadOnly, key: &Any, value: Any, g: &Guard) {
        let dirty = match &mut mu.dirty {
            Some(dirty) => dirty,
            none => none.insert(self.dirty_of(read, g)),
        };
        if !read.amended {
            self.store_read(Arc::clone(&read.m), true, g);
        }
        dirty.insert(key, Arc::new(Entry::new(value)));
    }

    /// `dirtyLocked`: all entries of `read` but the deleted ones, which are expunged.
    fn dirty_of(&self, read: &ReadOnly, g: &Guard) -> Entries {
        let mut dirty = Entries::make(&self.rt, read.m.len() as i64);
        for (k, e) in read.m.range_shared() {
            if !e.try_expunge::<T>(g) {
                dirty.insert(&k, e);
            }
        }
        dirty
    }

    /// `missLocked`.
    fn miss_locked(&self, mu: &mut Locked, g: &Guard) {
        mu.misses += 1;
        if mu.misses >= mu.dirty.as_ref().map_or(0, Table::len) {
            self.promote(mu, g);
        }
    }

    /// The dirty map becomes the one that is read.
    fn promote(&self, mu: &mut Locked, g: &Guard) {
        let dirty = mu.dirty.take().unwrap_or_else(|| Entries::nil(&self.rt));
        self.store_read(Arc::new(dirty), false, g);
        mu.misses = 0;
    }
}

impl<T: Threads> Drop for Core<T> {
    fn drop(&mut self) {
        // SAFETY: nobody else has the map, so nobody is looking at what it read last.
        unsafe { drop(self.read.load(SeqCst, unprotected()).into_owned()) };
    }
}
