//! Small programs with a data race each, and their synchronised twins, for [`crate::race`].
//!
//! A program is two operations on a map that two goroutines do, and what is between the two: an *edge*, which in the synchronised
//! form orders them, and in the racy form is used in a way that does not. The first operation is always done before the
//! second, by means that no race detector sees, so that a program says the same in every run, and under every scheduler.
//!
//! `tests/race_detector/go` is the same program in Go. What it says when it is built with `-race` is in [`recorded`].

mod edges;
mod globals;
mod normal;
mod ops;
pub mod originals;
pub mod recorded;

pub use normal::normalise;

use super::programs::recorded::{Exit, Outcome};
use crate::fatal;
use crate::heap::{HeapConfig, OnFree};
use crate::race::{self, Config, GoRace, Race};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::version::GoVersion;
use edges::EDGES;
use globals::Globals;
use ops::{OPS, Op};
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

/// Whether anything orders the two operations of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// Nothing that orders them.
    Racy,
    /// Something that does.
    Synced,
}

impl Form {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Racy, Self::Synced];
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Racy => "racy",
            Self::Synced => "synced",
        })
    }
}

/// A program, in two forms. [`Display`](fmt::Display) gives its name, `EDGE/LEFT/RIGHT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Program {
    /// What is between its operations.
    pub edge: &'static str,
    /// The first operation.
    pub left: &'static str,
    /// The second one.
    pub right: &'static str,
}

macro_rules! table {
    ($($edge:literal: $($left:literal $right:literal),*;)*) => {
        &[$($(Program { edge: $edge, left: $left, right: $right },)*)*]
    };
}

/// The programs whose race the detector tells of, in the racy form.
pub const PROGRAMS: &[Program] = table! {
    "gostart": "assign64" "read64", "read64" "assign64", "assign64" "assign64", "range64" "delete64";
    "join": "assign64" "assign64", "delete64" "len64", "assignany" "readany", "throughptr" "readptr";
    "chan": "assign64" "range64", "update64" "update64", "assigngen" "readgen", "readstr" "deletestr";
    "chanreceive": "assign64" "delete64", "rangestr" "assignstr", "clear64" "read64", "addset" "addset";
    "chanbuffered": "range64" "assign64", "assign32" "read32", "assigntxt" "readtxt", "len64" "clear64";
    "semaphore": "assign64" "commaok64", "delete64" "delete64", "assignfat" "readfat", "rangegen" "cleargen";
    "close": "delete64" "read64", "assignrec" "readrec", "assignstr" "rangestr", "lengen" "assigngen";
    "mutex": "assign64" "update64", "read64" "clear64", "commaokgen" "deletegen", "appendtxt" "readtxt";
    "mutexonesided": "assign64" "miss64", "add64" "len64", "deletegen" "rangegen", "assign32" "range32";
    "rwmutexwrite": "assign64" "read64", "assignstr" "readstr", "delete32" "delete32", "throughptr" "throughptr";
    "rwmutexread": "read64" "assign64", "rangekeys64" "add64", "readrec" "assignrec", "hasset" "addset";
    "waitgroup": "update64" "read64", "clear64" "range64", "deleteany" "assignany", "rangerec" "assignrec";
    "once": "assign64" "len64", "clearstr" "rangestr", "readptr" "throughptr";
    "atomicstore": "assign64" "rangekeys64", "deletestr" "updatestr", "assignptr" "readptr";
    "atomicadd": "deletemiss64" "read64", "assigngen" "lengen", "readfat" "assignfat";
    "atomiccas": "update64" "delete64", "assigntxt" "appendtxt", "cleargen" "commaokgen";
};

/// Programs that nobody is told of: `maps.Clone`, which Go's detector does not watch, racing with changes of the map; and nil maps
/// and reads, which do not race.
pub const UNTOLD: &[Program] = table! {
    "gostart": "clone64" "assign64", "clonegen" "deletegen", "readnil" "deletenil", "rangenil" "lennil";
    "mutexonesided": "assign64" "clone64", "read64" "range64", "len64" "commaok64";
};

/// Programs whose race is one of the `WaitGroup` itself, between an `Add` and a `Wait` that nothing orders.
pub const MISUSES: &[Program] = table! {
    "waitgroupadd": "assign64" "read64";
};

/// The program of which it is recorded what each of [`GORACES`] does to it: it has one race.
pub const WITH_GORACE: Program = Program { edge: "gostart", left: "throughptr", right: "readptr" };

