//! Every recorded death, deaths that are no map's, logs around them, and nonsense.

use super::*;
use crate::lab::catalogue::built_in;
use crate::lab::programs::{self, recorded};
use crate::version::GoVersion;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

fn none(_: u64) -> Option<String> {
    None
}

fn explained(text: &str) -> Explanation {
    explain(text, &none).unwrap_or_else(|| panic!("no crash in {text}"))
}

/// What Go's words at the start of a report make it, and whether a map has to do with it; the first that fits. Written down from
/// what the recorded programs do.
const EXPECTED: &[(&str, &str, &[Option<bool>])] = &[
    ("WARNING: DATA RACE", "data race", &[Some(true)]),
    ("fatal error: concurrent map writes", "concurrent map writes", &[Some(true)]),
    ("fatal error: concurrent map read and map write", "concurrent map read and map write", &[Some(true)]),
    ("fatal error: concurrent map iteration and map write", "concurrent map iteration and map write", &[Some(true)]),
    ("fatal error: concurrent map clone and map write", "concurrent map clone and map write", &[Some(true)]),
    ("fatal error: fault\n[signal", "unexpected fault address", &[Some(true), Some(false), None]),
    (
        "fatal error: unexpected signal during runtime",
        "unexpected signal during runtime execution",
        &[Some(true), None],
    ),
    ("fatal error: bad map state", "bad map state", &[Some(true)]),
    ("fatal error: oldoverflow is not nil", "bad map state", &[Some(true)]),
    ("fatal error: found bad pointer in Go heap", "bad pointer found by the garbage collector", &[Some(true), None]),
    ("fatal error: marked free object", "bad pointer found by the garbage collector", &[Some(true), None]),
    ("fatal error: runtime: out of memory", "out of memory", &[Some(true), None]),
    ("fatal error: out of memory", "out of memory", &[Some(true), None]),
    ("signal arrived during cgo execution", "signal outside Go code", &[None, Some(false)]),
    ("SIGSEGV: segmentation violation\nPC=", "signal outside Go code", &[None]),
    ("fatal error: ", "not a map crash", &[Some(false)]),
    ("panic: new panic", "not a map crash", &[Some(false)]),
    ("panic: after nil dereference", "not a map crash", &[Some(false)]),
    ("panic: runtime error: hash of unhashable type", "hash of unhashable type", &[Some(true)]),
    ("panic: runtime: allocation size out of range", "size out of range", &[Some(true), Some(false)]),
    ("panic: runtime error: makeslice", "size out of range", &[Some(true), Some(false)]),
    ("assignment to entry in nil map", "assignment to entry in nil map", &[Some(true)]),
    (
        "nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x6",
        "unexpected fault address",
        &[None],
    ),
    ("nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x80", "unexpected fault address", &[None]),
    ("nil pointer dereference", "nil pointer dereference", &[Some(true), None]),
    ("panic: ", "not a map crash", &[Some(false)]),
];

/// What real Go printed for a case, at all levels of GOTRACEBACK.
fn outcomes(case: &'static programs::Case, version: GoVersion) -> impl Iterator<Item = &'static recorded::Outcome> {
    const LEVELS: [&str; 6] = ["", "none", "single", "all", "system", "crash"];
    LEVELS.iter().filter_map(move |l| recorded::lookup(case, version, l)).flat_map(|k| k.outcomes)
}

#[test]
fn every_recorded_death() {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for version in GoVersion::ALL {
        for case in programs::cases() {
            for outcome in outcomes(case, version) {
                let text = &outcome.stderr;
                let Some(&(words, class, maps)) = EXPECTED.iter().find(|(words, ..)| text.contains(words)) else {
                    assert!(explain(text, &none).is_none(), "{} {version}: {text}", case.name);
                    continue;
                };
                let e = explained(text);
                assert_eq!(e.class, class, "{} {version}, for {words:?}: {text}", case.name);
                assert!(maps.contains(&e.map), "{} {version}: {:?}: {text}", case.name, e.map);
                assert!(e.rule.len() > 40 && (!e.causes.is_empty() || class == "not a map crash"), "{e:?}");
                *classes.entry(class).or_default() += 1;
            }
        }
    }
    assert!(classes.len() >= 13, "{classes:?}");
    assert!(classes["unexpected fault address"] > 500 && classes["not a map crash"] > 10, "{classes:?}");
}

#[test]
fn deaths_that_are_no_maps() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain");
    let mut seen = 0;
    for path in fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).filter(|p| p.is_file()) {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let e = explained(&fs::read_to_string(&path).unwrap());
        // The traceback of a nil dereference does not show the runtime's functions.
        let want = if name.starts_with("nil-pointer") { None } else { Some(false) };
        assert_eq!(e.map, want, "{name}: {e:?}");
        let class = match name.split_once('-').unwrap().0 {
            "nil" => "nil pointer dereference",
            "sigquit" => "signal outside Go code",
            "makeslice" => "size out of range",
            _ => "not a map crash",
        };
        assert_eq!(e.class, class, "{name}");
        seen += 1;
    }
    assert!(seen >= 20, "{seen} files");
}

