//! What may have caused a crash, with the evidence for it, the likeliest first.

use super::class::{Class, is_map_function};
use super::parse::{Goroutine, Report};
use serde::Serialize;

/// A likely cause.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// What may have happened.
    pub cause: String,
    /// What in the report speaks for it; empty when it is merely what such crashes mostly come from.
    pub evidence: String,
}

fn cause(cause: &str, evidence: impl Into<String>) -> Cause {
    Cause { cause: cause.to_owned(), evidence: evidence.into() }
}

/// The innermost function of a goroutine that is not the runtime's.
fn user(g: &Goroutine) -> Option<String> {
    let f = g.frames.iter().find(|f| {
        !f.func.starts_with("runtime.")
            && !f.func.starts_with("internal/runtime/")
            && !f.func.starts_with("panic")
            && !matches!(f.func.as_str(), "memeqbody" | "aeshashbody" | "maps.clone")
    })?;
    Some(f.at.as_ref().map_or_else(|| f.func.clone(), |at| format!("{} ({at})", f.func)))
}

impl Report {
    /// The operation that was under way.
    pub(super) fn map_operation(&self, at: Option<&str>) -> Option<String> {
        let frame = self.frames().find(|f| is_map_function(&f.func));
        let name = frame.map(|f| f.func.as_str()).or_else(|| at.filter(|n| is_map_function(n)))?;
        let outer = self.frames().filter(|f| is_map_function(&f.func)).last().map_or(name, |f| f.func.as_str());
        let verb = |n: &str| {
            let n = n.trim_start_matches("runtime.").trim_start_matches("internal/runtime/maps.");
            match n {
                n if n.starts_with("mapaccess") => "a lookup",
                n if n.starts_with("mapassign") => "an assign",
                n if n.starts_with("mapdelete") => "a delete",
                n if n.starts_with("mapiter") => "a range loop",
                n if n.starts_with("mapclear") => "a clear",
                n if n.contains("clone") || n.contains("Clone") => "maps.Clone",
                n if n.starts_with("makemap") => "make",
                _ => "a map operation",
            }
        };
        let header = frame.filter(|f| f.func.contains(".map")).and_then(|f| f.args.get(1).copied().flatten());
        let on = header.map_or_else(String::new, |h| format!(" on the map whose header is at {h:#x}"));
        let inner = if outer == name { String::new() } else { format!(", in {name}") };
        let by = self.crashed().and_then(user).map_or_else(String::new, |u| format!(", called by {u}"));
        Some(format!("{} ({outer}{inner}){on}{by}", verb(outer)))
    }
}

/// Other goroutines that are in a map function, in words.
fn others_in_maps(r: &Report) -> Vec<String> {
    let crashed = r.crashed().and_then(|g| g.id);
    let others = r.goroutines.iter().filter(|g| g.id.is_some() && g.id != crashed);
    others
        .filter_map(|g| {
            let f = g.frames.iter().find(|f| is_map_function(&f.func))?;
            let by = user(g).unwrap_or_default();
            Some(format!("goroutine {} [{}] is in {}, called by {by}", g.id?, g.state, f.func))
        })
        .collect()
}

