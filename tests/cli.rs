//! The command from outside: what it prints where, and with which status it ends.

use gohmap::lab::programs;
use gohmap::version::GoVersion;
use serde_json::Value;
use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{FromRawFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Output, Stdio};

fn gohmap(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gohmap"));
    command.args(args).env_remove("GOTRACEBACK").env_remove("NO_COLOR").env("TERM", "xterm").stdin(Stdio::null());
    command
}

struct Said {
    status: Option<i32>,
    out: String,
    err: String,
}

fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.stderr(Stdio::piped()).output().expect("the command starts");
    let text = |b| String::from_utf8(b).expect("the command writes UTF-8");
    Said { status: status.code(), out: text(stdout), err: text(stderr) }
}

fn run(args: &[&str]) -> Said {
    said(&mut gohmap(args))
}

/// Runs with both outputs on a terminal of its own and returns what appeared there.
fn on_a_terminal(command: &mut Command) -> String {
    let (mut ours, mut theirs) = (-1, -1);
    let none = std::ptr::null_mut();
    // SAFETY: openpty writes two descriptors; name, attributes and size may be absent.
    let done = unsafe { libc::openpty(&mut ours, &mut theirs, none, none.cast(), none.cast()) };
    assert_eq!(done, 0, "openpty: {}", io::Error::last_os_error());
    // SAFETY: both descriptors are open, new, and nobody else's.
    let (mut ours, theirs) = unsafe { (File::from_raw_fd(ours), OwnedFd::from_raw_fd(theirs)) };
    let second = theirs.try_clone().expect("a second descriptor");
    let mut child = command.stdout(theirs).stderr(second).spawn().expect("the command starts");
    // The command still holds the terminal's descriptors until it is given others.
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut shown = Vec::new();
    // Ends with EIO once the last descriptor of the terminal is closed.
    let _ = ours.read_to_end(&mut shown);
    child.wait().expect("the command ends");
    String::from_utf8(shown).expect("the command writes UTF-8")
}

fn assert_narrow(text: &str) {
    for line in text.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        assert_eq!(line.trim_end(), line, "blanks at the end");
    }
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn strings<'a>(rows: &'a [Value], key: &str) -> Vec<&'a str> {
    rows.iter().map(|r| r[key].as_str().expect("a string")).collect()
}

#[test]
fn an_unknown_scenario_gets_the_nearest_name_in_one_line() {
    for (args, name) in [
        (&["crash", "nil-asign"][..], "nil-asign"),
        (&["tour", "--only", "small-address", "nil-asign"], "nil-asign"),
        (&["tour", "--json", "--only", "NIL_ASSIGN"], "NIL_ASSIGN"),
    ] {
        let s = run(args);
        let told = format!("gohmap: no scenario {name:?}; did you mean \"nil-assign\"? `gohmap list` names them\n");
        assert_eq!(s.err, told, "{args:?}");
        assert_eq!((s.status, &*s.out), (Some(1), ""), "{args:?}");
    }
    let s = run(&["crash", "%%%%"]);
    assert_eq!(s.err, "gohmap: no scenario \"%%%%\"; `gohmap list` names them\n");
    assert_eq!(s.status, Some(1));
}

#[test]
fn a_wrong_command_line_gets_the_usage_and_status_2() {
    for args in [&["tour", "--nope"][..], &["crash"], &["nope"], &["crash", "nil-assign", "x"], &["list", "x"], &[]] {
        let s = run(args);
        assert_eq!((s.status, &*s.out), (Some(2), ""), "{args:?}");
        assert!(s.err.contains("Usage: gohmap"), "{args:?}: {}", s.err);
    }
}

#[test]
fn an_unknown_version_gets_the_known_ones_and_status_2() {
    for v in ["1.24", "1.18", "x"] {
        let s = run(&["crash", "nil-assign", "--go", v]);
        assert_eq!((s.status, &*s.out), (Some(2), ""), "{v}");
        assert!(s.err.contains("1.19, 1.20, 1.21, 1.22, 1.23, 1.24-noswiss"), "{v}: {}", s.err);
    }
}

