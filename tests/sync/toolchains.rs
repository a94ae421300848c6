//! The Gos that there are.

use gohmap::lab::toolchain::Toolchain;
use std::ffi::OsStr;
use std::io::Write;

/// Every Go in `GOHMAP_GO` (paths of go binaries, colons between), or the `go` on PATH, and how it was named; those whose maps
/// are classic or can be.
pub(crate) fn toolchains() -> Vec<(String, Toolchain)> {
    let list = std::env::var("GOHMAP_GO").unwrap_or_else(|_| "go".to_owned());
    let mut found = Vec::new();
    for go in list.split(':').filter(|g| !g.is_empty()) {
        match Toolchain::find(OsStr::new(go)) {
            Ok(toolchain) => found.push((go.to_owned(), toolchain)),
            Err(e) => assert!(std::env::var_os("GOHMAP_GO").is_none(), "GOHMAP_GO: {e}"),
        }
    }
    if found.is_empty() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no Go toolchain with classic maps found; set GOHMAP_GO");
    }
    found
}
