//! What real Go printed and how it ended, for every case of this folder's programs.
//!
//! One text file a Go version, made by `cargo run --example record -- /path/to/go` from the programs in
//! `tests/goldens/src`, already [normalised](crate::lab::normalise). A file is made of
//!
//! ```text
//! same fault.b0_unmapped_read …      these ended as under Go 1.22
//! case tamper.B20_n5_read            a case, with @LEVEL when GOTRACEBACK was set
//! exit 2                             an outcome: `exit N`, `signal N` or `never`
//! out                                its standard output, a line each, after `|`
//! |len 5
//! err                                its standard error; `:` instead of `|`: no newline at the end
//! |fatal error: fault
//! exit 0                             another outcome of the same case
//! ```

use super::{Case, Compare};
use crate::lab::{fold_buckets, fold_stdout, normalise};
use crate::version::GoVersion;
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::OnceLock;

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Exit {
    /// With this status.
    Code(i32),
    /// Killed by this signal.
    Signal(i32),
    /// Not at all, within ten seconds.
    Never,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(n) => write!(f, "exit {n}"),
            Self::Signal(n) => write!(f, "signal {n}"),
            Self::Never => f.write_str("never"),
        }
    }
}

impl FromStr for Exit {
    type Err = ();
    fn from_str(s: &str) -> Result<Self, ()> {
        match s.split_once(' ') {
            Some(("exit", n)) => n.parse().map(Self::Code).map_err(|_| ()),
            Some(("signal", n)) => n.parse().map(Self::Signal).map_err(|_| ()),
            None if s == "never" => Ok(Self::Never),
            _ => Err(()),
        }
    }
}

impl From<std::process::ExitStatus> for Exit {
    fn from(s: std::process::ExitStatus) -> Self {
        #[cfg(unix)]
        if let Some(n) = std::os::unix::process::ExitStatusExt::signal(&s) {
            return Self::Signal(n);
        }
        Self::Code(s.code().unwrap_or(-1))
    }
}

/// What a run of a program came to, normalised.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Outcome {
    /// How it ended.
    pub exit: Exit,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Bytes of a bucket of the map that every program of scattered cases uses, `map[uint64]uint64`.
const BUCKET: u64 = 144;

impl Outcome {
    /// Normalises what a run of this case printed.
    #[must_use]
    pub fn of(case: &Case, exit: Exit, stdout: &str, stderr: &str) -> Self {
        let stderr = normalise(stderr);
        match case.compare {
            Compare::Exact => Self { exit, stdout: stdout.to_owned(), stderr },
            Compare::Scattered => {
                Self { exit, stdout: fold_stdout(stdout, BUCKET), stderr: fold_buckets(&stderr, BUCKET) }
            }
            Compare::Figures => {
                let stdout = stdout.split_inclusive('\n').filter(|l| !l.starts_with("about: ")).collect();
                Self { exit, stdout, stderr }
            }
            Compare::Racy => {
                let first = stderr.split_inclusive('\n').next().unwrap_or_default().to_owned();
                Self { exit, stdout: String::new(), stderr: first }
            }
        }
    }
}

/// What one version of real Go did with a case.
#[derive(Clone, Copy, Debug)]
pub struct Recorded {
    /// The exact version: `go1.22.10`.
    pub version: &'static str,
    /// How it ended: one outcome, or several where chance decides.
    pub outcomes: &'static [Outcome],
}

impl Recorded {
    /// Whether this is what real Go does.
    #[must_use]
    pub fn contains(&self, outcome: &Outcome) -> bool {
        self.outcomes.contains(outcome)
    }

    /// Whether even real Go does not end.
    #[must_use]
    pub fn never_ends(&self) -> bool {
        self.outcomes.iter().any(|o| o.exit == Exit::Never)
    }
}

/// What one recording has, by name.
type File = HashMap<&'static str, Vec<Outcome>>;

