//! Experiments run here and under real Go, each once however many claims rest on it.

use super::{Experiment, code, explore, race, recorded, vet};
use crate::lab::child::{self, Ran};
use crate::lab::experiment::lab::NoLab;
use crate::lab::programs::originals::Originals;
use crate::lab::programs::recorded::{self as programs, Outcome};
use crate::lab::programs::{Case, Compare};
use crate::lab::races::{Form, originals as races};
use crate::version::GoVersion;
use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The slowest program takes some seconds; one that takes this long hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// How often a race is run in which nothing happens, or something else here than under real Go.
pub(super) const RACE_TRIES: usize = 4;

/// What came of an experiment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Where: `gohmap`, `go1.22.10`, or `go1.22.10, recorded`.
    pub by: String,
    /// The outcome; several when it was recorded and chance decides.
    pub outcomes: Vec<Outcome>,
    /// Whether it is a recording, and [normalised](crate::lab::normalise).
    pub recorded: bool,
}

impl Seen {
    fn now(by: &str, ran: Outcome) -> Self {
        Self { by: by.to_owned(), outcomes: vec![ran], recorded: false }
    }
}

/// Runs experiments for one Go version.
#[derive(Debug)]
pub struct Runner {
    gohmap: PathBuf,
    version: GoVersion,
    originals: Option<Originals>,
    ours: HashMap<Experiment, Option<Seen>>,
    real: HashMap<Experiment, Option<Seen>>,
    /// What go vet said, by snippet.
    vetted: Option<HashMap<&'static str, Outcome>>,
    /// The programs with a data race, or why the toolchain cannot build them.
    raced: Option<Result<races::Originals, String>>,
}

fn outcome(ran: Ran) -> Outcome {
    Outcome { exit: ran.exit, stdout: ran.stdout, stderr: ran.stderr }
}

impl Runner {
    /// With the command at `gohmap`, and recorded outcomes of real Go.
    #[must_use]
    pub fn new(gohmap: PathBuf, version: GoVersion) -> Self {
        let (ours, real) = (HashMap::new(), HashMap::new());
        Self { gohmap, version, originals: None, ours, real, vetted: None, raced: None }
    }

    /// With real Go beside it: the version is the toolchain's.
    #[must_use]
    pub fn beside(gohmap: PathBuf, originals: Originals) -> Self {
        let version = originals.toolchain.version;
        Self { originals: Some(originals), ..Self::new(gohmap, version) }
    }

    /// The Go version.
    #[must_use]
    pub fn version(&self) -> GoVersion {
        self.version
    }

    /// Real Go, as far as there is one: a release, or whose recordings are used.
    #[must_use]
    pub fn real_name(&self) -> Option<String> {
        match &self.originals {
            Some(o) => Some(o.toolchain.release.clone()),
            None => recorded::release(self.version).map(|r| format!("{r}, recorded")),
        }
    }

    /// Why an experiment has no outcome, here or under real Go, when it has none; known when it has been run.
    #[must_use]
    pub fn missing(&self, e: &Experiment) -> Option<String> {
        if let Some(since) = e.since().filter(|since| *since > self.version) {
            return Some(format!("not in Go {}: needs {since}", self.version));
        }
        match (&self.originals, e) {
            (Some(o), _) if e.case().is_some_and(|c| c.program() == "cgo") => o.no_cgo.clone(),
            (Some(_), Experiment::Race(_)) => self.raced.as_ref()?.as_ref().err().cloned(),
            (None, Experiment::Code(_) | Experiment::Vet(_)) if recorded::release(self.version).is_none() => {
                Some(format!("nothing is recorded of Go {}: give a toolchain", self.version))
            }
            (_, Experiment::Explore(_)) if !cfg!(gohmap_asm) => Some(NoLab::Unsupported.to_string()),
            _ => None,
        }
    }

