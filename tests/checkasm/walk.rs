//! Random walks: operations of all kinds on two maps of one random life, which is disturbed now and then.

use super::{Copy, Isa, Kind, Numbers, Op, Said, colliding, env, next_of_both};
use gohmap::heap::OnFree;
use gohmap::layout::{self, mem};
use gohmap::map::{clear, iter};
use gohmap::version::GoVersion;

/// What a random walk has met; each must have happened.
#[derive(Debug, Default)]
struct Met {
    steps: u64,
    maps: u64,
    narrow: u64,
    pointers: u64,
    growing: u64,
    chains: u64,
    absent: u64,
    deleted: u64,
    tampered: u64,
    yielded: u64,
}

#[test]
fn every_operation_agrees_on_random_states() {
    let seed = env("GOHMAP_SEED", 1);
    let steps = env("GOHMAP_STEPS", 1_000_000);
    println!("seed {seed}, {steps} steps");
    for isa in Isa::available().into_iter().skip(1) {
        let mut n = Numbers(seed);
        let mut met = Met::default();
        while met.steps < steps {
            walk(isa, seed, &mut n, &mut met);
        }
        println!("{isa}: {met:?}");
        let least = steps / 10_000;
        for (what, times) in [
            ("growing", met.growing),
            ("chains", met.chains),
            ("absent", met.absent),
            ("deleted", met.deleted),
            ("tampered", met.tampered),
            ("yielded", met.yielded),
            ("narrow", met.narrow * 1000),
            ("pointers", met.pointers * 2000),
        ] {
            assert!(times > least, "the walk met too few states: {what} {times}");
        }
    }
}

/// One map's life.
fn walk(isa: Isa, seed: u64, n: &mut Numbers, met: &mut Met) {
    let version = GoVersion::ALL[n.below(6) as usize];
    let elem = [8, 8, 8, 8, 0, 1, 4, 16, 24, 128][n.below(10) as usize];
    // Now and then a table with B > 15, whose overflow limit no longer follows B.
    let hint = if n.below(60) == 0 { 500_000 } else { [0, 0, 8, 9, 60, 300][n.below(6) as usize] };
    let map_seed = n.next();
    let pointers = elem == 8 && n.below(4) == 0;
    // Iterators outlive the arrays that they go through.
    let kind = Kind::any(n);
    let [a, b] = [0, 1].map(|_| Copy::of_kind(kind, map_seed, version, elem, hint, pointers, OnFree::Keep));
    met.narrow += u64::from(kind == Kind::Narrow);
    met.pointers += u64::from(kind == Kind::Pointers);
    let collisions = n.below(3) == 0;
    let pool = if collisions { colliding(&a, n, 60) } else { Vec::new() };
    let range = [6, 9, 14, 60, 300, 2000, if kind == Kind::Narrow { 1 << 32 } else { u64::MAX }][n.below(7) as usize];
    let (deletes, lookups) = (n.below(45), n.below(40));
    let length = 200 + n.below(4000);
    for step in 0..length {
        let key = if collisions && n.below(4) > 0 { pool[n.below(60) as usize] } else { n.below(range) };
        let what = n.below(100);
        if what >= 90 {
            disturb(&a, &b, n, version, met);
        }
        let iterators = a.its.borrow().len() as u64;
        if iterators > 0 && n.below(3) == 0 {
            let (which, times) = (n.below(iterators) as usize, 1 + n.below(12));
            for _ in 0..times {
                // SAFETY: iterators of two live maps.
                let entry = unsafe { next_of_both(isa, &a, &b, which) };
                met.yielded += u64::from(entry.is_some());
            }
        }
        // SAFETY: two live maps of live types.
        unsafe {
            met.growing += u64::from(mem::ld64(a.h + 24) != 0);
            let op = if what < deletes {
                met.deleted += 1;
                Op::Delete
            } else if what < deletes + lookups {
                [Op::Access1, Op::Access2, Op::Access1Here, Op::Access2Here, Op::GetHere]
                    [n.below(if elem == 8 { 5 } else { 4 }) as usize]
            } else if elem == 8 {
                [Op::Assign, Op::Set, Op::SetHere][n.below(3) as usize]
            } else {
                Op::Assign
            };
            let value = n.next();
            let (said_a, said_b) = (op.call(isa, &a, key, value), op.call(Isa::Portable, &b, key, value));
            let at = || format!("{isa}: seed {seed}, map {}, step {step}, {op:?} {key:#x}", met.maps);
            assert_eq!(said_a, said_b, "{}", at());
            match said_a {
                Said::Place(Some((role, _)), _) => {
                    met.chains += u64::from(role == gohmap::heap::Role::Overflow);
                }
                Said::Place(None, _) => met.absent += 1,
                Said::Nothing | Said::Value(_) => {}
            }
            let header = |c: &Copy| (0..16).map(|i| mem::ld8(c.h + i)).collect::<Vec<_>>();
            assert_eq!(header(&a), header(&b), "{}: header", at());
            if hint < 1000 && (step % 256 == 0 || step + 1 == length) {
                assert!(a.state() == b.state(), "{}: memory differs", at());
            }
        }
        met.steps += 1;
    }
    met.maps += 1;
}

