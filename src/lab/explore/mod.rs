//! Interleavings explored: what Go's concurrency checks catch, what they miss, and what comes of it, counted.
//!
//! Goroutines run map operations, and may be switched at every step that the operations tell a [`Probe`](crate::probe::Probe),
//! and inside steps that access memory several times ([`Probe::between`](crate::probe::Probe::between),
//! [`Probe::inside`](crate::probe::Probe::inside)). They are shuttle's threads
//! (fibers of one OS thread), and shuttle's seam for schedulers decides who goes on. Memory is sequentially consistent: what the
//! processor's store buffers do besides is not in the numbers.
//!
//! *Exhaustive* means every schedule: every way to merge the goroutines' steps into one sequence, up to the death of the
//! program or the end of all. They are counted exactly without running each, see `space`. *Random* and *PCT* draw schedules, by shuttle's own schedulers.
//!
//! What a schedule has come to is held against every order of the operations one after the other, which the same search
//! finds with switches between operations only. [`Class`] names what comes of it.
//!
//! | module | what is there |
//! |---|---|
//! | [`scenario`] | maps, operations, schedules, and their names |
//! | `run` | a scenario ready to be run: goroutines, points, states |
//! | `point` | where goroutines are switched, and what one that stands there depends on |
//! | `drive` | shuttle, and ways to choose |
//! | `space` | all schedules |
//! | `look`, `judge` | what has come of a schedule |
//! | `replay` | one schedule, told step by step |

mod drive;
mod judge;
mod look;
mod point;
pub mod replay;
mod run;
pub mod scenario;
mod space;
#[cfg(test)]
mod tests;

pub use drive::Draw;
pub use judge::{Class, End};
pub use point::Points;
pub use scenario::{Act, Scenario, Schedule};

use super::experiment::lab::NoLab;
use super::experiment::{KeyKind, Lab};
use crate::version::GoVersion;
use drive::{Sampled, drive};
use judge::{Orders, Verdicts};
use num_bigint::BigUint;
use run::Run;
use space::{Space, Tell};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Why there is no exploration.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// There is no laboratory.
    #[error(transparent)]
    NoLab(#[from] NoLab),
    /// The scenario cannot be set up in this Go version, or its map does not fit.
    #[error("{0}")]
    Impossible(String),
    /// It is no scenario of concurrency: it dies or hangs in whatever order its operations come.
    #[error("{scenario} dies also when its operations come one after the other: {how}")]
    Dies {
        /// Which one.
        scenario: Scenario,
        /// How.
        how: String,
    },
    /// There are too many states.
    #[error(
        "{scenario} has {states} states and more: let schedules be drawn instead (--random, --pct), or raise --states, \
         which take some 150 bytes each"
    )]
    TooLarge {
        /// Which one.
        scenario: Scenario,
        /// States seen.
        states: usize,
    },
    /// A schedule names a goroutine that has ended, or goes on after the end.
    #[error("this is no schedule of {scenario} in Go {version}: step {step} cannot be gone")]
    Misfit {
        /// Of which scenario.
        scenario: Scenario,
        /// In which version.
        version: GoVersion,
        /// Number of the step, from 1.
        step: usize,
    },
}

/// How many schedules come to an end, and one of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The end.
    pub end: End,
    /// Schedules that come to it.
    pub schedules: BigUint,
    /// Its chance when, at every point, each goroutine that can go on is as likely to; of samples, their share.
    pub chance: f64,
    /// A schedule that comes to it: of all, one with the fewest switches; of samples, the first.
    pub example: Schedule,
}

/// What has come of a scenario's schedules.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The scenario.
    pub scenario: Scenario,
    /// The Go version.
    pub version: GoVersion,
    /// The key type.
    pub kind: KeyKind,
    /// Every end that schedules come to.
    pub rows: Vec<Row>,
    /// Schedules in all: those that there are, or those that were drawn.
    pub schedules: BigUint,
    /// Different states, where all were seen.
    pub states: Option<usize>,
    /// Schedules that were run.
    pub runs: u64,
}

impl Report {
    /// Schedules of a class.
    #[must_use]
    pub fn of(&self, class: Class) -> BigUint {
        self.rows.iter().filter(|r| r.end.class == class).map(|r| &r.schedules).sum()
    }

    /// What part of the schedules is of a class.
    #[must_use]
    pub fn share(&self, class: Class) -> f64 {
        // What a float cannot hold is left out of both.
        let shift = self.schedules.bits().saturating_sub(64);
        let short = |n: &BigUint| u64::try_from(n >> shift).expect("it has 64 bits at most") as f64;
        short(&self.of(class)) / short(&self.schedules)
    }

    /// The chance of a class, as [`Row::chance`].
    #[must_use]
    pub fn chance(&self, class: Class) -> f64 {
        self.rows.iter().filter(|r| r.end.class == class).map(|r| r.chance).sum()
    }
}

/// Samples that came to an end, and the steps of the first.
type Drawn = (u64, Vec<u8>);

/// Explores scenarios of one Go version and key type.
pub struct Explorer<'a> {
    lab: &'a Lab,
    kind: KeyKind,
    /// States beyond which a search gives up.
    pub limit: usize,
}

