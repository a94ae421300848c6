//! When a fault strikes: before or after an operation, or at one of the steps that the operation tells its probe.

use super::Unknown;
use super::target::Area;
use crate::probe::Step;
use std::fmt;
use std::str::FromStr;

/// Where in an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum At {
    /// Before it begins.
    Before,
    /// Right before its step of this number, from 1. The steps of a range loop run through, from one `next` to the other.
    Step(u32),
    /// Right before the step after which it first accesses this object.
    Touch(Area),
    /// When it has returned.
    After,
}

/// A moment of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Moment {
    /// Number of the operation, from 0.
    pub op: u16,
    /// Where in it.
    pub at: At,
}

impl Moment {
    /// Before the first operation.
    pub const START: Self = Self { op: 0, at: At::Before };
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.op > 0 {
            write!(f, "op{}.", self.op)?;
        }
        match self.at {
            At::Before => f.write_str("before"),
            At::After => f.write_str("after"),
            At::Step(n) => write!(f, "step{n}"),
            At::Touch(area) => write!(f, "touch:{area}"),
        }
    }
}

impl FromStr for Moment {
    type Err = Unknown;

    fn from_str(s: &str) -> Result<Self, Unknown> {
        let wrong = || {
            Unknown(format!(
                "no moment {s:?}; there are before, after, stepN, touch:OBJECT, and opN. before each of them"
            ))
        };
        let (op, at) = match s.split_once('.') {
            Some((op, at)) => (op.strip_prefix("op").and_then(|n| n.parse().ok()).ok_or_else(wrong)?, at),
            None => (0, s),
        };
        let at = match at {
            "before" => At::Before,
            "after" => At::After,
            _ if at.starts_with("touch:") => At::Touch(Area::parse(&at["touch:".len()..]).ok_or_else(wrong)?),
            _ => At::Step(at.strip_prefix("step").and_then(|n| n.parse().ok()).filter(|n| *n > 0).ok_or_else(wrong)?),
        };
        Ok(Self { op, at })
    }
}

/// Somebody who is told of every event before it happens: its number, its kind, the step if it is one of the map's.
pub type Told<'a> = dyn Fn(u64, StepKind, Option<&Step>) + 'a;

/// The kinds of steps, as experiments name them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum StepKind {
    /// [`Step::Enter`].
    Enter,
    /// [`Step::FlagsRead`].
    FlagsRead,
    /// [`Step::FlagsWrite`].
    FlagsWrite,
    /// [`Step::Hash`].
    Hash,
    /// [`Step::Bucket`].
    Bucket,
    /// [`Step::Slot`].
    Slot,
    /// [`Step::KeyStore`].
    KeyStore,
    /// [`Step::KeyUpdate`].
    KeyUpdate,
    /// [`Step::SlotClear`].
    SlotClear,
    /// [`Step::Count`].
    Count,
    /// [`Step::Grow`].
    Grow,
    /// [`Step::Evacuate`].
    Evacuate,
    /// [`Step::EvacuateSlot`].
    EvacuateSlot,
    /// [`Step::NewOverflow`].
    NewOverflow,
    /// [`Step::Walk`].
    Walk,
    /// [`Step::Leave`].
    Leave,
    /// Not a step of the map's: a range loop has an entry, and asks for the next one.
    Next,
}

impl StepKind {
    /// All of them.
    pub const ALL: [(Self, &'static str); 17] = [
        (Self::Enter, "enter"),
        (Self::FlagsRead, "flags-read"),
        (Self::FlagsWrite, "flags-write"),
        (Self::Hash, "hash"),
        (Self::Bucket, "bucket"),
        (Self::Slot, "slot"),
        (Self::KeyStore, "key-store"),
        (Self::KeyUpdate, "key-update"),
        (Self::SlotClear, "slot-clear"),
        (Self::Count, "count"),
        (Self::Grow, "grow"),
        (Self::Evacuate, "evacuate"),
        (Self::EvacuateSlot, "evacuate-slot"),
        (Self::NewOverflow, "new-overflow"),
        (Self::Walk, "walk"),
        (Self::Leave, "leave"),
        (Self::Next, "next"),
    ];

    /// The kind of a step.
    #[must_use]
    pub fn of(step: &Step) -> Self {
        match step {
            Step::Enter { .. } => Self::Enter,
            Step::FlagsRead { .. } => Self::FlagsRead,
            Step::FlagsWrite { .. } => Self::FlagsWrite,
            Step::Hash { .. } => Self::Hash,
            Step::Bucket { .. } => Self::Bucket,
            Step::Slot { .. } => Self::Slot,
            Step::KeyStore { .. } => Self::KeyStore,
            Step::KeyUpdate { .. } => Self::KeyUpdate,
            Step::SlotClear { .. } => Self::SlotClear,
            Step::Count { .. } => Self::Count,
            Step::Grow { .. } => Self::Grow,
            Step::Evacuate { .. } => Self::Evacuate,
            Step::EvacuateSlot { .. } => Self::EvacuateSlot,
            Step::NewOverflow { .. } => Self::NewOverflow,
            Step::Walk { .. } => Self::Walk,
            Step::Leave { .. } => Self::Leave,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|k| k.0 == self).map_or("", |k| k.1)
    }

    /// Whether memory is stored to right after it, by a store that can be lost or done twice.
    #[must_use]
    pub fn stores(self) -> bool {
        matches!(
            self,
            Self::FlagsWrite | Self::KeyStore | Self::KeyUpdate | Self::SlotClear | Self::Count | Self::EvacuateSlot
        )
    }
}
