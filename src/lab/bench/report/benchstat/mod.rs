//! Comparisons as `benchstat` makes and shows them: medians with 95 % intervals, differences with their p-values, and the
//! geometric mean of each column.
//!
//! What it prints is what `benchstat` prints of the same samples; its own published examples are the test.

mod layout;
mod math;
#[cfg(test)]
mod tests;

pub use math::{ALPHA, Incomparable, Summary, enough_for_interval, enough_to_differ, geomean, u_test};

use layout::{Align, Grid};

/// Benchmarks by row, and what is compared by column: the first one is what the others are compared with.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Names of the rows, and for each column the samples in nanoseconds, if there are any.
    pub rows: Vec<(String, Vec<Option<Vec<f64>>>)>,
}

/// How two columns differ in one row.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// How likely the difference is by chance; 1 when it could not be tested.
    pub p: f64,
    /// Samples on both sides.
    pub n: (usize, usize),
    /// Why it says nothing, if it does not.
    pub why: Option<String>,
}

impl Comparison {
    /// Of the samples of two columns.
    #[must_use]
    pub fn of(base: &[f64], other: &[f64]) -> Self {
        let n = (base.len(), other.len());
        match u_test(base, other) {
            Err(e) => Self { p: 1.0, n, why: Some(e.to_string()) },
            Ok(p) => {
                let need = enough_to_differ();
                let few = p > ALPHA && n.0 < need && n.1 < need;
                let why = few.then(|| format!("need >= {need} samples to detect a difference at alpha level {ALPHA}"));
                Self { p, n, why }
            }
        }
    }

    /// The difference of two medians: `~` when it may well be chance.
    #[must_use]
    pub fn delta(&self, base: f64, other: f64) -> String {
        if self.p > ALPHA {
            "~".to_owned()
        } else if base == other {
            "0.00%".to_owned()
        } else if base == 0.0 {
            "?".to_owned()
        } else {
            format!("{:+.2}%", (other / base - 1.0) * 100.0)
        }
    }

    /// `p=0.001 n=10`. Without a p where it is 0 exactly.
    #[must_use]
    pub fn evidence(&self) -> String {
        let p = if self.p == 0.0 { String::new() } else { format!("p={:.3} ", self.p) };
        match self.n {
            (a, b) if a == b => format!("{p}n={a}"),
            (a, b) => format!("{p}n={a}+{b}"),
        }
    }
}

/// Digits after the point, and a unit: what all values of a row are shown in (`golang.org/x/perf/benchunit`).
#[derive(Clone, Copy)]
struct Scale {
    digits: usize,
    factor: f64,
    prefix: &'static str,
}

impl Scale {
    /// For four digits at least of the smallest of these seconds.
    fn of(seconds: &[f64]) -> Self {
        let least = seconds.iter().map(|s| s.abs()).filter(|&s| s > 0.0).reduce(f64::min);
        let Some(least) = least else { return Self { digits: 3, factor: 1.0, prefix: "" } };
        for (exponent, prefix) in [(0, ""), (-3, "m"), (-6, "µ"), (-9, "n")] {
            // As the numbers are rounded when they are printed.
            let at_least =
                |digits: &str| -> bool { least >= format!("{digits}e{exponent}").parse().unwrap_or(f64::MAX) };
            let digits = match () {
                () if at_least("99.995") => 1,
                () if at_least("9.9995") => 2,
                () if at_least("0.99995") => 3,
                () => continue,
            };
            return Self { digits, factor: 10_f64.powi(exponent), prefix };
        }
        let small = least / 1e-9;
        let more = (0..7).find(|&i| small >= 9.9995 * 10_f64.powi(-1 - i)).unwrap_or(7);
        Self { digits: 3 + more as usize, factor: 1e-9, prefix: "n" }
    }

    fn show(self, seconds: f64) -> String {
        format!("{:.1$}{2}", seconds / self.factor, self.digits, self.prefix)
    }
}

/// Remarks, each once, with the numbers by which they are referred to.
#[derive(Default)]
struct Notes(Vec<String>);

impl Notes {
    fn refer(&mut self, note: String) -> String {
        let i = self.0.iter().position(|n| *n == note).unwrap_or_else(|| {
            self.0.push(note);
            self.0.len() - 1
        });
        superscript(i + 1)
    }
}