pub(super) fn causes(class: Class, r: &Report, map: Option<bool>) -> Vec<Cause> {
    let here = r.crashed().and_then(user).map_or_else(String::new, |u| format!("it happened in {u}"));
    let others = others_in_maps(r);
    let seen = others.first().cloned().unwrap_or_default();
    match class {
        Class::NilAssign => vec![
            cause("the map was declared (`var m map[K]V`, a field of a struct) and never made", here),
            cause("a function, a decoder or a copy of a struct returned or left a nil map", ""),
            cause("the map was set to nil while others still used it", ""),
        ],
        Class::ConcurrentWrites
        | Class::ConcurrentReadWrite
        | Class::ConcurrentIterateWrite
        | Class::ConcurrentCloneWrite => {
            let mut all = vec![cause(
                "two goroutines use one map without a lock, one of them writes",
                if seen.is_empty() { here } else { seen },
            )];
            all.push(cause("a lock is held for some of the uses only, or each side has its own copy of it (a struct copied by value)", ""));
            all.push(cause("an earlier panic or recovered fault inside a write has left hashWriting set: every later use then is fatal", ""));
            all.push(cause("hmap.flags was overwritten: unsafe, cgo, or a bad pointer", ""));
            all
        }
        Class::Unhashable => vec![
            cause("an interface key holds a slice, a map or a function, or a struct or array with one inside", here),
            cause("a value decoded from outside (JSON, YAML) is used as a key without looking at its type", ""),
        ],
        Class::FaultAddress | Class::NilDereference if map == Some(false) => {
            vec![cause("a pointer of the program's own is bad; no map function is in the traceback", here)]
        }
        Class::NilDereference => vec![
            cause("a pointer, an interface or a receiver was nil", here),
            cause(
                "a map's header or bucket pointer is nil or small: overwritten by unsafe or cgo, or a header that was zeroed in use",
                "",
            ),
        ],
        Class::FaultAddress => fault(r, &here, &seen),
        Class::BadMapState => vec![
            cause("two goroutines grew or evacuated one map at the same time, unseen by the check", seen),
            cause("a bucket's marks or the header were overwritten: unsafe, cgo, or bad memory", ""),
        ],
        Class::SignalInRuntime => vec![
            cause(
                "the allocator touched memory that had been unmapped or protected behind its back, or its own books are damaged",
                here,
            ),
            cause(
                "up to Go 1.20: a fault in C code",
                if r.frames().any(|f| f.func == "runtime.cgocall") {
                    "runtime.cgocall is in the traceback"
                } else {
                    ""
                },
            ),
        ],
        Class::SignalDump if r.in_cgo => vec![
            cause("C code accessed memory that Go had freed or moved, or that C itself had freed", cgo_frame(r)),
            cause("a Go pointer was kept in C after the call", ""),
        ],
        Class::SignalDump => vec![cause("the signal was sent: by a supervisor, the kernel, or abort in C", "")],
        Class::BadPointer => vec![
            cause(
                "memory was freed by hand, or a pointer was made from a number (unsafe.Pointer, reflect.SliceHeader)",
                r.details.first().cloned().unwrap_or_default(),
            ),
            cause("a data race on a value of two words: an interface, a slice or a string torn in the middle", ""),
        ],
        Class::OutOfMemory => out_of_memory(r, &here),
        Class::SizeOutOfRange => vec![
            cause("a length or hint came from outside, or was computed with an overflow", here),
            cause("hmap.B was overwritten: the table's size is computed from it", ""),
        ],
        Class::DataRace => vec![cause(
            "the two accesses are ordered by nothing: no lock that both hold, no channel, no join",
            r.race
                .iter()
                .filter(|a| !a.frames.is_empty() && a.addr != 0)
                .map(|a| {
                    format!(
                        "{} in {}",
                        a.what,
                        a.frames.iter().find(|f| !f.starts_with("runtime.")).unwrap_or(&a.frames[0])
                    )
                })
                .collect::<Vec<_>>()
                .join("; "),
        )],
        Class::Other => Vec::new(),
    }
}

