//! The emulated map against real Go, byte for byte, version by version.
//!
//! `recorded_go_agrees` compares with digests of what real Go printed (`recorded.txt`) and needs no Go. `live_go_agrees` runs
//! the same kinds of scripts through every Go toolchain in `GOHMAP_GO` (paths of go binaries, colons between) or the `go` on PATH,
//! and says so when it finds none.

mod families;
mod kinds;
mod scripts;
#[path = "../toolchains/mod.rs"]
mod toolchains;

use gohmap::lab::script::Engine;
use gohmap::lab::toolchain::Toolchain;
use gohmap::map::amd64::Isa;
use gohmap::version::GoVersion;
use scripts::{FAMILIES, script};
use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use toolchains::{build, toolchains};

/// Scripts of a family in `recorded.txt`: enough for every map type, without taking long.
fn recorded(family: &str) -> u64 {
    match family {
        "kinds" | "helpers" => 10,
        "nils" => 5,
        "frozen" => 1,
        _ => 3,
    }
}

fn fnv1a(h: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(h, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
const FNV: u64 = 0xcbf2_9ce4_8422_2325;

/// Output of the emulated map, and the number of operations.
fn emulated(version: GoVersion, isa: Isa, text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut engine = Engine::new(version, isa);
    engine.run(text, |s| out.push_str(s)).unwrap_or_else(|e| panic!("{e}"));
    (out, engine.operations)
}

/// What `recorded.txt` keeps of an output: lines, bytes, digest, and the digest after each of sixteen equal parts, by which a
/// difference can be found roughly.
fn summary(out: &str) -> String {
    let lines: Vec<&str> = out.lines().collect();
    let (mut h, mut parts) = (FNV, String::new());
    for (i, l) in lines.iter().enumerate() {
        h = fnv1a(fnv1a(h, l.as_bytes()), b"\n");
        if (i + 1) * 16 / lines.len() != i * 16 / lines.len() {
            let _ = write!(parts, "{:04x}", h >> 48);
        }
    }
    format!("{} {} {h:016x} {parts}", lines.len(), out.len())
}

fn recorded_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/recorded.txt")
}

/// The implementations that a script runs on: the portable one, and one of the others in turn; or the one that
/// `GOHMAP_ISA` forces.
fn isas(seed: u64) -> Vec<Isa> {
    if std::env::var_os("GOHMAP_ISA").is_some_and(|v| !v.is_empty()) {
        return vec![Isa::chosen().unwrap_or_else(|e| panic!("{e}"))];
    }
    let all = Isa::available();
    let mut of = vec![all[0]];
    if let Some(others) = all.get(1..).filter(|o| !o.is_empty()) {
        of.push(others[seed as usize % others.len()]);
    }
    of
}

/// What has been compared.
#[derive(Clone, Copy, Default)]
struct Tally {
    scripts: usize,
    operations: usize,
    bytes: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.scripts += other.scripts;
        self.operations += other.operations;
        self.bytes += other.bytes;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} scripts, {} operations, {} bytes: no difference", self.scripts, self.operations, self.bytes)
    }
}

/// Does all jobs, as many at a time as there are processors; the answers are in the order of the jobs.
///
/// # Panics
/// With the first job's error, when a job has one.
fn in_parallel<J: Sync, R: Send>(jobs: &[J], work: impl Fn(&J) -> Result<R, String> + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let mut done: Vec<(usize, Result<R, String>)> = std::thread::scope(|s| {
        let worker = || {
            let mut done = Vec::new();
            while let Some((i, job)) = Some(next.fetch_add(1, Relaxed)).and_then(|i| Some((i, jobs.get(i)?))) {
                let answer = work(job);
                if answer.is_err() {
                    next.store(jobs.len(), Relaxed);
                }
                done.push((i, answer));
            }
            done
        };
        let threads: Vec<_> = (0..workers).map(|_| s.spawn(worker)).collect();
        threads.into_iter().flat_map(|t| t.join().expect("a worker")).collect()
    });
    done.sort_by_key(|(i, _)| *i);
    done.into_iter().map(|(_, r)| r.unwrap_or_else(|e| panic!("{e}"))).collect()
}

