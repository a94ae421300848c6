//! One scenario, ready to be run under any schedule: its map, and its goroutines as shuttle's threads on one OS thread.

use super::point::{self, Points};
use super::scenario::{Act, Scenario};
use crate::fatal::goroutine::{Fiber, with_current};
use crate::fault::guarded;
use crate::heap::Saved;
use crate::lab::experiment::lab::{GROUND, ROOM};
use crate::lab::experiment::rig::died;
use crate::lab::experiment::shape::{HASH0, value_of};
use crate::lab::experiment::{Class as Died, KeyKind, Keys, Lab, hash};
use crate::layout::{Hiter, mem};
use crate::map::{clear, clone, compiled, iter};
use crate::probe::{Probe, Step};
use crate::types::MapType;
use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_128;

/// The payload of a goroutine that was stopped because it did not end.
pub(super) struct Hung;

/// How a goroutine's death ends the program.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Death {
    /// A fatal error of one of Go's checks.
    Fatal(String),
    /// A bad access to memory: signal and code, and the address.
    Fault(String, u64),
    /// A panic.
    Panic(String),
    /// It does not end.
    Hang,
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Fatal(text) | Self::Panic(text) => f.write_str(text),
            Self::Fault(signal, addr) => write!(f, "{signal} at {addr:#x}"),
            Self::Hang => f.write_str("it has no end"),
        }
    }
}

/// Where a goroutine is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Before its first point.
    Start,
    /// At a point.
    Point,
    /// It has ended.
    End,
}

/// What a goroutine is about to do when it goes on.
#[derive(Clone, Copy)]
pub(super) enum Next {
    /// A step.
    Step(Step),
    /// The rest of a step.
    Rest,
    /// The look at the length, which is no function's step.
    Length,
    /// An operation.
    Operation,
}

/// One goroutine of a run.
pub(super) struct Goroutine {
    pub(super) act: Act,
    /// The key of its operation.
    pub(super) key: usize,
    fiber: Fiber,
    /// Where the frames of its operation begin.
    base: Cell<usize>,
    pub(super) at: Cell<At>,
    /// Points it has come to.
    pub(super) steps: Cell<u32>,
    /// Its stack pointer at its point.
    sp: Cell<usize>,
    /// A hash of all that it depends on there besides memory, see `point`; 0 until it is asked for.
    local: Cell<u128>,
    /// What its operation has returned so far.
    pub(super) results: RefCell<Vec<u64>>,
    /// The header of the copy that it has made.
    pub(super) copy: Cell<usize>,
}

/// Who is told what happens in a run.
pub(super) trait Spectator {
    /// A goroutine begins an operation, with the key at an address.
    fn begins(&self, who: usize, key: usize);
    /// A goroutine has come to its next point, or to its end.
    fn arrives(&self, who: usize);
    /// A goroutine goes on, after others have run or not.
    fn goes(&self, who: usize, next: Next);
}

/// See [`Run::chooser`].
type Chooser = Box<dyn Fn(&Run) -> Option<usize>>;

/// A scenario that can be run.
pub(super) struct Run {
    pub(super) t: Arc<MapType>,
    pub(super) h: usize,
    pub(super) keys: Keys,
    /// What is in the map at the beginning, by key.
    pub(super) initial: Vec<Option<u64>>,
    pub(super) goroutines: Vec<Goroutine>,
    saved: Saved,
    points: Cell<Points>,
    /// Points that a goroutine may come to.
    bound: Cell<u32>,
    /// The most that one has come to.
    pub(super) most_steps: Cell<u32>,
    /// Nothing that happens now matters any more: goroutines end at their next points.
    pub(super) idle: Cell<bool>,
    pub(super) death: RefCell<Option<Death>>,
    pub(super) spectator: RefCell<Option<Rc<dyn Spectator>>>,
    /// Chooses who goes on, as [`Policy::choose`](super::drive::Policy::choose), when a goroutine comes to a point.
    pub(super) chooser: RefCell<Option<Chooser>>,
    /// Who is to go on instead of that one.
    pub(super) chosen: Cell<Option<usize>>,
    scratch: RefCell<Vec<u8>>,
    ranges: RefCell<Vec<Range<usize>>>,
}

thread_local! {
    /// The run of this thread: shuttle's threads may hold nothing that is not `Send`, and ask here.
    static CURRENT: RefCell<Option<Rc<Run>>> = const { RefCell::new(None) };
}

/// The run of this thread, while this is there.
pub(super) struct Staged;

