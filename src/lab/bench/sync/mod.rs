//! Benches of maps that threads share: some read and some write, few keys or many.
//!
//! A [`Case`] says how; each [`SharedMap`] is run on it, this program's ([`emulated`]) and real Go's ([`go`]), in turn, with the
//! same steps of each thread. Results are compared as `benchstat` would ([`super::report::benchstat`]): other maps with the one
//! under a mutex, and ours with Go's.

pub mod article;
pub mod emulated;
pub mod go;

use super::keys::{choice, key};
use super::report::benchstat::Table;
use super::report::html::{Chart, Curve, Point};
use super::{Error, Runner, measure};
use std::fmt;

/// The value of all keys.
const VALUE: u64 = 7;

/// A way to share a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SharedMap {
    /// A map under a mutex.
    Mutex,
    /// A map under a read-write lock.
    RwMutex,
    /// `sync.Map`.
    SyncMap,
    /// Atomic counters, in a map under a read-write lock; a write adds one.
    Counter,
}

impl SharedMap {
    /// All of them; the others are compared with the first.
    pub const ALL: [Self; 4] = [Self::Mutex, Self::RwMutex, Self::SyncMap, Self::Counter];

    /// The command's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Mutex => "mutex",
            Self::RwMutex => "rwmutex",
            Self::SyncMap => "sync.Map",
            Self::Counter => "counter",
        }
    }
}

impl fmt::Display for SharedMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How many operations read, to how many that write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mix {
    /// Reads.
    pub reads: u32,
    /// Writes.
    pub writes: u32,
}

impl Mix {
    /// So many reads in a hundred operations.
    #[must_use]
    pub fn percent(reads: u32) -> Self {
        Self { reads, writes: 100 - reads }
    }

    /// The share of reads in percent.
    #[must_use]
    pub fn share(self) -> f64 {
        100.0 * f64::from(self.reads) / f64::from(self.reads + self.writes)
    }
}

/// `95` for percents, `10to1` for others.
impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.reads + self.writes == 100 {
            write!(f, "{}", self.reads)
        } else {
            write!(f, "{}to{}", self.reads, self.writes)
        }
    }
}

/// What threads do to a map that has all keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Case {
    /// Reads and writes.
    pub mix: Mix,
    /// Keys, of which each operation takes one at random.
    pub keys: usize,
    /// Threads, or goroutines.
    pub threads: usize,
    /// Operations of a sample, of all threads together.
    pub ops: usize,
}

impl Case {
    /// The keys.
    fn keys(&self) -> Vec<u64> {
        (0..self.keys as u64).map(key).collect()
    }

    /// What a thread does: twice the number of a key, and one more if it is written.
    fn steps(&self, thread: usize) -> Vec<u64> {
        let (reads, all) = (u64::from(self.mix.reads), u64::from(self.mix.reads + self.mix.writes));
        let step = |i: u64| {
            let j = ((thread as u64) << 32) + i;
            2 * choice(2 * j, self.keys as u64) + u64::from(choice(2 * j + 1, all) >= reads)
        };
        (0..(self.ops / self.threads) as u64).map(step).collect()
    }

    /// The benchmark's name in Go's form, up to who runs it.
    #[must_use]
    pub fn benchmark(&self, map: SharedMap) -> String {
        format!("BenchmarkSync/map={map}/{self}")
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reads={}/keys={}/threads={}", self.mix, self.keys, self.threads)
    }
}

/// A map, and somebody who runs it.
pub struct Contender {
    map: SharedMap,
    by: String,
    runner: Box<dyn Runner<Case>>,
}

impl Contender {
    /// Who runs it.
    #[must_use]
    pub fn by(&self) -> &str {
        &self.by
    }
}

/// The samples of one map by somebody for one case.
#[derive(Clone, Debug)]
pub struct Measured {
    /// What was done.
    pub case: Case,
    /// To which map.
    pub map: SharedMap,
    /// Whose: `gohmap`, or a Go's version.
    pub by: String,
    /// Nanoseconds per operation, of all threads together.
    pub samples: Vec<f64>,
}

/// Runs a case by all contenders in turn; see [`measure`].
///
/// # Errors
/// When a runner fails, or they do not do the same.
pub fn run(
    case: &Case,
    contenders: &mut [Contender],
    samples: usize,
    tick: impl FnMut(),
) -> Result<Vec<Measured>, Error> {
    let mut runners: Vec<&mut dyn Runner<Case>> = contenders.iter_mut().map(|c| &mut *c.runner).collect();
    let series = measure(case, &mut runners, samples, tick)?;
    let of = |(c, s): (&Contender, super::Series<Case>)| Measured {
        case: *case,
        map: c.map,
        by: c.by.clone(),
        samples: s.samples,
    };
    Ok(contenders.iter().zip(series).map(of).collect())
}

/// The samples of one case, map and runner.
fn samples_of(all: &[Measured], case: &Case, map: SharedMap, by: &str) -> Option<Vec<f64>> {
    all.iter().find(|m| m.case == *case && m.map == map && m.by == by).map(|m| m.samples.clone())
}

/// The different values of something, in the order in which they come first.
fn distinct<T: PartialEq>(values: impl Iterator<Item = T>) -> Vec<T> {
    values.fold(Vec::new(), |mut all, v| {
        if !all.contains(&v) {
            all.push(v);
        }
        all
    })
}

