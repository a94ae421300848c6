//! `for k, v := range m`.

use super::elem::{self, Elem};
use super::key::Key;
use crate::fault::op;
use crate::layout::Hiter;
use crate::map::iter;
use crate::types::MapType;
use std::marker::PhantomData;

/// An iteration, as Go's `range` does it: `while let Some((k, v)) = it.next()`.
///
/// Keeps Go's promises about a map that changes meanwhile: entries deleted before they are reached do not come, new
/// ones may or may not. Not an [`Iterator`], which could be collected and outlive what it promises.
pub struct Range<'m, K, V> {
    t: &'m MapType,
    it: Hiter,
    started: bool,
    types: PhantomData<fn(K) -> V>,
}

impl<'m, K: Key, V: Elem> Range<'m, K, V> {
    /// `mapiterinit`, which also finds the first entry.
    #[inline(always)]
    pub(super) fn new(t: &'m MapType, h: usize) -> Self {
        let mut it = Hiter::default();
        // SAFETY: `h` is 0 or the header of a map of type `t` that lives for `'m`.
        op(|| unsafe { iter::mapiterinit(t, h, &mut it, &()) });
        Self { t, it, started: false, types: PhantomData }
    }

    /// The next entry, `None` after the last.
    #[expect(clippy::should_implement_trait, reason = "see the type")]
    #[inline(always)]
    pub fn next(&mut self) -> Option<(K, V)> {
        if self.started {
            if self.it.key == 0 {
                return None;
            }
            // SAFETY: `it` was set up by `mapiterinit` for this type, and its map lives for `'m`.
            op(|| unsafe { iter::mapiternext(self.t, &mut self.it, &()) });
        }
        self.started = true;
        if self.it.key == 0 {
            return None;
        }
        // SAFETY: the iterator points at an entry; if that was tampered with, the fault is the caller's.
        unsafe { Some((K::load(self.it.key as usize), elem::load(self.it.elem as usize))) }
    }

    /// The iterator's state.
    #[must_use]
    pub fn state(&self) -> &Hiter {
        &self.it
    }
}
