//! Scripts and experiments taken down for a page: every map after every operation.

use super::catalogue::{CatalogueError, Experiment};
use super::experiment::Lab;
use super::script::{Begun, Ended, Engine, ScriptError, Watcher};
use super::trace::{self, Operation, Sink};
use crate::inspect::own::Own;
use crate::inspect::snapshot::Snapshot;
use crate::inspect::trace::{Event, Line};
use crate::inspect::view::{Kind, Recorder, Told};
use crate::map::amd64::Isa;
use crate::probe::Step;
use crate::types::MapType;
use crate::version::GoVersion;
use std::cell::{Cell, RefCell};
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::Arc;

/// What has been taken down.
pub struct Taken {
    /// The steps.
    pub recorder: Recorder,
    /// Operations of the script or experiment, those that were not asked for too.
    pub operations: u64,
    /// The last operation that is on the page.
    pub last: u64,
}

impl Taken {
    /// What was left out of the operations that were asked for, in a sentence.
    #[must_use]
    pub fn left_out(&self, ops: &RangeInclusive<u64>) -> Option<String> {
        let (end, all) = (self.last, self.operations);
        (end < all.min(*ops.end())).then(|| {
            format!(
                "The page is full after operation {end} of {all}: gohmap view --op {}.. shows the next ones.",
                end + 1
            )
        })
    }
}

/// An operation and its steps.
type Way = (Operation, Vec<Line>);

/// The operation under way.
struct Now {
    map: String,
    t: Arc<MapType>,
    h: usize,
}

/// Watches a script and records it.
struct Camera {
    ops: RangeInclusive<u64>,
    number: Cell<u64>,
    last: Cell<u64>,
    tracer: Rc<dyn Watcher>,
    /// What the tracer has told of the operation that is just over.
    told: Rc<RefCell<Option<Way>>>,
    now: RefCell<Option<Now>>,
    recorder: RefCell<Recorder>,
}

impl Watcher for Camera {
    fn begin(&self, op: &Begun<'_>) {
        self.number.set(self.number.get() + 1);
        *self.now.borrow_mut() = None;
        if !self.ops.contains(&self.number.get()) || self.recorder.borrow().full() {
            return;
        }
        let mut recorder = self.recorder.borrow_mut();
        if op.h != 0 && !recorder.knows(op.map, op.t) {
            let mem = Own::new(&op.t.rt);
            if let Ok(s) = Snapshot::read(&mem, op.t, op.h as u64) {
                recorder.before(&mem, op.map, op.t, &s);
            }
        }
        *self.now.borrow_mut() = Some(Now { map: op.map.to_owned(), t: Arc::clone(op.t), h: op.h });
        self.tracer.begin(op);
    }

    fn step(&self, step: Step) {
        if self.now.borrow().is_some() {
            self.tracer.step(step);
        }
    }

    fn end(&self, ended: &Ended<'_>) {
        let Some(Now { mut map, t, mut h }) = self.now.borrow_mut().take() else { return };
        self.tracer.end(ended);
        if let Ended::Made(name, at) = ended {
            (map, h) = ((*name).to_owned(), *at);
        }
        let Some((op, way)) = self.told.borrow_mut().take() else { return };
        let mem = Own::new(&t.rt);
        let Ok(s) = Snapshot::read(&mem, &t, h as u64) else { return };
        let kind = if matches!(ended, Ended::Panic(_)) { Kind::Death } else { Kind::Op };
        let told = Told { number: self.number.get(), line: op.line, text: &op.text, kind, way: &way };
        if self.recorder.borrow_mut().step(&mem, &map, &t, &s, &told) {
            self.last.set(self.number.get());
        }
    }
}

/// Takes down the operations of a script with these numbers. `line` hears how many lines of how many are done.
///
/// # Errors
/// At the first line that cannot be run.
pub fn script(
    version: GoVersion,
    text: &str,
    ops: &RangeInclusive<u64>,
    line: &mut dyn FnMut(usize, usize),
) -> Result<Taken, ScriptError> {
    let told = Rc::new(RefCell::new(None));
    let to = Rc::clone(&told);
    let sink: Sink = Box::new(move |op, lines| *to.borrow_mut() = Some((op.clone(), lines.to_vec())));
    let camera = Rc::new(Camera {
        ops: ops.clone(),
        number: Cell::new(0),
        last: Cell::new(0),
        tracer: trace::watcher(1..=u64::MAX, sink),
        told,
        now: RefCell::new(None),
        recorder: RefCell::new(Recorder::new()),
    });
    let mut engine = Engine::new(version, Isa::Portable).watched(Rc::clone(&camera) as Rc<dyn Watcher>);
    let (mut out, all) = (String::new(), text.lines().count());
    for (i, l) in text.lines().enumerate() {
        out.clear();
        engine.step(l, &mut out)?;
        line(i + 1, all);
    }
    let (recorder, operations) = (camera.recorder.take(), camera.number.get());
    Ok(Taken { recorder, operations, last: camera.last.get() })
}

/// Takes down the operations of an experiment with these numbers, and its faults; also says what came of it.
///
/// # Errors
/// When it cannot be run.
pub fn experiment(e: &Experiment, lab: &Lab, ops: &RangeInclusive<u64>) -> Result<(Taken, String), CatalogueError> {
    let traced = trace::run(e, lab)?;
    let mem = Own::new(&traced.t.rt);
    let mut recorder = Recorder::new();
    let (name, t) = ("m", &traced.t);
    let mut last = 0;
    let mut before = None;
    for (i, s) in traced.stills.iter().enumerate() {
        let number = s.op as u64 + 1;
        // The first moment is the one before everything; those without any way are between two others.
        let between = s.fault.is_none() && s.way.is_empty() && traced.stills.get(i + 1).is_some_and(|n| n.op == s.op);
        if i == 0 || !ops.contains(&number) || !traced.tells(s.op) || between {
            before = Some(&s.snapshot);
            continue;
        }
        if let Some(first) = before.take()
            && !recorder.knows(name, t)
        {
            recorder.before(&mem, name, t, first);
        }
        let dead = s.way.iter().any(|l| matches!(l.event, Event::Death { .. }));
        let goes_on = i > 0 && traced.stills[i - 1].op == s.op && traced.stills[i - 1].fault.is_some();
        let operation = &traced.operations[s.op].text;
        let (kind, text) = match &s.fault {
            Some(fault) => (Kind::Fault, fault.clone()),
            None if dead => (Kind::Death, operation.clone()),
            None if goes_on => (Kind::Op, format!("{operation}, after the fault")),
            None => (Kind::Op, operation.clone()),
        };
        let told = Told { number, line: None, text: &text, kind, way: &s.way };
        if recorder.step(&mem, name, t, &s.snapshot, &told) {
            last = number;
        }
    }
    let operations = traced.operations.len() as u64 - 1;
    Ok((Taken { recorder, operations, last }, traced.end.outcome.to_string()))
}
