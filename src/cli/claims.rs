//! `gohmap claims`: an article's claims about maps, put to the test.

use super::nearest;
use super::progress::Progress;
use super::text::{Paint, WIDTH, clip, wrap};
use anyhow::{Context, Result, anyhow, bail};
use gohmap::lab::claims::{Claim, Experiment, Judged, JudgedTest, Runner, Seen, Verdict, built_in, judge};
use gohmap::lab::programs::originals::Originals;
use gohmap::lab::programs::recorded::{Exit, Outcome};
use gohmap::lab::toolchain::Toolchain;
use gohmap::version::GoVersion;
use serde::Serialize;
use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, StdoutLock, Write, stderr, stdout};
use std::process::ExitCode;

/// Put an article's claims about Go's maps to the test
///
/// Each claim predicts what comes of experiments. They run here and, with --go-toolchain, as Go programs built by that Go;
/// without, real Go's outcomes are taken from recordings. A claim holds, holds in part, or does not, by how many of its
/// predictions come true. Exits with 1 if real Go differs from what came of it here.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap claims
  gohmap claims --go 1.19 --only unexpected-signal-is-of-c-code
  gohmap claims --go-toolchain /usr/local/go
  gohmap claims --json | jq -r 'select(.verdict == \"does not hold\") | .says'")]
pub(super) struct Claims {
    /// The Go version to be [default: 1.22, or the toolchain's]
    #[arg(long = "go", value_name = "VERSION", conflicts_with = "go_toolchain")]
    go: Option<GoVersion>,
    /// A real Go to run beside it: a go command, or the directory of a Go
    #[arg(long, value_name = "PATH")]
    go_toolchain: Option<OsString>,
    /// Only these claims
    #[arg(long, value_name = "NAME", num_args = 1..)]
    only: Vec<String>,
    /// Name the claims and say what they say
    #[arg(long)]
    list: bool,
    /// One JSON object a line and claim (verdict, tests with their outcomes, real Go's, ...)
    #[arg(long)]
    json: bool,
}

/// Where the text of evidence begins.
const INDENT: &str = "    ";

