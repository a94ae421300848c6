//! Programs of `fixedbugs` whose bug was the map's, or would show in one.

use crate::support::{Interface, Raw, Str, death, entries, everywhere, map_of};
use gohmap::fault::guarded;
use gohmap::gomap::{Any, GoMap};
use gohmap::layout::mem;
use gohmap::map::compiled;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// fixedbugs/bug060.go: `m[k]++`.
#[test]
fn test_bug060() {
    everywhere(|rt| {
        let mut m = map_of(rt, [(0_isize, 0_isize)]);
        m.update(0, |v| v + 1);
        assert_eq!((m.get(0), m.len()), (1, 1));
    });
}

/// fixedbugs/bug311.go: an iterator over large elements.
#[test]
fn test_bug311() {
    everywhere(|rt| {
        let elem = std::array::from_fn::<u8, 1000, _>(|i| i as u8);
        let m = map_of(rt, [("hi".to_owned(), elem)]);
        assert_eq!(entries(&m), [("hi".to_owned(), m.get("hi"))]);
        assert_eq!(m.get("hi"), elem);
    });
}

/// A struct with blank fields and padding between the others.
#[repr(C)]
#[derive(Clone, Copy)]
struct Blank {
    blank: isize,
    x: Interface,
    also_blank: Str,
    y: f64,
}

/// fixedbugs/bug442.go: blank fields are neither hashed nor compared, also before an interface.
#[test]
fn test_bug442() {
    everywhere(|rt| {
        let ints = [1_isize, 2, 1];
        let key = |i: usize, y, blank| {
            let x = Interface::any(rt, "int", &ints[i]);
            Blank { blank, x, also_blank: Str(blank as usize, 1), y }
        };
        let m = Raw::make(rt, "struct { _ int; x interface {}; _ string; y float64 }", "int");
        m.assign(&key(0, 2.0, 10), &1_isize);
        m.assign(&key(1, 3.0, 20), &2_isize);
        m.assign(&key(2, 2.0, 30), &3_isize);
        assert_eq!((m.len(), m.word(&key(0, 2.0, 40)), m.word(&key(1, 3.0, 50))), (2, 3, 2));
    });
}

/// Two keys of these bytes, which are the same key: one fills what does not count with 0xAA, the other with 0x55.
fn same_key<const N: usize>(fields: &str, parts: &[(usize, &[u8])]) {
    /// As aligned as any field.
    #[repr(C, align(8))]
    struct Bytes<const N: usize>([u8; N]);
    everywhere(|rt| {
        let key = |fill: u8| {
            let mut bytes = Bytes([fill; N]);
            parts.iter().for_each(|&(at, part)| bytes.0[at..at + part.len()].copy_from_slice(part));
            bytes
        };
        let m = Raw::make(rt, fields, "int");
        m.assign(&key(0xaa), &1_isize);
        m.assign(&key(0x55), &2_isize);
        assert_eq!((m.len(), m.word(&key(0xaa))), (1, 2), "{fields}");
        m.delete(&key(0));
        assert_eq!(m.len(), 0, "{fields}");
    });
}

/// fixedbugs/issue4585.go: neither padding nor blank fields count, in the middle and at the end.
#[test]
fn test_issue4585() {
    let zeroes = [0; 64];
    let word = 2_u64.to_le_bytes();
    same_key::<96>(
        "struct { A int16; B int64; C int16; D int64; Dummy [64]uint8 }",
        &[(0, &[1, 0]), (8, &word), (16, &[3, 0]), (24, &word), (32, &zeroes)],
    );
    same_key::<88>("struct { A, _, B int; Dummy [64]uint8 }", &[(0, &word), (16, &word), (24, &zeroes)]);
    same_key::<24>(
        "struct { A1, A2, A3 int32; B int16; C int32; D int32 }",
        &[(0, &word), (8, &[3, 0, 0, 0]), (12, &[4, 0]), (16, &[5, 0, 0, 0]), (20, &[6, 0, 0, 0])],
    );
    same_key::<24>(
        "struct { A1, A2, A3 int32; B int32; C int8; D int32 }",
        &[(0, &word), (8, &word), (16, &[9]), (20, &[1, 2, 3, 4])],
    );
}

