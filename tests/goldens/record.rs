//! Records what real Go does with the programs in `tests/goldens/src`:
//!
//!     cargo run --release --example record -- [--missing] /path/to/go/bin/go …
//!
//! One Go toolchain, or several; Go 1.22 first, if it is among them, because the recordings of the others refer to its own.
//! With `--missing` only the cases that are not recorded yet are run.
//! Each program is built and each of its cases run in processes of their own: a few when the outcome has to be the same
//! every time, more when the hash or the scheduler decides. The recordings go to `src/lab/programs/recorded`.

#[path = "left_out.rs"]
mod left_out;

use anyhow::{Context, Result, ensure};
use gohmap::lab::programs::child::{self, Ended};
use gohmap::lab::programs::recorded::{Exit, Outcome, lookup, write};
use gohmap::lab::programs::{Case, Compare, LEVELS, cases};
use gohmap::version::GoVersion;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
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
    let work = root.join("target/record");
    let mut base = recorded_base();
    for go in toolchains {
        let version = Command::new(&go).arg("version").env("GOTOOLCHAIN", "local").output()?;
        let version = String::from_utf8(version.stdout)?;
        let version = version.split(' ').nth(2).context("what does `go version` say?")?.to_owned();
        let noswiss = version.starts_with("go1.24") || version.starts_with("go1.25");
        let name = if noswiss { format!("{version}-noswiss") } else { version.clone() };
        eprintln!("== {name}");
        let bin = work.join(&name);
        build(&go, &version, noswiss, &root.join("tests/goldens/src"), &bin)?;
        let recording = record(&bin, name.parse()?, missing)?;
        let title = format!("What {name} does with the programs of tests/goldens/src.");
        let is_base = version.starts_with("go1.22.");
        let text = write(&title, &recording, if is_base { &[] } else { &base });
        let file = root.join("src/lab/programs/recorded").join(format!("{name}.txt"));
        std::fs::create_dir_all(file.parent().context("a folder")?)?;
        std::fs::write(&file, text)?;
        if is_base {
            base = recording;
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

/// Builds every program into `bin`, with the toolchain's own language version.
fn build(go: &Path, version: &str, noswiss: bool, src: &Path, bin: &Path) -> Result<()> {
    std::fs::create_dir_all(bin)?;
    let language = version.trim_start_matches("go").splitn(3, '.').take(2).collect::<Vec<_>>().join(".");
    let modfile = bin.join("go.mod");
    std::fs::write(&modfile, format!("module goldens\n\ngo {language}\n"))?;
    for dir in std::fs::read_dir(src)? {
        let dir = dir?.path();
        if !dir.join("main.go").exists() {
            continue;
        }
        let mut c = Command::new(go);
        c.current_dir(&dir).arg("build").arg("-trimpath").arg(format!("-modfile={}", modfile.display()));
        c.arg("-o").arg(bin.join(dir.file_name().context("a name")?));
        c.env("GOTOOLCHAIN", "local").env("GOFLAGS", "-mod=mod").env("GOPROXY", "off").env("CGO_ENABLED", "1");
        if noswiss {
            // Newer linkers refuse references to the runtime's functions, on which the `done_…` cases rest.
            c.env("GOEXPERIMENT", "noswissmap").arg("-ldflags=-checklinkname=0");
        }
        ensure!(c.arg(".").status()?.success(), "go build in {}", dir.display());
    }
    Ok(())
}

/// Runs every case that this version knows, on two threads; with `missing`, only those that are not recorded.
fn record(bin: &Path, version: GoVersion, missing: bool) -> Result<Recording> {
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
            let found = if known.is_some() { known } else { outcomes(bin, case, level)? };
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
fn outcomes(bin: &Path, case: &Case, level: &str) -> Result<Option<Vec<Outcome>>> {
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
        let Ended { exit, stdout, stderr } = run(&bin.join(case.program()), case.short_name(), level)?;
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

/// Runs one case.
fn run(program: &Path, case: &str, level: &str) -> Result<Ended> {
    let mut c = Command::new(program);
    c.arg(case).env_remove("GOTRACEBACK").env_remove("GODEBUG").env_remove("GOGC");
    if !level.is_empty() {
        c.env("GOTRACEBACK", level);
    }
    child::run(c, PATIENCE).with_context(|| format!("running {}", program.display()))
}
