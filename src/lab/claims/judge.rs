//! Verdicts: what became of a claim's predictions, here and under real Go.

use super::run::{RACE_TRIES, Runner, Seen};
use super::{Claim, Experiment, Test};
use crate::lab::programs::Compare;
use crate::lab::programs::recorded::Outcome;
use std::fmt;
use std::io;

/// What is to be said of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every prediction came true.
    Holds,
    /// Some did, or one did in some runs.
    InPart,
    /// None did.
    DoesNotHold,
}

impl Verdict {
    /// In words.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::InPart => "holds in part",
            Self::DoesNotHold => "does not hold",
        }
    }

    /// From how many of some predictions came true; none if there are no predictions.
    fn of(truths: impl Iterator<Item = bool>) -> Option<Self> {
        let (mut some, mut all, mut any) = (false, true, false);
        for t in truths {
            (some, all, any) = (some || t, all && t, true);
        }
        any.then_some(match (all, some) {
            (true, _) => Self::Holds,
            (false, true) => Self::InPart,
            (false, false) => Self::DoesNotHold,
        })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A test that has been run.
#[derive(Clone, Debug)]
pub struct JudgedTest<'a> {
    /// What was run, and predicted.
    pub test: &'a Test,
    /// What came of it here; none where only real Go can tell.
    pub ours: Option<Seen>,
    /// What came of it under real Go, as far as that is known.
    pub real: Option<Seen>,
    /// Why it was not run here or there.
    pub missing: Option<String>,
    /// Whether both came to the same. None where there is nothing to compare.
    pub agrees: Option<bool>,
}

impl JudgedTest<'_> {
    /// The outcomes that decide: those here, but real Go's where the claim is about its code, its tools or its locks.
    #[must_use]
    pub fn deciding(&self) -> &Option<Seen> {
        match self.test.experiment {
            Experiment::Program(..) | Experiment::Race(_) if self.ours.is_some() => &self.ours,
            Experiment::Speed(_) | Experiment::Explore(_) if self.real.is_none() => &self.ours,
            _ => &self.real,
        }
    }

    /// Whether the prediction came true in each of the outcomes.
    fn truths<'s>(&'s self, seen: &'s Option<Seen>) -> impl Iterator<Item = bool> + 's {
        seen.iter().flat_map(|s| &s.outcomes).map(|o| self.test.prediction.is_true_of(o))
    }

    /// What became of the prediction: [`Verdict::InPart`] when it came true in some outcomes.
    #[must_use]
    pub fn verdict(&self) -> Option<Verdict> {
        Verdict::of(self.truths(self.deciding()))
    }
}

/// A claim that has been judged.
#[derive(Clone, Debug)]
pub struct Judged<'a> {
    /// It.
    pub claim: &'a Claim,
    /// Its tests.
    pub tests: Vec<JudgedTest<'a>>,
    /// The verdict here; by real Go's outcomes where only those are known. None when nothing was run.
    pub verdict: Option<Verdict>,
    /// The verdict by real Go's outcomes alone.
    pub real: Option<Verdict>,
}

impl Judged<'_> {
    /// Whether all that can be compared came to the same here and under real Go. None when nothing can.
    #[must_use]
    pub fn agrees(&self) -> Option<bool> {
        let tests: Vec<bool> = self.tests.iter().filter_map(|t| t.agrees).collect();
        (!tests.is_empty()).then(|| tests.into_iter().all(|a| a))
    }
}

/// Runs the tests of a claim and judges it. `waiting` is called every 100 ms meanwhile.
///
/// # Errors
/// When a program cannot be started or read.
pub fn judge<'a>(claim: &'a Claim, runner: &mut Runner, mut waiting: impl FnMut()) -> io::Result<Judged<'a>> {
    let mut tests = Vec::new();
    for test in &claim.tests {
        let mut judged = once(test, runner, &mut waiting)?;
        // One race says little: another one may end as it did there.
        for _ in 1..RACE_TRIES {
            if judged.agrees != Some(false) || test.experiment.case().is_none_or(|c| c.compare != Compare::Racy) {
                break;
            }
            runner.forget(&test.experiment);
            judged = once(test, runner, &mut waiting)?;
        }
        tests.push(judged);
    }
    let verdict = Verdict::of(tests.iter().flat_map(|t| t.truths(t.deciding())));
    let real = Verdict::of(tests.iter().flat_map(|t| t.truths(&t.real)));
    Ok(Judged { claim, tests, verdict, real })
}

/// Runs a test, here and under real Go, unless that has been done.
fn once<'a>(test: &'a Test, runner: &mut Runner, mut waiting: impl FnMut()) -> io::Result<JudgedTest<'a>> {
    let ours = runner.ours(&test.experiment, &mut waiting)?;
    let real = runner.real(&test.experiment, &mut waiting)?;
    let missing = runner.missing(&test.experiment);
    let mut judged = JudgedTest { test, ours, real, missing, agrees: None };
    judged.agrees = agrees(&judged);
    Ok(judged)
}

fn agrees(t: &JudgedTest<'_>) -> Option<bool> {
    let (Some(ours), Some(real)) = (&t.ours, &t.real) else { return None };
    let case = match t.test.experiment {
        Experiment::Program(..) => Some(t.test.experiment.case()?),
        Experiment::Race(_) => None,
        // What real Go alone decides is not compared; nor is speed, which chance has a part in.
        _ => return None,
    };
    let same_truth = t.truths(&t.ours).all(|a| t.truths(&t.real).any(|b| a == b));
    let same = |o: &Outcome, r: &Outcome| {
        // Outcomes of races are normalised from the start.
        let Some(case) = case else { return o == r };
        let normalised = |o: &Outcome| Outcome::of(case, o.exit, &o.stdout, &o.stderr);
        let (o, r) = (normalised(o), if real.recorded { r.clone() } else { normalised(r) });
        // In one run the hash decides which bucket is hit, and what is there.
        let scattered = case.compare == Compare::Scattered && !real.recorded;
        o == r || scattered && o.exit == r.exit && o.stderr.is_empty() == r.stderr.is_empty()
    };
    Some(same_truth && ours.outcomes.iter().all(|o| real.outcomes.iter().any(|r| same(o, r))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_are_counted() {
        let of = |truths: &[bool]| Verdict::of(truths.iter().copied());
        assert_eq!(of(&[]), None);
        assert_eq!(of(&[true, true]), Some(Verdict::Holds));
        assert_eq!(of(&[true, false]), Some(Verdict::InPart));
        assert_eq!(of(&[false, true]), Some(Verdict::InPart));
        assert_eq!(of(&[false]), Some(Verdict::DoesNotHold));
    }
}
