//! Entries: every key hashed anew with the process's own keys.

use super::{Report, Rule};
use crate::inspect::memory::{Memory, word_of};
use crate::inspect::snapshot::{Cell, Snapshot};
use crate::inspect::value::{Local, show};
use crate::layout::tophash;
use crate::types::MapType;

/// A cell in words.
fn name(c: &Cell<'_>) -> String {
    let overflow = if c.link == 0 { String::new() } else { format!(" overflow {}", c.link) };
    format!("{} {}{overflow} cell {} ({:#x})", c.side.field(), c.bucket, c.i, c.of.addr)
}

pub(super) fn check(mem: &impl Memory, t: &MapType, s: &Snapshot, r: &mut Report) {
    let cells: Vec<Cell<'_>> = s.entries().collect();
    let mut hashes = Vec::with_capacity(cells.len());
    r.entries = cells.len();
    for (nth, c) in cells.iter().enumerate() {
        elem(mem, t, c, r);
        let (key, bytes) = match key(mem, t, c) {
            Ok(key) => key,
            Err(e) => {
                r.find(Rule::Key, format!("{}: {e}", name(c)));
                continue;
            }
        };
        // One that is not equal to itself may be anywhere.
        let Some(hash) = key.hash(t, s.header.hash0) else { continue };
        hashes.push((hash, nth));
        let n = s.arrays().find(|(side, _)| *side == c.side).map_or(1, |(_, a)| a.n);
        let (want, top) = (hash & (n - 1), c.of.top(c.i));
        if want != c.bucket {
            let key = show(mem, &t.key, &bytes);
            r.find(Rule::Bucket, format!("{}: key {key} hashes to {hash:#018x}, bucket {want}", name(c)));
        }
        if tophash(hash) != top {
            let (key, want) = (show(mem, &t.key, &bytes), tophash(hash));
            r.find(Rule::Tophash, format!("{}: the mark is {top:#04x}, key {key} makes it {want:#04x}", name(c)));
        }
    }
    hashes.sort_unstable();
    for same in hashes.chunk_by(|a, b| a.0 == b.0).filter(|same| same.len() > 1) {
        let keys: Vec<_> = same.iter().filter_map(|&(_, nth)| Some((key(mem, t, &cells[nth]).ok()?, nth))).collect();
        for (i, ((this, bytes), nth)) in keys.iter().enumerate() {
            // SAFETY: values of the key's type in this process.
            let first = keys[..i].iter().find(|((k, _), _)| unsafe { (t.equal)(t, k.at(), this.at()) });
            if let Some((_, first)) = first {
                let (here, there, key) = (name(&cells[*nth]), name(&cells[*first]), show(mem, &t.key, bytes));
                r.find(Rule::Duplicate, format!("{here}: key {key} is at {there} too"));
            }
        }
    }
    let count = s.header.count;
    // What could not be copied may hold the rest.
    if count >= 0 && count as usize != r.entries && (s.defects.is_empty() || (count as usize) < r.entries) {
        r.find(Rule::Count, format!("count is {count}, but there are {} live entries", r.entries));
    }
}

/// The key of a cell, copied over, and its bytes.
fn key(mem: &impl Memory, t: &MapType, c: &Cell<'_>) -> Result<(Local, Vec<u8>), String> {
    let slot = c.key(t);
    let bytes = if t.indirect_key() {
        let at = word_of(slot, 0);
        mem.bytes(at, t.key_size).map_err(|e| format!("the key is stored by pointer: {e}"))?
    } else {
        slot.to_vec()
    };
    Ok((Local::copy(mem, &t.rt, &t.key, &bytes)?, bytes))
}

fn elem(mem: &impl Memory, t: &MapType, c: &Cell<'_>, r: &mut Report) {
    if t.indirect_elem()
        && let Err(e) = mem.bytes(word_of(c.elem(t), 0), t.elem_size)
    {
        r.find(Rule::Elem, format!("{}: the element is stored by pointer: {e}", name(c)));
    }
}
