//! What may order two operations, in two forms: used in a way that does not order them, and in one that does. Original:
//! `tests/race_detector/go/edges.go`, with the same functions under the same names.
#![expect(non_snake_case, reason = "Go's names, which reports show")]

use super::globals::Globals;
use super::ops::Op;
use super::{go_op, nothing, only};
use crate::lab::programs::mark;
use crate::race::{self, Chan, Mutex, Once, RwMutex, Var, WaitGroup};
use std::sync::Arc;

/// A program: its operations are `a` and `b`.
pub(super) type Edge = fn(&Arc<Globals>, a: Op, b: Op);

/// An edge: its name, what it teaches, the form that does not order its operations, and the one that does.
pub(super) struct Pair {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) racy: Edge,
    pub(super) synced: Edge,
}

macro_rules! edges {
    ($($name:literal $racy:ident $synced:ident $about:literal;)*) => {
        /// All of them.
        pub(super) const EDGES: &[Pair] = &[$(Pair { name: $name, about: $about, racy: $racy, synced: $synced }),*];
    };
}
edges! {
    "gostart" goStartRacy goStart "a goroutine sees what was done before its go statement, not what is done after it";
    "join" joinRacy join "goroutines that are waited for one by one, or both at the end";
    "chan" chanRacy chanSynced "a send happens before its receive completes";
    "chanreceive" chanReceiveRacy chanReceive "a receive happens before the send completes, unless there is a buffer";
    "chanbuffered" chanBufferedRacy chanBuffered "a send into a buffer happens before its receive";
    "semaphore" semaphoreRacy semaphore "a buffered channel is a lock if it holds one value, not if it holds two";
    "close" closeRacy closeSynced "closing a channel happens before a receive that says so";
    "mutex" mutexRacy mutex "unlocking a mutex happens before the next lock of the same one";
    "mutexonesided" mutexOneSidedRacy mutexOneSided "a mutex helps only those who lock it";
    "rwmutexwrite" rwmutexWriteRacy rwmutexWrite "Unlock happens before RLock; readers are not ordered";
    "rwmutexread" rwmutexReadRacy rwmutexRead "RUnlock happens before the next Lock of the same one";
    "waitgroup" waitGroupRacy waitGroup "Done happens before the Wait that it ends";
    "once" onceRacy once "the function that Do runs happens before any Do returns";
    "atomicstore" atomicStoreRacy atomicStore "an atomic store happens before the load that sees it";
    "atomicadd" atomicAddRacy atomicAdd "an atomic addition happens before a later one of the same variable";
    "atomiccas" atomicCASRacy atomicCAS "compare-and-swap as a lock, unlocked before or after the operation";
}

#[inline(never)]
fn goStartRacy(g: &Arc<Globals>, a: Op, b: Op) {
    go_op(g, a);
    only(1);
    b(g);
    mark!();
}

#[inline(never)]
fn goStart(g: &Arc<Globals>, a: Op, b: Op) {
    a(g);
    go_op(g, b);
    only(1);
    mark!();
}

#[inline(never)]
fn joinRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let finished = Chan::make(2);
    let g2 = Arc::clone(g);
    let finished2 = finished.clone();
    race::go(move || {
        a(&g2);
        finished2.send(1);
        mark!();
    });
    only(1);
    let g2 = Arc::clone(g);
    let finished2 = finished.clone();
    race::go(move || {
        b(&g2);
        finished2.send(1);
        mark!();
    });
    finished.recv();
    finished.recv();
    mark!();
}

#[inline(never)]
fn join(g: &Arc<Globals>, a: Op, b: Op) {
    let finished = Chan::make(2);
    let g2 = Arc::clone(g);
    let finished2 = finished.clone();
    race::go(move || {
        a(&g2);
        finished2.send(1);
        mark!();
    });
    finished.recv();
    let g2 = Arc::clone(g);
    let finished2 = finished.clone();
    race::go(move || {
        b(&g2);
        finished2.send(1);
        mark!();
    });
    finished.recv();
    mark!();
}

#[inline(never)]
fn chanRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::make(0);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        c2.send(1);
        a(&g2);
        mark!();
    });
    c.recv();
    only(1);
    b(g);
    mark!();
}

#[inline(never)]
fn chanSynced(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::make(0);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        a(&g2);
        c2.send(1);
        mark!();
    });
    c.recv();
    b(g);
    mark!();
}

