//! Recoverable panics: `gopanic`, deferred calls, `recover`.
//!
//! As in Go, deferred calls run *on top of* the panicking stack. A call that recovers makes the stack unwind to the
//! function that deferred it. When none does, the stack unwinds with the [`GoPanic`] as payload, so that Rust's
//! `catch_unwind` sees it; at the root of a goroutine it becomes Go's report and exit status 2.

use super::Death;
use super::goroutine::{G, with_current};
use super::region::{Catch, Landed, Region, run};
use super::sig::SigInfo;
use super::throw;
use super::trace::Trace;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::ptr;

/// What a Go program panics with, as far as maps and their programs do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// `runtime.plainError`: the text as it is.
    Plain(&'static str),
    /// `runtime.errorString`: printed after `runtime error: `.
    Error(String),
    /// `runtime.errorAddressString`: the same with an `Addr()` method.
    ErrorAddress(String, usize),
    /// `string`.
    Str(String),
    /// An error of the program's own: its type and what `Error()` returns.
    User {
        /// As `%T` prints it.
        go_type: &'static str,
        /// What `Error()` returns.
        text: String,
    },
}

/// A recoverable panic in flight, or recovered: the payload that `std::panic::catch_unwind` sees.
#[derive(Clone, Debug)]
pub struct GoPanic(Box<Inner>);

#[derive(Clone, Debug)]
struct Inner {
    value: Value,
    text: String,
    /// The signal that raised it.
    sig: Option<SigInfo>,
    /// Older panics of the chain: text, and whether it was recovered.
    earlier: Vec<(String, bool)>,
    trace: Trace,
}

impl GoPanic {
    fn new(value: Value, sig: Option<SigInfo>) -> Self {
        let text = match &value {
            Value::Plain(t) => (*t).to_owned(),
            Value::Error(t) | Value::ErrorAddress(t, _) => format!("runtime error: {t}"),
            Value::Str(t) | Value::User { text: t, .. } => t.clone(),
        };
        Self(Box::new(Inner { value, text, sig, earlier: Vec::new(), trace: Trace::default() }))
    }

    /// What `fmt.Print` shows of the value.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Its dynamic type, as `%T` prints it.
    #[must_use]
    pub fn go_type(&self) -> &'static str {
        match self.0.value {
            Value::Plain(_) => "runtime.plainError",
            Value::Error(_) => "runtime.errorString",
            Value::ErrorAddress(..) => "runtime.errorAddressString",
            Value::Str(_) => "string",
            Value::User { go_type, .. } => go_type,
        }
    }

    /// What its `Addr()` method returns, if it has one.
    #[must_use]
    pub fn addr(&self) -> Option<usize> {
        match self.0.value {
            Value::ErrorAddress(_, a) => Some(a),
            _ => None,
        }
    }

    /// Whether the value is an `error`.
    #[must_use]
    pub fn is_error(&self) -> bool {
        !matches!(self.0.value, Value::Str(_))
    }

    /// Whether the value is a `runtime.Error`.
    #[must_use]
    pub fn is_runtime_error(&self) -> bool {
        matches!(self.0.value, Value::Plain(_) | Value::Error(_) | Value::ErrorAddress(..))
    }

    /// The value that was panicked with.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// Older panics of the chain: text, and whether it was recovered.
    pub(super) fn earlier(&self) -> &[(String, bool)] {
        &self.0.earlier
    }

    /// Where it was raised; empty inside an experiment.
    pub(super) fn trace(&self) -> &Trace {
        &self.0.trace
    }

    /// The signal that raised it, for a panic that comes from a fault.
    #[must_use]
    pub fn signal(&self) -> Option<SigInfo> {
        self.0.sig
    }
}

/// Payload of the unwinding to the frame whose deferred call recovered.
#[derive(Debug)]
pub(crate) struct Recovered(usize);

/// A deferred call in force; lives in the frame of [`defer`].
pub(crate) struct Defer {
    outer: *const Self,
    call: *mut (dyn FnMut(&Deferred) + 'static),
}

/// A panic whose deferred calls are running; lives in the frame of [`gopanic`].
pub(crate) struct InFlight {
    older: *const Self,
    text: *const str,
    recovered: Cell<bool>,
}

/// Takes the panic out of the goroutine's chain when its frame unwinds.
struct Landing<'a>(&'a G, *const InFlight);
impl Drop for Landing<'_> {
    fn drop(&mut self) {
        self.0.panics.set(self.1);
    }
}

/// What a deferred call is given: its `recover()`.
pub struct Deferred<'a> {
    panic: Option<(&'a GoPanic, &'a InFlight)>,
}

impl Deferred<'_> {
    /// `recover()`: stops the panic in flight and returns its value; `None` when there is none.
    pub fn recover(&self) -> Option<GoPanic> {
        let (p, link) = self.panic?;
        if link.recovered.replace(true) { None } else { Some(p.clone()) }
    }
}

