//! "concurrent map …" fatals: with the flag set by hand, and real races. Original: `tests/goldens/src/concurrent`.
#![expect(non_snake_case, reason = "Go's names, which its tracebacks show")]

mod keys;

use super::Compare::Racy;
use super::go_with;
use super::hm::{self, Var, case, set_writing, writing};
use crate::fatal::{self, chan, defer, go};
use crate::gomap::SharedMap;
use crate::lab::programs::make;
use crate::layout::HASH_WRITING;
use crate::map::fast64::{mapassign_fast64, mapdelete_fast64};
use crate::probe::{Probe, Step};
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::{Duration, Instant};

type Map = SharedMap<u64, i64>;

static M64: Var<Map> = Var::new(|| {
    let m = make(0);
    m.insert(1, 10);
    m.insert(2, 20);
    m
});
static E64: Var<Map> = Var::new(|| make(0));
static SINK: AtomicI64 = AtomicI64::new(0);

fn say(s: &str) {
    println!("{s}");
}

/// `sink += v`, as racy as in Go.
fn sink_add(v: i64) {
    SINK.store(SINK.load(Relaxed).wrapping_add(v), Relaxed);
}

// ---- deterministic: hashWriting set by hand, count != 0

#[inline(never)]
fn det_len64() {
    set_writing(&M64);
    println!("len with hashWriting set: {}", M64.len());
}

#[inline(never)]
fn det_assign64() {
    set_writing(&M64);
    M64.insert(3, 1);
    mark!();
}

#[inline(never)]
fn det_assign64existing() {
    set_writing(&M64);
    M64.insert(1, 1);
    mark!();
}

#[inline(never)]
fn det_read64() {
    set_writing(&M64);
    hm::sink(M64.get(1));
}

#[inline(never)]
fn det_commaok64() {
    set_writing(&M64);
    hm::sink(M64.get2(1));
}

#[inline(never)]
fn det_delete64() {
    set_writing(&M64);
    M64.delete(1);
    mark!();
}

#[inline(never)]
fn det_deletemissing64() {
    set_writing(&M64);
    M64.delete(99);
    mark!();
}

#[inline(never)]
fn det_range64() {
    set_writing(&M64);
    for (k, _) in M64.range() {
        println!("key {k}");
    }
}

/// The flag is set after the first element has been produced.
#[inline(never)]
fn det_rangemid() {
    let mut n = 0;
    for _ in M64.range() {
        n += 1;
        println!("iteration {n}");
        set_writing(&M64);
    }
}

#[inline(never)]
fn det_clear64() {
    set_writing(&M64);
    M64.clear();
    mark!();
}

#[inline(never)]
fn det_clone64() {
    set_writing(&M64);
    println!("{}", M64.clone_map().len());
}

#[inline(never)]
fn det_recover() {
    fn body() {
        defer(|_| println!("deferred write ran: must not happen"), body_inner);
    }
    fn body_inner() {
        set_writing(&M64);
        M64.insert(3, 1);
        mark!();
    }
    defer(
        |d| {
            println!("deferred function ran: must not happen");
            println!("recover: {:?}", d.recover().map(|p| p.text().to_owned()));
        },
        body,
    );
    mark!();
}

// ---- deterministic: hashWriting set on EMPTY maps

#[inline(never)]
fn empty_read64() {
    set_writing(&E64);
    println!("{}", E64.get(1));
    let (v, ok) = E64.get2(1);
    println!("{v} {ok}");
    say("no fatal");
}

#[inline(never)]
fn empty_delete64() {
    set_writing(&E64);
    E64.delete(1);
    say("no fatal");
    println!("flag still set: {}", writing(&*E64));
}

#[inline(never)]
fn empty_range() {
    set_writing(&E64);
    for _ in E64.range() {}
    say("no fatal");
}

#[inline(never)]
fn empty_assign() {
    set_writing(&E64);
    E64.insert(1, 1);
    mark!();
}

