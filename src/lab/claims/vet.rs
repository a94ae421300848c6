//! What `go vet` says of operations on a nil map: a snippet of Go for each, looked at by a real Go.

use crate::lab::child;
use crate::lab::programs::recorded::{Exit, Outcome};
use crate::lab::toolchain::{Dir, Toolchain, reason};
use crate::version::GoVersion;
use std::collections::HashMap;
use std::fs;
use std::io;
use std::time::Duration;

/// A piece of Go that does one thing to a nil map.
#[derive(Clone, Copy, Debug)]
pub struct Snippet {
    /// Its name.
    pub name: &'static str,
    /// The operation, as the truth table calls it.
    pub operation: &'static str,
    /// The oldest Go that knows the operation.
    pub since: GoVersion,
    /// What staticcheck's documentation says that it reports here: the title of its check SA5000 (honnef.co/go/tools,
    /// `staticcheck/sa5000`, since 2017.1).
    pub sa5000: Option<&'static str>,
    text: &'static str,
}

macro_rules! snippets {
    ($($name:literal $operation:literal $since:ident $sa5000:expr;)*) => {
        /// One for each operation of the truth table.
        pub const SNIPPETS: &[Snippet] = &[$(Snippet {
            name: $name,
            operation: $operation,
            since: GoVersion::$since,
            sa5000: $sa5000,
            text: include_str!(concat!("vet/", $name, ".go")),
        }),*];
    };
}
const SA5000: Option<&str> = Some("Assignment to nil map");
snippets! {
    "compare" "m == nil" V1_19 None;
    "len" "len(m)" V1_19 None;
    "read" "m[k]" V1_19 None;
    "commaok" "v, ok := m[k]" V1_19 None;
    "iterate" "range m" V1_19 None;
    "delete" "delete(m, k)" V1_19 None;
    "assign" "m[k] = 1" V1_19 SA5000;
    "increment" "m[k]++" V1_19 SA5000;
    "opassign" "m[k] += 5" V1_19 SA5000;
    "clear" "clear(m)" V1_21 None;
    "clone" "maps.Clone(m)" V1_21 None;
}

/// What go vet does report: it shows that the folder was looked at.
const CONTROL: (&str, &str) = ("control", include_str!("vet/control.go"));

/// Runs `go vet` on all snippets. An outcome has exit status 1 when something is reported, which is on standard error.
///
/// # Errors
/// When it cannot be run, or does not even report what it is known to.
pub(super) fn run(go: &Toolchain, waiting: &mut impl FnMut()) -> io::Result<HashMap<&'static str, Outcome>> {
    let dir = Dir::new("vet")?;
    let texts = SNIPPETS.iter().map(|s| (s.name, s.text)).chain([CONTROL]);
    for (name, text) in texts {
        fs::write(dir.path().join(format!("{name}.go")), text)?;
    }
    fs::write(dir.path().join("go.mod"), format!("module nilmaps\n\ngo {}\n", go.language()))?;
    let vet = child::run(go.go().current_dir(dir.path()).args(["vet", "."]), Duration::from_secs(120), waiting)?;
    let said = |name: &str| -> String {
        let head = format!("{name}.go:");
        let own = |l: &&str| l.trim_start_matches("vet: ").trim_start_matches("./").starts_with(&head);
        vet.stderr.lines().filter(own).map(|l| format!("{l}\n")).collect()
    };
    if said(CONTROL.0).is_empty() {
        return Err(io::Error::other(format!("go vet looks at nothing: {}", reason(vet.stderr.as_bytes()))));
    }
    let outcome = |s: &Snippet| {
        let stderr = said(s.name);
        Outcome { exit: Exit::Code(i32::from(!stderr.is_empty())), stdout: String::new(), stderr }
    };
    Ok(SNIPPETS.iter().filter(|s| s.since <= go.version).map(|s| (s.name, outcome(s))).collect())
}
