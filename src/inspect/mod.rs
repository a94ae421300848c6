//! Looking at maps: their memory as text.

pub mod dump;
