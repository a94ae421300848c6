//! Benches: how fast the map is, path by path and under mixed workloads, by each implementation, against real Go in turn.
//!
//! A [`Case`] is a workload on a map of some size. A [`Runner`] is somebody who can run cases: this program's map by one
//! of its implementations ([`emulated`]), a Rust map for orientation (`rust`, with the feature `hashbrown`), or a real Go ([`go`]), which runs the same
//! workloads on the same keys in a process of its own. [`measure`] lets all runners take one sample each, in turn, again
//! and again, so that what the machine does meanwhile meets all of them.
//!
//! [`paths`] takes `mapassign` apart: one bench for each way through it. [`sync`] has cases and runners of its own, for maps that
//! threads share.

pub mod emulated;
pub mod go;
pub mod keys;
pub mod paths;
pub mod report;
#[cfg(feature = "hashbrown")]
pub mod rust;
mod subject;
pub mod sync;
pub mod workload;

pub use subject::{InProcess, Site, Subject};
pub use workload::{Case, Order, Workload};

use std::fmt;

/// What goes wrong with a bench.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Go toolchain cannot be used.
    #[error("{go}: {why}")]
    Go {
        /// As it was named.
        go: String,
        /// In one line.
        why: String,
    },
    /// Two runners have different keys.
    #[error("{runner} has other keys than {other} for {case}")]
    Differs {
        /// The later runner.
        runner: String,
        /// The first one.
        other: String,
        /// What they ran.
        case: String,
    },
}

/// Somebody who runs cases.
pub trait Runner<C = Case> {
    /// What it is called in results.
    fn name(&self) -> &str;

    /// Makes ready for a case. Returns a number that depends on all its keys, the same for everybody.
    ///
    /// # Errors
    /// When the runner is a process and fails.
    fn prepare(&mut self, case: &C) -> Result<u64, Error>;

    /// Runs the case once: nanoseconds per operation.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    fn sample(&mut self) -> Result<f64, Error>;

    /// Lets go of what the case needed.
    ///
    /// # Errors
    /// As [`prepare`](Self::prepare).
    fn finish(&mut self) -> Result<(), Error>;
}

/// The samples of one runner for one case.
#[derive(Clone, Debug)]
pub struct Series<C = Case> {
    /// What was run.
    pub case: C,
    /// By whom.
    pub by: String,
    /// Nanoseconds per operation, in the order in which they were taken.
    pub samples: Vec<f64>,
}

/// Runs a case by all runners in turn, `samples` times; `tick` is called after each sample.
///
/// # Errors
/// When a runner fails, or they have different keys.
pub fn measure<C: Copy + fmt::Display, R: Runner<C> + ?Sized>(
    case: &C,
    runners: &mut [&mut R],
    samples: usize,
    mut tick: impl FnMut(),
) -> Result<Vec<Series<C>>, Error> {
    let mut prints = Vec::with_capacity(runners.len());
    for r in runners.iter_mut() {
        prints.push(r.prepare(case)?);
        if prints.last() != prints.first() {
            let other = runners[0].name().to_owned();
            let runner = runners[prints.len() - 1].name().to_owned();
            return Err(Error::Differs { runner, other, case: case.to_string() });
        }
    }
    let mut series: Vec<Series<C>> =
        runners.iter().map(|r| Series { case: *case, by: r.name().to_owned(), samples: Vec::new() }).collect();
    // The first round warms up.
    for round in 0..=samples {
        for (r, s) in runners.iter_mut().zip(&mut series) {
            let ns = r.sample()?;
            if round > 0 {
                s.samples.push(ns);
            }
            tick();
        }
    }
    for r in runners {
        r.finish()?;
    }
    Ok(series)
}
