//! A page of its own with a curve for each runner: nanoseconds, in powers, over entries of the map or something else.
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

/// A drawing.
#[derive(Clone, Debug)]
pub struct Chart<'a> {
    /// What stands above it.
    pub title: String,
    /// Its curves; those of the same name have the same colour on the whole page.
    pub curves: Vec<Curve<'a>>,
}

/// A curve.
#[derive(Clone, Debug)]
pub struct Curve<'a> {
    /// Whose it is.
    pub name: String,
    /// Its points, from left to right.
    pub points: Vec<Point<'a>>,
}

/// A point of a curve.
#[derive(Clone, Debug)]
pub struct Point<'a> {
    /// Where it is, from left to right.
    pub at: f64,
    /// What stands below it.
    pub label: String,
    /// Nanoseconds per operation, of which the median is shown.
    pub samples: &'a [f64],
}

impl Point<'_> {
    fn median(&self) -> Median {
        median(self.samples)
    }
}

/// What a page says besides its drawings.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The command that made it.
    pub title: &'a str,
    /// What its drawings are over: `entries of the map`.
    pub over: &'a str,
    /// Where the numbers come from, in a line or two.
    pub source: &'a str,
}

/// A drawing for each workload and order of keys, over the entries of the map.
#[must_use]
pub fn by_entries(series: &[Series]) -> Vec<Chart<'_>> {
    let mut charts: Vec<(Case, Chart<'_>)> = Vec::new();
    for s in series {
        let same_kind = |(k, _): &(Case, Chart<'_>)| (k.workload, k.order) == (s.case.workload, s.case.order);
        let i = charts.iter().position(same_kind).unwrap_or_else(|| {
            let hot = if s.case.order == Order::Hot { ", one hot key" } else { "" };
            charts.push((s.case, Chart { title: format!("{}{hot}", s.case.workload), curves: Vec::new() }));
            charts.len() - 1
        });
        let curves = &mut charts[i].1.curves;
        let point = Point { at: (s.case.n as f64).log2(), label: size(s.case.n), samples: &s.samples };
        match curves.iter_mut().find(|c| c.name == s.by) {
            Some(c) => c.points.push(point),
            None => curves.push(Curve { name: s.by.clone(), points: vec![point] }),
        }
    }
    let mut charts: Vec<Chart<'_>> = charts.into_iter().map(|(_, chart)| chart).collect();
    for curve in charts.iter_mut().flat_map(|c| &mut c.curves) {
        curve.points.sort_by(|a, b| a.at.total_cmp(&b.at));
    }
    charts
}

/// The page.
#[must_use]
pub fn page(about: About<'_>, charts: &[Chart<'_>]) -> String {
    let mut names: Vec<&str> = Vec::new();
    charts.iter().flat_map(|c| &c.curves).for_each(|c| {
        if !names.contains(&c.name.as_str()) {
            names.push(&c.name)
        }
    });
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n<title>{title}</title>\n\
         <style>{STYLE}</style>\n<h1>{title}</h1>\n<p>{source}</p>\n\
         <p>Nanoseconds per operation over {over}; medians, and in the shade the interval that holds the true \
         median with 95 %. Lower is better.</p>\n<ul class=\"legend\">",
        title = about.title,
        over = about.over,
        source = escape(about.source)
    );
    for (i, name) in names.iter().enumerate() {
        let _ = write!(page, "<li><i style=\"background:{}\"></i>{}</li>", colour(i), escape(name));
    }
    page.push_str("</ul>\n<div class=\"all\">\n");
    for chart in charts {
        let _ = writeln!(page, "<section><h2>{}</h2>", escape(&chart.title));
        drawing(&mut page, chart, &names);
        numbers(&mut page, chart, about.over);
        page.push_str("</section>\n");
    }
    page.push_str("</div>\n</html>\n");
    page
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
    fn of(chart: &Chart<'_>) -> Self {
        let range = |values: &mut dyn Iterator<Item = f64>| {
            values.fold((f64::MAX, f64::MIN), |(low, high), v| (low.min(v), high.max(v)))
        };
        let points = || chart.curves.iter().flat_map(|c| &c.points);
        let (x0, x1) = range(&mut points().map(|p| p.at));
        let (y0, y1) = range(&mut points().flat_map(|p| p.samples).map(|ns| ns.max(1e-3).log2()));
        // One place, or one speed, still needs some room.
        let room = ((x1 - x0) / 50.0).max(0.3);
        Self { x: (x0 - room, x1.max(x0 + 0.1) + room), y: (y0.floor(), y1.ceil().max(y0.floor() + 1.0)) }
    }

    fn x(&self, at: f64) -> f64 {
        LEFT + (at - self.x.0) / (self.x.1 - self.x.0) * (WIDTH - LEFT - RIGHT)
    }

    fn y(&self, ns: f64) -> f64 {
        HEIGHT - BOTTOM - (ns.max(1e-3).log2() - self.y.0) / (self.y.1 - self.y.0) * (HEIGHT - TOP - BOTTOM)
    }
}

