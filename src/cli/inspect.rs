//! `gohmap inspect`: maps of a live Go process or a core.

use super::text::Paint;
use anyhow::{Result, anyhow, bail, ensure};
use gohmap::inspect::core::Core;
use gohmap::inspect::memory::Memory;
use gohmap::inspect::snapshot::{Cell, Header, Snapshot};
use gohmap::inspect::target::{Found, Target};
use gohmap::inspect::value::{show, to_json};
use gohmap::layout::{HASH_WRITING, ITERATOR, OLD_ITERATOR, SAME_SIZE_GROW};
use gohmap::types::MapType;
use serde_json::{Value, json};
use std::io::{self, BufWriter, Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A process or a core, and its maps; the same for `inspect` and `fsck`.
#[derive(clap::Args)]
pub(super) struct Where {
    /// The program's binary, with debug information; a process's own by default
    #[arg(long, value_name = "BINARY")]
    exe: Option<PathBuf>,
    /// Stop the process while it is read; it goes on afterwards, whatever happens
    #[arg(long)]
    stop: bool,
    /// Address of a map's header, of the type that --type names
    #[arg(long, value_name = "ADDR", requires = "type_name", value_parser = address)]
    at: Option<u64>,
    /// A map type as Go writes it: map[string]int
    #[arg(long = "type", value_name = "TYPE", requires = "at")]
    type_name: Option<String>,
}

fn address(text: &str) -> Result<u64, String> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    u64::from_str_radix(digits, 16).map_err(|e| format!("{e}: an address is hexadecimal"))
}

impl Where {
    /// Whether this names a process or a core, rather than anything else.
    pub(super) fn is_target(what: &str) -> bool {
        what.parse::<i32>().is_ok() || Core::is_one(Path::new(what))
    }

    pub(super) fn open(&self, what: &str) -> Result<Target> {
        let target = match (what.parse::<i32>(), &self.exe) {
            (Ok(pid), exe) => Target::process(pid, exe.as_deref(), self.stop),
            (Err(_), Some(exe)) => Target::core(Path::new(what), exe),
            (Err(_), None) => Core::open(Path::new(what))
                .and_then(|_| Err(format!("{what} is a core: name the binary of the program that left it with --exe"))),
        };
        target.map_err(|e| anyhow!(e))
    }

    /// The maps that are meant: those named, the one at an address, or all of the program's packages.
    pub(super) fn maps(&self, target: &Target, names: &[String]) -> Result<Vec<Found>> {
        let mut found = Vec::new();
        if let (Some(at), Some(name)) = (self.at, &self.type_name) {
            found.push(target.at(at, name).map_err(|e| anyhow!(e))?);
        }
        for name in names {
            found.push(target.find(name).map_err(|e| anyhow!(e))?);
        }
        if found.is_empty() && names.is_empty() {
            for (name, _) in target.variables() {
                found.push(target.find(name).map_err(|e| anyhow!(e))?);
            }
            ensure!(
                !found.is_empty(),
                "{target}: its packages have no map variables; name one, or give --at and --type"
            );
        }
        Ok(found)
    }
}

/// Show the maps of a running Go program, or of a core
///
/// Go 1.19 to 1.23, and 1.24 and 1.25 built with GOEXPERIMENT=noswissmap. The variable is found by the binary's debug
/// information, and memory only read. Without a VAR: all map variables of the program's packages, with their lengths.
/// A running process is read until two copies are the same; --stop holds it meanwhile.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap inspect 4711
  gohmap inspect 4711 main.sessions --limit 5
  gohmap inspect core --exe ./server main.srv.cache
  gohmap inspect 4711 --at 0xc000012340 --type 'map[string]int'
  gohmap inspect 4711 --save-core core.4711

A VAR is a variable with its package; fields of structs and elements of arrays
and slices follow, through pointers where there are some: main.shards[3].m.")]
pub(super) struct Inspect {
    /// The number of a process, or a core file
    #[arg(value_name = "PID|CORE")]
    what: String,
    /// Variables, such as main.sessions or main.server.shards[3].sessions
    #[arg(value_name = "VAR")]
    vars: Vec<String>,
    #[command(flatten)]
    place: Where,
    /// Entries to show
    #[arg(long, value_name = "N", default_value_t = 10)]
    limit: usize,
    /// One JSON object a map
    #[arg(long)]
    json: bool,
    /// Write a core of the process, and nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["json", "vars", "at"])]
    save_core: Option<PathBuf>,
}

