//! Workloads that are drawn at random: how many operations, of which kinds, on which keys.

use super::Unknown;
use super::workload::{Operation, Verb};
use crate::rng::Rng;
use std::fmt;
use std::str::FromStr;

/// How often each key is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Spread {
    /// All alike.
    #[default]
    Uniform,
    /// The n-th about as often as 1/n.
    Zipf,
    /// One of them nine times out of ten.
    Hot,
}

impl Spread {
    const ALL: [(Self, &str); 3] = [(Self::Uniform, "uniform"), (Self::Zipf, "zipf"), (Self::Hot, "hot")];
}

/// Operations drawn at random. As text `mix-SEED`, and what differs from the default behind it:
/// `mix-7+ops=100+keys=200+zipf+reads=90+clears=0`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mix {
    /// What they are drawn with.
    pub seed: u64,
    /// How many.
    pub ops: u16,
    /// Their keys have the numbers from 1 to this one; the map may have others.
    pub keys: u16,
    /// How often each.
    pub spread: Spread,
    /// In which proportions, in the order of [`KINDS`].
    pub weights: [u16; 6],
}

/// Kinds of operations, by the names of their weights.
pub const KINDS: [&str; 6] = ["reads", "assigns", "deletes", "ranges", "lens", "clears"];

/// Most operations, and most keys.
const MOST: u16 = 1000;

