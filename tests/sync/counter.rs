//! A day's worth of counting in miniature: nothing is lost, and every snapshot is of one moment.

use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::sync::Counter;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

const THREADS: usize = 8;
const KEYS: usize = 10_000;
const INCREMENTS: u64 = 100_000_000;
/// Between two looks at how far a thread is.
const BATCH: u64 = 1000;

/// How many increments a thread has begun, and how many it has done.
#[derive(Default)]
struct Progress {
    begun: AtomicU64,
    done: AtomicU64,
}

fn sum(of: &[Progress], which: impl Fn(&Progress) -> &AtomicU64) -> u64 {
    of.iter().map(|p| which(p).load(Ordering::SeqCst)).sum()
}

/// One thread's share. Most go to keys that all threads have; the first and the last of a batch to two keys that only this one
/// has, so that the first is never behind the second, and never more than one ahead. Returns how often it hit each key.
fn count(counter: &Counter<u64>, thread: usize, progress: &Progress) -> Vec<u64> {
    let mut counts = vec![0; KEYS];
    let mut state = thread as u64 + 1;
    let mut add = |key: usize| {
        counter.add(key as u64, 1);
        counts[key] += 1;
    };
    for batch in 0..INCREMENTS / THREADS as u64 / BATCH {
        progress.begun.store((batch + 1) * BATCH, Ordering::SeqCst);
        add(2 * thread);
        for _ in 0..BATCH - 2 {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
            add(2 * THREADS + (((state >> 32) as usize * (KEYS - 2 * THREADS)) >> 32));
        }
        add(2 * thread + 1);
        progress.done.store((batch + 1) * BATCH, Ordering::SeqCst);
    }
    counts
}

#[test]
fn totals_are_exact_and_snapshots_of_one_moment() {
    let counter = Counter::<u64>::new(&Runtime::new(RuntimeConfig::default()));
    let progress: Vec<Progress> = (0..THREADS).map(|_| Progress::default()).collect();
    let mut want = vec![0; KEYS];
    let mut snapshots = 0;
    thread::scope(|s| {
        let threads: Vec<_> = progress
            .iter()
            .enumerate()
            .map(|(i, p)| {
                let counter = &counter;
                s.spawn(move || count(counter, i, p))
            })
            .collect();
        let mut before: HashMap<u64, u64> = HashMap::new();
        while !threads.iter().all(|t| t.is_finished()) {
            let done = sum(&progress, |p| &p.done);
            let snapshot: HashMap<u64, u64> = counter.snapshot().into_iter().collect();
            let begun = sum(&progress, |p| &p.begun);
            let total: u64 = snapshot.values().sum();
            assert!((done..=begun).contains(&total), "{done} were done and {begun} begun, but {total} are there");
            for (key, n) in &before {
                assert!(snapshot.get(key) >= Some(n), "key {key} has gone back from {n}");
            }
            let of = |key: usize| snapshot.get(&(key as u64)).copied().unwrap_or(0);
            for t in 0..THREADS {
                let (first, second) = (of(2 * t), of(2 * t + 1));
                assert!(first == second || first == second + 1, "thread {t}: {first} and then {second}");
            }
            before = snapshot;
            snapshots += 1;
            thread::sleep(Duration::from_millis(20));
        }
        for t in threads {
            let counts = t.join().expect("a thread");
            want.iter_mut().zip(counts).for_each(|(w, n)| *w += n);
        }
    });
    let mut all = counter.snapshot();
    all.sort_unstable();
    assert_eq!(all, (0..KEYS as u64).zip(want).collect::<Vec<_>>());
    assert_eq!(all.iter().map(|(_, n)| n).sum::<u64>(), INCREMENTS);
    assert_eq!(counter.len(), KEYS);
    println!("{INCREMENTS} increments, {snapshots} snapshots");
}