impl Inspect {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let target = self.place.open(&self.what)?;
        if let Some(path) = &self.save_core {
            let bytes = target.save_core(path).map_err(|e| anyhow!(e))?;
            println!("{}: {bytes} bytes of {target}", path.display());
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(cut) = target.cut() {
            eprintln!("gohmap: warning: {cut}");
        }
        let maps = self.place.maps(&target, &self.vars)?;
        let mut out = BufWriter::new(stdout().lock());
        let paint = Paint::for_stream(&stdout());
        let list = self.vars.is_empty() && self.place.at.is_none() && !self.json;
        if list {
            writeln!(out, "{target}, {}", target.build)?;
        }
        for found in &maps {
            let s = target.snapshot(found).map_err(|e| anyhow!(e))?;
            if self.json {
                writeln!(out, "{}", as_json(&target, found, &s, self.limit))?;
            } else if list {
                let state = state(&s);
                writeln!(
                    out,
                    "  {:<32} {:<32} {:>9}{state}",
                    paint.name(&found.name),
                    found.type_name,
                    s.header.count
                )?;
            } else {
                text(&mut out, paint, &target, found, &s, self.limit)?;
            }
            if let Some(why) = target.gone() {
                out.flush()?;
                bail!(why);
            }
        }
        out.flush()?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What a map is in the middle of.
fn state(s: &Snapshot) -> String {
    if s.addr == 0 {
        return "  nil".to_owned();
    }
    let growing = if !s.header.growing() {
        String::new()
    } else {
        let (done, of) = s.evacuated();
        let how = if s.header.same_size_grow() { "growing to the same size" } else { "growing" };
        format!("  {how}, {done} of {of} evacuated")
    };
    let writing = if s.header.writing() { "  a write under way" } else { "" };
    format!("{growing}{writing}")
}

fn flag_names(flags: u8) -> String {
    let all = [
        (ITERATOR, "iterator"),
        (OLD_ITERATOR, "oldIterator"),
        (HASH_WRITING, "hashWriting"),
        (SAME_SIZE_GROW, "sameSizeGrow"),
    ];
    all.iter().filter(|(bit, _)| flags & bit != 0).map(|(_, name)| *name).collect::<Vec<_>>().join(" ")
}

/// Name, value and meaning of the header's fields.
fn fields(h: &Header, s: &Snapshot) -> Vec<(&'static str, String, String)> {
    let buckets = s.new.as_ref().map_or(0, |a| a.n);
    let (done, of) = s.evacuated();
    let mut all = vec![
        ("count", h.count.to_string(), "entries".to_owned()),
        ("flags", format!("{:#04x}", h.flags), flag_names(h.flags)),
        (
            "B",
            h.b.to_string(),
            format!("{buckets} buckets, {:.2} entries each", h.count as f64 / buckets.max(1) as f64),
        ),
        ("noverflow", h.noverflow.to_string(), if h.b < 16 { "" } else { "approximate" }.to_owned()),
        ("hash0", format!("{:#010x}", h.hash0), String::new()),
        ("buckets", format!("{:#x}", h.buckets), String::new()),
        (
            "oldbuckets",
            format!("{:#x}", h.oldbuckets),
            if h.growing() { format!("{done} of {of} evacuated") } else { String::new() },
        ),
        ("nevacuate", h.nevacuate.to_string(), String::new()),
    ];
    if let Some(seq) = h.clear_seq {
        all.push(("clearSeq", seq.to_string(), String::new()));
    }
    all.push(("extra", format!("{:#x}", h.extra), String::new()));
    all
}

/// The bytes of a cell's key and element, wherever they are.
fn cell_bytes(mem: &dyn Memory, t: &MapType, c: &Cell<'_>) -> (Result<Vec<u8>, String>, Result<Vec<u8>, String>) {
    let part = |slot: &[u8], indirect: bool, size: usize| {
        if !indirect {
            return Ok(slot.to_vec());
        }
        let at = u64::from_le_bytes(slot.try_into().expect("a pointer"));
        mem.bytes(at, size).map_err(|e| e.to_string())
    };
    (part(c.key(t), t.indirect_key(), t.key_size), part(c.elem(t), t.indirect_elem(), t.elem_size))
}

fn text(
    out: &mut impl Write,
    paint: Paint,
    target: &Target,
    found: &Found,
    s: &Snapshot,
    limit: usize,
) -> io::Result<()> {
    writeln!(out, "{}  {}  {target}, {}", paint.name(&found.name), found.type_name, target.build)?;
    if s.addr == 0 {
        return writeln!(out, "  nil");
    }
    writeln!(out, "  header {:#x}{}", s.addr, state(s))?;
    for (name, value, meaning) in fields(&s.header, s) {
        let line = format!("    {name:<10}  {value:<18}  {}", paint.faint(&meaning));
        writeln!(out, "{}", line.trim_end())?;
    }
    for d in &s.defects {
        writeln!(out, "  {}", paint.bad(&format!("cannot be copied: {d:?}; see gohmap fsck")))?;
    }
    let fill = s.fill();
    let most = fill.iter().copied().max().unwrap_or(0).max(1);
    writeln!(out, "  buckets by entries in their chain")?;
    for (n, &count) in fill.iter().enumerate().filter(|(_, c)| **c > 0) {
        let more = if n == 17 { "+" } else { "" };
        let bar = "#".repeat((count * 40).div_ceil(most) as usize);
        writeln!(out, "    {:>3} {count:>9} {}", format!("{n}{more}"), paint.faint(&bar))?;
    }
    for (side, a) in s.arrays() {
        if let Some(longest) = a.chains.values().map(Vec::len).max() {
            writeln!(out, "  {}: {} overflow buckets, {longest} in the longest chain", side.field(), a.overflows())?;
        }
    }
    let walked = s.entries().count();
    let shown = limit.min(walked);
    let rest = if shown < walked { " (--limit shows more)" } else { "" };
    writeln!(out, "  {walked} entries, {shown} of them{rest}")?;
    for c in s.entries().take(limit) {
        let (key, elem) = cell_bytes(target, &found.t, &c);
        let shown = |ty, bytes: Result<Vec<u8>, String>| bytes.map_or_else(|e| e, |b| show(target, ty, &b));
        writeln!(out, "    {}: {}", shown(&found.t.key, key), shown(&found.t.elem, elem))?;
    }
    Ok(())
}

fn as_json(target: &Target, found: &Found, s: &Snapshot, limit: usize) -> Value {
    let h = &s.header;
    let (done, of) = s.evacuated();
    let shown = |ty, bytes: Result<Vec<u8>, String>| {
        bytes.map_or_else(|e| json!({ "unreadable": e }), |b| to_json(target, ty, &b))
    };
    let entries: Vec<Value> = s
        .entries()
        .take(limit)
        .map(|c| {
            let (key, elem) = cell_bytes(target, &found.t, &c);
            json!({ "key": shown(&found.t.key, key), "elem": shown(&found.t.elem, elem) })
        })
        .collect();
    json!({
        "map": found.name,
        "type": found.type_name,
        "go": target.build,
        "addr": format!("{:#x}", s.addr),
        "nil": s.addr == 0,
        "header": {
            "count": h.count, "flags": h.flags, "B": h.b, "noverflow": h.noverflow, "hash0": h.hash0,
            "buckets": format!("{:#x}", h.buckets), "oldbuckets": format!("{:#x}", h.oldbuckets),
            "nevacuate": h.nevacuate, "clearSeq": h.clear_seq, "extra": format!("{:#x}", h.extra),
        },
        "same_size_grow": h.growing() && h.same_size_grow(),
        "evacuated": done,
        "oldbuckets": of,
        "overflow": s.new.as_ref().map_or(0, gohmap::inspect::snapshot::Array::overflows),
        "fill": s.fill(),
        "walked": s.entries().count(),
        "entries": entries,
    })
}
