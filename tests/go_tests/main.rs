//! Go's own tests of its map, by name: for each, a test of this project's that checks the same property.
//!
//! `README.md` lists them all, and says of those that have no counterpart why; `table.rs` holds list and sources against
//! each other. The doc line of a test begins with the Go name.

mod packages;
mod runtime_hash;
mod runtime_map;
mod support;
mod table;
mod test_programs;
#[path = "../toolchains/mod.rs"]
mod toolchains;
