//! `gohmap campaign`: breaks maps by the thousand and counts what comes of it.

use super::progress::Progress;
use super::text::{Paint, WIDTH, wrap};
use anyhow::{Context, Result, bail, ensure};
use gohmap::lab::campaign::report::stats::{samples_needed, wilson};
use gohmap::lab::campaign::spec::{MOMENTS, TARGETS};
use gohmap::lab::campaign::tally::column;
use gohmap::lab::campaign::{Finished, Spec, folder};
use gohmap::lab::experiment::Class;
use gohmap::lab::experiment::workload::SINGLES;
use gohmap::version::GoVersion;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Break maps thousands of times, one fault each, and count what comes of it
///
/// Each injection begins with a healthy map, breaks one thing at one moment, lets the operation go on, and looks at the whole
/// map afterwards. The classes: masked, silent (a wrong result without a word), panic, fatal, fault, hang, not-injected,
/// tool-error. They sum to the number asked for. With --out, a folder gets a record of each injection and a report; run
/// again, an interrupted campaign goes on where it was.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap campaign --target header --exhaustive
  gohmap campaign --target pages frees --exhaustive --map growing --at steps
  gohmap campaign --target buckets --samples 100000 --seed 7 --out results
  gohmap campaign --target header --exhaustive --shard 2/4 --out shard2
  gohmap campaign --target header pages pointers --study

Targets: header, extra, buckets, oldbuckets, iterator (every bit); pointers,
pages, frees, allocations, stores; all.
Maps: nil, empty, small, full, grown, chained, growing, same-size-growing,
on-the-brink, N-entries, N-entries-hint-M. Operations: len, read-hit, read-miss, assign-hit,
assign-new, delete-hit, delete-miss, range, clear, clone, a list such as
assign:5:50,read:5,range, or mix-SEED: 24 operations on 60 keys, drawn at
random. A mix can say more: mix-7+ops=100+keys=200+zipf+reads=90+clears=0
(uniform, zipf, hot; reads, assigns, deletes, ranges, lens, clears).")]
pub(super) struct Campaign {
    /// What is broken
    #[arg(long, value_name = "TARGET", num_args = 1.., default_value = "header")]
    target: Vec<String>,
    /// Every injection once
    #[arg(long, conflicts_with = "samples")]
    exhaustive: bool,
    /// So many injections, drawn at random
    #[arg(long, value_name = "N")]
    samples: Option<u64>,
    /// What they are drawn with
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Only these models: flip, set, clear, stuck-at-0, nil, unmap, ... [default: flip for bits, all for the others]
    #[arg(long, value_name = "MODEL", num_args = 1..)]
    model: Vec<String>,
    /// Only these operations [default: the ten single ones]
    #[arg(long, value_name = "OPERATION", num_args = 1..)]
    operation: Vec<String>,
    /// These maps [default: empty small growing same-size-growing]
    #[arg(long, value_name = "MAP", num_args = 1..)]
    map: Vec<String>,
    /// Map type: u64, u32, str or arr ([2]uint64); elements are uint64
    #[arg(long = "type", value_name = "TYPE", default_value = "u64")]
    kind: String,
    /// When: before the operation, after it, at each of its steps
    #[arg(long, value_name = "MOMENT", num_args = 1.., default_value = "before")]
    at: Vec<String>,
    /// Each injection in a process of its own, which really dies
    #[arg(long)]
    forked: bool,
    /// Worker processes [default: one a processor]
    #[arg(long, value_name = "N")]
    jobs: Option<usize>,
    /// Only this part of so many, to be merged later
    #[arg(long, value_name = "I/N", value_parser = shard, default_value = "1/1")]
    shard: (u64, u64),
    /// Keep a record of each injection, a summary and a report in this folder
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Go on with the campaign of a folder, whatever the other options say
    #[arg(long, value_name = "DIR", conflicts_with = "out")]
    resume: Option<PathBuf>,
    /// The detection study: what of each field's faults Go's own checks notice
    #[arg(long)]
    study: bool,
    #[command(flatten)]
    version: super::Version,
}

fn shard(text: &str) -> Result<(u64, u64), String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    parts.filter(|(i, n)| (1..=*n).contains(i)).ok_or_else(|| "I/N, with I from 1 to N".to_owned())
}

