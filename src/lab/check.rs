//! A scenario run as a process of its own and held against the recorded outcomes of real Go.

use super::child::{self, Ran};
use super::programs::Case;
use super::programs::recorded::{self, Exit, Outcome};
use crate::layout::mem::HAVE_ASM;
use crate::version::GoVersion;
use similar::TextDiff;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Whether a scenario did what real Go did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Its outcome is among those recorded.
    Agrees,
    /// It is not.
    Differs {
        /// The lines of a unified diff from the recorded outcome that is most like it (`-`) to this one (`+`), without
        /// headers.
        diff: Vec<String>,
    },
    /// Nothing is recorded for this scenario and version.
    Unrecorded,
    /// It faulted, and this build has no fault handler that would make Go's death of it: the system's own came.
    Unhandled,
}

/// A scenario that has been run and judged.
#[derive(Clone, Debug)]
pub struct Checked {
    /// What its process did.
    pub ran: Ran,
    /// The release that was recorded, such as `go1.22.10`.
    pub real: Option<&'static str>,
    /// The judgement.
    pub verdict: Verdict,
}

/// Runs `gohmap crash CASE --go VERSION` with the command at `gohmap` and compares. `limit` and `waiting` as in
/// [`child::run`].
///
/// GOTRACEBACK is unset for it, as it was for the recording.
///
/// # Errors
/// When the process cannot be started or read.
pub fn check(
    case: &Case,
    version: GoVersion,
    gohmap: &Path,
    limit: Duration,
    waiting: impl FnMut(),
) -> io::Result<Checked> {
    let mut command = Command::new(gohmap);
    command.args(["crash", case.name, "--go", version.name()]).env_remove("GOTRACEBACK");
    let ran = child::run(&mut command, limit, waiting)?;
    let recorded = recorded::lookup(case, version, "");
    let ours = Outcome::of(case, ran.exit, &ran.stdout, &ran.stderr);
    let verdict = match &recorded {
        None => Verdict::Unrecorded,
        Some(real) if real.contains(&ours) => Verdict::Agrees,
        Some(_) if !HAVE_ASM && matches!(ran.exit, Exit::Signal(libc::SIGSEGV | libc::SIGBUS)) => Verdict::Unhandled,
        Some(real) => Verdict::Differs { diff: nearest_diff(real.outcomes, &ours) },
    };
    Ok(Checked { ran, real: recorded.map(|r| r.version), verdict })
}

/// All that is compared, as one text.
fn transcript(outcome: &Outcome) -> String {
    // A text without its last newline is another text, and must not look the same because something follows.
    let section = |name: &str, text: &str| match text {
        "" => String::new(),
        t if t.ends_with('\n') => format!("({name})\n{t}"),
        t => format!("({name})\n{t}(no newline here)\n"),
    };
    let (out, err) = (section("standard output", &outcome.stdout), section("standard error", &outcome.stderr));
    format!("{out}{err}({})\n", outcome.exit)
}

/// The shortest of the diffs from each recorded outcome.
fn nearest_diff(real: &[Outcome], ours: &Outcome) -> Vec<String> {
    let ours = transcript(ours);
    real.iter().map(|r| diff(&transcript(r), &ours)).min_by_key(Vec::len).unwrap_or_default()
}

/// The changed lines with two lines of context, each marked ` `, `-` or `+`.
fn diff(real: &str, ours: &str) -> Vec<String> {
    let diff = TextDiff::from_lines(real, ours);
    let mut lines = Vec::new();
    for hunk in diff.unified_diff().context_radius(2).iter_hunks() {
        lines.extend(hunk.iter_changes().map(|c| format!("{}{}", c.tag(), c.value().trim_end_matches('\n'))));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(stdout: &str, stderr: &str, exit: Exit) -> Outcome {
        Outcome { exit, stdout: stdout.to_owned(), stderr: stderr.to_owned() }
    }

    #[test]
    fn each_part_counts() {
        let real = [outcome("out\n", "panic: x\n", Exit::Code(2))];
        for (ours, expected) in [
            (outcome("", "panic: x\n", Exit::Code(2)), "-out"),
            (outcome("out\n", "panic: y\n", Exit::Code(2)), "+panic: y"),
            (outcome("out\n", "panic: x", Exit::Code(2)), "+panic: x(no newline here)"),
            (outcome("out\n", "panic: x\n", Exit::Code(0)), "+(exit 0)"),
            (outcome("out\n", "panic: x\n", Exit::Signal(11)), "+(signal 11)"),
            (outcome("out\n", "panic: x\n", Exit::Never), "+(never)"),
            (outcome("out\npanic: x\n", "", Exit::Code(2)), "-(standard error)"),
        ] {
            let d = nearest_diff(&real, &ours);
            assert!(d.iter().any(|l| l == expected), "{expected} not in {d:#?}");
        }
    }

    #[test]
    fn a_diff_shows_only_the_neighbourhood() {
        let real: String = (0..40).map(|i| format!("{i}\n")).collect();
        let ours = real.replace("20\n", "twenty\n");
        assert_eq!(diff(&real, &ours), [" 18", " 19", "-20", "+twenty", " 21", " 22"]);
    }

    #[test]
    fn the_nearest_of_several_outcomes_is_shown() {
        let real = [outcome("", "a\nb\nc\n", Exit::Code(2)), outcome("", "x\n", Exit::Code(0))];
        let d = nearest_diff(&real, &outcome("", "x\n", Exit::Code(2)));
        assert_eq!(d, [" (standard error)", " x", "-(exit 0)", "+(exit 2)"]);
    }
}
