//! The shards of a campaign made one again.

use super::folder::{Folder, RESULTS, State, spec_of};
use super::record::Record;
use super::spec::Spec;
use super::{CampaignError, Finished, Tally, report};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Puts the results of all shards into one folder: the same bytes as from the whole campaign in one go.
///
/// # Errors
/// When the folders do not hold all shards of one campaign, whole, or a file cannot be read or written.
pub fn merge(folders: &[PathBuf], out: &Path, tick: &mut dyn FnMut(u64)) -> Result<Finished, CampaignError> {
    let mut shards: Vec<(Spec, &PathBuf)> = Vec::new();
    for path in folders {
        let content = |what: &str| CampaignError::Content { path: path.clone(), what: what.to_owned() };
        let spec = spec_of(path)?.ok_or_else(|| content("no campaign is kept here"))?;
        if let Some((first, _)) = shards.first()
            && !first.same_whole(&spec)
        {
            return Err(content("this is a shard of another campaign than the first folder"));
        }
        if shards.iter().any(|s| s.0.shard == spec.shard) {
            return Err(content(&format!("shard {}/{} is there twice", spec.shard.0, spec.shard.1)));
        }
        shards.push((spec, path));
    }
    shards.sort_by_key(|s| s.0.shard);
    let Some((first, _)) = shards.first() else {
        return Err(CampaignError::Spec("nothing to merge".to_owned()));
    };
    let n = first.shard.1;
    if let Some(missing) = (1..=n).find(|i| !shards.iter().any(|s| s.0.shard == (*i, n))) {
        return Err(CampaignError::Spec(format!("shard {missing}/{n} is missing")));
    }
    let start = Instant::now();
    let whole = Spec { shard: (1, 1), ..first.clone() };
    let (mut folder, mut state) = Folder::open(out, &whole, 0)?;
    if state.next > 0 {
        return Err(CampaignError::Content { path: out.to_owned(), what: "results are here already".to_owned() });
    }
    for (spec, path) in &shards {
        let file = path.join(RESULTS);
        let read = |e| CampaignError::file("read", &file, e);
        let mut reader = BufReader::with_capacity(1 << 20, File::open(&file).map_err(read)?);
        append(&mut reader, &file, &mut folder, &mut state, tick)?;
        let done = super::folder::summary_asked(path)?;
        if done.is_none() {
            let what = format!("shard {}/{} is not finished; run it again to go on", spec.shard.0, spec.shard.1);
            return Err(CampaignError::Content { path: (*path).clone(), what });
        }
    }
    folder.checkpoint(&state)?;
    let finished = Finished {
        asked: state.next,
        kept: state.next,
        digest: state.digest,
        tally: state.tally,
        took: start.elapsed().max(Duration::from_nanos(1)),
        jobs: 1,
    };
    report::write(&folder, &whole, &finished)?;
    Ok(finished)
}

/// Lines that are written at a time.
const LINES: usize = 4096;

fn append(
    reader: &mut impl BufRead,
    file: &Path,
    folder: &mut Folder,
    state: &mut State,
    tick: &mut dyn FnMut(u64),
) -> Result<(), CampaignError> {
    let mut lines = Vec::new();
    let mut tally = Tally::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        let n = reader.read_until(b'\n', &mut line).map_err(|e| CampaignError::file("read", file, e))?;
        if n > 0 {
            let due = state.next + tally.injections;
            let record: Record = serde_json::from_slice(&line).map_err(|e| CampaignError::Content {
                path: file.to_owned(),
                what: format!("where injection {due} is due there is no record: {e}"),
            })?;
            if record.i != due {
                let what = format!("injection {} stands where {due} is due", record.i);
                return Err(CampaignError::Content { path: file.to_owned(), what });
            }
            tally.add(&record);
            lines.extend_from_slice(&line);
        }
        if tally.injections as usize == LINES || n == 0 {
            folder.append(&lines, state)?;
            let n = tally.injections;
            state.take(&lines, std::mem::take(&mut tally), n);
            lines.clear();
            tick(state.next);
        }
        if n == 0 {
            return Ok(());
        }
    }
}
