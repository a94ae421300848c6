//! `bigmap.go`.

use crate::support::{entries, everywhere};
use gohmap::gomap::GoMap;
use gohmap::runtime::Runtime;
use std::sync::Arc;

/// Keys of `K` bytes and elements of `V`: those above 128 are stored as pointers, lookups of those above 1024 are others.
fn sizes<const K: usize, const V: usize>(rt: &Arc<Runtime>) {
    let key = |first: u8| std::array::from_fn::<u8, K, _>(|i| if i == 0 { first } else { 0 });
    let elem = |first: u8| std::array::from_fn::<u8, V, _>(|i| first.wrapping_mul((i as u8).wrapping_add(1)));
    let m = GoMap::<[u8; K], [u8; V]>::make(rt, 0);
    assert_eq!((m.map_type().indirect_key(), m.map_type().indirect_elem()), (K > 128, V > 128));
    m.insert(key(0), elem(1));
    m.insert(key(1), elem(2));
    assert_eq!((m.get(key(0)), m.get(key(1)), m.get(key(2))), (elem(1), elem(2), [0; V]));
    assert_eq!(m.get2(key(1)), (elem(2), true));
    let mut all = entries(&m);
    all.sort_unstable();
    assert_eq!(all, [(key(0), elem(1)), (key(1), elem(2))]);
}

/// bigmap.go: keys and elements around the sizes where their storage changes.
#[test]
fn test_bigmap() {
    everywhere(|rt| {
        let sequence = |from: usize, step: usize| std::array::from_fn::<u8, 1000, _>(|i| (from + i * step) as u8);
        let m = GoMap::<isize, [u8; 1000]>::make(rt, 0);
        let all = [(1, sequence(11, 13)), (2, sequence(2, 9)), (3, sequence(3, 17))];
        all.iter().for_each(|(k, v)| m.insert(k, *v));
        all.iter().for_each(|(k, v)| assert_eq!(m.get(k), *v));
        sizes::<1, 1>(rt);
        sizes::<100, 1>(rt);
        sizes::<1, 100>(rt);
        sizes::<1000, 1>(rt);
        sizes::<1, 1000>(rt);
        sizes::<1000, 1000>(rt);
        sizes::<200, 1>(rt);
        sizes::<1, 200>(rt);
        sizes::<200, 200>(rt);
        // The edges themselves.
        sizes::<128, 128>(rt);
        sizes::<129, 129>(rt);
        sizes::<8, 1024>(rt);
        sizes::<8, 1025>(rt);
    });
}
