//! `gohmap replay-injection`: one injection, step by step.

use super::text::{Paint, WIDTH, clip};
use anyhow::{Context, Result, anyhow, ensure};
use gohmap::lab::campaign::folder::RESULTS;
use gohmap::lab::campaign::record::{Record, Symbols};
use gohmap::lab::experiment::moment::StepKind;
use gohmap::lab::experiment::rig::Way;
use gohmap::lab::experiment::{At, Injection, Lab, Moment, Outcome, Rig};
use gohmap::probe::Step;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufRead, BufReader, Write, stdout};
use std::path::Path;
use std::process::ExitCode;

/// Show an injection step by step
///
/// Builds its map, tells what the operation does until the fault strikes and from there on, and what came of it. A record of a
/// campaign is replayed and compared with what was recorded.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap replay-injection small/read-hit/before/header.flags.2/flip
  gohmap replay-injection results#118 --check-determinism
  gohmap replay-injection results --check-determinism

An injection is MAP/OPERATION/MOMENT/TARGET/MODEL; behind ?, type= and go= say
what is not as usual. DIR#N is injection N of a campaign's folder, DIR all of
them. `gohmap campaign --help` names maps, operations and targets.")]
pub(super) struct ReplayInjection {
    /// The injection, or a record (one line of JSON), or a campaign's folder
    #[arg(value_name = "ID|RECORD|DIR")]
    what: String,
    /// Run each twice, and say whether both agree in everything
    #[arg(long)]
    check_determinism: bool,
    /// At most so many steps
    #[arg(long, value_name = "N", default_value_t = 60)]
    steps: usize,
}

/// What is to be replayed, and what was recorded of it.
struct Wanted {
    injection: Injection,
    recorded: Option<Record>,
}

impl Wanted {
    fn of(record: Record) -> Result<Self> {
        Ok(Self { injection: Injection::parse(&record.id)?, recorded: Some(record) })
    }
}

