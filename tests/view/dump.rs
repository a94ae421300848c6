//! `gohmap dump`: what it prints against what is in memory.

use crate::scripts::{HASH0, Script, fails, gohmap};
use crate::trace::churn;
use gohmap::inspect::trace::{Event, Line};
use gohmap::version::GoVersion;

fn dump(args: &[&str]) -> String {
    let said = gohmap(&[&["dump"], args].concat());
    assert_eq!(said.status, Some(0), "{}", said.err);
    said.out
}

#[test]
fn header_and_buckets() {
    let mut s = Script::new("u64", 26);
    let keys = s.keys_in(2, 1, 10);
    keys.iter().for_each(|k| s.line(&format!("set m {k} {}", k + 1000)));
    s.line(&format!("del m {}", keys[2]));
    let file = s.file("dump.txt");
    let out = dump(&[&file]);
    // count 9, B 2, noverflow 1, hash0: as bytes and by name.
    for line in [
        "  +0  09 00 00 00 00 00 00 00  count       9".to_owned(),
        "  +9  02                       B           2: 4 buckets".to_owned(),
        "  +10 01 00                    noverflow   1 overflow bucket".to_owned(),
        format!("  +12 {HASH0:02x} 00 00 00              hash0       {HASH0:#x}"),
        "  +24 00 00 00 00 00 00 00 00  oldbuckets  nil".to_owned(),
        "    overflow overflow 1 of bucket 1".to_owned(),
        "  overflow      overflow 1 of bucket 1".to_owned(),
    ] {
        assert!(out.lines().any(|l| l == line), "{line:?} is not in\n{out}");
    }
    // Each key where it must be; the deleted one in brackets, because 8-byte keys stay.
    let lines: Vec<&str> = out.lines().collect();
    let at = |name: &str| lines.iter().position(|l| l.starts_with(&format!("  {name} at "))).expect("a bucket");
    for (i, k) in keys.iter().enumerate() {
        let first = if i < 8 { at("bucket 1") } else { at("overflow 1 of bucket 1") };
        let words: Vec<&str> = lines[first + 1 + i % 8].split_whitespace().collect();
        let (slot, top, key) = ((i % 8).to_string(), format!("{:02x}", s.top(*k)), k.to_string());
        if i == 2 {
            assert_eq!(words, ["2", "01", "emptyOne", &format!("[{key}]")]);
        } else {
            assert_eq!(words, [&slot, &top, &key, &(k + 1000).to_string()]);
        }
    }
    assert!(out.lines().all(|l| l.chars().count() <= 80), "{out}");
    // An earlier moment.
    let out = dump(&[&file, "--at", "3"]);
    assert!(
        out.contains("count       2\n") && out.starts_with("m: map[uint64]uint64 of Go 1.22, after op 3\n"),
        "{out}"
    );
}

#[test]
fn a_map_in_the_middle_of_a_growth() {
    let s = churn("str");
    let file = s.file("growing.txt");
    let grows = |lines: &[Line]| lines.iter().any(|l| matches!(l.event, Event::Grow { same_size: true, .. }));
    let ops = s.trace(GoVersion::V1_22);
    let at = ops.iter().find(|(_, lines)| grows(lines)).expect("such a moment").0.number.to_string();
    let out = dump(&[&file, "--at", &at, "--go", "1.24-noswiss"]);
    assert!(out.contains("header at") && out.contains(", 56 bytes") && out.contains("clearSeq"), "{out}");
    let out = dump(&[&file, "--at", &at]);
    assert!(out.contains("sameSizeGrow") && out.contains(", evacuated\n"), "{out}");
    assert!(out.contains("evacuatedX") && out.contains("  old bucket 0 at "), "{out}");
}

#[test]
fn bad_inputs_in_one_line() {
    let mut s = Script::new("u64", 0);
    s.line("set m 1 1");
    let file = s.file("small.txt");
    assert!(fails(&["dump", &file, "--at", "7"], 1).contains("there is no operation 7: there are 2"));
    assert!(fails(&["dump", &file, "--map", "q"], 1).contains("there are: m"));
    assert!(fails(&["dump", "/nowhere"], 1).contains("there is no file /nowhere"));
    assert!(fails(&["dump", &file, "--at", "0"], 2).contains("--at"));
    s.text = "nil m u64\n".to_owned();
    assert!(dump(&[&s.file("nil.txt")]).contains("a nil map"));
}
