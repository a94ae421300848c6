//! One line on the terminal that says how far a long job is, and how long it still takes.

use crate::cli::text::{WIDTH, clip};
use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

/// Shorter jobs show nothing.
const PATIENCE: Duration = Duration::from_secs(2);

/// The line, on standard error.
pub(super) struct Progress {
    start: Instant,
    total: usize,
    done: usize,
    wanted: bool,
    /// What stands there.
    shown: String,
}

impl Progress {
    /// For a job of so many steps. Shown only when both outputs are a terminal: a pager would be overwritten by it.
    pub(super) fn of(total: usize) -> Self {
        let wanted = stderr().is_terminal() && stdout().is_terminal();
        Self { start: Instant::now(), total, done: 0, wanted, shown: String::new() }
    }

    /// Says that the step of this name is under way.
    pub(super) fn show(&mut self, step: &str) {
        let spent = self.start.elapsed();
        if self.wanted && spent > PATIENCE {
            let line = clip(&line(self.done, self.total, spent, step), WIDTH - 1);
            if line != self.shown {
                // Nothing to be done about a terminal that cannot be written to; the result tells.
                let _ = write!(stderr(), "\r\x1b[2K{line}");
                self.shown = line;
            }
        }
    }

    /// Counts a step and takes the line away, so that something can be printed.
    pub(super) fn step(&mut self) {
        self.done += 1;
        if !self.shown.is_empty() {
            let _ = write!(stderr(), "\r\x1b[2K");
            self.shown.clear();
        }
    }
}

fn line(done: usize, total: usize, spent: Duration, step: &str) -> String {
    let left = match u32::try_from(done) {
        Ok(n @ 1..) => format!("about {} s to go", (spent / n).mul_f64((total - done) as f64).as_secs() + 1),
        _ => "no estimate yet".to_owned(),
    };
    format!("[{}/{total}] {step}, {} s, {left}", done + 1, spent.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimate_is_by_the_steps_that_are_done() {
        let s = Duration::from_secs;
        assert_eq!(line(0, 4, s(3), "a"), "[1/4] a, 3 s, no estimate yet");
        assert_eq!(line(1, 4, s(3), "b"), "[2/4] b, 3 s, about 10 s to go");
        assert_eq!(line(3, 4, s(9), "d"), "[4/4] d, 9 s, about 4 s to go");
    }
}
