//! `memhashFallback` and its kin: hashes without AES (`runtime/hash64.go`, after wyhash).

use super::process::HashKey;
use crate::layout::mem;

const M1: u64 = 0xa076_1d64_78bd_642f;
const M2: u64 = 0xe703_7ed1_a0b4_28db;
const M3: u64 = 0x8ebc_6af0_9c88_c6e3;
const M4: u64 = 0x5899_65cc_7537_4cc3;
const M5: u64 = 0x1d8e_4e27_c47d_124f;

/// What a version mixes into seed and words: `hashkey[0]` and constants up to Go 1.22, `hashkey` alone from 1.23 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keys([u64; 4]);

/// The two halves of a 128-bit product, folded.
#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let m = u128::from(a) * u128::from(b);
    (m >> 64) as u64 ^ m as u64
}

impl Keys {
    pub(super) fn new(HashKey(k): HashKey, all_keys: bool) -> Self {
        Self(if all_keys { k } else { [k[0] ^ M1, M2, M3, M4] })
    }

    /// The end of every hash: the last two words.
    #[inline]
    fn last(&self, len: u64, a: u64, b: u64, seed: u64) -> u64 {
        mix(M5 ^ len, mix(a ^ self.0[1], b ^ seed))
    }

    /// `memhash32Fallback`.
    #[inline]
    pub(crate) fn memhash32(&self, key: u32, seed: u64) -> u64 {
        self.last(4, key.into(), key.into(), seed ^ self.0[0])
    }

    /// `memhash64Fallback`.
    #[inline]
    pub(crate) fn memhash64(&self, key: u64, seed: u64) -> u64 {
        self.last(8, key, key, seed ^ self.0[0])
    }

    /// `memhashFallback`.
    ///
    /// # Safety
    /// Reading `len` bytes at `p` must be sound, or fault inside a region that [`crate::fault`] watches.
    #[inline(never)]
    pub(crate) unsafe fn memhash_fallback(&self, p: usize, seed: u64, len: usize) -> u64 {
        // SAFETY: the caller's promise for every load below, all within the bytes.
        let byte = |at: usize| u64::from(unsafe { mem::ld8(p.wrapping_add(at)) });
        // SAFETY: as above.
        let r4 = |at: usize| u64::from(unsafe { mem::ld32(p.wrapping_add(at)) });
        // SAFETY: as above.
        let r8 = |at: usize| unsafe { mem::ld64(p.wrapping_add(at)) };
        let mut seed = seed ^ self.0[0];
        let (a, b) = match len {
            0 => return seed,
            1..4 => (byte(0) | byte(len >> 1) << 8 | byte(len - 1) << 16, 0),
            4..8 => (r4(0), r4(len - 4)),
            8..=16 => (r8(0), r8(len - 8)),
            _ => {
                let (mut at, mut left) = (0_usize, len);
                let block = |at: usize, key: usize, seed| mix(r8(at) ^ self.0[key], r8(at.wrapping_add(8)) ^ seed);
                if left > 48 {
                    let (mut s1, mut s2) = (seed, seed);
                    while left > 48 {
                        seed = block(at, 1, seed);
                        s1 = block(at.wrapping_add(16), 2, s1);
                        s2 = block(at.wrapping_add(32), 3, s2);
                        at = at.wrapping_add(48);
                        left -= 48;
                    }
                    seed ^= s1 ^ s2;
                }
                while left > 16 {
                    seed = block(at, 1, seed);
                    at = at.wrapping_add(16);
                    left -= 16;
                }
                (r8(at.wrapping_add(left).wrapping_sub(16)), r8(at.wrapping_add(left).wrapping_sub(8)))
            }
        };
        self.last(len as u64, a, b, seed)
    }
}