fn superscript(n: usize) -> String {
    n.to_string().bytes().map(|d| ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'][usize::from(d - b'0')]).collect()
}

/// Columns of the grid: label, and for each column of the table median, interval and note, then, but for the first,
/// difference, evidence and note.
fn start(column: usize) -> usize {
    if column == 0 { 1 } else { 4 + (column - 1) * 6 }
}

impl Table {
    /// The table as `benchstat` prints it.
    #[must_use]
    pub fn text(&self) -> String {
        let (mut grid, mut notes) = (Grid::default(), Notes::default());
        let edge = start(self.columns.len() + 1);
        grid.row();
        for (i, name) in self.columns.iter().enumerate() {
            grid.span(start(i), start(i + 1) - start(i), name, Align::Center, " │ ");
            grid.stretch(start(i));
        }
        grid.span(edge, 1, "", Align::Left, " │");
        grid.row();
        for i in 0..self.columns.len() {
            grid.span(start(i), 3, "sec/op", Align::Center, " │ ");
            if i > 0 {
                grid.span(start(i) + 3, 3, "vs base", Align::Left, "  ");
            }
        }
        grid.span(edge, 1, "", Align::Left, " │");
        for (name, cells) in &self.rows {
            grid.row();
            grid.cell(0, name, Align::Left);
            self.show_row(cells, &mut grid, &mut notes);
        }
        if self.rows.len() > 1 {
            grid.row();
            grid.cell(0, "geomean", Align::Left);
            for i in 0..self.columns.len() {
                self.show_mean(i, &mut grid, &mut notes);
            }
        }
        let mut text = grid.text();
        for (i, note) in notes.0.iter().enumerate() {
            text.push_str(&format!("{} {note}\n", superscript(i + 1)));
        }
        text
    }

    fn show_row(&self, cells: &[Option<Vec<f64>>], grid: &mut Grid, notes: &mut Notes) {
        let summaries: Vec<Option<Summary>> = cells.iter().map(|c| c.as_deref().map(summary)).collect();
        let scale = Scale::of(&summaries.iter().flatten().map(|s| s.center).collect::<Vec<_>>());
        for (i, (samples, s)) in cells.iter().zip(&summaries).enumerate() {
            let (Some(samples), Some(s)) = (samples, s) else { continue };
            let at = start(i);
            grid.cell(at, &scale.show(s.center), Align::Right);
            grid.span(at + 1, 1, &s.to_string(), Align::Right, " ± ");
            let need = enough_for_interval();
            let few = (!s.is_bounded())
                .then(|| notes.refer(format!("need >= {need} samples for confidence interval at level 0.95")));
            grid.cell(at + 2, &few.unwrap_or_default(), Align::Left);
            if let (1.., Some(base), Some(before)) = (i, &cells[0], summaries[0]) {
                let c = Comparison::of(base, samples);
                grid.cell(at + 3, &c.delta(before.center, s.center), Align::Right);
                grid.cell(at + 4, &format!("({})", c.evidence()), Align::Left);
                grid.cell(at + 5, &c.why.map(|why| notes.refer(why)).unwrap_or_default(), Align::Left);
            }
        }
    }

    /// Medians of a column, and what they are of those of the first one where both are there.
    fn medians(&self, column: usize) -> (Vec<f64>, Vec<f64>) {
        let (mut medians, mut ratios) = (Vec::new(), Vec::new());
        for (_, cells) in &self.rows {
            let Some(samples) = &cells[column] else { continue };
            let center = summary(samples).center;
            medians.push(center);
            ratios.extend(cells[0].as_deref().map(|base| center / summary(base).center));
        }
        (medians, ratios)
    }

    /// The geometric mean of a column's medians in seconds, and of what they are of the first one's.
    #[must_use]
    pub fn geomeans(&self, column: usize) -> (Option<f64>, Option<f64>) {
        let (medians, ratios) = self.medians(column);
        (geomean(&medians), geomean(&ratios))
    }

    fn show_mean(&self, i: usize, grid: &mut Grid, notes: &mut Notes) {
        let (_, ratios) = self.medians(i);
        let (mean, ratio) = self.geomeans(i);
        let mut refer = Vec::new();
        let base = self.rows.iter().filter(|(_, cells)| cells[0].is_some()).count();
        if i > 0 && base != ratios.len() {
            let note = "benchmark set differs from baseline; geomeans may not be comparable";
            refer.push(notes.refer(note.to_owned()));
        }
        match mean {
            Some(mean) => grid.cell(start(i), &Scale::of(&[mean]).show(mean), Align::Right),
            None => refer.push(notes.refer("summaries must be >0 to compute geomean".to_owned())),
        }
        if i > 0 {
            match ratio {
                Some(ratio) => grid.cell(start(i) + 3, &format!("{:+.2}%", (ratio - 1.0) * 100.0), Align::Right),
                None => {
                    refer.push(notes.refer("ratios must be >0 to compute geomean".to_owned()));
                    grid.cell(start(i) + 3, "?", Align::Left);
                }
            }
        }
        grid.cell(start(i + 1) - 1, &refer.join(" "), Align::Left);
    }
}

/// In seconds.
fn summary(nanoseconds: &[f64]) -> Summary {
    Summary::of(&nanoseconds.iter().map(|ns| ns * 1e-9).collect::<Vec<_>>())
}
