//! Forms of Go's panic output, around a map with uint64 keys. Original: `tests/goldens/src/format`.

use super::hm::{self, REGION_AT, Var, case, set_writing};
use crate::fatal::{self, Deferred, GoPanic, Value, defer, panic_value};
use crate::gomap::SharedMap;
use crate::lab::programs::{make, nil};
use crate::layout::mem;
use std::hint::black_box;

type Map = SharedMap<u64, i64>;

static M: Var<Map> = Var::new(nil);
static BUSY: Var<Map> = Var::new(|| {
    let m = make(0);
    m.insert(1, 1);
    m
});

#[inline(never)]
fn assign() {
    M.insert(1, 1);
    mark!();
}

// Functions that Go's program does not have are `body_…`: tracebacks leave them out.

fn body_string(s: &str) -> ! {
    panic_value(Value::Str(s.to_owned()))
}

fn body_error(go_type: &'static str, s: &str) -> ! {
    panic_value(Value::User { go_type, text: s.to_owned() })
}

fn body_wrap(p: &GoPanic) -> ! {
    body_error("*fmt.wrapError", &format!("wrap: {}", p.text()))
}

/// `recover()` in a deferred call that knows that there is something.
fn body_recovered(d: &Deferred) -> GoPanic {
    d.recover().expect("a panic is in flight")
}

/// `var p *map[uint64]int; (*p)[1] = 1`.
fn body_through_nil() {
    // SAFETY: faults, as in Go.
    black_box(unsafe { mem::ld64(black_box(0)) });
}

fn body_busy_write() {
    set_writing(&*BUSY);
}

#[inline(never)]
fn p_string() {
    body_string("plain string");
}

#[inline(never)]
fn p_multiline() {
    body_string("line one\nline two\n\ngoroutine 7 [running]:");
}

#[inline(never)]
fn p_error() {
    body_error("*errors.errorString", "plain error");
}

#[inline(never)]
fn p_multilineerror() {
    body_error("*errors.errorString", "err one\nerr two");
}

#[inline(never)]
fn p_custom() {
    body_error("main.myErr", "custom error");
}

#[inline(never)]
fn p_wrappednilmap() {
    defer(
        |d| {
            mark!();
            body_wrap(&body_recovered(d))
        },
        assign,
    );
    mark!();
}

#[inline(never)]
fn p_repanicsame() {
    defer(
        |d| {
            mark!();
            fatal::repanic(&body_recovered(d))
        },
        assign,
    );
    mark!();
}

#[inline(never)]
fn p_repanictwice() {
    fn body() {
        defer(
            |d| {
                mark!();
                fatal::repanic(&body_recovered(d))
            },
            assign,
        );
        mark!();
    }
    defer(
        |d| {
            mark!();
            fatal::repanic(&body_recovered(d))
        },
        body,
    );
    mark!();
}

#[inline(never)]
fn p_threedeep() {
    fn body() {
        fn body() {
            body_string("first");
        }
        defer(|_| body_string("second"), body);
        mark!();
    }
    defer(|_| body_string("third"), body);
    mark!();
}

#[inline(never)]
fn p_recoveredthennew() {
    defer(
        |d| {
            body_recovered(d);
            body_string("new panic");
        },
        assign,
    );
    mark!();
}

/// Recovered in the deferred call; a later panic does not show the first one.
#[inline(never)]
fn p_recoveredfully() {
    defer(|d| drop(body_recovered(d)), assign);
    body_string("later");
}

/// A signal's panic is recovered, then the same deferred call panics.
#[inline(never)]
fn p_sigrecovered() {
    defer(
        |d| {
            body_recovered(d);
            body_string("after nil dereference");
        },
        body_through_nil,
    );
    mark!();
}

#[inline(never)]
fn p_sigrecoveredfully() {
    defer(|d| drop(body_recovered(d)), body_through_nil);
    body_string("later");
}

#[inline(never)]
fn p_sigwrapped() {
    defer(
        |d| {
            mark!();
            body_wrap(&body_recovered(d))
        },
        body_through_nil,
    );
    mark!();
}

/// A deferred os.Exit beats the crash report.
#[inline(never)]
fn p_exitcode() {
    defer(|_| std::process::exit(7), assign);
    mark!();
}

#[inline(never)]
fn p_long() {
    body_string(&"x".repeat(300));
}

#[expect(unconditional_recursion, reason = "as in Go's program: the innermost call panics")]
#[inline(never)]
fn deep(n: i32) {
    if n == 0 {
        assign();
    }
    deep(n - 1);
    mark!();
}

