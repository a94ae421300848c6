//! Growths whose old tables are broken: any marks, keys twice, chains that end in one bucket, entries in new buckets that
//! nothing was moved to yet, a count of evacuated buckets that is not true, tables that overlap, pages that may not be written to.
//! What is done of a growth, and what is left to do, is the same after every operation.

use super::faults::{Hole, PAGE, hole, words};
use super::{Copy, Isa, Kind, Numbers, Op, colliding, env};
use gohmap::fault::guarded;
use gohmap::heap::{OnFree, Prot};
use gohmap::layout::mem;
use gohmap::version::GoVersion;

/// What has happened; all of it must have.
#[derive(Debug, Default)]
struct Met {
    growing: u64,
    ended: u64,
    died: u64,
    overlapping: u64,
}

#[test]
fn broken_growths_agree() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available().into_iter().skip(1) {
        let mut met = Met::default();
        for map in 0..4000 {
            grow(isa, map, &mut n, &mut met);
        }
        println!("{isa}: {met:?}");
        assert!(met.growing > 20_000 && met.ended > 300 && met.died > 300 && met.overlapping > 100, "{isa}: {met:?}");
    }
}

/// A map that grows, and is broken when it has begun to.
fn grow(isa: Isa, map: u64, n: &mut Numbers, met: &mut Met) {
    let (seed, version) = (n.next(), GoVersion::ALL[n.below(6) as usize]);
    let hint = [9, 20, 50, 100, 300, 1000][n.below(6) as usize];
    let pointers = n.below(6) == 0;
    let kind = Kind::any(n);
    let copies = [0, 1].map(|_| Copy::of_kind(kind, seed, version, 8, hint, pointers, OnFree::Keep));
    let [a, b] = &copies;
    // SAFETY: live headers, from here on.
    let field = |c: &Copy, i: usize| unsafe { mem::ld64(c.h + i) } as usize;
    let buckets_of = |c: &Copy| 1_usize << (field(c, 8) >> 8 & 0xff);
    let pool = if n.below(3) == 0 { colliding(a, n, 60) } else { Vec::new() };
    let mut keys = Vec::new();
    let mut key = |n: &mut Numbers| {
        let new = if !pool.is_empty() && n.below(3) == 0 {
            pool[n.below(60) as usize]
        } else {
            n.next() >> if kind == Kind::Narrow { 32 } else { 0 }
        };
        if keys.is_empty() || n.below(4) > 0 {
            keys.push(new);
            return new;
        }
        keys[n.below(keys.len() as u64) as usize]
    };
    let same_size = n.below(5) == 0;
    assert_eq!(field(a, 24), 0);
    for i in 0.. {
        if field(a, 24) != 0 {
            break;
        }
        if same_size && i == hint / 2 {
            // tooManyOverflowBuckets at the next insert
            let most = buckets_of(a) as u16;
            // SAFETY: as above.
            copies.iter().for_each(|c| unsafe { mem::st16(c.h + 10, most) });
        }
        let k = key(n);
        for (isa, c) in [(isa, a), (Isa::Portable, b)] {
            // SAFETY: a live map of this type.
            unsafe { Op::Assign.call(isa, c, k, seed) };
        }
    }
    let overlapping = n.below(20) == 0;
    // At most one chain is led elsewhere, or there would be circles.
    for i in 0..n.below(6) {
        tamper(&copies, i == 0, n);
    }
    if overlapping {
        let at = a.t.bucket.size * n.below(buckets_of(a) as u64) as usize;
        // SAFETY: as above.
        copies.iter().for_each(|c| unsafe { mem::st64(c.h + 24, (field(c, 16) + at) as u64) });
        met.overlapping += 1;
    }
    // The end of a growth with one table in the other gives both back: where the element lies then has no name.
    let ops: &[Op] = if overlapping {
        &[Op::Set, Op::SetHere, Op::Delete]
    } else {
        &[Op::Assign, Op::Set, Op::SetHere, Op::Delete, Op::Access1]
    };
    for step in 0..60 {
        if field(a, 24) == 0 {
            met.ended += 1;
            break;
        }
        met.growing += 1;
        let (op, k, value) = (ops[n.below(ops.len() as u64) as usize], key(n), n.next());
        let at = || format!("{isa}: map {map}, step {step}, {op:?} {k:#x}");
        let hole = match n.below(16) {
            0 if !overlapping => hole([a, b], n),
            1 if !overlapping => next_overflow(&copies),
            _ => None,
        };
        if let Some(hole) = &hole {
            hole.set([a, b], [Prot::None, Prot::Read, Prot::Read][n.below(3) as usize]);
        }
        // SAFETY: maps that are alive if not well; nothing needs dropping.
        let said = unsafe { [guarded(|| op.call(isa, a, k, value)), guarded(|| op.call(Isa::Portable, b, k, value))] };
        if let Some(hole) = &hole {
            hole.set([a, b], Prot::ReadWrite);
        }
        if overlapping {
            let [x, y] = copies.each_ref().map(|c| table(c, field(c, 16)));
            assert!(x == y, "{}: memory differs", at());
        } else {
            assert!(a.state() == b.state(), "{}: memory differs", at());
        }
        match said {
            [Ok(x), Ok(y)] => assert_eq!(x, y, "{}", at()),
            [Err(x), Err(y)] => {
                assert_eq!(words(a, &x), words(b, &y), "{}", at());
                met.died += 1;
                break;
            }
            [x, y] => panic!("{}: {x:?}, but portably {y:?}", at()),
        }
    }
    if overlapping {
        // SAFETY: as above; what it was is lost with the copies.
        copies.iter().for_each(|c| unsafe { mem::st64(c.h + 24, 0) });
    }
}

