//! Traces against facts that are computed without them: from the hashes of the keys and the rules of the algorithm.

use crate::scripts::{Script, counts, fails, gohmap, of_kind, slots};
use gohmap::inspect::trace::{Change, Event, Line, Verdict};
use gohmap::lab::script::Engine;
use gohmap::lab::trace::watcher;
use gohmap::layout::mem::HAVE_ASM;
use gohmap::map::amd64::Isa;
use gohmap::version::GoVersion;
use serde_json::Value;

/// Eleven keys of one bucket of four: eight there, three behind it.
fn overflowing(ty: &str) -> (Script, Vec<u64>) {
    let mut s = Script::new(ty, 26);
    let keys = s.keys_in(2, 1, 11);
    keys.iter().for_each(|k| s.line(&format!("set m {k} {}", k + 100)));
    (s, keys)
}

#[test]
fn a_hit_in_an_overflow_bucket() {
    for ty in ["u64", "u32", "str", "arr"] {
        for place in [0, 7, 8, 10] {
            let (mut s, keys) = overflowing(ty);
            let key = keys[place];
            s.line(&format!("get m {key}"));
            let lines = s.last();
            // Every slot before it is examined, in the order of the inserts.
            assert_eq!(slots(&lines), place + 1, "{ty}");
            let (buckets, examined, compared) = counts(&lines);
            assert_eq!((buckets, examined), (place / 8 + 1, place + 1));
            let same_top = keys[..=place].iter().filter(|k| s.top(**k) == s.top(key)).count();
            let same_len = |k: &&u64| s.top(**k) == s.top(key) && k.to_string().len() == key.to_string().len();
            let want = match ty {
                // The functions for 4 and 8 bytes compare keys and nothing else.
                "u64" | "u32" => place + 1,
                "str" => keys[..=place].iter().filter(same_len).count(),
                _ => same_top,
            };
            assert_eq!(compared, want, "{ty}");
            let last = of_kind(&lines, "slot").last().expect("a slot");
            let Event::Slot { bucket, slot, tophash, verdict, .. } = &last.event else { unreachable!() };
            let name = if place < 8 { "bucket 1" } else { "overflow 1 of bucket 1" };
            assert_eq!((bucket.to_string().as_str(), *slot, *verdict), (name, place % 8, Verdict::Equal));
            assert_eq!(*tophash, Some(s.top(key)));
            assert!(of_kind(&lines, "flags-write").next().is_none(), "a read writes nothing");
            assert!(lines.iter().all(|l| l.changes.is_empty()));
        }
    }
}

#[test]
fn a_miss_goes_to_the_end_or_to_empty_rest() {
    for (ty, want) in [("arr", 12), ("u64", 16)] {
        let (mut s, keys) = overflowing(ty);
        let absent = s.keys_in(2, 1, 60).into_iter().find(|k| !keys.contains(k)).expect("another key");
        s.line(&format!("get m {absent}"));
        // The generic function ends at the first emptyRest, slot 3 of the overflow bucket; the one for 8 bytes looks at all.
        assert_eq!(slots(&s.last()), want, "{ty}");
    }
}

#[test]
fn where_overflow_buckets_come_from() {
    let from = |hint, b| {
        let mut s = Script::new("u64", hint);
        s.keys_in(b, 3, 9).iter().for_each(|k| s.line(&format!("set m {k} 1")));
        let lines = s.last();
        let line = of_kind(&lines, "new-overflow").next().expect("a new bucket").clone();
        let Event::NewOverflow { bucket, from_spare, .. } = line.event else { unreachable!() };
        (bucket.expect("it has been attached").to_string(), from_spare, line.changes)
    };
    let (name, spare, changes) = from(26, 2);
    assert_eq!((name.as_str(), spare), ("overflow 1 of bucket 3", None), "too few buckets for spare ones");
    assert!(changes.iter().any(|c| matches!(c, Change::Header { field: "noverflow", to, .. } if to == "1")));
    let (name, spare, changes) = from(100, 4);
    assert_eq!((name.as_str(), spare), ("overflow 1 of bucket 3", Some(0)), "from the spare ones behind the array");
    assert!(changes.iter().any(|c| matches!(c, Change::Extra { field: "nextOverflow", .. })), "{changes:?}");
}

