//! What is made of the counts: `summary.json` and `report.html`.

mod heat;
mod html;
pub mod stats;

use super::folder::{Folder, REPORT, SUMMARY};
use super::spec::Spec;
use super::tally::{Example, Row};
use super::{CampaignError, Finished};
use crate::lab::experiment::Class;
use serde::Serialize;
use stats::wilson;
use std::collections::BTreeMap;

/// `summary.json`.
#[derive(Serialize)]
struct Summary<'a> {
    about: String,
    spec: &'a Spec,
    /// As many as were asked for.
    injections: u64,
    digest: String,
    classes: BTreeMap<&'static str, Share>,
    details: &'a BTreeMap<String, u64>,
    /// By map and operation; in the order of `columns`.
    columns: Vec<&'static str>,
    scenarios: &'a BTreeMap<String, Row>,
    fields: &'a BTreeMap<String, Row>,
    models: &'a BTreeMap<String, Row>,
    bytes: &'a BTreeMap<String, BTreeMap<u16, Row>>,
    examples: &'a BTreeMap<String, Vec<Example>>,
}

/// How much of all a class is, with the interval that holds the true share with 95 %.
#[derive(Serialize)]
struct Share {
    count: u64,
    share: f64,
    interval: (f64, f64),
}

/// Writes both.
///
/// # Errors
/// When they cannot be written.
pub fn write(folder: &Folder, spec: &Spec, f: &Finished) -> Result<(), CampaignError> {
    let t = &f.tally;
    let share = |class: Class| {
        let count = t.of(class);
        Share { count, share: count as f64 / f.asked.max(1) as f64, interval: wilson(count, f.asked) }
    };
    let summary = Summary {
        about: spec.about(),
        spec,
        injections: t.injections,
        digest: format!("{:016x}", f.digest),
        classes: Class::ALL.into_iter().map(|c| (c.name(), share(c))).collect(),
        details: &t.details,
        columns: Class::ALL.map(Class::name).into(),
        scenarios: &t.scenarios,
        fields: &t.fields,
        models: &t.models,
        bytes: &t.bytes,
        examples: &t.examples,
    };
    let text = serde_json::to_string_pretty(&summary).expect("a summary is JSON") + "\n";
    folder.write(REPORT, &html::page(spec, f))?;
    folder.write(SUMMARY, &text)
}
