//! Experiments and scripts.

pub mod script;