#[test]
fn recorded_go_agrees() {
    let text = std::fs::read_to_string(recorded_file()).expect("tests/oracle/recorded.txt");
    let lines: Vec<&str> = text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).collect();
    let tallies = in_parallel(&lines, |line| {
        let mut f = line.splitn(4, ' ');
        let mut word = || f.next().expect("four fields");
        let (go, family, seed, want) = (word(), word(), word().parse().expect("a seed"), word());
        let version: GoVersion = go.parse().expect("a version");
        let s = script(family, seed, version.rules().has_clone);
        let mut tally = Tally { scripts: 1, ..Tally::default() };
        for isa in isas(seed) {
            let (out, ops) = emulated(version, isa, &s);
            let got = summary(&out);
            if got != want {
                return Err(format!("Go {go}, {family} script {seed}, {isa}: real Go\n  {want}\nemulated\n  {got}"));
            }
            (tally.operations, tally.bytes) = (ops, out.len());
        }
        Ok(tally)
    });
    let mut all = Tally::default();
    tallies.into_iter().for_each(|t| all.add(t));
    println!("recorded outputs of real Go: {all}");
    let least: u64 = 5 * FAMILIES.iter().map(|(family, _)| recorded(family)).sum::<u64>();
    assert!(all.scripts as u64 >= least, "recorded.txt is not whole: {} of {least}", all.scripts);
}

/// A Go's version as the recording names it.
fn name(go: &Toolchain) -> &str {
    go.release.trim_start_matches("go")
}

/// Real Go's output without its first line, which describes the process.
fn real(exe: &Path, text: &str) -> String {
    let mut child =
        Command::new(exe).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("oracle");
    let mut stdin = child.stdin.take().expect("a pipe");
    let script = text.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
    let out = child.wait_with_output().expect("oracle");
    feeder.join().expect("feeder").expect("the oracle reads its script");
    assert!(out.status.success(), "oracle: {}", String::from_utf8_lossy(&out.stderr));
    let s = String::from_utf8(out.stdout).expect("text");
    s.split_once('\n').expect("a first line").1.to_owned()
}

/// The first line in which two outputs part, with the surroundings of the first differing byte.
fn first_difference(real: &str, ours: &str) -> Option<String> {
    let mut lines = real.lines().zip(ours.lines()).enumerate();
    if let Some((n, (a, b))) = lines.find(|(_, (a, b))| a != b) {
        let at = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
        let cut = |s: &str| s[at.saturating_sub(90)..(at + 90).min(s.len())].to_owned();
        return Some(format!("output line {}: real Go\n  …{}\nemulated\n  …{}", n + 2, cut(a), cut(b)));
    }
    (real.len() != ours.len()).then(|| format!("real Go printed {} bytes, emulated {}", real.len(), ours.len()))
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |v| v.parse().expect("a number"))
}

#[test]
fn live_go_agrees() {
    let toolchains = toolchains();
    if toolchains.is_empty() {
        return;
    }
    let (seed, each) = (env("GOHMAP_SEED", 1000), env("GOHMAP_SCRIPTS", 3));
    let record = std::env::var_os("GOHMAP_RECORD").is_some();
    let only = std::env::var("GOHMAP_FAMILY").ok().filter(|_| !record);
    let mut jobs = Vec::new();
    for (i, t) in toolchains.iter().enumerate() {
        let exe = build(t, "oracle/go", "oracle", &[], None);
        for (family, _) in FAMILIES.iter().filter(|(f, _)| only.as_ref().is_none_or(|only| only == f)) {
            let seeds = match *family {
                f if record => 0..recorded(f),
                "frozen" => seed..seed + each.min(2),
                "large" => seed..seed + each.min(3),
                _ => seed..seed + each,
            };
            jobs.extend(seeds.map(|seed| (i, exe.clone(), *family, seed)));
        }
    }
    let compared = in_parallel(&jobs, |(i, exe, family, seed)| {
        let t = &toolchains[*i];
        let s = script(family, *seed, t.version.rules().has_clone);
        let want = real(exe, &s);
        let mut tally = Tally { scripts: 1, operations: 0, bytes: want.len() };
        for isa in isas(*seed) {
            let (got, ops) = emulated(t.version, isa, &s);
            if let Some(d) = first_difference(&want, &got) {
                return Err(format!("Go {}, {family} script {seed} (GOHMAP_SEED={seed}), {isa}: {d}", name(t)));
            }
            tally.operations = ops;
        }
        Ok((tally, format!("{} {family} {seed} {}\n", name(t), summary(&want))))
    });
    for (i, t) in toolchains.iter().enumerate() {
        let mut of = Tally::default();
        jobs.iter().zip(&compared).filter(|(job, _)| job.0 == i).for_each(|(_, (tally, _))| of.add(*tally));
        println!("Go {}: {of}", name(t));
    }
    if record {
        let mut file = String::from(
            "# Digests of what real Go printed for the scripts of scripts.rs: version, family, seed, lines, bytes, FNV-1a of all,\n\
             # and the high 16 bits of the running digest after each sixteenth.\n",
        );
        compared.iter().for_each(|(_, line)| file.push_str(line));
        std::fs::write(recorded_file(), file).expect("recorded.txt");
    }
}
