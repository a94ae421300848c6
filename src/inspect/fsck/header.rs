//! The header and the `mapextra`.

use super::{Report, Rule};
use crate::inspect::snapshot::{Defect, MAX_B, Snapshot};
use crate::layout::{HASH_WRITING, ITERATOR, OLD_ITERATOR, SAME_SIZE_GROW};
use crate::types::MapType;
use std::collections::BTreeSet;

pub(super) fn check(t: &MapType, s: &Snapshot, r: &mut Report) {
    let h = &s.header;
    let unknown = h.flags & !(ITERATOR | OLD_ITERATOR | HASH_WRITING | SAME_SIZE_GROW);
    if unknown != 0 {
        r.find(Rule::Flags, format!("flags is {:#04x}: Go has no flag {unknown:#04x}", h.flags));
    }
    if h.writing() {
        r.find(Rule::Writing, format!("flags is {:#04x}: hashWriting is set", h.flags));
    }
    if h.same_size_grow() && !h.growing() {
        r.find(Rule::SameSize, "sameSizeGrow is set, but oldbuckets is nil");
    }
    if h.hash0 == 0 {
        r.find(Rule::Hash0, "hash0 is 0");
    }
    if h.count < 0 {
        r.find(Rule::Count, format!("count is {}", h.count));
    }
    if h.b > MAX_B {
        r.find(Rule::B, format!("B is {}: 2^{} buckets of {} bytes fit no memory", h.b, h.b, t.bucket.size));
    } else if h.buckets == 0 && h.b != 0 {
        r.find(Rule::B, format!("B is {}, but buckets is nil", h.b));
    } else if h.growing() && h.b == 0 && !h.same_size_grow() {
        r.find(Rule::B, "B is 0, but oldbuckets is not nil: a table of half a bucket");
    }
    pointers(s, r);
    if s.new.is_some() {
        load(t, s, r);
    }
    extra(t, s, r);
}

fn pointers(s: &Snapshot, r: &mut Report) {
    let h = &s.header;
    if h.buckets == 0 && h.growing() {
        r.find(Rule::Pointer, format!("buckets is nil, but oldbuckets is {:#x}", h.oldbuckets));
    }
    for (name, p) in [("buckets", h.buckets), ("oldbuckets", h.oldbuckets), ("extra", h.extra)] {
        if p % 8 != 0 {
            r.find(Rule::Pointer, format!("{name} is {p:#x}: not a multiple of 8"));
        }
    }
    if let (Some(old), Some(new)) = (&s.old, &s.new)
        && old.base < new.spare().end
        && new.base < old.spare().end
    {
        r.find(Rule::Pointer, format!("oldbuckets {:#x} and buckets {:#x} overlap", old.base, new.base));
    }
    for d in &s.defects {
        match d {
            Defect::HugeB => {}
            Defect::Array(side, e) => r.find(Rule::Pointer, format!("{}: {e}", side.field())),
            Defect::Extra(what, e) => r.find(Rule::Pointer, format!("{what}: {e}")),
            Defect::Cycle { side, bucket, at } => {
                r.find(Rule::Chain, format!("{} {bucket}: the chain comes back to {at:#x}", side.field()));
            }
            Defect::Chain { side, bucket, at } => {
                r.find(Rule::Pointer, format!("{} {bucket}: overflow is {at:#x}, which cannot be read", side.field()));
            }
        }
    }
}

/// `overLoadFactor`, `tooManyOverflowBuckets` and what `incrnoverflow` counts.
fn load(t: &MapType, s: &Snapshot, r: &mut Report) {
    let (h, rules) = (&s.header, t.rt.rules());
    let Some(new) = &s.new else { return };
    let most = if h.b == 0 { 8 } else { (rules.load_factor_num << h.b) / rules.load_factor_den };
    // A table that has begun to grow may take what comes while it does.
    let growing = if h.growing() { new.n } else { 0 };
    if h.count > 0 && h.count as u64 > most.max(8) + 1 + growing {
        r.find(Rule::Load, format!("count is {}, but a table with B = {} grows beyond {most}", h.count, h.b));
    }
    let there = new.overflows() as u64;
    // From B = 16 on one in 2^(B-15) is counted.
    if h.b < 16 && u64::from(h.noverflow) != there {
        r.find(Rule::Noverflow, format!("noverflow is {}, but there are {there} overflow buckets", h.noverflow));
    } else if h.b >= 16 {
        let unit = 1_u64 << (h.b - 15);
        let (mean, counted) = (there / unit, u64::from(h.noverflow));
        // Ten standard deviations of what is drawn.
        let slack = 10 * (mean.max(1).isqrt() + 1);
        if counted + slack < mean || counted > mean + slack {
            r.find(
                Rule::Noverflow,
                format!("noverflow is {counted}; {there} overflow buckets make it about {mean} with B = {}", h.b),
            );
        }
    }
}

fn extra(t: &MapType, s: &Snapshot, r: &mut Report) {
    let lists = !t.bucket_has_pointers;
    let overflow = |a: &Option<crate::inspect::snapshot::Array>| -> BTreeSet<u64> {
        a.iter().flat_map(|a| a.chains.values().flatten().copied()).collect()
    };
    let Some(x) = &s.extra else {
        let any = !overflow(&s.new).is_empty() || !overflow(&s.old).is_empty();
        if lists && any && s.header.extra == 0 {
            r.find(Rule::Extra, "extra is nil: nothing keeps the overflow buckets alive, for buckets hold no pointers");
        }
        return;
    };
    if x.oldoverflow.is_some() && !s.header.growing() {
        r.find(Rule::OverflowList, "extra.oldoverflow is not nil, but the map is not growing");
    }
    for (name, list, a) in [("overflow", &x.overflow, &s.new), ("oldoverflow", &x.oldoverflow, &s.old)] {
        if !lists || a.is_none() {
            continue;
        }
        let there = overflow(a);
        let listed: BTreeSet<u64> = list.iter().flatten().copied().collect();
        if let Some(lost) = there.difference(&listed).next() {
            let n = there.difference(&listed).count();
            r.find(Rule::OverflowList, format!("extra.{name} lacks {n} overflow buckets, {lost:#x} first"));
        }
        // Go cuts no bucket off its chain, so whatever is listed is in one.
        if let Some(strange) = listed.difference(&there).next() {
            let n = listed.difference(&there).count();
            r.find(Rule::OverflowList, format!("extra.{name} lists {n} buckets of no chain, {strange:#x} first"));
        }
    }
    if x.next_overflow != 0
        && let Some(new) = &s.new
    {
        let spare = new.spare();
        let step = (x.next_overflow.wrapping_sub(spare.start)) % t.bucket.size as u64;
        if !spare.contains(&x.next_overflow) || step != 0 {
            r.find(
                Rule::NextOverflow,
                format!(
                    "extra.nextOverflow is {:#x}, but spare buckets are from {:#x} to {:#x}",
                    x.next_overflow, spare.start, spare.end
                ),
            );
        }
    }
}
