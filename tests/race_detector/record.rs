//! Records what real Go's race detector says of the programs in `tests/race_detector/go`:
//!
//!     cargo run --release --example record_races -- /path/to/go/bin/go …
//!
//! Go 1.22 first, because the recordings of the others refer to its own. Each program is run three times; it must say the same every
//! time. The recordings go to `src/lab/races/recorded`.

use anyhow::{Result, ensure};
use gohmap::lab::programs::recorded::{Outcome, write};
use gohmap::lab::races::originals::Originals;
use gohmap::lab::races::recorded::{gorace_name, name, outcome};
use gohmap::lab::races::{Form, GORACES, MISUSES, PROGRAMS, Program, UNTOLD, WITH_GORACE};
use gohmap::lab::toolchain::Toolchain;
use std::path::Path;
use std::time::Duration;

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut base: Vec<(String, Vec<Outcome>)> = Vec::new();
    for go in std::env::args_os().skip(1) {
        let go = Toolchain::find(&go)?;
        eprintln!("== {}", go.release);
        let originals = Originals::build(&go, || {})?;
        let mut recording = Vec::new();
        let mut record = |name: String, p: &Program, form, gorace| -> Result<()> {
            let run = || -> Result<Outcome> {
                let ran = originals.run(p, form, gorace, PATIENCE, || {})?;
                Ok(outcome(ran.exit, &ran.stdout, &ran.stderr))
            };
            let first = run()?;
            for _ in 0..2 {
                ensure!(run()? == first, "{name} does not say the same every time");
            }
            recording.push((name, vec![first]));
            Ok(())
        };
        for p in PROGRAMS.iter().chain(UNTOLD).chain(MISUSES).filter(|p| p.since() <= go.version) {
            for form in Form::ALL {
                record(name(p, form), p, form, "")?;
            }
        }
        for value in GORACES {
            record(gorace_name(value), &WITH_GORACE, Form::Racy, value)?;
        }
        let text =
            write(&format!("What {} says of the programs of tests/race_detector/go.", go.release), &recording, &base);
        let text = text.replace("tests/goldens/record.rs", "tests/race_detector/record.rs");
        std::fs::write(root.join("src/lab/races/recorded").join(format!("{}.txt", go.release)), text)?;
        if base.is_empty() {
            base = recording;
        }
    }
    Ok(())
}
