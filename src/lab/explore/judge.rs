//! What a schedule has come to: classes that are disjoint and leave nothing out.

use super::look::{Content, Outcome};
use super::run::{Death, Run};
use super::scenario::{Act, letter};
use super::space::Judge;
use crate::inspect::fsck::Rule;
use std::collections::{BTreeSet, HashMap};
use std::fmt;

/// The class of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Results and map are those of some order of the operations, one after the other.
    Fine,
    /// They are not, and nothing said so.
    Silent,
    /// A check of Go's has noticed: a fatal error.
    Caught,
    /// A bad access to memory (`unexpected fault address`).
    Fault,
    /// A panic, which nobody recovers in a goroutine that does not expect it.
    Panic,
    /// An operation does not end.
    Hang,
}

impl Class {
    /// All of them, as tables list them.
    pub const ALL: [Self; 6] = [Self::Fine, Self::Silent, Self::Caught, Self::Fault, Self::Panic, Self::Hang];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Silent => "silent",
            Self::Caught => "caught",
            Self::Fault => "fault",
            Self::Panic => "panic",
            Self::Hang => "hang",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// An end that a schedule comes to: its class, and what kind of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct End {
    /// The class.
    pub class: Class,
    /// Go's words, signal and code, or the way to be wrong; empty for what is fine.
    pub kind: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind.is_empty() { self.class.fmt(f) } else { write!(f, "{}: {}", self.class, self.kind) }
    }
}

/// Collects what the operations come to when none is interrupted.
#[derive(Default)]
pub(super) struct Orders {
    outcomes: Vec<Outcome>,
    /// Rules of `fsck` that do not hold then either.
    rules: BTreeSet<Rule>,
    /// How it dies even so.
    pub(super) dies: Option<Death>,
}

impl Judge for Orders {
    fn end(&mut self, run: &Run) -> u32 {
        if let Some(death) = run.death.borrow().clone() {
            self.dies.get_or_insert(death);
            return 0;
        }
        self.rules.append(&mut run.broken_rules());
        let outcome = run.outcome();
        if !self.outcomes.contains(&outcome) {
            self.outcomes.push(outcome);
        }
        0
    }
}

/// Holds what a schedule has come to against the orders of the operations.
pub(super) struct Verdicts {
    orders: Orders,
    pub(super) ends: Vec<End>,
    numbers: HashMap<End, u32>,
    known: HashMap<u128, u32>,
}

impl Verdicts {
    pub(super) fn new(orders: Orders) -> Self {
        Self { orders, ends: Vec::new(), numbers: HashMap::new(), known: HashMap::new() }
    }

    fn number(&mut self, end: End) -> u32 {
        *self.numbers.entry(end).or_insert_with_key(|end| {
            self.ends.push(end.clone());
            self.ends.len() as u32 - 1
        })
    }

    /// The end of a run, and the evidence: where it faulted, which key is lost.
    pub(super) fn verdict(&self, run: &Run) -> (End, String) {
        let end = |class, kind: &str, evidence: String| (End { class, kind: kind.to_owned() }, evidence);
        let death = run.death.borrow().clone();
        match death {
            Some(Death::Fatal(text)) => end(Class::Caught, &text, String::new()),
            Some(Death::Fault(text, addr)) => end(Class::Fault, &text, format!("address {addr:#x}")),
            Some(Death::Panic(text)) => end(Class::Panic, &text, String::new()),
            Some(Death::Hang) => end(Class::Hang, "", String::new()),
            None => {
                let rules: Vec<Rule> = run.broken_rules().difference(&self.orders.rules).copied().collect();
                let outcome = run.outcome();
                if let Some((kind, evidence)) = self.wrong(run, &outcome) {
                    return end(Class::Silent, kind, evidence);
                }
                if rules.is_empty() {
                    return end(Class::Fine, "", String::new());
                }
                let names: Vec<&str> = rules.iter().map(|r| r.name()).collect();
                end(Class::Silent, BROKEN, format!("against the rules of fsck: {}", names.join(", ")))
            }
        }
    }

