//! Ways for a goroutine to wait, with the frames that Go shows of one that does: `time.Sleep`, channels.

use super::goroutine::with_current;
use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// `runtime.gopark`: waits in state `why` until `f` returns.
#[inline(never)]
fn gopark<R>(why: &'static str, f: impl FnOnce() -> R) -> R {
    black_box(with_current(|g| g.wait(why, f)))
}

/// `time.Sleep`.
#[inline(always)]
pub fn sleep(d: Duration) {
    time_sleep(d);
}

#[inline(never)]
fn time_sleep(d: Duration) {
    let end = Instant::now() + d;
    gopark("sleep", || std::thread::sleep(end.saturating_duration_since(Instant::now())));
    black_box(());
}

/// An unbounded channel of an emulated program: enough to start and join goroutines.
pub struct Chan<T>(Arc<(Mutex<VecDeque<T>>, Condvar)>);

impl<T> Clone for Chan<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// A channel.
#[must_use]
pub fn chan<T>() -> Chan<T> {
    Chan(Arc::new((Mutex::new(VecDeque::new()), Condvar::new())))
}

impl<T> Chan<T> {
    /// `c <- v`; never waits.
    pub fn send(&self, v: T) {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(v);
        self.0.1.notify_one();
    }

    /// `<-c`.
    #[inline(always)]
    pub fn recv(&self) -> T {
        chanrecv1(self)
    }
}

#[inline(never)]
fn chanrecv1<T>(c: &Chan<T>) -> T {
    black_box(chanrecv(c))
}

#[inline(never)]
fn chanrecv<T>(c: &Chan<T>) -> T {
    let mut q = c.0.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(v) = q.pop_front() {
        return v;
    }
    black_box(gopark("chan receive", move || {
        loop {
            if let Some(v) = q.pop_front() {
                return v;
            }
            q = c.0.1.wait(q).unwrap_or_else(PoisonError::into_inner);
        }
    }))
}
