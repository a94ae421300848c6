//! `gohmap bench sync`: how fast maps are that threads share.

use super::progress::Progress;
use anyhow::{Context, Result, bail, ensure};
use gohmap::lab::bench::report::benchstat::{Comparison, Summary};
use gohmap::lab::bench::report::{html, text};
use gohmap::lab::bench::sync::article::{ROWS, Verdict};
use gohmap::lab::bench::sync::{Case, Contender, Measured, Mix, SharedMap, charts, emulated, go, run, tables};
use gohmap::lab::file::replace;
use serde::Serialize;
use std::ffi::OsString;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread::available_parallelism;

/// Measure maps that threads share: under a mutex, under a read-write lock, sync.Map, counters
///
/// All threads read and write keys of one map at random; all keys are there. A counter's write adds one. Time is that of all
/// threads together: with more processors it becomes less, unless they wait for each other. Whoever takes part takes one
/// sample in turn; real Gos build a program with the same maps and steps and run it.
///
/// The output is Go benchmark text, for benchstat, and what benchstat would make of it: medians with 95 % intervals, differences
/// with the p-values of the Mann-Whitney U test (`~` for those that may be chance), and geometric means.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap bench sync --quick
  gohmap bench sync --reads 95 --map mutex rwmutex --threads 1 2 4
  gohmap bench sync --go /usr/local/go --html sync.html
  gohmap bench sync --article --go /usr/local/go")]
pub(super) struct Sync {
    /// Shares of reads in percent [default: 0 50 90 95 99 100]
    #[arg(long, value_name = "PERCENT", num_args = 1.., value_parser = clap::value_parser!(u32).range(0..=100))]
    reads: Vec<u32>,
    /// Numbers of keys: with few, threads meet at the same one [default: 16 16384]
    #[arg(long, value_name = "N", num_args = 1.., value_parser = clap::value_parser!(u32).range(1..=1 << 24))]
    keys: Vec<u32>,
    /// Numbers of threads, or goroutines [default: 1, 2, 4, ... and twice the processors]
    #[arg(long, value_name = "N", num_args = 1.., value_parser = clap::value_parser!(u32).range(1..=1024))]
    threads: Vec<u32>,
    /// Maps: mutex, rwmutex, sync.Map, counter; the first one is what the others are compared with [default: all]
    #[arg(long = "map", value_name = "NAME", num_args = 1.., value_parser = map)]
    maps: Vec<SharedMap>,
    /// Real Gos: the go command, or the directory of a Go
    #[arg(long, value_name = "PATH", num_args = 1..)]
    go: Vec<OsString>,
    /// The two tables of the article that this project began from: Mutex and RWMutex at 95 % reads; a locked map and sync.Map
    /// with ten writes a read, and ten reads a write
    #[arg(long, conflicts_with_all = ["reads", "maps"])]
    article: bool,
    /// Samples of each; with six or more, intervals have ends [default: 10]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    samples: Option<u16>,
    /// Three shares, two numbers of threads, short samples: half a minute
    #[arg(long)]
    quick: bool,
    /// One JSON object a line: what was measured, of which map, by whom, all samples, median and interval, and how it compares
    /// with the first map
    #[arg(long)]
    json: bool,
    /// Write a page with curves over the share of reads, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// What a command line asks for.
pub(super) struct Plan {
    cases: Vec<Case>,
    maps: Vec<SharedMap>,
    samples: usize,
}

fn map(name: &str) -> Result<SharedMap, String> {
    let found = SharedMap::ALL.into_iter().find(|m| m.name() == name);
    found.ok_or_else(|| format!("it can be {}", SharedMap::ALL.map(SharedMap::name).join(", ")))
}

/// 1, 2, 4 and so on, up to `most`.
fn powers(most: usize) -> Vec<usize> {
    (0..usize::BITS).map(|i| 1 << i).take_while(|&n| n <= most).collect()
}

impl Sync {
    /// What is to be measured, without measuring it.
    pub(super) fn plan(&self) -> Result<Plan> {
        let or = |given: &[u32], default: Vec<usize>| -> Vec<usize> {
            if given.is_empty() { default } else { given.iter().map(|&n| n as usize).collect() }
        };
        let processors = available_parallelism().map_or(1, |n| n.get());
        let threads = match () {
            () if self.quick => vec![1, processors],
            () if self.article => vec![processors],
            () => powers(2 * processors),
        };
        let mixes: Vec<Mix> = match () {
            () if self.article => ROWS.map(|r| r.mix).to_vec(),
            () if !self.reads.is_empty() => self.reads.iter().map(|&r| Mix::percent(r)).collect(),
            () if self.quick => [0, 95, 100].map(Mix::percent).to_vec(),
            () => [0, 50, 90, 95, 99, 100].map(Mix::percent).to_vec(),
        };
        let keys = if self.article { vec![1024] } else { vec![16, 1 << 14] };
        let ops = if self.quick { 1 << 16 } else { 1 << 19 };
        let mut cases = Vec::new();
        for threads in or(&self.threads, threads) {
            for keys in or(&self.keys, keys.clone()) {
                cases.extend(mixes.iter().map(|&mix| Case { mix, keys, threads, ops }));
            }
        }
        let mut maps = match () {
            () if self.article => vec![SharedMap::Mutex, SharedMap::RwMutex, SharedMap::SyncMap],
            () if self.maps.is_empty() => SharedMap::ALL.to_vec(),
            () => self.maps.clone(),
        };
        let mut seen = Vec::new();
        maps.retain(|m| {
            !seen.contains(m) && {
                seen.push(*m);
                true
            }
        });
        let mut once: Vec<Case> = Vec::new();
        cases.into_iter().for_each(|c| {
            if !once.contains(&c) {
                once.push(c)
            }
        });
        let samples = self.samples.map_or(if self.quick { 6 } else { 10 }, usize::from);
        Ok(Plan { cases: once, maps, samples })
    }

