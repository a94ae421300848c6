//! What a Rust program may rely on.

use super::*;
use crate::fatal::GoPanic;
use crate::heap::{HeapConfig, OnFree};
use crate::layout::Hmap;
use crate::runtime::RuntimeConfig;
use crate::version::GoVersion;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn runtime() -> Arc<Runtime> {
    Runtime::new(RuntimeConfig { seed: Some(7), ..RuntimeConfig::default() })
}

fn panic_text(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it panics");
    payload.downcast::<GoPanic>().expect("a Go panic").text().to_owned()
}

#[test]
fn every_element_size() {
    fn check<V: Elem + Copy + PartialEq + fmt::Debug>(v: V) {
        let m = GoMap::<u64, V>::make(&runtime(), 0);
        for k in 0..300 {
            m.insert(k, v);
        }
        // SAFETY: every bit pattern is a value.
        let zero: V = unsafe { std::mem::zeroed() };
        assert_eq!((m.len(), m.get(299), m.get(300)), (300, v, zero));
        assert_eq!((m.get2(0), m.get2(300)), ((v, true), (zero, false)));
    }
    check(());
    check(1_u8);
    check(-2_i16);
    check(3_u32);
    check(4.5_f64);
    check([5_u8; 3]);
    check([6_u8; 128]);
    check([7_u8; 129]); // stored as a pointer
    check([8_u64; 200]); // larger than the zeroes that a plain lookup may point to
}

#[test]
fn like_a_hash_map() {
    let (m, mut model) = (GoMap::<u64, u64>::make(&runtime(), 5), HashMap::new());
    for i in 0..5000_u64 {
        let k = i.wrapping_mul(0x9e37_79b9) % 700;
        if i % 3 == 0 {
            m.delete(k);
            model.remove(&k);
        } else {
            m.insert(k, i);
            model.insert(k, i);
        }
        assert_eq!(m.len(), model.len() as i64);
    }
    let mut seen = HashMap::new();
    for (k, v) in m.range() {
        assert_eq!(seen.insert(k, v), None, "{k} twice");
    }
    assert_eq!(seen, model);
    m.clear();
    assert!(m.is_empty() && m.range().next().is_none());
}

#[test]
fn nil_reads_and_does_not_write() {
    let mut m = GoMap::<u64, u32>::nil(&runtime());
    assert!(m.is_nil() && m.is_empty());
    assert_eq!((m.get(1), m.get2(1)), (0, (0, false)));
    m.delete(1);
    m.clear();
    assert!(m.range().next().is_none());
    assert!(m.clone_map().is_nil());
    assert_eq!(panic_text(|| m.insert(1, 1)), "assignment to entry in nil map");
    assert_eq!(panic_text(|| m.update(1, |v| v + 1)), "assignment to entry in nil map");
}

#[test]
fn update_starts_from_zero() {
    let mut m = GoMap::<u64, i32>::make(&runtime(), 0);
    for _ in 0..3 {
        m.update(9, |v| v + 2);
    }
    assert_eq!((m.get(9), m.len()), (6, 1));
}

#[test]
fn a_map_may_change_while_ranged_over() {
    let m = GoMap::<u64, u64>::make(&runtime(), 0);
    for k in 0..200 {
        m.insert(k, k);
    }
    let mut seen = 0;
    for (k, v) in m.range() {
        assert_eq!(k % 1000, v, "never an entry that was deleted or half moved");
        assert!(k >= 1000 || m.get2(k).1, "{k} was deleted before it came");
        seen += usize::from(k < 1000);
        // Deleting what comes later, and growing several times over.
        m.delete((k + 1) % 200);
        m.insert(k + 1000 + seen as u64 * 1000, v);
    }
    assert!((100..=200).contains(&seen), "{seen}");
}

#[test]
fn a_clone_is_another_map() {
    let m = GoMap::<u64, u64>::make(&runtime(), 0);
    for k in 0..100 {
        m.insert(k, k);
    }
    let c = m.clone_map();
    m.insert(0, 9);
    c.delete(1);
    assert_eq!((c.get(0), m.get(0), c.len(), m.len()), (0, 9, 99, 100));
}

#[test]
fn memory_goes_with_the_last_handle() {
    let rt = runtime();
    let m = GoMap::<u64, [u8; 300]>::make(&rt, 0);
    for k in 0..100 {
        m.insert(k, [k as u8; 300]);
    }
    // SAFETY: nothing races here.
    let shared = unsafe { m.share() };
    drop(m);
    assert_eq!(shared.get(7), [7; 300]);
    assert!(rt.heap.stats().objects > 100);
    drop(shared.clone());
    assert_eq!(shared.len(), 100);
    drop(shared);
    assert_eq!(rt.heap.stats().objects, 0);
}

