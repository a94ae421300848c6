//! `maps/maps_test.go`.

use crate::support::{entries, map_of};
use gohmap::gomap::{GoMap, maps_Copy};
use gohmap::runtime::Runtime;
use gohmap::version::GoVersion;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Runs a test in every version that has package maps.
fn everywhere(test: impl Fn(&Arc<Runtime>)) {
    crate::support::everywhere(|rt| {
        if rt.rules().version >= GoVersion::V1_21 {
            test(rt);
        }
    });
}

type Ints = GoMap<isize, isize>;

fn doubles(rt: &Arc<Runtime>) -> Ints {
    map_of(rt, [(1, 2), (2, 4), (4, 8), (8, 16)])
}

fn sorted(m: &Ints) -> Vec<(isize, isize)> {
    let sorted: BTreeMap<_, _> = entries(m).into_iter().collect();
    assert_eq!(sorted.len() as i64, m.len());
    sorted.into_iter().collect()
}

/// TestClone: a copy is equal, and a map of its own.
#[test]
fn test_clone() {
    everywhere(|rt| {
        let m = doubles(rt);
        let copy = m.clone_map();
        assert_eq!(sorted(&copy), sorted(&m));
        copy.insert(16, 32);
        copy.insert(1, 0);
        assert_eq!((m.get2(16), m.get(1), m.len()), ((0, false), 2, 4));
        assert_eq!((copy.get2(16), copy.get(1), copy.len()), ((32, true), 0, 5));
    });
}

/// TestCloneNil: the copy of a nil map is nil.
#[test]
fn test_clone_nil() {
    everywhere(|rt| assert!(GoMap::<String, isize>::nil(rt).clone_map().is_nil()));
}

/// TestCopy: all entries of one map go into another, which may be the same or empty.
#[test]
fn test_copy() {
    everywhere(|rt| {
        let m = doubles(rt);
        let more = map_of(rt, [(16, 32), (8, -16)]);
        let (a, b) = (GoMap::<isize, bool>::make(rt, 0), GoMap::<isize, bool>::make(rt, 0));
        // SAFETY: one thread.
        unsafe {
            maps_Copy(&m.share(), &m.share());
            assert_eq!(sorted(&m), [(1, 2), (2, 4), (4, 8), (8, 16)]);
            maps_Copy(&m.share(), &more.share());
            assert_eq!(sorted(&m), [(1, 2), (2, 4), (4, 8), (8, -16), (16, 32)]);
            maps_Copy(&a.share(), &b.share());
        }
        assert!(a.is_empty());
    });
}

/// TestDeleteFunc: deletes while it ranges, as the function does, which has no twin here.
#[test]
fn test_delete_func() {
    everywhere(|rt| {
        let m = doubles(rt);
        let delete_if = |delete: fn(isize, isize) -> bool| {
            for (k, v) in m.range() {
                if delete(k, v) {
                    m.delete(k);
                }
            }
        };
        delete_if(|_, _| false);
        assert_eq!(m.len(), 4);
        delete_if(|k, _| k > 3);
        assert_eq!(sorted(&m), [(1, 2), (2, 4)]);
    });
}

/// TestCloneWithDelete: entries deleted from buckets that a copy is made of are not in the copy.
#[test]
fn test_clone_with_delete() {
    everywhere(|rt| {
        let m = map_of(rt, (0..32).map(|i| (i, i)));
        (8..32).for_each(|i| m.delete(i));
        let copy = m.clone_map();
        assert_eq!((sorted(&copy), copy.len()), ((0..8).map(|i| (i, i)).collect(), 8));
        assert!((0..32).all(|i| copy.get2(i) == m.get2(i)));
    });
}

/// TestCloneWithMapAssign: the copy of a map that may be in the middle of its growth, at every size up to 300.
#[test]
fn test_clone_with_map_assign() {
    everywhere(|rt| {
        let m = Ints::make(rt, 0);
        for n in 0..300 {
            m.insert(n, n);
            let copy = m.clone_map();
            assert_eq!(sorted(&copy), (0..=n).map(|i| (i, i)).collect::<Vec<_>>());
            assert!((0..=n).all(|i| copy.get(i) == i));
        }
    });
}

/// TestCloneLarge: keys and elements that are stored as pointers are copied too: an assign to the original that overwrites
/// key and element leaves the copy alone. With one bucket, with two, and in the middle of a growth.
#[test]
fn test_clone_large() {
    everywhere(|rt| {
        let zero = [0.0_f64; 17];
        for more in [0, 8, 26] {
            let m = GoMap::<[f64; 17], [f64; 17]>::make(rt, 0);
            m.insert(zero, zero);
            for i in 0..more {
                let mut k = zero;
                k[0] = f64::from(i + 1);
                m.insert(k, zero);
            }
            let copy = m.clone_map();
            let (mut negative, mut one) = (zero, zero);
            negative[0] = -0.0;
            one[0] = 1.0;
            m.insert(negative, one);
            assert_eq!(m.get(zero), one, "0 and -0 are one key");
            for (k, v) in entries(&copy) {
                assert!(!k[0].is_sign_negative(), "{more} more: the copy's key has changed");
                assert_eq!(v, zero, "{more} more: the copy's element has changed");
            }
            assert_eq!(copy.len(), i64::from(more) + 1);
        }
    });
}