#[test]
fn a_growth_to_twice_the_size() {
    let mut s = Script::new("u64", 0);
    (1..=9).for_each(|k| s.line(&format!("set m {k} {k}")));
    let lines = s.last();
    let at = lines.iter().position(|l| l.event.kind() == "grow").expect("a growth");
    let Event::Grow { same_size, entries, capacity, buckets, .. } = lines[at].event else { unreachable!() };
    assert_eq!((same_size, entries, capacity, buckets), (false, 9, 8, 1));
    let fields: Vec<(&str, &str)> = lines[at]
        .changes
        .iter()
        .filter_map(|c| match c {
            Change::Header { field, to, .. } => Some((*field, to.as_str())),
            _ => None,
        })
        .collect();
    assert!(fields.contains(&("B", "1")) && fields.iter().any(|f| f.0 == "oldbuckets" && f.1 != "nil"), "{fields:?}");
    // Each entry goes to the half that the next bit of its hash says, in order.
    let mut next = [0, 0];
    let moved: Vec<&Line> = of_kind(&lines, "evacuate-slot").collect();
    assert_eq!(moved.len(), 8);
    for (i, l) in moved.iter().enumerate() {
        let Event::EvacuateSlot { slot, key, y, to, to_slot, .. } = &l.event else { unreachable!() };
        let half = (s.hash(i as u64 + 1) & 1) as usize;
        assert_eq!((*slot, key.as_deref()), (i, Some((i + 1).to_string().as_str())));
        assert_eq!((usize::from(*y), to.to_string(), *to_slot), (half, format!("bucket {half}"), next[half]));
        next[half] += 1;
    }
    // One bucket is all there was: the growth ends with it.
    let ends = |c: &Change| matches!(c, Change::Header { field: "oldbuckets", to, .. } if to == "nil");
    assert!(moved[7].changes.iter().any(ends), "{:?}", moved[7].changes);
    // The search begins again, in the larger table.
    assert_eq!(slots(&lines), 8 + next[(s.hash(9) & 1) as usize] + 1);
}

/// Four buckets; in one after the other seventeen keys come and all but one go: two overflow buckets each stay behind.
pub(crate) fn churn(ty: &str) -> Script {
    let mut s = Script::new(ty, 26);
    for bucket in 0..4 {
        let keys = s.keys_in(2, bucket, 17);
        keys.iter().for_each(|k| s.line(&format!("set m {k} {k}")));
        keys[1..].iter().for_each(|k| s.line(&format!("del m {k}")));
    }
    s
}

#[test]
fn a_growth_to_the_same_size() {
    for ty in ["u64", "arr", "str"] {
        let ops = churn(ty).trace(GoVersion::V1_22);
        let grows = |lines: &[Line]| lines.iter().any(|l| matches!(l.event, Event::Grow { same_size: true, .. }));
        let at = ops.iter().position(|(_, lines)| grows(lines)).unwrap_or_else(|| panic!("{ty}: none"));
        let line = of_kind(&ops[at].1, "grow").next().expect("a growth");
        let Event::Grow { overflow, buckets, entries, .. } = line.event else { unreachable!() };
        // tooManyOverflowBuckets.
        assert!(u64::from(overflow) >= buckets, "{overflow} {buckets}");
        assert!(line.changes.iter().all(|c| !matches!(c, Change::Header { field: "B", .. })), "B stays");
        // Every old bucket once, every entry once, all to the bucket of the same number.
        let (mut old, mut moved) = (Vec::new(), 0);
        'ops: for (_, lines) in &ops[at..] {
            for l in lines {
                match &l.event {
                    Event::Evacuate { old: n, x, y, .. } => {
                        assert_eq!((x, y), (n, &None));
                        old.push(*n);
                    }
                    Event::EvacuateSlot { bucket, to, y, .. } => {
                        assert_eq!((bucket.number(), *y), (to.number(), false));
                        moved += 1;
                    }
                    _ => {}
                }
                if l.changes.iter().any(|c| matches!(c, Change::Header { field: "oldbuckets", to, .. } if to == "nil"))
                {
                    break 'ops;
                }
            }
        }
        old.sort_unstable();
        assert_eq!(old, (0..buckets).collect::<Vec<_>>(), "{ty}");
        assert!(moved as i64 <= entries && moved as i64 >= entries - 2 * buckets as i64, "{moved} of {entries}");
    }
}

