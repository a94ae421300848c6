//! Go's ways to end: recoverable panics, throw and fatal; goroutines; the traceback.
//!
//! | kind | first line | recover | who shows | exit |
//! |---|---|---|---|---|
//! | panic | `panic: TEXT` | yes | the panicking goroutine | 2 |
//! | [`fatal`] | `fatal error: TEXT` | no | all goroutines, without the runtime's frames | 2 |
//! | [`throw`] | `fatal error: TEXT` | no | all goroutines, all frames with `fp= sp= pc=` | 2 |
//!
//! Frames are those of the real stack. A function of the runtime that is rebuilt here shows under its Go name, a
//! function of the program under its package; Rust's and this crate's own machinery do not show.

pub(crate) mod cgo;
pub(crate) mod goroutine;
pub(crate) mod panic;
mod park;
pub(crate) mod program;
pub(crate) mod region;
pub(crate) mod report;
mod sig;
mod symbol;
pub(crate) mod throw;
pub(crate) mod trace;

pub(crate) use cgo::systemstack_switch;
pub use cgo::{call_back, cgocall};
pub use goroutine::go;
pub(crate) use panic::set_mallocing;
pub use panic::{
    Deferred, GoPanic, Value, defer, panic_error, panic_plain, panic_value, recover, repanic, set_panic_on_fault,
};
pub use park::{Chan, chan, sleep};
pub use program::Program;
pub use region::Death;
pub use sig::SigInfo;
pub use throw::{GoFatal, fatal, throw, throw_with_detail};
