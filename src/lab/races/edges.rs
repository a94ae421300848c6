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
    "waitgroupadd" waitGroupAddRacy waitGroupAdd "Add must happen before the Wait that is to wait for it";
}

/// One form of an edge. Each is a macro of its own, so that each has a line of its own for `mark!`.
macro_rules! form {
    ($name:ident($g:ident, $a:ident, $b:ident) $body:block) => {
        #[inline(never)]
        fn $name($g: &Arc<Globals>, $a: Op, $b: Op) {
            $body
            mark!();
        }
    };
}

/// `go func() { … }()`, with these variables shared; reports name the line where it is used.
#[collapse_debuginfo(yes)]
macro_rules! go {
    ($($shared:ident),* => $body:block) => {{
        $(let $shared = $shared.clone();)*
        race::go(move || {
            $body
            mark!();
        });
    }};
}

form!(goStartRacy(g, a, b) {
    go_op(g, a);
    only(1);
    b(g);
});

form!(goStart(g, a, b) {
    a(g);
    go_op(g, b);
    only(1);
});

form!(joinRacy(g, a, b) {
    let finished = Chan::make(2);
    go!(g, finished => {
        a(&g);
        finished.send(1);
    });
    only(1);
    go!(g, finished => {
        b(&g);
        finished.send(1);
    });
    finished.recv();
    finished.recv();
});

form!(join(g, a, b) {
    let finished = Chan::make(2);
    go!(g, finished => {
        a(&g);
        finished.send(1);
    });
    finished.recv();
    go!(g, finished => {
        b(&g);
        finished.send(1);
    });
    finished.recv();
});

form!(chanRacy(g, a, b) {
    let c = Chan::make(0);
    go!(g, c => {
        c.send(1);
        a(&g);
    });
    c.recv();
    only(1);
    b(g);
});

form!(chanSynced(g, a, b) {
    let c = Chan::make(0);
    go!(g, c => {
        a(&g);
        c.send(1);
    });
    c.recv();
    b(g);
});

form!(chanReceiveRacy(g, a, b) {
    let c = Chan::make(1);
    go!(g, c => {
        a(&g);
        c.recv();
    });
    c.send(1);
    only(1);
    b(g);
});

form!(chanReceive(g, a, b) {
    let c = Chan::make(0);
    go!(g, c => {
        a(&g);
        c.recv();
    });
    c.send(1);
    b(g);
});

form!(chanBufferedRacy(g, a, b) {
    let c = Chan::make(3);
    go!(g, c => {
        c.send(1);
        a(&g);
    });
    only(1);
    c.recv();
    b(g);
});

form!(chanBuffered(g, a, b) {
    let c = Chan::make(3);
    go!(g, c => {
        a(&g);
        c.send(1);
    });
    c.recv();
    b(g);
});

form!(semaphoreRacy(g, a, b) {
    let sem = Chan::make(2);
    go!(g, sem => {
        sem.send(1);
        a(&g);
        sem.recv();
    });
    only(1);
    sem.send(1);
    b(g);
    sem.recv();
});

form!(semaphore(g, a, b) {
    let sem = Chan::make(1);
    go!(g, sem => {
        sem.send(1);
        a(&g);
        sem.recv();
    });
    only(1);
    sem.send(1);
    b(g);
    sem.recv();
});

form!(closeRacy(g, a, b) {
    let c = Chan::<i32>::make(0);
    go!(g, c => {
        c.close();
        a(&g);
    });
    c.recv();
    only(1);
    b(g);
});

form!(closeSynced(g, a, b) {
    let c = Chan::<i32>::make(0);
    go!(g, c => {
        a(&g);
        c.close();
    });
    c.recv();
    b(g);
});

form!(mutexRacy(g, a, b) {
    let mu = Arc::new(Mutex::new());
    let other = Mutex::new();
    go!(g, mu => {
        mu.lock();
        a(&g);
        mu.unlock();
    });
    only(1);
    other.lock();
    b(g);
    other.unlock();
});

form!(mutex(g, a, b) {
    let mu = Arc::new(Mutex::new());
    go!(g, mu => {
        mu.lock();
        a(&g);
        mu.unlock();
    });
    only(1);
    mu.lock();
    b(g);
    mu.unlock();
});

form!(mutexOneSidedRacy(g, a, b) {
    let mu = Arc::new(Mutex::new());
    go!(g, mu => {
        mu.lock();
        a(&g);
        mu.unlock();
    });
    only(1);
    b(g);
});

form!(mutexOneSided(g, a, b) {
    let mu = Arc::new(Mutex::new());
    go!(g, mu => {
        mu.lock();
        a(&g);
        mu.unlock();
    });
    only(1);
    mu.lock();
    mu.unlock();
    b(g);
});

