//! Looking into maps: `gohmap trace`, `gohmap dump` and `gohmap view`, held against what the algorithm must do.

#[path = "../browser/mod.rs"]
mod browser;
mod dump;
mod page;
mod scripts;
mod trace;
