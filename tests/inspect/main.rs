//! `gohmap inspect` and `gohmap fsck` on real Go programs, live and in cores.
//!
//! Every Go in `GOHMAP_GO` (paths of go binaries, colons between), or the `go` on PATH, builds `go/main.go`, which tells what is
//! in its maps. Without a Go that is skipped, aloud; `src/inspect` has tests of its own on emulated maps.

#![cfg(target_os = "linux")]

#[path = "../toolchains/mod.rs"]
mod toolchains;

use gohmap::inspect::target::Target;
use gohmap::lab::toolchain::Toolchain;
use gohmap::version::GoVersion;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;
use toolchains::{build, toolchains};

/// The program with classic maps.
fn classic(go: &Toolchain) -> PathBuf {
    build(go, "inspect/go", "inspected-classic", &[], None)
}

/// The program, running.
struct Running {
    child: Child,
    /// By name: length and entries, sorted.
    maps: BTreeMap<String, (usize, Vec<String>)>,
    /// Maps in all states of growth: names and lengths.
    healthy: Vec<(String, usize)>,
    /// Maps broken on purpose: names, and the rule of `fsck` that must say so.
    planted: Vec<(String, String)>,
}

impl Running {
    fn start(exe: &Path, args: &[&str]) -> Self {
        let this = Self::of(exe, args);
        let told = (this.maps.len(), this.healthy.len(), this.planted.len());
        assert_eq!(told, (19, 100, 29), "the program has told of all its maps");
        this
    }

