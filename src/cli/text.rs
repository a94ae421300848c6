//! Text for people: 80 columns, and colours where they are wanted.

use anstyle::{AnsiColor, Style};
use std::env;
use std::io::IsTerminal;

/// The columns that everything fits into.
pub(super) const WIDTH: usize = 80;

/// Puts colours on words, or does not.
#[derive(Clone, Copy)]
pub(super) struct Paint(bool);

impl Paint {
    /// Colours for a terminal, unless NO_COLOR is set to something or the terminal is a dumb one.
    pub(super) fn for_stream(stream: &impl IsTerminal) -> Self {
        let set = |name, unwanted: fn(&str) -> bool| env::var(name).is_ok_and(|v| unwanted(&v));
        Self(stream.is_terminal() && !set("NO_COLOR", |v| !v.is_empty()) && !set("TERM", |v| v == "dumb"))
    }

    #[cfg(test)]
    pub(super) fn never() -> Self {
        Self(false)
    }

    fn with(self, style: Style, text: &str) -> String {
        if self.0 { format!("{style}{text}{style:#}") } else { text.to_owned() }
    }

    /// The name of something.
    pub(super) fn name(self, text: &str) -> String {
        self.with(Style::new().bold(), text)
    }

    /// What is as it should be.
    pub(super) fn good(self, text: &str) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }

    /// What is not.
    pub(super) fn bad(self, text: &str) -> String {
        self.with(AnsiColor::Red.on_default().bold(), text)
    }

    /// What may be overlooked.
    pub(super) fn faint(self, text: &str) -> String {
        self.with(Style::new().dimmed(), text)
    }

    /// What somebody else said.
    pub(super) fn quote(self, text: &str) -> String {
        self.with(AnsiColor::Yellow.on_default(), text)
    }
}

/// Breaks prose into lines of at most `width` columns. A longer word stands on a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Breaks a line that must stay as it is, after a space where there is one near enough; every piece but the last ends
/// with `\`, so that taking out `\` and line break gives the line again.
pub(super) fn fold(line: &str, width: usize) -> Vec<String> {
    let mut rest: Vec<char> = line.replace('\t', "    ").chars().collect();
    let mut pieces = Vec::new();
    while rest.len() > width {
        let at = (width / 2..width).rev().find(|i| rest[i - 1] == ' ').unwrap_or(width - 1);
        let tail = rest.split_off(at);
        pieces.push(rest.into_iter().chain(['\\']).collect());
        rest = tail;
    }
    pieces.push(rest.into_iter().collect());
    pieces
}

/// The beginning of a text, with `...` where it does not fit.
pub(super) fn clip(text: &str, width: usize) -> String {
    if columns(text) <= width {
        return text.to_owned();
    }
    text.chars().take(width - 3).chain("...".chars()).collect()
}

/// Columns on a terminal: what is written here is of single-width characters.
pub(super) fn columns(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_breaks_between_words() {
        assert_eq!(wrap("one two  three\nfour", 9), ["one two", "three", "four"]);
        assert_eq!(wrap("incomprehensible as it is", 8), ["incomprehensible", "as it is"]);
        assert!(wrap("", 8).is_empty());
    }

    #[test]
    fn quotations_break_visibly_and_lose_nothing() {
        assert_eq!(fold("abcdefgh", 8), ["abcdefgh"]);
        assert_eq!(fold("abcdefghi", 8), ["abcdefg\\", "hi"]);
        assert_eq!(fold("abcde fgh ij", 8), ["abcde \\", "fgh ij"]);
        assert_eq!(fold("a bcdefghij", 8), ["a bcdef\\", "ghij"]);
        assert_eq!(fold("\tx", 8), ["    x"]);
        assert_eq!(fold("", 8), [""]);
        let long = "0123456789".repeat(30);
        let pieces = fold(&long, 73);
        assert!(pieces.iter().all(|p| columns(p) <= 73));
        assert_eq!(pieces.iter().map(|p| p.trim_end_matches('\\')).collect::<String>(), long);
    }

    #[test]
    fn clipping_says_so() {
        assert_eq!(clip("abcdef", 6), "abcdef");
        assert_eq!(clip("abcdefg", 6), "abc...");
    }
}
