//! Experiments: scripts of map operations, and crashing programs, run and held against their recorded originals.

#[cfg(target_os = "linux")]
pub mod at;
pub mod bench;
pub mod campaign;
pub mod catalogue;
pub mod check;
pub mod child;
pub mod claims;
pub mod experiment;
#[cfg(target_os = "linux")]
pub mod explore;
pub mod file;
mod normalise;
pub mod programs;
pub mod races;
pub mod script;
#[cfg(target_os = "linux")]
pub mod threads;
pub mod toolchain;
#[cfg(target_os = "linux")]
pub mod trace;
#[cfg(target_os = "linux")]
pub mod view;

pub use normalise::{REGION, fold_buckets, fold_stdout, normalise};