    /// The same of a program that may not have told of anything.
    fn of(exe: &Path, args: &[&str]) -> Self {
        let mut child = Command::new(exe)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", exe.display()));
        let mut maps: BTreeMap<String, (usize, Vec<String>)> = BTreeMap::new();
        let (mut healthy, mut planted) = (Vec::new(), Vec::new());
        let mut last = String::new();
        for line in BufReader::new(child.stdout.take().expect("a pipe")).lines() {
            let line = line.expect("text");
            if line == "ready" {
                break;
            }
            if let Some(entry) = line.strip_prefix('\t') {
                maps.get_mut(&last).expect("a map first").1.push(entry.to_owned());
                continue;
            }
            let [what, name, of] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let name = name.to_owned();
            match what {
                "healthy" => healthy.push((name, of.parse().expect("a number"))),
                "plant" => planted.push((name, of.to_owned())),
                _ => {
                    last.clone_from(&name);
                    maps.insert(name, (of.parse().expect("a number"), Vec::new()));
                }
            }
        }
        for (_, entries) in maps.values_mut() {
            entries.sort();
        }
        Self { child, maps, healthy, planted }
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gohmap(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gohmap")).args(args).output().expect("gohmap")
}

fn text(args: &[&str]) -> String {
    let out = gohmap(args);
    assert!(out.status.success(), "gohmap {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).expect("text")
}

/// The one line that a command fails with.
#[track_caller]
fn fails(args: &[&str], with: &[&str]) {
    let out = gohmap(args);
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(1), "gohmap {args:?}: {err}");
    assert_eq!(err.lines().count(), 1, "gohmap {args:?}: {err}");
    for part in with {
        assert!(err.contains(part), "gohmap {args:?}: {err:?} should say {part:?}");
    }
}

/// Holds what `inspect` shows of each map against what the program said; `target` is a process or core and its options.
fn compare(target: &[&str], maps: &BTreeMap<String, (usize, Vec<String>)>) {
    for (name, (len, entries)) in maps {
        let mut args = vec!["inspect"];
        args.extend(target);
        args.extend([name.as_str(), "--limit", "100000000"]);
        let shown = text(&args);
        if name == "main.nilMap" {
            assert!(shown.ends_with("\n  nil\n"), "{shown}");
            continue;
        }
        let walked = format!("  {len} entries, {len} of them\n");
        let (head, rest) = shown.split_once(&walked).unwrap_or_else(|| panic!("{name}: {len} in\n{shown:.2000}"));
        let count = head.lines().find_map(|l| l.trim().strip_prefix("count")).expect("count");
        assert_eq!(count.split_whitespace().next(), Some(len.to_string().as_str()), "{name}: header.count");
        let mut got: Vec<&str> = rest.lines().map(str::trim_start).collect();
        got.sort_unstable();
        if let Some((a, b)) = got.iter().zip(entries).find(|(a, b)| a != b) {
            panic!("{name} of {target:?}:\n  gohmap  {a}\n  Go      {b}");
        }
        assert_eq!(got.len(), entries.len(), "{name}");
        match name.as_str() {
            "main.growing" => assert!(head.contains("  growing, "), "{head}"),
            "main.sameSize" | "main.sameSizeS" => assert!(head.contains("growing to the same size, "), "{head}"),
            _ => {}
        }
    }
}

/// What `fsck` finds: the two maps that are broken, and nothing else.
fn check(target: &[&str]) {
    let mut args = vec!["fsck"];
    args.extend(target);
    let out = gohmap(&args);
    let shown = String::from_utf8(out.stdout).expect("text");
    assert_eq!(out.status.code(), Some(1), "{shown}");
    for line in shown.lines().filter(|l| !l.starts_with(' ')) {
        let broken = line.starts_with("main.miscounted") || line.starts_with("main.mismarked");
        assert_eq!(line.contains(": broken"), broken, "{shown}");
        assert_eq!(line.contains(": fine"), !broken, "{shown}");
    }
    assert!(shown.contains("count is 21, but there are 20 live entries"), "{shown}");
    assert!(shown.contains("broken      tophash "), "{shown}");
    assert!(shown.lines().filter(|l| l.contains(": fine")).count() >= 17, "{shown}");
}

/// Nothing is found in a hundred sound maps, and each planted corruption by its rule.
fn healthy_and_planted(target: &[&str], healthy: &[(String, usize)], planted: &[(String, String)]) {
    let lines = |verb: &str, more: &[&str], names: Vec<&str>, status: i32| -> Vec<serde_json::Value> {
        let out = gohmap(&[&[verb], target, more, &["--json"], &names].concat());
        let err = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(status), "{verb} {target:?}: {err}");
        let lines = String::from_utf8(out.stdout).expect("text");
        lines.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
    };
    let names: Vec<&str> = healthy.iter().map(|h| h.0.as_str()).collect();
    for (map, (name, len)) in lines("fsck", &[], names.clone(), 0).iter().zip(healthy) {
        assert_eq!((&map["findings"], &map["entries"]), (&serde_json::json!([]), &serde_json::json!(len)), "{name}");
    }
    let (mut doubling, mut same_size) = (0, 0);
    let shown = lines("inspect", &["--limit", "0"], names, 0);
    assert_eq!(shown.len(), 100);
    for (map, (name, len)) in shown.iter().zip(healthy) {
        assert_eq!(
            (&map["walked"], &map["header"]["count"]),
            (&serde_json::json!(len), &serde_json::json!(len)),
            "{name}"
        );
        if map["same_size_grow"] == true {
            same_size += 1;
        } else if map["oldbuckets"] != 0 {
            doubling += 1;
        }
    }
    assert!(doubling >= 5 && same_size >= 5, "{doubling} and {same_size} growing");
    let found = lines("fsck", &[], planted.iter().map(|p| p.0.as_str()).collect(), 1);
    assert_eq!(found.len(), planted.len());
    for (map, (name, rule)) in found.iter().zip(planted) {
        let findings = map["findings"].as_array().expect("findings");
        assert!(findings.iter().any(|f| f["rule"] == rule.as_str()), "{name} of {target:?}: no {rule} in {findings:?}");
        assert_eq!(map["broken"], rule != "writing", "{name}: {findings:?}");
    }
}

#[test]
fn live_processes_and_cores() {
    for t in toolchains() {
        let exe = classic(&t);
        let running = Running::start(&exe, &[]);
        let pid = running.pid();
        compare(&[&pid], &running.maps);
        check(&[&pid, "--stop"]);
        let start = Instant::now();
        text(&["inspect", &pid, "main.million"]);
        let took = start.elapsed();
        healthy_and_planted(&[&pid, "--stop"], &running.healthy, &running.planted);
        healthy_and_planted(&[&pid], &running.healthy, &running.planted);
        let list = text(&["inspect", &pid]);
        assert!(list.contains("main.sameSize ") && list.contains("nil"), "{list}");
        for line in text(&["inspect", &pid, "--json", "--limit", "2"]).lines() {
            let map: serde_json::Value = serde_json::from_str(line).expect("JSON");
            if map["map"] != "main.miscounted" {
                assert_eq!(map["walked"], map["header"]["count"], "{line}");
            }
        }
        // The process goes on after it has been stopped.
        let state = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
        assert!(!state.contains(") t ") && !state.contains(") T "), "{state}");

        let core = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("core-{}", t.release));
        let (core, exe) = (core.to_str().expect("text"), exe.to_str().expect("text"));
        text(&["inspect", &pid, "--save-core", core]);
        if let Ok(out) = Command::new("gcore").args(["-o", core, &pid]).output() {
            let theirs = format!("{core}.{pid}");
            assert!(Path::new(&theirs).exists(), "gcore: {}", String::from_utf8_lossy(&out.stderr));
            compare(&[&theirs, "--exe", exe], &running.maps);
            let _ = fs::remove_file(&theirs);
        } else {
            let _ = writeln!(std::io::stderr(), "SKIPPED: no gcore here (gdb): only cores of our own are read");
        }
        let maps = running.maps.clone();
        let (healthy, planted) = (running.healthy.clone(), running.planted.clone());
        drop(running);
        compare(&[core, "--exe", exe], &maps);
        check(&[core, "--exe", exe]);
        healthy_and_planted(&[core, "--exe", exe], &healthy, &planted);
        let _ = fs::remove_file(core);
        println!(
            "{}: {} maps of all kinds, live and in cores; 1,000,000 entries in {:.2} s; nothing found in {} sound maps, \
             all of {} planted corruptions",
            t.release,
            maps.len(),
            took.as_secs_f64(),
            healthy.len(),
            planted.len()
        );
    }
}

