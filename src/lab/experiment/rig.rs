//! A scenario that is ready to be broken: its map built, its heap saved, its healthy run known.

use super::fault::Fault;
use super::inject::{Aids, Faults, Hung, Strike, Striker};
use super::keys::{KeyKind, Keys};
use super::lab::{GROUND, Lab, ROOM};
use super::moment::{At, Moment, StepKind, Told};
use super::outcome::{Class, Mask, Outcome};
use super::run::{Finding, Stage, Trail};
use super::shape::{Shape, value_of};
use super::site::Site;
use super::workload::{Operation, Workload};
use crate::fatal::goroutine::with_current;
use crate::fatal::{SigInfo, set_panic_on_fault};
use crate::fault::{Death, guarded};
use crate::heap::{Request, Role, Saved};
use crate::layout::mem;
use crate::map::compiled;
use crate::probe::Step;
use crate::types::MapType;
use std::any::Any;
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A map and what is done to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Scenario {
    /// The state of the map at the beginning.
    pub shape: Shape,
    /// Its type.
    pub kind: KeyKind,
    /// What is done.
    pub workload: Workload,
}

/// The events of an operation in the healthy run.
#[derive(Clone, Copy, Debug)]
struct Span {
    /// The event "before".
    before: u64,
    /// Steps between that and the event "after".
    steps: u32,
}

/// The healthy run.
struct Golden {
    spans: Vec<Span>,
    /// The kinds of all events, from event 1 on.
    kinds: Vec<StepKind>,
    /// What is wrong with it: some workloads die without any fault.
    wrong: Option<String>,
}

/// How an injection is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Under `debug.SetPanicOnFault(true)`.
    pub panic_on_fault: bool,
    /// Without the look at the map when the workload is done.
    pub no_look: bool,
}

/// Who watches an injection more closely than those who are told of its events.
pub(crate) struct Spectator<'a> {
    /// Hears of every fault right after it has struck: its number.
    pub(crate) struck: &'a dyn Fn(usize),
    /// Hears when all is over but nothing repaired: what Go would have said on standard error, if it died.
    pub(crate) over: &'a dyn Fn(&[String]),
}

/// A scenario in a laboratory. All rigs share the laboratory's heap, one at a time.
pub struct Rig {
    /// What it is.
    pub scenario: Scenario,
    pub(crate) t: MapType,
    pub(crate) h: usize,
    keys: Keys,
    operations: Vec<Operation>,
    initial: Vec<Option<u64>>,
    aids: Aids,
    saved: Saved,
    golden: Golden,
    pub(crate) trail: Trail,
    it: usize,
    #[cfg(gohmap_asm)]
    accesses: std::cell::OnceCell<super::accesses::Accesses>,
}

/// Runs may have this many times as many events as the healthy one, and some more: enough to run off the end of the heap's
/// memory, which ends a loop that goes astray.
const PATIENCE: u64 = 8;
const MORE: u64 = 60_000;

