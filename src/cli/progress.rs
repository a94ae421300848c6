//! One line on the terminal that says how far a long job is, and how long it still takes.

use super::text::{WIDTH, clip};
use std::io::{Write, stderr};
use std::time::{Duration, Instant};

/// Shorter jobs show nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The line, on standard error.
pub(super) struct Progress {
    start: Instant,
    total: usize,
    done: usize,
    /// What all steps cost, and those that are done, in any unit.
    cost: f64,
    paid: f64,
    wanted: bool,
    /// What stands there.
    shown: String,
}

impl Progress {
    /// For a job of so many steps that cost so much together. Nothing is shown if it is not wanted.
    pub(super) fn of(total: usize, cost: f64, wanted: bool) -> Self {
        Self { start: Instant::now(), total, done: 0, cost, paid: 0.0, wanted, shown: String::new() }
    }

    /// Says that the step of this name is under way.
    pub(super) fn show(&mut self, step: &str) {
        let spent = self.start.elapsed();
        if self.wanted && spent > PATIENCE {
            let line = clip(&line(self.done, self.total, self.paid / self.cost, spent, step), WIDTH - 1);
            if line != self.shown {
                // Nothing to be done about a terminal that cannot be written to; the result tells.
                let _ = write!(stderr(), "\r\x1b[2K{line}");
                self.shown = line;
            }
        }
    }

    /// Counts so many steps, which cost the same each.
    pub(super) fn reach(&mut self, done: usize) {
        self.done = done;
        self.paid = self.cost * done as f64 / self.total.max(1) as f64;
    }

    /// Says what part of the step that is under way is done, where all steps cost the same.
    pub(super) fn part(&mut self, part: f64) {
        self.paid = self.cost * (self.done as f64 + part) / self.total.max(1) as f64;
    }

    /// Counts a part of the step that is under way.
    pub(super) fn pay(&mut self, cost: f64) {
        self.paid += cost;
    }

    /// Counts a step and takes the line away, so that something can be printed.
    pub(super) fn step(&mut self) {
        self.done += 1;
        self.clear();
    }

    /// Takes the line away.
    pub(super) fn clear(&mut self) {
        if !self.shown.is_empty() {
            let _ = write!(stderr(), "\r\x1b[2K");
            self.shown.clear();
        }
    }
}

fn line(done: usize, total: usize, part: f64, spent: Duration, step: &str) -> String {
    let left = if part > 0.0 {
        format!("about {} s to go", (spent.as_secs_f64() / part * (1.0 - part).max(0.0)) as u64 + 1)
    } else {
        "no estimate yet".to_owned()
    };
    format!("[{}/{total}] {step}, {} s, {left}", done + 1, spent.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_by_what_is_paid() {
        let s = Duration::from_secs;
        assert_eq!(line(0, 4, 0.0, s(3), "a"), "[1/4] a, 3 s, no estimate yet");
        assert_eq!(line(1, 4, 0.25, s(3), "b"), "[2/4] b, 3 s, about 10 s to go");
        assert_eq!(line(3, 4, 0.75, s(9), "d"), "[4/4] d, 9 s, about 4 s to go");
        assert_eq!(line(3, 4, 1.1, s(9), "d"), "[4/4] d, 9 s, about 1 s to go");
    }
}
