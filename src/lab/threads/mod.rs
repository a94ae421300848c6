//! Real threads on an unlocked map: how often Go's concurrency checks fire on this machine, how soon, and what comes of it when they
//! do not.
//!
//! A *round* is a process of its own, in which several threads repeat one operation each, so many times, on one map that
//! nothing guards. It ends with the first death (a fatal error, a fault, a panic), when all have done their operations, or after
//! its time, for a broken map may lead round in circles. Then the map is looked at. Where it says nothing and the map is not as
//! the operations must leave it, the race was *silent*.
//!
//! The same rounds run on the emulated map, by portable code or an instruction set, and on real Go. How soon is told by the number of
//! operations that all threads together had done, which each thread counts in memory that outlives its process.

mod emulated;
mod go;
mod page;

pub use super::explore::{Act, Class};
pub use emulated::Emulated;
pub use go::RealGo;

use std::io;
use std::time::{Duration, Instant};

/// Threads of a round at most.
pub const MOST_THREADS: usize = 64;

/// What the threads of a round do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Race {
    /// The operations; thread `i` does number `i` modulo their number.
    pub acts: Vec<Act>,
    /// How many threads, 2 to [`MOST_THREADS`].
    pub threads: usize,
    /// How often each repeats its operation. Assigns of new keys take another key each time.
    pub operations: u64,
    /// Time for one round.
    pub patience: Duration,
}

/// Entries of the map at the beginning: keys from 1 on.
pub const ENTRIES: u64 = 3;

/// The key that a thread's operation is for, the `i`th time.
fn key(act: Act, thread: usize, i: u64) -> u64 {
    match act {
        Act::AssignSame => 1000 + i,
        Act::AssignOther | Act::AssignGrow => (thread as u64 + 1) * 1_000_000 + i,
        _ => 1,
    }
}

impl Race {
    /// The threads whose keys are all there afterwards, if nothing is lost.
    fn keepers(&self) -> impl Iterator<Item = (usize, Act)> + '_ {
        let cleared = self.acts.contains(&Act::Clear);
        let acts = (0..self.threads).map(|t| (t, self.acts[t % self.acts.len()]));
        acts.filter(move |(_, a)| a.assigns() && *a != Act::AssignHit && !cleared)
    }

    /// The name, as a scenario's.
    #[must_use]
    pub fn name(&self) -> String {
        self.acts.iter().map(|a| a.name()).collect::<Vec<_>>().join("+")
    }
}

/// What a round has come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// The class.
    pub class: Class,
    /// What kind of it: Go's words, signal and code, the way to be wrong.
    pub kind: String,
    /// Operations that all threads together had done.
    pub operations: u64,
    /// Time from the start of the threads to the end, where it is known.
    pub took: Option<Duration>,
}

/// Who runs rounds.
pub trait Side {
    /// How it is named.
    fn name(&self) -> String;

    /// Runs a round.
    ///
    /// # Errors
    /// When the system has no process, memory or file to give.
    fn round(&mut self, race: &Race) -> io::Result<Round>;
}

/// Runs rounds until the time is over, at least one. `tell` hears of each.
///
/// # Errors
/// As [`Side::round`].
pub fn run(side: &mut dyn Side, race: &Race, time: Duration, mut tell: impl FnMut(usize)) -> io::Result<Vec<Round>> {
    let start = Instant::now();
    let mut rounds = Vec::new();
    while rounds.is_empty() || start.elapsed() < time {
        rounds.push(side.round(race)?);
        tell(rounds.len());
    }
    Ok(rounds)
}

/// A percentile of some numbers, by the nearest rank; `None` without numbers.
#[must_use]
pub fn percentile(numbers: &[u64], percent: u64) -> Option<u64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() as u64 * percent).div_ceil(100).max(1) as usize;
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_by_nearest_rank() {
        // The textbook's example.
        let n = [15, 20, 35, 40, 50];
        assert_eq!([5, 30, 40, 50, 100].map(|p| percentile(&n, p)), [15, 20, 20, 35, 50].map(Some));
        assert_eq!(percentile(&[], 50), None);
    }
}