/// Whose, and a table of it: for everybody each map beside the first one; then each Go beside ours.
#[must_use]
pub fn tables(all: &[Measured]) -> Vec<(String, Table)> {
    let cases = distinct(all.iter().map(|m| m.case));
    let maps = distinct(all.iter().map(|m| m.map));
    let whose = distinct(all.iter().map(|m| m.by.clone()));
    let mut tables = Vec::new();
    for by in &whose {
        let first = maps.iter().take(1);
        // One map alone is a table without comparison.
        let others = maps[1..].iter().map(|m| vec![maps[0], *m]);
        let pairs = if maps.len() == 1 { vec![first.copied().collect()] } else { others.collect::<Vec<_>>() };
        for pair in pairs {
            let row = |case: &Case| {
                (case.to_string(), pair.iter().map(|&map| samples_of(all, case, map, by)).collect::<Vec<_>>())
            };
            let columns = pair.iter().map(|m| m.name().to_owned()).collect();
            tables.push((by.clone(), Table { columns, rows: cases.iter().map(row).collect() }));
        }
    }
    for other in whose.iter().skip(1) {
        for &map in &maps {
            let row = |case: &Case| {
                (case.to_string(), vec![samples_of(all, case, map, other), samples_of(all, case, map, &whose[0])])
            };
            let columns = vec![other.clone(), whose[0].clone()];
            tables.push((map.name().to_owned(), Table { columns, rows: cases.iter().map(row).collect() }));
        }
    }
    tables
}

/// A drawing for each number of keys and threads: over the share of reads, a curve for each map and runner.
#[must_use]
pub fn charts(all: &[Measured]) -> Vec<Chart<'_>> {
    let several = distinct(all.iter().map(|m| &m.by)).len() > 1;
    let chart = |(keys, threads)| {
        let here: Vec<&Measured> = all.iter().filter(|m| (m.case.keys, m.case.threads) == (keys, threads)).collect();
        let curve = |(map, by): (SharedMap, &String)| Curve {
            name: if several { format!("{map}, {by}") } else { map.name().to_owned() },
            points: here
                .iter()
                .filter(|m| m.map == map && m.by == *by)
                .map(|m| Point { at: m.case.mix.share(), label: format!("{} %", m.case.mix), samples: &m.samples })
                .collect(),
        };
        let s = |n| if n == 1 { "" } else { "s" };
        Chart {
            title: format!("{keys} key{}, {threads} thread{}", s(keys), s(threads)),
            curves: distinct(here.iter().map(|m| (m.map, &m.by))).into_iter().map(curve).collect(),
        }
    };
    distinct(all.iter().map(|m| (m.case.keys, m.case.threads))).into_iter().map(chart).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_as_the_case_says() {
        let case = Case { mix: Mix::percent(90), keys: 16, threads: 4, ops: 40_000 };
        let steps = case.steps(3);
        assert_eq!((steps.len(), case.keys().len()), (10_000, 16));
        let writes = steps.iter().filter(|s| *s % 2 == 1).count();
        assert!((900..1100).contains(&writes), "{writes} of 10000 are writes");
        assert!((0..16).all(|k| steps.iter().filter(|s| *s / 2 == k).count() > 400));
        assert_ne!(steps, case.steps(2));
        let all = |reads| Case { mix: Mix::percent(reads), ..case }.steps(0);
        assert!(all(100).iter().all(|s| s % 2 == 0) && all(0).iter().all(|s| s % 2 == 1));
        assert_eq!(case.benchmark(SharedMap::SyncMap), "BenchmarkSync/map=sync.Map/reads=90/keys=16/threads=4");
        assert_eq!(Mix { reads: 1, writes: 10 }.to_string(), "1to10");
    }

    #[test]
    fn every_map_beside_the_first_and_every_go_beside_ours() {
        let case = Case { mix: Mix::percent(95), keys: 16, threads: 2, ops: 1 };
        let measured = |map, by: &str, ns: f64| Measured { case, map, by: by.to_owned(), samples: vec![ns; 6] };
        let all = [
            measured(SharedMap::Mutex, "gohmap", 100.0),
            measured(SharedMap::SyncMap, "gohmap", 50.0),
            measured(SharedMap::Mutex, "go1.22.10", 400.0),
            measured(SharedMap::SyncMap, "go1.22.10", 300.0),
        ];
        let tables = tables(&all);
        let told: Vec<String> = tables.iter().map(|(of, t)| format!("{of}: {}", t.columns.join(" "))).collect();
        assert_eq!(
            told,
            [
                "gohmap: mutex sync.Map",
                "go1.22.10: mutex sync.Map",
                "mutex: go1.22.10 gohmap",
                "sync.Map: go1.22.10 gohmap"
            ]
        );
        let text = tables[3].1.text();
        assert!(text.contains("300.00n ± 0%   50.00n ± 0%  -83.33% (p=0.002 n=6)"), "{text}");
        let charts = charts(&all);
        assert_eq!((charts.len(), charts[0].curves.len()), (1, 4));
        assert_eq!(
            (charts[0].title.as_str(), charts[0].curves[1].name.as_str()),
            ("16 keys, 2 threads", "sync.Map, gohmap")
        );
        assert!(super::tables(&[]).is_empty() && super::charts(&[]).is_empty());
    }
}