impl Rig {
    /// Builds a scenario.
    ///
    /// # Errors
    /// When it cannot be: it needs more memory than there is.
    pub fn new(lab: &Lab, scenario: &Scenario) -> Result<Self, String> {
        let heap = lab.heap();
        heap.restore(&lab.pristine, true).map_err(|e| e.to_string())?;
        lab.rt.rng.set_state(GROUND as u64);
        if scenario.workload.needs_clone() && !lab.rt.rules().has_clone {
            return Err(format!("Go {} has no maps.Clone", lab.version));
        }
        let (kind, shape) = (scenario.kind, scenario.shape);
        let t = kind.map_type(&lab.rt);
        let steps = shape.steps(kind, &t);
        let numbers = scenario.workload.keys().into_iter().chain(steps.iter().map(|s| s.0)).collect();
        let text = |e: crate::heap::OutOfMemory| e.to_string();
        let keys = Keys::new(kind, numbers, heap).map_err(text)?;
        // SAFETY: fresh maps in a sound heap.
        let (h, there) = unsafe { shape.build(&t, &keys, &steps) };
        let others = Keys::new(kind, (1..=20).collect(), heap).map_err(text)?;
        // SAFETY: as above.
        let other = unsafe {
            let (other, there) = Shape::Grown.build(&t, &others, &Shape::Grown.steps(kind, &t));
            for n in there {
                let key = others.at(others.find(n).expect("a key of the map"));
                mem::st64(compiled::assign_probed(&t, other, key, &()), value_of(n) + 5);
            }
            other
        };
        let aids = Aids { other, stale: stale(lab, &t, h).map_err(text)? };
        let operations = scenario.workload.operations(&there);
        let mut initial = vec![None; keys.len()];
        there.iter().for_each(|&n| initial[keys.find(n).expect("a key of the map")] = Some(value_of(n)));
        let trail = Trail::new(keys.len(), &lab.shared.during);
        let saved = heap.save(ROOM).map_err(|e| e.to_string())?;
        let golden = Golden { spans: Vec::new(), kinds: Vec::new(), wrong: None };
        let mut rig = Self {
            scenario: scenario.clone(),
            t,
            h,
            keys,
            operations,
            initial,
            aids,
            saved,
            golden,
            trail,
            it: lab.it,
            #[cfg(gohmap_asm)]
            accesses: std::cell::OnceCell::new(),
        };
        rig.golden = rig.run_healthy()?;
        Ok(rig)
    }

    /// What is wrong with the workload, even without any fault.
    #[must_use]
    pub fn wrong(&self) -> Option<&str> {
        self.golden.wrong.as_deref()
    }

    /// Makes the laboratory's heap this rig's: after another rig has been used.
    ///
    /// # Errors
    /// As mmap(2).
    pub fn enter(&self) -> std::io::Result<()> {
        self.t.rt.heap.restore(&self.saved, true)
    }

