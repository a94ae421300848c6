//! The hash functions of one process: AES with its key schedule, or the fallback with its keys.

use super::{KeySchedule, fallback, memhash};
use crate::layout::mem;
use crate::rng::Rng;
use crate::version::Rules;

/// Which of Go's two families of hash functions a process uses (`useAeshash`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// Rounds of AES: on amd64, wherever the processor has them.
    #[default]
    Aes,
    /// Multiplications, after wyhash (`runtime/hash64.go`): on processors without AES, or under `GODEBUG=cpu.aes=off`.
    Fallback,
}

/// `runtime.hashkey`: what the fallback mixes into every hash. Up to Go 1.22 a process draws odd numbers, and the hash uses
/// the first one only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashKey(pub [u64; 4]);

impl HashKey {
    /// Keys drawn from `rng` as a process of this version draws them.
    #[must_use]
    pub fn random(rng: &Rng, rules: &Rules) -> Self {
        Self(std::array::from_fn(|_| rng.rand() | u64::from(!rules.fallback_all_keys)))
    }
}

/// The hash functions of a process.
#[derive(Debug)]
pub struct ProcessHash {
    pub(crate) algorithm: Algorithm,
    /// On the heap, because the assembly holds its address.
    pub(crate) keys: Box<KeySchedule>,
    pub(crate) fallback: fallback::Keys,
}

impl ProcessHash {
    /// The functions with these keys.
    #[must_use]
    pub fn new(algorithm: Algorithm, keys: KeySchedule, hashkey: HashKey, rules: &Rules) -> Self {
        let fallback = fallback::Keys::new(hashkey, rules.fallback_all_keys);
        Self { algorithm, keys: Box::new(keys), fallback }
    }

    /// Which family it is.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// `memhash`: the hash of `len` bytes at `p`.
    ///
    /// # Safety
    /// Reading these bytes must be sound, or fault inside a region that [`crate::fault`] watches.
    #[must_use]
    #[inline]
    pub unsafe fn memhash(&self, p: usize, seed: u64, len: usize) -> u64 {
        // SAFETY: the caller's promise.
        unsafe {
            match self.algorithm {
                Algorithm::Aes => memhash::memhash(&self.keys, p, seed, len),
                Algorithm::Fallback => self.fallback.memhash_fallback(p, seed, len),
            }
        }
    }

    /// `memhash32`.
    #[must_use]
    #[inline]
    pub fn memhash32(&self, key: u32, seed: u64) -> u64 {
        match self.algorithm {
            Algorithm::Aes => memhash::memhash32(&self.keys, key, seed),
            Algorithm::Fallback => self.fallback.memhash32(key, seed),
        }
    }

    /// `memhash64`.
    #[must_use]
    #[inline]
    pub fn memhash64(&self, key: u64, seed: u64) -> u64 {
        match self.algorithm {
            Algorithm::Aes => memhash::memhash64(&self.keys, key, seed),
            Algorithm::Fallback => self.fallback.memhash64(key, seed),
        }
    }

    /// `strhash`: the hash of the string whose pointer and length lie at `p`.
    ///
    /// # Safety
    /// Reading the string and its bytes must be sound, or fault inside a region that [`crate::fault`] watches.
    #[must_use]
    #[inline]
    pub unsafe fn strhash(&self, p: usize, seed: u64) -> u64 {
        // SAFETY: the caller's promise.
        unsafe {
            let len = mem::ld64(p.wrapping_add(8)) as usize;
            self.memhash(mem::ld64(p) as usize, seed, len)
        }
    }
}
