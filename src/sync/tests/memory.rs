//! Nothing is lost, and nothing stays.

use super::*;

/// Waits until the heap has as many objects as before: what other threads, of other tests too, may still be looking at is
/// freed later.
fn comes_back_to(rt: &Runtime, before: usize) {
    for _ in 0..60_000 {
        (0..100).for_each(|_| crossbeam_epoch::pin().flush());
        if rt.heap.stats().objects == before {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    panic!("{} objects, and there were {before}", rt.heap.stats().objects);
}

/// Maps that go leave nothing in the heap, whatever state they were in.
#[test]
fn a_map_that_goes_takes_everything_along() {
    let rt = runtime();
    let before = rt.heap.stats().objects;
    for keys in [0_u64, 1, 9, 500] {
        let m = SyncMap::new(&rt);
        for k in 0..keys {
            m.store(k, "a value");
            m.store(format!("{k}").as_str(), k);
        }
        m.range(|_, _| true);
        (0..keys).step_by(3).for_each(|k| m.delete(k));
        m.store("one more", 1_u64);
        m.clear();
        m.store("another", 1_u64);
        drop(m);
        let counter = Counter::<String>::new(&rt);
        (0..keys).for_each(|k| counter.add(format!("{k}").as_str(), k));
    }
    comes_back_to(&rt, before);
}

/// Threads that end give what they have replaced to the others.
#[test]
fn threads_that_end_leave_nothing() {
    let rt = runtime();
    let before = rt.heap.stats().objects;
    let m = SyncMap::new(&rt);
    for _ in 0..20 {
        std::thread::scope(|s| {
            for t in 0..4_u64 {
                let m = &m;
                s.spawn(move || {
                    for k in 0..50_u64 {
                        m.store(k % 7 + t, k);
                        m.store(format!("{}", k % 5).as_str(), k);
                        m.delete(k % 3);
                        m.range(|_, _| k % 2 == 0);
                    }
                });
            }
        });
    }
    assert!(m.layers().read + m.layers().dirty.unwrap_or(0) <= 2 * 15 + 5);
    drop(m);
    comes_back_to(&rt, before);
}

/// A key that panics leaves every lock free.
#[test]
fn a_panic_locks_nothing() {
    let rt = runtime();
    let bad = || Any::Slice(vec![]);
    let text = |f: &mut dyn FnMut()| crate::fatal::recover(f).expect_err("it lived").text().to_owned();
    let unhashable = "runtime error: hash of unhashable type []interface {}";
    let uncomparable = "runtime error: comparing uncomparable type []interface {}";
    let sync = SyncMap::new(&rt);
    let mutex = MutexMap::<Any, Any>::new(&rt);
    let rw = RwMutexMap::<Any, Any>::new(&rt);
    let maps: [&dyn ConcurrentMap<Any, Any>; 3] = [&sync, &mutex, &rw];
    for m in maps {
        // Of a nil map, of one that has keys elsewhere, of one that has keys.
        for round in 0..3 {
            assert_eq!(text(&mut || drop(m.load(&bad()))), unhashable, "round {round}");
            assert_eq!(text(&mut || m.store(&bad(), Any::Nil)), unhashable);
            assert_eq!(text(&mut || drop(m.load_or_store(&bad(), Any::Nil))), unhashable);
            assert_eq!(text(&mut || drop(m.load_and_delete(&bad()))), unhashable);
            m.store(&Any::Int(round), bad());
            assert_eq!(text(&mut || _ = m.compare_and_swap(&Any::Int(round), &bad(), Any::Nil)), uncomparable);
            assert_eq!(text(&mut || _ = m.compare_and_delete(&Any::Int(round), &bad())), uncomparable);
            assert_eq!(m.load(&Any::Int(round)), Some(bad()), "it stays");
        }
        m.snapshot();
    }
    let counter = Counter::<Any>::new(&rt);
    assert_eq!(text(&mut || counter.add(&bad(), 1)), unhashable);
    counter.add(&Any::Int(1), 1);
    assert_eq!(text(&mut || counter.add(&bad(), 1)), unhashable);
    assert_eq!(counter.snapshot(), [(Any::Int(1), 1)]);
}
