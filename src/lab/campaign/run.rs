//! The coordinator: hands out blocks of injections to workers, and writes what they send in the order of the numbers.

use super::folder::{Folder, RESULTS, State};
use super::report;
use super::space::Space;
use super::spec::Spec;
use super::worker::{Bench, Block, Progress, work};
use super::{CampaignError, Finished};
use crate::lab::experiment::{Lab, Outcome};
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::ops::Range;
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

/// Injections of a block: those of half a tenth of a second or so.
const BLOCK: u64 = 4096;
const FORKED_BLOCK: u64 = 64;

/// A worker that is at the same injection for so long is given up.
const STUCK: Duration = Duration::from_secs(30);
/// How often the coordinator looks up from waiting.
const TICK: Duration = Duration::from_millis(100);
/// Time between two checkpoints.
const CHECKPOINT: Duration = Duration::from_millis(500);

struct Worker {
    pid: libc::pid_t,
    link: UnixStream,
    progress: &'static Progress,
    /// What it is at.
    block: Option<Range<u64>>,
    /// Injections it had begun when somebody looked last, and when that changed.
    seen: (u64, Instant),
}

/// Runs a campaign, or goes on with it where the folder has a part of it. `tick` is told now and then how many injections are
/// done, of how many.
///
/// # Errors
/// When the spec means nothing, or files or processes cannot be had.
pub fn run(
    spec: &Spec,
    folder: Option<&Path>,
    jobs: usize,
    tick: &mut dyn FnMut(u64, u64),
) -> Result<Finished, CampaignError> {
    let checked = spec.check().map_err(|e| CampaignError::Spec(e.to_string()))?;
    let lab = Lab::new(checked.version)?;
    let space = Space::new(&lab, spec)?;
    let part = spec.part(space.asked());
    let (mut folder, state) = match folder {
        Some(path) => {
            let (folder, state) = Folder::open(path, spec, part.start)?;
            (Some(folder), state)
        }
        None => (None, State::new(part.start)),
    };
    if state.next > part.end {
        return Err(CampaignError::Spec(format!("{RESULTS} has more injections than the campaign")));
    }
    let kept = state.next - part.start;
    let start = Instant::now();
    let block = if spec.forked { FORKED_BLOCK } else { BLOCK };
    let wanted = (part.end - state.next).div_ceil(block).clamp(1, 256) as usize;
    let jobs = jobs.clamp(1, wanted);
    let mut c = Coordinator {
        lab: &lab,
        space: &space,
        spec,
        todo: blocks(state.next..part.end, block),
        waiting: BTreeMap::new(),
        state,
        folder: folder.as_mut(),
        checkpoint: Instant::now(),
        part: part.clone(),
    };
    c.run(jobs, tick)?;
    let state = c.state;
    let finished = Finished {
        tally: state.tally.clone(),
        asked: part.end - part.start,
        kept,
        digest: state.digest,
        took: start.elapsed(),
        jobs,
    };
    if let Some(folder) = &folder {
        folder.checkpoint(&state)?;
        report::write(folder, spec, &finished)?;
    }
    Ok(finished)
}

fn blocks(range: Range<u64>, size: u64) -> VecDeque<Range<u64>> {
    let starts = range.clone().step_by(size as usize);
    starts.map(|start| start..(start + size).min(range.end)).collect()
}

struct Coordinator<'a> {
    lab: &'a Lab,
    space: &'a Space,
    spec: &'a Spec,
    todo: VecDeque<Range<u64>>,
    /// Blocks that came before their turn.
    waiting: BTreeMap<u64, Block>,
    state: State,
    folder: Option<&'a mut Folder>,
    checkpoint: Instant,
    part: Range<u64>,
}