fn fault(r: &Report, here: &str, seen: &str) -> Vec<Cause> {
    let signal = r.signal.as_ref();
    let code = signal.and_then(|s| s.code);
    let evacuating = r.frames().find(|f| f.func.contains("evacuat") || f.func.contains("growWork"));
    let mut all = Vec::new();
    if signal.is_some_and(|s| s.name == "SIGBUS") {
        all.push(cause("a file that is mapped was cut short by somebody, or its disk failed", "SIGBUS"));
    }
    if code == Some(2) {
        all.push(cause(
            "the pages were protected (mprotect): a guard, a freed arena, or memory that was to be read only",
            "code 2: mapped, but not for this access",
        ));
    }
    if let Some(f) = evacuating {
        all.push(cause(
            "the old array of a growing map has gone, or oldbuckets was overwritten",
            format!("{} is in the traceback", f.func),
        ));
    }
    if code == Some(0x80) {
        all.push(cause(
            "a bucket or overflow pointer was overwritten by something that is no pointer",
            "the address was not canonical",
        ));
    }
    all.push(cause("the memory of the buckets was unmapped or given back: off-heap memory, a closed mapping, C memory that was freed", here));
    all.push(cause(
        "the header was overwritten: buckets, B (an index beyond the array), or an overflow pointer, by unsafe or cgo",
        "",
    ));
    all.push(cause("writes raced unseen and tore the map's structure", seen));
    if r.crashed().is_some_and(|g| {
        g.frames
            .iter()
            .any(|f| matches!(f.func.as_str(), "memeqbody" | "aeshashbody" | "runtime.memequal" | "runtime.strhash"))
    }) {
        all.insert(
            0,
            cause(
                "the bytes of a string key have gone, or its header was torn by a race",
                "the fault was while a key was hashed or compared",
            ),
        );
    }
    all
}

fn cgo_frame(r: &Report) -> String {
    let f = r.frames().find(|f| f.func.contains("_Cfunc_"));
    f.map_or_else(String::new, |f| format!("the call was {}", f.func))
}

fn out_of_memory(r: &Report, here: &str) -> Vec<Cause> {
    let detail = r.details.iter().find(|d| d.contains("out of memory") || d.contains("cannot allocate"));
    let growing = r.frames().find(|f| f.func.contains("hashGrow") || f.func.contains("makeBucketArray"));
    let mut all = Vec::new();
    if let Some(f) = growing {
        all.push(cause(
            "a map's table was to be doubled: for a while old and new are there together",
            format!("{} is in the traceback", f.func),
        ));
    }
    all.push(cause(
        "a limit on address space or memory (ulimit -v, a cgroup, overcommit) refused it: see `gohmap oom`",
        detail.cloned().unwrap_or_default(),
    ));
    all.push(cause("something keeps growing, or a size came from outside", here));
    all
}

pub(super) fn notes(class: Class, r: &Report, map: Option<bool>) -> Vec<String> {
    let mut notes = Vec::new();
    if map.is_none() && matches!(class, Class::NilDereference | Class::FaultAddress) {
        notes.push(
            "a panic's traceback leaves the runtime's functions out: --exe BINARY names the function at pc, or run again with GOTRACEBACK=system".to_owned(),
        );
    }
    if class == Class::FaultAddress && map == Some(false) {
        notes.push("m[k] = v stores its value after mapassign has returned, in the calling function: that can still be a map's element".to_owned());
    }
    if matches!(class, Class::ConcurrentWrites | Class::ConcurrentReadWrite | Class::ConcurrentIterateWrite) {
        notes.push("the check sees only some races: go build -race finds those that it does not see".to_owned());
    }
    if map == Some(true) && r.frames().any(|f| f.func.starts_with("internal/runtime/maps.")) {
        notes.push(
            "this is a Swiss map, as Go has them from 1.24 on: what is said of hmap's hashWriting is done by Map.writing there (internal/runtime/maps); the maps here are classic ones, with the same words".to_owned(),
        );
    }
    if r.frames().any(|f| f.args.contains(&None) && is_map_function(&f.func)) {
        notes.push("arguments marked with ? were in registers and may be stale".to_owned());
    }
    if r.goroutines.is_empty() && r.race.is_empty() {
        notes.push(
            "there is no traceback (GOTRACEBACK=none, or it was cut off): with one there is more to tell".to_owned(),
        );
    }
    if r.panics.len() > 1 {
        notes.push(format!(
            "{} panics, each raised while the one before was being dealt with; the first: {}",
            r.panics.len(),
            r.panics[0].0
        ));
    }
    notes
}
