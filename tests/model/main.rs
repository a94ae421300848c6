//! The portable operations against a `BTreeMap`, on histories that proptest invents and shrinks.

mod history;
mod structure;

use gohmap::version::GoVersion;
use history::{ELEMS, Key, Op, run};
use proptest::prelude::*;

fn key() -> impl Strategy<Value = Key> {
    prop_oneof![3 => (0_u16..120).prop_map(Key::Small), 1 => (0_u8..40).prop_map(Key::Colliding)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        30 => (key(), any::<u64>()).prop_map(|(k, v)| Op::Set(k, v)),
        4 => (0_u16..200, 1_u8..60).prop_map(|(from, n)| Op::Fill(from, n)),
        8 => key().prop_map(Op::Get),
        15 => key().prop_map(Op::Del),
        2 => (0_u16..200, 1_u8..60).prop_map(|(from, n)| Op::Drain(from, n)),
        1 => Just(Op::Clear),
        2 => any::<bool>().prop_map(|drop| Op::Clone { drop }),
        4 => proptest::option::of((0_u64..64, 0_u8..8)).prop_map(Op::Begin),
        12 => (any::<u8>(), 1_u8..20).prop_map(|(which, n)| Op::Next(which, n)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn operations_agree_with_a_btreemap(
        version in proptest::sample::select(&GoVersion::ALL[..]),
        elem in proptest::sample::select(&ELEMS[..]),
        hint in proptest::sample::select(&[0_i64, 8, 9, 30, 60, 110][..]),
        seed in any::<u64>(),
        ops in proptest::collection::vec(op(), 1..150),
    ) {
        run(version, elem, hint, seed, &ops);
    }
}
