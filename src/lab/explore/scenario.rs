//! What is explored: a map, and the operation of each goroutine.

use super::point::Points;
use crate::lab::experiment::{KeyKind, Shape, Unknown, unknown};
use crate::version::{GoVersion, Rules};
use std::fmt;
use std::str::FromStr;

/// Most goroutines of a scenario.
pub const MOST: usize = 4;

/// What a goroutine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Act {
    /// `m[k] = v` of a key that is there, the same for all goroutines.
    AssignHit,
    /// `m[k] = v` of a key that is not there, the same for all goroutines.
    AssignSame,
    /// `m[k] = v` of a key that is not there, of the goroutine's own; in the bucket of [`AssignSame`](Self::AssignSame)'s.
    AssignOther,
    /// The same in a map that is full, so that it starts to grow.
    AssignGrow,
    /// `delete(m, k)` of the key of [`AssignHit`](Self::AssignHit).
    Delete,
    /// `v, ok := m[k]` of the key of [`AssignHit`](Self::AssignHit).
    Read,
    /// `for k, v := range m`.
    Iterate,
    /// `maps.Clone(m)`.
    Clone,
    /// `clear(m)`.
    Clear,
    /// `len(m)`.
    Len,
}

impl Act {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::AssignHit,
        Self::AssignSame,
        Self::AssignOther,
        Self::AssignGrow,
        Self::Delete,
        Self::Read,
        Self::Iterate,
        Self::Clone,
        Self::Clear,
        Self::Len,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AssignHit => "assign-hit",
            Self::AssignSame => "assign-same",
            Self::AssignOther => "assign-other",
            Self::AssignGrow => "assign-grow",
            Self::Delete => "delete",
            Self::Read => "read",
            Self::Iterate => "iterate",
            Self::Clone => "clone",
            Self::Clear => "clear",
            Self::Len => "len",
        }
    }

    /// What it is, in one line.
    #[must_use]
    pub fn about(self) -> &'static str {
        match self {
            Self::AssignHit => "m[k] = v, the key is there (the same key for all)",
            Self::AssignSame => "m[k] = v, the key is not there (the same key for all)",
            Self::AssignOther => "m[k] = v, the key is not there (each a key of its own, in that bucket)",
            Self::AssignGrow => "as assign-other, in a full map: the map starts to grow",
            Self::Delete => "delete(m, k), the key of assign-hit",
            Self::Read => "v, ok := m[k], the key of assign-hit",
            Self::Iterate => "for k, v := range m",
            Self::Clone => "maps.Clone(m)",
            Self::Clear => "clear(m)",
            Self::Len => "len(m)",
        }
    }

    /// Whether it is an assign.
    #[must_use]
    pub fn assigns(self) -> bool {
        matches!(self, Self::AssignHit | Self::AssignSame | Self::AssignOther | Self::AssignGrow)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Act {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        let found = Self::ALL.into_iter().find(|a| a.name() == s);
        found.ok_or_else(|| unknown("operation", s, Self::ALL.map(Self::name)))
    }
}

/// A map and what several goroutines do to it, written `MAP/OPERATION+OPERATION`, such as `3-entries/assign-other+delete`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scenario {
    /// The map at the beginning.
    pub shape: Shape,
    /// What each goroutine does, two to [`MOST`] of them.
    pub acts: Vec<Act>,
}

/// The one-bucket map that has room.
const ROOMY: Shape = Shape::Entries { n: 3, hint: 0 };

impl Scenario {
    /// These operations on a one-bucket map: of three entries, or a full one when one of them is to make it grow.
    #[must_use]
    pub fn one_bucket(acts: Vec<Act>) -> Self {
        let shape = if acts.contains(&Act::AssignGrow) { Shape::Full } else { ROOMY };
        Self { shape, acts }
    }

    /// Every pair of operations on a one-bucket map, 55 of them.
    #[must_use]
    pub fn pairs() -> Vec<Self> {
        let second = |i: usize| Act::ALL[i..].iter();
        let pairs = (0..Act::ALL.len()).flat_map(|i| second(i).map(move |&b| vec![Act::ALL[i], b]));
        pairs.map(Self::one_bucket).collect()
    }

    /// Scenarios of more goroutines or of larger maps that are worth a look.
    #[must_use]
    pub fn more() -> Vec<Self> {
        const MORE: [&str; 12] = [
            "assign-same+assign-same+assign-same",
            "assign-other+assign-other+read",
            "assign-other+delete+read",
            "assign-other+iterate+delete",
            "assign-grow+read+read",
            "growing/assign-other+assign-other",
            "growing/assign-other+read",
            "growing/assign-other+delete",
            "growing/assign-other+iterate",
            "growing/assign-other+clone",
            "growing/assign-other+clear",
            "on-the-brink/assign-grow+read",
        ];
        MORE.iter().map(|s| s.parse().expect("a scenario")).collect()
    }

    /// Why a Go of these rules cannot run it, if so.
    #[must_use]
    pub fn impossible(&self, rules: &Rules) -> Option<String> {
        (self.acts.contains(&Act::Clone) && !rules.has_clone).then(|| format!("Go {} has no maps.Clone", rules.version))
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let acts: Vec<&str> = self.acts.iter().map(|a| a.name()).collect();
        f.pad(&format!("{}/{}", self.shape, acts.join("+")))
    }
}

