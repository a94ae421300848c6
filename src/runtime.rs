//! What a Go process has one of: its version, AES key schedule, random source and heap.

use crate::hash::KeySchedule;
use crate::heap::{Heap, HeapConfig};
use crate::rng::Rng;
use crate::version::{GoVersion, Rules};
use std::sync::Arc;

/// The runtime that maps belong to. Several may live side by side in one process.
#[derive(Debug)]
pub struct Runtime {
    rules: &'static Rules,
    keys: Box<KeySchedule>,
    /// The random source of `hash0`, iteration starts, NaN hashes and approximate counters.
    pub rng: Rng,
    /// Where buckets, headers and extras live.
    pub heap: Heap,
}

/// What [`Runtime::new`] is told.
#[derive(Clone, Debug, Default)]
pub struct RuntimeConfig {
    /// The Go version.
    pub version: GoVersion,
    /// The key schedule; drawn from `rng` when absent.
    pub keys: Option<KeySchedule>,
    /// The seed of the random source; drawn from the system when absent.
    pub seed: Option<u64>,
    /// The heap.
    pub heap: HeapConfig,
}

impl Runtime {
    /// A runtime. Address space for its heap is reserved when the first object needs it.
    #[must_use]
    pub fn new(config: RuntimeConfig) -> Arc<Self> {
        let rng = Rng::new(config.seed);
        let keys = config.keys.unwrap_or_else(|| KeySchedule::random(&rng));
        Arc::new(Self { rules: config.version.rules(), keys: Box::new(keys), rng, heap: Heap::new(config.heap) })
    }

    /// The rules of this runtime's Go version.
    #[must_use]
    pub fn rules(&self) -> &'static Rules {
        self.rules
    }

    /// The key schedule (`aeskeysched`).
    #[must_use]
    pub fn key_schedule(&self) -> &KeySchedule {
        &self.keys
    }
}
