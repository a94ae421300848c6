//! What programs, Go's runtime and supervisors say when memory runs out.

use super::kernel::of_journal;
use super::stamp::{Stamp, split};
use serde_json::Value;
use std::fmt;

/// What was refused, and what can have refused it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Address space before the program had even begun, or in large pieces.
    AddressSpace,
    /// Memory of a size.
    Memory(Option<u64>),
    /// A thread.
    Thread,
    /// A size beyond all memory: nobody was asked.
    Size,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressSpace => f.write_str(
                "address space was refused, which is only reserved and costs no memory: RLIMIT_AS (ulimit -v), or no overcommit (vm.overcommit_memory = 2)",
            ),
            Self::Memory(bytes) => {
                let size = bytes.map_or(String::new(), |b| format!(" of {b} bytes"));
                write!(
                    f,
                    "mmap{size} failed with ENOMEM: RLIMIT_AS (ulimit -v), no overcommit (vm.overcommit_memory = 2), or vm.max_map_count; a cgroup's limit never refuses, it kills"
                )
            }
            Self::Thread => f.write_str(
                "a thread was refused (EAGAIN): RLIMIT_NPROC (ulimit -u), a cgroup's pids.max, or kernel.threads-max; this is no matter of memory",
            ),
            Self::Size => f.write_str("a size beyond all memory was asked for: the program refused it itself, nobody else was asked"),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// Something was refused.
    Refused(Refusal),
    /// The program was killed: in words.
    Died(String),
}

/// A line of a program's log that speaks of memory.
#[derive(Clone, Debug, PartialEq)]
pub struct AppEvent {
    /// Its number, from 1.
    pub line: usize,
    /// The program's own words.
    pub text: String,
    /// When.
    pub stamp: Option<Stamp>,
    /// The process, if the line says.
    pub pid: Option<u32>,
    /// The control group or unit, if the line says.
    pub cgroup: Option<String>,
    /// What happened.
    pub what: What,
}

/// The events of a program's log, in order. Lines that tell of one death together, as Go's do, are one event.
#[must_use]
pub fn app_events(text: &str) -> Vec<AppEvent> {
    let mut events: Vec<AppEvent> = Vec::new();
    for (i, raw) in text.lines().enumerate() {
        let (stamp, line, pid, cgroup) = parts(raw);
        let Some(what) = what(&line) else { continue };
        // `runtime: out of memory: …` and `fatal error: out of memory` belong together.
        if let (Some(last), What::Refused(now)) = (events.last_mut(), &what)
            && let What::Refused(before) = &mut last.what
            && last.pid == pid
            && i + 1 - last.line <= 3
        {
            if *before == Refusal::Memory(None) || *now == Refusal::AddressSpace {
                *before = *now;
            }
            continue;
        }
        events.push(AppEvent { line: i + 1, text: line.trim().to_owned(), stamp, pid, cgroup, what });
    }
    events
}

fn what(line: &str) -> Option<What> {
    let has = |s: &str| line.contains(s);
    let refused = |r| Some(What::Refused(r));
    if has("failed to create new OS thread") || has("pthread_create failed: Resource temporarily unavailable") {
        return refused(Refusal::Thread);
    }
    if has("failed to reserve page summary memory")
        || has("cannot reserve arena virtual address space")
        || has("cannot reserve heap metadata")
    {
        return refused(Refusal::AddressSpace);
    }
    if has("runtime: out of memory: cannot allocate ") {
        let bytes = line.split("cannot allocate ").nth(1).and_then(|r| r.split('-').next()?.parse().ok());
        return refused(Refusal::Memory(bytes));
    }
    if has("makeslice: len out of range") || has("makeslice: cap out of range") || has("allocation size out of range") {
        return refused(Refusal::Size);
    }
    if has("OOMKilled") || has("oom-kill") || has("A process of this unit has been killed by the OOM killer") {
        return Some(What::Died("the supervisor says: killed for want of memory".to_owned()));
    }
    if has("signal: killed") || has("status=9/KILL") || has("code=killed, status=9") {
        return Some(What::Died("it was killed (SIGKILL), by whom the line does not say".to_owned()));
    }
    if ["exit status 137", "exit code 137", "exited with code 137", "exited with status 137", "exitCode=137"]
        .iter()
        .any(|s| has(s))
    {
        return Some(What::Died(
            "exit status 137 is 128 + SIGKILL: it was killed, by whom the line does not say".to_owned(),
        ));
    }
    if has("fatal error: runtime: out of memory")
        || has("fatal error: out of memory")
        || has("cannot allocate memory")
        || has("Cannot allocate memory")
        || has("runtime: cannot allocate memory")
    {
        return refused(Refusal::Memory(None));
    }
    None
}

/// Stamp, text, process and group of a line.
fn parts(raw: &str) -> (Option<Stamp>, String, Option<u32>, Option<String>) {
    let raw = raw.strip_suffix('\r').unwrap_or(raw);
    if raw.starts_with('{')
        && let Ok(Value::Object(o)) = serde_json::from_str::<Value>(raw)
    {
        let text = |keys: &[&str]| keys.iter().find_map(|k| o.get(*k)?.as_str().map(str::to_owned));
        let number = |keys: &[&str]| {
            keys.iter().find_map(|k| match o.get(*k)? {
                Value::String(s) => s.parse().ok(),
                v => v.as_u64().and_then(|n| n.try_into().ok()),
            })
        };
        let time = text(&["time", "ts", "timestamp", "@timestamp"]);
        let stamp = of_journal(&o).or_else(|| split(&format!("{} ", time?)).0);
        let message = text(&["MESSAGE", "log", "message", "msg"]).unwrap_or_default();
        let group = text(&["_SYSTEMD_CGROUP", "_SYSTEMD_UNIT", "cgroup"]);
        return (stamp, message, number(&["_PID", "pid", "PID"]), group);
    }
    let (stamp, rest) = split(raw);
    // `server[4711]: text`
    let named = rest.split_once("]: ").and_then(|(name, text)| {
        let (_, pid) = name.rsplit_once('[')?;
        Some((pid.parse().ok()?, text))
    });
    let written = || {
        let at = rest.find("pid=").map(|i| i + 4).or_else(|| rest.find("pid ").map(|i| i + 4))?;
        let end = rest[at..].find(|c: char| !c.is_ascii_digit()).map_or(rest.len(), |e| at + e);
        rest[at..end].parse().ok()
    };
    match named {
        Some((pid, text)) => (stamp, text.to_owned(), Some(pid), None),
        None => (stamp, rest.to_owned(), written(), None),
    }
}
