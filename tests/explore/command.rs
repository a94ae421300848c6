//! `gohmap explore` from outside.

use gohmap::layout::mem::HAVE_ASM;
use std::process::{Command, Output};

fn explore(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gohmap")).arg("explore").args(args).output().expect("the command runs")
}

fn stdout(args: &[&str]) -> String {
    let out = explore(args);
    assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

#[test]
fn what_machines_read_can_be_replayed() {
    if !HAVE_ASM {
        return;
    }
    let lines = stdout(&["assign-other+delete", "--go", "1.19,1.23", "--json"]);
    let rows: Vec<serde_json::Value> = lines.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    for go in ["1.19", "1.23"] {
        let of: Vec<_> = rows.iter().filter(|r| r["go"] == go).collect();
        let sum: u64 = of.iter().map(|r| r["schedules"].as_u64().unwrap()).sum();
        assert_eq!(of[0]["of"].as_u64(), Some(sum));
        let silent = of.iter().find(|r| r["class"] == "silent").expect("something goes wrong silently");
        let told = stdout(&["--replay", silent["replay"].as_str().unwrap()]);
        let end = format!("silent: {}", silent["kind"].as_str().unwrap());
        assert!(told.lines().last().unwrap().starts_with(&end), "{told}");
    }
}

#[test]
fn people_see_classes_and_examples() {
    if !HAVE_ASM {
        return;
    }
    let page = stdout(&["assign-hit+read"]);
    assert!(page.contains("caught: concurrent map read and map write"), "{page}");
    assert!(page.contains("--replay 1.22/u64/3-entries/assign-hit+read/"), "{page}");
    assert!(page.lines().all(|l| l.chars().count() <= 100), "{page}");
    let drawn = stdout(&["assign-hit+read", "--random", "500", "--seed", "3"]);
    assert!(drawn.contains("seed 3"), "{drawn}");
    assert_eq!(drawn, stdout(&["assign-hit+read", "--random", "500", "--seed", "3"]));
    assert!(stdout(&["--list"]).contains("growing/assign-other+iterate"));
}

#[test]
fn what_cannot_be_is_said_in_one_line() {
    for (args, status, says) in [
        (&["assign-hit+fly"][..], 2, "no operation \"fly\""),
        (&["--replay", "1.22/u64/small/read+read/x"], 2, "no list of steps"),
        (&["read+clone", "--go", "1.20"], 1, "Go 1.20 has no maps.Clone"),
        (&["read+read", "--go", "0.9"], 1, "0.9"),
        (&["read+read", "--points", "naps"], 2, "naps"),
        (&["read+read", "--states", "0"], 2, "from 1 on"),
        (&["assign-other+read", "--states", "50"], 1, "--random"),
    ] {
        if status == 1 && !HAVE_ASM {
            continue;
        }
        let out = explore(args);
        let text = String::from_utf8(out.stderr).unwrap();
        assert_eq!(out.status.code(), Some(status), "{args:?}: {text}");
        assert!(text.contains(says), "{args:?}: {text}");
    }
}
