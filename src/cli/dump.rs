//! `gohmap dump`: a map's memory, field by field and bucket by bucket.

use super::{Version, script};
use anyhow::{Result, anyhow};
use gohmap::inspect::print;
use gohmap::inspect::trace::title;
use gohmap::lab::at::{NoMoment, at};
use gohmap::map::amd64::Isa;
use std::io::{Write, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Print a map's memory after a script, or after one of its operations
///
/// The header byte by byte with the names of its fields beside it, then every bucket: tophash bytes with the names of the
/// marks, keys, elements (in brackets what an empty slot still holds), the overflow pointer by the name of the bucket that it
/// leads to, and the lists of the mapextra.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap dump script.txt
  gohmap dump script.txt --at 12 --go 1.24-noswiss

Operations are counted as in `gohmap trace`: a `fill` is one for each key. For
machines, a line `dump ID` in a script of `gohmap replay` gives the same as
JSON.")]
pub(super) struct Dump {
    /// The script; - for standard input
    script: PathBuf,
    /// After this operation, counted from 1 (after the last when nothing is said)
    #[arg(long, value_name = "OP", value_parser = clap::value_parser!(u64).range(1..))]
    at: Option<u64>,
    /// The map of this name (that of the operation when nothing is said)
    #[arg(long, value_name = "ID")]
    map: Option<String>,
    #[command(flatten)]
    version: Version,
}

impl Dump {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let (name, text) = script::read_text(&self.script)?;
        let m = at(self.version.go, Isa::chosen()?, &text, self.at, self.map.as_deref()).map_err(|e| match e {
            NoMoment::Script(e) => anyhow!("{name}:{}: {}", e.line, e.what),
            e => anyhow!("{name}: {e}"),
        })?;
        let mut out = stdout().lock();
        writeln!(out, "{}: {} of Go {}, after op {}", m.map, title(&m.t), self.version.go, m.number)?;
        writeln!(out, "line {}: {}\n", m.line, m.text)?;
        write!(out, "{}", print::text(&m.mem, &m.t, &m.snapshot))?;
        Ok(ExitCode::SUCCESS)
    }
}
