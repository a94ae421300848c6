//! A trace in words.

use super::event::{Change, Event, Line, Spot, Verdict};
use crate::inspect::words;
use crate::probe::Op;
use crate::types::{Fast, MapType};
use std::fmt::Write;

/// Go's function for an operation on maps of a type.
#[must_use]
pub fn function(op: Op, t: &MapType, reflect: bool) -> &'static str {
    // Package reflect has functions for strings, but none for numbers.
    let fast = if reflect && t.fast != Fast::FastStr { Fast::Generic } else { t.fast };
    match (op, fast) {
        (Op::Assign, Fast::Generic) => "mapassign",
        (Op::Assign, Fast::Fast32) => "mapassign_fast32",
        (Op::Assign, Fast::Fast32Ptr) => "mapassign_fast32ptr",
        (Op::Assign, Fast::Fast64) => "mapassign_fast64",
        (Op::Assign, Fast::Fast64Ptr) => "mapassign_fast64ptr",
        (Op::Assign, Fast::FastStr) => "mapassign_faststr",
        (Op::Access, Fast::Generic) => "mapaccess2",
        (Op::Access, Fast::Fast32 | Fast::Fast32Ptr) => "mapaccess2_fast32",
        (Op::Access, Fast::Fast64 | Fast::Fast64Ptr) => "mapaccess2_fast64",
        (Op::Access, Fast::FastStr) => "mapaccess2_faststr",
        (Op::Delete, Fast::Generic) => "mapdelete",
        (Op::Delete, Fast::Fast32 | Fast::Fast32Ptr) => "mapdelete_fast32",
        (Op::Delete, Fast::Fast64 | Fast::Fast64Ptr) => "mapdelete_fast64",
        (Op::Delete, Fast::FastStr) => "mapdelete_faststr",
        (Op::Make, _) => "makemap",
        (Op::Clear, _) => "mapclear",
        (Op::Clone, _) => "mapclone2",
        (Op::Keys, _) => "keys",
        (Op::Values, _) => "values",
        (Op::IterInit, _) => "mapiterinit",
        (Op::IterNext, _) => "mapiternext",
    }
}

/// `map[K]V`.
#[must_use]
pub fn title(t: &MapType) -> String {
    format!("map[{}]{}", t.key, t.elem)
}

