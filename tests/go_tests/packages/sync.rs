//! `sync/map_test.go`, and the maps of `sync/map_reference_test.go` that `sync.Map` is held against.

use crate::support::{allocations, everywhere, runtime, runtime_of};
use gohmap::gomap::Any;
use gohmap::rng::Rng;
use gohmap::runtime::Runtime;
use gohmap::sync::{ConcurrentMap, MutexMap, RwMutexMap, SyncMap};
use gohmap::version::GoVersion;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// `DeepCopyMap`: a map that is never written to, but copied with each write.
struct DeepCopyMap {
    rt: Arc<Runtime>,
    writing: Mutex<()>,
    clean: Mutex<Arc<MutexMap<Any, Any>>>,
}

impl DeepCopyMap {
    fn new(rt: &Arc<Runtime>) -> Self {
        Self { rt: Arc::clone(rt), writing: Mutex::default(), clean: Mutex::new(Arc::new(MutexMap::new(rt))) }
    }

    fn clean(&self) -> Arc<MutexMap<Any, Any>> {
        Arc::clone(&self.clean.lock().unwrap())
    }

    /// Puts a copy in the place of the map, after `f` has changed it and said `true`.
    fn change<R>(&self, f: impl FnOnce(&MutexMap<Any, Any>) -> (R, bool)) -> R {
        let _writing = self.writing.lock().unwrap();
        let clean = self.clean();
        let dirty = MutexMap::with_hint(&self.rt, clean.len() + 1);
        for (k, v) in clean.snapshot() {
            dirty.store(&k, v);
        }
        let (result, changed) = f(&dirty);
        if changed {
            *self.clean.lock().unwrap() = Arc::new(dirty);
        }
        result
    }
}

impl ConcurrentMap<Any, Any> for DeepCopyMap {
    fn load(&self, key: &Any) -> Option<Any> {
        self.clean().load(key)
    }

    fn store(&self, key: &Any, value: Any) {
        self.change(|m| (m.store(key, value), true));
    }

    fn load_or_store(&self, key: &Any, value: Any) -> (Any, bool) {
        match self.load(key) {
            Some(v) => (v, true),
            None => self.change(|m| {
                let (v, loaded) = m.load_or_store(key, value);
                ((v, loaded), !loaded)
            }),
        }
    }

    fn load_and_delete(&self, key: &Any) -> Option<Any> {
        self.change(|m| (m.load_and_delete(key), true))
    }

    fn swap(&self, key: &Any, value: Any) -> Option<Any> {
        self.change(|m| (m.swap(key, value), true))
    }

    fn compare_and_swap(&self, key: &Any, old: &Any, new: Any) -> bool {
        self.load(key).as_ref() == Some(old)
            && self.change(|m| {
                let swapped = m.compare_and_swap(key, old, new);
                (swapped, swapped)
            })
    }

    fn compare_and_delete(&self, key: &Any, old: &Any) -> bool {
        self.load(key).as_ref() == Some(old)
            && self.change(|m| {
                let deleted = m.compare_and_delete(key, old);
                (deleted, deleted)
            })
    }

    fn range(&self, f: &mut dyn FnMut(Any, Any) -> bool) {
        let _ = self.snapshot().into_iter().all(|(k, v)| f(k, v));
    }

    fn clear(&self) {
        self.change(|m| (m.clear(), true));
    }

    fn snapshot(&self) -> Vec<(Any, Any)> {
        self.clean().snapshot()
    }
}

