//! `gohmap oom`: out of memory, and what the kernel has to do with it.

use super::text::{Paint, WIDTH, wrap};
use anyhow::{Result, anyhow, ensure};
use gohmap::inspect::oom::{Class, KernelLog, Matching, Scope, Verdict, app_events, moment, verdicts};
use serde_json::json;
use std::fs;
use std::io::{self, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// Line up a program's out-of-memory messages with the kernel's OOM killer
///
/// By process, control group and time. Classes: limit refused (and which), this process killed, cgroup limit, neighbour
/// killed, no evidence. What merely happened at the same time is called that, never a cause.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap oom --kernel-log kern.log --app-log server.log
  gohmap oom --kernel-log dmesg.txt --app-log server.log --pid 4711
  gohmap oom --kernel-log dmesg.txt --app-log a.log --boot-time 1795507200

Kernel logs: dmesg, dmesg -T, journalctl -k (also -o short-iso and -o json) and
kern.log, of kernels before 5.0 and after. Stamps without a zone are taken as
UTC; those without a year as of the year that brings lines together. Seconds
since boot need --boot-time, unless a line has both.")]
pub(super) struct Oom {
    /// The kernel's log
    #[arg(long, value_name = "FILE")]
    kernel_log: PathBuf,
    /// Logs of programs and supervisors
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    app_log: Vec<PathBuf>,
    /// Seconds that lines about one event may lie apart
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    window: f64,
    /// The process of program logs whose lines do not say
    #[arg(long)]
    pid: Option<u32>,
    /// When the machine was started, for stamps that count from there
    #[arg(long, value_name = "TIME")]
    boot_time: Option<String>,
    /// One JSON object an event
    #[arg(long)]
    json: bool,
}

fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => anyhow!("there is no file {}", path.display()),
        _ => anyhow!("{} cannot be read: {e}", path.display()),
    })?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Oom {
    pub(super) fn run(&self) -> Result<ExitCode> {
        ensure!(self.window >= 0.0, "--window is a number of seconds from 0 on");
        let booted = match &self.boot_time {
            Some(t) => Some(moment(t).ok_or_else(|| {
                anyhow!("--boot-time {t:?}: write it as 2026-11-23T08:00:00Z, or as seconds since 1970")
            })?),
            None => None,
        };
        let kernel = KernelLog::parse(&read(&self.kernel_log)?, booted);
        let how = Matching { window: self.window, pid: self.pid };
        let mut all = Vec::new();
        for path in &self.app_log {
            let name = path.display().to_string();
            all.extend(verdicts(&kernel, &name, &app_events(&read(path)?), &how));
        }
        let mut out = stdout().lock();
        if self.json {
            for v in &all {
                writeln!(out, "{}", serde_json::to_string(v)?)?;
            }
            for k in &kernel.kills {
                let cgroup = match &k.scope {
                    Scope::Cgroup(path) => Some(path),
                    Scope::Global => None,
                };
                let kill = json!({
                    "kernel_line": k.line, "time": k.stamp.as_ref().map(ToString::to_string), "killed": k.pid,
                    "comm": k.comm, "oom_cgroup": cgroup, "task_cgroup": k.task_cgroup, "anon_rss_kb": k.anon_rss_kb,
                });
                writeln!(out, "{kill}")?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        let paint = Paint::for_stream(&stdout());
        for v in &all {
            show(&mut out, paint, v)?;
        }
        if all.is_empty() {
            writeln!(out, "no message of memory that ran out in {} program logs", self.app_log.len())?;
        }
        writeln!(out, "{}", paint.name(&format!("{} kills in the kernel's log", kernel.kills.len())))?;
        for k in &kernel.kills {
            let time = k.stamp.as_ref().map_or_else(|| "no time".to_owned(), ToString::to_string);
            let whose = match &k.scope {
                Scope::Global => "the machine".to_owned(),
                Scope::Cgroup(path) => format!("cgroup {path}"),
            };
            let rss = k.anon_rss_kb.map_or(String::new(), |kb| format!(", {kb} kB of its own"));
            writeln!(out, "  line {:<6} {time}  {} ({}){rss}; for {whose}", k.line, k.pid, k.comm)?;
        }
        for (line, text) in &kernel.failures {
            writeln!(out, "  line {line:<6} {}", paint.faint(text))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn show(out: &mut impl Write, paint: Paint, v: &Verdict) -> io::Result<()> {
    let class = match v.class {
        Class::NoEvidence => paint.faint(v.class.name()),
        Class::NeighbourKilled => paint.quote(v.class.name()),
        _ => paint.bad(v.class.name()),
    };
    let pid = v.pid.map_or(String::new(), |p| format!(", process {p}"));
    let time = v.time.as_ref().map_or(String::new(), |t| format!(", {t}"));
    writeln!(out, "{class}  {}:{}{time}{pid}", v.log, v.line)?;
    for line in wrap(&v.text, WIDTH - 4) {
        writeln!(out, "    {}", paint.quote(&line))?;
    }
    for fact in &v.evidence {
        for (i, line) in wrap(fact, WIDTH - 4).iter().enumerate() {
            writeln!(out, "  {} {line}", if i == 0 { '-' } else { ' ' })?;
        }
    }
    Ok(())
}
