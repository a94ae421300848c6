//! Histories of operations that libFuzzer invents, run against a `BTreeMap` and the rules of the map's structure: the same
//! as in `tests/model`.
#![no_main]

#[path = "../../model/history.rs"]
mod history;
#[path = "../../model/structure.rs"]
mod structure;

use arbitrary::{Arbitrary, Unstructured};
use gohmap::version::GoVersion;
use history::{ELEMS, Key, Op, run};
use libfuzzer_sys::{Corpus, fuzz_target};

/// Hints: none, one bucket, and each side of several sizes.
const HINTS: [i64; 8] = [0, 8, 9, 13, 14, 30, 60, 110];
/// More steps than that only make a finding longer.
const STEPS: usize = 400;

fn key(u: &mut Unstructured) -> arbitrary::Result<Key> {
    Ok(match u.int_in_range(0..=3)? {
        0 => Key::Colliding(u.int_in_range(0..=39)?),
        _ => Key::Small(u.int_in_range(0..=119)?),
    })
}

fn op(u: &mut Unstructured) -> arbitrary::Result<Op> {
    Ok(match u.int_in_range(0_u8..=39)? {
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
        _ => Op::Next(u8::arbitrary(u)?, u.int_in_range(1..=19)?),
    })
}

fn history(u: &mut Unstructured) -> arbitrary::Result<()> {
    let version = *u.choose(&GoVersion::ALL)?;
    let elem = *u.choose(&ELEMS)?;
    let hint = *u.choose(&HINTS)?;
    let seed = u8::arbitrary(u)?;
    let mut ops = Vec::new();
    while !u.is_empty() && ops.len() < STEPS {
        ops.push(op(u)?);
    }
    run(version, elem, hint, seed.into(), &ops);
    Ok(())
}

fuzz_target!(|bytes: &[u8]| -> Corpus {
    match history(&mut Unstructured::new(bytes)) {
        Ok(()) => Corpus::Keep,
        Err(_) => Corpus::Reject,
    }
});
