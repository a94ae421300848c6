//! `gohmap explain`: what a Go program's last words say.

use super::text::{Paint, WIDTH, wrap};
use anyhow::{Context, Result, anyhow, bail};
use gohmap::inspect::crash::{Explanation, explain};
use object::{Object, SymbolMap, SymbolMapName};
use std::fs;
use std::io::{self, Read, Write, stdin, stdout};
use std::path::PathBuf;
use std::process::ExitCode;

/// Explain the crash of a Go program by what it printed
///
/// Any GOTRACEBACK, Go 1.19 to 1.27, also out of a log with stamps in front: names the class, the rule by which Go decided
/// so, what the fault address says, likely causes with the evidence for each, and what shows the same here. Says so when
/// it is not a map's doing.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap explain crash.txt
  gohmap explain - --exe ./server
  gohmap explain crash.txt --json")]
pub(super) struct Explain {
    /// What the program printed; - for standard input
    #[arg(value_name = "CRASH")]
    file: PathBuf,
    /// The program's binary, whose symbols name the function that faulted
    #[arg(long, value_name = "BINARY")]
    exe: Option<PathBuf>,
    /// One JSON object
    #[arg(long)]
    json: bool,
}

impl Explain {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let text = self.read()?;
        let binary = match &self.exe {
            Some(path) => Some(fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?),
            None => None,
        };
        let symbols = match &binary {
            Some(data) => {
                let of = || self.exe.as_ref().map_or_else(String::new, |p| p.display().to_string());
                let file = object::File::parse(&**data).map_err(|e| anyhow!("{} is no binary: {e}", of()))?;
                let map: SymbolMap<SymbolMapName<'_>> = file.symbol_map();
                if map.symbols().is_empty() {
                    bail!("{} has no symbols: name a build that is not stripped", of());
                }
                Some(map)
            }
            None => None,
        };
        let name = |pc: u64| symbols.as_ref()?.before(pc).map(|s| s.name().to_owned());
        let Some(e) = explain(&text, &name) else {
            bail!(
                "no crash of a Go program in {}: it should hold `panic: `, `fatal error: `, or what the race detector prints",
                self.file.display()
            );
        };
        let mut out = stdout().lock();
        if self.json {
            writeln!(out, "{}", serde_json::to_string(&e)?)?;
        } else {
            show(&mut out, Paint::for_stream(&stdout()), &e)?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn read(&self) -> Result<String> {
        let bytes = if self.file.as_os_str() == "-" {
            let mut all = Vec::new();
            stdin().lock().read_to_end(&mut all).context("standard input cannot be read")?;
            all
        } else {
            fs::read(&self.file).map_err(|e| match e.kind() {
                io::ErrorKind::NotFound => anyhow!("there is no file {}", self.file.display()),
                _ => anyhow!("{} cannot be read: {e}", self.file.display()),
            })?
        };
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }
}

fn show(out: &mut impl Write, paint: Paint, e: &Explanation) -> io::Result<()> {
    let map = match e.map {
        Some(true) => "",
        Some(false) if e.class == "not a map crash" => "",
        Some(false) => ": not a map crash",
        None => ": whether in a map, the text does not say",
    };
    writeln!(out, "{}{}", paint.name(e.class), paint.faint(map))?;
    let first = e.text.lines().next().unwrap_or_default();
    writeln!(out, "  {}", paint.quote(first))?;
    let mut part = |title: &str, lines: &[String], mark: &str| -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n{}", paint.name(title))?;
        for text in lines {
            for (i, line) in wrap(text, WIDTH - 2 - mark.len()).iter().enumerate() {
                let lead = if i == 0 { mark.to_owned() } else { " ".repeat(mark.len()) };
                writeln!(out, "  {lead}{line}")?;
            }
        }
        Ok(())
    };
    part("Where", &e.operation.iter().cloned().collect::<Vec<_>>(), "")?;
    part("Go's rule", std::slice::from_ref(&e.rule), "")?;
    part("The address", &e.address, "- ")?;
    let causes: Vec<String> = e
        .causes
        .iter()
        .map(|c| if c.evidence.is_empty() { c.cause.clone() } else { format!("{}. Evidence: {}", c.cause, c.evidence) })
        .collect();
    part("Likely causes, the likeliest first", &causes, "- ")?;
    part("The same, here", &e.reproduce, "")?;
    part("Notes", &e.notes, "- ")
}
