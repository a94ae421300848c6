//! Scripts and experiments under a [`Tracer`]: every operation, step by step.

use super::catalogue::{CatalogueError, Experiment};
use super::experiment::moment::StepKind;
use super::experiment::rig::Spectator;
use super::experiment::{Lab, Outcome};
use super::script::{Begun, Ended, Engine, ScriptError, Watcher};
use crate::inspect::own::Own;
use crate::inspect::snapshot::Snapshot;
use crate::inspect::trace::{Event, Line, Tracer, title};
use crate::map::amd64::Isa;
use crate::probe::Step;
use crate::types::MapType;
use crate::version::GoVersion;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::sync::Arc;

/// An operation that is traced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its number, from 1. A `fill` is one operation for each of its keys, and so is a `next` for each entry.
    pub number: u64,
    /// Number of its line in the script; none in an experiment.
    pub line: Option<usize>,
    /// What is done.
    pub text: String,
    /// The map's name; empty in an experiment.
    pub map: String,
    /// Its type, as Go writes it.
    pub ty: String,
}

/// Who gets the lines of an operation once it is over.
pub type Sink = Box<dyn FnMut(&Operation, &[Line])>;

/// Traces a script.
struct ScriptTrace {
    ops: RangeInclusive<u64>,
    number: Cell<u64>,
    /// By the maps' names, so that each keeps what it knows of its map.
    tracers: RefCell<HashMap<String, (Arc<MapType>, Tracer)>>,
    /// The operation under way, when it is told.
    now: RefCell<Option<Operation>>,
    sink: RefCell<Sink>,
}

/// A watcher for an [`Engine`] that traces operations with these numbers.
#[must_use]
pub fn watcher(ops: RangeInclusive<u64>, sink: Sink) -> Rc<dyn Watcher> {
    Rc::new(ScriptTrace::new(ops, sink))
}

impl ScriptTrace {
    fn new(ops: RangeInclusive<u64>, sink: Sink) -> Self {
        Self {
            ops,
            number: Cell::new(0),
            tracers: RefCell::default(),
            now: RefCell::new(None),
            sink: RefCell::new(sink),
        }
    }

    fn with<R>(&self, f: impl FnOnce(&mut Tracer) -> R) -> Option<R> {
        let now = self.now.borrow();
        let mut tracers = self.tracers.borrow_mut();
        Some(f(&mut tracers.get_mut(&now.as_ref()?.map)?.1))
    }
}

impl Watcher for ScriptTrace {
    fn begin(&self, op: &Begun<'_>) {
        self.number.set(self.number.get() + 1);
        *self.now.borrow_mut() = None;
        if !self.ops.contains(&self.number.get()) {
            return;
        }
        let text = op.text.to_owned();
        let reflect = ["rset", "rget", "rdel", "rrange"].iter().any(|v| text.starts_with(v));
        let mut tracers = self.tracers.borrow_mut();
        let known = tracers.get(op.map).is_some_and(|t| Arc::ptr_eq(&t.0, op.t));
        if !known {
            tracers.insert(op.map.to_owned(), (Arc::clone(op.t), Tracer::new(op.t)));
        }
        if let Some((_, tracer)) = tracers.get_mut(op.map) {
            tracer.begin(op.h, op.key, reflect);
        }
        *self.now.borrow_mut() = Some(Operation {
            number: self.number.get(),
            line: Some(op.line),
            text,
            map: op.map.to_owned(),
            ty: title(op.t),
        });
    }

    fn step(&self, step: Step) {
        self.with(|t| t.step(&step));
    }

    fn end(&self, ended: &Ended<'_>) {
        let lines = self.with(|t| {
            t.settle();
            if let Ended::Panic(text) = ended {
                t.note(Event::Death { says: vec![format!("panic: {text}")], exit: None });
                t.settle();
            }
            t.take()
        });
        if let (Some(op), Some(lines)) = (self.now.borrow_mut().take(), lines) {
            (self.sink.borrow_mut())(&op, &lines);
        }
    }
}

/// Runs a script and gives the steps of its operations with these numbers to `sink`; returns how many operations there were.
///
/// # Errors
/// At the first line that cannot be run; what came before it has been told.
pub fn script(version: GoVersion, text: &str, ops: RangeInclusive<u64>, sink: Sink) -> Result<u64, ScriptError> {
    let last = *ops.end();
    let trace = Rc::new(ScriptTrace::new(ops, sink));
    let mut engine = Engine::new(version, Isa::Portable).watched(Rc::clone(&trace) as Rc<dyn Watcher>);
    let mut out = String::new();
    for line in text.lines() {
        if trace.number.get() >= last {
            break;
        }
        out.clear();
        engine.step(line, &mut out)?;
    }
    Ok(trace.number.get())
}

/// How a traced experiment ended.
pub struct End {
    /// What came of it.
    pub outcome: Outcome,
    /// What Go would have said, when it died.
    pub says: Vec<String>,
}

/// The map of an experiment at a moment.
pub(super) struct Still {
    /// The operation under way, or just over, from 0.
    pub(super) op: usize,
    /// The fault that has just struck.
    pub(super) fault: Option<String>,
    /// The steps since the moment before.
    pub(super) way: Vec<Line>,
    /// What the map was.
    pub(super) snapshot: Snapshot,
}

