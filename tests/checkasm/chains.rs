//! Chains of three and four buckets that fill up and become empty, entry by entry: marks of the bucket before change too, or
//! of all those before. Some deletions meet a page of the chain that may not be written to, or is not there.

use super::faults::{Hole, PAGE, words};
use super::{Copy, Isa, Kind, Numbers, Op, Said, bytes, env};
use gohmap::fault::guarded;
use gohmap::heap::{OnFree, Prot, Role};
use gohmap::layout::{HASH_WRITING, mem};
use gohmap::map::make;
use gohmap::version::GoVersion;

/// As many as two bits of B leave room for.
const MOST: usize = 26;

/// An operation on a copy and a key, by its number; where the element is.
type Call<'a> = &'a dyn Fn(Isa, &Copy, Do, usize) -> Option<(Role, usize)>;

#[derive(Clone, Copy, Debug)]
enum Do {
    Assign,
    Delete,
}

/// What has happened; all of it must have.
#[derive(Debug, Default)]
struct Met {
    /// Deletions after which more than one bucket has other marks.
    several: u64,
    died: u64,
}

#[test]
fn chains_become_empty_alike() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available().into_iter().skip(1) {
        let (mut register, mut address) = (Met::default(), Met::default());
        for map in 0..60 {
            let (seed, kind) = (n.next(), [Kind::Words, Kind::Pointers, Kind::Narrow][map % 3]);
            let copies = [0, 1].map(|_| Copy::of_kind(kind, seed, GoVersion::V1_22, 8, 0, false, OnFree::Keep));
            let keys: Vec<_> = (0..160).map(|_| n.next() >> if kind == Kind::Narrow { 32 } else { 0 }).collect();
            let call = |isa, c: &Copy, what, i: usize| {
                let op = match what {
                    Do::Assign => Op::Assign,
                    Do::Delete => Op::Delete,
                };
                // SAFETY: a live map, or a fault that is watched.
                match unsafe { op.call(isa, c, keys[i], seed) } {
                    Said::Place(place, _) => place,
                    Said::Nothing | Said::Value(_) => None,
                }
            };
            lives(isa, copies, keys.len(), &call, &mut n, &mut register);

            let keys = bytes::Keys::any(&mut n);
            let strings = bytes::Strings::new(&mut n, keys, 160);
            let copies = [0, 1].map(|_| bytes::twin(keys, seed, GoVersion::V1_22, 8, OnFree::Keep));
            let call = |isa, c: &Copy, what, i: usize| {
                let op = match what {
                    Do::Assign => bytes::Op::Assign,
                    Do::Delete => bytes::Op::Delete,
                };
                // SAFETY: a live map, or a fault that is watched; the key outlives it.
                unsafe { op.call(isa, c, strings.all[i]) }.0
            };
            lives(isa, copies, strings.all.len(), &call, &mut n, &mut address);
        }
        println!("{isa}: in a register {register:?}, by address {address:?}");
        for met in [register, address] {
            assert!(met.several > 500 && met.died > 1000, "{isa}: {met:?}");
        }
    }
}

/// One map after the other of a type, so many that some bucket lies in two pages.
fn lives(isa: Isa, mut copies: [Copy; 2], candidates: usize, call: Call<'_>, n: &mut Numbers, met: &mut Met) {
    for _ in 0..16 {
        for c in &mut copies {
            // SAFETY: the old header is not used again.
            unsafe {
                make::mapdrop(&c.t, c.h);
                c.h = make::makemap(&c.t, MOST as i64, &());
            }
        }
        live(isa, &copies, candidates, call, n, met);
    }
}