#[inline(never)]
fn empty_clear() {
    set_writing(&E64);
    E64.clear();
    say("no fatal");
}

#[inline(never)]
fn empty_clone() {
    set_writing(&E64);
    println!("{}", E64.clone_map().len());
    say("no fatal");
}

// ---- the check at the end of an operation

/// Flips hashWriting between the first check and the operation's own flip, as a second writer would.
struct Flip;

impl Probe for Flip {
    fn step(&self, step: Step) {
        if matches!(step, Step::Hash { .. }) {
            let h = hm::H(&*M64);
            h.set_flags(h.flags() ^ HASH_WRITING);
        }
    }
}

#[inline(never)]
fn done_assign() {
    // SAFETY: the map's own header and type.
    unsafe { mapassign_fast64(M64.map_type(), M64.hmap(), 5, &Flip) };
    say("not reached");
}

#[inline(never)]
fn done_delete() {
    // SAFETY: as above.
    unsafe { mapdelete_fast64(M64.map_type(), M64.hmap(), 1, &Flip) };
    say("not reached");
}

// ---- in a second goroutine; main is blocked: shows that other goroutines are listed

#[inline(never)]
fn writer() {
    set_writing(&M64);
    M64.insert(3, 1);
    mark!();
}

#[inline(never)]
fn det_goroutine() {
    go(writer);
    fatal::sleep(Duration::from_secs(5));
    mark!();
}

// ---- real races. Each spins for at most 8 seconds.

fn deadline() -> Instant {
    Instant::now() + Duration::from_secs(8)
}

#[inline(never)]
fn spinWrite(m: &Map, seed: u64, end: Instant) {
    for i in 0_u64.. {
        m.insert((i * 7 + seed) % 512, i as i64);
        if i.is_multiple_of(4096) && Instant::now() > end {
            return;
        }
    }
}

#[inline(never)]
fn spinRead(m: &Map, end: Instant) {
    for i in 0_u64.. {
        sink_add(m.get(i % 512));
        if i.is_multiple_of(4096) && Instant::now() > end {
            return;
        }
    }
}

#[inline(never)]
fn spinDelete(m: &Map, end: Instant) {
    for i in 0_u64.. {
        m.delete(i % 512);
        if i.is_multiple_of(4096) && Instant::now() > end {
            return;
        }
    }
}

#[inline(never)]
fn spinRange(m: &Map, end: Instant) {
    loop {
        for (_, v) in m.range() {
            sink_add(v);
        }
        if Instant::now() > end {
            return;
        }
    }
}

#[inline(never)]
fn spinLen(m: &Map, end: Instant) {
    let (mut bad, mut seen) = (0, 0);
    for i in 0_u64.. {
        let n = m.len();
        if !(0..=512).contains(&n) {
            bad += 1;
        }
        seen = seen.max(n);
        if i.is_multiple_of(65536) && Instant::now() > end {
            println!("len never threw; out of range values: {bad} max seen > 0: {}", seen > 0);
            return;
        }
    }
}

/// `go spinWrite(m, 3, end)`.
fn body_write((m, end): (Map, Instant)) {
    spinWrite(&m, 3, end);
}

/// `go spinDelete(m, end)`.
fn body_delete((m, end): (Map, Instant)) {
    spinDelete(&m, end);
}

#[inline(never)]
fn real_writewrite() {
    let (m, end): (Map, _) = (make(0), deadline());
    go_with(body_write, (m.clone(), end));
    spinWrite(&m, 0, end);
    say("no race hit");
}

#[inline(never)]
fn real_readwrite() {
    let (m, end): (Map, _) = (make(0), deadline());
    go_with(body_write, (m.clone(), end));
    spinRead(&m, end);
    say("no race hit");
}

#[inline(never)]
fn real_iterwrite() {
    let (m, end): (Map, _) = (make(0), deadline());
    go_with(body_write, (m.clone(), end));
    spinRange(&m, end);
    say("no race hit");
}

