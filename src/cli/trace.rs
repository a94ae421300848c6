//! `gohmap trace`: a script or an experiment, step by step.

use super::script::{self, Subject};
use super::text::{Paint, WIDTH, clip, columns, wrap};
use super::{Version, nearest};
use anyhow::{Result, anyhow, bail};
use gohmap::inspect::trace::{Event, Line};
use gohmap::lab::catalogue::Experiment;
use gohmap::lab::experiment::Lab;
use gohmap::lab::trace::{self, Operation, Sink};
use serde::Serialize;
use std::cell::Cell;
use std::io::{BufWriter, IsTerminal, Write, stdout};
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::rc::Rc;

/// Where the words of a step begin.
const COLUMN: usize = 16;

/// Tell what each operation on a map does, step by step
///
/// Every bucket searched, every slot examined and key compared, every growth, evacuation, overflow bucket and flag, and what each step
/// changes in memory. SCRIPT is a file of operations as `gohmap replay` takes it, - standard input; an EXPERIMENT is one
/// that `gohmap run` knows, or a file.toml of them: its faults strike while it is traced, and where it dies, the trace ends
/// with what Go would have said. The functions traced are the portable ones, which take the same way as Go's.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap trace script.txt
  gohmap trace script.txt --op 9..12 --only grow,evacuate,evacuate-slot
  gohmap trace stop-the-world
  gohmap trace script.txt --json | jq -c 'select(.kind == \"grow\")'

A `fill` counts as one operation for each key, a `next` for each entry.
Kinds: enter, flags-read, flags-write, hash, bucket, slot, key-store,
key-update, slot-clear, count, grow, evacuate, evacuate-slot, new-overflow,
walk, leave, element, fault, death.")]
pub(super) struct Trace {
    /// A script, an experiment's name, or a file.toml of experiments
    #[arg(value_name = "SCRIPT|EXPERIMENT")]
    what: String,
    /// Only these operations: N, N..M, N.. or ..M, counted from 1
    #[arg(long, value_name = "N..M", value_parser = script::operations)]
    op: Option<RangeInclusive<u64>>,
    /// Only steps of these kinds
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    only: Vec<&'static str>,
    /// One JSON object a line, one line a step
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    version: Version,
}

fn kind(text: &str) -> Result<&'static str, String> {
    Event::KINDS.into_iter().find(|k| *k == text).ok_or_else(|| {
        let hint =
            nearest(text, Event::KINDS.into_iter()).map_or_else(String::new, |k| format!("; did you mean {k:?}?"));
        format!("no kind of step {text:?}{hint}")
    })
}

/// A step, for machines.
#[derive(Serialize)]
struct Row<'a> {
    op: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    operation: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    map: &'a str,
    #[serde(flatten)]
    step: &'a Line,
}

/// Where the lines go.
struct Printer<W> {
    out: W,
    json: bool,
    only: Vec<&'static str>,
    paint: Paint,
}

impl<W: Write> Printer<W> {
    fn print(&mut self, op: &Operation, lines: &[Line]) -> std::io::Result<()> {
        let wanted = |l: &&Line| self.only.is_empty() || self.only.contains(&l.event.kind());
        let mut lines = lines.iter().filter(wanted).peekable();
        if self.json {
            for step in lines {
                let row = Row { op: op.number, line: op.line, operation: &op.text, map: &op.map, step };
                serde_json::to_writer(&mut self.out, &row)?;
                writeln!(self.out)?;
            }
            return Ok(());
        }
        if lines.peek().is_none() && !self.only.is_empty() {
            return Ok(());
        }
        let line = op.line.map_or_else(String::new, |n| format!(", line {n}"));
        let head = format!("op {}{line}: {}", op.number, op.text);
        writeln!(self.out, "{}{}", self.paint.name(&clip(&head, WIDTH - 2)), self.paint.faint(&self.of(op, &head)))?;
        for l in lines {
            if let Event::Death { says, .. } = &l.event {
                for line in says {
                    writeln!(self.out, "{}", self.paint.bad(line))?;
                }
                continue;
            }
            let words = l.event.words();
            let words = if columns(&words) > WIDTH - COLUMN { wrap(&words, WIDTH - COLUMN) } else { vec![words] };
            let mut kind = l.event.kind();
            for words in words {
                let text = format!("  {kind:<0$}{words}", COLUMN - 2);
                let text = text.trim_end();
                let marked = matches!(l.event, Event::Fault { .. });
                writeln!(self.out, "{}", if marked { self.paint.bad(text) } else { text.to_owned() })?;
                kind = "";
            }
            for change in l.changes_in_words() {
                let text = format!("{:COLUMN$}{}", "", clip(&format!("| {change}"), WIDTH - COLUMN));
                writeln!(self.out, "{}", self.paint.quote(&text))?;
            }
        }
        writeln!(self.out)
    }

