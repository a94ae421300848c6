//! `gohmap bench sync`.

use crate::toolchains::toolchains;
use serde_json::Value;
use std::process::Command;

struct Said {
    status: Option<i32>,
    out: String,
    err: String,
}

fn bench_sync(args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gohmap"));
    command.args(["bench", "sync", "--quick"]).args(args).env_remove("GOEXPERIMENT");
    let out = command.output().expect("gohmap");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { status: out.status.code(), out: text(&out.stdout), err: text(&out.stderr) }
}

/// Lines for benchstat, then what it would make of them.
#[test]
fn benchmark_text_and_comparisons() {
    let s =
        bench_sync(&["--reads", "50", "95", "--keys", "16", "--threads", "2", "--map", "mutex", "sync.Map", "counter"]);
    assert_eq!((s.status, &*s.err), (Some(0), ""), "{}", s.out);
    assert!(s.out.starts_with("goos: ") && s.out.contains("\nUnit ns/op better=lower assume=nothing\n"), "{}", s.out);
    for (map, reads) in [("mutex", 50), ("sync.Map", 95), ("counter", 95)] {
        let name = format!("BenchmarkSync/map={map}/reads={reads}/keys=16/threads=2/by=gohmap ");
        assert_eq!(s.out.lines().filter(|l| l.starts_with(&name) && l.ends_with(" ns/op")).count(), 6, "{name}");
    }
    let (_, tables) = s.out.split_once("\n\n").expect("tables");
    assert_eq!(tables.matches("vs base").count(), 2, "{tables}");
    assert_eq!(tables.lines().filter(|l| l.starts_with("geomean ")).count(), 2, "{tables}");
    let rows: Vec<&str> = tables.lines().filter(|l| l.starts_with("reads=")).collect();
    assert!(rows.len() == 4 && rows.iter().all(|r| r.ends_with("n=6)") || r.contains("n=6) ")), "{tables}");
    // Two columns, the most that a terminal takes; how wide they are depends on what was measured.
    assert!(tables.lines().filter(|l| l.contains('│')).all(|l| l.matches('│').count() == 3), "{tables}");
}

#[test]
fn json_and_a_page() {
    let page = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("sync.html");
    let file = page.to_str().expect("a name in UTF-8");
    let s = bench_sync(&["--json", "--map", "mutex", "rwmutex", "--keys", "16", "--threads", "1", "2", "--html", file]);
    assert_eq!((s.status, &*s.err), (Some(0), ""));
    let rows: Vec<Value> = s.out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert_eq!(rows.len(), 2 * 3 * 2);
    assert_eq!((&rows[0]["map"], &rows[0]["versus"], &rows[0]["reads"]), (&"mutex".into(), &Value::Null, &0.into()));
    assert_eq!((&rows[1]["map"], &rows[1]["versus"]["map"]), (&"rwmutex".into(), &"mutex".into()));
    assert!(rows.iter().all(|r| r["samples"].as_array().is_some_and(|s| s.len() == 6)));
    let p = rows[1]["versus"]["p"].as_f64().expect("a number");
    assert!((0.0..=1.0).contains(&p));
    let page = std::fs::read_to_string(&page).expect("a page");
    assert!(page.contains("<h2>16 keys, 2 threads</h2>") && page.contains("rwmutex"), "{page}");
    assert_eq!(page.matches("class=\"curve\"").count(), 4);
}

#[test]
fn what_is_wrong_is_said_in_a_line() {
    for (args, status, text) in [
        (&["--map", "mutes"][..], 2, "it can be mutex, rwmutex, sync.Map, counter"),
        (&["--reads", "101"], 2, "101 is not in 0..=100"),
        (&["--article", "--reads", "5"], 2, "cannot be used with"),
        (&["--go", "/nowhere"], 1, "/nowhere: no Go there that can be run: "),
    ] {
        let s = bench_sync(args);
        assert!(s.status == Some(status) && s.err.contains(text), "{args:?}: {:?} {}", s.status, s.err);
        assert!(status == 2 || s.err.lines().count() == 1, "{}", s.err);
    }
}

/// The article's rows have a verdict each, ours and real Go's; and Go does the same steps, or the bench would refuse.
#[test]
fn the_article_beside_real_go() {
    let rows = |out: &str| out.lines().filter(|l| l.starts_with("article ")).count();
    let s = bench_sync(&["--article", "--threads", "2"]);
    assert_eq!((s.status, rows(&s.out)), (Some(0), 3), "{}{}", s.out, s.err);
    let Some(go) = toolchains().pop() else { return };
    let s = bench_sync(&["--article", "--threads", "2", "--go", go.named()]);
    assert_eq!((s.status, rows(&s.out)), (Some(0), 6), "{}{}", s.out, s.err);
    assert!(s.out.contains(&format!("/by={}", go.release.trim_end_matches("-noswiss"))), "{}", s.out);
}
