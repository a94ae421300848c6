//! What an article claims about Go's maps, put to the test.
//!
//! A [`Claim`] is a sentence with tests: each names an experiment and what of its outcome the claim predicts. The experiment
//! runs here and under real Go, or real Go's outcome is taken from a recording; the verdict is computed from how many
//! predictions came true. The claims are TOML, in the files beside this one:
//!
//! ```toml
//! [[claim]]
//! name = "len-sets-off-the-check"   # unique
//! place = "signal 1"                # where the article has it
//! says = "len() alone can set off the check for concurrent writes"
//! tests = [                         # or cannot = "why it cannot be run"
//!   { program = "concurrent.det_len64", stderr = "fatal error: concurrent map" },
//! ]
//! ```
//!
//! An experiment is a `program` of [`programs`], at a `level` of GOTRACEBACK if there is one; `code`, a look
//! at the instructions of a function of Go's runtime; `vet`, what `go vet` says of a snippet; `speed`, a program whose
//! samples are compared; `race`, a program of [`races`] under the race detector; or `explore`, a scenario of
//! [`explore`](super::explore), every schedule of it. What a test may predict is in [`Prediction`].

mod code;
mod explore;
mod judge;
mod race;
mod recorded;
mod run;
pub mod truth;
mod vet;

pub use judge::{Judged, JudgedTest, Verdict, judge};
pub use recorded::{Recording, record};
pub use run::{Runner, Seen};
pub use vet::{SNIPPETS, Snippet};

use super::explore::Scenario;
use super::programs::recorded::Outcome;
use super::programs::{self, Case};
use super::races::{self, PROGRAMS};
use crate::lab::bench::report::stats::{Median, median};
use crate::version::GoVersion;
use serde::Deserialize;

/// The files, in the article's order.
const FILES: [&str; 5] = [
    include_str!("signals.toml"),
    include_str!("nil.toml"),
    include_str!("concurrency.toml"),
    include_str!("memory.toml"),
    include_str!("counting.toml"),
];

/// Something that the article says, or that follows if it is right.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Its name.
    pub name: String,
    /// Where the article has it.
    pub place: String,
    /// The claim, in a sentence without its full stop.
    pub says: String,
    /// Why nothing of it can be run.
    pub cannot: Option<String>,
    /// What it predicts.
    pub tests: Vec<Test>,
}

/// An experiment, and what the claim says will come of it.
#[derive(Clone, Debug)]
pub struct Test {
    /// What is run.
    pub experiment: Experiment,
    /// What is predicted.
    pub prediction: Prediction,
}

/// What is run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Experiment {
    /// A program, with this GOTRACEBACK (`""`: unset).
    Program(&'static str, &'static str),
    /// The instructions at the start of a function of Go's runtime, where it tests a register for zero first.
    Code(&'static str),
    /// What `go vet` says of a snippet.
    Vet(&'static str),
    /// A program that prints samples of its speed.
    Speed(&'static str),
    /// A program with a data race, under the race detector.
    Race(races::Program),
    /// Every schedule of a scenario, which real Go cannot go through.
    Explore(Scenario),
}

impl Experiment {
    /// The case that is run, if it is a program.
    #[must_use]
    pub fn case(&self) -> Option<&'static Case> {
        match self {
            Self::Program(name, _) | Self::Speed(name) => programs::find(name),
            Self::Code(_) | Self::Vet(_) | Self::Race(_) | Self::Explore(_) => None,
        }
    }

    /// The oldest Go that has what it needs, if it is a program.
    fn since(&self) -> Option<GoVersion> {
        if let Self::Race(program) = self { Some(program.since()) } else { self.case().map(|c| c.since) }
    }

    /// What it is called in recordings.
    fn recorded_name(&self) -> Option<String> {
        match self {
            Self::Program(..) | Self::Speed(_) | Self::Explore(_) => None,
            Self::Race(program) => Some(format!("race.{program}")),
            Self::Code(function) => Some(format!("code.{function}")),
            Self::Vet(snippet) => Some(format!("vet.{snippet}")),
        }
    }
}

impl std::fmt::Display for Experiment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Program(case, "") | Self::Speed(case) => f.write_str(case),
            Self::Program(case, level) => write!(f, "{case} with GOTRACEBACK={level}"),
            Self::Race(program) => write!(f, "{program}, built with -race"),
            Self::Explore(scenario) => write!(f, "every schedule of {scenario}"),
            Self::Code(function) => write!(f, "the instructions of {function}"),
            Self::Vet(snippet) => write!(f, "go vet on {snippet}.go"),
        }
    }
}

