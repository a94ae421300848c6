//! What real Go said of this folder's programs, for every version: the reports, [normalised](super::normalise), and the exit
//! status. The format is that of [`programs::recorded`](crate::lab::programs::recorded); a case is named `PROGRAM@FORM`.
//!
//! Made by `cargo run --example record_races -- /path/to/go …` from `tests/race_detector/go`.

use super::{Form, Program, WITH_GORACE, normalise};
use crate::lab::programs::recorded::{Exit, Outcome, Recordings, recordings};
use crate::version::GoVersion;

static RECORDED: Recordings = recordings!();

/// The versions that are recorded.
pub fn versions() -> impl Iterator<Item = GoVersion> {
    RECORDED.versions()
}

/// The name that a form of a program is recorded by.
#[must_use]
pub fn name(program: &Program, form: Form) -> String {
    format!("{program}@{form}")
}

/// The name that [`WITH_GORACE`] with this `GORACE` is recorded by. Names have no blanks.
#[must_use]
pub fn gorace_name(value: &str) -> String {
    format!("{WITH_GORACE}@GORACE={}", value.replace(' ', "␣").replace('\t', "␉"))
}

/// What is compared of a run of either Go's program or ours.
#[must_use]
pub fn outcome(exit: Exit, stdout: &str, stderr: &str) -> Outcome {
    Outcome { exit, stdout: stdout.to_owned(), stderr: normalise(stderr) }
}

/// What real Go of this release line said of the program, and its exact version.
#[must_use]
pub fn lookup(program: &Program, form: Form, version: GoVersion) -> Option<(&'static str, &'static Outcome)> {
    of_name(&name(program, form), version)
}

/// The same of [`WITH_GORACE`] with this `GORACE`.
#[must_use]
pub fn lookup_gorace(value: &str, version: GoVersion) -> Option<(&'static str, &'static Outcome)> {
    of_name(&gorace_name(value), version)
}

fn of_name(name: &str, version: GoVersion) -> Option<(&'static str, &'static Outcome)> {
    let (release, outcomes) = RECORDED.lookup(name, version)?;
    Some((release, outcomes.first()?))
}
