//! Packages that work on maps: `maps`, `reflect`, `sync`, and what of `runtime` is outside its map tests.

mod maps;
mod reflect;
mod runtime;
mod sync;
