//! A page of its own with a curve for each runner: nanoseconds over entries, both in powers.
//!
//! No script, no font, no picture from elsewhere: one file that can be sent to somebody.

use super::super::{Case, Order, Series};
use super::stats::{Median, median};
use super::table::{nanoseconds, size};
use std::fmt::Write;

/// Size of a drawing, and the room around it for numbers.
const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
const LEFT: f64 = 52.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 34.0;

/// Colours that can be told apart, also by those who see few, on white and on black.
const COLOURS: [&str; 8] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8b6f47", "#7f7f7f"];

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884}
body{font:15px/1.5 system-ui,sans-serif;max-width:1360px;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem;margin-bottom:0}h2{font-size:1.05rem;margin:0 0 .3rem}
.all{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,560px),1fr));gap:2rem}
svg{width:100%;height:auto;display:block}text{font:11px system-ui,sans-serif;fill:currentColor}
.grid{stroke:var(--line)}.curve{fill:none;stroke-width:2}.band{stroke:none;opacity:.18}
table{border-collapse:collapse;font-size:12px;font-variant-numeric:tabular-nums}
td,th{padding:.1rem .6rem;text-align:right;border-bottom:1px solid var(--line)}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:1rem 0;padding:0;list-style:none}
.legend i{display:inline-block;width:1.2rem;height:.35rem;border-radius:.2rem;margin-right:.4rem;vertical-align:middle}
details{margin-top:.4rem}summary{cursor:pointer;font-size:12px}";

/// The page. `about` says in a line or two where the numbers come from.
#[must_use]
pub fn page(series: &[Series], about: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    series.iter().for_each(|s| {
        if !names.contains(&s.by.as_str()) {
            names.push(&s.by)
        }
    });
    let mut kinds: Vec<Case> = Vec::new();
    for s in series {
        if !kinds.iter().any(|k| same_kind(k, &s.case)) {
            kinds.push(s.case);
        }
    }
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>gohmap bench</title>\n\
         <style>{STYLE}</style>\n<h1>gohmap bench</h1>\n<p>{}</p>\n\
         <p>Nanoseconds per operation over entries of the map; medians, and in the shade the interval that holds the true \
         median with 95 %. Lower is better.</p>\n<ul class=\"legend\">",
        escape(about)
    );
    for (i, name) in names.iter().enumerate() {
        let _ = write!(page, "<li><i style=\"background:{}\"></i>{}</li>", colour(i), escape(name));
    }
    page.push_str("</ul>\n<div class=\"all\">\n");
    for kind in &kinds {
        let hot = if kind.order == Order::Hot { ", one hot key" } else { "" };
        let _ = writeln!(page, "<section><h2>{}{hot}</h2>", kind.workload);
        let of_kind: Vec<&Series> = series.iter().filter(|s| same_kind(kind, &s.case)).collect();
        drawing(&mut page, &of_kind, &names);
        numbers(&mut page, &of_kind, &names);
        page.push_str("</section>\n");
    }
    page.push_str("</div>\n</html>\n");
    page
}

fn same_kind(a: &Case, b: &Case) -> bool {
    (a.workload, a.order) == (b.workload, b.order)
}

fn colour(i: usize) -> &'static str {
    COLOURS[i % COLOURS.len()]
}

/// From numbers to places on the drawing.
struct Scale {
    x: (f64, f64),
    y: (f64, f64),
}

impl Scale {
    fn of(series: &[&Series]) -> Self {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
        };
        let (x0, x1) = range(&mut series.iter().map(|s| (s.case.n as f64).log2()));
        let (y0, y1) = range(&mut series.iter().flat_map(|s| &s.samples).map(|ns| ns.max(1e-3).log2()));
        // One size, or one speed, still needs some room.
        Self { x: (x0 - 0.3, x1.max(x0 + 0.1) + 0.3), y: (y0.floor(), y1.ceil().max(y0.floor() + 1.0)) }
    }

    fn x(&self, n: usize) -> f64 {
        LEFT + ((n as f64).log2() - self.x.0) / (self.x.1 - self.x.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, ns: f64) -> f64 {
        HEIGHT - BOTTOM - (ns.max(1e-3).log2() - self.y.0) / (self.y.1 - self.y.0) * (HEIGHT - TOP - BOTTOM)
    }
}

