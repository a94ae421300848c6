//! Oracle scripts: one map operation a line, run on the emulated map, answered with the oracle's lines.
//!
//! `tests/oracle/README.md` describes the language. A script fixes everything that Go draws at random (key schedule,
//! `hash0`, random numbers), so that real Go and this engine must print the same bytes.

mod helpers;
mod kind;
mod place;
mod value;
mod watch;

use crate::fatal;
use crate::fault;
use crate::hash::{Algorithm, HashKey, KeySchedule};
use crate::heap::{HeapConfig, OnFree};
use crate::inspect::dump::{Encode, Names, quote};
use crate::layout::{Hiter, mem};
use crate::map::amd64::Isa;
use crate::map::{clear, clone, compiled, iter, make};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::MapType;
use crate::version::GoVersion;
use kind::{KINDS, Key, Kind};
use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::rc::Rc;
use std::sync::Arc;
use watch::watched;
pub use watch::{Begun, Ended, Watcher};

/// A line that cannot be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct ScriptError {
    /// Number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: String,
}

/// Runs scripts.
pub struct Engine {
    version: GoVersion,
    isa: Isa,
    rt: Option<Arc<Runtime>>,
    keys: Option<KeySchedule>,
    hashkey: Option<HashKey>,
    names: Names,
    maps: HashMap<String, Map>,
    iters: HashMap<String, Iter>,
    line: usize,
    rng: bool,
    auto: bool,
    /// Names that a clone was to give when it panicked: nil to the script from then on.
    nil: HashSet<String>,
    watcher: Option<Rc<dyn Watcher>>,
    /// Operations run so far.
    pub operations: usize,
}

#[derive(Clone)]
struct Map {
    name: String,
    t: Arc<MapType>,
    h: usize,
    kind: &'static Kind,
}

struct Iter {
    map: Map,
    it: Box<Hiter>,
}

