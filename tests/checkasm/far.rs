//! Tables that are too large for caches, for which lookups have text of their own: buckets with any marks, keys in two slots, and
//! chains from one bucket of the table to another.

use super::{Copy, Isa, Kind, Numbers, Op, Said, env};
use gohmap::heap::OnFree;
use gohmap::layout::mem;
use gohmap::version::GoVersion;

/// Makes a table of 2^19 buckets.
const HINT: i64 = 1_800_000;

#[test]
fn large_tables_agree() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for (isa, kind) in
        Isa::available().into_iter().skip(1).flat_map(|isa| [Kind::Words, Kind::Narrow].map(|kind| (isa, kind)))
    {
        let seed = n.next();
        let [a, b] = [0, 1].map(|_| Copy::of_kind(kind, seed, GoVersion::V1_22, 8, HINT, false, OnFree::Keep));
        let l = a.t.bucket;
        let any = |n: &mut Numbers| n.next() >> if kind == Kind::Narrow { 32 } else { 0 };
        // SAFETY: a live header.
        let (log, hash0) = unsafe { (mem::ld8(a.h + 9), mem::ld32(a.h + 12)) };
        assert_eq!(log, 19);
        // Keys with a bucket of their own: chains lead from those of the first half to those of the second.
        let mut keys: Vec<(u64, usize)> = Vec::new();
        while keys.len() < 400 {
            let k = any(&mut n);
            let hash = gohmap::hash::memhash64(a.t.rt.key_schedule(), k, hash0.into());
            let offset = (hash & ((1 << log) - 1)) as usize * l.size;
            if keys.iter().all(|&(_, o)| o != offset) {
                keys.push((k, offset));
            }
        }
        let half = keys.len() / 2;
        let both = |op: Op, key: u64, value: u64| {
            // SAFETY: live maps of this type.
            let said = unsafe { [op.call(isa, &a, key, value), op.call(Isa::Portable, &b, key, value)] };
            assert_eq!(said[0], said[1], "{isa}: {op:?} {key:#x}");
            said.into_iter().next()
        };
        for &(key, _) in &keys {
            both(Op::SetHere, key, n.next());
        }
        let (mut found, mut absent) = (0, 0);
        for _ in 0..40_000 {
            let i = n.below(keys.len() as u64) as usize;
            let ((key, own), (_, end)) = (keys[i], keys[half + n.below(half as u64) as usize]);
            let (slot, mark) = (n.below(8) as usize, [0, 1, 5, 0x80, 0xff][n.below(5) as usize]);
            let (what, chained) = (n.below(8), n.below(2) == 0);
            for c in [&a, &b] {
                // SAFETY: live headers, and buckets of a live table; chains end.
                unsafe {
                    let table = mem::ld64(c.h + 16) as usize;
                    match what {
                        0 => mem::st8(table + own + slot, mark),
                        1 | 2 => {
                            let bucket = table + if what == 1 { own } else { end };
                            if kind == Kind::Narrow {
                                mem::st32(bucket + l.key(slot), key as u32);
                            } else {
                                mem::st64(bucket + l.key(slot), key);
                            }
                            mem::st8(bucket + slot, mark);
                        }
                        3 if i < half => {
                            mem::st64(table + own + l.overflow(), if chained { (table + end) as u64 } else { 0 });
                        }
                        _ => {}
                    }
                }
            }
            let key = if n.below(8) == 0 { any(&mut n) } else { key };
            match both(Op::ALL[n.below(Op::ALL.len() as u64) as usize], key, n.next()) {
                Some(Said::Place(Some(_), _)) => found += 1,
                Some(Said::Place(None, _)) => absent += 1,
                _ => {}
            }
            // SAFETY: as above.
            let seen = [&a, &b].map(|c| unsafe {
                let table = mem::ld64(c.h + 16) as usize;
                let bytes = |at: usize, len: usize| (at..at + len).map(|at| mem::ld8(at)).collect::<Vec<_>>();
                (bytes(c.h, 16), bytes(table + own, l.overflow()), bytes(table + end, l.overflow()))
            });
            assert!(seen[0] == seen[1], "{isa}: memory differs");
            // The last entry that goes takes the hash with it.
            // SAFETY: a live header.
            assert_eq!(unsafe { mem::ld32(a.h + 12) }, hash0, "too many deletions for this test");
        }
        println!("{isa}, {kind:?}: {found} found, {absent} absent");
        assert!(found > 5000 && absent > 1000, "{isa}: {found} found, {absent} absent");
    }
}