/// Names of operations, and what they answer: a value, and whether there is one.
type Results = Vec<(&'static str, Option<Any>, bool)>;

/// Runs calls at random, the same for each seed: results, and what is in the map in the end. `swaps` says whether there are the
/// operations of Go 1.20.
fn apply(m: &dyn ConcurrentMap<Any, Any>, seed: u64, swaps: bool) -> (Results, BTreeMap<String, Any>) {
    let rng = Rng::new(Some(seed));
    let choose = |n: u64| rng.rand() % n;
    // Up to three letters, so that short ones come again.
    let value = || Any::from((0..choose(4)).map(|_| char::from(b'a' + choose(26) as u8)).collect::<String>().as_str());
    let mut results = Results::new();
    for _ in 0..choose(100) {
        let (k, v) = (value(), value());
        results.push(match choose(if swaps { 8 } else { 5 }) {
            0 => ("Load", m.load(&k), true),
            1 => {
                m.store(&k, v);
                ("Store", None, false)
            }
            2 => {
                let (v, loaded) = m.load_or_store(&k, v);
                ("LoadOrStore", Some(v), loaded)
            }
            3 => ("LoadAndDelete", m.load_and_delete(&k), true),
            4 => {
                m.delete(&k);
                ("Delete", None, false)
            }
            5 => ("Swap", m.swap(&k, v), true),
            6 if m.compare_and_swap(&k, &v, Any::Uint64(choose(u64::MAX))) => {
                m.delete(&k);
                ("CompareAndSwap", Some(v), true)
            }
            6 => ("CompareAndSwap", None, false),
            _ => ("CompareAndDelete", m.load(&k), m.compare_and_delete(&k, &v) && m.load(&k).is_none()),
        });
    }
    let mut all = BTreeMap::new();
    m.range(&mut |k, v| {
        assert!(all.insert(format!("{k:?}"), v).is_none(), "{k:?} twice");
        true
    });
    (results, all)
}

/// Holds `sync.Map` against another one over a hundred runs, as `testing/quick` does.
fn matches<M: ConcurrentMap<Any, Any>>(reference: impl Fn(&Arc<Runtime>) -> M) {
    everywhere(|rt| {
        let swaps = rt.rules().version >= GoVersion::V1_20;
        let mut hits = 0;
        for seed in 0..100 {
            let (results, all) = apply(&SyncMap::new(rt), seed, swaps);
            hits += results.iter().filter(|(_, v, _)| v.is_some()).count();
            assert_eq!((results, all), apply(&reference(rt), seed, swaps), "seed {seed}");
        }
        assert!(hits > 100, "{hits} calls found something");
    });
}

/// TestMapMatchesRWMutex: the same answers as a map under a read-write lock gives.
#[test]
fn test_map_matches_rw_mutex() {
    matches(RwMutexMap::new);
}

/// TestMapMatchesDeepCopy: the same answers as a map gives that is copied with each write.
#[test]
fn test_map_matches_deep_copy() {
    matches(DeepCopyMap::new);
}

/// TestConcurrentRange: while threads load and store, Range finds every key once, with a value that was stored there.
#[test]
fn test_concurrent_range() {
    const SIZE: i64 = 1 << 10;
    let m = SyncMap::new(&runtime());
    (1..=SIZE).for_each(|n| m.store(n, n));
    let done = AtomicBool::new(false);
    thread::scope(|s| {
        for g in 1..=thread::available_parallelism().map_or(2, |n| n.get().min(4)) as i64 {
            let (m, done) = (&m, &done);
            s.spawn(move || {
                let rng = Rng::new(Some(g as u64));
                for i in 0.. {
                    for n in 1..SIZE {
                        if done.load(Ordering::Relaxed) {
                            return;
                        }
                        if rng.rand().is_multiple_of(SIZE as u64) {
                            m.store(n, n * i * g);
                        } else {
                            let _ = m.load(n);
                        }
                    }
                }
            });
        }
        let check = || {
            for _ in 0..16 {
                let mut seen = BTreeSet::new();
                m.range(|k, v| {
                    let (Any::Int64(k), Any::Int64(v)) = (&k, &v) else { panic!("{k:?} {v:?}") };
                    assert_eq!(v % k, 0, "key {k} has {v}");
                    assert!(seen.insert(*k), "{k} twice");
                    true
                });
                assert_eq!(seen.len(), SIZE as usize);
            }
        };
        let checked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(check));
        done.store(true, Ordering::Relaxed);
        checked.expect("every Range finds everything");
    });
}

/// TestIssue40999: a key that is stored and deleted does not stay in the heap, though another one keeps the dirty map from
/// being promoted.
#[test]
fn test_issue40999() {
    everywhere(|rt| {
        let m = SyncMap::new(rt);
        m.store(Any::Nil, 0_u8);
        for i in 0..2000 {
            let key = format!("a key of its own: {i}");
            m.store(key.as_str(), 0_u8);
            m.delete(key.as_str());
        }
        // Each key that stayed would be two objects. What a thread is still looking at comes later.
        for _ in 0..60_000 {
            if rt.heap.stats().objects < 1000 {
                return;
            }
            thread::sleep(Duration::from_millis(1));
            (0..200).for_each(|_| _ = m.load(Any::Nil));
        }
        panic!("{:?}", rt.heap.stats());
    });
}

/// TestMapRangeNestedCall: Range in Range, with loads, stores and deletes in it.
#[test]
fn test_map_range_nested_call() {
    everywhere(|rt| {
        let m = SyncMap::new(rt);
        for (i, v) in ["hello", "world", "Go"].into_iter().enumerate() {
            m.store(i as isize, v);
        }
        m.range(|key, _| {
            m.range(|k, v| {
                assert_eq!(m.load(&k), Some(v));
                assert_eq!(m.load_or_store(42_isize, "dummy"), (Any::from("dummy"), false));
                m.store(42_isize, "sync.Map");
                assert_eq!(m.load_and_delete(42_isize), Some(Any::from("sync.Map")));
                true
            });
            m.delete(key);
            true
        });
        assert_eq!(m.snapshot(), []);
    });
}

/// TestCompareAndSwap_NonExistingKey: nil is not the value of a key that is not there.
#[test]
fn test_compare_and_swap_non_existing_key() {
    let m = SyncMap::new(&runtime());
    assert!(!m.compare_and_swap("a key", Any::Nil, 42_isize));
    m.store("another", 1_isize);
    assert!(!m.compare_and_swap("a key", Any::Nil, 42_isize));
}

/// TestMapRangeNoAllocations: Range over an empty map allocates nothing.
#[test]
fn test_map_range_no_allocations() {
    let rt = runtime_of(GoVersion::V1_22);
    let m = SyncMap::new(&rt);
    let range = || m.range(|_, _| true);
    range(); // This thread's first.
    assert_eq!(allocations(&rt, || (0..10).for_each(|_| range())), 0);
}
