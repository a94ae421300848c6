//! The fault laboratory.
#![cfg(target_os = "linux")]

#[path = "../browser/mod.rs"]
mod browser;
mod campaigns;
mod injections;
mod page;
