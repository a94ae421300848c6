//! Looking at maps, ours and those of real Go processes and cores: copying them, checking them, showing them.

#[cfg(target_os = "linux")]
pub mod binary;
#[cfg(target_os = "linux")]
pub mod core;
pub mod crash;
#[cfg(target_os = "linux")]
mod descriptor;
pub mod dump;
#[cfg(target_os = "linux")]
pub mod dwarf;
#[cfg(target_os = "linux")]
pub mod fsck;
#[cfg(target_os = "linux")]
pub mod memory;
pub mod oom;
#[cfg(target_os = "linux")]
pub mod own;
#[cfg(target_os = "linux")]
pub mod print;
#[cfg(target_os = "linux")]
pub mod process;
#[cfg(target_os = "linux")]
pub mod snapshot;
#[cfg(target_os = "linux")]
pub mod target;
#[cfg(target_os = "linux")]
pub mod trace;
#[cfg(target_os = "linux")]
pub mod value;
#[cfg(target_os = "linux")]
pub mod view;
pub mod words;
