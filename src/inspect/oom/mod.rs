//! Out of memory: what a program's log says, held against what the kernel's log says of its OOM killer.
//!
//! The two are brought together by process number, control group and time; and what merely happens at the same time is called
//! that. A control group's limit kills, it never refuses: mmap(2) fails for other reasons (setrlimit(2), proc_sys_vm(5),
//! cgroups(7)).

mod app;
mod kernel;
mod stamp;
#[cfg(test)]
mod tests;

pub use app::{AppEvent, Refusal, What, app_events};
pub use kernel::{KernelLog, Kill, Scope};
pub use stamp::{Stamp, moment};

use serde::Serialize;

/// What became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The system refused memory, address space or a thread: a limit.
    LimitRefused,
    /// The kernel killed this very process, for the whole machine was short of memory.
    ThisProcessKilled,
    /// The kernel killed this very process, for its control group was at its limit.
    CgroupLimit,
    /// The kernel killed another process about then.
    NeighbourKilled,
    /// Nothing connects the two logs.
    NoEvidence,
}

impl Class {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LimitRefused => "limit refused",
            Self::ThisProcessKilled => "this process killed",
            Self::CgroupLimit => "cgroup limit",
            Self::NeighbourKilled => "neighbour killed",
            Self::NoEvidence => "no evidence",
        }
    }
}

/// What there is to say about an event of a program's log.
#[derive(Clone, Debug, Serialize)]
pub struct Verdict {
    /// The log, as it was named.
    pub log: String,
    /// The line's number in it, from 1.
    pub line: usize,
    /// The line's own words.
    pub text: String,
    /// When, as the line says.
    pub time: Option<String>,
    /// The process, as far as it is known.
    pub pid: Option<u32>,
    /// The class.
    pub class: Class,
    /// Why, a fact each.
    pub evidence: Vec<String>,
}

/// How logs are brought together.
#[derive(Clone, Copy, Debug)]
pub struct Matching {
    /// Seconds that two lines about one event may lie apart.
    pub window: f64,
    /// The process of program logs whose lines do not say.
    pub pid: Option<u32>,
}

impl Default for Matching {
    fn default() -> Self {
        Self { window: 10.0, pid: None }
    }
}

/// Says of each event of a program's log what the kernel's log has to do with it.
#[must_use]
pub fn verdicts(kernel: &KernelLog, log: &str, events: &[AppEvent], how: &Matching) -> Vec<Verdict> {
    events.iter().map(|e| verdict(kernel, log, e, how)).collect()
}

fn verdict(kernel: &KernelLog, log: &str, e: &AppEvent, how: &Matching) -> Verdict {
    let pid = e.pid.or(how.pid);
    let mut evidence = Vec::new();
    let class = match &e.what {
        What::Refused(why) => {
            evidence.push(why.to_string());
            // The killer may have struck all the same.
            mention(kernel, e, pid, how, &mut evidence);
            Class::LimitRefused
        }
        What::Died(how_died) => {
            evidence.push(how_died.clone());
            died(kernel, e, pid, how, &mut evidence)
        }
    };
    Verdict {
        log: log.to_owned(),
        line: e.line,
        text: e.text.clone(),
        time: e.stamp.as_ref().map(ToString::to_string),
        pid,
        class,
        evidence,
    }
}

/// Seconds from a kill to an event; `None` when the two clocks cannot be held against each other.
fn apart(kernel: &KernelLog, k: &Kill, e: &AppEvent) -> Option<f64> {
    kernel.seconds_between(k.stamp.as_ref()?, e.stamp.as_ref()?)
}

fn words(seconds: f64) -> String {
    let (n, side) = (seconds.abs(), if seconds < 0.0 { "after" } else { "before" });
    match n {
        n if n < 0.05 => "at the same time".to_owned(),
        n if n < 120.0 => format!("{n:.1} s {side} it"),
        n if n < 7200.0 => format!("{:.0} min {side} it", n / 60.0),
        n => format!("{:.1} h {side} it", n / 3600.0),
    }
}

