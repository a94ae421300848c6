//! The Gos that there are.

use gohmap::version::GoVersion;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

pub(crate) struct Toolchain {
    pub(crate) go: PathBuf,
    pub(crate) version: GoVersion,
    pub(crate) name: String,
}

/// Every Go in `GOHMAP_GO` (paths of go binaries, colons between), or the `go` on PATH, if their maps are classic or can be.
pub(crate) fn toolchains() -> Vec<Toolchain> {
    let list = std::env::var("GOHMAP_GO").unwrap_or_else(|_| "go".to_owned());
    let mut found = Vec::new();
    for go in list.split(':').filter(|g| !g.is_empty()) {
        let Ok(out) = Command::new(go).arg("version").env("GOTOOLCHAIN", "local").output() else {
            assert!(std::env::var_os("GOHMAP_GO").is_none(), "GOHMAP_GO names {go:?}, which does not run");
            continue;
        };
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let name = text.split_whitespace().nth(2).unwrap_or("").trim_start_matches("go").to_owned();
        if let Ok(version) = name.parse().or_else(|_| format!("{name}-noswiss").parse()) {
            found.push(Toolchain { go: go.into(), version, name });
        }
    }
    if found.is_empty() {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no Go toolchain with classic maps found; set GOHMAP_GO");
    }
    found
}
