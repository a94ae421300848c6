//! The OOM killer's words, of kernels before 5.0 and after (`mm/oom_kill.c`, `mm/memcontrol.c` of Linux).

use super::stamp::{Stamp, between, split};
use serde_json::Value;

/// For whom memory had run out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// For the machine, or a part of it.
    Global,
    /// For a control group: its path.
    Cgroup(String),
}

/// A process that was killed.
#[derive(Clone, Debug, PartialEq)]
pub struct Kill {
    /// The line's number, from 1.
    pub line: usize,
    /// When.
    pub stamp: Option<Stamp>,
    /// The process.
    pub pid: u32,
    /// Its name, up to 15 bytes.
    pub comm: String,
    /// For whom memory had run out.
    pub scope: Scope,
    /// The victim's own control group.
    pub task_cgroup: Option<String>,
    /// The group's limit.
    pub limit_kb: Option<u64>,
    /// Anonymous memory that the victim had.
    pub anon_rss_kb: Option<u64>,
}

impl Kill {
    /// Whether the victim was in this control group or below it; a unit's name counts as its group.
    #[must_use]
    pub fn in_group(&self, group: &str) -> bool {
        let of = |path: &str| {
            path == group || path.starts_with(&format!("{group}/")) || path.split('/').any(|part| part == group)
        };
        let limited = match &self.scope {
            Scope::Cgroup(path) => of(path),
            Scope::Global => false,
        };
        limited || self.task_cgroup.as_deref().is_some_and(of)
    }
}

/// A kernel's log.
#[derive(Clone, Debug, Default)]
pub struct KernelLog {
    /// Who was killed.
    pub kills: Vec<Kill>,
    /// Allocations that failed without a kill: line and text.
    pub failures: Vec<(usize, String)>,
    /// Wall time at which the machine was started, for lines that count from there.
    pub booted: Option<f64>,
    /// The wall time was given, or found in a line that has both.
    yearless: bool,
}

/// The number behind `name`.
fn after(text: &str, name: &str) -> Option<u64> {
    let rest = &text[text.find(name)? + name.len()..];
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// `key=value,` in the line of kernels from 5.0 on.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let rest = &text[text.find(&format!("{key}="))? + key.len() + 1..];
    Some(rest.split([',', ' ']).next().unwrap_or(rest))
}

/// Process number and name in `… process 123 (server) …`; names may hold parentheses and spaces.
fn victim(text: &str) -> Option<(u32, String)> {
    let rest = &text[text.to_ascii_lowercase().find("process ")? + "process ".len()..];
    let (pid, rest) = rest.split_once(' ')?;
    let pid = pid.trim_end_matches(',').parse().ok()?;
    let end = rest.find(") total-vm").or_else(|| rest.find(") score")).or_else(|| rest.rfind(')'))?;
    Some((pid, rest.strip_prefix('(')?.get(..end - 1)?.to_owned()))
}

impl KernelLog {
    /// Reads a log of any of the usual forms.
    #[must_use]
    pub fn parse(text: &str, booted: Option<f64>) -> Self {
        let mut log = Self { booted, ..Self::default() };
        // What is told before the kill itself.
        let mut group: Option<(Option<String>, Option<String>)> = None;
        let mut limit = None;
        for (i, raw) in text.lines().enumerate() {
            let (stamp, line) = message(raw);
            if let (None, Some(Stamp { wall: Some(wall), boot: Some(boot), yearless, .. })) = (log.booted, &stamp) {
                log.booted = Some(wall - boot);
                log.yearless = *yearless;
            }
            if line.contains("invoked oom-killer") {
                (group, limit) = (None, None);
            } else if line.contains("oom-kill:constraint=") {
                let memcg = line.contains("CONSTRAINT_MEMCG");
                let limited = value(&line, "oom_memcg").filter(|_| memcg).map(str::to_owned);
                group = Some((limited, value(&line, "task_memcg").map(str::to_owned)));
            } else if let Some(rest) = line.split_once("Task in ").map(|s| s.1) {
                if let Some((task, by)) = rest.split_once(" killed as a result of limit of ") {
                    group = Some((Some(by.trim().to_owned()), Some(task.to_owned())));
                }
            } else if line.contains("memory: usage ") && line.contains("limit ") {
                limit = after(&line, "limit ");
            } else if line.contains("page allocation failure") {
                log.failures.push((i + 1, line.trim().to_owned()));
            } else if (line.contains("Kill process ") || line.contains("Killed process "))
                && !line.contains("oom_reaper")
            {
                let Some((pid, comm)) = victim(&line) else { continue };
                let anon = after(&line, "anon-rss:");
                // Before 5.0 two lines tell of one kill.
                if let Some(last) = log.kills.last_mut()
                    && last.pid == pid
                    && last.anon_rss_kb.is_none()
                    && line.trim_start().starts_with("Killed process ")
                {
                    last.anon_rss_kb = anon;
                    continue;
                }
                let (limited, task) = group.take().unwrap_or_default();
                let memcg = line.contains("Memory cgroup out of memory");
                let scope = match limited {
                    Some(path) => Scope::Cgroup(path),
                    None if memcg => Scope::Cgroup(task.clone().unwrap_or_else(|| "(not named)".to_owned())),
                    None => Scope::Global,
                };
                log.kills.push(Kill {
                    line: i + 1,
                    stamp,
                    pid,
                    comm,
                    scope,
                    task_cgroup: task,
                    limit_kb: limit.take(),
                    anon_rss_kb: anon,
                });
            }
        }
        log
    }

    /// Seconds from a line of this log to a line of another.
    pub(super) fn seconds_between(&self, ours: &Stamp, other: &Stamp) -> Option<f64> {
        if ours.wall.is_some() {
            return between(ours, other);
        }
        let wall = Stamp { wall: Some(self.booted? + ours.boot?), yearless: self.yearless, ..Stamp::default() };
        between(&wall, other)
    }
}

/// The stamp and the kernel's own words of a line, out of whatever the logger made of it.
fn message(raw: &str) -> (Option<Stamp>, String) {
    if raw.starts_with('{')
        && let Ok(Value::Object(o)) = serde_json::from_str::<Value>(raw)
        && let Some(Value::String(text)) = o.get("MESSAGE")
    {
        return (of_journal(&o), text.clone());
    }
    let (stamp, rest) = split(raw);
    let rest = rest.split_once("kernel: ").map_or(rest, |s| s.1);
    let rest = match rest.strip_prefix('[').and_then(|r| r.split_once("] ")) {
        Some((inner, rest)) if inner.trim().parse::<f64>().is_ok() => rest,
        _ => rest,
    };
    (stamp, rest.to_owned())
}

/// `__REALTIME_TIMESTAMP`, in microseconds.
pub(super) fn of_journal(o: &serde_json::Map<String, Value>) -> Option<Stamp> {
    let text = o.get("__REALTIME_TIMESTAMP")?.as_str()?;
    Some(Stamp { wall: Some(text.parse::<f64>().ok()? / 1e6), text: text.to_owned(), ..Stamp::default() })
}
