//! The programs of `go/`, built by a real Go with its race detector, and run.

use anyhow::{Result, ensure};
use gohmap::lab::child;
use gohmap::lab::programs::recorded::Outcome;
use gohmap::lab::races::recorded::outcome;
use gohmap::lab::races::{Form, Program};
use gohmap::lab::toolchain::Toolchain;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Builds the programs into `dir`.
pub(crate) fn build(toolchain: &Toolchain, dir: &Path) -> Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    let exe = dir.join(format!("race-{}", toolchain.release));
    let mut go = toolchain.go();
    go.args(["build", "-race", "-trimpath", "-p", "2", "-o"]).arg(&exe).arg(".").env("CGO_ENABLED", "1");
    go.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/race_detector/go"));
    let built = go.output()?;
    ensure!(built.status.success(), "go build -race: {}", String::from_utf8_lossy(&built.stderr).trim());
    Ok(exe)
}

/// Runs one form of a program that [`build`] has built.
pub(crate) fn run(exe: &Path, program: &Program, form: Form) -> Result<Outcome> {
    let mut c = Command::new(exe);
    c.args([program.edge, program.left, program.right, &form.to_string()]).env_remove("GODEBUG");
    // It would sleep for a second.
    c.env("GORACE", "atexit_sleep_ms=0");
    let ran = child::run(&mut c, PATIENCE, || {})?;
    Ok(outcome(ran.exit, &ran.stdout, &ran.stderr))
}
