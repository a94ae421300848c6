//! A map's memory as text for people: the header byte by byte with the names of its fields, then every bucket.

use super::memory::{Memory, word_of};
use super::snapshot::{Array, Bucket, Defect, Side, Snapshot};
use super::{value, words};
use crate::layout::{BUCKET_CNT, MIN_TOP_HASH};
use crate::types::{GoType, Kind, MapType};
use std::collections::HashMap;
use std::fmt::Write;

/// The columns that a key or element may take.
const WIDEST: usize = 26;

/// Names of the buckets of a snapshot.
pub struct Names<'a> {
    snapshot: &'a Snapshot,
    size: u64,
    overflow: HashMap<u64, String>,
}

impl<'a> Names<'a> {
    /// Those of a map of type `t`.
    #[must_use]
    pub fn new(snapshot: &'a Snapshot, t: &MapType) -> Self {
        let mut overflow = HashMap::new();
        for (side, a) in snapshot.arrays() {
            for (first, chain) in &a.chains {
                for (i, &addr) in chain.iter().enumerate() {
                    let old = if side == Side::Old { "old " } else { "" };
                    overflow.entry(addr).or_insert_with(|| format!("overflow {} of {old}bucket {first}", i + 1));
                }
            }
        }
        Self { snapshot, size: t.bucket.size as u64, overflow }
    }

    /// The name of what is at an address: `bucket 5`, `old bucket 5`, `overflow 2 of bucket 5`, `spare 3`; the address when
    /// nothing is, `nil` for 0.
    #[must_use]
    pub fn name(&self, addr: u64) -> String {
        if addr == 0 {
            return "nil".to_owned();
        }
        if let Some(name) = self.overflow.get(&addr) {
            return name.clone();
        }
        for (side, a) in self.snapshot.arrays() {
            let old = if side == Side::Old { "old " } else { "" };
            let Some(offset) = addr.checked_sub(a.base).filter(|o| o.is_multiple_of(self.size)) else { continue };
            match offset / self.size {
                i if i < a.n => return format!("{old}bucket {i}"),
                i if i < a.all => return format!("{old}spare {}", i - a.n),
                _ => {}
            }
        }
        format!("{addr:#x}")
    }
}