    /// What comes of an experiment here; none where only real Go can tell.
    ///
    /// # Errors
    /// When a program cannot be started or read.
    pub fn ours(&mut self, e: &Experiment, waiting: &mut impl FnMut()) -> io::Result<Option<Seen>> {
        if let Some(known) = self.ours.get(e) {
            return Ok(known.clone());
        }
        let now = |o: Outcome| Seen::now("gohmap", o);
        let seen = match e {
            Experiment::Program(..) | Experiment::Speed(_) => match self.case(e) {
                Some(case) => {
                    let one = || {
                        let mut command = self.command(&["crash", case.name]);
                        if !level(e).is_empty() {
                            command.env("GOTRACEBACK", level(e));
                        }
                        child::run(&mut command, LIMIT, &mut *waiting)
                    };
                    Some(now(outcome(until_it_races(case, one)?)))
                }
                None => None,
            },
            Experiment::Race(program) if program.since() <= self.version => {
                let mut command = self.command(&["race-detect", &program.to_string()]);
                Some(now(race::outcome(&child::run(&mut command, LIMIT, waiting)?)))
            }
            Experiment::Explore(scenario) if cfg!(gohmap_asm) => Some(now(explore::outcome(scenario, self.version)?)),
            // Not in a build without assembly, or without symbols.
            Experiment::Code(function) => code::of_binary(&self.gohmap, &code::ours(function))
                .unwrap_or(None)
                .map(|o| Seen::now("gohmap's assembly", o)),
            Experiment::Race(_) | Experiment::Explore(_) | Experiment::Vet(_) => None,
        };
        self.ours.insert(e.clone(), seen.clone());
        Ok(seen)
    }

    /// The case of an experiment, if this version can run it.
    fn case(&self, e: &Experiment) -> Option<&'static Case> {
        e.case().filter(|c| c.since <= self.version)
    }

    /// This project's command, as this version, with nothing of the environment that the programs look at.
    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.gohmap);
        command.args(args).args(["--go", self.version.name()]).env_remove("GOTRACEBACK").env_remove("GORACE");
        command
    }

    /// What comes of it under real Go.
    ///
    /// # Errors
    /// As [`ours`](Self::ours).
    pub fn real(&mut self, e: &Experiment, waiting: &mut impl FnMut()) -> io::Result<Option<Seen>> {
        if let Some(known) = self.real.get(e) {
            return Ok(known.clone());
        }
        let seen = if self.originals.is_some() { self.live(e, waiting)? } else { self.recorded(e) };
        self.real.insert(e.clone(), seen.clone());
        Ok(seen)
    }

    fn live(&mut self, e: &Experiment, waiting: &mut impl FnMut()) -> io::Result<Option<Seen>> {
        let Some(originals) = &self.originals else { return Ok(None) };
        let outcome = match e {
            Experiment::Program(..) | Experiment::Speed(_) => {
                match self.case(e).filter(|_| self.missing(e).is_none()) {
                    Some(case) => {
                        Some(outcome(until_it_races(case, || originals.run(case, level(e), LIMIT, &mut *waiting))?))
                    }
                    None => None,
                }
            }
            Experiment::Race(program) => {
                if self.raced.is_none() {
                    self.raced = Some(races::Originals::build(&originals.toolchain, &mut *waiting).map_err(|e| e.why));
                }
                match &self.raced {
                    Some(Ok(races)) if program.since() <= self.version => {
                        Some(race::outcome(&races.run(program, Form::Racy, "", LIMIT, waiting)?))
                    }
                    _ => None,
                }
            }
            Experiment::Explore(_) => None,
            Experiment::Code(function) => code::of_binary(&originals.binary("nilassign"), &code::gos(function))?,
            Experiment::Vet(snippet) => {
                if self.vetted.is_none() {
                    self.vetted = Some(vet::run(&originals.toolchain, waiting)?);
                }
                self.vetted.as_ref().and_then(|v| v.get(snippet).cloned())
            }
        };
        Ok(outcome.map(|o| Seen::now(&originals.toolchain.release, o)))
    }

    /// Forgets what came of an experiment, so that it is run again.
    pub(super) fn forget(&mut self, e: &Experiment) {
        self.ours.remove(e);
        self.real.remove(e);
    }

    fn recorded(&self, e: &Experiment) -> Option<Seen> {
        let (release, outcomes) = match e {
            Experiment::Program(_, level) => {
                let r = programs::lookup(e.case()?, self.version, level)?;
                (r.version, r.outcomes.to_vec())
            }
            _ => recorded::lookup(&e.recorded_name()?, self.version)?,
        };
        Some(Seen { by: format!("{release}, recorded"), outcomes, recorded: true })
    }
}

/// The GOTRACEBACK of an experiment.
fn level(e: &Experiment) -> &'static str {
    if let Experiment::Program(_, level) = e { level } else { "" }
}

/// Runs a race again in which nothing has happened.
fn until_it_races(case: &Case, mut run: impl FnMut() -> io::Result<Ran>) -> io::Result<Ran> {
    let mut ran = run()?;
    for _ in 1..RACE_TRIES {
        if case.compare != Compare::Racy || !ran.stdout.ends_with("no race hit\n") {
            break;
        }
        ran = run()?;
    }
    Ok(ran)
}
