//! Go's hash functions (`runtime/alg.go`, `runtime/asm_amd64.s`).
//!
//! Rounds of AES are computed where the processor has no instruction for them, so that hashes are those of Go on amd64
//! everywhere.

mod aes;
mod memhash;

pub use memhash::{memhash, memhash32, memhash64};

use crate::layout::mem;
use crate::rng::Rng;
use crate::types::MapType;

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

/// The hasher of 8-byte keys.
///
/// # Safety
/// `key` must be the address of 8 readable bytes.
pub unsafe fn memhash64_key(t: &MapType, key: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    memhash64(t.rt.key_schedule(), unsafe { mem::ld64(key) }, seed)
}

/// Equality of 8-byte keys.
///
/// # Safety
/// `a` and `b` must be addresses of 8 readable bytes.
pub unsafe fn equal64(_: &MapType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { mem::ld64(a) == mem::ld64(b) }
}