/// What is to be true of an outcome. All that is set has to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prediction {
    /// The exit status.
    pub exit: Option<i32>,
    /// A part of standard output.
    pub stdout: Option<String>,
    /// No part of standard output.
    pub no_stdout: Option<String>,
    /// A part of standard error.
    pub stderr: Option<String>,
    /// No part of standard error.
    pub no_stderr: Option<String>,
    /// The last digits of the fault's address.
    pub address_ends: Option<String>,
    /// Of two series of samples the one that is faster, and the other: their 95 % intervals do not even touch.
    pub faster: Option<(String, String)>,
}

impl Prediction {
    /// Whether an outcome is as predicted.
    #[must_use]
    pub fn is_true_of(&self, o: &Outcome) -> bool {
        let part = |part: &Option<String>, of: &str| part.as_ref().is_none_or(|p| of.contains(p.as_str()));
        let none = |part: &Option<String>, of: &str| part.as_ref().is_none_or(|p| !of.contains(p.as_str()));
        self.exit.is_none_or(|n| o.exit == programs::recorded::Exit::Code(n))
            && part(&self.stdout, &o.stdout)
            && part(&self.stderr, &o.stderr)
            && none(&self.no_stdout, &o.stdout)
            && none(&self.no_stderr, &o.stderr)
            && self.address_ends.as_ref().is_none_or(|end| fault_address(o).is_some_and(|a| a.ends_with(end.as_str())))
            && (self.faster.is_none() || matches!(*self.speeds(o), [(_, a), (_, b)] if a.interval.1 < b.interval.0))
    }

    /// The medians of the two series that are compared, the one that should be faster first.
    #[must_use]
    pub fn speeds(&self, o: &Outcome) -> Vec<(&str, Median)> {
        let names = self.faster.iter().flat_map(|(a, b)| [a, b]);
        names.filter_map(|name| Some((name.as_str(), median(&samples(o, name)?)))).collect()
    }

    /// The prediction in words: `standard error has "fatal error"`.
    #[must_use]
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        words.extend(self.exit.map(|n| format!("exit status {n}")));
        let texts = [
            (&self.stdout, "standard output has"),
            (&self.no_stdout, "standard output has not"),
            (&self.stderr, "standard error has"),
            (&self.no_stderr, "standard error has not"),
            (&self.address_ends, "the fault's address ends in"),
        ];
        words.extend(texts.into_iter().filter_map(|(text, what)| Some(format!("{what} {:?}", text.as_ref()?))));
        words.extend(self.faster.as_ref().map(|(a, b)| format!("{a} is faster than {b}, by intervals of 95 %")));
        words.join(", ")
    }

    /// The line of an outcome that the prediction is about, in as far as one is.
    #[must_use]
    pub fn line<'o>(&self, o: &'o Outcome) -> &'o str {
        if self.address_ends.is_some() {
            return o.stderr.lines().find(|l| l.starts_with("unexpected fault address ")).unwrap_or_default();
        }
        // The line with the text, or else the one that has most of its words.
        let like = |text: &'o str, part: &str| {
            let first = part.lines().next().unwrap_or_default();
            let alike = |l: &str| first.split_whitespace().filter(|w| l.split_whitespace().any(|v| v == *w)).count();
            let most = text.lines().map(alike).max().filter(|n| *n > 0);
            text.lines().find(|l| l.contains(first)).or_else(|| text.lines().find(|l| Some(alike(l)) == most))
        };
        let out = self.stdout.as_ref().or(self.no_stdout.as_ref()).and_then(|part| like(&o.stdout, part));
        let err = self.stderr.as_ref().and_then(|part| o.stderr.lines().find(|l| l.contains(part.as_str())));
        let first = |text: &'o str| text.lines().find(|l| !l.starts_with("about: "));
        out.or(err).or_else(|| first(&o.stderr)).or_else(|| first(&o.stdout)).unwrap_or_default()
    }
}

