//! Marks and chains: what can be told without hashing a key.

use super::{Report, Rule};
use crate::inspect::snapshot::{Array, Bucket, Side, Snapshot};
use crate::layout::{BUCKET_CNT, EMPTY_REST, EVACUATED_EMPTY, EVACUATED_X, EVACUATED_Y, MIN_TOP_HASH, is_empty};
use crate::types::MapType;
use std::collections::HashMap;

pub(super) fn check(t: &MapType, s: &Snapshot, r: &mut Report) {
    let mut chains: HashMap<u64, (Side, u64)> = HashMap::new();
    for (side, a) in s.arrays() {
        let regular = a.base..a.spare().start;
        for (&bucket, chain) in &a.chains {
            for &at in chain {
                if at % 8 != 0 {
                    r.find(
                        Rule::Pointer,
                        format!("{} {bucket}: overflow is {at:#x}: not a multiple of 8", side.field()),
                    );
                }
                if regular.contains(&at) {
                    let of = (at - a.base) / t.bucket.size as u64;
                    r.find(Rule::Shared, format!("{} {bucket}: its chain leads into bucket {of}", side.field()));
                } else if let Some((other, of)) = chains.insert(at, (side, bucket))
                    && (other, of) != (side, bucket)
                {
                    let (this, that) = (side.field(), other.field());
                    r.find(Rule::Shared, format!("{at:#x} is in the chains of {this} {bucket} and {that} {of}"));
                }
            }
        }
        r.buckets += a.n as usize + a.overflows();
        for i in 0..a.n {
            marks(s, side, a, i, r);
        }
    }
    nevacuate(s, r);
}

/// The marks along the chain of bucket `i`.
fn marks(s: &Snapshot, side: Side, a: &Array, i: u64, r: &mut Report) {
    let evacuated = side == Side::Old && a.evacuated(i);
    let name = |link: usize, b: &Bucket<'_>, cell: usize| {
        let overflow = if link == 0 { String::new() } else { format!(" overflow {link}") };
        format!("{} {i}{overflow} cell {cell} ({:#x})", side.field(), b.addr)
    };
    let mut rest = None;
    for (link, b) in a.chain(i).enumerate() {
        for cell in 0..BUCKET_CNT {
            let top = b.top(cell);
            let moved = matches!(top, EVACUATED_X | EVACUATED_Y | EVACUATED_EMPTY);
            if evacuated && !moved {
                let what = if is_empty(top) { "empty" } else { "live" };
                r.find(Rule::Mark, format!("{}: {what} ({top}) in an evacuated chain", name(link, &b, cell)));
            } else if !evacuated && moved {
                r.find(Rule::Mark, format!("{}: {top}, a mark of evacuation", name(link, &b, cell)));
            }
            if evacuated && top == EVACUATED_Y && s.header.same_size_grow() {
                r.find(Rule::Mark, format!("{}: evacuatedY, but the table keeps its size", name(link, &b, cell)));
            }
            match (&rest, top) {
                (None, EMPTY_REST) => rest = Some(name(link, &b, cell)),
                (Some(first), t) if t != EMPTY_REST && !moved => {
                    let what = if t >= MIN_TOP_HASH { "an entry" } else { "emptyOne" };
                    r.find(
                        Rule::EmptyRest,
                        format!("{}: {what} ({t}) behind emptyRest at {first}", name(link, &b, cell)),
                    );
                    rest = Some(first.clone());
                }
                _ => {}
            }
        }
    }
}

fn nevacuate(s: &Snapshot, r: &mut Report) {
    let (Some(old), at) = (&s.old, s.header.nevacuate) else { return };
    if at >= old.n {
        r.find(Rule::Nevacuate, format!("nevacuate is {at}, but there are {} old buckets: the growth is over", old.n));
    }
    for i in 0..at.min(old.n) {
        if !old.evacuated(i) {
            r.find(Rule::Nevacuate, format!("nevacuate is {at}, but oldbuckets {i} is not evacuated"));
        }
    }
    let Some(new) = &s.new else { return };
    for i in 0..new.n {
        let from = i & (old.n - 1);
        if !old.evacuated(from) && new.chain(i).any(|b| (0..BUCKET_CNT).any(|c| b.top(c) >= MIN_TOP_HASH)) {
            r.find(Rule::Evacuated, format!("buckets {i} has entries, but oldbuckets {from} is not evacuated"));
        }
    }
}