/// Deaths of Go 1.24 with its own maps, at several levels of GOTRACEBACK.
#[test]
fn swiss_maps() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/explain/swiss-1.24");
    let mut seen = 0;
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let e = explained(&fs::read_to_string(&path).unwrap());
        let (death, level) = name.split_once('@').unwrap();
        let class = match death {
            "nil-assign" => "assignment to entry in nil map",
            "concurrent-writes" | "concurrent-delete" => "concurrent map writes",
            "concurrent-read" => "concurrent map read and map write",
            "concurrent-range" => "concurrent map iteration and map write",
            "unhashable" => "hash of unhashable type",
            "fault" => "unexpected fault address",
            "nil-dereference" => "nil pointer dereference",
            _ => "bad map state",
        };
        assert_eq!(e.class, class, "{name}");
        // Without a traceback, a bad address may be anything's.
        let map = if (death, level) == ("nil-dereference", "none") { None } else { Some(true) };
        assert_eq!(e.map, map, "{name}");
        let frames = matches!(death, "fault" | "no-empty-slot") || death.starts_with("concurrent");
        let says = e.notes.iter().any(|n| n.contains("this is a Swiss map"));
        assert!(says || !frames || level == "none", "{name}: {:?}", e.notes);
        seen += 1;
    }
    assert_eq!(seen, 27);
}

/// As Go 1.27 words them.
#[test]
fn other_words_of_go_1_27() {
    let trace = "\n\ngoroutine 1 [running]:\nmain.main()\n\ta/b.go:5 +0x3\n";
    for (words, class) in [
        ("panic: hash of unhashable type: []int", "hash of unhashable type"),
        ("panic: assignment to entry in nil map [recovered, repanicked]", "assignment to entry in nil map"),
        (
            "panic: runtime.plainError(\"assignment to entry in nil map\")\n\tfatal error: concurrent map writes",
            "concurrent map writes",
        ),
    ] {
        let e = explained(&format!("{words}{trace}"));
        assert_eq!((e.class, e.map), (class, Some(true)), "{words}");
    }
}

const FAULT: &str = "\
unexpected fault address 0x600000000008
fatal error: fault
[signal SIGSEGV: segmentation violation code=0x1 addr=0x600000000008 pc=0x411fb5]

goroutine 1 gp=0xc0000061c0 m=0 mp=0x549800 [running]:
runtime.throw({0x4aae3f?, 0xc0000a5578?})
\truntime/panic.go:1023 +0x5c fp=0xc0000a5518 sp=0xc0000a54e8 pc=0x4356bc
runtime.sigpanic()
\truntime/signal_unix.go:895 +0x285 fp=0xc0000a5578 sp=0xc0000a5518 pc=0x44b9a5
runtime.mapaccess1_fast64(0x49a460, 0xc0000900c0, 0x1)
\truntime/map_fast64.go:45 +0x135 fp=0xc0000a5598 sp=0xc0000a5578 pc=0x411fb5
main.(*server).read[...](0xc000012345, {0x1, 0x2})
\tserver/main.go:55 +0x2a fp=0xc0000a55f0 sp=0xc0000a5598 pc=0x48872a

goroutine 7 gp=0xc000006700 m=1 mp=0x549900 [running]:
runtime.mapassign_fast64(0x49a460, 0xc0000900c0, 0x1?)
\truntime/map_fast64.go:101 +0x135
main.write()
\tserver/main.go:70 +0x2a
created by main.main in goroutine 1
\tserver/main.go:12 +0x19
";

#[test]
fn what_a_fault_says() {
    let r = Report::parse(FAULT).unwrap();
    assert_eq!(r.fault_address, Some(0x6000_0000_0008));
    assert_eq!(r.goroutines.len(), 2);
    let first = &r.goroutines[0];
    assert_eq!(first.frames[2].func, "runtime.mapaccess1_fast64");
    assert_eq!(first.frames[2].args, [Some(0x49_a460), Some(0xc0_0009_00c0), Some(1)]);
    assert_eq!(first.frames[3].func, "main.(*server).read[...]");
    assert_eq!(first.frames[3].at.as_deref(), Some("server/main.go:55"));
    assert_eq!(r.goroutines[1].created_by.as_deref(), Some("main.main"));
    let e = explained(FAULT);
    let op = e.operation.unwrap();
    assert!(op.starts_with("a lookup (runtime.mapaccess1_fast64) on the map whose header is at 0xc0000900c0"), "{op}");
    assert!(op.contains("called by main.(*server).read[...] (server/main.go:55)"), "{op}");
    assert!(e.address.iter().any(|a| a.contains("outside Go's heap")), "{:?}", e.address);
    let race = e.causes.iter().find(|c| c.cause.contains("raced")).unwrap();
    assert!(race.evidence.contains("goroutine 7 [running] is in runtime.mapassign_fast64"), "{race:?}");
    let stale = explained(&FAULT.replace("0xc0000900c0, 0x1)", "0xc0000900c0, 0x1?)"));
    assert!(stale.notes.iter().any(|n| n.contains("marked with ?")) && e.notes.is_empty(), "{:?}", stale.notes);
    assert_eq!(e.map, Some(true));
}

