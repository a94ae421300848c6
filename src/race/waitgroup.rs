//! `sync.WaitGroup`.

use super::clock::Tid;
use super::detector::Sync;
use super::world::{self, Home};
use crate::fatal::{Value, panic_value};
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

/// `sync.WaitGroup`: `Done` leaves a clock, `Wait` learns of all of them.
#[derive(Debug)]
pub struct WaitGroup {
    home: Home,
    sync: Sync,
    state: StdMutex<State>,
}

#[derive(Debug, Default)]
struct State {
    count: i64,
    waiting: Vec<Tid>,
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitGroup {
    /// `var wg sync.WaitGroup`.
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

    /// `wg.Add(delta)`.
    ///
    /// # Panics
    /// With `sync: negative WaitGroup counter`.
    pub fn add(&self, delta: i64) {
        world::pause();
        if delta < 0 {
            world::with(|d, t| d.release_merge(t, self.sync));
        }
        let (count, woken) = {
            let mut s = self.state();
            s.count += delta;
            let woken = if s.count == 0 { std::mem::take(&mut s.waiting) } else { Vec::new() };
            (s.count, woken)
        };
        if count < 0 {
            panic_value(Value::Str("sync: negative WaitGroup counter".to_owned()));
        }
        woken.into_iter().for_each(world::wake);
    }

    /// `wg.Done()`.
    ///
    /// # Panics
    /// As [`add`](Self::add).
    pub fn done(&self) {
        self.add(-1);
    }

    /// `wg.Wait()`.
    pub fn wait(&self) {
        world::pause();
        let waits = {
            let mut s = self.state();
            let waits = s.count > 0;
            if waits {
                s.waiting.push(world::current());
            }
            waits
        };
        if waits {
            world::park("sync.WaitGroup.Wait");
        }
        world::with(|d, t| d.acquire(t, self.sync));
    }
}
