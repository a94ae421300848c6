//! `gohmap race-detect`: small programs under the race detector.

use super::progress::Progress;
use super::text::{Paint, WIDTH, wrap};
use super::{Version, nearest};
use anyhow::{Context, Result, anyhow, ensure};
use gohmap::lab::races::originals::Originals;
use gohmap::lab::races::recorded::{self, lookup};
use gohmap::lab::races::{Form, PROGRAMS, Program, ProgramError, Run, edges, operations, outcome};
use gohmap::lab::toolchain::{GoError, Toolchain};
use gohmap::race::{GoRace, Race};
use gohmap::version::GoVersion;
use serde::Serialize;
use serde_json::json;
use std::ffi::OsString;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::{ExitCode, exit};
use std::time::Duration;

/// Run a small concurrent program as `go build -race` would have it
///
/// A program is EDGE/LEFT/RIGHT: two operations on a map that two goroutines share, and what is between the two. As it
/// is, nothing orders them: what it writes and its exit status (66) are those of a Go program with a data race. With
/// --synced something does, and nobody is told anything. GORACE says what it says to Go: exitcode, halt_on_error,
/// log_path, strip_path_prefix, atexit_sleep_ms.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap race-detect mutex/assign64/update64
  gohmap race-detect mutex/assign64/update64 --synced
  gohmap race-detect --list
  gohmap race-detect --all --go 1.19
  gohmap race-detect --all --go-toolchain /usr/local/go
  GORACE='halt_on_error=1 exitcode=3' gohmap race-detect chan/assign64/range64

Any edge goes with any two operations; --list names them, and --all runs the 60
programs of the table in both forms and holds them against real Go: recorded, or
with --go-toolchain built by that Go with -race.")]
pub(super) struct RaceDetect {
    /// The program
    #[arg(value_name = "EDGE/LEFT/RIGHT", required_unless_present_any = ["all", "list"], conflicts_with_all = ["all", "list"])]
    name: Option<String>,
    /// The form whose operations are ordered
    #[arg(long, conflicts_with_all = ["all", "list"])]
    synced: bool,
    /// Name the edges, the operations and the programs of the table
    #[arg(long, conflicts_with = "all")]
    list: bool,
    /// Run the whole table, both forms; status 1 when one differs from real Go
    #[arg(long)]
    all: bool,
    /// With --all, a real Go to run the table too: a go command, or the directory of a Go
    #[arg(long, value_name = "PATH", conflicts_with_all = ["go", "name", "list"])]
    go_toolchain: Option<OsString>,
    /// Decides which goroutine runs next; without it they run in order of arrival
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    version: Version,
    /// One JSON object a race; with --all and --list, one a program
    #[arg(long)]
    json: bool,
}

/// A program of the table, run in one form.
#[derive(Serialize)]
struct Row {
    program: String,
    form: String,
    go: &'static str,
    /// The real Go beside it: `go1.22.10`, or `go1.22.10, recorded`.
    real_go: Option<String>,
    /// Whether it says what real Go says; nothing when that is not known.
    agrees: Option<bool>,
    races: Vec<Race>,
}

/// A real Go, and the programs that it has built.
struct Real {
    go: Toolchain,
    originals: Originals,
}

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

