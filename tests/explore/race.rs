//! `gohmap race` from outside: threads on an unlocked map, here and in real Go.

use crate::toolchains::toolchains;
use gohmap::layout::mem::HAVE_ASM;
use serde_json::Value;
use std::process::{Command, Output};

fn race(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gohmap")).arg("race").args(args).output().expect("the command runs")
}

/// What each implementation comes to.
fn sides(args: &[&str]) -> Vec<Value> {
    let out = race(&[args, &["--json"]].concat());
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().lines().map(|l| serde_json::from_str(l).unwrap()).collect()
}

fn rounds(side: &Value, class: &str) -> u64 {
    side["classes"][class]["rounds"].as_u64().unwrap()
}

/// Each round is one of some class.
fn assert_sum(side: &Value) {
    let classes = side["classes"].as_object().unwrap();
    let sum: u64 = classes.keys().map(|c| rounds(side, c)).sum();
    assert_eq!(side["rounds"].as_u64(), Some(sum), "{side}");
}

/// Whether the check has fired on every side, in one of several tries: a processor that is busy otherwise may run the threads one
/// after the other.
fn is_caught(args: &[&str]) -> bool {
    for _ in 0..20 {
        let all = sides(args);
        all.iter().for_each(assert_sum);
        if all.iter().all(|s| rounds(s, "caught") > 0) {
            assert!(all.iter().all(|s| s["operations_until_caught"][1].is_u64()), "{all:?}");
            assert!(all.iter().all(|s| s["kinds"]["caught: concurrent map writes"].is_u64()), "{all:?}");
            return true;
        }
    }
    false
}

const WRITERS: [&str; 5] = ["assign-hit+assign-hit", "--operations", "900000", "--seconds", "0.1"];

#[test]
fn writers_are_caught_by_portable_code_and_by_assembly() {
    if HAVE_ASM {
        assert!(is_caught(&WRITERS));
    }
}

#[test]
fn readers_never_are() {
    if !HAVE_ASM {
        return;
    }
    for pair in ["read+iterate", "read+len"] {
        for side in sides(&[pair, "--threads", "3", "--operations", "100", "--seconds", "0.1"]) {
            assert_sum(&side);
            assert_eq!(side["rounds"].as_u64(), Some(rounds(&side, "fine")), "{side}");
        }
    }
}

#[test]
fn what_cannot_be_is_said_in_one_line() {
    if !HAVE_ASM {
        return;
    }
    for (args, says) in [
        (&["read+read", "--isa", "sparc"][..], "no implementation \"sparc\" here"),
        (&["read+clone", "--go", "1.19"], "Go 1.19 has no maps.Clone"),
        (&["read+read", "--go-toolchain", "/nowhere/go"], "/nowhere/go: no Go there that can be run"),
        (&["read+read", "--seconds=-1"], "is no time"),
    ] {
        let out = race(args);
        let text = String::from_utf8(out.stderr).unwrap();
        assert!(!out.status.success() && text.contains(says), "{args:?}: {text}");
    }
}

#[test]
fn real_go_is_caught_too() {
    if !HAVE_ASM {
        return;
    }
    for go in toolchains() {
        let go = go.named();
        assert!(is_caught(&[&WRITERS[..], &["--isa", "portable", "--go-toolchain", go]].concat()), "{go}");
        let args =
            ["read+iterate", "--isa", "portable", "--operations", "100", "--seconds", "0.1", "--go-toolchain", go];
        let all = sides(&args);
        assert_eq!(all.len(), 2);
        assert_eq!(all[1]["rounds"].as_u64(), Some(rounds(&all[1], "fine")), "{go}: {}", all[1]);
    }
}
