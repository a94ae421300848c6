//! The fault laboratory.
#![cfg(target_os = "linux")]

mod injections;
