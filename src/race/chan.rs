//! Channels.

use super::clock::Tid;
use super::detector::Sync;
use super::object::Object;
use super::shadow::{Bytes, Kind};
use super::world::{self, Home};
use crate::fatal::panic_plain;
use std::collections::VecDeque;
use std::hint::black_box;
use std::sync::{Arc, Mutex as StdMutex, MutexGuard, PoisonError};

/// Go's `chan T`; a copy of the handle is the same channel.
///
/// The order that it makes is that of `racesync` and `racenotify` in `runtime/chan.go`: without a buffer, sender and receiver
/// learn of each other; each slot of a buffer passes on what its last user left. A slot of a type without size is one for all. To the
/// detector a send reads the channel and `close` writes it, so that a send that nothing orders with a `close` is a race.
#[derive(Debug)]
pub struct Chan<T>(Arc<Inner<T>>);

impl<T> Clone for Chan<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

#[derive(Debug)]
struct Inner<T> {
    home: Home,
    object: Object,
    capacity: usize,
    /// The channel itself, and then each slot.
    sync: Sync,
    state: StdMutex<State<T>>,
}

/// Where a waiting receiver gets its value; none from a closed channel.
type Mailbox<T> = Arc<StdMutex<Option<T>>>;

#[derive(Debug)]
struct State<T> {
    buffer: VecDeque<T>,
    receivers: VecDeque<(Tid, Mailbox<T>)>,
    /// Who waits to send what. The flag says that the channel was closed meanwhile.
    senders: VecDeque<(Tid, T, Arc<StdMutex<bool>>)>,
    closed: bool,
    /// `sendx` and `recvx`.
    next_send: usize,
    next_receive: usize,
}

/// Bytes of an `hchan`.
const HCHAN: usize = 96;
/// Offset of its `buf`, whose address is the channel's for the detector (`raceaddr`).
const BUF: usize = 16;

fn lock<T: ?Sized>(m: &StdMutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<T: Send> Chan<T> {
    /// `make(chan T, capacity)`.
    ///
    /// # Panics
    /// Outside a program.
    #[must_use]
    pub fn make(capacity: usize) -> Self {
        Self(Arc::new(Inner {
            home: Home::here(),
            object: Object::new(HCHAN),
            capacity,
            sync: world::new_syncs(1 + capacity as u64),
            state: StdMutex::new(State {
                buffer: VecDeque::new(),
                receivers: VecDeque::new(),
                senders: VecDeque::new(),
                closed: false,
                next_send: 0,
                next_receive: 0,
            }),
        }))
    }

    /// `c <- v`.
    ///
    /// # Panics
    /// With `send on closed channel`.
    #[inline]
    pub fn send(&self, v: T) {
        self.0.home.check();
        world::pause();
        chansend(&self.0, v);
    }

    /// `v, ok := <-c`: no value from a channel that is closed and empty.
    #[inline]
    pub fn recv(&self) -> Option<T> {
        self.0.home.check();
        world::pause();
        chanrecv(&self.0)
    }

    /// `close(c)`.
    ///
    /// # Panics
    /// With `close of closed channel`.
    #[inline]
    pub fn close(&self) {
        self.0.home.check();
        world::pause();
        closechan(&self.0);
    }
}

impl<T> Inner<T> {
    fn access(&self, kind: Kind) {
        world::access(kind, Bytes { addr: self.object.addr + BUF, size: 1 });
    }

    fn slot(&self, i: usize) -> Sync {
        match self.capacity == 0 || size_of::<T>() == 0 {
            true => self.sync,
            false => Sync(self.sync.0 + 1 + i as u64),
        }
    }

    /// `racenotify`: goroutine `t` uses slot `i` of the buffer.
    fn notify(&self, i: usize, t: Tid) {
        let slot = self.slot(i);
        world::with(|d, _| match size_of::<T>() {
            0 => {
                d.acquire(t, slot);
                d.release(t, slot);
            }
            _ => d.exchange(t, slot),
        });
    }

    /// `racesync`: this goroutine meets one that waits.
    fn meet(&self, other: Tid) {
        world::with(|d, t| {
            d.release(t, self.sync);
            d.acquire(other, self.sync);
            d.release(other, self.sync);
            d.acquire(t, self.sync);
        });
    }

    fn after(&self, i: usize) -> usize {
        (i + 1) % self.capacity
    }
}

#[inline(never)]
fn chansend<T>(c: &Inner<T>, v: T) {
    c.access(Kind::READ);
    let mut s = lock(&c.state);
    if s.closed {
        drop(s);
        panic_plain("send on closed channel");
    }
    if let Some((receiver, mailbox)) = s.receivers.pop_front() {
        if c.capacity == 0 {
            c.meet(receiver);
        } else {
            // As if the value went through the buffer.
            c.notify(s.next_receive, world::current());
            c.notify(s.next_receive, receiver);
            s.next_receive = c.after(s.next_receive);
            s.next_send = s.next_receive;
        }
        *lock(&mailbox) = Some(v);
        world::wake(receiver);
    } else if s.buffer.len() < c.capacity {
        c.notify(s.next_send, world::current());
        s.buffer.push_back(v);
        s.next_send = c.after(s.next_send);
    } else {
        let closed = Arc::new(StdMutex::new(false));
        s.senders.push_back((world::current(), v, Arc::clone(&closed)));
        drop(s);
        world::park("chan send");
        if *lock(&closed) {
            panic_plain("send on closed channel");
        }
    }
    black_box(());
}

#[inline(never)]
fn chanrecv<T>(c: &Inner<T>) -> Option<T> {
    let mut s = lock(&c.state);
    if let Some((sender, v, _)) = s.senders.pop_front() {
        let got = if c.capacity == 0 {
            c.meet(sender);
            v
        } else {
            // The buffer is full: the sender's value takes the slot that becomes free.
            c.notify(s.next_receive, world::current());
            c.notify(s.next_receive, sender);
            s.next_receive = c.after(s.next_receive);
            s.next_send = s.next_receive;
            s.buffer.push_back(v);
            s.buffer.pop_front()?
        };
        world::wake(sender);
        return black_box(Some(got));
    }
    if let Some(v) = s.buffer.pop_front() {
        c.notify(s.next_receive, world::current());
        s.next_receive = c.after(s.next_receive);
        return black_box(Some(v));
    }
    if s.closed {
        world::with(|d, t| d.acquire(t, c.sync));
        return None;
    }
    let mailbox = Mailbox::default();
    s.receivers.push_back((world::current(), Arc::clone(&mailbox)));
    drop(s);
    world::park("chan receive");
    black_box(lock(&mailbox).take())
}

#[inline(never)]
fn closechan<T>(c: &Inner<T>) {
    let mut s = lock(&c.state);
    if s.closed {
        drop(s);
        panic_plain("close of closed channel");
    }
    c.access(Kind::WRITE);
    world::with(|d, t| d.release(t, c.sync));
    s.closed = true;
    let receivers = s.receivers.drain(..).map(|(tid, _)| tid);
    let woken: Vec<Tid> = receivers.collect();
    let senders: Vec<Tid> = s
        .senders
        .drain(..)
        .map(|(tid, _, closed)| {
            *lock(&closed) = true;
            tid
        })
        .collect();
    for tid in woken.into_iter().chain(senders) {
        world::with(|d, _| d.acquire(tid, c.sync));
        world::wake(tid);
    }
    black_box(());
}
