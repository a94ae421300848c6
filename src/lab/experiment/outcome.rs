//! What came of an injection: classes that are disjoint and leave nothing out.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The class of an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The program did what it does without the fault.
    Masked,
    /// It went on, and a result was wrong.
    Silent,
    /// A Go panic, which a program can recover from.
    Panic,
    /// A fatal error of Go's own checks.
    Fatal,
    /// `unexpected fault address`.
    Fault,
    /// It did not end within its number of steps.
    Hang,
    /// The fault's moment did not come, or there was nothing to do it to.
    NotInjected,
    /// The laboratory failed.
    ToolError,
}

impl Class {
    /// All of them, as tables list them.
    pub const ALL: [Self; 8] = [
        Self::Masked,
        Self::Silent,
        Self::Panic,
        Self::Fatal,
        Self::Fault,
        Self::Hang,
        Self::NotInjected,
        Self::ToolError,
    ];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Masked => "masked",
            Self::Silent => "silent",
            Self::Panic => "panic",
            Self::Fatal => "fatal",
            Self::Fault => "fault",
            Self::Hang => "hang",
            Self::NotInjected => "not-injected",
            Self::ToolError => "tool-error",
        }
    }

    /// The class of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Ways to be wrong without a word, the worst first: an outcome has the worst that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Wrong {
    /// A key is there with another element.
    Value,
    /// A key is not found.
    LostKey,
    /// A key is there that nobody inserted.
    PhantomKey,
    /// A key comes twice.
    DuplicateKey,
    /// `len` is not the number of entries.
    Count,
    /// A range loop leaves entries out, although lookups find them.
    Iteration,
}

impl Wrong {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Value, Self::LostKey, Self::PhantomKey, Self::DuplicateKey, Self::Count, Self::Iteration];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Value => "wrong value",
            Self::LostKey => "lost key",
            Self::PhantomKey => "phantom key",
            Self::DuplicateKey => "duplicate key",
            Self::Count => "wrong count",
            Self::Iteration => "wrong iteration",
        }
    }
}

/// Why nothing came of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mask {
    /// What it changed was never accessed again.
    NeverRead,
    /// It was overwritten before anything read it.
    Overwritten,
    /// It was read, and made no difference.
    Other,
}

impl Mask {
    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NeverRead => "never read",
            Self::Overwritten => "overwritten",
            Self::Other => "read without effect",
        }
    }
}

/// What came of an injection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The class.
    pub class: Class,
    /// What kind of it: Go's words, the way to be wrong, signal and code.
    pub detail: Cow<'static, str>,
    /// Number of the operation in which it showed; the number of operations for the look at the map afterwards.
    pub during: u16,
    /// Address of a fault.
    pub addr: Option<u64>,
    /// What tells: the key and the values, the place that an address is.
    pub evidence: String,
    /// The instruction that faulted.
    pub pc: Option<usize>,
}

impl Outcome {
    pub(crate) fn new(class: Class, detail: impl Into<Cow<'static, str>>, during: u16) -> Self {
        Self { class, detail: detail.into(), during, addr: None, evidence: String::new(), pc: None }
    }

    /// What two runs of one injection must agree in, wherever they ran.
    #[must_use]
    pub fn essence(&self) -> (Class, &str, Option<u64>) {
        (self.class, &self.detail, self.addr)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.class)?;
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        if !self.evidence.is_empty() {
            write!(f, " ({})", self.evidence)?;
        }
        Ok(())
    }
}
