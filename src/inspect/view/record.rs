//! A map on the page: what it was at first, and what a step has changed.

use super::cells;
use crate::inspect::own::Own;
use crate::inspect::print;
use crate::inspect::snapshot::{Array, Snapshot};
use crate::inspect::trace::title;
use crate::inspect::words::{self, Field};
use crate::layout::{BUCKET_CNT, MIN_TOP_HASH};
use crate::types::MapType;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Texts that are written once and then called by their number.
#[derive(Default)]
pub(super) struct Table {
    pub(super) all: Vec<String>,
    numbers: HashMap<String, i64>,
    pub(super) bytes: usize,
}

impl Table {
    pub(super) fn of(&mut self, text: &str) -> i64 {
        if let Some(n) = self.numbers.get(text) {
            return *n;
        }
        let n = self.all.len() as i64;
        self.bytes += text.len() + 3;
        self.all.push(text.to_owned());
        self.numbers.insert(text.to_owned(), n);
        n
    }

    /// An address; -1 for nil.
    pub(super) fn of_addr(&mut self, addr: u64) -> i64 {
        if addr == 0 { -1 } else { self.of(&format!("{addr:x}")) }
    }
}

/// `[address, regular buckets, buckets with the spare ones]`.
type Place = Option<(i64, u64, u64)>;

/// What a step has changed.
#[derive(Default, Serialize)]
pub(super) struct Delta {
    /// Address of the header, when it is another one; -1 for a nil map.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
    /// Fields of the header: number, bytes, value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    h: Vec<(usize, String, String)>,
    /// The array, when it is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Place>,
    /// The old array.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Place>,
    /// `mapextra`: lengths of both lists, `nextOverflow`.
    #[serde(skip_serializing_if = "Option::is_none")]
    x: Option<Option<[i64; 3]>>,
    /// Buckets: see [`cells::changed`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    b: Vec<Value>,
    /// What is wrong with the structure.
    #[serde(skip_serializing_if = "Option::is_none")]
    e: Option<Vec<String>>,
}

/// A map that is being recorded.
pub(super) struct Recorded {
    pub(super) name: String,
    pub(super) t: Arc<MapType>,
    fields: Vec<Field>,
    /// What the page knows by now: address of the header, its bytes, places, `mapextra`, buckets by their addresses, defects.
    at: u64,
    header: Vec<u8>,
    places: [Place; 2],
    extra: Option<[i64; 3]>,
    known: HashMap<u64, Vec<u8>>,
    defects: Vec<String>,
    /// What it was at first. Buckets by their addresses, how full the chains of both arrays were, new and old.
    first: Delta,
    buckets: Vec<(u64, Value)>,
    fill: [String; 2],
    /// Buckets that have been touched since.
    touched: HashSet<u64>,
}

impl Recorded {
    pub(super) fn new(name: &str, t: &Arc<MapType>, mem: &Own, s: &Snapshot, addrs: &mut Table) -> Self {
        let mut map = Self {
            name: name.to_owned(),
            t: Arc::clone(t),
            fields: words::header(t.rt.rules()),
            at: 0,
            header: Vec::new(),
            places: [None, None],
            extra: None,
            known: HashMap::new(),
            defects: Vec::new(),
            first: Delta::default(),
            buckets: Vec::new(),
            fill: [fill(s.new.as_ref()), fill(s.old.as_ref())],
            touched: HashSet::new(),
        };
        map.first = map.but_buckets(s, addrs);
        map.buckets = map.changed(mem, s, addrs);
        map
    }

    /// What is different from what the page knows; it knows then.
    pub(super) fn step(&mut self, mem: &Own, s: &Snapshot, addrs: &mut Table) -> Delta {
        let mut d = self.but_buckets(s, addrs);
        for (addr, b) in self.changed(mem, s, addrs) {
            self.touched.insert(addr);
            d.b.push(b);
        }
        d
    }

