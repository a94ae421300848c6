//! The page of a campaign: no script, no font, no picture from elsewhere.

use super::super::Finished;
use super::super::spec::Spec;
use super::super::tally::{Row, column};
use super::heat;
use super::stats::{samples_needed, wilson};
use crate::lab::experiment::Class;
use std::fmt::Write;

/// Colours of the classes, in the order of [`Class::ALL`]: told apart also by those who see few, on white and on black.
pub(super) const COLOURS: [&str; 8] =
    ["#8fa3ad", "#d55e00", "#e6a817", "#0072b2", "#7a4fa3", "#1b9e77", "#c9c4b8", "#111111"];

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--page:#fff}
@media(prefers-color-scheme:dark){:root{--page:#16181b}}
body{font:15px/1.5 system-ui,sans-serif;max-width:1100px;margin:2rem auto;padding:0 1rem;background:var(--page)}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.15rem;margin:2.2rem 0 .5rem}h3{font-size:1rem;margin:1.4rem 0 .3rem}
p{margin:.3rem 0 .8rem;max-width:75ch}.faint{opacity:.7}
svg{max-width:100%;height:auto;display:block}text{font:11px system-ui,sans-serif;fill:currentColor}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:13.5px}
td,th{padding:.2rem .7rem;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
td:first-child,th:first-child{text-align:left}th{font-weight:600}
.wide{overflow-x:auto}i{display:inline-block;width:.8rem;height:.8rem;border-radius:.2rem;margin-right:.45rem;vertical-align:-.06rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.4rem 0;padding:0;list-style:none;font-size:13px}
code{font:12.5px/1.5 ui-monospace,monospace;background:var(--soft);padding:.1rem .3rem;border-radius:.25rem;overflow-wrap:anywhere}
.case{border-left:.25rem solid;padding:.1rem 0 .1rem .8rem;margin:.7rem 0}.case p{margin:.1rem 0}";

/// What a class means, in a few words.
fn meaning(class: Class) -> &'static str {
    match class {
        Class::Masked => "the program did what it does without the fault",
        Class::Silent => "a wrong result without a word",
        Class::Panic => "a Go panic, which a program can recover from",
        Class::Fatal => "a check of Go's ended the program",
        Class::Fault => "unexpected fault address",
        Class::Hang => "did not end within its number of steps",
        Class::NotInjected => "the fault's moment did not come",
        Class::ToolError => "the laboratory failed",
    }
}

pub(super) fn page(spec: &Spec, f: &Finished) -> String {
    let t = &f.tally;
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>gohmap campaign</title>\n\
         <style>{STYLE}</style></head><body>\n<h1>{} injections into a Go map</h1>\n<p class=\"faint\">{}. Digest {:016x}; made \
         by gohmap {}.</p>\n",
        thousands(t.injections),
        escape(&spec.about()),
        f.digest,
        env!("CARGO_PKG_VERSION")
    );
    outcomes(&mut page, f);
    heat::maps(&mut page, t);
    table(&mut page, "By field", "What became of faults in each field, in per cent of those injected.", &t.fields);
    table(&mut page, "By map and operation", "", &t.scenarios);
    if t.models.len() > 1 {
        table(&mut page, "By model", "", &t.models);
    }
    worst(&mut page, f);
    page.push_str("</body></html>\n");
    page
}

