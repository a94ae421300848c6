//! `entry`: the place of one key's value in a [`SyncMap`](super::SyncMap) (`sync/map.go`).
//!
//! The value is a box that `p` leads to, and a new value a new box: what a reader has got stays as it is. Go leaves the old
//! boxes to its collector; here they go to the epochs of `crossbeam_epoch`, which free them when no thread is left that
//! was looking when they were replaced. So no address comes back while somebody compares it, as in Go.

use super::table::Pointee;
use super::threads::Threads;
use crate::gomap::Any;
use crate::types::GoType;
use crossbeam_epoch::{Atomic, Guard, Owned, Shared, unprotected};
use std::sync::atomic::Ordering::SeqCst;

/// The mark of `expunged`: an address with this in its lowest bit.
const EXPUNGED: usize = 1;

/// One key's place. `p` is nil when the key is deleted, and `expunged` when it is deleted and not in the dirty map, which
/// exists then: who stores a value must put the entry there first.
pub(super) struct Entry {
    p: Atomic<Any>,
}

impl Pointee for Entry {
    fn go_type() -> GoType {
        GoType::named("sync.entry", &GoType::structure(&[("p", GoType::unsafe_pointer())]))
    }
}

/// The entry is expunged; the value that was to be stored comes back.
#[derive(Debug)]
pub(super) struct Expunged(pub(super) Any);

fn expunged<'g>() -> Shared<'g, Any> {
    Shared::null().with_tag(EXPUNGED)
}

/// The value of an entry, unless it is nil or expunged.
#[inline(always)]
fn value<'g>(p: Shared<'g, Any>) -> Option<&'g Any> {
    if p.tag() == EXPUNGED {
        return None;
    }
    // SAFETY: what is neither nil nor expunged was a box when `p` was loaded, and is freed only after the guard has gone
    // that `p` was loaded under.
    unsafe { p.as_ref() }
}

/// Gives a replaced value to the epochs.
fn retire(p: Shared<'_, Any>, g: &Guard) {
    if value(p).is_some() {
        // SAFETY: it was taken out of its entry, the only place that led to it.
        unsafe { g.defer_destroy(p) };
    }
}

impl Entry {
    /// `newEntry`.
    pub(super) fn new(v: Any) -> Self {
        Self { p: Atomic::new(v) }
    }