    /// The same without the buckets.
    fn but_buckets(&mut self, s: &Snapshot, addrs: &mut Table) -> Delta {
        let mut d = Delta::default();
        if self.at != s.addr {
            self.at = s.addr;
            d.at = Some(addrs.of_addr(s.addr));
        }
        if !s.header_bytes.is_empty() && self.header != s.header_bytes {
            for (i, f) in self.fields.iter().enumerate() {
                let bytes = &s.header_bytes[f.offset..f.offset + f.size];
                if self.header.get(f.offset..f.offset + f.size) != Some(bytes) {
                    let hex = bytes.iter().map(|b| format!("{b:02x}")).collect();
                    d.h.push((i, hex, f.show(f.value(&s.header_bytes))));
                }
            }
            self.header.clone_from(&s.header_bytes);
        }
        let place = |a: &Option<Array>, addrs: &mut Table| a.as_ref().map(|a| (addrs.of_addr(a.base), a.n, a.all));
        let places = [place(&s.new, addrs), place(&s.old, addrs)];
        d.new = (self.places[0] != places[0]).then_some(places[0]);
        d.old = (self.places[1] != places[1]).then_some(places[1]);
        self.places = places;
        let len = |l: &Option<Vec<u64>>| l.as_ref().map_or(-1, |l| l.len() as i64);
        let extra = s.extra.as_ref().map(|e| [len(&e.overflow), len(&e.oldoverflow), addrs.of_addr(e.next_overflow)]);
        d.x = (self.extra != extra).then_some(extra);
        self.extra = extra;
        let names = print::Names::new(s, &self.t);
        let defects: Vec<String> = s.defects.iter().map(|x| print::defect(x, &names)).collect();
        if self.defects != defects {
            d.e = Some(defects.clone());
            self.defects = defects;
        }
        d
    }

    /// The buckets that are not what the page knows, in the order of their chains, the old array's first.
    fn changed(&mut self, mem: &Own, s: &Snapshot, addrs: &mut Table) -> Vec<(u64, Value)> {
        let mut all = Vec::new();
        for (_, a) in s.arrays() {
            for b in (0..a.n).flat_map(|i| a.chain(i)) {
                let content = cells::content(mem, &self.t, b.bytes);
                let was = self.known.get(&b.addr);
                // The page takes the buckets of an array that it has not heard of for zeroes.
                let same = was.map_or_else(|| a.holds(b.addr) && b.bytes.iter().all(|b| *b == 0), |w| *w == content);
                if !same {
                    let was = was.map(Vec::as_slice);
                    all.push((b.addr, cells::changed(mem, &self.t, s.header.hash0, b.addr, was, &content, addrs)));
                    self.known.insert(b.addr, content);
                }
            }
        }
        all
    }

    /// What the map was at first. Buckets that have been touched since come first, then as many of the others as there is `room`
    /// for.
    pub(super) fn before(&self, room: &mut usize) -> (Value, usize) {
        let mut kept = Vec::new();
        let mut bare = 0;
        let (touched, rest): (Vec<_>, Vec<_>) = self.buckets.iter().partition(|b| self.touched.contains(&b.0));
        for (i, (_, b)) in touched.iter().chain(&rest).enumerate() {
            let len = b.to_string().len();
            if i < touched.len() || len <= *room {
                *room = room.saturating_sub(len);
                kept.push(b);
            } else {
                bare += 1;
            }
        }
        let t = &self.t;
        let mut map = json!({
            "name": self.name, "type": title(t), "size": t.bucket.size, "key": t.key.name(), "elem": t.elem.name(),
            "first": self.first, "buckets": kept,
        });
        if bare > 0 {
            map["fill"] = json!(self.fill);
        }
        (map, bare)
    }
}

/// Live entries in the chains of an array, a character each, in base 36; `z` for more.
fn fill(a: Option<&Array>) -> String {
    let live = |i| a.into_iter().flat_map(move |a| a.chain(i)).flat_map(|b| (0..BUCKET_CNT).map(move |i| b.top(i)));
    let count = |i| live(i).filter(|top| *top >= MIN_TOP_HASH).count().min(35) as u32;
    let digit = |i| char::from_digit(count(i), 36).expect("a digit of base 36");
    (0..a.map_or(0, |a| a.n)).map(digit).collect()
}