impl Coordinator<'_> {
    fn run(&mut self, jobs: usize, tick: &mut dyn FnMut(u64, u64)) -> Result<(), CampaignError> {
        let mut workers: Vec<Worker> = Vec::new();
        let result = self.serve(jobs, &mut workers, tick);
        for w in workers {
            let pid = w.pid;
            if result.is_err() {
                // SAFETY: our own child.
                unsafe { libc::kill(pid, libc::SIGKILL) };
            }
            drop(w);
            // SAFETY: as above. It ends when its link is closed.
            unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
        }
        result
    }

    fn serve(
        &mut self,
        jobs: usize,
        workers: &mut Vec<Worker>,
        tick: &mut dyn FnMut(u64, u64),
    ) -> Result<(), CampaignError> {
        let total = self.part.end - self.part.start;
        while self.state.next < self.part.end {
            while workers.len() < jobs {
                let worker = self.start(workers)?;
                workers.push(worker);
            }
            for w in workers.iter_mut().filter(|w| w.block.is_none()) {
                if let Some(range) = self.todo.pop_front() {
                    let words = [range.start.to_le_bytes(), range.end.to_le_bytes()].concat();
                    w.block = Some(range);
                    // A worker that has died is found when it is heard of.
                    let _ = w.link.write_all(&words);
                }
            }
            let ready = wait(workers)?;
            for i in ready.into_iter().rev() {
                match Block::receive(&mut workers[i].link) {
                    Ok(block) => {
                        workers[i].block = None;
                        self.waiting.insert(block.first, block);
                    }
                    Err(_) => {
                        let dead = workers.swap_remove(i);
                        self.bury(dead, "the worker died")?;
                    }
                }
            }
            self.give_up_stuck(workers)?;
            self.write()?;
            let begun: u64 = workers.iter().filter(|w| w.block.is_some()).map(|w| w.begun_of_block()).sum();
            tick((self.state.next - self.part.start + begun).min(total), total);
        }
        Ok(())
    }

    /// Forks a worker.
    fn start(&self, others: &[Worker]) -> Result<Worker, CampaignError> {
        let (ours, mut theirs) = UnixStream::pair().map_err(CampaignError::Workers)?;
        let progress = shared_progress().map_err(CampaignError::Workers)?;
        // SAFETY: this process has one thread, so the child has all locks as they should be.
        let pid = unsafe { libc::fork() };
        match pid {
            -1 => Err(CampaignError::Workers(io::Error::last_os_error())),
            0 => {
                drop(ours);
                others.iter().for_each(|w| {
                    // SAFETY: the coordinator's ends, which this process does not use.
                    unsafe { libc::close(w.link.as_raw_fd()) };
                });
                // A panic is an outcome here, and no news for the terminal.
                std::panic::set_hook(Box::new(|_| {}));
                let seed = self.spec.samples.map(|_| self.spec.seed);
                let bench = self.lab.part().and_then(|()| Bench::new(self.lab, self.space, seed, self.spec.forked));
                let done =
                    bench.map_err(CampaignError::Workers).and_then(|mut bench| work(&mut bench, &mut theirs, progress));
                // SAFETY: ends the process without touching what the coordinator has too.
                unsafe { libc::_exit(i32::from(done.is_err())) }
            }
            _ => Ok(Worker { pid, link: ours, progress, block: None, seen: (0, Instant::now()) }),
        }
    }

    /// A worker is gone: the injection that it was at is a failure of the tool, the others of its block are done again.
    fn bury(&mut self, w: Worker, why: &str) -> Result<(), CampaignError> {
        let mut status = 0;
        // SAFETY: our own child.
        unsafe {
            libc::kill(w.pid, libc::SIGKILL);
            libc::waitpid(w.pid, &mut status, 0);
        }
        let Some(range) = w.block else {
            return Err(CampaignError::Workers(io::Error::other(format!("{why} before it began"))));
        };
        let at = w.progress.under_way.load(std::sync::atomic::Ordering::Relaxed);
        let Some(at) = at.checked_sub(1).filter(|at| range.contains(at)) else {
            return Err(CampaignError::Workers(io::Error::other(format!("{why} between two injections"))));
        };
        let how = if libc::WIFSIGNALED(status) && libc::WTERMSIG(status) != libc::SIGKILL {
            format!("{why} of signal {}", libc::WTERMSIG(status))
        } else {
            why.to_owned()
        };
        let p = self.space.point(at);
        let mut bench = Bench::new(self.lab, self.space, self.spec.samples.map(|_| self.spec.seed), false)
            .map_err(CampaignError::Workers)?;
        let record = bench.record(at, &p, Outcome::failed(how));
        self.waiting.insert(at, Block::failed(&record));
        for rest in [at + 1..range.end, range.start..at] {
            if !rest.is_empty() {
                self.todo.push_front(rest);
            }
        }
        Ok(())
    }

    fn give_up_stuck(&mut self, workers: &mut Vec<Worker>) -> Result<(), CampaignError> {
        for i in (0..workers.len()).rev() {
            let w = &mut workers[i];
            let begun = w.progress.begun.load(std::sync::atomic::Ordering::Relaxed);
            if begun != w.seen.0 || w.block.is_none() {
                w.seen = (begun, Instant::now());
            } else if w.seen.1.elapsed() > STUCK {
                let stuck = workers.swap_remove(i);
                self.bury(stuck, "no end after 30 seconds")?;
            }
        }
        Ok(())
    }

    /// Writes the blocks whose turn it is.
    fn write(&mut self) -> Result<(), CampaignError> {
        while let Some(block) = self.waiting.remove(&self.state.next) {
            if let Some(folder) = &mut self.folder {
                folder.append(&block.lines, &self.state)?;
            }
            self.state.take(&block.lines, block.tally, block.n);
        }
        if let Some(folder) = &self.folder
            && self.checkpoint.elapsed() > CHECKPOINT
        {
            folder.checkpoint(&self.state)?;
            self.checkpoint = Instant::now();
        }
        Ok(())
    }
}

impl Worker {
    /// Injections of its block that it has begun.
    fn begun_of_block(&self) -> u64 {
        let at = self.progress.under_way.load(std::sync::atomic::Ordering::Relaxed);
        self.block.as_ref().map_or(0, |b| at.saturating_sub(b.start).min(b.end - b.start))
    }
}

/// Waits until a worker says something, or a tick is over: the indices of those that do.
fn wait(workers: &[Worker]) -> Result<Vec<usize>, CampaignError> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    let mut fds: Vec<PollFd<'_>> = workers.iter().map(|w| PollFd::new(w.link.as_fd(), PollFlags::POLLIN)).collect();
    let timeout = PollTimeout::try_from(TICK).unwrap_or(PollTimeout::ZERO);
    match poll(&mut fds, timeout) {
        Ok(_) | Err(nix::errno::Errno::EINTR) => {}
        Err(e) => return Err(CampaignError::Workers(e.into())),
    }
    Ok((0..fds.len()).filter(|&i| fds[i].revents().is_some_and(|r| !r.is_empty())).collect())
}

/// A page that a worker and the coordinator share. There are as many as workers in the life of a campaign.
fn shared_progress() -> io::Result<&'static Progress> {
    let flags = libc::MAP_SHARED | libc::MAP_ANONYMOUS;
    // SAFETY: a fresh mapping, zero as `Progress` may be, and never given back.
    unsafe {
        let len = size_of::<Progress>();
        let p = libc::mmap(std::ptr::null_mut(), len, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0);
        if p == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(&*p.cast::<Progress>()) }
    }
}
