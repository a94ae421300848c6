//! The `gohmap` command.
fn main() {}
