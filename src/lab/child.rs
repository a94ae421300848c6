//! Programs in a process of their own: started, read to the end, and killed when they do not come to one.

use super::programs::recorded::Exit;
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// What is kept of each output. A report with hundreds of goroutines is some 100 KB.
const KEPT: u64 = 1 << 20;

/// How often a caller that shows progress hears of a program that is still running.
const TICK: Duration = Duration::from_millis(100);

/// A program that has ended.
#[derive(Clone, Debug)]
pub struct Ran {
    /// How it ended; [`Exit::Never`] when it was still running at its time's end, and was killed.
    pub exit: Exit,
    /// Its standard output, at most a megabyte of it.
    pub stdout: String,
    /// Its standard error, at most a megabyte of it.
    pub stderr: String,
}

/// Runs a program without standard input until it ends or `limit` is over, and calls `waiting` every 100 ms meanwhile.
///
/// It counts as ended when it has closed its outputs and exited. Bytes that are no UTF-8 come as U+FFFD.
///
/// # Errors
/// When it cannot be started, or its outputs cannot be read.
pub fn run(program: &mut Command, limit: Duration, mut waiting: impl FnMut()) -> io::Result<Ran> {
    let mut child = program.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let start = Instant::now();
    let (closed, end_of_output) = channel();
    let stdout = drain(child.stdout.take().expect("stdout is piped"), closed.clone());
    let stderr = drain(child.stderr.take().expect("stderr is piped"), closed);
    let exit = loop {
        let left = limit.saturating_sub(start.elapsed());
        if left.is_zero() {
            child.kill()?;
            child.wait()?;
            break Exit::Never;
        }
        match end_of_output.recv_timeout(left.min(TICK)) {
            // Nobody ever sends: the channel ends when both readers have dropped their sender.
            Ok(()) | Err(RecvTimeoutError::Timeout) => waiting(),
            Err(RecvTimeoutError::Disconnected) => match child.try_wait()? {
                Some(status) => break Exit::from(status),
                None => thread::sleep(Duration::from_millis(1)),
            },
        }
    };
    let text = |reader: thread::JoinHandle<io::Result<Vec<u8>>>| {
        let bytes = reader.join().expect("the reader of a program's output does not panic")?;
        io::Result::Ok(String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(Ran { exit, stdout: text(stdout)?, stderr: text(stderr)? })
}

/// Reads an output to its end on a thread of its own, so that a program that fills one pipe is not stuck on it.
fn drain(pipe: impl Read + Send + 'static, closed: Sender<()>) -> thread::JoinHandle<io::Result<Vec<u8>>> {
    thread::spawn(move || {
        let _closed = closed;
        let mut kept = Vec::new();
        pipe.take(KEPT).read_to_end(&mut kept)?;
        Ok(kept)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str, limit: Duration) -> Ran {
        run(Command::new("sh").args(["-c", script]), limit, || {}).expect("sh runs")
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn outputs_and_status_are_kept_apart() {
        let ran = sh("echo out; echo err >&2; exit 7", LONG);
        assert_eq!((ran.exit, &*ran.stdout, &*ran.stderr), (Exit::Code(7), "out\n", "err\n"));
    }

    #[test]
    fn a_killing_signal_is_told() {
        assert_eq!(sh("kill -SEGV $$", LONG).exit, Exit::Signal(11));
    }

    #[test]
    fn what_hangs_is_killed_and_what_it_said_is_kept() {
        let mut ticks = 0;
        let mut hanging = Command::new("sh");
        hanging.args(["-c", "echo before; exec sleep 600"]);
        let ran = run(&mut hanging, Duration::from_millis(450), || ticks += 1).expect("sh runs");
        assert_eq!((ran.exit, &*ran.stdout), (Exit::Never, "before\n"));
        assert!(ticks >= 2, "told {ticks} times that it still runs");
    }

    #[test]
    fn closing_its_outputs_does_not_end_a_program() {
        let start = Instant::now();
        assert_eq!(sh("exec >&- 2>&-; sleep 0.3; exit 3", LONG).exit, Exit::Code(3));
        assert!(start.elapsed() >= Duration::from_millis(300));
    }

    #[test]
    fn endless_output_ends_the_program_instead_of_the_memory() {
        let ran = sh("exec yes", LONG);
        assert_eq!(ran.stdout.len() as u64, KEPT);
        assert_eq!(ran.exit, Exit::Signal(libc::SIGPIPE));
    }

    #[test]
    fn a_program_that_is_not_there_is_an_error() {
        assert!(run(&mut Command::new("/nonexistent/program"), LONG, || {}).is_err());
    }
}
