//! `GORACE`: what the user wants of the race detector.
//!
//! Names, defaults and the grammar are those of Go's race detector manual and of the flag parser of ThreadSanitizer, which reads the
//! variable (`sanitizer_flag_parser.cpp`); what real Go says of right and wrong ones is recorded, in
//! [`lab::races`](crate::lab::races).

use std::path::PathBuf;

/// Where reports go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogPath {
    /// To standard error.
    #[default]
    Stderr,
    /// To standard output.
    Stdout,
    /// To the file with this name, a dot and the number of the process. It is made, with its folders, for the first report.
    File(PathBuf),
}

/// The options. What ThreadSanitizer has and this lacks is accepted, if its value is of the right type, and does nothing:
/// `history_size` too, for no stack is ever lost here.
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
#[error("{text}")]
pub struct GoRaceError {
    text: String,
    /// The exit status of a Go program that is started with it: `exitcode` as far as it has been read, this value itself included.
    pub exitcode: i32,
}

/// What the value of a flag may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Type {
    Bool,
    Int,
    Uptr,
    Signal,
    /// Anything.
    Text,
}

impl Type {
    /// Of ThreadSanitizer's flags; a name that it does not know may have any value. Found out by giving each flag that
    /// `GORACE=help=1` lists a wrong value, in Go 1.19, 1.22 and 1.24.
    fn of(name: &str) -> Self {
        match name {
            "abort_on_error"
            | "allocator_may_return_null"
            | "allow_addr2line"
            | "allow_user_segv_handler"
            | "can_use_proc_maps_statm"
            | "check_printf"
            | "coverage"
            | "decorate_proc_maps"
            | "demangle"
            | "detect_deadlocks"
            | "detect_leaks"
            | "detect_write_exec"
            | "die_after_fork"
            | "disable_coredump"
            | "dump_instruction_bytes"
            | "dump_registers"
            | "enable_annotations"
            | "fast_unwind_on_check"
            | "fast_unwind_on_fatal"
            | "fast_unwind_on_malloc"
            | "force_background_thread"
            | "force_seq_cst_atomics"
            | "full_address_space"
            | "halt_on_error"
            | "handle_ioctl"
            | "heap_profile"
            | "help"
            | "html_cov_report"
            | "ignore_interceptors_accesses"
            | "ignore_noninstrumented_modules"
            | "intercept_intrin"
            | "intercept_memcmp"
            | "intercept_memmem"
            | "intercept_send"
            | "intercept_stat"
            | "intercept_strchr"
            | "intercept_strcmp"
            | "intercept_strlen"
            | "intercept_strndup"
            | "intercept_strpbrk"
            | "intercept_strspn"
            | "intercept_strstr"
            | "intercept_strtok"
            | "intercept_tls_get_addr"
            | "leak_check_at_exit"
            | "legacy_pthread_cond"
            | "log_exe_name"
            | "log_to_syslog"
            | "no_huge_pages_for_shadow"
            | "print_cmdline"
            | "print_full_thread_history"
            | "print_summary"
            | "print_suppressions"
            | "report_atomic_races"
            | "report_bugs"
            | "report_destroy_locked"
            | "report_mutex_bugs"
            | "report_signal_unsafe"
            | "report_thread_leaks"
            | "running_on_valgrind"
            | "second_deadlock_stack"
            | "shared_ptr_interceptor"
            | "stop_on_start"
            | "strict_memcmp"
            | "strict_string_checks"
            | "strip_env"
            | "suppress_equal_pcs"
            | "suppress_equal_stacks"
            | "symbolize"
            | "symbolize_inline_frames"
            | "symbolize_vs_style"
            | "test_only_emulate_no_memorymap"
            | "use_madv_dontdump"
            | "use_sigaltstack"
            | "verify_interceptors" => Self::Bool,
            "allocator_release_to_os_interval_ms"
            | "atexit_sleep_ms"
            | "compress_stack_depot"
            | "dedup_token_length"
            | "exitcode"
            | "flush_memory_ms"
            | "flush_symbolizer_ms"
            | "io_sync"
            | "malloc_context_size"
            | "memory_limit_mb"
            | "print_module_map"
            | "verbosity" => Self::Int,
            "clear_shadow_mmap_threshold"
            | "hard_rss_limit_mb"
            | "history_size"
            | "max_allocation_size_mb"
            | "mmap_limit_mb"
            | "soft_rss_limit_mb" => Self::Uptr,
            "handle_abort" | "handle_segv" | "handle_sigbus" | "handle_sigfpe" | "handle_sigill" | "handle_sigtrap" => {
                Self::Signal
            }
            _ => Self::Text,
        }
    }

    /// As messages name it.
    fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Int => "int",
            Self::Uptr => "uptr",
            Self::Signal => "signal handler",
            Self::Text => "string",
        }
    }

    /// Whether this is such a value.
    fn has(self, value: &str) -> bool {
        match self {
            Self::Bool => truth(value).is_some(),
            Self::Signal => truth(value).is_some() || matches!(value, "2" | "exclusive"),
            Self::Int | Self::Uptr => int(value).1,
            Self::Text => true,
        }
    }
}

