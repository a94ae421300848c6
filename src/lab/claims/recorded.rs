//! What real Go says, recorded for machines without Go: the instructions of its functions, what `go vet` reports, and what the
//! reports of its race detector name. The outcomes of programs are in [`programs::recorded`](crate::lab::programs::recorded), in the same format.

use super::run::Runner;
use super::{Experiment, SNIPPETS, built_in, code};
use crate::lab::programs::recorded::{self, Outcome};
use crate::version::GoVersion;
use std::collections::HashMap;
use std::io;
use std::sync::LazyLock;

/// Experiments by name, and what came of them.
pub type Recording = Vec<(String, Vec<Outcome>)>;

/// The first is the one that the others refer to.
const FILES: [(GoVersion, &str); 5] = [
    (GoVersion::V1_22, include_str!("recorded/go1.22.10.txt")),
    (GoVersion::V1_19, include_str!("recorded/go1.19.8.txt")),
    (GoVersion::V1_21, include_str!("recorded/go1.21.13.txt")),
    (GoVersion::V1_23, include_str!("recorded/go1.23.9.txt")),
    (GoVersion::V1_24, include_str!("recorded/go1.24.11-noswiss.txt")),
];

static PARSED: LazyLock<Vec<HashMap<&'static str, Vec<Outcome>>>> = LazyLock::new(|| {
    let mut all: Vec<HashMap<&'static str, Vec<Outcome>>> = Vec::new();
    for (version, text) in FILES {
        let file = recorded::parse(text, all.first());
        all.push(file.unwrap_or_else(|e| panic!("the recording of Go {version} is broken: {e}")));
    }
    all
});

/// The release that was recorded of a version.
pub(super) fn release(version: GoVersion) -> Option<&'static str> {
    FILES.iter().any(|f| f.0 == version).then(|| recorded::release(version)).flatten()
}

/// The release, and what came of the experiment of that name.
pub(super) fn lookup(name: &str, version: GoVersion) -> Option<(&'static str, Vec<Outcome>)> {
    let i = FILES.iter().position(|f| f.0 == version)?;
    Some((release(version)?, PARSED[i].get(name)?.clone()))
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
