//! `gohmap nil`: what can be done to a map without entries.

use super::progress::Progress;
use super::text::{Paint, WIDTH, columns, wrap};
use anyhow::{Context, Result, anyhow};
use gohmap::lab::claims::Runner;
use gohmap::lab::claims::truth::{Answers, Table, headers, snippet, tables};
use gohmap::lab::programs::originals::Originals;
use gohmap::lab::toolchain::Toolchain;
use gohmap::version::GoVersion;
use serde_json::{Map, Value, json};
use std::env;
use std::ffi::OsString;
use std::io::{IsTerminal, StdoutLock, Write, stderr, stdout};
use std::process::ExitCode;

/// Tell nil maps from empty ones: what every operation on them comes to
///
/// The table is computed: a program does everything to a nil map, an empty one without buckets, one whose header is all
/// zeroes, a sized and an emptied one, for keys of each kind, in every Go version, and recovers its panics. Real Go's table
/// stands beside it, from recordings or, with --go-toolchain, from the same program built by that Go. `go vet` was run on the
/// same operations; the column of staticcheck has what its documentation says. Exits with 1 if real Go's table differs.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap nil
  gohmap nil --go 1.19 1.23
  gohmap nil --go-toolchain /usr/local/go
  gohmap nil --json | jq -r 'select(.map == \"nil\") | [.keys, .operation, .results[]] | @tsv'")]
pub(super) struct Nil {
    /// The Go versions to be [default: all, or the toolchains']
    #[arg(long = "go", value_name = "VERSION", num_args = 1.., conflicts_with = "go_toolchain")]
    go: Vec<GoVersion>,
    /// Real Gos to run: go commands, or directories of a Go
    #[arg(long, value_name = "PATH", num_args = 1..)]
    go_toolchain: Vec<OsString>,
    /// One JSON object a line, for each kind of keys, state of the map and operation
    #[arg(long)]
    json: bool,
}

