//! Go benchmark text, as `benchstat` and other tools read it.
//!
//! The format is that of golang.org/design/14313-benchmark-format and of `golang.org/x/perf/benchfmt`: lines of
//! configuration, lines that say what a unit means, and one line for each sample.

use super::super::Series;
use std::fs;
use std::io::{self, Write};

/// What every file of results begins with: the machine, and that a smaller number is better.
///
/// # Errors
/// As writing.
pub fn heading(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "goos: {}", std::env::consts::OS)?;
    writeln!(out, "goarch: {}", if cfg!(target_arch = "x86_64") { "amd64" } else { std::env::consts::ARCH })?;
    writeln!(out, "pkg: gohmap")?;
    if let Some(cpu) = cpu() {
        writeln!(out, "cpu: {cpu}")?;
    }
    writeln!(out, "Unit ns/op better=lower assume=nothing")
}

/// The processor's name, if the system says.
#[must_use]
pub fn cpu() -> Option<String> {
    let info = fs::read_to_string("/proc/cpuinfo").ok()?;
    let (_, name) = info.lines().find(|l| l.starts_with("model name"))?.split_once(':')?;
    Some(name.trim().to_owned())
}

/// One line for each sample of a series.
///
/// # Errors
/// As writing.
pub fn series(out: &mut dyn Write, s: &Series) -> io::Result<()> {
    samples(out, &s.case.benchmark(), &s.by, s.case.ops, &s.samples)
}

/// One line for each sample of a benchmark; each of `ops` operations.
///
/// # Errors
/// As writing.
pub fn samples(out: &mut dyn Write, benchmark: &str, by: &str, ops: usize, samples: &[f64]) -> io::Result<()> {
    for ns in samples {
        writeln!(out, "{benchmark}/by={by} {ops:>10} {ns:>12.4} ns/op")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::super::{Case, Order, Workload};
    use super::*;

    #[test]
    fn lines_of_the_format() {
        let case = Case {
            workload: Workload::Iterate,
            order: Order::Random,
            key: crate::lab::bench::keys::KeyType::default(),
            n: 6,
            ops: 1 << 20,
        };
        let mut out = Vec::new();
        heading(&mut out).unwrap();
        series(&mut out, &Series { case, by: "go1.23.9".into(), samples: vec![7.5, 1234.5] }).unwrap();
        let text = String::from_utf8(out).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let [first, second] = lines[lines.len() - 2..] else { panic!("{text}") };
        assert_eq!(first, "BenchmarkMapIter/Key=uint64/Elem=uint64/len=6/by=go1.23.9    1048576       7.5000 ns/op");
        assert!(second.ends_with(" 1234.5000 ns/op"), "{second}");
        assert!(lines.contains(&"Unit ns/op better=lower assume=nothing"));
        // Each other line is configuration: a key in lower case, a colon, a value.
        for line in lines.iter().filter(|l| !l.starts_with("Benchmark") && !l.starts_with("Unit ")) {
            let (key, value) = line.split_once(": ").unwrap();
            assert!(key.chars().all(|c| c.is_ascii_lowercase()) && !value.is_empty(), "{line}");
        }
    }
}
