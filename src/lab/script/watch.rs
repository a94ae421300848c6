//! Watching a script: who is told of every operation, and of the steps that its portable function takes.

use super::{Engine, Map};
use crate::map::compiled::ZERO_VAL_SIZE;
use crate::map::{access, compiled};
use crate::probe::{Probe, Step};
use crate::types::{Fast, MapType};
use std::rc::Rc;
use std::sync::Arc;

use super::kind::Key;
use super::place::new_object;

/// A map operation of a script that is about to begin.
pub struct Begun<'a> {
    /// Number of its line, from 1.
    pub line: usize,
    /// The line; of a `fill`, the `set` that it stands for.
    pub text: &'a str,
    /// The map's name.
    pub map: &'a str,
    /// Its type.
    pub t: &'a Arc<MapType>,
    /// Address of its header; 0 for a nil map, and for one that is about to be made.
    pub h: usize,
    /// Address of the key, where the operation has one.
    pub key: Option<usize>,
}

/// How an operation ended.
pub enum Ended<'a> {
    /// It returned.
    Well,
    /// It made this map: its name and the address of its header.
    Made(&'a str, usize),
    /// With a Go panic of this text.
    Panic(&'a str),
}

/// Somebody who is told of everything that a script does to its maps. While a script is watched, the portable functions run.
pub trait Watcher {
    /// An operation begins.
    fn begin(&self, op: &Begun<'_>);
    /// It is about to take a step.
    fn step(&self, step: Step);
    /// It is over; what the compiled program does after it (storing the element) is done too.
    fn end(&self, ended: &Ended<'_>);
}

/// A watcher as a probe.
pub(super) struct Told<'a>(pub(super) &'a dyn Watcher);

impl Probe for Told<'_> {
    fn step(&self, step: Step) {
        self.0.step(step);
    }
}

/// Calls a map function with the probe of the engine's watcher, or with none.
macro_rules! watched {
    ($watcher:expr, $p:ident => $call:expr) => {
        match &$watcher {
            Some(w) => {
                let $p = &$crate::lab::script::watch::Told(&**w);
                $call
            }
            None => {
                let $p = &();
                $call
            }
        }
    };
}
pub(super) use watched;

impl Engine {
    /// The same engine, watched.
    #[must_use]
    pub fn watched(self, by: Rc<dyn Watcher>) -> Self {
        Self { watcher: Some(by), ..self }
    }

    /// Tells the watcher that the operation of this line begins.
    pub(super) fn begin(&self, text: &str, m: &Map, key: Option<&Key>) {
        if let Some(w) = &self.watcher {
            let key = key.map(Key::at);
            w.begin(&Begun { line: self.line, text, map: &m.name, t: &m.t, h: m.h, key });
        }
    }

    /// Tells the watcher that it is over.
    pub(super) fn end(&self, ended: &Ended<'_>) {
        if let Some(w) = &self.watcher {
            w.end(ended);
        }
    }
}

/// `v, ok := m[key]` by the portable functions: the address of the element, or of at least so many zeroes.
///
/// # Safety
/// `h` is a healthy map of type `t`.
pub(super) unsafe fn get(t: &MapType, h: usize, key: &Key, w: &dyn Watcher) -> (usize, bool) {
    // SAFETY: the caller's promise.
    unsafe {
        if t.fast == Fast::Generic && t.elem_size > ZERO_VAL_SIZE {
            let zero = new_object(&t.rt, t.elem_size, false);
            access::mapaccess2_fat(t, h, key.at(), zero, &Told(w))
        } else {
            compiled::access2_probed(t, h, key.at(), &Told(w))
        }
    }
}
