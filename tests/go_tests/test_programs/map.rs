//! `map.go` and `map1.go`.

use crate::support::{entries, everywhere, map_of};
use gohmap::gomap::{Complex64, Complex128, Elem, GoMap, Key, Pointer};
use gohmap::runtime::Runtime;
use gohmap::types::{GoType, InvalidKey, MapType};
use std::fmt::Debug;
use std::sync::Arc;

const COUNT: isize = 100;

/// A map of a hundred entries: each is there, a hundred others are not.
fn basic<K: Key, V: Elem + PartialEq + Debug>(
    rt: &Arc<Runtime>,
    key: impl Fn(isize) -> K,
    elem: impl Fn(isize) -> V,
    zero: &V,
) -> GoMap<K, V> {
    let m = GoMap::make(rt, 0);
    for i in 0..COUNT {
        m.insert(key(i), elem(i));
        m.insert(key(i), elem(i));
        assert_eq!(m.len(), i as i64 + 1);
    }
    for i in 0..COUNT {
        assert_eq!(m.get(key(i)), elem(i));
        assert_eq!(m.get2(key(i)), (elem(i), true));
    }
    for i in COUNT..2 * COUNT {
        assert_eq!((&m.get(key(i)), m.get2(key(i)).1), (zero, false), "{i}");
    }
    m
}

fn text(i: isize) -> String {
    i.to_string()
}

/// map.go testbasic: twelve kinds of maps.
#[test]
fn test_testbasic() {
    everywhere(|rt| {
        let literal = map_of(rt, (0..5).map(|i| (text(i), i)));
        assert!((0..5).all(|i| literal.get(text(i)) == i));

        basic(rt, |i| i, |i| i != 0, &false);
        basic(rt, |i| i, |i| 10 * i, &0);
        basic(rt, |i| i as f32, |i| 10 * i, &0);
        basic(rt, |i| i, |i| 10.0 * i as f32, &0.0);
        basic(rt, text, |i| i, &0);
        basic(rt, |i| i, text, &String::new());
        basic(rt, text, |i| text(10 * i), &String::new());
        basic(rt, |i| i, |i| (i as i64, i as f32), &(0, 0.0));
        // Elements are changed where they are.
        let mut slices = basic(rt, text, |i| vec![text(10 * i); 2], &vec![]);
        for i in 0..COUNT {
            let at = (i % 2) as usize;
            slices.update(text(i), |mut s| {
                s[at] = "deleted".to_owned();
                s
            });
            let s = slices.get(text(i));
            assert_eq!((s[at].as_str(), &s[1 - at]), ("deleted", &text(10 * i)));
        }

        // Pointers to structs, and back.
        let mut structs: Vec<(i64, f32)> = (0..2 * COUNT as i64).map(|i| (i, i as f32)).collect();
        let base = structs.as_mut_ptr();
        let at = |i: isize| Pointer(base.wrapping_offset(i).expose_provenance());
        let to_struct = basic(rt, |i| i, at, &Pointer(0));
        let of_struct = basic(rt, at, |i| i, &0);
        for i in 0..COUNT {
            // SAFETY: a pointer into `structs`, which nobody else uses meanwhile.
            let s = unsafe { &mut *std::ptr::with_exposed_provenance_mut::<(i64, f32)>(to_struct.get(i).0) };
            assert_eq!(*s, (i as i64, i as f32));
            *s = (s.0 + 1, s.1 + 1.0);
            assert_eq!(of_struct.get(to_struct.get(i)), i, "what it points to does not matter");
        }

        // Maps in a map: a map value is a pointer to its header.
        let inner: Vec<_> = (0..COUNT).map(|i| map_of(rt, [(i, i + 1)])).collect();
        let outer = map_of(rt, inner.iter().map(|m| Pointer(m.hmap())).enumerate());
        for (i, m) in inner.iter().enumerate() {
            assert_eq!((outer.get(i).0, m.get(i as isize)), (m.hmap(), i as isize + 1));
            m.insert(i as isize, i as isize + 2);
            assert_eq!((m.get(i as isize), m.len()), (i as isize + 2, 1));
        }
        assert!((inner.len()..2 * inner.len()).all(|i| outer.get2(i) == (Pointer(0), false)));

        assert_eq!(entries(&GoMap::<String, isize>::nil(rt)), []);
    });
}

