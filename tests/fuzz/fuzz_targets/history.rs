//! Histories of operations that libFuzzer invents, run against a simple model of Go's semantics and the rules of the map's
//! structure: the same as in `tests/model`. The map type, the Go version and the functions are part of the input.
#![no_main]

#[path = "../../model/growth.rs"]
mod growth;
#[path = "../../model/history.rs"]
mod history;
#[path = "../../model/kinds.rs"]
mod kinds;
#[path = "../../model/model.rs"]
mod model;
#[path = "../../model/range.rs"]
mod range;
#[path = "../../model/structure.rs"]
mod structure;
#[path = "../../model/values.rs"]
mod values;

use arbitrary::{Arbitrary, Unstructured};
use gohmap::hash::Algorithm;
use gohmap::version::GoVersion;
use history::{Key, Op, Subject, Way, Which, run};
use kinds::KINDS;
use libfuzzer_sys::{Corpus, fuzz_target};

/// Hints: none, one bucket, each side of several sizes, and two that are ignored.
const HINTS: [i64; 11] = [0, 8, 9, 13, 14, 30, 60, 110, 220, -1, i64::MAX];
/// More steps than that only make a finding longer.
const STEPS: usize = 400;

fn key(u: &mut Unstructured) -> arbitrary::Result<Key> {
    let which = match u.int_in_range(0..=3)? {
        0 => Which::Colliding(u.int_in_range(0..=39)?),
        _ => Which::Small(u.int_in_range(0..=119)?),
    };
    Ok(Key { which, twin: bool::arbitrary(u)? })
}

fn op(u: &mut Unstructured) -> arbitrary::Result<Op> {
    Ok(match u.int_in_range(0_u8..=41)? {
        0..=15 => Op::Set(key(u)?, u64::arbitrary(u)?),
        16..=17 => Op::Fill(u.int_in_range(0..=199)?, u.int_in_range(1..=60)?),
        18..=20 => Op::Get(key(u)?),
        21..=27 => Op::Del(key(u)?),
        28 => Op::Drain(u.int_in_range(0..=199)?, u.int_in_range(1..=60)?),
        29 => Op::Clear,
        30 => Op::Clone { drop: bool::arbitrary(u)? },
        31..=33 => Op::Begin(match bool::arbitrary(u)? {
            true => Some((u.int_in_range(0..=63)?, u.int_in_range(0..=7)?)),
            false => None,
        }),
        35 => Op::Crowd(u.int_in_range(0..=15)?, u.int_in_range(1..=16)?),
        34 => Op::Switch(u8::arbitrary(u)?),
        _ => Op::Next(u8::arbitrary(u)?, u.int_in_range(1..=19)?),
    })
}

fn history(u: &mut Unstructured) -> arbitrary::Result<()> {
    let subject = Subject {
        version: *u.choose(&GoVersion::ALL)?,
        kind: u.int_in_range(0..=KINDS.len() - 1)?,
        hint: if u.ratio(1, 40)? { None } else { Some(*u.choose(&HINTS)?) },
        hash: if u.ratio(1, 5)? { Algorithm::Fallback } else { Algorithm::Aes },
        way: *u.choose(&Way::ALL)?,
        seed: u8::arbitrary(u)?.into(),
    };
    let mut ops = Vec::new();
    while !u.is_empty() && ops.len() < STEPS {
        ops.push(op(u)?);
    }
    if std::env::var_os("GOHMAP_SHOW").is_some() {
        eprintln!("{subject:?}\n{ops:?}");
    }
    run(subject, &ops);
    Ok(())
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match history(&mut Unstructured::new(bytes)) {
        Ok(()) => Corpus::Keep,
        Err(_) => Corpus::Reject,
    }
});
