//! Operations on many keys: what the single operations do in their order, byte for byte, also where these fault, on maps
//! whose marks are not true, and on maps that iterators look at.

use super::faults::{hole, words};
use super::{Copy, Numbers, Op, checkasm_call, env, step_by_step};
use gohmap::fault::{Death, guarded};
use gohmap::heap::{OnFree, Prot};
use gohmap::layout::mem;
use gohmap::map::amd64::Isa;
use gohmap::map::batch::{self, Many};
use gohmap::version::GoVersion;

/// Operations on many keys do what the single operations do in their order, byte for byte: with keys that repeat, on maps
/// that grow on the way, and on tables large enough to be prefetched.
#[test]
fn batches_are_one_by_one() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available() {
        for round in 0..60 {
            let map_seed = n.next();
            let hint = [0, 0, 30, 40_000][n.below(4) as usize];
            let a = Copy::new(map_seed, GoVersion::V1_23, 8, hint);
            let b = Copy::new(map_seed, GoVersion::V1_23, 8, hint);
            let f = isa.fast64_of(&a.t);
            let mut model = std::collections::HashMap::new();
            let range = [10, 100, 3000, 60_000][n.below(4) as usize];
            for _ in 0..4 {
                let how_many = [0, 1, 7, 8, 9, 55, 56, 57, 500, 20_000][n.below(10) as usize];
                let keys: Vec<u64> = (0..how_many).map(|_| n.below(range)).collect();
                let values: Vec<u64> = keys.iter().map(|_| n.next()).collect();
                let (mut got_a, mut got_b) = (vec![1; how_many], vec![2; how_many]);
                // SAFETY: live maps of this type; the values are elements.
                unsafe {
                    batch::assign_many(f, &a.t, a.h, &keys, &values);
                    for (&k, &v) in keys.iter().zip(&values) {
                        Op::Set.call(isa, &b, k, v);
                        model.insert(k, v);
                    }
                    let doomed = &keys[how_many / 3..how_many / 2];
                    batch::delete_many(f, &a.t, a.h, doomed);
                    for k in doomed {
                        Op::Delete.call(isa, &b, *k, 0);
                        model.remove(k);
                    }
                    let asked: Vec<u64> = (0..how_many).map(|_| n.below(range + 5)).collect();
                    batch::get_many(f, &a.t, a.h, &asked, &mut got_a);
                    for (k, v) in asked.iter().zip(&mut got_b) {
                        *v = mem::ld64((f.mapaccess1)(&b.t, b.h, *k));
                    }
                    let known: Vec<u64> = asked.iter().map(|k| model.get(k).copied().unwrap_or(0)).collect();
                    assert!(got_a == got_b && got_a == known, "{isa}: round {round}: values differ");
                    assert_eq!(mem::ld64(a.h), model.len() as u64, "{isa}: round {round}");
                }
                assert!(a.state() == b.state(), "{isa}: round {round}: memory differs");
            }
        }
    }
}

/// Assigns or looks up keys, many at once and one by one; what was looked up.
///
/// # Safety
/// As [`Op::call`].
unsafe fn both(isa: Isa, [a, b]: [&Copy; 2], keys: &[u64], value: u64, set: bool) -> [Result<Vec<u64>, Death>; 2] {
    let f = isa.fast64_of(&a.t);
    let values: Vec<u64> = (0..keys.len() as u64).map(|i| value + i).collect();
    let (mut got_a, mut got_b) = (vec![1; keys.len()], vec![1; keys.len()]);
    // SAFETY: the caller's promise.
    let died_a = unsafe {
        guarded(|| match set {
            true => batch::assign_many(f, &a.t, a.h, keys, &values),
            false => batch::get_many(f, &a.t, a.h, keys, &mut got_a),
        })
    };
    // SAFETY: as above.
    let died_b = unsafe {
        guarded(|| {
            for ((&k, &v), got) in keys.iter().zip(&values).zip(&mut got_b) {
                if set {
                    Op::Set.call(Isa::Portable, b, k, v);
                } else {
                    *got = mem::ld64((Isa::Portable.fast64().mapaccess1)(&b.t, b.h, k));
                }
            }
        })
    };
    assert_eq!(got_a, got_b, "{isa}");
    [died_a.map(|()| got_a), died_b.map(|()| got_b)]
}

