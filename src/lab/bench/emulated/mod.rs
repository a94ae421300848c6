//! This project's map as a [`Subject`], by each of its implementations.

mod keys;

pub use keys::EmulatedKey;

use super::keys::{Address, Boxed, Float, KeyType, Mac, Record, Text, Url, Uuid};
use super::subject::VALUE;
use super::{InProcess, Runner, Site, Subject};
use crate::layout::{Hiter, mem};
use crate::map::amd64::call_site::CallSite;
use crate::map::amd64::{Fast64, Isa};
use crate::map::{batch, iter, make};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::MapType;
use bytemuck::Zeroable;

/// `map[K]uint64` by one implementation.
pub struct Emulated<K: EmulatedKey> {
    t: MapType,
    f: &'static Fast64,
    /// What its keys need to know.
    program: K::Program,
}

impl<K: EmulatedKey> Emulated<K> {
    /// In a runtime of its own.
    #[must_use]
    pub fn new(isa: Isa) -> Self {
        let rt = Runtime::new(RuntimeConfig::default());
        let t = K::map_type(&rt);
        let f = isa.fast64_of(&t);
        let program = K::program(&rt);
        Self { t, f, program }
    }

    /// A runner on such maps.
    #[must_use]
    pub fn runner(isa: Isa) -> Box<dyn Runner> {
        Box::new(InProcess::new(name(isa), move || Self::new(isa)))
    }
}

/// The operations of an implementation, called. A copy of their addresses is nobody else's to change, so a loop keeps in a register
/// what it calls.
pub struct Called<'s, K: EmulatedKey> {
    map: &'s Emulated<K>,
    f: Fast64,
}

impl<K: EmulatedKey> Clone for Called<'_, K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K: EmulatedKey> Copy for Called<'_, K> {}

impl<K: EmulatedKey> Site for Called<'_, K> {
    type Key = K;
    type Map = Header;

    #[inline(always)]
    fn assign(self, m: &mut Header, k: K, v: u64) {
        // SAFETY: a live map of this type; an address is that of an element.
        unsafe {
            let elem = k.set(&self.map.program, &self.f, &self.map.t, m.0, v);
            if elem != 0 {
                mem::st64(elem, v);
            }
        }
    }

    #[inline(always)]
    fn get(self, m: &Header, k: K) -> u64 {
        // SAFETY: a live map of this type; the address is that of an element, or of zeroes.
        unsafe { mem::ld64(k.get(&self.map.program, &self.f, &self.map.t, m.0)) }
    }

    #[inline(always)]
    fn delete(self, m: &mut Header, k: K) {
        // SAFETY: as above.
        unsafe { k.delete(&self.map.program, &self.f, &self.map.t, m.0) };
    }
}

impl Site for CallSite<'_> {
    type Key = u64;
    type Map = Header;

    #[inline(always)]
    fn assign(self, m: &mut Header, k: u64, v: u64) {
        // SAFETY: as above.
        unsafe { self.set(m.0, k, v) };
    }

    #[inline(always)]
    fn get(self, m: &Header, k: u64) -> u64 {
        // SAFETY: as above.
        unsafe { CallSite::get(&self, m.0, k) }
    }

    #[inline(always)]
    fn delete(self, m: &mut Header, k: u64) {
        // SAFETY: as above.
        unsafe { CallSite::delete(&self, m.0, k) };
    }
}

/// The name of an implementation in results.
#[must_use]
pub fn name(isa: Isa) -> String {
    isa.to_string()
}

/// A runner on maps with such keys.
#[must_use]
pub fn runner(isa: Isa, key: KeyType) -> Box<dyn Runner> {
    match key {
        KeyType::Uint64 => Emulated::<u64>::runner(isa),
        KeyType::Uint32 => Emulated::<u32>::runner(isa),
        KeyType::String => Emulated::<Text>::runner(isa),
        KeyType::Url => Emulated::<Url>::runner(isa),
        KeyType::Pointer => Emulated::<Address>::runner(isa),
        KeyType::Uuid => Emulated::<Uuid>::runner(isa),
        KeyType::Mac => Emulated::<Mac>::runner(isa),
        KeyType::Float64 => Emulated::<Float>::runner(isa),
        KeyType::Any => Emulated::<Boxed>::runner(isa),
        KeyType::Record => Emulated::<Record>::runner(isa),
    }
}

/// The same, where many keys that are assigned to or looked up one after the other go in batches, whose buckets are asked
/// for ahead.
pub struct Batched {
    map: Emulated<u64>,
    values: Vec<u64>,
}

/// Keys of a batch.
const BATCH: usize = 1 << 14;

impl Batched {
    /// A runner on such maps.
    #[must_use]
    pub fn runner(isa: Isa) -> Box<dyn Runner> {
        let new = move || Self { map: Emulated::new(isa), values: vec![VALUE; BATCH] };
        Box::new(InProcess::new(format!("{}-batch", name(isa)), new))
    }
}

impl Subject for Batched {
    type Key = u64;
    type Map = Header;
    type Site<'s> = Called<'s, u64>;

