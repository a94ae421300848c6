//! The text of a death, in Go's form: what happened, the signal, and the goroutines with their frames.
//!
//! Sources: `printpanics`, `dopanic_m`, `goroutineheader`, `traceback2` and `showframe` of `runtime/panic.go` and
//! `runtime/traceback.go`; captured output of real Go is the judge.

use super::goroutine::G;
use super::panic::GoPanic;
use super::program::{Program, program};
use super::symbol::{go_name, shown_at_user_level};
use super::trace::{RawFrame, Trace};
use std::fmt::Write;
use std::ptr;

/// How much GOTRACEBACK wants (`gotraceback`, `setTraceback` in `runtime/runtime1.go`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Level {
    /// 0 nothing, 1 the user's frames, 2 all frames with their addresses.
    pub(crate) level: u32,
    /// Every goroutine.
    pub(crate) all: bool,
    /// End with SIGABRT.
    pub(crate) crash: bool,
}

impl Level {
    pub(crate) fn parse(s: &str) -> Self {
        let (level, all, crash) = match s {
            "none" => (0, false, false),
            "" | "single" => (1, false, false),
            "all" => (1, true, false),
            "system" => (2, true, false),
            "crash" => (2, true, true),
            n => (n.parse().unwrap_or(0), true, false),
        };
        Self { level, all, crash }
    }

    pub(crate) fn from_env() -> Self {
        Self::parse(&std::env::var("GOTRACEBACK").unwrap_or_default())
    }
}

/// `panic: A [recovered]`, TAB, `panic: B` …
pub(crate) fn panic_lines(out: &mut String, p: &GoPanic) {
    for (i, (text, recovered)) in p.earlier().iter().enumerate() {
        let tab = if i > 0 { "\t" } else { "" };
        let recovered = if *recovered { " [recovered]" } else { "" };
        let _ = writeln!(out, "{tab}panic: {}{recovered}", multiline(text));
    }
    let tab = if p.earlier().is_empty() { "" } else { "\t" };
    let _ = writeln!(out, "{tab}panic: {}", multiline(p.text()));
}

/// A text as this Go version prints it in a panic or a fatal error.
pub(crate) fn multiline(text: &str) -> String {
    if program().rules.newline_tab { text.replace('\n', "\n\t") } else { text.to_owned() }
}

/// Lifts a soft limit on the address space: naming frames takes memory, and it may be for want of it that the program
/// dies.
pub(crate) fn make_room() {
    let mut l = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: reads and sets this process's own limit.
    unsafe {
        if libc::getrlimit(libc::RLIMIT_AS, &mut l) == 0 && l.rlim_cur != l.rlim_max {
            l.rlim_cur = l.rlim_max;
            libc::setrlimit(libc::RLIMIT_AS, &l);
        }
    }
}

/// What stands between `goroutine N` and its frames.
pub(crate) fn header(out: &mut String, g: &G, state: &str, running: bool, level: Level) {
    let _ = write!(out, "\ngoroutine {} ", g.id);
    if level.level >= 2 && program().rules.throw_shows_gp {
        let gp = ptr::from_ref(g) as usize;
        if running {
            let _ = write!(out, "gp={gp:#x} m={} mp={:#x} ", g.id.saturating_sub(1).min(9), gp + 0x100);
        } else {
            let _ = write!(out, "gp={gp:#x} m=nil ");
        }
    }
    let _ = writeln!(out, "[{state}]:");
}

/// Where Go stops telling frames, and how many it tells then.
const MAX_FRAMES: usize = 100;

/// A frame that Go would know.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) file: String,
    pub(crate) line: u32,
    /// Inlined into the next one outside it.
    pub(crate) inlined: bool,
    pub(crate) frame: RawFrame,
    /// Stack pointer of the caller.
    fp: usize,
}

/// The frames of `trace` that Go would know, innermost first, in the program of this process.
fn named(frames: &[RawFrame]) -> Vec<Named> {
    named_in(&program(), frames)
}

/// The frames of `trace` that Go would know, innermost first.
pub(crate) fn named_in(program: &Program, frames: &[RawFrame]) -> Vec<Named> {
    let entry = sigpanic_entry();
    let mut v: Vec<Named> = Vec::new();
    let mut faulted = false;
    for (i, &frame) in frames.iter().enumerate() {
        // A return address belongs to the instruction before it, the pc of a fault to its own.
        let at = if faulted { frame.ip + 1 } else { frame.ip };
        faulted = entry != 0 && frame.start == entry;
        let fp = frames.get(i + 1).map_or(frame.sp, |f| f.sp);
        let first = v.len();
        backtrace::resolve(at as *mut _, |s| {
            let Some(symbol) = s.name().map(|n| format!("{n:#}")) else { return };
            let Some(name) = go_name(&symbol, program) else { return };
            // A routine of assembly that has gone on in the portable function of its name: in Go, one call.
            if symbol.starts_with("gohmap_") && v.last().is_some_and(|inner| inner.name == name) {
                return;
            }
            let file = s.filename().map(|p| shorten(&p.to_string_lossy())).unwrap_or_else(|| "?".to_owned());
            v.push(Named { name, file, line: s.lineno().unwrap_or(0), inlined: true, frame, fp });
        });
        // The outermost of the symbols at one address is the function itself, the others are inlined into it.
        if v.len() > first
            && let Some(last) = v.last_mut()
        {
            last.inlined = false;
        }
        // What called the goroutine's first function is Rust's affair, and need not be looked up, which can mean to read the
        // debug information of the C library.
        if let Some(end) = v[first..].iter().position(|f| f.name == "runtime.goexit") {
            v.truncate(first + end + 1);
            break;
        }
    }
    v
}

