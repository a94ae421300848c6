//! Operations on many keys of a map with 8-byte keys: by the routines for many where elements are plain words, else one by
//! one behind a prefetcher.

use super::elem::Elem;
use super::raw::Raw;
use crate::fault::ready;
use crate::map::{amd64, batch};
use crate::types::Fast;
use std::any::TypeId;

/// Whether a value is eight bytes that may have any value, and is stored as they are.
pub(super) fn is_word<V: 'static>() -> bool {
    let v = TypeId::of::<V>();
    [TypeId::of::<u64>(), TypeId::of::<i64>(), TypeId::of::<f64>()].contains(&v)
}

impl<V: Elem> Raw<u64, V> {
    /// `m[keys[i]] = values[i]` for every i; there are as many values as keys.
    pub(super) fn assign_many(&self, keys: &[u64], values: &[V]) {
        if !is_word::<V>() {
            return self.for_many(keys, |i| self.insert(keys[i], &values[i]));
        }
        ready();
        let t = self.t();
        // SAFETY: values are words. A live map of this type, which has elements of 8 bytes without pointers then.
        unsafe {
            let words = std::slice::from_raw_parts(values.as_ptr().cast(), values.len());
            batch::assign_many(amd64::of(t), t, self.h(), keys, words);
        }
    }

    /// `values[i] = m[keys[i]]` for every i; there are as many values as keys.
    pub(super) fn get_many(&self, keys: &[u64], values: &mut [V]) {
        if !is_word::<V>() {
            return self.for_many(keys, |i| values[i] = self.get(keys[i]));
        }
        ready();
        let t = self.t();
        // SAFETY: as above.
        unsafe {
            let words = std::slice::from_raw_parts_mut(values.as_mut_ptr().cast(), values.len());
            batch::get_many(amd64::of(t), t, self.h(), keys, words);
        }
    }

    /// `delete(m, keys[i])` for every i.
    pub(super) fn delete_many(&self, keys: &[u64]) {
        self.for_many(keys, |i| self.delete(keys[i]));
    }

    /// Calls `f`, which is one operation, for every index of `keys`.
    fn for_many(&self, keys: &[u64], f: impl FnMut(usize)) {
        if self.t().fast != Fast::Fast64 {
            return (0..keys.len()).for_each(f);
        }
        // SAFETY: a live map of this type.
        unsafe { batch::rolling(amd64::of(self.t()), self.t(), self.h(), keys, f) };
    }
}
