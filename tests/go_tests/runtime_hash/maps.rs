//! Whether keys of strings spread over a map's buckets.

use super::bytes_hash;
use crate::support::{everywhere, header, runtime};
use gohmap::go_struct;
use gohmap::gomap::{GoMap, Key};
use gohmap::runtime::Runtime;
use std::sync::Arc;

/// Assigns the 70 keys that have four of eight strings set. With a hash that ignores where in the key a string stands they
/// would all fall into one bucket, which takes eight overflow buckets.
fn four_of_eight<K: Key>(rt: &Arc<Runtime>, key: impl Fn([String; 8]) -> K) {
    let m = GoMap::<K, bool>::make(rt, 70);
    for i in 0_u32..256 {
        if i.count_ones() == 4 {
            m.insert(key(std::array::from_fn(|j| if i >> j & 1 == 1 { "foo" } else { "" }.to_owned())), true);
        }
    }
    assert_eq!(m.len(), 70);
    let overflow = header(&m).noverflow;
    assert!(overflow <= 5, "{overflow} overflow buckets");
}

/// TestArrayHash
#[test]
fn test_array_hash() {
    everywhere(|rt| four_of_eight(rt, |strings| strings));
}

go_struct! {
    /// The array's strings as fields.
    #[derive(Clone)]
    struct Eight { a: String, b: String, c: String, d: String, e: String, f: String, g: String, h: String }
    key
}

/// TestStructHash
#[test]
fn test_struct_hash() {
    everywhere(|rt| four_of_eight(rt, |[a, b, c, d, e, f, g, h]| Eight { a, b, c, d, e, f, g, h }));
}

/// TestCollisions: when two of sixteen bytes take all values, the low 16 bits of the hash take as many as chance would have
/// it: 41427, give or take 40 standard deviations of 123.
#[test]
fn test_collisions() {
    let rt = runtime();
    for (i, j) in (0..16).flat_map(|i| (0..16).map(move |j| (i, j))).filter(|(i, j)| i != j) {
        let (mut key, mut seen) = ([0; 16], vec![false; 1 << 16]);
        for n in 0..=u16::MAX {
            [key[i], key[j]] = n.to_le_bytes();
            seen[usize::from(bytes_hash(&rt, &key, 0) as u16)] = true;
        }
        let outputs = seen.into_iter().filter(|s| *s).count();
        assert!(outputs.abs_diff(41_427) <= 40 * 123, "bytes {i} and {j}: {outputs} values");
    }
}
