//! `mapassign_fast64` taken apart: each way through it by each instruction set. `gohmap bench --only paths` measures the
//! same and needs no harness.
//!
//! `cargo bench --bench paths`, or some of them: `cargo bench --bench paths -- hit-slot`.

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use gohmap::lab::bench::paths::{Path, PathBench};
use gohmap::map::amd64::Isa;
use std::time::Duration;

fn paths(c: &mut Criterion) {
    for path in Path::all() {
        let mut group = c.benchmark_group(path.to_string());
        for isa in Isa::available() {
            let mut bench = PathBench::new(path, isa, None);
            group.bench_function(BenchmarkId::from_parameter(isa), |b| b.iter_custom(|n| bench.run(n)));
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_millis(600)).sample_size(20);
    targets = paths
}
criterion_main!(benches);
