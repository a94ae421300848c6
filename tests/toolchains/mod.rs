//! The Gos that tests hold this project against.

#![allow(dead_code, reason = "each test uses what it needs")]

use gohmap::lab::toolchain::Toolchain;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Every Go in `GOHMAP_GO` (paths of go binaries, colons between), or the `go` on PATH: those whose maps are classic or can be.
/// Says aloud when there is none.
pub(crate) fn toolchains() -> Vec<Toolchain> {
    let named = std::env::var("GOHMAP_GO").ok();
    let mut found = Vec::new();
    for go in named.as_deref().unwrap_or("go").split(':').filter(|g| !g.is_empty()) {
        match Toolchain::find(go.as_ref()) {
            Ok(toolchain) => found.push(toolchain),
            Err(e) => assert!(named.is_none() || e.why.ends_with("has no classic maps"), "GOHMAP_GO: {e}"),
        }
    }
    if found.is_empty() {
        // Past the test harness, which keeps the output of tests that pass to itself.
        let _ = writeln!(std::io::stderr(), "SKIPPED: no Go toolchain with classic maps found; set GOHMAP_GO");
    }
    found
}

/// Builds the program in a folder of `tests`, without C; `how` names the file. With `experiment`, a `GOEXPERIMENT` of its own
/// instead of the one that makes maps classic.
pub(crate) fn build(go: &Toolchain, folder: &str, how: &str, flags: &[&str], experiment: Option<&str>) -> PathBuf {
    let exe = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{how}-{}", go.release));
    let mut command = go.go();
    command.args(["build", "-trimpath", "-p", "2"]).args(flags).arg("-o").arg(&exe).arg(".").env("CGO_ENABLED", "0");
    command.envs(experiment.map(|e| ("GOEXPERIMENT", e)));
    let status = command.current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(folder)).status();
    assert!(status.expect("go build").success(), "tests/{folder} does not build with {}", go.release);
    exe
}
