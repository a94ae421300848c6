//! Two ways to do the same, against each other. Original: `tests/goldens/src/claims/speed.go`.

use super::{Map, lock};
use crate::fatal::{chan, go};
use crate::gomap::SharedMap;
use crate::lab::programs::hm;
use crate::lab::programs::make;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
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

fn filled() -> Map {
    let m: SharedMap<u64, u64> = make(0);
    for k in 0..KEYS {
        m.insert(k, k);
    }
    m
}

#[inline(never)]
pub(super) fn readmostly() {
    let (a, b) = (filled(), filled());
    let (mu, rw) = (Mutex::new(()), RwLock::new(()));
    let behind_mutex = move |i: u64| {
        let _held = lock(&mu);
        if i.is_multiple_of(20) {
            a.insert(i % KEYS, i);
        } else {
            hm::sink(a.get(i % KEYS));
        }
    };
    let behind_rwmutex = move |i: u64| {
        if i.is_multiple_of(20) {
            let _held = rw.write().unwrap_or_else(PoisonError::into_inner);
            b.insert(i % KEYS, i);
        } else {
            let _held = rw.read().unwrap_or_else(PoisonError::into_inner);
            hm::sink(b.get(i % KEYS));
        }
    };
    against("Mutex", Arc::new(behind_mutex), "RWMutex", Arc::new(behind_rwmutex));
}
