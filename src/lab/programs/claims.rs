//! Experiments for claims about maps that the other programs do not show. Original: `tests/goldens/src/claims`.

mod speed;

use super::Compare::Figures;
use super::hm::{self, H, case};
use crate::fatal::{chan, go};
use crate::gomap::SharedMap;
use crate::lab::programs::make;
use crate::sync::{ConcurrentMap, Counter, MutexMap, SyncMap};
use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

type Map = SharedMap<u64, u64>;

#[inline(never)]
fn header() {
    let m: Map = make(0);
    let mut i = 0;
    while i < 100 || H(&m).oldbuckets() == 0 {
        m.insert(i, i);
        i += 1;
    }
    let word = |n: usize| hm::peek(m.hmap() + 8 * n);
    println!("about: {:016x?}", (0..6).map(word).collect::<Vec<_>>());
    println!("word 0 is the length: {}", word(0) as i64 == m.len());
    let b = word(1) >> 8 & 0xff;
    let fits = i <= 8 << b && i > 6 << (b - 1);
    println!("byte 9 is B: the length fits 2^B buckets, and not half as many: {fits}");
    let apart = word(2) != 0 && word(3) != 0 && word(2) != word(3);
    println!("words 2 and 3 lead to buckets and old buckets: {apart}");
    println!("word 5, the last of 48 bytes, leads to the mapextra: {}", word(5) != 0);
}

#[inline(never)]
fn growth() {
    let m: Map = make(0);
    let (mut growing, mut differ) = (0, 0);
    for i in 0..20000 {
        m.insert(i, i);
        if H(&m).oldbuckets() != 0 {
            growing += 1;
            differ += u32::from(H(&m).noverflow() != 0);
        }
    }
    println!("about: of 20000 states {growing} are growing; the tests differ in {differ}");
    println!("states in which the tests differ: {}", if differ == 0 { "none" } else { "some" });
    println!("growing states in which they differ: more than half: {}", 2 * differ > growing);
}

#[inline(never)]
fn rangedelete() {
    const N: u64 = 1000;
    let m: Map = make(0);
    for i in 0..N {
        m.insert(i, i);
    }
    let (mut yielded, mut deleted) = ([0; N as usize], [0; N as usize]);
    let (mut dead, mut twice) = (0, 0);
    for (k, _) in m.range().filter(|e| e.0 < N) {
        dead += deleted[k as usize];
        yielded[k as usize] += 1;
        twice += u32::from(yielded[k as usize] > 1);
        let other = (k * 7 + 1) % N;
        if other.is_multiple_of(2) {
            m.delete(other);
            deleted[other as usize] = 1;
        }
        m.insert(N + k, k);
    }
    println!("yielded after they were deleted: {dead}");
    println!("yielded twice: {twice}");
    let missed = yielded.iter().skip(1).step_by(2).filter(|n| **n == 0).count();
    println!("there all along and not yielded: {missed}");
}

#[inline(never)]
fn exporter() {
    let m: Map = make(0);
    for i in 0..10 {
        m.insert(i, 1);
    }
    let (mut seen, mut old) = (0, 0);
    for (k, _) in m.range() {
        if seen == 0 {
            for i in 10..10010 {
                m.insert(i, 1);
            }
        }
        seen += 1;
        old += u32::from(k < 10);
    }
    println!("about: exported {seen} of {}", m.len());
    println!("there all along and not exported: {}", 10 - old);
    println!("lost at least 98% of what is there at the end: {}", seen * 50 <= m.len());
}

const GOROUTINES: u64 = 8;
const ROUNDS: u64 = 10000;

/// Runs a function in several goroutines and waits for them. What it needs lives as long as the program.
fn together<T: Sync>(shared: &'static T, f: fn(&T, u64)) {
    let done = chan();
    for g in 0..GOROUTINES {
        let done = done.clone();
        go(move || {
            f(shared, g);
            done.send(());
        });
    }
    for _ in 0..GOROUTINES {
        done.recv();
    }
}

fn leak<T>(v: T) -> &'static T {
    Box::leak(Box::new(v))
}