    /// The worst that is wrong with a finished run, as far as its program can see.
    fn wrong(&self, run: &Run, o: &Outcome) -> Option<(&'static str, String)> {
        let orders = &self.orders.outcomes;
        if orders.contains(o) {
            return None;
        }
        let c = match &o.content {
            Ok(c) => c,
            Err(death) => return Some((BROKEN, format!("who looks at the map dies: {death}"))),
        };
        let sound: Vec<&Content> = orders.iter().filter_map(|o| o.content.as_ref().ok()).collect();
        if !sound.contains(&c) {
            return Some(spoilt(run, c, &sound));
        }
        for (who, g) in run.goroutines.iter().enumerate() {
            let told = &o.results[who];
            if orders.iter().all(|o| o.results[who] != *told) {
                let kind = match g.act {
                    Act::Read => "wrong read",
                    Act::Iterate => "wrong iteration",
                    _ => "wrong length",
                };
                return Some((kind, format!("{} of goroutine {} returns {}", g.act, letter(who), show(g.act, told))));
            }
            if orders.iter().all(|order| order.copies[who] != o.copies[who]) {
                let evidence = match &o.copies[who] {
                    Some(Ok(c)) => format!("the copy has {} entries, len {}", c.entries.len(), c.len),
                    Some(Err(death)) => format!("who looks at the copy dies: {death}"),
                    None => "there is no copy".to_owned(),
                };
                return Some(("wrong clone", evidence));
            }
        }
        Some(("no order", "each result is possible, but no order of the operations has them all".to_owned()))
    }
}

const BROKEN: &str = "broken structure";

/// What is wrong with a map that no order of the operations leaves behind.
fn spoilt(run: &Run, c: &Content, sound: &[&Content]) -> (&'static str, String) {
    if let Some(twice) = c.entries.windows(2).find(|w| w[0].0.is_some() && w[0].0 == w[1].0) {
        return ("duplicate key", format!("key {} comes twice", twice[0].0.unwrap_or_default()));
    }
    let numbers = || (0..run.keys.len()).map(|k| (k, run.keys.number(k)));
    for (k, n) in numbers() {
        if c.found[k].is_none() && sound.iter().all(|s| s.found[k].is_some()) {
            return ("lost key", format!("key {n} is not found"));
        }
    }
    if c.entries.iter().any(|e| e.0.is_none()) {
        return ("phantom key", "there is a key that nobody assigned".to_owned());
    }
    for (k, n) in numbers() {
        if c.found[k].is_some() && sound.iter().all(|s| s.found[k].is_none()) {
            return ("phantom key", format!("key {n} is there"));
        }
    }
    for (k, n) in numbers() {
        let Some(v) = c.found[k] else { continue };
        if sound.iter().all(|s| s.found[k] != Some(v)) {
            let kind = if run.initial[k] == Some(v) || v == 0 { "lost update" } else { "wrong value" };
            return (kind, format!("key {n} has {v}"));
        }
    }
    if c.len != c.entries.len() as i64 {
        return ("wrong count", format!("len is {}, a range loop finds {}", c.len, c.entries.len()));
    }
    let looked_up = c.found.iter().flatten().count();
    if looked_up != c.entries.len() {
        return (BROKEN, format!("lookups find {looked_up} keys, a range loop {}", c.entries.len()));
    }
    ("no order", "no order of the operations leads to this map".to_owned())
}

/// What an operation has returned, in words.
fn show(act: Act, told: &[(u64, u64)]) -> String {
    match (act, told) {
        (Act::Read, [(0, _)]) => "nothing".to_owned(),
        (Act::Read, [(_, v)]) => v.to_string(),
        (Act::Len, [(n, _)]) => (*n as i64).to_string(),
        _ => {
            let name = |k: u64| if k == u64::MAX { "?".to_owned() } else { k.to_string() };
            let pairs: Vec<String> = told.iter().map(|&(k, v)| format!("{}:{v}", name(k))).collect();
            format!("[{}]", pairs.join(" "))
        }
    }
}

impl Judge for Verdicts {
    fn end(&mut self, run: &Run) -> u32 {
        if run.death.borrow().is_some() {
            return self.number(self.verdict(run).0);
        }
        let key = run.final_fingerprint();
        if let Some(&end) = self.known.get(&key) {
            return end;
        }
        let end = self.number(self.verdict(run).0);
        self.known.insert(key, end);
        end
    }
}
