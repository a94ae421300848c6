//! `gohmap race`: real threads on an unlocked map.

use super::progress::Progress;
use super::text::{Paint, WIDTH, wrap};
use anyhow::{Context, Result, anyhow, ensure};
use gohmap::lab::campaign::report::stats::wilson;
use gohmap::lab::explore::{Class, Scenario};
use gohmap::lab::threads::{self, Emulated, MOST_THREADS, Race, RealGo, Round, Side, percentile};
use gohmap::map::amd64::Isa;
use serde_json::json;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

/// Let threads loose on an unlocked map, and count how often and how soon Go's check fires
///
/// Each round is a process in which every thread repeats one operation on the same map. It ends with the first death, or when all have
/// done their operations: then the map is looked at. `gohmap explore` counts what can happen; this is what does happen on this
/// machine, by portable code and by assembly, and in real Go if one is named.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap race assign-other+assign-other
  gohmap race assign-hit+read --threads 8 --seconds 10
  gohmap race assign-other+delete --isa portable --go-toolchain /usr/local/go
  gohmap race iterate+clear --operations 100 --json

A scenario is OPERATION+OPERATION, up to four of them, dealt out to the threads
in turn; `gohmap explore --list` names them. The map has three entries at first;
assigns of new keys take another key each time, so that the map grows.")]
pub(super) struct RaceArgs {
    /// What the threads do
    #[arg(value_name = "SCENARIO")]
    scenario: Scenario,
    /// How many threads
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u16).range(2..=MOST_THREADS as i64))]
    threads: u16,
    /// How long, for each implementation
    #[arg(long, value_name = "S", default_value_t = 3.0)]
    seconds: f64,
    /// How often each thread repeats its operation in a round
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=900_000))]
    operations: u64,
    /// Implementations: portable, scalar, sse41, avx512 [default: portable and the best here]
    #[arg(long, value_name = "NAME", num_args = 1..)]
    isa: Vec<String>,
    /// The same in this real Go: a go command, or a GOROOT
    #[arg(long, value_name = "PATH")]
    go_toolchain: Option<OsString>,
    /// One JSON object a line, one line an implementation
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    version: super::Version,
}

/// A round that takes longer goes round in circles.
const PATIENCE: Duration = Duration::from_secs(3);

