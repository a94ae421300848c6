//! `gohmap merge`: the shards of a campaign made one.

use anyhow::Result;
use gohmap::lab::campaign::merge::merge;
use std::path::PathBuf;
use std::process::ExitCode;

/// Put the shards of a campaign together
///
/// The folders are those of `gohmap campaign --shard I/N --out DIR`, all of them. The result is the same as from the whole
/// campaign in one go, digest and all.
#[derive(clap::Args)]
#[command(after_long_help = "\
Examples:
  gohmap merge shard1 shard2 --out whole
  gohmap merge shards/1 shards/2 shards/3 --out whole

With any batch engine, such as GNU parallel:
  parallel gohmap campaign --exhaustive --shard {}/8 --out s{} ::: {1..8}")]
pub(super) struct Merge {
    /// The folders of the shards
    #[arg(required = true, value_name = "DIR")]
    folders: Vec<PathBuf>,
    /// A folder for all of it
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

impl Merge {
    pub(super) fn run(&self) -> Result<ExitCode> {
        let f = merge(&self.folders, &self.out, &mut |_| {})?;
        println!("{} injections, digest {:016x}", f.asked, f.digest);
        println!("In {}: results.jsonl, summary.json, report.html", self.out.display());
        Ok(ExitCode::SUCCESS)
    }
}
