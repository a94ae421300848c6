//! The fault laboratory.
#![cfg(target_os = "linux")]

mod campaigns;
mod injections;
mod page;