/// The recordings of a folder, one of each version; they are read when the first outcome is wanted.
pub(crate) struct Recordings {
    /// Which rules, the exact name, the text. The first is the one that the others refer to.
    files: &'static [(GoVersion, &'static str, &'static str)],
    read: OnceLock<Vec<File>>,
}

/// The [`Recordings`] in the folder `recorded` beside the file that says this.
macro_rules! recordings {
    () => {{
        use $crate::version::GoVersion;
        $crate::lab::programs::recorded::Recordings::new(&[
            (GoVersion::V1_22, "go1.22.10", include_str!("recorded/go1.22.10.txt")),
            (GoVersion::V1_19, "go1.19.8", include_str!("recorded/go1.19.8.txt")),
            (GoVersion::V1_21, "go1.21.13", include_str!("recorded/go1.21.13.txt")),
            (GoVersion::V1_23, "go1.23.9", include_str!("recorded/go1.23.9.txt")),
            (GoVersion::V1_24, "go1.24.11 (noswissmap)", include_str!("recorded/go1.24.11-noswiss.txt")),
        ])
    }};
}
pub(in crate::lab) use recordings;

impl Recordings {
    /// Of [`recordings!`].
    pub(in crate::lab) const fn new(files: &'static [(GoVersion, &'static str, &'static str)]) -> Self {
        Self { files, read: OnceLock::new() }
    }

    fn read(&self) -> &[File] {
        self.read.get_or_init(|| {
            let mut all: Vec<File> = Vec::new();
            for (_, name, text) in self.files {
                let file = parse(text, all.first());
                all.push(file.unwrap_or_else(|e| panic!("the recording of {name} is broken: {e}")));
            }
            all
        })
    }

    /// The versions.
    pub(in crate::lab) fn versions(&self) -> impl Iterator<Item = GoVersion> {
        self.files.iter().map(|f| f.0)
    }

    /// The exact version that was recorded of a release line.
    pub(in crate::lab) fn release(&self, version: GoVersion) -> Option<&'static str> {
        self.files.iter().find(|f| f.0 == version).map(|f| f.1)
    }

    /// The outcomes of this name, and their exact version.
    pub(in crate::lab) fn lookup(&self, name: &str, version: GoVersion) -> Option<(&'static str, &[Outcome])> {
        let i = self.files.iter().position(|f| f.0 == version)?;
        Some((self.files[i].1, self.read()[i].get(name)?))
    }
}

static RECORDED: Recordings = recordings!();

/// The versions that are recorded.
pub fn versions() -> impl Iterator<Item = GoVersion> {
    RECORDED.versions()
}

/// The exact version that was recorded of a release line: `go1.22.10`.
#[must_use]
pub fn release(version: GoVersion) -> Option<&'static str> {
    RECORDED.release(version)
}

/// Every name that is recorded, with `@LEVEL` where GOTRACEBACK was set; once for each version.
pub fn names() -> impl Iterator<Item = &'static str> {
    RECORDED.read().iter().flat_map(|f| f.keys().copied())
}

/// What real Go of this release line did with the case, with `GOTRACEBACK=level` (`""` when unset).
#[must_use]
pub fn lookup(case: &Case, version: GoVersion, level: &str) -> Option<Recorded> {
    let (version, outcomes) = match level {
        "" => RECORDED.lookup(case.name, version)?,
        level => RECORDED.lookup(&format!("{}@{level}", case.name), version)?,
    };
    Some(Recorded { version, outcomes })
}

