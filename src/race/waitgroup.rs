//! `sync.WaitGroup`.

use super::clock::Tid;
use super::detector::Sync;
use super::object::Object;
use super::shadow::{Bytes, Kind};
use super::world::{self, Home};
use crate::fatal::{Value, panic_value};
use std::sync::{Mutex as StdMutex, MutexGuard, PoisonError};

/// `sync.WaitGroup`: `Done` leaves a clock, `Wait` learns of all of them.
///
/// An `Add` that makes the counter positive and the first `Wait` after it have to be ordered by something else: the detector is
/// told that one reads, and the other writes, the word that `Wait` sleeps on (`sync/waitgroup.go`).
#[derive(Debug)]
pub struct WaitGroup {
    home: Home,
    object: Object,
    sync: Sync,
    state: StdMutex<State>,
}

/// Bytes of a `sync.WaitGroup`: counter and waiters, and behind them the word that is slept on.
const SIZE: usize = 12;
const SEMA: usize = 8;

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
        let object = Object::new(SIZE);
        Self { home: Home::here(), object, sync: world::new_syncs(1), state: StdMutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.home.check();
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many wait.
    pub(crate) fn waiters(&self) -> usize {
        self.state().waiting.len()
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
        if delta > 0 && count == delta {
            raceread(self.object.addr + SEMA);
        }
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
    ///
    /// # Panics
    /// With `sync: WaitGroup is reused before previous Wait has returned`.
    pub fn wait(&self) {
        world::pause();
        let before = {
            let mut s = self.state();
            let before = s.waiting.len();
            if s.count > 0 {
                s.waiting.push(world::current());
            }
            (s.count > 0).then_some(before)
        };
        if let Some(before) = before {
            if before == 0 {
                racewrite(self.object.addr + SEMA);
            }
            world::park("sync.WaitGroup.Wait");
            let reused = self.state().count > 0;
            if reused {
                panic_value(Value::Str("sync: WaitGroup is reused before previous Wait has returned".to_owned()));
            }
        }
        world::with(|d, t| d.acquire(t, self.sync));
    }
}

/// What package sync tells the detector by: the frame of its own function is lost.
#[inline(never)]
fn raceread(addr: usize) {
    world::access(Kind::READ, Bytes { addr, size: 1 });
    std::hint::black_box(());
}

/// As [`raceread`].
#[inline(never)]
fn racewrite(addr: usize) {
    world::access(Kind::WRITE, Bytes { addr, size: 1 });
    std::hint::black_box(());
}