/// The shares, as a bar and as a table.
fn outcomes(page: &mut String, f: &Finished) {
    let t = &f.tally;
    let all = f.asked.max(1) as f64;
    page.push_str("<h2>Outcomes</h2>\n<svg viewBox=\"0 0 1000 44\" role=\"img\" aria-label=\"shares\">");
    let mut x = 0.0;
    for (i, class) in Class::ALL.into_iter().enumerate() {
        let width = 1000.0 * t.of(class) as f64 / all;
        if width > 0.0 {
            let _ = write!(
                page,
                "<rect x=\"{x:.2}\" y=\"0\" width=\"{width:.2}\" height=\"44\" fill=\"{}\"><title>{class}: {}</title></rect>",
                COLOURS[i],
                thousands(t.of(class))
            );
        }
        x += width;
    }
    page.push_str(
        "</svg>\n<div class=\"wide\"><table><tr><th>outcome</th><th>injections</th><th>share</th>\
         <th>95 % interval</th><th style=\"text-align:left\">meaning</th></tr>\n",
    );
    for (i, class) in Class::ALL.into_iter().enumerate() {
        let n = t.of(class);
        let (low, high) = wilson(n, f.asked);
        let _ = writeln!(
            page,
            "<tr><td><i style=\"background:{}\"></i>{class}</td><td>{}</td><td>{:.2} %</td><td>{:.2} to {:.2} %</td>\
             <td style=\"text-align:left\">{}</td></tr>",
            COLOURS[i],
            thousands(n),
            100.0 * n as f64 / all,
            100.0 * low,
            100.0 * high,
            meaning(class)
        );
    }
    let _ = writeln!(
        page,
        "<tr><th>sum</th><th>{}</th><th></th><th></th><th></th></tr></table></div>",
        thousands(t.injections)
    );
    let middle = Class::ALL.map(|c| t.of(c) as f64 / all).into_iter();
    let p = middle.min_by(|a, b| (a - 0.5).abs().total_cmp(&(b - 0.5).abs())).unwrap_or(0.5);
    let _ = writeln!(
        page,
        "<p class=\"faint\">Intervals are Wilson's. To know the share that is nearest to one half ({:.1} %) to ±1 % takes {} \
         samples, to ±0.1 % {}; there are {}.</p>",
        100.0 * p,
        thousands(samples_needed(p, 0.01)),
        thousands(samples_needed(p, 0.001)),
        thousands(f.asked)
    );
    page.push_str(
        "<h3>In detail</h3>\n<div class=\"wide\"><table><tr><th>outcome</th><th>injections</th><th>share</th></tr>\n",
    );
    for (label, n) in &t.details {
        let class = Class::named(label.split(':').next().unwrap_or_default());
        let colour = class.map_or("#888", |c| COLOURS[column(c)]);
        let _ = writeln!(
            page,
            "<tr><td><i style=\"background:{colour}\"></i>{}</td><td>{}</td><td>{:.2} %</td></tr>",
            escape(label),
            thousands(*n),
            100.0 * *n as f64 / all
        );
    }
    page.push_str("</table></div>\n");
}