fn plural(n: u64, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

impl Event {
    /// The step in words, without its kind.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Enter { function, h, key, count, .. } => {
                let of = key.as_ref().map_or_else(String::new, |k| format!(", key {k}"));
                match h {
                    0 => format!("{function}{of}: no map yet, or a nil one"),
                    _ => format!(
                        "{function}{of}; {} in the map at {h:#x}",
                        plural(*count as u64, "entry").replace("entrys", "entries")
                    ),
                }
            }
            Self::FlagsRead { flags, names } if flags & crate::layout::HASH_WRITING != 0 => {
                format!("{names}: another goroutine is writing")
            }
            Self::FlagsRead { names, .. } => format!("{names}: nobody is writing"),
            Self::FlagsWrite { set, cleared, .. } => match (set.as_str(), cleared.as_str()) {
                ("0", "0") => "as they are".to_owned(),
                (set, "0") => format!("{set} set"),
                ("0", cleared) => format!("{cleared} cleared"),
                (set, cleared) => format!("{set} set, {cleared} cleared"),
            },
            Self::Hash { hash, tophash, bucket, of, old } => {
                let old = old.map_or_else(String::new, |o| format!(", old bucket {o}"));
                format!("{hash}: tophash {tophash:#04x}, bucket {bucket} of {of}{old}")
            }
            Self::Bucket { addr, bucket, evacuated } => {
                let moved = if *evacuated { ", evacuated" } else { "" };
                match bucket {
                    Spot::Unknown(_) => format!("{bucket}{moved}"),
                    _ => format!("{bucket}, at {addr:#x}{moved}"),
                }
            }
            Self::Slot { slot, tophash, key, verdict, .. } => slot_words(*slot, *tophash, key.as_deref(), *verdict),
            Self::KeyStore { bucket, slot, key } => {
                format!(
                    "key{} into slot {slot} of {bucket}",
                    key.as_ref().map_or_else(String::new, |k| format!(" {k}"))
                )
            }
            Self::KeyUpdate { bucket, slot } => format!("slot {slot} of {bucket}: the key is overwritten by its equal"),
            Self::SlotClear { bucket, slot, key } => {
                let key = key.as_ref().map_or_else(String::new, |k| format!(", key {k}"));
                format!("slot {slot} of {bucket}{key}")
            }
            Self::Count { from, to } => format!("{from} -> {to}"),
            Self::Grow { same_size: false, entries, capacity, buckets, .. } => format!(
                "to twice the size: {entries} entries are more than the {capacity} that {} take",
                plural(*buckets, "bucket")
            ),
            Self::Grow { overflow, buckets, .. } => format!(
                "to the same size: {} are too many for {}",
                plural((*overflow).into(), "overflow bucket"),
                plural(*buckets, "bucket")
            ),
            Self::Evacuate { old, of, x, y } => match y {
                Some(y) => format!("old bucket {old} of {of}, to buckets {x} (X) and {y} (Y)"),
                None => format!("old bucket {old} of {of}, to bucket {x}"),
            },
            Self::EvacuateSlot { bucket, slot, key, y, to, to_slot } => {
                let key = key.as_ref().map_or_else(String::new, |k| format!(", key {k}"));
                let half = if *y { 'Y' } else { 'X' };
                format!("slot {slot} of {bucket}{key} -> {half}: slot {to_slot} of {to}")
            }
            Self::NewOverflow { behind, bucket, from_spare } => {
                let from =
                    from_spare.map_or_else(|| "the heap".to_owned(), |n| format!("spare bucket {n} behind the array"));
                match bucket {
                    Some(bucket) => format!("{bucket}, from {from}"),
                    None => format!("behind {behind}"),
                }
            }
            Self::Walk { bucket: Some(bucket), .. } => bucket.to_string(),
            Self::Walk { bucket: None, .. } => "the end of the chain".to_owned(),
            Self::Leave { counts: c, .. } => {
                let mut text = String::new();
                for (n, what) in [(c.buckets, "bucket"), (c.slots, "slot"), (c.keys, "key"), (c.moved, "entry")] {
                    let verb = match what {
                        "bucket" => "searched",
                        "slot" => "examined",
                        "key" => "compared",
                        _ => "moved",
                    };
                    if n > 0 {
                        let comma = if text.is_empty() { "" } else { ", " };
                        let what = plural(n.into(), what).replace("entrys", "entries");
                        let _ = write!(text, "{comma}{what} {verb}");
                    }
                }
                text
            }
            Self::Element => "the program stores the element".to_owned(),
            Self::Fault { fault } => fault.clone(),
            Self::Death { says, .. } => says.join("\n"),
        }
    }
}

fn slot_words(slot: usize, top: Option<u8>, key: Option<&str>, verdict: Verdict) -> String {
    let top = top.map_or_else(|| "?".to_owned(), words::top);
    let key = key.unwrap_or_default();
    let rest = match verdict {
        Verdict::EmptyRest | Verdict::Empty => String::new(),
        Verdict::OtherTophash => "another tophash".to_owned(),
        Verdict::OtherLength => format!("{key} has another length"),
        Verdict::Different => format!("{key} is not the key"),
        Verdict::Equal => format!("{key} is the key"),
        Verdict::Entry | Verdict::Moved => key.to_owned(),
        Verdict::Unreadable => "cannot be read".to_owned(),
    };
    format!("{slot}  {top:<14}  {rest}").trim_end().to_owned()
}

