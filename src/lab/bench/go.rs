//! A real Go as a [`Runner`]: the program `go/main.go`, built by that Go and asked for one sample at a time.

use super::keys::KeyType;
use super::{Case, Error, Runner};
use crate::lab::toolchain::{Dir, command, reason};
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;

const MAIN: &str = include_str!("go/main.go");
/// What differs by the keys' type.
fn keys_of(key: KeyType) -> &'static str {
    match key {
        KeyType::Uint64 => include_str!("go/key_uint64.go"),
        KeyType::Uint32 => include_str!("go/key_uint32.go"),
        KeyType::String => include_str!("go/key_string.go"),
        KeyType::Url => include_str!("go/key_url.go"),
        KeyType::Pointer => include_str!("go/key_pointer.go"),
        KeyType::Uuid => include_str!("go/key_uuid.go"),
        KeyType::Mac => include_str!("go/key_mac.go"),
        KeyType::Float64 => include_str!("go/key_float64.go"),
        KeyType::Any => include_str!("go/key_any.go"),
        KeyType::Record => include_str!("go/key_record.go"),
    }
}

/// What every program has.
const COMMON: [(&str, &str); 2] =
    [("go.mod", include_str!("go/go.mod.txt")), ("common.go", include_str!("go/common.go"))];

/// A program of ours, built by some Go.
#[derive(Debug)]
pub(super) struct Built {
    /// The Go, as it was named to us.
    go: String,
    /// Where it was built; removed with the last process of it.
    dir: Arc<Dir>,
}

/// The program, running: it answers each line that it is sent.
#[derive(Debug)]
pub(super) struct Program {
    /// The version of its Go, `go1.22.10`, with experiments.
    pub(super) version: String,
    go: String,
    child: Child,
    /// Gone when the program is to end.
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    _dir: Arc<Dir>,
}

impl Built {
    /// Builds these files, named and given, and what every program has. `go` is a go command, or the directory of a Go (its GOROOT).
    ///
    /// The environment reaches both the build and the program, so that `GOEXPERIMENT`, `GOGC` and the like have their effect.
    ///
    /// # Errors
    /// When there is no Go there, or it cannot build the program.
    pub(super) fn new(go: &OsStr, files: &[(&str, &str)]) -> Result<Self, Error> {
        let shown = go.to_string_lossy().into_owned();
        let err = |why: String| Error::Go { go: shown.clone(), why };
        let command = command(Path::new(go)).map_err(|e| err(e.to_string()))?;
        let dir = Dir::new("bench").map_err(|e| err(format!("no directory to build in: {e}")))?;
        for (file, text) in files.iter().chain(&COMMON) {
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
        Ok(Self { go: shown, dir: Arc::new(dir) })
    }

    /// Starts it.
    ///
    /// # Errors
    /// When it does not start or ends at once.
    pub(super) fn start(&self) -> Result<Program, Error> {
        let mut child = Command::new(self.dir.path().join("gobench"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .map_err(|e| Error::Go {
                go: self.go.clone(),
                why: format!("the benchmark program does not start: {e}"),
            })?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            unreachable!("both were asked for");
        };
        let (to, from) = (Some(to), BufReader::new(from));
        let mut program =
            Program { version: String::new(), go: self.go.clone(), child, to, from, _dir: Arc::clone(&self.dir) };
        // "go1.24.11 X:noswissmap" names an experiment.
        program.version = program.ask("version")?.replace(" X:", "-").replace([' ', ','], "-");
        Ok(program)
    }
}

impl Program {
    fn failed(&self, why: impl Into<String>) -> Error {
        Error::Go { go: self.go.clone(), why: why.into() }
    }

    /// Sends a line and reads the answer, without its "ok".
    ///
    /// # Errors
    /// When the program has ended.
    pub(super) fn ask(&mut self, line: &str) -> Result<String, Error> {
        let to = self.to.as_mut().expect("open until this is dropped");
        let sent = writeln!(to, "{line}").and_then(|()| to.flush());
        let mut answer = String::new();
        match sent.and_then(|()| self.from.read_line(&mut answer)) {
            Ok(_) if answer.starts_with("ok") => Ok(answer[2..].trim().to_owned()),
            _ => Err(self.failed(format!("the benchmark program ended at {line:?}"))),
        }
    }

    /// [`ask`](Self::ask) for a number.
    ///
    /// # Errors
    /// When the answer is none, or the program has ended.
    pub(super) fn number<T: std::str::FromStr>(&mut self, line: &str) -> Result<T, Error> {
        let answer = self.ask(line)?;
        answer.parse().map_err(|_| self.failed(format!("the benchmark program answered {answer:?} to {line:?}")))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // The end of its input ends it.
        drop(self.to.take());
        let _ = self.child.wait();
    }
}

/// The program for one map at a time.
#[derive(Debug)]
pub struct Go(Program);

impl Go {
    /// Builds and starts the program, for keys of this type. `go` is a go command, or the directory of a Go (its GOROOT).
    ///
    /// The environment reaches both the build and the program, so that `GOEXPERIMENT`, `GOGC` and the like have their effect.
    ///
    /// # Errors
    /// When there is no Go there, or it cannot build or run the program.
    pub fn start(go: &OsStr, key: KeyType) -> Result<Self, Error> {
        Built::new(go, &[("main.go", MAIN), ("key.go", keys_of(key))])?.start().map(Self)
    }
}

impl Runner for Go {
    fn name(&self) -> &str {
        &self.0.version
    }

    fn prepare(&mut self, case: &Case) -> Result<u64, Error> {
        self.0.number(&format!("prepare {} {} {} {}", case.workload, case.order.name(), case.n, case.ops))
    }

    fn sample(&mut self) -> Result<f64, Error> {
        self.0.number("sample")
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.0.ask("finish").map(drop)
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