/// The tophash bytes that an operation changes, as bucket, slot, from, to.
fn marks(lines: &[Line]) -> Vec<(String, usize, u8, u8)> {
    let all = lines.iter().flat_map(|l| &l.changes).filter_map(|c| match c {
        Change::Tophash { bucket, slot, from, to } => Some((bucket.to_string(), *slot, *from, *to)),
        _ => None,
    });
    let mut all: Vec<_> = all.collect();
    all.sort();
    all
}

#[test]
fn a_delete_that_walks_empty_rest_back() {
    let (mut s, keys) = overflowing("u64");
    // Slots 6 and 7 of the bucket and 0 and 1 behind it: each has something after it, so they are emptyOne.
    for (n, at) in [6, 7, 8, 9].into_iter().enumerate() {
        s.line(&format!("del m {}", keys[at]));
        let spot = if at < 8 { "bucket 1" } else { "overflow 1 of bucket 1" };
        assert_eq!(marks(&s.last()), [(spot.to_owned(), at % 8, s.top(keys[at]), 1)], "delete {n}");
    }
    // The last entry of the chain: everything before it that is empty becomes emptyRest, across the bucket's end.
    s.line(&format!("del m {}", keys[10]));
    let lines = s.last();
    let over = "overflow 1 of bucket 1".to_owned();
    let want = [
        ("bucket 1".to_owned(), 6, 1, 0),
        ("bucket 1".to_owned(), 7, 1, 0),
        (over.clone(), 0, 1, 0),
        (over.clone(), 1, 1, 0),
        (over, 2, s.top(keys[10]), 0),
    ];
    assert_eq!(marks(&lines), want);
    // And the next miss ends at slot 6 of the bucket for an assign.
    let absent = s.keys_in(2, 1, 12)[11];
    s.line(&format!("set m {absent} 1"));
    assert_eq!(slots(&s.last()), 7);
}

#[test]
fn tracing_changes_nothing() {
    for ty in ["u64", "u32", "str", "arr", "f64", "big", "any", "bigk", "fat", "u64p", "st"] {
        for version in GoVersion::ALL {
            let mut s = Script::new(ty, 5);
            let key = |k: usize| match ty {
                "any" => format!("i:{k}"),
                "st" => format!("{},1.5,x{k}", k % 200),
                "f64" if k.is_multiple_of(7) => "NaN".to_owned(),
                _ => k.to_string(),
            };
            for k in 0..60 {
                s.line(&format!("set m {} {k}", key(k)));
                s.line(&format!("get m {}", key(k / 2)));
                if k % 3 == 0 {
                    s.line(&format!("del m {}", key(k / 3)));
                }
                if k % 20 == 7 {
                    s.line(&format!("riter m i{k}\nnext i{k} 3\nrset m {} 5\nrget m {}\nrrange m", key(k), key(1)));
                    s.line("copykeys m\ncopyvalues m\nclone m c\nrdel c 1\ndump c");
                }
            }
            s.line(
                "dump m\nclear m\ndump m\nset m 1 1\ndump m".replace("set m 1", &format!("set m {}", key(1))).as_str(),
            );
            let run = |engine: Engine| {
                let (mut engine, mut out) = (engine, String::new());
                engine
                    .run(&s.text.replace("rdel c 1", &format!("rdel c {}", key(1))), |line| out.push_str(line))
                    .expect("it runs");
                out
            };
            let plain = run(Engine::new(version, Isa::Portable));
            let all = std::rc::Rc::new(std::cell::Cell::new(0));
            let n = std::rc::Rc::clone(&all);
            let w = watcher(1..=u64::MAX, Box::new(move |_, lines| n.set(n.get() + lines.len())));
            let watched = run(Engine::new(version, Isa::Portable).watched(w));
            assert_eq!(plain, watched, "{ty} {version}");
            assert!(all.get() > 1000, "{ty}: {} lines", all.get());
        }
    }
}

