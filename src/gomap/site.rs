//! A place in a program that operates on one map with 8-byte keys again and again.

use super::elem::Elem;
use super::key::Shape;
use super::many::is_word;
use super::raw::Raw;
use crate::fault::ready;
use crate::map::amd64::{self, call_site::CallSite};
use crate::types::Fast;
use std::mem::transmute_copy;

/// Operations on one map for loops to keep at hand: what they do is what the map's own do, but their fast cases lie in the loop,
/// with what they need in registers ([`CallSite`]). [`GoMap::site`](super::GoMap::site) makes one.
pub struct Site<'m, V: Elem> {
    map: &'m Raw<u64, V>,
    h: usize,
    /// Unless keys or elements are of another kind.
    here: Option<CallSite<'m>>,
}

impl<'m, V: Elem> Site<'m, V> {
    #[inline(always)]
    pub(super) fn new(map: &'m Raw<u64, V>) -> Self {
        ready();
        let t = map.t();
        let here = (is_word::<V>() && t.fast == Fast::Fast64).then(|| CallSite::new(amd64::of(t), t));
        Self { map, h: map.h(), here }
    }

    /// `m[k] = v`.
    ///
    /// # Panics
    /// On a nil map, with `assignment to entry in nil map`.
    #[inline(always)]
    pub fn insert(&self, k: u64, v: V) {
        match (&self.here, v.shape()) {
            // SAFETY: a live map of this type, whose elements are such words.
            (Some(here), Shape::Word(bits)) => unsafe { here.set(self.h, k, bits) },
            _ => self.map.insert(k, &v),
        }
    }

    /// `m[k]`: the zero value when there is no such key.
    #[inline(always)]
    #[must_use]
    pub fn get(&self, k: u64) -> V {
        match &self.here {
            // SAFETY: as above; there is a call site only for elements that may be any word.
            Some(here) => unsafe { transmute_copy(&here.get(self.h, k)) },
            None => self.map.get(k),
        }
    }

    /// `v, ok := m[k]`.
    #[inline(always)]
    #[must_use]
    pub fn get2(&self, k: u64) -> (V, bool) {
        match &self.here {
            Some(here) => {
                // SAFETY: as above.
                let (elem, ok) = unsafe { here.access2(self.h, k) };
                (self.map.load(elem), ok)
            }
            None => self.map.get2(k),
        }
    }

    /// `delete(m, k)`.
    #[inline(always)]
    pub fn delete(&self, k: u64) {
        self.map.delete(k);
    }
}

#[cfg(test)]
mod tests {
    use crate::fatal::GoPanic;
    use crate::gomap::{Elem, GoMap};
    use crate::runtime::{Runtime, RuntimeConfig};
    use std::fmt::Debug;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    /// Random operations by a site and by the map's own: the same answers, and the same map after all, in Go's order.
    fn agree<V: Elem + PartialEq + Debug>(value: impl Fn(u64) -> V) {
        let [a, b] = [(); 2].map(|()| {
            let rt = Runtime::new(RuntimeConfig { seed: Some(7), ..RuntimeConfig::default() });
            GoMap::<u64, V>::make(&rt, 0)
        });
        let here = a.site();
        let mut x = 3_u64;
        for _ in 0..20_000 {
            x = x.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            let k = x >> 54;
            match x >> 20 & 7 {
                0..4 => {
                    here.insert(k, value(x));
                    b.insert(k, value(x));
                }
                4 => assert_eq!(here.get(k), b.get(k)),
                5 => assert_eq!(here.get2(k), b.get2(k)),
                _ => {
                    here.delete(k);
                    b.delete(k);
                }
            }
        }
        assert!(a.len() > 100);
        assert_eq!(a.iter().collect::<Vec<_>>(), b.iter().collect::<Vec<_>>());
    }

    #[test]
    fn sites_do_what_maps_do() {
        agree(|x| x);
        agree(|x| x as i64);
        agree(|x| x as f64);
        agree(|x| x as u32);
        agree(|x| x % 2 == 0);
        agree(|x| x.to_string());
    }

    /// Elements that look like what a lookup says when it is none of its fast cases.
    #[cfg(gohmap_asm)]
    #[test]
    fn elements_that_look_slow() {
        agree(|x| if x % 2 == 0 { crate::map::amd64::call_site::SLOW } else { x as i64 });
    }

    #[test]
    fn nil_maps() {
        let m = GoMap::<u64, u64>::nil(&Runtime::new(RuntimeConfig::default()));
        let here = m.site();
        assert_eq!((here.get(1), here.get2(1)), (0, (0, false)));
        here.delete(1);
        let died = catch_unwind(AssertUnwindSafe(|| here.insert(1, 1))).expect_err("it panics");
        assert_eq!(died.downcast::<GoPanic>().expect("a Go panic").text(), "assignment to entry in nil map");
    }
}
