//! `README.md` against Go's list of tests and against the sources here.

use crate::toolchains::toolchains;
use gohmap::version::GoVersion;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Go's tests: file, and name or, for a program, what part of it; as Go 1.22.10 has them.
const NAMES: &str = include_str!("go_names.txt");
const TABLE: &str = include_str!("README.md");
const SOURCES: &[&str] = &[
    include_str!("packages/maps.rs"),
    include_str!("packages/reflect.rs"),
    include_str!("packages/runtime.rs"),
    include_str!("packages/sync.rs"),
    include_str!("runtime_hash/maps.rs"),
    include_str!("runtime_hash/seeds.rs"),
    include_str!("runtime_hash/smhasher.rs"),
    include_str!("runtime_map/buckets.rs"),
    include_str!("runtime_map/growth.rs"),
    include_str!("runtime_map/interfaces.rs"),
    include_str!("runtime_map/iteration.rs"),
    include_str!("runtime_map/updates.rs"),
    include_str!("runtime_map/values.rs"),
    include_str!("test_programs/bigmap.rs"),
    include_str!("test_programs/clear.rs"),
    include_str!("test_programs/comparisons.rs"),
    include_str!("test_programs/fixedbugs.rs"),
    include_str!("test_programs/map.rs"),
    include_str!("test_programs/maplinear.rs"),
    include_str!("test_programs/nil.rs"),
];
/// Files of which every test is listed; of others those with Map in their names.
const WHOLE: [&str; 4] = ["runtime/map_test.go", "runtime/hash_test.go", "maps/maps_test.go", "sync/map_test.go"];

/// A line of [`NAMES`] as file and name. The name of a program is its file below `test`, and its part.
fn file_and_name(line: &str) -> (&str, &str) {
    match line.strip_prefix("test/") {
        Some(program) => ("test", program),
        None => line.split_once(' ').expect("file and name"),
    }
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Row<'a> {
    file: &'a str,
    go: &'a str,
    /// The function here, if there is one.
    here: Option<&'a str>,
}

fn rows() -> Vec<Row<'static>> {
    let (mut file, mut rows) = ("", Vec::new());
    for line in TABLE.lines() {
        if let Some(heading) = line.strip_prefix("## ") {
            file = heading.trim_matches('`');
        }
        let cells: Vec<_> = line.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
        let &["", go, here, verdict, ""] = &cells[..] else { continue };
        if go == "Go" || go.starts_with('-') {
            continue;
        }
        let here = match (here, verdict) {
            ("", why) => {
                let why =
                    why.strip_prefix("not applicable: ").unwrap_or_else(|| panic!("{go}: neither test nor reason"));
                assert!(why.len() > 10, "{go}: {why:?} is no reason");
                None
            }
            (here, verdict) => {
                assert!(verdict == "same" || verdict.starts_with("same, "), "{go}: {verdict:?}");
                Some(here)
            }
        };
        rows.push(Row { file, go, here });
    }
    rows
}

/// Go's name and ours of every test in the sources: the doc comment begins with the first, up to a colon or the end of the
/// line; several are separated by commas.
fn tests_here() -> BTreeMap<&'static str, &'static str> {
    let mut tests = BTreeMap::new();
    for source in SOURCES {
        let mut doc = None;
        let mut lines = source.lines();
        while let Some(line) = lines.next() {
            match line.strip_prefix("/// ") {
                Some(text) => _ = doc.get_or_insert(text),
                None if line == "#[test]" => {
                    let name =
                        lines.next().and_then(|l| l.strip_prefix("fn ")?.strip_suffix("() {")).expect("a function");
                    let doc = doc.take().unwrap_or_else(|| panic!("{name} does not say whose counterpart it is"));
                    for go in doc.split(": ").next().unwrap_or(doc).split(", ") {
                        assert_eq!(tests.insert(go, name), None, "{go} twice");
                    }
                }
                None => doc = None,
            }
        }
    }
    tests
}

#[test]
fn the_table_is_complete() {
    let listed: BTreeSet<_> = NAMES.lines().map(file_and_name).collect();
    assert_eq!(listed.len(), NAMES.lines().count(), "a name twice");
    let rows = rows();
    let in_table: BTreeSet<_> = rows.iter().map(|r| (r.file, r.go)).collect();
    assert_eq!(in_table.len(), rows.len(), "a row twice");
    let (extra, missing): (Vec<_>, Vec<_>) =
        (in_table.difference(&listed).collect(), listed.difference(&in_table).collect());
    assert!(extra.is_empty(), "in the table, but not in Go: {extra:?}");
    assert!(missing.is_empty(), "in Go, but not in the table: {missing:?}");
}

#[test]
fn the_table_tells_the_truth() {
    let said: BTreeMap<_, _> = rows().into_iter().filter_map(|r| Some((r.go, r.here?))).collect();
    assert_eq!(said, tests_here());
    // A Go name is our name without underscores, but for programs, whose parts have names as they please.
    for (go, here) in said.iter().filter(|(go, _)| go.starts_with("Test")) {
        let plain = |name: &str| name.replace('_', "").to_lowercase();
        assert_eq!(plain(go), plain(here));
    }
}

#[test]
fn all_sources_are_searched() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/go_tests");
    let modules = ["packages", "runtime_hash", "runtime_map", "test_programs"];
    let files = modules.into_iter().flat_map(|m| std::fs::read_dir(root.join(m)).expect("a directory"));
    let files = files.filter(|f| f.as_ref().is_ok_and(|f| f.file_name() != "mod.rs"));
    assert_eq!(files.count(), SOURCES.len());
}

/// The tests of a Go source file.
fn tests_in(source: &str) -> impl Iterator<Item = &str> {
    source.lines().filter_map(|l| l.strip_prefix("func Test")).filter_map(|l| l.split_once('(')).map(|(name, _)| name)
}

/// With a Go 1.22, holds the list against its sources.
#[test]
fn the_list_is_that_of_real_go() {
    let listed: BTreeSet<_> = NAMES.lines().map(file_and_name).collect();
    let mut checked = 0;
    for go in toolchains().iter().filter(|go| go.version == GoVersion::V1_22) {
        let out = go.go().args(["env", "GOROOT"]).output().unwrap_or_else(|e| panic!("{}: {e}", go.named()));
        let root = String::from_utf8(out.stdout).expect("text");
        let go = go.named();
        let sources = Path::new(root.trim()).join("src");
        let files: BTreeSet<_> = listed.iter().map(|(file, _)| *file).filter(|f| *f != "test").collect();
        for file in files {
            let source = std::fs::read_to_string(sources.join(file)).unwrap_or_else(|e| panic!("{go}: {file}: {e}"));
            let there: BTreeSet<_> = tests_in(&source)
                .filter(|name| WHOLE.contains(&file) || name.contains("Map"))
                .map(|name| format!("Test{name}"))
                .collect();
            let here: BTreeSet<_> =
                listed.iter().filter(|(f, _)| *f == file).map(|(_, name)| (*name).to_owned()).collect();
            assert_eq!(here, there, "{go}: {file}");
        }
        checked += 1;
    }
    if checked == 0 {
        eprintln!("SKIPPED: the_list_is_that_of_real_go: no Go 1.22; set GOHMAP_GO");
    }
}