/// An experiment that has been traced.
pub(super) struct Traced {
    /// Its operations, and behind them the look at the whole map that ends it.
    pub(super) operations: Vec<Operation>,
    /// Every moment: before the first operation, before and after every fault, after every operation.
    pub(super) stills: Vec<Still>,
    /// The map's type.
    pub(super) t: Arc<MapType>,
    /// How it ended.
    pub(super) end: End,
}

impl Traced {
    /// Whether there is something to tell of an operation: the look at the map is told only when it is there that the program
    /// dies.
    pub(super) fn tells(&self, op: usize) -> bool {
        op + 1 < self.operations.len() || !self.end.says.is_empty()
    }
}

/// An experiment that is traced while it runs. Nothing of it is dropped in the frames that a fault skips.
struct Running<'a> {
    tracer: Tracer,
    mem: Own,
    t: &'a MapType,
    h: usize,
    keys: &'a dyn Fn(usize) -> Option<usize>,
    now: Option<usize>,
    /// The step that comes when the faults of its event have struck.
    held: Option<Step>,
    /// How many of those are still to strike.
    strikes: usize,
    stills: Vec<Still>,
    says: Vec<String>,
}

impl Running<'_> {
    /// The operation under way is another one.
    fn turn(&mut self, op: usize) {
        self.tracer.settle();
        if self.now == Some(op) {
            return;
        }
        self.still(None);
        self.now = Some(op);
        self.tracer.begin(self.h, (self.keys)(op), false);
    }

    /// Takes down what the map is now.
    fn still(&mut self, fault: Option<String>) {
        let way = self.tracer.take();
        // A header that cannot be read is that of a map of which nothing can be told.
        let snapshot = Snapshot::read(&self.mem, self.t, self.h as u64).unwrap_or_else(|_| Snapshot::nil());
        self.stills.push(Still { op: self.now.unwrap_or(0), fault, way, snapshot });
    }
}

/// Runs an experiment and gives the steps of its operations with these numbers to `sink`. The look at the whole map that ends it is
/// told only when it is there that the program dies.
///
/// # Errors
/// When it cannot be run: a target is not there, or the step of a fault does not come.
pub fn experiment(
    e: &Experiment,
    lab: &Lab,
    ops: &RangeInclusive<u64>,
    sink: &mut dyn FnMut(&Operation, &[Line]),
) -> Result<End, CatalogueError> {
    let mut traced = run(e, lab)?;
    let stills = std::mem::take(&mut traced.stills);
    for all in stills.chunk_by(|a, b| a.op == b.op) {
        let op = all[0].op;
        if ops.contains(&(op as u64 + 1)) && traced.tells(op) {
            let lines: Vec<Line> = all.iter().flat_map(|s| &s.way).cloned().collect();
            sink(&traced.operations[op], &lines);
        }
    }
    Ok(traced.end)
}

/// Runs an experiment and keeps everything.
pub(super) fn run(e: &Experiment, lab: &Lab) -> Result<Traced, CatalogueError> {
    let (rig, faults) = e.prepare(lab)?;
    let t = Arc::new(rig.map_type().clone());
    let operation = |i: usize, text: String| Operation {
        number: i as u64 + 1,
        line: None,
        text,
        map: String::new(),
        ty: title(&t),
    };
    let mut operations: Vec<Operation> =
        rig.operations().iter().enumerate().map(|(i, o)| operation(i, o.to_string())).collect();
    operations.push(operation(operations.len(), "the look at the whole map afterwards".to_owned()));
    let keys = |op| rig.key_of(op);
    let running = RefCell::new(Running {
        tracer: Tracer::new(&t),
        mem: Own::new(&t.rt),
        t: &t,
        h: rig.h,
        keys: &keys,
        now: None,
        held: None,
        strikes: 0,
        stills: Vec::new(),
        says: Vec::new(),
    });
    let told = |n: u64, _: StepKind, step: Option<&Step>| {
        let mut r = running.borrow_mut();
        if step.is_none() {
            r.turn(usize::from(rig.trail.during.get()));
        }
        r.strikes = faults.iter().filter(|f| f.0 == n).count();
        if r.strikes > 0 {
            r.tracer.settle();
            r.still(None);
            r.held = step.copied();
        } else if let Some(step) = step {
            r.tracer.step(step);
        }
    };
    let struck = |i: usize| {
        let mut r = running.borrow_mut();
        let fault = faults[i].1.to_string();
        r.tracer.note(Event::Fault { fault: fault.clone() });
        r.tracer.settle();
        r.still(Some(fault));
        r.strikes -= 1;
        if r.strikes == 0
            && let Some(step) = r.held.take()
        {
            r.tracer.step(&step);
        }
    };
    let over = |says: &[String]| {
        let mut r = running.borrow_mut();
        if !says.is_empty() {
            r.tracer.note(Event::Death { says: says.to_vec(), exit: Some(2) });
        }
        r.tracer.settle();
        r.still(None);
        r.says = says.to_vec();
    };
    let outcome = rig.inject_watched(&faults, e.way(), Some(&told), Some(&Spectator { struck: &struck, over: &over }));
    let Running { stills, says, .. } = running.into_inner();
    Ok(Traced { operations, stills, t: Arc::clone(&t), end: End { outcome, says } })
}
