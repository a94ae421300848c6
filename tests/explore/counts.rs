//! Counts: the same each time, those that can be known otherwise, and those of random schedules.

use super::{exhaust, scenario, with};
use gohmap::lab::experiment::{KeyKind, Lab};
use gohmap::lab::explore::replay::Move;
use gohmap::lab::explore::{Act, Class, Draw, ExploreError, Explorer, Points, Report, Row, Scenario, Schedule};
use gohmap::layout::mem::HAVE_ASM;
use gohmap::version::GoVersion;
use num_bigint::BigUint;
use std::cell::RefCell;
use std::rc::Rc;

/// All pairs but those of two operations that may grow the map, which take as long as all others together.
fn quick_pairs() -> Vec<Scenario> {
    let writes = |a: &Act| a.assigns() || matches!(a, Act::Delete | Act::Clear | Act::Iterate);
    let slow = |s: &Scenario| s.acts.contains(&Act::AssignGrow) && s.acts.iter().all(writes);
    Scenario::pairs().into_iter().filter(|s| !slow(s)).collect()
}

#[test]
fn every_pair_has_the_same_counts_twice() {
    let count = || {
        with(GoVersion::default(), KeyKind::U64, |x| {
            let all = quick_pairs().into_iter().map(|s| x.exhaust(&s, Points::Steps, |_, _| ()).unwrap());
            all.collect::<Vec<_>>()
        })
    };
    let (first, second) = (count(), count());
    assert_eq!(first, second);
    for r in first.iter().flatten() {
        let sum: f64 = r.rows.iter().map(|row| row.chance).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{}: the chances make {sum}", r.scenario);
        assert_eq!(r.rows.iter().map(|row| &row.schedules).sum::<BigUint>(), r.schedules);
    }
}

#[test]
fn who_only_reads_is_always_fine_and_has_as_many_schedules_as_there_are_merges() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        // A lookup in one bucket has six points, and a length one: C(12, 6) and C(7, 1) ways to merge them.
        for (pair, merges) in [("read+read", 924_u32), ("read+len", 7), ("len+len", 2)] {
            let (r, merges) = (exhaust(x, pair), merges.into());
            assert_eq!((&r.of(Class::Fine), &r.schedules), (&merges, &merges), "{pair}");
        }
        for pair in ["read+iterate", "iterate+iterate", "iterate+len", "clone+clone", "read+clone", "iterate+clone"] {
            let r = exhaust(x, pair);
            assert_eq!(r.of(Class::Fine), r.schedules, "{pair}: {:?}", r.rows);
        }
    });
}

#[test]
fn three_goroutines_have_as_many_schedules_in_whatever_order_they_are_named() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        // 18! / (6!)^3 ways to merge three lookups.
        assert_eq!(exhaust(x, "read+read+read").schedules, 17_153_136_u32.into());
        let classes = |text: &str| {
            let r = exhaust(x, text);
            Class::ALL.map(|c| r.of(c))
        };
        for [first, second, third] in [["assign-hit", "read", "delete"], ["assign-other", "len", "assign-same"]] {
            let counts = classes(&format!("{first}+{second}+{third}"));
            assert_eq!(counts, classes(&format!("{third}+{first}+{second}")), "{first}+{second}+{third}");
            assert_eq!(counts, classes(&format!("{second}+{first}+{third}")), "{first}+{second}+{third}");
            assert!(counts.iter().filter(|n| **n > BigUint::ZERO).count() >= 3, "{counts:?}");
        }
        let same = exhaust(x, "assign-hit+assign-hit+assign-hit");
        assert_eq!(same.states, Some(6735));
    });
}

#[test]
fn a_search_gives_up_at_its_bound_and_says_what_to_do() {
    if !HAVE_ASM {
        return;
    }
    let lab = Lab::new(GoVersion::default()).unwrap();
    let mut x = Explorer::new(&lab, KeyKind::U64);
    x.limit = 2000;
    let s = scenario("assign-other+delete+read");
    let e = x.exhaust(&s, Points::Steps, |_, _| ()).unwrap_err();
    assert!(matches!(e, ExploreError::TooLarge { states: 2000, .. }), "{e}");
    assert!(e.to_string().contains("--random"), "{e}");
    x.limit = 1_000_000;
    let parts = Rc::new(RefCell::new(Vec::new()));
    let told = Rc::clone(&parts);
    let r = x.exhaust(&s, Points::Steps, move |n, part| told.borrow_mut().push((n, part))).unwrap();
    // What is told of a search only rises, and comes close to all.
    let parts = parts.borrow();
    assert!(parts.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1), "{parts:?}");
    assert!(parts.len() >= 3 && parts.iter().all(|p| (0.0..=1.0).contains(&p.1)), "{parts:?}");
    assert!(parts.last().unwrap().0 <= r.states.unwrap());
}

