//! The race detector: what `go build -race` tells of a program whose goroutines share maps.
//!
//! Go's race detector orders what goroutines do by what they synchronise with (channels, mutexes, atomics, `go` statements), and
//! reports two accesses to the same memory, one of them a write, that nothing orders. To it a map operation is one access to the
//! map's header: a read for `m[k]`, `range` and `len`, a write for `m[k] = v`, `delete` and `clear` (`racereadpc` and
//! `racewritepc` in `runtime/map*.go`). What the program then loads or stores through the pointer that it was given, the element, is
//! an access of its own; nothing that happens inside an operation is one. `maps.Clone` and operations on nil maps tell it nothing.
//!
//! This module does the same for maps of this crate. Inside [`run`], [`go`] starts goroutines; they share [`Map`]s and [`Var`]s, and
//! synchronise by [`Chan`], [`Mutex`], [`RwMutex`], [`WaitGroup`], [`Once`] and the atomic operations of [`Var`]. They take turns, so
//! a race of theirs is no race of this process, and a run is the same every time.
//!
//! ```
//! use gohmap::gomap::GoMap;
//! use gohmap::race::{self, Config, Map, WaitGroup};
//! use std::sync::Arc;
//!
//! let config = Config::default();
//! let rt = Arc::clone(&config.runtime);
//! let (_, races) = race::run(config, move || {
//!     let m = Arc::new(Map::new(GoMap::<u64, u64>::make(&rt, 0)));
//!     let wg = Arc::new(WaitGroup::new());
//!     wg.add(1);
//!     let (m2, wg2) = (Arc::clone(&m), Arc::clone(&wg));
//!     race::go(move || {
//!         m2.insert(1, 10);
//!         wg2.done();
//!     });
//!     m.get(1); // not ordered with the goroutine's insert
//!     wg.wait();
//!     m.get(1); // ordered
//! });
//! assert_eq!(races.len(), 1, "of the header");
//! assert!(races[0].to_string().starts_with("==================\nWARNING: DATA RACE\nWrite at 0x00c0"));
//! ```
//!
//! Differences from the real one: it never forgets an access (ThreadSanitizer keeps four for eight bytes of memory, and a limited
//! history of stacks); and a deadlock is told, where a Go program built with `-race` hangs.

mod atomic;
mod chan;
mod clock;
mod detector;
mod log;
mod map;
mod mutex;
mod object;
mod once;
mod options;
mod report;
mod rwmutex;
mod shadow;
mod var;
mod waitgroup;
mod world;

pub use atomic::Atomic;
pub use chan::Chan;
pub use map::{Map, Range};
pub use mutex::Mutex;
pub use once::Once;
pub use options::{GoRace, GoRaceError, LogPath};
pub use report::{Access, Creation, Frame, Race};
pub use rwmutex::RwMutex;
pub use var::Var;
pub use waitgroup::WaitGroup;

use crate::fatal::Program;
use crate::fatal::program::program;
use crate::heap::{HeapConfig, OnFree};
use crate::runtime::{Runtime, RuntimeConfig};
use detector::Detector;
use log::{Log, LogError};
use std::process;
use std::sync::{Arc, Mutex as StdMutex, OnceLock, PoisonError};
use world::World;

/// A program to watch.
#[derive(Clone, Debug)]
pub struct Config {
    /// The Go runtime that its channels and variables live in.
    pub runtime: Arc<Runtime>,
    /// What `GORACE` would say.
    pub options: GoRace,
    /// Who is next: at random from this seed, or without one by order of arrival.
    pub seed: Option<u64>,
    /// Which functions are its package `main`, for the names in reports.
    pub program: Program,
}

impl Default for Config {
    /// A runtime of the default version with a random seed that keeps freed memory, the default options, order of arrival, and the program of this process.
    fn default() -> Self {
        let heap = HeapConfig { on_free: OnFree::Keep, ..HeapConfig::default() };
        let runtime = Runtime::new(RuntimeConfig { heap, ..RuntimeConfig::default() });
        Self { runtime, options: GoRace::default(), seed: None, program: program() }
    }
}

/// Runs `main` and the goroutines that it starts; what it returned, and the races.
///
/// When it has returned, the others go on as long as [`GoRace::atexit_sleep_ms`] says, and end where they are then: by unwinding.
/// `exitcode`, `log_path` and `halt_on_error` are for [`run_main`].
///
/// # Panics
/// As `main`; when this thread is a goroutine of such a program already; when the system refuses a thread. A goroutine that panics
/// ends the process, as in Go, and so does a deadlock.
pub fn run<R>(config: Config, main: impl FnOnce() -> R) -> (R, Vec<Race>) {
    let detector = Detector::new(config.program, config.options);
    World::new(config.runtime, detector, config.seed, |_| {}).run(main)
}

static MAIN: OnceLock<(Config, fn())> = OnceLock::new();

/// Becomes a Go program built with `-race` whose `main.main` is `main`: prints each race where `GORACE` says, and ends the process,
/// with the exit code that it says when there were any, and otherwise as [`fault::run_main`](crate::fault::run_main) does.
///
/// # Panics
/// As [`fault::run_main`](crate::fault::run_main).
pub fn run_main(config: Config, main: fn()) -> ! {
    let program = config.program;
    assert!(MAIN.set((config, main)).is_ok(), "one process is one Go program");
    crate::fault::run_main(program, main_goroutine)
}

fn main_goroutine() {
    let (config, main) = MAIN.get().expect("run_main has set it").clone();
    let GoRace { exitcode, halt_on_error, ref log_path, .. } = config.options;
    let die = move |e: LogError| -> ! {
        eprintln!("{e}");
        process::exit(exitcode)
    };
    let log = Arc::new(StdMutex::new(Log::new(log_path).unwrap_or_else(|e| die(e))));
    let say = move |log: &StdMutex<Log>, text: &str| {
        let written = log.lock().unwrap_or_else(PoisonError::into_inner).write(text);
        written.unwrap_or_else(|e| die(e));
    };
    let log_of_races = Arc::clone(&log);
    let tell = move |race: &Race| {
        say(&log_of_races, &race.to_string());
        if halt_on_error {
            process::exit(exitcode);
        }
    };
    let detector = Detector::new(config.program, config.options);
    let ((), races) = World::new(config.runtime, detector, config.seed, tell).run(main);
    if !races.is_empty() {
        say(&log, &found(races.len()));
        process::exit(exitcode);
    }
}

/// The last line of a program with so many races.
pub(crate) fn found(races: usize) -> String {
    format!("Found {races} data race(s)\n")
}

/// The `go` statement: `f` runs in a goroutine of its own.
///
/// # Panics
/// Outside a program; when the system refuses a thread.
pub fn go(f: impl FnOnce() + Send + 'static) {
    world::start(f);
}

/// `runtime.Gosched`: lets other goroutines run.
///
/// # Panics
/// Outside a program.
pub fn gosched() {
    world::give_way();
}

/// `runtime.NumGoroutine`: how many there are. Neither orders anything nor is it watched.
///
/// # Panics
/// Outside a program.
#[must_use]
pub fn num_goroutine() -> usize {
    world::alive()
}
