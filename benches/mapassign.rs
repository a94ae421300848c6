//! What one operation costs: assigning to a key that is there, filling a new map, looking a key up. Each through
//! [`GoMap`] and through the functions under it, by every instruction set; what can be inlined through a `Site` too.
//!
//! `cargo bench`, or one of them: `cargo bench -- assign/sse41`.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use gohmap::gomap::GoMap;
use gohmap::map::amd64::Isa;
use gohmap::runtime::{Runtime, RuntimeConfig};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

/// Entries: one bucket; within the first cache; within the second; beyond the last.
const SIZES: [u64; 4] = [8, 512, 1 << 14, 1 << 20];

fn runtime() -> Arc<Runtime> {
    Runtime::new(RuntimeConfig { seed: Some(1), ..RuntimeConfig::default() })
}

/// `m[k] = k` for every `k < n`, without a hint, so that the map has grown step by step.
fn filled(rt: &Arc<Runtime>, n: u64) -> GoMap<u64, u64> {
    let m = GoMap::make(rt, 0);
    (0..n).for_each(|k| m.insert(k, k));
    m
}

/// Goes round `0..n`, one key a call.
fn keys(n: u64) -> impl FnMut() -> u64 {
    let mut key = 0;
    move || {
        key = if key + 1 == n { 0 } else { key + 1 };
        black_box(key)
    }
}

/// `m[k] = v` for keys that are there.
fn assign(c: &mut Criterion) {
    let rt = runtime();
    let mut group = c.benchmark_group("assign");
    for n in SIZES {
        let m = filled(&rt, n);
        let mut key = keys(n);
        group.bench_function(BenchmarkId::new("GoMap", n), |b| b.iter(|| m.insert(key(), 1)));
        let here = m.site();
        group.bench_function(BenchmarkId::new("Site", n), |b| b.iter(|| here.insert(key(), 1)));
        for isa in Isa::available() {
            let (t, h) = (m.map_type(), m.hmap());
            // SAFETY: `h` is the header of `m`, of type `t`, and nobody else uses it.
            let assign = |key| unsafe { (isa.fast64().mapassign)(t, h, key) };
            group.bench_function(BenchmarkId::new(isa.to_string(), n), |b| b.iter(|| assign(key())));
        }
    }
    group.finish();
}

/// A new map and `n` new keys, growth included; the time is that of all of them.
fn insert(c: &mut Criterion) {
    let rt = runtime();
    let mut group = c.benchmark_group("insert");
    for n in &SIZES[..3] {
        group.throughput(Throughput::Elements(*n));
        group.bench_function(BenchmarkId::new("GoMap", n), |b| b.iter(|| filled(&rt, *n)));
        for isa in Isa::available() {
            group.bench_function(BenchmarkId::new(isa.to_string(), n), |b| {
                b.iter(|| {
                    let m = GoMap::<u64, u64>::make(&rt, 0);
                    for key in 0..*n {
                        // SAFETY: the type and header of a live map that nobody else uses.
                        unsafe { (isa.fast64().mapassign)(m.map_type(), m.hmap(), key) };
                    }
                    m
                });
            });
        }
    }
    group.finish();
}

/// `m[k]` for keys that are there.
fn read(c: &mut Criterion) {
    let rt = runtime();
    let mut group = c.benchmark_group("read");
    for n in SIZES {
        let m = filled(&rt, n);
        let mut key = keys(n);
        group.bench_function(BenchmarkId::new("GoMap", n), |b| b.iter(|| m.get(key())));
        let here = m.site();
        group.bench_function(BenchmarkId::new("Site", n), |b| b.iter(|| here.get(key())));
        let (t, h) = (m.map_type(), m.hmap());
        for isa in Isa::available() {
            // SAFETY: `h` is the header of `m`, of type `t`, and nobody else uses it.
            let access = |key| unsafe { (isa.fast64().mapaccess1)(t, h, key) };
            group.bench_function(BenchmarkId::new(isa.to_string(), n), |b| b.iter(|| access(key())));
        }
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1)).sample_size(20);
    targets = assign, insert, read
}
criterion_main!(benches);
