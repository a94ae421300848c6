//! What growing.rs does, with keys that are given by address, strings above all: chains of two and three buckets are evacuated, and
//! the bytes of a key whose bucket is to be are gone now and then.

use super::bytes::{Keys, Op, Strings, map_type};
use super::growing::{Broken, old_bucket, or_an_old_one};
use super::{Copy, Isa, Numbers, env};
use gohmap::heap::OnFree;
use gohmap::layout::{EVACUATED_EMPTY, EVACUATED_X, mem};
use gohmap::types::Fast;
use gohmap::version::GoVersion;

/// Enough for a growth of 256 buckets by load.
const HOW_MANY: usize = 4000;

/// Plain memory by which COPY and HASH go different ways, and everything else.
const KINDS: [Keys; 11] = [
    Keys::Strings,
    Keys::Eface,
    Keys::Fields(0),
    Keys::Fields(4),
    Keys::Float32,
    Keys::Float64,
    Keys::Arrays(12),
    Keys::Arrays(6),
    Keys::Arrays(16),
    Keys::Arrays(24),
    Keys::Arrays(72),
];

/// What has happened; all of it must have.
#[derive(Debug, Default)]
struct Met {
    growing: u64,
    ended: u64,
    died: u64,
    overlapping: u64,
    /// Deaths of a key whose bytes were gone.
    lost: u64,
    /// Chains about to be evacuated, of one bucket, two, three or more.
    chains: [u64; 3],
}

#[test]
fn broken_growths_with_keys_by_address_agree() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    // There are no scalar routines for these.
    for isa in Isa::available().into_iter().filter(|isa| !matches!(isa, Isa::Portable | Isa::Scalar)) {
        let strings = KINDS.map(|keys| Strings::new(&mut n, keys, HOW_MANY));
        let mut met = Met::default();
        for map in 0..5000 {
            let kind = if n.below(2) == 0 { 0 } else { n.below(KINDS.len() as u64) as usize };
            grow(isa, map, KINDS[kind], &strings[kind], &mut n, &mut met);
        }
        println!("{isa}: {met:?}");
        assert!(met.growing > 20_000 && met.ended > 300 && met.died > 300 && met.overlapping > 100, "{isa}: {met:?}");
        assert!(met.lost > 200 && met.chains[1] > 5000 && met.chains[2] > 200, "{isa}: {met:?}");
    }
}

/// A map that grows, and is broken when it has begun to.
fn grow(isa: Isa, map: u64, keys: Keys, strings: &Strings, n: &mut Numbers, met: &mut Met) {
    let (seed, version) = (n.next(), GoVersion::ALL[n.below(6) as usize]);
    // Other keys than strings are not as many as a large table takes.
    let hint = [5, 9, 20, 50, 100, 300, 1000][n.below(if keys == Keys::Strings { 7 } else { 5 }) as usize];
    let elem = [0, 1, 2, 3, 7, 8, 8, 8, 14, 16, 24, 40, 128][n.below(13) as usize];
    let copies = [0, 1].map(|_| Copy::of(map_type(keys, seed, version, elem, OnFree::Keep), hint));
    let candidates = candidates(keys, strings, n);
    let crowd = if n.below(2) == 0 { crowd(&copies[0], strings, &candidates, n) } else { Vec::new() };
    let mut chosen = Vec::new();
    let mut key = |n: &mut Numbers| {
        let from = if !crowd.is_empty() && n.below(3) == 0 { &crowd } else { &candidates };
        let new = from[n.below(from.len() as u64) as usize];
        or_an_old_one(new, &mut chosen, n)
    };
    let same_size = (n.below(6) == 0).then_some(hint / 2);
    let maps = Broken::new(copies, same_size, n, |copies, n| {
        let k = strings.all[key(n)];
        for (c, isa) in copies.iter().zip([isa, Isa::Portable]) {
            // SAFETY: a live map of this type; the string outlives it.
            unsafe { Op::Assign.call(isa, c, k) };
        }
    });
    met.overlapping += u64::from(maps.overlapping);
    // As in growing.rs.
    let ops: &[Op] = if maps.overlapping {
        &[Op::Set, Op::Delete]
    } else {
        &[Op::Assign, Op::Assign, Op::Assign, Op::Delete, Op::Delete, Op::Access1, Op::Access2]
    };
    for step in 0..60 {
        if !maps.growing() || maps.behind() {
            met.ended += u64::from(!maps.growing());
            break;
        }
        met.growing += 1;
        let (op, i) = (ops[n.below(ops.len() as u64) as usize], key(n));
        let k = strings.all[i];
        maps.tamper_again(n);
        let c = &maps.copies[0];
        let hash = hash(c, k);
        let about = [hash, None].map(|hash| old_bucket(c, hash));
        if matches!(op, Op::Set | Op::Assign | Op::Delete) {
            about.iter().filter_map(|first| chain(c, *first)).for_each(|length| met.chains[length - 1] += 1);
        }
        let gone = match n.below(16) {
            0 => Some(i),
            j @ 1..3 => a_key_of(about[j as usize - 1], c, strings, n),
            _ => None,
        };
        // Those that have a page of their own.
        let gone = gone.filter(|i| i.is_multiple_of(3));
        let away = if gone.is_none() { maps.away(hash, n) } else { None };
        if let Some(gone) = gone {
            strings.readable(gone, false);
        }
        // SAFETY: maps that are alive if not well; nothing needs dropping.
        let call = |isa, c: &Copy| unsafe { op.call(isa, c, k) };
        let death = maps.death(isa, away, call, || {
            let what = format!("elements of {elem}, {op:?} of key {i}, {} bytes", k.1);
            format!("{isa}: map {map} of {keys:?}, step {step}, {what}, without the bytes of {gone:?}")
        });
        if let Some(gone) = gone {
            strings.readable(gone, true);
        }
        if let Some(death) = death {
            met.died += 1;
            met.lost += u64::from(gone.is_some() && death.contains("0x"));
            if n.below(3) == 0 {
                break;
            }
        }
    }
}