#[test]
fn other_builds_and_what_cannot_be_read() {
    fails(&["inspect", "2147483647", "main.m"], &["no process 2147483647"]);
    fails(&["inspect", "/dev/null", "main.m", "--exe", "/dev/null"], &["/dev/null"]);
    fails(&["inspect", "Cargo.toml", "main.m"], &["no core", "number of a process"]);
    fails(&["fsck", "no-such-file"], &["no process, core or script no-such-file"]);
    let all = toolchains();
    let Some(t) = all.first() else { return };
    let exe = classic(t);
    let running = Running::start(&exe, &[]);
    let pid = running.pid();
    fails(&["inspect", &pid, "main.shards[4].Sets[0]"], &["there is no element 4: there are 4"]);
    fails(&["inspect", &pid, "main.shards[0].Sets[2]"], &["there is no element 2: there are 2"]);
    fails(&["inspect", &pid, "main.shards[x]"], &["[x] is neither .FIELD nor [NUMBER]"]);
    fails(&["inspect", &pid, "main.words[0]"], &["map[uint64]uint64 has no elements"]);
    fails(&["inspect", &pid, "main.wrods"], &["no variable main.wrods", "did you mean main.words?"]);
    fails(&["inspect", &pid, "main.server.Inner.cache"], &["no field cache", "Cache"]);
    fails(&["inspect", &pid, "main.server.Name"], &["is no map but a string"]);
    fails(&["inspect", &pid, "--at", "0x10", "--type", "map[string]main.Handle"], &["0x10 cannot be read"]);
    fails(&["inspect", &pid, "--at", "0x10", "--type", "map[string]nothing"], &["no map type"]);

    // By an address, as a traceback tells one.
    let json: serde_json::Value =
        serde_json::from_str(&text(&["inspect", &pid, "main.server.Inner.Cache", "--json"])).expect("JSON");
    let at = json["addr"].as_str().expect("an address");
    assert!(text(&["inspect", &pid, "--at", at, "--type", "map[string]main.Handle"]).contains("\"two\": 2"));

    // Debug information gone.
    let stripped = build(t, "inspect/go", "inspected-stripped", &["-ldflags=-s -w"], None);
    let other = Running::start(&stripped, &[]);
    fails(&["inspect", &other.pid(), "main.words"], &["no debug information", "-ldflags"]);
    // The same source built with it is as good, if it is the same otherwise.
    drop(other);

    // A core that is cut short.
    let core = Path::new(env!("CARGO_TARGET_TMPDIR")).join("core-cut");
    let core = core.to_str().expect("text");
    text(&["inspect", &pid, "--save-core", core]);
    let len = fs::metadata(core).expect("a core").len();
    let file = fs::OpenOptions::new().write(true).open(core).expect("a core");
    file.set_len(len / 50).expect("it can be cut");
    let out = gohmap(&["inspect", core, "main.million", "--exe", exe.to_str().expect("text")]);
    let err = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(err.contains("the core is cut short") && err.contains("ulimit -c"), "{err}");
    file.set_len(100).expect("it can be cut");
    fails(&["inspect", core, "main.words", "--exe", exe.to_str().expect("text")], &["cut short"]);
    fails(&["inspect", core, "main.words"], &["core"]);
    let _ = fs::remove_file(core);

    // Another program's binary.
    let wrong = env!("CARGO_BIN_EXE_gohmap");
    fails(&["inspect", &pid, "main.words", "--exe", wrong], &["no Go program"]);

    // Somebody else's process.
    // SAFETY: asks for a number.
    if unsafe { libc::geteuid() } == 0 {
        let tool = Path::new("/var/tmp").join(format!("gohmap-inspect-{pid}"));
        fs::copy(env!("CARGO_BIN_EXE_gohmap"), &tool).expect("a copy that everybody may run");
        let out = Command::new(&tool).args(["inspect", &pid, "main.words"]).uid(65534).gid(65534).output();
        let _ = fs::remove_file(&tool);
        let out = out.expect("it runs");
        let err = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!((out.status.code(), err.lines().count()), (Some(1), 1), "{err}");
        assert!(err.contains("no permission") && err.contains("as root"), "{err}");
    }

    // It exits meanwhile.
    let target = Target::process(running.child.id() as i32, None, false).expect("it runs");
    let found = target.find("main.names").expect("a map");
    assert_eq!(target.check(&found).expect("it is there").findings, []);
    drop(running);
    for end in [target.snapshot(&found).map(drop), target.check(&found).map(drop)] {
        let said = end.expect_err("it has exited");
        assert!(said.contains("has exited; start it again, or inspect a core of it") && !said.contains('\n'), "{said}");
    }
    fails(&["inspect", &pid, "main.words"], &["process"]);

    for t in all.iter().filter(|t| t.must_ask()) {
        let swiss = Running::of(&build(t, "inspect/go", "inspected-swiss", &[], Some("")), &[]);
        fails(&["inspect", &swiss.pid(), "main.empty"], &["Swiss map", "GOEXPERIMENT=noswissmap"]);
    }
    if let Some(t) = all.iter().find(|t| t.version == GoVersion::V1_22) {
        let pie = Running::start(&build(t, "inspect/go", "inspected-pie", &["-buildmode=pie"], None), &[]);
        compare(&[&pie.pid()], &pie.maps);
    }
}

/// A map that is written to all the time is sound whenever it is looked at; without `--stop` it may be that it never holds still.
#[test]
fn a_map_that_is_being_written_to() {
    let Some(t) = toolchains().pop() else { return };
    let running = Running::start(&classic(&t), &["busy"]);
    let pid = running.pid();
    for _ in 0..20 {
        let said = text(&["fsck", &pid, "main.busy", "--stop"]);
        assert!(said.starts_with("main.busy map[uint64]uint64: fine, "), "{said}");
        let out = gohmap(&["fsck", &pid, "main.busy"]);
        let (said, err) = (String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr));
        let moving = err.contains("main.busy changes while it is read (50 times over): use --stop, or a core");
        assert!(said.contains(": fine, ") || moving, "{said}{err}");
    }
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it lives");
    assert!(!state.contains(") t ") && !state.contains(") T "), "{state}");
}
