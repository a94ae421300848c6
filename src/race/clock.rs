//! Vector clocks: who has seen how much of whom.

/// A goroutine of the detector: its place in every clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Tid(pub(super) usize);

/// The goroutine that `main.main` runs in.
pub(super) const MAIN: Tid = Tid(0);

/// How many releases a goroutine has done, plus one.
pub(super) type Epoch = u64;

/// For each goroutine, the newest epoch of it that is known; 0 for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Clock(Vec<Epoch>);

impl Clock {
    pub(super) fn get(&self, t: Tid) -> Epoch {
        self.0.get(t.0).copied().unwrap_or(0)
    }

    /// The goroutine's own next epoch.
    pub(super) fn tick(&mut self, t: Tid) {
        if self.0.len() <= t.0 {
            self.0.resize(t.0 + 1, 0);
        }
        self.0[t.0] += 1;
    }

    /// Learns what `other` knows.
    pub(super) fn join(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            *mine = (*mine).max(*theirs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_join_keeps_the_newer_of_each() {
        let (mut a, mut b) = (Clock::default(), Clock::default());
        a.tick(Tid(0));
        a.tick(Tid(0));
        b.tick(Tid(0));
        b.tick(Tid(2));
        a.join(&b);
        assert_eq!((a.get(Tid(0)), a.get(Tid(1)), a.get(Tid(2)), a.get(Tid(9))), (2, 0, 1, 0));
        assert_eq!(b.get(Tid(0)), 1);
    }
}
