//! Two ways to do the same, against each other. Original: `tests/goldens/src/claims/speed.go`.

use crate::fatal::{chan, go};
use crate::gomap::GoMap;
use crate::lab::programs::hm;
use crate::sync::{MutexMap, RwMutexMap, SyncMap};
use std::fmt::Write;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Instant;

const SAMPLES: u64 = 10;
const OPERATIONS: u64 = 400_000;
const KEYS: u64 = 1000;

/// One operation, the one of that number.
type Operate = Arc<dyn Fn(u64) + Send + Sync>;

/// Runs an operation in as many goroutines as there are processors: nanoseconds per operation.
fn sample(operate: &Operate) -> f64 {
    let done = chan();
    let n = available_parallelism().map_or(1, |n| n.get() as u64);
    let start = Instant::now();
    for g in 0..n {
        let (operate, done) = (Arc::clone(operate), done.clone());
        go(move || {
            for i in 0..OPERATIONS {
                operate(g * 7919 + i);
            }
            done.send(());
        });
    }
    for _ in 0..n {
        done.recv();
    }
    start.elapsed().as_nanos() as f64 / (n * OPERATIONS) as f64
}

/// Takes samples of both in turn, and prints them.
fn against(a: &str, operate_a: Operate, b: &str, operate_b: Operate) {
    let (mut of_a, mut of_b) = (String::new(), String::new());
    for _ in 0..SAMPLES {
        let _ = write!(of_a, " {:.2}", sample(&operate_a));
        let _ = write!(of_b, " {:.2}", sample(&operate_b));
    }
    println!("about: {a} ns:{of_a}\nabout: {b} ns:{of_b}");
}

/// The map, with so many keys.
fn filled<M: From<GoMap<u64, u64>>>() -> M {
    let m = GoMap::make(hm::rt(), 0);
    for k in 0..KEYS {
        m.insert(k, k);
    }
    m.into()
}

#[inline(never)]
pub(super) fn readmostly() {
    let (a, b): (MutexMap<u64, u64>, RwMutexMap<u64, u64>) = (filled(), filled());
    let behind_mutex = move |i: u64| {
        if i.is_multiple_of(20) {
            a.lock().insert(i % KEYS, i);
        } else {
            hm::sink(a.lock().get(i % KEYS));
        }
    };
    let behind_rwmutex = move |i: u64| {
        if i.is_multiple_of(20) {
            b.write().insert(i % KEYS, i);
        } else {
            hm::sink(b.read().get(i % KEYS));
        }
    };
    against("Mutex", Arc::new(behind_mutex), "RWMutex", Arc::new(behind_rwmutex));
}

/// Of eleven operations the first few are writes.
fn sync_against_locked(writes: u64) {
    let (shared, m): (_, RwMutexMap<u64, u64>) = (SyncMap::new(hm::rt()), filled());
    for k in 0..KEYS {
        shared.store(k, k);
    }
    let sync_map = move |i: u64| {
        if i % 11 < writes {
            shared.store(i % KEYS, i);
        } else {
            hm::sink(shared.load(i % KEYS));
        }
    };
    let locked_map = move |i: u64| {
        if i % 11 < writes {
            m.write().insert(i % KEYS, i);
        } else {
            hm::sink(m.read().get(i % KEYS));
        }
    };
    against("sync.Map", Arc::new(sync_map), "locked map", Arc::new(locked_map));
}

#[inline(never)]
pub(super) fn syncwrites() {
    sync_against_locked(10);
}

#[inline(never)]
pub(super) fn syncreads() {
    sync_against_locked(1);
}