/// The places that points of any curve are at, and what stands below them, from left to right.
fn places<'c>(chart: &'c Chart<'_>) -> Vec<(f64, &'c str)> {
    let mut places: Vec<(f64, &str)> =
        chart.curves.iter().flat_map(|c| &c.points).map(|p| (p.at, p.label.as_str())).collect();
    places.sort_by(|a, b| a.0.total_cmp(&b.0));
    places.dedup();
    places
}

fn drawing(page: &mut String, chart: &Chart<'_>, names: &[&str]) {
    let scale = Scale::of(chart);
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
    let mut free_from = 0.0;
    for (at, label) in places(chart) {
        let x = scale.x(at);
        let _ = write!(page, "<path class=\"grid\" d=\"M{x:.1} {TOP}V{:.1}\"/>", HEIGHT - BOTTOM);
        // Numbers that would stand on each other are left out; the table has them all.
        if x >= free_from {
            let _ = write!(
                page,
                "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                HEIGHT - BOTTOM + 16.0,
                escape(label)
            );
            free_from = x + 44.0;
        }
    }
    for (i, name) in names.iter().enumerate() {
        chart.curves.iter().filter(|c| c.name == *name).for_each(|c| curve(page, &scale, c, colour(i)));
    }
    page.push_str("</svg>\n");
}

fn curve(page: &mut String, scale: &Scale, curve: &Curve<'_>, colour: &str) {
    let place = |at: f64, ns: f64| format!("{:.1} {:.1}", scale.x(at), scale.y(ns));
    let points: Vec<(&Point<'_>, Median)> = curve.points.iter().map(|p| (p, p.median())).collect();
    let upper = points.iter().map(|(p, m)| place(p.at, m.interval.1));
    let lower = points.iter().rev().map(|(p, m)| place(p.at, m.interval.0));
    let band: Vec<String> = upper.chain(lower).collect();
    let line: Vec<String> = points.iter().map(|(p, m)| place(p.at, m.value)).collect();
    let _ = write!(
        page,
        "<path class=\"band\" fill=\"{colour}\" d=\"M{}Z\"/><path class=\"curve\" stroke=\"{colour}\" d=\"M{}\"/>",
        band.join("L"),
        line.join("L")
    );
    for (p, m) in points {
        let _ = write!(
            page,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"><title>{}, {}: {} ns</title></circle>",
            scale.x(p.at),
            scale.y(m.value),
            escape(&curve.name),
            escape(&p.label),
            nanoseconds(m.value)
        );
    }
}

fn numbers(page: &mut String, chart: &Chart<'_>, over: &str) {
    let _ = write!(page, "<details><summary>Numbers</summary><table><tr><th>{over}</th>");
    chart.curves.iter().for_each(|c| {
        let _ = write!(page, "<th>{}</th>", escape(&c.name));
    });
    page.push_str("</tr>");
    for (at, label) in places(chart) {
        let _ = write!(page, "<tr><td>{}</td>", escape(label));
        for c in &chart.curves {
            let found = c.points.iter().find(|p| p.at == at);
            let text = found.map_or_else(String::new, |p| nanoseconds(p.median().value));
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
        let about = About { title: "gohmap bench", over: "entries of the map", source: "a & b" };
        let page = page(about, &by_entries(&all));
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
        assert!(super::page(about, &[]).contains("</html>"));
    }
}
