//! The runtime's random source: real (seeded) or scripted by an oracle script.
//!
//! Up to Go 1.21 the runtime draws 32-bit numbers from wyrand (`fastrand`), from 1.22 64-bit numbers (`rand`).
//! The generator here is wyrand in both cases, so that a scripted state gives what the oracle gives; real Go
//! 1.22+ seeds ChaCha8, whose numbers nobody can predict anyway.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// A wyrand generator that several threads may share; a plain counter in memory, like Go's per-M one.
#[derive(Debug)]
pub struct Rng(AtomicU64);

impl Rng {
    /// A generator with this seed; without one, seeded by the system.
    #[must_use]
    pub fn new(seed: Option<u64>) -> Self {
        use std::hash::{BuildHasher, Hasher};
        Self(AtomicU64::new(
            seed.unwrap_or_else(|| std::collections::hash_map::RandomState::new().build_hasher().finish()),
        ))
    }

    /// Sets the state: the next number is the one that follows it.
    pub fn set_state(&self, state: u64) {
        self.0.store(state, Relaxed);
    }

    /// The state: what comes next depends on nothing else.
    pub(crate) fn state(&self) -> u64 {
        self.0.load(Relaxed)
    }

    /// The next 64 bits (`rand`, and `fastrand64` before Go 1.22).
    pub fn rand(&self) -> u64 {
        let s = self.0.load(Relaxed).wrapping_add(0xa076_1d64_78bd_642f);
        self.0.store(s, Relaxed);
        let m = u128::from(s) * u128::from(s ^ 0xe703_7ed1_a0b4_28db);
        (m >> 64) as u64 ^ m as u64
    }
}
