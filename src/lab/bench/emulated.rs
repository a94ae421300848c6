//! This project's map as a [`Subject`], by each of its implementations.

use super::keys::{Key, KeyType, Text, Uuid};
use super::subject::VALUE;
use super::{InProcess, Runner, Subject};
use crate::layout::{Hiter, mem};
use crate::map::amd64::{Fast64, Isa};
use crate::map::faststr::GoString;
use crate::map::{batch, iter, make};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::{GoType, MapType};
use bytemuck::Zeroable;
use std::marker::PhantomData;
use std::sync::Arc;

/// A key of an emulated map: the functions that are called for it.
pub trait EmulatedKey: Key {
    /// `map[K]uint64`.
    fn map_type(rt: &Arc<Runtime>) -> MapType;

    /// `m[k] = v`: 0, or where `v` is still to be stored.
    ///
    /// # Safety
    /// `h` is a live map of type `t`; so in all that follow.
    unsafe fn set(self, f: &Fast64, t: &MapType, h: usize, v: u64) -> usize;

    /// Where `m[k]` is, or zeroes.
    ///
    /// # Safety
    /// As [`set`](Self::set).
    unsafe fn get(self, f: &Fast64, t: &MapType, h: usize) -> usize;

    /// `delete(m, k)`.
    ///
    /// # Safety
    /// As [`set`](Self::set).
    unsafe fn delete(self, f: &Fast64, t: &MapType, h: usize);

    /// The key at an address.
    ///
    /// # Safety
    /// There must be one.
    unsafe fn folded(at: usize) -> u64;
}

impl EmulatedKey for u64 {
    fn map_type(rt: &Arc<Runtime>) -> MapType {
        MapType::u64(rt, 8, false)
    }

    #[inline(always)]
    unsafe fn set(self, f: &Fast64, t: &MapType, h: usize, v: u64) -> usize {
        // SAFETY: the caller's promise; so in all that follow.
        unsafe { (f.mapset)(t, h, self, v) }
    }

    #[inline(always)]
    unsafe fn get(self, f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1)(t, h, self) }
    }

    #[inline(always)]
    unsafe fn delete(self, f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete)(t, h, self) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above.
        unsafe { mem::ld64(at) }
    }
}

impl EmulatedKey for u32 {
    fn map_type(rt: &Arc<Runtime>) -> MapType {
        MapType::of(rt, &GoType::uint32(), &GoType::uint64()).expect("integers are comparable")
    }

    #[inline(always)]
    unsafe fn set(self, f: &Fast64, t: &MapType, h: usize, _: u64) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapassign32)(t, h, self.into()) }
    }

    #[inline(always)]
    unsafe fn get(self, f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1_32)(t, h, self.into()) }
    }

    #[inline(always)]
    unsafe fn delete(self, f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete32)(t, h, self.into()) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above.
        unsafe { mem::ld32(at) }.into()
    }
}

impl EmulatedKey for Text {
    fn map_type(rt: &Arc<Runtime>) -> MapType {
        MapType::of(rt, &GoType::string(), &GoType::uint64()).expect("strings are comparable")
    }

    #[inline(always)]
    unsafe fn set(self, f: &Fast64, t: &MapType, h: usize, _: u64) -> usize {
        // SAFETY: as above; the text lives as long as the map.
        unsafe { (f.mapassign_str)(t, h, string(self).str, string(self).len) }
    }

    #[inline(always)]
    unsafe fn get(self, f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1_str)(t, h, string(self).str, string(self).len) }
    }

    #[inline(always)]
    unsafe fn delete(self, f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete_str)(t, h, string(self).str, string(self).len) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above: a string's length.
        unsafe { mem::ld64(at + 8) }
    }
}

impl EmulatedKey for Uuid {
    fn map_type(rt: &Arc<Runtime>) -> MapType {
        let uuid = GoType::named("main.uuid", &GoType::array(&GoType::uint8(), 16));
        MapType::of(rt, &uuid, &GoType::uint64()).expect("bytes are comparable")
    }

    #[inline(always)]
    unsafe fn set(self, f: &Fast64, t: &MapType, h: usize, _: u64) -> usize {
        // SAFETY: as above; the key is in this frame.
        unsafe { (f.mapassign_plain)(t, h, std::ptr::from_ref(&self).expose_provenance()) }
    }

    #[inline(always)]
    unsafe fn get(self, f: &Fast64, t: &MapType, h: usize) -> usize {
        // SAFETY: as above.
        unsafe { (f.mapaccess1_plain)(t, h, std::ptr::from_ref(&self).expose_provenance()) }
    }

    #[inline(always)]
    unsafe fn delete(self, f: &Fast64, t: &MapType, h: usize) {
        // SAFETY: as above.
        unsafe { (f.mapdelete_plain)(t, h, std::ptr::from_ref(&self).expose_provenance()) };
    }

    #[inline(always)]
    unsafe fn folded(at: usize) -> u64 {
        // SAFETY: as above.
        unsafe { mem::ld64(at) }
    }
}

#[inline(always)]
fn string(text: Text) -> GoString {
    GoString { str: text.bytes().as_ptr().expose_provenance(), len: text.bytes().len() }
}

/// `map[K]uint64` by one implementation.
pub struct Emulated<K> {
    t: MapType,
    f: &'static Fast64,
    key: PhantomData<K>,
}

impl<K: EmulatedKey> Emulated<K> {
    /// In a runtime of its own.
    #[must_use]
    pub fn new(isa: Isa) -> Self {
        let rt = Runtime::new(RuntimeConfig::default());
        let t = K::map_type(&rt);
        let f = isa.fast64_of(&t);
        Self { t, f, key: PhantomData }
    }

    /// A runner on such maps.
    #[must_use]
    pub fn runner(isa: Isa) -> Box<dyn Runner> {
        Box::new(InProcess::new(name(isa), move || Self::new(isa)))
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
        KeyType::Uuid => Emulated::<Uuid>::runner(isa),
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

    fn make(&self, hint: usize) -> Header {
        self.map.make(hint)
    }

    #[inline(always)]
    fn assign(&self, m: &mut Header, k: u64, v: u64) {
        self.map.assign(m, k, v);
    }

    #[inline(always)]
    fn get(&self, m: &Header, k: u64) -> u64 {
        self.map.get(m, k)
    }

    #[inline(always)]
    fn delete(&self, m: &mut Header, k: u64) {
        self.map.delete(m, k);
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

/// The address of a header, of a map that nobody else uses.
pub struct Header(usize);

impl<K: EmulatedKey> Subject for Emulated<K> {
    type Key = K;
    type Map = Header;

    fn make(&self, hint: usize) -> Header {
        // SAFETY: a new map.
        Header(unsafe {
            if hint == 0 { make::makemap_small(&self.t) } else { make::makemap(&self.t, hint as i64, &()) }
        })
    }

    #[inline(always)]
    fn assign(&self, m: &mut Header, k: K, v: u64) {
        // SAFETY: a live map of this type; an address is that of an element.
        unsafe {
            let elem = k.set(self.f, &self.t, m.0, v);
            if elem != 0 {
                mem::st64(elem, v);
            }
        }
    }

    #[inline(always)]
    fn get(&self, m: &Header, k: K) -> u64 {
        // SAFETY: as above, or the address is that of zeroes.
        unsafe { mem::ld64(k.get(self.f, &self.t, m.0)) }
    }

    #[inline(always)]
    fn delete(&self, m: &mut Header, k: K) {
        // SAFETY: as above.
        unsafe { k.delete(self.f, &self.t, m.0) };
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
    use crate::lab::bench::keys;

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
}
