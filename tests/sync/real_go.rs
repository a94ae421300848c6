//! [`SyncMap`] beside real Go's `sync.Map`: the same operations, the same answers, and after each the same keys in the same
//! of its two maps.
//!
//! Every Go that there is builds the program in `go/`. Without a Go that is skipped, aloud.

use crate::toolchains::{build, toolchains};
use gohmap::fatal::recover;
use gohmap::gomap::Any;
use gohmap::lab::toolchain::Toolchain;
use gohmap::rng::Rng;
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::sync::{Layers, SyncMap};
use gohmap::version::GoVersion;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Maps that a script makes, one after the other, and operations on each.
const MAPS: usize = 200;
const OPERATIONS: usize = 150;

/// What the real map answers.
fn run(go: &Toolchain, script: &str) -> String {
    // From 1.24 on both maps are others, unless one asks for the old ones.
    let old = (go.version == GoVersion::V1_24).then_some("noswissmap,nosynchashtriemap");
    let exe = build(go, "sync/go", "syncmap", &[], old);
    let mut child = Command::new(&exe).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program");
    let mut to = child.stdin.take().expect("a pipe");
    let script = script.to_owned();
    let writer = std::thread::spawn(move || to.write_all(script.as_bytes()));
    let out = child.wait_with_output().expect("the program");
    writer.join().expect("a thread").expect("the program reads");
    assert!(out.status.success(), "{}: {}", go.release, out.status);
    String::from_utf8(out.stdout).expect("text")
}

/// Operations at random, the same for every seed; those that this Go has.
fn script(version: GoVersion, seed: u64) -> String {
    let rng = Rng::new(Some(seed));
    let choose = |n: u64| rng.rand() % n;
    let rules = version.rules();
    let mut text = String::new();
    for map in 0..MAPS {
        text.push_str("new\n");
        // Few keys, so that they come again; or many, so that the maps grow.
        let keys = if map % 4 == 0 { 100 } else { 6 };
        for _ in 0..OPERATIONS {
            let key = || match choose(40) {
                0 => "n".to_owned(),
                1 => "u".to_owned(),
                k if k < 20 => format!("i{}", choose(keys)),
                _ => format!("s{}", choose(keys)),
            };
            let value = || match choose(20) {
                0 => "n".to_owned(),
                1 | 2 => "u".to_owned(),
                3..=9 => format!("s{}", choose(3)),
                _ => format!("i{}", choose(3)),
            };
            let (k, v, w) = (key(), value(), value());
            let _ = match choose(40) {
                0..=8 => writeln!(text, "load {k}"),
                9..=15 => writeln!(text, "store {k} {v}"),
                16..=20 => writeln!(text, "load-or-store {k} {v}"),
                21..=24 => writeln!(text, "load-and-delete {k}"),
                25..=27 => writeln!(text, "delete {k}"),
                28 => writeln!(text, "range"),
                29..=31 if rules.sync_map_swaps => writeln!(text, "swap {k} {v}"),
                32..=35 if rules.sync_map_swaps => writeln!(text, "compare-and-swap {k} {v} {w}"),
                36..=38 if rules.sync_map_swaps => writeln!(text, "compare-and-delete {k} {v}"),
                39 if rules.sync_map_clears => writeln!(text, "clear"),
                _ => writeln!(text, "load {k}"),
            };
        }
    }
    text
}

fn parse(text: &str) -> Any {
    match text.split_at(1) {
        ("i", n) => Any::Int(n.parse().expect("a number")),
        ("s", s) => Any::from(s),
        ("u", _) => Any::Slice(Vec::new()),
        _ => Any::Nil,
    }
}

fn show(v: &Any) -> String {
    match v {
        Any::Int(n) => format!("i{n}"),
        Any::String(s) => format!("s{}", String::from_utf8_lossy(&s.0)),
        Any::Slice(_) => "u".to_owned(),
        _ => "n".to_owned(),
    }
}

