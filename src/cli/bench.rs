//! `gohmap bench`: how fast the map is.

use super::bench_sync::Sync;
use super::nearest;
use super::progress::Progress;
use anyhow::{Context, Result, anyhow, bail, ensure};
use gohmap::lab::bench::emulated::{self, Batched, Inlined};
use gohmap::lab::bench::go::Go;
use gohmap::lab::bench::keys::KeyType;
use gohmap::lab::bench::paths::{Path, PathBench};
use gohmap::lab::bench::report::stats::{Median, median, ratio};
use gohmap::lab::bench::report::{html, table, text};
use gohmap::lab::bench::{Case, Order, Runner, Series, Workload, measure};
use gohmap::lab::file::replace;
use gohmap::map::amd64::Isa;
use serde::Serialize;
use std::ffi::OsString;
use std::fs;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Measure the map: mixed workloads over its size, and each way through an assign
///
/// The workloads use random keys, and where that makes sense one hot key too, for branch predictors love a hot key. Sizes
/// are such that buckets hold four entries on average, or nearly as many as they may before the map grows. Whoever takes
/// part takes one sample in turn; real Gos build a program with the same workloads and keys and run it.
///
/// The output is Go benchmark text, for benchstat, and a table.
#[derive(clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = "\
Examples:
  gohmap bench --quick
  gohmap bench --only assign-hit read-hit --size 6 1k 4M
  gohmap bench --only paths --isa portable
  gohmap bench --html curves.html --go /usr/local/go
  gohmap bench sync --quick

Environment: GOEXPERIMENT, GOGC and the like reach the Go programs. With
GOEXPERIMENT=noswissmap, Go 1.24 and 1.25 have the classic map."
)]
pub(super) struct Bench {
    #[command(subcommand)]
    part: Option<Part>,
    /// Only these: workloads (assign-hit, read-hit, read-dep, read-miss, build, build-hint, churn, iterate,
    /// iterate-growing), `paths` for all ways through an assign, or single ones (nil, hit-slot-0, insert-free, ...)
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// Entries of the maps; k is 1024, M is 1024 k
    #[arg(long, value_name = "N", num_args = 1.., value_parser = size)]
    size: Vec<usize>,
    /// Implementations of ours; the last one is what others are compared with [default: portable and the best]
    #[arg(long, value_name = "NAME", num_args = 1..)]
    isa: Vec<String>,
    /// The last implementation with its fast cases inlined too: a loop keeps the key schedule in registers
    #[arg(long)]
    inline: bool,
    /// The last implementation by batches too (assign_many, get_many): buckets are asked for ahead
    #[arg(long)]
    batch: bool,
    /// Real Gos: the go command, or the directory of a Go
    #[arg(long, value_name = "PATH", num_args = 1..)]
    go: Vec<OsString>,
    /// Rust's hashbrown, with foldhash and with ahash (needs a build with `--features hashbrown`)
    #[arg(long)]
    hashbrown: bool,
    /// Random keys only, or one hot key only
    #[arg(long, value_name = "ORDER", value_parser = ["random", "hot"])]
    keys: Option<String>,
    /// Type of the keys: uint64, uint32, unsafe.Pointer, string, of 16 bytes, or url, strings of 64 bytes that begin alike; or one of the generic path: uuid and mac, arrays of 16 and 6 bytes,
    /// float64, any, which holds an uint64, and record, of a string and a number. The ways through an assign are those of uint64
    #[arg(long = "type", value_name = "TYPE", default_value = "uint64", value_parser = key_type)]
    key: KeyType,
    /// Samples of each; with six or more, intervals hold the true median with 95 % [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    samples: Option<u16>,
    /// Four sizes, few and short samples: half a minute, and numbers to match
    #[arg(long)]
    quick: bool,
    /// One JSON object a line: what was measured, by whom, all samples, median and interval
    #[arg(long)]
    json: bool,
    /// Write a page with curves over the size, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// Benches of another kind.
#[derive(clap::Subcommand)]
enum Part {
    Sync(Sync),
}

const SIZES: [usize; 12] = [6, 64, 100, 1024, 1600, 1 << 14, 26_000, 1 << 18, 420_000, 1 << 22, 6_600_000, 1 << 24];
const QUICK_SIZES: [usize; 4] = [6, 1024, 26_000, 1 << 18];

/// What a command line asks for.
pub(super) struct Plan {
    cases: Vec<Case>,
    paths: Vec<Path>,
    isas: Vec<Isa>,
    samples: usize,
    /// Operations of a sample of a path.
    path_ops: u64,
}

fn size(text: &str) -> Result<usize, String> {
    let (digits, unit) = match text.strip_suffix(['k', 'K', 'm', 'M']) {
        Some(digits) if text.ends_with(['k', 'K']) => (digits, 1 << 10),
        Some(digits) => (digits, 1 << 20),
        None => (text, 1),
    };
    let n = digits.parse::<usize>().ok().and_then(|n| n.checked_mul(unit));
    n.filter(|n| (1..=1 << 28).contains(n)).ok_or_else(|| "a number from 1 to 256M".to_owned())
}

fn key_type(text: &str) -> Result<KeyType, String> {
    let found = KeyType::ALL.into_iter().find(|k| k.name() == text);
    found.ok_or_else(|| {
        "it can be uint64, uint32, unsafe.Pointer, string, url, uuid, mac, float64, any or record".to_owned()
    })
}

impl Bench {
    /// Whether the command line asks for something that there is.
    #[cfg(test)]
    pub(super) fn check(&self) -> Result<()> {
        match &self.part {
            Some(Part::Sync(sync)) => sync.plan().map(drop),
            None => self.plan().map(drop),
        }
    }

