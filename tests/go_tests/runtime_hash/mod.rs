//! `runtime/hash_test.go`, and of `runtime/map_test.go` what is about hashes alone.

mod maps;
mod seeds;
mod smhasher;

use gohmap::rng::Rng;
use gohmap::runtime::Runtime;

/// The hash of these bytes.
fn bytes_hash(rt: &Runtime, key: &[u8], seed: u64) -> u64 {
    // SAFETY: the key's bytes.
    unsafe { rt.hash().memhash(key.as_ptr().expose_provenance(), seed, key.len()) }
}

/// Fills a key with random bytes.
fn randomize(rng: &Rng, key: &mut [u8]) {
    for chunk in key.chunks_mut(8) {
        chunk.copy_from_slice(&rng.rand().to_le_bytes()[..chunk.len()]);
    }
}

/// Hashes of different keys, of which few may be the same.
#[derive(Default)]
struct Hashes(Vec<u64>);

impl Hashes {
    fn add(&mut self, hash: u64) {
        self.0.push(hash);
    }

    /// Go allows 50 + 150 standard deviations more collisions than chance brings; of so few hashes as here chance brings
    /// none.
    fn check(mut self) {
        let n = self.0.len();
        self.0.sort_unstable();
        self.0.dedup();
        let collisions = n - self.0.len();
        let expected = (n as f64) * (n as f64 - 1.0) / 2.0 / 2.0_f64.powi(64);
        assert!(expected < 1e-3, "{n} hashes");
        assert!(collisions <= 50, "{collisions} collisions among {n} hashes");
    }
}