#[test]
fn crash_says_what_go_says_and_nothing_else() {
    for v in GoVersion::ALL {
        let s = run(&["crash", "nil-assign", "--go", v.name()]);
        let start = "panic: assignment to entry in nil map\n\ngoroutine 1 [running]:\nmain.";
        assert!(s.err.starts_with(start), "{v}: {}", s.err);
        assert_eq!((s.status, &*s.out), (Some(2), ""), "{v}");
    }
}

#[test]
fn crash_reads_gotraceback() {
    let at = |level| said(gohmap(&["crash", "nil-assign"]).env("GOTRACEBACK", level)).err;
    assert_eq!(at("none"), "panic: assignment to entry in nil map\n");
    assert!(!at("single").contains("runtime.main("));
    assert!(at("system").contains("runtime.main("));
    let crash = gohmap(&["crash", "nil-assign"]).env("GOTRACEBACK", "crash").output().expect("the command starts");
    assert_eq!(crash.status.signal(), Some(libc::SIGABRT));
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    for args in [&["list"][..], &["list", "--all", "--json"], &["tour"], &["tour", "--json"], &["--help"]] {
        let (reader, writer) = io::pipe().expect("a pipe");
        drop(reader);
        assert_eq!(said(gohmap(args).stdout(writer)).err, "", "{args:?}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error_in_one_line() {
    for args in [&["list"][..], &["list", "--json"], &["tour", "--only", "nil-assign"]] {
        let full = File::options().write(true).open("/dev/full").expect("/dev/full");
        let s = said(gohmap(args).stdout(full));
        assert_eq!(s.status, Some(1), "{args:?}");
        assert!(s.err.starts_with("gohmap: ") && s.err.lines().count() == 1, "{args:?}: {}", s.err);
    }
}

#[test]
fn colours_are_for_terminals_without_no_color() {
    let args = ["tour", "--only", "nil-assign"];
    assert!(on_a_terminal(&mut gohmap(&args)).contains("\x1b[32m"), "green on a terminal");
    assert!(on_a_terminal(gohmap(&args).env("NO_COLOR", "")).contains("\x1b[32m"), "an empty NO_COLOR says nothing");
    for text in [
        on_a_terminal(gohmap(&args).env("NO_COLOR", "1")),
        on_a_terminal(gohmap(&args).env("TERM", "dumb")),
        on_a_terminal(gohmap(&["list"]).env("NO_COLOR", "1")),
        run(&args).out,
        run(&["list"]).out,
    ] {
        assert!(text.contains("nil-assign") && !text.contains('\x1b'), "{text:?}");
    }
}

#[test]
fn list_names_the_scenarios() {
    let friendly = run(&["list"]);
    assert_eq!((friendly.status, &*friendly.err), (Some(0), ""));
    assert_narrow(&friendly.out);
    let named: HashSet<&str> = friendly.out.lines().filter_map(|l| l.split(' ').next()).collect();
    for alias in programs::cases().filter_map(|c| c.alias) {
        assert!(named.contains(alias), "{alias} in {}", friendly.out);
    }
    let all = run(&["list", "--all"]);
    assert_eq!(all.status, Some(0));
    assert_narrow(&all.out);
    assert!(all.out.lines().count() >= programs::cases().count());
}

#[test]
fn list_speaks_json() {
    let rows = json_lines(&run(&["list", "--all", "--json"]).out);
    assert_eq!(strings(&rows, "case"), programs::cases().map(|c| c.name).collect::<Vec<_>>());
    for row in &rows {
        assert_eq!(keys(row), ["case", "alias", "about", "recorded"]);
    }
    let friendly = json_lines(&run(&["list", "--json"]).out);
    assert!(friendly.iter().all(|r| r["alias"].is_string()));
    assert!(friendly.len() < rows.len());
}

#[test]
fn the_tour_agrees_with_real_go() {
    let s = run(&["tour"]);
    let n = programs::cases().filter(|c| c.alias.is_some()).count();
    assert_eq!((s.status, &*s.err), (Some(0), ""), "{}", s.out);
    assert_narrow(&s.out);
    let last = s.out.lines().last().expect("a last line");
    assert!(last.starts_with(&format!("{n} of {n} agree with real Go (go1.22.10). ")), "{last}");
    assert!(s.out.starts_with("How a Go 1.22 program dies of its map"), "it says first what it is");
}

#[test]
fn the_tour_shows_what_was_chosen_in_that_order() {
    let s = run(&["tour", "--only", "unmapped-buckets", "nil-assign", "--go", "1.19"]);
    assert_eq!(s.status, Some(0), "{}", s.out);
    assert_narrow(&s.out);
    let at = |text: &str| s.out.find(text).unwrap_or_else(|| panic!("{text:?} in {}", s.out));
    assert!(at("  1/2 unmapped-buckets") < at("  2/2 nil-assign"));
    at("      | unexpected fault address 0x");
    at("      | panic: assignment to entry in nil map");
    at("      exit status 2: agrees with go1.19.8");
    at("2 of 2 agree with real Go (go1.19.8).");
}

#[test]
fn the_tour_is_not_changed_by_gotraceback() {
    let s = said(gohmap(&["tour", "--only", "nil-assign"]).env("GOTRACEBACK", "crash"));
    assert_eq!(s.status, Some(0), "{}", s.out);
}

#[test]
fn the_tour_speaks_json() {
    let args = ["tour", "--json", "--only", "nil-assign", "nil-assign-recovered", "unmapped-buckets"];
    let rows = json_lines(&run(&args).out);
    assert_eq!(strings(&rows, "scenario"), args[3..]);
    assert_eq!(strings(&rows, "verdict"), ["agrees"; 3]);
    for row in &rows {
        assert_eq!(
            keys(row),
            ["scenario", "case", "about", "go", "recorded", "verdict", "exit", "signal", "stdout", "stderr", "diff"]
        );
        assert_eq!((&row["go"], &row["recorded"]), (&"1.22".into(), &"go1.22.10".into()));
    }
    assert_eq!((&rows[0]["exit"], &rows[0]["signal"]), (&2.into(), &Value::Null));
    let text = |row: usize, key: &str| rows[row][key].as_str().expect("a string");
    assert!(text(0, "stderr").starts_with("panic: assignment to entry in nil map\n"));
    assert!(text(1, "stdout").contains("assignment to entry in nil map"));
}

/// With no file size allowed, the file that the scenario maps cannot be made, so it ends otherwise than real Go did.
#[test]
fn a_difference_is_shown_and_gives_status_1() {
    let starved = |args: &[&str]| {
        let mut command = gohmap(args);
        // SAFETY: between fork and exec there is only a plain system call.
        unsafe {
            command.pre_exec(|| {
                let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
                match libc::setrlimit(libc::RLIMIT_FSIZE, &none) {
                    0 => Ok(()),
                    _ => Err(io::Error::last_os_error()),
                }
            });
        }
        said(&mut command)
    };
    let s = starved(&["tour", "--only", "nil-assign", "truncated-file"]);
    assert_eq!((s.status, &*s.err), (Some(1), ""), "{}", s.out);
    assert_narrow(&s.out);
    assert!(s.out.contains("DIFFERS from go1.22.10\n"), "{}", s.out);
    assert!(s.out.contains("\n      -fatal error: fault\n"), "a diff in {}", s.out);
    assert!(s.out.contains("\n1 of 2 agree with real Go (go1.22.10). "), "{}", s.out);

    let s = starved(&["tour", "--json", "--only", "truncated-file"]);
    assert_eq!(s.status, Some(1));
    let row = &json_lines(&s.out)[0];
    assert_eq!(row["verdict"], "differs");
    assert!(row["diff"].as_array().is_some_and(|d| d.contains(&"-fatal error: fault".into())), "{row}");
}

#[test]
fn help_is_narrow_and_has_examples() {
    for args in [&["--help"][..], &["tour", "--help"], &["crash", "--help"], &["list", "--help"], &["bench", "--help"]]
    {
        let s = run(args);
        assert_eq!((s.status, &*s.err), (Some(0), ""));
        assert!(s.out.lines().all(|l| l.chars().count() <= 80), "{}", s.out);
        assert!(s.out.contains("\nExamples:\n  gohmap "), "{args:?}");
    }
    assert_eq!(run(&["--version"]).out, format!("gohmap {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn an_unknown_implementation_is_one_line() {
    let with = |isa: &str| said(gohmap(&["list"]).env("GOHMAP_ISA", isa));
    let Said { status, out, err } = with("sse42");
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert_eq!(err, "gohmap: GOHMAP_ISA is \"sse42\"; it can be portable, scalar, sse41 or avx512\n");
    let all = with("");
    assert_eq!((all.status, all.err.as_str()), (Some(0), ""));
    assert_eq!(with("portable").out, all.out);
}

#[test]
fn benches_are_go_benchmark_text_and_a_table() {
    let s = run(&["bench", "--quick", "--size", "6", "1k", "--only", "read-hit", "hit-slot-3", "--isa", "portable"]);
    assert_eq!((s.status, &*s.err), (Some(0), ""), "{}", s.out);
    let samples = |name: &str| s.out.lines().filter(|l| l.starts_with(name) && l.ends_with(" ns/op")).count();
    assert_eq!(samples("BenchmarkMapAccessHit/Key=uint64/Elem=uint64/len=6/keys=random/by=portable "), 3);
    assert_eq!(samples("BenchmarkMapAccessHit/Key=uint64/Elem=uint64/len=1024/keys=hot/by=portable "), 3);
    assert_eq!(samples("BenchmarkMapAssignPath/path=hit-slot-3/by=portable "), 3);
    assert!(s.out.starts_with("goos: "), "{}", s.out);
    assert!(s.out.contains("\nUnit ns/op better=lower assume=nothing\n"), "{}", s.out);
    assert!(s.out.contains("\nread-hit, one hot key "), "{}", s.out);
}

#[test]
fn benches_speak_json_and_draw() {
    let page = std::env::temp_dir().join(format!("gohmap-cli-{}.html", std::process::id()));
    let file = page.to_str().expect("a name in UTF-8");
    let args =
        ["bench", "--quick", "--json", "--size", "6", "--only", "iterate", "nil", "--isa", "portable", "--html", file];
    let rows = json_lines(&run(&args).out);
    assert_eq!(strings(&rows, "by"), ["portable"; 2]);
    assert_eq!((&rows[0]["workload"], &rows[1]["path"]), (&"iterate".into(), &"nil".into()));
    assert_eq!(rows[0]["samples"].as_array().map(Vec::len), Some(3));
    let html = std::fs::read_to_string(&page).expect("a page");
    std::fs::remove_file(&page).expect("a page");
    assert!(html.contains("<h2>iterate</h2>\n<svg"), "{html}");
}

#[test]
fn benches_say_in_one_line_what_is_wrong() {
    for (args, status, text) in [
        (&["--only", "asign-hit"][..], 1, "nothing called \"asign-hit\" to measure; did you mean \"assign-hit\"?"),
        (&["--only", "read-hit", "--isa", "mmx"], 1, "no implementation \"mmx\" here; there are portable"),
        (
            &["--only", "read-hit", "--inline", "--isa", "portable"],
            1,
            "nothing can be inlined with portable: that takes avx512",
        ),
        (&["--only", "read-hit", "--go", "/nowhere"], 1, "/nowhere: no Go there that can be run: "),
        (&["--quick", "--only", "nil", "--html", "/nowhere/x.html"], 1, "/nowhere/x.html cannot be written: "),
        (&["--size", "0"], 2, "a number from 1 to 256M"),
        (&["--samples", "0"], 2, "0 is not in 1..=1000"),
    ] {
        let mut command = vec!["bench"];
        command.extend(args);
        let s = run(&command);
        assert!(s.status == Some(status) && s.err.contains(text), "{args:?}: {:?} {}", s.status, s.err);
        assert!(status == 2 || s.err.lines().count() == 1, "{}", s.err);
    }
}

/// A script in a file of its own.
fn script(name: &str, text: &str) -> String {
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).expect("a file");
    path.into_os_string().into_string().expect("a name in UTF-8")
}

#[test]
fn replay_answers_as_the_oracle_does() {
    let path = script("answers", "keys 00\nset m 1 2\n");
    let said = run(&["replay", &path]);
    assert_eq!((said.status, said.err), (Some(1), format!("gohmap: {path}:1: keys takes 256 hexadecimal digits\n")));
    let keys = "07".repeat(128);
    let path =
        script("answers", &format!("keys {keys}\nrng on\nnew m u64 0 7\nset m 1 2\nget m 1\n\n# done\ndump m\n"));
    for version in ["1.19", "1.22", "1.24-noswiss"] {
        let said = run(&["replay", &path, "--go", version]);
        assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
        let lines = json_lines(&said.out);
        assert_eq!(lines[0]["go"], version);
        assert_eq!((&lines[1]["get"], &lines[1]["ok"]), (&Value::from("0200000000000000"), &Value::from(true)));
        assert_eq!(lines[2]["new"][0]["k"][0], "0100000000000000");
        assert_eq!(lines.len(), 3);
    }
}

#[test]
fn replay_prints_what_happened_before_an_error_and_names_its_line() {
    let path = script("error", "new m u64 0 7\nset m 1 2\nget m 1\nset m x 2\nget m 1\n");
    let said = run(&["replay", &path]);
    assert_eq!((said.status, said.err), (Some(1), format!("gohmap: {path}:4: \"x\" is not a number\n")));
    assert_eq!(json_lines(&said.out).len(), 2);
    let said = run(&["replay", "/nowhere/at-all"]);
    assert_eq!(
        (said.status, said.err.as_str(), said.out.as_str()),
        (Some(1), "gohmap: there is no file /nowhere/at-all\n", "")
    );
    let path = script("binary", "");
    std::fs::write(&path, b"new m u64 0 7\nget m 1\nset m \xff 1\n").expect("a file");
    let said = run(&["replay", &path]);
    assert_eq!((said.status, said.err), (Some(1), format!("gohmap: {path}:3: the line is not UTF-8\n")));
    assert_eq!(json_lines(&said.out).len(), 2);
}

#[test]
fn replay_reads_standard_input() {
    let path = script("input", "new m str 0 7\nset m key 2\nget m key\n");
    let said = said(gohmap(&["replay", "-"]).stdin(File::open(path).expect("the script")));
    assert_eq!((said.status, said.err.as_str(), json_lines(&said.out).len()), (Some(0), "", 2));
}

const FAULT: &str = "\
unexpected fault address 0x600000000008
fatal error: fault
[signal SIGSEGV: segmentation violation code=0x1 addr=0x600000000008 pc=0x411fb5]

goroutine 1 gp=0xc0000061c0 m=0 mp=0x549800 [running]:
runtime.mapaccess1_fast64(0x49a460, 0xc0000900c0, 0x1)
\truntime/map_fast64.go:45 +0x135 fp=0xc0000a5598 sp=0xc0000a5578 pc=0x411fb5
main.read()
\tserver/main.go:55 +0x2a fp=0xc0000a55f0 sp=0xc0000a5598 pc=0x48872a
";

#[test]
fn explain_tells_class_rule_address_and_causes() {
    let crash = script("crash.txt", FAULT);
    let text = run(&["explain", &crash]);
    assert_eq!((text.status, text.err.as_str()), (Some(0), ""));
    assert_narrow(&text.out);
    for part in
        ["unexpected fault address", "Go's rule", "The address", "Likely causes", "gohmap crash unmapped-buckets"]
    {
        assert!(text.out.contains(part), "{part} in {}", text.out);
    }
    let json = json_lines(&run(&["explain", &crash, "--json"]).out);
    assert_eq!(json[0]["class"], "unexpected fault address");
    assert_eq!(json[0]["map"], true);
    // What it says about our own deaths.
    let died = run(&["crash", "concurrent-writes"]).err;
    let said = run(&["explain", &script("died.txt", &died)]);
    assert!(said.out.starts_with("concurrent map writes\n"), "{}", said.out);
    for (args, says) in [
        (vec!["explain", "no-such-file"], "there is no file no-such-file"),
        (vec!["explain", "Cargo.toml"], "no crash of a Go program in Cargo.toml"),
        (vec!["explain", &crash, "--exe", "Cargo.toml"], "Cargo.toml is no binary"),
    ] {
        let failed = run(&args);
        assert_eq!((failed.status, failed.err.lines().count()), (Some(1), 1), "{args:?}: {}", failed.err);
        assert!(failed.err.contains(says), "{}", failed.err);
    }
}

#[test]
fn oom_lines_up_logs() {
    let kernel = script(
        "kernel.log",
        "Nov 23 09:59:58 host kernel: [ 7190.1] Out of memory: Killed process 4711 (server) total-vm:1kB, anon-rss:1kB\n",
    );
    let app = script(
        "app.log",
        "2026-11-23T10:00:00Z server[4711]: signal: killed\n2026-11-23T10:00:00Z job[8]: fatal error: out of memory\n",
    );
    let text = run(&["oom", "--kernel-log", &kernel, "--app-log", &app]);
    assert_eq!((text.status, text.err.as_str()), (Some(0), ""));
    assert!(text.out.contains("this process killed") && text.out.contains("limit refused"), "{}", text.out);
    let json = json_lines(&run(&["oom", "--kernel-log", &kernel, "--app-log", &app, "--json"]).out);
    assert_eq!(
        json.iter().filter_map(|v| v["class"].as_str()).collect::<Vec<_>>(),
        ["this-process-killed", "limit-refused"]
    );
    assert_eq!(json[2]["killed"], 4711);
    for (args, says) in [
        (vec!["oom", "--kernel-log", "none", "--app-log", &app], "there is no file none"),
        (vec!["oom", "--kernel-log", &kernel, "--app-log", &app, "--boot-time", "soon"], "--boot-time"),
    ] {
        let failed = run(&args);
        assert_eq!((failed.status, failed.err.lines().count()), (Some(1), 1), "{args:?}: {}", failed.err);
        assert!(failed.err.contains(says), "{}", failed.err);
    }
}

#[test]
fn fsck_checks_the_maps_of_scripts() {
    let lines: String = (0..300).map(|k| format!("set m {k} {k}\n")).collect();
    let path = script("healthy.txt", &format!("new m u64 0 7\nnew s str 0 7\nset s 1 1\n{lines}"));
    let said = run(&["fsck", &path, "--each"]);
    assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
    assert_eq!(said.out.lines().count(), 2, "{}", said.out);
    assert!(said.out.lines().all(|l| l.contains(": fine, ")), "{}", said.out);
    let json = json_lines(&run(&["fsck", &path, "m", "--json"]).out);
    assert_eq!((&json[0]["entries"], &json[0]["broken"]), (&Value::from(300), &Value::from(false)));
    assert!(run(&["fsck", "--rules"]).out.lines().count() > 20);
    let bad = run(&["fsck", &script("bad.txt", "new m u64 0 7\nnonsense\n")]);
    assert_eq!((bad.status, bad.err.lines().count()), (Some(1), 1), "{}", bad.err);
    assert!(bad.err.contains("bad.txt:2:"), "{}", bad.err);
}
