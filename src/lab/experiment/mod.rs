//! Single injections: a map, a workload, one fault at one moment, and what came of it.
//!
//! A [`Scenario`] (map type, shape, workload, Go version) is built once, its heap is saved, and every injection starts from
//! that state. The workload runs on the portable functions with a probe, which counts what happens and strikes at the event
//! it was told. What follows is judged against a model of the map: does it answer as a map must, and if not, in which way; or
//! how did it die.
//!
//! | module | what is there |
//! |---|---|
//! | `keys`, [`shape`], [`workload`], [`mix`] | the map, and what is done to it |
//! | [`target`], [`fault`], [`moment`] | what is broken, how, and when |
//! | [`lab`], [`rig`], `run` | the process's heap, a scenario ready to be broken, one run of it |
//! | [`outcome`] | the classes |
//! | `accesses` | which bytes are read or written next: what tells the kinds of "nothing happened" apart |
//! | `forked` | the same in a process of its own, which really dies |
//! | [`id`] | an injection as a text that says all of it |

#[cfg(gohmap_asm)]
mod accesses;
pub mod fault;
#[cfg(gohmap_asm)]
pub mod forked;
pub mod id;
mod inject;
mod keys;
pub mod lab;
pub mod mix;
pub mod moment;
pub mod outcome;
pub mod rig;
mod run;
pub mod shape;
mod site;
pub mod target;
pub mod workload;

pub use fault::Fault;
pub use id::Injection;
pub use keys::KeyKind;
pub(crate) use keys::{Keys, hash};
pub use lab::Lab;
pub use moment::{At, Moment};
pub use outcome::{Class, Outcome};
pub use rig::{Rig, Scenario};
pub use shape::Shape;
pub use target::{Area, Target};
pub use workload::Workload;

/// A text that names no such thing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unknown(pub String);

/// An error that lists what there is.
pub(crate) fn unknown<'a>(what: &str, text: &str, known: impl IntoIterator<Item = &'a str>) -> Unknown {
    let known: Vec<&str> = known.into_iter().collect();
    Unknown(format!("no {what} {text:?}; there are {}", known.join(", ")))
}