form!(rwmutexWriteRacy(g, a, b) {
    let mu = Arc::new(RwMutex::new());
    go!(g, mu => {
        mu.rlock();
        a(&g);
        mu.runlock();
    });
    only(1);
    mu.rlock();
    b(g);
    mu.runlock();
});

form!(rwmutexWrite(g, a, b) {
    let mu = Arc::new(RwMutex::new());
    go!(g, mu => {
        mu.lock();
        a(&g);
        mu.unlock();
    });
    only(1);
    mu.rlock();
    b(g);
    mu.runlock();
});

form!(rwmutexReadRacy(g, a, b) {
    let mu = Arc::new(RwMutex::new());
    let other = RwMutex::new();
    go!(g, mu => {
        mu.rlock();
        a(&g);
        mu.runlock();
    });
    only(1);
    other.lock();
    b(g);
    other.unlock();
});

form!(rwmutexRead(g, a, b) {
    let mu = Arc::new(RwMutex::new());
    go!(g, mu => {
        mu.rlock();
        a(&g);
        mu.runlock();
    });
    only(1);
    mu.lock();
    b(g);
    mu.unlock();
});

form!(waitGroupRacy(g, a, b) {
    let wg = Arc::new(WaitGroup::new());
    wg.add(1);
    go!(g, wg => {
        wg.done();
        a(&g);
    });
    wg.wait();
    only(1);
    b(g);
});

form!(waitGroup(g, a, b) {
    let wg = Arc::new(WaitGroup::new());
    wg.add(1);
    go!(g, wg => {
        a(&g);
        wg.done();
    });
    wg.wait();
    b(g);
});

form!(onceRacy(g, a, b) {
    let o = Arc::new(Once::new());
    go!(g, o => {
        o.call(nothing);
        a(&g);
    });
    only(1);
    o.call(nothing);
    b(g);
});

form!(once(g, a, b) {
    let o = Arc::new(Once::new());
    go!(g, o => {
        o.call(|| a(&g));
    });
    only(1);
    o.call(|| a(g));
    b(g);
});

form!(atomicStoreRacy(g, a, b) {
    let flag = Arc::new(Var::new(0_i32));
    go!(g, flag => {
        flag.atomic_store(1);
        a(&g);
    });
    while flag.atomic_load() == 0 {
        race::gosched();
    }
    only(1);
    b(g);
});

form!(atomicStore(g, a, b) {
    let flag = Arc::new(Var::new(0_i32));
    go!(g, flag => {
        a(&g);
        flag.atomic_store(1);
    });
    while flag.atomic_load() == 0 {
        race::gosched();
    }
    b(g);
});

form!(atomicAddRacy(g, a, b) {
    let n = Arc::new(Var::new(0_i32));
    let other = Var::new(0_i32);
    go!(g, n => {
        a(&g);
        n.atomic_add(1);
    });
    only(1);
    other.atomic_add(1);
    b(g);
});

form!(atomicAdd(g, a, b) {
    let n = Arc::new(Var::new(0_i32));
    go!(g, n => {
        a(&g);
        n.atomic_add(1);
    });
    only(1);
    n.atomic_add(1);
    b(g);
});

form!(atomicCASRacy(g, a, b) {
    let l = Arc::new(Var::new(0_i32));
    go!(g, l => {
        while !l.atomic_compare_and_swap(0, 1) {
            race::gosched();
        }
        l.atomic_store(0);
        a(&g);
    });
    only(1);
    while !l.atomic_compare_and_swap(0, 1) {
        race::gosched();
    }
    b(g);
    l.atomic_store(0);
});

form!(atomicCAS(g, a, b) {
    let l = Arc::new(Var::new(0_i32));
    go!(g, l => {
        while !l.atomic_compare_and_swap(0, 1) {
            race::gosched();
        }
        a(&g);
        l.atomic_store(0);
    });
    only(1);
    while !l.atomic_compare_and_swap(0, 1) {
        race::gosched();
    }
    b(g);
    l.atomic_store(0);
});

form!(waitGroupAddRacy(g, a, b) {
    let wg = Arc::new(WaitGroup::new());
    go!(wg => { wg.add(1); });
    only(1);
    go!(g, wg => {
        while wg.waiters() == 0 {
            race::gosched();
        }
        a(&g);
        wg.done();
    });
    wg.wait();
    b(g);
});

form!(waitGroupAdd(g, a, b) {
    let wg = Arc::new(WaitGroup::new());
    let added = Chan::make(0);
    go!(wg, added => {
        wg.add(1);
        added.send(1);
    });
    added.recv();
    go!(g, wg => {
        a(&g);
        wg.done();
    });
    wg.wait();
    b(g);
});
