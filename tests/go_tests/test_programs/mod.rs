//! Programs of Go's `test` directory that are about maps.

mod bigmap;
mod clear;
mod comparisons;
mod fixedbugs;
mod map;
mod maplinear;
mod nil;
