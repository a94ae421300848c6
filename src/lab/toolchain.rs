//! A real Go: found, asked for its version, and set up so that what it builds has classic maps.

use super::child;
use super::programs::recorded::Exit;
use crate::version::GoVersion;
use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio, id};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// A toolchain that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{go}: {why}")]
pub struct GoError {
    /// As it was named.
    pub go: String,
    /// In one line.
    pub why: String,
}

/// A real Go.
#[derive(Clone, Debug)]
pub struct Toolchain {
    /// As it was named.
    shown: String,
    command: PathBuf,
    /// Its release: `go1.22.10`; `go1.24.11-noswiss` where classic maps have to be asked for.
    pub release: String,
    /// The rules of its maps.
    pub version: GoVersion,
}

impl Toolchain {
    /// A go command, or the directory of a Go (its GOROOT).
    ///
    /// # Errors
    /// When there is none there, or its release has no classic maps.
    pub fn find(go: &OsStr) -> Result<Self, GoError> {
        let shown = go.to_string_lossy().into_owned();
        let err = |why: String| GoError { go: shown.clone(), why };
        let command = command(Path::new(go)).map_err(|e| err(e.to_string()))?;
        let out = Command::new(&command).arg("version").env("GOTOOLCHAIN", "local").stdin(Stdio::null()).output();
        let out = out.map_err(|e| err(format!("no Go there that can be run: {e}")))?;
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let release = text.split_whitespace().nth(2).filter(|r| r.starts_with("go1."));
        let release = release.ok_or_else(|| err("no Go: it does not tell its version".to_owned()))?.to_owned();
        let classic = |release: String| Some((release.parse().ok()?, release));
        let found = classic(release.clone()).or_else(|| classic(format!("{release}-noswiss")));
        let (version, release) = found.ok_or_else(|| err(format!("{release} has no classic maps")))?;
        Ok(Self { shown, command, release, version })
    }

    /// As it was named: a go command, or the directory of a Go.
    #[must_use]
    pub fn named(&self) -> &str {
        &self.shown
    }

    /// The go command, to be given arguments: offline, and with classic maps.
    #[must_use]
    pub fn go(&self) -> Command {
        let mut go = Command::new(&self.command);
        go.envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GO111MODULE", "on")]);
        go.env("GOWORK", "off").stdin(Stdio::null());
        if self.must_ask() {
            go.env("GOEXPERIMENT", "noswissmap");
        }
        go
    }

    /// Whether its maps are classic only when asked for.
    #[must_use]
    pub fn must_ask(&self) -> bool {
        self.release.ends_with("-noswiss")
    }

    /// The language that it knows, for a `go.mod`: `1.22`.
    #[must_use]
    pub fn language(&self) -> &str {
        self.version.name().trim_end_matches("-noswiss")
    }

    /// Runs a `go build` made from [`go`](Self::go). `waiting` is called every 100 ms meanwhile.
    pub(crate) fn build(&self, what: &str, build: &mut Command, waiting: impl FnMut()) -> Result<(), GoError> {
        let built = child::run(build, Duration::from_secs(600), waiting);
        let built = built.map_err(|e| self.error(format!("no Go there that can be run: {e}")))?;
        match built.exit {
            Exit::Code(0) => Ok(()),
            _ => Err(self.error(format!("{what} not build: {}", reason(built.stderr.as_bytes())))),
        }
    }

    /// Says of this toolchain what is wrong with it.
    pub(crate) fn error(&self, why: impl Into<String>) -> GoError {
        GoError { go: self.shown.clone(), why: why.into() }
    }
}

/// The line of a failed build that says why.
pub(crate) fn reason(stderr: &[u8]) -> String {
    let text = String::from_utf8_lossy(stderr);
    // The first line only names the package.
    let line = text.lines().find(|l| !l.starts_with('#') && !l.trim().is_empty());
    line.unwrap_or("no reason given").trim().to_owned()
}

/// The go command that is meant. It is started in another directory, so that a path to it must not depend on this one;
/// a bare name is looked for on the path.
pub(crate) fn command(go: &Path) -> io::Result<PathBuf> {
    let command = if go.is_dir() { go.join("bin/go") } else { go.to_owned() };
    if command.components().count() == 1 { Ok(command) } else { std::path::absolute(command) }
}

/// A directory of our own, for as long as it is needed.
#[derive(Debug)]
pub(crate) struct Dir(PathBuf);

impl Dir {
    /// One for `what`.
    pub(crate) fn new(what: &str) -> io::Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("gohmap-{what}-{}-{}", id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let dir = env::temp_dir().join(name);
        // Not one that somebody else has put there.
        fs::create_dir(&dir)?;
        Ok(Self(dir))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_one_from_here() {
        assert_eq!(command(Path::new("go")).unwrap(), Path::new("go"));
        let here = env::current_dir().unwrap();
        assert_eq!(command(Path::new("toolchains/go/bin/go")).unwrap(), here.join("toolchains/go/bin/go"));
        assert_eq!(command(Path::new("src")).unwrap(), here.join("src/bin/go"));
    }

    #[test]
    fn no_go_is_an_error_in_one_line() {
        let e = Toolchain::find(OsStr::new("/nowhere/bin/go")).unwrap_err().to_string();
        assert!(e.starts_with("/nowhere/bin/go: no Go there that can be run: "), "{e}");
        let e = Toolchain::find(OsStr::new("true")).unwrap_err().to_string();
        assert_eq!(e, "true: no Go: it does not tell its version");
    }

    #[test]
    fn a_build_fails_for_a_reason() {
        assert_eq!(
            reason(b"# goldens/cgo\n\n\tmain.go:1:1: expected 'package'\nmore\n"),
            "main.go:1:1: expected 'package'"
        );
        assert_eq!(reason(b""), "no reason given");
    }

    #[test]
    fn a_directory_goes_with_its_owner() {
        let dir = Dir::new("test").unwrap();
        let path = dir.path().to_owned();
        fs::write(path.join("file"), "x").unwrap();
        drop(dir);
        assert!(!path.exists());
    }
}
