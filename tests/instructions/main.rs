//! How many instructions each way through an assign takes, counted by valgrind, against a bound for each: unlike time, the
//! number is the same on every machine and every day.
//!
//! `bounds.txt` has the bounds. `GOHMAP_BLESS=1 cargo test --release --test instructions` writes it anew, and the difference
//! is what a change costs. Without valgrind, or in a build that is not optimised, nothing is checked, and it is said so.

use gohmap::lab::bench::paths::{Path, PathBench, measured_calls};
use gohmap::map::amd64::Isa;
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

const BOUNDS: &str = include_str!("bounds.txt");
const HEADING: &str = "\
# Instructions of one call, by way through mapassign_fast64 and implementation: the caller's loop and store included,
# what was set up before not. Written by: GOHMAP_BLESS=1 cargo test --release --test instructions
";
/// By how much a bound exceeds what was counted: compilers differ a little.
const SLACK: f64 = 1.03;

/// Those that are counted. A panic is not: unwinding reads whatever the build has in its tables.
fn paths() -> Vec<Path> {
    Path::all().into_iter().filter(|p| *p != Path::Nil).collect()
}

fn main() -> ExitCode {
    let args: Vec<String> = env::args().collect();
    match args.iter().position(|a| a == "--count") {
        Some(i) => count_me(&args[i + 1], &args[i + 2]),
        // Other arguments are the test runner's: there is one test here, and nothing to choose.
        None => check(),
    }
}

/// What valgrind runs: a round of one path.
fn count_me(path: &str, isa: &str) -> ExitCode {
    let Some(isa) = Isa::available().into_iter().find(|i| i.to_string() == isa) else { return ExitCode::from(3) };
    let path = paths().into_iter().find(|p| p.to_string() == path).expect("a path");
    let mut bench = PathBench::new(path, isa, Some(1));
    let (t, assign, calls) = bench.round();
    measured_calls(t, assign, calls);
    println!("{}", calls.len());
    ExitCode::SUCCESS
}

fn check() -> ExitCode {
    if cfg!(debug_assertions) {
        println!(
            "SKIPPED instructions: only an optimised build says something: cargo test --release --test instructions"
        );
        return ExitCode::SUCCESS;
    }
    if Command::new("valgrind").arg("--version").output().is_err() {
        println!("SKIPPED instructions: there is no valgrind here");
        return ExitCode::SUCCESS;
    }
    let (mut text, mut worse) = (HEADING.to_owned(), 0);
    for isa in Isa::available() {
        for path in paths() {
            let bound = bound(path, isa);
            let Some(count) = counted(path, isa) else {
                println!("SKIPPED instructions of {isa}: valgrind's processor has not what it needs");
                break;
            };
            let verdict = match bound {
                Some(bound) if count > bound => "TOO MANY",
                Some(_) => "ok",
                None => "NO BOUND",
            };
            worse += usize::from(verdict != "ok");
            let bound = bound.map_or_else(|| "-".to_owned(), |b| format!("{b:.1}"));
            println!("{path:<18} {isa:<9} {count:>8.1}  bound {bound:>8}  {verdict}", isa = isa.to_string());
            let _ = writeln!(text, "{path:<18} {isa:<9} {:>8.1}", count * SLACK, isa = isa.to_string());
        }
    }
    if env::var_os("GOHMAP_BLESS").is_some() {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/instructions/bounds.txt");
        fs::write(&file, text).expect("the bounds can be written");
        println!("bounds.txt is written");
        return ExitCode::SUCCESS;
    }
    if worse == 0 {
        return ExitCode::SUCCESS;
    }
    println!("{worse} beyond their bounds. If that is what a change costs: GOHMAP_BLESS=1, and say so in the commit.");
    ExitCode::FAILURE
}

fn bound(path: Path, isa: Isa) -> Option<f64> {
    let line = BOUNDS.lines().map(|l| l.split_whitespace().collect::<Vec<_>>());
    let (path, isa) = (path.to_string(), isa.to_string());
    line.into_iter().find(|w| w.len() == 3 && w[0] == path && w[1] == isa).and_then(|w| w[2].parse().ok())
}

/// Instructions per call of a path; nothing where the implementation cannot run under valgrind.
fn counted(path: Path, isa: Isa) -> Option<f64> {
    let out = Command::new("valgrind")
        .args(["--tool=callgrind", "--toggle-collect=*measured_calls*", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().expect("this program's name"))
        .args(["--count", &path.to_string(), &isa.to_string()])
        .output()
        .expect("valgrind starts");
    if out.status.code() == Some(3) {
        return None;
    }
    let (stdout, stderr) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
    let calls: Option<f64> = stdout.trim().parse().ok();
    let total = stderr.lines().find_map(|l| l.split_once("Collected : "));
    match (out.status.success(), calls, total.and_then(|(_, n)| n.trim().parse::<f64>().ok())) {
        (true, Some(calls), Some(total)) => Some(total / calls),
        _ => panic!("{path} by {isa}: {}: {stdout}{stderr}", out.status),
    }
}