    pub(crate) fn site(&self) -> Site<'_> {
        Site { t: &self.t, h: self.h, it: self.it }
    }

    pub(crate) fn stage(&self) -> Stage<'_> {
        Stage {
            t: &self.t,
            h: self.h,
            it: self.it,
            keys: &self.keys,
            operations: &self.operations,
            trail: &self.trail,
            look: true,
        }
    }

    /// The operations.
    #[must_use]
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// Every area that the map has at the beginning.
    #[must_use]
    pub fn areas(&self) -> Vec<super::Area> {
        self.site().areas()
    }

    /// The map's type.
    #[must_use]
    pub fn map_type(&self) -> &MapType {
        &self.t
    }

    /// Steps of an operation in the healthy run, in order.
    #[must_use]
    pub fn steps(&self, op: usize) -> &[StepKind] {
        let Some(s) = self.golden.spans.get(op) else { return &[] };
        &self.golden.kinds[s.before as usize..s.before as usize + s.steps as usize]
    }

    /// The event of a moment; `None` when there is no such moment.
    #[must_use]
    pub fn event(&self, m: Moment) -> Option<u64> {
        let s = self.golden.spans.get(usize::from(m.op))?;
        match m.at {
            At::Before => Some(s.before),
            At::Step(n) => (n <= s.steps).then(|| s.before + u64::from(n)),
            At::Touch(area) => self.touched(area, s.before).filter(|n| *n <= s.before + u64::from(s.steps)),
            At::After => Some(s.before + u64::from(s.steps) + 1),
        }
    }

    /// Events of the healthy run, the look at the map afterwards included.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.golden.kinds.len() as u64
    }

    pub(crate) fn bound(&self) -> u64 {
        self.events() * PATIENCE + MORE
    }

    /// Everything that a run begins with but the memory, which is restored after each run.
    pub(crate) fn prepare(&self) {
        self.t.rt.rng.set_state(GROUND as u64);
        self.trail.reset(&self.initial);
        with_current(|g| g.sig.set(None));
    }

    fn run_healthy(&self) -> Result<Golden, String> {
        let mut golden =
            Golden { spans: vec![Span { before: 0, steps: 0 }; self.operations.len()], kinds: Vec::new(), wrong: None };
        let ended = {
            let golden = RefCell::new(&mut golden);
            self.prepare();
            let told = |n: u64, kind: StepKind, step: Option<&Step>| {
                let mut golden = golden.borrow_mut();
                golden.kinds.push(kind);
                if let Some(span) = golden.spans.get_mut(usize::from(self.trail.during.get()))
                    && step.is_none()
                {
                    // The first event that is no step comes before the operation, the last one after it; those between are a
                    // range loop's.
                    if span.before == 0 {
                        span.before = n;
                    }
                    span.steps = (n - span.before).saturating_sub(1) as u32;
                }
            };
            let striker = Striker::new(self.site(), self.aids, &[], 1 << 20).telling(&told);
            // SAFETY: a healthy map: nothing faults.
            unsafe { guarded(|| self.stage().play(&striker)) }
        };
        golden.wrong = match (ended, self.trail.worst()) {
            (Err(death), _) => Some(format!("dies without any fault: {}", death.text())),
            (Ok(()), Some(f)) => Some(format!("goes wrong without any fault: {}", evidence(&f))),
            (Ok(()), None) => None,
        };
        self.t.rt.heap.restore(&self.saved, false).map_err(|e| e.to_string())?;
        Ok(golden)
    }

    /// Injects a fault at an event, in this process.
    #[must_use]
    pub fn inject(&self, fault: Fault, event: u64) -> Outcome {
        self.inject_all(&[(event, fault)], Way::default(), None)
    }

    /// The same with several faults, in the order of their events; `told` hears of every event before it happens.
    #[must_use]
    pub fn inject_all(&self, faults: &[(u64, Fault)], way: Way, told: Option<&Told<'_>>) -> Outcome {
        self.inject_watched(faults, way, told, None)
    }

    /// The same, with somebody who watches more closely.
    pub(crate) fn inject_watched(
        &self,
        faults: &[(u64, Fault)],
        way: Way,
        told: Option<&Told<'_>>,
        spectator: Option<&Spectator<'_>>,
    ) -> Outcome {
        let mut striker = self.striker(faults);
        if let Some(told) = told {
            striker = striker.telling(told);
        }
        if let Some(s) = spectator {
            striker = striker.telling_strikes(s.struck);
        }
        self.prepare();
        let before = set_panic_on_fault(way.panic_on_fault);
        let stage = Stage { look: !way.no_look, ..self.stage() };
        // SAFETY: frames between here and a fault are those of the stage and of map operations, which drop nothing.
        let ended = catch_unwind(AssertUnwindSafe(|| unsafe { guarded(|| stage.play(&striker)) }));
        set_panic_on_fault(before);
        if let Some(s) = spectator {
            (s.over)(&match &ended {
                Ok(Err(death)) => last_words(death, with_current(|g| g.sig.get())),
                _ => Vec::new(),
            });
        }
        let event = faults.last().map_or(0, |f| f.0);
        let mut outcome = match (faults, &ended) {
            ([], Ok(Ok(()))) if self.trail.worst().is_none() => {
                Outcome::new(Class::Masked, "no fault", self.operations.len() as u16)
            }
            _ => self.judge(ended, striker.strike.get(), event, !way.no_look),
        };
        if let Some(addr) = outcome.addr.filter(|_| outcome.evidence.is_empty()) {
            outcome.evidence = self.name(addr as usize);
        }
        let pages = faults.iter().any(|f| f.1.breaks_pages());
        if let Err(e) = self.t.rt.heap.restore(&self.saved, pages) {
            outcome = Outcome::new(Class::ToolError, format!("the heap cannot be restored: {e}"), 0);
        }
        outcome
    }

    /// Address of an operation's key, if it has one.
    pub(crate) fn key_of(&self, op: usize) -> Option<usize> {
        let o = self.operations.get(op)?;
        o.verb.has_key().then(|| self.keys.find(o.key)).flatten().map(|i| self.keys.at(i))
    }

    /// An address explained.
    fn name(&self, addr: usize) -> String {
        match self.t.rt.heap.place(addr) {
            Some(place) => place.to_string(),
            None if addr == 0 => String::new(),
            None if self.saved.range().contains(&addr) => "heap, where nothing is".to_owned(),
            None if (self.saved.range().end..self.saved.range().start + (64 << 20)).contains(&addr) => {
                "behind the heap's end".to_owned()
            }
            None => "no memory of the heap".to_owned(),
        }
    }

    fn judge(
        &self,
        ended: Result<Result<(), Death>, Box<dyn Any + Send>>,
        strike: Strike,
        event: u64,
        look: bool,
    ) -> Outcome {
        let during = self.trail.during.get();
        if let Err(payload) = ended {
            return match payload.downcast::<Hung>() {
                Ok(_) => Outcome::new(Class::Hang, "", during),
                Err(payload) => {
                    let text = payload.downcast_ref::<String>().cloned();
                    let text = text.or_else(|| payload.downcast_ref::<&str>().map(|s| (*s).to_owned()));
                    Outcome::new(Class::ToolError, text.unwrap_or_else(|| "a panic of the tool".to_owned()), during)
                }
            };
        }
        let Ok(ended) = ended else { unreachable!("handled above") };
        match ended {
            Err(death) => died(&death, with_current(|g| g.sig.get()), during),
            Ok(()) => self.judge_end(strike, self.trail.worst(), event, look),
        }
    }

    /// A run that has come to its end.
    pub(crate) fn judge_end(&self, strike: Strike, worst: Option<Finding>, event: u64, look: bool) -> Outcome {
        let last = self.operations.len() as u16;
        let (at, len) = match strike {
            Strike::Waiting => return Outcome::new(Class::NotInjected, "its moment did not come", last),
            Strike::Missed(why) => return Outcome::new(Class::NotInjected, why, last),
            Strike::Done(at, len) => (at, len),
        };
        if let Some(f) = worst {
            let mut o = Outcome::new(Class::Silent, f.wrong.name(), f.during);
            o.evidence = evidence(&f);
            return o;
        }
        if len == 0 {
            return Outcome::new(Class::NotInjected, "nothing asked for memory", last);
        }
        self.masked(at, len, event, look)
    }

    /// The accesses of the healthy run. The heap must be this rig's.
    #[cfg(gohmap_asm)]
    fn accesses(&self) -> &super::accesses::Accesses {
        self.accesses.get_or_init(|| {
            // Made from the healthy run, so the heap must be as it was.
            let _ = self.t.rt.heap.restore(&self.saved, true);
            self.prepare();
            let striker = Striker::new(self.site(), self.aids, &[], 1 << 20);
            // SAFETY: the healthy run has ended well before.
            let play = || unsafe { self.stage().play(&striker) };
            let made = super::accesses::record(&striker.n, self.saved.range(), play);
            let _ = self.t.rt.heap.restore(&self.saved, true);
            made.unwrap_or_default()
        })
    }

    /// The event after which an object is accessed first, from an event on.
    #[cfg(gohmap_asm)]
    fn touched(&self, area: super::Area, from: u64) -> Option<u64> {
        let (at, len) = self.site().find(area)?;
        self.accesses().first(at, len, from)
    }

    #[cfg(not(gohmap_asm))]
    fn touched(&self, _: super::Area, _: u64) -> Option<u64> {
        None
    }

    #[cfg(gohmap_asm)]
    fn masked(&self, at: usize, len: usize, event: u64, look: bool) -> Outcome {
        // Without the look at the map, nothing happens after the last operation.
        let last = self.golden.spans.last().map_or(u64::MAX, |s| s.before + u64::from(s.steps) + 1);
        let (mask, access) = self.accesses().next(at, len, event, if look { u64::MAX } else { last });
        let mut o = Outcome::new(Class::Masked, mask.name(), self.operations.len() as u16);
        o.pc = access.filter(|_| mask != Mask::NeverRead);
        o
    }

    #[cfg(not(gohmap_asm))]
    fn masked(&self, _: usize, _: usize, _: u64, _: bool) -> Outcome {
        Outcome::new(Class::Masked, Mask::Other.name(), self.operations.len() as u16)
    }

    /// The probe of an injection.
    pub(crate) fn striker<'a>(&'a self, faults: &'a Faults) -> Striker<'a> {
        Striker::new(self.site(), self.aids, faults, self.bound())
    }

    /// The bytes of an area of the map as they are now, also when it is broken: read by the system, nothing faults. Without
    /// those that cannot be read, or all when the way to them is broken.
    #[must_use]
    pub fn bytes_or_nothing(&self, area: super::Area) -> Vec<u8> {
        if area != super::Area::Header {
            return Vec::new();
        }
        let word = |at: usize| self.t.rt.heap.peek(at).map(u64::to_le_bytes);
        let words = (self.h..self.h + self.t.rt.rules().hmap_size).step_by(8).map_while(word);
        words.flatten().collect()
    }

    /// The bytes of an area of the map as they are now.
    #[must_use]
    pub fn bytes(&self, area: super::Area) -> Vec<u8> {
        let Some((at, len)) = self.site().find(area) else { return Vec::new() };
        // SAFETY: an object of the map, which is healthy between runs.
        (at..at + len).map(|a| unsafe { mem::ld8(a) }).collect()
    }
}

