//! What [`SyncMap`](super::SyncMap) is made of besides memory: a mutex, and atomic accesses. Tests put others in their place,
//! by which a scheduler decides which thread is next.

use std::ops::DerefMut;

/// A mutex, and a word to the scheduler before each atomic access.
pub(super) trait Threads: 'static {
    /// `sync.Mutex`.
    type Mutex<T: Send>: Send + Sync;

    /// A mutex, unlocked.
    fn mutex<T: Send>(value: T) -> Self::Mutex<T>;

    /// Waits for it.
    fn lock<T: Send>(mutex: &Self::Mutex<T>) -> impl DerefMut<Target = T>;

    /// The thread is about to access something atomically: before that, another one may run.
    fn step();
}

/// Those of the system.
pub(super) struct System;

impl Threads for System {
    type Mutex<T: Send> = parking_lot::Mutex<T>;

    fn mutex<T: Send>(value: T) -> Self::Mutex<T> {
        parking_lot::Mutex::new(value)
    }

    #[inline(always)]
    fn lock<T: Send>(mutex: &Self::Mutex<T>) -> impl DerefMut<Target = T> {
        mutex.lock()
    }

    #[inline(always)]
    fn step() {}
}