    pub(super) fn run(&self) -> Result<ExitCode> {
        if let Some(Part::Sync(sync)) = &self.part {
            return sync.run();
        }
        let plan = self.plan()?;
        let mut runners = self.runners(&plan)?;
        let ours = emulated::name(*plan.isas.last().expect("a plan has one"));
        let mut out = stdout().lock();
        if !self.json {
            text::heading(&mut out)?;
        }
        let steps = plan.cases.len() + plan.paths.len() * plan.isas.len();
        let mut progress = Progress::of(steps, plan.cost(runners.len()), stderr().is_terminal());
        let mut all: Vec<Series> = Vec::new();
        for case in &plan.cases {
            if let Some(need) = too_large(case, runners.len()) {
                eprintln!("gohmap: {case}: left out, needs {need} GiB of memory");
                progress.pay(cost(case) * (runners.len() * (plan.samples + 1)) as f64);
                progress.step();
                continue;
            }
            let name = case.to_string();
            progress.show(&name);
            let mut all_runners: Vec<&mut dyn Runner> = runners.iter_mut().map(|r| &mut **r).collect();
            let series = measure(case, &mut all_runners, plan.samples, || {
                progress.pay(cost(case));
                progress.show(&name);
            })?;
            progress.step();
            for s in &series {
                if self.json {
                    let theirs = series.iter().find(|o| o.by == ours).filter(|o| o.by != s.by);
                    writeln!(out, "{}", serde_json::to_string(&Row::of(s, theirs))?)?;
                } else {
                    text::series(&mut out, s)?;
                }
            }
            all.extend(series);
        }
        for &path in &plan.paths {
            for &isa in &plan.isas {
                let name = emulated::name(isa);
                progress.show(&format!("{path} by {name}"));
                let samples = plan.sample_path(path, isa);
                progress.pay(PATH_COST * plan.path_ops as f64);
                progress.step();
                if self.json {
                    writeln!(out, "{}", serde_json::to_string(&Row::of_path(path, &name, &samples))?)?;
                } else {
                    let benchmark = format!("BenchmarkMapAssignPath/path={path}");
                    text::samples(&mut out, &benchmark, &name, plan.path_ops as usize, &samples)?;
                }
            }
        }
        if !self.json && !all.is_empty() {
            write!(out, "\n{}", table::tables(&all, &ours))?;
        }
        if let Some(file) = &self.html {
            let about = format!(
                "{}; {} samples of each. Made by gohmap {}.",
                text::cpu().unwrap_or_else(|| "A processor without a name".into()),
                plan.samples,
                env!("CARGO_PKG_VERSION")
            );
            let about = html::About { title: "gohmap bench", over: "entries of the map", source: &about };
            replace(file, html::page(about, &html::by_entries(&all)).as_bytes())
                .with_context(|| format!("{} cannot be written", file.display()))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// What is to be measured, without measuring it.
    fn plan(&self) -> Result<Plan> {
        let (mut workloads, mut paths) = (Vec::new(), Vec::new());
        for name in &self.only {
            if name == "paths" {
                paths.extend(Path::all());
            } else if let Some(w) = Workload::ALL.into_iter().find(|w| w.name() == name) {
                workloads.push(w);
            } else if let Some(p) = Path::all().into_iter().find(|p| p.to_string() == *name) {
                paths.push(p);
            } else {
                let paths: Vec<String> = Path::all().iter().map(Path::to_string).collect();
                let known = Workload::ALL.iter().map(|w| w.name()).chain(paths.iter().map(String::as_str));
                let hint = nearest(name, known).map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                bail!("nothing called {name:?} to measure{hint}");
            }
        }
        if self.only.is_empty() {
            workloads.extend(Workload::ALL);
            if self.key == KeyType::Uint64 {
                paths.extend(Path::all());
            }
        }
        let sizes = match (self.size.is_empty(), self.quick) {
            (false, _) => self.size.clone(),
            (true, false) => SIZES.to_vec(),
            (true, true) => QUICK_SIZES.to_vec(),
        };
        let ops = if self.quick { 1 << 17 } else { 1 << 20 };
        let mut cases = Vec::new();
        for &workload in &workloads {
            for order in [Order::Random, Order::Hot] {
                let wanted = self.keys.as_deref().is_none_or(|k| k == order.name());
                if wanted && (order == Order::Random || workload.has_hot()) {
                    cases.extend(sizes.iter().map(|&n| Case { workload, order, key: self.key, n, ops }));
                }
            }
        }
        let samples = self.samples.map_or(if self.quick { 3 } else { 10 }, usize::from);
        Ok(Plan { cases, paths, isas: self.isas()?, samples, path_ops: if self.quick { 1 << 14 } else { 1 << 17 } })
    }

    fn isas(&self) -> Result<Vec<Isa>> {
        let available = Isa::available();
        if self.isa.is_empty() {
            let mut isas = vec![Isa::Portable];
            isas.extend(available.last().filter(|i| **i != Isa::Portable));
            return Ok(isas);
        }
        let find = |name: &String| {
            available.iter().copied().find(|i| emulated::name(*i) == *name).ok_or_else(|| {
                let names: Vec<String> = available.iter().map(|i| emulated::name(*i)).collect();
                anyhow!("no implementation {name:?} here; there are {}", names.join(", "))
            })
        };
        self.isa.iter().map(find).collect()
    }

    fn runners(&self, plan: &Plan) -> Result<Vec<Box<dyn Runner>>> {
        let mut runners: Vec<Box<dyn Runner>> = plan.isas.iter().map(|&isa| emulated::runner(isa, self.key)).collect();
        if self.inline {
            ensure!(self.key == KeyType::Uint64, "only what is done with uint64 keys can be inlined");
            let isa = *plan.isas.last().expect("there is always one");
            ensure!(isa.can_inline(), "nothing can be inlined with {isa}: that takes avx512");
            runners.push(Inlined::runner(isa));
        }
        if self.batch {
            ensure!(self.key == KeyType::Uint64, "batches are for uint64 keys");
            runners.extend(plan.isas.last().map(|&isa| Batched::runner(isa)));
        }
        if self.hashbrown {
            #[cfg(feature = "hashbrown")]
            runners.extend(gohmap::lab::bench::rust::runners(self.key));
            ensure!(
                cfg!(feature = "hashbrown"),
                "this build has no hashbrown: cargo build --release --features hashbrown"
            );
        }
        for go in &self.go {
            let go = Go::start(go, self.key)?;
            ensure!(!runners.iter().any(|r| r.name() == go.name()), "{} is there twice", go.name());
            runners.push(Box::new(go));
        }
        Ok(runners)
    }
}

/// What an operation of a path costs, in the unit of [`cost`]: half of it is for setting up.
const PATH_COST: f64 = 30.0;

impl Plan {
    fn cost(&self, runners: usize) -> f64 {
        let samples = (runners * (self.samples + 1)) as f64;
        let cases: f64 = self.cases.iter().map(|c| cost(c) * samples).sum();
        cases + PATH_COST * (self.paths.len() * self.isas.len()) as f64 * self.path_ops as f64
    }

    fn sample_path(&self, path: Path, isa: Isa) -> Vec<f64> {
        let mut bench = PathBench::new(path, isa, None);
        // Panics are slow, and nobody needs many.
        let ops = if path == Path::Nil { self.path_ops / 128 } else { self.path_ops };
        bench.run(ops / 8);
        (0..self.samples).map(|_| bench.run(ops).as_nanos() as f64 / ops as f64).collect()
    }
}

/// About how long a sample takes, in no particular unit.
fn cost(case: &Case) -> f64 {
    let ops = if case.workload.builds() { case.n * case.repeats() } else { case.ops };
    let misses = match case.n {
        ..=32_768 => 1.0,
        32_769..=500_000 => 2.0,
        _ => 5.0,
    };
    let each = match case.workload {
        Workload::Build => 3.0,
        Workload::Iterate | Workload::IterateGrowing => 0.5 / misses,
        _ if case.order == Order::Hot => 0.5 / misses,
        _ => 1.0,
    };
    ops as f64 * misses * each
}

/// The GiB that a case needs, if the machine has not as many to spare.
fn too_large(case: &Case, runners: usize) -> Option<usize> {
    /// Of a map that has just grown: an entry's share of a bucket array that is half full, and of the one before; Go's
    /// collector may keep as much again.
    const BYTES_AN_ENTRY: usize = 110;
    let need = case.n * BYTES_AN_ENTRY * runners;
    let info = fs::read_to_string("/proc/meminfo").ok()?;
    let line = info.lines().find_map(|l| l.strip_prefix("MemAvailable:"))?;
    let available = line.trim().trim_end_matches(" kB").parse::<usize>().ok()? << 10;
    (need > available).then_some(need.div_ceil(1 << 30))
}

/// One line of `--json`.
#[derive(Serialize)]
struct Row<'a> {
    benchmark: String,
    workload: Option<&'static str>,
    path: Option<String>,
    keys: Option<&'static str>,
    entries: Option<usize>,
    by: &'a str,
    unit: &'static str,
    samples: &'a [f64],
    median: f64,
    interval: (f64, f64),
    /// How many times as long as ours it takes; absent for ours itself.
    ratio: Option<Ratio>,
}

#[derive(Serialize)]
struct Ratio {
    to: String,
    median: f64,
    interval: (f64, f64),
}

impl<'a> Row<'a> {
    fn of(s: &'a Series, ours: Option<&Series>) -> Self {
        let Median { value, interval } = median(&s.samples);
        let ratio = ours.map(|o| {
            let r = ratio(&s.samples, &o.samples);
            Ratio { to: o.by.clone(), median: r.value, interval: r.interval }
        });
        Self {
            benchmark: s.case.benchmark(),
            workload: Some(s.case.workload.name()),
            path: None,
            keys: Some(s.case.order.name()),
            entries: Some(s.case.n),
            by: &s.by,
            unit: "ns/op",
            samples: &s.samples,
            median: value,
            interval,
            ratio,
        }
    }

    fn of_path(path: Path, by: &'a str, samples: &'a [f64]) -> Self {
        let Median { value, interval } = median(samples);
        Self {
            benchmark: format!("BenchmarkMapAssignPath/path={path}"),
            workload: None,
            path: Some(path.to_string()),
            keys: None,
            entries: None,
            by,
            unit: "ns/op",
            samples,
            median: value,
            interval,
            ratio: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(["6", "1k", "16K", "4M", "256m"].map(size), [6, 1024, 16384, 4 << 20, 256 << 20].map(Ok));
        for bad in ["", "k", "0", "-1", "1.5k", "257M", "1G", "99999999999999999999k"] {
            assert!(size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn each_size_has_the_load_it_is_there_for() {
        for n in SIZES {
            let mut buckets = 1;
            while n > 8.max(13 * buckets / 2) {
                buckets *= 2;
            }
            let load = n as f64 / buckets as f64;
            assert!((3.99..4.01).contains(&load) || (5.9..6.5).contains(&load), "{n}: {load}");
        }
    }
}
