//! Campaigns: many injections of one kind, counted.
//!
//! A [`Spec`] says what is to be broken; the [`Space`](space::Space) numbers every injection that it means, so that a number is
//! an injection: the same one on every machine, in every shard, after every interruption. Workers are processes, forked
//! when the space is known; each has its heap where Go's is, and one that dies of an injection costs that one. Results are
//! written in the order of their numbers, which makes the file the same whoever did the work.
//!
//! | file in the folder | what it holds |
//! |---|---|
//! | `campaign.json` | the spec |
//! | `results.jsonl` | a record an injection |
//! | `checkpoint.json` | how far `results.jsonl` has been counted |
//! | `summary.json` | the counts, when all is done |
//! | `report.html` | the same as a page |

pub mod folder;
pub mod merge;
pub mod record;
pub mod report;
#[cfg(gohmap_asm)]
mod run;
pub mod space;
pub mod spec;
pub mod tally;
#[cfg(gohmap_asm)]
mod worker;

#[cfg(gohmap_asm)]
pub use run::run;
pub use spec::Spec;
pub use tally::Tally;

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Why a campaign came to no end.
#[derive(Debug, thiserror::Error)]
pub enum CampaignError {
    /// The spec means nothing.
    #[error("{0}")]
    Spec(String),
    /// A file of the folder.
    #[error("{what}: {error}{after}")]
    File {
        /// What could not be done, to which file.
        what: String,
        /// The system's words.
        error: io::Error,
        /// What has been kept, and what to do.
        after: String,
    },
    /// A file is not what it should be.
    #[error("{}: {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// There is no laboratory.
    #[error(transparent)]
    Lab(#[from] crate::lab::experiment::lab::NoLab),
    /// Processes could not be made or talked to.
    #[error("the workers: {0}")]
    Workers(io::Error),
}

impl CampaignError {
    pub(crate) fn file(what: &str, path: &Path, error: io::Error) -> Self {
        Self::File { what: format!("{} cannot be {what}", path.display()), error, after: String::new() }
    }
}

/// A campaign that is done.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The counts.
    pub tally: Tally,
    /// Injections asked for.
    pub asked: u64,
    /// Those of them that were done by earlier runs of the same campaign.
    pub kept: u64,
    /// Digest of all records.
    pub digest: u64,
    /// How long this run took, planning left out.
    pub took: Duration,
    /// How many workers there were.
    pub jobs: usize,
}

impl Finished {
    /// Injections a second and worker.
    #[must_use]
    pub fn rate(&self) -> f64 {
        (self.asked - self.kept) as f64 / self.took.as_secs_f64().max(1e-9) / self.jobs.max(1) as f64
    }
}

/// Runs a campaign: not here.
///
/// # Errors
/// Always: this build catches no faults.
#[cfg(not(gohmap_asm))]
pub fn run(spec: &Spec, _: Option<&Path>, _: usize, _: &mut dyn FnMut(u64, u64)) -> Result<Finished, CampaignError> {
    let checked = spec.check().map_err(|e| CampaignError::Spec(e.to_string()))?;
    crate::lab::experiment::Lab::new(checked.version)?;
    Err(crate::lab::experiment::lab::NoLab::Unsupported.into())
}

/// The digest of records, carried on: 64-bit FNV-1a.
#[must_use]
pub fn digest(so_far: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(so_far, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}

/// The digest of nothing.
pub const NO_DIGEST: u64 = 0xcbf2_9ce4_8422_2325;
