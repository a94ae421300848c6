//! What real Go says, recorded for machines without Go: the instructions of its functions, what `go vet` reports, and what the
//! reports of its race detector name. The outcomes of programs are in [`programs::recorded`](crate::lab::programs::recorded), in the same format.

use super::run::Runner;
use super::{Experiment, SNIPPETS, built_in, code};
use crate::lab::programs::recorded::{Outcome, Recordings, recordings};
use crate::version::GoVersion;
use std::io;

/// Experiments by name, and what came of them.
pub type Recording = Vec<(String, Vec<Outcome>)>;

static RECORDED: Recordings = recordings!();

/// The release that was recorded of a version.
pub(super) fn release(version: GoVersion) -> Option<&'static str> {
    RECORDED.release(version)
}

/// The release, and what came of the experiment of that name.
pub(super) fn lookup(name: &str, version: GoVersion) -> Option<(&'static str, Vec<Outcome>)> {
    let (release, outcomes) = RECORDED.lookup(name, version)?;
    Some((release, outcomes.to_vec()))
}

/// Runs what is recorded here under the real Go of a runner.
///
/// # Errors
/// When it cannot be run.
pub fn record(runner: &mut Runner) -> io::Result<Recording> {
    let snippets = SNIPPETS.iter().map(|s| Experiment::Vet(s.name));
    let races = built_in().into_iter().flat_map(|c| c.tests).map(|t| t.experiment);
    let races = races.filter(|e| matches!(e, Experiment::Race(_)));
    let mut recording = Recording::new();
    for e in code::FUNCTIONS.into_iter().map(Experiment::Code).chain(snippets).chain(races) {
        let name = e.recorded_name().filter(|name| recording.iter().all(|known| known.0 != *name));
        if let (Some(name), Some(seen)) = (name, runner.real(&e, &mut || {})?) {
            recording.push((name, seen.outcomes));
        }
    }
    Ok(recording)
}