/// Now and then something that no healthy map sees, or that is not an operation under test; to both alike.
fn disturb(a: &Copy, b: &Copy, n: &mut Numbers, version: GoVersion, met: &mut Met) {
    // SAFETY: two live maps of live types; tampering keeps to bytes that nothing follows.
    unsafe {
        let b_of = |c: &Copy| mem::ld8(c.h + 9);
        let growing = mem::ld64(a.h + 24) != 0;
        // A bucket without growth, as an offset from the array; None when there is no array.
        let bucket = |n: &mut Numbers| {
            let i = n.next() & ((1 << (b_of(a) & 15)) - 1);
            (!growing && mem::ld64(a.h + 16) != 0).then_some(i as usize * a.t.bucket.size)
        };
        match n.below(2000) {
            0..100 => {
                for c in [a, b] {
                    let mut it = layout::Hiter::default();
                    iter::mapiterinit(&c.t, c.h, &mut it, &());
                    let mut its = c.its.borrow_mut();
                    if its.len() == 4 {
                        its.remove(0);
                    }
                    its.push(it);
                }
            }
            100..110 if version >= GoVersion::V1_21 => {
                for c in [a, b] {
                    clear::mapclear(&c.t, c.h, &());
                }
            }
            110..210 => {
                // Any marks in any order.
                let Some(at) = bucket(n) else { return };
                let (i, top) = (n.below(8) as usize, [0, 1, 2, 5, 0x80, 0xff][n.below(6) as usize]);
                // Evacuated marks in a table that then grows are a throw.
                let top = if top == 2 && n.below(4) > 0 { 1 } else { top };
                let top = if top == 2 { 5 } else { top };
                for c in [a, b] {
                    mem::st8(mem::ld64(c.h + 16) as usize + at + i, top);
                }
                met.tampered += 1;
            }
            210..310 => {
                // A key in two slots.
                let Some(at) = bucket(n) else { return };
                let (from, to) = (n.below(8) as usize, n.below(8) as usize);
                for c in [a, b] {
                    let bucket = mem::ld64(c.h + 16) as usize + at;
                    let size = c.t.bucket.key_size;
                    mem::memmove(bucket + c.t.bucket.key(to), bucket + c.t.bucket.key(from), size);
                }
                met.tampered += 1;
            }
            // A table that has doubled often enough stays as it is.
            310..400 if b_of(a) < 16 => {
                // Counters at and beside the limits at which a table grows.
                let shift = b_of(a).min(15);
                let noverflow = (1_u16 << shift).wrapping_add(n.below(3) as u16).wrapping_sub(1);
                let count = (6 + n.below(5)).max((13 << shift >> 1) + n.below(4) - 2);
                let which = n.below(2);
                for c in [a, b] {
                    if which == 0 {
                        mem::st16(c.h + 10, noverflow);
                    } else {
                        mem::st64(c.h, count);
                    }
                }
                met.tampered += 1;
            }
            _ => {}
        }
    }
}
