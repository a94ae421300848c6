//! Lookups of the generic path: `mapaccess1`, `mapaccess2`, `mapaccessK` (`runtime/map.go`).

use super::hmap::{H, lookup_bucket, zero_val};
use super::slots::{Looked, look};
use crate::fatal;
use crate::hash::alg::key_error;
use crate::layout::{mem, tophash};
use crate::probe::{Op, Probe, Step};
use crate::types::MapType;

/// Key and element of `key` in a map that has entries, or `None`.
#[inline(always)]
unsafe fn find<P: Probe>(t: &MapType, h: H, key: usize, p: &P) -> Option<(usize, usize)> {
    // SAFETY: the caller's promise for the map and the key.
    unsafe {
        let hash = (t.hasher)(t, key, h.hash0().into());
        p.step(Step::Hash { hash });
        let mut b = lookup_bucket(t, h, hash, p).prefetch::<P>(t);
        let top = tophash(hash);
        while !b.is_nil() {
            match look(t, b, key, top, None, p) {
                Looked::Found(i, k) => {
                    let mut e = b.elem(t, i);
                    if t.indirect_elem() {
                        e = mem::ld64(e) as usize;
                    }
                    return Some((k, e));
                }
                Looked::Ended => return None,
                Looked::On => b = b.overflow(t),
            }
        }
        None
    }
}

/// What is done with the key of a lookup or delete that has nothing to look for: it panics when it cannot be hashed.
#[inline(always)]
pub(super) unsafe fn check_key(t: &MapType, key: usize) {
    // SAFETY: the caller's promise for the key.
    unsafe {
        if !t.hash_might_panic() {
            return;
        }
        if t.rt.rules().empty_checks_key {
            key_error(&t.rt, &t.key, key);
        } else {
            (t.hasher)(t, key, 0);
        }
    }
}

/// A lookup's beginning: whether there is anything to look for.
#[inline(always)]
unsafe fn begin<P: Probe>(t: &MapType, h: H, key: usize, p: &P) -> bool {
    p.step(Step::Enter { op: Op::Access, h: h.0 });
    // SAFETY: the caller's promise for the map and the key.
    unsafe {
        if h.0 == 0 || h.count() == 0 {
            check_key(t, key);
            p.step(Step::Leave { op: Op::Access });
            return false;
        }
        p.step(Step::FlagsRead { flags: h.flags() });
        if h.writing() {
            fatal::fatal("concurrent map read and map write")
        }
        true
    }
}

/// `v := m[k]`: the address of the element, or of zeroes (1024 of them: larger elements have variants of their own).
///
/// # Panics
/// When the key cannot be hashed; ends the program when a write is under way.
///
/// # Safety
/// `h` is nil or the address of a header of type `t`, `key` that of a key; what the header leads to is sound to access
/// or faults inside a region that [`crate::fault`] watches.
#[inline(never)]
pub unsafe fn mapaccess1<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        if !begin(t, H(h), key, p) {
            return zero_val();
        }
        let e = find(t, H(h), key, p).map_or_else(zero_val, |(_, e)| e);
        p.step(Step::Leave { op: Op::Access });
        e
    }
}

/// `v, ok := m[k]`.
///
/// # Panics
/// As [`mapaccess1`].
///
/// # Safety
/// As [`mapaccess1`].
#[inline(never)]
pub unsafe fn mapaccess2<P: Probe>(t: &MapType, h: usize, key: usize, p: &P) -> (usize, bool) {
    // SAFETY: the caller's promise.
    unsafe {
        if !begin(t, H(h), key, p) {
            return (zero_val(), false);
        }
        let found = find(t, H(h), key, p);
        p.step(Step::Leave { op: Op::Access });
        found.map_or_else(|| (zero_val(), false), |(_, e)| (e, true))
    }
}

/// [`mapaccess1`] of elements above 1024 bytes: `zero` is the address of as many zeroes.
///
/// # Panics
/// As [`mapaccess1`].
///
/// # Safety
/// As [`mapaccess1`].
#[inline(never)]
pub unsafe fn mapaccess1_fat<P: Probe>(t: &MapType, h: usize, key: usize, zero: usize, p: &P) -> usize {
    // SAFETY: the caller's promise.
    let e = unsafe { mapaccess1(t, h, key, p) };
    if e == zero_val() { zero } else { e }
}

/// [`mapaccess2`] of elements above 1024 bytes: `zero` is the address of as many zeroes.
///
/// # Panics
/// As [`mapaccess1`].
///
/// # Safety
/// As [`mapaccess1`].
#[inline(never)]
pub unsafe fn mapaccess2_fat<P: Probe>(t: &MapType, h: usize, key: usize, zero: usize, p: &P) -> (usize, bool) {
    // SAFETY: the caller's promise.
    let e = unsafe { mapaccess1(t, h, key, p) };
    if e == zero_val() { (zero, false) } else { (e, true) }
}

/// `mapaccessK`: key and element, for an iterator that looks a moved entry up again. Checks no flags.
#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
pub(super) unsafe fn mapaccessK<P: Probe>(t: &MapType, h: H, key: usize, p: &P) -> Option<(usize, usize)> {
    // SAFETY: the caller's promise for the map and the key.
    unsafe { if h.0 == 0 || h.count() == 0 { None } else { find(t, h, key, p) } }
}
