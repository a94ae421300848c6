//! The tests that Go took over from the SMHasher suite.
//!
//! Go runs most of them on up to 20 million keys, and not at all in its short mode; here they run always, on fewer keys.

use super::{Hashes, bytes_hash, randomize};
use crate::support::{Interface, runtime_with};
use gohmap::hash::Algorithm;
use gohmap::hash::alg::{interhash, nilinterhash};
use gohmap::rng::Rng;
use gohmap::runtime::Runtime;
use gohmap::version::GoVersion;
use std::sync::Arc;

/// Both families of hash functions, the second as Go 1.22 and as later versions have it.
fn hashers() -> [Arc<Runtime>; 3] {
    [
        (GoVersion::V1_22, Algorithm::Aes),
        (GoVersion::V1_22, Algorithm::Fallback),
        (GoVersion::V1_23, Algorithm::Fallback),
    ]
    .map(|(v, a)| runtime_with(v, a))
}

/// Collects hashes that `keys` makes, for each hash function, and checks them.
fn collide(keys: impl Fn(&Runtime, &mut Hashes)) {
    for rt in hashers() {
        let mut hashes = Hashes::default();
        keys(&rt, &mut hashes);
        hashes.check();
    }
}

/// TestSmhasherSanity: the hash depends on nothing outside the key, nor on where the key lies.
#[test]
fn test_smhasher_sanity() {
    for rt in hashers() {
        let rng = Rng::new(Some(1234));
        let (mut a, mut b) = ([0; 176], [0; 176]);
        for len in (0..128).chain([200 - 48]) {
            for offset in 0..16 {
                if 16 + offset + len > 176 {
                    continue;
                }
                randomize(&rng, &mut a);
                randomize(&rng, &mut b);
                b[16 + offset..][..len].copy_from_slice(&a[16..][..len]);
                let (x, y) = (bytes_hash(&rt, &a[16..][..len], 0), bytes_hash(&rt, &b[16 + offset..][..len], 0));
                assert_eq!(x, y, "{len} bytes at {offset}");
            }
        }
    }
}

/// TestSmhasherAppendedZeros
#[test]
fn test_smhasher_appended_zeros() {
    let mut text = b"hello".to_vec();
    text.resize(261, 0);
    collide(|rt, hashes| (0..=text.len()).for_each(|n| hashes.add(bytes_hash(rt, &text[..n], 0))));
}

/// TestSmhasherSmallKeys: all keys of one and two bytes, and those of three whose last byte is below 16.
#[test]
fn test_smhasher_small_keys() {
    collide(|rt, hashes| {
        for i in 0..=255 {
            hashes.add(bytes_hash(rt, &[i], 0));
            for j in 0..=255 {
                hashes.add(bytes_hash(rt, &[i, j], 0));
                (0..16).for_each(|k| hashes.add(bytes_hash(rt, &[i, j, k], 0)));
            }
        }
    });
}

/// TestSmhasherZeros: zeroes, up to 4096 of them.
#[test]
fn test_smhasher_zeros() {
    let zeroes = [0; 4096];
    collide(|rt, hashes| (0..=zeroes.len()).for_each(|n| hashes.add(bytes_hash(rt, &zeroes[..n], 0))));
}

/// TestSmhasherTwoNonzero: keys of 2 to 6 bytes of which at most two are not zero; of 7 to 16 bytes with few values.
#[test]
fn test_smhasher_two_nonzero() {
    let (all, few): (Vec<u8>, _) = ((1..=255).collect(), vec![1, 2, 0x55, 0x80, 0xff]);
    collide(|rt, hashes| {
        for len in 2..=16 {
            let values = if len <= 6 { &all } else { &few };
            let mut key = vec![0; len];
            hashes.add(bytes_hash(rt, &key, 0));
            for i in 0..len {
                for &x in values {
                    key[i] = x;
                    hashes.add(bytes_hash(rt, &key, 0));
                    for j in i + 1..len {
                        for &y in values {
                            key[j] = y;
                            hashes.add(bytes_hash(rt, &key, 0));
                        }
                        key[j] = 0;
                    }
                }
                key[i] = 0;
            }
        }
    });
}

