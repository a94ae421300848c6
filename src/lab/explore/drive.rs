//! Between shuttle and the ways to choose who goes on: everything that is no choice is decided here.
//!
//! A policy that looks at the run alone is asked by the goroutine that comes to a point, and shuttle only when somebody else is to
//! go on: a search goes a hundred steps for each that is new, and most of them without a switch.

use super::run::{At, Run, Staged, once};
use shuttle::scheduler::{PctScheduler, RandomScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::cell::RefCell;
use std::rc::Rc;

/// A way to choose.
pub(super) trait Policy {
    /// It asks nothing of shuttle's threads.
    const DIRECT: bool = false;

    /// Another schedule is about to begin; false when there is none.
    fn begin(&mut self) -> bool;

    /// Which of these goroutines goes on, all of them at points or not yet begun; `None` when the rest of the schedule is of no
    /// interest. `last` is who went last.
    fn choose(&mut self, run: &Run, ready: &Ready<'_>) -> Option<usize>;

    /// The schedule is over, and memory still is as it has left it.
    fn over(&mut self, run: &Run);
}

/// The goroutines that may go on.
pub(super) struct Ready<'a> {
    run: &'a Run,
    /// As shuttle's threads; none for a [direct](Policy::DIRECT) policy.
    tasks: &'a [&'a Task],
    last: Option<TaskId>,
}

impl Ready<'_> {
    /// Their numbers, in ascending order.
    pub(super) fn numbers(&self) -> impl Iterator<Item = usize> + '_ {
        let all = self.run.goroutines.iter().enumerate();
        all.filter(|(_, g)| g.at.get() == At::Point).map(|(who, _)| who)
    }
}

/// Shuttle's thread 0 starts the goroutines; they are its threads from 1 on.
fn number(id: TaskId) -> usize {
    usize::from(id) - 1
}

/// Runs schedules until the policy has no more.
pub(super) fn drive<P: Policy + 'static>(run: &Rc<Run>, policy: &Rc<RefCell<P>>) {
    let _staged = Staged::new(run);
    let mut config = Config::new();
    // A dying goroutine's frames, and what is asked of the map afterwards.
    config.stack_size = 256 << 10;
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    if P::DIRECT {
        let policy = Rc::clone(policy);
        let choose = move |run: &Run| policy.borrow_mut().choose(run, &Ready { run, tasks: &[], last: None });
        run.chooser.replace(Some(Box::new(choose)));
    }
    let director = Director { run: Rc::clone(run), policy: Rc::clone(policy), begun: false };
    Runner::new(director, config).run(once);
    run.chooser.replace(None);
}

struct Director<P> {
    run: Rc<Run>,
    policy: Rc<RefCell<P>>,
    begun: bool,
}

impl<P: Policy> Scheduler for Director<P> {
    fn new_execution(&mut self) -> Option<Schedule> {
        let mut policy = self.policy.borrow_mut();
        if self.begun {
            policy.over(&self.run);
        }
        self.begun = policy.begin();
        self.begun.then(|| Schedule::new(0))
    }

    fn next_task(&mut self, tasks: &[&Task], last: Option<TaskId>, _: bool) -> Option<TaskId> {
        let goroutines = &self.run.goroutines;
        // The thread that starts and joins the others never waits for a choice; nor does who comes to a first point or leaves.
        let at_once = |t: &&&Task| usize::from(t.id()) == 0 || goroutines[number(t.id())].at.get() != At::Point;
        if let Some(t) = tasks.iter().find(at_once) {
            return Some(t.id());
        }
        if !self.run.idle.get() {
            let choose = || self.policy.borrow_mut().choose(&self.run, &Ready { run: &self.run, tasks, last });
            match self.run.chosen.take().or_else(choose) {
                Some(who) => return Some(TaskId::from(who + 1)),
                None => self.run.idle.set(true),
            }
        }
        tasks.first().map(|t| t.id())
    }

    fn next_u64(&mut self) -> u64 {
        // No thread of ours asks shuttle for random numbers.
        0
    }
}

/// Chooses as given, then the first that is left.
pub(super) struct Given {
    steps: Vec<u8>,
    at: usize,
    begun: bool,
    /// The schedule, as it went.
    pub(super) gone: Vec<u8>,
    /// A step that could not be gone: its number.
    misfit: Option<usize>,
    over: Box<dyn FnMut(&Run)>,
}

impl Given {
    pub(super) fn new(steps: Vec<u8>, over: Box<dyn FnMut(&Run)>) -> Self {
        Self { steps, at: 0, begun: false, gone: Vec::new(), misfit: None, over }
    }

    /// The number of the first step, from 1, whose goroutine had ended, or that came after the end of all.
    pub(super) fn misfit(&self) -> Option<usize> {
        self.misfit.or((self.at < self.steps.len()).then_some(self.at + 1))
    }
}

impl Policy for Given {
    fn begin(&mut self) -> bool {
        !std::mem::replace(&mut self.begun, true)
    }

    fn choose(&mut self, _: &Run, ready: &Ready<'_>) -> Option<usize> {
        let wanted = self.steps.get(self.at).map(|&s| usize::from(s));
        self.at += 1;
        let who = match wanted {
            Some(who) if ready.numbers().any(|n| n == who) => who,
            Some(_) => {
                self.misfit.get_or_insert(self.at);
                ready.numbers().next()?
            }
            None => ready.numbers().next()?,
        };
        self.gone.push(who as u8);
        Some(who)
    }

    fn over(&mut self, run: &Run) {
        (self.over)(run);
    }
}

/// Who hears of each schedule that has been drawn, and who went in it, step by step.
type Drawn = Box<dyn FnMut(&Run, &[u8])>;

/// One of shuttle's schedulers.
pub(super) struct Sampled {
    scheduler: Box<dyn Scheduler>,
    /// The schedule, as it goes.
    gone: Vec<u8>,
    over: Drawn,
}

/// How schedules are drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Draw {
    /// Whoever is ready goes on with the same chance, at every point.
    Random,
    /// Probabilistic concurrency testing (Burckhardt et al., ASPLOS 2010): priorities that change at so many points less one.
    Pct(usize),
}

impl Sampled {
    /// Draws `n` schedules and tells `over` of each.
    pub(super) fn new(draw: Draw, n: usize, seed: u64, over: Drawn) -> Self {
        let scheduler: Box<dyn Scheduler> = match draw {
            Draw::Random => Box::new(RandomScheduler::new_from_seed(seed, n)),
            Draw::Pct(depth) => Box::new(PctScheduler::new_from_seed(seed, depth, n)),
        };
        Self { scheduler, gone: Vec::new(), over }
    }
}

impl Policy for Sampled {
    fn begin(&mut self) -> bool {
        self.gone.clear();
        self.scheduler.new_execution().is_some()
    }

    fn choose(&mut self, _: &Run, ready: &Ready<'_>) -> Option<usize> {
        // What has ended since is no thread that can be interrupted.
        let last = ready.last.filter(|l| ready.tasks.iter().any(|t| t.id() == *l));
        let who = number(self.scheduler.next_task(ready.tasks, last.or(ready.tasks.first().map(|t| t.id())), false)?);
        self.gone.push(who as u8);
        Some(who)
    }

    fn over(&mut self, run: &Run) {
        (self.over)(run, &self.gone);
    }
}
