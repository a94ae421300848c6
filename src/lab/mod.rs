//! Experiments: scripts of map operations, and crashing programs with their recorded originals.

mod normalise;
pub mod programs;
pub mod script;

pub use normalise::{REGION, fold_buckets, fold_stdout, normalise};
