//! Go's hash functions and equality (`runtime/alg.go`, `runtime/asm_amd64.s`, `runtime/hash64.go`).
//!
//! Rounds of AES are computed where the processor has no instruction for them, so that hashes are those of Go on amd64
//! everywhere.

mod aes;
pub mod alg;
pub mod equal;
mod fallback;
mod memhash;
mod process;

pub use memhash::{memhash, memhash32, memhash64};
pub use process::{Algorithm, HashKey, ProcessHash};

use crate::rng::Rng;

/// `runtime.aeskeysched`: the 128 random bytes that every AES hash of a process is mixed with.
#[repr(C, align(16))]
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySchedule(pub [u8; 128]);

impl KeySchedule {
    /// A schedule drawn from `rng`.
    #[must_use]
    pub fn random(rng: &Rng) -> Self {
        let mut k = [0; 128];
        for c in k.chunks_exact_mut(8) {
            c.copy_from_slice(&rng.rand().to_le_bytes());
        }
        Self(k)
    }

    /// The `i`th 16 bytes, as a little-endian number.
    fn key(&self, i: usize) -> u128 {
        u128::from_le_bytes(self.0[16 * i..16 * i + 16].try_into().expect("sixteen bytes"))
    }
}

#[cfg(test)]
mod tests;