/// Fills one chain and empties it, a few times.
fn live(isa: Isa, copies: &[Copy; 2], candidates: usize, call: Call<'_>, n: &mut Numbers, met: &mut Met) {
    let [a, b] = copies;
    let bucket = a.t.bucket.size;
    // The first one stays, for hash0 changes with the last entry. Where the others belong they say by going there.
    let mut keys: [Vec<usize>; 4] = Default::default();
    for i in 0..candidates {
        let place = copies.each_ref().map(|c| call(Isa::Portable, c, Do::Assign, i));
        assert_eq!(place[0], place[1]);
        let (_, offset) = place[0].expect("an element");
        keys[offset / bucket].push(i);
        if i > 0 {
            copies.iter().for_each(|c| _ = call(Isa::Portable, c, Do::Delete, i));
        }
    }
    let mut keys = keys.into_iter().max_by_key(Vec::len).expect("four buckets");
    keys.retain(|&i| i != 0);
    keys.truncate(MOST - 1);
    for round in 0..4 {
        let alike = |what: &str| assert!(a.state() == b.state(), "{isa}: {what} in round {round}: memory differs");
        for &i in &keys {
            let [said, meant] = [(isa, a), (Isa::Portable, b)].map(|(isa, c)| call(isa, c, Do::Assign, i));
            assert_eq!(said, meant, "{isa}: key {i} in round {round}");
        }
        alike("an assign");
        // In some order, or from one end to the other.
        match round {
            0 => {}
            1 => keys.reverse(),
            _ => (1..keys.len()).for_each(|i| keys.swap(i, n.below(i as u64 + 1) as usize)),
        }
        for &i in &keys {
            let before = marks(a);
            let page = (n.below(3) == 0).then(|| page_of_chain(copies, n)).flatten();
            if let Some(page) = &page {
                page.set([a, b], [Prot::None, Prot::Read, Prot::Read][n.below(3) as usize]);
            }
            let dies = dies_alike(isa, copies, call, i, page);
            alike("a deletion");
            met.died += u64::from(dies);
            // Where it has cleared a key, but not its mark, Go stumbles over that the next time.
            if dies && dies_alike(isa, copies, call, i, None) {
                return;
            }
            alike("a deletion");
            met.several += u64::from(before.iter().zip(marks(a)).filter(|(x, y)| **x != *y).count() > 1);
        }
    }
}

/// Deletes a key, while a page is as it is; whether that faults.
fn dies_alike(isa: Isa, copies: &[Copy; 2], call: Call<'_>, i: usize, page: Option<Hole>) -> bool {
    let [a, b] = copies;
    // SAFETY: live maps; nothing that needs dropping is pending while the operation faults.
    let said = unsafe { [guarded(|| call(isa, a, Do::Delete, i)), guarded(|| call(Isa::Portable, b, Do::Delete, i))] };
    if let Some(page) = &page {
        page.set([a, b], Prot::ReadWrite);
    }
    match said {
        [Ok(_), Ok(_)] => false,
        [Err(said), Err(meant)] => {
            assert_eq!(words(a, &said), words(b, &meant), "{isa}: key {i}");
            for c in copies {
                // SAFETY: a live header; nobody is writing any more.
                unsafe { mem::st8(c.h + 8, mem::ld8(c.h + 8) & !HASH_WRITING) };
            }
            true
        }
        [said, meant] => panic!("{isa}: key {i}: {said:?}, but portably {meant:?}"),
    }
}

/// The buckets of the longest chain of a map with four.
fn chain(c: &Copy) -> Vec<usize> {
    let bucket = c.t.bucket.size;
    let chain = |i: usize| {
        // SAFETY: a live header and healthy chains.
        unsafe {
            let first = mem::ld64(c.h + 16) as usize + i * bucket;
            std::iter::successors(Some(first), |b| Some(mem::ld64(b + bucket - 8) as usize).filter(|o| *o != 0))
                .collect()
        }
    };
    (0..4).map(chain).max_by_key(Vec::len).expect("four chains")
}

fn marks(c: &Copy) -> Vec<u64> {
    // SAFETY: a live bucket.
    chain(c).into_iter().map(|b| unsafe { mem::ld64(b) }).collect()
}

/// A page with one of the chain's buckets, or the end of it.
fn page_of_chain(copies: &[Copy; 2], n: &mut Numbers) -> Option<Hole> {
    let chains = copies.each_ref().map(chain);
    let (i, end) = (n.below(chains[0].len() as u64) as usize, n.below(2) as usize);
    let pages = [0, 1].map(|j| (chains[j][i] + end * (copies[j].t.bucket.size - 1)) & !(PAGE - 1));
    // The header and what else the map needs lie elsewhere.
    (0..2).all(|j| copies[j].h & !(PAGE - 1) != pages[j]).then_some(Hole(pages))
}