/// A freed object with what the map's buckets hold, a little older.
fn stale(lab: &Lab, t: &MapType, h: usize) -> Result<usize, crate::heap::OutOfMemory> {
    let site = Site { t, h, it: 0 };
    let (from, len) = site.find(super::Area::Buckets).unwrap_or((0, t.bucket.size));
    let r = Request { size: len, noscan: true, malloc_headers: false, owner: 0, role: Role::Other, table: 0 };
    let at = lab.heap().alloc(&r)?.addr;
    if from != 0 {
        // SAFETY: the map's buckets, and a fresh object of the same size.
        unsafe {
            mem::memmove(at, from, len);
            // Its elements are those of another time.
            for b in (at..at + len).step_by(t.bucket.size) {
                (0..8).for_each(|i| mem::st64(b + t.bucket.elem(i), mem::ld64(b + t.bucket.elem(i)).wrapping_add(1)));
            }
        }
    }
    lab.heap().free(at);
    Ok(at)
}

/// What Go writes on standard error before the goroutines, line by line.
fn last_words(death: &Death, sig: Option<SigInfo>) -> Vec<String> {
    let mut says = match death {
        Death::Panic(p) => vec![format!("panic: {}", p.text())],
        Death::Fatal(f) => f.details().iter().cloned().chain([format!("fatal error: {}", f.text())]).collect(),
    };
    says.extend(sig.filter(|_| by_signal(death)).map(|s| s.to_string()));
    says
}

