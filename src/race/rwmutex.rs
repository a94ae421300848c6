//! `sync.RWMutex`.

use super::clock::Tid;
use super::detector::Sync;
use super::world::{self, Home};
use crate::fatal::fatal;
use std::collections::VecDeque;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

/// `sync.RWMutex`: many readers or one writer; a writer that waits keeps new readers out.
///
/// The order that it makes is that of the `race.Acquire` and `race.Release` in `sync/rwmutex.go`: readers learn of the writer
/// before them, a writer of the readers and the writer before it, readers nothing of each other.
#[derive(Debug)]
pub struct RwMutex {
    home: Home,
    /// `readerSem`, where writers leave their clocks.
    writers: Sync,
    /// `writerSem`, where readers leave theirs.
    readers: Sync,
    state: StdMutex<State>,
}

#[derive(Debug, Default)]
struct State {
    reading: usize,
    writing: bool,
    /// Who waits, and whether to write.
    waiting: VecDeque<(Tid, bool)>,
}

impl State {
    /// Lets in those who may, and returns them.
    fn admit(&mut self) -> Vec<Tid> {
        let mut admitted = Vec::new();
        while let Some(&(tid, writes)) = self.waiting.front() {
            if self.writing || writes && self.reading > 0 {
                break;
            }
            self.waiting.pop_front();
            if writes {
                self.writing = true;
            } else {
                self.reading += 1;
            }
            admitted.push(tid);
        }
        admitted
    }
}

impl Default for RwMutex {
    fn default() -> Self {
        Self::new()
    }
}

impl RwMutex {
    /// `var mu sync.RWMutex`.
    ///
    /// # Panics
    /// Outside a program.
    #[must_use]
    pub fn new() -> Self {
        let Sync(first) = world::new_syncs(2);
        Self { home: Home::here(), writers: Sync(first), readers: Sync(first + 1), state: StdMutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.home.check();
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until it may read or write.
    fn enter(&self, writes: bool, why: &'static str) {
        world::pause();
        let admitted = {
            let mut s = self.state();
            s.waiting.push_back((world::current(), writes));
            s.admit()
        };
        // Whoever waited before could not be let in now either.
        if admitted.is_empty() {
            world::park(why);
        }
    }

    /// `mu.RLock()`.
    pub fn rlock(&self) {
        self.enter(false, "sync.RWMutex.RLock");
        world::with(|d, t| d.acquire(t, self.writers));
    }

    /// `mu.RUnlock()`.
    ///
    /// # Panics
    /// Ends the program (`sync: RUnlock of unlocked RWMutex`) when nobody reads.
    pub fn runlock(&self) {
        world::pause();
        world::with(|d, t| d.release_merge(t, self.readers));
        let admitted = {
            let mut s = self.state();
            if s.reading == 0 {
                drop(s);
                fatal("sync: RUnlock of unlocked RWMutex");
            }
            s.reading -= 1;
            s.admit()
        };
        admitted.into_iter().for_each(world::wake);
    }

    /// `mu.Lock()`.
    pub fn lock(&self) {
        self.enter(true, "sync.RWMutex.Lock");
        world::with(|d, t| {
            d.acquire(t, self.writers);
            d.acquire(t, self.readers);
        });
    }

    /// `mu.Unlock()`.
    ///
    /// # Panics
    /// Ends the program (`sync: Unlock of unlocked RWMutex`) when nobody writes.
    pub fn unlock(&self) {
        world::pause();
        world::with(|d, t| d.release(t, self.writers));
        let admitted = {
            let mut s = self.state();
            if !s.writing {
                drop(s);
                fatal("sync: Unlock of unlocked RWMutex");
            }
            s.writing = false;
            s.admit()
        };
        admitted.into_iter().for_each(world::wake);
    }
}
