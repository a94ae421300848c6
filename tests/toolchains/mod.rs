//! The Gos that tests hold this project against.

use gohmap::lab::toolchain::Toolchain;
use std::io::Write;

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
