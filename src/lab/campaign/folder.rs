//! The folder of a campaign: what has been done is kept there, also when the campaign is killed.
//!
//! Records are appended to `results.jsonl` in the order of their numbers. The checkpoint says how far that file has been
//! counted; what is behind it is counted again when the campaign goes on, and a last line that was cut off is taken away.

use super::record::Record;
use super::spec::Spec;
use super::{CampaignError, NO_DIGEST, Tally, digest};
use crate::lab::file;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// How far a campaign has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// Number of the next injection.
    pub next: u64,
    /// Bytes of the results.
    pub bytes: u64,
    /// Digest of those bytes.
    pub digest: u64,
    /// Their counts.
    pub tally: Tally,
}

impl State {
    /// Nothing done of a part that begins with this number.
    #[must_use]
    pub fn new(first: u64) -> Self {
        Self { next: first, bytes: 0, digest: NO_DIGEST, tally: Tally::default() }
    }

    /// Takes in records, whole lines.
    pub fn take(&mut self, lines: &[u8], tally: Tally, n: u64) {
        self.next += n;
        self.bytes += lines.len() as u64;
        self.digest = digest(self.digest, lines);
        self.tally.append(tally);
    }
}

/// A campaign's folder, open for more.
pub struct Folder {
    path: PathBuf,
    results: File,
}

const SPEC: &str = "campaign.json";
/// Name of the file with the records.
pub const RESULTS: &str = "results.jsonl";
const CHECKPOINT: &str = "checkpoint.json";
/// Name of the file with the counts.
pub const SUMMARY: &str = "summary.json";
/// Name of the page.
pub const REPORT: &str = "report.html";

/// The spec of the campaign in a folder; `None` when there is no campaign.
///
/// # Errors
/// When it cannot be read, or is none.
pub fn spec_of(path: &Path) -> Result<Option<Spec>, CampaignError> {
    let file = path.join(SPEC);
    match fs::read_to_string(&file) {
        Ok(text) => serde_json::from_str(&text)
            .map(Some)
            .map_err(|e| CampaignError::Content { path: file, what: format!("not the spec of a campaign: {e}") }),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(CampaignError::file("read", &file, e)),
    }
}

impl Folder {
    /// Makes the folder, or opens the one where the same campaign was begun: then also says how far it has come. `first` is
    /// the number of its first injection.
    ///
    /// # Errors
    /// When the folder cannot be written, or holds another campaign.
    pub fn open(path: &Path, spec: &Spec, first: u64) -> Result<(Self, State), CampaignError> {
        fs::create_dir_all(path).map_err(|e| CampaignError::file("made", path, e))?;
        match spec_of(path)? {
            Some(other) if other != *spec => {
                return Err(CampaignError::Content {
                    path: path.to_owned(),
                    what: format!("another campaign is kept here ({}); choose another folder", other.about()),
                });
            }
            Some(_) => {}
            None => {
                let text = serde_json::to_string_pretty(spec).expect("a spec is JSON") + "\n";
                replace(&path.join(SPEC), text.as_bytes())?;
            }
        }
        let file = path.join(RESULTS);
        let mut options = OpenOptions::new();
        let results = options.read(true).write(true).create(true).truncate(false).open(&file);
        let results = results.map_err(|e| CampaignError::file("opened", &file, e))?;
        let mut folder = Self { path: path.to_owned(), results };
        let state = folder.recover(first)?;
        Ok((folder, state))
    }

    /// Counts what is there, from the checkpoint on, and takes away a line that was cut off.
    fn recover(&mut self, first: u64) -> Result<State, CampaignError> {
        let file = self.path.join(RESULTS);
        let io = |e| CampaignError::file("read", &file, e);
        let len = self.results.metadata().map_err(io)?.len();
        let checkpoint = fs::read(self.path.join(CHECKPOINT)).ok();
        let checkpoint = checkpoint.and_then(|text| serde_json::from_slice::<State>(&text).ok());
        // A file that is shorter than it was has been tampered with: it is counted from its beginning.
        let mut state = checkpoint.filter(|c| c.bytes <= len).unwrap_or_else(|| State::new(first));
        self.results.seek(SeekFrom::Start(state.bytes)).map_err(io)?;
        let mut reader = BufReader::with_capacity(1 << 20, (&self.results).take(len - state.bytes));
        let mut line = Vec::new();
        loop {
            line.clear();
            if reader.read_until(b'\n', &mut line).map_err(io)? == 0 || line.last() != Some(&b'\n') {
                break;
            }
            let Ok(record) = serde_json::from_slice::<Record>(&line) else { break };
            if record.i != state.next {
                let what =
                    format!("injection {} stands where {} is due; the file has been changed", record.i, state.next);
                return Err(CampaignError::Content { path: file, what });
            }
            let mut one = Tally::default();
            one.add(&record);
            state.take(&line, one, 1);
        }
        let cut = |e| CampaignError::file("cut to its last whole line", &file, e);
        if state.bytes < len {
            self.results.set_len(state.bytes).map_err(cut)?;
        }
        self.results.seek(SeekFrom::Start(state.bytes)).map_err(cut)?;
        Ok(state)
    }

    /// Appends records.
    ///
    /// # Errors
    /// As write(2); what the file has of them is found again when the campaign goes on.
    pub fn append(&mut self, lines: &[u8], state: &State) -> Result<(), CampaignError> {
        self.results.write_all(lines).map_err(|error| CampaignError::File {
            what: format!("{} cannot be written", self.path.join(RESULTS).display()),
            error,
            after: format!("; {} injections are kept, and the same command goes on from there", state.tally.injections),
        })
    }

    /// Notes how far the results have been counted.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn checkpoint(&self, state: &State) -> Result<(), CampaignError> {
        replace(&self.path.join(CHECKPOINT), &serde_json::to_vec(state).expect("a state is JSON"))
    }

    /// Writes one of the other files.
    ///
    /// # Errors
    /// As [`append`](Self::append).
    pub fn write(&self, name: &str, text: &str) -> Result<(), CampaignError> {
        replace(&self.path.join(name), text.as_bytes())
    }
}

/// Writes a file whole or not at all.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<(), CampaignError> {
    file::replace(path, bytes).map_err(|e| CampaignError::file("written", path, e))
}

/// How many injections a finished campaign has; `None` when it is not finished.
pub(crate) fn summary_asked(path: &Path) -> Result<Option<u64>, CampaignError> {
    let file = path.join(SUMMARY);
    match fs::read(&file) {
        Ok(text) => {
            let value: serde_json::Value = serde_json::from_slice(&text)
                .map_err(|e| CampaignError::Content { path: file, what: format!("no summary: {e}") })?;
            Ok(value["injections"].as_u64())
        }
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(CampaignError::file("read", &file, e)),
    }
}
