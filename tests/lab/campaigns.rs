//! Campaigns as the command runs them: totals, digests, interruptions, shards, processes.

use gohmap::layout::mem::HAVE_ASM;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

fn gohmap(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gohmap"));
    command.args(args).stdin(Stdio::null());
    command
}

/// A folder of this test's own, which is gone afterwards.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("gohmap-lab-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("UTF-8").to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Runs a campaign; its summary.
pub(crate) fn campaign(out: &str, args: &[&str]) -> Value {
    let all = [&["campaign", "--out", out][..], args].concat();
    let Output { status, stdout, stderr } = gohmap(&all).output().expect("the command starts");
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    assert!(status.success(), "{args:?}: {}{}", text(&stdout), text(&stderr));
    summary(out)
}

fn summary(out: &str) -> Value {
    let text = fs::read(Path::new(out).join("summary.json")).expect("a summary");
    serde_json::from_slice(&text).expect("JSON")
}

fn records(out: &str) -> Vec<Value> {
    let text = fs::read_to_string(Path::new(out).join("results.jsonl")).expect("results");
    text.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
}

fn sum(value: &Value) -> u64 {
    match value {
        Value::Number(n) => n.as_u64().expect("a count"),
        Value::Array(a) => a.iter().map(sum).sum(),
        Value::Object(o) => o.values().map(sum).sum(),
        _ => 0,
    }
}

const EVERYTHING: [&str; 10] =
    ["header", "extra", "buckets", "oldbuckets", "iterator", "pointers", "pages", "frees", "allocations", "stores"];

