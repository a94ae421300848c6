//! Many operations on one map, one after the other, with the buckets of later keys on their way meanwhile.
//!
//! What happens to the map is what the single operations do to it, in their order: keys may repeat, and the map may grow
//! on the way. Only the time differs. With AVX-512 a routine goes through the keys of a `map[uint64]uint64` by itself
//! ([`Many`], `asm/many_fast64.S`); elsewhere the single operations run behind a prefetcher, which pays for tables in far
//! caches or in memory.

use super::amd64::Fast64;
use crate::layout::mem;
use crate::types::MapType;
use std::ops::Range;

/// Keys that the prefetcher takes at once.
const GROUP: usize = 8;

/// How many keys it is ahead: enough for the time that memory takes, and not so many that lines leave the nearest cache
/// again. From 40 to 56 the times are the same.
const AHEAD: usize = 6 * GROUP;

/// Calls `f` for every index of `keys`, in order.
///
/// # Safety
/// `h` is 0 or the address of a header of type `t`, a fast64 type of the family `fast64`.
#[inline(always)]
pub(crate) unsafe fn rolling(fast64: &Fast64, t: &MapType, h: usize, keys: &[u64], mut f: impl FnMut(usize)) {
    let ask = |group: Option<&[u64]>| {
        if let Some(Ok(group)) = group.map(<&[u64; GROUP]>::try_from) {
            // SAFETY: the caller's promise for the header.
            unsafe { (fast64.prefetch)(t, h, group) };
        }
    };
    keys.chunks(GROUP).take(AHEAD / GROUP).for_each(|group| ask(Some(group)));
    for i in 0..keys.len() {
        if i % GROUP == 0 {
            ask(keys.get(i + AHEAD..i + AHEAD + GROUP));
        }
        f(i);
    }
}

/// What a routine for many keys knows of them: where it is, and the buckets of those to come. `asm/many_fast64.S`.
#[repr(C)]
#[derive(Debug)]
pub struct Many {
    keys: *const u64,
    /// Of lookups: where the values go.
    values: *mut u64,
    n: usize,
    /// The next key.
    i: usize,
    /// The first key whose bucket is not in the ring.
    ahead: usize,
    /// What the ring was made for: `buckets`, `hash0` and `B` of the header.
    buckets: usize,
    hash0: u32,
    b: u32,
    ring: Ring,
}

/// The bucket of key k is in slot k modulo 64. Blocks of eight lie in a line each.
#[repr(C, align(64))]
#[derive(Debug)]
struct Ring([usize; 64]);

/// Operations on many keys: goes on from `i`. Returns 0 when somebody else must do key `i`, if there is one; `SMALL` or
/// `GROWS` when the map is no case for it; otherwise where the value of key `i` is still to be stored.
pub type ManyKeys = unsafe extern "C-unwind" fn(t: &MapType, h: usize, many: &mut Many) -> usize;

/// The map has one bucket, or is not healthy: there is nothing to ask for ahead of time.
const SMALL: usize = 1;
/// The map grows.
const GROWS: usize = 2;

/// Keys that go one by one before a map that was refused is offered again.
const PATIENCE: usize = 512;

/// Keys for the single operation.
enum Singly {
    /// One after the other.
    Plain(Range<usize>),
    /// With the buckets of later ones on their way.
    Rolling(Range<usize>),
}

impl Many {
    /// These keys, the first of which is next.
    #[must_use]
    pub fn new(keys: &[u64], values: *mut u64) -> Self {
        let (keys, n) = (keys.as_ptr(), keys.len());
        Self { keys, values, n, i: 0, ahead: 0, buckets: 0, hash0: 0, b: 0, ring: Ring([0; 64]) }
    }

    /// Goes through all keys: by the routine where that can, by `singly` where it cannot, by `store` where only a value is
    /// missing.
    #[inline(always)]
    unsafe fn run(
        mut self,
        routine: ManyKeys,
        (t, h): (&MapType, usize),
        store: impl Fn(usize, usize),
        singly: impl Fn(Singly),
    ) {
        while self.i < self.n {
            // SAFETY: the caller's promise for the header and the slices.
            let said = unsafe { routine(t, h, &mut self) };
            let (i, some) = (self.i, self.n.min(self.i + PATIENCE));
            match said {
                0 if i == self.n => {}
                0 => {
                    singly(Singly::Plain(i..i + 1));
                    self.i += 1;
                }
                SMALL => {
                    singly(Singly::Plain(i..some));
                    self.i = some;
                }
                GROWS => {
                    singly(Singly::Rolling(i..some));
                    self.i = some;
                }
                elem => {
                    store(elem, i);
                    self.i += 1;
                }
            }
        }
    }
}

