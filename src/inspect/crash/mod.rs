//! What a Go program's last words say: which death it was, by which rule Go decided so, what the fault address tells, what may
//! have caused it, and which experiment here shows the same.
//!
//! Facts are those of `runtime/panic.go`, `runtime/signal_unix.go`, `runtime/map*.go`, `runtime/traceback.go` and `runtime/race`
//! of Go 1.19 to 1.27; the texts have been taken from real programs of each.

mod address;
mod causes;
mod class;
mod parse;
#[cfg(test)]
mod tests;

pub use address::about_address;
pub use causes::Cause;
pub use class::Class;
pub use parse::{Frame, Goroutine, Report, Signal};

use serde::Serialize;

/// What there is to say about a crash.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The class, by its name.
    pub class: &'static str,
    /// Whether a map has to do with it: yes, no, or it cannot be told.
    pub map: Option<bool>,
    /// Go's own words for it.
    pub text: String,
    /// By which rule Go decided.
    pub rule: String,
    /// The operation on the map that was under way, and on which map, as far as the traceback says.
    pub operation: Option<String>,
    /// What the fault address says, a fact each.
    pub address: Vec<String>,
    /// Likely causes, the likeliest first.
    pub causes: Vec<Cause>,
    /// Commands that show the same here.
    pub reproduce: Vec<String>,
    /// What else is worth knowing or doing.
    pub notes: Vec<String>,
}

/// Explains the first crash in a text; `None` when there is none. `symbol` names the function at an address, if a binary is at
/// hand.
#[must_use]
pub fn explain(text: &str, symbol: &dyn Fn(u64) -> Option<String>) -> Option<Explanation> {
    let report = Report::parse(text)?;
    Some(explain_report(&report, symbol))
}

/// The same of a report that has been parsed.
#[must_use]
pub fn explain_report(report: &Report, symbol: &dyn Fn(u64) -> Option<String>) -> Explanation {
    let at = report.signal.as_ref().and_then(|s| symbol(s.pc));
    let class = Class::of(report);
    let map = class.is_map(report, at.as_deref());
    let mut address = about_address(report);
    if let (Some(name), Some(s)) = (&at, &report.signal) {
        address.push(format!("pc {:#x} is in {name}", s.pc));
    }
    Explanation {
        class: class.name(),
        map,
        text: report.headline(),
        rule: class.rule(report),
        operation: report.map_operation(at.as_deref()),
        address,
        causes: causes::causes(class, report, map),
        reproduce: class.reproduce(report).iter().map(|c| format!("gohmap {c}")).collect(),
        notes: causes::notes(class, report, map),
    }
}