#[inline(never)]
fn chanReceiveRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::make(1);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        a(&g2);
        c2.recv();
        mark!();
    });
    c.send(1);
    only(1);
    b(g);
    mark!();
}

#[inline(never)]
fn chanReceive(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::make(0);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        a(&g2);
        c2.recv();
        mark!();
    });
    c.send(1);
    b(g);
    mark!();
}

#[inline(never)]
fn chanBufferedRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::make(3);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        c2.send(1);
        a(&g2);
        mark!();
    });
    only(1);
    c.recv();
    b(g);
    mark!();
}

#[inline(never)]
fn chanBuffered(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::make(3);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        a(&g2);
        c2.send(1);
        mark!();
    });
    c.recv();
    b(g);
    mark!();
}

#[inline(never)]
fn semaphoreRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let sem = Chan::make(2);
    let g2 = Arc::clone(g);
    let sem2 = sem.clone();
    race::go(move || {
        sem2.send(1);
        a(&g2);
        sem2.recv();
        mark!();
    });
    only(1);
    sem.send(1);
    b(g);
    sem.recv();
    mark!();
}

#[inline(never)]
fn semaphore(g: &Arc<Globals>, a: Op, b: Op) {
    let sem = Chan::make(1);
    let g2 = Arc::clone(g);
    let sem2 = sem.clone();
    race::go(move || {
        sem2.send(1);
        a(&g2);
        sem2.recv();
        mark!();
    });
    only(1);
    sem.send(1);
    b(g);
    sem.recv();
    mark!();
}

#[inline(never)]
fn closeRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::<i32>::make(0);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        c2.close();
        a(&g2);
        mark!();
    });
    c.recv();
    only(1);
    b(g);
    mark!();
}

#[inline(never)]
fn closeSynced(g: &Arc<Globals>, a: Op, b: Op) {
    let c = Chan::<i32>::make(0);
    let g2 = Arc::clone(g);
    let c2 = c.clone();
    race::go(move || {
        a(&g2);
        c2.close();
        mark!();
    });
    c.recv();
    b(g);
    mark!();
}

#[inline(never)]
fn mutexRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(Mutex::new());
    let other = Mutex::new();
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.lock();
        a(&g2);
        mu2.unlock();
        mark!();
    });
    only(1);
    other.lock();
    b(g);
    other.unlock();
    mark!();
}

#[inline(never)]
fn mutex(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(Mutex::new());
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.lock();
        a(&g2);
        mu2.unlock();
        mark!();
    });
    only(1);
    mu.lock();
    b(g);
    mu.unlock();
    mark!();
}

#[inline(never)]
fn mutexOneSidedRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(Mutex::new());
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.lock();
        a(&g2);
        mu2.unlock();
        mark!();
    });
    only(1);
    b(g);
    mark!();
}

#[inline(never)]
fn mutexOneSided(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(Mutex::new());
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.lock();
        a(&g2);
        mu2.unlock();
        mark!();
    });
    only(1);
    mu.lock();
    mu.unlock();
    b(g);
    mark!();
}

#[inline(never)]
fn rwmutexWriteRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(RwMutex::new());
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.rlock();
        a(&g2);
        mu2.runlock();
        mark!();
    });
    only(1);
    mu.rlock();
    b(g);
    mu.runlock();
    mark!();
}

#[inline(never)]
fn rwmutexWrite(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(RwMutex::new());
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.lock();
        a(&g2);
        mu2.unlock();
        mark!();
    });
    only(1);
    mu.rlock();
    b(g);
    mu.runlock();
    mark!();
}

#[inline(never)]
fn rwmutexReadRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(RwMutex::new());
    let other = RwMutex::new();
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.rlock();
        a(&g2);
        mu2.runlock();
        mark!();
    });
    only(1);
    other.lock();
    b(g);
    other.unlock();
    mark!();
}

#[inline(never)]
fn rwmutexRead(g: &Arc<Globals>, a: Op, b: Op) {
    let mu = Arc::new(RwMutex::new());
    let g2 = Arc::clone(g);
    let mu2 = Arc::clone(&mu);
    race::go(move || {
        mu2.rlock();
        a(&g2);
        mu2.runlock();
        mark!();
    });
    only(1);
    mu.lock();
    b(g);
    mu.unlock();
    mark!();
}

