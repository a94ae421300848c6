//! [`Core`] under a scheduler that decides before every atomic access, and at the mutex, which thread is next.

use super::*;
use shuttle::scheduler::{DfsScheduler, RandomScheduler, Scheduler};
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use std::ops::DerefMut;

/// Threads of shuttle's.
struct Explored;

impl Threads for Explored {
    type Mutex<T: Send> = Mutex<T>;

    fn mutex<T: Send>(value: T) -> Self::Mutex<T> {
        Mutex::new(value)
    }

    fn lock<T: Send>(mutex: &Self::Mutex<T>) -> impl DerefMut<Target = T> {
        mutex.lock().unwrap()
    }

    fn step() {
        // Before an access like this one the scheduler is asked.
        AtomicBool::new(false).load(Ordering::SeqCst);
    }
}

struct Map {
    core: Core<Explored>,
    /// LoadOrStore looks first and stores afterwards, as programs do that mistake safe operations for a safe sequence.
    careless: bool,
}

impl ConcurrentMap<Any, Any> for Map {
    fn load(&self, key: &Any) -> Option<Any> {
        self.core.load(key)
    }

    fn store(&self, key: &Any, value: Any) {
        self.core.swap(key, value);
    }

    fn load_or_store(&self, key: &Any, value: Any) -> (Any, bool) {
        if self.careless {
            return self.load(key).map_or_else(
                || {
                    self.store(key, value.clone());
                    (value.clone(), false)
                },
                |v| (v, true),
            );
        }
        self.core.load_or_store(key, value)
    }

    fn load_and_delete(&self, key: &Any) -> Option<Any> {
        self.core.load_and_delete(key)
    }

    fn swap(&self, key: &Any, value: Any) -> Option<Any> {
        self.core.swap(key, value)
    }

    fn compare_and_swap(&self, key: &Any, old: &Any, new: Any) -> bool {
        self.core.compare_and_swap(key, |v| equal(&self.core.rt, v, old), new)
    }

    fn compare_and_delete(&self, key: &Any, old: &Any) -> bool {
        self.core.compare_and_delete(key, |v| equal(&self.core.rt, v, old))
    }

    fn range(&self, f: &mut dyn FnMut(Any, Any) -> bool) {
        self.core.range(f);
    }

    fn clear(&self) {
        self.core.clear();
    }

    fn snapshot(&self) -> Vec<(Any, Any)> {
        let mut all = Vec::new();
        self.core.range(&mut |k, v| {
            all.push((k, v));
            true
        });
        all
    }
}

/// What threads do: each its operations, with the number of the key.
type Program = Vec<Vec<(u64, Op<Any>)>>;

fn n(v: u64) -> Any {
    Any::Uint64(v)
}

/// The states that a key can be in when the threads begin, made by operations on that key and others.
fn begin(state: usize, m: &Map) -> Option<Any> {
    let k = n(0);
    match state {
        // Nowhere; in the dirty map only.
        0 => {}
        1 => m.store(&k, n(1)),
        // Promoted; and deleted; and expunged, with a dirty map that another key has made.
        _ => {
            m.store(&k, n(1));
            m.snapshot();
            if state > 2 {
                m.delete(&k);
            }
            if state > 3 {
                m.store(&n(9), n(9));
            }
        }
    }
    m.load(&k)
}

const STATES: usize = 5;

/// Runs a program under a scheduler, from a state, and checks every history.
fn explore(scheduler: impl Scheduler + 'static, state: usize, program: &Program, careless: bool) -> usize {
    let mut config = shuttle::Config::new();
    config.stack_size = 1 << 20;
    config.failure_persistence = shuttle::FailurePersistence::Print;
    let program = Arc::new(program.clone());
    let rt = runtime();
    shuttle::Runner::new(scheduler, config).run(move || {
        let m = Arc::new(Map { core: Core::new(&rt), careless });
        let before = begin(state, &m);
        let clock = Arc::new(Clock::default());
        let threads: Vec<_> = (0..program.len())
            .map(|i| {
                let (m, clock, program) = (Arc::clone(&m), Arc::clone(&clock), Arc::clone(&program));
                shuttle::thread::spawn(move || -> Vec<(u64, Event<Any>)> {
                    let one = |(k, op): &(u64, Op<Any>)| (*k, clock.record(&*m, &n(*k), op.clone()));
                    program[i].iter().map(one).collect()
                })
            })
            .collect();
        let mut events: Vec<(u64, Event<Any>)> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        // What is there in the end is part of the history.
        for k in 0..2 {
            events.push((k, clock.record(&*m, &n(k), Op::Load)));
        }
        for (k, before) in [(0, before), (1, None)] {
            let of_key: Vec<Event<Any>> = events.iter().filter(|e| e.0 == k).map(|e| e.1.clone()).collect();
            assert!(linearizable(&of_key, &before), "state {state}, key {k}: {of_key:#?}");
        }
        consistent(&m.core.layers());
    })
}

/// What holds of the two maps whenever nobody is in between.
fn consistent(l: &Layers) {
    assert!(!l.amended || l.dirty.is_some(), "{l:?}: keys that the dirty map would have");
    assert!(l.expunged == 0 || l.dirty.is_some(), "{l:?}: expunged without a dirty map");
    assert!(l.amended || l.dirty.is_none(), "{l:?}: a dirty map that has nothing more, and was not cleared");
    if let Some(dirty) = l.dirty {
        assert!(dirty > l.read - l.expunged && l.misses < dirty, "{l:?}: keys are missing from the dirty map");
    }
}

fn all_ops() -> Vec<Op<Any>> {
    vec![
        Op::Load,
        Op::Store(n(2)),
        Op::LoadOrStore(n(3)),
        Op::LoadAndDelete,
        Op::Swap(n(4)),
        Op::CompareAndSwap(n(1), n(5)),
        Op::CompareAndDelete(n(1)),
    ]
}

/// Every pair of operations on one key, from every state of it, in every schedule.
#[test]
fn every_schedule_of_two_operations() {
    let mut schedules = 0;
    for state in 0..STATES {
        let ops = all_ops();
        for (i, a) in ops.iter().enumerate() {
            for b in &ops[i..] {
                let program = vec![vec![(0, a.clone())], vec![(0, b.clone())]];
                schedules += explore(DfsScheduler::new(None, false), state, &program, false);
            }
        }
    }
    // Each pair has more than one, or the scheduler is not asked.
    assert!(schedules > 10_000, "{schedules} schedules");
}

/// Three threads with three operations each on two keys, chosen at random, in schedules chosen at random.
#[test]
fn random_schedules_of_three_threads() {
    let rng = crate::rng::Rng::new(Some(7));
    let ops = all_ops();
    let choose = |n: usize| (rng.rand() % n as u64) as usize;
    for round in 0..60 {
        let program: Program =
            (0..3).map(|_| (0..3).map(|_| (choose(2) as u64, ops[choose(ops.len())].clone())).collect()).collect();
        explore(RandomScheduler::new_from_seed(round, 40), choose(STATES), &program, false);
    }
}

/// What is not atomic is found out.
#[test]
#[should_panic(expected = "state 0, key 0")]
fn a_careless_map_is_found_out() {
    let program = vec![vec![(0, Op::LoadOrStore(n(1)))], vec![(0, Op::LoadOrStore(n(2)))]];
    explore(DfsScheduler::new(None, false), 0, &program, true);
}
