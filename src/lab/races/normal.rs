//! The normalisation under which our reports and real Go's must be the same text: what differs between two runs of one Go
//! program, or because the source is another, becomes a fixed word; everything else is compared.
//!
//! | in the report | becomes | why |
//! |---|---|---|
//! | `      race/ops.go:68 +0x3c` | `      FILE:LINE` | position in one program's source |
//! | closure numbers: `main.joinRacy.func2` | `main.joinRacy.funcN` | order of closures in the source |
//! | `goroutine 7`, `Goroutine 7` | `goroutine A`, the next new one `B` | which number is free |
//! | `at 0x00c0000940c0` | `at ADDRESS1`, the next new one `ADDRESS2` | where an object lies |

use crate::lab::normalise::function;

/// Normalises the reports of a race detector.
#[must_use]
pub fn normalise(reports: &str) -> String {
    let mut numbers: Vec<&str> = Vec::new();
    let mut addresses: Vec<&str> = Vec::new();
    let mut out = String::new();
    for line in reports.lines() {
        out.push_str(&normalise_line(line, &mut numbers, &mut addresses));
        out.push('\n');
    }
    out
}

fn normalise_line<'t>(line: &'t str, numbers: &mut Vec<&'t str>, addresses: &mut Vec<&'t str>) -> String {
    let mut goroutine = |n: &'t str| char::from(b'A' + index(numbers, n).min(25) as u8);
    if let Some(position) = line.strip_prefix("      ") {
        let known = position.rsplit_once(" +0x").is_some_and(|(file, _)| file.contains(':'));
        return if known { "      FILE:LINE".to_owned() } else { line.to_owned() };
    }
    if let Some(f) = line.strip_prefix("  ").and_then(|f| f.strip_suffix("()")) {
        return format!("  {}()", function(f));
    }
    if let Some((n, rest)) = line.strip_prefix("Goroutine ").and_then(|l| l.split_once(' ')) {
        return format!("Goroutine {} {rest}", goroutine(n));
    }
    let Some((what, rest)) = line.split_once(" at 0x") else { return line.to_owned() };
    let Some((address, by)) = rest.split_once(" by ") else { return line.to_owned() };
    // Twelve digits, with zeroes in front.
    let whole = address.len() == 12;
    let by = match by.strip_prefix("goroutine ").and_then(|b| b.strip_suffix(':')) {
        Some(n) => format!("goroutine {}:", goroutine(n)),
        None => by.to_owned(),
    };
    let address = if whole { format!("ADDRESS{}", index(addresses, address) + 1) } else { address.to_owned() };
    format!("{what} at {address} by {by}")
}

/// Where it is in the list; at its end when it is new.
fn index<'t>(list: &mut Vec<&'t str>, item: &'t str) -> usize {
    list.iter().position(|i| *i == item).unwrap_or_else(|| {
        list.push(item);
        list.len() - 1
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const REPORT: &str = "\
==================
WARNING: DATA RACE
Read at 0x00c00009a180 by goroutine 8:
  runtime.mapaccess1_fast64()
      runtime/map_fast64.go:13 +0x0
  main.joinRacy.func2()
      race/edges.go:57 +0x3c

Previous write at 0x00c00009a180 by goroutine 7:
  main.assign64()
      race/ops.go:57 +0x48

Goroutine 8 (running) created at:
  main.joinRacy()
      race/edges.go:56 +0x1f0
==================
Found 1 data race(s)
";

    #[test]
    fn a_report() {
        let normal = "\
==================
WARNING: DATA RACE
Read at ADDRESS1 by goroutine A:
  runtime.mapaccess1_fast64()
      FILE:LINE
  main.joinRacy.funcN()
      FILE:LINE

Previous write at ADDRESS1 by goroutine B:
  main.assign64()
      FILE:LINE

Goroutine A (running) created at:
  main.joinRacy()
      FILE:LINE
==================
Found 1 data race(s)
";
        assert_eq!(normalise(REPORT), normal);
        let other = REPORT.replace("00c00009a180", "00c000000010").replace("goroutine 7", "goroutine 19");
        assert_eq!(normalise(&other.replace("func2", "func1").replace(":57 +0x3c", ":5 +0x1")), normal);
    }

    #[test]
    fn what_must_not_differ() {
        let normal = normalise(REPORT);
        for (from, to) in [
            ("Read at", "Write at"),
            ("Previous write at", "Previous read at"),
            ("Read at 0x00c00009a180", "Read at 0x00c00009a188"),
            ("Read at 0x00c00009a180", "Read at 0xc00009a180"),
            ("by goroutine 8", "by main goroutine"),
            ("Goroutine 8", "Goroutine 7"),
            ("(running)", "(finished)"),
            ("mapaccess1", "mapaccess2"),
            ("main.assign64()", "main.assign64(...)"),
            ("  main.assign64()\n      race/ops.go:57 +0x48\n", ""),
            ("      race/ops.go:57 +0x48\n", ""),
            ("\n\nPrevious", "\nPrevious"),
            ("Found 1", "Found 2"),
        ] {
            assert!(REPORT.contains(from), "{from}");
            assert_ne!(normalise(&REPORT.replacen(from, to, 1)), normal, "{from:?} -> {to:?}");
        }
    }
}
