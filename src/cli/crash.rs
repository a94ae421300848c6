//! `gohmap crash`: becomes a Go program that dies of its map.

use super::{Version, scenario};
use anyhow::Result;
use gohmap::lab::programs::{Case, become_program};
use std::process::ExitCode;

/// Become one Go program that breaks its map
///
/// Nothing is added to what that program does: standard error is Go's text, the exit status is the program's own (2
/// when Go ends it). GOTRACEBACK (none, single, all, system, crash or a number) says how much the text tells.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap crash unmapped-buckets
  gohmap crash cgo-fault --go 1.19
  GOTRACEBACK=system gohmap crash concurrent-writes")]
pub(super) struct Crash {
    /// The scenario; `gohmap list --all` names them
    name: String,
    #[command(flatten)]
    version: Version,
}

impl Crash {
    pub(super) fn run(&self) -> Result<ExitCode> {
        become_program(self.case()?, self.version.go)
    }

    pub(super) fn case(&self) -> Result<&'static Case> {
        scenario(&self.name, self.version.go)
    }
}
