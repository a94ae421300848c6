//! `GORACE`: what the user wants of the race detector.
//!
//! Names, defaults and the grammar are those of Go's race detector manual and of the flag parser of ThreadSanitizer, which reads the
//! variable (`sanitizer_flag_parser.cpp`); what real Go says of wrong ones was recorded.

use std::path::PathBuf;

/// Where reports go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogPath {
    /// To standard error.
    #[default]
    Stderr,
    /// To standard output.
    Stdout,
    /// To the file with this name, a dot and the number of the process.
    File(PathBuf),
}

/// The options. What Go's has and this lacks is accepted and does nothing: `history_size` too, for no stack is ever lost here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoRace {
    /// `log_path`.
    pub log_path: LogPath,
    /// `exitcode`: the status of a program with races that would end with 0.
    pub exitcode: i32,
    /// `strip_path_prefix`: what comes before a file's name, and this itself, is left out.
    pub strip_path_prefix: String,
    /// `halt_on_error`: the first race ends the program.
    pub halt_on_error: bool,
    /// `atexit_sleep_ms`: for how long the other goroutines may go on when `main` has returned. Here it is an upper bound:
    /// it ends when none of them can.
    pub atexit_sleep_ms: u64,
}

impl Default for GoRace {
    fn default() -> Self {
        Self {
            log_path: LogPath::Stderr,
            exitcode: 66,
            strip_path_prefix: String::new(),
            halt_on_error: false,
            atexit_sleep_ms: 1000,
        }
    }
}

/// A text that cannot be `GORACE`. Its message is ThreadSanitizer's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GoRaceError {
    /// A name without a value.
    #[error("ThreadSanitizer: ERROR: expected '=' in GORACE")]
    NoValue,
    /// A quotation mark that is not closed.
    #[error("ThreadSanitizer: ERROR: unterminated string in GORACE")]
    Unterminated,
    /// Neither true nor false.
    #[error("ERROR: Invalid value for bool option: '{0}'\nThreadSanitizer: ERROR: Flag parsing failed.")]
    Bool(String),
    /// No number.
    #[error("ERROR: Invalid value for int option: '{0}'\nThreadSanitizer: ERROR: Flag parsing failed.")]
    Int(String),
}

impl GoRace {
    /// Reads the value of the environment variable; empty when it is not set.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_env() -> Result<Self, GoRaceError> {
        Self::parse(&std::env::var("GORACE").unwrap_or_default())
    }

    /// Reads options like `halt_on_error=1 log_path=race.txt`: separated by blanks, commas or colons; the last of a name
    /// counts, and names that nobody knows do not.
    ///
    /// # Errors
    /// What ThreadSanitizer would say before it ended the process with status 66, or the `exitcode` given before it.
    pub fn parse(text: &str) -> Result<Self, GoRaceError> {
        let mut options = Self::default();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches(is_separator);
            if rest.is_empty() {
                return Ok(options);
            }
            let (name, after) = match rest.find(|c| c == '=' || is_separator(c)) {
                Some(i) if rest[i..].starts_with('=') => (&rest[..i], &rest[i + 1..]),
                _ => return Err(GoRaceError::NoValue),
            };
            let value;
            (value, rest) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..].split_once(quote).ok_or(GoRaceError::Unterminated)?,
                _ => after.split_at(after.find(is_separator).unwrap_or(after.len())),
            };
            options.set(name, value)?;
        }
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), GoRaceError> {
        let int = |v: &str| v.parse::<i32>().map_err(|_| GoRaceError::Int(v.to_owned()));
        match name {
            "log_path" => {
                self.log_path = match value {
                    "stderr" | "" => LogPath::Stderr,
                    "stdout" => LogPath::Stdout,
                    path => LogPath::File(path.into()),
                }
            }
            "exitcode" => self.exitcode = int(value)?,
            "strip_path_prefix" => self.strip_path_prefix = value.to_owned(),
            "halt_on_error" => {
                self.halt_on_error = match value {
                    "0" | "no" | "false" => false,
                    "1" | "yes" | "true" => true,
                    _ => return Err(GoRaceError::Bool(value.to_owned())),
                }
            }
            "atexit_sleep_ms" => self.atexit_sleep_ms = int(value)?.try_into().unwrap_or(0),
            "history_size" => drop(int(value)?),
            _ => {}
        }
        Ok(())
    }

    /// The name of a file without `strip_path_prefix` and what comes before it.
    pub(super) fn strip<'f>(&self, file: &'f str) -> &'f str {
        let prefix = &self.strip_path_prefix;
        match file.find(prefix.as_str()) {
            Some(i) if !prefix.is_empty() => &file[i + prefix.len()..],
            _ => file,
        }
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, ' ' | ',' | ':' | '\n' | '\t' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_real_go_takes() {
        let d = GoRace::default;
        for (text, want) in [
            ("", d()),
            (" = ", d()),
            ("foo=1 history_size=9", d()),
            ("halt_on_error=1:exitcode=5", GoRace { halt_on_error: true, exitcode: 5, ..d() }),
            ("halt_on_error=yes,exitcode='6'", GoRace { halt_on_error: true, exitcode: 6, ..d() }),
            ("exitcode=1 exitcode=9", GoRace { exitcode: 9, ..d() }),
            ("log_path=stdout atexit_sleep_ms=0", GoRace { log_path: LogPath::Stdout, atexit_sleep_ms: 0, ..d() }),
            ("log_path=/tmp/a=b", GoRace { log_path: LogPath::File("/tmp/a=b".into()), ..d() }),
            ("strip_path_prefix=\"a b\"", GoRace { strip_path_prefix: "a b".to_owned(), ..d() }),
        ] {
            assert_eq!(GoRace::parse(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_real_go_does_not_take() {
        for (text, want) in [
            ("halt_on_error", "ThreadSanitizer: ERROR: expected '=' in GORACE"),
            (
                "halt_on_error=maybe",
                "ERROR: Invalid value for bool option: 'maybe'\nThreadSanitizer: ERROR: Flag parsing failed.",
            ),
            (
                "exitcode=0x10",
                "ERROR: Invalid value for int option: '0x10'\nThreadSanitizer: ERROR: Flag parsing failed.",
            ),
        ] {
            assert_eq!(GoRace::parse(text).map_err(|e| e.to_string()), Err(want.to_owned()), "{text}");
        }
    }

    #[test]
    fn prefixes() {
        let strip = |prefix: &str, file| {
            GoRace { strip_path_prefix: prefix.to_owned(), ..GoRace::default() }.strip(file).to_owned()
        };
        assert_eq!(strip("race/", "race/ops.go"), "ops.go");
        assert_eq!(strip("map_fast64", "runtime/map_fast64.go"), ".go");
        assert_eq!(strip("", "a.go"), "a.go");
        assert_eq!(strip("x", "a.go"), "a.go");
    }
}