/// Zeroes of both signs are one key, NaNs are nobody's.
fn floats<K: Key>(rt: &Arc<Runtime>, [plus, minus]: [K; 2], nans: [K; 2]) {
    let s = str::to_owned;
    let m = map_of(rt, [(plus.clone(), s("+0")), (nans[0].clone(), s("NaN")), (nans[1].clone(), s("NaN"))]);
    assert_eq!((m.get(&plus), m.get(&minus)), (s("+0"), s("+0")));
    m.insert(&minus, s("-0"));
    assert_eq!((m.get(&plus), m.get(&minus)), (s("-0"), s("-0")));
    for nan in &nans {
        assert_eq!(m.get2(nan), (s(""), false));
    }
    assert_eq!(m.len(), 3);
    nans.iter().for_each(|nan| m.insert(nan, s("NaN")));
    assert_eq!(m.len(), 5);
    assert_eq!(entries(&m).into_iter().filter(|(_, v)| v == "NaN").count(), 4);
}

/// map.go testfloat
#[test]
fn test_testfloat() {
    everywhere(|rt| {
        let (a, b) = (f32::NAN, f32::from_bits(f32::NAN.to_bits() ^ 2));
        floats(rt, [0.0, -0.0], [a, b]);
        floats(rt, [Complex64(0.0, 0.0), Complex64(0.0, -0.0)], [Complex64(5.0, a), Complex64(5.0, b)]);
        let (a, b) = (f64::NAN, f64::from_bits(f64::NAN.to_bits() ^ 2));
        floats(rt, [0.0, -0.0], [a, b]);
        floats(rt, [Complex128(0.0, 0.0), Complex128(0.0, -0.0)], [Complex128(5.0, a), Complex128(5.0, b)]);
    });
}

/// map.go testnan
#[test]
fn test_testnan() {
    everywhere(|rt| {
        let m = map_of(rt, (0..500).map(|_| (f64::NAN, 1_isize)));
        assert_eq!(m.len(), 500);
        let all = entries(&m);
        assert_eq!(all.len(), 500);
        assert!(all.iter().all(|(k, v)| k.is_nan() && *v == 1));
    });
}

/// map1.go: which types can be keys. Its calls of delete with too few operands and too many are for a compiler to refuse.
#[test]
fn test_map1() {
    let rt = crate::support::runtime();
    let t1 = GoType::named("main.T1", &GoType::slice(&GoType::int()));
    let t2 = GoType::named("main.T2", &GoType::structure(&[("F", t1.clone())]));
    let t5 = GoType::named("main.T5", &GoType::pointer(&GoType::int()));
    let t6 = GoType::named("main.T6", &GoType::structure(&[("F", t5.clone())]));
    let t7 = GoType::named("main.T7", &GoType::pointer(&t2));
    let t8 = GoType::named("main.T8", &GoType::structure(&[("F", GoType::pointer(&t7))]));
    let make = |key: &GoType| MapType::of(&rt, key, &GoType::bool()).map(|t| t.key);
    for valid in
        "int8 uint8 int16 uint16 int32 uint32 int64 uint64 int uint uintptr float32 float64 complex64 complex128 \
                  bool string chan_int *int struct{} [10]int any error"
            .split(' ')
    {
        let key = GoType::parse(&valid.replace('_', " ")).expect("a Go type");
        assert_eq!(make(&key), Ok(key));
    }
    for key in [t5, t6, t7, t8] {
        assert_eq!(make(&key), Ok(key));
    }
    let parse = |text| GoType::parse(text).expect("a Go type");
    for key in [parse("[]int"), parse("func()"), parse("map[int]int"), t1.clone(), t2, GoType::array(&t1, 3)] {
        assert_eq!(make(&key), Err(InvalidKey(key)));
    }
}
