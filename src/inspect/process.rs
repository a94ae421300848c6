//! Another process: its memory (process_vm_readv(2)), its mappings, and stopping it while it is looked at (ptrace(2)).

use super::memory::Unreadable;
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use std::cell::RefCell;
use std::fs;
use std::io::IoSliceMut;
use std::path::{Path, PathBuf};

/// Reads memory of a process.
pub(super) fn read_of(pid: Pid, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
    let len = buf.len();
    let mut done = 0;
    while done < len {
        let remote = RemoteIoVec { base: (addr as usize).wrapping_add(done), len: len - done };
        match process_vm_readv(pid, &mut [IoSliceMut::new(&mut buf[done..])], &[remote]) {
            Ok(0) | Err(Errno::EFAULT | Errno::EINVAL | Errno::ENOMEM) => return Err(Unreadable::At { addr, len }),
            Ok(n) => done += n,
            Err(e) => return Err(Unreadable::Target(why_not(pid, e))),
        }
    }
    Ok(())
}

/// Why a process cannot be read, and what to do about it.
fn why_not(pid: Pid, e: Errno) -> String {
    match e {
        Errno::ESRCH => format!("process {pid} has exited; start it again, or inspect a core of it"),
        Errno::EPERM | Errno::EACCES => format!(
            "no permission to read process {pid}: run as its user or as root (where kernel.yama.ptrace_scope is 1, as root)"
        ),
        e => format!("process {pid} cannot be read: {e}"),
    }
}

/// A process that is looked at.
#[derive(Debug)]
pub struct Process {
    /// Its number.
    pub pid: Pid,
    /// Threads that are stopped.
    stopped: RefCell<Vec<Pid>>,
}

/// A line of `/proc/PID/maps` (proc_pid_maps(5)).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// The address behind.
    pub end: u64,
    /// `r`, `w` and `x`, as bits 4, 2 and 1.
    pub access: u8,
    /// Where in the file it begins.
    pub offset: u64,
    /// The file, or a name in brackets, or nothing.
    pub path: String,
}

impl Process {
    /// A process by its number.
    ///
    /// # Errors
    /// When there is none, in one line.
    pub fn new(pid: i32) -> Result<Self, String> {
        let pid = Pid::from_raw(pid);
        if !Path::new(&format!("/proc/{pid}")).exists() {
            return Err(format!("there is no process {pid}"));
        }
        Ok(Self { pid, stopped: RefCell::default() })
    }

    /// The file that it runs.
    #[must_use]
    pub fn exe(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/exe", self.pid))
    }

    /// Its mappings.
    ///
    /// # Errors
    /// When they cannot be read, in one line.
    pub fn mappings(&self) -> Result<Vec<Mapping>, String> {
        let text = fs::read_to_string(format!("/proc/{}/maps", self.pid)).map_err(|e| {
            why_not(
                self.pid,
                e.raw_os_error()
                    .map_or(Errno::UnknownErrno, |e| if e == 2 { Errno::ESRCH } else { Errno::from_raw(e) }),
            )
        })?;
        Ok(text.lines().filter_map(mapping).collect())
    }

    /// Its auxiliary vector (`/proc/PID/auxv`, proc(5)).
    ///
    /// # Errors
    /// When it cannot be read, in one line.
    pub fn auxv(&self) -> Result<Vec<u8>, String> {
        fs::read(format!("/proc/{}/auxv", self.pid))
            .map_err(|e| why_not(self.pid, e.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)))
    }

    /// Stops all its threads until this value goes, or this process ends, however it ends: the kernel then lets a tracee run on.
    ///
    /// # Errors
    /// When it must not be traced, or another tracer is there: in one line.
    pub fn stop(&self) -> Result<(), String> {
        let mut stopped = self.stopped.borrow_mut();
        // A thread may be born while the others are being stopped.
        loop {
            let before = stopped.len();
            let tasks =
                fs::read_dir(format!("/proc/{}/task", self.pid)).map_err(|_| why_not(self.pid, Errno::ESRCH))?;
            for task in tasks.flatten() {
                let Some(tid) = task.file_name().to_str().and_then(|t| t.parse().ok()).map(Pid::from_raw) else {
                    continue;
                };
                if stopped.contains(&tid) {
                    continue;
                }
                let stop = || {
                    ptrace::seize(tid, ptrace::Options::empty())?;
                    ptrace::interrupt(tid)?;
                    waitpid(tid, Some(WaitPidFlag::__WALL))
                };
                match stop() {
                    Ok(_) => stopped.push(tid),
                    Err(Errno::ESRCH) => {} // it has ended
                    Err(Errno::EPERM) => {
                        return Err(format!(
                            "process {} cannot be stopped: another tracer has it, or run as its user or as root",
                            self.pid
                        ));
                    }
                    Err(e) => return Err(why_not(self.pid, e)),
                }
            }
            if stopped.len() == before {
                return Ok(());
            }
        }
    }

    /// Lets all threads run on that have been stopped.
    pub fn resume(&self) {
        for tid in self.stopped.take() {
            // One that has ended needs nothing any more.
            let _ = ptrace::detach(tid, None);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.resume();
    }
}

fn mapping(line: &str) -> Option<Mapping> {
    let mut f = line.splitn(6, ' ');
    let (range, access, offset) = (f.next()?, f.next()?, f.next()?);
    let path = f.nth(2).unwrap_or("").trim_start();
    let (start, end) = range.split_once('-')?;
    let hex = |s| u64::from_str_radix(s, 16).ok();
    let bits = access.bytes().zip([(b'r', 4), (b'w', 2), (b'x', 1)]).filter(|(c, (want, _))| c == want);
    Some(Mapping {
        start: hex(start)?,
        end: hex(end)?,
        access: bits.map(|(_, (_, bit))| bit).sum(),
        offset: hex(offset)?,
        path: path.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_maps() {
        let m = mapping("00400000-00480000 r-xp 00001000 fe:00 1234                       /usr/bin/a b").unwrap();
        assert_eq!((m.start, m.end, m.access, m.offset), (0x40_0000, 0x48_0000, 5, 0x1000));
        assert_eq!(m.path, "/usr/bin/a b");
        let m = mapping("c000000000-c000400000 rw-p 00000000 00:00 0 ").unwrap();
        assert_eq!((m.access, m.path.as_str()), (6, ""));
        assert_eq!(mapping("nonsense"), None);
    }

    #[test]
    fn own_memory_and_what_is_not_there() {
        let words = [1_u64, 2, 3];
        let mut buf = [0; 24];
        read_of(Pid::this(), words.as_ptr().expose_provenance() as u64, &mut buf).unwrap();
        assert_eq!(&buf[8..16], &2_u64.to_le_bytes());
        assert_eq!(read_of(Pid::this(), 8, &mut buf), Err(Unreadable::At { addr: 8, len: 24 }));
        assert_eq!(read_of(Pid::this(), 1 << 63, &mut buf), Err(Unreadable::At { addr: 1 << 63, len: 24 }));
        assert!(Process::new(i32::MAX).unwrap_err().contains("there is no process"));
    }
}
