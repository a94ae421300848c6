//! The truth table of maps without entries: what each operation comes to, by the kind of the keys, the state of the map and
//! the version of Go.
//!
//! It is what the program `truth.table` prints, here and under real Go; beside it stands what `go vet` says of the same
//! operation on a nil map, and what staticcheck is documented to.

use super::Experiment;
use super::run::Runner;
use super::vet::{SNIPPETS, Snippet};
use crate::lab::programs::recorded::Outcome;
use crate::version::GoVersion;
use std::io;

const TABLE: Experiment = Experiment::Program("truth.table", "");

/// The operation that is none: it tells what the map's header has.
pub const HEADER: &str = "header";

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The kind of the keys: `uint64`, `any([]any)`.
    pub kind: String,
    /// The state of the map: `nil`, `empty` (`make(map[K]V)`, without buckets), `zeroed` (a header of zeroes), `sized`
    /// (`make(map[K]V, 100)`), `emptied` (an entry was assigned and deleted).
    pub state: String,
    /// The operation: `m[k] = 1`.
    pub operation: String,
    /// What it came to; a panic begins with `panic: `.
    pub result: String,
}

/// What one version of Go has to say.
#[derive(Clone, Debug)]
pub struct Answers {
    /// The version.
    pub version: GoVersion,
    /// What came of it here.
    pub cells: Vec<Cell>,
    /// Real Go, by its release, and what came of it there.
    pub real: Option<(String, Vec<Cell>)>,
    /// What `go vet` reports, by operation; empty where it reports nothing. Only operations that the version has, and none
    /// when it is not known.
    pub vet: Vec<(&'static str, String)>,
}

impl Answers {
    /// Runs the program, and real Go's.
    ///
    /// # Errors
    /// When a program cannot be started or read, or prints something else.
    pub fn of(runner: &mut Runner, waiting: &mut impl FnMut()) -> io::Result<Self> {
        let none = || io::Error::other("the program of the table did not run");
        let ours = runner.ours(&TABLE, waiting)?.ok_or_else(none)?;
        let cells = ours.outcomes.first().map(cells).ok_or_else(none)??;
        let real = match runner.real(&TABLE, waiting)? {
            Some(seen) => Some((seen.by, seen.outcomes.first().map(self::cells).ok_or_else(none)??)),
            None => None,
        };
        let mut vet = Vec::new();
        for s in SNIPPETS {
            if let Some(seen) = runner.real(&Experiment::Vet(s.name), waiting)? {
                vet.push((s.operation, seen.outcomes.iter().map(|o| o.stderr.trim_end()).collect()));
            }
        }
        Ok(Self { version: runner.version(), cells, real, vet })
    }

    /// The result of an operation; none when this version has it not.
    #[must_use]
    pub fn result(&self, kind: &str, state: &str, operation: &str) -> Option<&str> {
        find(&self.cells, kind, state, operation)
    }

    /// Where real Go came to something else: its result, none when it has no such cell. None when there is no real Go.
    #[must_use]
    pub fn differences(&self) -> Option<Vec<(&Cell, Option<&str>)>> {
        let (_, real) = self.real.as_ref()?;
        let theirs = |c: &Cell| find(real, &c.kind, &c.state, &c.operation);
        let mut found: Vec<(&Cell, Option<&str>)> =
            self.cells.iter().map(|c| (c, theirs(c))).filter(|(c, r)| *r != Some(c.result.as_str())).collect();
        // What it has and we have not.
        let ours = |c: &Cell| self.result(&c.kind, &c.state, &c.operation).is_some();
        found.extend(real.iter().filter(|c| !ours(c)).map(|c| (c, Some(c.result.as_str()))));
        Some(found)
    }
}

fn find<'c>(cells: &'c [Cell], kind: &str, state: &str, operation: &str) -> Option<&'c str> {
    let cell = cells.iter().find(|c| c.kind == kind && c.state == state && c.operation == operation)?;
    Some(&cell.result)
}

