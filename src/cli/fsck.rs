//! `gohmap fsck`: is this map sound?

use super::Version;
use super::inspect::Where;
use super::text::Paint;
use anyhow::{Context, Result, anyhow, bail};
use gohmap::inspect::fsck::{Grade, Report, Rule, check_at};
use gohmap::inspect::own::Own;
use gohmap::lab::script::Engine;
use gohmap::map::amd64::Isa;
use serde_json::json;
use std::fs;
use std::io::{self, BufWriter, Write, stdout};
use std::process::ExitCode;

/// Check maps: every key hashed anew, every mark, chain, list and counter
///
/// Of a running Go program, a core, or a script as `gohmap replay` runs it. Each finding is one line with its evidence:
/// broken, when no map operations leave that behind; suspicious, when it may be innocent. Status 1 when anything is
/// broken.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap fsck 4711 main.sessions --stop
  gohmap fsck core --exe ./server
  gohmap fsck script.txt --each
  gohmap fsck --rules")]
pub(super) struct Fsck {
    /// The number of a process, a core file, or a script
    #[arg(value_name = "PID|CORE|SCRIPT", required_unless_present = "rules")]
    what: Option<String>,
    /// Variables, such as main.sessions; or maps of the script
    #[arg(value_name = "VAR")]
    vars: Vec<String>,
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    version: Version,
    /// Check a script's maps after each operation, not only at its end
    #[arg(long)]
    each: bool,
    /// One JSON object a map
    #[arg(long)]
    json: bool,
    /// Say what is checked
    #[arg(long)]
    rules: bool,
}

impl Fsck {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let mut out = BufWriter::new(stdout().lock());
        let mut teller = Teller { paint: Paint::for_stream(&stdout()), json: self.json, broken: false };
        match &self.what {
            _ if self.rules => {
                for rule in Rule::ALL {
                    writeln!(out, "{rule:<14} {:<10} {}", rule.grade(), rule.about())?;
                }
            }
            Some(what) if Where::is_target(what) => {
                let target = self.place.open(what)?;
                if let Some(cut) = target.cut() {
                    eprintln!("gohmap: warning: {cut}");
                }
                for found in self.place.maps(&target, &self.vars)? {
                    let report = target.check(&found).map_err(|e| anyhow!(e))?;
                    teller.tell(&mut out, &format!("{} {}", found.name, found.type_name), &report)?;
                }
            }
            Some(what) => self.script(what, &mut out, &mut teller)?,
            None => unreachable!("clap asks for it"),
        }
        out.flush()?;
        Ok(if teller.broken { ExitCode::FAILURE } else { ExitCode::SUCCESS })
    }

    fn script(&self, what: &str, out: &mut impl Write, teller: &mut Teller) -> Result<()> {
        let text = match fs::read_to_string(what) {
            Ok(text) => text,
            Err(e) if e.kind() == io::ErrorKind::NotFound => bail!("there is no process, core or script {what}"),
            Err(e) => return Err(e).with_context(|| format!("{what} cannot be read")),
        };
        let mut engine = Engine::new(self.version.go, Isa::chosen()?);
        let mut answer = String::new();
        for (i, line) in text.lines().enumerate() {
            answer.clear();
            engine.step(line, &mut answer).map_err(|e| anyhow!("{what}:{}: {}", i + 1, e.what))?;
            if self.each {
                self.maps(&engine, out, teller, &format!(" after line {}", i + 1), true)?;
            }
        }
        self.maps(&engine, out, teller, "", false)
    }

    fn maps(&self, engine: &Engine, out: &mut impl Write, teller: &mut Teller, when: &str, quiet: bool) -> Result<()> {
        for (name, t, h) in engine.maps().filter(|m| self.vars.is_empty() || self.vars.iter().any(|v| v == m.0)) {
            let report = check_at(&Own::new(&t.rt), t, h as u64)?;
            if !(quiet && report.findings.is_empty()) {
                teller.tell(out, &format!("{name} map[{}]{}{when}", t.key, t.elem), &report)?;
            }
        }
        Ok(())
    }
}

struct Teller {
    paint: Paint,
    json: bool,
    broken: bool,
}

impl Teller {
    fn tell(&mut self, out: &mut impl Write, name: &str, r: &Report) -> io::Result<()> {
        self.broken |= r.broken();
        if self.json {
            let findings: Vec<_> = r
                .findings
                .iter()
                .map(|f| json!({ "grade": f.grade(), "rule": f.rule.name(), "evidence": f.evidence }))
                .collect();
            let more: Vec<_> = r.more.iter().map(|(rule, n)| json!({ "rule": rule.name(), "more": n })).collect();
            let all = json!({
                "map": name, "broken": r.broken(), "entries": r.entries, "buckets": r.buckets, "findings": findings,
                "more": more,
            });
            return writeln!(out, "{all}");
        }
        let verdict = match r.findings.first().map(|f| f.grade()) {
            None => self.paint.good("fine"),
            Some(Grade::Suspicious) => self.paint.quote("suspicious"),
            Some(Grade::Broken) => self.paint.bad("broken"),
        };
        writeln!(out, "{}: {verdict}, {} entries in {} buckets", self.paint.name(name), r.entries, r.buckets)?;
        for f in &r.findings {
            let grade = format!("{:<10}", f.grade());
            let grade = if f.grade() == Grade::Broken { self.paint.bad(&grade) } else { self.paint.quote(&grade) };
            writeln!(out, "  {grade}  {:<13}  {}", f.rule.name(), f.evidence)?;
        }
        for (rule, n) in &r.more {
            writeln!(out, "  {}", self.paint.faint(&format!("and {n} more of {rule}")))?;
        }
        Ok(())
    }
}
