//! Healthy maps in all states, and the same broken in one place each.

use super::*;
use crate::inspect::own::Own;
use crate::lab::script::Engine;
use crate::layout::{EMPTY_ONE, EMPTY_REST};
use crate::map::amd64::Isa;
use crate::rng::Rng;
use crate::version::GoVersion;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The memory of maps that this thread alone uses, and whose addresses it takes from a healthy header.
mod poke {
    use crate::layout::mem;

    macro_rules! poke {
        ($($ld:ident $st:ident $ty:ty;)*) => {$(
            pub(super) fn $ld(at: usize) -> $ty {
                // SAFETY: part of a live object of a map.
                unsafe { mem::$ld(at) }
            }
            pub(super) fn $st(at: usize, v: $ty) {
                // SAFETY: as above.
                unsafe { mem::$st(at, v) }
            }
        )*};
    }
    poke! { ld8 st8 u8; ld16 st16 u16; ld32 st32 u32; ld64 st64 u64; }
}

const KINDS: [&str; 18] = [
    "u64", "u32", "str", "any", "f64", "ptr", "big", "zel", "zky", "u8", "c128", "pad", "blank", "s1", "bigs", "fat",
    "strx", "uptr",
];

/// Key number `k` in the words of a script.
fn key(kind: &str, k: u64) -> String {
    match (kind, k % 3) {
        ("any", 0) => format!("i:{k}"),
        ("any", 1) => format!("s:key{k}"),
        ("any", _) => format!("f:{k}"),
        _ => k.to_string(),
    }
}

fn run(e: &mut Engine, line: &str) {
    let mut out = String::new();
    e.step(line, &mut out).unwrap_or_else(|err| panic!("{line}: {err}"));
}

/// An engine with a map `m` of a kind that has gone through these lines, under the key schedule and random numbers of
/// this seed: where entries lie, and which buckets overflow, is the same in every run.
fn map(version: GoVersion, kind: &str, seed: u64, lines: &[String]) -> (Engine, Arc<MapType>, usize) {
    let mut e = Engine::new(version, Isa::available()[0]);
    let random = Rng::new(Some(seed));
    let schedule: String = (0..16).map(|_| format!("{:016x}", random.rand())).collect();
    run(&mut e, &format!("keys {schedule}"));
    run(&mut e, "rng on");
    run(&mut e, &format!("new m {kind} 0 7"));
    for line in lines {
        run(&mut e, line);
    }
    let (t, h) = e.maps().find(|m| m.0 == "m").map(|(_, t, h)| (Arc::clone(t), h)).unwrap();
    (e, t, h)
}

fn report(t: &MapType, h: usize) -> Report {
    check_at(&Own::new(&t.rt), t, h as u64).unwrap()
}

/// Lines that leave a map of `n` keys with some deleted and some set again.
fn lived_in(kind: &str, n: u64) -> Vec<String> {
    let key = |k| key(kind, k);
    let mut lines: Vec<String> = (0..n).map(|k| format!("set m {} {k}", key(k))).collect();
    lines.extend((0..n).filter(|k| k % 3 == 0).map(|k| format!("del m {}", key(k))));
    lines.extend((0..n).filter(|k| k % 6 == 0).map(|k| format!("set m {} 1", key(k))));
    lines
}

/// Lines that bring a map to a growth of the same size: many come and go.
fn churned(kind: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for k in 0..6000_u64 {
        lines.push(format!("set m {} 1", key(kind, k)));
        if k >= 200 {
            lines.push(format!("del m {}", key(kind, k - 200)));
        }
    }
    lines
}