/// Reads a recording; `base` is the one that `same` lines refer to.
fn parse(text: &'static str, base: Option<&File>) -> Result<File, String> {
    let mut file = File::new();
    let mut name = "";
    let mut into_err = false;
    for (i, line) in text.lines().enumerate() {
        let bad = |what: &str| format!("line {}: {what}: {line:?}", i + 1);
        let outcomes = || bad("outside a case");
        if let Some(names) = line.strip_prefix("same ") {
            for n in names.split(' ') {
                let o = base.and_then(|b| b.get(n)).ok_or_else(|| bad("not in the base"))?;
                file.insert(n, o.clone());
            }
        } else if let Some(n) = line.strip_prefix("case ") {
            name = n;
            file.insert(n, Vec::new());
        } else if let Ok(exit) = line.parse() {
            let o = Outcome { exit, stdout: String::new(), stderr: String::new() };
            file.get_mut(name).ok_or_else(outcomes)?.push(o);
        } else if matches!(line, "out" | "err") {
            into_err = line == "err";
        } else if let Some(mark @ ('|' | ':')) = line.chars().next() {
            let o = file.get_mut(name).and_then(|f| f.last_mut()).ok_or_else(outcomes)?;
            let stream = if into_err { &mut o.stderr } else { &mut o.stdout };
            stream.push_str(&line[1..]);
            if mark == '|' {
                stream.push('\n');
            }
        } else if !line.is_empty() && !line.starts_with('#') {
            return Err(bad("what is this"));
        }
    }
    Ok(file)
}

/// Writes a recording so that [`lookup`] can read it; `base` holds the cases that it may refer to.
#[must_use]
pub fn write(title: &str, cases: &[(String, Vec<Outcome>)], base: &[(String, Vec<Outcome>)]) -> String {
    let mut out = format!("# {title}\n# Made by tests/goldens/record.rs; do not edit.\n");
    let base: HashMap<&str, &Vec<Outcome>> = base.iter().map(|(n, o)| (n.as_str(), o)).collect();
    let (same, own): (Vec<_>, Vec<_>) = cases.iter().partition(|(n, o)| base.get(n.as_str()) == Some(&o));
    let mut line = String::new();
    for (n, _) in same {
        if line.len() + n.len() > 110 {
            out.push_str(&line);
            out.push('\n');
            line.clear();
        }
        line.push_str(if line.is_empty() { "same " } else { " " });
        line.push_str(n);
    }
    if !line.is_empty() {
        out.push_str(&line);
        out.push('\n');
    }
    for (n, outcomes) in own {
        out.push_str(&format!("\ncase {n}\n"));
        for o in outcomes {
            out.push_str(&format!("{}\n", o.exit));
            for (head, text) in [("out", &o.stdout), ("err", &o.stderr)] {
                if text.is_empty() {
                    continue;
                }
                out.push_str(head);
                out.push('\n');
                for l in text.split_inclusive('\n') {
                    match l.strip_suffix('\n') {
                        Some(l) => out.push_str(&format!("|{l}\n")),
                        None => out.push_str(&format!(":{l}\n")),
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let o = |exit, stdout: &str, stderr: &str| Outcome { exit, stdout: stdout.into(), stderr: stderr.into() };
        let base = vec![("a.x".to_owned(), vec![o(Exit::Code(2), "", "fatal error: x\n\ngoroutine 1 [running]:\n")])];
        let mut cases = base.clone();
        cases.push((
            "a.y@all".into(),
            vec![o(Exit::Code(0), "no newline", ""), o(Exit::Signal(6), "out\n|\n", ":err\n\n")],
        ));
        cases.push(("a.z".into(), vec![o(Exit::Never, "", "")]));
        let first = parse(write("base", &base, &[]).leak(), None).unwrap();
        let read = parse(write("other", &cases, &base).leak(), Some(&first)).unwrap();
        assert_eq!(read.len(), cases.len());
        for (name, outcomes) in &cases {
            assert_eq!(&read[name.as_str()], outcomes, "{name}");
        }
    }

    #[test]
    fn broken_recordings_are_noticed() {
        for text in ["same a.b\n", "exit 2\n", "|x\n", "case a\n|x\n", "case a\nexit x\n", "nonsense\n"] {
            assert!(parse(text, None).is_err(), "{text:?}");
        }
    }
}
