//! Scripts whose keys are chosen by their hashes, and the command that looks at them.

use gohmap::hash::KeySchedule;
use gohmap::inspect::trace::{Event, Line};
use gohmap::lab::script::KeyHasher;
use gohmap::lab::trace::{self, Operation, Sink};
use gohmap::layout::tophash;
use gohmap::version::GoVersion;
use std::cell::RefCell;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::rc::Rc;

/// `hash0` of all maps here.
pub(crate) const HASH0: u32 = 7;

fn schedule() -> KeySchedule {
    KeySchedule(std::array::from_fn(|i| (i * 37 + 11) as u8))
}

/// A script that begins with the key schedule.
pub(crate) struct Script {
    pub(crate) text: String,
    hasher: KeyHasher,
}

impl Script {
    /// With a map `m` of a type, made for so many entries.
    pub(crate) fn new(ty: &str, hint: u64) -> Self {
        let hex: String = schedule().0.iter().map(|b| format!("{b:02x}")).collect();
        let text = format!("keys {hex}\nrng on\nnew m {ty} {hint} {HASH0}\n");
        Self { text, hasher: KeyHasher::new(ty, &schedule()).expect("a type of scripts") }
    }

    pub(crate) fn line(&mut self, line: &str) {
        let _ = writeln!(self.text, "{line}");
    }

    pub(crate) fn hash(&self, key: u64) -> u64 {
        self.hasher.hash(&key.to_string(), HASH0).expect("a number is a key")
    }

    pub(crate) fn top(&self, key: u64) -> u8 {
        tophash(self.hash(key))
    }

    /// The first `n` numbers whose hash falls into a bucket of 2^b.
    pub(crate) fn keys_in(&self, b: u8, bucket: u64, n: usize) -> Vec<u64> {
        (0..).filter(|k| self.hash(*k) & ((1 << b) - 1) == bucket).take(n).collect()
    }

    /// Every operation with its steps.
    pub(crate) fn trace(&self, version: GoVersion) -> Vec<(Operation, Vec<Line>)> {
        let all = Rc::new(RefCell::new(Vec::new()));
        let to = Rc::clone(&all);
        let sink: Sink = Box::new(move |op, lines| to.borrow_mut().push((op.clone(), lines.to_vec())));
        trace::script(version, &self.text, 1..=u64::MAX, sink).expect("the script runs");
        all.take()
    }

    /// The steps of the last operation.
    pub(crate) fn last(&self) -> Vec<Line> {
        self.trace(GoVersion::V1_22).pop().expect("an operation").1
    }

    pub(crate) fn file(&self, name: &str) -> String {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::write(&path, &self.text).expect("the script is written");
        path.to_str().expect("UTF-8").to_owned()
    }
}

/// Steps of a kind.
pub(crate) fn of_kind<'a>(lines: &'a [Line], kind: &'a str) -> impl Iterator<Item = &'a Line> + 'a {
    lines.iter().filter(move |l| l.event.kind() == kind)
}

pub(crate) fn slots(lines: &[Line]) -> usize {
    of_kind(lines, "slot").count()
}

/// What the end of an operation says it has looked at: buckets, slots, keys.
pub(crate) fn counts(lines: &[Line]) -> (usize, usize, usize) {
    let Some(Event::Leave { counts: c, .. }) = of_kind(lines, "leave").last().map(|l| &l.event) else {
        panic!("it does not return: {lines:?}")
    };
    (c.buckets as usize, c.slots as usize, c.keys as usize)
}

pub(crate) struct Said {
    pub(crate) status: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the command.
pub(crate) fn gohmap(args: &[&str]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gohmap"));
    command.args(args).env_remove("GOHMAP_ISA").stdin(Stdio::null());
    let Output { status, stdout, stderr } = command.output().expect("the command starts");
    let text = |b| String::from_utf8(b).expect("the command writes UTF-8");
    Said { status: status.code(), out: text(stdout), err: text(stderr) }
}

/// Runs the command, which must fail with one line on standard error.
pub(crate) fn fails(args: &[&str], status: i32) -> String {
    let said = gohmap(args);
    assert_eq!((said.status, said.out.as_str()), (Some(status), ""), "{args:?}: {}", said.err);
    if status == 1 {
        assert_eq!(said.err.lines().count(), 1, "{args:?}: {}", said.err);
        assert!(said.err.starts_with("gohmap: "), "{}", said.err);
    }
    said.err
}