/// Whether a signal was the cause.
fn by_signal(death: &Death) -> bool {
    match death {
        Death::Panic(p) => p.signal().is_some(),
        Death::Fatal(f) => matches!(f.text(), "fault" | "unexpected signal during runtime execution"),
    }
}

/// The outcome of a death.
pub(crate) fn died(death: &Death, sig: Option<SigInfo>, during: u16) -> Outcome {
    let mut o = match death {
        Death::Panic(p) => Outcome::new(Class::Panic, p.text().to_owned(), during),
        Death::Fatal(f) if f.text() == "fault" => {
            let (name, code) =
                sig.map_or(("", 0), |s| (if s.sig == libc::SIGBUS { "SIGBUS" } else { "SIGSEGV" }, s.code));
            Outcome::new(Class::Fault, format!("{name} code={code:#x}"), during)
        }
        Death::Fatal(f) => Outcome::new(Class::Fatal, f.text().to_owned(), during),
    };
    if let Some(s) = sig.filter(|_| by_signal(death)) {
        (o.addr, o.pc) = (Some(s.addr as u64), Some(s.pc));
    }
    o
}

/// What a finding says.
pub(crate) fn evidence(f: &Finding) -> String {
    use super::outcome::Wrong;
    let key = f.key.map_or_else(|| "a key that is none of the map's".to_owned(), |k| format!("key {k}"));
    match f.wrong {
        Wrong::Value => format!("{key} has {}, not {}", f.got, f.want),
        Wrong::LostKey => format!("{key} is not found"),
        Wrong::PhantomKey => format!("{key} is there"),
        Wrong::DuplicateKey => format!("{key} comes twice"),
        Wrong::Count => format!("len is {}, not {}", f.got as i64, f.want as i64),
        Wrong::Iteration => format!("{key} does not come"),
    }
}