/// Reads what the program prints: kind, state, operation and result, between tabs.
fn cells(o: &Outcome) -> io::Result<Vec<Cell>> {
    let cell = |line: &str| {
        let mut fields = line.split('\t').map(str::to_owned);
        let cell =
            Cell { kind: fields.next()?, state: fields.next()?, operation: fields.next()?, result: fields.next()? };
        fields.next().is_none().then_some(cell)
    };
    let wrong = |line: &str| io::Error::other(format!("no line of the table: {line:?}"));
    let cells: Vec<Cell> = o.stdout.lines().map(|l| cell(l).ok_or_else(|| wrong(l))).collect::<Result<_, _>>()?;
    if cells.is_empty() {
        return Err(io::Error::other(format!("the program of the table died ({}): {}", o.exit, o.stderr)));
    }
    Ok(cells)
}

/// What is documented of an operation's snippet.
#[must_use]
pub fn snippet(operation: &str) -> Option<&'static Snippet> {
    SNIPPETS.iter().find(|s| s.operation == operation)
}

/// Groups what has the same results everywhere: the items of `all` in groups, in the order of their first ones.
fn grouped<'a, T: PartialEq>(all: &[&'a str], results: impl Fn(&str) -> T) -> Vec<Vec<&'a str>> {
    let mut groups: Vec<(T, Vec<&'a str>)> = Vec::new();
    for item in all {
        let r = results(item);
        match groups.iter_mut().find(|g| g.0 == r) {
            Some(g) => g.1.push(item),
            None => groups.push((r, vec![item])),
        }
    }
    groups.into_iter().map(|g| g.1).collect()
}

/// The table of some kinds of keys, for which everything comes to the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<'a> {
    /// They.
    pub kinds: Vec<&'a str>,
    /// States of the map in groups, within which everything comes to the same.
    pub states: Vec<Vec<&'a str>>,
    /// The operations, with a result for each group of states.
    pub rows: Vec<(&'a str, Vec<String>)>,
}

/// The distinct values of a field, in the order in which they come.
fn distinct<'a>(answers: &'a [Answers], field: impl Fn(&'a Cell) -> &'a str) -> Vec<&'a str> {
    let mut all = Vec::new();
    for c in answers.iter().flat_map(|a| &a.cells) {
        if !all.contains(&field(c)) {
            all.push(field(c));
        }
    }
    all
}

/// Tables of what the versions have to say. Where they come to different things, a cell has them all.
#[must_use]
pub fn tables(answers: &[Answers]) -> Vec<Table<'_>> {
    let states = distinct(answers, |c| &c.state);
    let operations: Vec<&str> = distinct(answers, |c| &c.operation).into_iter().filter(|o| *o != HEADER).collect();
    let cell = |kind: &str, state: &str, operation: &str| cell(answers, kind, state, operation);
    let column = |kind: &str, state: &str| -> Vec<String> { operations.iter().map(|o| cell(kind, state, o)).collect() };
    let whole = |kind: &str| -> Vec<Vec<String>> { states.iter().map(|s| column(kind, s)).collect() };
    let table = |kinds: Vec<&'_ str>| {
        let groups = grouped(&states, |s| column(kinds[0], s));
        let row = |o: &&'_ str| groups.iter().map(|g| cell(kinds[0], g[0], o)).collect();
        operations.iter().map(|o| (*o, row(o))).collect::<Vec<(&str, Vec<String>)>>()
    };
    let kinds = grouped(&distinct(answers, |c| &c.kind), whole);
    kinds
        .into_iter()
        .map(|k| Table { states: grouped(&states, |s| column(k[0], s)), rows: table(k.clone()), kinds: k })
        .collect()
}

/// One result if all versions that have the operation come to it; otherwise the most common one, and which versions come to
/// what else.
fn cell(answers: &[Answers], kind: &str, state: &str, operation: &str) -> String {
    let mut results: Vec<(&str, Vec<&str>)> = Vec::new();
    for (r, v) in answers.iter().filter_map(|a| Some((a.result(kind, state, operation)?, a.version.name()))) {
        match results.iter_mut().find(|known| known.0 == r) {
            Some(known) => known.1.push(v),
            None => results.push((r, vec![v])),
        }
    }
    results.sort_by_key(|r| std::cmp::Reverse(r.1.len()));
    let others: Vec<String> = results.iter().skip(1).map(|(r, v)| format!("; {r} in {}", v.join(", "))).collect();
    results.first().map_or_else(String::new, |(r, _)| format!("{r}{}", others.concat()))
}