impl RaceArgs {
    pub(super) fn run(&self) -> Result<ExitCode> {
        ensure!(self.seconds >= 0.0 && self.seconds < 1e6, "--seconds {} is no time", self.seconds);
        let race = Race {
            acts: self.scenario.acts.clone(),
            threads: self.threads.into(),
            operations: self.operations,
            patience: PATIENCE,
        };
        let mut sides: Vec<Box<dyn Side>> = Vec::new();
        for isa in self.isas()? {
            sides.push(Box::new(Emulated::new(self.version.go, isa)?));
        }
        let mut rules = vec![self.version.go];
        if let Some(go) = &self.go_toolchain {
            let real = RealGo::build(go)?;
            rules.push(real.version());
            sides.push(Box::new(real));
        }
        for version in rules {
            if let Some(why) = self.scenario.impossible(version.rules()) {
                return Err(anyhow!(why));
            }
        }
        let wanted = !self.json && stderr().is_terminal();
        let mut progress = Progress::of(sides.len(), sides.len() as f64 * self.seconds, wanted);
        let mut results = Vec::new();
        for side in &mut sides {
            let name = side.name();
            let mut last = 0.0;
            let start = std::time::Instant::now();
            let rounds = threads::run(side.as_mut(), &race, Duration::from_secs_f64(self.seconds), |n| {
                let spent = start.elapsed().as_secs_f64();
                progress.pay(spent - last);
                last = spent;
                progress.show(&format!("{name}, {n} rounds"));
            });
            let rounds = rounds.with_context(|| format!("a round of {}", side.name()))?;
            progress.step();
            if self.json {
                self.machines(&race, &side.name(), &rounds)?;
            }
            results.push((side.name(), rounds));
        }
        if !self.json {
            let paint = Paint::for_stream(&stdout());
            write!(stdout(), "{}", self.page(paint, &race, &results))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn isas(&self) -> Result<Vec<Isa>> {
        let available = Isa::available();
        if self.isa.is_empty() {
            let best = available.last().copied().filter(|i| *i != Isa::Portable);
            return Ok([Isa::Portable].into_iter().chain(best).collect());
        }
        let find = |name: &String| {
            available.iter().copied().find(|i| i.to_string() == *name).ok_or_else(|| {
                let names: Vec<String> = available.iter().map(ToString::to_string).collect();
                anyhow!("no implementation {name:?} here; there are {}", names.join(", "))
            })
        };
        self.isa.iter().map(find).collect()
    }

    fn machines(&self, race: &Race, side: &str, rounds: &[Round]) -> Result<()> {
        let n = rounds.len() as u64;
        let mut kinds: BTreeMap<String, u64> = BTreeMap::new();
        let mut classes = serde_json::Map::new();
        for class in Class::ALL {
            let count = rounds.iter().filter(|r| r.class == class).count() as u64;
            let (low, high) = wilson(count, n);
            classes.insert(class.name().to_owned(), json!({ "rounds": count, "interval95": [low, high] }));
        }
        for r in rounds.iter().filter(|r| !r.kind.is_empty()) {
            *kinds.entry(format!("{}: {}", r.class, r.kind)).or_default() += 1;
        }
        let caught = soon(rounds);
        let of = |numbers: &[u64]| [10, 50, 90].map(|p| percentile(numbers, p));
        let line = json!({
            "side": side, "scenario": race.name(), "threads": race.threads, "operations": race.operations,
            "rounds": n, "classes": classes, "kinds": kinds,
            "operations_until_caught": of(&caught.0), "nanoseconds_until_caught": of(&caught.1),
        });
        writeln!(stdout(), "{line}")?;
        Ok(())
    }

    fn page(&self, paint: Paint, race: &Race, results: &[(String, Vec<Round>)]) -> String {
        let mut page = String::new();
        let about = format!(
            "{} by {} threads, {} operations each a round, rounds for {} s by each implementation",
            race.name(),
            race.threads,
            race.operations,
            self.seconds
        );
        for line in wrap(&about, WIDTH) {
            let _ = writeln!(page, "{line}");
        }
        let column = results.iter().map(|r| r.0.len()).max().unwrap_or(0).max(6);
        let head = format!("{:<column$} {:>7}   caught, and what holds the true share with 95 %", "", "rounds");
        let _ = writeln!(page, "\n{}", paint.name(&head));
        for (name, rounds) in results {
            let n = rounds.len() as u64;
            let caught = rounds.iter().filter(|r| r.class == Class::Caught).count() as u64;
            let (low, high) = wilson(caught, n);
            let share = 100.0 * caught as f64 / n as f64;
            let _ =
                writeln!(page, "{name:<column$} {n:>7}  {share:>6.2} %   {:.2} to {:.2} %", 100.0 * low, 100.0 * high);
        }
        let others = [Class::Fine, Class::Silent, Class::Fault, Class::Panic, Class::Hang];
        let head: String = others.iter().map(|c| format!("{:>9}", c.name())).collect();
        let _ = writeln!(page, "\n{}", paint.name(&format!("{:<column$} {head}", "rounds")));
        for (name, rounds) in results {
            let _ = write!(page, "{name:<column$} ");
            for c in others {
                let _ = write!(page, "{:>9}", rounds.iter().filter(|r| r.class == c).count());
            }
            page.push('\n');
        }
        let head =
            format!("{:<column$} {:>28}   {:>25}", "until caught", "operations 10 %, median, 90 %", "microseconds");
        let _ = writeln!(page, "\n{}", paint.name(&head));
        for (name, rounds) in results {
            let (operations, time) = soon(rounds);
            let show = |numbers: &[u64], unit: u64| {
                [10, 50, 90].map(|p| percentile(numbers, p).map_or("-".to_owned(), |n| (n / unit).to_string()))
            };
            let [a, b, c] = show(&operations, 1);
            let [d, e, f] = show(&time, 1000);
            let _ = writeln!(page, "{name:<column$} {a:>9} {b:>9} {c:>9}   {d:>8} {e:>8} {f:>8}");
        }
        let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (i, (_, rounds)) in results.iter().enumerate() {
            for r in rounds.iter().filter(|r| !r.kind.is_empty()) {
                kinds.entry(format!("{}: {}", r.class, r.kind)).or_insert_with(|| vec![0; results.len()])[i] += 1;
            }
        }
        if !kinds.is_empty() {
            let _ = writeln!(page, "\n{}", paint.name("rounds of each kind, in this order"));
        }
        for (kind, counts) in kinds {
            let counts: String = counts.iter().map(|n| format!("{n:>8}")).collect();
            let _ = writeln!(page, "{counts}  {kind}");
        }
        page
    }
}

/// Operations, and nanoseconds where they are known, of the rounds that were caught.
fn soon(rounds: &[Round]) -> (Vec<u64>, Vec<u64>) {
    let caught = || rounds.iter().filter(|r| r.class == Class::Caught);
    (caught().map(|r| r.operations).collect(), caught().filter_map(|r| r.took).map(|t| t.as_nanos() as u64).collect())
}
