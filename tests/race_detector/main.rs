//! The race detector from outside: the table of racy programs and their synchronised twins against real Go, recorded and live; what
//! `gohmap race-detect` does with `GORACE`; and the library's goroutines.

mod command;
mod library;
#[path = "../toolchains/mod.rs"]
mod toolchains;

use gohmap::lab::programs::recorded::Outcome;
use gohmap::lab::races::originals::Originals;
use gohmap::lab::races::recorded::{self, lookup, lookup_gorace, versions};
use gohmap::lab::races::{Form, GORACES, MISUSES, PROGRAMS, Program, Run, UNTOLD, WITH_GORACE, outcome, stderr};
use gohmap::race::GoRace;
use gohmap::version::GoVersion;
use std::io::Write;
use std::time::Duration;
use toolchains::toolchains;

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn run(form: Form, version: GoVersion, seed: Option<u64>) -> Run {
    Run { form, version, seed, options: GoRace::default() }
}

fn all(version: GoVersion) -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().chain(UNTOLD).chain(MISUSES).filter(move |p| p.since() <= version)
}

/// Whatever runs next, each of the 60 races is told of, by the names of both operations, and nobody is told anything of a
/// synchronised twin.
#[test]
fn each_race_is_told_of_and_no_synchronised_twin() {
    assert_eq!(PROGRAMS.len(), 60);
    for seed in [None, Some(1), Some(2), Some(3)] {
        for p in PROGRAMS {
            let races = p.run(&run(Form::Racy, GoVersion::V1_22, seed));
            let text = stderr(&races);
            assert!(text.contains(&format!("  main.{}()\n", p.right)), "{p}, seed {seed:?}: {text}");
            assert!(text.contains(&format!("  main.{}()\n", p.left)), "{p}, seed {seed:?}: {text}");
            let races = p.run(&run(Form::Synced, GoVersion::V1_22, seed));
            assert!(races.is_empty(), "{p}, synchronised, seed {seed:?}: {}", stderr(&races));
        }
    }
}

/// Whatever runs next, an `Add` that nothing orders with a `Wait` is told of.
#[test]
fn misuse_of_a_wait_group_is_told_of() {
    for seed in [None, Some(1), Some(2), Some(3)] {
        for p in MISUSES {
            let text = stderr(&p.run(&run(Form::Racy, GoVersion::V1_22, seed)));
            assert!(text.contains("  runtime.racewrite()\n") && text.contains("  runtime.raceread()\n"), "{p}: {text}");
            let races = p.run(&run(Form::Synced, GoVersion::V1_22, seed));
            assert!(races.is_empty(), "{p}, synchronised, seed {seed:?}: {}", stderr(&races));
        }
    }
}

/// What right and wrong values of `GORACE` do is what they do in real Go, in each version.
#[test]
fn recorded_go_takes_the_same_options() {
    for value in GORACES {
        let ours = command::with_gorace(value);
        for version in versions() {
            let (name, real) = lookup_gorace(value, version).unwrap_or_else(|| panic!("{value:?}: not recorded"));
            assert_eq!(ours, *real, "GORACE={value:?}, {name}");
        }
    }
}

/// The reports are real Go's, word by word, in each version.
#[test]
fn recorded_go_says_the_same() {
    let mut compared = 0;
    for version in versions() {
        for p in all(version) {
            for form in Form::ALL {
                let (name, real) =
                    lookup(p, form, version).unwrap_or_else(|| panic!("{p} {form}, {version}: not recorded"));
                let ours = outcome(&p.run(&run(form, version, None)));
                assert_eq!(ours.stderr, real.stderr, "{p} {form}, {name}");
                assert_eq!((ours.exit, &ours.stdout), (real.exit, &real.stdout), "{p} {form}, {name}");
                compared += 1;
            }
        }
    }
    assert!(compared > 600, "only {compared} compared");
}

#[test]
fn live_go_says_the_same() {
    let mut values = GORACES.iter();
    for go in toolchains() {
        let originals = match Originals::build(&go, || {}) {
            Ok(originals) => originals,
            Err(e) => {
                // No C compiler, or no race detector for this platform.
                let _ = writeln!(std::io::stderr(), "SKIPPED: {} builds nothing with -race: {e}", go.release);
                continue;
            }
        };
        for p in all(go.version) {
            for form in Form::ALL {
                let real = live(&originals, p, form, "");
                let ours = outcome(&p.run(&run(form, go.version, None)));
                assert_eq!(ours.stderr, real.stderr, "{p} {form}, {}", go.release);
                assert_eq!((ours.exit, ours.stdout), (real.exit, real.stdout), "{p} {form}, {}", go.release);
            }
        }
        // Of one Go: the recordings of all are the same.
        for value in &mut values {
            let real = live(&originals, &WITH_GORACE, Form::Racy, value);
            assert_eq!(command::with_gorace(value), real, "GORACE={value:?}, {}", go.release);
        }
    }
}

fn live(originals: &Originals, p: &Program, form: Form, gorace: &str) -> Outcome {
    let ran = originals.run(p, form, gorace, PATIENCE, || {}).expect("the program runs");
    recorded::outcome(ran.exit, &ran.stdout, &ran.stderr)
}