/// The state of the random source for the operation on line `n`: splitmix64's output function.
fn op_state(n: usize) -> u64 {
    let z = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// The 64-bit FNV-1a hash, which the oracle's `sum` prints of a dump too large to print.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

impl Engine {
    /// An engine for one Go version; the operations of fast64 maps are those of `isa`.
    #[must_use]
    pub fn new(version: GoVersion, isa: Isa) -> Self {
        Self {
            version,
            isa,
            rt: None,
            keys: None,
            hashkey: None,
            names: Names::default(),
            maps: HashMap::new(),
            iters: HashMap::new(),
            line: 0,
            rng: false,
            auto: false,
            nil: HashSet::new(),
            watcher: None,
            operations: 0,
        }
    }

    /// The maps that there are, by name: each with its type and the address of its header, 0 for nil.
    pub fn maps(&self) -> impl Iterator<Item = (&str, &Arc<MapType>, usize)> {
        let mut all: Vec<&Map> = self.maps.values().collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all.into_iter().map(|m| (m.name.as_str(), &m.t, m.h))
    }

    /// Runs a whole script and passes each operation's output to `sink`.
    ///
    /// # Errors
    /// At the first line that cannot be run; what came before it has been passed on.
    pub fn run(&mut self, script: &str, mut sink: impl FnMut(&str)) -> Result<(), ScriptError> {
        for text in script.lines() {
            let mut out = String::new();
            self.step(text, &mut out)?;
            if !out.is_empty() {
                sink(&out);
            }
        }
        Ok(())
    }

    fn err<T>(&self, what: impl Into<String>) -> Result<T, ScriptError> {
        Err(ScriptError { line: self.line, what: what.into() })
    }

    fn runtime(&mut self) -> Arc<Runtime> {
        let (version, keys, hashkey) = (self.version, self.keys.clone(), self.hashkey);
        let hash = if hashkey.is_some() { Algorithm::Fallback } else { Algorithm::Aes };
        let rt = self.rt.get_or_insert_with(|| {
            let heap = HeapConfig { on_free: OnFree::Keep, ..HeapConfig::default() };
            Runtime::new(RuntimeConfig { version, keys, hash, hashkey, heap, ..RuntimeConfig::default() })
        });
        Arc::clone(rt)
    }

    /// Runs the next line and appends what it prints.
    ///
    /// # Errors
    /// When the line cannot be run; nothing has been done then.
    pub fn step(&mut self, text: &str, out: &mut String) -> Result<(), ScriptError> {
        self.line += 1;
        let f: Vec<&str> = text.split_whitespace().collect();
        let Some(&op) = f.first() else { return Ok(()) };
        if op.starts_with('#') {
            return Ok(());
        }
        self.operations += 1;
        let want = match op {
            "keys" | "rng" | "auto" | "clear" | "dump" | "sum" | "copykeys" | "copyvalues" | "rrange" => 2,
            "gc" => 1,
            "hashkey" => 5,
            "set" | "rset" | "iter" | "fill" => 4,
            "new" | "nil" => 3,
            "seed" | "get" | "rget" | "del" | "rdel" | "clone" | "riter" | "next" => 3,
            _ => return self.err(format!("unknown operation {op:?}")),
        };
        if f.len() < want {
            return self.err(format!("{op} needs {} more words", want - f.len()));
        }
        match op {
            "keys" => self.set_keys(f[1]),
            "hashkey" => self.set_hashkey(&f),
            "rng" | "auto" => {
                let on = f[1] == "on";
                if op == "rng" {
                    self.rng = on;
                } else {
                    self.auto = on;
                }
                Ok(())
            }
            "gc" => Ok(()),
            _ if !matches!(op, "new" | "nil") && self.nil.contains(f[1]) => {
                self.print_panic(out, "runtime error: invalid memory address or nil pointer dereference");
                // Nor does an iterator of nothing come into being.
                if matches!(op, "iter" | "riter") {
                    self.nil.insert(f[2].to_owned());
                }
                Ok(())
            }
            "new" | "nil" => self.make(&f, out),
            "iter" | "riter" => self.start(&f, out),
            "next" => self.next(&f, out),
            "rset" | "rget" | "rdel" | "rrange" | "copykeys" | "copyvalues" => self.by_helper(&f, out),
            _ => self.on_map(&f, out),
        }
    }

    /// Keys of the fallback hash, which is in force from here on.
    fn set_hashkey(&mut self, f: &[&str]) -> Result<(), ScriptError> {
        if self.rt.is_some() {
            return self.err("hashkey must come before the first map");
        }
        let mut key = [0; 4];
        for (i, k) in key.iter_mut().enumerate() {
            *k = self.arg(f, i + 1)?;
        }
        self.hashkey = Some(HashKey(key));
        Ok(())
    }

    fn set_keys(&mut self, text: &str) -> Result<(), ScriptError> {
        if self.rt.is_some() {
            return self.err("keys must come before the first map");
        }
        let byte = |i: usize| text.get(2 * i..2 * i + 2).and_then(|h| u8::from_str_radix(h, 16).ok());
        let mut k = [0; 128];
        for (i, b) in k.iter_mut().enumerate() {
            match byte(i) {
                Some(v) => *b = v,
                None => return self.err("keys takes 256 hexadecimal digits"),
            }
        }
        self.keys = Some(KeySchedule(k));
        Ok(())
    }

    fn arg(&self, f: &[&str], i: usize) -> Result<u64, ScriptError> {
        match f.get(i) {
            None => Ok(0),
            Some(s) => value::number(s).or_else(|what| self.err(what)),
        }
    }

    fn map(&self, name: &str) -> Result<Map, ScriptError> {
        self.maps.get(name).cloned().map_or_else(|| self.err(format!("there is no map {name:?}")), Ok)
    }

    /// Puts the random source where the script wants it for this operation.
    fn seed(&self, m: &Map) {
        if self.rng {
            m.t.rt.rng.set_state(op_state(self.line));
        }
    }

    fn make(&mut self, f: &[&str], out: &mut String) -> Result<(), ScriptError> {
        let rt = self.runtime();
        let Some(kind) = KINDS.iter().find(|k| k.name == f[2]) else {
            let known: Vec<&str> = KINDS.iter().map(|k| k.name).collect();
            return self.err(format!("unknown map type {:?}; known: {}", f[2], known.join(", ")));
        };
        let t = kind.map_type(&rt);
        let (hint, hash0) = (self.arg(f, 3)? as i64, self.arg(f, 4)? as u32);
        let mut m = Map { name: f[1].to_owned(), t: Arc::new(t), h: 0, kind };
        self.begin(&f.join(" "), &m, None);
        let t = &m.t;
        m.h = match f[0] {
            "nil" => 0,
            // SAFETY: a fresh map.
            _ => unsafe {
                let h = if hint == 0 {
                    make::makemap_small(t)
                } else {
                    watched!(self.watcher, p => make::makemap(t, hint, p))
                };
                mem::st32(h + 12, hash0);
                h
            },
        };
        self.end(&Ended::Made(&m.name, m.h));
        self.maps.insert(f[1].to_owned(), m.clone());
        self.after(out, &m);
        Ok(())
    }

    /// What follows an operation that changed a map.
    fn after(&mut self, out: &mut String, m: &Map) {
        if self.auto {
            // SAFETY: the engine's own healthy map.
            unsafe { self.names.dump(out, &m.name, &m.t, m.h, m.kind) };
        }
    }

    /// Runs an operation as Go code with a deferred recover; prints a panic as the oracle does.
    fn guard<R>(&self, out: &mut String, f: impl FnOnce() -> R) -> Option<R> {
        match fatal::recover(|| fault::op(f)) {
            Ok(r) => Some(r),
            Err(p) => {
                self.end(&Ended::Panic(p.text()));
                self.print_panic(out, p.text());
                None
            }
        }
    }

    fn print_panic(&self, out: &mut String, text: &str) {
        let _ = writeln!(out, "{{\"line\":{},\"panic\":{}}}", self.line, quote(text));
    }

    fn on_map(&mut self, f: &[&str], out: &mut String) -> Result<(), ScriptError> {
        let mut m = self.map(f[1])?;
        let number_at = |i| self.arg(f, i);
        let key_at = |m: &Map| m.kind.parse_key(&m.t, f[2]).or_else(|what| self.err(what));
        match f[0] {
            "seed" => {
                if m.h == 0 {
                    return self.err("a nil map has no hash0");
                }
                // SAFETY: a live header.
                unsafe { mem::st32(m.h + 12, number_at(2)? as u32) };
            }
            "set" => {
                let (key, value) = (key_at(&m)?, number_at(3)?);
                self.seed(&m);
                self.begin(&f.join(" "), &m, Some(&key));
                self.set(&m, &key, value, out);
            }
            "fill" => {
                let (from, to) = (number_at(2)?, number_at(3)?);
                self.seed(&m);
                for n in from..to {
                    let key = m.kind.parse_key(&m.t, &n.to_string()).or_else(|what| self.err(what))?;
                    if self.watcher.is_some() {
                        self.begin(&format!("set {} {n} {n}", m.name), &m, Some(&key));
                    }
                    if self.set(&m, &key, n, out).is_none() {
                        break;
                    }
                }
            }
            "get" => {
                let key = key_at(&m)?;
                self.seed(&m);
                self.begin(&f.join(" "), &m, Some(&key));
                // SAFETY: a live map.
                let found = self.guard(out, || unsafe {
                    match &self.watcher {
                        None => kind::get(self.isa, &m.t, m.h, &key),
                        Some(w) => watch::get(&m.t, m.h, &key, &**w),
                    }
                });
                if let Some((e, ok)) = found {
                    self.end(&Ended::Well);
                    let mut elem = String::new();
                    m.kind.elem(&mut self.names, &m.t, e, &mut elem);
                    let _ = writeln!(out, "{{\"get\":{},\"ok\":{ok}}}", quote(&elem));
                }
                return Ok(());
            }
            "del" => {
                let key = key_at(&m)?;
                self.seed(&m);
                self.begin(&f.join(" "), &m, Some(&key));
                // SAFETY: a live map.
                let done = self.guard(out, || unsafe {
                    match &self.watcher {
                        None => kind::del(self.isa, &m.t, m.h, &key),
                        Some(w) => compiled::delete_probed(&m.t, m.h, key.at(), &watch::Told(&**w)),
                    }
                });
                self.pin_hash0(&m);
                if done.is_some() {
                    self.end(&Ended::Well);
                }
            }
            "clear" => {
                self.seed(&m);
                self.begin(&f.join(" "), &m, None);
                // SAFETY: a live map.
                let done = self.guard(out, || unsafe { watched!(self.watcher, p => clear::mapclear(&m.t, m.h, p)) });
                self.pin_hash0(&m);
                if done.is_some() {
                    self.end(&Ended::Well);
                }
            }
            "clone" => {
                self.seed(&m);
                if !self.version.rules().has_clone {
                    self.print_panic(out, "no maps.Clone before go1.21");
                    self.nil.insert(f[2].to_owned());
                    return Ok(());
                }
                self.begin(&f.join(" "), &m, None);
                // SAFETY: a live map.
                let h = self.guard(out, || unsafe { watched!(self.watcher, p => clone::maps_Clone(&m.t, m.h, p)) });
                let Some(h) = h else { return Ok(()) };
                m = Map { name: f[2].to_owned(), h, ..m };
                self.end(&Ended::Made(&m.name, m.h));
                self.maps.insert(f[2].to_owned(), m.clone());
            }
            "sum" => {
                let mut dump = String::new();
                // SAFETY: the engine's own healthy map.
                unsafe { self.names.dump(&mut dump, &m.name, &m.t, m.h, m.kind) };
                let _ = writeln!(out, "{{\"sum\":\"{:016x}\",\"bytes\":{}}}", fnv1a(dump.as_bytes()), dump.len());
                return Ok(());
            }
            _ => {
                // SAFETY: the engine's own healthy map.
                unsafe { self.names.dump(out, &m.name, &m.t, m.h, m.kind) };
                return Ok(());
            }
        }
        self.after(out, &m);
        Ok(())
    }

    /// `m[key] = v`; `None` when that panicked.
    fn set(&self, m: &Map, key: &Key, v: u64, out: &mut String) -> Option<()> {
        // SAFETY: a live map.
        let done = self.guard(out, || unsafe {
            match &self.watcher {
                None => m.kind.set(self.isa, &m.t, m.h, key, v),
                Some(w) => {
                    let at = compiled::assign_probed(&m.t, m.h, key.at(), &watch::Told(&**w));
                    m.kind.make_elem(&m.t, at, v);
                }
            }
        });
        if done.is_some() {
            self.end(&Ended::Well);
        }
        done
    }

    /// Emptying a map draws a new `hash0`: without a scripted source it is pinned.
    fn pin_hash0(&self, m: &Map) {
        // SAFETY: a live header.
        unsafe {
            if !self.rng && m.h != 0 && mem::ld64(m.h) == 0 {
                mem::st32(m.h + 12, 0x9e37_79b9_u32.wrapping_mul(self.line as u32));
            }
        }
    }

    fn start(&mut self, f: &[&str], out: &mut String) -> Result<(), ScriptError> {
        let map = self.map(f[1])?;
        let mut it = Box::new(Hiter::default());
        self.seed(&map);
        self.begin(&f.join(" "), &map, None);
        let done = if f[0] == "iter" {
            let (start, offset) = (self.arg(f, 3)?, self.arg(f, 4)? as u8);
            // SAFETY: a live map and a zeroed iterator.
            let done = self.guard(out, || unsafe {
                watched!(self.watcher, p => iter::mapiterinit_at(&map.t, map.h, &mut it, start, offset, p));
            });
            // The oracle fills its iterator by hand, the header of an empty map included.
            it.h = map.h as u64;
            done
        } else {
            let f = self.isa.fast64();
            // SAFETY: as above.
            let done = self.guard(out, || unsafe {
                match &self.watcher {
                    None => iter::mapiterinit_with(f, &map.t, map.h, &mut it),
                    Some(w) => iter::mapiterinit(&map.t, map.h, &mut it, &watch::Told(&**w)),
                }
            });
            let _ = writeln!(out, "{{\"start\":{},\"offset\":{}}}", it.start_bucket, it.offset);
            done
        };
        if done.is_some() {
            self.end(&Ended::Well);
        }
        let iter = Iter { map, it };
        self.show(&iter, out);
        self.iters.insert(f[2].to_owned(), iter);
        Ok(())
    }

    fn show(&mut self, x: &Iter, out: &mut String) -> bool {
        let it = &x.it;
        let name = quote(&x.map.name);
        if it.key == 0 {
            let _ = writeln!(out, "{{\"iter\":{name},\"end\":true}}");
            return false;
        }
        let Map { t, kind, .. } = &x.map;
        let (mut key, mut elem) = (String::new(), String::new());
        kind.key(&mut self.names, t, it.key as usize, &mut key);
        kind.elem(&mut self.names, t, it.elem as usize, &mut elem);
        let _ = writeln!(
            out,
            "{{\"iter\":{name},\"k\":{},\"e\":{},\"bucket\":{},\"i\":{},\"bptr\":{},\"wrapped\":{},\"check\":{}}}",
            quote(&key),
            quote(&elem),
            it.bucket,
            it.i,
            self.names.bucket(it.bptr as usize),
            it.wrapped != 0,
            it.check_bucket as i64,
        );
        true
    }

    fn next(&mut self, f: &[&str], out: &mut String) -> Result<(), ScriptError> {
        let n = self.arg(f, 2)?;
        let Some(mut x) = self.iters.remove(f[1]) else {
            return self.err(format!("there is no iterator {:?}", f[1]));
        };
        for _ in 0..n {
            self.seed(&x.map);
            let map = x.map.clone();
            let it = &mut x.it;
            let next = self.isa.fast64().mapiternext;
            self.begin(&format!("next {} 1", f[1]), &map, None);
            // SAFETY: the iterator was begun on this map. One that was begun on an empty map has nothing to look at and
            // faults, as Go's does.
            let ok = self.guard(out, || unsafe {
                match &self.watcher {
                    None => next(&map.t, it),
                    Some(w) => iter::mapiternext(&map.t, it, &watch::Told(&**w)),
                }
            });
            if ok.is_some() {
                self.end(&Ended::Well);
            }
            if ok.is_none() || !self.show(&x, out) {
                break;
            }
        }
        self.iters.insert(f[1].to_owned(), x);
        Ok(())
    }
}

/// Hashes keys as a script's maps do: for those who write scripts.
pub struct KeyHasher {
    kind: &'static Kind,
    t: MapType,
}

impl KeyHasher {
    /// For the map type that scripts call `ty`, under a key schedule. `None` when there is no such type.
    #[must_use]
    pub fn new(ty: &str, keys: &KeySchedule) -> Option<Self> {
        let kind = KINDS.iter().find(|k| k.name == ty)?;
        let rt = Runtime::new(RuntimeConfig { keys: Some(keys.clone()), ..RuntimeConfig::default() });
        Some(Self { kind, t: kind.map_type(&rt) })
    }

    /// The hash of a key, written as in a script, in a map with this `hash0`.
    ///
    /// # Errors
    /// When the text is no key of the type.
    pub fn hash(&self, key: &str, hash0: u32) -> Result<u64, String> {
        let key = self.kind.parse_key(&self.t, key)?;
        // SAFETY: the key was just made.
        Ok(unsafe { key.hash(&self.t, hash0) })
    }
}