/// Which strings a map has: all kinds, or but for those that are not hashed in assembly, at the end of mapped memory or empty.
fn candidates(keys: Keys, strings: &Strings, n: &mut Numbers) -> Vec<usize> {
    let all = keys != Keys::Strings || n.below(3) == 0;
    let fast = |i: &usize| strings.all[*i].1 >= if i.is_multiple_of(3) { 16 } else { 1 };
    (0..HOW_MANY).filter(|i| all || fast(i)).collect()
}

/// Strings that belong into a few of the map's buckets, one after the other.
fn crowd(c: &Copy, strings: &Strings, candidates: &[usize], n: &mut Numbers) -> Vec<usize> {
    // SAFETY: a live header.
    let mask = (1 << unsafe { mem::ld8(c.h + 9) }) - 1;
    let (first, buckets, how_many) = (n.below(30), 1 + n.below(3), 10 + n.below(30) as usize);
    let belongs = |i: &usize| hash(c, strings.all[*i]).is_some_and(|h| h.wrapping_sub(first) & mask < buckets);
    candidates.iter().copied().filter(belongs).take(how_many).collect()
}

/// The hash of a key, but for those that may be no number: those have another each time, and the other copy would not know.
fn hash(c: &Copy, (at, len): (usize, usize)) -> Option<u64> {
    let string = [at, len];
    let key = if c.t.fast == Fast::FastStr { string.as_ptr().expose_provenance() } else { at };
    // SAFETY: a live header, and a key with its bytes.
    c.t.reflexive_key().then(|| unsafe { (c.t.hasher)(&c.t, key, mem::ld32(c.h + 12).into()) })
}

/// How many buckets a chain of the old table has that is still to be evacuated; 3 also when there are more.
fn chain(c: &Copy, first: usize) -> Option<usize> {
    // SAFETY: a bucket of a table, and chains that end.
    unsafe {
        if (EVACUATED_X..=EVACUATED_EMPTY).contains(&mem::ld8(first)) {
            return None;
        }
        let overflow = |b: &usize| Some(mem::ld64(b + c.t.bucket.overflow()) as usize).filter(|o| *o != 0);
        Some(std::iter::successors(Some(first), overflow).take(3).count())
    }
}

/// Which string lies in some slot of a bucket.
fn a_key_of(bucket: usize, c: &Copy, strings: &Strings, n: &mut Numbers) -> Option<usize> {
    // SAFETY: a bucket of a table.
    let at = unsafe { mem::ld64(bucket + c.t.bucket.key(n.below(8) as usize)) } as usize;
    strings.all.iter().position(|s| s.0 == at)
}
