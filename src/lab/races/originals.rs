//! The Go programs after which the ones here are written, built with its race detector by a real Go, and run.

use super::{Form, Program};
use crate::lab::child::{self, Ran};
use crate::lab::toolchain::{Dir, GoError, Toolchain};
use include_dir::{Dir as Sources, include_dir};
use std::io;
use std::process::Command;
use std::time::Duration;

static SOURCES: Sources<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/race_detector/go");

/// Programs that a toolchain has built with `-race`: they are one file.
#[derive(Debug)]
pub struct Originals {
    /// Removed in the end.
    dir: Dir,
}

impl Originals {
    /// Builds them. `waiting` is called every 100 ms meanwhile.
    ///
    /// # Errors
    /// When that fails, for lack of a C compiler or of a race detector for this platform too.
    pub fn build(toolchain: &Toolchain, waiting: impl FnMut()) -> Result<Self, GoError> {
        let err = |e: io::Error| toolchain.error(format!("the programs cannot be written: {e}"));
        let dir = Dir::new("races").map_err(err)?;
        SOURCES.extract(dir.path()).map_err(err)?;
        let mut go = toolchain.go();
        go.current_dir(dir.path()).args(["build", "-race", "-trimpath", "-p", "2", "-o", "races", "."]);
        toolchain.build("with -race the programs do", go.env("CGO_ENABLED", "1"), waiting)?;
        Ok(Self { dir })
    }

    /// Runs one form of a program with a `GORACE`; `limit` and `waiting` as in [`child::run`].
    ///
    /// # Errors
    /// When it cannot be started or read.
    pub fn run(
        &self,
        program: &Program,
        form: Form,
        gorace: &str,
        limit: Duration,
        waiting: impl FnMut(),
    ) -> io::Result<Ran> {
        let mut c = Command::new(self.dir.path().join("races"));
        c.args([program.edge, program.left, program.right, &form.to_string()]).env_remove("GODEBUG");
        // It would sleep for a second.
        c.env("GORACE", format!("atexit_sleep_ms=0 {gorace}"));
        child::run(&mut c, limit, waiting)
    }
}
