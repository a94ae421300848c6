//! Go's ways to end: recoverable panics, throw and fatal, goroutines, the traceback.

/// Panics with `runtime.plainError(text)`: recoverable, printed without `runtime error: `.
pub fn panic_plain(text: &'static str) -> ! {
    unimplemented!("{text}")
}

/// Panics with `runtime.errorString(text)`: recoverable, printed after `runtime error: `.
pub fn panic_error(text: String) -> ! {
    unimplemented!("{text}")
}

/// `runtime.throw`: the runtime found its own state broken. Ends the process.
pub fn throw(text: &str) -> ! {
    unimplemented!("{text}")
}

/// `runtime.fatal`: the program did what it must not. Ends the process.
pub fn fatal(text: &str) -> ! {
    unimplemented!("{text}")
}
