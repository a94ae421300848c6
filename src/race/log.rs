//! Where reports go: `log_path` of `GORACE`.

use super::options::LogPath;
use std::fs::{File, create_dir};
use std::io::{Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process;

/// An output for reports.
#[derive(Debug)]
pub(super) enum Log {
    Stderr,
    Stdout,
    /// The file, once something has been written, and its name.
    File(Option<File>, String),
}

/// A log that cannot be written to; the message is ThreadSanitizer's.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum LogError {
    #[error("ERROR: Can't create directory: {}", .0.display())]
    Directory(PathBuf),
    #[error("ERROR: Can't open file: {name} (reason: {reason})")]
    File { name: String, reason: i32 },
}

impl Log {
    /// Makes the folders of a file, and not yet the file.
    pub(super) fn new(path: &LogPath) -> Result<Self, LogError> {
        Ok(match path {
            LogPath::Stderr => Self::Stderr,
            LogPath::Stdout => Self::Stdout,
            LogPath::File(name) => {
                let file = format!("{}.{}", name.display(), process::id());
                let folders = Path::new(&file).ancestors().skip(1);
                let mut missing: Vec<&Path> =
                    folders.take_while(|f| !f.as_os_str().is_empty() && !f.is_dir()).collect();
                while let Some(folder) = missing.pop() {
                    create_dir(folder).map_err(|_| LogError::Directory(folder.to_owned()))?;
                }
                Self::File(None, file)
            }
        })
    }

    /// Writes a report. When nobody reads it, that is no reason to stop.
    pub(super) fn write(&mut self, text: &str) -> Result<(), LogError> {
        let _ = match self {
            Self::Stderr => stderr().write_all(text.as_bytes()),
            Self::Stdout => stdout().write_all(text.as_bytes()),
            Self::File(file, name) => {
                let file = match file {
                    Some(file) => file,
                    None => {
                        let reason = |e: std::io::Error| e.raw_os_error().unwrap_or(0);
                        let failed = |e| LogError::File { name: name.clone(), reason: reason(e) };
                        file.insert(File::create(&*name).map_err(failed)?)
                    }
                };
                file.write_all(text.as_bytes())
            }
        };
        Ok(())
    }
}
