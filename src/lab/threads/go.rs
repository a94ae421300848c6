//! Rounds of a real Go: the program `program/main.go`, built once, a process for each round.

use super::page::Page;
use super::{Act, Class, Race, Round, Side};
use crate::lab::child;
use crate::lab::programs::recorded::Exit;
use crate::lab::toolchain::{Dir, GoError, Toolchain};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::process::Command;

const MAIN: &str = include_str!("program/main.go");
const OLD: &str = include_str!("program/old.go.txt");
const NEW: &str = include_str!("program/new.go.txt");

/// A real Go.
pub struct RealGo {
    go: Toolchain,
    program: PathBuf,
    /// The file that its rounds count in.
    file: PathBuf,
    page: Page,
    /// Removed in the end.
    _dir: Dir,
}

impl RealGo {
    /// Builds the program by a go command, or that of a GOROOT.
    ///
    /// # Errors
    /// When there is no Go there with classic maps, or it cannot build.
    pub fn build(go: &OsStr) -> Result<Self, GoError> {
        let go = Toolchain::find(go)?;
        let err = |e: io::Error| go.error(format!("no directory to build in: {e}"));
        let dir = Dir::new("race").map_err(err)?;
        let at = |name: &str| dir.path().join(name);
        let own = if go.version.rules().has_clone { NEW } else { OLD };
        let module = format!("module gorace\n\ngo {}\n", go.language());
        for (name, text) in [("main.go", MAIN), ("clone.go", own), ("go.mod", &module)] {
            fs::write(at(name), text).map_err(err)?;
        }
        let mut build = go.go();
        build.args(["build", "-o", "gorace", "."]).current_dir(dir.path());
        go.build("the program of races does", &mut build, || {})?;
        let file = at("page");
        let open = File::options().read(true).write(true).create_new(true).open(&file).map_err(err)?;
        let page = Page::of(&open).map_err(err)?;
        Ok(Self { program: at("gorace"), file, page, go, _dir: dir })
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> crate::version::GoVersion {
        self.go.version
    }
}

impl Side for RealGo {
    fn name(&self) -> String {
        format!("real {}", self.go.release)
    }

    fn round(&mut self, race: &Race) -> io::Result<Round> {
        self.page.clear();
        let mut program = Command::new(&self.program);
        program.arg(&self.file).arg(race.threads.to_string()).arg(race.operations.to_string());
        program.args(race.acts.iter().map(|a: &Act| a.name()));
        // Only the first lines are read.
        program.env("GOTRACEBACK", "none");
        let ran = child::run(&mut program, race.patience, || {})?;
        let round = |class, kind: &str| {
            Ok(Round { class, kind: kind.to_owned(), operations: self.page.operations(), took: None })
        };
        let line = |start: &str| ran.stderr.lines().find_map(|l| l.strip_prefix(start));
        match ran.exit {
            Exit::Never => round(Class::Hang, ""),
            Exit::Code(0) if ran.stdout.is_empty() => round(Class::Fine, ""),
            Exit::Code(0) => round(Class::Silent, &ran.stdout),
            Exit::Code(2) => match (line("fatal error: "), line("panic: ")) {
                (Some("fault" | "unexpected signal during runtime execution"), _) => {
                    let signal = line("[signal ").unwrap_or_default();
                    let code = signal.split(' ').find(|w| w.starts_with("code=")).unwrap_or_default();
                    round(Class::Fault, &format!("{} {code}", signal.split(':').next().unwrap_or_default()))
                }
                (Some(text), _) => round(Class::Caught, text),
                (None, Some(text)) => round(Class::Panic, text),
                (None, None) => Err(io::Error::other("real Go's round ended with status 2 and no word of Go's")),
            },
            other => Err(io::Error::other(format!("real Go's round ended with {other:?}: {}", ran.stderr.trim()))),
        }
    }
}
