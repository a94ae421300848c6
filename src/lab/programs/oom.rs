//! Memory exhaustion during map growth under RLIMIT_AS. Original: `tests/goldens/src/oom`.
#![expect(non_snake_case, reason = "Go's names, which its tracebacks show")]

use super::hm::{self, Map, Try, Var, case};
use crate::fatal::defer;
use crate::gomap::SharedMap;
use crate::lab::programs::make;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

static M64: Var<Map> = Var::new(|| make(0));
static MBIG: Var<SharedMap<u64, [u8; 200]>> = Var::new(|| make(0));

/// Caps the address space at the current size plus `extra`: softly, so that the report of the death can be made, which
/// takes more memory than Go's does.
fn limit(extra: u64) {
    // A Go heap has its first arena from the start.
    hm::alloc(8);
    let statm = std::fs::read_to_string("/proc/self/statm").expect("a readable /proc");
    let pages: u64 = statm.split(' ').next().and_then(|n| n.parse().ok()).expect("the size in pages");
    let max = pages * 4096 + extra;
    let (_, hard) = getrlimit(Resource::RLIMIT_AS).expect("a limit to read");
    setrlimit(Resource::RLIMIT_AS, max, hard).expect("the limit may be lowered");
    println!("limited");
}

#[inline(never)]
fn growInt() {
    for i in 0..1 << 26 {
        M64.insert(i, i);
    }
    println!("no failure, len {}", M64.len());
}

#[inline(never)]
fn growBig() {
    for i in 0..1 << 24 {
        let mut v = [0; 200];
        v[0] = 1;
        MBIG.insert(i, v);
    }
    println!("no failure, len {}", MBIG.len());
}

#[inline(never)]
fn grow_int() {
    limit(64 << 20);
    growInt();
    mark!();
}

#[inline(never)]
fn grow_int200() {
    limit(200 << 20);
    growInt();
    mark!();
}

#[inline(never)]
fn grow_big() {
    limit(64 << 20);
    growBig();
    mark!();
}

#[inline(never)]
fn hint() {
    limit(256 << 20);
    M64.set(make(1 << 26));
    println!("no failure {}", M64.len());
}

#[inline(never)]
fn recovers() {
    fn body() {
        Try("grow", growInt);
        mark!();
    }
    limit(64 << 20);
    defer(|_| println!("deferred: must not print"), body);
    mark!();
}

#[inline(never)]
fn nogc() {
    limit(64 << 20);
    growInt();
    mark!();
}

pub(super) fn main() {
    hm::pick(vec![
        case("grow_int", "grows a map until the system refuses memory, 64 MB from now", grow_int),
        case("grow_int200", "grows a map until the system refuses memory, 200 MB from now", grow_int200),
        case("grow_big", "grows a map of large values until the system refuses memory", grow_big),
        case("hint", "makes a map with room for 67 million entries where 256 MB are left", hint),
        case("recovers", "tries to recover from running out of memory", recovers),
        case("nogc", "grows a map until the system refuses memory, with the collector off", nogc).scattered(),
    ])();
    mark!();
}
