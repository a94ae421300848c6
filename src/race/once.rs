//! `sync.Once`.

use super::detector::Sync;
use super::mutex::Mutex;
use super::world::{self, Home};
use std::sync::atomic::{AtomicBool, Ordering};

/// `sync.Once`: a function that runs once, before any call returns.
#[derive(Debug)]
pub struct Once {
    home: Home,
    done: AtomicBool,
    sync: Sync,
    mutex: Mutex,
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl Once {
    /// `var once sync.Once`.
    ///
    /// # Panics
    /// Outside a program.
    #[must_use]
    pub fn new() -> Self {
        Self { home: Home::here(), done: AtomicBool::new(false), sync: world::new_syncs(1), mutex: Mutex::new() }
    }

    /// `once.Do(f)`. When `f` panics it has run all the same.
    #[inline]
    pub fn call(&self, f: impl FnOnce()) {
        once_do(self, f);
    }
}

#[inline(never)]
fn once_do(o: &Once, f: impl FnOnce()) {
    o.home.check();
    world::pause();
    if !o.done.load(Ordering::Relaxed) {
        once_doSlow(o, f);
    }
    world::with(|d, t| d.acquire(t, o.sync));
    std::hint::black_box(());
}

/// What is deferred in `doSlow`, last first.
struct Deferred<'a>(&'a Once);

impl Drop for Deferred<'_> {
    fn drop(&mut self) {
        self.0.done.store(true, Ordering::Relaxed);
        world::with(|d, t| d.release(t, self.0.sync));
        self.0.mutex.unlock();
    }
}

#[expect(non_snake_case, reason = "Go's name, which its reports show")]
#[inline(never)]
fn once_doSlow(o: &Once, f: impl FnOnce()) {
    o.mutex.lock();
    if o.done.load(Ordering::Relaxed) {
        o.mutex.unlock();
    } else {
        let _deferred = Deferred(o);
        f();
    }
}