#[test]
fn a_shared_map_is_the_same_map_in_every_thread() {
    let m = GoMap::<u64, u64>::make(&runtime(), 0);
    // SAFETY: the threads take turns.
    let shared = unsafe { m.share() };
    for i in 0..4 {
        let shared = shared.clone();
        std::thread::spawn(move || shared.insert(i, i)).join().unwrap();
    }
    assert_eq!(m.len(), 4);
}

#[cfg(gohmap_asm)]
#[test]
fn a_small_address_is_a_nil_dereference() {
    use crate::layout::mem;
    let m = GoMap::<u64, u64>::make(&runtime(), 0);
    m.insert(1, 1);
    let at = m.hmap() + std::mem::offset_of!(crate::layout::Hmap, buckets);
    // SAFETY: the header's own bucket pointer, put back below.
    let buckets = unsafe { mem::ld64(at) };
    // SAFETY: as above.
    unsafe { mem::st64(at, 0x10) };
    let text = panic_text(|| {
        let _ = m.get(1);
    });
    assert_eq!(text, "runtime error: invalid memory address or nil pointer dereference");
    // SAFETY: as above.
    unsafe { mem::st64(at, buckets) };
    assert_eq!(m.get(1), 1);
}

/// Runs a history of operations on a map and a model side by side: `key` and `value` make both from a number.
fn against_a_model<K, V>(key: impl Fn(u64) -> K, value: impl Fn(u64) -> V)
where
    K: Key + PartialEq + fmt::Debug,
    V: Elem + PartialEq + fmt::Debug,
{
    for version in GoVersion::ALL {
        let rt = Runtime::new(RuntimeConfig { seed: Some(7), version, ..RuntimeConfig::default() });
        let m = GoMap::<K, V>::make(&rt, 0);
        let mut model: HashMap<u64, u64> = HashMap::new();
        let mut copies = Vec::new();
        for i in 0..3000_u64 {
            let k = i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56;
            match i % 7 {
                0 | 1 => {
                    m.delete(key(k));
                    model.remove(&k);
                }
                2 => assert_eq!(m.get2(key(k)).1, model.contains_key(&k)),
                _ => {
                    m.insert(key(k), value(i));
                    model.insert(k, i);
                }
            }
            if version.rules().has_clone && i % 500 == 250 {
                copies.push((m.clone_map(), model.clone()));
            }
            if i == 2000 {
                m.clear();
                model.clear();
            }
        }
        copies.push((m, model));
        while let Some((m, model)) = copies.pop() {
            assert_eq!(m.len(), model.len() as i64);
            let seen: Vec<(K, V)> = m.iter().collect();
            assert_eq!(seen.len(), model.len());
            for (k, v) in &model {
                assert_eq!(m.get(key(*k)), value(*v), "{version:?}");
                assert!(seen.contains(&(key(*k), value(*v))));
            }
        }
        assert_eq!(rt.heap.stats().objects, 0, "{version:?}: objects left behind");
    }
}

crate::go_struct! {
    /// Padding, a string, an array of strings.
    #[derive(Clone, Debug, PartialEq)]
    struct Mixed { a: u8, b: String, c: [GoString; 2], d: u16 }
    key
}

crate::go_struct! {
    #[derive(Clone, Debug, PartialEq)]
    struct Tree { name: String, kids: Vec<(u8, String)>, any: Any }
}

#[test]
fn every_kind_of_key() {
    let text = |n: u64| format!("{n:0width$}", width = (n % 50) as usize);
    against_a_model(|n| n as u8, |v| v);
    against_a_model(|n| n as i16, |v| v as u8);
    against_a_model(|n| n as u32, |v| v);
    against_a_model(|n| n as i64, |v| (v, v as u8));
    against_a_model(|n| n as f64 / 3.0, |v| v as f32);
    against_a_model(|n| Complex128(n as f64, -1.0), |v| Complex64(v as f32, 0.5));
    against_a_model(text, |v| v);
    against_a_model(|n| GoString(vec![0xff; n as usize]), |v| v as u32);
    against_a_model(|n| [n, n + 1], |v| [v as u8; 3]);
    against_a_model(|n| (n as u8, text(n), n as f32), |v| v);
    against_a_model(|n| [n; 17], |v| [v; 18]);
    against_a_model(|n| Pointer(n as usize * 8), |v| v);
    against_a_model(|n| Mixed { a: n as u8, b: text(n), c: [text(n).as_str().into(), "".into()], d: 9 }, |v| v);
    // Stored as pointers, to keys and elements that lead on to further memory.
    against_a_model(|n| [text(n), text(n + 1), text(7), text(8), text(9), text(1), text(2), text(3), text(4)], text);
    against_a_model(text, |v| std::array::from_fn::<_, 10, _>(|i| text(v + i as u64)));
    against_a_model(text, text);
    against_a_model(
        |n| n,
        |v| Tree { name: text(v), kids: vec![(v as u8, text(v)); (v % 4) as usize], any: Any::from(v) },
    );
}

