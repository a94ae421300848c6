//! What is kept of an injection: one line of JSON.

use super::space::Point;
use crate::lab::experiment::{Class, Outcome, Rig, id};
use crate::version::GoVersion;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

/// The record of an injection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its number in the campaign.
    pub i: u64,
    /// The injection as a text, see [`id`].
    pub id: String,
    /// What random injections were drawn with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seed: Option<u64>,
    /// The map's shape.
    pub map: String,
    /// The workload.
    pub operation: String,
    /// When it struck.
    pub moment: String,
    /// What was broken.
    pub target: String,
    /// The field or object without numbers.
    pub field: String,
    /// The kind of object and the byte in it, for faults of single bits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub byte: Option<(String, u16)>,
    /// How.
    pub model: String,
    /// The class.
    pub outcome: Class,
    /// What kind of it.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub detail: String,
    /// The operation during which it showed: `after` for the look at the map when all was done.
    pub during: String,
    /// What tells.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub evidence: String,
    /// Address of a fault.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub address: Option<String>,
    /// The instruction that faulted, or for what was masked the one that accessed the broken byte first: function and line.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instruction: Option<String>,
    /// A command that shows it.
    pub replay: String,
}

impl Record {
    /// The record of what came of an injection.
    #[must_use]
    pub fn new(
        i: u64,
        seed: Option<u64>,
        version: GoVersion,
        rig: &Rig,
        p: &Point,
        o: Outcome,
        s: &mut Symbols,
    ) -> Self {
        let id = id::text(version, &rig.scenario, p.moment, &p.fault);
        let during = match rig.operations().get(usize::from(o.during)) {
            Some(operation) => operation.to_string(),
            None => "after".to_owned(),
        };
        Self {
            i,
            replay: format!("gohmap replay-injection '{id}'"),
            id,
            seed,
            map: rig.scenario.shape.to_string(),
            operation: rig.scenario.workload.to_string(),
            moment: p.moment.to_string(),
            target: p.fault.target(),
            field: p.fault.field(),
            byte: p.fault.byte().map(|(kind, byte)| (kind.to_owned(), byte)),
            model: p.fault.model(),
            outcome: o.class,
            detail: o.detail.into_owned(),
            during,
            evidence: o.evidence,
            address: o.addr.map(|a| format!("{a:#x}")),
            instruction: o.pc.map(|pc| s.name(pc)),
        }
    }
}

/// Names of instructions, remembered.
#[derive(Default)]
pub struct Symbols {
    known: HashMap<usize, String>,
    /// A process that does the naming.
    helper: Option<UnixStream>,
}

impl Symbols {
    /// Names by a process forked now: what debug information needs in memory would make every later fork of this process
    /// slow.
    ///
    /// # Errors
    /// When there is no process to be had.
    #[cfg(gohmap_asm)]
    pub(crate) fn helped() -> io::Result<Self> {
        let (ours, mut theirs) = UnixStream::pair()?;
        // SAFETY: this process has one thread, so the child has all locks as they should be.
        match unsafe { libc::fork() } {
            -1 => return Err(io::Error::last_os_error()),
            0 => {
                drop(ours);
                let mut pc = [0; 8];
                while theirs.read_exact(&mut pc).is_ok() {
                    let name = name(usize::from_le_bytes(pc));
                    let sent = theirs.write_all(&name.len().to_le_bytes());
                    if sent.and_then(|()| theirs.write_all(name.as_bytes())).is_err() {
                        break;
                    }
                }
                // SAFETY: ends the process without touching what the other has too.
                unsafe { libc::_exit(0) }
            }
            _ => {}
        }
        Ok(Self { known: HashMap::new(), helper: Some(ours) })
    }

    /// Function and line of an instruction.
    pub fn name(&mut self, pc: usize) -> String {
        let helper = &mut self.helper;
        let found = self.known.entry(pc).or_insert_with(|| match helper {
            Some(link) => ask(link, pc).unwrap_or_else(|_| name(pc)),
            None => name(pc),
        });
        found.clone()
    }
}

fn ask(link: &mut UnixStream, pc: usize) -> io::Result<String> {
    link.write_all(&pc.to_le_bytes())?;
    let mut len = [0; 8];
    link.read_exact(&mut len)?;
    let mut name = vec![0; usize::from_le_bytes(len)];
    link.read_exact(&mut name)?;
    String::from_utf8(name).map_err(io::Error::other)
}

fn name(pc: usize) -> String {
    // The innermost function that is not one of the single loads and stores that all of the map goes through.
    let mut found: Option<String> = None;
    backtrace::resolve(pc as *mut std::ffi::c_void, |symbol| {
        let function = symbol.name().map(|n| n.to_string()).unwrap_or_default();
        let file = symbol.filename().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();
        // Nor one of Rust's own, whose sources are elsewhere.
        let own = !file.contains("/library/") && !file.contains("/rustc/");
        if !own || file.ends_with("layout/mem.rs") || found.is_some() {
            return;
        }
        // `crate::module::function::h0123456789abcdef`, perhaps with type parameters.
        let path = function.split("::h").next().unwrap_or_default();
        let path = path.split('<').next().unwrap_or_default();
        let short = path.rsplit("::").next().unwrap_or_default();
        let file = file.rfind("/src/").or_else(|| file.rfind("/asm/")).map_or(file.as_str(), |at| &file[at + 1..]);
        let short = if short.is_empty() { "?" } else { short };
        let line = symbol.lineno().map_or_else(String::new, |l| format!(":{l}"));
        if !file.is_empty() {
            found = Some(format!("{short} {file}{line}"));
        }
    });
    found.unwrap_or_else(|| "unknown code".to_owned())
}
