//! Keys and elements of every sort, stored and found again.

use crate::support::{allocations, entries, everywhere, header, map_of};
use gohmap::gomap::GoMap;
use std::collections::{BTreeMap, BTreeSet};

/// TestNegativeZero: +0 and -0 are one key; the one assigned last stays.
#[test]
fn test_negative_zero() {
    everywhere(|rt| {
        for (first, second) in [(0.0_f64, -0.0_f64), (-0.0, 0.0)] {
            let m = map_of(rt, [(first, true), (second, true)]);
            assert_eq!(m.len(), 1);
            let [(k, true)] = entries(&m)[..] else { panic!("one entry") };
            assert_eq!(k.to_bits(), second.to_bits());
        }
    });
}

/// TestBigItems: keys and elements of 4 KB of strings.
#[test]
fn test_big_items() {
    everywhere(|rt| {
        let m = GoMap::<[String; 256], [String; 256]>::make(rt, 4);
        let mut big: [String; 256] = std::array::from_fn(|_| "same".to_owned());
        for i in 0..100 {
            big[37] = format!("number {i:02}");
            m.insert(&big, big.clone());
        }
        let mut numbers = BTreeSet::new();
        for (k, v) in entries(&m) {
            assert_eq!(k, v);
            assert!((0..256).all(|i| i == 37 || k[i] == "same"));
            assert!(numbers.insert(k[37].clone()), "{} twice", k[37]);
        }
        let all: BTreeSet<_> = (0..100).map(|i| format!("number {i:02}")).collect();
        assert_eq!((numbers, m.len()), (all, 100));
    });
}

/// TestMapHugeZero: the zero value of an element larger than the zeroes that lookups share.
#[test]
fn test_map_huge_zero() {
    everywhere(|rt| {
        let m = GoMap::<isize, [u8; 4000]>::make(rt, 0);
        assert_eq!(m.get(0), [0; 4000]);
        assert_eq!(m.get2(0), ([0; 4000], false));
        m.insert(1, [1; 4000]);
        assert_eq!(m.get2(0), ([0; 4000], false));
        assert_eq!(m.get2(1), ([1; 4000], true));
    });
}

/// TestEmptyKeyAndValue: keys and elements without size.
#[test]
fn test_empty_key_and_value() {
    everywhere(|rt| {
        let a = GoMap::<isize, ()>::make(rt, 4);
        let b = GoMap::<(), isize>::make(rt, 4);
        let c = GoMap::<(), ()>::make(rt, 4);
        a.insert(0, ());
        b.insert((), 5);
        b.insert((), 6);
        c.insert((), ());
        assert_eq!((a.len(), b.len(), c.len()), (1, 1, 1));
        assert_eq!((b.get2(()), c.get2(())), ((6, true), ((), true)));
    });
}

/// Lookups in a map of one bucket with these string keys.
fn single_bucket(keys: &[&str]) {
    everywhere(|rt| {
        let m = map_of(rt, keys.iter().map(|k| ((*k).to_owned(), format!("of {k}"))));
        assert_eq!((header(&m).b, m.len()), (0, keys.len() as i64));
        for (k, v) in entries(&m) {
            assert_eq!(v, format!("of {k}"));
            assert_eq!(m.get2(&k), (v, true));
        }
        for k in keys {
            assert_eq!(m.get2(*k), (format!("of {k}"), true));
            // The same length, another end; the same text, another length.
            let other = format!("{}?", &k[..k.len() - 1]);
            assert_eq!(m.get2(&other), (String::new(), false));
            let longer = format!("{k}{k}{k}{k}{k}{k}{k}");
            assert_eq!(m.get2(&longer), (String::new(), false));
        }
    });
}

/// TestSingleBucketMapStringKeys_DupLen: short and long keys, several of one length.
#[test]
fn test_single_bucket_map_string_keys_dup_len() {
    let (long, other) = ("x".repeat(128), "y".repeat(128));
    single_bucket(&["x", "xx", "foo", "bar", "xxxx", &long, &other]);
}

/// TestSingleBucketMapStringKeys_NoDupLen: short and long keys, each of a length of its own.
#[test]
fn test_single_bucket_map_string_keys_no_dup_len() {
    single_bucket(&["x", "xx", "foo", "xxxx", "xxxxx", "xxxxxx", &"x".repeat(128)]);
}

/// TestMapStringBytesLookup: a string that was just put together is looked up without an allocation.
#[test]
fn test_map_string_bytes_lookup() {
    everywhere(|rt| {
        let (one, two) = ("1".repeat(49), "2".repeat(49));
        let m = map_of(rt, [(one, 1_isize), (two, 2)]);
        let mut buf = [b'1'; 49];
        let mut sum = 0;
        let mut look = |digit| {
            buf.fill(digit);
            let key = std::str::from_utf8(&buf).expect("digits");
            sum += m.get(key);
            let (v, ok) = m.get2(key);
            assert!(ok);
            sum += v;
        };
        look(b'1');
        let n = allocations(rt, || (0..100).for_each(|_| look(b'2')));
        assert_eq!((n, sum), (0, 2 + 400));
    });
}

fn sequence(from: usize) -> [isize; 64] {
    std::array::from_fn(|i| (from + i) as isize)
}

/// TestMapLargeKeyNoPointer: keys that are stored as pointers survive growth, though they hold none themselves.
#[test]
fn test_map_large_key_no_pointer() {
    everywhere(|rt| {
        let m = map_of(rt, (0..1000).map(|i| (sequence(i), i as isize)));
        assert!(m.map_type().indirect_key() && !m.map_type().key_has_pointers);
        for i in 0..1000 {
            assert_eq!(m.get2(sequence(i)), (i as isize, true));
        }
        assert_eq!(m.get2(sequence(1000)), (0, false));
    });
}

/// TestMapLargeValNoPointer: the same for elements.
#[test]
fn test_map_large_val_no_pointer() {
    everywhere(|rt| {
        let m = map_of(rt, (0..1000).map(|i| (i as isize, sequence(i))));
        assert!(m.map_type().indirect_elem() && !m.map_type().elem_has_pointers);
        for i in 0..1000 {
            assert_eq!(m.get2(i as isize), (sequence(i), true));
        }
        assert_eq!(m.get2(1000), ([0; 64], false));
    });
}

/// TestMapKeys: all keys of a map that stores them as pointers. By ranging: there is no function for all keys here.
#[test]
fn test_map_keys() {
    everywhere(|rt| {
        let key = |s: &str| (s.to_owned(), [0_u8; 128]);
        let m = map_of(rt, [(key("a"), 1_isize), (key("b"), 2)]);
        assert!(m.map_type().indirect_key());
        let all: BTreeMap<_, _> = entries(&m).into_iter().collect();
        assert_eq!(all, BTreeMap::from([(key("a"), 1), (key("b"), 2)]));
    });
}

/// TestMapValues: all elements of a map that stores them as pointers, likewise.
#[test]
fn test_map_values() {
    everywhere(|rt| {
        let val = |s: &str| (s.to_owned(), [0_u8; 128]);
        let m = map_of(rt, [(1_isize, val("a")), (2, val("b"))]);
        assert!(m.map_type().indirect_elem());
        let all: BTreeMap<_, _> = entries(&m).into_iter().collect();
        assert_eq!(all, BTreeMap::from([(1, val("a")), (2, val("b"))]));
    });
}