/// Right and wrong values of `GORACE`.
pub const GORACES: &[&str] = &[
    "",
    " , : ",
    "=",
    "==",
    "=7",
    "nosuch=1",
    "Exitcode=7",
    "\"exitcode\"=7",
    "exitcode=0",
    "exitcode=7",
    "exitcode=-1",
    "exitcode=256",
    "exitcode=300",
    "exitcode=",
    "exitcode=\"\"",
    "exitcode=+5",
    "exitcode=010",
    "exitcode=99999999999",
    "exitcode=-99999999999",
    "exitcode=4294967301",
    "exitcode=9223372036854775813",
    "exitcode=7 exitcode=9",
    "exitcode='7'",
    "exitcode=\"7\"",
    "exitcode=' 7'",
    "exitcode='\t7'",
    "exitcode=\"7\"halt_on_error=1",
    "exitcode=x",
    "exitcode=-",
    "exitcode=--7",
    "exitcode=0x10",
    "exitcode=5x",
    "exitcode=1e2",
    "exitcode='7 '",
    "exitcode=7\"",
    "exitcode=\"7",
    "exitcode='7\"",
    "exitcode = 7",
    "exitcode= 7",
    "exitcode:7",
    "exitcode",
    "exitcode=7 exitcode=x",
    "exitcode=x exitcode=7",
    "exitcode=7;halt_on_error=1",
    "exitcode=7 halt_on_error=maybe",
    "halt_on_error=1",
    "halt_on_error=yes",
    "halt_on_error='true'",
    "halt_on_error=no",
    "halt_on_error=1 exitcode=0",
    "halt_on_error=y",
    "halt_on_error=2",
    "halt_on_error=TRUE",
    "halt_on_error=",
    "halt_on_error",
    "history_size=9",
    "history_size=-1",
    "history_size=x",
    "atexit_sleep_ms=-5",
    "atexit_sleep_ms=x",
    "strip_path_prefix=",
    "strip_path_prefix=\"a b\"",
    "strip_path_prefix",
    "log_path=stderr",
    "log_path=/dev/null/x",
    "log_path=/dev/null/x exitcode=7",
    "report_atomic_races=0",
    "report_mutex_bugs=x",
    "io_sync=x",
    "handle_segv=2",
    "handle_segv=3",
    "color=x",
];

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.edge, self.left, self.right)
    }
}

/// A name that no program can have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProgramError {
    /// Not three names.
    #[error("{0:?} is not EDGE/LEFT/RIGHT")]
    Form(String),
    /// No such edge.
    #[error("no edge {0:?}")]
    Edge(String),
    /// No such operation.
    #[error("no operation {0:?}")]
    Operation(String),
}

/// Any edge with any two operations.
impl FromStr for Program {
    type Err = ProgramError;

    fn from_str(name: &str) -> Result<Self, ProgramError> {
        let parts: Vec<&str> = name.split('/').collect();
        let [edge, left, right] = parts[..] else { return Err(ProgramError::Form(name.to_owned())) };
        let op =
            |n: &str| OPS.iter().find(|o| o.0 == n).map(|o| o.0).ok_or_else(|| ProgramError::Operation(n.to_owned()));
        let edge = EDGES.iter().find(|e| e.name == edge).ok_or_else(|| ProgramError::Edge(edge.to_owned()))?;
        Ok(Self { edge: edge.name, left: op(left)?, right: op(right)? })
    }
}

/// The names of the edges, with what they teach.
pub fn edges() -> impl Iterator<Item = (&'static str, &'static str)> {
    EDGES.iter().map(|e| (e.name, e.about))
}

/// The names of the operations.
pub fn operations() -> impl Iterator<Item = &'static str> {
    OPS.iter().map(|o| o.0)
}

/// How a program is run.
#[derive(Clone, Debug)]
pub struct Run {
    /// The form.
    pub form: Form,
    /// The Go version.
    pub version: GoVersion,
    /// Who runs next, as in [`Config::seed`].
    pub seed: Option<u64>,
    /// What `GORACE` says.
    pub options: GoRace,
}

/// Modules whose functions are those of package `main`.
static MAIN: &[(&str, &str)] = &[
    (concat!(module_path!(), "::edges"), "main"),
    (concat!(module_path!(), "::ops"), "main"),
    (concat!(module_path!(), "::program"), "main"),
];

