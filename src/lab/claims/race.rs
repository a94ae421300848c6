//! What the race detector says of a program of [`races`](crate::lab::races), and what its reports name.

use super::share;
use crate::lab::child::Ran;
use crate::lab::programs::recorded::Outcome;
use crate::lab::races::normalise;
use std::fmt::Write;

/// One of the two accesses of a report.
#[derive(Debug, PartialEq, Eq)]
struct Side<'t> {
    address: &'t str,
    /// `goroutine 7:`, or `main goroutine:`.
    goroutine: &'t str,
    /// The innermost place in package `main`: a file and a line.
    line: Option<&'t str>,
}

/// What came of a run: standard output is what the reports name, standard error is [normalised](normalise).
pub(super) fn outcome(ran: &Ran) -> Outcome {
    Outcome { exit: ran.exit, stdout: named(&ran.stderr), stderr: normalise(&ran.stderr) }
}

/// How many of the reports name what.
fn named(stderr: &str) -> String {
    let reports: Vec<Vec<Side<'_>>> = stderr.split("WARNING: DATA RACE\n").skip(1).map(sides).collect();
    let mut text = format!("reports: {}\n", reports.len());
    if reports.is_empty() {
        return text;
    }
    let mut of = |what: &str, names: fn(&Side<'_>, &Side<'_>) -> bool| {
        let n = reports.iter().filter(|sides| matches!(&sides[..], [a, b] if names(a, b))).count();
        let _ = writeln!(text, "{what}: {}", share(&n, &reports.len()));
    };
    of("with one address on both sides", |a, b| a.address == b.address);
    of("with two goroutines", |a, b| a.goroutine != b.goroutine);
    of("with a line of the program on each side", |a, b| a.line.is_some() && b.line.is_some());
    of("with the same line on both sides", |a, b| a.line == b.line);
    text
}

/// The accesses of a report: parts between empty lines, which begin with what was done at what address by whom.
fn sides(report: &str) -> Vec<Side<'_>> {
    let side = |part| -> Option<Side<'_>> {
        let mut lines = str::lines(part);
        let (address, goroutine) = lines.next()?.split_once(" at 0x")?.1.split_once(" by ")?;
        let line =
            lines.skip_while(|l| !l.starts_with("  main.")).nth(1).and_then(|l| Some(l.trim().split_once(' ')?.0));
        Some(Side { address, goroutine, line })
    };
    report.split("\n\n").filter_map(side).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
==================
WARNING: DATA RACE
Read at 0x00c00009a180 by main goroutine:
  runtime.mapaccess1_fast64()
      runtime/map_fast64.go:13 +0x0
  main.read64()
      race/ops.go:68 +0x3c
  main.main()
      race/main.go:37 +0x5ee

Previous write at 0x00c00009a180 by goroutine 7:
  main.assign64()
      race/ops.go:57 +0x48

Goroutine 7 (running) created at:
  main.main()
      race/main.go:37 +0x1f0
==================
";

    #[test]
    fn what_reports_name() {
        assert_eq!(named(""), "reports: 0\n");
        let read = "reports: 1\nwith one address on both sides: all\nwith two goroutines: all\n\
                    with a line of the program on each side: all\nwith the same line on both sides: none\n";
        assert_eq!(named(REPORT), read);
        let same = REPORT.replace(":68 ", ":57 ");
        assert!(named(&same).ends_with("with the same line on both sides: all\n"));
        let both = named(&format!("{same}{REPORT}"));
        assert!(
            both.starts_with("reports: 2\n") && both.ends_with("with the same line on both sides: some\n"),
            "{both}"
        );
    }

    #[test]
    fn what_is_not_the_same_is_noticed() {
        for (from, to, line) in [
            ("Read at 0x00c00009a180", "Read at 0x00c00009a188", "with one address on both sides: none\n"),
            ("by main goroutine", "by goroutine 7", "with two goroutines: none\n"),
            (
                "  main.assign64()\n      race/ops.go:57 +0x48\n",
                "  [failed to restore the stack]\n",
                "with a line of the program on each side: none\n",
            ),
        ] {
            let report = REPORT.replacen(from, to, 1);
            assert!(named(&report).contains(line), "{report}");
        }
    }
}