    #[inline(always)]
    fn p<'g, T: Threads>(&self, g: &'g Guard) -> Shared<'g, Any> {
        T::step();
        self.p.load(SeqCst, g)
    }

    /// `p.CompareAndSwap(old, new)`; the old value is given to the epochs.
    fn replace<'g, T: Threads>(&self, old: Shared<'g, Any>, new: Shared<'g, Any>, g: &'g Guard) -> bool {
        T::step();
        let done = self.p.compare_exchange(old, new, SeqCst, SeqCst, g).is_ok();
        if done {
            retire(old, g);
        }
        done
    }

    /// `load`.
    #[inline(always)]
    pub(super) fn load<T: Threads>(&self, g: &Guard) -> Option<Any> {
        value(self.p::<T>(g)).cloned()
    }

    /// `trySwap` (before Go 1.20 `tryStore`): the value before.
    ///
    /// # Errors
    /// When the entry is expunged.
    pub(super) fn try_swap<T: Threads>(&self, new: Any, g: &Guard) -> Result<Option<Any>, Expunged> {
        let mut new = Owned::new(new);
        loop {
            let old = self.p::<T>(g);
            if old == expunged() {
                return Err(Expunged(*new.into_box()));
            }
            T::step();
            match self.p.compare_exchange(old, new, SeqCst, SeqCst, g) {
                Ok(_) => {
                    let before = value(old).cloned();
                    retire(old, g);
                    return Ok(before);
                }
                Err(e) => new = e.new,
            }
        }
    }

    /// `unexpungeLocked`: whether it was expunged.
    pub(super) fn unexpunge<T: Threads>(&self, g: &Guard) -> bool {
        self.replace::<T>(expunged(), Shared::null(), g)
    }

    /// `swapLocked`: stores into an entry that is not expunged, and that nobody can expunge; the value before.
    pub(super) fn swap_locked<T: Threads>(&self, new: Any, g: &Guard) -> Option<Any> {
        T::step();
        let old = self.p.swap(Owned::new(new), SeqCst, g);
        let before = value(old).cloned();
        retire(old, g);
        before
    }

    /// `tryLoadOrStore`: the value that is there and `true`, or `new` and `false`.
    ///
    /// # Errors
    /// When the entry is expunged.
    pub(super) fn try_load_or_store<T: Threads>(&self, new: Any, g: &Guard) -> Result<(Any, bool), Expunged> {
        let mut boxed: Option<Owned<Any>> = None;
        loop {
            let p = self.p::<T>(g);
            if p == expunged() {
                return Err(Expunged(new));
            }
            if let Some(v) = value(p) {
                return Ok((v.clone(), true));
            }
            let mine = boxed.take().unwrap_or_else(|| Owned::new(new.clone()));
            T::step();
            match self.p.compare_exchange(Shared::null(), mine, SeqCst, SeqCst, g) {
                Ok(_) => return Ok((new, false)),
                Err(e) => boxed = Some(e.new),
            }
        }
    }

    /// `tryCompareAndSwap`: stores `new` if the value is `old` by `equal`.
    pub(super) fn try_compare_and_swap<T: Threads>(&self, equal: impl Fn(&Any) -> bool, new: Any, g: &Guard) -> bool {
        let mut p = self.p::<T>(g);
        if !value(p).is_some_and(&equal) {
            return false;
        }
        let mut new = Owned::new(new);
        loop {
            T::step();
            match self.p.compare_exchange(p, new, SeqCst, SeqCst, g) {
                Ok(_) => {
                    retire(p, g);
                    return true;
                }
                Err(e) => new = e.new,
            }
            p = self.p::<T>(g);
            if !value(p).is_some_and(&equal) {
                return false;
            }
        }
    }

    /// `delete`: what the value was.
    pub(super) fn delete<T: Threads>(&self, g: &Guard) -> Option<Any> {
        loop {
            let p = self.p::<T>(g);
            let v = value(p)?;
            if self.replace::<T>(p, Shared::null(), g) {
                return Some(v.clone());
            }
        }
    }

    /// The end of `CompareAndDelete`: deletes if the value is the right one by `equal`.
    pub(super) fn compare_and_delete<T: Threads>(&self, equal: impl Fn(&Any) -> bool, g: &Guard) -> bool {
        loop {
            let p = self.p::<T>(g);
            if !value(p).is_some_and(&equal) {
                return false;
            }
            if self.replace::<T>(p, Shared::null(), g) {
                return true;
            }
        }
    }

    /// `tryExpungeLocked`: expunges a deleted entry; whether it is expunged then.
    pub(super) fn try_expunge<T: Threads>(&self, g: &Guard) -> bool {
        let mut p = self.p::<T>(g);
        while p.is_null() && p.tag() == 0 {
            if self.replace::<T>(Shared::null(), expunged(), g) {
                return true;
            }
            p = self.p::<T>(g);
        }
        p == expunged()
    }

    /// Whether it is deleted, and whether it is expunged.
    pub(super) fn gone<T: Threads>(&self, g: &Guard) -> (bool, bool) {
        let p = self.p::<T>(g);
        (p.is_null() && p.tag() == 0, p == expunged())
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        // SAFETY: nobody else has the entry. Whoever has read a value of it had it from a table that led to it, or owned
        // it, until after the last look.
        unsafe {
            let p = self.p.load(SeqCst, unprotected());
            if value(p).is_some() {
                drop(p.into_owned());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::threads::System;
    use super::*;
    use crossbeam_epoch::pin;
    use std::collections::BTreeSet;

    fn n(v: u64) -> Any {
        Any::Uint64(v)
    }

    #[test]
    fn an_entry_from_its_beginning_to_its_end() {
        let (e, g) = (Entry::new(n(1)), &pin());
        assert_eq!(e.load::<System>(g), Some(n(1)));
        assert_eq!(e.try_swap::<System>(n(2), g).unwrap(), Some(n(1)));
        assert!(!e.try_compare_and_swap::<System>(|v| *v == n(1), n(3), g));
        assert!(e.try_compare_and_swap::<System>(|v| *v == n(2), n(3), g));
        assert!(!e.try_expunge::<System>(g) && !e.unexpunge::<System>(g));
        assert_eq!(e.try_load_or_store::<System>(n(4), g).unwrap(), (n(3), true));
        assert!(!e.compare_and_delete::<System>(|v| *v == n(4), g));
        assert_eq!(e.delete::<System>(g), Some(n(3)));
        assert_eq!((e.delete::<System>(g), e.load::<System>(g), e.gone::<System>(g)), (None, None, (true, false)));
        assert!(e.try_expunge::<System>(g) && e.try_expunge::<System>(g));
        assert_eq!((e.load::<System>(g), e.gone::<System>(g)), (None, (false, true)));
        assert_eq!(e.try_swap::<System>(n(5), g).unwrap_err().0, n(5));
        assert_eq!(e.try_load_or_store::<System>(n(6), g).unwrap_err().0, n(6));
        assert!(e.unexpunge::<System>(g));
        assert_eq!(e.swap_locked::<System>(n(7), g), None);
        assert!(e.compare_and_delete::<System>(|v| *v == n(7), g));
    }

    /// Threads store values of their own, and take out what they find: each value comes out once.
    #[test]
    fn what_is_stored_comes_out_once() {
        const THREADS: u64 = 4;
        let rounds = if cfg!(miri) { 30 } else { 5000 };
        let e = Entry::new(n(0));
        let work = |t: u64| {
            let mut out = Vec::new();
            for i in 1..=rounds {
                let (g, new) = (&pin(), n(t * rounds + i));
                match i % 3 {
                    0 => out.extend(e.try_swap::<System>(new, g).unwrap()),
                    1 => {
                        if e.try_load_or_store::<System>(new.clone(), g).unwrap().1 {
                            out.push(new);
                        }
                    }
                    _ => {
                        out.push(new);
                        out.extend(e.delete::<System>(g));
                    }
                }
            }
            out
        };
        let mut all: Vec<Any> = std::thread::scope(|s| {
            let threads: Vec<_> = (0..THREADS)
                .map(|t| {
                    s.spawn({
                        let work = &work;
                        move || work(t)
                    })
                })
                .collect();
            threads.into_iter().flat_map(|t| t.join().unwrap()).collect()
        });
        all.extend(e.delete::<System>(&pin()));
        let numbers: BTreeSet<u64> = all.iter().map(|v| if let Any::Uint64(v) = v { *v } else { panic!() }).collect();
        assert_eq!((numbers.len(), all.len() as u64), (all.len(), THREADS * rounds + 1));
    }
}