/// The kill of a process that is gone.
fn died(kernel: &KernelLog, e: &AppEvent, pid: Option<u32>, how: &Matching, evidence: &mut Vec<String>) -> Class {
    let near = |k: &&Kill| apart(kernel, k, e).is_none_or(|s| s.abs() <= how.window);
    if let Some(pid) = pid {
        let mine: Vec<&Kill> = kernel.kills.iter().filter(|k| k.pid == pid).collect();
        if let Some(k) = mine.iter().copied().find(near) {
            let when = match apart(kernel, k, e) {
                Some(s) => words(s),
                None => {
                    "at a time that cannot be compared (no stamp, or seconds since boot: give --boot-time)".to_owned()
                }
            };
            evidence.push(format!("kernel log line {}: process {pid} ({}) was killed {when}", k.line, k.comm));
            return match &k.scope {
                Scope::Global => {
                    evidence.push("the whole machine was out of memory (no limit of a cgroup)".to_owned());
                    Class::ThisProcessKilled
                }
                Scope::Cgroup(group) => {
                    let limit = k.limit_kb.map_or(String::new(), |l| format!(", whose limit is {l} kB"));
                    evidence.push(format!("cgroup {group} was at its limit{limit}"));
                    Class::CgroupLimit
                }
            };
        }
        for k in mine {
            if let Some(s) = apart(kernel, k, e) {
                let when = words(s);
                evidence.push(format!(
                    "kernel log line {}: a process {pid} ({}) was killed, but {when}: numbers are used again",
                    k.line, k.comm
                ));
            }
        }
    }
    let group = e.cgroup.as_deref();
    if pid.is_none()
        && let Some(group) = group
        && let Some(k) = kernel.kills.iter().filter(|k| k.in_group(group)).find(near)
    {
        let (line, victim) = (k.line, k.pid);
        evidence.push(format!(
            "kernel log line {line}: process {victim} ({}) of the same cgroup {group} was killed",
            k.comm
        ));
        evidence.push("this log has no process number: that it is the same process is likely, not certain".to_owned());
        return match &k.scope {
            Scope::Cgroup(_) => Class::CgroupLimit,
            Scope::Global => Class::ThisProcessKilled,
        };
    }
    others(kernel, e, pid, how, evidence)
}

/// Kills of others at the time.
fn others(kernel: &KernelLog, e: &AppEvent, pid: Option<u32>, how: &Matching, evidence: &mut Vec<String>) -> Class {
    let mut neighbour = false;
    for k in kernel.kills.iter().filter(|k| Some(k.pid) != pid) {
        let Some(s) = apart(kernel, k, e).filter(|s| s.abs() <= how.window) else { continue };
        let (line, comm, other, when) = (k.line, &k.comm, k.pid, words(s));
        match pid {
            Some(_) => {
                neighbour = true;
                evidence.push(format!("kernel log line {line}: another process, {other} ({comm}), was killed {when}"));
                evidence.push(if e.cgroup.as_deref().is_some_and(|g| k.in_group(g)) {
                    "both are in one cgroup: that it was short of memory is a fact, that this caused the event is not shown".to_owned()
                } else {
                    "no shared process or cgroup: at the same time, which is no evidence of a connection".to_owned()
                });
            }
            None => evidence.push(format!(
                "kernel log line {line}: process {other} ({comm}) was killed {when}; this log has no process number (--pid), so whether that is it cannot be told"
            )),
        }
    }
    if neighbour {
        return Class::NeighbourKilled;
    }
    if evidence.len() < 2 {
        evidence.push(if kernel.kills.is_empty() {
            "the kernel log has no kill".to_owned()
        } else if e.stamp.is_none() {
            "the line has no time to compare".to_owned()
        } else {
            format!("no kill within {} s in the kernel log, of {} in it", how.window, kernel.kills.len())
        });
    }
    Class::NoEvidence
}

/// Kills at the time of a refusal, which they did not cause.
fn mention(kernel: &KernelLog, e: &AppEvent, pid: Option<u32>, how: &Matching, evidence: &mut Vec<String>) {
    for k in &kernel.kills {
        if let Some(s) = apart(kernel, k, e).filter(|s| s.abs() <= how.window) {
            let who = if Some(k.pid) == pid { "this process" } else { "another process" };
            evidence.push(format!(
                "kernel log line {}: {who}, {} ({}), was killed {}; the OOM killer refuses nothing, so it is not why memory was refused",
                k.line,
                k.pid,
                k.comm,
                words(s)
            ));
        }
    }
}
