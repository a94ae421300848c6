//! Assignment to a nil map. Original: `tests/goldens/src/nilassign`.

mod keys;

use super::hm::{self, Var, case};
use crate::fatal::{self, Deferred, Value, defer, go};
use crate::gomap::SharedMap;
use crate::lab::programs::nil;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

type Big = [u8; 200];

static M64: Var<SharedMap<u64, i64>> = Var::new(nil);
static OTHER: Var<SharedMap<u64, i64>> = Var::new(nil);
static MBIG: Var<SharedMap<u64, Big>> = Var::new(nil);
static CALLS: AtomicI64 = AtomicI64::new(0);

#[inline(never)]
fn fast64() {
    M64.insert(1, 2);
    mark!();
}

#[inline(never)]
fn bigvalue() {
    MBIG.insert(1, [0; 200]);
    mark!();
}

#[inline(never)]
fn increment() {
    M64.update(1, |v| v + 1);
    mark!();
}

#[inline(never)]
fn opassign() {
    M64.update(3, |v| v + 4);
    mark!();
}

#[inline(never)]
fn next() -> i64 {
    CALLS.fetch_add(1, Relaxed) + 1
}

#[inline(never)]
fn rhsorder() {
    fn body() {
        let (k, v) = (next(), next());
        M64.insert(k as u64, v);
    }
    defer(
        |d| {
            let r = d.recover();
            println!("calls before panic: {}", CALLS.load(Relaxed));
            if let Some(p) = r {
                hm::report(&p);
            }
        },
        body,
    );
}

#[inline(never)]
fn recovered64() {
    for (name, f) in [("fast64", fast64 as fn()), ("bigvalue", bigvalue), ("increment", increment)] {
        hm::Try(name, f);
    }
    defer(
        |d| {
            if let Some(p) = d.recover() {
                println!("errors.As runtime.Error: {}", p.is_runtime_error());
                println!("Error(): {:?}", p.text());
            }
        },
        fast64,
    );
}

#[inline(never)]
fn repanic() {
    defer(
        |d| {
            mark!();
            if let Some(p) = d.recover() {
                fatal::repanic(&p);
            }
        },
        fast64,
    );
    mark!();
}

#[inline(never)]
fn repanicwrapped() {
    defer(
        |d| {
            if let Some(p) = d.recover() {
                fatal::panic_value(Value::User { go_type: "*fmt.wrapError", text: format!("wrapped: {}", p.text()) });
            }
        },
        fast64,
    );
    mark!();
}

#[inline(never)]
fn panicindefer() {
    defer(
        |_| {
            OTHER.insert(5, 1);
            mark!();
        },
        fast64,
    );
    mark!();
}

#[inline(never)]
fn ingoroutine() {
    go(fast64);
    fatal::sleep(Duration::from_secs(5));
    mark!();
}

#[inline(never)]
fn indefer() {
    fn body() {
        println!("before");
    }
    fn body_deferred(_: &Deferred) {
        fast64();
        mark!();
    }
    defer(body_deferred, body);
    mark!();
}

#[inline(never)]
fn stderrfirst() {
    eprint!("partial line without newline");
    fast64();
    mark!();
}

pub(super) fn main() {
    let mut cases = vec![
        case("fast64", "assigns to a nil map", fast64).at_all_levels(),
        case("bigvalue", "assigns a 200-byte value to a nil map", bigvalue),
        case("increment", "increments an entry of a nil map", increment),
        case("opassign", "adds to an entry of a nil map", opassign),
        case("rhsorder", "assigns to a nil map what a function call returns, and recovers", rhsorder),
        case("recovered64", "assigns to nil maps in three ways and recovers every time", recovered64),
        case("repanic", "recovers the panic of a nil map and panics with it again", repanic),
        case("repanicwrapped", "recovers the panic of a nil map and panics with an error around it", repanicwrapped),
        case("panicindefer", "assigns to a nil map, and to another one in a deferred call", panicindefer),
        case("ingoroutine", "assigns to a nil map in a goroutine while main sleeps", ingoroutine).at_all_levels(),
        case("indefer", "assigns to a nil map in a deferred call", indefer),
        case("stderrfirst", "writes half a line to standard error, then assigns to a nil map", stderrfirst),
    ];
    cases.extend(keys::keys());
    hm::pick(cases)();
    mark!();
}
