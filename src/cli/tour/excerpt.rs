//! The part of a crash report that is read first: the message and the goroutine that died.

/// The first lines of a report, and what was left out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Excerpt<'a> {
    /// What is shown.
    pub(super) lines: Vec<&'a str>,
    /// What is not, in words: `fp=, sp=, pc= of frames; 25 lines; 2 more goroutines`.
    pub(super) cut: Option<String>,
}

/// Everything up to the end of the first goroutine's block, at most `most` lines, without the stack addresses that a
/// throw shows for each frame. The lines are unchanged otherwise.
///
/// The goroutine at fault is always the first that Go lists.
pub(super) fn excerpt(report: &str, most: usize) -> Excerpt<'_> {
    let lines: Vec<&str> = report.lines().collect();
    let is_header = |l: &&str| l.starts_with("goroutine ") && l.ends_with("]:");
    let first = lines.iter().position(is_header);
    let end =
        first.map_or(lines.len(), |h| lines[h..].iter().position(|l| l.is_empty()).map_or(lines.len(), |n| h + n));
    let (shown, rest) = lines.split_at(end.min(most));
    let plain: Vec<&str> = shown.iter().map(|l| without_addresses(l)).collect();
    let mut cut = Vec::new();
    if plain != shown {
        cut.push("fp=, sp=, pc= of frames".to_owned());
    }
    match rest.iter().filter(|l| !l.is_empty()).count() {
        0 => {}
        n => cut.push(count(n, "line")),
    }
    match rest.iter().filter(|l| is_header(l)).count() {
        0 => {}
        n => cut.push(count(n, "more goroutine")),
    }
    Excerpt { lines: plain, cut: (!cut.is_empty()).then(|| cut.join("; ")) }
}

/// A frame's line `<tab>file:line +0x1c fp=0x… sp=0x… pc=0x…` up to the offset.
fn without_addresses(line: &str) -> &str {
    match line.find(" fp=0x") {
        Some(at) if line.starts_with('\t') => &line[..at],
        _ => line,
    }
}

fn count(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_of_one_goroutine_is_whole() {
        let report = "panic: x\n\ngoroutine 1 [running]:\nmain.f()\n\ta.go:1 +0x1\n";
        assert_eq!(excerpt(report, 40), Excerpt { lines: report.lines().collect(), cut: None });
    }

    #[test]
    fn other_goroutines_are_cut_and_counted() {
        let report = "fatal error: x\n\nruntime stack:\nruntime.f()\n\ta.go:2 +0x1\n\n\
            goroutine 7 [running]:\nmain.f()\n\ta.go:1 +0x1\n\n\
            goroutine 1 [sleep]:\nmain.main()\n\ta.go:3 +0x1\n\n\
            goroutine 8 [runnable]:\nmain.f()\n\ta.go:1 +0x1\n\nrax    0x0\n";
        let e = excerpt(report, 40);
        assert_eq!(e.lines.len(), 9);
        assert_eq!(e.lines.last(), Some(&"\ta.go:1 +0x1"));
        assert_eq!(e.cut.as_deref(), Some("7 lines; 2 more goroutines"));
    }

    #[test]
    fn a_long_block_is_cut_too() {
        let report = format!("panic: x\n\ngoroutine 1 [running]:\n{}", "main.f()\n\ta.go:1 +0x1\n".repeat(50));
        let e = excerpt(&report, 20);
        assert_eq!((e.lines.len(), e.cut.as_deref()), (20, Some("83 lines")));
    }

    #[test]
    fn addresses_of_frames_are_left_out() {
        let report = "fatal error: x\n\ngoroutine 1 [running]:\nmain.f()\n\ta.go:1 +0x1 fp=0x1 sp=0x2 pc=0x3\n";
        let e = excerpt(report, 40);
        assert_eq!(e.lines.last(), Some(&"\ta.go:1 +0x1"));
        assert_eq!(e.cut.as_deref(), Some("fp=, sp=, pc= of frames"));
    }

    #[test]
    fn a_report_without_goroutines_is_whole() {
        assert_eq!(excerpt("runtime: lost\nfatal error: x\n", 40).cut, None);
        assert_eq!(excerpt("", 40).lines, Vec::<&str>::new());
    }
}