impl Program {
    /// The oldest Go that has what it needs.
    #[must_use]
    pub fn since(&self) -> GoVersion {
        let new = |op: &str| op.starts_with("clear") || op.starts_with("clone");
        if new(self.left) || new(self.right) { GoVersion::V1_21 } else { GoVersion::V1_19 }
    }

    fn config(run: &Run) -> Config {
        let heap = HeapConfig { on_free: OnFree::Keep, ..HeapConfig::default() };
        let runtime =
            Runtime::new(RuntimeConfig { version: run.version, seed: Some(2), heap, ..RuntimeConfig::default() });
        let program = fatal::Program { rules: run.version.rules(), package: "", libraries: MAIN };
        Config { runtime, options: run.options.clone(), seed: run.seed, program }
    }

    /// Runs it in this process: the races.
    ///
    /// # Panics
    /// As [`race::run`].
    #[must_use]
    pub fn run(&self, run: &Run) -> Vec<Race> {
        let config = Self::config(run);
        let rt = Arc::clone(&config.runtime);
        race::run(config, || program::main(self, run.form, &rt)).1
    }

    /// Becomes this program: standard error is Go's text, the exit status the program's own.
    ///
    /// # Panics
    /// When the process is a Go program already.
    pub fn become_it(self, run: &Run) -> ! {
        static IT: OnceLock<(Program, Form, Arc<Runtime>)> = OnceLock::new();
        let config = Self::config(run);
        assert!(IT.set((self, run.form, Arc::clone(&config.runtime))).is_ok(), "one process is one program");
        race::run_main(config, || {
            let (it, form, rt) = IT.get().expect("it has been set");
            program::main(it, *form, rt);
            println!("finished");
        })
    }
}

/// What a program with these races writes to standard error.
#[must_use]
pub fn stderr(races: &[Race]) -> String {
    let mut text: String = races.iter().map(ToString::to_string).collect();
    if !races.is_empty() {
        text.push_str(&race::found(races.len()));
    }
    text
}

/// What comes of a program with these races.
#[must_use]
pub fn outcome(races: &[Race]) -> Outcome {
    let exit = if races.is_empty() { 0 } else { GoRace::default().exitcode };
    recorded::outcome(Exit::Code(exit), "finished\n", &stderr(races))
}

/// Package `main`'s own function.
mod program {
    use super::{EDGES, Form, Globals, OPS, Program, Runtime};
    use crate::lab::programs::mark;
    use std::sync::Arc;

    #[inline(never)]
    pub(super) fn main(p: &Program, form: Form, rt: &Arc<Runtime>) {
        let globals = Globals::new(rt);
        let op = |n: &str| OPS.iter().find(|o| o.0 == n).expect("a program's operations exist").1;
        let edge = EDGES.iter().find(|e| e.name == p.edge).expect("a program's edge exists");
        let edge = if form == Form::Racy { edge.racy } else { edge.synced };
        edge(&globals, op(p.left), op(p.right));
        mark!();
    }
}

/// `go op()`.
fn go_op(globals: &Arc<Globals>, op: Op) {
    let globals = Arc::clone(globals);
    race::go(move || op(&globals));
}

/// Waits until there are `n` goroutines left, without anything that the detector sees.
fn only(n: usize) {
    while race::num_goroutine() > n {
        race::gosched();
    }
}

fn nothing() {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_table_is_what_it_says() {
        let names: HashSet<String> = PROGRAMS.iter().chain(UNTOLD).map(ToString::to_string).collect();
        assert_eq!((PROGRAMS.len(), names.len()), (60, 60 + UNTOLD.len()));
        for p in PROGRAMS.iter().chain(UNTOLD).chain(MISUSES).chain([&WITH_GORACE]) {
            assert_eq!(p.to_string().parse(), Ok(*p));
        }
        for (edge, _) in edges() {
            assert!(PROGRAMS.iter().chain(MISUSES).any(|p| p.edge == edge), "{edge}");
        }
    }

    #[test]
    fn wrong_names() {
        assert_eq!("mutex".parse::<Program>(), Err(ProgramError::Form("mutex".to_owned())));
        assert_eq!("mutexx/read64/read64".parse::<Program>(), Err(ProgramError::Edge("mutexx".to_owned())));
        assert_eq!("mutex/read64/read".parse::<Program>(), Err(ProgramError::Operation("read".to_owned())));
    }
}
