//! Every schedule, without running each: the states that a scenario can come to form a graph, and schedules are its paths.
//!
//! Two schedules that come to the same state, memory and goroutines alike, go on alike; so a state is explored once, however many
//! ways lead to it, and the ways are counted. A state is known by its [fingerprint](super::run::Run::fingerprint), which has
//! everything in it that what follows depends on, so the numbers are those of a search that runs each schedule by itself. (The
//! chance that two of 10^7 states have one number of 128 bits is 10^-25.)
//!
//! A search goes down from the first state, and whenever it comes to one that is known, or to the end, begins again: it runs a
//! prefix of a schedule once more, up to the last state that has a goroutine left to try.

use super::drive::{Policy, Ready};
use super::run::Run;
use super::scenario::MOST;
use num_bigint::BigUint;
use std::collections::HashMap;

/// A state, or an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The goroutine has ended before.
    Never,
    Unknown,
    State(u32),
    End(u32),
}

#[derive(Clone, Copy)]
struct State {
    /// The state before, when it was first come to, and who went.
    from: Option<(u32, u8)>,
    depth: u32,
    next: [Next; MOST],
}

/// Says which end a schedule has come to.
pub(super) trait Judge {
    /// The number of the end, in any order.
    fn end(&mut self, run: &Run) -> u32;
}

/// A search through all schedules.
pub(super) struct Space<J> {
    pub(super) judge: J,
    states: Vec<State>,
    known: HashMap<u128, u32>,
    /// Steps that have not been tried, the last to be tried first.
    open: Vec<(u32, u8)>,
    /// The steps to be gone before anything new is to be seen, in order, and how many of them are gone.
    path: Vec<u8>,
    gone: usize,
    /// The state and the step last gone from it.
    edge: Option<(u32, u8)>,
    /// This run has come to a known state.
    merged: bool,
    runs: u64,
    limit: usize,
    /// Choices to be made anew in the first run, and those of them that are: it is as if a search went through its points
    /// from the last to the first, and through all that follows from each.
    first: (u32, u32),
    /// Told how many states there are, now and then, and about what part of all has been seen.
    tell: Tell,
}

/// Who hears of a search.
pub(super) type Tell = Box<dyn FnMut(usize, f64)>;

/// States between two reports.
const OFTEN: usize = 4096;

impl<J: Judge> Space<J> {
    /// A search that gives up beyond so many states.
    pub(super) fn new(judge: J, limit: usize, tell: Tell) -> Self {
        Self {
            judge,
            states: Vec::new(),
            known: HashMap::new(),
            open: Vec::new(),
            path: Vec::new(),
            gone: 0,
            edge: None,
            merged: false,
            runs: 0,
            limit,
            first: (0, 0),
            tell,
        }
    }

    /// Whether it has given up.
    pub(super) fn gave_up(&self) -> bool {
        self.states.len() >= self.limit
    }

    /// Different states.
    pub(super) fn states(&self) -> usize {
        self.states.len()
    }

    /// Lets go of what only a search needs.
    pub(super) fn forget(&mut self) {
        self.known = HashMap::new();
        self.open = Vec::new();
    }

    /// Schedules that were run to see them all.
    pub(super) fn runs(&self) -> u64 {
        self.runs
    }

    fn lead(&mut self, to: Next) {
        if let Some((from, who)) = self.edge {
            self.states[from as usize].next[usize::from(who)] = to;
        }
    }

    /// The steps that lead to a state.
    fn way_to(&self, state: u32) -> Vec<u8> {
        let mut way = Vec::new();
        let mut at = state;
        while let Some((from, who)) = self.states[at as usize].from {
            way.push(who);
            at = from;
        }
        way.reverse();
        way
    }

    /// The states in the order of their depths.
    fn in_order(&self) -> Vec<u32> {
        let mut order: Vec<u32> = (0..self.states.len() as u32).collect();
        order.sort_by_key(|&s| self.states[s as usize].depth);
        order
    }

    /// How many schedules come to each end, and the chance of it when at every point each goroutine that can go on is as likely
    /// to: by number of the end.
    pub(super) fn count(&self) -> HashMap<u32, (BigUint, f64)> {
        let mut ways = vec![(BigUint::ZERO, 0.0_f64); self.states.len()];
        let mut ends: HashMap<u32, (BigUint, f64)> = HashMap::new();
        if let Some(first) = ways.first_mut() {
            *first = (1_u8.into(), 1.0);
        }
        for s in self.in_order() {
            let (n, chance) = std::mem::take(&mut ways[s as usize]);
            let next = &self.states[s as usize].next;
            let choices = next.iter().filter(|n| **n != Next::Never).count() as f64;
            for to in next {
                let to = match to {
                    Next::State(to) => &mut ways[*to as usize],
                    Next::End(end) => ends.entry(*end).or_default(),
                    Next::Never | Next::Unknown => continue,
                };
                to.0 += &n;
                to.1 += chance / choices;
            }
        }
        ends
    }

