//! The race detector from outside: the table of racy programs and their synchronised twins against real Go, recorded and live; what
//! `gohmap race-detect` does with `GORACE`; and the library's goroutines.

mod command;
mod library;
mod toolchain;

use gohmap::lab::races::recorded::{lookup, versions};
use gohmap::lab::races::{Form, PROGRAMS, Program, Run, UNTOLD, outcome, stderr};
use gohmap::lab::toolchain::Toolchain;
use gohmap::race::GoRace;
use gohmap::version::GoVersion;
use std::io::Write;
use std::path::Path;

fn run(form: Form, version: GoVersion, seed: Option<u64>) -> Run {
    Run { form, version, seed, options: GoRace::default() }
}

fn all(version: GoVersion) -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().chain(UNTOLD).filter(move |p| p.since() <= version)
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

/// Every Go in `GOHMAP_GO` (paths of go binaries, colons between), or the `go` on PATH.
#[test]
fn live_go_says_the_same() {
    let list = std::env::var("GOHMAP_GO").unwrap_or_else(|_| "go".to_owned());
    let mut agreed = 0;
    for go in list.split(':').filter(|g| !g.is_empty()) {
        let toolchain = match Toolchain::find(go.as_ref()) {
            Ok(t) => t,
            Err(e) => {
                let named = std::env::var_os("GOHMAP_GO").is_some() && !e.why.ends_with("has no classic maps");
                assert!(!named, "in GOHMAP_GO: {e}");
                continue;
            }
        };
        let exe = match toolchain::build(&toolchain, Path::new(env!("CARGO_TARGET_TMPDIR"))) {
            Ok(exe) => exe,
            Err(e) => {
                // No C compiler, or no race detector for this platform.
                let _ = writeln!(std::io::stderr(), "SKIPPED: {} builds nothing with -race: {e}", toolchain.release);
                continue;
            }
        };
        for p in all(toolchain.version) {
            for form in Form::ALL {
                let real = toolchain::run(&exe, p, form).expect("the program runs");
                let ours = outcome(&p.run(&run(form, toolchain.version, None)));
                assert_eq!(ours.stderr, real.stderr, "{p} {form}, {}", toolchain.release);
                assert_eq!((ours.exit, ours.stdout), (real.exit, real.stdout), "{p} {form}, {}", toolchain.release);
            }
        }
        agreed += 1;
    }
    if agreed == 0 {
        let _ = writeln!(std::io::stderr(), "SKIPPED: no Go with classic maps and -race found; set GOHMAP_GO");
    }
}
