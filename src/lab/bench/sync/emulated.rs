//! This project's maps, shared by threads.

use super::{Case, Contender, SharedMap, VALUE};
use crate::gomap::Any;
use crate::lab::bench::{Error, Runner, keys};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::sync::{Counter, MutexMap, RwMutexMap, SyncMap};
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

/// Whose they are.
pub const BY: &str = "gohmap";

/// A map that threads share.
trait Shared: Send + Sync + 'static {
    fn new(rt: &Arc<Runtime>) -> Self;
    fn read(&self, k: u64) -> u64;
    fn write(&self, k: u64, v: u64);
}

impl Shared for MutexMap<u64, u64> {
    fn new(rt: &Arc<Runtime>) -> Self {
        Self::new(rt)
    }

    fn read(&self, k: u64) -> u64 {
        self.lock().get(k)
    }

    fn write(&self, k: u64, v: u64) {
        self.lock().insert(k, v);
    }
}

impl Shared for RwMutexMap<u64, u64> {
    fn new(rt: &Arc<Runtime>) -> Self {
        Self::new(rt)
    }

    fn read(&self, k: u64) -> u64 {
        RwMutexMap::read(self).get(k)
    }

    fn write(&self, k: u64, v: u64) {
        RwMutexMap::write(self).insert(k, v);
    }
}

impl Shared for SyncMap {
    fn new(rt: &Arc<Runtime>) -> Self {
        Self::new(rt)
    }

    fn read(&self, k: u64) -> u64 {
        match self.load(k) {
            Some(Any::Uint64(v)) => v,
            _ => 0,
        }
    }

    fn write(&self, k: u64, v: u64) {
        self.store(k, v);
    }
}

impl Shared for Counter<u64> {
    fn new(rt: &Arc<Runtime>) -> Self {
        Self::new(rt)
    }

    fn read(&self, k: u64) -> u64 {
        self.get(k)
    }

    fn write(&self, k: u64, _: u64) {
        self.add(k, 1);
    }
}

/// Threads that run a case.
struct Threads<M> {
    name: String,
    state: Option<State<M>>,
}

/// A case under way.
struct State<M> {
    map: M,
    keys: Vec<u64>,
    steps: Vec<Vec<u64>>,
}

/// A map of this project's, on a runtime of its own for each case.
#[must_use]
pub fn contender(map: SharedMap) -> Contender {
    let runner = match map {
        SharedMap::Mutex => runner::<MutexMap<u64, u64>>(map),
        SharedMap::RwMutex => runner::<RwMutexMap<u64, u64>>(map),
        SharedMap::SyncMap => runner::<SyncMap>(map),
        SharedMap::Counter => runner::<Counter<u64>>(map),
    };
    Contender { map, by: BY.to_owned(), runner }
}

fn runner<M: Shared>(map: SharedMap) -> Box<dyn Runner<Case>> {
    Box::new(Threads::<M> { name: format!("{map} of {BY}"), state: None })
}

impl<M: Shared> Runner<Case> for Threads<M> {
    fn name(&self) -> &str {
        &self.name
    }

    fn prepare(&mut self, case: &Case) -> Result<u64, Error> {
        let (map, keys) = (M::new(&Runtime::new(RuntimeConfig::default())), case.keys());
        keys.iter().for_each(|&k| map.write(k, VALUE));
        let steps: Vec<Vec<u64>> = (0..case.threads).map(|t| case.steps(t)).collect();
        let print = keys::print(&steps.concat());
        self.state = Some(State { map, keys, steps });
        Ok(print)
    }

    fn sample(&mut self) -> Result<f64, Error> {
        let State { map, keys, steps } = self.state.as_ref().expect("a case has been prepared");
        // The clock starts between the two: whoever comes last to a barrier, others may be done before this thread goes on.
        let (ready, begin) = (Barrier::new(steps.len() + 1), Barrier::new(steps.len() + 1));
        let start = thread::scope(|s| {
            for steps in steps {
                s.spawn(|| {
                    ready.wait();
                    begin.wait();
                    black_box(pass(map, keys, steps));
                });
            }
            ready.wait();
            let start = Instant::now();
            begin.wait();
            start
        });
        let time = start.elapsed();
        Ok(time.as_nanos() as f64 / steps.iter().map(Vec::len).sum::<usize>() as f64)
    }

    fn finish(&mut self) -> Result<(), Error> {
        self.state = None;
        Ok(())
    }
}

/// What one thread does.
fn pass<M: Shared>(map: &M, keys: &[u64], steps: &[u64]) -> u64 {
    let mut sum = 0_u64;
    for s in steps {
        let k = keys[(s / 2) as usize];
        if s % 2 == 0 {
            sum = sum.wrapping_add(map.read(k));
        } else {
            map.write(k, VALUE);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::super::{Mix, run};
    use super::*;
    use std::sync::Mutex;

    /// Reads find what was put there, and each write reaches the map.
    #[test]
    fn maps_do_what_they_are_told() {
        let case = Case { mix: Mix { reads: 3, writes: 1 }, keys: 8, threads: 2, ops: 4000 };
        fn check<M: Shared>(case: &Case) {
            let m = M::new(&Runtime::new(RuntimeConfig::default()));
            let keys = case.keys();
            keys.iter().for_each(|&k| m.write(k, VALUE));
            let steps = case.steps(0);
            let reads: Vec<u64> = steps.iter().copied().filter(|s| s % 2 == 0).collect();
            assert!(pass(&m, &keys, &reads) >= reads.len() as u64);
            let writes: Vec<u64> = steps.iter().copied().filter(|s| s % 2 == 1).collect();
            pass(&m, &keys, &writes);
            assert!(keys.iter().all(|&k| m.read(k) > 0));
        }
        check::<MutexMap<u64, u64>>(&case);
        check::<RwMutexMap<u64, u64>>(&case);
        check::<SyncMap>(&case);
        check::<Counter<u64>>(&case);
        let mut contenders = SharedMap::ALL.map(contender);
        let measured = run(&case, &mut contenders, 3, || ()).unwrap();
        assert_eq!(measured.iter().map(|m| m.map).collect::<Vec<_>>(), SharedMap::ALL);
        assert!(measured.iter().all(|m| m.samples.len() == 3 && m.samples.iter().all(|&ns| ns > 0.0)));
    }

    /// A map with a clock of its own: when the first operation began and the last one ended.
    struct Timed(Mutex<Option<(Instant, Instant)>>);

    impl Shared for Timed {
        fn new(_: &Arc<Runtime>) -> Self {
            Self(Mutex::new(None))
        }

        fn read(&self, k: u64) -> u64 {
            let now = Instant::now();
            let mut times = self.0.lock().unwrap();
            times.get_or_insert((now, now)).1 = Instant::now();
            k
        }

        fn write(&self, k: u64, _: u64) {
            self.read(k);
        }
    }

    /// The clock runs before any thread does, also where this one is late to go on.
    #[test]
    fn samples_leave_nothing_out() {
        let case = Case { mix: Mix { reads: 1, writes: 1 }, keys: 1, threads: 2, ops: 8 };
        let mut threads = Threads::<Timed> { name: String::new(), state: None };
        threads.prepare(&case).unwrap();
        for _ in 0..500 {
            let times = |t: &Threads<Timed>| t.state.as_ref().unwrap().map.0.lock().unwrap().take();
            times(&threads);
            let ns = threads.sample().unwrap() * case.ops as f64;
            let (first, last) = times(&threads).unwrap();
            assert!(ns > 0.999 * (last - first).as_nanos() as f64, "{ns} ns for {:?}", last - first);
        }
    }
}
