//! Sets of addresses as sorted, disjoint ranges: what is mapped, what an experiment has withdrawn.

use std::collections::TryReserveError;

/// A set of addresses. Ranges that touch are one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges(Vec<(usize, usize)>);

impl Ranges {
    /// The ranges that overlap or touch `[start, end)`, as indices.
    fn touching(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        self.0.partition_point(|r| r.1 < start)..self.0.partition_point(|r| r.0 <= end)
    }

    /// Makes room for one more range: the next change will not be refused.
    pub(super) fn reserve(&mut self) -> Result<(), TryReserveError> {
        self.0.try_reserve(1)
    }

    /// Adds `[start, end)`.
    pub(super) fn insert(&mut self, start: usize, end: usize) -> Result<(), TryReserveError> {
        self.reserve()?;
        let at = self.touching(start, end);
        let start = self.0[at.clone()].first().map_or(start, |r| r.0.min(start));
        let end = self.0[at.clone()].last().map_or(end, |r| r.1.max(end));
        self.0.splice(at, [(start, end)]);
        Ok(())
    }

    /// Takes `[start, end)` out.
    pub(super) fn remove(&mut self, start: usize, end: usize) -> Result<(), TryReserveError> {
        self.reserve()?;
        let at = self.touching(start, end);
        let before = self.0[at.clone()].first().map(|r| (r.0, r.1.min(start)));
        let after = self.0[at.clone()].last().map(|r| (r.0.max(end), r.1));
        self.0.splice(at, [before, after].into_iter().flatten().filter(|r| r.0 < r.1));
        Ok(())
    }

    /// Whether nothing is in the set.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether all of `[start, end)` is in the set.
    pub(super) fn covers(&self, start: usize, end: usize) -> bool {
        let i = self.0.partition_point(|r| r.1 <= start);
        self.0.get(i).is_some_and(|r| r.0 <= start && end <= r.1)
    }

    /// Whether any of `[start, end)` is in the set.
    pub(super) fn overlaps(&self, start: usize, end: usize) -> bool {
        self.within(start, end).next().is_some()
    }

    /// What of `[start, end)` is in the set, in order.
    pub(super) fn within(&self, start: usize, end: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let i = self.0.partition_point(|r| r.1 <= start);
        self.0[i..].iter().take_while(move |r| r.0 < end).map(move |r| (r.0.max(start), r.1.min(end)))
    }

    /// Number of addresses.
    pub(super) fn total(&self) -> usize {
        self.0.iter().map(|r| r.1 - r.0).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: if cfg!(miri) { 4 } else { 256 }, ..Default::default() })]
        /// Against a set of single numbers.
        #[test]
        fn behaves_like_a_set(ops in prop::collection::vec((any::<bool>(), 0_usize..64, 1_usize..20), 0..40), q in (0_usize..64, 1_usize..20)) {
            let mut ranges = Ranges::default();
            let mut set = [false; 96];
            for (add, start, len) in ops {
                let end = start + len;
                set[start..end].fill(add);
                if add { ranges.insert(start, end).unwrap() } else { ranges.remove(start, end).unwrap() }
                prop_assert!(ranges.0.iter().all(|r| r.0 < r.1));
                prop_assert!(ranges.0.windows(2).all(|w| w[0].1 < w[1].0), "apart: {:?}", ranges.0);
            }
            let (start, end) = (q.0, q.0 + q.1);
            prop_assert_eq!(ranges.total(), set.iter().filter(|&&x| x).count());
            prop_assert_eq!(ranges.covers(start, end), set[start..end].iter().all(|&x| x));
            prop_assert_eq!(ranges.overlaps(start, end), set[start..end].iter().any(|&x| x));
            let inside: usize = ranges.within(start, end).map(|r| r.1 - r.0).sum();
            prop_assert_eq!(inside, set[start..end].iter().filter(|&&x| x).count());
        }
    }
}
