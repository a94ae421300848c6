//! What is measured: eight ways to use a map, and on what size of map.

use super::keys::KeyType;
use std::fmt;

/// A way to use a map. Names are the command's; Go's own benchmarks of the same kind are named in [`go_name`](Self::go_name).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Workload {
    /// `m[k] = v` for keys that are there.
    AssignHit,
    /// `v = m[k]` for keys that are there.
    ReadHit,
    /// The same, where the next key depends on the value before.
    ReadDep,
    /// `v = m[k]` for keys that are not there.
    ReadMiss,
    /// A new map, `n` keys, and for small ones its end.
    Build,
    /// The same, made with a hint.
    BuildHint,
    /// `delete(m, old); m[new] = v`: one operation are both.
    Churn,
    /// `for k, v := range m`: one operation is one entry.
    Iterate,
    /// The same in a map that has begun to grow and not gone on.
    IterateGrowing,
}

impl Workload {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::AssignHit,
        Self::ReadHit,
        Self::ReadDep,
        Self::ReadMiss,
        Self::Build,
        Self::BuildHint,
        Self::Churn,
        Self::Iterate,
        Self::IterateGrowing,
    ];

    /// The command's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AssignHit => "assign-hit",
            Self::ReadHit => "read-hit",
            Self::ReadDep => "read-dep",
            Self::ReadMiss => "read-miss",
            Self::Build => "build",
            Self::BuildHint => "build-hint",
            Self::Churn => "churn",
            Self::Iterate => "iterate",
            Self::IterateGrowing => "iterate-growing",
        }
    }

    /// The benchmark's name: Go's own where Go has the benchmark (`runtime/map_benchmark_test.go`, Go 1.24).
    #[must_use]
    pub fn go_name(self) -> &'static str {
        match self {
            Self::AssignHit => "MapAssignExists",
            Self::ReadHit => "MapAccessHit",
            Self::ReadDep => "MapAccessDependent",
            Self::ReadMiss => "MapAccessMiss",
            Self::Build => "MapAssignFillNoHint",
            Self::BuildHint => "MapAssignFillHint",
            Self::Churn => "MapDeleteAssign",
            Self::Iterate => "MapIter",
            Self::IterateGrowing => "MapIterGrowing",
        }
    }

    /// Whether it can be done to one key again and again.
    #[must_use]
    pub fn has_hot(self) -> bool {
        matches!(self, Self::AssignHit | Self::ReadHit | Self::ReadDep | Self::ReadMiss)
    }

    /// Whether the map is built in each operation, and only then.
    #[must_use]
    pub fn builds(self) -> bool {
        matches!(self, Self::Build | Self::BuildHint)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// In which order keys come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Order {
    /// At random.
    Random,
    /// One key only: branch predictors love it, and so do loops in benchmarks.
    Hot,
}

impl Order {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Hot => "hot",
        }
    }
}

/// A workload on a map of `n` entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// What is done.
    pub workload: Workload,
    /// With keys in this order.
    pub order: Order,
    /// Of this type.
    pub key: KeyType,
    /// Entries of the map.
    pub n: usize,
    /// Operations a sample, at least: a map that is built or gone over is so as a whole.
    pub ops: usize,
}

/// Maps up to this size are built anew for every sample, so that no lucky or unlucky hash seed decides.
pub(crate) const REBUILT: usize = 1 << 15;
/// Maps up to this size end within the time that is measured when they are built; of greater ones only one is built, and its
/// end not measured.
pub(crate) const DROPPED: usize = 1 << 14;

impl Case {
    /// Whether something is done untimed before each sample, since what other runners have put into the caches is to go.
    /// No cache holds greater maps.
    #[must_use]
    pub fn warms_up(&self) -> bool {
        self.entries() <= self.ops
    }

    /// How often a map is built or gone over in a sample.
    #[must_use]
    pub fn repeats(&self) -> usize {
        (self.ops / self.entries()).max(1)
    }

    /// Entries of the map: `n`, or for a growing map the number at which the growth of a map of `n` begins, and one more.
    #[must_use]
    pub fn entries(&self) -> usize {
        if self.workload != Workload::IterateGrowing {
            return self.n;
        }
        let mut buckets = 1;
        // `overLoadFactor` of every version but 1.21; there the map grows earlier and has gone on for a while.
        while self.n > 8.max(buckets * 13 / 2) {
            buckets *= 2;
        }
        8.max(buckets * 13 / 2) + 1
    }

    /// Keys deleted and assigned in a sample of churn.
    #[must_use]
    pub fn pairs(&self) -> usize {
        self.ops / 2
    }

    /// The benchmark's name in Go's form, up to the runner.
    #[must_use]
    pub fn benchmark(&self) -> String {
        let order = if self.workload.has_hot() { format!("/keys={}", self.order.name()) } else { String::new() };
        let key = self.key.name();
        format!("Benchmark{}/Key={key}/Elem=uint64/len={}{order}", self.workload.go_name(), self.n)
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hot = if self.order == Order::Hot { " (one hot key)" } else { "" };
        let keys = match self.key {
            KeyType::Uint64 => String::new(),
            other => format!(", {} keys", other.name()),
        };
        write!(f, "{}{hot}{keys}, {} entries", self.workload, self.n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growing_maps() {
        let case = |n| Case {
            workload: Workload::IterateGrowing,
            order: Order::Random,
            key: KeyType::Uint64,
            n,
            ops: 1 << 20,
        };
        for (n, entries) in [(6, 9), (8, 9), (9, 14), (13, 14), (64, 105), (1024, 1665), (1600, 1665)] {
            assert_eq!(case(n).entries(), entries, "{n}");
        }
        assert_eq!(case(6).repeats(), (1 << 20) / 9);
    }

    #[test]
    fn names() {
        let case = Case { workload: Workload::ReadHit, order: Order::Hot, key: KeyType::String, n: 6, ops: 1 };
        assert_eq!(case.benchmark(), "BenchmarkMapAccessHit/Key=string/Elem=uint64/len=6/keys=hot");
        assert_eq!(case.to_string(), "read-hit (one hot key), string keys, 6 entries");
    }
}