/// `n` things.
fn of(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// Writes the map of type `t`, at most 80 columns wide where keys and addresses allow.
#[must_use]
pub fn text(mem: &dyn Memory, t: &MapType, s: &Snapshot) -> String {
    let mut out = String::new();
    if s.addr == 0 {
        out.push_str("a nil map: no header, no buckets\n");
        return out;
    }
    let names = Names::new(s, t);
    header(&mut out, t, s);
    extra(&mut out, s, &names);
    for (side, a) in s.arrays() {
        array(&mut out, mem, t, s, side, a, &names);
    }
    for d in &s.defects {
        let _ = writeln!(out, "BROKEN: {}", defect(d, &names));
    }
    out
}

fn header(out: &mut String, t: &MapType, s: &Snapshot) {
    let _ = writeln!(out, "header at {:#x}, {} bytes", s.addr, s.header_bytes.len());
    let h = &s.header;
    for f in words::header(t.rt.rules()) {
        let bytes = &s.header_bytes[f.offset..f.offset + f.size];
        let hex: Vec<String> = bytes.iter().map(|b| format!("{b:02x}")).collect();
        let v = f.value(&s.header_bytes);
        let more = match f.name {
            "B" if h.b < 64 => format!(": {}", of(1 << h.b, "bucket", "buckets")),
            "noverflow" => format!(" overflow bucket{}", if v == 1 { "" } else { "s" }),
            "oldbuckets" if v != 0 => {
                let (done, all) = s.evacuated();
                let how = if h.same_size_grow() { "to the same size" } else { "to twice the size" };
                format!(": growing {how}, {done} of {all} evacuated")
            }
            _ => String::new(),
        };
        let _ =
            writeln!(out, "  {:<4}{:<25}{:<12}{}{more}", format!("+{}", f.offset), hex.join(" "), f.name, f.show(v));
    }
}

fn extra(out: &mut String, s: &Snapshot, names: &Names<'_>) {
    let Some(e) = &s.extra else { return };
    let _ = writeln!(out, "\nextra at {:#x}", s.header.extra);
    for (name, list) in [("overflow", &e.overflow), ("oldoverflow", &e.oldoverflow)] {
        let text = match list {
            None => "nil".to_owned(),
            Some(list) if list.is_empty() => "an empty list".to_owned(),
            Some(list) => list.iter().map(|&a| names.name(a)).collect::<Vec<_>>().join(", "),
        };
        fold(out, &format!("  {name:<14}"), &text);
    }
    let _ = writeln!(out, "  {:<14}{}", "nextOverflow", names.name(e.next_overflow));
}

/// A list over several lines.
fn fold(out: &mut String, lead: &str, text: &str) {
    let mut line = lead.to_owned();
    for word in text.split(", ") {
        let comma = if line.len() > lead.len() { ", " } else { "" };
        if line.len() > lead.len() && line.len() + 2 + word.len() > 79 {
            let _ = writeln!(out, "{line},");
            line = format!("{:1$}{word}", "", lead.len());
        } else {
            let _ = write!(line, "{comma}{word}");
        }
    }
    let _ = writeln!(out, "{line}");
}

fn array(out: &mut String, mem: &dyn Memory, t: &MapType, s: &Snapshot, side: Side, a: &Array, names: &Names<'_>) {
    let spares = a.all - a.n;
    let _ = writeln!(
        out,
        "\n{} at {:#x}: {} of {} bytes, {}, {} in chains",
        side.field(),
        a.base,
        of(a.n, "bucket", "buckets"),
        t.bucket.size,
        of(spares, "spare", "spares"),
        a.overflows()
    );
    let next = s.extra.as_ref().map_or(0, |e| e.next_overflow);
    if spares > 0 && a.spare().contains(&next) {
        let _ = writeln!(out, "the next spare is {}", names.name(next));
    }
    for i in 0..a.n {
        for b in a.chain(i) {
            bucket(out, mem, t, side, &b, names);
        }
    }
}

fn bucket(out: &mut String, mem: &dyn Memory, t: &MapType, side: Side, b: &Bucket<'_>, names: &Names<'_>) {
    let live = (0..BUCKET_CNT).filter(|&i| b.top(i) >= MIN_TOP_HASH).count();
    let state = if side == Side::Old && b.evacuated() { ", evacuated" } else { "" };
    let _ = writeln!(out, "\n  {} at {:#x}, {live} of {BUCKET_CNT}{state}", names.name(b.addr), b.addr);
    let rows: Vec<[String; 2]> = (0..BUCKET_CNT).map(|i| cells(mem, t, b, i)).collect();
    let widest = |c: usize| rows.iter().map(|r| r[c].chars().count()).max().unwrap_or(0).clamp(4, WIDEST);
    let (keys, elems) = (widest(0), widest(1));
    for (i, [key, elem]) in rows.iter().enumerate() {
        let top = b.top(i);
        let line = format!(
            "    {i}  {top:02x} {:<14}  {:<keys$}  {:<elems$}",
            words::mark(top).unwrap_or_default(),
            clip(key, keys),
            clip(elem, elems),
        );
        let _ = writeln!(out, "{}", line.trim_end());
    }
    let _ = writeln!(out, "    overflow {}", names.name(b.overflow()));
}

fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Key and element of a slot. What an empty slot still holds stands in brackets, nothing stands for zeroes.
fn cells(mem: &dyn Memory, t: &MapType, b: &Bucket<'_>, i: usize) -> [String; 2] {
    let l = &t.bucket;
    let live = b.top(i) >= MIN_TOP_HASH;
    let show = |at: usize, size: usize, ty: &GoType, indirect: bool| {
        let bytes = &b.bytes[at..at + size];
        if !live && bytes.iter().all(|&b| b == 0) {
            return String::new();
        }
        let text = slot_text(mem, ty, bytes, indirect);
        if live { text } else { format!("[{text}]") }
    };
    [show(l.key(i), l.key_size, &t.key, t.indirect_key()), show(l.elem(i), l.elem_size, &t.elem, t.indirect_elem())]
}

/// A key or element by the bytes of its slot, behind its pointer if it has one.
#[must_use]
pub fn slot_text(mem: &dyn Memory, ty: &GoType, bytes: &[u8], indirect: bool) -> String {
    if !indirect {
        if *ty.kind() == Kind::String && word_of(bytes, 0) == 0 && word_of(bytes, 8) != 0 {
            // A deleted string: its pointer is gone, its length is not.
            return format!("nil, len {}", word_of(bytes, 8));
        }
        return value::show(mem, ty, bytes);
    }
    let at = word_of(bytes, 0);
    if at == 0 {
        return "nil".to_owned();
    }
    mem.bytes(at, ty.size()).map_or_else(|_| format!("{at:#x}?"), |v| value::show(mem, ty, &v))
}

pub(super) fn defect(d: &Defect, names: &Names<'_>) -> String {
    let bucket = |side: &Side, n: &u64| format!("{}bucket {n}", if *side == Side::Old { "old " } else { "" });
    match d {
        Defect::HugeB => "B is beyond all memory".to_owned(),
        Defect::Array(side, e) => format!("{}: {e}", side.field()),
        Defect::Extra(what, e) => format!("{what}: {e}"),
        Defect::Cycle { side, bucket: n, at } => {
            format!("the chain of {} comes back to {}", bucket(side, n), names.name(*at))
        }
        Defect::Chain { side, bucket: n, at } => {
            format!("the chain of {} leads to {at:#x}, where no bucket can be read", bucket(side, n))
        }
    }
}
