//! Happens-before by vector clocks: FastTrack's epochs, with ThreadSanitizer's operations on synchronisation objects.
//!
//! A goroutine has a clock; so has everything that goroutines synchronise by. To *release* is to leave one's clock there, to
//! *acquire* to learn what was left. An access races with an earlier one of another goroutine whose epoch it has not learned of.

use super::clock::{Clock, MAIN, Tid};
use super::options::GoRace;
use super::report::{self, Access, Creation, MAIN_NUMBER, Race};
use super::shadow::{Bytes, Conflict, Kind, Shadow};
use crate::fatal::Program;
use crate::fatal::trace::{RawFrame, Trace};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Something that goroutines synchronise by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Sync(pub(super) u64);

#[derive(Debug)]
struct Goroutine {
    clock: Clock,
    running: bool,
    created: Option<Arc<Trace>>,
}

/// The number that Go's detector gives the first goroutine of a program: those before it are the runtime's own.
const FIRST_NUMBER: u64 = 7;

/// A race, as frames that have no names yet.
type Stacks = (Vec<usize>, Vec<usize>);

/// The state of the race detector.
#[derive(Debug)]
pub(super) struct Detector {
    program: Program,
    pub(super) options: GoRace,
    goroutines: Vec<Goroutine>,
    syncs: HashMap<Sync, Clock>,
    shadow: Shadow,
    told: HashSet<Stacks>,
}

impl Detector {
    pub(super) fn new(program: Program, options: GoRace) -> Self {
        let mut clock = Clock::default();
        clock.tick(MAIN);
        let main = Goroutine { clock, running: true, created: None };
        Self {
            program,
            options,
            goroutines: vec![main],
            syncs: HashMap::new(),
            shadow: Shadow::default(),
            told: HashSet::new(),
        }
    }

    /// The `go` statement of `parent`, whose stack is `created`.
    pub(super) fn start(&mut self, parent: Tid, created: Trace) -> Tid {
        let child = Tid(self.goroutines.len());
        let mut clock = self.goroutines[parent.0].clock.clone();
        clock.tick(child);
        self.goroutines[parent.0].clock.tick(parent);
        self.goroutines.push(Goroutine { clock, running: true, created: Some(Arc::new(created)) });
        child
    }

    pub(super) fn end(&mut self, t: Tid) {
        self.goroutines[t.0].running = false;
    }

    pub(super) fn is_running(&self, t: Tid) -> bool {
        self.goroutines[t.0].running
    }

    /// Learns what was left at `s`.
    pub(super) fn acquire(&mut self, t: Tid, s: Sync) {
        if let Some(left) = self.syncs.get(&s) {
            self.goroutines[t.0].clock.join(left);
        }
    }

    /// Leaves this goroutine's clock at `s` instead of what was there.
    pub(super) fn release(&mut self, t: Tid, s: Sync) {
        let clock = &mut self.goroutines[t.0].clock;
        self.syncs.insert(s, clock.clone());
        clock.tick(t);
    }

    /// Adds this goroutine's clock to what was left at `s`.
    pub(super) fn release_merge(&mut self, t: Tid, s: Sync) {
        let clock = &mut self.goroutines[t.0].clock;
        self.syncs.entry(s).or_default().join(clock);
        clock.tick(t);
    }

    /// Adds this goroutine's clock to what was left at `s`, and learns all of it: what an atomic read-modify-write does.
    pub(super) fn release_acquire(&mut self, t: Tid, s: Sync) {
        self.acquire(t, s);
        self.release_merge(t, s);
    }

    /// Leaves this goroutine's clock at `s`, and learns what was there before.
    pub(super) fn exchange(&mut self, t: Tid, s: Sync) {
        let clock = &mut self.goroutines[t.0].clock;
        if let Some(before) = self.syncs.insert(s, clock.clone()) {
            clock.join(&before);
        }
        clock.tick(t);
    }

    /// Notes an access; the race, if it is one that has not been told of.
    pub(super) fn access(&mut self, t: Tid, kind: Kind, bytes: Bytes, stack: impl Fn() -> Trace) -> Option<Race> {
        let clock = &self.goroutines[t.0].clock;
        let conflict = self.shadow.access(t, clock, kind, bytes, stack)?;
        let addresses = |t: &Trace| t.frames().iter().map(|f: &RawFrame| f.ip).collect();
        let stacks = (addresses(&conflict.stack), addresses(&conflict.earlier.stack));
        self.told.insert(stacks).then(|| self.tell(t, kind, &conflict))
    }

