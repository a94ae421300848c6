//! What all schedules of a few operations come to, by class.

use super::share;
use crate::lab::experiment::{KeyKind, Lab};
use crate::lab::explore::{Class, Explorer, Points, Report, Scenario};
use crate::lab::programs::recorded::{Exit, Outcome};
use crate::version::GoVersion;
use num_bigint::BigUint;
use std::fmt::Write;
use std::io;

/// Explores a scenario with `uint64` keys.
///
/// # Errors
/// When there is no laboratory, or the scenario is too large.
pub(super) fn outcome(scenario: &Scenario, version: GoVersion) -> io::Result<Outcome> {
    let lab = Lab::new(version).map_err(io::Error::other)?;
    let report = Explorer::new(&lab, KeyKind::U64).exhaust(scenario, Points::Steps, |_, _| ());
    let report = report.map_err(io::Error::other)?;
    Ok(Outcome { exit: Exit::Code(0), stdout: counted(&report), stderr: String::new() })
}

fn counted(report: &Report) -> String {
    let mut text = format!("about: {} schedules\n", report.schedules);
    for class in Class::ALL {
        let n = report.of(class);
        let _ = writeln!(text, "{class}: {}", share(&n, &report.schedules));
        if n > BigUint::ZERO {
            let _ = writeln!(text, "about: {class}: {n} schedules, {:.1} %", 100.0 * report.share(class));
        }
    }
    text
}