impl ReplayInjection {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let wanted = self.wanted()?;
        let mut bench = Bench::default();
        if let [one] = wanted.as_slice() {
            let (page, agrees) = bench.show(one, self.steps, self.check_determinism)?;
            stdout().lock().write_all(page.as_bytes())?;
            return Ok(if agrees { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        let mut differing = 0;
        for w in &wanted {
            let record = w.recorded.as_ref().expect("several injections come from a folder");
            let outcome = bench.inject(w)?;
            let again = if self.check_determinism { bench.inject(w)? } else { outcome.clone() };
            let address = outcome.addr.map(|a| format!("{a:#x}"));
            let same =
                (record.outcome, &*record.detail, &record.address) == (outcome.class, &*outcome.detail, &address);
            if !same || again != outcome {
                differing += 1;
                println!("{} {}: {outcome}; recorded {}: {}", record.i, record.id, record.outcome, record.detail);
            }
        }
        println!("{} of {} injections agree", wanted.len() - differing, wanted.len());
        Ok(if differing == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }

    fn wanted(&self) -> Result<Vec<Wanted>> {
        let text = self.what.trim();
        if text.starts_with('{') {
            let record = serde_json::from_str(text).context("this is no record of an injection")?;
            return Ok(vec![Wanted::of(record)?]);
        }
        let (path, number) = match text.rsplit_once('#') {
            Some((path, n)) => (path, Some(n.parse::<u64>().with_context(|| format!("{n:?} is no number"))?)),
            None => (text, None),
        };
        let folder = Path::new(path);
        if number.is_none() && !folder.exists() {
            return Ok(vec![Wanted { injection: Injection::parse(text)?, recorded: None }]);
        }
        let file = if folder.is_dir() { folder.join(RESULTS) } else { folder.to_owned() };
        let opened = File::open(&file).map_err(|e| anyhow!("{} cannot be read: {e}", file.display()))?;
        let mut all = Vec::new();
        for (i, line) in BufReader::new(opened).lines().enumerate() {
            let line = line.with_context(|| format!("{} cannot be read", file.display()))?;
            let record: Record =
                serde_json::from_str(&line).with_context(|| format!("{}:{}", file.display(), i + 1))?;
            if number.is_none_or(|n| n == record.i) {
                all.push(Wanted::of(record)?);
            }
        }
        ensure!(!all.is_empty(), "{} has no such injection", file.display());
        Ok(all)
    }
}

/// The rig of the injection before: the next one is often of the same scenario.
#[derive(Default)]
struct Bench(Option<(Rig, Lab)>);

impl Bench {
    fn rig(&mut self, w: &Wanted) -> Result<&Rig> {
        let i = &w.injection;
        let fits = |(rig, lab): &(Rig, Lab)| rig.scenario == i.scenario && lab.version() == i.version;
        if !self.0.as_ref().is_some_and(fits) {
            // There is one laboratory at a time.
            self.0 = None;
            let lab = Lab::new(i.version)?;
            let rig = Rig::new(&lab, &i.scenario).map_err(|e| anyhow!("{e}"))?;
            self.0 = Some((rig, lab));
        }
        Ok(&self.0.as_ref().expect("it was just made").0)
    }

    fn inject(&mut self, w: &Wanted) -> Result<Outcome> {
        let rig = self.rig(w)?;
        let (fault, event) = w.injection.on(rig)?;
        Ok(rig.inject(fault, event))
    }

    fn show(&mut self, w: &Wanted, most: usize, twice: bool) -> Result<(String, bool)> {
        let i = &w.injection;
        let rig = self.rig(w)?;
        let (fault, strikes) = i.on(rig)?;
        let paint = Paint::for_stream(&stdout());
        let lines = RefCell::new(Vec::new());
        let target = fault.area().map_or_else(Vec::new, |a| rig.bytes(a));
        let last = RefCell::new(target);
        let told = |n: u64, kind: StepKind, step: Option<&Step>| {
            let mut lines = lines.borrow_mut();
            if n == strikes + 1
                && let Some(area) = fault.area()
            {
                // What the fault has changed, as long as it is still there to be seen.
                for (at, (was, is)) in last.borrow().iter().zip(rig.bytes_or_nothing(area)).enumerate() {
                    if *was != is {
                        lines.push((n, format!("        byte {at} of {area}: {was:#04x} -> {is:#04x}"), true));
                    }
                }
            }
            if n == strikes {
                if let Some(area) = fault.area() {
                    *last.borrow_mut() = rig.bytes(area);
                }
                lines.push((n, format!("   >>>  {fault}"), true));
            }
            let text = step.map_or_else(|| between(rig, n), |s| tell(s, kind));
            lines.push((n, format!("{n:>6}  {text}"), false));
        };
        let outcome = rig.inject_all(&[(strikes, fault)], Way::default(), Some(&told));
        let lines = lines.into_inner();
        let mut page = String::new();
        let _ = writeln!(
            page,
            "{}",
            paint.name(&format!("{}/{}/{}/{}", i.scenario.shape, i.scenario.workload, i.moment, fault))
        );
        let operations: Vec<String> = rig.operations().iter().map(ToString::to_string).collect();
        let when = match i.moment.at {
            At::Before => "before".to_owned(),
            At::After => "after".to_owned(),
            At::Step(n) => format!("at step {n} of"),
            At::Touch(area) => format!("before {area} is touched by"),
        };
        let op = operations.get(usize::from(i.moment.op)).map_or("", String::as_str);
        let _ = writeln!(
            page,
            "a {} map[{}]uint64 of Go {}; {}; the fault strikes {when} {op:?}\n",
            i.scenario.shape,
            rig.map_type().key,
            i.version,
            clip(&operations.join(", "), 60)
        );
        // Around the fault, and the end.
        let at = lines.iter().position(|l| l.0 >= strikes).unwrap_or(0);
        let from = at.saturating_sub(most / 3);
        let until = (from + most).min(lines.len());
        if from > 0 {
            let _ = writeln!(page, "        ... {from} lines before");
        }
        for (_, line, mark) in &lines[from..until] {
            let line = clip(line, WIDTH);
            let _ = writeln!(page, "{}", if *mark { paint.bad(&line) } else { line });
        }
        if until < lines.len() {
            let _ = writeln!(page, "        ... {} lines more", lines.len() - until);
        }
        let _ = writeln!(page, "\n{}", paint.name(&format!("outcome: {outcome}")));
        if let Some(addr) = outcome.addr {
            let _ = writeln!(page, "address: {addr:#x}");
        }
        if let Some(pc) = outcome.pc {
            let _ = writeln!(page, "instruction: {}", Symbols::default().name(pc));
        }
        let mut agrees = true;
        if let Some(r) = &w.recorded {
            let same = (r.outcome, &*r.detail) == (outcome.class, &*outcome.detail);
            let _ = writeln!(
                page,
                "recorded: {}: {} ({})",
                r.outcome,
                r.detail,
                if same { "the same" } else { "DIFFERENT" }
            );
            agrees &= same;
        }
        if twice {
            let again = rig.inject(fault, strikes);
            let same = again == rig.inject(fault, strikes) && again == outcome;
            let _ = writeln!(page, "{}", if same { "two more runs agree" } else { "ANOTHER RUN DIFFERS" });
            agrees &= same;
        }
        Ok((page, agrees))
    }
}

/// An event between the steps, in words.
fn between(rig: &Rig, n: u64) -> String {
    for (op, operation) in rig.operations().iter().enumerate() {
        for (at, word) in [(At::Before, "before"), (At::After, "after")] {
            if rig.event(Moment { op: op as u16, at }) == Some(n) {
                return format!("{word} {operation}");
            }
        }
    }
    "the loop asks for the next entry".to_owned()
}

/// A step in words.
fn tell(step: &Step, kind: StepKind) -> String {
    let name = kind.name();
    match *step {
        Step::Enter { op, h } => format!("{name} {op:?} on the map at {h:#x}"),
        Step::FlagsRead { flags } | Step::FlagsWrite { flags } => format!("{name} {flags:#x}"),
        Step::Hash { hash } => format!("{name} {hash:#018x}"),
        Step::Bucket { addr } | Step::Walk { addr } => format!("{name} {addr:#x}"),
        Step::Slot { bucket, i }
        | Step::KeyStore { bucket, i }
        | Step::KeyUpdate { bucket, i }
        | Step::SlotClear { bucket, i } => format!("{name} {i} of bucket {bucket:#x}"),
        Step::Count { count } => format!("{name} {count}"),
        Step::Grow { same_size } => {
            format!("{name}{}", if same_size { ", to the same size" } else { ", to twice the size" })
        }
        Step::Evacuate { old } => format!("{name} old bucket {old}"),
        Step::EvacuateSlot { bucket, i, y } => {
            format!("{name} {i} of {bucket:#x}, to the {} half", if y { "upper" } else { "lower" })
        }
        Step::NewOverflow { bucket } => format!("{name} behind {bucket:#x}"),
        Step::Leave { op } => format!("{name} {op:?}"),
    }
}