impl Mix {
    /// The usual mix: what a busy map sees, now and then a loop over all, rarely a clear.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, ops: 24, keys: 60, spread: Spread::Uniform, weights: [38, 36, 18, 5, 2, 1] }
    }

    /// Numbers of its keys.
    pub(super) fn numbers(&self) -> impl Iterator<Item = u64> + use<> {
        1..=self.keys.into()
    }

    /// The operations, on a map with these keys.
    pub(super) fn operations(&self, there: &[u64]) -> Vec<Operation> {
        let rng = Rng::new(Some(self.seed ^ 0x6d69_7865_6421));
        let mut keys = there.to_vec();
        let below = |n: u64| ((rng.rand() >> 32) * n.max(1)) >> 32;
        let one_of = |n: usize| match self.spread {
            Spread::Uniform => below(n as u64) as usize,
            Spread::Hot => below(u64::from(below(10) == 0) * n as u64) as usize,
            Spread::Zipf => {
                let share = below(1 << 20) as f64 / f64::from(1 << 20);
                ((n as f64 + 1.0).powf(share) as usize).saturating_sub(1)
            }
        };
        let all: u64 = self.weights.iter().map(|&w| u64::from(w)).sum();
        (0..self.ops)
            .map(|_| {
                let value = 1_000_000 + rng.rand() % 1_000_000;
                let known = keys.get(one_of(keys.len())).copied().unwrap_or(1);
                let any = 1 + one_of(self.keys.into()) as u64;
                let mut at = below(all);
                let kind = self.weights.iter().position(|&w| {
                    let here = at < u64::from(w);
                    at = at.saturating_sub(w.into());
                    here
                });
                // Keys that are there are read and deleted mostly, and a third of what is assigned is.
                let among = |known_in_ten| if below(10) < known_in_ten { known } else { any };
                let (verb, key) = match kind {
                    Some(0) => (Verb::Read, among(8)),
                    Some(1) => (Verb::Assign, among(3)),
                    Some(2) => (Verb::Delete, among(8)),
                    Some(3) => (Verb::Range, 0),
                    Some(5) => (Verb::Clear, 0),
                    _ => (Verb::Len, 0),
                };
                match verb {
                    Verb::Assign if !keys.contains(&key) => keys.push(key),
                    Verb::Delete => keys.retain(|&k| k != key),
                    Verb::Clear => keys.clear(),
                    _ => {}
                }
                Operation { verb, key, value: if verb == Verb::Assign { value } else { 0 } }
            })
            .collect()
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let usual = Self::new(self.seed);
        write!(f, "mix-{}", self.seed)?;
        for (name, is, was) in [("ops", self.ops, usual.ops), ("keys", self.keys, usual.keys)] {
            if is != was {
                write!(f, "+{name}={is}")?;
            }
        }
        if let Some((_, name)) = Spread::ALL.iter().find(|(s, _)| *s == self.spread && *s != usual.spread) {
            write!(f, "+{name}")?;
        }
        for (name, (is, was)) in KINDS.iter().zip(self.weights.iter().zip(usual.weights)) {
            if *is != was {
                write!(f, "+{name}={is}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for Mix {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        let mut words = s.strip_prefix("mix-").unwrap_or(s).split('+');
        let seed = words.next().and_then(|n| n.parse().ok());
        let mut mix = Self::new(seed.ok_or_else(|| Unknown(format!("{s:?}: mix- and a number, the seed")))?);
        for word in words {
            if let Some((spread, _)) = Spread::ALL.iter().find(|(_, name)| *name == word) {
                mix.spread = *spread;
                continue;
            }
            let (name, n) = word.split_once('=').unwrap_or((word, ""));
            let n = n.parse().ok().filter(|n| *n <= MOST);
            let n =
                n.ok_or_else(|| Unknown(format!("{s:?}: {word:?} should be a name, = and a number up to {MOST}")))?;
            match (name, KINDS.iter().position(|k| *k == name)) {
                ("ops", _) => mix.ops = n,
                ("keys", _) => mix.keys = n.max(1),
                (_, Some(kind)) => mix.weights[kind] = n,
                _ => {
                    let known = ["ops", "keys"].into_iter().chain(KINDS);
                    let known = known.chain(Spread::ALL.map(|s| s.1)).collect::<Vec<_>>().join(", ");
                    return Err(Unknown(format!("{s:?}: nothing of a mix is called {name:?}; there are {known}")));
                }
            }
        }
        Ok(mix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_text_and_back() {
        for text in ["mix-1", "mix-7+ops=100+keys=200+zipf+reads=90+clears=0", "mix-0+hot", "mix-3+ranges=0+lens=9"] {
            assert_eq!(text.parse::<Mix>().unwrap().to_string(), text);
        }
        for (text, says) in [
            ("mix-", "a number, the seed"),
            ("mix-1+ops", "= and a number"),
            ("mix-1+ops=2000", "up to 1000"),
            ("mix-1+reads=-1", "a number"),
            ("mix-1+writes=3", "nothing of a mix is called \"writes\"; there are ops, keys, reads"),
        ] {
            let e = text.parse::<Mix>().unwrap_err().to_string();
            assert!(e.contains(says), "{text}: {e}");
        }
    }

    #[test]
    fn drawn_as_told() {
        let of = |text: &str| text.parse::<Mix>().unwrap().operations(&[1, 2, 3]);
        assert_eq!(of("mix-5"), of("mix-5"));
        assert_ne!(of("mix-5"), of("mix-6"));
        let many = of("mix-1+ops=1000+reads=10+assigns=0+deletes=0+ranges=0+lens=0+clears=10");
        assert_eq!(many.len(), 1000);
        assert!(many.iter().all(|o| matches!(o.verb, Verb::Read | Verb::Clear)));
        assert!((400..600).contains(&many.iter().filter(|o| o.verb == Verb::Read).count()));
        let only = "+ops=1000+keys=100+reads=0+assigns=1+deletes=0+ranges=0+lens=0+clears=0";
        let firsts = |spread: &str| of(&format!("mix-1{only}{spread}")).iter().filter(|o| o.key == 1).count();
        assert!(firsts("") < 40 && (100..500).contains(&firsts("+zipf")) && firsts("+hot") > 700);
        assert!(of(&format!("mix-1{only}")).iter().all(|o| (1..=100).contains(&o.key)));
    }
}