    #[inline(always)]
    fn site(&self) -> Called<'_, u64> {
        self.map.site()
    }

    fn make(&self, hint: usize) -> Header {
        self.map.make(hint)
    }

    fn iterate(&self, m: &Header) -> (u64, u64) {
        self.map.iterate(m)
    }

    fn free(&self, m: Header) {
        self.map.free(m);
    }

    fn assign_all(&self, m: &mut Header, keys: &[u64], v: u64) {
        assert_eq!(v, VALUE, "the value of every bench");
        for keys in keys.chunks(BATCH) {
            // SAFETY: a live map of this type.
            unsafe { batch::assign_many(self.map.f, &self.map.t, m.0, keys, &self.values[..keys.len()]) };
        }
    }

    fn get_all(&self, m: &Header, keys: &[u64]) -> u64 {
        let mut values = vec![0; keys.len().min(BATCH)];
        let mut sum = 0_u64;
        for keys in keys.chunks(BATCH) {
            let values = &mut values[..keys.len()];
            // SAFETY: as above.
            unsafe { batch::get_many(self.map.f, &self.map.t, m.0, keys, values) };
            sum = values.iter().fold(sum, |sum, v| sum.wrapping_add(*v));
        }
        sum
    }
}

/// The same, where the fast cases lie in the loops that need them.
pub struct Inlined(Emulated<u64>);

impl Inlined {
    /// A runner on such maps.
    #[must_use]
    pub fn runner(isa: Isa) -> Box<dyn Runner> {
        Box::new(InProcess::new(format!("{}-inline", name(isa)), move || Self(Emulated::new(isa))))
    }
}

impl Subject for Inlined {
    type Key = u64;
    type Map = Header;
    type Site<'s> = CallSite<'s>;

    #[inline(always)]
    fn site(&self) -> CallSite<'_> {
        CallSite::new(self.0.f, &self.0.t)
    }

    fn make(&self, hint: usize) -> Header {
        self.0.make(hint)
    }

    fn iterate(&self, m: &Header) -> (u64, u64) {
        self.0.iterate(m)
    }

    fn free(&self, m: Header) {
        self.0.free(m);
    }
}

/// The address of a header, of a map that nobody else uses.
pub struct Header(usize);

impl<K: EmulatedKey> Subject for Emulated<K> {
    type Key = K;
    type Map = Header;
    type Site<'s>
        = Called<'s, K>
    where
        K: 's;

    #[inline(always)]
    fn site(&self) -> Called<'_, K> {
        Called { map: self, f: *self.f }
    }

    fn make(&self, hint: usize) -> Header {
        // SAFETY: a new map.
        Header(unsafe {
            if hint == 0 { make::makemap_small(&self.t) } else { make::makemap(&self.t, hint as i64, &()) }
        })
    }

    fn iterate(&self, m: &Header) -> (u64, u64) {
        let (mut keys, mut sum) = (0, 0_u64);
        let mut it = Hiter::zeroed();
        // SAFETY: as above; an iterator's key and element are there while it has any.
        unsafe {
            iter::mapiterinit_with(self.f, &self.t, m.0, &mut it);
            while it.key != 0 {
                keys ^= K::folded(it.key as usize);
                sum = sum.wrapping_add(mem::ld64(it.elem as usize));
                (self.f.mapiternext)(&self.t, &mut it);
            }
        }
        (keys, sum)
    }

    fn free(&self, m: Header) {
        // SAFETY: nobody uses it any more.
        unsafe { make::mapdrop(&self.t, m.0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::bench::keys::{self, Key};

    #[test]
    fn batches_do_what_single_calls_do() {
        let (keys, ()) = u64::numbered(keys::first(2 * BATCH + 5));
        for isa in Isa::available() {
            let batched = Batched { map: Emulated::new(isa), values: vec![VALUE; BATCH] };
            let (mut one, mut other) = (batched.make(0), batched.make(0));
            batched.assign_all(&mut one, &keys, VALUE);
            batched.map.assign_all(&mut other, &keys, VALUE);
            assert_eq!(batched.iterate(&one), batched.iterate(&other), "{isa}");
            assert_eq!(batched.get_all(&one, &keys), VALUE * keys.len() as u64, "{isa}");
            batched.free(one);
            batched.free(other);
        }
    }

    #[test]
    fn inlined_loops_do_what_calls_do() {
        let (keys, ()) = u64::numbered(keys::first(3000));
        for isa in Isa::available() {
            let inlined = Inlined(Emulated::new(isa));
            let (mut one, mut other) = (inlined.make(0), inlined.make(0));
            for _ in 0..2 {
                inlined.assign_all(&mut one, &keys, VALUE);
                inlined.0.assign_all(&mut other, &keys, VALUE);
            }
            assert_eq!(inlined.iterate(&one), inlined.iterate(&other), "{isa}");
            assert_eq!(inlined.get_all(&one, &keys), VALUE * keys.len() as u64, "{isa}");
            inlined.site().delete(&mut one, keys[7]);
            assert_eq!(inlined.get_all(&one, &keys[5..9]), 3 * VALUE, "{isa}");
            inlined.free(one);
            inlined.free(other);
        }
    }
}
