//! The map's operations against a simple model of Go's semantics, on histories that proptest invents and shrinks: every kind
//! of key and element, every version.

mod growth;
mod history;
mod kinds;
mod model;
mod range;
mod structure;
mod values;

use gohmap::hash::Algorithm;
use gohmap::version::GoVersion;
use history::{Key, Op, Subject, Way, Which, run};
use kinds::KINDS;
use proptest::prelude::*;

fn key() -> impl Strategy<Value = Key> {
    let which = prop_oneof![3 => (0_u16..120).prop_map(Which::Small), 1 => (0_u8..40).prop_map(Which::Colliding)];
    (which, any::<bool>()).prop_map(|(which, twin)| Key { which, twin })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        30 => (key(), any::<u64>()).prop_map(|(k, v)| Op::Set(k, v)),
        4 => (0_u16..200, 1_u8..60).prop_map(|(from, n)| Op::Fill(from, n)),
        8 => key().prop_map(Op::Get),
        15 => key().prop_map(Op::Del),
        2 => (0_u16..200, 1_u8..60).prop_map(|(from, n)| Op::Drain(from, n)),
        1 => (0_u8..16, 1_u8..17).prop_map(|(from, n)| Op::Crowd(from, n)),
        1 => Just(Op::Clear),
        2 => any::<bool>().prop_map(|drop| Op::Clone { drop }),
        2 => any::<u8>().prop_map(Op::Switch),
        4 => proptest::option::of((0_u64..64, 0_u8..8)).prop_map(Op::Begin),
        12 => (any::<u8>(), 1_u8..20).prop_map(|(which, n)| Op::Next(which, n)),
    ]
}

fn subject() -> impl Strategy<Value = Subject> {
    let hint = prop_oneof![
        20 => proptest::sample::select(&[0_i64, 8, 9, 13, 14, 30, 60, 110, 220][..]).prop_map(Some),
        1 => proptest::sample::select(&[-1_i64, i64::MAX][..]).prop_map(Some),
        1 => Just(None),
    ];
    let hash = prop_oneof![4 => Just(Algorithm::Aes), 1 => Just(Algorithm::Fallback)];
    (
        proptest::sample::select(&GoVersion::ALL[..]),
        0..KINDS.len(),
        hint,
        hash,
        proptest::sample::select(&Way::ALL[..]),
        any::<u64>(),
    )
        .prop_map(|(version, kind, hint, hash, way, seed)| Subject { version, kind, hint, hash, way, seed })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operations_agree_with_a_model(subject in subject(), ops in proptest::collection::vec(op(), 1..150)) {
        run(subject, &ops);
    }
}