fn counted(entries: impl ExactSizeIterator<Item = u64>) {
    println!("keys {} sum {}", entries.len(), entries.sum::<u64>());
}

#[inline(never)]
fn locked() {
    let shared = leak(MutexMap::<u64, u64>::new(hm::rt()));
    together(shared, |m, g| {
        for i in 0..ROUNDS {
            m.update((i + g) % 64, |v| v + 1);
        }
    });
    counted(shared.snapshot().into_iter().map(|e| e.1));
}

#[inline(never)]
fn counter() {
    let shared = leak(Counter::<u64>::new(hm::rt()));
    together(shared, |c, g| {
        for i in 0..ROUNDS {
            c.add((i + g) % 64, 1);
        }
    });
    counted(shared.snapshot().into_iter().map(|e| e.1));
}

#[inline(never)]
fn snapshot() {
    let shared = leak((MutexMap::<u64, u64>::new(hm::rt()), AtomicU64::new(0)));
    together(shared, |(m, torn), g| {
        if g != 0 {
            for i in 0..1000 {
                let k = 2 * (g * 1000 + i);
                let m = m.lock();
                m.insert(k, i);
                m.insert(k + 1, i);
            }
            return;
        }
        for _ in 0..20 {
            let copied: HashMap<u64, u64> = m.snapshot().into_iter().collect();
            let half = copied.iter().filter(|&(k, v)| copied.get(&(k ^ 1)) != Some(v)).count();
            torn.fetch_add(half as u64, Relaxed);
        }
    });
    println!("snapshots with half a pair: {}", shared.1.load(Relaxed));
    println!("entries at the end: {}", shared.0.len());
}

#[inline(never)]
fn constructor() {
    let shared = leak((OnceLock::<MutexMap<u64, u64>>::new(), AtomicI64::new(0)));
    together(shared, |(once, made), g| {
        let m = once.get_or_init(|| {
            made.fetch_add(1, Relaxed);
            MutexMap::new(hm::rt())
        });
        m.store(&g, g);
    });
    println!("maps made: {}", shared.1.load(Relaxed));
    println!("entries: {}", shared.0.get().map_or(0, MutexMap::len));
}

#[inline(never)]
fn synczero() {
    let shared = leak(SyncMap::new(hm::rt()));
    together(shared, |m, g| m.store(g, g));
    let mut n = 0;
    shared.range(|k, v| {
        n += 1;
        k == v
    });
    println!("entries of the sync.Map: {n}");
}

#[inline(never)]
fn firstwrite() {
    let m: SharedMap<String, i64> = make(0);
    println!("buckets before: {}", H(&m).buckets() != 0);
    m.insert("k", 1);
    println!("buckets after: {}", H(&m).buckets() != 0);
}

pub(super) fn main() {
    hm::pick(vec![
        case("header", "looks at the 48 bytes of the header of a growing map", header).compare(Figures),
        case("growth", "holds two tests for growth against each other over 20000 assignments", growth).compare(Figures),
        case("rangedelete", "deletes and adds entries during a range", rangedelete),
        case("exporter", "ranges over ten entries while ten thousand are added", exporter).compare(Figures),
        case("locked", "counts in a map under a lock, in eight goroutines", locked),
        case("counter", "counts with atomic counters in a map behind a read lock", counter),
        case("snapshot", "ranges over copies made under a lock while others write", snapshot),
        case("constructor", "makes a map at its first write, whichever goroutine comes first", constructor),
        case("firstwrite", "assigns to an empty map that has no buckets yet", firstwrite),
        case("readmostly", "takes the time of 95% reads and 5% writes under two kinds of lock", speed::readmostly)
            .compare(Figures),
        case("syncwrites", "takes the time of ten writes to a read, of a sync.Map and a locked map", speed::syncwrites)
            .compare(Figures),
        case("syncreads", "takes the time of ten reads to a write, of a sync.Map and a locked map", speed::syncreads)
            .compare(Figures),
        case("synczero", "writes to a sync.Map that nobody has made", synczero),
    ])();
    mark!();
}
