//! The order of iteration is not always the same.

use crate::support::{everywhere, keys, map_of};

/// TestMapIterOrder: of a hundred iterations over a small map, one has another order than the first.
#[test]
fn test_map_iter_order() {
    everywhere(|rt| {
        for n in [3, 7, 9, 15] {
            for _ in 0..200 {
                let m = map_of(rt, (0..n).map(|i| (i as isize, true)));
                let first = keys(&m);
                assert_eq!(first.len(), n);
                assert!((0..100).any(|_| keys(&m) != first), "{n} entries always come as {first:?}");
            }
        }
    });
}

/// TestMapSparseIterOrder: likewise for a map that most entries have left.
#[test]
fn test_map_sparse_iter_order() {
    everywhere(|rt| {
        for _ in 0..10 {
            let m = map_of(rt, (0..1000_isize).map(|i| (i, true)));
            (20..1000).for_each(|i| m.delete(i));
            let first = keys(&m);
            assert_eq!(first.len(), 20);
            assert!((0..800).any(|_| keys(&m) != first), "always {first:?}");
        }
    });
}
