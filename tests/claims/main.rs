//! `gohmap claims` and `gohmap nil`, from outside: against recordings of real Go, and against every Go in `GOHMAP_GO` (paths
//! of go binaries, colons between), or the `go` on PATH. Without a Go that is skipped, aloud.

#![cfg(all(target_os = "linux", target_arch = "x86_64", not(feature = "portable")))]

mod fake;
#[path = "../toolchains/mod.rs"]
mod toolchains;

use serde_json::Value;
use std::collections::HashMap;
use std::io::Write;
use std::process::{Command, Output};
use toolchains::toolchains;

fn gohmap(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gohmap")).args(args).env_remove("GOTRACEBACK").output().expect("gohmap")
}

/// What a command that succeeds prints.
#[track_caller]
fn text(args: &[&str]) -> String {
    let out = gohmap(args);
    let stdout = String::from_utf8(out.stdout).expect("text");
    assert!(out.status.success(), "gohmap {args:?}: {}\n{stdout}", String::from_utf8_lossy(&out.stderr));
    stdout
}

fn lines(args: &[&str]) -> Vec<Value> {
    let text = text(args);
    text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

/// The one line that a command fails with.
#[track_caller]
fn fails(args: &[&str], says: &str) {
    let out = gohmap(args);
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!((out.status.code(), err.lines().count()), (Some(1), 1), "gohmap {args:?}: {err}");
    assert!(err.contains(says), "gohmap {args:?}: {err:?} should say {says:?}");
}

fn verdict<'a>(rows: &'a [Value], claim: &str) -> &'a Value {
    &rows.iter().find(|r| r["claim"] == claim).unwrap_or_else(|| panic!("no {claim}"))["verdict"]
}

/// Nothing that can be compared differs, and every claim that can be run has a verdict.
fn hold_together(rows: &[Value]) {
    for r in rows {
        let name = &r["claim"];
        assert_ne!(r["agrees"], false, "{r:#}");
        // Some only a toolchain can tell; speed is not recorded.
        let told = r["tests"].as_array().expect("tests").iter().any(|t| t["missing"].is_null());
        assert_eq!(told, !r["verdict"].is_null(), "{name}");
        assert!(r["cannot"].is_null() || !told, "{name}");
        if r["agrees"] == true {
            assert_eq!(r["verdict"], r["real_verdict"], "{name}");
        }
    }
}

#[test]
fn claims_against_recordings() {
    let rows = lines(&["claims", "--json", "--go", "1.22"]);
    hold_together(&rows);
    assert!(rows.iter().filter(|r| r["agrees"] == true).count() >= 49, "real Go is recorded");
    // As they were found out by hand on real Go.
    for (claim, expected) in [
        ("len-sets-off-the-check", "does not hold"),
        ("nil-reads-are-zero", "holds"),
        ("nil-range-panics", "does not hold"),
        ("overwritten-buckets-len-faults", "does not hold"),
        ("below-4096-panics", "holds"),
        ("len-is-the-count", "holds"),
        ("nil-check-on-ax", "does not hold"),
        ("nil-check-on-bx", "holds"),
        ("nil-buckets-throw", "does not hold"),
        ("vet-sees-nil-writes", "does not hold"),
        ("read-only-page-ends-in-000", "holds in part"),
        ("flags-ff-refuses-writes", "holds"),
        ("flags-ff-refuses-only-writes", "holds in part"),
        ("growing-needs-noverflow-0", "does not hold"),
        ("exporter-loses-98-percent", "holds"),
        ("sync-map-needs-no-make", "holds"),
        ("every-schedule-is-caught", "does not hold"),
        ("race-detector-names-both-sides", "holds"),
        ("race-detector-names-one-line", "holds in part"),
    ] {
        assert_eq!(verdict(&rows, claim), expected, "{claim}");
    }
}

#[test]
fn versions_decide() {
    let only = ["unexpected-signal-is-of-c-code", "header-is-48-bytes", "reads-beside-writes-die"];
    let of = |go: &str| lines(&[&["claims", "--json", "--go", go, "--only"][..], &only].concat());
    let (old, new) = (of("1.19"), of("1.24-noswiss"));
    hold_together(&old);
    hold_together(&new);
    assert_eq!(verdict(&old, only[0]), "holds", "Go 1.19 says so of C code");
    assert_eq!(verdict(&new, only[0]), "does not hold");
    assert_eq!(verdict(&old, only[1]), "holds");
    assert_eq!(verdict(&new, only[1]), "holds in part", "the header has 56 bytes");
    // Without maps.Clone, Go 1.19 is judged by the rest.
    let tests = |rows: &[Value]| rows.iter().find(|r| r["claim"] == only[2]).expect("the claim")["tests"].clone();
    assert_eq!(tests(&old)[2]["missing"], "not in Go 1.19: needs 1.21");
    assert!(tests(&new)[2]["missing"].is_null());
}