#[inline(never)]
fn waitGroupRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let wg = Arc::new(WaitGroup::new());
    wg.add(1);
    let g2 = Arc::clone(g);
    let wg2 = Arc::clone(&wg);
    race::go(move || {
        wg2.done();
        a(&g2);
        mark!();
    });
    wg.wait();
    only(1);
    b(g);
    mark!();
}

#[inline(never)]
fn waitGroup(g: &Arc<Globals>, a: Op, b: Op) {
    let wg = Arc::new(WaitGroup::new());
    wg.add(1);
    let g2 = Arc::clone(g);
    let wg2 = Arc::clone(&wg);
    race::go(move || {
        a(&g2);
        wg2.done();
        mark!();
    });
    wg.wait();
    b(g);
    mark!();
}

#[inline(never)]
fn onceRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let o = Arc::new(Once::new());
    let g2 = Arc::clone(g);
    let o2 = Arc::clone(&o);
    race::go(move || {
        o2.call(nothing);
        a(&g2);
        mark!();
    });
    only(1);
    o.call(nothing);
    b(g);
    mark!();
}

#[inline(never)]
fn once(g: &Arc<Globals>, a: Op, b: Op) {
    let o = Arc::new(Once::new());
    let g2 = Arc::clone(g);
    let o2 = Arc::clone(&o);
    race::go(move || {
        o2.call(|| a(&g2));
        mark!();
    });
    only(1);
    o.call(|| a(g));
    b(g);
    mark!();
}

#[inline(never)]
fn atomicStoreRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let flag = Arc::new(Var::new(0_i32));
    let g2 = Arc::clone(g);
    let flag2 = Arc::clone(&flag);
    race::go(move || {
        flag2.atomic_store(1);
        a(&g2);
        mark!();
    });
    while flag.atomic_load() == 0 {
        race::gosched();
    }
    only(1);
    b(g);
    mark!();
}

#[inline(never)]
fn atomicStore(g: &Arc<Globals>, a: Op, b: Op) {
    let flag = Arc::new(Var::new(0_i32));
    let g2 = Arc::clone(g);
    let flag2 = Arc::clone(&flag);
    race::go(move || {
        a(&g2);
        flag2.atomic_store(1);
        mark!();
    });
    while flag.atomic_load() == 0 {
        race::gosched();
    }
    b(g);
    mark!();
}

#[inline(never)]
fn atomicAddRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let n = Arc::new(Var::new(0_i32));
    let other = Var::new(0_i32);
    let g2 = Arc::clone(g);
    let n2 = Arc::clone(&n);
    race::go(move || {
        a(&g2);
        n2.atomic_add(1);
        mark!();
    });
    only(1);
    other.atomic_add(1);
    b(g);
    mark!();
}

#[inline(never)]
fn atomicAdd(g: &Arc<Globals>, a: Op, b: Op) {
    let n = Arc::new(Var::new(0_i32));
    let g2 = Arc::clone(g);
    let n2 = Arc::clone(&n);
    race::go(move || {
        a(&g2);
        n2.atomic_add(1);
        mark!();
    });
    only(1);
    n.atomic_add(1);
    b(g);
    mark!();
}

#[inline(never)]
fn atomicCASRacy(g: &Arc<Globals>, a: Op, b: Op) {
    let l = Arc::new(Var::new(0_i32));
    let g2 = Arc::clone(g);
    let l2 = Arc::clone(&l);
    race::go(move || {
        while !l2.atomic_compare_and_swap(0, 1) {
            race::gosched();
        }
        l2.atomic_store(0);
        a(&g2);
        mark!();
    });
    only(1);
    while !l.atomic_compare_and_swap(0, 1) {
        race::gosched();
    }
    b(g);
    l.atomic_store(0);
    mark!();
}

#[inline(never)]
fn atomicCAS(g: &Arc<Globals>, a: Op, b: Op) {
    let l = Arc::new(Var::new(0_i32));
    let g2 = Arc::clone(g);
    let l2 = Arc::clone(&l);
    race::go(move || {
        while !l2.atomic_compare_and_swap(0, 1) {
            race::gosched();
        }
        a(&g2);
        l2.atomic_store(0);
        mark!();
    });
    only(1);
    while !l.atomic_compare_and_swap(0, 1) {
        race::gosched();
    }
    b(g);
    l.atomic_store(0);
    mark!();
}
