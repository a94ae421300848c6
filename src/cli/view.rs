//! `gohmap view`: a script or an experiment as a page to walk through.

use super::Version;
use super::progress::Progress;
use super::script::{self, Subject};
use anyhow::{Context, Result, anyhow, bail};
use gohmap::inspect::view::About;
use gohmap::lab::catalogue::Experiment;
use gohmap::lab::experiment::Lab;
use gohmap::lab::file::replace;
use gohmap::lab::view::{self, Taken};
use gohmap::version::GoVersion;
use serde_json::json;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Write a page that shows a map's memory step by step
///
/// Header, buckets, old buckets and chains after every operation of a script, with what each step has changed, the way that it
/// took, and a search for keys. An EXPERIMENT is one that `gohmap run` knows, or a file.toml with one: its faults are steps of
/// their own. The page is one file for any browser and asks for nothing from elsewhere.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap view script.txt -o map.html
  gohmap view script.txt -o map.html --go 1.24-noswiss --op 900..1200
  gohmap view overflow-cycle-range -o cycle.html

On the page: arrow keys, Page Up, Page Down, Home and End move through the
steps, Space plays, / goes to the search. map.html#step=17 opens at step 17.
Operations are counted as in `gohmap trace`. A page holds a few megabytes: some
ten thousand operations, and it says what was left out.")]
pub(super) struct View {
    /// A script (- for standard input), an experiment's name, or a file.toml with an experiment
    #[arg(value_name = "SCRIPT|EXPERIMENT")]
    what: String,
    /// The page; - for standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Only these operations: N, N..M, N.. or ..M, counted from 1
    #[arg(long, value_name = "N..M", value_parser = script::operations)]
    op: Option<RangeInclusive<u64>>,
    /// Say as one JSON object what is on the page
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    version: Version,
}

impl View {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let ops = self.op.clone().unwrap_or(1..=u64::MAX);
        let (taken, mut about) = match script::subject(&self.what)? {
            Subject::Script(name, text) => self.script(name, &text, &ops)?,
            Subject::Experiments(all) => match &all[..] {
                [e] => experiment(e, &ops)?,
                all => {
                    let names: Vec<&str> = all.iter().map(|e| e.name.as_str()).collect();
                    bail!("{} has {} experiments ({}): a page shows one", self.what, all.len(), names.join(", "));
                }
            },
        };
        if ops.start() > &taken.operations {
            bail!("there is no operation {}: there are {}", ops.start(), taken.operations);
        }
        about.left_out.extend(taken.left_out(&ops));
        let page = taken.recorder.page(&about);
        if self.output.as_os_str() == "-" {
            stdout().write_all(page.as_bytes()).context("the page cannot be written")?;
            return Ok(ExitCode::SUCCESS);
        }
        let file = self.output.display();
        replace(&self.output, page.as_bytes()).with_context(|| format!("{file} cannot be written"))?;
        let steps = taken.recorder.steps();
        if self.json {
            let said = json!({
                "file": file.to_string(), "bytes": page.len(), "steps": steps, "operations": taken.operations,
                "left_out": about.left_out,
            });
            println!("{said}");
            return Ok(ExitCode::SUCCESS);
        }
        println!("{file}: {steps} step{}, {} KB", if steps == 1 { "" } else { "s" }, page.len().div_ceil(1000));
        about.left_out.iter().for_each(|l| println!("{l}"));
        Ok(ExitCode::SUCCESS)
    }

    fn script(&self, name: String, text: &str, ops: &RangeInclusive<u64>) -> Result<(Taken, About)> {
        let mut progress: Option<Progress> = None;
        let taken = view::script(self.version.go, text, ops, &mut |done, all| {
            let p = progress.get_or_insert_with(|| Progress::of(all, all as f64, stderr().is_terminal()));
            p.reach(done);
            p.show("lines");
        });
        if let Some(p) = &mut progress {
            p.step();
        }
        let taken = taken.map_err(|e| anyhow!("{name}:{}: {}", e.line, e.what))?;
        // The page may go to others: they need not know the folder.
        let name = Path::new(&name).file_name().map_or(name.clone(), |n| n.to_string_lossy().into_owned());
        Ok((taken, about(name, String::new(), self.version.go)))
    }
}

fn about(source: String, about: String, go: GoVersion) -> About {
    About { source, about, go, left_out: Vec::new() }
}

fn experiment(e: &Experiment, ops: &RangeInclusive<u64>) -> Result<(Taken, About)> {
    let lab = Lab::new(e.version)?;
    let (taken, outcome) = view::experiment(e, &lab, ops)?;
    Ok((taken, about(e.name.clone(), format!("{}. Outcome: {outcome}.", e.about.trim_end_matches('.')), e.version)))
}