#[test]
fn nothing_is_found_in_healthy_maps() {
    let mut states = BTreeSet::new();
    let mut maps = 0;
    for version in GoVersion::ALL {
        for kind in KINDS {
            let mut e = Engine::new(version, Isa::available()[0]);
            run(&mut e, &format!("new m {kind} 0 12345"));
            // Every size from empty on, through every state of two growths; then deleting, clearing.
            let mut lines: Vec<String> = (0..120).map(|k| format!("set m {} {k}", key(kind, k))).collect();
            lines.extend((0..100).map(|k| format!("del m {}", key(kind, k))));
            if version.rules().has_clone {
                lines.push("clone m c".to_owned());
            }
            lines.push("clear m".to_owned());
            lines.push(format!("set m {} 1", key(kind, 1)));
            for line in lines {
                run(&mut e, &line);
                for (name, t, h) in e.maps() {
                    let own = Own::new(&t.rt);
                    let s = Snapshot::read(&own, t, h as u64).unwrap();
                    let r = check(&own, t, &s);
                    assert!(r.findings.is_empty(), "{version} {kind} {name} after {line:?}: {:#?}", r.findings);
                    assert_eq!(s.entries().count() as i64, s.header.count, "{version} {kind} after {line:?}");
                    states.insert((s.header.b.min(3), s.header.growing(), s.extra.is_some()));
                    maps += 1;
                }
            }
        }
    }
    assert!(maps > 20_000 && states.len() >= 8, "{maps} maps in {states:?}");
}

#[test]
fn growth_to_the_same_size() {
    for (version, kind) in [(GoVersion::V1_19, "u64"), (GoVersion::V1_22, "str"), (GoVersion::V1_24, "any")] {
        let mut e = Engine::new(version, Isa::available()[0]);
        run(&mut e, &format!("new m {kind} 0 99"));
        let mut seen = 0;
        for line in churned(kind) {
            run(&mut e, &line);
            let (_, t, h) = e.maps().next().unwrap();
            let growing = { poke::ld64(h + 24) != 0 && poke::ld8(h + 8) & 8 != 0 };
            if growing {
                let own = Own::new(&t.rt);
                let s = Snapshot::read(&own, t, h as u64).unwrap();
                assert_eq!(s.entries().count() as i64, s.header.count, "{line}");
                let r = check(&own, t, &s);
                assert!(r.findings.is_empty(), "{version} {kind} after {line:?}: {:#?}", r.findings);
                seen += 1;
            }
        }
        assert!(seen > 10, "{version} {kind}: {seen} states of same-size growth");
    }
}

