//! Deaths that nobody recovers from: `throw`, `fatal`, and the panic that reached the end of its goroutine.

use super::Death;
use super::goroutine::{self, G, with_current};
use super::panic::GoPanic;
use super::program::program;
use super::region::{Landed, Region};
use super::report::{self, Level};
use super::trace::Trace;
use std::any::Any;
use std::fmt::{Display, Write};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// A fatal error or throw that an experiment stopped from ending the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoFatal {
    text: String,
    details: Vec<String>,
    throw: bool,
}

impl GoFatal {
    /// The text after `fatal error: `.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The lines that come before it, such as `unexpected fault address 0x10008`.
    #[must_use]
    pub fn details(&self) -> &[String] {
        &self.details
    }

    /// Whether the runtime blames itself (`throw`) rather than the program (`fatal`).
    #[must_use]
    pub fn is_throw(&self) -> bool {
        self.throw
    }
}

/// `runtime.throw`: the runtime found its own state broken. Ends the process with Go's text and status 2.
#[inline(never)]
pub fn throw(text: &str) -> ! {
    end(&[], text, true)
}

/// [`throw`] after these lines.
#[inline(always)]
pub fn throw_with_detail(details: &[&dyn Display], text: &str) -> ! {
    detailed::throw(details, text)
}

mod detailed {
    use std::fmt::Display;

    /// The frame that [`super::throw_with_detail`] shows as `runtime.throw`.
    #[inline(never)]
    pub(super) fn throw(details: &[&dyn Display], text: &str) -> ! {
        super::end(details, text, true)
    }
}

/// `runtime.fatal`: the program did what it must not. Ends the process with Go's text and status 2.
#[inline(never)]
pub fn fatal(text: &str) -> ! {
    end(&[], text, false)
}

#[inline(always)]
fn end(details: &[&dyn Display], text: &str, throw: bool) -> ! {
    with_current(|g| {
        if Region::stops_fatal(g.region.get()) {
            leave(
                g,
                GoFatal { text: text.to_owned(), details: details.iter().map(ToString::to_string).collect(), throw },
            )
        }
        let trace = Trace::capture();
        let mut first = String::new();
        for line in details {
            let _ = writeln!(first, "{line}");
        }
        let _ = writeln!(first, "fatal error: {}", report::multiline(text));
        die(g, first, &trace, if throw { Kind::Throw } else { Kind::Fatal })
    })
}

/// Ends the experiment around a fatal error: a fault's frames are skipped, others unwind.
fn leave(g: &G, f: GoFatal) -> ! {
    // SAFETY: the list holds regions of running frames.
    if let Some(r) = unsafe { g.region.get().as_ref() }
        && g.in_sigpanic.replace(false)
    {
        // SAFETY: this stack is the fault's, above the region's frame (see `gopanic`'s `leave`).
        unsafe { r.land(Landed::Died(Death::Fatal(f))) }
    }
    resume_unwind(Box::new(f))
}

/// Ends the experiment that this goroutine is in, when nobody asks any more how it ends: skips its frames.
///
/// # Safety
/// As [`Region::land`], of the innermost region, which is an experiment's.
#[cfg(gohmap_asm)]
pub(crate) unsafe fn abandon() -> ! {
    with_current(|g| {
        // SAFETY: the list holds regions of running frames.
        let region = unsafe { g.region.get().as_ref() }.expect("an experiment is under way");
        let nothing = GoFatal { text: String::new(), details: Vec::new(), throw: false };
        // SAFETY: the caller's promise.
        unsafe { region.land(Landed::Died(Death::Fatal(nothing))) }
    })
}

/// Which of Go's forms a report has.
pub(crate) enum Kind {
    Panic,
    Fatal,
    Throw,
    /// The `SIGSEGV: …` form for faults in C code, with the registers at its end.
    Dump {
        registers: String,
    },
}

/// Reports end before the goroutines.
static BRIEF: AtomicBool = AtomicBool::new(false);

/// From here on this process dies with the first lines of a report only, those of GOTRACEBACK=none: naming the frames takes
/// longer than all the rest of a short life.
#[cfg(gohmap_asm)]
pub(crate) fn die_briefly() {
    BRIEF.store(true, Ordering::Relaxed);
}

impl Kind {
    fn level(&self) -> Level {
        let l = Level::from_env();
        if BRIEF.load(Ordering::Relaxed) {
            return Level { level: 0, all: false, ..l };
        }
        match self {
            Self::Panic => l,
            Self::Fatal => Level { all: true, ..l },
            Self::Throw | Self::Dump { .. } => Level { level: 2, all: true, ..l },
        }
    }
}

/// Goroutines whose report is being made or waits to be (`panicking`).
static PANICKING: AtomicUsize = AtomicUsize::new(0);
/// A report is being made: nobody else starts to die (`freezetheworld`).
static FROZEN: AtomicBool = AtomicBool::new(false);
/// One report at a time (`paniclk`).
static REPORT: Mutex<()> = Mutex::new(());