/// A row of shares for each of something.
fn table(page: &mut String, title: &str, about: &str, rows: &std::collections::BTreeMap<String, Row>) {
    let _ = writeln!(page, "<h2>{title}</h2>");
    if !about.is_empty() {
        let _ = writeln!(page, "<p class=\"faint\">{about}</p>");
    }
    let used: Vec<usize> = (0..Class::ALL.len()).filter(|&c| rows.values().any(|r| r[c] > 0)).collect();
    page.push_str("<div class=\"wide\"><table><tr><th></th><th></th><th>injections</th>");
    for &c in &used {
        let _ = write!(page, "<th>{}</th>", Class::ALL[c]);
    }
    page.push_str("</tr>\n");
    for (name, row) in rows {
        let all: u64 = row.iter().sum();
        let _ = write!(page, "<tr><td>{}</td><td>{}</td><td>{}</td>", escape(name), bar(row), thousands(all));
        for &c in &used {
            let share = 100.0 * row[c] as f64 / all.max(1) as f64;
            let text = if row[c] == 0 { "·".to_owned() } else { format!("{share:.1}") };
            let _ = write!(page, "<td>{text}</td>");
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

/// The shares of a row as a small bar.
fn bar(row: &Row) -> String {
    let all = row.iter().sum::<u64>().max(1) as f64;
    let mut svg = String::from("<svg width=\"140\" height=\"12\" viewBox=\"0 0 140 12\">");
    let mut x = 0.0;
    for (i, &n) in row.iter().enumerate().filter(|(_, n)| **n > 0) {
        let width = 140.0 * n as f64 / all;
        let _ = write!(svg, "<rect x=\"{x:.2}\" width=\"{width:.2}\" height=\"12\" fill=\"{}\"/>", COLOURS[i]);
        x += width;
    }
    svg + "</svg>"
}

/// Examples of what nobody notices first, then of the rest.
fn worst(page: &mut String, f: &Finished) {
    let rank = |label: &str| {
        let class = label.split(':').next().and_then(Class::named);
        let order = [Class::ToolError, Class::Silent, Class::Hang, Class::Fault, Class::Panic, Class::Fatal];
        order.iter().position(|c| Some(*c) == class)
    };
    let mut labels: Vec<&String> = f.tally.examples.keys().filter(|l| rank(l).is_some()).collect();
    labels.sort_by_key(|l| (rank(l), l.as_str()));
    page.push_str("<h2>Worst cases</h2>\n<p class=\"faint\">The first of each kind, with the command that shows it step by step.</p>\n");
    for label in labels {
        let class = label.split(':').next().and_then(Class::named).unwrap_or(Class::Masked);
        for example in f.tally.examples[label].iter().take(2) {
            let mut tells = vec![escape(&example.evidence), escape(&example.instruction)];
            tells.retain(|t| !t.is_empty());
            let _ = writeln!(
                page,
                "<div class=\"case\" style=\"border-color:{}\"><p><b>{}</b> <span class=\"faint\">{}</span></p><p><code>gohmap \
                 replay-injection '{}'</code></p></div>",
                COLOURS[column(class)],
                escape(label),
                tells.join("; "),
                escape(&example.id)
            );
        }
    }
}

/// A number with a mark after every three digits.
pub(super) fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, d) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(d);
    }
    text
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::campaign::Tally;
    use crate::lab::campaign::record::Record;
    use std::time::Duration;

    fn finished() -> Finished {
        let mut tally = Tally::default();
        for (i, (outcome, detail)) in
            [(Class::Silent, "lost <key>"), (Class::Masked, "never read"), (Class::Fault, "SIGSEGV code=0x1")]
                .iter()
                .enumerate()
        {
            tally.add(&Record {
                i: i as u64,
                id: "small/read-hit/before/header.B.0/flip".to_owned(),
                seed: None,
                map: "small".to_owned(),
                operation: "read-hit".to_owned(),
                moment: "before".to_owned(),
                target: "header.B.0".to_owned(),
                field: "header.B".to_owned(),
                byte: Some(("header".to_owned(), 9)),
                model: "flip".to_owned(),
                outcome: *outcome,
                detail: (*detail).to_owned(),
                during: "after".to_owned(),
                evidence: "key 3 & more".to_owned(),
                address: None,
                instruction: None,
                replay: String::new(),
            });
        }
        Finished { tally, asked: 3, kept: 0, digest: 1, took: Duration::from_secs(1), jobs: 1 }
    }

    #[test]
    fn everything_is_on_the_page_and_nothing_from_elsewhere() {
        let page = page(&Spec::default(), &finished());
        assert!(page.contains("lost &lt;key&gt;") && !page.contains("lost <key>"));
        assert!(page.contains("key 3 &amp; more"));
        assert!(page.contains("replay-injection 'small/read-hit/before/header.B.0/flip'"));
        assert!(!page.contains("http") && !page.contains("<script"), "nothing from elsewhere");
        let (open, close) = (page.matches("<svg").count(), page.matches("</svg>").count());
        assert_eq!(open, close);
        assert!(open >= 3, "bar, heat map, small bars");
        assert_eq!(page.matches("<table").count(), page.matches("</table>").count());
    }

    #[test]
    fn digits_in_threes() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