impl FromStr for Scenario {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        let (shape, acts) = s.rsplit_once('/').map_or((None, s), |(shape, acts)| (Some(shape), acts));
        let acts = acts.split('+').map(str::parse).collect::<Result<Vec<_>, _>>()?;
        if !(2..=MOST).contains(&acts.len()) {
            return Err(Unknown(format!("{s:?} has {} operations: it takes 2 to {MOST}, joined by +", acts.len())));
        }
        Ok(match shape {
            None => Self::one_bucket(acts),
            Some(shape) => Self { shape: shape.parse()?, acts },
        })
    }
}

/// A schedule of a scenario, written `1.22/u64/3-entries/assign-other+delete/a7b5a`: Go version, key type, scenario, and who
/// goes how many steps (1 when there is no number). Where goroutines are switched stands before the steps if it is not at
/// steps: `1.22/u64/growing/assign-other+read/accesses/a70b5a`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The Go version.
    pub version: GoVersion,
    /// The key type.
    pub kind: KeyKind,
    /// What is run.
    pub scenario: Scenario,
    /// Where goroutines are switched.
    pub points: Points,
    /// The goroutine that goes, step by step.
    pub steps: Vec<u8>,
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/", self.version, self.kind, self.scenario)?;
        if self.points != Points::default() {
            write!(f, "{}/", self.points.name())?;
        }
        for run in self.steps.chunk_by(|a, b| a == b) {
            write!(f, "{}", letter(run[0].into()))?;
            if run.len() > 1 {
                write!(f, "{}", run.len())?;
            }
        }
        Ok(())
    }
}

/// The name of a goroutine: `a` is the first.
#[must_use]
pub fn letter(goroutine: usize) -> char {
    char::from(b'a' + goroutine as u8)
}

impl FromStr for Schedule {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        const FORM: &str = "a schedule is VERSION/TYPE/MAP/OPERATION+OPERATION/STEPS, such as \
                            1.22/u64/3-entries/assign-other+delete/a7b5a, with accesses/ before the steps of one that has \
                            more of them";
        let parts: Vec<&str> = s.split('/').collect();
        let (version, kind, shape, acts, points, steps) = match parts[..] {
            [version, kind, shape, acts, steps] => (version, kind, shape, acts, Points::default(), steps),
            [version, kind, shape, acts, points, steps] => (version, kind, shape, acts, points.parse()?, steps),
            _ => return Err(Unknown(FORM.to_owned())),
        };
        let version = version.parse().map_err(|e| Unknown(format!("{e}; {FORM}")))?;
        let scenario: Scenario = format!("{shape}/{acts}").parse()?;
        let steps = parse_steps(steps, scenario.acts.len()).ok_or_else(|| {
            let last = letter(scenario.acts.len() - 1);
            Unknown(format!("{steps:?} is no list of steps: letters a to {last}, each with how many steps it goes"))
        })?;
        Ok(Self { version, kind: kind.parse()?, scenario, points, steps })
    }
}

/// Steps of a schedule; more than this is no schedule of ours.
const LONGEST: usize = 1 << 20;

fn parse_steps(text: &str, goroutines: usize) -> Option<Vec<u8>> {
    let mut steps = Vec::new();
    let mut rest = text;
    while let Some(name) = rest.chars().next() {
        let who = u8::try_from(name).ok()?.checked_sub(b'a').filter(|&w| usize::from(w) < goroutines)?;
        rest = &rest[1..];
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let n = if digits == 0 { 1 } else { rest[..digits].parse::<usize>().ok().filter(|&n| n > 0)? };
        if steps.len() + n > LONGEST {
            return None;
        }
        steps.resize(steps.len() + n, who);
        rest = &rest[digits..];
    }
    Some(steps)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_back() {
        let pairs = Scenario::pairs();
        assert_eq!(pairs.len(), 55);
        for s in pairs.into_iter().chain(Scenario::more()) {
            assert_eq!(s.to_string().parse::<Scenario>().unwrap(), s);
        }
        let grow: Scenario = "read+assign-grow".parse().unwrap();
        assert_eq!(grow.to_string(), "full/read+assign-grow");
        for wrong in ["read", "read+reed", "nowhere/read+read", "read+read+read+read+read"] {
            assert!(wrong.parse::<Scenario>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn schedules_come_back() {
        let text = "1.24-noswiss/str/growing/assign-other+delete/a7bab12";
        let s: Schedule = text.parse().unwrap();
        assert_eq!((s.to_string().as_str(), s.steps.len()), (text, 21));
        for points in ["accesses", "operations"] {
            let text = format!("1.22/u64/growing/assign-other+read/{points}/a70b");
            assert_eq!(text.parse::<Schedule>().unwrap().to_string(), text);
        }
        for wrong in [
            "a7",
            "1.22/u64/3-entries/read+read/c",
            "1.22/u64/3-entries/read+read/here/a",
            "1.22/u64/3-entries/read+read/a0",
            "9/u64/small/len+len/a",
        ] {
            assert!(wrong.parse::<Schedule>().is_err(), "{wrong}");
        }
    }
}