/// File and line where the function begins that this address is in.
pub(crate) fn beginning(function: usize) -> Option<(String, u32)> {
    let mut found = None;
    // The outermost of the symbols there is the function itself.
    backtrace::resolve((function + 1) as *mut _, |s| {
        found = s.filename().map(|p| (shorten(&p.to_string_lossy()), s.lineno().unwrap_or(0)));
    });
    found
}

#[cfg(gohmap_asm)]
fn sigpanic_entry() -> usize {
    unsafe extern "C" {
        fn gohmap_sigpanic_entry();
    }
    gohmap_sigpanic_entry as *const () as usize
}
#[cfg(not(gohmap_asm))]
fn sigpanic_entry() -> usize {
    0
}

/// Source paths as `go build -trimpath` would shorten them: from the package on.
fn shorten(path: &str) -> String {
    if let Some(rest) = path.strip_prefix(concat!(env!("CARGO_MANIFEST_DIR"), "/")) {
        return format!("gohmap/{rest}");
    }
    // Cargo keeps sources of other packages in registry/src/HOST/PACKAGE-VERSION/, rustc those of std in /rustc/HASH/.
    match path.split_once("/registry/src/").or_else(|| path.split_once("/rustc/")).and_then(|p| p.1.split_once('/')) {
        Some((_, rest)) => rest.to_owned(),
        None => path.to_owned(),
    }
}

/// Frames as Go prints them: name, tab, file and line.
pub(crate) fn frames(out: &mut String, frames: &[RawFrame], level: Level) {
    let mut all = named(frames);
    if !program().rules.elides_frames {
        // Frames that are not shown count too.
        all.truncate(MAX_FRAMES);
    }
    // The panicking function itself is no news; further down `panic` parts deferred calls from what they interrupted.
    if level.level < 2 {
        if all.first().is_some_and(|f| f.name == "panic") {
            all.remove(0);
        }
        all.retain(|f| f.name == "panic" || shown_at_user_level(&f.name));
    }
    lines(out, &all, level);
}

fn lines(out: &mut String, all: &[Named], level: Level) {
    let rules = program().rules;
    let n = all.len();
    for (i, f) in all.iter().enumerate() {
        if n > MAX_FRAMES {
            if i == MAX_FRAMES / 2 {
                let _ = writeln!(out, "...{} frames elided...", n - MAX_FRAMES);
            }
            if ((MAX_FRAMES / 2)..(n - MAX_FRAMES / 2)).contains(&i) {
                continue;
            }
        }
        let args = match (f.name.as_str(), rules.goexit_takes_arg) {
            ("runtime.goexit", true) => "({})",
            ("runtime.goexit", false) => "()",
            _ => "(...)",
        };
        let _ = write!(out, "{}{args}\n\t{}:{}", f.name, f.file, f.line);
        if !f.inlined {
            if f.frame.start != 0 && f.frame.ip > f.frame.start {
                let _ = write!(out, " +{:#x}", f.frame.ip - f.frame.start);
            }
            if level.level >= 2 {
                let _ = write!(out, " fp={:#x} sp={:#x} pc={:#x}", f.fp, f.frame.sp, f.frame.ip);
            }
        }
        out.push('\n');
    }
}

/// `created by main.f in goroutine 1` and where.
pub(crate) fn created_by(out: &mut String, g: &G) {
    let Some((parent, at)) = g.created() else { return };
    let name = named(at.frames()).into_iter().find(|f| !f.name.starts_with("runtime."));
    let Some(f) = name else { return };
    let _ = write!(out, "created by {}", f.name);
    if program().rules.created_by_in {
        let _ = write!(out, " in goroutine {parent}");
    }
    let _ = writeln!(out, "\n\t{}:{} +{:#x}", f.file, f.line, f.frame.ip.saturating_sub(f.frame.start));
}

/// Parts a trace at the frame of `cgocall`, which holds the address `mark`: what ran above it, and the goroutine's
/// own frames from it on.
pub(crate) fn split_at(trace: &Trace, mark: usize) -> (&[RawFrame], &[RawFrame]) {
    let f = trace.frames();
    let n = f.windows(2).position(|w| (w[0].sp..w[1].sp).contains(&mark)).unwrap_or(0);
    f.split_at(n)
}

/// The frames of the runtime among these: of those that ran on top of C code, Go knows no others.
pub(crate) fn runtime_frames(out: &mut String, f: &[RawFrame], level: Level) {
    let mut v = named(f);
    v.retain(|f| f.name.starts_with("runtime."));
    lines(out, &v, level);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        let l = |level, all, crash| Level { level, all, crash };
        for (s, want) in [
            ("", l(1, false, false)),
            ("single", l(1, false, false)),
            ("none", l(0, false, false)),
            ("all", l(1, true, false)),
            ("system", l(2, true, false)),
            ("crash", l(2, true, true)),
            ("0", l(0, true, false)),
            ("1", l(1, true, false)),
            ("2", l(2, true, false)),
            ("what", l(0, true, false)),
        ] {
            assert_eq!(Level::parse(s), want, "{s}");
        }
    }
}