impl Nil {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let gohmap = env::current_exe().context("this program's own file cannot be found, to run it again")?;
        let versions = if self.go.is_empty() { GoVersion::ALL.to_vec() } else { self.go.clone() };
        let n = if self.go_toolchain.is_empty() { versions.len() } else { self.go_toolchain.len() };
        let wanted = stderr().is_terminal() && stdout().is_terminal();
        let mut progress = Progress::of(n, n as f64, wanted);
        let mut answers = Vec::new();
        let mut ask = |mut runner: Runner, progress: &mut Progress| -> Result<()> {
            let version = format!("Go {}", runner.version());
            answers.push(Answers::of(&mut runner, &mut || progress.show(&version))?);
            progress.pay(1.0);
            progress.step();
            Ok(())
        };
        for go in &self.go_toolchain {
            let toolchain = Toolchain::find(go).map_err(|e| anyhow!("--go-toolchain {e}"))?;
            let build = format!("building programs with {}", toolchain.release);
            let originals = Originals::build(toolchain, || progress.show(&build));
            let originals = originals.map_err(|e| anyhow!("--go-toolchain {e}"))?;
            ask(Runner::beside(gohmap.clone(), originals), &mut progress)?;
        }
        if self.go_toolchain.is_empty() {
            for version in versions {
                ask(Runner::new(gohmap.clone(), version), &mut progress)?;
            }
        }
        let mut out = stdout().lock();
        if self.json {
            write_json(&mut out, &answers)?;
        } else {
            Page { out, paint: Paint::for_stream(&stdout()) }.write(&answers)?;
        }
        let differs = answers.iter().any(|a| a.differences().is_some_and(|d| !d.is_empty()));
        Ok(if differs { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }
}

fn write_json(out: &mut impl Write, answers: &[Answers]) -> Result<()> {
    let Some(newest) = answers.iter().max_by_key(|a| a.cells.len()) else { return Ok(()) };
    for c in &newest.cells {
        let mut results = Map::new();
        let mut real = Map::new();
        let mut vet = Map::new();
        for a in answers {
            let name = a.version.name();
            results.extend(a.result(&c.kind, &c.state, &c.operation).map(|r| (name.to_owned(), json!(r))));
            if let Some((by, cells)) = &a.real {
                let same = |d: &&gohmap::lab::claims::truth::Cell| {
                    d.kind == c.kind && d.state == c.state && d.operation == c.operation
                };
                real.extend(cells.iter().find(same).map(|d| (by.clone(), json!(d.result))));
            }
            let said = a.vet.iter().find(|v| v.0 == c.operation && c.state == "nil");
            vet.extend(
                said.map(|(_, said)| (name.to_owned(), if said.is_empty() { Value::Null } else { json!(said) })),
            );
        }
        let sa5000 = snippet(&c.operation).filter(|_| c.state == "nil").and_then(|s| s.sa5000);
        let line = json!({
            "keys": c.kind, "map": c.state, "operation": c.operation, "results": results, "real_go": real,
            "go_vet": vet, "sa5000_documented": sa5000,
        });
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// What is printed for people.
struct Page<'a> {
    out: StdoutLock<'a>,
    paint: Paint,
}

impl Page<'_> {
    fn write(&mut self, answers: &[Answers]) -> Result<()> {
        let versions: Vec<&str> = answers.iter().map(|a| a.version.name()).collect();
        writeln!(self.out, "Maps without entries, Go {}", versions.join(", "))?;
        writeln!(self.out)?;
        for (state, header) in headers(answers) {
            let how = match state {
                "nil" => "var m map[K]int64",
                "empty" => "make(map[K]int64)",
                "zeroed" => "a header of zeroes",
                "sized" => "make(map[K]int64, 100)",
                _ => "one entry, deleted again",
            };
            writeln!(self.out, "  {state:<9}{how:<26}header: {header}")?;
        }
        let mut notes = Vec::new();
        for table in tables(answers) {
            self.table(&table, answers, &mut notes)?;
        }
        writeln!(self.out)?;
        for (i, note) in notes.iter().enumerate() {
            writeln!(self.out, "[{}] {note}", i + 1)?;
        }
        let says = "go vet: what it reports of the operation on a nil map, in every version that is known. SA5000: what \
                    staticcheck's documentation says (\"Assignment to nil map\", since 2017.1); it was not run.";
        for line in wrap(says, WIDTH) {
            writeln!(self.out, "{line}")?;
        }
        writeln!(self.out)?;
        for a in answers {
            self.compared(a)?;
        }
        Ok(())
    }

    fn table(&mut self, table: &Table<'_>, answers: &[Answers], notes: &mut Vec<String>) -> Result<()> {
        writeln!(self.out)?;
        for line in wrap(&format!("Keys: {}", table.kinds.join(", ")), WIDTH) {
            writeln!(self.out, "{}", self.paint.name(&line))?;
        }
        let mut rows: Vec<Vec<String>> = Vec::new();
        let mut head = vec![String::new()];
        head.extend(table.states.iter().map(|s| s.join(", ")));
        head.extend(["go vet", "SA5000"].map(str::to_owned));
        rows.push(head);
        for (operation, results) in &table.rows {
            let since = snippet(operation).map(|s| s.since).filter(|s| answers.iter().any(|a| a.version < *s));
            let mut row = vec![since.map_or_else(|| (*operation).to_owned(), |s| format!("{operation}, from {s}"))];
            row.extend(results.iter().map(|r| noted(r, notes)));
            row.push(vet(answers, operation));
            row.push(if snippet(operation).is_some_and(|s| s.sa5000.is_some()) { "reports" } else { "-" }.to_owned());
            rows.push(row);
        }
        let width = |i: usize| rows.iter().map(|r| columns(&r[i])).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        for row in &rows {
            let cells = row.iter().zip(&widths).map(|(c, w)| format!("{c:<w$}")).collect::<Vec<_>>().join("  ");
            writeln!(self.out, "{}", cells.trim_end())?;
        }
        Ok(())
    }

    fn compared(&mut self, a: &Answers) -> Result<()> {
        let version = a.version;
        let (Some((by, _)), Some(found)) = (&a.real, a.differences()) else {
            return Ok(writeln!(self.out, "Go {version}: no real Go to compare with")?);
        };
        let all = a.cells.len();
        let same = format!("{} of {all}", all.saturating_sub(found.len()));
        let same = if found.is_empty() { self.paint.good(&same) } else { self.paint.bad(&same) };
        writeln!(self.out, "Go {version}: {same} results agree with {by}")?;
        for (c, theirs) in found {
            let theirs = theirs.unwrap_or("nothing");
            writeln!(self.out, "  {} {} {}: {}; real Go: {theirs}", c.kind, c.state, c.operation, c.result)?;
        }
        Ok(())
    }
}

/// A panic becomes a number, and its text a note.
fn noted(result: &str, notes: &mut Vec<String>) -> String {
    if !result.starts_with("panic: ") {
        return result.to_owned();
    }
    let i = notes.iter().position(|n| n == result).unwrap_or_else(|| {
        notes.push(result.to_owned());
        notes.len() - 1
    });
    format!("panic [{}]", i + 1)
}

/// What go vet says of an operation, in one word if it is the same in all versions.
fn vet(answers: &[Answers], operation: &str) -> String {
    let said: Vec<(GoVersion, &str)> =
        answers.iter().filter_map(|a| Some((a.version, a.vet.iter().find(|v| v.0 == operation)?.1.as_str()))).collect();
    match said.first() {
        None => "unknown".to_owned(),
        Some(_) if said.iter().all(|s| s.1.is_empty()) => "nothing".to_owned(),
        Some(_) => said.iter().map(|(v, s)| format!("{v}: {s}")).collect::<Vec<_>>().join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_are_noted_once() {
        let mut notes = Vec::new();
        assert_eq!(noted("len 1", &mut notes), "len 1");
        assert_eq!(noted("panic: a", &mut notes), "panic [1]");
        assert_eq!(noted("panic: b", &mut notes), "panic [2]");
        assert_eq!(noted("panic: a", &mut notes), "panic [1]");
        assert_eq!(notes, ["panic: a", "panic: b"]);
    }

    #[test]
    fn what_vet_reports_is_said_with_its_version() {
        let answers = |version, said: &str| Answers {
            version,
            cells: Vec::new(),
            real: None,
            vet: vec![("loud", said.to_owned()), ("quiet", String::new())],
        };
        let all = [answers(GoVersion::V1_19, ""), answers(GoVersion::V1_22, "m is nil")];
        assert_eq!(vet(&all, "loud"), "1.19: ; 1.22: m is nil");
        assert_eq!(vet(&all, "quiet"), "nothing");
        assert_eq!(vet(&all, "else"), "unknown");
    }
}
