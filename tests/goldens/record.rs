//! Records what real Go does with the programs in `tests/goldens/src`:
//!
//!     cargo run --release --example record -- [--missing] /path/to/go/bin/go …
//!
//! One Go toolchain, or several; Go 1.22 first, if it is among them, because the recordings of the others refer to its own.
//! With `--missing` only the cases that are not recorded yet are run.
//! Each program is built and each of its cases run in processes of their own: a few when the outcome has to be the same
//! every time, more when the hash or the scheduler decides. The recordings go to `src/lab/programs/recorded`, and what
//! `src/lab/claims` asks of real Go itself to `src/lab/claims/recorded`.

#[path = "left_out.rs"]
mod left_out;

use anyhow::{Context, Result, bail, ensure};
use gohmap::lab::child::Ran;
use gohmap::lab::claims::{self, Runner};
use gohmap::lab::programs::originals::Originals;
use gohmap::lab::programs::recorded::{Exit, Outcome, lookup, write};
use gohmap::lab::programs::{Case, Compare, LEVELS, cases};
use gohmap::lab::toolchain::Toolchain;
use gohmap::version::GoVersion;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

const MOST_RUNS: usize = 500;
const PATIENCE: Duration = Duration::from_secs(10);

type Recording = Vec<(String, Vec<Outcome>)>;

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut toolchains: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let missing = toolchains.first().is_some_and(|a| a.as_os_str() == "--missing");
    if missing {
        toolchains.remove(0);
    }
    ensure!(!toolchains.is_empty(), "usage: record [--missing] GO [GO…]");
    let (mut base, mut base_told) = (recorded_base(), claims::Recording::new());
    for go in toolchains {
        let toolchain = Toolchain::find(go.as_os_str())?;
        let (name, version) = (toolchain.release.clone(), toolchain.version);
        eprintln!("== {name}");
        let originals = Originals::build(toolchain, || {})?;
        if let Some(why) = &originals.no_cgo {
            bail!("{why}");
        }
        let recording = record(&originals, missing)?;
        let title = format!("What {name} does with the programs of tests/goldens/src.");
        let is_base = version == GoVersion::V1_22;
        let text = write(&title, &recording, if is_base { &[] } else { &base });
        let file = root.join("src/lab/programs/recorded").join(format!("{name}.txt"));
        std::fs::create_dir_all(file.parent().context("a folder")?)?;
        std::fs::write(&file, text)?;
        if is_base {
            base = recording;
        }
        let told = claims::record(&mut Runner::beside(PathBuf::new(), originals))?;
        let title = format!("What {name} does with what src/lab/claims asks of it.");
        let text = write(&title, &told, if is_base { &[] } else { &base_told });
        std::fs::write(root.join("src/lab/claims/recorded").join(format!("{name}.txt")), text)?;
        if is_base {
            base_told = told;
        }
    }
    Ok(())
}

/// What there is of Go 1.22, to which other recordings refer.
fn recorded_base() -> Recording {
    let levels = || std::iter::once("").chain(LEVELS);
    let all = cases().flat_map(|c| levels().map(move |l| (c, l)));
    all.filter_map(|(c, l)| Some((name(c, l), lookup(c, GoVersion::V1_22, l)?.outcomes.to_vec()))).collect()
}

fn name(case: &Case, level: &str) -> String {
    if level.is_empty() { case.name.to_owned() } else { format!("{}@{level}", case.name) }
}

/// Runs every case that this version knows, on two threads; with `missing`, only those that are not recorded.
fn record(originals: &Originals, missing: bool) -> Result<Recording> {
    let version = originals.toolchain.version;
    let mut jobs: Vec<(&Case, &str)> = Vec::new();
    for c in cases() {
        if let Some(l) = left_out::left_out(c.name, version) {
            eprintln!("{} is left out: {}", c.name, l.why);
            continue;
        }
        jobs.push((c, ""));
        if c.levels {
            jobs.extend(LEVELS.map(|l| (c, l)));
        }
    }
    let next = std::sync::atomic::AtomicUsize::new(0);
    let worker = || -> Result<Vec<(usize, Vec<Outcome>)>> {
        let mut done = Vec::new();
        loop {
            let i = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let Some((case, level)) = jobs.get(i) else { return Ok(done) };
            let known = lookup(case, version, level).filter(|_| missing).map(|r| r.outcomes.to_vec());
            let found = if known.is_some() { known } else { outcomes(originals, case, level)? };
            if let Some(outcomes) = found {
                done.push((i, outcomes));
            }
        }
    };
    let mut all = std::thread::scope(|s| -> Result<Vec<_>> {
        let threads = [s.spawn(worker), s.spawn(worker)];
        let mut all = Vec::new();
        for t in threads {
            all.extend(t.join().map_err(|_| anyhow::anyhow!("a worker died"))??);
        }
        Ok(all)
    })?;
    all.sort_by_key(|(i, _)| *i);
    Ok(all.into_iter().map(|(i, o)| (name(jobs[i].0, jobs[i].1), o)).collect())
}

/// The outcomes of enough runs; none when the program has no such case.
fn outcomes(originals: &Originals, case: &Case, level: &str) -> Result<Option<Vec<Outcome>>> {
    // As often as it takes until so many runs in a row have brought nothing new.
    let quiet = match case.compare {
        Compare::Exact | Compare::Figures => 3,
        Compare::Scattered => 30,
        Compare::Racy => 8,
    };
    let mut seen = Vec::new();
    let mut set = BTreeSet::new();
    let mut left = quiet;
    for _ in 0..MOST_RUNS {
        if left == 0 {
            break;
        }
        let ran = originals.run(case, level, PATIENCE, || {});
        let Ran { exit, stdout, stderr } = ran.with_context(|| format!("running {}", case.name))?;
        if exit == Exit::Code(99) && stderr == "no such case\n" {
            return Ok(None);
        }
        left -= 1;
        let o = Outcome::of(case, exit, &stdout, &stderr);
        if exit == Exit::Never {
            return Ok(Some(vec![Outcome { stdout: String::new(), stderr: String::new(), ..o }]));
        }
        if set.insert(format!("{o:?}")) {
            seen.push(o);
            left = quiet;
        }
    }
    if quiet == 3 && seen.len() > 1 {
        eprintln!("{} does not end the same way every time: {seen:#?}", case.name);
    }
    ensure!(!seen.is_empty(), "{} never ended in a way of its own", case.name);
    if seen.len() > 3 {
        eprintln!("{}: {} outcomes", case.name, seen.len());
    }
    Ok(Some(seen))
}
