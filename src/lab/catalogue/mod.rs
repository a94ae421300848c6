//! Experiments as TOML: a map, what is done to it, faults with their moments, and what is expected to come of it.
//!
//! ```toml
//! [[experiment]]
//! name = "concurrent-read"
//! about = "Reads while another goroutine writes"
//! map = "small"                     # nil, empty, small, ... as in campaigns
//! type = "u64"                      # u64, u32, str, arr; u64 when nothing is said
//! go = "1.22"                       # the version
//! steps = ["read 3"]                # or script = """...""": lines of an oracle script
//! look = false                      # without the look at the whole map at the end
//! panic-on-fault = true             # under debug.SetPanicOnFault
//! faults = [{ step = 1, at = "before", target = "header.flags", model = "=4" }]
//! expect = { outcome = "fatal", detail = "concurrent map read and map write" }
//! ```
//!
//! `at` is `before`, `after`, `stepN`, or the name of a probe step such as `evacuate-slot`, perhaps with a number: `next 2` is the
//! second of that kind; or `touch:OBJECT`, right before the object is accessed first. The built-in ones are in the files beside this one.

use crate::lab::experiment::moment::StepKind;
use crate::lab::experiment::rig::Way;
use crate::lab::experiment::workload::{Operation, from_script};
use crate::lab::experiment::{At, Class, Fault, KeyKind, Lab, Moment, Outcome, Rig, Scenario, Shape, Workload};
use crate::version::GoVersion;
use serde::Deserialize;
use std::fmt;
use std::ops::Range;
use toml::Spanned;

/// The built-in files.
const FILES: [(&str, &str); 6] = [
    ("nil.toml", include_str!("nil.toml")),
    ("concurrent.toml", include_str!("concurrent.toml")),
    ("pages.toml", include_str!("pages.toml")),
    ("pointers.toml", include_str!("pointers.toml")),
    ("tampering.toml", include_str!("tampering.toml")),
    ("moments.toml", include_str!("moments.toml")),
];

