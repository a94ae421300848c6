//! A map's whole memory as one line of JSON, in the form of the Go oracle (`tests/oracle`): header, extra, every
//! bucket of both arrays with the spare overflow buckets, and the overflow buckets outside them.
//!
//! Pointers are given names that do not depend on addresses: `A<array>+<index>` for a bucket of an array, numbered as
//! arrays come into sight, `O<n>` for any other bucket, `P<n>` for keys and elements that are stored as pointers.

use crate::heap::roundupsize;
use crate::layout::{BUCKET_CNT, SAME_SIZE_GROW, mem};
use crate::types::MapType;
use std::collections::HashMap;
use std::fmt::Write;

/// How a map's keys and elements are written; objects that they point to get names.
pub trait Encode {
    /// Appends the key at an address.
    fn key(&self, names: &mut Names, t: &MapType, at: usize, out: &mut String);
    /// Appends the element at an address.
    fn elem(&self, names: &mut Names, t: &MapType, at: usize, out: &mut String);
}

/// Appends `n` bytes at `addr` in hexadecimal.
pub fn hex(out: &mut String, addr: usize, n: usize) {
    let digit = |d: u8| char::from(b"0123456789abcdef"[usize::from(d)]);
    for i in 0..n {
        // SAFETY: callers name bytes of live objects.
        let b = unsafe { mem::ld8(addr + i) };
        out.push(digit(b >> 4));
        out.push(digit(b & 15));
    }
}

/// An array of buckets that has been seen.
struct Array {
    base: usize,
    bucket: usize,
    /// Regular buckets.
    n: u64,
    /// All buckets, spares included.
    all: u64,
}

/// Names given to pointers so far. One for all maps of a run: its heap must never use an address twice
/// ([`OnFree::Keep`](crate::heap::OnFree::Keep)).
#[derive(Default)]
pub struct Names {
    arrays: Vec<Array>,
    buckets: HashMap<usize, usize>,
    objects: HashMap<usize, usize>,
}

impl Names {
    fn add_array(&mut self, t: &MapType, base: usize, b: u8) {
        if base == 0 || self.arrays.iter().any(|a| a.base == base) {
            return;
        }
        let n = 1_u64 << b;
        let mut all = n;
        if b >= 4 {
            let bytes = (n + n / 16) as usize * t.bucket.size;
            let up = roundupsize(bytes, !t.bucket_has_pointers, t.rt.rules().malloc_header);
            all = (up / t.bucket.size) as u64;
        }
        self.arrays.push(Array { base, bucket: t.bucket.size, n, all });
    }

    /// The name of a bucket, with its quotes, or `null`.
    pub fn bucket(&mut self, addr: usize) -> String {
        if addr == 0 {
            return "null".to_owned();
        }
        for (i, a) in self.arrays.iter().enumerate().rev() {
            if (a.base..a.base + a.bucket * a.all as usize).contains(&addr) {
                let (index, rest) = ((addr - a.base) / a.bucket, (addr - a.base) % a.bucket);
                return if rest == 0 { format!("\"A{i}+{index}\"") } else { format!("\"A{i}+{index}.{rest}\"") };
            }
        }
        let next = self.buckets.len();
        format!("\"O{}\"", self.buckets.entry(addr).or_insert(next))
    }

    /// The name of an object that a slot points to.
    pub fn object(&mut self, addr: usize) -> String {
        if addr == 0 {
            return "nil".to_owned();
        }
        let next = self.objects.len();
        format!("P{}", self.objects.entry(addr).or_insert(next))
    }

    /// A key or element as a quoted string, behind its pointer if it has one.
    fn slot(&mut self, out: &mut String, at: usize, indirect: bool, encode: impl Fn(&mut Self, usize, &mut String)) {
        out.push('"');
        let start = out.len();
        if indirect {
            // SAFETY: a slot of a bucket of a healthy map.
            let to = unsafe { mem::ld64(at) } as usize;
            out.push_str(&self.object(to));
            if to != 0 {
                out.push('=');
                encode(self, to, out);
            }
        } else {
            encode(self, at, out);
        }
        if out[start..].contains(['"', '\\']) {
            let text = out.split_off(start);
            out.push_str(&quote(&text)[1..]);
        } else {
            out.push('"');
        }
    }

    fn dump_bucket(&mut self, out: &mut String, t: &MapType, b: usize, encode: &dyn Encode) {
        out.push_str("{\"th\":\"");
        hex(out, b, BUCKET_CNT);
        out.push_str("\",\"k\":[");
        for i in 0..BUCKET_CNT {
            if i > 0 {
                out.push(',');
            }
            self.slot(out, b + t.bucket.key(i), t.indirect_key(), |n, at, out| encode.key(n, t, at, out));
        }
        out.push_str("],\"e\":[");
        for i in 0..BUCKET_CNT {
            if i > 0 {
                out.push(',');
            }
            self.slot(out, b + t.bucket.elem(i), t.indirect_elem(), |n, at, out| encode.elem(n, t, at, out));
        }
        // SAFETY: as above.
        let ovf = unsafe { mem::ld64(b + t.bucket.overflow()) } as usize;
        let _ = write!(out, "],\"ov\":{}}}", self.bucket(ovf));
    }