#[inline(never)]
fn real_writedelete() {
    let (m, end): (Map, _) = (make(0), deadline());
    go_with(body_delete, (m.clone(), end));
    spinWrite(&m, 0, end);
    say("no race hit");
}

#[inline(never)]
fn real_clonewrite() {
    let (m, end): (Map, _) = (make(0), deadline());
    go_with(body_write, (m.clone(), end));
    while Instant::now() < end {
        sink_add(m.clone_map().len());
    }
    say("no race hit");
}

#[inline(never)]
fn real_clearwrite() {
    let (m, end): (Map, _) = (make(0), deadline());
    go_with(body_write, (m.clone(), end));
    while Instant::now() < end {
        m.clear();
    }
    say("no race hit");
}

/// One writer, one goroutine that only calls len.
#[inline(never)]
fn real_lenwrite() {
    let m: Map = make(0);
    let end = Instant::now() + Duration::from_secs(2);
    let done = chan();
    let (writer, send) = (m.clone(), done.clone());
    go(move || {
        let m = writer;
        let mut i = 0;
        while Instant::now() < end {
            for k in 0..512 {
                m.insert(k, i);
            }
            for k in 0..512 {
                m.delete(k);
            }
            i += 1;
        }
        send.send(true);
    });
    spinLen(&m, end);
    done.recv();
    say("finished");
}

pub(super) fn main() {
    let flag = |what: &str| format!("{what} a map whose hashWriting flag was set by hand");
    let race = |what: &str| format!("{what} one map from two goroutines without a lock");
    let mut cases = vec![
        case("det_len64", flag("asks for the length of"), det_len64),
        case("det_assign64", flag("assigns a new key to"), det_assign64).at_all_levels(),
        case("det_assign64existing", flag("assigns to an existing key of"), det_assign64existing),
        case("det_read64", flag("reads"), det_read64),
        case("det_commaok64", flag("asks for a key, with ok, of"), det_commaok64),
        case("det_delete64", flag("deletes a key of"), det_delete64),
        case("det_deletemissing64", flag("deletes a missing key of"), det_deletemissing64),
        case("det_range64", flag("ranges over"), det_range64),
        case("det_rangemid", "sets hashWriting in the middle of a range", det_rangemid),
        case("det_clear64", flag("clears"), det_clear64).since_121(),
        case("det_clone64", flag("clones"), det_clone64).since_121(),
        case("det_recover", "tries to recover from a concurrent map write", det_recover),
        case("empty_read64", "reads an empty map whose hashWriting flag is set", empty_read64),
        case("empty_delete64", "deletes from an empty map whose hashWriting flag is set", empty_delete64),
        case("empty_range", "ranges over an empty map whose hashWriting flag is set", empty_range),
        case("empty_assign", "assigns to an empty map whose hashWriting flag is set", empty_assign),
        case("empty_clear", "clears an empty map whose hashWriting flag is set", empty_clear).since_121(),
        case("empty_clone", "clones an empty map whose hashWriting flag is set", empty_clone).since_121(),
        case("done_assign", "clears hashWriting in the middle of an assignment", done_assign),
        case("done_delete", "clears hashWriting in the middle of a delete", done_delete),
        case("det_goroutine", "sets hashWriting and assigns, in a goroutine while main sleeps", det_goroutine)
            .at_all_levels(),
        case("real_writewrite", race("writes"), real_writewrite).compare(Racy),
        case("real_readwrite", race("reads and writes"), real_readwrite).compare(Racy),
        case("real_iterwrite", race("ranges over and writes"), real_iterwrite).compare(Racy),
        case("real_writedelete", race("writes and deletes from"), real_writedelete).compare(Racy),
        case("real_clonewrite", race("clones and writes"), real_clonewrite).compare(Racy).since_121(),
        case("real_clearwrite", race("clears and writes"), real_clearwrite).compare(Racy).since_121(),
        case("real_lenwrite", "asks for the length of a map that another goroutine grows and empties", real_lenwrite),
    ];
    cases.extend(keys::keys());
    hm::pick(cases)();
    mark!();
}