/// Steps that a goroutine may take, as many times as the most that one takes undisturbed, and some more: who takes more does not
/// end.
const PATIENCE: u32 = 4;
const MORE: u32 = 200;
/// The same where nobody can keep it from its end.
const FOR_EVER: u32 = 1_000_000;

impl<'a> Explorer<'a> {
    /// States that take about a gigabyte.
    pub const LIMIT: usize = 10_000_000;

    /// For maps with these keys in a laboratory.
    #[must_use]
    pub fn new(lab: &'a Lab, kind: KeyKind) -> Self {
        Self { lab, kind, limit: Self::LIMIT }
    }

    /// A run of the scenario that is to be switched at these points, and what it is held against.
    fn ready(&self, scenario: &Scenario, points: Points) -> Result<(Rc<Run>, Verdicts), ExploreError> {
        let run = Rc::new(Run::new(self.lab, self.kind, scenario).map_err(ExploreError::Impossible)?);
        run.switch_at(Points::Operations, FOR_EVER);
        let space = search(&run, Orders::default(), self.limit, Box::new(|_, _| ()));
        if space.gave_up() {
            return Err(ExploreError::TooLarge { scenario: scenario.clone(), states: self.limit });
        }
        let orders = space.judge;
        if let Some(death) = orders.dies {
            return Err(ExploreError::Dies { scenario: scenario.clone(), how: death.to_string() });
        }
        let bound = PATIENCE * run.most_steps.get() + MORE;
        run.switch_at(points, if points == Points::Operations { FOR_EVER } else { bound });
        Ok((run, Verdicts::new(orders)))
    }

    /// Every schedule, switched at these points. `tell` hears now and then how many states have been seen, and what part of
    /// the search may be done.
    ///
    /// # Errors
    /// See [`ExploreError`].
    pub fn exhaust(
        &self,
        scenario: &Scenario,
        points: Points,
        tell: impl FnMut(usize, f64) + 'static,
    ) -> Result<Report, ExploreError> {
        let (run, verdicts) = self.ready(scenario, points)?;
        let space = search(&run, verdicts, self.limit, Box::new(tell));
        if space.gave_up() {
            return Err(ExploreError::TooLarge { scenario: scenario.clone(), states: space.states() });
        }
        let mut examples = space.examples();
        let mut rows: Vec<Row> = space
            .count()
            .into_iter()
            .map(|(end, (schedules, chance))| Row {
                end: space.judge.ends[end as usize].clone(),
                schedules,
                chance,
                example: self.schedule(scenario, points, examples.remove(&end).unwrap_or_default()),
            })
            .collect();
        rows.sort_by(|a, b| a.end.cmp(&b.end));
        Ok(Report {
            scenario: scenario.clone(),
            version: self.lab.version(),
            kind: self.kind,
            schedules: rows.iter().map(|r| &r.schedules).sum(),
            rows,
            states: Some(space.states()),
            runs: space.runs(),
        })
    }

    /// `n` schedules, switched at these points, drawn with a seed. `tell` hears now and then how many there have been.
    ///
    /// # Errors
    /// See [`ExploreError`].
    pub fn sample(
        &self,
        scenario: &Scenario,
        points: Points,
        draw: Draw,
        n: usize,
        seed: u64,
        mut tell: impl FnMut(usize, f64) + 'static,
    ) -> Result<Report, ExploreError> {
        let (run, verdicts) = self.ready(scenario, points)?;
        let verdicts = RefCell::new(verdicts);
        let tally: Rc<RefCell<BTreeMap<End, Drawn>>> = Rc::default();
        let count = Rc::clone(&tally);
        let mut done = 0;
        let over = move |run: &Run, gone: &[u8]| {
            use space::Judge;
            let mut verdicts = verdicts.borrow_mut();
            let end = verdicts.end(run) as usize;
            let mut tally = count.borrow_mut();
            tally.entry(verdicts.ends[end].clone()).or_insert_with(|| (0, gone.to_vec())).0 += 1;
            done += 1;
            if done % 1024 == 0 {
                tell(done, done as f64 / n as f64);
            }
        };
        drive(&run, &Rc::new(RefCell::new(Sampled::new(draw, n, seed, Box::new(over)))));
        let tally = tally.take();
        let total: u64 = tally.values().map(|t| t.0).sum();
        let row = |(end, (schedules, steps)): (End, Drawn)| Row {
            end,
            schedules: schedules.into(),
            chance: schedules as f64 / total.max(1) as f64,
            example: self.schedule(scenario, points, steps),
        };
        Ok(Report {
            scenario: scenario.clone(),
            version: self.lab.version(),
            kind: self.kind,
            rows: tally.into_iter().map(row).collect(),
            schedules: total.into(),
            states: None,
            runs: total,
        })
    }

    fn schedule(&self, scenario: &Scenario, points: Points, steps: Vec<u8>) -> Schedule {
        Schedule { version: self.lab.version(), kind: self.kind, scenario: scenario.clone(), points, steps }
    }
}

fn search<J: space::Judge + 'static>(run: &Rc<Run>, judge: J, limit: usize, tell: Tell) -> Space<J> {
    let space = Rc::new(RefCell::new(Space::new(judge, limit, tell)));
    drive(run, &space);
    let mut space = Rc::into_inner(space).expect("shuttle has let go of the search").into_inner();
    space.forget();
    space
}