/// Runs `f` as the body of a Go function that begins with `defer deferred()`.
///
/// Returns what `f` returned, or `None` when it panicked and `deferred` recovered. `deferred` runs in every case but
/// a fatal error, on top of the panicking stack if there is one.
pub fn defer<R>(mut deferred: impl FnMut(&Deferred), f: impl FnOnce() -> R) -> Option<R> {
    with_current(|g| {
        let call: *mut (dyn FnMut(&Deferred) + '_) = &mut deferred;
        // SAFETY: only the lifetime changes: the pointer is used while `d` is in the goroutine's list, which is
        // within this frame.
        let call: *mut (dyn FnMut(&Deferred) + 'static) = unsafe { std::mem::transmute(call) };
        let d = Defer { outer: g.defers.get(), call };
        let this = ptr::from_ref(&d) as usize;
        let out = catch_unwind(AssertUnwindSafe(|| {
            run(Catch::Op, || {
                g.defers.set(&d);
                f()
            })
        }));
        let recovered = |r: Recovered| {
            if r.0 != this {
                resume_unwind(Box::new(r));
            }
            if g.panics.get().is_null() {
                g.sig.set(None);
            }
            None
        };
        match out {
            Ok(Ok(r)) => {
                // It runs once, also when it panics itself.
                g.defers.set(d.outer);
                deferred(&Deferred { panic: None });
                Some(r)
            }
            Ok(Err(Landed::Recovered(r))) => recovered(r),
            Ok(Err(died)) => died.unwind(),
            Err(payload) => match payload.downcast::<Recovered>() {
                Ok(r) => recovered(*r),
                // A GoPanic has run the call already, a fatal error never does, a Rust panic is not Go's.
                Err(payload) => resume_unwind(payload),
            },
        }
    })
}

/// Runs `f` as a Go function that begins with `defer func() { r = recover() }()`.
///
/// # Errors
/// The recovered panic.
pub fn recover<R>(f: impl FnOnce() -> R) -> Result<R, GoPanic> {
    let mut caught = None;
    match defer(
        |d| {
            if let Some(p) = d.recover() {
                caught = Some(p);
            }
        },
        f,
    ) {
        Some(r) => Ok(r),
        None => Err(caught.expect("only a recovered panic returns nothing")),
    }
}

/// `panic(v)` of the program's own.
///
/// # Panics
/// Always: unwinds with [`GoPanic`] unless a deferred call recovers.
pub fn panic_value(v: Value) -> ! {
    gopanic(GoPanic::new(v, None))
}

/// `panic(recover())`: panics again with a recovered value.
///
/// # Panics
/// As [`panic_value`].
pub fn repanic(p: &GoPanic) -> ! {
    gopanic(GoPanic::new(p.0.value.clone(), None))
}

/// Panics with `runtime.plainError(text)`: recoverable, printed without `runtime error: `.
///
/// # Panics
/// As [`panic_value`].
#[inline(always)]
pub fn panic_plain(text: &'static str) -> ! {
    gopanic(GoPanic::new(Value::Plain(text), None))
}

/// Panics with `runtime.errorString(text)`: recoverable, printed after `runtime error: `.
///
/// # Panics
/// As [`panic_value`].
#[inline(always)]
pub fn panic_error(text: String) -> ! {
    gopanic(GoPanic::new(Value::Error(text), None))
}

/// A panic that a fault raised; called on the faulting stack.
#[cfg_attr(not(gohmap_asm), expect(dead_code, reason = "no faults are caught without assembly"))]
pub(crate) fn panic_signal(v: Value, sig: SigInfo) -> ! {
    gopanic(GoPanic::new(v, Some(sig)))
}

/// `runtime.gopanic`.
#[inline(never)]
fn gopanic(mut p: GoPanic) -> ! {
    with_current(|g| {
        // Nobody reads the traceback of an experiment.
        let experiment = Region::stops_fatal(g.region.get());
        if !experiment {
            p.0.trace = Trace::capture();
        }
        let older = g.panics.get();
        let mut link = older;
        // SAFETY: the chain holds panics of frames that are still running on this thread, newest first; their texts
        // belong to the GoPanics of those frames.
        while let Some(l) = unsafe { link.as_ref() } {
            // SAFETY: as above.
            p.0.earlier.insert(0, (unsafe { &*l.text }.to_owned(), l.recovered.get()));
            link = l.older;
        }
        let me = InFlight { older, text: p.text(), recovered: Cell::new(false) };
        let landing = Landing(g, older);
        g.panics.set(&me);
        // SAFETY: the list holds deferred calls of frames that are still running on this thread.
        while let Some(d) = unsafe { g.defers.get().as_ref() } {
            g.defers.set(d.outer);
            // SAFETY: the frame of `defer` is still there (this runs on top of it), and the call is out of the list,
            // so that it is not called twice.
            unsafe { (*d.call)(&Deferred { panic: Some((&p, &me)) }) };
            if me.recovered.get() {
                leave(g, landing, p.0.sig, Landed::Recovered(Recovered(ptr::from_ref(d) as usize)))
            }
        }
        if !g.is_goroutine && !experiment {
            throw::report_only(g, &p);
        }
        let sig = p.0.sig;
        leave(g, landing, sig, Landed::Died(Death::Panic(p)))
    })
}

/// Leaves the panicking stack: unwinds, or lands when the frames below are those of a fault and cannot be unwound.
fn leave(g: &G, landing: Landing<'_>, sig: Option<SigInfo>, what: Landed) -> ! {
    drop(landing);
    if sig.is_none() {
        what.unwind()
    }
    // SAFETY: the list holds regions of running frames.
    match unsafe { g.region.get().as_ref() } {
        // SAFETY: this stack is the fault's, above the region's frame; between them are only frames of map operations
        // and of the program, which keep no destructors over emulated memory accesses (contract of `op` and
        // `guarded`).
        Some(r) => unsafe { r.land(what) },
        None => throw::uncaught(what.into_payload()),
    }
}

/// `debug.SetPanicOnFault`: whether this goroutine's faults at odd addresses are recoverable panics. Returns what was
/// set before.
pub fn set_panic_on_fault(on: bool) -> bool {
    with_current(|g| g.panic_on_fault.replace(on))
}

/// Says that this goroutine is in `mallocgc` (`m.mallocing`): a fault there is the runtime's own, never a panic.
pub(crate) fn set_mallocing(on: bool) {
    with_current(|g| g.mallocing.set(on));
}
