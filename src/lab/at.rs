//! A script run up to one of its operations, to look at its maps there.

use super::script::{Begun, Ended, Engine, ScriptError, Watcher};
use crate::inspect::own::Own;
use crate::inspect::snapshot::Snapshot;
use crate::map::amd64::Isa;
use crate::probe::Step;
use crate::types::MapType;
use crate::version::GoVersion;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// A map, as it is after an operation.
pub struct Moment {
    /// Number of the operation, from 1.
    pub number: u64,
    /// Number of its line.
    pub line: usize,
    /// The operation.
    pub text: String,
    /// The map's name.
    pub map: String,
    /// Its type.
    pub t: Arc<MapType>,
    /// Its memory.
    pub snapshot: Snapshot,
    /// To read what it points to.
    pub mem: Own,
}

/// What cannot be looked at.
#[derive(Debug, thiserror::Error)]
pub enum NoMoment {
    /// The script cannot be run.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// There are fewer operations.
    #[error("there is no operation {asked}: there are {there}")]
    Operation {
        /// The number that was asked for.
        asked: u64,
        /// How many there are.
        there: u64,
    },
    /// The map is not there.
    #[error("there is no map {name:?} after operation {number}; there are: {known}")]
    Map {
        /// The name that was asked for.
        name: String,
        /// The operation.
        number: u64,
        /// Names of the maps.
        known: String,
    },
    /// No map has been made.
    #[error("the script makes no map")]
    Nothing,
    /// It was made and is not there.
    #[error("the map cannot be read: {0}")]
    Unreadable(String),
}

/// The operation under way.
struct Now {
    line: usize,
    text: String,
    map: String,
    t: Arc<MapType>,
    h: usize,
}

/// Counts operations, and copies the map at one of them.
struct Upto {
    at: Option<u64>,
    map: Option<String>,
    number: Cell<u64>,
    now: RefCell<Option<Now>>,
    /// Every map by its name, as far as the script has come: type and header.
    maps: RefCell<Vec<(String, Arc<MapType>, usize)>>,
    /// The last operation, and the map that it was on.
    last: RefCell<Option<(u64, usize, String, String)>>,
    taken: RefCell<Option<Result<Moment, NoMoment>>>,
}

impl Upto {
    fn take(&self) -> Result<Moment, NoMoment> {
        let last = self.last.borrow();
        let (number, line, text, on) = last.as_ref().ok_or(NoMoment::Nothing)?;
        let name = self.map.clone().unwrap_or_else(|| on.clone());
        let maps = self.maps.borrow();
        let (_, t, h) = maps.iter().find(|m| m.0 == name).ok_or_else(|| NoMoment::Map {
            name: name.clone(),
            number: *number,
            known: maps.iter().map(|m| m.0.as_str()).collect::<Vec<_>>().join(", "),
        })?;
        let mem = Own::new(&t.rt);
        let snapshot = Snapshot::read(&mem, t, *h as u64).map_err(|e| NoMoment::Unreadable(e.to_string()))?;
        Ok(Moment { number: *number, line: *line, text: text.clone(), map: name, t: Arc::clone(t), snapshot, mem })
    }
}

impl Watcher for Upto {
    fn begin(&self, op: &Begun<'_>) {
        self.number.set(self.number.get() + 1);
        let (text, map) = (op.text.to_owned(), op.map.to_owned());
        *self.now.borrow_mut() = Some(Now { line: op.line, text, map, t: Arc::clone(op.t), h: op.h });
    }

    fn step(&self, _: Step) {}

    fn end(&self, ended: &Ended<'_>) {
        let Some(Now { line, text, mut map, t, mut h }) = self.now.borrow_mut().take() else { return };
        if let Ended::Made(name, at) = ended {
            (map, h) = ((*name).to_owned(), *at);
        }
        {
            let mut maps = self.maps.borrow_mut();
            maps.retain(|m| m.0 != map);
            maps.push((map.clone(), t, h));
        }
        *self.last.borrow_mut() = Some((self.number.get(), line, text, map));
        if self.at == Some(self.number.get()) {
            *self.taken.borrow_mut() = Some(self.take());
        }
    }
}

/// The map of that name (by default the one of the last operation) as it is after operation `at`, or at the end.
///
/// # Errors
/// When there is no such operation or map, or the script cannot be run.
pub fn at(version: GoVersion, isa: Isa, text: &str, at: Option<u64>, map: Option<&str>) -> Result<Moment, NoMoment> {
    let upto = Rc::new(Upto {
        at,
        map: map.map(str::to_owned),
        number: Cell::new(0),
        now: RefCell::default(),
        maps: RefCell::default(),
        last: RefCell::default(),
        taken: RefCell::default(),
    });
    let mut engine = Engine::new(version, isa).watched(Rc::clone(&upto) as Rc<dyn Watcher>);
    let mut out = String::new();
    for line in text.lines() {
        out.clear();
        engine.step(line, &mut out)?;
        if let Some(taken) = upto.taken.take() {
            return taken;
        }
    }
    match at {
        Some(asked) => Err(NoMoment::Operation { asked, there: upto.number.get() }),
        None => upto.take(),
    }
}
