//! The tour as people read it: an opening, one block a scenario, a table and a result.

use super::excerpt::excerpt;
use super::{LIMIT, Stop};
use crate::cli::list::label;
use crate::cli::text::{Paint, WIDTH, clip, columns, fold, wrap};
use gohmap::lab::check::{Checked, Verdict};
use gohmap::lab::programs::recorded::Exit;
use gohmap::lab::programs::{Case, Compare};
use gohmap::version::GoVersion;
use std::io::{self, Write};
use std::time::Duration;

/// Lines that are shown of a report.
const REPORT_LINES: usize = 24;
/// Of standard output.
const OUTPUT_LINES: usize = 8;
/// Of a difference.
const DIFF_LINES: usize = 24;
/// Under the number of a scenario.
const INDENT: &str = "      ";

/// What people read.
pub(super) struct Page<W> {
    pub(super) out: W,
    pub(super) paint: Paint,
}

impl<W: Write> Page<W> {
    pub(super) fn opening(&mut self, go: GoVersion, n: usize) -> io::Result<()> {
        writeln!(
            self.out,
            "{}\n",
            self.paint
                .name(&format!("How a Go {go} program dies of its map: {n} scenario{}", if n == 1 { "" } else { "s" }))
        )?;
        let about = "Go's map, rebuilt without Go. Each program below breaks one in a process of its own. What it \
            writes (| standard error, > standard output) and its exit status are held against a recording of real \
            Go, addresses and line numbers aside. `gohmap crash NAME` shows a text uncut.";
        for line in wrap(about, WIDTH) {
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }

    pub(super) fn stop(&mut self, number: usize, of: usize, case: &Case, checked: &Checked) -> io::Result<()> {
        let paint = self.paint;
        let number = format!("{number}/{of}");
        writeln!(self.out, "\n{} {}", paint.faint(&format!("{number:>5}")), paint.name(label(case)))?;
        for line in wrap(&sentence(case.about), WIDTH - INDENT.len()) {
            writeln!(self.out, "{INDENT}{line}")?;
        }
        let stdout: Vec<&str> = checked.ran.stdout.lines().collect();
        let shown = stdout.len().min(OUTPUT_LINES);
        self.quote('>', &stdout[..shown])?;
        if stdout.len() > shown {
            self.cut(&format!("{} lines", stdout.len() - shown))?;
        }
        let report = excerpt(&checked.ran.stderr, REPORT_LINES);
        self.quote('|', &report.lines)?;
        if let Some(cut) = &report.cut {
            self.cut(cut)?;
        }
        let real = checked.real.unwrap_or_default();
        let end = ending(checked.ran.exit);
        match &checked.verdict {
            Verdict::Agrees => {
                let aside = match case.compare {
                    Compare::Exact => "",
                    Compare::Scattered => " (but for which bucket)",
                    Compare::Figures => " (but for its figures)",
                    Compare::Racy => " (a race: first line and status)",
                };
                writeln!(self.out, "{INDENT}{end}: {}", paint.good(&format!("agrees with {real}{aside}")))
            }
            Verdict::Unrecorded => {
                writeln!(self.out, "{INDENT}{end}: {}", paint.faint("no recording of this version to hold it against"))
            }
            Verdict::Unhandled => {
                writeln!(self.out, "{INDENT}{end}: {}", paint.faint("this build has no fault handler (portable)"))
            }
            Verdict::Differs { diff } => {
                writeln!(self.out, "{INDENT}{end}: {}", paint.bad(&format!("DIFFERS from {real}")))?;
                self.diff(real, diff)
            }
        }
    }

    /// Go's words, each line behind a mark.
    fn quote(&mut self, mark: char, lines: &[&str]) -> io::Result<()> {
        for (i, line) in lines.iter().enumerate() {
            for piece in fold(line, WIDTH - INDENT.len() - 2) {
                let piece = if i == 0 && mark == '|' { self.paint.quote(&piece) } else { piece };
                writeln!(
                    self.out,
                    "{}",
                    format!("{INDENT}{} {piece}", self.paint.faint(&mark.to_string())).trim_end()
                )?;
            }
        }
        Ok(())
    }

    fn cut(&mut self, what: &str) -> io::Result<()> {
        writeln!(self.out, "{INDENT}{}", self.paint.faint(&format!("... cut: {what}")))
    }

    fn diff(&mut self, real: &str, diff: &[String]) -> io::Result<()> {
        writeln!(self.out, "{INDENT}Lines with - are {real}'s, lines with + are this program's:")?;
        for line in diff.iter().take(DIFF_LINES) {
            for piece in fold(line, WIDTH - INDENT.len()) {
                let piece = match line.as_bytes().first() {
                    Some(b'-') => self.paint.good(&piece),
                    Some(b'+') => self.paint.bad(&piece),
                    _ => piece,
                };
                writeln!(self.out, "{}", format!("{INDENT}{piece}").trim_end())?;
            }
        }
        if diff.len() > DIFF_LINES {
            let more = format!("... {} more lines of difference", diff.len() - DIFF_LINES);
            writeln!(self.out, "{INDENT}{}", self.paint.faint(&more))?;
        }
        Ok(())
    }

    pub(super) fn closing(&mut self, stops: &[Stop], took: Duration) -> io::Result<()> {
        let paint = self.paint;
        let name = stops.iter().map(|(c, _)| columns(label(c))).max().unwrap_or(0).clamp(8, 30);
        let said = WIDTH - name - "  ".len() - "  exit ".len() - "  unrecorded".len();
        let header = format!("{:name$}  {:said$}  exit   real Go", "scenario", "its first words");
        writeln!(self.out, "\n{}", paint.name(&header))?;
        for (case, checked) in stops {
            let text = [&checked.ran.stderr, &checked.ran.stdout].into_iter().find_map(|t| t.lines().next());
            let exit = match checked.ran.exit {
                Exit::Code(status) => status.to_string(),
                Exit::Signal(sig) => format!("sig{sig}"),
                Exit::Never => "-".to_owned(),
            };
            let verdict = match checked.verdict {
                Verdict::Agrees => paint.good("agrees"),
                Verdict::Differs { .. } => paint.bad("DIFFERS"),
                Verdict::Unrecorded => paint.faint("unrecorded"),
                Verdict::Unhandled => paint.faint("unhandled"),
            };
            let (label, text) = (clip(label(case), name), clip(text.unwrap_or("(nothing)"), said));
            writeln!(self.out, "{label:name$}  {text:said$}  {exit:>5}  {verdict}")?;
        }
        writeln!(self.out, "\n{}", self.result(stops, took))
    }

    fn result(&self, stops: &[Stop], took: Duration) -> String {
        let count = |wanted: fn(&Verdict) -> bool| stops.iter().filter(|(_, c)| wanted(&c.verdict)).count();
        let agree = count(|v| *v == Verdict::Agrees);
        let unrecorded = count(|v| *v == Verdict::Unrecorded);
        let unhandled = count(|v| *v == Verdict::Unhandled);
        let judged = stops.len() - unrecorded - unhandled;
        let mut releases: Vec<&str> = stops.iter().filter_map(|(_, c)| c.real).collect();
        releases.sort_unstable();
        releases.dedup();
        let mut text = match releases.is_empty() {
            true => "None could be held against real Go".to_owned(),
            false => format!("{agree} of {judged} agree with real Go ({})", releases.join(", ")),
        };
        if unrecorded > 0 && judged > 0 {
            text += &format!("; {unrecorded} without a recording");
        }
        if unhandled > 0 {
            text += &format!("; {unhandled} faulted in a build without fault handler");
        }
        text += &format!(". {:.1} s.", took.as_secs_f64());
        match (agree == judged, judged) {
            (_, 0) => text,
            (true, _) => self.paint.good(&text),
            (false, _) => self.paint.bad(&text),
        }
    }
}

fn ending(exit: Exit) -> String {
    match exit {
        Exit::Code(status) => format!("exit status {status}"),
        Exit::Signal(sig) => format!("killed by signal {sig}"),
        Exit::Never => format!("still running after {} s, and killed", LIMIT.as_secs()),
    }
}

/// A description as a sentence.
fn sentence(about: &str) -> String {
    let mut rest = about.chars();
    rest.next().into_iter().flat_map(char::to_uppercase).chain(rest).chain(['.']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use gohmap::lab::child::Ran;
    use gohmap::lab::programs::find;

    fn stop(verdict: Verdict, exit: Exit, stderr: &str) -> Stop {
        let ran = Ran { exit, stdout: String::new(), stderr: stderr.to_owned() };
        let real = (verdict != Verdict::Unrecorded).then_some("go1.22.10");
        (find("nil-assign").expect("a scenario"), Checked { ran, real, verdict })
    }

    fn page() -> Page<Vec<u8>> {
        Page { out: Vec::new(), paint: Paint::never() }
    }

    fn shown((case, checked): &Stop) -> String {
        let mut page = page();
        page.stop(3, 12, case, checked).expect("memory can be written to");
        String::from_utf8(page.out).expect("UTF-8")
    }

    fn result(stops: &[Stop]) -> String {
        page().result(stops, Duration::from_millis(1250))
    }

    #[test]
    fn every_verdict_is_said() {
        let agrees = stop(Verdict::Agrees, Exit::Code(2), "panic: x\n");
        assert!(shown(&agrees).starts_with("\n 3/12 nil-assign\n"));
        assert!(shown(&agrees).ends_with("      | panic: x\n      exit status 2: agrees with go1.22.10\n"));
        let unrecorded = stop(Verdict::Unrecorded, Exit::Code(2), "panic: x\n");
        assert!(shown(&unrecorded).ends_with("exit status 2: no recording of this version to hold it against\n"));
        let hung = stop(Verdict::Unrecorded, Exit::Never, "");
        assert!(shown(&hung).contains("\n      still running after 30 s, and killed: no recording"));
        let diff = vec![" a".to_owned(), "-b".to_owned(), "+c".to_owned()];
        let unhandled = stop(Verdict::Unhandled, Exit::Signal(11), "");
        assert!(shown(&unhandled).ends_with("killed by signal 11: this build has no fault handler (portable)\n"));
        let differs = stop(Verdict::Differs { diff }, Exit::Signal(11), "a\nc\n");
        assert!(shown(&differs).contains("      killed by signal 11: DIFFERS from go1.22.10\n"));
        assert!(shown(&differs).ends_with("this program's:\n       a\n      -b\n      +c\n"));
    }

    #[test]
    fn long_differences_are_cut() {
        let differs = stop(Verdict::Differs { diff: vec!["-x".to_owned(); 40] }, Exit::Code(2), "");
        assert!(shown(&differs).ends_with("      -x\n      ... 16 more lines of difference\n"));
    }

    #[test]
    fn the_result_counts_what_could_be_judged() {
        let agrees = || stop(Verdict::Agrees, Exit::Code(2), "");
        let unrecorded = || stop(Verdict::Unrecorded, Exit::Code(2), "");
        let differs = || stop(Verdict::Differs { diff: Vec::new() }, Exit::Never, "");
        assert_eq!(result(&[agrees(), agrees()]), "2 of 2 agree with real Go (go1.22.10). 1.2 s.");
        assert_eq!(result(&[agrees(), differs()]), "1 of 2 agree with real Go (go1.22.10). 1.2 s.");
        assert_eq!(
            result(&[agrees(), unrecorded()]),
            "1 of 1 agree with real Go (go1.22.10); 1 without a recording. 1.2 s."
        );
        assert_eq!(
            result(&[agrees(), stop(Verdict::Unhandled, Exit::Signal(11), "")]),
            "1 of 1 agree with real Go (go1.22.10); 1 faulted in a build without fault handler. 1.2 s."
        );
        assert_eq!(result(&[unrecorded()]), "None could be held against real Go. 1.2 s.");
    }
}