impl RaceDetect {
    pub(super) fn run(&self) -> Result<ExitCode> {
        if self.list {
            return self.list();
        }
        if self.all {
            return self.all();
        }
        let Some(program) = self.program()? else { return Ok(ExitCode::SUCCESS) };
        let form = if self.synced { Form::Synced } else { Form::Racy };
        let options = GoRace::from_env().unwrap_or_else(|e| {
            // What a Go program does then.
            eprintln!("{e}");
            exit(e.exitcode)
        });
        let run = self.how(form, self.version.go, options);
        if self.json {
            let mut out = stdout().lock();
            for race in program.run(&run) {
                writeln!(out, "{}", serde_json::to_string(&race)?)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        program.become_it(&run)
    }

    fn how(&self, form: Form, version: GoVersion, options: GoRace) -> Run {
        Run { form, version, seed: self.seed, options }
    }

    /// The program, when one is named.
    pub(super) fn program(&self) -> Result<Option<Program>> {
        let Some(name) = &self.name else { return Ok(None) };
        let program: Program = name.parse().map_err(|e: ProgramError| {
            let near = match &e {
                ProgramError::Form(_) => None,
                ProgramError::Edge(n) => nearest(n, edges().map(|e| e.0)),
                ProgramError::Operation(n) => nearest(n, operations()),
            };
            let near = near.map_or_else(String::new, |n| format!("; did you mean {n:?}?"));
            anyhow!("{e}{near}; `gohmap race-detect --list` names them")
        })?;
        let since = program.since();
        ensure!(self.version.go >= since, "{name:?} needs what Go {} has not; --go {since} or later", self.version.go);
        Ok(Some(program))
    }

    fn list(&self) -> Result<ExitCode> {
        let mut out = stdout().lock();
        if self.json {
            for p in PROGRAMS {
                let line = json!({ "program": p.to_string(), "edge": p.edge, "left": p.left, "right": p.right, "since": p.since().name() });
                writeln!(out, "{line}")?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let paint = Paint::for_stream(&stdout());
        writeln!(out, "{}", paint.name("Edges"))?;
        for (name, about) in edges() {
            for (i, line) in wrap(about, WIDTH - 17).iter().enumerate() {
                writeln!(out, "  {:<14} {line}", if i == 0 { name } else { "" })?;
            }
        }
        writeln!(out, "\n{}", paint.name("Operations"))?;
        let all: Vec<&str> = operations().collect();
        wrap(&all.join(" "), WIDTH - 2).iter().try_for_each(|l| writeln!(out, "  {l}"))?;
        writeln!(out, "\n{}", paint.name("The table"))?;
        PROGRAMS.iter().try_for_each(|p| writeln!(out, "  {p}"))?;
        Ok(ExitCode::SUCCESS)
    }

    fn real(&self, wanted: bool) -> Result<Option<Real>> {
        let Some(path) = &self.go_toolchain else { return Ok(None) };
        let named = |e: GoError| anyhow!("--go-toolchain {e}");
        let go = Toolchain::find(path).map_err(named)?;
        let mut progress = Progress::of(1, 1.0, wanted);
        let originals = Originals::build(&go, || progress.show(&format!("building programs with {}", go.release)));
        progress.clear();
        let originals = originals.map_err(named)?;
        Ok(Some(Real { go, originals }))
    }

    fn all(&self) -> Result<ExitCode> {
        let wanted = stderr().is_terminal() && stdout().is_terminal();
        let real = self.real(wanted)?;
        let go = real.as_ref().map_or(self.version.go, |r| r.go.version);
        let programs: Vec<&Program> = PROGRAMS.iter().filter(|p| p.since() <= go).collect();
        let mut out = stdout().lock();
        let paint = Paint::for_stream(&stdout());
        if !self.json {
            writeln!(
                out,
                "{} programs with a data race, and their synchronised twins, under Go {go}\n",
                programs.len()
            )?;
            let head =
                format!("{:<14} {:<13} {:<13} {:>6} {:>6}  real Go", "edge", "first", "second", "races", "twin's");
            writeln!(out, "{}", paint.name(&head))?;
        }
        let mut progress = Progress::of(programs.len(), programs.len() as f64, wanted);
        let mut rows = Vec::new();
        for p in programs {
            progress.show(&p.to_string());
            let pair = [self.row(p, Form::Racy, go, &real)?, self.row(p, Form::Synced, go, &real)?];
            progress.pay(1.0);
            progress.step();
            if self.json {
                pair.iter()
                    .try_for_each(|r| writeln!(out, "{}", serde_json::to_string(r)?).map_err(anyhow::Error::from))?;
            } else {
                let [racy, twin] = [&pair[0], &pair[1]].map(|r| r.races.len());
                let real = match (pair[0].agrees, pair[1].agrees) {
                    (Some(true), Some(true)) => paint.good("agrees"),
                    (None, _) | (_, None) => paint.faint("not recorded"),
                    _ => paint.bad("differs"),
                };
                writeln!(out, "{:<14} {:<13} {:<13} {racy:>6} {twin:>6}  {real}", p.edge, p.left, p.right)?;
            }
            rows.extend(pair);
        }
        let differs = rows.iter().any(|r| r.agrees == Some(false));
        if !self.json {
            let told = |form: Form| {
                let of_form = rows.iter().filter(|r| r.form == form.to_string());
                let (all, told) = of_form.fold((0, 0), |(n, t), r| (n + 1, t + usize::from(!r.races.is_empty())));
                format!("{told} of {all}")
            };
            let agree = rows.iter().filter(|r| r.agrees == Some(true)).count();
            let real = rows.iter().find_map(|r| r.real_go.as_deref()).unwrap_or("no recording");
            writeln!(
                out,
                "\nReported: {} racy programs, {} synchronised ones.\n{agree} of {} say what real Go says ({real}).",
                told(Form::Racy),
                told(Form::Synced),
                rows.len()
            )?;
        }
        Ok(if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn row(&self, p: &Program, form: Form, go: GoVersion, real: &Option<Real>) -> Result<Row> {
        let races = p.run(&self.how(form, go, GoRace::default()));
        let (real_go, theirs) = match real {
            Some(Real { go, originals }) => {
                let ran =
                    originals.run(p, form, "", PATIENCE, || {}).with_context(|| format!("{p} of {}", go.release))?;
                (Some(go.release.clone()), Some(recorded::outcome(ran.exit, &ran.stdout, &ran.stderr)))
            }
            None => match lookup(p, form, go) {
                Some((release, outcome)) => (Some(format!("{release}, recorded")), Some(outcome.clone())),
                None => (None, None),
            },
        };
        let agrees = theirs.map(|o| o == outcome(&races));
        Ok(Row { program: p.to_string(), form: form.to_string(), go: go.name(), real_go, agrees, races })
    }
}