    fn contenders(&self, plan: &Plan) -> Result<Vec<Contender>> {
        let mut all: Vec<Contender> = plan.maps.iter().map(|&m| emulated::contender(m)).collect();
        for go in &self.go {
            let more = go::contenders(go, &plan.maps)?;
            let by = more.first().map_or("", |c| c.by());
            ensure!(!all.iter().any(|c| c.by() == by), "{by} is there twice");
            all.extend(more);
        }
        Ok(all)
    }

    pub(super) fn run(&self) -> Result<ExitCode> {
        let plan = self.plan()?;
        let mut contenders = self.contenders(&plan)?;
        let mut out = stdout().lock();
        if !self.json {
            text::heading(&mut out)?;
        }
        let rounds = contenders.len() * (plan.samples + 1);
        let mut progress = Progress::of(plan.cases.len(), (rounds * plan.cases.len()) as f64, stderr().is_terminal());
        let mut all: Vec<Measured> = Vec::new();
        for case in &plan.cases {
            let name = case.to_string();
            progress.show(&name);
            let measured = run(case, &mut contenders, plan.samples, || {
                progress.pay(1.0);
                progress.show(&name);
            })?;
            progress.step();
            for m in &measured {
                if self.json {
                    let base = measured.iter().find(|b| b.by == m.by).filter(|b| b.map != m.map);
                    writeln!(out, "{}", serde_json::to_string(&Row::of(m, base))?)?;
                } else {
                    text::samples(&mut out, &case.benchmark(m.map), &m.by, case.ops, &m.samples)?;
                }
            }
            all.extend(measured);
        }
        if !self.json {
            for (of, table) in tables(&all) {
                write!(out, "\n{of}\n{}", table.text())?;
            }
            if self.article {
                writeln!(out)?;
                for verdict in ROWS.iter().flat_map(|r| r.verdicts(&all)) {
                    writeln!(out, "{}", told(&verdict))?;
                }
            }
        }
        if let Some(file) = &self.html {
            let source = format!(
                "{}; {} samples of each. Made by gohmap {}.",
                text::cpu().unwrap_or_else(|| "A processor without a name".into()),
                plan.samples,
                env!("CARGO_PKG_VERSION")
            );
            let about = html::About { title: "gohmap bench sync", over: "share of reads", source: &source };
            replace(file, html::page(about, &charts(&all)).as_bytes())
                .with_context(|| format!("{} cannot be written", file.display()))?;
        }
        if all.is_empty() {
            bail!("nothing to measure");
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A row of the article, and what came out here.
fn told(v: &Verdict) -> String {
    let percent = |ratio: f64| format!("{:+.1} %", (ratio - 1.0) * 100.0);
    let agrees = match v.agrees() {
        Some(true) => "the same way",
        Some(false) => "the other way",
        None => "no difference found",
    };
    format!(
        "article {}, {} of {} at reads={}: {}; {}, {} threads: {} ({}), {agrees}",
        v.row.chapter,
        v.row.other.0,
        v.row.base.0,
        v.row.mix,
        percent(v.row.ratio()),
        v.by,
        v.case.threads,
        percent(v.ratio),
        v.comparison.evidence(),
    )
}

/// One line of `--json`.
#[derive(Serialize)]
struct Row<'a> {
    benchmark: String,
    map: &'static str,
    by: &'a str,
    reads: u32,
    writes: u32,
    keys: usize,
    threads: usize,
    unit: &'static str,
    samples: &'a [f64],
    median: f64,
    /// Its ends; null where there are too few samples for one.
    interval: (Option<f64>, Option<f64>),
    /// How it compares with the first map; absent for that.
    versus: Option<Versus>,
}

#[derive(Serialize)]
struct Versus {
    map: &'static str,
    /// This median by that one.
    ratio: f64,
    p: f64,
    /// As benchstat shows it: `-17.20%`, or `~`.
    delta: String,
}

impl<'a> Row<'a> {
    fn of(m: &'a Measured, base: Option<&Measured>) -> Self {
        let Summary { center, low, high } = Summary::of(&m.samples);
        let finite = |end: f64| end.is_finite().then_some(end);
        let versus = base.map(|b| {
            let (c, before) = (Comparison::of(&b.samples, &m.samples), Summary::of(&b.samples).center);
            Versus { map: b.map.name(), ratio: center / before, p: c.p, delta: c.delta(before, center) }
        });
        Self {
            benchmark: m.case.benchmark(m.map),
            map: m.map.name(),
            by: &m.by,
            reads: m.case.mix.reads,
            writes: m.case.mix.writes,
            keys: m.case.keys,
            threads: m.case.threads,
            unit: "ns/op",
            samples: &m.samples,
            median: center,
            interval: (finite(low), finite(high)),
            versus,
        }
    }
}
