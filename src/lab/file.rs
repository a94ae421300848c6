//! Files that are there whole or not at all.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;

/// Writes a file whole or not at all: beside it first, then in its place.
///
/// # Errors
/// As write(2) and rename(2); what was there before is there still.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(format!(".{}.new", std::process::id()));
    let new = path.with_file_name(name);
    let done = fs::write(&new, bytes).and_then(|()| fs::rename(&new, path));
    if done.is_err() {
        // What is left of it is of no use; the error is told.
        let _ = fs::remove_file(&new);
    }
    done
}
