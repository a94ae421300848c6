//! What is done to the map: one operation, or many.

use super::mix::Mix;
use super::shape::{MISSING, Shape};
use super::{Unknown, unknown};
use std::fmt;
use std::str::FromStr;

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verb {
    /// `len(m)`.
    Len,
    /// `v, ok := m[k]`.
    Read,
    /// `m[k] = v`.
    Assign,
    /// `delete(m, k)`.
    Delete,
    /// `for k, v := range m`.
    Range,
    /// `clear(m)`.
    Clear,
    /// `maps.Clone(m)`, and a look at the copy.
    Clone,
}

impl Verb {
    const ALL: [Self; 7] = [Self::Len, Self::Read, Self::Assign, Self::Delete, Self::Range, Self::Clear, Self::Clone];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Len => "len",
            Self::Read => "read",
            Self::Assign => "assign",
            Self::Delete => "delete",
            Self::Range => "range",
            Self::Clear => "clear",
            Self::Clone => "clone",
        }
    }

    pub(crate) fn has_key(self) -> bool {
        matches!(self, Self::Read | Self::Assign | Self::Delete)
    }
}

/// An operation: what, on which key (its number), with which value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Operation {
    /// What is done.
    pub verb: Verb,
    /// The key's number, where there is one.
    pub key: u64,
    /// What is assigned.
    pub value: u64,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verb, key, value } = self;
        match verb {
            Verb::Assign => write!(f, "assign {key} {value}"),
            Verb::Read | Verb::Delete => write!(f, "{} {key}", verb.name()),
            _ => f.write_str(verb.name()),
        }
    }
}

impl FromStr for Operation {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        let mut words = s.split_whitespace();
        let name = words.next().unwrap_or_default();
        let verb = Verb::ALL.into_iter().find(|v| v.name() == name);
        let verb = verb.ok_or_else(|| unknown("operation", name, Verb::ALL.map(Verb::name)))?;
        let mut number = |what: &str, default: Option<u64>| match words.next() {
            Some(w) => w.parse().map_err(|_| Unknown(format!("{what} {w:?} is not a number"))),
            None => default.ok_or_else(|| Unknown(format!("{name} needs a {what}"))),
        };
        let key = if verb.has_key() { number("key", None)? } else { 0 };
        let value = if verb == Verb::Assign { number("value", Some(VALUE))? } else { 0 };
        match words.next() {
            None => Ok(Self { verb, key, value }),
            Some(w) => Err(Unknown(format!("{w:?} is one word too many for {name}"))),
        }
    }
}

/// What single operations assign.
const VALUE: u64 = 7777;

/// A workload.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Workload {
    /// One operation, by its name.
    One(Single),
    /// Operations drawn at random.
    Mix(Mix),
    /// These.
    List(Vec<Operation>),
}

/// A single operation: what, and whether its key is in the map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Single {
    verb: Verb,
    hit: bool,
}

const fn single(verb: Verb, hit: bool) -> Single {
    Single { verb, hit }
}

/// The single operations.
pub const SINGLES: [(&str, Single); 10] = [
    ("len", single(Verb::Len, false)),
    ("read-hit", single(Verb::Read, true)),
    ("read-miss", single(Verb::Read, false)),
    ("assign-hit", single(Verb::Assign, true)),
    ("assign-new", single(Verb::Assign, false)),
    ("delete-hit", single(Verb::Delete, true)),
    ("delete-miss", single(Verb::Delete, false)),
    ("range", single(Verb::Range, false)),
    ("clear", single(Verb::Clear, false)),
    ("clone", single(Verb::Clone, false)),
];

impl Workload {
    /// The operations on a map of this shape that holds these keys.
    pub(crate) fn operations(&self, there: &[u64]) -> Vec<Operation> {
        match self {
            Self::One(s) => {
                // In the middle: neither the oldest nor the newest entry.
                let hit = there.get(there.len() / 2).copied().unwrap_or(1);
                vec![Operation { verb: s.verb, key: if s.hit { hit } else { MISSING }, value: VALUE }]
            }
            Self::Mix(mix) => mix.operations(there),
            Self::List(list) => list.clone(),
        }
    }

