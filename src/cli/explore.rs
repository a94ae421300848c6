//! `gohmap explore`: every interleaving of a few operations, counted.

use super::progress::Progress;
use super::text::{Paint, WIDTH, clip, wrap};
use anyhow::{Result, bail};
use gohmap::lab::campaign::report::stats::wilson;
use gohmap::lab::experiment::{KeyKind, Lab};
use gohmap::lab::explore::scenario::letter;
use gohmap::lab::explore::{Act, Class, Draw, Explorer, Points, Report, Scenario, Schedule};
use gohmap::version::GoVersion;
use num_bigint::BigUint;
use serde::Serialize;
use serde_json::value::RawValue;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;
use std::rc::Rc;

/// Count what unlocked goroutines come to, over every interleaving of their steps
///
/// Goroutines do one map operation each, and may be switched before every step of it. Every schedule is counted: caught by a check of
/// Go's (a fatal error), fault, panic, silent (a wrong result, a lost key, a broken map, and not a word), hang, or fine: what some order
/// of the operations comes to as well. Without SCENARIO, every pair of operations on a map of one bucket. Each kind of end comes
/// with a schedule that --replay tells step by step.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap explore
  gohmap explore assign-other+delete --go all
  gohmap explore growing/assign-other+read --points accesses
  gohmap explore --replay 1.22/u64/3-entries/delete+read/b5a13b
  gohmap explore growing/assign-other+iterate --random 100000 --seed 7
  gohmap explore assign-other+delete+read
  gohmap explore growing/assign-other+assign-other+clear --pct 3

A scenario is OPERATION+OPERATION, up to four of them; before them, if you like,
MAP/: 3-entries, full (one bucket of eight), growing, on-the-brink, chained, and
whatever `gohmap campaign --help` names. `--list` names operations and scenarios.

Every step of an operation is a point where goroutines are switched, and so are
the halves of a step that others may see one of. Moving one slot of an old bucket
is a step, and so is ending a growth; `--points accesses` takes them apart: the
old slot's mark, then tophash, key and element where its entry goes, and so on.
There are ten to a thousand times as many states then where the map grows.

Two shares are shown. That of the schedules counts each way to merge the steps
as one. The chance is that of a scheduler which tosses a coin at every step:
schedules that end early, because somebody dies, are likelier than others.")]
pub(super) struct Explore {
    /// What to explore
    #[arg(value_name = "SCENARIO")]
    scenarios: Vec<Scenario>,
    /// Go versions, with commas between them, or `all`
    #[arg(long, value_name = "VERSION", value_delimiter = ',', default_value = "1.22")]
    go: Vec<String>,
    /// Map type: u64, u32, str or arr ([2]uint64); elements are uint64
    #[arg(long = "type", value_name = "TYPE", default_value = "u64")]
    kind: KeyKind,
    /// Where goroutines may be switched: at steps, at every access to memory, or between operations
    #[arg(long, value_name = "steps|accesses|operations", default_value = "steps")]
    points: Points,
    /// Give up on a scenario of more states; each takes some 150 bytes
    #[arg(long, value_name = "N", default_value_t = Explorer::LIMIT, value_parser = at_least_one)]
    states: usize,
    /// Draw so many schedules at random instead of counting all
    #[arg(long, value_name = "N")]
    random: Option<usize>,
    /// Draw schedules by probabilistic concurrency testing of this depth: 10000, or what --random says
    #[arg(long, value_name = "DEPTH", value_parser = clap::value_parser!(u16).range(1..))]
    pct: Option<u16>,
    /// What they are drawn with
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Tell one schedule step by step
    #[arg(long, value_name = "SCHEDULE", conflicts_with_all = ["random", "pct", "list"])]
    replay: Option<Schedule>,
    /// Name operations and scenarios
    #[arg(long)]
    list: bool,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|&n| n > 0).ok_or_else(|| "a number from 1 on".to_owned())
}

/// An end of a scenario's schedules, for machines.
#[derive(Serialize)]
struct Row<'a> {
    go: String,
    r#type: &'a str,
    scenario: String,
    search: &'a str,
    points: &'a str,
    seed: Option<u64>,
    class: &'a str,
    kind: &'a str,
    schedules: Box<RawValue>,
    of: Box<RawValue>,
    chance: f64,
    states: Option<usize>,
    replay: String,
}

