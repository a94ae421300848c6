//! What `cmp.go` and `range.go` do with maps.

use crate::support::{Interface, Raw, death, entries, everywhere, map_of};
use gohmap::gomap::{Any, GoMap};

/// cmp.go maps: keys are the same when `==` says so, wherever they lie; those that cannot be compared panic.
#[test]
fn test_cmp_maps() {
    everywhere(|rt| {
        // Interface values with equal strings in different memory, which `Any` puts there for each.
        let m = map_of(rt, [(Any::from("hello"), 1_isize), (Any::String("hello".into()), 2)]);
        assert_eq!((m.get(Any::from("hello")), m.len()), (2, 1));
        // The type counts, also between types of the same size.
        m.insert(Any::from(123_u64), 3);
        assert_eq!((m.get2(Any::from(123_i64)), m.get2(Any::from(123_u64))), ((0, false), (3, true)));

        let (x, y, z) = ((1_isize, "hi".to_owned()), (2_isize, "bye".to_owned()), (1_isize, "hi".to_owned()));
        let m = map_of(rt, [(x.clone(), 10), (y.clone(), 20), (z.clone(), 30_isize)]);
        assert_eq!((m.get(&x), m.get(&y), m.get(&z), m.len()), (30, 20, 30, 2));
        let m = map_of(rt, [x.clone(), y.clone(), z.clone()].map(|s| (s.clone(), s)));
        assert_eq!((m.get(&x), m.get(&y)), (z, y));

        let [x, y, z] = [["1", "hi"], ["2", "bye"], ["1", "hi"]].map(|s| s.map(str::to_owned));
        let m = map_of(rt, [(x.clone(), 10), (y.clone(), 20), (z.clone(), 30_isize)]);
        assert_eq!((m.get(&x), m.get(&y), m.get(&z), m.len()), (30, 20, 30, 2));

        let m = GoMap::<Any, isize>::make(rt, 0);
        let text = "runtime error: hash of unhashable type []interface {}";
        assert_eq!(death(|| m.insert(Any::Slice(vec![]), 1)), text);
        assert_eq!(m.len(), 0);
    });
}

/// cmp.go pointers in interfaces: these are compared as words.
#[test]
fn test_cmp_pointers() {
    everywhere(|rt| {
        let (one, other, same) = (8_usize, 16_usize, 8_usize);
        let m = Raw::make(rt, "interface {}", "int");
        m.assign(&Interface::any(rt, "*int", &one), &1_isize);
        m.assign(&Interface::any(rt, "chan int", &one), &2_isize);
        assert_eq!(m.word(&Interface::any(rt, "*int", &same)), 1);
        assert_eq!(m.word(&Interface::any(rt, "chan int", &same)), 2);
        assert!(!m.has(&Interface::any(rt, "*int", &other)));
        assert!(!m.has(&Interface::any(rt, "*uint", &one)));
    });
}

/// range.go testmap, range.go testmap1, range.go testmap2: every key and every element once.
#[test]
fn test_testmap() {
    everywhere(|rt| {
        let m = map_of(rt, "abcd☺".chars().map(|c| c as isize).enumerate());
        let all = entries(&m);
        let sum = |f: fn(&(usize, isize)) -> isize| all.iter().map(f).sum::<isize>();
        assert_eq!((all.len(), sum(|e| e.0 as isize)), (5, 10));
        assert_eq!(sum(|e| e.1), 'a' as isize + 'b' as isize + 'c' as isize + 'd' as isize + '☺' as isize);
    });
}
