use super::*;
use crate::lab::programs::recorded::{Exit, lookup};
use crate::version::GoVersion;
use std::collections::HashSet;

#[test]
fn every_claim_can_be_run_or_says_why_not() {
    let claims = built_in();
    let mut names = HashSet::new();
    for c in &claims {
        assert!(names.insert(c.name.as_str()), "{} twice", c.name);
        assert!(!c.says.ends_with('.') && c.says.len() > 15, "{}: {:?}", c.name, c.says);
        let cgo_alone = c.cannot.is_none() && c.tests.is_empty() && !cfg!(gohmap_asm);
        assert!(c.cannot.is_some() == c.tests.is_empty() || cgo_alone, "{} has tests, or says why not", c.name);
    }
    assert!(claims.len() > 50, "{} claims", claims.len());
}

#[test]
fn programs_of_claims_are_recorded() {
    for c in built_in() {
        for t in &c.tests {
            let Experiment::Program(name, level) = t.experiment else { continue };
            let case = programs::find(name).expect("a program");
            for v in programs::recorded::versions().filter(|v| *v >= case.since) {
                assert!(lookup(case, v, level).is_some(), "{}: {name}@{level} is not recorded of Go {v}", c.name);
            }
        }
    }
}

#[test]
fn what_real_go_is_asked_is_recorded_of_every_version() {
    for c in built_in() {
        for t in &c.tests {
            let Some(name) = t.experiment.recorded_name() else { continue };
            for v in programs::recorded::versions() {
                let since = SNIPPETS.iter().find(|s| t.experiment == Experiment::Vet(s.name)).map(|s| s.since);
                let wanted = since.is_none_or(|s| s <= v);
                assert_eq!(recorded::lookup(&name, v).is_some(), wanted, "{name} of Go {v}");
            }
        }
    }
    assert!(recorded::lookup("vet.assign", GoVersion::V1_20).is_none());
}

fn outcome(exit: i32, stdout: &str, stderr: &str) -> Outcome {
    Outcome { exit: Exit::Code(exit), stdout: stdout.to_owned(), stderr: stderr.to_owned() }
}

#[test]
fn all_of_a_prediction_has_to_be_true() {
    let o = outcome(2, "len 5\n", "unexpected fault address 0x600000000048\nfatal error: fault\n");
    let some = |text: &str| Some(text.to_owned());
    let right = Prediction {
        exit: Some(2),
        stdout: some("len 5"),
        no_stdout: some("len 6"),
        stderr: some("fatal error: fault"),
        no_stderr: some("panic"),
        address_ends: some("048"),
        faster: None,
    };
    assert!(right.is_true_of(&o));
    assert_eq!(
        right.words(),
        "exit status 2, standard output has \"len 5\", standard output has not \"len 6\", standard error has \
         \"fatal error: fault\", standard error has not \"panic\", the fault's address ends in \"048\""
    );
    for wrong in [
        Prediction { exit: Some(0), ..right.clone() },
        Prediction { stdout: some("len 6"), ..right.clone() },
        Prediction { no_stdout: some("len"), ..right.clone() },
        Prediction { stderr: some("panic"), ..right.clone() },
        Prediction { no_stderr: some("fault"), ..right.clone() },
        Prediction { address_ends: some("000"), ..right.clone() },
    ] {
        assert!(!wrong.is_true_of(&o), "{wrong:?}");
    }
    let address = Prediction { address_ends: some("000"), ..Prediction::default() };
    assert!(!address.is_true_of(&outcome(0, "", "")), "an address that is not there ends in nothing");
}

#[test]
fn speeds_are_told_apart_by_intervals() {
    let prediction = |a: &str, b: &str| Prediction { faster: Some((a.into(), b.into())), ..Prediction::default() };
    let o = outcome(
        0,
        "about: a ns: 1 1.1 1.2 1 1.1 1.2\nabout: b ns: 2 2.1 2.2 2 2.1 1.3\nabout: c ns: 1 3 1 3 1 3\n",
        "",
    );
    assert!(prediction("a", "b").is_true_of(&o));
    assert!(!prediction("b", "a").is_true_of(&o));
    assert!(!prediction("a", "c").is_true_of(&o), "the intervals overlap");
    assert!(!prediction("a", "d").is_true_of(&o), "there are no samples of d");
}

#[test]
fn evidence_is_the_line_that_the_prediction_is_about() {
    let o = outcome(2, "a 1\nb 2\n", "panic: x\nmore\nunexpected fault address 0x1\n");
    let line = |p: Prediction| p.line(&o).to_owned();
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(line(Prediction { stdout: some("b 3\na 1"), ..Prediction::default() }), "b 2");
    assert_eq!(line(Prediction { no_stdout: some("a 2"), ..Prediction::default() }), "a 1");
    assert_eq!(line(Prediction { stderr: some("more"), ..Prediction::default() }), "more");
    assert_eq!(line(Prediction { stderr: some("fatal"), ..Prediction::default() }), "panic: x");
    assert_eq!(line(Prediction { address_ends: some("000"), ..Prediction::default() }), "unexpected fault address 0x1");
    assert_eq!(
        Prediction { exit: Some(0), ..Prediction::default() }.line(&outcome(0, "about: 1\nout\nlast\n", "")),
        "out"
    );
}

#[test]
fn what_is_wrong_with_a_file_is_said() {
    let claim = |tests: &str| format!("[[claim]]\nname = \"n\"\nplace = \"1\"\nsays = \"s\"\ntests = [{tests}]");
    let e = |tests: &str| parse(&claim(tests)).unwrap_err();
    assert_eq!(e("{ program = \"nilassign.fast65\", exit = 1 }"), "n: there is no \"nilassign.fast65\"");
    assert_eq!(e("{ program = \"nilassign.fast64\" }"), "n: nothing is predicted of \"nilassign.fast64\"");
    assert_eq!(e("{ exit = 1 }"), "n: a test has one experiment");
    assert_eq!(e("{ vet = \"x\", exit = 1 }"), "n: there is no \"x\"");
    assert!(e("{ program = \"nilassign.fast64\", exits = 1 }").contains("unknown field `exits`"));
}
