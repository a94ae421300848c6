//! Buckets in the words of the page.

use super::record::Table;
use crate::inspect::memory::{Memory, word_of};
use crate::inspect::own::Own;
use crate::inspect::print::slot_text;
use crate::inspect::value::Local;
use crate::layout::{BUCKET_CNT, MIN_TOP_HASH};
use crate::types::{GoType, MapType};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hasher};

/// Characters of a key or an element.
const LONGEST: usize = 64;

/// The bytes of a bucket, and behind them a digest for each key and element that is stored by pointer: it may change while the
/// pointer stays what it is.
pub(super) fn content(mem: &Own, t: &MapType, bytes: &[u8]) -> Vec<u8> {
    let mut content = bytes.to_vec();
    let l = &t.bucket;
    let sides = [(t.indirect_key(), l.key(0), t.key_size), (t.indirect_elem(), l.elem(0), t.elem_size)];
    for (_, at, size) in sides.into_iter().filter(|s| s.0) {
        for slot in 0..BUCKET_CNT {
            let pointer = word_of(bytes, at + 8 * slot);
            let behind = if pointer == 0 { Vec::new() } else { mem.bytes(pointer, size).unwrap_or_default() };
            let mut digest = DefaultHasher::new();
            digest.write(&behind);
            content.extend(digest.finish().to_le_bytes());
        }
    }
    content
}

/// Whether a slot is another one: its mark, its bytes, or what they point to.
fn differs(t: &MapType, was: Option<&[u8]>, is: &[u8], slot: usize) -> bool {
    let l = &t.bucket;
    let digests = (is.len() - l.size) / 8 / BUCKET_CNT;
    let digest = |n: usize| (l.size + 8 * (n * BUCKET_CNT + slot), 8);
    let parts = [(slot, 1), (l.key(slot), l.key_size), (l.elem(slot), l.elem_size)];
    parts.into_iter().chain((0..digests).map(digest)).any(|(at, len)| match was {
        Some(was) => was[at..at + len] != is[at..at + len],
        None => at < l.size && is[at..at + len].iter().any(|b| *b != 0),
    })
}

/// What is different in a bucket: `[address, marks or 0, overflow pointer or -2, [slot, key, elem, hash]…]`. Against zeroes when
/// it was not known.
pub(super) fn changed(
    mem: &Own,
    t: &MapType,
    hash0: u32,
    addr: u64,
    was: Option<&[u8]>,
    is: &[u8],
    addrs: &mut Table,
) -> Value {
    let l = &t.bucket;
    let (marks, before) = (&is[..BUCKET_CNT], was.map_or(&[0; BUCKET_CNT][..], |w| &w[..BUCKET_CNT]));
    let marks =
        if marks == before { json!(0) } else { json!(marks.iter().map(|b| format!("{b:02x}")).collect::<String>()) };
    let (from, to) = (was.map_or(0, |w| word_of(w, l.overflow())), word_of(is, l.overflow()));
    let overflow = if from == to { -2 } else { addrs.of_addr(to) };
    let mut all = vec![json!(addrs.of_addr(addr)), marks, json!(overflow)];
    all.extend((0..BUCKET_CNT).filter(|&i| differs(t, was, is, i)).map(|i| slot(mem, t, hash0, is, i)));
    Value::Array(all)
}

fn slot(mem: &Own, t: &MapType, hash0: u32, bucket: &[u8], i: usize) -> Value {
    let l = &t.bucket;
    let live = bucket[i] >= MIN_TOP_HASH;
    let text = |at: usize, size: usize, ty: &GoType, indirect: bool| {
        let bytes = &bucket[at..at + size];
        // Nothing stands for the zeroes of an empty slot.
        if !live && bytes.iter().all(|b| *b == 0) { String::new() } else { clip(slot_text(mem, ty, bytes, indirect)) }
    };
    let key = text(l.key(i), l.key_size, &t.key, t.indirect_key());
    let elem = text(l.elem(i), l.elem_size, &t.elem, t.indirect_elem());
    let hash = if live { hash(mem, t, hash0, &bucket[l.key(i)..l.key(i) + l.key_size]) } else { None };
    json!([i, key, elem, hash.map_or_else(String::new, |h| format!("{h:016x}"))])
}

/// The hash of a key; none when it is not equal to itself, so that each hash is another one.
fn hash(mem: &Own, t: &MapType, hash0: u32, slot: &[u8]) -> Option<u64> {
    let bytes = if t.indirect_key() { mem.bytes(word_of(slot, 0), t.key_size).ok()? } else { slot.to_vec() };
    Local::copy(mem, &t.rt, &t.key, &bytes).ok()?.hash(t, hash0)
}

fn clip(text: String) -> String {
    if text.chars().count() <= LONGEST { text } else { text.chars().take(LONGEST - 1).chain(['…']).collect() }
}
