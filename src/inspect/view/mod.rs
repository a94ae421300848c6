//! A map's life as a page: what it was after every step, to be walked through in a browser.
//!
//! The page holds each map as it was at first, and of every step what it has changed; a script on it puts the rest together
//! and draws it. One file, nothing from elsewhere.

mod cells;
mod record;

use super::own::Own;
use super::snapshot::Snapshot;
use super::trace::{Event, Line, Spot};
use super::words;
use crate::types::MapType;
use crate::version::GoVersion;
use record::{Recorded, Table};
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;

/// Bytes of what steps have changed, and of their own words: a page of a few megabytes at most.
const STEPS: usize = 4_000_000;
/// Bytes of what the maps are before the first step.
const BEFORE: usize = 1_500_000;
/// Bytes of the ways of the operations.
const WAYS: usize = 1_500_000;
/// Steps of a way that are told: a loop that goes astray has tens of thousands.
const LISTED: usize = 400;

/// What kind of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// An operation, or a part of one.
    Op,
    /// A fault strikes.
    Fault,
    /// The program dies.
    Death,
}

/// What is told of a step.
pub struct Told<'a> {
    /// Number of its operation, from 1.
    pub number: u64,
    /// Number of the line in the script.
    pub line: Option<usize>,
    /// What is done.
    pub text: &'a str,
    /// What it is.
    pub kind: Kind,
    /// The way that it took.
    pub way: &'a [Line],
}

/// What the page says of where it comes from.
#[derive(Clone, Debug)]
pub struct About {
    /// Name of the script or experiment.
    pub source: String,
    /// A sentence or two.
    pub about: String,
    /// The Go version that the map is of.
    pub go: GoVersion,
    /// What is not on the page, in sentences.
    pub left_out: Vec<String>,
}

