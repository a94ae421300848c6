//! gohmap: Go's classic map, `runtime.hmap`, rebuilt so exactly that its memory is the same as real Go's.
//!
//! See the README for a tour. Floors, lowest first: [`layout`] and [`version`]; [`hash`] and [`rng`]; [`heap`];
//! [`types`], [`runtime`] and [`fatal`]; [`map`] and [`probe`].

pub mod fatal;
pub mod fault;
pub mod gomap;
pub mod hash;
pub mod heap;
pub mod inspect;
pub mod lab;
pub mod layout;
pub mod map;
pub mod probe;
pub mod race;
pub mod rng;
pub mod runtime;
pub mod sync;
pub mod types;
pub mod version;

/// The README's example, as a test.
#[cfg(all(doctest, gohmap_asm))]
#[doc = include_str!("../README.md")]
mod readme {}
