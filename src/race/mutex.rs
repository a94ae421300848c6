//! `sync.Mutex`.

use super::clock::Tid;
use super::detector::Sync;
use super::world::{self, Home};
use crate::fatal::fatal;
use std::collections::VecDeque;
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

/// `sync.Mutex`: locking and unlocking, as Go has it; what it protects is the program's affair.
///
/// The order that it makes is that of `sync/mutex.go` with `race.Acquire` and `race.Release`, and of the atomic operations on its
/// state that are instrumented too.
#[derive(Debug)]
pub struct Mutex {
    home: Home,
    sync: Sync,
    state: StdMutex<State>,
}

#[derive(Debug, Default)]
struct State {
    locked: bool,
    waiting: VecDeque<Tid>,
}

impl Default for Mutex {
    fn default() -> Self {
        Self::new()
    }
}

impl Mutex {
    /// `var mu sync.Mutex`.
    ///
    /// # Panics
    /// Outside a program.
    #[must_use]
    pub fn new() -> Self {
        Self { home: Home::here(), sync: world::new_syncs(1), state: StdMutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.home.check();
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `mu.Lock()`.
    pub fn lock(&self) {
        world::pause();
        let waits = {
            let mut s = self.state();
            if s.locked {
                s.waiting.push_back(world::current());
            }
            std::mem::replace(&mut s.locked, true)
        };
        // A compare-and-swap of the state, for the lock or to say that somebody waits.
        world::with(|d, t| d.release_acquire(t, self.sync));
        if waits {
            world::park("sync.Mutex.Lock");
        }
        world::with(|d, t| d.acquire(t, self.sync));
    }

    /// `mu.TryLock()`: whether it is locked now, by this call.
    pub fn try_lock(&self) -> bool {
        world::pause();
        if std::mem::replace(&mut self.state().locked, true) {
            return false;
        }
        world::with(|d, t| {
            d.release_acquire(t, self.sync);
            d.acquire(t, self.sync);
        });
        true
    }

    /// `mu.Unlock()`: the one who has waited longest has it then.
    ///
    /// # Panics
    /// Ends the program (`sync: unlock of unlocked mutex`) when it is not locked.
    pub fn unlock(&self) {
        world::pause();
        world::with(|d, t| {
            d.release(t, self.sync);
            d.release_acquire(t, self.sync);
        });
        let next = {
            let mut s = self.state();
            if !s.locked {
                drop(s);
                fatal("sync: unlock of unlocked mutex");
            }
            let next = s.waiting.pop_front();
            s.locked = next.is_some();
            next
        };
        if let Some(next) = next {
            world::wake(next);
        }
    }
}