/// A step on the page.
#[derive(Serialize)]
struct Step<'a> {
    n: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    l: Option<usize>,
    t: &'a str,
    #[serde(skip_serializing_if = "is_op")]
    k: Kind,
    m: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    w: Vec<i64>,
    /// How much of the way is left out.
    #[serde(skip_serializing_if = "is_zero")]
    r: usize,
    d: record::Delta,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_zero(n: &usize) -> bool {
    *n == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_op(k: &Kind) -> bool {
    *k == Kind::Op
}

/// Takes down what maps are, step by step.
#[derive(Default)]
pub struct Recorder {
    maps: Vec<Recorded>,
    steps: Vec<String>,
    bytes: usize,
    ways: usize,
    /// Addresses, and words of ways: the same ones come again and again.
    addrs: Table,
    words: Table,
    wayless: u64,
    full: bool,
}

impl Recorder {
    /// Nothing recorded.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Steps on the page.
    #[must_use]
    pub fn steps(&self) -> usize {
        self.steps.len()
    }

    /// Whether no more steps fit on the page.
    #[must_use]
    pub fn full(&self) -> bool {
        self.full
    }

    fn find(&self, name: &str, t: &Arc<MapType>) -> Option<usize> {
        self.maps.iter().rposition(|m| m.name == name && Arc::ptr_eq(&m.t, t))
    }

    /// Whether a map is on the page.
    #[must_use]
    pub fn knows(&self, name: &str, t: &Arc<MapType>) -> bool {
        self.find(name, t).is_some()
    }

    /// A map as it is before the first step on it.
    pub fn before(&mut self, mem: &Own, name: &str, t: &Arc<MapType>, s: &Snapshot) {
        self.maps.push(Recorded::new(name, t, mem, s, &mut self.addrs));
    }

    /// A step on a map, and what the map is after it. `false` when it does not fit on the page: nothing is taken down then, nor
    /// ever after.
    pub fn step(&mut self, mem: &Own, name: &str, t: &Arc<MapType>, s: &Snapshot, told: &Told<'_>) -> bool {
        if self.full {
            return false;
        }
        let m = self.find(name, t).unwrap_or_else(|| {
            // The step makes it.
            self.before(mem, name, t, &Snapshot::nil());
            self.maps.len() - 1
        });
        let d = self.maps[m].step(mem, s, &mut self.addrs);
        let (told_of, rest) = told.way.split_at(told.way.len().min(LISTED));
        // How it ended is told in any case.
        let way: Vec<&Line> = told_of.iter().chain(rest.last()).collect();
        let (w, r) = (self.way(&way, s), rest.len().saturating_sub(1));
        let step = Step { n: told.number, l: told.line, t: told.text, k: told.kind, m, w, r, d };
        let text = serde_json::to_string(&step).expect("a step is JSON");
        if self.bytes + text.len() > STEPS && !self.steps.is_empty() {
            self.full = true;
            return false;
        }
        self.bytes += text.len();
        self.steps.push(text);
        true
    }

    /// The way of an operation: of each step its kind, its words, and the bucket and slot that it is at, -1 for none.
    fn way(&mut self, lines: &[&Line], s: &Snapshot) -> Vec<i64> {
        if self.ways > WAYS && !lines.is_empty() {
            self.wayless += 1;
            return Vec::new();
        }
        let (before, mut way, mut bucket) = (self.words.bytes, Vec::new(), -1);
        for l in lines {
            let kind = Event::KINDS.iter().position(|k| *k == l.event.kind()).expect("a kind of step");
            let mut place = |spot: &Spot| match *spot {
                Spot::Bucket { side, bucket, link } => {
                    s.bucket(side, bucket, link).map_or(-1, |addr| self.addrs.of_addr(addr))
                }
                Spot::Unknown(addr) => self.addrs.of_addr(addr),
            };
            let at = match &l.event {
                // The page says it in other ways.
                Event::Count { .. } | Event::Leave { .. } => continue,
                Event::Bucket { addr, .. } => {
                    bucket = self.addrs.of_addr(*addr);
                    [bucket, -1]
                }
                Event::Slot { slot, .. } => [bucket, *slot as i64],
                Event::KeyStore { bucket, slot, .. }
                | Event::KeyUpdate { bucket, slot }
                | Event::SlotClear { bucket, slot, .. } => [place(bucket), *slot as i64],
                Event::EvacuateSlot { to, to_slot, .. } => [place(to), *to_slot as i64],
                Event::NewOverflow { bucket: Some(bucket), .. } | Event::Walk { bucket: Some(bucket), .. } => {
                    [place(bucket), -1]
                }
                _ => [-1, -1],
            };
            let words = match &l.event {
                Event::Enter { function, .. } => self.words.of(function),
                event => self.words.of(&event.words()),
            };
            way.extend([kind as i64, words, at[0], at[1]]);
        }
        self.ways += way.len() * 4 + self.words.bytes - before;
        way
    }

    /// The page.
    ///
    /// # Panics
    /// Never: what is recorded can be written as JSON.
    #[must_use]
    pub fn page(&self, about: &About) -> String {
        let mut about = about.clone();
        if self.wayless > 0 {
            let n = self.wayless;
            about.left_out.push(format!("The ways of the last {n} steps are left out; what they changed is there."));
        }
        let mut room = BEFORE;
        let (maps, bare): (Vec<Value>, Vec<usize>) = self.maps.iter().map(|m| m.before(&mut room)).unzip();
        let bare: usize = bare.iter().sum();
        if bare > 0 {
            about
                .left_out
                .push(format!("Of {bare} buckets that no step touches, only the number of entries is there."));
        }
        let fields: Vec<Value> = words::header(about.go.rules())
            .iter()
            .map(|f| json!({ "name": f.name, "offset": f.offset, "size": f.size }))
            .collect();
        let head = json!({
            "tool": concat!("gohmap ", env!("CARGO_PKG_VERSION")), "source": about.source, "about": about.about,
            "go": about.go.to_string(), "leftOut": about.left_out, "fields": fields, "kinds": Event::KINDS,
            "flags": words::FLAGS.map(|f| f.1), "maps": maps, "addrs": self.addrs.all, "words": self.words.all,
        });
        let mut data = head.to_string();
        data.pop();
        data.push_str(",\"steps\":[\n");
        data.push_str(&self.steps.join(",\n"));
        data.push_str("]}");
        // Nothing in it ends the element that it stands in.
        let data = data.replace('<', "\\u003c");
        let script = concat!(include_str!("state.js"), include_str!("draw.js"), include_str!("page.js"));
        include_str!("page.html")
            .replace("/* STYLE */", include_str!("page.css"))
            .replace("/* SCRIPT */", script)
            .replace("/* DATA */", &data)
    }
}