/// The address of a fault, as the report has it.
fn fault_address(o: &Outcome) -> Option<&str> {
    o.stderr.lines().find_map(|l| l.strip_prefix("unexpected fault address "))
}

/// What part `n` is of so many: all of them, some or none.
fn share<N: PartialEq + Default>(n: &N, of: &N) -> &'static str {
    if n == of {
        "all"
    } else if *n == N::default() {
        "none"
    } else {
        "some"
    }
}

/// The samples of one name, from a line `about: NAME ns: 1.5 1.6 …`.
fn samples(o: &Outcome, name: &str) -> Option<Vec<f64>> {
    let head = format!("about: {name} ns: ");
    let line = o.stdout.lines().find_map(|l| l.strip_prefix(head.as_str()))?;
    line.split(' ').map(|s| s.parse().ok()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    claim: Vec<RawClaim>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawClaim {
    name: String,
    place: String,
    says: String,
    cannot: Option<String>,
    #[serde(default)]
    tests: Vec<RawTest>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawTest {
    program: Option<String>,
    level: Option<String>,
    code: Option<String>,
    vet: Option<String>,
    speed: Option<String>,
    race: Option<String>,
    explore: Option<String>,
    exit: Option<i32>,
    stdout: Option<String>,
    no_stdout: Option<String>,
    stderr: Option<String>,
    no_stderr: Option<String>,
    address_ends: Option<String>,
    faster: Option<String>,
    than: Option<String>,
}

impl RawTest {
    fn read(self) -> Result<Test, String> {
        let case = |name: &str| programs::find(name).map(|c| c.name);
        let named = [&self.program, &self.code, &self.vet, &self.speed, &self.race, &self.explore];
        let named: Vec<&String> = named.into_iter().flatten().collect();
        let [name] = *named else { return Err("a test has one experiment".to_owned()) };
        let experiment = if self.program.is_some() {
            let level = self.level.as_deref().unwrap_or_default();
            let level = programs::LEVELS.into_iter().chain([""]).find(|l| *l == level).ok_or("no such level")?;
            case(name).map(|name| Experiment::Program(name, level))
        } else if self.code.is_some() {
            code::FUNCTIONS.iter().find(|f| *f == name).map(|f| Experiment::Code(f))
        } else if self.vet.is_some() {
            SNIPPETS.iter().find(|s| s.name == *name).map(|s| Experiment::Vet(s.name))
        } else if self.speed.is_some() {
            case(name).map(Experiment::Speed)
        } else if self.race.is_some() {
            PROGRAMS.iter().find(|p| p.to_string() == *name).map(|p| Experiment::Race(*p))
        } else {
            name.parse().ok().map(Experiment::Explore)
        };
        let experiment = experiment.ok_or_else(|| format!("there is no {name:?}"))?;
        let name = name.clone();
        let prediction = Prediction {
            exit: self.exit,
            stdout: self.stdout,
            no_stdout: self.no_stdout,
            stderr: self.stderr,
            no_stderr: self.no_stderr,
            address_ends: self.address_ends,
            faster: self.faster.zip(self.than),
        };
        if prediction == Prediction::default() {
            return Err(format!("nothing is predicted of {name:?}"));
        }
        Ok(Test { experiment, prediction })
    }
}

fn parse(source: &str) -> Result<Vec<Claim>, String> {
    let file: File = toml::from_str(source).map_err(|e| e.to_string())?;
    let claim = |raw: RawClaim| {
        let wrong = |e: String| format!("{}: {e}", raw.name);
        // Without assembly there is no C code either, so its programs are not there.
        let here = |t: &RawTest| cfg!(gohmap_asm) || !t.program.as_ref().is_some_and(|p| p.starts_with("cgo."));
        let tests: Vec<Test> =
            raw.tests.into_iter().filter(here).map(RawTest::read).collect::<Result<_, _>>().map_err(wrong)?;
        Ok(Claim { name: raw.name, place: raw.place, says: raw.says, cannot: raw.cannot, tests })
    };
    file.claim.into_iter().map(claim).collect()
}

/// Every claim, in the article's order.
///
/// # Panics
/// Never: a test reads them all.
#[must_use]
pub fn built_in() -> Vec<Claim> {
    FILES.iter().flat_map(|text| parse(text).unwrap_or_else(|e| panic!("{e}"))).collect()
}

#[cfg(test)]
mod tests;