impl Staged {
    pub(super) fn new(run: &Rc<Run>) -> Self {
        CURRENT.set(Some(Rc::clone(run)));
        Self
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

fn current() -> Rc<Run> {
    CURRENT.with_borrow(|run| run.clone()).expect("a run is staged while shuttle runs")
}

/// What shuttle runs: one schedule of the run of this thread.
pub(super) fn once() {
    let run = current();
    run.prepare();
    let threads: Vec<_> =
        (0..run.goroutines.len()).map(|who| shuttle::thread::spawn(move || current().goroutine(who))).collect();
    for thread in threads {
        thread.join().expect("a goroutine stops every panic");
    }
    Fiber::leave();
}

impl Run {
    /// Builds the map of a scenario in the laboratory's heap.
    pub(super) fn new(lab: &Lab, kind: KeyKind, scenario: &Scenario) -> Result<Self, String> {
        let heap = lab.heap();
        heap.restore(&lab.pristine, true).map_err(|e| e.to_string())?;
        lab.rt.rng.set_state(GROUND as u64);
        if let Some(why) = scenario.impossible(lab.rt.rules()) {
            return Err(why);
        }
        let t = Arc::new(kind.map_type(&lab.rt));
        let steps = scenario.shape.steps(kind, &t);
        let hit = steps.first().map_or(1, |s| s.0);
        let fresh = fresh_keys(kind, &t, hit, scenario.acts.len() + 1);
        let numbers = steps.iter().map(|s| s.0).chain(fresh.iter().copied()).chain([hit]).collect();
        let text = |e: crate::heap::OutOfMemory| e.to_string();
        let keys = Keys::new(kind, numbers, heap).map_err(text)?;
        // SAFETY: a fresh map in a sound heap.
        let (h, there) = unsafe { scenario.shape.build(&t, &keys, &steps) };
        let mut initial = vec![None; keys.len()];
        let find = |n: u64| keys.find(n).expect("a key of the scenario");
        there.iter().for_each(|&n| initial[find(n)] = Some(value_of(n)));
        let goroutines = scenario.acts.iter().enumerate().map(|(who, &act)| {
            let key = match act {
                Act::AssignSame => fresh[0],
                Act::AssignOther | Act::AssignGrow => fresh[who + 1],
                _ => hit,
            };
            Goroutine {
                act,
                key: find(key),
                fiber: Fiber::new(),
                base: Cell::new(0),
                sp: Cell::new(0),
                at: Cell::new(At::Start),
                steps: Cell::new(0),
                local: Cell::new(0),
                results: RefCell::new(Vec::with_capacity(256)),
                copy: Cell::new(0),
            }
        });
        let goroutines = goroutines.collect();
        let saved = heap.save(ROOM).map_err(|e| e.to_string())?;
        Ok(Self {
            t,
            h,
            keys,
            initial,
            goroutines,
            saved,
            points: Cell::new(Points::Operations),
            bound: Cell::new(u32::MAX),
            most_steps: Cell::new(0),
            idle: Cell::new(false),
            death: RefCell::new(None),
            spectator: RefCell::new(None),
            chooser: RefCell::new(None),
            chosen: Cell::new(None),
            scratch: RefCell::default(),
            ranges: RefCell::default(),
        })
    }

    /// From here on, goroutines are switched at these points, and stopped when they have come to so many.
    pub(super) fn switch_at(&self, points: Points, bound: u32) {
        self.points.set(points);
        self.bound.set(bound);
    }

    fn prepare(&self) {
        self.t.rt.heap.restore(&self.saved, false).expect("the heap was saved in this process");
        self.t.rt.rng.set_state(GROUND as u64);
        self.idle.set(false);
        self.chosen.set(None);
        self.death.replace(None);
        for g in &self.goroutines {
            g.at.set(At::Start);
            g.steps.set(0);
            g.local.set(0);
            g.results.borrow_mut().clear();
            g.copy.set(0);
        }
    }

    /// The body of a goroutine.
    fn goroutine(&self, who: usize) {
        let me = &self.goroutines[who];
        // SAFETY: the run outlives shuttle's threads, all of them are on this thread, and a fiber's regions are entered below
        // this frame alone.
        unsafe { me.fiber.enter() };
        with_current(|g| g.sig.set(None));
        let walker = Walker { run: self, who };
        // SAFETY: frames between here and a fault are those of the operation, which drop nothing.
        let ended = catch_unwind(AssertUnwindSafe(|| unsafe {
            guarded(|| {
                let base = 0_u64;
                me.base.set((&raw const base).expose_provenance());
                point::clean();
                self.perform(&walker);
                std::hint::black_box(&base);
            })
        }));
        me.at.set(At::End);
        self.most_steps.set(self.most_steps.get().max(me.steps.get()));
        if self.idle.get() {
            return;
        }
        if let Some(s) = self.spectator() {
            s.arrives(who);
        }
        let death = match ended {
            Ok(Ok(())) => return,
            Ok(Err(death)) => {
                let o = died(&death, with_current(|g| g.sig.get()), 0);
                match o.class {
                    Died::Fault => Death::Fault(o.detail.into_owned(), o.addr.unwrap_or(0)),
                    Died::Panic => Death::Panic(o.detail.into_owned()),
                    _ => Death::Fatal(o.detail.into_owned()),
                }
            }
            Err(payload) if payload.is::<Hung>() => Death::Hang,
            Err(other) => resume_unwind(other),
        };
        self.death.replace(Some(death));
        self.idle.set(true);
    }

    /// Whether the goroutine that has come to a point is to go on at once.
    fn goes_on(&self, who: usize) -> bool {
        let chooser = self.chooser.borrow();
        let Some(choose) = chooser.as_ref() else { return false };
        if self.goroutines.iter().any(|g| g.at.get() == At::Start) {
            return false;
        }
        match choose(self) {
            Some(other) if other != who => self.chosen.set(Some(other)),
            Some(_) => return true,
            None => self.idle.set(true),
        }
        self.idle.get()
    }

    fn spectator(&self) -> Option<Rc<dyn Spectator>> {
        self.spectator.borrow().clone()
    }

    /// A number that two states of a run have in common only if they are the same: memory, what the heap will hand out next, the
    /// random source, and all that the goroutines depend on.
    pub(super) fn fingerprint(&self) -> u128 {
        let mut bytes = self.scratch.borrow_mut();
        for g in self.goroutines.iter().filter(|g| g.at.get() == At::Point && g.local.get() == 0) {
            // SAFETY: it stands at the point with this stack pointer, in frames that are all there.
            g.local.set(unsafe { point::hash(g.sp.get(), g.base.get(), &mut bytes) });
        }
        self.memory(&mut bytes);
        for g in &self.goroutines {
            let local = if g.at.get() == At::Point { g.local.get() } else { g.at.get() as u128 };
            bytes.extend_from_slice(&local.to_ne_bytes());
            bytes.extend_from_slice(&g.steps.get().to_ne_bytes());
            add_results(g, &mut bytes);
        }
        xxh3_128(&bytes)
    }

    /// The same of a run that has ended: memory, and what the operations have returned.
    pub(super) fn final_fingerprint(&self) -> u128 {
        let mut bytes = self.scratch.borrow_mut();
        self.memory(&mut bytes);
        self.goroutines.iter().for_each(|g| add_results(g, &mut bytes));
        xxh3_128(&bytes)
    }

    fn memory(&self, bytes: &mut Vec<u8>) {
        let mut ranges = self.ranges.borrow_mut();
        self.t.rt.heap.handed_out(&mut ranges);
        bytes.clear();
        for r in ranges.iter() {
            bytes.extend_from_slice(&r.start.to_ne_bytes());
            bytes.extend_from_slice(&r.len().to_ne_bytes());
            let at = bytes.len();
            bytes.resize(at + r.len(), 0);
            // SAFETY: memory that the heap has handed out, all of it readable in a run, which breaks no pages.
            unsafe { mem::memmove(bytes[at..].as_mut_ptr().expose_provenance(), r.start, r.len()) };
        }
        bytes.extend_from_slice(&self.t.rt.rng.state().to_ne_bytes());
    }

    /// A goroutine's operation.
    ///
    /// # Safety
    /// Within a region.
    unsafe fn perform(&self, w: &Walker<'_>) {
        let me = &self.goroutines[w.who];
        let (t, h) = (&*self.t, self.h);
        let key = self.keys.at(me.key);
        let tell = |word: u64| me.results.borrow_mut().push(word);
        w.operation(key);
        // SAFETY: a map of this type, sound or spoilt by a race, in a region that watches for faults (the caller's promise); no
        // frame here has anything to drop where memory is touched.
        unsafe {
            match me.act {
                Act::AssignHit | Act::AssignSame | Act::AssignOther | Act::AssignGrow => {
                    let e = compiled::assign_probed(t, h, key, w);
                    mem::st64(e, self.assigned(w.who));
                }
                Act::Delete => compiled::delete_probed(t, h, key, w),
                Act::Read => {
                    let (e, ok) = compiled::access2_probed(t, h, key, w);
                    let v = mem::ld64(e);
                    tell(ok.into());
                    tell(v);
                }
                Act::Iterate => {
                    let mut it = Hiter::default();
                    iter::mapiterinit(t, h, &mut it, w);
                    while it.key != 0 {
                        let k = self.keys.read(it.key as usize);
                        let v = mem::ld64(it.elem as usize);
                        tell(k.map_or(u64::MAX, |k| self.keys.number(k)));
                        tell(v);
                        w.operation(key);
                        iter::mapiternext(t, &mut it, w);
                    }
                }
                Act::Clone => me.copy.set(clone::maps_Clone(t, h, w)),
                Act::Clear => clear::mapclear(t, h, w),
                Act::Len => {
                    w.at(Next::Length);
                    tell(if h == 0 { 0 } else { mem::ld64(h) });
                }
            }
        }
    }

    /// What a goroutine assigns.
    pub(super) fn assigned(&self, who: usize) -> u64 {
        1_000_000 * (who as u64 + 1) + self.keys.number(self.goroutines[who].key)
    }
}

fn add_results(g: &Goroutine, bytes: &mut Vec<u8>) {
    let results = g.results.borrow();
    bytes.extend_from_slice(&results.len().to_ne_bytes());
    results.iter().for_each(|w| bytes.extend_from_slice(&w.to_ne_bytes()));
    bytes.extend_from_slice(&g.copy.get().to_ne_bytes());
}

/// Keys that no shape has and that fall into one bucket of up to eight.
fn fresh_keys(kind: KeyKind, t: &MapType, hit: u64, n: usize) -> Vec<u64> {
    let bucket = |n: u64| hash(kind, t, n, HASH0) % 8;
    (101..1000).filter(|&n| bucket(n) == bucket(hit)).take(n).collect()
}

/// The probe of a goroutine: its steps are points where others may run.
struct Walker<'a> {
    run: &'a Run,
    who: usize,
}

impl Walker<'_> {
    /// An operation begins.
    fn operation(&self, key: usize) {
        if let Some(s) = self.run.spectator().filter(|_| !self.run.idle.get()) {
            s.begins(self.who, key);
        }
        if self.run.points.get() == Points::Operations {
            self.at(Next::Operation);
        }
    }