#[test]
fn who_reads_while_a_slot_is_moved_is_told_wrong() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        let s = scenario("growing/assign-other+read");
        let wrong = |r: &Report| r.rows.iter().find(|row| row.end.kind == "wrong read").map(|row| row.example.clone());
        // The slot that is read is the first of its old bucket: until it is moved, and from then on, all is well.
        assert_eq!(wrong(&x.exhaust(&s, Points::Steps, |_, _| ()).unwrap()), None);
        let example = wrong(&x.exhaust(&s, Points::Accesses, |_, _| ()).unwrap()).expect("a wrong read");
        let again: Schedule = example.to_string().parse().unwrap();
        let replay = x.replay(&again).unwrap();
        assert_eq!((replay.end.kind.as_str(), &replay.schedule), ("wrong read", &example));
        // The rest of that step comes after the lookup.
        let reads = |m: &Move| m.goroutine == 1;
        let read = replay.moves.iter().rposition(reads).unwrap();
        let before = replay.moves[..read].iter().rfind(|m| !reads(m)).unwrap();
        let after = replay.moves[read..].iter().find(|m| !reads(m)).unwrap();
        assert!(after.rest && after.kind == "evacuate-slot" && before.kind == after.kind, "{before:?} {after:?}");
    });
}

#[test]
fn between_operations_a_switch_does_no_harm() {
    for version in GoVersion::ALL {
        with(version, KeyKind::U64, |x| {
            for s in Scenario::pairs() {
                if s.impossible(version.rules()).is_some() {
                    continue;
                }
                let r = x.exhaust(&s, Points::Operations, |_, _| ()).unwrap_or_else(|e| panic!("{e}"));
                assert_eq!(r.of(Class::Fine), r.schedules, "Go {version}, {s}: {:?}", r.rows);
            }
        });
    }
}

#[test]
fn random_schedules_come_out_as_their_chances_say() {
    const N: usize = 20_000;
    with(GoVersion::default(), KeyKind::U64, |x| {
        for pair in ["assign-other+assign-other", "delete+read"] {
            let exact = exhaust(x, pair);
            let drawn = x.sample(&scenario(pair), Points::Steps, Draw::Random, N, 1, |_, _| ()).unwrap();
            assert_eq!(drawn.schedules, N.into());
            for row in &exact.rows {
                let count = |r: &Row| u32::try_from(&r.schedules).expect("of so many");
                let n = drawn.rows.iter().find(|r| r.end == row.end).map_or(0, count);
                // Five standard deviations; the seed is fixed, so that the numbers are the same in every run.
                let margin = 5.0 * (N as f64 * row.chance * (1.0 - row.chance)).sqrt() + 1.0;
                let expected = N as f64 * row.chance;
                assert!((f64::from(n) - expected).abs() < margin, "{pair}, {}: {n}, not {expected}", row.end);
            }
            assert_eq!(drawn, x.sample(&scenario(pair), Points::Steps, Draw::Random, N, 1, |_, _| ()).unwrap());
        }
    });
}

#[test]
fn pct_finds_in_few_schedules_what_needs_two_switches_at_the_right_places() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        let s = scenario("assign-same+clone+read");
        let r = x.sample(&s, Points::Steps, Draw::Pct(3), 3000, 1, |_, _| ()).unwrap();
        assert!(r.rows.iter().any(|row| row.end.kind == "wrong clone"), "{:?}", r.rows);
    });
}

#[test]
fn every_type_and_version_can_be_explored() {
    for version in GoVersion::ALL {
        for kind in KeyKind::ALL {
            with(version, kind, |x| {
                for pair in ["assign-other+assign-other", "delete+clear", "assign-grow+read", "iterate+clear"] {
                    let r = exhaust(x, pair);
                    let caught = r.of(Class::Caught);
                    assert!(
                        caught > BigUint::ZERO && caught < r.schedules,
                        "Go {version}, {kind}, {pair}: {:?}",
                        r.rows
                    );
                }
            });
        }
    }
}