impl Campaign {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let (spec, out) = match &self.resume {
            None => (self.spec()?, self.out.clone()),
            Some(path) => {
                let spec = folder::spec_of(path)?;
                let spec = spec.with_context(|| format!("{}: no campaign is kept here", path.display()))?;
                (spec, Some(path.clone()))
            }
        };
        let jobs = self.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
        let finished = run(&spec, out.as_deref(), jobs)?;
        let mut page = String::new();
        let paint = Paint::for_stream(&stdout());
        for line in wrap(&spec.about(), WIDTH) {
            let _ = writeln!(page, "{line}");
        }
        page.push('\n');
        show(&mut page, paint, &finished);
        if self.study {
            page.push('\n');
            study(&mut page, paint, &finished);
        }
        if let Some(out) = &out {
            let _ = writeln!(page, "\nIn {}: results.jsonl, summary.json, report.html", out.display());
        }
        stdout().lock().write_all(page.as_bytes())?;
        ensure!(finished.tally.adds_up() && finished.tally.injections == finished.asked, "the classes do not add up");
        Ok(if finished.tally.of(Class::ToolError) > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    pub(super) fn spec(&self) -> Result<Spec> {
        let mut targets = self.target.clone();
        if targets.iter().any(|t| t == "all") {
            targets = TARGETS.iter().map(|t| t.0.to_owned()).collect();
        }
        let default = Spec { go: self.version.go.name().to_owned(), ..Spec::default() };
        let or = |given: &Vec<String>, default: Vec<String>| if given.is_empty() { default } else { given.clone() };
        let operations = SINGLES.iter().map(|s| s.0.to_owned());
        let operations = operations.filter(|o| o != "clone" || self.version.go >= GoVersion::V1_21).collect();
        for at in &self.at {
            if !MOMENTS.contains(&at.as_str()) {
                bail!("no moment {at:?}; there are {}", MOMENTS.join(", "));
            }
        }
        Ok(Spec {
            kind: self.kind.clone(),
            maps: or(&self.map, default.maps.clone()),
            operations: or(&self.operation, operations),
            targets,
            models: self.model.clone(),
            moments: self.at.clone(),
            samples: self.samples,
            seed: if self.samples.is_some() { self.seed } else { default.seed },
            forked: self.forked,
            shard: self.shard,
            ..default
        })
    }
}

#[cfg(unix)]
fn run(spec: &Spec, out: Option<&std::path::Path>, jobs: usize) -> Result<Finished> {
    let mut progress: Option<Progress> = None;
    let finished = gohmap::lab::campaign::run(spec, out, jobs, &mut |done, total| {
        let p = progress.get_or_insert_with(|| Progress::of(total as usize, total as f64, stderr().is_terminal()));
        p.reach(done as usize);
        p.show("injections");
    });
    if let Some(p) = &mut progress {
        p.step();
    }
    Ok(finished?)
}

/// The classes, their shares, and what they consist of.
fn show(page: &mut String, paint: Paint, f: &Finished) {
    let t = &f.tally;
    let _ = writeln!(page, "{:<13} {:>11}   share, and what holds the true one with 95 %", "outcome", "injections");
    for class in Class::ALL {
        let n = t.of(class);
        let (low, high) = wilson(n, f.asked);
        let percent = |x: f64| 100.0 * x;
        let name = paint.name(&format!("{class:<13}"));
        let _ = writeln!(
            page,
            "{name} {n:>11}  {:>6.2} %   {:.2} to {:.2} %",
            percent(n as f64 / f.asked.max(1) as f64),
            percent(low),
            percent(high)
        );
        for (label, n) in
            t.details.iter().filter(|(l, _)| l.strip_prefix(class.name()).is_some_and(|r| r.starts_with(": ")))
        {
            let detail = label.split_once(": ").map_or("", |d| d.1);
            let detail = super::text::clip(detail, WIDTH - 28);
            let _ = writeln!(page, "{}", paint.faint(&format!("  {n:>23}  {detail}")));
        }
    }
    let _ = writeln!(page, "{:<13} {:>11}", "sum", t.injections);
    let widest = Class::ALL.into_iter().map(|c| t.of(c) as f64 / f.asked.max(1) as f64);
    let widest = widest.min_by(|a, b| (a - 0.5).abs().total_cmp(&(b - 0.5).abs())).unwrap_or(0.5);
    let need = samples_needed(widest, 0.01);
    let _ = writeln!(page, "\nA share is known to 1 % either way from {need} samples on.");
    let _ = writeln!(page, "Digest of all records: {:016x}", f.digest);
    let kept = if f.kept > 0 { format!(" ({} kept from before)", f.kept) } else { String::new() };
    let _ = writeln!(
        page,
        "{} injections in {:.1} s{kept}: {:.0} a second and worker, {} worker{}",
        f.asked - f.kept,
        f.took.as_secs_f64(),
        f.rate(),
        f.jobs,
        if f.jobs == 1 { "" } else { "s" }
    );
}

/// Field by field: what Go notices, what the processor notices, what nobody does.
pub(super) fn study(page: &mut String, paint: Paint, f: &Finished) {
    let _ = writeln!(
        page,
        "{}",
        paint.name(&format!(
            "{:<24} {:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            "field", "faults", "detected", "faulted", "silent", "hangs", "masked"
        ))
    );
    for (field, row) in &f.tally.fields {
        let of = |c: Class| row[column(c)];
        let injected: u64 = row.iter().sum::<u64>() - of(Class::NotInjected) - of(Class::ToolError);
        if injected == 0 {
            continue;
        }
        let share = |n: u64| format!("{:.1} %", 100.0 * n as f64 / injected as f64);
        let _ = writeln!(
            page,
            "{field:<24} {injected:>8} {:>8} {:>8} {:>8} {:>8} {:>8}",
            share(of(Class::Fatal)),
            share(of(Class::Fault) + of(Class::Panic)),
            share(of(Class::Silent)),
            share(of(Class::Hang)),
            share(of(Class::Masked))
        );
    }
    let _ = writeln!(
        page,
        "\ndetected: a check of Go's ends the program (fatal error). faulted: an access to\n\
         memory does (unexpected fault address, or a nil dereference). silent: a wrong\n\
         result. masked: no difference."
    );
}
