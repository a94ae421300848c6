//! The search held against the plain way: every schedule run by itself.

use super::drive::{Policy, Ready, drive};
use super::judge::End;
use super::space::Judge;
use super::*;
use crate::layout::mem::HAVE_ASM;

/// Depth first, each schedule from its beginning to its end; nothing is remembered of states.
struct Plain {
    verdicts: Verdicts,
    /// The choices of this schedule: who goes, and who could go besides and has not yet.
    path: Vec<(usize, Vec<usize>)>,
    at: usize,
    begun: bool,
    counts: BTreeMap<End, BigUint>,
}

impl Policy for Plain {
    fn begin(&mut self) -> bool {
        self.at = 0;
        if !std::mem::replace(&mut self.begun, true) {
            return true;
        }
        while let Some((_, others)) = self.path.pop() {
            if let Some((&next, rest)) = others.split_first() {
                self.path.push((next, rest.to_vec()));
                return true;
            }
        }
        false
    }

    fn choose(&mut self, _: &Run, ready: &Ready<'_>) -> Option<usize> {
        if self.at == self.path.len() {
            let mut all = ready.numbers();
            let first = all.next()?;
            self.path.push((first, all.collect()));
        }
        self.at += 1;
        Some(self.path[self.at - 1].0)
    }

    fn over(&mut self, run: &Run) {
        let end = self.verdicts.end(run) as usize;
        *self.counts.entry(self.verdicts.ends[end].clone()).or_default() += 1_u8;
    }
}

/// In a process of its own: the heap of a laboratory has one place, and other tests of the library have heaps there too.
#[test]
fn as_many_schedules_as_when_each_is_run() {
    const ALONE: &str = "GOHMAP_TEST_ALONE";
    if !HAVE_ASM {
        return;
    }
    if std::env::var_os(ALONE).is_none() {
        let me = concat!(module_path!(), "::as_many_schedules_as_when_each_is_run");
        let (_, me) = me.split_once("::").expect("the crate's name comes first");
        let mut child = std::process::Command::new(std::env::current_exe().expect("this test has a file"));
        let out = child.args(["--exact", me]).env(ALONE, "1").output().expect("it can be run again");
        let said = String::from_utf8_lossy(&out.stdout);
        assert!(out.status.success() && said.contains("1 passed"), "{said}{}", String::from_utf8_lossy(&out.stderr));
        return;
    }
    let lab = Lab::new(GoVersion::default()).unwrap();
    let x = Explorer::new(&lab, KeyKind::U64);
    // Reads beside writes, a copy that is spoilt, a growth, three goroutines.
    for (text, points) in [
        ("assign-hit+read", Points::Steps),
        ("assign-same+clone", Points::Steps),
        ("delete+clone", Points::Steps),
        ("assign-grow+len", Points::Accesses),
        ("assign-hit+len+len", Points::Steps),
    ] {
        let scenario: Scenario = text.parse().unwrap();
        let (run, verdicts) = x.ready(&scenario, points).unwrap();
        let plain = Plain { verdicts, path: Vec::new(), at: 0, begun: false, counts: BTreeMap::new() };
        let plain = Rc::new(RefCell::new(plain));
        drive(&run, &plain);
        let report = x.exhaust(&scenario, points, |_, _| ()).unwrap();
        let counts: BTreeMap<End, BigUint> = report.rows.into_iter().map(|r| (r.end, r.schedules)).collect();
        assert_eq!(counts, plain.borrow().counts, "{text}");
    }
}
