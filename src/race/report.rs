//! A race, and how Go prints it.
//!
//! The text is that of `tsan_report.cpp` in its Go variant; recorded output of real Go is the judge.

use super::options::GoRace;
use crate::fatal::Program;
use crate::fatal::report::{Named, beginning, named_in};
use crate::fatal::trace::Trace;
use serde::Serialize;
use std::fmt;

/// A function that was running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Frame {
    /// Its name, as Go writes it: `main.main.func1`.
    pub function: String,
    /// The source file.
    pub file: String,
    /// The line, from 1.
    pub line: u32,
    /// Bytes from the start of the function's code.
    pub offset: usize,
}

/// One of the two accesses of a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// It wrote; otherwise it read.
    pub write: bool,
    /// The address: of the map's header, or of an element.
    pub addr: usize,
    /// The goroutine's number in reports, from 7 on; 1 is the main goroutine.
    pub goroutine: u64,
    /// What it was running, innermost first.
    pub stack: Vec<Frame>,
}

/// A goroutine that takes part in a race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Creation {
    /// Its number.
    pub goroutine: u64,
    /// It had not ended when the race was found.
    pub running: bool,
    /// What its creator was running at the `go` statement, innermost first.
    pub stack: Vec<Frame>,
}

/// Two accesses to the same memory, one of them a write, that nothing orders.
///
/// [`Display`](fmt::Display) prints it as Go does, from one row of `=` to the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Race {
    /// The access that the race was found at.
    pub access: Access,
    /// The one before it.
    pub previous: Access,
    /// The goroutines of both, except for the main one, in this order.
    pub goroutines: Vec<Creation>,
}

/// The number of the main goroutine in reports.
pub(super) const MAIN_NUMBER: u64 = 1;

const BAR: &str = "==================";

fn stack(f: &mut fmt::Formatter<'_>, frames: &[Frame]) -> fmt::Result {
    if frames.is_empty() {
        writeln!(f, "  [failed to restore the stack]")?;
    }
    for Frame { function, file, line, offset } in frames {
        writeln!(f, "  {function}()\n      {file}:{line} +{offset:#x}")?;
    }
    Ok(())
}

fn access(f: &mut fmt::Formatter<'_>, a: &Access, what: &str) -> fmt::Result {
    write!(f, "{what} at {:#014x} by ", a.addr)?;
    match a.goroutine {
        MAIN_NUMBER => writeln!(f, "main goroutine:")?,
        n => writeln!(f, "goroutine {n}:")?,
    }
    stack(f, &a.stack)
}

impl fmt::Display for Race {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{BAR}\nWARNING: DATA RACE")?;
        access(f, &self.access, if self.access.write { "Write" } else { "Read" })?;
        writeln!(f)?;
        access(f, &self.previous, if self.previous.write { "Previous write" } else { "Previous read" })?;
        for g in &self.goroutines {
            let state = if g.running { "running" } else { "finished" };
            writeln!(f, "\nGoroutine {} ({state}) created at:", g.goroutine)?;
            stack(f, &g.stack)?;
        }
        writeln!(f, "{BAR}")
    }
}

/// What Go's shadow stack would hold of a call stack.
///
/// A function of the runtime has no frame of its own there. It names itself (so its position is its first instruction) and the
/// place that it was called from. That is why, when it was called by another function of the runtime, the function of the program
/// that called that one is missing.
pub(super) fn frames(trace: &Trace, program: &Program, options: &GoRace) -> Vec<Frame> {
    let mut named = named_in(program, trace.frames());
    if let Some(end) = named.iter().position(|f| matches!(f.name.as_str(), "runtime.main" | "runtime.goexit")) {
        named.truncate(end);
    }
    let of_runtime = named.iter().take_while(|f| is_uninstrumented(&f.name)).count();
    if of_runtime > 1 {
        let lost = named[of_runtime..].iter().take_while(|f| f.inlined).count() + 1;
        named.drain(of_runtime..named.len().min(of_runtime + lost));
    }
    // What the runtime does elsewhere in the stack, such as calling deferred functions, leaves no trace there.
    let mut i = 0;
    named.retain(|f| {
        i += 1;
        i <= of_runtime || !f.name.starts_with("runtime.")
    });
    if let Some(f) = named.first_mut().filter(|f| f.name.starts_with("runtime.")) {
        f.frame.ip = f.frame.start;
        if let Some(start) = beginning(f.frame.start) {
            (f.file, f.line) = start;
        }
    }
    let shown = |f: Named| Frame {
        file: options.strip(&f.file).to_owned(),
        function: f.name,
        line: f.line,
        offset: f.frame.ip.saturating_sub(f.frame.start),
    };
    named.into_iter().map(shown).collect()
}

/// A function that does not tell the race detector who called it.
fn is_uninstrumented(name: &str) -> bool {
    name.starts_with("runtime.") || name.starts_with("sync/atomic.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text() {
        let frame = |function: &str, file: &str, line, offset| Frame {
            function: function.to_owned(),
            file: file.to_owned(),
            line,
            offset,
        };
        let race = Race {
            access: Access {
                write: false,
                addr: 0xc0_0009_40c0,
                goroutine: 1,
                stack: vec![
                    frame("runtime.mapaccess1_fast64", "runtime/map_fast64.go", 13, 0),
                    frame("main.read64", "race/ops.go", 68, 0x3c),
                ],
            },
            previous: Access { write: true, addr: 0xc0_0009_40c0, goroutine: 7, stack: Vec::new() },
            goroutines: vec![Creation {
                goroutine: 7,
                running: false,
                stack: vec![frame("main.main", "race/main.go", 37, 0x5ee)],
            }],
        };
        let text = "\
==================
WARNING: DATA RACE
Read at 0x00c0000940c0 by main goroutine:
  runtime.mapaccess1_fast64()
      runtime/map_fast64.go:13 +0x0
  main.read64()
      race/ops.go:68 +0x3c

Previous write at 0x00c0000940c0 by goroutine 7:
  [failed to restore the stack]

Goroutine 7 (finished) created at:
  main.main()
      race/main.go:37 +0x5ee
==================
";
        assert_eq!(race.to_string(), text);
    }
}
