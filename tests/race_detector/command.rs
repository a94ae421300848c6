//! `gohmap race-detect`.

use crate::toolchains::toolchains;
use gohmap::lab::programs::recorded::{Exit, Outcome};
use gohmap::lab::races::WITH_GORACE;
use gohmap::lab::races::recorded::outcome;
use serde_json::Value;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn gohmap(args: &[&str], gorace: &str) -> Output {
    let mut c = Command::new(env!("CARGO_BIN_EXE_gohmap"));
    c.arg("race-detect").args(args).env("GORACE", gorace).env_remove("GOHMAP_ISA").output().expect("gohmap runs")
}

/// What comes of the program whose `GORACE` is recorded, with this one.
pub(crate) fn with_gorace(value: &str) -> Outcome {
    let out = gohmap(&[&WITH_GORACE.to_string()], value);
    outcome(Exit::from(out.status), &text(&out.stdout), &text(&out.stderr))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

const RACY: &str = "mutex/assign64/update64";

#[test]
fn a_racy_program_ends_as_in_go() {
    let out = gohmap(&[RACY], "");
    let err = text(&out.stderr);
    assert_eq!((out.status.code(), text(&out.stdout).as_str()), (Some(66), "finished\n"));
    assert!(err.starts_with("==================\nWARNING: DATA RACE\nRead at 0x00c0"), "{err}");
    assert!(err.ends_with("==================\nFound 2 data race(s)\n"), "{err}");
    assert!(err.contains("  runtime.mapaccess1_fast64()\n      gohmap/src/map/fast64.rs:"), "{err}");
    assert_eq!(err.matches(" +0x0\n").count(), 2, "only functions of the runtime tell their first instruction: {err}");
}

#[test]
fn a_synchronised_one_says_nothing() {
    let out = gohmap(&[RACY, "--synced"], "");
    assert_eq!(
        (out.status.code(), text(&out.stdout), text(&out.stderr)),
        (Some(0), "finished\n".into(), String::new())
    );
}

#[test]
fn the_first_race_ends_it() {
    let out = gohmap(&[RACY], "halt_on_error=1 exitcode=3");
    assert_eq!((out.status.code(), text(&out.stdout).as_str()), (Some(3), ""));
    let err = text(&out.stderr);
    assert_eq!(err.matches("WARNING: DATA RACE").count(), 1, "{err}");
    assert!(err.ends_with("==================\n") && !err.contains("Found"), "{err}");
}

#[test]
fn reports_go_where_they_are_wanted() {
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("race-log");
    let written = || -> Vec<PathBuf> {
        let dir = log.parent().expect("a folder").read_dir().expect("a folder");
        dir.map(|f| f.expect("a file").path()).filter(|p| p.to_string_lossy().contains("/race-log.")).collect()
    };
    written().iter().for_each(|f| std::fs::remove_file(f).expect("an old log"));
    let out = gohmap(&[RACY], &format!("log_path={}", log.display()));
    assert_eq!((out.status.code(), out.stderr.len()), (Some(66), 0));
    let logs = written();
    assert_eq!(logs.len(), 1, "{logs:?}");
    assert!(std::fs::read_to_string(&logs[0]).expect("a log").ends_with("Found 2 data race(s)\n"));
    let folder = log.with_file_name("race-logs");
    let _ = std::fs::remove_dir_all(&folder);
    let out = gohmap(&[RACY], &format!("log_path={}/new/", folder.display()));
    assert_eq!((out.status.code(), out.stderr.len()), (Some(66), 0));
    assert_eq!(folder.join("new").read_dir().expect("a folder was made").count(), 1);
    // It is opened for the first report.
    let impossible = format!("exitcode=7 log_path={}/{}", folder.display(), "x".repeat(300));
    let out = gohmap(&[RACY, "--synced"], &impossible);
    assert_eq!((out.status.code(), out.stderr.len()), (Some(0), 0));
    let out = gohmap(&[RACY], &impossible);
    let err = text(&out.stderr);
    assert_eq!((out.status.code(), text(&out.stdout).as_str()), (Some(7), ""));
    assert!(err.starts_with("ERROR: Can't open file: ") && err.ends_with(" (reason: 36)\n"), "{err}");
    let out = gohmap(&[RACY], "log_path=stdout,exitcode=0");
    assert_eq!((out.status.code(), out.stderr.len()), (Some(0), 0));
    let err = gohmap(&[RACY], "strip_path_prefix=src/").stderr;
    assert!(text(&err).contains("      map/fast64.rs:"), "{}", text(&err));
}

#[test]
fn wrong_names_are_errors() {
    for (args, says) in [
        (&["mutex/assign64/updat64"][..], "no operation \"updat64\"; did you mean \"update64\"?"),
        (&["mutexx/assign64/update64"], "no edge \"mutexx\"; did you mean \"mutex\"?"),
        (&["mutex"], "\"mutex\" is not EDGE/LEFT/RIGHT"),
        (&["mutex/clear64/read64", "--go", "1.19"], "--go 1.21 or later"),
    ] {
        let out = gohmap(args, "");
        let err = text(&out.stderr);
        assert_eq!((out.status.code(), err.lines().count()), (Some(1), 1), "{err}");
        assert!(err.contains(says), "{err}");
    }
}

#[test]
fn for_machines() {
    let out = gohmap(&["join/throughptr/readptr", "--json"], "");
    assert_eq!(out.status.code(), Some(0));
    let races: Vec<Value> = text(&out.stdout).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(races.len(), 1);
    let race = &races[0];
    assert_eq!((&race["access"]["write"], &race["previous"]["write"]), (&false.into(), &true.into()));
    assert_eq!(race["access"]["stack"][0]["function"], "main.readptr");
    assert_eq!(race["access"]["addr"], race["previous"]["addr"]);
    assert_eq!(race["goroutines"][0]["running"], true);

    let out = gohmap(&["--all", "--json", "--go", "1.19"], "");
    assert_eq!(out.status.code(), Some(0));
    let rows: Vec<Value> = text(&out.stdout).lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert!(rows.len() > 100 && rows.iter().all(|r| r["agrees"] == true && r["real_go"] == "go1.19.8, recorded"));
    let racy = |r: &Value| r["races"].as_array().is_some_and(|a| !a.is_empty());
    assert!(rows.iter().all(|r| racy(r) == (r["form"] == "racy")));
}

#[test]
fn the_table_for_people() {
    let out = gohmap(&["--all"], "");
    let page = text(&out.stdout);
    assert_eq!(out.status.code(), Some(0), "{page}");
    assert!(page.ends_with("\nReported: 60 of 60 racy programs, 0 of 60 synchronised ones.\n120 of 120 say what real Go says (go1.22.10, recorded).\n"), "{page}");
    let list = text(&gohmap(&["--list"], "").stdout);
    assert!(list.lines().all(|l| l.len() <= 80), "{list}");
    assert_eq!(list.lines().filter(|l| l.contains('/')).count(), 60, "{list}");
}

#[test]
fn beside_a_real_go() {
    for args in [&[RACY, "--go-toolchain", "go"][..], &["--all", "--go", "1.22", "--go-toolchain", "go"]] {
        assert_eq!(gohmap(args, "").status.code(), Some(2), "{args:?}");
    }
    let out = gohmap(&["--all", "--go-toolchain", "/nowhere/go"], "");
    let err = text(&out.stderr);
    assert_eq!((out.status.code(), err.lines().count()), (Some(1), 1), "{err}");
    assert!(err.contains("--go-toolchain /nowhere/go: no Go there that can be run"), "{err}");
    let Some(go) = toolchains().pop() else { return };
    let out = gohmap(&["--all", "--go-toolchain", go.named()], "");
    let (page, err) = (text(&out.stdout), text(&out.stderr));
    if err.contains("with -race the programs do not build") {
        let _ = writeln!(std::io::stderr(), "SKIPPED: {err}");
        return;
    }
    assert_eq!(out.status.code(), Some(0), "{page}{err}");
    assert!(page.ends_with(&format!(" say what real Go says ({}).\n", go.release)), "{page}");
}