#[test]
fn evidence_is_shown() {
    let page = text(&["claims", "--only", "read-only-page-ends-in-000", "oom-killer-lines-up"]);
    for part in [
        "Of chapter 4.1\n  The address of a fault in a read-only page ends in 000\n",
        "    - fault.b0_readonly_assignnew: exit 2\n        unexpected fault address 0x600000000002\n",
        "    + fault.b0_readonly_clear: exit 2\n        unexpected fault address 0x600000000000\n",
        "  read-only-page-ends-in-000: holds in part; go1.22.10, recorded agrees\n",
        "0 hold, 1 hold in part, 0 do not hold, 1 cannot be run. 1 of 1 agree with\ngo1.22.10, recorded.\n",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
    assert!(page.lines().all(|l| l.chars().count() <= 80), "{page}");
    assert!(!page.contains('\x1b'), "no colours in a pipe");
}

#[test]
fn claims_by_name() {
    let list = text(&["claims", "--list"]);
    assert!(list.contains("len-sets-off-the-check (signal 1)\n    len() alone can"), "{list}");
    let listed = lines(&["claims", "--list", "--json"]);
    assert!(listed.len() > 50);
    assert!(listed.iter().all(|c| c["cannot"].is_null() != c["experiments"].as_array().expect("a list").is_empty()));
    fails(&["claims", "--only", "nil-length-panics"], "did you mean \"nil-len-panics\"?");
    fails(&["claims", "--go-toolchain", "/nowhere/go"], "--go-toolchain /nowhere/go: no Go there that can be run");
    assert_eq!(gohmap(&["claims", "--go", "1.22", "--go-toolchain", "go"]).status.code(), Some(2));
}

#[test]
fn the_truth_table() {
    let rows = lines(&["nil", "--json"]);
    assert_eq!(rows.len(), 8 * 5 * 12, "kinds of keys, states, operations and header");
    for r in &rows {
        let results = r["results"].as_object().expect("by version");
        for (release, real) in r["real_go"].as_object().expect("by release") {
            let version = results.iter().find(|(v, _)| release.contains(v.trim_end_matches("-noswiss"))).expect("ours");
            assert_eq!(real, version.1, "{r}");
        }
    }
    let result = |keys: &str, map: &str, operation: &str, go: &str| {
        let same = |r: &&Value| r["keys"] == keys && r["map"] == map && r["operation"] == operation;
        rows.iter().find(same).expect("a row")["results"][go].clone()
    };
    assert_eq!(result("string", "nil", "m[k]", "1.22"), "0");
    assert_eq!(result("string", "nil", "m[k] = 1", "1.19"), "panic: assignment to entry in nil map");
    assert_eq!(result("string", "empty", "m[k] = 1", "1.19"), "len 1, buckets");
    // The unhashable key of a read is noticed even where there is nothing; that of an assignment after the nil map.
    let unhashable = "panic: runtime error: hash of unhashable type []interface {}";
    assert_eq!(result("any([]any)", "nil", "m[k]", "1.23"), unhashable);
    assert_eq!(result("any([]any)", "nil", "m[k] = 1", "1.23"), "panic: assignment to entry in nil map");
    assert_eq!(result("any([]any)", "empty", "m[k] = 1", "1.23"), unhashable);
    assert_eq!(result("string", "nil", "clear(m)", "1.19"), Value::Null);
    assert_eq!(result("string", "sized", "header", "1.21"), "count 0, B 5, buckets");
    let assign = rows.iter().find(|r| r["map"] == "nil" && r["operation"] == "m[k] = 1").expect("a row");
    assert_eq!(
        (&assign["sa5000_documented"], &assign["go_vet"]["1.22"]),
        (&"Assignment to nil map".into(), &Value::Null)
    );

    let page = text(&["nil", "--go", "1.19", "1.22", "1.20"]);
    for part in [
        "Keys: uint64, uint32, string, struct, float64, any(int)\n",
        "nil           empty, zeroed, sized, emptied  go vet   SA5000\n",
        "m[k] = 1                  panic [1]     len 1, buckets                 nothing  reports\n",
        "clear(m), from 1.21       len 0         len 0                          nothing  -\n",
        "[1] panic: assignment to entry in nil map\n",
        "Go 1.19: 400 of 400 results agree with go1.19.8, recorded\n",
        "Go 1.20: no real Go to compare with\n",
    ] {
        assert!(page.contains(part), "{part:?} is not in\n{page}");
    }
}

#[test]
fn real_go_agrees() {
    for go in toolchains() {
        let live = lines(&["claims", "--json", "--go-toolchain", go.named()]);
        hold_together(&live);
        let version = live[0]["go"].as_str().expect("a version");
        let release = live[0]["real_go"].as_str().expect("a release");
        // What only real Go decides is as it was recorded; but for speed, which is this machine's.
        let decided = |r: &&Value| r["agrees"].is_null() && !r["verdict"].is_null();
        let speed = |r: &&Value| r["tests"][0]["predicts"].as_str().expect("words").contains("faster");
        let alone: Vec<&str> =
            live.iter().filter(decided).filter(|r| !speed(r)).map(|r| r["claim"].as_str().expect("a name")).collect();
        assert!(alone.len() >= 7, "{alone:?}");
        let races = live.iter().find(|r| r["claim"] == "race-detector-names-both-sides").expect("the claim");
        let missing = &races["tests"][0]["missing"];
        assert!(races["agrees"] == true || !missing.is_null(), "{races:#}");
        if !missing.is_null() {
            let _ = writeln!(std::io::stderr(), "SKIPPED: {release} builds nothing with -race: {missing}");
        }
        let recorded = lines(&[&["claims", "--json", "--go", version, "--only"][..], &alone].concat());
        let verdicts = |rows: &[Value]| -> HashMap<String, Value> {
            rows.iter().map(|r| (r["claim"].to_string(), r["verdict"].clone())).collect()
        };
        let live_verdicts = verdicts(&live);
        for (claim, v) in verdicts(&recorded).into_iter().filter(|(_, v)| !v.is_null()) {
            assert_eq!(v, live_verdicts[&claim], "{claim} of {release}, recorded and live");
        }
        let agree = live.iter().filter(|r| r["agrees"] == true).count();
        let all = live.iter().filter(|r| !r["agrees"].is_null()).count();
        let table = text(&["nil", "--go-toolchain", go.named()]);
        let results = table.lines().find(|l| l.starts_with("Go ")).unwrap_or_default();
        println!("{release}: {agree} of {all} claims agree; of the truth table {results}");
        assert!(results.ends_with(&format!("results agree with {release}")), "{table}");
    }
}
