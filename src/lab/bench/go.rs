//! A real Go as a [`Runner`]: the program `go/main.go`, built by that Go and asked for one sample at a time.

use super::keys::KeyType;
use super::{Case, Error, Runner};
use crate::lab::toolchain::{Dir, command, reason};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const MAIN: &str = include_str!("go/main.go");
/// What differs by the keys' type.
fn keys_of(key: KeyType) -> &'static str {
    match key {
        KeyType::Uint64 => include_str!("go/key_uint64.go"),
        KeyType::Uint32 => include_str!("go/key_uint32.go"),
        KeyType::String => include_str!("go/key_string.go"),
    }
}

const MODULE: &str = include_str!("go/go.mod.txt");

/// The Go program, running.
#[derive(Debug)]
pub struct Go {
    name: String,
    /// As it was named to us.
    go: String,
    child: Child,
    /// Gone when the program is to end.
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    /// Removed in the end.
    _dir: Dir,
}

impl Go {
    /// Builds and starts the program, for keys of this type. `go` is a go command, or the directory of a Go (its GOROOT).
    ///
    /// The environment reaches both the build and the program, so that `GOEXPERIMENT`, `GOGC` and the like have their effect.
    ///
    /// # Errors
    /// When there is no Go there, or it cannot build or run the program.
    pub fn start(go: &OsStr, key: KeyType) -> Result<Self, Error> {
        let shown = go.to_string_lossy().into_owned();
        let err = |why: String| Error::Go { go: shown.clone(), why };
        let command = command(Path::new(go)).map_err(|e| err(e.to_string()))?;
        let dir = Dir::new("bench").map_err(|e| err(format!("no directory to build in: {e}")))?;
        for (file, text) in [("main.go", MAIN), ("key.go", keys_of(key)), ("go.mod", MODULE)] {
            fs::write(dir.path().join(file), text).map_err(|e| err(format!("{file} cannot be written: {e}")))?;
        }
        let build = Command::new(&command)
            .args(["build", "-o", "gobench", "."])
            .current_dir(dir.path())
            .envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("GO111MODULE", "on")])
            .env("GOWORK", "off")
            .stdin(Stdio::null())
            .output()
            .map_err(|e| err(format!("no Go there that can be run: {e}")))?;
        if !build.status.success() {
            return Err(err(format!("the benchmark program does not build: {}", reason(&build.stderr))));
        }
        let mut child = Command::new(dir.path().join("gobench"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|e| err(format!("the benchmark program does not start: {e}")))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked for");
        };
        let mut this =
            Self { name: String::new(), go: shown, child, to: Some(to), from: BufReader::new(from), _dir: dir };
        // "go1.24.11 X:noswissmap" names an experiment.
        this.name = this.ask("version")?.replace(" X:", "-").replace([' ', ','], "-");
        Ok(this)
    }

    fn failed(&self, why: impl Into<String>) -> Error {
        Error::Go { go: self.go.clone(), why: why.into() }
    }

    /// Sends a line and reads the answer, without its "ok".
    fn ask(&mut self, line: &str) -> Result<String, Error> {
        let to = self.to.as_mut().expect("open until this is dropped");
        let sent = writeln!(to, "{line}").and_then(|()| to.flush());
        let mut answer = String::new();
        match sent.and_then(|()| self.from.read_line(&mut answer)) {
            Ok(_) if answer.starts_with("ok") => Ok(answer[2..].trim().to_owned()),
            _ => Err(self.failed(format!("the benchmark program ended at {line:?}"))),
        }
    }

    fn number<T: std::str::FromStr>(&mut self, line: &str) -> Result<T, Error> {
        let answer = self.ask(line)?;
        answer.parse().map_err(|_| self.failed(format!("the benchmark program answered {answer:?} to {line:?}")))
    }
}

impl Drop for Go {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.to.take());
        let _ = self.child.wait();
    }
}

impl Runner for Go {
    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&mut self, case: &Case) -> Result<u64, Error> {
        self.number(&format!("prepare {} {} {} {}", case.workload, case.order.name(), case.n, case.ops))
    }

    fn sample(&mut self) -> Result<f64, Error> {
        self.number("sample")
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.ask("finish").map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_go_is_an_error_in_one_line() {
        let e = Go::start(OsStr::new("/nowhere/bin/go"), KeyType::Uint64).unwrap_err().to_string();
        assert!(e.starts_with("/nowhere/bin/go: no Go there that can be run: "), "{e}");
        // Something that can be run and builds nothing.
        let e = Go::start(OsStr::new("false"), KeyType::Uint64).unwrap_err().to_string();
        assert_eq!(e, "false: the benchmark program does not build: no reason given");
        assert_eq!(e.lines().count(), 1);
    }
}
