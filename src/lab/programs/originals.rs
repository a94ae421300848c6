//! The Go programs after which the ones here are written, built and run by a real Go.

use super::Case;
use crate::lab::child::{self, Ran};
use crate::lab::toolchain::{Dir, GoError, Toolchain};
use include_dir::{Dir as Sources, include_dir};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

static SOURCES: Sources<'_> = include_dir!("$CARGO_MANIFEST_DIR/tests/goldens/src");

/// The program that needs a C compiler.
const CGO: &str = "cgo";

/// Programs that a toolchain has built.
#[derive(Debug)]
pub struct Originals {
    /// By whom.
    pub toolchain: Toolchain,
    /// Why there is no program with C code, when there is none.
    pub no_cgo: Option<String>,
    /// Removed in the end.
    dir: Dir,
}

impl Originals {
    /// Builds them all, with the toolchain's own language version. `waiting` is called every 100 ms meanwhile.
    ///
    /// # Errors
    /// When that fails; not when it does only for lack of a C compiler.
    pub fn build(toolchain: Toolchain, mut waiting: impl FnMut()) -> Result<Self, GoError> {
        let dir = Dir::new("originals");
        let dir = dir.map_err(|e| toolchain.error(format!("no directory to build in: {e}")))?;
        let module = format!("module goldens\n\ngo {}\n", toolchain.language());
        let source = dir.path().join("src");
        fs::create_dir(&source)
            .and_then(|()| SOURCES.extract(&source))
            .and_then(|()| fs::write(source.join("go.mod"), module))
            .map_err(|e| toolchain.error(format!("the programs cannot be written: {e}")))?;
        let mut this = Self { toolchain, no_cgo: None, dir };
        let (cgo, plain): (Vec<&str>, Vec<&str>) = programs().partition(|p| *p == CGO);
        if this.go_build(&[&*plain, &*cgo].concat(), true, &mut waiting).is_err() {
            this.go_build(&plain, false, &mut waiting)?;
            this.no_cgo = this.go_build(&cgo, true, &mut waiting).err().map(|e| e.why);
        }
        Ok(this)
    }

    fn go_build(&self, programs: &[&str], cgo: bool, waiting: &mut impl FnMut()) -> Result<(), GoError> {
        let mut go = self.toolchain.go();
        go.current_dir(self.dir.path().join("src")).args(["build", "-trimpath", "-p", "2", "-o"]);
        // A path that ends in a slash is a folder to go build.
        go.arg(self.dir.path().join("bin/")).env("CGO_ENABLED", if cgo { "1" } else { "0" });
        if self.toolchain.must_ask() {
            // Newer linkers refuse references to the runtime's functions, on which the `done_…` cases rest.
            go.arg("-ldflags=-checklinkname=0");
        }
        go.args(programs.iter().map(|p| format!("./{p}")));
        self.toolchain.build("the programs do", &mut go, waiting)
    }

    /// The file of a program.
    #[must_use]
    pub fn binary(&self, program: &str) -> PathBuf {
        self.dir.path().join("bin").join(program)
    }

    /// Runs a case, with this GOTRACEBACK (`""`: unset); `limit` and `waiting` as in [`child::run`].
    ///
    /// # Errors
    /// When it cannot be started or read.
    pub fn run(&self, case: &Case, level: &str, limit: Duration, waiting: impl FnMut()) -> io::Result<Ran> {
        let mut c = Command::new(self.binary(case.program()));
        c.arg(case.short_name()).env_remove("GOTRACEBACK").env_remove("GODEBUG").env_remove("GOGC");
        if !level.is_empty() {
            c.env("GOTRACEBACK", level);
        }
        child::run(&mut c, limit, waiting)
    }
}

/// The programs by name.
fn programs() -> impl Iterator<Item = &'static str> {
    let main = |d: &Sources<'_>| d.files().any(|f| f.path().ends_with("main.go"));
    SOURCES.dirs().filter(move |d| main(d)).filter_map(|d| d.path().to_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_program_has_its_original() {
        let originals: BTreeSet<&str> = programs().filter(|p| cfg!(gohmap_asm) || *p != CGO).collect();
        let here: BTreeSet<&str> = super::super::cases().map(Case::program).collect();
        assert_eq!(originals, here);
    }
}