/// fixedbugs/issue19359.go: keys that cannot be hashed panic in every sort of assignment, and leave the map as it is and
/// usable.
#[test]
fn test_issue19359() {
    everywhere(|rt| {
        let bad = || Any::Slice(vec![Any::from(1_isize)]);
        let text = "runtime error: hash of unhashable type []interface {}";
        let m = GoMap::<Any, Any>::make(rt, 0);
        assert_eq!(death(|| m.insert(bad(), Any::Nil)), text);
        m.insert(Any::from("abc"), Any::Nil);
        assert_eq!(death(|| m.delete(bad())), text);
        m.delete(Any::from("abc"));
        assert_eq!(m.len(), 0);
        let mut ints = GoMap::<Any, isize>::make(rt, 0);
        assert_eq!(death(|| ints.update(bad(), |v| v + 2018)), text);
        ints.update(Any::from("abc"), |v| v + 2018);
        let mut strings = GoMap::<Any, String>::make(rt, 0);
        assert_eq!(death(|| strings.update(bad(), |v| v + "hello, go")), text);
        strings.update(Any::from("abc"), |v| v + "hello, go");
        let mut slices = GoMap::<Any, Vec<isize>>::make(rt, 0);
        assert_eq!(death(|| slices.update(bad(), |_| vec![2018])), text);
        slices.update(Any::from("abc"), |_| vec![2018]);
        assert_eq!((ints.get(Any::from("abc")), ints.len()), (2018, 1));
        assert_eq!((strings.get(Any::from("abc")), strings.len()), ("hello, go".to_owned(), 1));
        assert_eq!((slices.get(Any::from("abc")), slices.len()), (vec![2018], 1));
    });
}

/// fixedbugs/issue23734.go: they panic in an empty map too, which is not searched.
#[test]
fn test_issue23734() {
    everywhere(|rt| {
        let m = GoMap::<Any, isize>::make(rt, 0);
        let text = "runtime error: hash of unhashable type []interface {}";
        assert_eq!(death(|| m.get(Any::Slice(vec![]))), text);
        assert_eq!(death(|| m.get2(Any::Slice(vec![]))), text);
        assert_eq!(death(|| m.delete(Any::Slice(vec![]))), text);
    });
}

/// fixedbugs/issue22881.go: when the right-hand side panics, nothing is assigned. Where it needs the old element it runs
/// after the lookup, as Go's does, and before any assign.
#[test]
fn test_issue22881() {
    everywhere(|rt| {
        let m = GoMap::<isize, isize>::make(rt, 0);
        let (none, zero): (Vec<isize>, isize) = (vec![], std::hint::black_box(0));
        let sides: [&dyn Fn() -> isize; 3] = [&|| none[m.len() as usize], &|| m.get(0) / zero, &|| m.get(0) % zero];
        for side in sides {
            assert!(catch_unwind(AssertUnwindSafe(|| m.insert(0, side()))).is_err());
            assert_eq!((m.len(), entries(&m)), (0, vec![]));
        }
        let nil = GoMap::<isize, isize>::nil(rt);
        // SAFETY: nothing to drop.
        let died = unsafe {
            guarded(|| {
                m.insert(0, {
                    nil.insert(0, 1);
                    2
                })
            })
        };
        assert_eq!((died.is_err(), m.len()), (true, 0));
    });
}

/// fixedbugs/issue17752.go, fixedbugs/issue22605.go: a lookup of a key of 128 bytes in an empty map.
#[test]
fn test_issue17752() {
    everywhere(|rt| {
        let m = GoMap::<[String; 8], isize>::make(rt, 0);
        let key = std::array::from_fn(|_| "a".to_owned());
        assert_eq!(m.get2(&key), (0, false));
        m.insert(&key, 1);
        assert_eq!(m.get2(&key), (1, true));
    });
}