    /// For each end a schedule that comes to it with the fewest switches, and among those one with the fewest steps.
    pub(super) fn examples(&self) -> HashMap<u32, Vec<u8>> {
        /// Switches on the best way to a state by a last step of one goroutine, and the state and goroutine before that.
        type Best = Option<(u32, Option<(u32, u8)>)>;
        let mut best: Vec<[Best; MOST]> = vec![[None; MOST]; self.states.len()];
        // Switches and steps of the best way to each end, its last state, who came there, and who goes the last step.
        let mut ends: HashMap<u32, (u32, u32, u32, Option<u8>, u8)> = HashMap::new();
        for s in self.in_order() {
            let State { depth, next, .. } = self.states[s as usize];
            let ways: Vec<(u32, Option<u8>)> = if depth == 0 {
                vec![(0, None)]
            } else {
                let of = |(who, b): (usize, &Best)| b.map(|(switches, _)| (switches, Some(who as u8)));
                best[s as usize].iter().enumerate().filter_map(of).collect()
            };
            for (who, to) in next.iter().enumerate() {
                for &(switches, last) in &ways {
                    let switches = switches + u32::from(last.is_some_and(|l| usize::from(l) != who));
                    match to {
                        Next::State(to) => {
                            let slot = &mut best[*to as usize][who];
                            if slot.is_none_or(|(n, _)| switches < n) {
                                *slot = Some((switches, last.map(|l| (s, l)).or(Some((s, u8::MAX)))));
                            }
                        }
                        Next::End(end) => {
                            let way = (switches, depth, s, last, who as u8);
                            let slot = ends.entry(*end).or_insert(way);
                            if (switches, depth) < (slot.0, slot.1) {
                                *slot = way;
                            }
                        }
                        Next::Never | Next::Unknown => {}
                    }
                }
            }
        }
        let way = |(_, _, state, last, who): (u32, u32, u32, Option<u8>, u8)| {
            let mut steps = vec![who];
            let (mut state, mut last) = (state, last);
            while let Some(by) = last {
                steps.push(by);
                let before = best[state as usize][usize::from(by)].and_then(|(_, from)| from);
                let Some((from, l)) = before else { break };
                (state, last) = (from, (l != u8::MAX).then_some(l));
            }
            steps.reverse();
            steps
        };
        ends.into_iter().map(|(end, w)| (end, way(w))).collect()
    }
}

impl<J: Judge> Policy for Space<J> {
    const DIRECT: bool = true;

    fn begin(&mut self) -> bool {
        if self.gave_up() {
            return false;
        }
        if !self.states.is_empty() {
            let Some((state, who)) = self.open.pop() else { return false };
            if self.runs == 1 {
                self.first = (self.states.len() as u32, self.open.len() as u32 + 1);
            }
            self.path = self.way_to(state);
            self.path.push(who);
            self.edge = Some((state, who));
        }
        (self.gone, self.merged) = (0, false);
        self.runs += 1;
        true
    }

    fn choose(&mut self, run: &Run, ready: &Ready<'_>) -> Option<usize> {
        if let Some(&who) = self.path.get(self.gone) {
            self.gone += 1;
            return Some(who.into());
        }
        let key = run.fingerprint();
        if let Some(&state) = self.known.get(&key) {
            self.lead(Next::State(state));
            self.merged = true;
            return None;
        }
        let state = self.states.len() as u32;
        self.known.insert(key, state);
        self.lead(Next::State(state));
        let mut next = [Next::Never; MOST];
        ready.numbers().for_each(|who| next[who] = Next::Unknown);
        let depth = self.edge.map_or(0, |(from, _)| self.states[from as usize].depth + 1);
        self.states.push(State { from: self.edge, depth, next });
        if self.states.len().is_multiple_of(OFTEN) {
            let (of_first, choices) = self.first;
            let left = self.open.iter().take_while(|(state, _)| *state < of_first).count() as f64;
            (self.tell)(self.states.len(), 1.0 - left / f64::from(choices.max(1)));
        }
        let first = ready.numbers().next()?;
        let others: Vec<usize> = ready.numbers().skip(1).collect();
        self.open.extend(others.iter().rev().map(|&who| (state, who as u8)));
        self.edge = Some((state, first as u8));
        Some(first)
    }

    fn over(&mut self, run: &Run) {
        if !self.merged {
            let end = self.judge.end(run);
            self.lead(Next::End(end));
        }
    }
}
