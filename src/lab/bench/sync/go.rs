//! Real Go's maps, shared by goroutines: the program `go/sync.go`, one process for each map.

use super::{Case, Contender, SharedMap};
use crate::lab::bench::go::{Built, Program};
use crate::lab::bench::{Error, Runner};
use std::ffi::OsStr;

const MAIN: &str = include_str!("../go/sync.go");

/// One map of a Go.
struct GoMap {
    name: String,
    map: SharedMap,
    program: Program,
}

/// These maps of a Go, which is a go command, or the directory of a Go (its GOROOT).
///
/// # Errors
/// When there is no Go there, or it cannot build or run the program.
pub fn contenders(go: &OsStr, maps: &[SharedMap]) -> Result<Vec<Contender>, Error> {
    let built = Built::new(go, &[("main.go", MAIN)])?;
    let start = |&map: &SharedMap| {
        let program = built.start()?;
        let by = program.version.clone();
        Ok(Contender { map, runner: Box::new(GoMap { name: format!("{map} of {by}"), map, program }), by })
    };
    maps.iter().map(start).collect()
}

impl Runner<Case> for GoMap {
    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&mut self, case: &Case) -> Result<u64, Error> {
        let Case { mix, keys, threads, ops } = case;
        self.program.number(&format!("prepare {} {} {} {keys} {threads} {ops}", self.map, mix.reads, mix.writes))
    }

    fn sample(&mut self) -> Result<f64, Error> {
        self.program.number("sample")
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.program.ask("finish").map(drop)
    }
}