#[test]
fn logs_around_a_crash_do_not_matter() {
    let plain = explained(FAULT);
    let json = |l: &str| format!("{}\n", serde_json::json!({ "log": format!("{l}\n"), "stream": "stderr" }));
    type Wrap<'a> = &'a dyn Fn(&str) -> String;
    let wraps: [(&str, Wrap<'_>); 8] = [
        ("crlf", &|l| format!("{l}\r\n")),
        ("container", &|l| format!("2026-11-23T10:00:00.123456789Z stderr F {l}\n")),
        ("journal", &|l| format!("Nov 23 10:00:00 host server[4711]: {l}\n")),
        ("padded day", &|l| format!("Nov  3 10:00:00 host server[4711]: {l}\n")),
        ("log package", &|l| format!("2026/11/23 10:00:00 {l}\n")),
        ("compose", &|l| format!("server-1  | {l}\n")),
        ("json", &json),
        ("iso", &|l| format!("[2026-11-23 10:00:00,123] {l}\n")),
    ];
    for (name, wrap) in wraps {
        let text: String = FAULT.lines().map(wrap).collect();
        let text = format!("{}{text}{}", wrap("starting: config: ok"), wrap("exit status 2"));
        let e = explained(&text);
        assert_eq!(
            (e.class, &e.operation, &e.address),
            (plain.class, &plain.operation, &plain.address),
            "{name}: {text}"
        );
    }
    assert!(explain("2026/11/23 10:00:00 http: panic serving 10.0.0.1: nothing\n", &none).is_none());
    assert!(explain("all is well\n", &none).is_none());
}

#[test]
fn a_binary_names_the_function_that_faulted() {
    let text = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation violation code=0x1 addr=0x10 pc=0x4123a9]\n\ngoroutine 1 [running]:\nmain.f()\n\tmain.go:64 +0x2a\n";
    let e = explain(text, &|pc| (pc == 0x4123a9).then(|| "runtime.mapassign_fast64".to_owned())).unwrap();
    assert_eq!((e.class, e.map), ("nil pointer dereference", Some(true)));
    assert!(e.operation.unwrap().starts_with("an assign"));
    let e = explain(text, &|_| Some("main.f".to_owned())).unwrap();
    assert_eq!(e.map, Some(false));
}

#[test]
fn addresses() {
    for (addr, code, says) in [
        ("0x5df8", "0x1", "bucket 167 and 8 bytes"),
        ("0xc000100000", "0x1", "in the range of Go's heap"),
        ("0xffff800000000008", "0x1", "kernel's half"),
        ("0x600000001000", "0x2", "read-only or PROT_NONE"),
        ("0x600000001000", "0x1", "first byte of a page"),
        ("0x6f77206f6c6c6568", "0x1", "\"hello wo\""),
        ("0x0", "0x80", "not canonical"),
    ] {
        let text =
            FAULT.replace("addr=0x600000000008", &format!("addr={addr}")).replace("code=0x1", &format!("code={code}"));
        let text = text.replace("fault address 0x600000000008", &format!("fault address {addr}"));
        let facts = explained(&text).address;
        assert!(facts.iter().any(|f| f.contains(says)), "{addr} {code}: {facts:?}");
    }
}

#[test]
fn what_shows_the_same_exists() {
    let mut commands = std::collections::BTreeSet::new();
    for version in GoVersion::ALL {
        for case in programs::cases() {
            for outcome in outcomes(case, version) {
                commands.extend(explain(&outcome.stderr, &none).into_iter().flat_map(|e| e.reproduce));
            }
        }
    }
    assert!(commands.len() > 15, "{commands:?}");
    for command in commands {
        let mut words = command.split(' ').skip(1);
        let (verb, name) = (words.next().unwrap(), words.next().unwrap());
        let found = match verb {
            "crash" => programs::find(name).is_some(),
            _ => built_in().iter().any(|e| e.name == name),
        };
        assert!(found, "{command}");
    }
}

proptest::proptest! {
    /// Whatever the text, however a real one is cut and mangled, nothing panics.
    #[test]
    fn any_text(text in "\\PC*", at in 0..2000_usize, n in 0..40_usize) {
        let _ = explain(&text, &none);
        let mut mangled = FAULT.to_owned();
        let at = (0..=at.min(mangled.len())).rev().find(|i| mangled.is_char_boundary(*i)).unwrap();
        let end = (at..=(at + n).min(mangled.len())).rev().find(|i| mangled.is_char_boundary(*i)).unwrap();
        mangled.replace_range(at..end, &text);
        let _ = explain(&mangled, &none);
    }
}
