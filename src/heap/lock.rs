//! The heap's lock: nearly free for the first thread that takes it, an ordinary mutex from the moment a second one does.
//!
//! A small map costs some tens of nanoseconds from `make` to its end, and takes the lock three times on the way; a locked
//! instruction takes ten of them. So the lock begins *biased*: its first user owns it and marks itself busy by a plain
//! store. Another thread that comes has to take the bias away, once and for all: it retracts the ownership, makes every
//! running thread pass a memory barrier (membarrier(2)), and waits until the owner is not busy. Where the system has no
//! such barrier, the lock is a mutex from the start.

use std::cell::{Cell, UnsafeCell};
use std::ops::{Deref, DerefMut};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicUsize, compiler_fence};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Nobody has taken the lock yet.
const FREE: usize = usize::MAX;
/// Several threads have: the mutex decides.
const SHARED: usize = usize::MAX - 1;

thread_local! {
    /// Number of this thread; 0 until it first takes a lock the slow way. Numbers are not used again.
    static THREAD: Cell<usize> = const { Cell::new(0) };
}

fn number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    if THREAD.get() == 0 {
        THREAD.set(NEXT.fetch_add(1, Relaxed));
    }
    THREAD.get()
}

/// A value for one thread at a time.
#[derive(Debug)]
pub(super) struct Lock<T> {
    /// Number of the thread that the lock is biased towards, or [`FREE`], or [`SHARED`]. Changes only under `mutex`.
    owner: AtomicUsize,
    /// Somebody has the value.
    busy: AtomicBool,
    mutex: Mutex<()>,
    value: UnsafeCell<T>,
}

// SAFETY: a guard is the only way to the value, and only one exists at a time (see `lock`).
unsafe impl<T: Send> Sync for Lock<T> {}

impl<T> Lock<T> {
    pub(super) fn new(value: T) -> Self {
        Self {
            owner: AtomicUsize::new(FREE),
            busy: AtomicBool::new(false),
            mutex: Mutex::new(()),
            value: UnsafeCell::new(value),
        }
    }

    /// Waits for the value.
    ///
    /// # Panics
    /// When this thread has it already.
    #[inline]
    pub(super) fn lock(&self) -> Guard<'_, T> {
        let me = THREAD.get();
        if self.owner.load(Relaxed) == me {
            assert!(!self.busy.load(Relaxed), "the heap's lock is taken twice");
            self.busy.store(true, Relaxed);
            // Orders the store before the load: for the compiler here, for the processor by the barrier of whoever
            // retracts the ownership. Either this thread sees the retraction, or the other sees it busy.
            compiler_fence(SeqCst);
            if self.owner.load(Relaxed) == me {
                return Guard { lock: self, mutex: None };
            }
            self.busy.store(false, Release);
        }
        self.lock_slowly()
    }

    #[cold]
    fn lock_slowly(&self) -> Guard<'_, T> {
        let me = number();
        let mutex = self.mutex.lock().unwrap_or_else(PoisonError::into_inner);
        match self.owner.load(Relaxed) {
            FREE if barrier::available() => {
                self.busy.store(true, Relaxed);
                self.owner.store(me, Relaxed);
                // Later threads find the lock busy; the mutex is not needed any more.
                return Guard { lock: self, mutex: None };
            }
            FREE => self.owner.store(SHARED, Relaxed),
            SHARED => {}
            _ => {
                self.owner.store(SHARED, SeqCst);
                barrier::pass();
                while self.busy.load(Acquire) {
                    std::thread::yield_now();
                }
            }
        }
        Guard { lock: self, mutex: Some(mutex) }
    }
}

/// The value, until this is dropped.
pub(super) struct Guard<'a, T> {
    lock: &'a Lock<T>,
    /// Absent for the thread that the lock is biased towards.
    mutex: Option<MutexGuard<'a, ()>>,
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        // SAFETY: this guard is the only one: it came with the mutex, whose earlier holder has waited for a biased
        // guard to go; or it is the owner's, who was not busy, and whoever retracts the ownership waits for it.
        unsafe { &*self.lock.value.get() }
    }
}

impl<T> DerefMut for Guard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.lock.value.get() }
    }
}

impl<T> Drop for Guard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.mutex.is_none() {
            self.lock.busy.store(false, Release);
        }
    }
}

/// A memory barrier that one thread makes all others of the process pass.
#[cfg(all(target_os = "linux", not(miri)))]
mod barrier {
    use std::sync::OnceLock;

    fn membarrier(command: libc::c_int) -> bool {
        // SAFETY: the call has no effect on memory but its order.
        unsafe { libc::syscall(libc::SYS_membarrier, command, 0, 0) == 0 }
    }

    /// Whether there is such a thing.
    pub(super) fn available() -> bool {
        static AVAILABLE: OnceLock<bool> = OnceLock::new();
        *AVAILABLE.get_or_init(|| membarrier(libc::MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED))
    }

    /// Returns when all threads have passed it.
    pub(super) fn pass() {
        if !membarrier(libc::MEMBARRIER_CMD_PRIVATE_EXPEDITED) {
            // Forbidden since it was registered (seccomp): a change of protection reaches all processors too, but there
            // is no telling how; better to end than to go on with two owners.
            std::process::abort();
        }
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
mod barrier {
    /// There is none.
    pub(super) fn available() -> bool {
        false
    }

    /// Never called.
    pub(super) fn pass() {}
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two threads count, the second coming in while the first is at it; again and again, for each time the bias is taken
    /// away only once.
    #[test]
    fn nothing_is_lost_when_a_second_thread_comes() {
        let rounds = if cfg!(miri) { 3 } else { 500 };
        for round in 0..rounds {
            let lock = Lock::new([0_u64; 2]);
            let count = |n: u64| {
                for _ in 0..n {
                    let mut v = lock.lock();
                    let next = v[0] + 1;
                    assert_eq!(v[1], v[0], "half a step");
                    v[0] = next;
                    v[1] = next;
                }
            };
            std::thread::scope(|s| {
                s.spawn(|| count(if cfg!(miri) { 20 } else { 2000 }));
                s.spawn(|| {
                    for _ in 0..round {
                        std::hint::spin_loop();
                    }
                    count(10);
                });
            });
            assert_eq!(lock.lock()[0], if cfg!(miri) { 30 } else { 2010 });
        }
    }

    #[test]
    fn one_thread_after_the_other() {
        let lock = Lock::new(0);
        for i in 0..3 {
            std::thread::scope(|s| {
                s.spawn(|| *lock.lock() += 1);
            });
            assert_eq!(*lock.lock(), i + 1);
        }
    }

    #[test]
    #[should_panic(expected = "taken twice")]
    #[cfg(all(target_os = "linux", not(miri)))]
    fn twice_is_a_mistake() {
        let lock = Lock::new(());
        let _first = lock.lock();
        let _second = lock.lock();
    }
}