    fn at(&self, next: Next) {
        unsafe extern "C-unwind" fn arrive(w: *const u8, next: *const u8, sp: *const u64) {
            // SAFETY: the two references below, which are there during the call.
            let (w, next) = unsafe { (&*w.cast::<Walker<'_>>(), &*next.cast::<Next>()) };
            w.arrive(next, sp.expose_provenance());
        }
        // SAFETY: `arrive` takes just these two.
        unsafe { point::at_point((&raw const *self).cast(), (&raw const next).cast(), arrive) };
    }

    fn count(&self) {
        let me = &self.run.goroutines[self.who];
        me.steps.set(me.steps.get() + 1);
        if me.steps.get() > self.run.bound.get() {
            // Unwinding is safe: no step is told while anything is held.
            resume_unwind(Box::new(Hung));
        }
    }

    fn arrive(&self, next: &Next, sp: usize) {
        let (run, me) = (self.run, &self.run.goroutines[self.who]);
        self.count();
        self.leave_if_idle();
        me.sp.set(sp);
        me.local.set(0);
        me.at.set(At::Point);
        let spectator = run.spectator();
        if let Some(s) = &spectator {
            s.arrives(self.who);
        }
        if !run.goes_on(self.who) {
            // A switch that asks for no politeness, as `yield_now` does.
            shuttle::thread::sleep(Duration::ZERO);
            // SAFETY: as in `goroutine`.
            unsafe { me.fiber.enter() };
        }
        if run.idle.get() {
            drop(spectator);
            self.leave_if_idle();
        } else if let Some(s) = spectator {
            s.goes(self.who, *next);
        }
    }

    /// Ends the operation when nothing that happens matters any more.
    fn leave_if_idle(&self) {
        if self.run.idle.get() {
            // SAFETY: the frames between here and the goroutine's own are those of its operation and of the ways to its points,
            // which have nothing to drop now.
            #[cfg(gohmap_asm)]
            unsafe {
                crate::fatal::throw::abandon();
            }
        }
    }
}

impl Probe for Walker<'_> {
    #[inline(never)]
    fn step(&self, step: Step) {
        match self.run.points.get() {
            Points::Accesses | Points::Steps => self.at(Next::Step(step)),
            Points::Operations => self.count(),
        }
    }

    #[inline(never)]
    fn between(&self) {
        match self.run.points.get() {
            Points::Accesses | Points::Steps => self.at(Next::Rest),
            Points::Operations => self.count(),
        }
    }

    #[inline(never)]
    fn inside(&self) {
        match self.run.points.get() {
            Points::Accesses => self.at(Next::Rest),
            Points::Steps => {}
            Points::Operations => self.count(),
        }
    }
}