/// A truth value in words.
fn truth(value: &str) -> Option<bool> {
    match value {
        "0" | "no" | "false" => Some(false),
        "1" | "yes" | "true" => Some(true),
        _ => None,
    }
}

/// The number that a text begins with, as `strtoll` and a conversion to `int` have it, and whether it is the whole text. An
/// empty text is 0.
fn int(text: &str) -> (i32, bool) {
    let unsigned = text.trim_start_matches([' ', '\n', '\t', '\u{c}', '\r', '\u{b}']);
    let (negative, unsigned) = match unsigned.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, unsigned.strip_prefix('+').unwrap_or(unsigned)),
    };
    let digits = unsigned.bytes().take_while(u8::is_ascii_digit);
    let (n, read) = digits.fold((0_i64, 0), |(n, read), d| {
        let d = i64::from(d - b'0');
        let n = n.saturating_mul(10);
        (if negative { n.saturating_sub(d) } else { n.saturating_add(d) }, read + 1)
    });
    let whole = if read == 0 { text.is_empty() } else { read == unsigned.len() };
    (n as i32, whole)
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
    /// Numbers are read as Go's detector reads them: beyond 64 bits they are as large as they can be, and of those the low 32 bits
    /// count.
    ///
    /// # Errors
    /// What ThreadSanitizer would say before it ended the process.
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
                _ => return Err(options.error("ThreadSanitizer: ERROR: expected '=' in GORACE".to_owned())),
            };
            let value;
            (value, rest) = match after.chars().next() {
                Some(quote @ ('"' | '\'')) => after[1..]
                    .split_once(quote)
                    .ok_or_else(|| options.error("ThreadSanitizer: ERROR: unterminated string".to_owned()))?,
                _ => after.split_at(after.find(is_separator).unwrap_or(after.len())),
            };
            options.set(name, value);
            let of = Type::of(name);
            if !of.has(value) {
                let text = format!(
                    "ERROR: Invalid value for {} option: '{value}'\nThreadSanitizer: ERROR: Flag parsing failed.",
                    of.name()
                );
                return Err(options.error(text));
            }
        }
    }

    fn error(&self, text: String) -> GoRaceError {
        GoRaceError { text, exitcode: self.exitcode }
    }

    fn set(&mut self, name: &str, value: &str) {
        match name {
            "log_path" => {
                self.log_path = match value {
                    "stderr" => LogPath::Stderr,
                    "stdout" => LogPath::Stdout,
                    path => LogPath::File(path.into()),
                }
            }
            "exitcode" => self.exitcode = int(value).0,
            "strip_path_prefix" => self.strip_path_prefix = value.to_owned(),
            "halt_on_error" => self.halt_on_error = truth(value).unwrap_or(self.halt_on_error),
            "atexit_sleep_ms" => self.atexit_sleep_ms = int(value).0.try_into().unwrap_or(0),
            _ => {}
        }
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
            ("foo=1 history_size=9 log_path=stderr", d()),
            ("log_path=", GoRace { log_path: LogPath::File(PathBuf::new()), ..d() }),
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
        for (text, exitcode, want) in [
            ("halt_on_error", 66, "ThreadSanitizer: ERROR: expected '=' in GORACE"),
            ("exitcode= 7", 0, "ThreadSanitizer: ERROR: expected '=' in GORACE"),
            ("exitcode='7", 66, "ThreadSanitizer: ERROR: unterminated string"),
            ("exitcode=7 halt_on_error=maybe", 7, "ERROR: Invalid value for bool option: 'maybe'"),
            ("exitcode=x exitcode=7", 0, "ERROR: Invalid value for int option: 'x'"),
            ("exitcode=5x", 5, "ERROR: Invalid value for int option: '5x'"),
            ("history_size=x", 66, "ERROR: Invalid value for uptr option: 'x'"),
            ("handle_segv=3", 66, "ERROR: Invalid value for signal handler option: '3'"),
        ] {
            let e = GoRace::parse(text).expect_err(text);
            assert_eq!((e.to_string().lines().next(), e.exitcode), (Some(want), exitcode), "{text}");
        }
    }

    #[test]
    fn numbers() {
        for (text, n, whole) in [
            ("", 0, true),
            ("7", 7, true),
            ("+7", 7, true),
            (" -7", -7, true),
            ("007", 7, true),
            ("7 ", 7, false),
            ("-", 0, false),
            ("--7", 0, false),
            (" ", 0, false),
            ("0x10", 0, false),
            ("4294967301", 5, true),
            ("9223372036854775813", -1, true),
            ("-9223372036854775813", 0, true),
        ] {
            assert_eq!(int(text), (n, whole), "{text:?}");
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