#[test]
fn interface_keys() {
    against_a_model(
        |n| match n % 6 {
            0 => Any::from(n as isize),
            1 => Any::from(n as f64),
            2 => Any::String(format!("{n}").as_str().into()),
            3 => Any::from(n as u8),
            4 => Any::from(Complex128(n as f64, 0.0)),
            _ => Any::from(n),
        },
        |v| match v % 3 {
            0 => Any::Nil,
            1 => Any::Slice(vec![Any::from(v), Any::from("x"), Any::Nil]),
            _ => Any::from("element"),
        },
    );
    let m = GoMap::<Any, u64>::make(&runtime(), 0);
    // The type counts.
    m.insert(Any::from(1_u8), 8);
    m.insert(Any::from(1_u16), 16);
    m.insert(Any::Nil, 0);
    assert_eq!(
        (m.get(Any::from(1_u8)), m.get(Any::from(1_u16)), m.get2(Any::from(1_u32)), m.len()),
        (8, 16, (0, false), 3)
    );
    for (key, name) in [(Any::Slice(vec![]), "[]interface {}"), (Any::Map, "map[string]int"), (Any::Func, "func()")] {
        let text = format!("runtime error: hash of unhashable type {name}");
        let nil = GoMap::<Any, u64>::nil(&runtime());
        assert_eq!(panic_text(|| m.insert(&key, 1)), text);
        assert_eq!(panic_text(|| assert_eq!(m.get(&key), 0)), text);
        assert_eq!(panic_text(|| m.delete(&key)), text);
        assert_eq!(panic_text(|| assert_eq!(nil.get(&key), 0)), text);
        assert_eq!(panic_text(|| nil.delete(&key)), text);
        assert_eq!(panic_text(|| nil.insert(&key, 1)), "assignment to entry in nil map");
    }
    assert_eq!(m.len(), 3);
}

#[test]
fn a_string_may_be_looked_up_by_what_it_looks_like() {
    let m = GoMap::<String, u64>::make(&runtime(), 0);
    m.insert("one", 1);
    m.insert("two".to_owned(), 2);
    let two = "two".to_owned();
    assert_eq!((m.get("one"), m.get(&two), m.get(two), m.get2("three")), (1, 2, 2, (0, false)));
    m.delete("one");
    assert_eq!(m.len(), 1);
}

#[test]
fn overwriting_keeps_memory_as_it_is() {
    let rt = runtime();
    let mut m = GoMap::<String, String>::make(&rt, 0);
    m.insert("key", "value".to_owned());
    let before = rt.heap.stats();
    for i in 0..1000 {
        m.insert("key", format!("{i:05}"));
        m.update("key", |v| v.replace('0', "1"));
    }
    assert_eq!(rt.heap.stats(), before);
    m.delete("key");
    assert_eq!(rt.heap.stats().objects, before.objects - 2);
}

#[test]
fn strings_come_and_go() {
    let m = GoMap::<String, u64>::make(&runtime(), 0);
    for n in [8_u64, 300] {
        let heap = &m.map_type().rt.heap;
        let keys: Vec<String> = (0..n).map(|i| format!("a key of some length {i}")).collect();
        for k in &keys {
            m.insert(k.as_str(), 1);
        }
        let before = heap.stats();
        for k in &keys {
            m.insert(k.clone(), 2);
            assert_eq!(m.get(k), 2);
        }
        assert_eq!(heap.stats(), before, "{n} keys");
        for k in &keys {
            m.delete(k);
        }
        assert!(m.is_empty());
        assert_eq!(heap.stats().objects, before.objects - keys.len());
    }
}

