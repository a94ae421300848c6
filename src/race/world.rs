//! The goroutines of a program under the race detector take turns: one runs, until it waits for another, gives way or ends.
//!
//! So a map may be shared without a lock, and what is unordered for the detector is still orderly for this process. Who is next is
//! decided by order of arrival, or at random from a seed; then goroutines also give way before every operation.

use super::clock::{MAIN, Tid};
use super::detector::{Detector, Sync};
use super::report::Race;
use super::shadow::{Bytes, Kind};
use crate::fatal::goroutine::with_current;
use crate::fatal::trace::Trace;
use crate::fatal::{self, go as go_thread};
use crate::probe::{Op, Probe, Step};
use crate::rng::Rng;
use crate::runtime::Runtime;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// One program's goroutines, and the detector that watches them.
pub(super) struct World {
    id: u64,
    pub(super) rt: Arc<Runtime>,
    state: Mutex<State>,
    /// Told of each race at once.
    tell: Box<dyn Fn(&Race) + Send + std::marker::Sync>,
}

/// What only the goroutine whose turn it is looks at.
pub(super) struct State {
    pub(super) detector: Detector,
    pub(super) races: Vec<Race>,
    /// Whose turn it is; nobody's when all wait.
    turn: Option<Tid>,
    ready: VecDeque<Tid>,
    wake: Vec<Arc<Condvar>>,
    /// Goroutines that have not ended.
    alive: usize,
    rng: Option<Rng>,
    /// `main` has returned: nobody else goes on.
    over: bool,
}

/// Unwinds a goroutine whose program is over.
struct Over;

#[derive(Clone)]
struct Me {
    world: Arc<World>,
    tid: Tid,
}

thread_local! {
    static ME: RefCell<Option<Me>> = const { RefCell::new(None) };
}

static NEXT_WORLD: AtomicU64 = AtomicU64::new(1);
static NEXT_SYNC: AtomicU64 = AtomicU64::new(0);

/// `n` synchronisation objects, one after the other.
pub(super) fn new_syncs(n: u64) -> Sync {
    Sync(NEXT_SYNC.fetch_add(n, Ordering::Relaxed))
}

fn me() -> Me {
    ME.with_borrow(Clone::clone).expect("only a goroutine of race::run or race::run_main may do this")
}

/// Which program something belongs to.
#[derive(Debug)]
pub(super) struct Home(u64);

impl Home {
    /// The program of this goroutine.
    pub(super) fn here() -> Self {
        Self(me().world.id)
    }

    /// # Panics
    /// When this goroutine belongs to another program, or this thread is none.
    pub(super) fn check(&self) {
        assert_eq!(me().world.id, self.0, "made by another program");
    }
}

/// The runtime of this goroutine's program.
pub(super) fn runtime() -> Arc<Runtime> {
    Arc::clone(&me().world.rt)
}

/// Calls `f` with the detector and this goroutine.
pub(super) fn with<R>(f: impl FnOnce(&mut Detector, Tid) -> R) -> R {
    let me = me();
    f(&mut me.world.lock().detector, me.tid)
}

/// This goroutine.
pub(super) fn current() -> Tid {
    me().tid
}

/// An access to memory that other goroutines may use too.
pub(super) fn access(kind: Kind, bytes: Bytes) {
    if bytes.size == 0 {
        return;
    }
    let me = me();
    let race = {
        let mut s = me.world.lock();
        let race = s.detector.access(me.tid, kind, bytes, Trace::capture);
        s.races.extend(race.clone());
        race
    };
    if let Some(race) = race {
        (me.world.tell)(&race);
    }
}

/// Tells the detector of the operations of a map.
pub(super) struct Watch;

impl Probe for Watch {
    #[inline]
    fn step(&self, step: Step) {
        // A function that is handed a nil map tells nothing, and neither do makemap and maps.clone.
        let Step::Enter { op, h } = step else { return };
        let kind = match op {
            Op::Assign | Op::Delete | Op::Clear => Kind::WRITE,
            Op::Access | Op::IterInit | Op::IterNext => Kind::READ,
            Op::Make | Op::Clone | Op::Keys | Op::Values => return,
        };
        if h != 0 {
            access(kind, Bytes { addr: h, size: 1 });
        }
    }
}

