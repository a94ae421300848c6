//! `gohmap run`: experiments by name or from files.

use super::nearest;
use super::text::{Paint, WIDTH, clip};
use anyhow::{Result, anyhow};
use gohmap::lab::catalogue::{Experiment, built_in, parse};
use gohmap::lab::experiment::Lab;
use serde::Serialize;
use std::fs;
use std::io::{Write, stdout};
use std::process::ExitCode;

/// Run experiments: a map, operations, faults, and what is expected of it
///
/// Names are those of the built-in catalogue (`gohmap list` has them); a FILE is TOML, one [[experiment]] or several. Without
/// any, the whole catalogue is run. Status 1 when an outcome is not what its experiment expects.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap run
  gohmap run overflow-cycle-range stop-the-world
  gohmap run mine.toml --json

A file:
  [[experiment]]
  name = \"lost-old-buckets\"
  about = \"The old array is freed while its first bucket is evacuated\"
  map = \"growing\"
  steps = [\"assign 99 990\", \"read 3\"]
  faults = [{ step = 1, at = \"evacuate-slot 2\", target = \"oldbuckets\",
              model = \"free-clobber\" }]
  expect = { outcome = \"fault\" }")]
pub(super) struct Run {
    /// Names or files
    #[arg(value_name = "NAME|FILE")]
    what: Vec<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    about: &'a str,
    go: String,
    outcome: &'a str,
    detail: &'a str,
    evidence: &'a str,
    address: Option<String>,
    as_expected: Option<bool>,
}

impl Run {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let all = self.chosen()?;
        let mut out = stdout().lock();
        let paint = Paint::for_stream(&out);
        let column = all.iter().map(|e| e.name.len()).max().unwrap_or(0) + 2;
        let mut lab: Option<Lab> = None;
        let mut differing = 0;
        for e in &all {
            if lab.as_ref().is_none_or(|l| l.version() != e.version) {
                // There is one laboratory at a time.
                drop(lab.take());
                lab = Some(Lab::new(e.version)?);
            }
            let Some(lab) = &lab else { unreachable!("it was just made") };
            let o = e.run(lab)?;
            let differs = e.differs(&o);
            differing += usize::from(differs.is_some());
            if self.json {
                let row = Row {
                    name: &e.name,
                    about: &e.about,
                    go: e.version.to_string(),
                    outcome: o.class.name(),
                    detail: &o.detail,
                    evidence: &o.evidence,
                    address: o.addr.map(|a| format!("{a:#x}")),
                    as_expected: e.expect.as_ref().map(|_| differs.is_none()),
                };
                writeln!(out, "{}", serde_json::to_string(&row)?)?;
                continue;
            }
            let name = paint.name(&format!("{:<column$}", e.name));
            let said = match &differs {
                None => clip(&o.to_string(), WIDTH - column),
                Some(what) => paint.bad(&format!("{o}; {what}")),
            };
            writeln!(out, "{name}{said}")?;
        }
        if !self.json {
            let judged = all.iter().filter(|e| e.expect.is_some()).count();
            writeln!(out, "\n{} of {judged} as expected", judged - differing)?;
        }
        Ok(if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn chosen(&self) -> Result<Vec<Experiment>> {
        let known = built_in();
        if self.what.is_empty() {
            return Ok(known);
        }
        let mut all = Vec::new();
        for what in &self.what {
            if let Some(e) = known.iter().find(|e| e.name == *what) {
                all.push(e.clone());
                continue;
            }
            if !what.contains(['.', '/']) {
                let hint = nearest(what, known.iter().map(|e| e.name.as_str()));
                let hint = hint.map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                return Err(anyhow!("no experiment {what:?}{hint} `gohmap list` names them"));
            }
            let text = fs::read_to_string(what).map_err(|e| anyhow!("{what} cannot be read: {e}"))?;
            all.extend(parse(what, &text)?);
        }
        Ok(all)
    }
}