/// Assigns to strings look before they leap; what they see is no concern of Go's.
#[test]
#[cfg(gohmap_asm)]
fn strings_die_as_assigns_do() {
    use crate::fault::{Death, guarded};
    use crate::layout::{HASH_WRITING, mem};
    for n in [4_u64, 100] {
        let m = GoMap::<String, u64>::make(&runtime(), 0);
        (0..n).for_each(|i| m.insert(format!("key {i}"), i));
        let flags = m.hmap() + std::mem::offset_of!(Hmap, flags);
        // SAFETY: a live header; nothing is pending in the closures.
        unsafe {
            mem::st8(flags, HASH_WRITING);
            let died =
                [guarded(|| m.insert("key 1", 7)), guarded(|| m.insert("new key", 7)), guarded(|| m.delete("key 1"))];
            for died in died {
                let Err(Death::Fatal(fatal)) = died else { panic!("{died:?}") };
                assert_eq!(fatal.text(), "concurrent map writes");
            }
            mem::st8(flags, 0);
        }
        assert_eq!((m.len(), m.get("key 1")), (n as i64, 1));
    }
}

/// Lookups in a single bucket go by the keys, assigns by the marks: with a wrong mark an assign does not find what is there.
#[test]
#[cfg(gohmap_asm)]
fn a_key_with_a_wrong_mark_shares_no_memory() {
    use crate::layout::mem;
    let m = GoMap::<String, u64>::make(&runtime(), 0);
    (0..4).for_each(|i| m.insert(format!("key {i}"), i));
    // SAFETY: a live map of one bucket.
    unsafe {
        let bucket = mem::ld64(m.hmap() + std::mem::offset_of!(Hmap, buckets)) as usize;
        let mark = mem::ld8(bucket + 1);
        mem::st8(bucket + 1, if mark == 9 { 10 } else { 9 });
        m.insert("key 1", 7);
        assert_eq!(m.len(), 5);
        let [old, new] = [1, 4].map(|i| mem::ld64(bucket + m.map_type().bucket.key(i)));
        assert_ne!(old, new);
        m.delete("key 1");
        m.insert("key 5", 5);
    }
    let mut keys = m.keys();
    keys.sort();
    assert_eq!(keys, ["key 0", "key 1", "key 2", "key 3", "key 5"]);
}

#[test]
fn a_range_outlives_what_its_keys_lead_to() {
    let rt = runtime();
    let m = GoMap::<String, String>::make(&rt, 0);
    for i in 0..200 {
        m.insert(format!("key {i}"), format!("{i}"));
    }
    let mut it = m.range();
    let mut seen = 0;
    for (k, v) in it.by_ref() {
        assert_eq!(k, format!("key {v}"));
        seen += 1;
        // Everything moves, and half of it goes, while the iterator remembers the old buckets.
        for j in 0..20 {
            m.insert(format!("new {seen} {j}"), "x".to_owned());
            m.delete(format!("new {} {j}", seen - 1));
        }
        for i in 0..200 {
            if i % 2 == 1 {
                m.delete(format!("key {i}"));
            }
        }
        if seen == 40 {
            break;
        }
    }
    drop(it);
    let left = rt.heap.stats().objects;
    m.clear();
    assert!(rt.heap.stats().objects < left - 200);
    drop(m);
    assert_eq!(rt.heap.stats().objects, 0);
}

#[test]
fn nans_are_all_different() {
    let m = GoMap::<f64, u32>::make(&runtime(), 0);
    for i in 0..100 {
        m.insert(f64::NAN, i);
        m.insert(if i % 2 == 0 { 0.0 } else { -0.0 }, i);
    }
    assert_eq!((m.len(), m.get(0.0), m.get(-0.0), m.get2(f64::NAN)), (101, 99, 99, (0, false)));
    m.clear();
    assert_eq!(m.len(), 0);
}

#[test]
fn map_types_are_those_of_go() {
    fn name<K: Key, V: Elem>() -> String {
        let m = GoMap::<K, V>::nil(&runtime());
        format!("map[{}]{} {:?}", m.map_type().key, m.map_type().elem, m.map_type().fast)
    }
    assert_eq!(name::<u64, ()>(), "map[uint64]struct {} Fast64");
    assert_eq!(name::<i32, bool>(), "map[int32]bool Fast32");
    assert_eq!(name::<String, Vec<u8>>(), "map[string][]uint8 FastStr");
    assert_eq!(name::<Any, Any>(), "map[interface {}]interface {} Generic");
    assert_eq!(name::<[u16; 2], isize>(), "map[[2]uint16]int Fast32");
    assert_eq!(name::<Pointer, [u8; 129]>(), "map[unsafe.Pointer][129]uint8 Generic");
    assert_eq!(name::<(u8, String), f32>(), "map[struct { F0 uint8; F1 string }]float32 Generic");
}

