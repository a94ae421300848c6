//! `mapclear.go` and `clear.go`, and what a bug made of clear while ranging.

use crate::support::{entries, everywhere, map_of};
use gohmap::gomap::{Elem, GoMap, Key};
use gohmap::version::GoVersion;

/// `for k := range m { delete(m, k) }`: how many keys it saw.
fn delete_all<K: Key, V: Elem>(m: &GoMap<K, V>) -> usize {
    let mut n = 0;
    for (k, _) in m.range() {
        m.delete(k);
        n += 1;
    }
    n
}

/// mapclear.go checkcleared: a map emptied by that loop, or by clear, which Go makes of it, is empty, and can be filled again.
#[test]
fn test_checkcleared() {
    everywhere(|rt| {
        for empty in [|m: &GoMap<u8, isize>| assert_eq!(delete_all(m), 2), GoMap::clear] {
            let m = map_of(rt, [(1_u8, 1_isize), (2, 2)]);
            empty(&m);
            assert_eq!((m.len(), m.get2(1), entries(&m)), (0, (0, false), vec![]));
            m.insert(0, 0);
            assert_eq!(entries(&m), [(0, 0)]);
        }
    });
}

/// mapclear.go checkloopvars: such a loop leaves its last key in its variable.
#[test]
fn test_checkloopvars() {
    everywhere(|rt| {
        let m = map_of(rt, [(42_isize, 0_isize)]);
        let mut last = 0;
        for (k, _) in m.range() {
            last = k;
            m.delete(k);
        }
        assert_eq!((last, m.len()), (42, 0));
    });
}

/// mapclear.go checksideeffects: it runs once for each key, whatever else it does.
#[test]
fn test_checksideeffects() {
    everywhere(|rt| {
        for n in [2, 20, 200] {
            let m = map_of(rt, (0..n).map(|i| (i, 0_isize)));
            let mut calls = 0;
            let mut and_counts = || {
                calls += 1;
                0
            };
            for (k, _) in m.range() {
                m.delete(k + and_counts());
            }
            assert_eq!((calls, m.len()), (n, 0));
            let m = map_of(rt, (0..n).map(|i| (i, 0_isize)));
            assert_eq!((delete_all(&m) as isize, m.len()), (n, 0));
        }
    });
}

/// clear.go checkClearMap: clear removes NaNs too, which no delete finds.
#[test]
fn test_check_clear_map() {
    everywhere(|rt| {
        if rt.rules().version < GoVersion::V1_21 {
            return; // Its clear is the loop.
        }
        let m = map_of(rt, [(0_isize, 0_isize), (1, 1)]);
        m.clear();
        assert_eq!((m.len(), m.get2(1)), (0, (0, false)));
        let m = map_of(rt, [(f64::NAN, 1_isize), (f64::NAN, 1)]);
        assert_eq!((delete_all(&m), m.len()), (2, 2));
        m.clear();
        assert_eq!((m.len(), entries(&m).len()), (0, 0));
        let empty = GoMap::<isize, isize>::make(rt, 0);
        empty.clear();
        assert_eq!(empty.len(), 0);
    });
}

/// fixedbugs/issue59411.go: a loop over NaNs in a growing map ends when the map is cleared. (Before Go 1.21 it did not.)
#[test]
fn test_issue59411() {
    everywhere(|rt| {
        if rt.rules().version < GoVersion::V1_21 {
            return;
        }
        for _ in 0..100 {
            let n = 16 * rt.rules().load_factor_num * 2 / rt.rules().load_factor_den;
            let m = map_of(rt, (0..=n).map(|i| (f64::NAN, i)));
            assert_ne!(crate::support::header(&m).oldbuckets, 0, "it grows");
            let mut it = m.range();
            for _ in 0..7 {
                assert!(it.next().is_some());
            }
            m.clear();
            assert_eq!((it.next().is_none(), m.len()), (true, 0));
        }
    });
}
