//! Histories of real threads: operations that overlap must answer as if they had come one after the other.

use gohmap::gomap::{Any, Key};
use gohmap::rng::Rng;
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::sync::history::{Answer, Clock, Event, Op, linearizable};
use gohmap::sync::{ConcurrentMap, MutexMap, RwMutexMap, SyncMap};
use gohmap::version::GoVersion;
use std::sync::{Arc, Barrier};
use std::thread;

const THREADS: u64 = 4;
const KEYS: u64 = 3;
/// Operations of a thread in one history.
const OPERATIONS: usize = 300;
const HISTORIES: u64 = 60;

fn runtime() -> Arc<Runtime> {
    Runtime::new(RuntimeConfig { version: GoVersion::V1_23, seed: Some(1), ..RuntimeConfig::default() })
}

/// What one thread does, noted down by key.
fn run<K: Key + PartialEq, V: Key + PartialEq>(
    m: &dyn ConcurrentMap<K, V>,
    clock: &Clock,
    seed: u64,
    key: impl Fn(u64) -> K,
    value: impl Fn(u64) -> V,
) -> Vec<(u64, Event<V>)> {
    let rng = Rng::new(Some(seed));
    let mut events = Vec::new();
    for i in 0..OPERATIONS {
        // Few values, so that a comparison sometimes finds its own.
        let any = || value(rng.rand() % 4);
        let k = rng.rand() % KEYS;
        let op = match rng.rand() % 20 {
            0..=5 => Op::Load,
            6..=8 => Op::Store(any()),
            9..=10 => Op::LoadOrStore(any()),
            11..=12 => Op::LoadAndDelete,
            13 => Op::Delete,
            14..=15 => Op::Swap(any()),
            16..=17 => Op::CompareAndSwap(any(), any()),
            18 => Op::CompareAndDelete(any()),
            // Looks at every key, or deletes every one, at some moment for each.
            _ if i % 2 == 0 => {
                let (found, from, to) = clock.time(|| m.snapshot());
                for k in 0..KEYS {
                    let mut of_key = found.iter().filter(|(found, _)| *found == key(k));
                    let answer = Answer::Value(of_key.next().map(|(_, v)| v.clone()));
                    assert!(of_key.next().is_none(), "key {k} twice");
                    events.push((k, Event { op: Op::Load, answer, from, to }));
                }
                continue;
            }
            _ => {
                let ((), from, to) = clock.time(|| m.clear());
                events.extend((0..KEYS).map(|k| (k, Event { op: Op::Delete, answer: Answer::Done, from, to })));
                continue;
            }
        };
        events.push((k, clock.record(m, &key(k), op)));
    }
    events
}

fn check<K: Key + PartialEq, V: Key + PartialEq + Send + std::fmt::Debug, M: ConcurrentMap<K, V>>(
    make: impl Fn(&Arc<Runtime>) -> M,
    key: impl Fn(u64) -> K + Copy + Send,
    value: impl Fn(u64) -> V + Copy + Send,
) {
    let rt = runtime();
    for history in 0..HISTORIES {
        let (m, clock, barrier) = (make(&rt), Clock::default(), Barrier::new(THREADS as usize));
        let mut events = Vec::new();
        thread::scope(|s| {
            let threads: Vec<_> = (0..THREADS)
                .map(|t| {
                    let (m, clock, barrier) = (&m, &clock, &barrier);
                    s.spawn(move || {
                        barrier.wait();
                        run(m, clock, history * THREADS + t, key, value)
                    })
                })
                .collect();
            threads.into_iter().for_each(|t| events.extend(t.join().expect("a thread")));
        });
        for k in 0..KEYS {
            let of_key: Vec<Event<V>> = events.iter().filter(|(of, _)| *of == k).map(|(_, e)| e.clone()).collect();
            assert!(linearizable(&of_key, &None), "history {history}, key {k}: {of_key:?}");
        }
    }
}

#[test]
fn mutex_map() {
    check(MutexMap::<u64, u64>::new, |k| k, |v| v);
}

#[test]
fn rw_mutex_map() {
    check(RwMutexMap::<String, u64>::new, |k| format!("key {k}"), |v| v);
}

#[test]
fn sync_map() {
    check(SyncMap::new, Any::Uint64, |v| Any::from(format!("value {v}").as_str()));
}
