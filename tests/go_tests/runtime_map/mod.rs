//! `runtime/map_test.go`.

mod buckets;
mod growth;
mod interfaces;
mod iteration;
mod updates;
mod values;
