//! Go's hash functions (`runtime/alg.go`, `runtime/asm_amd64.s`).

mod aes;

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

/// `memhash64`: the hash of an 8-byte key. `seed` and `key` side by side, mixed by three rounds of AES; the low half.
#[must_use]
#[inline]
pub fn memhash64(keys: &KeySchedule, key: u64, seed: u64) -> u64 {
    let x = u128::from(key) << 64 | u128::from(seed);
    aes::enc(aes::enc(aes::enc(x, keys.key(0)), keys.key(1)), keys.key(2)) as u64
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from Go 1.22.10: `memhash64` under the schedule 00 01 02 … 7f.
    #[test]
    fn memhash64_of_real_go() {
        let keys = KeySchedule(std::array::from_fn(|i| i as u8));
        for (key, seed, hash) in GO_MEMHASH64 {
            assert_eq!(memhash64(&keys, *key, *seed), *hash, "{key:#x} {seed:#x}");
        }
    }

    const GO_MEMHASH64: &[(u64, u64, u64)] = &[
        (0x0, 0x0, 0xc889_ce26_f0ff_6dd1),
        (0x1, 0x5887_fa00, 0xd7b2_1d1d_8876_f5e4),
        (0x8268_86b3_864a_1b1b, 0x670c_9436, 0xa152_4580_375e_845d),
        (0xa5fa_e199_2097_aa0e, 0x3241_2f54, 0x5fe6_23d3_8c11_fbaa),
        (0x6203_55cd_1193_57c5, 0x9a23_26af, 0x2114_fb30_55fc_dec6),
        (0xcba2_76b4_b881_a9f0, 0x6971_0353, 0xc5db_0259_f20c_02c9),
    ];
}
