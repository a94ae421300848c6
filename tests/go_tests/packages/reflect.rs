//! Maps in `reflect/all_test.go`: what of it is the map's own doing. Map types are put together at run time, as reflection does.

use crate::support::{Raw, Str, allocations, entries, everywhere, map_of};
use gohmap::gomap::{Any, GoMap};
use gohmap::layout::{Hiter, mem};
use gohmap::map::{access, iter};
use gohmap::types::{GoType, MapType};
use std::collections::BTreeMap;

/// Everything that an iterator yields that begins with zeroes, as reflection's does: words of keys and elements.
fn iterate(m: &Raw, it: &mut Hiter) -> Vec<(usize, usize)> {
    let mut all = Vec::new();
    // SAFETY: a zero iterator, and a map of this type.
    unsafe {
        iter::mapiterinit(&m.t, m.h, it, &());
        while it.key != 0 {
            all.push((it.key as usize, it.elem as usize));
            iter::mapiternext(&m.t, it, &());
        }
    }
    all
}

/// The same as numbers, in order.
fn words(m: &Raw, it: &mut Hiter) -> Vec<(u64, u64)> {
    // SAFETY: addresses of entries of a map that is at rest.
    let mut all: Vec<_> = iterate(m, it).iter().map(|&(k, e)| unsafe { (mem::ld64(k), mem::ld64(e)) }).collect();
    all.sort_unstable();
    all
}

/// TestMap: length, keys, lookups, assigns and deletes through a type that is known at run time only.
#[test]
fn test_map() {
    everywhere(|rt| {
        let m = Raw::make(rt, "string", "int");
        let (a, b) = (Str::from("a"), Str::from("b"));
        m.assign(&a, &1_isize);
        m.assign(&b, &2_isize);
        assert_eq!(m.len(), 2);
        let copy = Raw::make(rt, m.t.key.name(), m.t.elem.name());
        for (k, e) in iterate(&m, &mut Hiter::default()) {
            // SAFETY: a key and an element of the map.
            let (key, v) = unsafe { (Str(mem::ld64(k) as usize, mem::ld64(k + 8) as usize), mem::ld64(e)) };
            assert_eq!(m.word(&key), v);
            copy.assign(&key, &v);
        }
        assert!(!m.has(&Str::from("not-present")));
        assert_eq!((copy.len(), copy.word(&a), copy.word(&b)), (2, 1, 2));
        copy.delete(&Str::from("a"));
        assert_eq!((copy.has(&a), copy.has(&b), copy.len(), m.len()), (false, true, 1, 2));
    });
}

/// TestNilMap: no keys, no elements, also of 10 MB, and a delete that does nothing.
#[test]
fn test_nil_map() {
    everywhere(|rt| {
        let m = Raw::nil(rt, "string", "int");
        let key = Str::from("hello");
        assert_eq!(iterate(&m, &mut Hiter::default()), []);
        assert!(!m.has(&key));
        m.delete(&key);
        m.clear();
        assert_eq!(m.len(), 0);
        let big = Raw::nil(rt, "string", "[10485760]uint8");
        assert!(!big.has(&key));
        let zeroes = vec![0_u8; 10 << 20];
        let (zero, key) = (zeroes.as_ptr().expose_provenance(), (&raw const key).expose_provenance());
        // SAFETY: a nil map, a key of its type, and the address of as many zeroes as an element has bytes.
        assert_eq!(unsafe { access::mapaccess2_fat(&big.t, 0, key, zero, &()) }, (zero, false));
    });
}

/// TestMapOf: a map type made of two types, for keys that can be compared only.
#[test]
fn test_map_of() {
    everywhere(|rt| {
        let key = GoType::named("main.K", &GoType::string());
        let elem = GoType::named("main.V", &GoType::float64());
        let t = MapType::of(rt, &key, &elem).expect("strings are comparable");
        assert_eq!((t.key.name(), t.elem.name()), ("main.K", "main.V"));
        let mut m = Raw::make(rt, "string", "float64");
        m.t = t;
        m.assign(&Str::from("a"), &1.0_f64);
        assert_eq!((m.word(&Str::from("a")), m.len()), (1.0_f64.to_bits(), 1));
        let refused = MapType::of(rt, &GoType::func(&[], &[]), &GoType::bool()).err().expect("functions are not");
        assert_eq!(refused.to_string(), "invalid map key type func()");
    });
}

