//! Packages that work on maps: `maps`, `reflect`, and what of `runtime` is outside its map tests.

mod maps;
mod reflect;
mod runtime;