    fn tell(&self, t: Tid, kind: Kind, c: &Conflict) -> Race {
        let frames = |trace: &Trace| report::frames(trace, &self.program, &self.options);
        let access = |t, write, addr, stack| Access { write, addr, goroutine: number(t), stack: frames(stack) };
        let creation = |t: Tid| {
            let g = &self.goroutines[t.0];
            let stack = frames(g.created.as_deref()?);
            Some(Creation { goroutine: number(t), running: g.running, stack })
        };
        Race {
            access: access(t, kind.write, c.addr, &c.stack),
            previous: access(c.earlier.tid, c.earlier.kind.write, c.earlier_addr, &c.earlier.stack),
            goroutines: [t, c.earlier.tid].into_iter().filter_map(creation).collect(),
        }
    }
}

fn number(t: Tid) -> u64 {
    match t {
        MAIN => MAIN_NUMBER,
        Tid(n) => FIRST_NUMBER + n as u64 - 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::version::GoVersion;

    const AT: Bytes = Bytes { addr: 0x1000, size: 1 };
    const S: Sync = Sync(1);

    struct Two(Detector, Tid);

    /// A stack of its own for each call, so that no race is taken for one that was told.
    fn stack() -> Trace {
        use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
        static NEXT: AtomicUsize = AtomicUsize::new(1);
        Trace::new(vec![RawFrame { ip: NEXT.fetch_add(1, Relaxed), sp: 0, start: 0 }])
    }

    fn two() -> Two {
        let program = Program { rules: GoVersion::default().rules(), package: "", libraries: &[] };
        let mut d = Detector::new(program, GoRace::default());
        let t = d.start(MAIN, stack());
        Two(d, t)
    }

    impl Two {
        fn does(&mut self, t: Tid, kind: Kind) -> bool {
            self.0.access(t, kind, AT, stack).is_some()
        }
    }

    #[test]
    fn what_races_with_what() {
        let kinds = [Kind::READ, Kind::WRITE, Kind::ATOMIC_READ, Kind::ATOMIC_WRITE];
        let races = [
            [false, true, false, true],
            [true, true, true, true],
            [false, true, false, false],
            [true, true, false, false],
        ];
        for (a, row) in kinds.into_iter().zip(races) {
            for (b, want) in kinds.into_iter().zip(row) {
                let mut d = two();
                let t = d.1;
                assert!(!d.does(t, a));
                assert_eq!(d.does(MAIN, b), want, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_goroutine_knows_what_was_before_its_go_statement_only() {
        let mut d = two();
        assert!(!d.does(MAIN, Kind::WRITE));
        let child = d.0.start(MAIN, stack());
        assert!(!d.does(child, Kind::READ));
        let first = d.1;
        assert!(d.does(first, Kind::READ), "started before the write");
    }

    #[test]
    fn releases() {
        // What t has released before its write orders nothing after it.
        let mut d = two();
        let t = d.1;
        d.0.release(t, S);
        d.does(t, Kind::WRITE);
        d.0.acquire(MAIN, S);
        assert!(d.does(MAIN, Kind::READ));

        let mut d = two();
        d.does(t, Kind::WRITE);
        d.0.release(t, S);
        d.0.acquire(MAIN, S);
        assert!(!d.does(MAIN, Kind::WRITE));

        // A store forgets who released before, a merge does not.
        for (merges, want) in [(false, true), (true, false)] {
            let mut d = two();
            let other = d.0.start(MAIN, stack());
            d.does(t, Kind::WRITE);
            d.0.release(t, S);
            if merges {
                d.0.release_merge(other, S)
            } else {
                d.0.release(other, S)
            }
            d.0.acquire(MAIN, S);
            assert_eq!(d.does(MAIN, Kind::READ), want);
        }

        // An exchange learns what was there, and leaves only its own.
        let mut d = two();
        let other = d.0.start(MAIN, stack());
        d.does(t, Kind::WRITE);
        d.0.release(t, S);
        d.0.exchange(other, S);
        d.0.acquire(MAIN, S);
        assert!(d.does(MAIN, Kind::READ), "what `other` learned it learned after it had left its clock");

        // A read-modify-write passes on what it has learned.
        let mut d = two();
        let other = d.0.start(MAIN, stack());
        d.does(t, Kind::WRITE);
        d.0.release(t, S);
        d.0.release_acquire(other, S);
        d.0.acquire(MAIN, S);
        assert!(!d.does(MAIN, Kind::READ));
        assert!(!d.does(other, Kind::READ));
    }

    #[test]
    fn after_a_race_the_memory_is_forgotten() {
        let mut d = two();
        let t = d.1;
        d.does(t, Kind::WRITE);
        assert!(d.does(MAIN, Kind::WRITE));
        assert!(!d.does(t, Kind::READ), "neither write is remembered");
        assert!(d.does(MAIN, Kind::WRITE), "but what comes then is");
    }

    #[test]
    fn the_same_two_stacks_are_told_once() {
        let mut d = two();
        let t = d.1;
        let same = || Trace::new(vec![RawFrame { ip: 77, sp: 0, start: 0 }]);
        let mut told = 0;
        for _ in 0..3 {
            d.0.access(t, Kind::WRITE, AT, same);
            told += usize::from(d.0.access(MAIN, Kind::WRITE, AT, same).is_some());
        }
        assert_eq!(told, 1);
    }

    #[test]
    fn bytes_that_do_not_overlap() {
        let mut d = two();
        let t = d.1;
        let at = |addr, size| Bytes { addr, size };
        d.0.access(t, Kind::WRITE, at(0x1004, 1), stack);
        assert!(d.0.access(MAIN, Kind::WRITE, at(0x1000, 4), stack).is_none());
        assert!(d.0.access(MAIN, Kind::WRITE, at(0x1005, 20), stack).is_none());
        let race = d.0.access(MAIN, Kind::READ, at(0x0ff0, 0x100), stack).expect("the ranges overlap");
        assert_eq!((race.access.addr, race.previous.addr), (0x1000, 0x1004));
    }

    /// Random histories of three goroutines against the definition, told by sets of events instead of clocks: an access races when an
    /// earlier one that conflicts with it is not among the events that its goroutine has come to know of.
    #[test]
    fn first_races_are_those_of_the_definition() {
        use crate::rng::Rng;
        let rng = Rng::new(Some(7));
        let draw = |n: u64| rng.rand() % n;
        let (mut racy, mut quiet) = (0, 0);
        for _ in 0..4000 {
            let mut d = two();
            let other = d.0.start(MAIN, stack());
            let goroutines = [MAIN, d.1, other];
            let mut known = [0_u64; 3];
            let mut left = [0_u64; 2];
            let mut accesses: Vec<(usize, usize, Kind)> = Vec::new();
            let found = (0..4 + draw(36)).any(|_| {
                let g = draw(3) as usize;
                let (t, s) = (goroutines[g], draw(2) as usize);
                let sync = Sync(100 + s as u64);
                match draw(7) {
                    0 => {
                        known[g] |= left[s];
                        d.0.acquire(t, sync);
                    }
                    1 => {
                        left[s] = known[g];
                        d.0.release(t, sync);
                    }
                    2 => {
                        left[s] |= known[g];
                        d.0.release_merge(t, sync);
                    }
                    3 => {
                        (left[s], known[g]) = (known[g], known[g] | left[s]);
                        d.0.exchange(t, sync);
                    }
                    _ => {
                        let at = draw(2) as usize;
                        let kind = [Kind::READ, Kind::WRITE, Kind::ATOMIC_READ, Kind::ATOMIC_WRITE][draw(4) as usize];
                        let event = 1 << accesses.len();
                        let races = accesses.iter().enumerate().any(|(i, &(by, place, earlier))| {
                            let conflict = (kind.write || earlier.write) && !(kind.atomic && earlier.atomic);
                            by != g && place == at && conflict && known[g] & 1 << i == 0
                        });
                        let bytes = Bytes { addr: 0x1000 + 8 * at, size: 1 };
                        assert_eq!(
                            d.0.access(t, kind, bytes, stack).is_some(),
                            races,
                            "{accesses:?} then {kind:?} by {g}"
                        );
                        accesses.push((g, at, kind));
                        known[g] |= event;
                        return races;
                    }
                }
                false
            });
            if found { racy += 1 } else { quiet += 1 }
        }
        assert!(racy > 1000 && quiet > 100, "{racy} with a race, {quiet} without");
    }
}
