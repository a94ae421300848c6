//! One schedule, told step by step.

use super::drive::{Given, drive};
use super::judge::End;
use super::run::{Next, Run, Spectator};
use super::scenario::{Act, Schedule};
use super::{ExploreError, Explorer};
use crate::inspect::trace::{Event, Tracer};
use crate::layout::{HASH_WRITING, mem};
use crate::probe::Step;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What a goroutine does between two points.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Move {
    /// Number of the step in the schedule, from 1.
    pub step: usize,
    /// The goroutine.
    #[serde(serialize_with = "name")]
    pub goroutine: usize,
    /// The kind of step, as `gohmap trace` names it; `len` for the length.
    pub kind: String,
    /// It is the rest of a step that somebody may have interrupted.
    pub rest: bool,
    /// What it finds.
    pub words: String,
    /// What it changes besides.
    pub changes: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn name<S: serde::Serializer>(who: &usize, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_char(super::scenario::letter(*who))
}

/// A schedule as it went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    /// Every step.
    pub moves: Vec<Move>,
    /// What came of it.
    pub end: End,
    /// What tells: the key that is lost, the address of a fault; may be empty.
    pub evidence: String,
    /// The whole schedule: also what was not given.
    pub schedule: Schedule,
}

impl Explorer<'_> {
    /// Runs one schedule and tells what happens. Where it says nothing, the first goroutine goes on that can.
    ///
    /// # Errors
    /// See [`ExploreError`].
    pub fn replay(&self, schedule: &Schedule) -> Result<Replay, ExploreError> {
        let scenario = &schedule.scenario;
        let (run, verdicts) = self.ready(scenario, schedule.points)?;
        let teller = Rc::new(Teller::new(&run));
        run.spectator.replace(Some(Rc::clone(&teller) as Rc<dyn Spectator>));
        let verdict = Rc::new(RefCell::new(None));
        let slot = Rc::clone(&verdict);
        let over = move |run: &Run| {
            slot.replace(Some(verdicts.verdict(run)));
        };
        let given = Rc::new(RefCell::new(Given::new(schedule.steps.clone(), Box::new(over))));
        drive(&run, &given);
        run.spectator.replace(None);
        let given = given.borrow();
        if let Some(step) = given.misfit() {
            return Err(ExploreError::Misfit { scenario: scenario.clone(), version: self.lab.version(), step });
        }
        let (end, evidence) = verdict.take().expect("one schedule was run");
        let moves = teller.moves.take();
        Ok(Replay { moves, end, evidence, schedule: self.schedule(scenario, schedule.points, given.gone.clone()) })
    }
}

/// Tells what each goroutine does.
struct Teller {
    h: usize,
    tracers: Vec<RefCell<Tracing>>,
    moves: RefCell<Vec<Move>>,
    step: Cell<usize>,
}

/// What is told of one goroutine.
struct Tracing {
    tracer: Tracer,
    has_key: bool,
    /// The last step, which may go on.
    last: Option<Event>,
    /// What goes on is the rest of it.
    rest: bool,
    /// Writes of the flags in this operation.
    writes: u32,
}

impl Teller {
    fn new(run: &Run) -> Self {
        let tracing = |act: Act| Tracing {
            tracer: Tracer::new(&run.t),
            has_key: act.assigns() || matches!(act, Act::Read | Act::Delete),
            last: None,
            rest: false,
            writes: 0,
        };
        Self {
            h: run.h,
            tracers: run.goroutines.iter().map(|g| RefCell::new(tracing(g.act))).collect(),
            moves: RefCell::default(),
            step: Cell::new(0),
        }
    }

    /// Everything that the goroutine has done since it went on.
    fn settle(&self, who: usize, t: &mut Tracing) {
        t.tracer.settle();
        for line in t.tracer.take() {
            self.moves.borrow_mut().push(Move {
                step: self.step.get(),
                goroutine: who,
                kind: line.event.kind().to_owned(),
                rest: std::mem::take(&mut t.rest),
                words: line.event.words(),
                changes: line.changes_in_words(),
            });
            t.last = Some(line.event);
        }
    }

    /// The step as it is now: others may have been at the flags since it was announced.
    fn now(&self, step: Step, t: &mut Tracing) -> Step {
        // SAFETY: the header of the run's map, which nothing unmaps.
        let flags = unsafe { mem::ld8(self.h + 8) };
        match step {
            Step::FlagsRead { .. } => Step::FlagsRead { flags },
            Step::FlagsWrite { .. } => {
                t.writes += 1;
                // An operation sets the flag first (in truth it flips it), and clears it at its end.
                Step::FlagsWrite { flags: if t.writes == 1 { flags ^ HASH_WRITING } else { flags & !HASH_WRITING } }
            }
            step => step,
        }
    }
}

impl Spectator for Teller {
    fn begins(&self, who: usize, key: usize) {
        let mut t = self.tracers[who].borrow_mut();
        self.settle(who, &mut t);
        let key = t.has_key.then_some(key);
        t.tracer.begin(self.h, key, false);
        t.writes = 0;
    }

    fn arrives(&self, who: usize) {
        let mut t = self.tracers[who].borrow_mut();
        self.settle(who, &mut t);
    }

    fn goes(&self, who: usize, next: Next) {
        self.step.set(self.step.get() + 1);
        let mut t = self.tracers[who].borrow_mut();
        t.tracer.overlook();
        match next {
            Next::Step(step) => {
                let step = self.now(step, &mut t);
                t.tracer.step(&step);
            }
            Next::Rest => {
                if let Some(event) = t.last.clone() {
                    t.rest = true;
                    t.tracer.note(event);
                }
            }
            Next::Length => {
                // SAFETY: as above.
                let count = unsafe { mem::ld64(self.h) } as i64;
                self.moves.borrow_mut().push(Move {
                    step: self.step.get(),
                    goroutine: who,
                    kind: "len".to_owned(),
                    rest: false,
                    words: count.to_string(),
                    changes: Vec::new(),
                });
            }
            Next::Operation => {}
        }
    }
}
