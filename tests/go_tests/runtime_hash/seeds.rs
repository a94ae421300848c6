//! Hashes of plain memory: the same by either function, and another in every process.

use super::{bytes_hash, randomize};
use crate::support::runtime_with;
use gohmap::hash::Algorithm;
use gohmap::rng::Rng;
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::version::GoVersion;
use std::collections::BTreeSet;
use std::process::Command;

/// The versions that hash differently without AES.
const FALLBACKS: [GoVersion; 2] = [GoVersion::V1_22, GoVersion::V1_23];

/// TestMemHash32Equality: without AES, a key of four bytes hashes alike by memhash32 and by memhash.
#[test]
fn test_mem_hash32_equality() {
    for rt in FALLBACKS.map(|v| runtime_with(v, Algorithm::Fallback)) {
        let (rng, mut key) = (Rng::new(Some(1234)), [0; 4]);
        let seed = rng.rand();
        for _ in 0..100 {
            randomize(&rng, &mut key);
            assert_eq!(rt.hash().memhash32(u32::from_le_bytes(key), seed), bytes_hash(&rt, &key, seed), "{key:x?}");
        }
    }
}

/// TestMemHash64Equality: the same for eight bytes.
#[test]
fn test_mem_hash64_equality() {
    for rt in FALLBACKS.map(|v| runtime_with(v, Algorithm::Fallback)) {
        let (rng, mut key) = (Rng::new(Some(1234)), [0; 8]);
        let seed = rng.rand();
        for _ in 0..100 {
            randomize(&rng, &mut key);
            assert_eq!(rt.hash().memhash64(u64::from_le_bytes(key), seed), bytes_hash(&rt, &key, seed), "{key:x?}");
        }
    }
}

/// In this variable of its environment a process of this test finds the hash functions whose hash it is to print.
const PRINT: &str = "GOHMAP_TEST_PRINTS_HASH";

fn hash_of_nothing(hash: Algorithm) -> u64 {
    let rt = Runtime::new(RuntimeConfig { hash, ..RuntimeConfig::default() });
    bytes_hash(&rt, &[], 0)
}

/// TestMemHashGlobalSeed: processes hash nothing at all to different numbers; so do runtimes side by side.
#[test]
fn test_mem_hash_global_seed() {
    let named = [("aes", Algorithm::Aes), ("fallback", Algorithm::Fallback)];
    if let Ok(name) = std::env::var(PRINT) {
        let (_, hash) = named.into_iter().find(|(n, _)| *n == name).expect("one of the names");
        println!("hash={}", hash_of_nothing(hash));
        return;
    }
    for (name, hash) in named {
        let here: BTreeSet<_> = (0..3).map(|_| hash_of_nothing(hash)).collect();
        assert!(here.len() > 1, "{name}: {here:?}");
        let printed = |_| {
            let mut child = Command::new(std::env::current_exe().expect("a path of this program"));
            child.args([
                "--exact",
                "runtime_hash::seeds::test_mem_hash_global_seed",
                "--nocapture",
                "--test-threads=1",
            ]);
            let out = child.env(PRINT, name).output().expect("this program starts").stdout;
            let text = String::from_utf8(out).expect("text");
            // Where the harness has put it on a line with the test's name.
            let digits = text.split_once("hash=").unwrap_or_else(|| panic!("no hash in {text:?}")).1;
            digits.lines().next().and_then(|n| n.parse::<u64>().ok()).expect("a number")
        };
        let elsewhere: BTreeSet<u64> = (0..3).map(printed).collect();
        assert!(elsewhere.len() > 1, "{name}: {elsewhere:?} in other processes");
    }
}