/// What is wrong with a file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}:{column}: {what}")]
pub struct CatalogueError {
    /// Its name.
    pub file: String,
    /// Number of the line, from 1.
    pub line: usize,
    /// Number of the character in it, from 1.
    pub column: usize,
    /// What is wrong there.
    pub what: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    experiment: Vec<Raw>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Raw {
    name: Spanned<String>,
    about: String,
    go: Option<Spanned<String>>,
    map: Option<Spanned<String>>,
    r#type: Option<Spanned<String>>,
    steps: Option<Vec<Spanned<String>>>,
    script: Option<Spanned<String>>,
    #[serde(default)]
    faults: Vec<RawFault>,
    look: Option<bool>,
    panic_on_fault: Option<bool>,
    expect: Option<RawExpect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFault {
    step: Option<Spanned<u16>>,
    at: Option<Spanned<String>>,
    target: Spanned<String>,
    model: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawExpect {
    outcome: Spanned<String>,
    detail: Option<String>,
    evidence: Option<String>,
    address: Option<String>,
}

/// When a fault strikes: a moment, or a step by its kind.
#[derive(Clone, Copy, Debug)]
enum When {
    At(At),
    Kind(StepKind, usize),
}

#[derive(Clone, Debug)]
struct PlannedFault {
    op: u16,
    when: When,
    target: String,
    model: String,
    /// Where it stands in the file.
    span: Range<usize>,
}

/// What is expected.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The class.
    pub outcome: Class,
    /// What kind of it, exactly.
    pub detail: Option<String>,
    /// A part of what tells.
    pub evidence: Option<String>,
    /// Address of the fault.
    pub address: Option<String>,
}

/// An experiment.
#[derive(Clone, Debug)]
pub struct Experiment {
    /// Its name.
    pub name: String,
    /// What it shows, in a sentence.
    pub about: String,
    /// The Go version.
    pub version: GoVersion,
    /// The map, and what is done.
    pub scenario: Scenario,
    way: Way,
    faults: Vec<PlannedFault>,
    /// What is expected, if anything is.
    pub expect: Option<Expectation>,
    file: String,
    source: std::sync::Arc<str>,
}

/// Where a byte of a text is.
fn position(file: &str, source: &str, at: usize, what: impl Into<String>) -> CatalogueError {
    let before = &source[..at.min(source.len())];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    CatalogueError { file: file.to_owned(), line, column, what: what.into() }
}

/// The experiments of a file.
///
/// # Errors
/// At what is no TOML, or means nothing.
pub fn parse(file: &str, source: &str) -> Result<Vec<Experiment>, CatalogueError> {
    let parsed: File = toml::from_str(source).map_err(|e| {
        let at = e.span().map_or(0, |s| s.start);
        position(file, source, at, e.message().lines().next().unwrap_or_default())
    })?;
    if parsed.experiment.is_empty() {
        return Err(position(file, source, 0, "no [[experiment]] here"));
    }
    let text: std::sync::Arc<str> = source.into();
    let mut all: Vec<Experiment> = Vec::new();
    for raw in parsed.experiment {
        let at = raw.name.span().start;
        let e = raw.read(file, &text)?;
        if all.iter().any(|other| other.name == e.name) {
            return Err(position(file, source, at, format!("{:?} is there twice", e.name)));
        }
        all.push(e);
    }
    Ok(all)
}

impl Raw {
    fn read(self, file: &str, source: &std::sync::Arc<str>) -> Result<Experiment, CatalogueError> {
        let wrong = |span: Range<usize>, what: String| position(file, source, span.start, what);
        /// What a text means, or what is wrong with it, where it stands.
        macro_rules! read {
            ($text:expr, $default:expr) => {
                match &$text {
                    Some(s) => s.get_ref().parse().map_err(|e| wrong(s.span(), format!("{e}")))?,
                    None => $default,
                }
            };
        }
        let version = read!(self.go, GoVersion::default());
        let mut kind = read!(self.r#type, KeyKind::default());
        let name = self.name.span();
        let operations: Vec<Operation> = match (&self.steps, &self.script) {
            (Some(steps), None) => {
                let read = |s: &Spanned<String>| s.get_ref().parse().map_err(|e| wrong(s.span(), format!("{e}")));
                steps.iter().map(read).collect::<Result<_, _>>()?
            }
            (None, Some(script)) => {
                let (ty, list) = from_script(script.get_ref()).map_err(|e| wrong(script.span(), e.to_string()))?;
                kind = ty.parse().map_err(|e| wrong(script.span(), format!("{e}")))?;
                list
            }
            _ => return Err(wrong(name, "an experiment has either steps or a script".to_owned())),
        };
        let shape = read!(self.map, if self.script.is_some() { Shape::Empty } else { Shape::Small });
        let mut faults = Vec::new();
        for f in &self.faults {
            let op = match &f.step {
                None => 0,
                Some(n) if (1..=operations.len()).contains(&usize::from(*n.get_ref())) => n.get_ref() - 1,
                Some(n) => return Err(wrong(n.span(), format!("there are {} steps", operations.len()))),
            };
            let when = match &f.at {
                None => When::At(At::Before),
                Some(at) => when(at.get_ref()).map_err(|e| wrong(at.span(), e))?,
            };
            let span = f.target.span();
            let (target, model) = (f.target.get_ref().clone(), f.model.get_ref().clone());
            faults.push(PlannedFault { op, when, target, model, span });
        }
        let expect = match self.expect {
            None => None,
            Some(e) => {
                let outcome = Class::named(e.outcome.get_ref()).ok_or_else(|| {
                    let known = Class::ALL.map(Class::name).join(", ");
                    wrong(e.outcome.span(), format!("no outcome {:?}; there are {known}", e.outcome.get_ref()))
                })?;
                Some(Expectation { outcome, detail: e.detail, evidence: e.evidence, address: e.address })
            }
        };
        Ok(Experiment {
            name: self.name.into_inner(),
            about: self.about,
            version,
            scenario: Scenario { shape, kind, workload: Workload::List(operations) },
            way: Way { panic_on_fault: self.panic_on_fault.unwrap_or(false), no_look: !self.look.unwrap_or(true) },
            faults,
            expect,
            file: file.to_owned(),
            source: std::sync::Arc::clone(source),
        })
    }
}

fn when(text: &str) -> Result<When, String> {
    let (name, n) = text.split_once(' ').unwrap_or((text, "1"));
    if let Some((kind, _)) = StepKind::ALL.iter().find(|k| k.1 == name) {
        let n = n.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{n:?} is no number of a step"))?;
        return Ok(When::Kind(*kind, n));
    }
    let moment: Result<Moment, _> = text.parse();
    moment.map(|m| When::At(m.at)).map_err(|_| {
        let kinds: Vec<&str> = StepKind::ALL.iter().map(|k| k.1).collect();
        format!("no moment {text:?}; there are before, after, stepN, and {}", kinds.join(", "))
    })
}

/// Every built-in experiment.
///
/// # Panics
/// Never: a test reads them all.
#[must_use]
pub fn built_in() -> Vec<Experiment> {
    FILES.iter().flat_map(|(name, text)| parse(name, text).unwrap_or_else(|e| panic!("{e}"))).collect()
}

impl Experiment {
    /// Runs it.
    ///
    /// # Errors
    /// When it cannot be run: a target is not there, or the step does not come.
    pub fn run(&self, lab: &Lab) -> Result<Outcome, CatalogueError> {
        let (rig, faults) = self.prepare(lab)?;
        Ok(rig.inject_all(&faults, self.way, None))
    }

    /// How its faults strike.
    #[must_use]
    pub fn way(&self) -> Way {
        self.way
    }

    /// Builds its map and finds the events of its faults.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    pub fn prepare(&self, lab: &Lab) -> Result<(Rig, Vec<(u64, Fault)>), CatalogueError> {
        let wrong = |at: usize, what: String| position(&self.file, &self.source, at, what);
        let start = self.source.find(&format!("\"{}\"", self.name)).unwrap_or(0);
        let rig = Rig::new(lab, &self.scenario).map_err(|e| wrong(start, e))?;
        let mut faults: Vec<(u64, Fault)> = Vec::new();
        for f in &self.faults {
            let fault =
                Fault::parse(&f.target, &f.model, rig.map_type()).map_err(|e| wrong(f.span.start, e.to_string()))?;
            let at = match f.when {
                When::At(at) => at,
                When::Kind(kind, n) => {
                    let steps = rig.steps(f.op.into());
                    let step = steps.iter().enumerate().filter(|(_, k)| **k == kind).nth(n - 1);
                    let step = step.ok_or_else(|| {
                        let there = steps.iter().filter(|k| **k == kind).count();
                        wrong(f.span.start, format!("step {} has {there} of {}", f.op + 1, kind.name()))
                    })?;
                    At::Step(step.0 as u32 + 1)
                }
            };
            let moment = Moment { op: f.op, at };
            let event = rig.event(moment).ok_or_else(|| wrong(f.span.start, format!("there is no moment {moment}")))?;
            faults.push((event, fault));
        }
        faults.sort_by_key(|f| f.0);
        Ok((rig, faults))
    }

    /// What of an outcome is not as expected; `None` when all is.
    #[must_use]
    pub fn differs(&self, o: &Outcome) -> Option<String> {
        let e = self.expect.as_ref()?;
        let address = o.addr.map(|a| format!("{a:#x}")).unwrap_or_default();
        if e.outcome != o.class {
            return Some(format!("expected {}", e.outcome));
        }
        if e.detail.as_ref().is_some_and(|d| *d != o.detail) {
            return Some(format!("expected {:?}", e.detail.as_deref().unwrap_or_default()));
        }
        if e.evidence.as_ref().is_some_and(|d| !o.evidence.contains(d)) {
            return Some(format!("expected {:?}", e.evidence.as_deref().unwrap_or_default()));
        }
        e.address.as_ref().filter(|a| **a != address).map(|a| format!("expected address {a}"))
    }
}

impl fmt::Display for Experiment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.about)
    }
}

#[cfg(test)]
mod tests;
