//! Counts: the same each time, those that can be known otherwise, and those of random schedules.

use super::{exhaust, scenario, with};
use gohmap::lab::experiment::KeyKind;
use gohmap::lab::explore::{Act, Class, Draw, Points, Scenario};
use gohmap::version::GoVersion;

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
            let all = quick_pairs().into_iter().map(|s| x.exhaust(&s, Points::Steps, |_| ()).unwrap());
            all.collect::<Vec<_>>()
        })
    };
    let (first, second) = (count(), count());
    assert_eq!(first, second);
    for r in first.iter().flatten() {
        let sum: f64 = r.rows.iter().map(|row| row.chance).sum();
        assert!((sum - 1.0).abs() < 1e-9, "{}: the chances make {sum}", r.scenario);
        assert_eq!(r.rows.iter().map(|row| row.schedules).sum::<u128>(), r.schedules);
    }
}

#[test]
fn who_only_reads_is_always_fine_and_has_as_many_schedules_as_there_are_merges() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        // A lookup in one bucket has six points, and a length one: C(12, 6) and C(7, 1) ways to merge them.
        for (pair, merges) in [("read+read", 924), ("read+len", 7), ("len+len", 2)] {
            let r = exhaust(x, pair);
            assert_eq!((r.of(Class::Fine), r.schedules), (merges, merges), "{pair}");
        }
        for pair in ["read+iterate", "iterate+iterate", "iterate+len", "clone+clone", "read+clone", "iterate+clone"] {
            let r = exhaust(x, pair);
            assert_eq!(r.of(Class::Fine), r.schedules, "{pair}: {:?}", r.rows);
        }
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
                let r = x.exhaust(&s, Points::Operations, |_| ()).unwrap_or_else(|e| panic!("{e}"));
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
            let drawn = x.sample(&scenario(pair), Draw::Random, N, 1, |_| ()).unwrap();
            assert_eq!(drawn.schedules, N as u128);
            for row in &exact.rows {
                let n = drawn.rows.iter().find(|r| r.end == row.end).map_or(0, |r| r.schedules) as f64;
                // Five standard deviations; the seed is fixed, so that the numbers are the same in every run.
                let margin = 5.0 * (N as f64 * row.chance * (1.0 - row.chance)).sqrt() + 1.0;
                let expected = N as f64 * row.chance;
                assert!((n - expected).abs() < margin, "{pair}, {}: {n}, not {expected}", row.end);
            }
            assert_eq!(drawn, x.sample(&scenario(pair), Draw::Random, N, 1, |_| ()).unwrap());
        }
    });
}

#[test]
fn pct_finds_in_few_schedules_what_needs_two_switches_at_the_right_places() {
    with(GoVersion::default(), KeyKind::U64, |x| {
        let s = scenario("assign-same+clone+read");
        let r = x.sample(&s, Draw::Pct(3), 3000, 1, |_| ()).unwrap();
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
                    assert!(caught > 0 && caught < r.schedules, "Go {version}, {kind}, {pair}: {:?}", r.rows);
                }
            });
        }
    }
}
