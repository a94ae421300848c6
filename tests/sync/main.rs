//! The safe maps from outside: on real threads, beside real Go's `sync.Map`, and measured by `gohmap bench sync`.

mod command;
mod counter;
mod linearizable;
mod real_go;
#[path = "../toolchains/mod.rs"]
mod toolchains;