/// TestSmhasherCyclic: eight times the same 4 to 12 bytes.
#[test]
fn test_smhasher_cyclic() {
    for len in 4..=12 {
        collide(|rt, hashes| {
            let (rng, mut part) = (Rng::new(Some(1234)), vec![0; len]);
            for i in 0..20_000_u32 {
                // The counter makes them different.
                randomize(&rng, &mut part);
                part[..4].copy_from_slice(&i.wrapping_mul(0x9e37_79b1).to_le_bytes());
                hashes.add(bytes_hash(rt, &part.repeat(8), 0));
            }
        });
    }
}

/// Adds the hashes of the key and of all keys with up to `more` bits set from bit `from` on.
fn sparse(rt: &Runtime, hashes: &mut Hashes, key: &mut [u8], from: usize, more: u32) {
    hashes.add(bytes_hash(rt, key, 0));
    if more > 0 {
        for bit in from..key.len() * 8 {
            key[bit / 8] ^= 1 << (bit % 8);
            sparse(rt, hashes, key, bit + 1, more - 1);
            key[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

/// TestSmhasherSparse: keys with few bits set.
#[test]
fn test_smhasher_sparse() {
    for (bits, set) in [(32, 5), (40, 4), (48, 4), (56, 4), (64, 4), (96, 3), (256, 2), (2048, 1)] {
        collide(|rt, hashes| sparse(rt, hashes, &mut vec![0; bits / 8], 0, set));
    }
}

/// Adds the hashes of all rows of these blocks, up to the key's length, that begin with its first `n` bytes.
fn permutation(rt: &Runtime, hashes: &mut Hashes, key: &mut [u8], blocks: &[u32], n: usize) {
    hashes.add(bytes_hash(rt, &key[..n], 0));
    if n < key.len() {
        for block in blocks {
            key[n..n + 4].copy_from_slice(&block.to_le_bytes());
            permutation(rt, hashes, key, blocks, n + 4);
        }
    }
}

/// TestSmhasherPermutation: keys put together from few blocks of four bytes.
#[test]
fn test_smhasher_permutation() {
    let low: Vec<u32> = (0..8).collect();
    let high: Vec<u32> = low.iter().map(|b| b << 29).collect();
    let both = [&low[..], &high[1..]].concat();
    for (blocks, n) in [(&low[..], 6), (&high, 6), (&[0, 1], 17), (&[0, 1 << 31], 17), (&both, 5)] {
        collide(|rt, hashes| permutation(rt, hashes, &mut vec![0; 4 * n], blocks, 0));
    }
}

/// A kind of key with bits to flip.
struct Subject {
    name: &'static str,
    /// Bytes.
    len: usize,
    hash: fn(&Runtime, &[u8]) -> u64,
}

fn word(key: &[u8]) -> u64 {
    u64::from_le_bytes(key.try_into().expect("eight bytes"))
}

const INTEGERS: [Subject; 2] = [
    Subject {
        name: "int32",
        len: 4,
        hash: |rt, key| rt.hash().memhash32(u32::from_le_bytes(key.try_into().expect("four bytes")), 0),
    },
    Subject { name: "int64", len: 8, hash: |rt, key| rt.hash().memhash64(word(key), 0) },
];

const INTERFACES: [Subject; 2] = [
    Subject {
        name: "eface",
        len: 8,
        hash: |rt, key| {
            let v = word(key);
            let key = Interface::any(rt, "uint64", &v);
            // SAFETY: an interface value.
            unsafe { nilinterhash(rt, (&raw const key).expose_provenance(), 0) }
        },
    },
    Subject {
        name: "iface",
        len: 8,
        hash: |rt, key| {
            let v = word(key);
            let key = Interface::with_methods(rt, "interface { F() }", "uint64", &v);
            // SAFETY: an interface value.
            unsafe { interhash(rt, (&raw const key).expose_provenance(), 0) }
        },
    },
];

const fn bytes(len: usize) -> Subject {
    Subject { name: "bytes", len, hash: |rt, key| bytes_hash(rt, key, 0) }
}

/// Flips each bit of random keys: each bit of the hash must change in 40 to 60 of a hundred cases.
fn avalanche(rt: &Runtime, subject: &Subject, rounds: u32) {
    let (rng, mut key) = (Rng::new(Some(1234)), vec![0; subject.len]);
    let mut changes = vec![[0_u32; 64]; subject.len * 8];
    for _ in 0..rounds {
        randomize(&rng, &mut key);
        let hash = (subject.hash)(rt, &key);
        for (bit, changes) in changes.iter_mut().enumerate() {
            key[bit / 8] ^= 1 << (bit % 8);
            let changed = hash ^ (subject.hash)(rt, &key);
            key[bit / 8] ^= 1 << (bit % 8);
            changes.iter_mut().enumerate().for_each(|(i, n)| *n += (changed >> i & 1) as u32);
        }
    }
    for (bit, changes) in changes.iter().enumerate() {
        for (i, n) in changes.iter().enumerate() {
            let share = f64::from(*n) / f64::from(rounds);
            assert!(
                (0.4..0.6).contains(&share),
                "{} of {}: bit {bit} changes bit {i}: {share}",
                subject.name,
                subject.len
            );
        }
    }
}

/// TestSmhasherAvalanche: fewer keys than Go's 100,000 each, within the same bounds.
#[test]
fn test_smhasher_avalanche() {
    for rt in hashers() {
        for subject in [2, 4, 8, 16, 32].map(bytes).iter().chain(&INTEGERS) {
            avalanche(&rt, subject, 3000);
        }
        avalanche(&rt, &bytes(200), 1500);
        INTERFACES.iter().for_each(|subject| avalanche(&rt, subject, 1500));
    }
}

/// TestSmhasherWindowed: all values of some bits side by side, at every place in the key, the rest zero. 12 bits, where Go
/// has 16.
#[test]
fn test_smhasher_windowed() {
    const BITS: usize = 12;
    for subject in INTEGERS.iter().chain([&bytes(128)]) {
        for rt in hashers() {
            let step = if subject.len > 8 { 7 } else { 1 };
            for rotation in (0..subject.len * 8).step_by(step) {
                let mut hashes = Hashes::default();
                for value in 0..1_u32 << BITS {
                    let mut key = vec![0_u8; subject.len];
                    for bit in (0..BITS).filter(|bit| value >> bit & 1 == 1) {
                        let place = (bit + rotation) % (subject.len * 8);
                        key[place / 8] |= 1 << (place % 8);
                    }
                    hashes.add((subject.hash)(&rt, &key));
                }
                hashes.check();
            }
        }
    }
}

/// TestSmhasherText: three letters or digits, where Go has four, between a prefix and a suffix.
#[test]
fn test_smhasher_text() {
    let letters: Vec<u8> = (b'A'..=b'T').chain(b'a'..=b't').chain(b'0'..=b'9').collect();
    for (prefix, suffix) in [("Foo", "Bar"), ("FooBar", ""), ("", "FooBar")] {
        collide(|rt, hashes| {
            let mut key = [prefix.as_bytes(), b"???", suffix.as_bytes()].concat();
            for n in 0..letters.len().pow(3) {
                let digits = [n / 2500, n / 50 % 50, n % 50];
                key[prefix.len()..][..3].copy_from_slice(&digits.map(|d| letters[d]));
                hashes.add(bytes_hash(rt, &key, 0));
            }
        });
    }
}

/// TestSmhasherSeed: one key with a hundred thousand seeds.
#[test]
fn test_smhasher_seed() {
    collide(|rt, hashes| (0..100_000).for_each(|seed| hashes.add(bytes_hash(rt, b"hello", seed))));
}