/// The header of a map in each state, for people: `count 0, B 0, no buckets`.
#[must_use]
pub fn headers(answers: &[Answers]) -> Vec<(&str, String)> {
    let kinds = distinct(answers, |c| &c.kind);
    distinct(answers, |c| &c.state).into_iter().map(|s| (s, cell(answers, kinds[0], s, HEADER))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::programs::recorded::Exit;

    fn answers(version: GoVersion, text: &str) -> Answers {
        let o = Outcome { exit: Exit::Code(0), stdout: text.to_owned(), stderr: String::new() };
        Answers { version, cells: cells(&o).expect("a table"), real: None, vet: Vec::new() }
    }

    const OLD: &str = "u\tnil\theader\tnone\nu\tnil\tlen\t0\nu\tempty\tlen\t0\nu\tsized\tlen\t1\n\
                       s\tnil\tlen\t0\ns\tempty\tlen\t0\ns\tsized\tlen\t1\na\tnil\tlen\t2\na\tempty\tlen\t0\na\tsized\tlen\t1\n";

    #[test]
    fn what_comes_to_the_same_is_shown_once() {
        let all = [answers(GoVersion::V1_19, OLD)];
        let tables = tables(&all);
        assert_eq!(tables.len(), 2);
        assert_eq!(tables[0].kinds, ["u", "s"]);
        assert_eq!(tables[0].states, [vec!["nil", "empty"], vec!["sized"]]);
        assert_eq!(tables[0].rows, [("len", vec!["0".to_owned(), "1".to_owned()])]);
        assert_eq!((&*tables[1].kinds, tables[1].states.len()), (&["a"][..], 3));
        assert_eq!(headers(&all)[0], ("nil", "none".to_owned()));
    }

    #[test]
    fn versions_that_differ_are_told_apart() {
        let new = OLD.replace("a\tnil\tlen\t2", "a\tnil\tlen\t3") + "a\tnil\tclear\t9\n";
        let all = [answers(GoVersion::V1_19, OLD), answers(GoVersion::V1_22, &new)];
        assert_eq!(cell(&all, "a", "nil", "len"), "2; 3 in 1.22");
        assert_eq!(cell(&all, "a", "nil", "clear"), "9", "the older one has it not");
    }

    #[test]
    fn differences_from_real_go_are_found() {
        let mut a = answers(GoVersion::V1_22, "u\tnil\tlen\t0\nu\tnil\tx\t1\nu\tnil\ty\t1\n");
        assert!(a.differences().is_none());
        a.real =
            Some(("go".to_owned(), answers(GoVersion::V1_22, "u\tnil\tlen\t0\nu\tnil\tx\t2\nu\tnil\tz\t3\n").cells));
        let found = a.differences().expect("there is a real Go");
        let told: Vec<(&str, Option<&str>)> = found.iter().map(|(c, r)| (&*c.operation, *r)).collect();
        assert_eq!(told, [("x", Some("2")), ("y", None), ("z", Some("3"))]);
    }

    #[test]
    fn something_else_is_no_table() {
        let o =
            |stdout: &str| Outcome { exit: Exit::Code(2), stdout: stdout.to_owned(), stderr: "panic: x".to_owned() };
        assert!(cells(&o("u\tnil\tlen\n")).is_err());
        assert!(cells(&o("u\tnil\tlen\t0\t0\n")).is_err());
        assert_eq!(cells(&o("")).unwrap_err().to_string(), "the program of the table died (exit 2): panic: x");
    }

    #[test]
    fn every_operation_of_the_recorded_table_has_its_snippet() {
        let case = TABLE.case().expect("the program");
        for v in crate::lab::programs::recorded::versions() {
            let real = crate::lab::programs::recorded::lookup(case, v, "").expect("a recording");
            let cells = cells(&real.outcomes[0]).expect("a table");
            for c in cells.iter().filter(|c| c.operation != HEADER) {
                assert!(snippet(&c.operation).is_some_and(|s| s.since <= v), "{} of Go {v}", c.operation);
            }
        }
    }
}
