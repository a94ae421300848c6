//! The tables of the article that this project began from, measured again.
//!
//! It compares maps by single runs of unknown machines; what can be held against it is which map is faster, and by how much.

use super::{Case, Measured, Mix, SharedMap, samples_of};
use crate::lab::bench::report::benchstat::{Comparison, Summary};

/// A row of one of its tables.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The chapter.
    pub chapter: &'static str,
    /// Reads and writes.
    pub mix: Mix,
    /// What is compared, and its figure in ns/op.
    pub base: (SharedMap, f64),
    /// With what, and its figure.
    pub other: (SharedMap, f64),
}

/// Its rows: Mutex and RWMutex at 95 % reads; a locked map and `sync.Map` with ten writes to a read, and with ten reads to a
/// write.
pub const ROWS: [Row; 3] = [
    Row {
        chapter: "3.3",
        mix: Mix { reads: 95, writes: 5 },
        base: (SharedMap::Mutex, 128.0),
        other: (SharedMap::RwMutex, 76.0),
    },
    Row {
        chapter: "5",
        mix: Mix { reads: 1, writes: 10 },
        base: (SharedMap::Mutex, 57_302.0),
        other: (SharedMap::SyncMap, 82_419.0),
    },
    Row {
        chapter: "5",
        mix: Mix { reads: 10, writes: 1 },
        base: (SharedMap::Mutex, 18_605.0),
        other: (SharedMap::SyncMap, 12_891.0),
    },
];

/// One of its rows, measured by somebody in one case.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The row.
    pub row: Row,
    /// The case.
    pub case: Case,
    /// Who measured.
    pub by: String,
    /// The median of the other map, compared with that of the first one: 0.8 is a fifth less.
    pub ratio: f64,
    /// How sure that is.
    pub comparison: Comparison,
}

impl Row {
    /// The other figure, compared with the first one.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.other.1 / self.base.1
    }

    /// What was measured of it.
    #[must_use]
    pub fn verdicts(&self, all: &[Measured]) -> Vec<Verdict> {
        let first = |m: &&Measured| m.case.mix == self.mix && m.map == self.base.0;
        let verdict = |m: &Measured| {
            let other = samples_of(all, &m.case, self.other.0, &m.by)?;
            Some(Verdict {
                row: *self,
                case: m.case,
                by: m.by.clone(),
                ratio: Summary::of(&other).center / Summary::of(&m.samples).center,
                comparison: Comparison::of(&m.samples, &other),
            })
        };
        all.iter().filter(first).filter_map(verdict).collect()
    }
}

impl Verdict {
    /// Whether the same map is the faster one, or `None` when no difference was found.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        let differs = self.comparison.delta(1.0, self.ratio) != "~";
        differs.then(|| (self.ratio < 1.0) == (self.row.ratio() < 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let case = Case { mix: ROWS[0].mix, keys: 1024, threads: 2, ops: 1 };
        let measured = |map, samples: &[f64]| Measured { case, map, by: "gohmap".into(), samples: samples.to_vec() };
        let fast = [50.0, 51.0, 52.0, 53.0, 54.0, 55.0];
        let slow = [70.0, 71.0, 72.0, 73.0, 74.0, 75.0];
        let agrees = |mutex: &[f64], rw: &[f64]| {
            let all = [measured(SharedMap::Mutex, mutex), measured(SharedMap::RwMutex, rw)];
            let [verdict] = &ROWS[0].verdicts(&all)[..] else { panic!("one case") };
            verdict.agrees()
        };
        assert_eq!(agrees(&slow, &fast), Some(true));
        assert_eq!(agrees(&fast, &slow), Some(false));
        assert_eq!(agrees(&fast, &fast), None);
        assert!(ROWS[1].verdicts(&[]).is_empty());
    }
}
