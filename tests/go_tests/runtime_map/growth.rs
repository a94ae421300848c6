//! Iteration over a map that grows meanwhile, and reads by several threads right after.

use crate::support::{everywhere, map_of};
use gohmap::gomap::{GoMap, SharedMap};
use std::collections::BTreeSet;
use std::thread;

/// TestGrowWithNaN: NaNs, which cannot be looked up, are neither lost nor repeated when the map grows under an iterator.
#[test]
fn test_grow_with_nan() {
    everywhere(|rt| {
        let m = GoMap::<f64, isize>::make(rt, 4);
        // SAFETY: one thread.
        let m = unsafe { m.share() };
        m.insert(f64::NAN, 1);
        m.insert(f64::NAN, 2);
        m.update(f64::NAN, |v| v + 4);
        let (mut nans, mut first) = (Vec::new(), true);
        for (k, v) in m.range() {
            if std::mem::take(&mut first) {
                (0..50).for_each(|i| m.insert(f64::from(i), i as isize));
                (50..100).for_each(|i| m.update(f64::from(i), |v| v + i as isize));
            }
            if k.is_nan() {
                nans.push(v);
            }
        }
        nans.sort_unstable();
        assert_eq!((nans, m.len()), (vec![1, 2, 4], 103));
        assert!((0..100).all(|i| m.get(f64::from(i)) == i as isize));
    });
}

/// TestGrowWithNegativeZero: keys that are overwritten by equal ones of other bits after a growth come in their new form,
/// together with their new elements.
#[test]
fn test_grow_with_negative_zero() {
    everywhere(|rt| {
        let m = GoMap::<(f64, isize), isize>::make(rt, 4);
        for i in 0..4 {
            m.insert((0.0, i), 1 << i);
        }
        let (mut seen, mut rewritten, mut entries) = (0, 0, 0);
        for ((x, _), v) in m.range() {
            if v == 0 {
                continue; // One of those that made the map grow.
            }
            if entries == 0 {
                assert_eq!((v & 16, x.is_sign_negative()), (0, false));
                (0..100).for_each(|i| m.insert((3.0, i), 0));
                (0..4).for_each(|i| m.insert((-0.0, i), 1 << i | 16));
            } else {
                assert_eq!((v & 16, x.is_sign_negative()), (16, true), "key and element change together");
                rewritten += 1;
            }
            entries += 1;
            seen |= v & 15;
        }
        assert_eq!((entries, rewritten, seen), (4, 3, 15));
    });
}

/// TestIterGrowAndDelete: what is deleted after a growth does not come any more.
#[test]
fn test_iter_grow_and_delete() {
    everywhere(|rt| {
        let m = GoMap::<isize, isize>::make(rt, 4);
        (0..100).for_each(|i| m.insert(i, i));
        let mut it = m.range();
        let first = it.next().expect("a hundred entries").0;
        (100..1000).for_each(|i| m.insert(i, i));
        (1..1000).step_by(2).for_each(|i| m.delete(i));
        let mut seen = BTreeSet::from([first]);
        for (k, v) in it {
            assert_eq!((k % 2, k), (0, v));
            assert!(seen.insert(k), "{k} twice");
        }
        assert!((0..100).step_by(2).all(|k| seen.contains(&k)), "an entry that was always there is missing");
    });
}

/// TestIterGrowWithGC: an iterator keeps the arrays that it began with. There is no collector here: the map itself gives
/// arrays up, and what it gives up is overwritten.
#[test]
fn test_iter_grow_with_gc() {
    everywhere(|rt| {
        let mut m = GoMap::<isize, isize>::make(rt, 4);
        (0..8).for_each(|i| m.insert(i, i));
        (8..16).for_each(|i| m.update(i, |v| v + i));
        let mut seen = BTreeSet::new();
        for (k, _) in m.range() {
            if seen.is_empty() {
                (100..1000).for_each(|i| m.insert(i, i));
            }
            assert!(seen.insert(k), "{k} twice");
        }
        assert!((0..16).all(|k| seen.contains(&k)), "an entry is missing");
    });
}

/// TestMapNanGrowIterator: an iterator that begins in the middle of a growth yields every NaN once, also when the growth
/// ends before it does.
#[test]
fn test_map_nan_grow_iterator() {
    everywhere(|rt| {
        let rules = rt.rules();
        let n = (16 * rules.load_factor_num / rules.load_factor_den) as isize;
        let m = map_of(rt, (0..n).map(|i| (f64::NAN, i)));
        m.insert(1.0, 1);
        m.delete(1.0);
        assert_ne!(crate::support::header(&m).oldbuckets, 0, "it grows");
        let mut found = BTreeSet::new();
        for (_, v) in m.range() {
            assert!(found.insert(v), "{v} twice");
            if found.len() as isize == n / 2 {
                // Each delete moves a bucket or two.
                (0..16).for_each(|_| m.delete(1.0));
                assert_eq!(crate::support::header(&m).oldbuckets, 0, "it has grown");
            }
        }
        assert_eq!(found.len() as isize, n);
    });
}

/// Reads of every sort by several threads at once, after each assign to a map that grows. Fewer threads and steps than in
/// Go, as in its short mode: a thread costs more than a goroutine.
fn concurrent_reads_after_growth(read: fn(&SharedMap<isize, isize>, isize)) {
    everywhere(|rt| {
        let m = GoMap::<isize, isize>::make(rt, 0);
        // SAFETY: the threads only read.
        let m = unsafe { m.share() };
        for n in 0..100 {
            m.insert(n, n);
            thread::scope(|s| {
                for _ in 0..2 {
                    s.spawn(|| {
                        let mut sum = 0;
                        for (k, v) in m.range() {
                            assert_eq!(k, v);
                            sum += k;
                        }
                        assert_eq!(sum, n * (n + 1) / 2);
                    });
                    s.spawn(|| read(&m, n));
                }
            });
        }
    });
}

/// TestConcurrentReadsAfterGrowth
#[test]
fn test_concurrent_reads_after_growth() {
    concurrent_reads_after_growth(|m, n| {
        for k in 0..=n {
            assert_eq!(m.get(k), k);
        }
    });
}

/// TestConcurrentReadsAfterGrowthReflect: collects the keys first and looks each up, as Go's does by reflection.
#[test]
fn test_concurrent_reads_after_growth_reflect() {
    concurrent_reads_after_growth(|m, n| {
        let keys: Vec<_> = m.range().map(|(k, _)| k).collect();
        assert_eq!(keys.len() as isize, n + 1);
        for k in keys {
            assert_eq!(m.get2(k), (k, true));
        }
    });
}