/// fixedbugs/issue37716.go: a struct hashes alike by the function that the compiler writes for it, which takes fields
/// together, and inside an interface, where it is hashed field by field. Go runs into it with a map made by reflection.
#[test]
fn test_issue37716() {
    #[repr(C)]
    struct Key {
        a: i32,
        b: i32,
        c: f64,
    }
    everywhere(|rt| {
        let m = Raw::make(rt, "struct { a, b int32; c float64 }", "bool");
        let in_interfaces = Raw::make(rt, "interface {}", "bool");
        let keys: Vec<_> = (0..100).map(|i| Key { a: i, b: i * 2, c: f64::from(i) }).collect();
        for k in &keys {
            m.assign(k, &true);
            in_interfaces.assign(&Interface::any(rt, m.t.key.name(), k), &true);
        }
        for k in &keys {
            let again = Key { ..*k };
            assert!(m.has(&again) && in_interfaces.has(&Interface::any(rt, m.t.key.name(), &again)));
        }
    });
}

/// fixedbugs/issue45045.go: an assign to a string key that is there puts the new string into the map, so that the old one can
/// go; in a struct or an array too.
#[test]
fn test_issue45045() {
    fn check<K: Copy>(rt: &std::sync::Arc<gohmap::runtime::Runtime>, ty: &str, [first, second]: [K; 2], at: usize) {
        let m = Raw::make(rt, ty, "int");
        m.assign(&first, &0_isize);
        m.assign(&second, &0_isize);
        assert_eq!(m.len(), 1);
        let (mut it, second) = (gohmap::layout::Hiter::default(), std::ptr::from_ref(&second).expose_provenance());
        // SAFETY: a map of this type, whose first key is as large as `second`, with a string at `at`.
        unsafe {
            gohmap::map::iter::mapiterinit(&m.t, m.h, &mut it, &());
            assert_eq!(mem::ld64(it.key as usize + at), mem::ld64(second + at), "{ty}: the old string");
        }
    }
    let text = "x".repeat(2000);
    let [first, second] = [0, 1000].map(|at| Str(text[at..].as_ptr().expose_provenance(), 1000));
    everywhere(|rt| {
        check(rt, "string", [first, second], 0);
        let none = Str(0, 0);
        check(rt, "[2]string", [[first, none], [second, none]], 0);
        check(rt, "[2]string", [[none, first], [none, second]], 16);
    });
}

/// fixedbugs/issue48357.go: an element above 128 bytes under a string key, assigned through its type alone.
#[test]
fn test_issue48357() {
    everywhere(|rt| {
        let m = Raw::make(rt, "string", "[129]uint8");
        let elem = std::array::from_fn::<u8, 129, _>(|i| i as u8);
        m.assign(&Str::from("a"), &elem);
        let (at, ok) = m.access(&Str::from("a"));
        // SAFETY: an element of 129 bytes.
        let found: Vec<u8> = (0..129).map(|i| unsafe { mem::ld8(at + i) }).collect();
        assert_eq!((found, ok), (elem.to_vec(), true));
        let key = Str::from("a");
        // SAFETY: a map of this type and a key of its key type.
        let one = unsafe { compiled::access1(&m.t, m.h, (&raw const key).expose_provenance(), 0) };
        assert_eq!(one, at);
    });
}

/// fixedbugs/issue19710.go: deletes that are deferred run, each with its own key.
#[test]
fn test_issue19710() {
    everywhere(|rt| {
        let m = GoMap::<isize, bool>::make(rt, 0);
        m.insert(0, true);
        gohmap::fatal::defer(
            |_| m.delete(0),
            || {
                m.insert(1, true);
                gohmap::fatal::defer(
                    |_| m.delete(1),
                    || {
                        m.insert(2, true);
                        gohmap::fatal::defer(|_| m.delete(2), || assert_eq!(m.len(), 3));
                        assert_eq!(m.len(), 2);
                    },
                );
            },
        );
        assert_eq!(m.len(), 0);
    });
}