impl Claims {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let claims = self.chosen()?;
        let mut out = stdout().lock();
        let paint = Paint::for_stream(&stdout());
        if self.list {
            return list(&mut out, paint, &claims, self.json);
        }
        let wanted = stderr().is_terminal() && stdout().is_terminal();
        let mut progress = Progress::of(claims.len(), claims.len() as f64, wanted);
        let mut runner = self.runner(&mut progress)?;
        let mut page = Page { out, paint };
        if !self.json {
            page.opening(&runner, claims.len())?;
        }
        let mut place = "";
        let mut all: Vec<Judged<'_>> = Vec::new();
        for claim in &claims {
            let judged = judge(claim, &mut runner, || progress.show(&claim.name))
                .with_context(|| format!("{} cannot be run", claim.name))?;
            progress.pay(1.0);
            progress.step();
            if self.json {
                writeln!(page.out, "{}", serde_json::to_string(&Row::of(&judged, &runner))?)?;
            } else {
                if claim.place != place {
                    writeln!(page.out, "\n{}", paint.name(&heading(&claim.place)))?;
                }
                page.claim(&judged)?;
            }
            place = &claim.place;
            page.out.flush()?;
            all.push(judged);
        }
        if !self.json {
            page.closing(&all, &runner)?;
        }
        Ok(if all.iter().any(|j| j.agrees() == Some(false)) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    pub(super) fn chosen(&self) -> Result<Vec<Claim>> {
        let claims = built_in();
        let unknown = self.only.iter().find(|n| !claims.iter().any(|c| c.name == **n));
        if let Some(name) = unknown {
            match nearest(name, claims.iter().map(|c| c.name.as_str())) {
                Some(near) => bail!("no claim {name:?}; did you mean {near:?}? `gohmap claims --list` names them"),
                None => bail!("no claim {name:?}; `gohmap claims --list` names them"),
            }
        }
        Ok(claims.into_iter().filter(|c| self.only.is_empty() || self.only.contains(&c.name)).collect())
    }

    fn runner(&self, progress: &mut Progress) -> Result<Runner> {
        let gohmap = env::current_exe().context("this program's own file cannot be found, to run it again")?;
        Ok(match &self.go_toolchain {
            None => Runner::new(gohmap, self.go.unwrap_or_default()),
            Some(go) => {
                let toolchain = Toolchain::find(go).map_err(|e| anyhow!("--go-toolchain {e}"))?;
                let build = format!("building programs with {}", toolchain.release);
                let originals = Originals::build(toolchain, || progress.show(&build));
                progress.clear();
                Runner::beside(gohmap, originals.map_err(|e| anyhow!("--go-toolchain {e}"))?)
            }
        })
    }
}

fn list(out: &mut StdoutLock<'_>, paint: Paint, claims: &[Claim], json: bool) -> Result<ExitCode> {
    for claim in claims {
        if json {
            let told = serde_json::json!({
                "claim": claim.name, "place": claim.place, "says": claim.says, "cannot": claim.cannot,
                "experiments": claim.tests.iter().map(|t| t.experiment.to_string()).collect::<Vec<_>>(),
            });
            writeln!(out, "{told}")?;
            continue;
        }
        writeln!(out, "{} ({})", paint.name(&claim.name), claim.place)?;
        for line in wrap(&claim.says, WIDTH - INDENT.len()) {
            writeln!(out, "{INDENT}{line}")?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A place in the article, as a heading.
fn heading(place: &str) -> String {
    if place.starts_with("signal") { format!("Of {place}") } else { format!("Of chapter {place}") }
}

/// What is printed for people.
struct Page<'a> {
    out: StdoutLock<'a>,
    paint: Paint,
}

impl Page<'_> {
    fn opening(&mut self, runner: &Runner, n: usize) -> Result<()> {
        writeln!(self.out, "Claims about the maps of Go {}: {n} of them put to the test", runner.version())?;
        let real = match runner.real_name() {
            Some(name) => format!("Beside it {name}."),
            None => "No real Go beside it: none of that version is recorded.".to_owned(),
        };
        let intro = format!(
            "A claim predicts what comes of experiments: + has come true, - has not. {real} `gohmap crash NAME` shows an \
             experiment that is a program."
        );
        for line in wrap(&intro, WIDTH) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    fn verdict(&self, v: Option<Verdict>) -> String {
        match v {
            Some(Verdict::Holds) => self.paint.good("holds"),
            Some(Verdict::DoesNotHold) => self.paint.bad("does not hold"),
            Some(v) => self.paint.quote(v.name()),
            None => self.paint.faint("not run"),
        }
    }

    fn claim(&mut self, j: &Judged<'_>) -> Result<()> {
        for line in wrap(&j.claim.says, WIDTH - 2) {
            writeln!(self.out, "  {line}")?;
        }
        for t in &j.tests {
            self.test(t)?;
        }
        let why = j.claim.cannot.as_deref();
        for line in why.iter().flat_map(|w| wrap(w, WIDTH - INDENT.len())) {
            writeln!(self.out, "{INDENT}{line}")?;
        }
        let real = match (j.agrees(), j.tests.iter().find_map(|t| t.real.as_ref())) {
            (Some(true), Some(real)) => format!("; {} agrees", real.by),
            (Some(false), Some(real)) => {
                format!("; {}: {}", real.by, j.real.map_or("differs", Verdict::name))
            }
            (None, Some(real)) if j.real.is_some() => format!(", by {}", real.by),
            _ => String::new(),
        };
        Ok(writeln!(self.out, "  {}: {}{real}", self.paint.name(&j.claim.name), self.verdict(j.verdict))?)
    }

    fn test(&mut self, t: &JudgedTest<'_>) -> Result<()> {
        let mark = match t.verdict() {
            Some(Verdict::Holds) => "+",
            Some(Verdict::DoesNotHold) => "-",
            Some(Verdict::InPart) => "±",
            None => " ",
        };
        let what = &t.test.experiment;
        let Some(seen) = t.deciding().as_ref() else {
            let why = t.missing.as_deref().unwrap_or("not run");
            return Ok(writeln!(self.out, "{INDENT}{mark} {what}: {}", self.paint.faint(why))?);
        };
        self.seen(&format!("{mark} {what}"), t, seen)?;
        if let (Experiment::Code(_) | Experiment::Speed(_), Some(ours), Some(_)) = (what, &t.ours, &t.real) {
            self.seen(&format!("  {}", ours.by), t, ours)?;
        }
        if t.agrees == Some(false)
            && let Some(real) = &t.real
        {
            self.seen(&format!("  {}", self.paint.bad(&real.by)), t, real)?;
        }
        Ok(())
    }

    /// An outcome: its exit status, and what tells most of it.
    fn seen(&mut self, head: &str, t: &JudgedTest<'_>, seen: &Seen) -> Result<()> {
        for o in &seen.outcomes {
            let exit = if matches!(t.test.experiment, Experiment::Code(_) | Experiment::Vet(_) | Experiment::Explore(_))
            {
                ":".to_owned()
            } else {
                format!(": {}", o.exit)
            };
            writeln!(self.out, "{INDENT}{head}{exit}")?;
            for line in evidence(t, o) {
                let line = clip(&line.replace('\t', " | "), WIDTH - 2 * INDENT.len());
                writeln!(self.out, "{INDENT}{INDENT}{}", self.paint.quote(&line))?;
            }
        }
        Ok(())
    }

    fn closing(&mut self, all: &[Judged<'_>], runner: &Runner) -> Result<()> {
        writeln!(self.out)?;
        let width = all.iter().map(|j| j.claim.name.len()).max().unwrap_or(0);
        for j in all {
            let real = match j.agrees() {
                Some(true) => "agrees",
                Some(false) => "DIFFERS",
                None if j.real.is_some() => "by real Go alone",
                None => "",
            };
            let name = &j.claim.name;
            let pad = " ".repeat(width - name.len() + 2);
            let verdict = j.verdict.map_or("not run", Verdict::name);
            let line = format!("{name}{pad}{}{}{real}", self.verdict(j.verdict), " ".repeat(15 - verdict.len()));
            writeln!(self.out, "{}", line.trim_end())?;
        }
        let count = |v| all.iter().filter(|j| j.verdict == v).count();
        let compared = all.iter().filter_map(Judged::agrees).count();
        let agree = all.iter().filter(|j| j.agrees() == Some(true)).count();
        let real = runner
            .real_name()
            .filter(|_| compared > 0)
            .map_or_else(String::new, |r| format!(" {agree} of {compared} agree with {r}."));
        let (holds, in_part) = (count(Some(Verdict::Holds)), count(Some(Verdict::InPart)));
        let (not, cannot) = (count(Some(Verdict::DoesNotHold)), count(None));
        let sum = format!("{holds} hold, {in_part} hold in part, {not} do not hold, {cannot} cannot be run.{real}");
        writeln!(self.out)?;
        for line in wrap(&sum, WIDTH) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}

/// The line of an outcome that tells most, and its figures.
fn evidence(t: &JudgedTest<'_>, o: &Outcome) -> Vec<String> {
    let medians: Vec<String> = t
        .test
        .prediction
        .speeds(o)
        .into_iter()
        .map(|(name, m)| format!("{name}: {:.1} ns ({:.1} to {:.1})", m.value, m.interval.0, m.interval.1))
        .collect();
    if !medians.is_empty() {
        return medians;
    }
    let line = match t.test.prediction.line(o) {
        "" if matches!(t.test.experiment, Experiment::Vet(_)) => "reports nothing",
        "" => "(no output)",
        line => line,
    };
    let figures = o.stdout.lines().filter_map(|l| l.strip_prefix("about: "));
    std::iter::once(line).chain(figures).map(str::to_owned).collect()
}

/// One line of `--json`.
#[derive(Serialize)]
struct Row<'a> {
    claim: &'a str,
    place: &'a str,
    says: &'a str,
    go: &'static str,
    verdict: Option<&'static str>,
    cannot: Option<&'a str>,
    real_go: Option<String>,
    real_verdict: Option<&'static str>,
    agrees: Option<bool>,
    tests: Vec<TestRow>,
}

#[derive(Serialize)]
struct TestRow {
    experiment: String,
    predicts: String,
    verdict: Option<&'static str>,
    agrees: Option<bool>,
    missing: Option<String>,
    gohmap: Vec<OutcomeRow>,
    real_go: Vec<OutcomeRow>,
}

#[derive(Serialize)]
struct OutcomeRow {
    by: String,
    true_of_it: bool,
    exit: Option<i32>,
    signal: Option<i32>,
    stdout: String,
    stderr: String,
}

impl<'a> Row<'a> {
    fn of(j: &'a Judged<'_>, runner: &Runner) -> Self {
        Self {
            claim: &j.claim.name,
            place: &j.claim.place,
            says: &j.claim.says,
            go: runner.version().name(),
            verdict: j.verdict.map(Verdict::name),
            cannot: j.claim.cannot.as_deref(),
            real_go: runner.real_name(),
            real_verdict: j.real.map(Verdict::name),
            agrees: j.agrees(),
            tests: j.tests.iter().map(TestRow::of).collect(),
        }
    }
}

impl TestRow {
    fn of(t: &JudgedTest<'_>) -> Self {
        let rows = |seen: &Option<Seen>| -> Vec<OutcomeRow> {
            seen.iter().flat_map(|s| s.outcomes.iter().map(|o| OutcomeRow::of(t, &s.by, o))).collect()
        };
        Self {
            experiment: t.test.experiment.to_string(),
            predicts: t.test.prediction.words(),
            verdict: t.verdict().map(Verdict::name),
            agrees: t.agrees,
            missing: t.missing.clone(),
            gohmap: rows(&t.ours),
            real_go: rows(&t.real),
        }
    }
}

impl OutcomeRow {
    fn of(t: &JudgedTest<'_>, by: &str, o: &Outcome) -> Self {
        let (exit, signal) = match o.exit {
            Exit::Code(status) => (Some(status), None),
            Exit::Signal(sig) => (None, Some(sig)),
            Exit::Never => (None, None),
        };
        let true_of_it = t.test.prediction.is_true_of(o);
        Self { by: by.to_owned(), true_of_it, exit, signal, stdout: o.stdout.clone(), stderr: o.stderr.clone() }
    }
}
