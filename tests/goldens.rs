//! Every case of the crashing programs against what real Go was recorded to do: standard error and standard output after
//! the one normalisation (`gohmap::lab::normalise`), and the exit status; each recorded Go version, each recorded value of
//! GOTRACEBACK.
//!
//! What cannot be the same is listed, with the reason, in `tests/goldens/left_out.rs`, and nowhere else.

#[path = "goldens/left_out.rs"]
mod left_out;

use gohmap::lab::programs::child;
use gohmap::lab::programs::recorded::{self, Outcome};
use gohmap::lab::programs::{Case, Compare, LEVELS, cases, find};
use gohmap::version::GoVersion;
use left_out::{LEFT_OUT, left_out};
use libtest_mimic::{Arguments, Failed, Trial};
use std::process::{Command, ExitCode};
use std::time::Duration;

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs of a race in which nothing may happen, before that counts as a failure.
const RACE_TRIES: usize = 4;

fn main() -> ExitCode {
    let args = Arguments::from_args();
    let mut trials = Vec::new();
    for case in cases() {
        for version in recorded::versions().filter(|v| *v >= case.since) {
            trials.push(trial(case, version, ""));
            if case.levels {
                trials.extend(LEVELS.map(|level| trial(case, version, level)));
            }
        }
    }
    trials.push(Trial::test("recordings are complete", complete));
    trials.push(Trial::test("the list of what is left out is no longer than needed", needed));
    libtest_mimic::run(&args, trials).exit_code()
}

fn trial(case: &'static Case, version: GoVersion, level: &'static str) -> Trial {
    let at = if level.is_empty() { String::new() } else { format!("@{level}") };
    let name = format!("{version} {}{at}", case.name);
    let never = recorded::lookup(case, version, level).is_some_and(|r| r.never_ends());
    let ignored = never || left_out(case.name, version).is_some();
    Trial::test(name, move || check(case, version, level)).with_ignored_flag(ignored)
}

/// Every case is recorded for every version that can run it, and nothing else is.
fn complete() -> Result<(), Failed> {
    for v in recorded::versions() {
        for c in cases() {
            let wanted = v >= c.since && left_out(c.name, v).is_none();
            for level in std::iter::once("").chain(LEVELS) {
                let recorded = recorded::lookup(c, v, level).is_some_and(|r| !r.outcomes.is_empty());
                if recorded != (wanted && (level.is_empty() || c.levels)) {
                    return Err(format!("{} with GOTRACEBACK={level:?}, Go {v}: recorded: {recorded}", c.name).into());
                }
            }
        }
    }
    match recorded::names().find(|n| find(n.split('@').next().unwrap_or(n)).is_none()) {
        Some(stale) => Err(format!("{stale} is recorded and does not exist").into()),
        None => Ok(()),
    }
}

/// Each line of the list is about a case that exists, and is recorded if it is about some versions only.
fn needed() -> Result<(), Failed> {
    for l in LEFT_OUT {
        let version = *l.versions.first().unwrap_or(&GoVersion::V1_22);
        let known = cases().any(|c| left_out(c.name, version).is_some_and(|f| f.cases == l.cases));
        if !known || l.why.is_empty() {
            return Err(format!("{} is about nothing", l.cases).into());
        }
    }
    Ok(())
}

fn check(case: &'static Case, version: GoVersion, level: &str) -> Result<(), Failed> {
    let real = recorded::lookup(case, version, level).ok_or("not recorded")?;
    let tries = if case.compare == Compare::Racy { RACE_TRIES } else { 1 };
    let mut ours = None;
    for _ in 0..tries {
        let (outcome, raw) = run(case, version, level)?;
        if real.contains(&outcome) {
            return Ok(());
        }
        let no_race = raw.ends_with("no race hit\n");
        ours = Some(outcome);
        if !no_race {
            break;
        }
    }
    let ours = ours.ok_or("no run")?;
    Err(difference(&ours, real.outcomes).into())
}

/// Runs our program: its outcome, and standard output as it came.
fn run(case: &'static Case, version: GoVersion, level: &str) -> Result<(Outcome, String), Failed> {
    let mut c = Command::new(env!("CARGO_BIN_EXE_gohmap"));
    c.args(["crash", case.name, "--go", version.name()]).env_remove("GOTRACEBACK");
    if !level.is_empty() {
        c.env("GOTRACEBACK", level);
    }
    let e = child::run(c, PATIENCE)?;
    Ok((Outcome::of(case, e.exit, &e.stdout, &e.stderr), e.stdout))
}

/// What is different, against the recorded outcome that is nearest.
fn difference(ours: &Outcome, real: &[Outcome]) -> String {
    let lines = |o: &Outcome| format!("{}\n--- stdout\n{}--- stderr\n{}", o.exit, o.stdout, o.stderr);
    let ours = lines(ours);
    let distance = |o: &Outcome| {
        let real = lines(o);
        let common = real.lines().zip(ours.lines()).take_while(|(a, b)| a == b).count();
        std::cmp::Reverse(common)
    };
    let nearest = real.iter().min_by_key(|o| distance(o)).map(&lines).unwrap_or_default();
    let mut out = format!("not among the {} recorded outcomes; the nearest (real Go -, ours +):\n", real.len());
    let (a, b): (Vec<&str>, Vec<&str>) = (nearest.lines().collect(), ours.lines().collect());
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a[head..].iter().rev().zip(b[head..].iter().rev()).take_while(|(x, y)| x == y).count();
    for l in &a[..head] {
        out.push_str(&format!("  {l}\n"));
    }
    for l in &a[head..a.len() - tail] {
        out.push_str(&format!("- {l}\n"));
    }
    for l in &b[head..b.len() - tail] {
        out.push_str(&format!("+ {l}\n"));
    }
    for l in &a[a.len() - tail..] {
        out.push_str(&format!("  {l}\n"));
    }
    out
}