fn found(v: Option<Any>) -> String {
    v.map_or_else(|| "none".to_owned(), |v| show(&v))
}

fn layers(l: Layers) -> String {
    let dirty = l.dirty.map_or_else(|| "none".to_owned(), |n| n.to_string());
    format!(
        "read {} amended {} dirty {dirty} misses {} deleted {} expunged {}",
        l.read, l.amended, l.misses, l.deleted, l.expunged
    )
}

fn answer(m: &SyncMap, f: &[&str]) -> String {
    let arg = |i: usize| parse(f[i]);
    let run = || match f[0] {
        "load" => found(m.load(arg(1))),
        "store" => {
            m.store(arg(1), arg(2));
            "done".to_owned()
        }
        "load-or-store" => {
            let (v, loaded) = m.load_or_store(arg(1), arg(2));
            format!("{} {loaded}", show(&v))
        }
        "load-and-delete" => found(m.load_and_delete(arg(1))),
        "delete" => {
            m.delete(arg(1));
            "done".to_owned()
        }
        "range" => {
            let mut all: Vec<String> = m.snapshot().iter().map(|(k, v)| format!(" {}={}", show(k), show(v))).collect();
            all.sort();
            format!("all{}", all.concat())
        }
        "swap" => found(m.swap(arg(1), arg(2))),
        "compare-and-swap" => m.compare_and_swap(arg(1), arg(2), arg(3)).to_string(),
        "compare-and-delete" => m.compare_and_delete(arg(1), arg(2)).to_string(),
        "clear" => {
            m.clear();
            "done".to_owned()
        }
        other => panic!("{other}"),
    };
    recover(run).unwrap_or_else(|panic| format!("panic {}", panic.text()))
}

/// The same of ours.
fn emulated(version: GoVersion, script: &str) -> Vec<String> {
    let rt = Runtime::new(RuntimeConfig { version, ..RuntimeConfig::default() });
    let mut m = SyncMap::new(&rt);
    let mut lines = Vec::new();
    for line in script.lines() {
        let f: Vec<&str> = line.split(' ').collect();
        if f[0] == "new" {
            m = SyncMap::new(&rt);
            lines.push("new".to_owned());
        } else {
            let answer = answer(&m, &f);
            lines.push(format!("{answer} | {}", layers(m.layers())));
        }
    }
    lines
}

#[test]
fn the_same_answers_and_layers() {
    for go in toolchains() {
        let script = script(go.version, 11);
        let real = run(&go, &script);
        let ours = emulated(go.version, &script);
        let real: Vec<&str> = real.lines().collect();
        for (i, op) in script.lines().enumerate() {
            assert_eq!(Some(ours[i].as_str()), real.get(i).copied(), "{}, line {}: {op}", go.release, i + 1);
        }
        assert_eq!(ours.len(), real.len());
        let of = |what: &str| ours.iter().filter(|l| l.contains(what)).count();
        assert!(of("hash of unhashable") > 100 && of(" expunged 1") > 100, "the script does not go everywhere");
        println!("{}: {} operations agree", go.release, ours.len() - MAPS);
    }
}

/// An operation that a Go has not yet is refused.
#[test]
fn operations_come_with_their_versions() {
    let refused = |version, f: &dyn Fn(&SyncMap)| {
        let m = SyncMap::new(&Runtime::new(RuntimeConfig { version, ..RuntimeConfig::default() }));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| f(&m))).is_err()
    };
    let swap: &dyn Fn(&SyncMap) = &|m| assert_eq!(m.swap(1_isize, 2_isize), None);
    let clear: &dyn Fn(&SyncMap) = &SyncMap::clear;
    assert_eq!(GoVersion::ALL.map(|v| refused(v, swap)), [true, false, false, false, false, false]);
    assert_eq!(GoVersion::ALL.map(|v| refused(v, clear)), [true, true, true, true, false, false]);
}
