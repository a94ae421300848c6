//! Looking into maps: `gohmap trace`, `gohmap dump` and `gohmap view`, held against what the algorithm must do.

mod dump;
mod scripts;
mod trace;