/// TestMapAlloc: an assign to a key that is there allocates nothing, and filling half of a map made for that takes few
/// objects.
#[test]
fn test_map_alloc() {
    everywhere(|rt| {
        let m = GoMap::<isize, isize>::make(rt, 10);
        m.insert(5, 7);
        assert_eq!(allocations(rt, || (0..100).for_each(|_| m.insert(5, 7))), 0);
        let before = rt.heap.stats().objects;
        let m = GoMap::<isize, isize>::make(rt, 1000);
        (0..500).for_each(|i| m.insert(i, i));
        let objects = rt.heap.stats().objects - before;
        assert!(objects <= 10, "{objects} objects");
        assert_eq!(m.len(), 500);
    });
}

/// TestMapIterSet: the iterator's key and element are those that lookups find, for elements of every sort, and going on
/// allocates nothing in the runtime's heap.
#[test]
fn test_map_iter_set() {
    everywhere(|rt| {
        let any = [
            Any::Nil,
            Any::from(true),
            Any::from(-1_isize),
            Any::from(8_u8),
            Any::from(2.5_f32),
            Any::from("text"),
            Any::Slice(vec![Any::from(1_isize), Any::Nil]),
        ];
        let m = map_of(rt, any.iter().cloned().enumerate().map(|(i, v)| (format!("{i}"), v)));
        let found: BTreeMap<_, _> = entries(&m).into_iter().collect();
        assert_eq!(found.len(), any.len());
        for (k, v) in found {
            assert_eq!((&v, &m.get(&k)), (&any[k.parse::<usize>().expect("a number")], &v));
        }
        let ints = map_of(rt, (0..100_isize).map(|i| (i, i)));
        let _ = entries(&ints); // The first iteration makes the lists that keep overflow buckets.
        let before = rt.heap.stats();
        assert_eq!(ints.range().count(), 100);
        assert_eq!(rt.heap.stats(), before);
    });
}

/// TestMapIterNonEmptyMap
#[test]
fn test_map_iter_non_empty_map() {
    everywhere(|rt| {
        let m = map_of(rt, [("one", 1_isize), ("two", 2), ("three", 3)].map(|(k, v)| (k.to_owned(), v)));
        let mut all = entries(&m);
        all.sort();
        assert_eq!(all, [("one", 1), ("three", 3), ("two", 2)].map(|(k, v)| (k.to_owned(), v)));
    });
}

/// TestMapIterNilMap
#[test]
fn test_map_iter_nil_map() {
    everywhere(|rt| assert_eq!(entries(&GoMap::<String, isize>::nil(rt)), []));
}

/// TestMapIterReset: an iterator set back to zeroes begins anew, on a map of another type too, without an allocation.
#[test]
fn test_map_iter_reset() {
    everywhere(|rt| {
        let (m, other) = (Raw::make(rt, "uint64", "uint64"), Raw::make(rt, "int", "uintptr"));
        (0..3_u64).for_each(|i| m.assign(&(1_u64 << i), &(2_u64 << i)));
        (0..3_isize).for_each(|i| other.assign(&i, &(i + 10)));
        let mut it = Hiter::default();
        for _ in 0..5 {
            assert_eq!(words(&m, &mut it), [(1, 2), (2, 4), (4, 8)]);
            it = Hiter::default();
            assert_eq!(words(&other, &mut it), [(0, 10), (1, 11), (2, 12)]);
            let before = rt.heap.stats();
            it = Hiter::default();
            assert_eq!(rt.heap.stats(), before);
        }
    });
}

/// TestMapIterDelete1: when all entries are deleted after the first step, there is no second.
#[test]
fn test_map_iter_delete1() {
    everywhere(|rt| {
        let m = map_of(rt, [("one", 1_isize), ("two", 2), ("three", 3)].map(|(k, v)| (k.to_owned(), v)));
        let mut steps = 0;
        for _ in m.range() {
            steps += 1;
            ["one", "two", "three"].iter().for_each(|k| m.delete(*k));
        }
        assert_eq!((steps, m.len()), (1, 0));
    });
}
