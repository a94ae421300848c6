//! Tables for people: medians in nanoseconds, and how many times faster ours is than another.

use super::super::{Order, Series};
use super::stats::{Median, median, ratio};
use std::fmt::Write;

/// A table for each of the others, or one of ours alone when there is nobody else. None is wider than 80 columns, if names
/// are not very long.
///
/// `ours` is whose speed the ratios are about. A ratio of 2 means that the other takes twice the time.
#[must_use]
pub fn tables(series: &[Series], ours: &str) -> String {
    let mut others: Vec<&str> = Vec::new();
    for s in series.iter().filter(|s| s.by != ours) {
        if !others.contains(&s.by.as_str()) {
            others.push(&s.by);
        }
    }
    let mine: Vec<&Series> = series.iter().filter(|s| s.by == ours).collect();
    if others.is_empty() {
        let rows = rows(&mine, &["".to_owned(), "entries".to_owned(), format!("{ours} ns")], |_| Vec::new());
        return aligned(&rows);
    }
    let mut text = String::new();
    for other in others {
        let heads =
            ["", "entries", &format!("{ours} ns"), &format!("{other} ns"), "ratio", "(95 %)"].map(str::to_owned);
        let rows = rows(&mine, &heads, |s| {
            let Some(o) = series.iter().find(|o| o.case == s.case && o.by == other) else { return Vec::new() };
            let r = ratio(&o.samples, &s.samples);
            vec![nanoseconds(median(&o.samples).value), format!("{:.2}", r.value), interval(r)]
        });
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&aligned(&rows));
    }
    text
}

/// A row for each series, with more cells behind; the first cell says what is done, where that changes.
fn rows(series: &[&Series], heads: &[String], more: impl Fn(&Series) -> Vec<String>) -> Vec<Vec<String>> {
    let mut rows = vec![heads.to_vec()];
    let mut before = None;
    for s in series {
        let kind = (s.case.workload, s.case.order);
        let hot = if s.case.order == Order::Hot { ", one hot key" } else { "" };
        let name = if before == Some(kind) { String::new() } else { format!("{}{hot}", s.case.workload) };
        before = Some(kind);
        let mut row = vec![name, size(s.case.n), nanoseconds(median(&s.samples).value)];
        row.extend(more(s));
        row.resize(heads.len(), String::new());
        rows.push(row);
    }
    rows
}

/// The first column to the left, the others to the right.
fn aligned(rows: &[Vec<String>]) -> String {
    let width = |i: usize| rows.iter().map(|r| r[i].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = format!("{:<1$}", row[0], widths[0]);
        for (cell, width) in row.iter().zip(&widths).skip(1) {
            let _ = write!(line, "  {cell:>width$}");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// A number of entries, short: `6`, `1024`, `16k`, `4M`. Not rounded.
#[must_use]
pub fn size(n: usize) -> String {
    match n {
        n if n >= 1 << 20 && n.is_multiple_of(1 << 20) => format!("{}M", n >> 20),
        n if n >= 1 << 14 && n.is_multiple_of(1 << 10) => format!("{}k", n >> 10),
        n => n.to_string(),
    }
}

/// Nanoseconds in three digits or so.
#[must_use]
pub fn nanoseconds(ns: f64) -> String {
    match ns {
        ns if ns < 10.0 => format!("{ns:.2}"),
        ns if ns < 100.0 => format!("{ns:.1}"),
        ns => format!("{ns:.0}"),
    }
}

/// The ends of a ratio's interval.
fn interval(m: Median) -> String {
    format!("({:.2}-{:.2})", m.interval.0, m.interval.1)
}

#[cfg(test)]
mod tests {
    use super::super::super::{Case, Workload};
    use super::*;

    #[test]
    fn rows() {
        let case = |n, order| Case {
            workload: Workload::ReadHit,
            order,
            key: crate::lab::bench::keys::KeyType::default(),
            n,
            ops: 1,
        };
        let of = |n, order, by: &str, ns: &[f64]| Series { case: case(n, order), by: by.into(), samples: ns.to_vec() };
        let all = [
            of(6, Order::Random, "sse41", &[1.5, 2.0, 2.5]),
            of(6, Order::Random, "go1.23.9", &[15.0, 20.0, 30.0]),
            of(16384, Order::Random, "sse41", &[4.0]),
            of(16384, Order::Random, "go1.23.9", &[123.0]),
            of(6, Order::Hot, "sse41", &[2.0]),
        ];
        assert_eq!(
            tables(&all, "sse41"),
            "                       entries  sse41 ns  go1.23.9 ns  ratio         (95 %)
read-hit                     6      2.00         20.0  10.00  (10.00-12.00)
                           16k      4.00          123  30.75  (30.75-30.75)
read-hit, one hot key        6      2.00
"
        );
        assert_eq!(tables(&all[4..], "sse41").lines().nth(1), Some("read-hit, one hot key        6      2.00"));
        assert_eq!([6, 1024, 1600, 16384, 26000, 1 << 24].map(size), ["6", "1024", "1600", "16k", "26000", "16M"]);
    }
}