#[inline(never)]
fn p_deep() {
    deep(150);
    mark!();
}

#[inline(always)]
fn inlineme() {
    M.insert(2, 1);
    mark!();
}

#[inline(never)]
fn p_inlined() {
    inlineme();
    mark!();
}

#[expect(clippy::redundant_closure_call, reason = "a closure in Go, whose frame shows")]
#[inline(never)]
fn p_closure() {
    (|| {
        fn body() {
            M.insert(3, 1);
            mark!();
        }
        fn body_deferred(_: &Deferred) {}
        defer(body_deferred, body);
        mark!();
    })();
    mark!();
}

/// A panic is being unwound when a deferred call hits the concurrent-write check.
#[inline(never)]
fn p_panicthenfatal() {
    defer(
        |_| {
            body_busy_write();
            BUSY.insert(2, 1);
            mark!();
        },
        assign,
    );
    mark!();
}

/// The same, but the panic came from a signal: the `[signal …]` line is still printed.
#[inline(never)]
fn p_sigthenfatal() {
    defer(
        |_| {
            body_busy_write();
            BUSY.insert(2, 1);
            mark!();
        },
        body_through_nil,
    );
    mark!();
}

/// A signal's panic is recovered while another panic is in flight: the stale `[signal …]` line shows up.
#[inline(never)]
fn p_signested() {
    fn body() {
        body_string("outer");
    }
    defer(
        |_| {
            defer(|d| drop(body_recovered(d)), body_through_nil);
            mark!();
        },
        body,
    );
    mark!();
}

/// A recovered signal's panic, then a fatal error on the same goroutine: no `[signal …]` line.
#[inline(never)]
fn p_sigdonethenfatal() {
    defer(|d| drop(body_recovered(d)), body_through_nil);
    body_busy_write();
    BUSY.insert(2, 1);
    mark!();
}

/// An unrecoverable fault in a deferred call while a panic is in flight.
#[inline(never)]
fn p_panicthenfault64() {
    defer(
        |_| {
            // SAFETY: faults: nothing is mapped there.
            unsafe { mem::st64(black_box(REGION_AT), 1) };
            mark!();
        },
        assign,
    );
    mark!();
}

pub(super) fn main() {
    hm::pick(vec![
        case("p_string", "panics with a string", p_string),
        case("p_multiline", "panics with a string of several lines", p_multiline),
        case("p_error", "panics with an error", p_error),
        case("p_multilineerror", "panics with an error of two lines", p_multilineerror),
        case("p_custom", "panics with an error of a type of its own", p_custom),
        case("p_wrappednilmap", "recovers a nil map's panic and wraps it in an error", p_wrappednilmap),
        case("p_repanicsame", "recovers a nil map's panic and panics with it again", p_repanicsame),
        case("p_repanictwice", "recovers and panics again in two deferred calls, one after the other", p_repanictwice),
        case("p_threedeep", "panics, and again in two deferred calls", p_threedeep),
        case(
            "p_recoveredthennew",
            "recovers a nil map's panic and panics anew in the deferred call",
            p_recoveredthennew,
        ),
        case("p_recoveredfully", "recovers a nil map's panic and panics anew later", p_recoveredfully),
        case("p_sigrecovered", "recovers a nil dereference and panics anew in the deferred call", p_sigrecovered),
        case("p_sigrecoveredfully", "recovers a nil dereference and panics anew later", p_sigrecoveredfully),
        case("p_sigwrapped", "recovers a nil dereference and wraps it in an error", p_sigwrapped),
        case("p_exitcode", "assigns to a nil map with os.Exit(7) deferred", p_exitcode),
        case("p_long", "panics with a string of 300 bytes", p_long),
        case("p_deep", "assigns to a nil map 150 calls deep", p_deep),
        case("p_inlined", "assigns to a nil map in a function that is inlined", p_inlined),
        case("p_closure", "assigns to a nil map in a closure", p_closure),
        case("p_panicthenfatal", "meets a concurrent map write while a panic is in flight", p_panicthenfatal),
        case("p_sigthenfatal", "meets a concurrent map write while a nil dereference is in flight", p_sigthenfatal),
        case("p_signested", "recovers a nil dereference while another panic is in flight", p_signested),
        case("p_sigdonethenfatal", "recovers a nil dereference, then meets a concurrent map write", p_sigdonethenfatal),
        case("p_panicthenfault64", "faults in a deferred call while a panic is in flight", p_panicthenfault64),
    ])();
    mark!();
}