#[test]
fn an_experiment_ends_with_what_go_would_have_said() {
    if !HAVE_ASM {
        fails(&["trace", "stop-the-world"], 1);
        return;
    }
    let said = gohmap(&["trace", "stop-the-world"]);
    assert_eq!(said.status, Some(0), "{}", said.err);
    let lines: Vec<&str> = said.out.lines().collect();
    let fault = lines.iter().position(|l| l.starts_with("  fault ")).expect("the fault");
    assert!(lines[fault - 1].trim_start().starts_with("evacuate-slot slot 0"), "{}", lines[fault - 1]);
    let n = lines.len();
    let [unexpected, fatal, signal, "", outcome] = lines[n - 5..] else { panic!("{}", said.out) };
    assert!(unexpected.starts_with("unexpected fault address 0x"), "{unexpected}");
    assert_eq!(fatal, "fatal error: fault");
    assert!(signal.starts_with("[signal SIGSEGV: segmentation violation code=0x"), "{signal}");
    assert!(outcome.starts_with("outcome: fault"), "{outcome}");
    // What ends at a check of the map's own, and what only panics.
    let said = gohmap(&["trace", "concurrent-read", "--json"]);
    let rows: Vec<Value> = said.out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    let death = rows.iter().find(|r| r["kind"] == "death").expect("it dies");
    assert_eq!(death["says"], serde_json::json!(["fatal error: concurrent map read and map write"]));
    assert_eq!(rows.last().expect("rows")["outcome"], "fatal");
}

#[test]
fn limits_and_json() {
    let (mut s, keys) = overflowing("str");
    s.line(&format!("get m {}", keys[9]));
    s.line("nil n u64\nset n 1 1");
    let file = s.file("limits.txt");
    let rows = |args: &[&str]| -> Vec<Value> {
        let said = gohmap(&[&["trace", file.as_str(), "--json"], args].concat());
        assert_eq!(said.status, Some(0), "{}", said.err);
        said.out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
    };
    let all = rows(&[]);
    let ops: std::collections::BTreeSet<u64> = all.iter().map(|r| r["op"].as_u64().expect("a number")).collect();
    assert_eq!(ops.first().zip(ops.last()), Some((&1, &15)), "new, eleven sets, get, nil, set");
    let some = rows(&["--op", "13", "--only", "slot,leave"]);
    assert_eq!(some.len(), 11);
    assert!(some.iter().all(|r| r["line"] == 15 && r["operation"] == format!("get m {}", keys[9])));
    assert_eq!(some[10]["slots"], 10);
    let panic = rows(&["--op", "15.."]);
    assert_eq!(panic.last().expect("rows")["says"][0], "panic: assignment to entry in nil map");

    assert!(fails(&["trace", &file, "--op", "99"], 1).contains("there are 15"));
    assert!(fails(&["trace", "stop-the-wrld"], 1).contains("did you mean \"stop-the-world\"?"));
    assert!(fails(&["trace", "/nowhere/x.txt"], 1).contains("there is no file /nowhere/x.txt"));
    assert!(fails(&["trace", &file, "--only", "slots"], 2).contains("did you mean \"slot\"?"));
    assert!(fails(&["trace", &file, "--op", "9..7"], 2).contains("9 comes after 7"));
    s.text = "new m u64\nset m x 1\n".to_owned();
    let bad = s.file("bad.txt");
    let said = gohmap(&["trace", &bad]);
    assert_eq!(said.status, Some(1));
    assert!(said.err.starts_with(&format!("gohmap: {bad}:2: ")), "{}", said.err);
    assert!(said.out.starts_with("op 1, line 1: new m u64"), "what came before is told: {}", said.out);
}
