//! Running a program that may die, or not end at all, and reading all it says.

use super::recorded::Exit;
use std::io::{self, Read};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// What a process came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// How it ended; [`Exit::Never`] when it was killed because patience ran out.
    pub exit: Exit,
    /// Standard output; bytes that are not UTF-8 are replaced.
    pub stdout: String,
    /// Standard error, likewise.
    pub stderr: String,
}

/// Runs a command with no input until it ends, or kills it after `patience`.
///
/// # Errors
/// When it cannot be started or read from.
pub fn run(mut command: Command, patience: Duration) -> io::Result<Ended> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let start = Instant::now();
    let exit = loop {
        match child.try_wait()? {
            Some(status) => break Exit::from(status),
            None if start.elapsed() > patience => {
                child.kill()?;
                child.wait()?;
                break Exit::Never;
            }
            None => thread::sleep(Duration::from_micros(500)),
        }
    };
    Ok(Ended { exit, stdout: text(stdout)?, stderr: text(stderr)? })
}

fn reader(pipe: Option<impl Read + Send + 'static>) -> thread::JoinHandle<io::Result<Vec<u8>>> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        match pipe {
            Some(mut p) => p.read_to_end(&mut bytes).map(|_| bytes),
            None => Ok(bytes),
        }
    })
}

fn text(reader: thread::JoinHandle<io::Result<Vec<u8>>>) -> io::Result<String> {
    let bytes = reader.join().map_err(|_| io::Error::other("the reader died"))??;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str, patience: Duration) -> Ended {
        let mut c = Command::new("/bin/sh");
        c.args(["-c", script]);
        run(c, patience).unwrap()
    }

    #[test]
    fn ends_of_all_kinds() {
        let long = Duration::from_secs(60);
        let e = sh("echo out; echo err >&2; exit 3", long);
        assert_eq!((e.exit, &*e.stdout, &*e.stderr), (Exit::Code(3), "out\n", "err\n"));
        assert_eq!(sh("kill -9 $$", long).exit, Exit::Signal(9));
        // More than a pipe holds.
        assert_eq!(sh("head -c 300000 /dev/zero", long).stdout.len(), 300_000);
        let e = sh("echo before; exec sleep 60", Duration::from_millis(300));
        assert_eq!((e.exit, &*e.stdout), (Exit::Never, "before\n"));
    }
}