/// What is broken, and the rule that must say so.
type Plant = (&'static str, Rule, fn(&MapType, usize));

fn buckets(h: usize) -> usize {
    poke::ld64(h + 16) as usize
}

/// The bucket and number of the first cell with a mark that `wanted` takes.
fn cell(t: &MapType, h: usize, wanted: impl Fn(u8, usize) -> bool) -> (usize, usize) {
    {
        let n = 1_usize << poke::ld8(h + 9);
        (0..n)
            .map(|i| buckets(h) + i * t.bucket.size)
            .flat_map(|b| (0..8).map(move |c| (b, c)))
            .find(|&(b, c)| wanted(poke::ld8(b + c), c))
            .expect("there is such a cell")
    }
}

fn live(top: u8, _: usize) -> bool {
    top > 4
}

/// Address of a bucket with an overflow bucket, and of that.
fn overflowing(t: &MapType, h: usize) -> (usize, usize) {
    {
        let n = 1_usize << poke::ld8(h + 9);
        (0..n)
            .map(|i| buckets(h) + i * t.bucket.size)
            .map(|b| (b, poke::ld64(b + t.bucket.overflow()) as usize))
            .find(|(_, o)| *o != 0)
            .expect("there is an overflow bucket")
    }
}

/// All of them on `map[uint64]uint64`. The stores are to a live map that nobody else uses.
const PLANTS: &[Plant] = &[
    ("one entry more", Rule::Count, |_, h| poke::st64(h, poke::ld64(h) + 1)),
    ("negative count", Rule::Count, |_, h| poke::st64(h, u64::MAX)),
    ("unknown flag", Rule::Flags, |_, h| poke::st8(h + 8, 0x40)),
    ("hashWriting left set", Rule::Writing, |_, h| poke::st8(h + 8, 4)),
    ("sameSizeGrow without growth", Rule::SameSize, |_, h| poke::st8(h + 8, 8)),
    ("B too small by one", Rule::Count, |_, h| poke::st8(h + 9, poke::ld8(h + 9) - 1)),
    ("B of a bit flip", Rule::B, |_, h| poke::st8(h + 9, poke::ld8(h + 9) | 0x80)),
    ("noverflow off by one", Rule::Noverflow, |_, h| poke::st16(h + 10, poke::ld16(h + 10) + 1)),
    ("hash0 changed", Rule::Tophash, |_, h| poke::st32(h + 12, poke::ld32(h + 12) ^ 1)),
    ("hash0 zeroed", Rule::Hash0, |_, h| poke::st32(h + 12, 0)),
    ("buckets in no memory", Rule::Pointer, |_, h| poke::st64(h + 16, 0x10)),
    ("buckets not canonical", Rule::Pointer, |_, h| poke::st64(h + 16, 0x8000_0000_0000_0000)),
    ("oldbuckets is buckets", Rule::Pointer, |_, h| poke::st64(h + 24, poke::ld64(h + 16))),
    ("extra gone", Rule::Extra, |t, h| poke::st64(h + t.rt.rules().extra_offset, 0)),
    ("key overwritten", Rule::Bucket, |t, h| {
        let (b, c) = cell(t, h, live);
        // To another bucket of the 64, whatever the hash.
        let there = |key| t.rt.hash().memhash64(key, u64::from(poke::ld32(h + 12))) % 64;
        let key = poke::ld64(b + t.bucket.key(c));
        let other = (1..).map(|x| key ^ x << 32).find(|&k| there(k) != there(key)).unwrap();
        poke::st64(b + t.bucket.key(c), other);
    }),
    ("mark of another hash", Rule::Tophash, |t, h| {
        let (b, c) = cell(t, h, live);
        poke::st8(b + c, poke::ld8(b + c) ^ 0x80 | 0x40);
    }),
    ("entry forgotten", Rule::Count, |t, h| {
        let (b, c) = cell(t, h, |top, c| top > 4 && c < 7);
        poke::st8(b + c, EMPTY_ONE);
    }),
    ("emptyRest before an entry", Rule::EmptyRest, |t, h| {
        let (b, c) = cell(t, h, |top, c| top > 4 && c == 0);
        poke::st8(b + c, EMPTY_REST);
    }),
    ("mark of evacuation in the array", Rule::Mark, |t, h| {
        let (b, c) = cell(t, h, |top, c| top > 4 && c > 1);
        poke::st8(b + c, 3);
    }),
    ("chain in a circle", Rule::Chain, |t, h| {
        let (_, o) = overflowing(t, h);
        poke::st64(o + t.bucket.overflow(), o as u64);
    }),
    ("overflow in no memory", Rule::Pointer, |t, h| {
        let (b, _) = overflowing(t, h);
        poke::st64(b + t.bucket.overflow(), 0xdead_0000_beef);
    }),
    ("overflow not aligned", Rule::Pointer, |t, h| {
        let (b, o) = overflowing(t, h);
        poke::st64(b + t.bucket.overflow(), o as u64 + 1);
    }),
    ("overflow bucket cut off", Rule::OverflowList, |t, h| {
        let (b, _) = overflowing(t, h);
        poke::st64(b + t.bucket.overflow(), 0);
    }),
    ("two chains share a bucket", Rule::Shared, |t, h| {
        let (_, o) = overflowing(t, h);
        let (b, _) = cell(t, h, |_, _| true);
        let other = if poke::ld64(b + t.bucket.overflow()) == 0 { b } else { b + t.bucket.size };
        poke::st64(other + t.bucket.overflow(), o as u64);
    }),
    ("chain into the array", Rule::Shared, |t, h| {
        let (b, _) = overflowing(t, h);
        let other = if b == buckets(h) { b + t.bucket.size } else { buckets(h) };
        poke::st64(b + t.bucket.overflow(), other as u64);
    }),
    ("key twice", Rule::Duplicate, |t, h| {
        let (b, c) = cell(t, h, |top, c| top > 4 && c == 0);
        poke::st8(b + c + 1, poke::ld8(b + c));
        poke::st64(b + t.bucket.key(c + 1), poke::ld64(b + t.bucket.key(c)));
    }),
    ("nextOverflow astray", Rule::NextOverflow, |t, h| {
        poke::st64(poke::ld64(h + t.rt.rules().extra_offset) as usize + 16, poke::ld64(h + 16) + 8);
    }),
    ("list cut short", Rule::OverflowList, |t, h| {
        let list = poke::ld64(poke::ld64(h + t.rt.rules().extra_offset) as usize) as usize;
        poke::st64(list + 8, poke::ld64(list + 8) - 1);
    }),
    ("count of a table four times as large", Rule::Load, |_, h| poke::st64(h, 4 * poke::ld64(h))),
];

#[test]
fn every_planted_corruption_is_found() {
    for version in [GoVersion::V1_19, GoVersion::V1_22, GoVersion::V1_24] {
        for (seed, &(what, rule, plant)) in (0..24).flat_map(|seed| PLANTS.iter().map(move |p| (seed, p))) {
            let (_e, t, h) = map(version, "u64", seed, &lived_in("u64", 400));
            assert!(report(&t, h).findings.is_empty());
            plant(&t, h);
            let r = report(&t, h);
            assert!(
                r.findings.iter().any(|f| f.rule == rule),
                "{version}, seed {seed}: {what} should be found by {rule:?}: {:#?}",
                r.findings
            );
            assert_eq!(r.broken(), r.findings.iter().any(|f| f.grade() == Grade::Broken));
        }
    }
}

/// The same for maps that are growing, and for keys with something behind them.
#[test]
fn corruptions_of_growing_maps_and_of_what_keys_point_to() {
    let plants: &[(&str, Plant)] = &[
        ("u64", ("nevacuate beyond what has moved", Rule::Nevacuate, |_, h| poke::st64(h + 32, 7))),
        ("u64", ("nevacuate beyond the end", Rule::Nevacuate, |_, h| poke::st64(h + 32, 1 << 20))),
        (
            "u64",
            ("old bucket evacuated by halves", Rule::Mark, |_, h| {
                poke::st8(poke::ld64(h + 24) as usize + 3, 77);
            }),
        ),
        (
            "u64",
            ("moved back", Rule::Nevacuate, |_, h| {
                poke::st64(poke::ld64(h + 24) as usize, 0x0101_0101_0101_0101);
            }),
        ),
        ("u64", ("oldbuckets lost", Rule::Count, |_, h| poke::st64(h + 24, 0))),
        (
            "str",
            ("string in no memory", Rule::Key, |t, h| {
                let (b, c) = cell(t, h, live);
                poke::st64(b + t.bucket.key(c), 0x1000);
            }),
        ),
        (
            "str",
            ("string of absurd length", Rule::Key, |t, h| {
                let (b, c) = cell(t, h, live);
                poke::st64(b + t.bucket.key(c) + 8, 1 << 62);
            }),
        ),
        (
            "any",
            ("no type behind an interface", Rule::Key, |t, h| {
                let (b, c) = cell(t, h, live);
                poke::st64(b + t.bucket.key(c), 0x1234_5678);
            }),
        ),
        (
            "big",
            ("element nowhere", Rule::Elem, |t, h| {
                let (b, c) = cell(t, h, live);
                poke::st64(b + t.bucket.elem(c), 0);
            }),
        ),
    ];
    for (seed, &(kind, (what, rule, plant))) in (0..24).flat_map(|seed| plants.iter().map(move |p| (seed, p))) {
        // The next entry has begun a growth from 16 buckets to 32.
        let lines: Vec<String> = (0..105).map(|k| format!("set m {} {k}", key(kind, k))).collect();
        let (_e, t, h) = map(GoVersion::V1_22, kind, seed, &lines);
        assert!(report(&t, h).findings.is_empty());
        assert_ne!({ poke::ld64(h + 24) }, 0, "growing");
        plant(&t, h);
        let r = report(&t, h);
        assert!(
            r.findings.iter().any(|f| f.rule == rule),
            "seed {seed}: {what} should be found by {rule:?}: {:#?}",
            r.findings
        );
    }
}

#[test]
fn findings_are_told_up_to_ten_of_a_kind() {
    let (_e, t, h) = map(GoVersion::V1_22, "u64", 1, &lived_in("u64", 300));
    poke::st32(h + 12, 1);
    let r = report(&t, h);
    assert_eq!(r.findings.iter().filter(|f| f.rule == Rule::Tophash).count(), MOST);
    assert!(r.more.iter().any(|&(rule, n)| rule == Rule::Tophash && n > 100));
    assert!(r.broken());
}
