//! Interleavings of unlocked map operations: counted twice alike, replayed, and held against what is known of Go's checks.
#![cfg(target_os = "linux")]

mod command;
mod counts;
mod points;
mod race;
mod schedules;
#[path = "../toolchains/mod.rs"]
mod toolchains;

use gohmap::lab::experiment::{KeyKind, Lab};
use gohmap::lab::explore::{Explorer, Points, Report, Scenario};
use gohmap::layout::mem::HAVE_ASM;
use gohmap::version::GoVersion;

/// Runs `f` in a laboratory; does nothing in a build that has none.
fn with<R>(version: GoVersion, kind: KeyKind, f: impl FnOnce(&Explorer<'_>) -> R) -> Option<R> {
    if !HAVE_ASM {
        return None;
    }
    let lab = Lab::new(version).unwrap();
    Some(f(&Explorer::new(&lab, kind)))
}

fn scenario(text: &str) -> Scenario {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn exhaust(x: &Explorer<'_>, text: &str) -> Report {
    x.exhaust(&scenario(text), Points::Steps, |_, _| ()).unwrap_or_else(|e| panic!("{text}: {e}"))
}
