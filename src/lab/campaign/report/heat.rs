//! Heat maps: each byte of the header, of a bucket and so on, coloured by what became of faults in it.

use super::super::Tally;
use super::super::tally::{Row, column};
use super::html::{COLOURS, escape};
use crate::lab::experiment::Class;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Bytes in a row of the drawing: a word.
const WORD: u16 = 8;
const CELL: f64 = 62.0;
const HIGH: f64 = 34.0;
/// Room for the names of the words.
const LEFT: f64 = 130.0;

/// Names of the fields by the byte in which they begin.
fn names(kind: &str, last: u16) -> Vec<(u16, String)> {
    let plain = |all: &[(u16, &str)]| all.iter().map(|(at, n)| (*at, (*n).to_owned())).collect();
    match kind {
        "header" => {
            let mut all: Vec<(u16, String)> = plain(&[
                (0, "count"),
                (8, "flags"),
                (9, "B"),
                (10, "noverflow"),
                (12, "hash0"),
                (16, "buckets"),
                (24, "oldbuckets"),
                (32, "nevacuate"),
            ]);
            if last >= 48 {
                all.push((40, "clearSeq".to_owned()));
                all.push((48, "extra".to_owned()));
            } else {
                all.push((40, "extra".to_owned()));
            }
            all
        }
        "extra" => plain(&[(0, "overflow"), (8, "oldoverflow"), (16, "nextOverflow")]),
        "iterator" => plain(&[
            (0, "key"),
            (8, "elem"),
            (16, "t"),
            (24, "h"),
            (32, "buckets"),
            (40, "bptr"),
            (48, "overflow"),
            (56, "oldoverflow"),
            (64, "startBucket"),
            (72, "offset"),
            (73, "wrapped"),
            (74, "B"),
            (75, "i"),
            (80, "bucket"),
            (88, "checkBucket"),
            (96, "clearSeq"),
        ]),
        "bucket" => {
            let mut all: Vec<(u16, String)> = vec![(0, "tophash".to_owned())];
            // What lies between depends on the type; its sizes follow from the last byte: key slots, then eight bytes each.
            let keys = (last + 1 - 8 - 8 - 64) / 8;
            all.extend((0..8).map(|i| (8 + i * keys, format!("key {i}"))));
            all.extend((0..8).map(|i| (8 + 8 * keys + i * 8, format!("elem {i}"))));
            all.push((last - 7, "overflow".to_owned()));
            all
        }
        _ => Vec::new(),
    }
}

/// A drawing for each kind of object that was broken byte by byte.
pub(super) fn maps(page: &mut String, t: &Tally) {
    if t.bytes.is_empty() {
        return;
    }
    page.push_str(
        "<h2>Byte by byte</h2>\n<p class=\"faint\">Each cell is a byte, filled with the outcomes of the faults in it; its number is \
         the share that ended in a wrong result without a word.</p>\n<ul class=\"legend\">",
    );
    for (i, class) in Class::ALL.into_iter().enumerate().filter(|(i, _)| t.classes[*i] > 0) {
        let _ = write!(page, "<li><i style=\"background:{}\"></i>{class}</li>", COLOURS[i]);
    }
    page.push_str("</ul>\n");
    for (kind, bytes) in &t.bytes {
        let faults: u64 = bytes.values().flatten().sum();
        let _ = writeln!(page, "<h3>{} <span class=\"faint\">({faults} faults)</span></h3>", escape(kind));
        drawing(page, kind, bytes);
    }
}

fn drawing(page: &mut String, kind: &str, bytes: &BTreeMap<u16, Row>) {
    let last = bytes.keys().next_back().copied().unwrap_or(0);
    let names = names(kind, last);
    let rows = last / WORD + 1;
    let (width, height) = (LEFT + CELL * f64::from(WORD) + 4.0, 18.0 + HIGH * f64::from(rows));
    let _ = write!(
        page,
        "<svg viewBox=\"0 0 {width} {height}\" style=\"width:{width}px\" role=\"img\" aria-label=\"{kind}\">"
    );
    for i in 0..WORD {
        let x = LEFT + CELL * (f64::from(i) + 0.5);
        let _ = write!(page, "<text x=\"{x}\" y=\"11\" text-anchor=\"middle\" opacity=\".6\">+{i}</text>");
    }
    for row in 0..rows {
        let y = 18.0 + HIGH * f64::from(row);
        let first = row * WORD;
        let label: Vec<&str> =
            names.iter().filter(|(at, _)| (first..first + WORD).contains(at)).map(|n| n.1.as_str()).collect();
        let label =
            if label.len() > 2 { format!("{} … {}", label[0], label[label.len() - 1]) } else { label.join(", ") };
        let _ = write!(
            page,
            "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{} <tspan opacity=\".6\">{first:#04x}</tspan></text>",
            LEFT - 8.0,
            y + HIGH / 2.0 + 4.0,
            escape(&label)
        );
        for i in 0..WORD {
            if let Some(counts) = bytes.get(&(first + i)) {
                let name = names.iter().rfind(|(at, _)| *at <= first + i).map_or("", |n| n.1.as_str());
                cell(page, LEFT + CELL * f64::from(i), y, counts, &format!("{name}, byte {}", first + i));
            }
        }
    }
    page.push_str("</svg>\n");
}

fn cell(page: &mut String, x: f64, y: f64, counts: &Row, name: &str) {
    let all = counts.iter().sum::<u64>().max(1);
    let mut tells = String::from(name);
    for (i, class) in Class::ALL.into_iter().enumerate().filter(|(i, _)| counts[*i] > 0) {
        let _ = write!(tells, "\n{class}: {} of {all}", counts[i]);
    }
    let _ = write!(page, "<g><title>{}</title>", escape(&tells));
    let mut at = x + 1.0;
    for (i, &n) in counts.iter().enumerate().filter(|(_, n)| **n > 0) {
        let width = (CELL - 2.0) * n as f64 / all as f64;
        let _ = write!(
            page,
            "<rect x=\"{at:.2}\" y=\"{:.1}\" width=\"{width:.2}\" height=\"{:.1}\" fill=\"{}\"/>",
            y + 1.0,
            HIGH - 2.0,
            COLOURS[i]
        );
        at += width;
    }
    let silent = counts[column(Class::Silent)];
    if silent > 0 {
        let _ = write!(
            page,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" style=\"fill:#fff;stroke:#000;stroke-width:2.4px;\
             paint-order:stroke;font-weight:600\">{:.0} %</text>",
            x + CELL / 2.0,
            y + HIGH / 2.0 + 4.0,
            100.0 * silent as f64 / all as f64
        );
    }
    page.push_str("</g>");
}
