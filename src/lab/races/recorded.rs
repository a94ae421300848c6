//! What real Go said of this folder's programs, for every version: the reports, [normalised](super::normalise), and the exit
//! status. The format is that of [`programs::recorded`](crate::lab::programs::recorded); a case is named `PROGRAM@FORM`.
//!
//! Made by `cargo run --example record_races -- /path/to/go …` from `tests/race_detector/go`.

use super::{Form, Program, normalise};
use crate::lab::programs::recorded::{Exit, File, Outcome, parse};
use crate::version::GoVersion;
use std::sync::LazyLock;

macro_rules! files {
    ($($version:ident $name:literal $file:literal;)*) => {
        /// The recorded versions: which rules they are, their exact name, their text.
        static FILES: &[(GoVersion, &str, &str)] = &[
            $((GoVersion::$version, $name, include_str!(concat!("recorded/", $file)))),*
        ];
    };
}
files! {
    V1_22 "go1.22.10" "go1.22.10.txt";
    V1_19 "go1.19.8" "go1.19.8.txt";
    V1_21 "go1.21.13" "go1.21.13.txt";
    V1_23 "go1.23.9" "go1.23.9.txt";
    V1_24 "go1.24.11 (noswissmap)" "go1.24.11-noswiss.txt";
}

static PARSED: LazyLock<Vec<File>> = LazyLock::new(|| {
    let mut all: Vec<File> = Vec::new();
    for (_, name, text) in FILES {
        let file = parse(text, all.first()).unwrap_or_else(|e| panic!("the recording of {name} is broken: {e}"));
        all.push(file);
    }
    all
});

/// The versions that are recorded.
pub fn versions() -> impl Iterator<Item = GoVersion> {
    FILES.iter().map(|f| f.0)
}

/// The name that a form of a program is recorded by.
#[must_use]
pub fn name(program: &Program, form: Form) -> String {
    format!("{program}@{form}")
}

/// What is compared of a run of either Go's program or ours.
#[must_use]
pub fn outcome(exit: Exit, stdout: &str, stderr: &str) -> Outcome {
    Outcome { exit, stdout: stdout.to_owned(), stderr: normalise(stderr) }
}

/// What real Go of this release line said of the program, and its exact version.
#[must_use]
pub fn lookup(program: &Program, form: Form, version: GoVersion) -> Option<(&'static str, &'static Outcome)> {
    let i = FILES.iter().position(|f| f.0 == version)?;
    Some((FILES[i].1, PARSED[i].get(name(program, form).as_str())?.first()?))
}
