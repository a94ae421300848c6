//! This project's map as a [`Subject`], by each of its implementations.

use super::{InProcess, Runner, Subject};
use crate::layout::{Hiter, mem};
use crate::map::amd64::{Fast64, Isa};
use crate::map::{iter, make};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::MapType;
use bytemuck::Zeroable;

/// `map[uint64]uint64` by one implementation.
pub struct Emulated {
    t: MapType,
    f: &'static Fast64,
}

impl Emulated {
    /// In a runtime of its own.
    #[must_use]
    pub fn new(isa: Isa) -> Self {
        let rt = Runtime::new(RuntimeConfig::default());
        Self { t: MapType::u64(&rt, 8, false), f: isa.fast64() }
    }

    /// The name of an implementation in results.
    #[must_use]
    pub fn name(isa: Isa) -> String {
        isa.to_string()
    }

    /// A runner on such maps.
    #[must_use]
    pub fn runner(isa: Isa) -> Box<dyn Runner> {
        Box::new(InProcess::new(Self::name(isa), move || Self::new(isa)))
    }
}

/// The address of a header, of a map that nobody else uses.
pub struct Header(usize);

impl Subject for Emulated {
    type Map = Header;

    fn make(&self, hint: usize) -> Header {
        // SAFETY: a new map.
        Header(unsafe {
            if hint == 0 { make::makemap_small(&self.t) } else { make::makemap(&self.t, hint as i64, &()) }
        })
    }

    #[inline(always)]
    fn assign(&self, m: &mut Header, k: u64, v: u64) {
        // SAFETY: a live map of this type; an address is that of an element.
        unsafe {
            let elem = (self.f.mapset)(&self.t, m.0, k, v);
            if elem != 0 {
                mem::st64(elem, v);
            }
        }
    }

    #[inline(always)]
    fn get(&self, m: &Header, k: u64) -> u64 {
        // SAFETY: as above, or the address is that of zeroes.
        unsafe { mem::ld64((self.f.mapaccess1)(&self.t, m.0, k)) }
    }

    #[inline(always)]
    fn delete(&self, m: &mut Header, k: u64) {
        // SAFETY: as above.
        unsafe { (self.f.mapdelete)(&self.t, m.0, k) };
    }

    fn iterate(&self, m: &Header) -> (u64, u64) {
        let (mut keys, mut sum) = (0, 0_u64);
        let mut it = Hiter::zeroed();
        // SAFETY: as above; an iterator's key and element are there while it has any.
        unsafe {
            iter::mapiterinit(&self.t, m.0, &mut it, &());
            while it.key != 0 {
                keys ^= mem::ld64(it.key as usize);
                sum = sum.wrapping_add(mem::ld64(it.elem as usize));
                iter::mapiternext(&self.t, &mut it, &());
            }
        }
        (keys, sum)
    }

    fn free(&self, m: Header) {
        // SAFETY: nobody uses it any more.
        unsafe { make::mapdrop(&self.t, m.0) };
    }
}