#[test]
fn batches_on_maps_of_every_kind() {
    fn check<V: Elem + Copy + PartialEq + fmt::Debug>(value: impl Fn(u64) -> V, zero: V) {
        let (m, mut model) = (GoMap::<u64, V>::make(&runtime(), 0), HashMap::new());
        for round in 1..6_u64 {
            let keys: Vec<u64> = (0..1500).map(|i: u64| i.wrapping_mul(0x9e37_79b9 * round) % 9000).collect();
            let values: Vec<V> = keys.iter().map(|k| value(k ^ round)).collect();
            m.assign_many(&keys, &values);
            model.extend(keys.iter().copied().zip(values.iter().copied()));
            m.delete_many(&keys[..200]);
            model.retain(|k, _| !keys[..200].contains(k));
            let mut got = vec![zero; keys.len()];
            m.get_many(&keys, &mut got);
            let known: Vec<V> = keys.iter().map(|k| model.get(k).copied().unwrap_or(zero)).collect();
            assert_eq!((got, m.len()), (known, model.len() as i64));
        }
    }
    check(|k| k, 0);
    check(|k| k as u8, 0);
    check(|k| [k; 17], [0; 17]); // stored as a pointer, by the generic functions
    let m = GoMap::<u64, u64>::make(&runtime(), 0);
    let died = catch_unwind(AssertUnwindSafe(|| m.assign_many(&[1, 2], &[1])));
    assert!(died.is_err() && m.is_empty());
}

#[test]
fn keys_and_values_come_in_the_order_of_a_range() {
    let m = GoMap::<String, [u64; 20]>::make(&runtime(), 0);
    assert_eq!((m.keys(), m.values()), (vec![], vec![]));
    for i in 0..100 {
        m.insert(format!("k{i}"), [i; 20]);
    }
    let (mut keys, mut values) = (m.keys(), m.values());
    keys.sort_by_key(|k| k[1..].parse::<u64>().expect("a number"));
    values.sort_unstable();
    assert_eq!(keys, (0..100).map(|i| format!("k{i}")).collect::<Vec<_>>());
    assert_eq!(values, (0..100).map(|i| [i; 20]).collect::<Vec<_>>());
    assert!(GoMap::<u8, bool>::nil(&runtime()).keys().is_empty());
    let mut sum = 0;
    for (_, v) in &m {
        sum += v[19];
    }
    assert_eq!((sum, m.iter().count()), (99 * 50, 100));
}

/// A loop takes old buckets of a later growth to the same size for its own. No flag says so, and yet that table must stay.
#[test]
fn a_range_outlives_two_growths_to_the_same_size() {
    let heap = HeapConfig { on_free: OnFree::Clobber, ..HeapConfig::default() };
    let rt = Runtime::new(RuntimeConfig { seed: Some(7), heap, ..RuntimeConfig::default() });
    let m = GoMap::<u64, u64>::make(&rt, 90);
    (0..50).for_each(|k| m.insert(k, k));
    // SAFETY: the header lives as long as the map.
    let header = || unsafe { *(m.hmap() as *const Hmap) };
    let mut fresh = 1_000;
    let mut churn_until = |done: &dyn Fn(Hmap) -> bool| {
        while !done(header()) {
            m.insert(fresh, 0);
            m.delete(fresh - 45);
            fresh += 1;
        }
        assert_eq!(header().b, 4, "no growth to another size");
    };
    let first = header().buckets;
    let mut range = m.range();
    let mut seen = vec![range.next().expect("an entry").0];
    churn_until(&|h| h.buckets != first && h.oldbuckets == 0);
    churn_until(&|h| h.oldbuckets != 0);
    let old = header().oldbuckets;
    let mut stood = false;
    while let Some((k, v)) = range.next() {
        assert!(k >= 1_000 || k == v, "{k:#x}: {v:#x}");
        seen.push(k);
        if !stood && (old..old + 16 * 144).contains(&range.state().bptr) {
            stood = true;
            churn_until(&|h| h.oldbuckets == 0);
        }
    }
    assert!(stood, "the loop never stood in the old table");
    seen.retain(|&k| k < 1_000);
    seen.sort_unstable();
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
}