fn drawing(page: &mut String, series: &[&Series], names: &[&str]) {
    let scale = Scale::of(series);
    let _ = write!(page, "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
    for power in scale.y.0 as i32..=scale.y.1 as i32 {
        let ns = f64::from(power).exp2();
        let (y, label) = (scale.y(ns), if ns < 1.0 { format!("{ns:.2}") } else { format!("{ns:.0}") });
        let _ = write!(
            page,
            "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{:.1}\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label} \
             ns</text>",
            WIDTH - RIGHT,
            LEFT - 5.0,
            y + 4.0
        );
    }
    let mut sizes: Vec<usize> = series.iter().map(|s| s.case.n).collect();
    sizes.sort_unstable();
    sizes.dedup();
    let mut free_from = 0.0;
    for n in sizes {
        let x = scale.x(n);
        let _ = write!(page, "<path class=\"grid\" d=\"M{x:.1} {TOP}V{:.1}\"/>", HEIGHT - BOTTOM);
        // Numbers that would stand on each other are left out; the table has them all.
        if x >= free_from {
            let _ = write!(
                page,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - BOTTOM + 16.0,
                size(n)
            );
            free_from = x + 44.0;
        }
    }
    for (i, name) in names.iter().enumerate() {
        let mut points: Vec<(usize, Median)> =
            series.iter().filter(|s| s.by == *name).map(|s| (s.case.n, median(&s.samples))).collect();
        points.sort_unstable_by_key(|p| p.0);
        curve(page, &scale, &points, colour(i), name);
    }
    page.push_str("</svg>\n");
}

fn curve(page: &mut String, scale: &Scale, points: &[(usize, Median)], colour: &str, name: &str) {
    if points.is_empty() {
        return;
    }
    let place = |n: usize, ns: f64| format!("{:.1} {:.1}", scale.x(n), scale.y(ns));
    let upper = points.iter().map(|(n, m)| place(*n, m.interval.1));
    let lower = points.iter().rev().map(|(n, m)| place(*n, m.interval.0));
    let band: Vec<String> = upper.chain(lower).collect();
    let line: Vec<String> = points.iter().map(|(n, m)| place(*n, m.value)).collect();
    let _ = write!(
        page,
        "<path class=\"band\" fill=\"{colour}\" d=\"M{}Z\"/><path class=\"curve\" stroke=\"{colour}\" d=\"M{}\"/>",
        band.join("L"),
        line.join("L")
    );
    for (n, m) in points {
        let _ = write!(
            page,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"><title>{}, {} entries: {} ns</title></circle>",
            scale.x(*n),
            scale.y(m.value),
            escape(name),
            size(*n),
            nanoseconds(m.value)
        );
    }
}

fn numbers(page: &mut String, series: &[&Series], names: &[&str]) {
    page.push_str("<details><summary>Numbers</summary><table><tr><th>entries</th>");
    names.iter().for_each(|name| {
        let _ = write!(page, "<th>{}</th>", escape(name));
    });
    page.push_str("</tr>");
    let mut sizes: Vec<usize> = series.iter().map(|s| s.case.n).collect();
    sizes.dedup();
    for n in sizes {
        let _ = write!(page, "<tr><td>{}</td>", size(n));
        for name in names {
            let found = series.iter().find(|s| s.case.n == n && s.by == *name);
            let text = found.map_or_else(String::new, |s| nanoseconds(median(&s.samples).value));
            let _ = write!(page, "<td>{text}</td>");
        }
        page.push_str("</tr>");
    }
    page.push_str("</table></details>\n");
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::super::Workload;
    use super::*;

    #[test]
    fn everything_is_on_the_page_and_inside_the_drawing() {
        let mut all = Vec::new();
        for workload in [Workload::ReadHit, Workload::Build] {
            for n in [6, 1024, 1 << 24] {
                for (by, ns) in [("sse41", 0.8), ("go1.23.9 <x>", 300.0)] {
                    let case = Case {
                        workload,
                        order: Order::Random,
                        key: crate::lab::bench::keys::KeyType::default(),
                        n,
                        ops: 1,
                    };
                    all.push(Series { case, by: by.into(), samples: vec![ns, ns * 1.5, ns * 2.0] });
                }
            }
        }
        let page = page(&all, "a & b");
        assert_eq!((page.matches("<svg").count(), page.matches("class=\"curve\"").count()), (2, 4));
        assert_eq!(page.matches("<circle").count(), 12);
        assert!(page.contains("go1.23.9 &lt;x&gt;") && page.contains("a &amp; b") && !page.contains("<x>"));
        assert!(!page.contains("http"), "nothing from elsewhere");
        assert!(page.contains("<td>450</td>") && page.contains("<td>16M</td>"));
        for circle in page.split("<circle ").skip(1) {
            let number = |name: &str| -> f64 {
                let rest = circle.split_once(&format!("{name}=\"")).unwrap().1;
                rest.split_once('"').unwrap().0.parse().unwrap()
            };
            assert!((LEFT..=WIDTH - RIGHT).contains(&number("cx")), "{circle}");
            assert!((TOP..=HEIGHT - BOTTOM).contains(&number("cy")), "{circle}");
        }
        assert!(super::page(&[], "nothing").contains("</html>"));
    }
}
