//! `gohmap list`: the scenarios by name.

use super::text::{Paint, WIDTH, wrap};
use anyhow::Result;
use gohmap::lab::catalogue::built_in;
use gohmap::lab::programs::{Case, cases, featured, recorded};
use gohmap::version::GoVersion;
use serde::Serialize;
use std::io::{Write, stdout};
use std::process::ExitCode;

/// Name the scenarios that `crash` and `tour` know, and the experiments of `run`
///
/// Without options, the scenarios of the tour, by their short names.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap list
  gohmap list --all --json | jq -r .case")]
pub(super) struct List {
    /// Every scenario, not only those of the tour
    #[arg(long)]
    all: bool,
    /// One JSON object a line: case, alias, about, and the Go releases it is recorded from
    #[arg(long)]
    json: bool,
}

/// Where the descriptions of experiments begin.
const EXPERIMENT: usize = 28;

#[derive(Serialize)]
struct Entry {
    case: &'static str,
    alias: Option<&'static str>,
    about: &'static str,
    recorded: Vec<&'static str>,
}

impl List {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let mut out = stdout().lock();
        let shown: Vec<&'static Case> = if self.all { cases().collect() } else { featured().collect() };
        if self.json {
            for &case in &shown {
                writeln!(out, "{}", serde_json::to_string(&Entry::of(case))?)?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let paint = Paint::for_stream(&out);
        // A few long names must not push every description to the right edge.
        let column = shown.iter().map(|c| label(c).len()).filter(|n| *n <= 24).max().unwrap_or(0) + 2;
        for &case in &shown {
            let name = label(case);
            let mut lead = " ".repeat(column);
            if name.len() + 2 <= column {
                lead.replace_range(..name.len(), &paint.name(name));
            } else {
                writeln!(out, "{}", paint.name(name))?;
            }
            for line in wrap(case.about, WIDTH - column) {
                writeln!(out, "{lead}{line}")?;
                lead = " ".repeat(column);
            }
        }
        if !self.all {
            writeln!(out, "\nExperiments, for `gohmap run`:\n")?;
            for e in built_in() {
                let name = paint.name(&format!("{:<EXPERIMENT$}", e.name));
                for (i, line) in wrap(&e.about, WIDTH - EXPERIMENT).into_iter().enumerate() {
                    writeln!(out, "{}{line}", if i == 0 { name.clone() } else { " ".repeat(EXPERIMENT) })?;
                }
            }
            writeln!(out, "\n{} more for `gohmap crash`: gohmap list --all", cases().count() - shown.len())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What people call a scenario.
pub(super) fn label(case: &Case) -> &'static str {
    case.alias.unwrap_or(case.name)
}

impl Entry {
    fn of(case: &'static Case) -> Self {
        let recorded =
            GoVersion::ALL.into_iter().filter_map(|v| Some(recorded::lookup(case, v, "")?.version)).collect();
        Self { case: case.name, alias: case.alias, about: case.about, recorded }
    }
}