    /// The map's type, where there is room for it.
    fn of(&self, op: &Operation, head: &str) -> String {
        let text = format!("  {}", op.ty);
        if head.chars().count() + text.chars().count() <= WIDTH { text } else { String::new() }
    }
}

impl Trace {
    pub(super) fn run(&self) -> Result<ExitCode> {
        match script::subject(&self.what)? {
            Subject::Script(name, text) => self.script(&name, &text),
            Subject::Experiments(all) => self.experiments(&all),
        }
    }

    fn printer<W: Write>(&self, out: W, terminal: &impl IsTerminal) -> Printer<W> {
        Printer { out, json: self.json, only: self.only.clone(), paint: Paint::for_stream(terminal) }
    }

    fn ops(&self) -> RangeInclusive<u64> {
        self.op.clone().unwrap_or(1..=u64::MAX)
    }

    fn script(&self, name: &str, text: &str) -> Result<ExitCode> {
        let mut printer = self.printer(BufWriter::new(stdout()), &stdout());
        let failed = Rc::new(Cell::new(None));
        let error = Rc::clone(&failed);
        let sink: Sink = Box::new(move |op, lines| {
            if let Err(e) = printer.print(op, lines) {
                error.set(Some(e));
            }
        });
        // The printer is dropped, and its buffer written, before a bad line is told.
        let done = trace::script(self.version.go, text, self.ops(), sink);
        if let Some(e) = failed.take() {
            bail!("the output cannot be written: {e}");
        }
        let there = done.map_err(|e| anyhow!("{name}:{}: {}", e.line, e.what))?;
        self.must_have(there)
    }

    /// An error when the script has none of the operations that were asked for.
    fn must_have(&self, there: u64) -> Result<ExitCode> {
        if self.ops().start() > &there {
            bail!("there is no operation {}: there are {there}", self.ops().start());
        }
        Ok(ExitCode::SUCCESS)
    }

    fn experiments(&self, all: &[Experiment]) -> Result<ExitCode> {
        let mut printer = self.printer(BufWriter::new(stdout().lock()), &stdout());
        for e in all {
            let lab = Lab::new(e.version)?;
            if !self.json {
                writeln!(printer.out, "{}", printer.paint.name(&e.name))?;
                for line in wrap(&e.about, WIDTH) {
                    writeln!(printer.out, "{line}")?;
                }
                writeln!(printer.out)?;
            }
            let mut failed = None;
            let end = trace::experiment(e, &lab, &self.ops(), &mut |op, lines| {
                if let Err(e) = printer.print(op, lines) {
                    failed = Some(e);
                }
            })?;
            if let Some(e) = failed {
                bail!("the output cannot be written: {e}");
            }
            if self.json {
                let last = serde_json::json!({
                    "experiment": e.name, "outcome": end.outcome.class.name(), "detail": end.outcome.detail,
                    "evidence": end.outcome.evidence, "says": end.says,
                });
                writeln!(printer.out, "{last}")?;
            } else {
                writeln!(printer.out, "{}", printer.paint.name(&format!("outcome: {}", end.outcome)))?;
            }
        }
        printer.out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}
