//! Is this map sound? Every key hashed anew, every mark, chain, list and counter held against what Go's map functions leave
//! behind (`runtime/map.go`, `runtime/map_noswiss.go`).
//!
//! A finding is *broken* when no sequence of map operations leaves such a map, races apart; *suspicious* when it can be
//! innocent (a write is just under way). The catalogue of what is found is [`Rule`].

mod arrays;
mod cells;
mod header;
#[cfg(test)]
mod tests;

use super::memory::{Memory, Unreadable};
use super::snapshot::Snapshot;
use crate::types::MapType;
use serde::Serialize;
use std::fmt;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    /// May be innocent.
    Suspicious,
    /// No map operations leave this behind.
    Broken,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Suspicious => "suspicious",
            Self::Broken => "broken",
        })
    }
}

macro_rules! rules {
    ($($rule:ident $name:literal $grade:ident $about:literal;)*) => {
        /// What is checked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Rule {
            $(#[doc = $about] $rule,)*
        }

        impl Rule {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$rule),*];

            /// Its short name.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$rule => $name,)* }
            }

            /// How bad it is to break it.
            #[must_use]
            pub const fn grade(self) -> Grade {
                match self { $(Self::$rule => Grade::$grade,)* }
            }

            /// What it says.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$rule => $about,)* }
            }
        }
    };
}
rules! {
    Count "count" Broken "`count` is the number of live entries.";
    Flags "flags" Broken "`flags` has no bits but `iterator`, `oldIterator`, `hashWriting` and `sameSizeGrow`.";
    Writing "writing" Suspicious "No write is under way (`hashWriting`).";
    SameSize "same-size" Broken "`sameSizeGrow` is set only while growing.";
    B "B" Broken "`B` is that of an array which memory can hold, and 0 while there is none.";
    Noverflow "noverflow" Broken "`noverflow` is the number of overflow buckets; approximately so from B = 16 on, and with an old array.";
    Hash0 "hash0" Suspicious "`hash0` has been drawn at random: it is hardly ever 0.";
    Nevacuate "nevacuate" Broken "Old buckets below `nevacuate` are evacuated, and there are old buckets left.";
    Pointer "pointer" Broken "Pointers lead to memory, buckets are aligned, and arrays apart.";
    Load "load" Broken "A table has no more entries than it may have before it grows.";
    Chain "chain" Broken "The chain of a bucket ends.";
    Shared "shared" Broken "A bucket is in one chain only.";
    Extra "extra" Broken "There is a `mapextra` with lists when overflow buckets need it to stay alive.";
    OverflowList "overflow-list" Broken "The lists in `mapextra` name the overflow buckets, where buckets hold no pointers.";
    NextOverflow "next-overflow" Broken "`nextOverflow` is a spare bucket of the array.";
    Bucket "bucket" Broken "A key is in the chain of the bucket that its hash says.";
    Tophash "tophash" Broken "A cell's mark is that of its key's hash.";
    Mark "mark" Broken "Only evacuated buckets have the marks of evacuation, and only such.";
    EmptyRest "empty-rest" Broken "Nothing follows `emptyRest` in a chain.";
    Evacuated "evacuated" Broken "A new bucket is used only once its old bucket is evacuated.";
    Duplicate "duplicate" Broken "No key is there twice.";
    Key "key" Broken "A key can be read and hashed.";
    Elem "elem" Broken "An element stored by pointer can be read.";
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A rule that does not hold, with the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// Where and how, in one line.
    pub evidence: String,
}

impl Finding {
    /// How bad it is.
    #[must_use]
    pub fn grade(&self) -> Grade {
        self.rule.grade()
    }
}

/// What has been found, and how much has been looked at.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// At most [`MOST`] of each rule, worst first.
    pub findings: Vec<Finding>,
    /// Findings of each rule beyond those.
    pub more: Vec<(Rule, usize)>,
    /// Live entries, all of them hashed.
    pub entries: usize,
    /// Buckets, overflow buckets included.
    pub buckets: usize,
}

/// Findings of a rule that are told in full.
pub const MOST: usize = 10;

impl Report {
    /// Whether there is anything that no map operations leave behind.
    #[must_use]
    pub fn broken(&self) -> bool {
        self.findings.iter().any(|f| f.grade() == Grade::Broken)
    }

    fn find(&mut self, rule: Rule, evidence: impl Into<String>) {
        if self.findings.iter().filter(|f| f.rule == rule).count() < MOST {
            self.findings.push(Finding { rule, evidence: evidence.into() });
            return;
        }
        match self.more.iter_mut().find(|(r, _)| *r == rule) {
            Some((_, n)) => *n += 1,
            None => self.more.push((rule, 1)),
        }
    }
}

/// Checks the map of type `t` whose header is at `h`; `t` hashes as the map's process does.
///
/// # Errors
/// When the header cannot be read.
pub fn check_at(mem: &impl Memory, t: &MapType, h: u64) -> Result<Report, Unreadable> {
    Ok(check(mem, t, &Snapshot::read(mem, t, h)?))
}

/// Checks a snapshot; `mem` is where keys and elements outside the buckets are.
pub fn check(mem: &impl Memory, t: &MapType, s: &Snapshot) -> Report {
    let mut r = Report::default();
    if s.addr != 0 {
        header::check(t, s, &mut r);
        arrays::check(t, s, &mut r);
        cells::check(mem, t, s, &mut r);
        r.findings.sort_by_key(|f| (std::cmp::Reverse(f.grade()), f.rule));
    }
    r
}
