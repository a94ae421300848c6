//! Assigning to what is there and to what was: NaNs, `op=`, append, delete and assign again.

use crate::support::{entries, everywhere, map_of};
use gohmap::fatal::defer;
use gohmap::gomap::{Any, Complex128, Elem, GoMap};
use std::fmt::Debug;

/// Each of three NaNs must be there with an element of its own: 1, 2 and 4.
fn three_nans(m: &GoMap<f64, isize>) {
    assert_eq!(m.len(), 3);
    let mut elems: Vec<_> = entries(m).into_iter().inspect(|(k, _)| assert!(k.is_nan())).map(|(_, v)| v).collect();
    elems.sort_unstable();
    assert_eq!(elems, [1, 2, 4]);
}

/// TestMapAssignmentNan: each assign to NaN is a new entry.
#[test]
fn test_map_assignment_nan() {
    everywhere(|rt| three_nans(&map_of(rt, [(f64::NAN, 1), (f64::NAN, 2), (f64::NAN, 4)])));
}

/// TestMapOperatorAssignmentNan: so is each `+=`, which begins from zero.
#[test]
fn test_map_operator_assignment_nan() {
    everywhere(|rt| {
        let mut m = GoMap::<f64, isize>::make(rt, 0);
        for n in [1, 2, 4] {
            m.update(f64::NAN, |v| v + n);
        }
        three_nans(&m);
    });
}

/// TestMapOperatorAssignment: `+=`, which Go compiles to one assign, and `/=` and `%=`, which it compiles to a lookup and
/// an assign.
#[test]
fn test_map_operator_assignment() {
    everywhere(|rt| {
        let mut m = GoMap::<isize, isize>::make(rt, 0);
        m.insert(0, 12_345);
        m.update(0, |v| v + 67_890);
        m.insert(0, m.get(0) / 123);
        m.insert(0, m.get(0) % 456);
        assert_eq!((m.get(0), m.len()), ((12_345 + 67_890) / 123 % 456, 1));
    });
}

/// TestMapAppendAssignment: a slice that grows in its map.
#[test]
fn test_map_append_assignment() {
    everywhere(|rt| {
        let mut m = GoMap::<isize, Vec<isize>>::make(rt, 0);
        m.insert(0, vec![]);
        for more in [&[12_345][..], &[67_890], &[123, 456], &[7, 8, 9, 0]] {
            m.update(0, |mut v| {
                v.extend(more);
                v
            });
        }
        assert_eq!(m.get(0), [12_345, 67_890, 123, 456, 7, 8, 9, 0]);
    });
}

/// TestAlias: a copy of a map's handle is the same map.
#[test]
fn test_alias() {
    everywhere(|rt| {
        let m = map_of(rt, [(0_isize, 5_isize)]);
        // SAFETY: one thread.
        let n = unsafe { m.share() };
        n.clone().insert(0, 6);
        n.insert(1, 7);
        assert_eq!((m.get(0), m.get(1), m.len()), (6, 7, 2));
        assert_eq!(m.hmap(), n.hmap());
    });
}

/// TestDeferDeleteSlow: deletes that run when the function returns, with keys that are interface values.
#[test]
fn test_defer_delete_slow() {
    fn delete_at_the_end(m: &GoMap<Any, isize>, keys: &[Any]) {
        if let [first, rest @ ..] = keys {
            defer(|_| m.delete(first), || delete_at_the_end(m, rest));
        } else {
            assert_eq!(m.len(), 4, "nothing is deleted before the end");
        }
    }
    everywhere(|rt| {
        let keys = [0.0, 1.0, 2.0, 3.0].map(|re| Any::from(Complex128(re, 0.0)));
        let m = map_of(rt, keys.iter().cloned().zip(0_isize..));
        assert_eq!(m.len(), 4);
        delete_at_the_end(&m, &keys);
        assert_eq!(m.len(), 0);
    });
}

/// Assigns to a key, removes it by `remove`, and increments another one, which takes its slot: it must begin from zero.
fn increment_after<K: gohmap::gomap::Key, V: Elem + PartialEq + Debug>(
    [first, second]: [K; 2],
    [before, after]: [V; 2],
    remove: impl Fn(&GoMap<K, V>),
    increment: impl Fn(V) -> V,
) {
    everywhere(|rt| {
        let mut m = map_of(rt, [(first.clone(), before.clone())]);
        remove(&m);
        m.update(&second, &increment);
        assert_eq!((m.get(&second), m.len()), (after.clone(), 1));
    });
}

/// TestIncrementAfterDeleteValueInt
#[test]
fn test_increment_after_delete_value_int() {
    increment_after([12_isize, 13], [99_isize, 1], |m| m.delete(12), |v| v + 1);
}

/// TestIncrementAfterDeleteValueInt32
#[test]
fn test_increment_after_delete_value_int32() {
    increment_after([12_isize, 13], [99_i32, 1], |m| m.delete(12), |v| v + 1);
}

/// TestIncrementAfterDeleteValueInt64
#[test]
fn test_increment_after_delete_value_int64() {
    increment_after([12_isize, 13], [99_i64, 1], |m| m.delete(12), |v| v + 1);
}

/// TestIncrementAfterDeleteKeyStringValueInt
#[test]
fn test_increment_after_delete_key_string_value_int() {
    increment_after(["", "x"].map(str::to_owned), [99_isize, 1], |m| m.delete(""), |v| v + 1);
}

/// TestIncrementAfterDeleteKeyValueString
#[test]
fn test_increment_after_delete_key_value_string() {
    increment_after(["", "x"].map(str::to_owned), ["99", "1"].map(str::to_owned), |m| m.delete(""), |v| v + "1");
}

/// TestIncrementAfterBulkClearKeyStringValueInt: the same after the loop that deletes every key, which Go compiles to a
/// clear, and after clear itself.
#[test]
fn test_increment_after_bulk_clear_key_string_value_int() {
    let keys = ["", "x"].map(str::to_owned);
    increment_after(keys.clone(), [99_isize, 1], GoMap::clear, |v| v + 1);
    let loop_of_deletes = |m: &GoMap<String, isize>| {
        for (k, _) in m.range() {
            m.delete(k);
        }
    };
    increment_after(keys, [99_isize, 1], loop_of_deletes, |v| v + 1);
}