#[test]
fn every_bit_of_the_header() {
    if !HAVE_ASM {
        return;
    }
    let dir = Scratch::new("header");
    let (a, b) = (dir.path("a"), dir.path("b"));
    let start = Instant::now();
    let s = campaign(&a, &["--target", "header", "--exhaustive"]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
    // 48 bytes of 8 bits, ten operations, four maps.
    let all = 48 * 8 * 10 * 4;
    assert_eq!(s["injections"], all);
    let classes: u64 = s["classes"].as_object().expect("classes").values().map(|c| sum(&c["count"])).sum();
    assert_eq!(classes, all);
    for table in ["details", "scenarios", "fields", "models", "bytes"] {
        assert_eq!(sum(&s[table]), all, "{table}");
    }
    assert_eq!(s["classes"]["tool-error"]["count"], 0);
    assert_eq!(s["classes"]["not-injected"]["count"], 0);
    let again = campaign(&b, &["--target", "header", "--exhaustive", "--jobs", "1"]);
    assert_eq!(s["digest"], again["digest"], "the same twice, with other workers");
    let ids: std::collections::HashSet<String> = records(&a).iter().map(|r| r["id"].to_string()).collect();
    assert_eq!(ids.len() as u64, all, "each once");
}

#[test]
fn the_seed_decides() {
    if !HAVE_ASM {
        return;
    }
    let dir = Scratch::new("seed");
    let args = |seed| [&["--samples", "3000", "--seed", seed, "--at", "steps", "--target"][..], &EVERYTHING].concat();
    let digests: Vec<Value> = [("a", "7"), ("b", "7"), ("c", "8")]
        .map(|(name, seed)| campaign(&dir.path(name), &args(seed))["digest"].clone())
        .into();
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
}

#[test]
fn in_process_and_forked_agree() {
    if !HAVE_ASM {
        return;
    }
    let dir = Scratch::new("forked");
    let (a, b) = (dir.path("a"), dir.path("b"));
    let maps = ["--map", "empty", "small", "growing", "same-size-growing", "20-entries-hint-100"];
    let common = [&maps[..], &["--samples", "5000", "--seed", "5", "--at", "before", "steps", "--operation"]].concat();
    let operations =
        ["read-hit", "assign-new", "delete-hit", "range", "clone", "clear", "mix-1", "mix-2+ops=60+keys=30+zipf"];
    let args = [&common[..], &operations, &["--target"], &EVERYTHING].concat();
    campaign(&a, &args);
    let start = Instant::now();
    campaign(&b, &[&args[..], &["--forked"]].concat());
    println!("5,000 forked injections in {:?}", start.elapsed());
    let mut differing = Vec::new();
    let essence = |r: &Value| ["outcome", "detail", "address"].map(|k| r.get(k).cloned().unwrap_or_default());
    for (x, y) in records(&a).iter().zip(records(&b)) {
        assert_eq!(x["id"], y["id"]);
        if essence(x) != essence(&y) {
            differing.push(format!("{}: {:?}, forked {:?} ({})", x["id"], essence(x), essence(&y), y["evidence"]));
        }
    }
    assert!(differing.is_empty(), "{} of 5000 differ: {:#?}", differing.len(), &differing[..differing.len().min(20)]);
}

#[test]
fn killed_and_resumed_it_is_the_same() {
    if !HAVE_ASM {
        return;
    }
    let dir = Scratch::new("resume");
    let (whole, broken) = (dir.path("whole"), dir.path("broken"));
    let args = ["--samples", "60000", "--seed", "3", "--target", "buckets", "header"];
    let digest = campaign(&whole, &args)["digest"].clone();
    let all = [&["campaign", "--out", &broken][..], &args].concat();
    let results = Path::new(&broken).join("results.jsonl");
    let mut kills = 0;
    for limit in [10_000, 3_000_000, 9_000_000] {
        let mut child = gohmap(&all).stdout(Stdio::null()).spawn().expect("the command starts");
        while fs::metadata(&results).map_or(0, |m| m.len()) < limit && child.try_wait().expect("waits").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        // SIGKILL: nothing is tidied up.
        kills += u32::from(child.try_wait().expect("waits").is_none());
        let _ = child.kill();
        child.wait().expect("ends");
        // A line that was cut off.
        let len = fs::metadata(&results).expect("results").len();
        let file = fs::OpenOptions::new().write(true).open(&results).expect("results");
        file.set_len(len - 7).expect("cut");
    }
    assert!(kills > 0, "it was never caught in the middle");
    assert_eq!(campaign(&broken, &args)["digest"], digest);
    assert_eq!(
        fs::read(&results).expect("results"),
        fs::read(Path::new(&whole).join("results.jsonl")).expect("results")
    );
    // What is done is not done again.
    assert_eq!(campaign(&broken, &args)["digest"], digest);
}

#[test]
fn shards_make_the_whole() {
    if !HAVE_ASM {
        return;
    }
    let dir = Scratch::new("shards");
    let args = ["--samples", "9001", "--seed", "4", "--target", "pointers", "stores", "header"];
    let whole = campaign(&dir.path("whole"), &args);
    let shards = ["1/3", "2/3", "3/3"];
    let folders: Vec<String> = shards.iter().map(|s| dir.path(&s.replace('/', "of"))).collect();
    for (shard, folder) in shards.iter().zip(&folders) {
        campaign(folder, &[&args[..], &["--shard", shard]].concat());
    }
    let merged = dir.path("merged");
    let merge: Vec<&str> =
        ["merge"].into_iter().chain(folders.iter().rev().map(String::as_str)).chain(["--out", &merged]).collect();
    assert!(gohmap(&merge).stdout(Stdio::null()).status().expect("starts").success());
    assert_eq!(summary(&merged), whole);
    assert_eq!(
        fs::read(Path::new(&merged).join("results.jsonl")).expect("results"),
        fs::read(Path::new(&dir.path("whole")).join("results.jsonl")).expect("results")
    );
    let said = gohmap(&["merge", &folders[0], &folders[2], "--out", &dir.path("x")]).output().expect("starts");
    assert_eq!(String::from_utf8_lossy(&said.stderr), "gohmap: shard 2/3 is missing\n");
}

#[test]
fn what_cannot_be_written_is_told_in_one_line() {
    if !HAVE_ASM {
        return;
    }
    let dir = Scratch::new("errors");
    let said = |args: &[&str]| {
        let out = gohmap(&[&["campaign"][..], args].concat()).output().expect("starts");
        assert_eq!(out.status.code(), Some(1), "{args:?}");
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!((text.lines().count(), &text[..8]), (1, "gohmap: "), "{text}");
        text
    };
    // Nobody can make a folder there, root either.
    assert!(said(&["--out", "/proc/self/nowhere"]).contains("cannot be made"));
    let file = dir.path("file");
    fs::write(&file, "").expect("a file");
    assert!(said(&["--out", &file]).contains("cannot be"));
    let folder = dir.path("folder");
    campaign(&folder, &["--samples", "10"]);
    assert!(said(&["--out", &folder, "--samples", "11"]).contains("another campaign is kept here"));
    assert!(said(&["--target", "heder"]).contains("no target \"heder\"; there are header, extra"));
    assert!(said(&["--map", "empty", "--target", "oldbuckets"]).contains("no injection at all"));
    assert!(said(&["--model", "nil", "--target", "header"]).contains("no injection at all"));
    // No room on the device: the results go to /dev/full.
    let full = dir.path("full");
    fs::create_dir_all(&full).expect("a folder");
    std::os::unix::fs::symlink("/dev/full", Path::new(&full).join("results.jsonl")).expect("a link");
    assert!(said(&["--out", &full, "--samples", "10"]).contains("No space left on device"));
}
