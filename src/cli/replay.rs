//! `gohmap replay`: a script of map operations on the emulated map, answered as real Go's oracle answers.

use super::progress::Progress;
use super::{Version, script};
use anyhow::{Context, Result, anyhow};
use gohmap::lab::script::Engine;
use gohmap::map::amd64::Isa;
use std::io::{BufWriter, IsTerminal, Write, stderr, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Lines between two looks at the clock.
const STRIDE: usize = 256;

/// Run a script of map operations and print what real Go's oracle prints
///
/// One operation a line (set, get, del, clear, clone, iter, dump, ...), one JSON object a line as the answer. All but the first
/// line, which says what ran the script, is the same byte for byte as from a real Go program; tests/oracle/README.md
/// describes the language and that program. At a line that cannot be run it stops with status 1; what came before it
/// has been run and printed.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap replay script.txt
  gohmap replay - --go 1.24-noswiss | tail -n 1
  GOHMAP_ISA=portable gohmap replay script.txt")]
pub(super) struct Replay {
    /// The script; - for standard input
    script: PathBuf,
    #[command(flatten)]
    version: Version,
}

impl Replay {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let (name, text) = script::read(&self.script)?;
        let isa = Isa::chosen()?;
        let mut out = BufWriter::with_capacity(1 << 16, stdout().lock());
        let written = "the output cannot be written";
        writeln!(
            out,
            "{{\"program\":\"gohmap {}\",\"go\":\"{}\",\"isa\":\"{isa}\"}}",
            env!("CARGO_PKG_VERSION"),
            self.version.go
        )
        .context(written)?;
        let lines = text.strip_suffix(b"\n").unwrap_or(&text).split(|&b| b == b'\n');
        let total = lines.clone().count();
        let mut progress = Progress::of(total, total as f64, stderr().is_terminal() && !stdout().is_terminal());
        let mut engine = Engine::new(self.version.go, isa);
        let mut answer = String::new();
        for (i, line) in lines.enumerate() {
            if i % STRIDE == 0 {
                progress.show("operations");
            }
            answer.clear();
            let done = match str::from_utf8(line) {
                Ok(line) => engine.step(line, &mut answer).map_err(|e| e.what),
                Err(_) => Err("the line is not UTF-8".to_owned()),
            };
            out.write_all(answer.as_bytes()).context(written)?;
            if let Err(what) = done {
                out.flush().context(written)?;
                progress.step();
                return Err(anyhow!("{name}:{}: {what}", i + 1));
            }
            progress.pay(1.0);
        }
        out.flush().context(written)?;
        progress.step();
        Ok(ExitCode::SUCCESS)
    }
}