impl Explore {
    pub(super) fn run(&self) -> Result<ExitCode> {
        if self.list {
            return self.list();
        }
        if let Some(schedule) = &self.replay {
            return self.tell(schedule);
        }
        let versions = self.versions()?;
        let scenarios = if self.scenarios.is_empty() { Scenario::pairs() } else { self.scenarios.clone() };
        let named = !self.scenarios.is_empty();
        let paint = Paint::for_stream(&stdout());
        let total = versions.len() * scenarios.len();
        let progress = Rc::new(RefCell::new(Progress::of(total, total as f64, !self.json && stderr().is_terminal())));
        let mut reports: Vec<Vec<Report>> = Vec::new();
        for &version in &versions {
            let lab = Lab::new(version)?;
            let mut explorer = Explorer::new(&lab, self.kind);
            explorer.limit = self.states;
            let mut of_version = Vec::new();
            for scenario in &scenarios {
                // All pairs are those that this Go has.
                if !named && scenario.impossible(version.rules()).is_some() {
                    progress.borrow_mut().step();
                    continue;
                }
                let report = self.explore(&explorer, scenario, &progress)?;
                progress.borrow_mut().step();
                progress.borrow_mut().reach(reports.len() * scenarios.len() + of_version.len() + 1);
                if self.json {
                    self.machines(&report)?;
                }
                of_version.push(report);
            }
            if !self.json {
                let mut page = String::new();
                self.table(&mut page, paint, version, &of_version);
                write!(stdout(), "{page}")?;
            }
            reports.push(of_version);
        }
        if !self.json {
            let mut page = String::new();
            self.ends(&mut page, paint, &versions, &reports);
            write!(stdout(), "{page}")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn versions(&self) -> Result<Vec<GoVersion>> {
        let mut versions = Vec::new();
        for text in &self.go {
            match text.as_str() {
                "all" => versions.extend(GoVersion::ALL),
                text => versions.push(text.parse()?),
            }
        }
        Ok(versions)
    }

    fn draw(&self) -> Option<(Draw, usize)> {
        match (self.random, self.pct) {
            (n, Some(depth)) => Some((Draw::Pct(depth.into()), n.unwrap_or(10_000))),
            (Some(n), None) => Some((Draw::Random, n)),
            (None, None) => None,
        }
    }

    fn explore(&self, explorer: &Explorer<'_>, s: &Scenario, progress: &Rc<RefCell<Progress>>) -> Result<Report> {
        let (name, progress) = (s.to_string(), Rc::clone(progress));
        let tell = move |what: &str, n: usize, part: f64| {
            let mut progress = progress.borrow_mut();
            progress.part(part);
            progress.show(&format!("{name}, {n} {what}"));
        };
        Ok(match self.draw() {
            None => explorer.exhaust(s, self.points, move |n, part| tell("states", n, part))?,
            Some(_) if self.points == Points::Operations => {
                bail!("between operations there is little to draw: leave --random and --pct away")
            }
            Some((draw, n)) => {
                explorer.sample(s, self.points, draw, n, self.seed, move |n, part| tell("schedules", n, part))?
            }
        })
    }

    fn search(&self) -> &'static str {
        match self.draw() {
            None => "exhaustive",
            Some((Draw::Random, _)) => "random",
            Some((Draw::Pct(_), _)) => "pct",
        }
    }

    fn machines(&self, r: &Report) -> Result<()> {
        let number = |n: &BigUint| RawValue::from_string(n.to_string());
        for row in &r.rows {
            let row = Row {
                go: r.version.to_string(),
                r#type: r.kind.name(),
                scenario: r.scenario.to_string(),
                search: self.search(),
                points: self.points.name(),
                seed: self.draw().map(|_| self.seed),
                class: row.end.class.name(),
                kind: &row.end.kind,
                schedules: number(&row.schedules)?,
                of: number(&r.schedules)?,
                chance: row.chance,
                states: r.states,
                replay: row.example.to_string(),
            };
            writeln!(stdout(), "{}", serde_json::to_string(&row)?)?;
        }
        Ok(())
    }

    /// One line a scenario: how many schedules, and their classes.
    fn table(&self, page: &mut String, paint: Paint, version: GoVersion, reports: &[Report]) {
        let what = match self.draw() {
            None => "every schedule, and what share of the schedules comes to what".to_owned(),
            Some((Draw::Random, n)) => format!("{n} schedules each, drawn at random with seed {}", self.seed),
            Some((Draw::Pct(d), n)) => format!("{n} schedules each, by PCT of depth {d} with seed {}", self.seed),
        };
        let between = match self.points {
            Points::Accesses => ", switched at every access",
            Points::Steps => "",
            Points::Operations => ", switched between operations only",
        };
        for line in wrap(&format!("Go {version}, keys {}{between}: {what}", self.kind), WIDTH) {
            let _ = writeln!(page, "{line}");
        }
        let classes = [Class::Fine, Class::Caught, Class::Silent, Class::Fault, Class::Panic, Class::Hang];
        let column = reports.iter().map(|r| r.scenario.to_string().len()).max().unwrap_or(0).max(8);
        let head: String = classes.iter().map(|c| format!(" {:>6}", c.name())).collect();
        let _ = writeln!(page, "\n{}", paint.name(&format!("{:<column$} {:>8}{head}", "scenario", "of")));
        for r in reports {
            let _ = write!(page, "{:<column$} {:>8}", r.scenario.to_string(), short(&r.schedules));
            for c in classes {
                let n = r.of(c);
                let cell = format!(" {:>6}", percent(&n, &r.schedules));
                let _ = write!(page, "{}", if n == BigUint::ZERO { paint.faint(&cell) } else { cell });
            }
            page.push('\n');
        }
        page.push('\n');
    }

    /// Every kind of end, version by version, and a schedule that comes to it.
    fn ends(&self, page: &mut String, paint: Paint, versions: &[GoVersion], reports: &[Vec<Report>]) {
        let mut ends: BTreeMap<_, Vec<Tally>> = BTreeMap::new();
        for (i, of_version) in reports.iter().enumerate() {
            for r in of_version {
                for row in &r.rows {
                    let tallies = ends.entry(row.end.clone()).or_insert_with(|| vec![Tally::default(); versions.len()]);
                    let t = &mut tallies[i];
                    t.scenarios += 1;
                    t.schedules += &row.schedules;
                    t.chance += row.chance / of_version.len() as f64;
                    t.example.get_or_insert_with(|| row.example.to_string());
                }
            }
        }
        let one = reports.iter().all(|r| r.len() == 1);
        let in_all = if one { "" } else { ", on the average of the scenarios" };
        let drawn = self.draw().is_some();
        let what = if drawn { "share, and what holds the true one with 95 %" } else { "chance at random" };
        let head = if drawn || one { "" } else { "scenarios  " };
        let _ = writeln!(page, "{}", paint.name(&format!("{head}schedules  {what}{in_all}, and one of them")));
        for (end, tallies) in &ends {
            let _ = writeln!(page, "{}", paint.name(&clip(&end.to_string(), WIDTH)));
            for (t, version) in tallies.iter().zip(versions) {
                let Some(example) = &t.example else { continue };
                let at = if versions.len() > 1 { format!("{version:<14}") } else { String::new() };
                let scenarios = if drawn || one { String::new() } else { format!("{:>9}  ", t.scenarios) };
                let chance = if drawn && one {
                    let drawn = |n: &BigUint| u64::try_from(n).expect("so many were drawn");
                    let (low, high) = wilson(drawn(&t.schedules), drawn(&reports[0][0].schedules));
                    format!("{:.2} %   {:.2} to {:.2} %", 100.0 * t.chance, 100.0 * low, 100.0 * high)
                } else {
                    format!("{:.4} %", 100.0 * t.chance)
                };
                let _ = writeln!(page, "  {at}{scenarios}{:>9}  {chance}", short(&t.schedules));
                let _ = writeln!(page, "{}", paint.faint(&format!("    --replay {example}")));
            }
        }
        let (states, runs) = reports.iter().flatten().fold((0, 0), |(s, n), r| (s + r.states.unwrap_or(0), n + r.runs));
        if !drawn {
            let _ = writeln!(page, "\n{states} different states, found by {runs} runs; every schedule is counted.");
        }
    }

    fn list(&self) -> Result<ExitCode> {
        let mut out = stdout().lock();
        if self.json {
            for s in Scenario::pairs().into_iter().chain(Scenario::more()) {
                let acts: Vec<&str> = s.acts.iter().map(|a| a.name()).collect();
                let line =
                    serde_json::json!({ "scenario": s.to_string(), "map": s.shape.to_string(), "operations": acts });
                writeln!(out, "{line}")?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let paint = Paint::for_stream(&out);
        writeln!(out, "{}", paint.name("Operations"))?;
        for a in Act::ALL {
            writeln!(out, "  {a:<13} {}", a.about())?;
        }
        writeln!(out, "\n{}", paint.name("Every pair of them on a map of one bucket"))?;
        for s in Scenario::pairs() {
            writeln!(out, "  {s}")?;
        }
        writeln!(out, "\n{}", paint.name("And more"))?;
        for s in Scenario::more() {
            writeln!(out, "  {s}")?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// One schedule, step by step.
    fn tell(&self, schedule: &Schedule) -> Result<ExitCode> {
        let lab = Lab::new(schedule.version)?;
        let replay = Explorer::new(&lab, schedule.kind).replay(schedule)?;
        let mut out = stdout().lock();
        if self.json {
            for m in &replay.moves {
                writeln!(out, "{}", serde_json::to_string(m)?)?;
            }
            let last = serde_json::json!({
                "class": replay.end.class.name(), "kind": replay.end.kind, "evidence": replay.evidence,
                "replay": replay.schedule.to_string(),
            });
            writeln!(out, "{last}")?;
            return Ok(ExitCode::SUCCESS);
        }
        let paint = Paint::for_stream(&out);
        for (who, act) in schedule.scenario.acts.iter().enumerate() {
            writeln!(out, "goroutine {}: {}", letter(who), act.about())?;
        }
        writeln!(out)?;
        let mut last = None;
        for m in &replay.moves {
            let who = letter(m.goroutine);
            let step = if last == Some(m.step) { String::new() } else { m.step.to_string() };
            last = Some(m.step);
            let rest = if m.rest { "... " } else { "" };
            let words = clip(&format!("{rest}{}", m.words), WIDTH - 23);
            // Each goroutine has a column, so that switches are seen.
            let indent = "  ".repeat(m.goroutine);
            writeln!(out, "{step:>4} {indent}{} {:<13} {words}", paint.name(&who.to_string()), m.kind)?;
            for change in &m.changes {
                let line = clip(change, WIDTH - 23);
                writeln!(out, "{}", paint.faint(&format!("     {indent}  {:<13} {line}", "")))?;
            }
        }
        let end = replay.end.to_string();
        let end = if replay.end.class == Class::Fine { paint.good(&end) } else { paint.bad(&end) };
        let evidence = if replay.evidence.is_empty() { String::new() } else { format!(" ({})", replay.evidence) };
        writeln!(out, "\n{end}{evidence}")?;
        Ok(ExitCode::SUCCESS)
    }
}

/// An end's figures in one version.
#[derive(Clone, Default)]
struct Tally {
    scenarios: usize,
    schedules: BigUint,
    chance: f64,
    example: Option<String>,
}

/// A number in at most eight columns: as it is, or in three digits and a power of ten.
fn short(n: &BigUint) -> String {
    let digits = n.to_string();
    if digits.len() <= 8 {
        return digits;
    }
    let (first, rest) = digits.split_at(1);
    let first = format!("{first}.{}", &rest[..8]).parse::<f64>().expect("digits are a number");
    let power = rest.len() + usize::from(first >= 9.995);
    format!("{:.2}e{power}", if first >= 9.995 { 1.0 } else { first })
}

/// A share in six columns. What is not nothing does not look like it.
fn percent(n: &BigUint, of: &BigUint) -> String {
    if *n == BigUint::ZERO {
        return "-".to_owned();
    }
    if n == of {
        return "100 %".to_owned();
    }
    // In parts of a million, which is more than enough for a table.
    let parts = u32::try_from(n * 1_000_000_u32 / of).expect("a part is no more than the whole");
    match f64::from(parts) / 10_000.0 {
        share if share < 0.05 => "<0.1 %".to_owned(),
        share if share > 99.9 => ">99.9%".to_owned(),
        share => format!("{share:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_say_what_there_is() {
        for (n, of, says) in [
            (0, 9, "-"),
            (9, 9, "100 %"),
            (1, 100_000, "<0.1 %"),
            (1, 8, "12.5 %"),
            (99_999, 100_000, ">99.9%"),
            (u128::MAX / 4, u128::MAX, "25.0 %"),
        ] {
            assert_eq!(percent(&n.into(), &of.into()), says);
        }
        for (n, says) in [
            (99_999_999_u128, "99999999"),
            (123_456_789, "1.23e8"),
            (999_999_999, "1.00e9"),
            (881_523_009_813_695_980_622, "8.82e20"),
        ] {
            assert_eq!(short(&BigUint::from(n)), says);
        }
        assert_eq!(short(&(BigUint::from(7_u8) << 2000)), "8.04e602");
    }
}