    /// All keys that occur in it, whatever the map holds.
    pub(crate) fn keys(&self) -> Vec<u64> {
        match self {
            Self::One(_) => vec![1, MISSING],
            Self::Mix(mix) => mix.numbers().collect(),
            Self::List(list) => list.iter().filter(|o| o.verb.has_key()).map(|o| o.key).collect(),
        }
    }

    /// Whether a Go version has what it takes.
    pub(crate) fn needs_clone(&self) -> bool {
        match self {
            Self::One(s) => s.verb == Verb::Clone,
            Self::Mix(_) => false,
            Self::List(list) => list.iter().any(|o| o.verb == Verb::Clone),
        }
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(s) => f.write_str(SINGLES.iter().find(|n| n.1 == *s).map_or("", |n| n.0)),
            Self::Mix(mix) => mix.fmt(f),
            Self::List(list) => {
                for (i, o) in list.iter().enumerate() {
                    write!(f, "{}{}", if i > 0 { "," } else { "" }, o.to_string().replace(' ', ":"))?;
                }
                Ok(())
            }
        }
    }
}

impl FromStr for Workload {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        if let Some((_, one)) = SINGLES.iter().find(|n| n.0 == s) {
            return Ok(Self::One(*one));
        }
        if s.starts_with("mix-") {
            return s.parse().map(Self::Mix);
        }
        if s.contains(':') || s.contains(',') {
            let list = s.split(',').map(|o| o.replace(':', " ").parse()).collect::<Result<_, _>>()?;
            return Ok(Self::List(list));
        }
        Err(unknown("operation", s, SINGLES.iter().map(|n| n.0).chain(["mix-SEED"])))
    }
}

/// The operations of an oracle script (`tests/oracle/README.md`) on its one map, and the map's type.
///
/// # Errors
/// At a line that means nothing here: another map, keys that are not numbers, operations of package reflect.
pub fn from_script(script: &str) -> Result<(String, Vec<Operation>), Unknown> {
    let (mut ty, mut list) = (None, Vec::new());
    for (i, line) in script.lines().enumerate() {
        let f: Vec<&str> = line.split_whitespace().collect();
        let wrong = |what: &str| Unknown(format!("line {} of the script: {what}", i + 1));
        let number = |at: usize| {
            f.get(at).and_then(|n| n.parse().ok()).ok_or_else(|| wrong("a number is missing here, or is none"))
        };
        let mut push = |verb, key, value| list.push(Operation { verb, key, value });
        match f.first().copied().unwrap_or("#") {
            w if w.starts_with('#') || matches!(w, "keys" | "rng" | "auto" | "dump" | "sum" | "gc" | "seed") => {}
            "new" if ty.is_none() => ty = Some(f.get(2).copied().unwrap_or_default().to_owned()),
            "new" | "nil" => return Err(wrong("a script of an experiment has one map, made by new")),
            "set" => push(Verb::Assign, number(2)?, number(3)?),
            "fill" => (number(2)?..number(3)?).for_each(|n| push(Verb::Assign, n, n)),
            "get" => push(Verb::Read, number(2)?, 0),
            "del" => push(Verb::Delete, number(2)?, 0),
            "clear" => push(Verb::Clear, 0, 0),
            "clone" => push(Verb::Clone, 0, 0),
            "iter" | "riter" => push(Verb::Range, 0, 0),
            "next" => {}
            other => return Err(wrong(&format!("{other:?} is no operation of an experiment"))),
        }
    }
    let ty = ty.ok_or_else(|| Unknown("the script makes no map".to_owned()))?;
    Ok((ty, list))
}

/// Shapes that campaigns use when they are told no others.
pub const SHAPES: [Shape; 4] = [Shape::Empty, Shape::Small, Shape::Growing, Shape::SameSizeGrowing];