/// The page of the overflow bucket of the old bucket that is evacuated next, if it has one.
fn next_overflow(copies: &[Copy; 2]) -> Option<Hole> {
    let page = |c: &Copy| {
        let l = &c.t.bucket;
        // SAFETY: a live header of a map that grows; the number is one of an old bucket, or the next one.
        let overflow = unsafe {
            let next = mem::ld64(c.h + 24) as usize + l.size * mem::ld64(c.h + 32) as usize;
            mem::ld64(next + l.overflow()) as usize
        };
        let page = overflow & !(PAGE - 1);
        (overflow != 0 && page != c.h & !(PAGE - 1)).then_some(page)
    };
    let [a, b] = copies.each_ref().map(page);
    Some(Hole([a?, b?]))
}

/// The bytes of a table but for addresses; none when it is gone.
fn table(c: &Copy, array: usize) -> Vec<u8> {
    let Some(o) = c.t.rt.heap.locate(array) else { return Vec::new() };
    let size = c.t.bucket.size;
    // SAFETY: an object of the heap.
    let byte = |i| unsafe { mem::ld8(o.base + i) };
    (0..o.size).filter(|i| i % size < size - 8).map(byte).collect()
}

/// Breaks something of both copies alike.
fn tamper(copies: &[Copy; 2], chains: bool, n: &mut Numbers) {
    // SAFETY: live headers, whose tables have as many buckets as B says; chains end.
    unsafe {
        let log = mem::ld8(copies[0].h + 9);
        let same_size = mem::ld8(copies[0].h + 8) & 8 != 0;
        let (new, old) = (1_u64 << log, 1_u64 << (log - u8::from(!same_size)));
        let (what, i, j, bits) = (n.below(12), n.below(old) as usize, n.below(old) as usize, n.next());
        let (slot, other, fresh) = (bits as usize % 8, bits as usize >> 8 & 7, (bits >> 16) as usize % new as usize);
        for c in copies {
            let oldbuckets = mem::ld64(c.h + 24) as usize;
            let l = &c.t.bucket;
            let (bucket, next) = (oldbuckets + l.size * i, oldbuckets + l.size * j);
            match what {
                // Of evacuated marks as of others.
                0..3 => mem::st8(bucket + slot, [0, 1, 2, 3, 4, 5, 0x80, 0xff][other]),
                3 => mem::memmove(bucket + l.key(slot), next + l.key(other), l.key_size),
                // One past the old table as well, where both tables go on with overflow buckets.
                4 => mem::st64(c.h + 32, bits % (old + u64::from(old >= 16))),
                5 | 6 if chains => {
                    // It goes on in another's overflow bucket, or in another bucket without one.
                    let overflow = mem::ld64(next + l.overflow());
                    let to = if overflow != 0 { overflow } else { next as u64 };
                    if i != j && mem::ld64(bucket + l.overflow()) != to {
                        mem::st64(bucket + l.overflow(), to);
                    }
                }
                7 => {
                    let fresh = mem::ld64(c.h + 16) as usize + l.size * fresh;
                    mem::st8(fresh + slot, [0, 1, 5, 0xff][other / 2]);
                    mem::st32(fresh + l.key(slot), bits as u32);
                    mem::st64(fresh + l.elem(slot), !bits);
                }
                8 => mem::st64(bucket + l.overflow(), 0),
                _ => {}
            }
        }
    }
}
