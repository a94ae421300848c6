//! The counts of a campaign.

use super::record::Record;
use crate::lab::experiment::Class;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Counts by class, in the order of [`Class::ALL`].
pub type Row = [u64; Class::ALL.len()];

/// An example of an outcome.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Example {
    /// Its number.
    pub i: u64,
    /// The injection.
    pub id: String,
    /// What tells.
    pub evidence: String,
    /// The instruction.
    pub instruction: String,
}

/// Everything that is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Injections.
    pub injections: u64,
    /// By class.
    pub classes: Row,
    /// By class and detail, as in `silent: lost key`.
    pub details: BTreeMap<String, u64>,
    /// By map and operation, as in `small/read-hit`.
    pub scenarios: BTreeMap<String, Row>,
    /// By field.
    pub fields: BTreeMap<String, Row>,
    /// By model.
    pub models: BTreeMap<String, Row>,
    /// By kind of object, then by byte.
    pub bytes: BTreeMap<String, BTreeMap<u16, Row>>,
    /// The first few of each class and detail.
    pub examples: BTreeMap<String, Vec<Example>>,
}

/// Examples that are kept.
const EXAMPLES: usize = 4;

/// Index of a class in a [`Row`].
#[must_use]
pub fn column(class: Class) -> usize {
    Class::ALL.iter().position(|c| *c == class).unwrap_or_default()
}

/// What was added under a key that is mostly there already.
fn entry<'a, V: Default>(map: &'a mut BTreeMap<String, V>, key: &str) -> &'a mut V {
    if !map.contains_key(key) {
        map.insert(key.to_owned(), V::default());
    }
    map.get_mut(key).expect("it is there now")
}

impl Tally {
    /// Counts a record.
    pub fn add(&mut self, r: &Record) {
        let c = column(r.outcome);
        self.injections += 1;
        self.classes[c] += 1;
        let label =
            if r.detail.is_empty() { r.outcome.name().to_owned() } else { format!("{}: {}", r.outcome, r.detail) };
        *entry(&mut self.details, &label) += 1;
        entry(&mut self.scenarios, &format!("{}/{}", r.map, r.operation))[c] += 1;
        entry(&mut self.fields, &r.field)[c] += 1;
        entry(&mut self.models, &r.model)[c] += 1;
        if let Some((kind, byte)) = &r.byte {
            entry(&mut self.bytes, kind).entry(*byte).or_default()[c] += 1;
        }
        let examples = entry(&mut self.examples, &label);
        if examples.len() < EXAMPLES {
            examples.push(Example {
                i: r.i,
                id: r.id.clone(),
                evidence: r.evidence.clone(),
                instruction: r.instruction.clone().unwrap_or_default(),
            });
        }
    }

    /// Adds the counts of injections with higher numbers.
    pub fn append(&mut self, later: Self) {
        let sum = |to: &mut Row, from: Row| to.iter_mut().zip(from).for_each(|(t, f)| *t += f);
        self.injections += later.injections;
        sum(&mut self.classes, later.classes);
        later.details.into_iter().for_each(|(k, n)| *self.details.entry(k).or_default() += n);
        for (to, from) in
            [(&mut self.scenarios, later.scenarios), (&mut self.fields, later.fields), (&mut self.models, later.models)]
        {
            from.into_iter().for_each(|(k, row)| sum(to.entry(k).or_default(), row));
        }
        for (kind, bytes) in later.bytes {
            let to = self.bytes.entry(kind).or_default();
            bytes.into_iter().for_each(|(byte, row)| sum(to.entry(byte).or_default(), row));
        }
        for (label, examples) in later.examples {
            let to = self.examples.entry(label).or_default();
            to.extend(examples);
            to.truncate(EXAMPLES);
        }
    }

    /// Injections of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> u64 {
        self.classes[column(class)]
    }

    /// Whether every injection has one class, and every table says the same.
    #[must_use]
    pub fn adds_up(&self) -> bool {
        let total = |rows: &BTreeMap<String, Row>| rows.values().flatten().sum::<u64>();
        self.classes.iter().sum::<u64>() == self.injections
            && self.details.values().sum::<u64>() == self.injections
            && total(&self.scenarios) == self.injections
            && total(&self.fields) == self.injections
            && total(&self.models) == self.injections
    }
}
