//! A worker: a process that does the injections it is sent, block by block, and sends back records and counts.

use super::record::{Record, Symbols};
use super::space::{Point, Space};
use super::{CampaignError, Tally};
use crate::lab::experiment::forked::Fork;
use crate::lab::experiment::{Class, Lab, Outcome};
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};

/// Does injections, one after the other.
pub(crate) struct Bench<'a> {
    lab: &'a Lab,
    space: &'a Space,
    seed: Option<u64>,
    fork: Option<Fork<'a>>,
    symbols: Symbols,
    /// The rig whose heap it is now.
    rig: Option<usize>,
}

/// Records of a block and their counts.
pub(crate) struct Block {
    pub(crate) first: u64,
    pub(crate) n: u64,
    pub(crate) lines: Vec<u8>,
    pub(crate) tally: Tally,
}

impl<'a> Bench<'a> {
    pub(crate) fn new(lab: &'a Lab, space: &'a Space, seed: Option<u64>, forked: bool) -> io::Result<Self> {
        let symbols = if forked { Symbols::helped()? } else { Symbols::default() };
        let fork = if forked { Some(Fork::new(lab)?) } else { None };
        Ok(Self { lab, space, seed, fork, symbols, rig: None })
    }

    /// Does one injection.
    pub(crate) fn inject(&mut self, p: &Point) -> Outcome {
        let rig = &self.space.rigs[p.rig];
        let wrong = |e: io::Error| Outcome::failed(e.to_string());
        if self.rig != Some(p.rig) {
            if let Err(e) = rig.enter() {
                return wrong(e);
            }
            self.rig = Some(p.rig);
        }
        let Some(event) = rig.event(p.moment) else { return Outcome::failed("no such moment".to_owned()) };
        match &mut self.fork {
            None => rig.inject(p.fault, event),
            Some(fork) => fork.inject(rig, p.fault, event).unwrap_or_else(wrong),
        }
    }

    /// The record of an outcome.
    pub(crate) fn record(&mut self, i: u64, p: &Point, o: Outcome) -> Record {
        Record::new(i, self.seed, self.lab.version(), &self.space.rigs[p.rig], p, o, &mut self.symbols)
    }

    /// Does a block. Its injections are done in an order that changes the rig seldom. `progress` holds the number of the one
    /// under way plus one, and then counts those that are done.
    pub(crate) fn block(&mut self, range: Range<u64>, progress: &Progress) -> Block {
        let points: Vec<Point> = range.clone().map(|i| self.space.point(i)).collect();
        let mut order: Vec<usize> = (0..points.len()).collect();
        order.sort_by_key(|&at| points[at].rig);
        let mut records: Vec<Option<Record>> = vec![None; points.len()];
        for at in order {
            let (i, p) = (range.start + at as u64, &points[at]);
            progress.under_way.store(i + 1, Ordering::Relaxed);
            progress.begun.fetch_add(1, Ordering::Relaxed);
            let outcome = self.inject(p);
            records[at] = Some(self.record(i, p, outcome));
        }
        let mut block = Block {
            first: range.start,
            n: points.len() as u64,
            lines: Vec::with_capacity(400 * points.len()),
            tally: Tally::default(),
        };
        for record in records.into_iter().flatten() {
            block.push(&record);
        }
        progress.under_way.store(0, Ordering::Relaxed);
        block
    }
}

impl Block {
    /// An injection that could not be done.
    pub(crate) fn failed(record: &Record) -> Self {
        let mut block = Self { first: record.i, n: 1, lines: Vec::new(), tally: Tally::default() };
        block.push(record);
        block
    }

    fn push(&mut self, record: &Record) {
        serde_json::to_writer(&mut self.lines, record).expect("a record is JSON");
        self.lines.push(b'\n');
        self.tally.add(record);
    }

    /// Sends it.
    fn send(&self, to: &mut UnixStream) -> io::Result<()> {
        let tally = serde_json::to_vec(&self.tally).expect("counts are JSON");
        for word in [self.first, self.n, self.lines.len() as u64, tally.len() as u64] {
            to.write_all(&word.to_le_bytes())?;
        }
        to.write_all(&self.lines)?;
        to.write_all(&tally)
    }

    /// Waits for one.
    pub(crate) fn receive(from: &mut UnixStream) -> io::Result<Self> {
        let mut word = || {
            let mut bytes = [0; 8];
            from.read_exact(&mut bytes).map(|()| u64::from_le_bytes(bytes))
        };
        let [first, n, lines, tally] = [word()?, word()?, word()?, word()?];
        let mut read = |len: u64| {
            let mut bytes = vec![0; len as usize];
            from.read_exact(&mut bytes).map(|()| bytes)
        };
        let (lines, tally) = (read(lines)?, read(tally)?);
        let tally = serde_json::from_slice(&tally).map_err(io::Error::other)?;
        Ok(Self { first, n, lines, tally })
    }
}

impl Outcome {
    /// The laboratory has failed.
    pub(crate) fn failed(why: String) -> Self {
        Self::new(Class::ToolError, why, 0)
    }
}

/// How far a worker is, in memory that the coordinator sees too.
pub(crate) struct Progress {
    /// Number of the injection under way, plus one; 0 for none.
    pub(crate) under_way: AtomicU64,
    /// Injections begun.
    pub(crate) begun: AtomicU64,
}

/// The life of a worker: blocks come, results go, until the coordinator closes its end.
pub(crate) fn work(bench: &mut Bench<'_>, link: &mut UnixStream, progress: &Progress) -> Result<(), CampaignError> {
    loop {
        let mut range = [[0; 8]; 2];
        for word in &mut range {
            if link.read_exact(word).is_err() {
                return Ok(());
            }
        }
        let [start, end] = range.map(u64::from_le_bytes);
        bench.block(start..end, progress).send(link).map_err(CampaignError::Workers)?;
    }
}