/// With a page of an array taken away, or marks that tell of no healthy map, or flags of iterators or of another writer.
#[test]
fn batches_on_broken_maps() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available().into_iter().skip(1) {
        let (mut died, mut lived) = (0, 0);
        for map in 0..400 {
            let seed = n.next();
            let [a, b] = [0, 1].map(|_| Copy::with(seed, GoVersion::V1_22, 8, 0, false, OnFree::Reuse));
            let size = [20, 100, 700, 2500][n.below(4) as usize];
            let keys = |n: &mut Numbers, how_many| -> Vec<u64> { (0..how_many).map(|_| n.below(size)).collect() };
            // SAFETY: live maps.
            unsafe {
                let filled = both(isa, [&a, &b], &keys(&mut n, size), seed, true);
                assert!(filled.iter().all(Result::is_ok));
            }
            let hole = (map % 2 == 0).then(|| hole([&a, &b], &mut n)).flatten();
            match (map % 8, &hole) {
                (_, Some(hole)) => hole.set([&a, &b], [Prot::None, Prot::Read][n.below(2) as usize]),
                // SAFETY: live headers and arrays.
                (1, None) => unsafe {
                    let flags = [1, 3, 4][n.below(3) as usize];
                    for c in [&a, &b] {
                        mem::st8(c.h + 8, mem::ld8(c.h + 8) | flags);
                    }
                },
                (_, None) => {
                    for _ in 0..n.below(6) {
                        // SAFETY: as above.
                        let buckets = unsafe { 1_u64 << mem::ld8(a.h + 9) };
                        let at = (n.below(buckets) * 144 + n.below(8)) as usize;
                        let mark = [0, 1, 5, n.below(256) as u8][n.below(4) as usize];
                        for c in [&a, &b] {
                            // SAFETY: as above.
                            unsafe { mem::st8(mem::ld64(c.h + 16) as usize + at, mark) };
                        }
                    }
                }
            }
            for set in [false, true] {
                let how_many = [1, 9, 100, 700][n.below(4) as usize];
                let keys = keys(&mut n, how_many);
                let at = || format!("{isa}: map {map} of {size}, {} keys, set: {set}", keys.len());
                // SAFETY: live maps; nothing that needs dropping is pending while an operation faults.
                let [said_a, said_b] = unsafe { both(isa, [&a, &b], &keys, n.next(), set) };
                match (said_a, said_b) {
                    (Ok(_), Ok(_)) => lived += 1,
                    (Err(died_a), Err(died_b)) => {
                        assert_eq!(words(&a, &died_a), words(&b, &died_b), "{}", at());
                        died += 1;
                    }
                    (said_a, said_b) => panic!("{}: {said_a:?}, but one by one {said_b:?}", at()),
                }
            }
            if let Some(hole) = &hole {
                hole.set([&a, &b], Prot::ReadWrite);
            }
            assert!(a.state() == b.state(), "{isa}: map {map} of {size}: memory differs");
        }
        println!("{isa}: {died} deaths of batches, {lived} batches that lived");
        assert!(died > 100 && lived > 200, "{isa}: {died} deaths, {lived} that lived");
    }
}

/// On tables that no cache holds, where values are stored in another way, and overflow buckets asked for when there are many; there
/// too with a page taken away.
#[test]
fn batches_on_large_tables() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available()
        .into_iter()
        .filter(|isa| isa.fast64_of(&Copy::new(1, GoVersion::V1_23, 8, 0).t).assign_many.is_some())
    {
        let seed = n.next();
        let [a, b] = [0, 1].map(|_| Copy::with(seed, GoVersion::V1_23, 8, 500_000, false, OnFree::Reuse));
        // SAFETY: a live header.
        assert_eq!(unsafe { mem::ld8(a.h + 9) }, 17, "2^17 buckets");
        let mut died = 0;
        for round in 0..32 {
            for c in [&a, &b] {
                // SAFETY: a live header. The counter alone says that there are many overflow buckets.
                unsafe { mem::st8(c.h + 11, if round % 8 < 4 { 0 } else { 19 }) };
            }
            let keys: Vec<u64> = (0..20_000).map(|_| n.below(30_000)).collect();
            let hole = (round % 2 == 1).then(|| hole([&a, &b], &mut n)).flatten();
            if let Some(hole) = &hole {
                hole.set([&a, &b], [Prot::None, Prot::Read][round / 2 % 2]);
            }
            // SAFETY: live maps; nothing that needs dropping is pending while an operation faults.
            let said = unsafe { both(isa, [&a, &b], &keys, n.next(), true) };
            if let Some(hole) = &hole {
                hole.set([&a, &b], Prot::ReadWrite);
            }
            match said {
                [Ok(_), Ok(_)] => {}
                [Err(x), Err(y)] => {
                    assert_eq!(words(&a, &x), words(&b, &y), "{isa}: round {round}");
                    died += 1;
                    for c in [&a, &b] {
                        // A death while its flag is set leaves a map that nobody may write to.
                        // SAFETY: live headers.
                        unsafe { mem::st8(c.h + 8, 0) };
                    }
                }
                [x, y] => panic!("{isa}: round {round}: {x:?}, but one by one {y:?}"),
            }
            assert!(a.state() == b.state(), "{isa}: round {round}: memory differs");
        }
        assert!(died > 8, "{isa}: {died} deaths");
    }
}

/// The routines themselves, if there are any: protected registers are kept, and with the trap flag set each instruction is
/// unwound from.
pub(super) fn stepped(isa: Isa, op: Op) {
    let c = Copy::new(7, GoVersion::V1_22, 8, 0);
    let f = isa.fast64_of(&c.t);
    let (set, routine) = match op {
        Op::Set => (true, f.assign_many),
        Op::Access1 => (false, f.get_many),
        _ => return,
    };
    let Some(routine) = routine else { return };
    let keys: Vec<u64> = (0..100).map(|i| i * 7 % 64).collect();
    let mut values = vec![3; keys.len()];
    for &k in keys.iter().filter(|k| !set || *k % 2 == 0) {
        // SAFETY: a live map.
        unsafe { Op::Set.call(isa, &c, k, k) };
    }
    let mut many = Many::new(&keys, values.as_mut_ptr());
    let mut out = [0; 2];
    let at = std::ptr::from_mut(&mut many).expose_provenance() as u64;
    step_by_step(|| {
        // SAFETY: a live map, as many values as keys; the routine takes three arguments.
        unsafe { checkasm_call(routine as *const (), &c.t, c.h, at, 0, &mut out) };
    });
    assert_eq!(out[0], 0, "{isa:?} {op:?} of many: a protected register changed");
}