    /// Appends the dump of a map and a newline.
    ///
    /// # Safety
    /// `h` is the address of a header of type `t` of a healthy map.
    pub unsafe fn dump(&mut self, out: &mut String, name: &str, t: &MapType, h: usize, encode: &dyn Encode) {
        let rules = t.rt.rules();
        if h == 0 {
            let _ = writeln!(out, "{{\"map\":{},\"nil\":true}}", quote(name));
            return;
        }
        // SAFETY: the caller's promise for everything that the header leads to.
        unsafe {
            let (flags, b) = (mem::ld8(h + 8), mem::ld8(h + 9));
            let (buckets, old) = (mem::ld64(h + 16) as usize, mem::ld64(h + 24) as usize);
            let doubled = old != 0 && flags & SAME_SIZE_GROW == 0;
            self.add_array(t, old, if doubled { b.wrapping_sub(1) } else { b });
            self.add_array(t, buckets, b);
            let _ = write!(
                out,
                "{{\"map\":{},\"count\":{},\"flags\":{flags},\"B\":{b},\"noverflow\":{},\"hash0\":{},\"buckets\":{},\"oldbuckets\":{},\"nevacuate\":{}",
                quote(name),
                mem::ld64(h) as i64,
                mem::ld16(h + 10),
                mem::ld32(h + 12),
                self.bucket(buckets),
                self.bucket(old),
                mem::ld64(h + 32),
            );
            if let Some(at) = rules.clear_seq_offset {
                let _ = write!(out, ",\"clearSeq\":{}", mem::ld64(h + at));
            }
            out.push_str(",\"extra\":");
            let extra = mem::ld64(h + rules.extra_offset) as usize;
            if extra == 0 {
                out.push_str("null");
            } else {
                out.push_str("{\"overflow\":");
                self.dump_list(out, mem::ld64(extra) as usize);
                out.push_str(",\"oldoverflow\":");
                self.dump_list(out, mem::ld64(extra + 8) as usize);
                let _ = write!(out, ",\"nextOverflow\":{}}}", self.bucket(mem::ld64(extra + 16) as usize));
            }
            for (side, base) in [("old", old), ("new", buckets)] {
                if base != 0 {
                    self.dump_side(out, t, side, base, encode);
                }
            }
        }
        out.push_str("}\n");
    }

    /// A list of overflow buckets.
    unsafe fn dump_list(&mut self, out: &mut String, slice: usize) {
        if slice == 0 {
            out.push_str("null");
            return;
        }
        out.push('[');
        // SAFETY: the caller's promise for the list.
        unsafe {
            let (data, len) = (mem::ld64(slice) as usize, mem::ld64(slice + 8) as usize);
            for i in 0..len {
                let comma = if i > 0 { "," } else { "" };
                let _ = write!(out, "{comma}{}", self.bucket(mem::ld64(data + 8 * i) as usize));
            }
        }
        out.push(']');
    }

    /// One array and the overflow buckets outside it.
    unsafe fn dump_side(&mut self, out: &mut String, t: &MapType, side: &str, base: usize, encode: &dyn Encode) {
        let a = self.arrays.iter().rfind(|a| a.base == base).expect("the array was added");
        let (n, all, size) = (a.n as usize, a.all as usize, a.bucket);
        let _ = write!(out, ",\"{side}\":[");
        for i in 0..all {
            if i > 0 {
                out.push(',');
            }
            self.dump_bucket(out, t, base + i * size, encode);
        }
        let _ = write!(out, "],\"{side}ovf\":{{");
        let mut first = true;
        for i in 0..n {
            let mut b = base + i * size;
            loop {
                // SAFETY: the caller's promise for the chain, which ends.
                b = unsafe { mem::ld64(b + t.bucket.overflow()) } as usize;
                if b == 0 {
                    break;
                }
                let name = self.bucket(b);
                if name.starts_with("\"O") {
                    if !first {
                        out.push(',');
                    }
                    first = false;
                    let _ = write!(out, "{name}:");
                    self.dump_bucket(out, t, b, encode);
                }
            }
        }
        out.push('}');
    }
}

/// A string as Go's `%q` and JSON both write it, for the printable ASCII that scripts and encodings consist of.
#[must_use]
pub fn quote(s: &str) -> String {
    let mut q = String::with_capacity(s.len() + 2);
    q.push('"');
    for c in s.chars() {
        if matches!(c, '"' | '\\') {
            q.push('\\');
        }
        q.push(c);
    }
    q.push('"');
    q
}
