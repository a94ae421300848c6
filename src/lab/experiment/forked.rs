//! An injection in a process of its own, which becomes a Go program and really dies: its standard error and its exit status
//! are the evidence.

use super::fault::Fault;
use super::inject::{Hung, Striker};
use super::lab::{Ended, Lab, Shared};
use super::outcome::{Class, Outcome};
use super::rig::Rig;
use super::run::Stage;
use crate::fatal::Program;
use crate::fatal::throw::die_briefly;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicPtr, Ordering};

/// What the child is to do; lives in the parent's frame, of which the child has a copy.
struct Job<'a> {
    stage: Stage<'a>,
    striker: Striker<'a>,
    shared: &'static Shared,
}

static JOB: AtomicPtr<Job<'static>> = AtomicPtr::new(std::ptr::null_mut());

/// Where the children write their last words.
pub struct Fork<'a> {
    lab: &'a Lab,
    stderr: File,
}

impl<'a> Fork<'a> {
    /// For the injections of a laboratory.
    ///
    /// # Errors
    /// When no file in memory can be had.
    pub fn new(lab: &'a Lab) -> io::Result<Self> {
        use nix::sys::memfd::{MFdFlags, memfd_create};
        let stderr = File::from(memfd_create(c"gohmap-stderr", MFdFlags::MFD_CLOEXEC)?);
        Ok(Self { lab, stderr })
    }

    /// Injects a fault at an event, in a child process. The rig must be the one that was [entered](Rig::enter).
    ///
    /// # Errors
    /// When there is no process to be had.
    pub fn inject(&mut self, rig: &Rig, fault: Fault, event: u64) -> io::Result<Outcome> {
        let shared = self.lab.shared;
        rig.prepare();
        shared.ended.set(Ended::Never);
        self.stderr.set_len(0)?;
        self.stderr.rewind()?;
        let faults = [(event, fault)];
        let mut job = Job { stage: rig.stage(), striker: rig.striker(&faults), shared };
        JOB.store((&raw mut job).cast(), Ordering::Relaxed);
        // SAFETY: the child uses what this thread uses, and no lock that another thread may have held: workers of a
        // campaign have one thread.
        let child = unsafe { libc::fork() };
        match child {
            -1 => return Err(io::Error::last_os_error()),
            0 => self.become_child(rig),
            _ => {}
        }
        let mut status = 0;
        // SAFETY: our own child.
        while unsafe { libc::waitpid(child, &mut status, 0) } < 0 {
            let e = io::Error::last_os_error();
            if e.kind() != io::ErrorKind::Interrupted {
                return Err(e);
            }
        }
        let mut words = Vec::new();
        self.stderr.rewind()?;
        (&self.stderr).take(1 << 16).read_to_end(&mut words)?;
        let during = shared.during.get();
        let words = String::from_utf8_lossy(&words);
        if libc::WIFEXITED(status) {
            match (libc::WEXITSTATUS(status), shared.ended.get()) {
                (0, Ended::Well(strike, worst)) => return Ok(rig.judge_end(strike, worst, event, true)),
                (0, Ended::Hung) => return Ok(Outcome::new(Class::Hang, "", during)),
                (2, _) => return Ok(last_words(&words, during)),
                (code, _) => {
                    let mut o = Outcome::new(Class::ToolError, format!("exit status {code}"), during);
                    o.evidence = first_lines(&words);
                    return Ok(o);
                }
            }
        }
        let mut o = Outcome::new(Class::ToolError, format!("killed by signal {}", libc::WTERMSIG(status)), during);
        o.evidence = first_lines(&words);
        Ok(o)
    }

    fn become_child(&self, rig: &Rig) -> ! {
        // SAFETY: both descriptors are open; this process has one thread.
        unsafe { libc::dup2(self.stderr.as_raw_fd(), 2) };
        die_briefly();
        let program = Program { rules: rig.t.rt.rules(), package: module_path!(), libraries: &[] };
        crate::fault::run_main(program, child_main)
    }
}

/// `main.main` of the child.
#[inline(never)]
fn child_main() {
    // SAFETY: the job of the frame that has forked, of which this process has a copy.
    let job = unsafe { &*JOB.load(Ordering::Relaxed) };
    // SAFETY: this process may die.
    let ended = catch_unwind(AssertUnwindSafe(|| unsafe { job.stage.play(&job.striker) }));
    let how = match ended {
        Ok(()) => Ended::Well(job.striker.strike.get(), job.stage.trail.worst()),
        Err(payload) if payload.is::<Hung>() => Ended::Hung,
        Err(payload) => resume_unwind(payload),
    };
    job.shared.ended.set(how);
    // SAFETY: ends the process without touching what the parent has too.
    unsafe { libc::_exit(0) }
}

fn first_lines(words: &str) -> String {
    words.lines().take_while(|l| !l.is_empty()).collect::<Vec<_>>().join(" | ")
}

/// The outcome that a Go program's standard error tells.
fn last_words(words: &str, during: u16) -> Outcome {
    let lines: Vec<&str> = words.lines().take_while(|l| !l.is_empty()).collect();
    let signal = lines.iter().find_map(|l| l.strip_prefix("[signal ")?.strip_suffix(']'));
    let mut o = if let Some(text) = lines.iter().find_map(|l| l.strip_prefix("panic: ")) {
        Outcome::new(Class::Panic, text.to_owned(), during)
    } else if let Some(text) = lines.iter().find_map(|l| l.strip_prefix("fatal error: ")) {
        match signal.filter(|_| text == "fault") {
            Some(s) => {
                let name = s.split(':').next().unwrap_or_default();
                let code = field(s, "code=").unwrap_or_default();
                Outcome::new(Class::Fault, format!("{name} code={code:#x}"), during)
            }
            None => Outcome::new(Class::Fatal, text.to_owned(), during),
        }
    } else {
        Outcome::new(Class::ToolError, "exit status 2 without a word of Go's", during)
    };
    if let Some(s) = signal {
        (o.addr, o.pc) = (field(s, "addr="), field(s, "pc=").map(|pc| pc as usize));
    }
    o.evidence = format!("exit status 2: {}", lines.join(" | "));
    o
}

/// A hexadecimal number of a signal line.
fn field(line: &str, name: &str) -> Option<u64> {
    let (_, rest) = line.split_once(name)?;
    u64::from_str_radix(rest.split(' ').next()?.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_words_are_understood() {
        let fault = "unexpected fault address 0xc000012008\nfatal error: fault\n[signal SIGSEGV: segmentation violation \
                     code=0x2 addr=0xc000012008 pc=0x401000]\n\ngoroutine 1 [running]:\n";
        let o = last_words(fault, 3);
        assert_eq!(o.essence(), (Class::Fault, "SIGSEGV code=0x2", Some(0xc0_0001_2008)));
        assert_eq!((o.pc, o.during), (Some(0x40_1000), 3));
        let nil = "panic: runtime error: invalid memory address or nil pointer dereference\n[signal SIGSEGV: segmentation \
                   violation code=0x1 addr=0x18 pc=0x1]\n\n";
        let text = "runtime error: invalid memory address or nil pointer dereference";
        assert_eq!(last_words(nil, 0).essence(), (Class::Panic, text, Some(0x18)));
        let fatal = "fatal error: concurrent map writes\n\ngoroutine 1 [running]:\n";
        assert_eq!(last_words(fatal, 0).essence(), (Class::Fatal, "concurrent map writes", None));
        assert_eq!(last_words("nonsense\n", 0).class, Class::ToolError);
    }
}
