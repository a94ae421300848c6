//! The Go program that this process is: its version, which functions are its `main` package, `runtime.main`.

use super::goroutine;
use crate::version::{GoVersion, Rules};
use std::sync::OnceLock;

/// A Go program to become.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// The rules of its Go version.
    pub rules: &'static Rules,
    /// `module_path!()` of the module whose functions are package `main`: `m::read64` is shown as `main.read64`.
    pub package: &'static str,
    /// Modules whose functions show as those of another Go package: its module path and import path.
    pub libraries: &'static [(&'static str, &'static str)],
}

static PROGRAM: OnceLock<Program> = OnceLock::new();

/// The program of this process; before [`start`] a Go 1.22 program without functions of its own.
pub(crate) fn program() -> Program {
    PROGRAM.get().copied().unwrap_or(Program { rules: GoVersion::default().rules(), package: "", libraries: &[] })
}

/// Makes the process this program and this thread its goroutine 1; see `fault::run_main`.
pub(crate) fn start(p: Program, f: fn()) -> ! {
    assert!(PROGRAM.set(p).is_ok(), "one process is one Go program");
    goroutine::adopt_main();
    goexit(f);
    std::process::exit(0)
}

#[inline(never)]
fn goexit(f: fn()) {
    goroutine::end_as_go(|| go_main(f));
    std::hint::black_box(());
}

/// `runtime.main`.
#[inline(never)]
fn go_main(f: fn()) {
    f();
    std::hint::black_box(());
}
