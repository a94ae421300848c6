//! What a Go process has one of: its version, AES key schedule, random source and heap.

use crate::hash::{Algorithm, HashKey, KeySchedule, ProcessHash};
use crate::heap::{Heap, HeapConfig};
use crate::rng::Rng;
use crate::types::TypeTable;
use crate::version::{GoVersion, Rules};
use std::sync::Arc;

/// The runtime that maps belong to. Several may live side by side in one process.
#[derive(Debug)]
pub struct Runtime {
    rules: &'static Rules,
    hash: ProcessHash,
    /// Descriptors of the types that interface values hold.
    pub types: TypeTable,
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
    /// The hash functions.
    pub hash: Algorithm,
    /// The keys of the fallback hash; drawn from `rng` when absent and needed.
    pub hashkey: Option<HashKey>,
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
        let rules = config.version.rules();
        let keys = config.keys.unwrap_or_else(|| KeySchedule::random(&rng));
        let hashkey = config.hashkey.unwrap_or_else(|| match config.hash {
            Algorithm::Aes => HashKey([0; 4]),
            Algorithm::Fallback => HashKey::random(&rng, rules),
        });
        let hash = ProcessHash::new(config.hash, keys, hashkey, rules);
        Arc::new(Self { rules, hash, types: TypeTable::default(), rng, heap: Heap::new(config.heap) })
    }

    /// The rules of this runtime's Go version.
    #[must_use]
    pub fn rules(&self) -> &'static Rules {
        self.rules
    }

    /// The hash functions.
    #[must_use]
    #[inline]
    pub fn hash(&self) -> &ProcessHash {
        &self.hash
    }

    /// The key schedule (`aeskeysched`).
    #[must_use]
    #[inline]
    pub fn key_schedule(&self) -> &KeySchedule {
        &self.hash.keys
    }

    /// The next random number, as wide as this version's runtime draws them (`fastrand`, from Go 1.22 on `rand`).
    pub fn random_word(&self) -> u64 {
        let r = self.rng.rand();
        if self.rules.rand64 { r } else { u64::from(r as u32) }
    }
}
