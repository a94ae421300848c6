//! Single schedules: examples come to what they are examples of, and known interleavings to what is known of them.

use super::{exhaust, with};
use gohmap::lab::experiment::KeyKind;
use gohmap::lab::explore::replay::{Move, Replay};
use gohmap::lab::explore::{Class, Explorer, Schedule};
use gohmap::version::GoVersion;
use num_bigint::BigUint;

fn replay(x: &Explorer<'_>, schedule: &Schedule) -> Replay {
    x.replay(schedule).unwrap_or_else(|e| panic!("{schedule}: {e}"))
}

#[test]
fn each_example_comes_to_its_end() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        let mut seen = 0;
        for pair in [
            "assign-same+assign-same",
            "assign-other+delete",
            "assign-hit+iterate",
            "assign-grow+read",
            "assign-grow+clone",
            "assign-hit+assign-grow",
            "clear+read",
            "delete+clear",
        ] {
            for row in exhaust(x, pair).rows {
                let again: Schedule = row.example.to_string().parse().unwrap();
                let replay = replay(x, &again);
                assert_eq!(replay.end, row.end, "{again}");
                assert_eq!(replay.schedule, again);
                seen += 1;
            }
        }
        assert!(seen >= 25, "{seen} ends");
    });
}

/// The first move of a goroutine of a kind.
fn when(moves: &[Move], goroutine: usize, kind: &str) -> usize {
    moves.iter().find(|m| m.goroutine == goroutine && m.kind == kind).expect("it does that").step
}

#[test]
fn two_assigns_to_one_bucket_lose_a_key_when_both_pass_the_check_before_either_sets_the_flag() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        let r = exhaust(x, "assign-other+assign-other");
        for kind in ["lost key", "wrong count"] {
            let row = r.rows.iter().find(|row| row.end.kind == kind).unwrap_or_else(|| panic!("no {kind}"));
            let moves = replay(x, &row.example).moves;
            let (checks, sets): (Vec<_>, Vec<_>) =
                (0..2).map(|g| (when(&moves, g, "flags-read"), when(&moves, g, "flags-write"))).unzip();
            // The store is in the second half of the step.
            let stores = (0..2).map(|g| moves.iter().find(|m| m.goroutine == g && m.kind == "flags-write" && m.rest));
            let first_store = stores.map(|m| m.unwrap().step).min().unwrap();
            assert!(checks.iter().all(|&c| c < first_store), "{}: {checks:?} {sets:?}", row.example);
        }
    });
}

#[test]
fn one_goroutine_within_the_write_of_another_is_caught() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        for (pair, text) in [
            ("assign-hit+assign-hit", "concurrent map writes"),
            ("assign-hit+read", "concurrent map read and map write"),
            ("assign-hit+iterate", "concurrent map iteration and map write"),
            ("assign-hit+clone", "concurrent map clone and map write"),
            ("delete+clear", "concurrent map writes"),
        ] {
            // The first goroutine goes until the flag is set, and the second one as far as it can.
            let r = exhaust(x, pair);
            let row = r.rows.iter().find(|row| row.end.kind == text).unwrap_or_else(|| panic!("{pair}: no {text}"));
            assert_eq!(row.end.class, Class::Caught);
            let moves = replay(x, &row.example).moves;
            assert!(moves.iter().any(|m| m.kind == "flags-write"), "{pair}: {}", row.example);
        }
        // Nobody checks anything for a length.
        assert_eq!(exhaust(x, "assign-grow+len").of(Class::Fine), exhaust(x, "assign-grow+len").schedules);
    });
}

#[test]
fn ends_have_their_classes() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        for (pair, class, kind, evidence) in [
            ("assign-hit+clear", Class::Silent, "broken structure", "rules of fsck: tophash"),
            (
                "assign-hit+assign-grow",
                Class::Panic,
                "runtime error: invalid memory address or nil pointer dereference",
                "",
            ),
            ("assign-other+delete", Class::Silent, "wrong count", "len is"),
        ] {
            let r = exhaust(x, pair);
            let row = r.rows.iter().find(|row| row.end.kind == kind).unwrap_or_else(|| panic!("{pair}: no {kind}"));
            assert_eq!(row.end.class, class, "{pair}: {kind}");
            let replay = replay(x, &row.example);
            assert!(replay.evidence.contains(evidence), "{}: {}", row.example, replay.evidence);
        }
        // A range loop over a map that begins to grow takes more steps than alone, and still ends.
        assert_eq!(exhaust(x, "assign-grow+iterate").of(Class::Hang), BigUint::ZERO);
    });
}

#[test]
fn what_is_no_schedule_is_refused() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        for (text, step) in [("1.22/u64/3-entries/len+len/aab", 2), ("1.22/u64/3-entries/len+len/abab", 3)] {
            let e = x.replay(&text.parse().unwrap()).unwrap_err().to_string();
            assert!(e.contains(&format!("step {step} cannot")), "{e}");
        }
        // What is left out goes on by itself.
        let whole = replay(x, &"1.22/u64/3-entries/read+read/b2".parse().unwrap());
        assert_eq!(whole.schedule.to_string(), "1.22/u64/3-entries/read+read/b2a6b4");
        let nil = x.replay(&"1.22/u64/nil/assign-hit+read/a".parse().unwrap()).unwrap_err().to_string();
        assert!(nil.contains("assignment to entry in nil map"), "{nil}");
    });
}
