//! What a campaign is to do.

use crate::lab::experiment::fault::{CHANGES, FREED, PAGES, POINTEES};
use crate::lab::experiment::workload::SHAPES;
use crate::lab::experiment::{KeyKind, Shape, Unknown, Workload, unknown};
use crate::version::GoVersion;
use serde::{Deserialize, Serialize};

/// What is broken.
pub const TARGETS: [(&str, &str); 10] = [
    ("header", "every bit of the hmap"),
    ("extra", "every bit of the mapextra"),
    ("buckets", "every bit of the buckets and their overflow buckets"),
    ("oldbuckets", "every bit of the old buckets of a growing map"),
    ("iterator", "every bit of the iterator of a range loop"),
    ("pointers", "every pointer of the map: nil, small, non-canonical, stale, looping, into another map"),
    ("pages", "the pages of every object: unmapped, protected, read-only, zeroed, truncated, swapped"),
    ("frees", "every object freed early: reused, clobbered, unmapped"),
    ("allocations", "allocations refused"),
    ("stores", "stores lost or done twice"),
];

/// Moments.
pub const MOMENTS: [&str; 3] = ["before", "after", "steps"];

/// A campaign. In `campaign.json` as it stands here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    /// The Go version.
    pub go: String,
    /// The map's type.
    #[serde(rename = "type")]
    pub kind: String,
    /// The maps' shapes.
    pub maps: Vec<String>,
    /// The workloads.
    pub operations: Vec<String>,
    /// Names of [`TARGETS`].
    pub targets: Vec<String>,
    /// Only these models; each target's own when empty: bits are flipped, the others have all of theirs.
    pub models: Vec<String>,
    /// Names of [`MOMENTS`].
    pub moments: Vec<String>,
    /// So many injections drawn at random; every one once when absent.
    pub samples: Option<u64>,
    /// What random injections are drawn with.
    pub seed: u64,
    /// Each injection in a process of its own.
    pub forked: bool,
    /// This part of so many, from 1.
    pub shard: (u64, u64),
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            go: GoVersion::default().name().to_owned(),
            kind: KeyKind::default().name().to_owned(),
            maps: SHAPES.map(|s| s.to_string()).into(),
            operations: crate::lab::experiment::workload::SINGLES.map(|s| s.0.to_owned()).into(),
            targets: vec!["header".to_owned()],
            models: Vec::new(),
            moments: vec!["before".to_owned()],
            samples: None,
            seed: 1,
            forked: false,
            shard: (1, 1),
        }
    }
}

/// A spec whose names have been looked up.
pub(crate) struct Checked {
    pub(crate) version: GoVersion,
    pub(crate) kind: KeyKind,
    pub(crate) shapes: Vec<Shape>,
    pub(crate) workloads: Vec<Workload>,
}

impl Spec {
    pub(crate) fn check(&self) -> Result<Checked, Unknown> {
        for t in &self.targets {
            if !TARGETS.iter().any(|k| k.0 == t) {
                return Err(unknown("target", t, TARGETS.iter().map(|t| t.0)));
            }
        }
        let models = || {
            let names =
                CHANGES.iter().map(|c| c.1).chain(POINTEES.iter().map(|c| c.1)).chain(PAGES.iter().map(|c| c.1));
            names.chain(FREED.iter().map(|c| c.1)).chain(["refuse", "lost", "duplicated"])
        };
        for m in &self.models {
            if !models().any(|k| k == m) {
                return Err(unknown("model", m, models()));
            }
        }
        for m in &self.moments {
            if !MOMENTS.contains(&m.as_str()) {
                return Err(unknown("moment", m, MOMENTS));
            }
        }
        let (i, n) = self.shard;
        if i == 0 || i > n {
            return Err(Unknown(format!("no shard {i}/{n}: the first of {n} is 1/{n}, the last {n}/{n}")));
        }
        Ok(Checked {
            version: self.go.parse().map_err(|e| Unknown(format!("{e}")))?,
            kind: self.kind.parse()?,
            shapes: self.maps.iter().map(|m| m.parse()).collect::<Result<_, _>>()?,
            workloads: self.operations.iter().map(|o| o.parse()).collect::<Result<_, _>>()?,
        })
    }

    /// Whether another campaign has the same injections, whatever part of them it does.
    #[must_use]
    pub fn same_whole(&self, other: &Self) -> bool {
        Self { shard: (1, 1), ..self.clone() } == Self { shard: (1, 1), ..other.clone() }
    }

    /// The numbers of a shard's injections, of so many.
    #[must_use]
    pub fn part(&self, total: u64) -> std::ops::Range<u64> {
        let at = |i: u64| (u128::from(total) * u128::from(i) / u128::from(self.shard.1)) as u64;
        at(self.shard.0 - 1)..at(self.shard.0)
    }

    /// In a few words.
    #[must_use]
    pub fn about(&self) -> String {
        let how = match self.samples {
            Some(n) => format!("{n} drawn with seed {}", self.seed),
            None => "exhaustive".to_owned(),
        };
        let forked = if self.forked { ", forked" } else { "" };
        let part =
            if self.shard.1 > 1 { format!(", part {} of {}", self.shard.0, self.shard.1) } else { String::new() };
        format!(
            "{} of map[{}]uint64 (Go {}), {}; maps {}; {} operations; {how}{forked}{part}",
            self.targets.join(", "),
            match self.kind.as_str() {
                "u64" => "uint64",
                "u32" => "uint32",
                "str" => "string",
                _ => "[2]uint64",
            },
            self.go,
            match self.moments.as_slice() {
                [one] if one == "steps" => "at every step".to_owned(),
                many => many.join(" and "),
            },
            self.maps.join(", "),
            self.operations.len(),
        )
    }
}
