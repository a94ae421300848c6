//! `gohmap tour`: every short-named scenario, run and held against real Go.

mod excerpt;
mod page;

use super::list::label;
use super::progress::Progress;
use super::text::Paint;
use super::{Version, scenario};
use anyhow::{Context, Result};
use gohmap::lab::check::{Checked, Verdict, check};
use gohmap::lab::programs::recorded::Exit;
use gohmap::lab::programs::{Case, featured};
use gohmap::version::GoVersion;
use page::Page;
use serde::Serialize;
use std::env;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// The slowest scenario takes well under a second here; one that takes this long hangs.
const LIMIT: Duration = Duration::from_secs(30);

/// Run the scenarios and hold each against real Go
///
/// Each runs in a process of its own. Shown are what was done, what the program wrote, its exit status, and whether
/// output, text and status agree with a recording of real Go of that version: all of it compared, but for addresses,
/// goroutine numbers and positions in source files. Exits with 1 if any differs.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap tour
  gohmap tour --go 1.19 --only nil-assign cgo-fault
  gohmap tour --json | jq -r 'select(.verdict != \"agrees\") | .scenario'")]
pub(super) struct Tour {
    #[command(flatten)]
    version: Version,
    /// Only these scenarios, in this order; any that `gohmap list --all` names
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// One JSON object a line and scenario (verdict, exit, signal, stdout, stderr, diff, ...)
    #[arg(long)]
    json: bool,
}

/// One line of `--json`.
#[derive(Serialize)]
struct Row<'a> {
    scenario: &'static str,
    case: &'static str,
    about: &'static str,
    go: &'static str,
    recorded: Option<&'static str>,
    verdict: &'static str,
    exit: Option<i32>,
    signal: Option<i32>,
    stdout: &'a str,
    stderr: &'a str,
    diff: &'a [String],
}

type Stop = (&'static Case, Checked);

impl Tour {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let chosen = self.chosen()?;
        let gohmap = env::current_exe().context("this program's own file cannot be found, to run it again")?;
        let go = self.version.go;
        let mut page = Page { out: stdout().lock(), paint: Paint::for_stream(&stdout()) };
        if !self.json {
            page.opening(go, chosen.len())?;
        }
        let start = Instant::now();
        // A pager would be overwritten by it.
        let wanted = stderr().is_terminal() && stdout().is_terminal();
        let mut progress = Progress::of(chosen.len(), chosen.len() as f64, wanted);
        let mut stops: Vec<Stop> = Vec::new();
        for case in chosen.iter().copied() {
            let checked = check(case, go, &gohmap, LIMIT, || progress.show(label(case)))
                .with_context(|| format!("{} cannot be run", label(case)))?;
            progress.pay(1.0);
            progress.step();
            if self.json {
                writeln!(page.out, "{}", serde_json::to_string(&Row::of(case, go, &checked))?)?;
            } else {
                page.stop(stops.len() + 1, chosen.len(), case, &checked)?;
            }
            page.out.flush()?;
            stops.push((case, checked));
        }
        if !self.json {
            page.closing(&stops, start.elapsed())?;
        }
        let failed = stops.iter().any(|(_, c)| matches!(c.verdict, Verdict::Differs { .. }));
        Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    pub(super) fn chosen(&self) -> Result<Vec<&'static Case>> {
        if self.only.is_empty() {
            return Ok(featured().filter(|c| c.since <= self.version.go).collect());
        }
        self.only.iter().map(|n| scenario(n, self.version.go)).collect()
    }
}

impl<'a> Row<'a> {
    fn of(case: &'static Case, go: GoVersion, checked: &'a Checked) -> Self {
        let (exit, signal) = match checked.ran.exit {
            Exit::Code(status) => (Some(status), None),
            Exit::Signal(sig) => (None, Some(sig)),
            Exit::Never => (None, None),
        };
        let (verdict, diff): (_, &[String]) = match &checked.verdict {
            Verdict::Agrees => ("agrees", &[]),
            Verdict::Differs { diff } => ("differs", diff),
            Verdict::Unrecorded => ("unrecorded", &[]),
            Verdict::Unhandled => ("unhandled", &[]),
        };
        Self {
            scenario: label(case),
            case: case.name,
            about: case.about,
            go: go.name(),
            recorded: checked.real,
            verdict,
            exit,
            signal,
            stdout: &checked.ran.stdout,
            stderr: &checked.ran.stderr,
            diff,
        }
    }
}