impl World {
    pub(super) fn new(
        rt: Arc<Runtime>,
        detector: Detector,
        seed: Option<u64>,
        tell: impl Fn(&Race) + Send + std::marker::Sync + 'static,
    ) -> Arc<Self> {
        let state = State {
            detector,
            races: Vec::new(),
            turn: Some(MAIN),
            ready: VecDeque::new(),
            wake: vec![Arc::default()],
            alive: 1,
            rng: seed.map(|s| Rng::new(Some(s))),
            over: false,
        };
        let id = NEXT_WORLD.fetch_add(1, Ordering::Relaxed);
        Arc::new(Self { id, rt, state: Mutex::new(state), tell: Box::new(tell) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `main` as the main goroutine, on this thread; the races, when nothing of the program runs any more.
    ///
    /// # Panics
    /// As `main`; and when this thread is a goroutine already.
    pub(super) fn run<R>(self: &Arc<Self>, main: impl FnOnce() -> R) -> (R, Vec<Race>) {
        let before = ME.replace(Some(Me { world: Arc::clone(self), tid: MAIN }));
        assert!(before.is_none(), "a program within a program");
        let done = catch_unwind(AssertUnwindSafe(|| {
            let r = go_main(main);
            self.linger();
            r
        }));
        let races = self.end();
        ME.set(None);
        match done {
            Ok(r) => (r, races),
            Err(payload) => resume_unwind(payload),
        }
    }

    /// `main` has returned: the others go on for a while, as they do while ThreadSanitizer sleeps.
    fn linger(&self) {
        let ms = self.lock().detector.options.atexit_sleep_ms;
        let end = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < end && !self.lock().ready.is_empty() {
            give_way();
        }
    }

    /// Ends every other goroutine, and waits for its thread.
    fn end(&self) -> Vec<Race> {
        let mut s = self.lock();
        s.over = true;
        let main = Arc::clone(&s.wake[MAIN.0]);
        let mut tid = Tid(1);
        while let Some(wake) = s.wake.get(tid.0).map(Arc::clone) {
            // One after the other here too: what they drop may use the maps.
            s.turn = Some(tid);
            wake.notify_all();
            while s.detector.is_running(tid) {
                s = main.wait(s).unwrap_or_else(PoisonError::into_inner);
            }
            tid.0 += 1;
        }
        std::mem::take(&mut s.races)
    }

    /// Waits until it is this goroutine's turn.
    fn wait_turn(&self, mut s: MutexGuard<'_, State>, tid: Tid) {
        let wake = Arc::clone(&s.wake[tid.0]);
        while s.turn != Some(tid) {
            s = wake.wait(s).unwrap_or_else(PoisonError::into_inner);
        }
        let over = s.over;
        drop(s);
        if over {
            resume_unwind(Box::new(Over));
        }
    }

    /// The program is over: this goroutine ends, or goes on ending.
    fn end_here(s: MutexGuard<'_, State>) {
        drop(s);
        if !std::thread::panicking() {
            resume_unwind(Box::new(Over));
        }
    }
}

impl State {
    /// The next goroutine's turn.
    fn hand_over(&mut self) {
        let i = match &self.rng {
            Some(rng) if !self.ready.is_empty() => (rng.rand() % self.ready.len() as u64) as usize,
            _ => 0,
        };
        self.turn = self.ready.remove(i);
        if let Some(next) = self.turn {
            self.wake[next.0].notify_all();
        }
    }
}

/// `runtime.main`, below which Go's detector sees nothing.
#[inline(never)]
fn go_main<R>(f: impl FnOnce() -> R) -> R {
    std::hint::black_box(f())
}

/// Starts a goroutine: see [`go`](super::go).
#[inline(never)]
pub(super) fn start(f: impl FnOnce() + Send + 'static) {
    pause();
    let me = me();
    let child = {
        let mut s = me.world.lock();
        let child = s.detector.start(me.tid, Trace::capture());
        s.wake.push(Arc::default());
        s.ready.push_back(child);
        s.alive += 1;
        child
    };
    let world = Arc::clone(&me.world);
    go_thread(move || run_goroutine(&world, child, f));
}

/// The life of a goroutine but the main one, on its own thread.
fn run_goroutine(world: &Arc<World>, tid: Tid, f: impl FnOnce()) {
    ME.set(Some(Me { world: Arc::clone(world), tid }));
    let done = catch_unwind(AssertUnwindSafe(|| {
        world.wait_turn(world.lock(), tid);
        f();
    }));
    ME.set(None);
    if let Err(payload) = done
        && !payload.is::<Over>()
    {
        resume_unwind(payload);
    }
    let mut s = world.lock();
    s.detector.end(tid);
    s.alive -= 1;
    s.wake[MAIN.0].notify_all();
    if !s.over {
        s.hand_over();
        assert_somebody(s);
    }
}

/// When everybody waits, nobody ever goes on. Go says so, if it is not built with `-race`: then it just hangs.
fn assert_somebody(s: MutexGuard<'_, State>) {
    let asleep = s.turn.is_none() && !s.over;
    drop(s);
    if asleep {
        fatal::fatal("all goroutines are asleep - deadlock!");
    }
}

/// Lets the others run, if there are any that can.
pub(super) fn give_way() {
    let me = me();
    let mut s = me.world.lock();
    if s.over {
        return World::end_here(s);
    }
    s.ready.push_back(me.tid);
    s.hand_over();
    me.world.wait_turn(s, me.tid);
}

/// Before an operation that others could come in front of: under a seed, they sometimes do.
pub(super) fn pause() {
    let me = me();
    let gives_way = {
        let s = me.world.lock();
        s.rng.as_ref().is_some_and(|r| r.rand() & 1 == 1)
    };
    if gives_way {
        give_way();
    }
}

/// Waits, for the reason that Go's tracebacks give, until somebody calls [`wake`] for this goroutine.
pub(super) fn park(why: &'static str) {
    let me = me();
    let mut s = me.world.lock();
    if s.over {
        return World::end_here(s);
    }
    s.hand_over();
    if s.turn.is_none() {
        return assert_somebody(s);
    }
    with_current(|g| g.wait(why, || me.world.wait_turn(s, me.tid)));
}

/// A goroutine that waits may go on, when its turn comes.
pub(super) fn wake(tid: Tid) {
    me().world.lock().ready.push_back(tid);
}

/// Goroutines that have not ended.
pub(super) fn alive() -> usize {
    me().world.lock().alive
}