/// Whether a change is what the step itself says.
fn implied(event: &Event, change: &Change) -> bool {
    let at = |bucket: &Spot, slot: usize, b: &Spot, s: usize| (bucket, slot) == (b, s);
    match (event, change) {
        (Event::FlagsWrite { .. }, Change::Header { field, .. }) => *field == "flags",
        (Event::Count { .. }, Change::Header { field, .. }) => *field == "count",
        (
            Event::KeyStore { bucket, slot, .. } | Event::KeyUpdate { bucket, slot },
            Change::Tophash { bucket: b, slot: s, .. } | Change::Key { bucket: b, slot: s, .. },
        ) => at(bucket, *slot, b, *s),
        (
            Event::SlotClear { bucket, slot, .. },
            Change::Key { bucket: b, slot: s, .. } | Change::Elem { bucket: b, slot: s, .. },
        ) => at(bucket, *slot, b, *s),
        (
            Event::EvacuateSlot { bucket, slot, to, to_slot, .. },
            Change::Tophash { bucket: b, slot: s, .. }
            | Change::Key { bucket: b, slot: s, .. }
            | Change::Elem { bucket: b, slot: s, .. },
        ) => at(bucket, *slot, b, *s) || at(to, *to_slot, b, *s),
        (
            Event::NewOverflow { bucket: Some(new), .. },
            Change::Key { bucket, .. } | Change::Elem { bucket, .. } | Change::Tophash { bucket, .. },
        ) => bucket == new,
        (Event::NewOverflow { behind, .. }, Change::Overflow { bucket, .. }) => bucket == behind,
        _ => false,
    }
}

impl Line {
    /// What has changed that the step does not say itself, in words: a few lines at most, like changes together.
    #[must_use]
    pub fn changes_in_words(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut fields: Vec<String> = Vec::new();
        // Bucket, from, to, and the slots.
        let mut tops: Vec<(Spot, u8, u8, Vec<usize>)> = Vec::new();
        // Bucket, and how many of its keys, elements and pointers.
        let mut cells: Vec<(Spot, [usize; 3])> = Vec::new();
        let mut elems: Vec<String> = Vec::new();
        for c in self.changes.iter().filter(|c| !implied(&self.event, c)) {
            match c {
                Change::Header { field, from, to } => {
                    let over = if *field == "oldbuckets" && to == "nil" { ", the growth is over" } else { "" };
                    fields.push(format!("{field} {from} -> {to}{over}"));
                }
                Change::Extra { .. } => fields.push(c.to_string()),
                Change::Tophash { bucket, slot, from, to } => {
                    match tops.iter_mut().find(|t| (t.0, t.1, t.2) == (*bucket, *from, *to)) {
                        Some(t) => t.3.push(*slot),
                        None => tops.push((*bucket, *from, *to, vec![*slot])),
                    }
                }
                Change::Elem { .. } if matches!(self.event, Event::Element) => elems.push(c.to_string()),
                Change::Key { bucket, .. } | Change::Elem { bucket, .. } | Change::Overflow { bucket, .. } => {
                    let kind = match c {
                        Change::Key { .. } => 0,
                        Change::Elem { .. } => 1,
                        _ => 2,
                    };
                    match cells.iter_mut().find(|x| x.0 == *bucket) {
                        Some(x) => x.1[kind] += 1,
                        None => {
                            let mut n = [0; 3];
                            n[kind] = 1;
                            cells.push((*bucket, n));
                        }
                    }
                }
            }
        }
        lines.extend(fields);
        for (bucket, from, to, slots) in tops {
            let slots: Vec<String> = slots.iter().map(ToString::to_string).collect();
            lines.push(format!("tophash {} of {bucket}: {} -> {}", slots.join(" "), words::top(from), words::top(to)));
        }
        for (bucket, [keys, values, pointers]) in cells {
            let parts = [(keys, "key"), (values, "element"), (pointers, "overflow pointer")];
            let parts: Vec<String> = parts.iter().filter(|p| p.0 > 0).map(|p| plural(p.0 as u64, p.1)).collect();
            lines.push(format!("{bucket}: {} overwritten", parts.join(", ")));
        }
        lines.extend(elems);
        lines
    }
}