/// Calls `one` for keys.
#[inline(always)]
unsafe fn each(f: &Fast64, t: &MapType, h: usize, keys: &[u64], which: Singly, one: impl Fn(usize)) {
    match which {
        Singly::Plain(range) => range.for_each(one),
        // SAFETY: the caller's promise.
        Singly::Rolling(range) => unsafe {
            rolling(f, t, h, &keys[range.clone()], |i| one(range.start + i));
        },
    }
}

/// `m[keys[i]] = values[i]` for every i, in order; elements are the values' eight bytes.
///
/// # Panics
/// When the slices differ in length; as [`mapassign_fast64`](super::fast64::mapassign_fast64).
///
/// # Safety
/// `h` is 0 or the address of a header of type `t`, a fast64 type with elements of 8 bytes without pointers, hashed as `f`
/// does; `f` is of the type's family.
pub unsafe fn assign_many(f: &Fast64, t: &MapType, h: usize, keys: &[u64], values: &[u64]) {
    assert_eq!(keys.len(), values.len(), "as many values as keys");
    // SAFETY: an address that comes back is that of an element.
    let store = |elem, i: usize| unsafe { mem::st64(elem, values[i]) };
    let one = |i: usize| {
        // SAFETY: the caller's promise.
        let elem = unsafe { (f.mapset)(t, h, keys[i], values[i]) };
        if elem != 0 {
            store(elem, i);
        }
    };
    // SAFETY: the caller's promise.
    let singly = |which| unsafe { each(f, t, h, keys, which, one) };
    match f.assign_many {
        // SAFETY: the caller's promise. The routine reads values.
        Some(routine) => unsafe {
            Many::new(keys, values.as_ptr().cast_mut()).run(routine, (t, h), store, singly);
        },
        None => singly(Singly::Rolling(0..keys.len())),
    }
}

/// `values[i] = m[keys[i]]` for every i.
///
/// # Panics
/// As [`assign_many`].
///
/// # Safety
/// As [`assign_many`].
pub unsafe fn get_many(f: &Fast64, t: &MapType, h: usize, keys: &[u64], values: &mut [u64]) {
    assert_eq!(keys.len(), values.len(), "as many values as keys");
    let to = values.as_mut_ptr();
    // SAFETY: the caller's promise; the address is that of an element, or of zeroes.
    let one = |i: usize| unsafe { to.add(i).write(mem::ld64((f.mapaccess1)(t, h, keys[i]))) };
    // SAFETY: the caller's promise.
    let singly = |which| unsafe { each(f, t, h, keys, which, one) };
    match f.get_many {
        // SAFETY: the caller's promise. There are as many values as keys.
        Some(routine) => unsafe {
            Many::new(keys, to).run(routine, (t, h), |_, _| unreachable!("lookups store nothing"), singly);
        },
        None => singly(Singly::Rolling(0..keys.len())),
    }
}

/// `delete(m, keys[i])` for every i, in order.
///
/// # Panics
/// As [`mapdelete_fast64`](super::fast64::mapdelete_fast64).
///
/// # Safety
/// As [`assign_many`], with elements of any size.
pub unsafe fn delete_many(f: &Fast64, t: &MapType, h: usize, keys: &[u64]) {
    // SAFETY: the caller's promise.
    unsafe { rolling(f, t, h, keys, |i| (f.mapdelete)(t, h, keys[i])) };
}

#[cfg(all(test, gohmap_asm))]
mod tests {
    use super::*;
    use std::mem::offset_of;

    /// `many_fast64.S` says what the structure says.
    #[test]
    fn offsets_in_many_fast64() {
        let text = include_str!("../../asm/many_fast64.S");
        for (name, value) in [
            ("MANY_KEYS", offset_of!(Many, keys)),
            ("MANY_VALUES", offset_of!(Many, values)),
            ("MANY_N", offset_of!(Many, n)),
            ("MANY_I", offset_of!(Many, i)),
            ("MANY_AHEAD", offset_of!(Many, ahead)),
            ("MANY_BUCKETS", offset_of!(Many, buckets)),
            ("MANY_HASH0", offset_of!(Many, hash0)),
            ("MANY_B", offset_of!(Many, b)),
            ("MANY_RING", offset_of!(Many, ring)),
        ] {
            assert!(text.contains(&format!(".set    {name}, {value}\n")), "{name} is {value}");
        }
    }
}