fn park_forever() -> ! {
    loop {
        std::thread::park();
    }
}

/// Whether another goroutine's report has begun, so that this one stands still.
pub(crate) fn world_is_frozen() -> bool {
    FROZEN.load(Ordering::Acquire)
}

/// Writes to standard error, all of it, past every buffer.
pub(crate) fn write_stderr(text: &str) {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        // SAFETY: the slice is readable for its length.
        let n = unsafe { libc::write(2, rest.as_ptr().cast(), rest.len()) };
        match usize::try_from(n) {
            Ok(n) if n > 0 => rest = &rest[n..],
            _ if std::io::Error::last_os_error().kind() == std::io::ErrorKind::Interrupted => {}
            _ => return,
        }
    }
}

/// Prints the report of this goroutine's death and ends the process.
pub(crate) fn die(g: &G, mut first: String, trace: &Trace, kind: Kind) -> ! {
    if g.dying.swap(true, Ordering::AcqRel) {
        // A fault while the report was being made.
        write_stderr("panic during panic\nstack trace unavailable\n");
        // SAFETY: ends the process at once; nothing of it is used again.
        unsafe { libc::_exit(4) }
    }
    if world_is_frozen() {
        park_forever();
    }
    // The first line goes out before the lock is taken, so that two deaths at once show both lines, as
    // Go's do.
    PANICKING.fetch_add(1, Ordering::AcqRel);
    let locked_first = program().rules.fatal_locks_print;
    if !locked_first {
        write_stderr(&std::mem::take(&mut first));
    }
    report::make_room();
    let lock = REPORT.lock().unwrap_or_else(PoisonError::into_inner);
    FROZEN.store(true, Ordering::Release);
    let level = kind.level();
    let mut out = first;
    body(&mut out, g, trace, &kind, level);
    write_stderr(&out);
    if PANICKING.fetch_sub(1, Ordering::AcqRel) != 1 {
        drop(lock);
        park_forever();
    }
    if level.crash {
        // SAFETY: signal dispositions and raise; the process ends here.
        unsafe {
            libc::signal(libc::SIGABRT, libc::SIG_DFL);
            libc::raise(libc::SIGABRT);
        }
    }
    // SAFETY: ends the process at once, as Go does; destructors and exit handlers must not run.
    unsafe { libc::_exit(2) }
}

fn body(out: &mut String, g: &G, trace: &Trace, kind: &Kind, level: Level) {
    if !matches!(kind, Kind::Dump { .. })
        && let Some(sig) = g.sig.get()
    {
        let _ = writeln!(out, "{sig}");
    }
    if level.level == 0 {
        return;
    }
    let mark = g.in_c.get().max(g.system_stack.get());
    let own = if mark != 0 {
        let (system, own) = report::split_at(trace, mark);
        if matches!(kind, Kind::Throw) {
            out.push_str("\nruntime stack:\n");
            report::runtime_frames(out, system, level);
        }
        own
    } else {
        trace.frames()
    };
    let state = if g.in_c.get() != 0 { "syscall" } else { "running" };
    let locked = if g.locked_to_thread.get() { ", locked to thread" } else { "" };
    report::header(out, g, &format!("{state}{locked}"), true, level);
    report::frames(out, own, level);
    report::created_by(out, g);
    if level.all {
        others(out, g, level);
    }
    if let Kind::Dump { registers } = kind {
        out.push_str(registers);
    }
}

fn others(out: &mut String, g: &G, level: Level) {
    for other in goroutine::others(g.id) {
        let frames = other.ask_frames();
        let state = if other.dying.load(Ordering::Acquire) { "running" } else { other.state() };
        report::header(out, &other, state, state == "running", level);
        match frames {
            Some(t) => report::frames(out, t.frames(), level),
            None => out.push_str("\tgoroutine running on other thread; stack unavailable\n"),
        }
        report::created_by(out, &other);
    }
}

/// What unwound to the root of a goroutine, or could not unwind at all: the end.
pub(crate) fn uncaught(payload: Box<dyn Any + Send>) -> ! {
    match payload.downcast::<GoPanic>() {
        Ok(p) => with_current(|g| {
            g.sig.set(p.signal().or(g.sig.get()));
            // A panic happens in Go, also where C has called back: its trace has no part in C.
            g.in_c.set(0);
            let mut first = String::new();
            report::panic_lines(&mut first, &p);
            die(g, first, p.trace(), Kind::Panic)
        }),
        // A Rust panic of the program's: std has printed it.
        Err(_) => std::process::exit(101),
    }
}

/// Prints the report of a panic on a thread that is no goroutine and lets it unwind.
pub(crate) fn report_only(g: &G, p: &GoPanic) {
    let mut out = String::new();
    report::panic_lines(&mut out, p);
    body(&mut out, g, p.trace(), &Kind::Panic, Level { all: false, ..Kind::Panic.level() });
    write_stderr(&out);
}
