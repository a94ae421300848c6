//! The command line: what each subcommand takes, and how the command fails.
//!
//! One file a subcommand. They say and show things; what they do is done by the library.

mod bench;
mod bench_sync;
mod campaign;
mod claims;
mod crash;
mod dump;
mod explain;
mod explore;
mod fsck;
mod inspect;
mod list;
mod merge;
mod nil;
mod oom;
mod progress;
mod race;
mod race_detect;
mod replay;
mod replay_injection;
mod run;
mod script;
mod text;
mod tour;
mod trace;
mod view;

use anyhow::{Result, anyhow, ensure};
use clap::{Parser, Subcommand};
use gohmap::lab::programs::{self, Case};
use gohmap::version::GoVersion;
use std::process::ExitCode;

/// Go's classic map, its faults and its deaths, without Go.
///
/// gohmap rebuilds the map of Go 1.19 to 1.23 (and of 1.24 and 1.25 built with GOEXPERIMENT=noswissmap) byte for byte.
/// The command runs small programs that break such a map, and dies of it as a Go program does.
#[derive(Parser)]
#[command(version, max_term_width = 80, subcommand_required = true, arg_required_else_help = true)]
#[command(after_long_help = "\
Examples:
  gohmap tour                           every scenario, held against real Go
  gohmap crash nil-assign               one of them; ends with status 2
  gohmap list                           their names
  gohmap replay script.txt              operations on a map, and its memory
  gohmap bench --quick                  how fast the map is
  gohmap campaign --target header --exhaustive
                                        every bit of a map's header, flipped

Exit status: 0 when all is well; 1 when a scenario differs from real Go, or for
an error, which is told in one line; 2 for a wrong command line. `gohmap crash`
has the exit status of the program that it becomes.

Environment: NO_COLOR, when set, turns colours off. GOTRACEBACK works in
`gohmap crash` as in any Go program. GOHMAP_ISA=portable, scalar, sse41 or
avx512 says which implementation of the maps with 8-byte keys runs.")]
struct Args {
    #[command(subcommand)]
    command: Verb,
}

#[derive(Subcommand)]
enum Verb {
    Tour(tour::Tour),
    Crash(crash::Crash),
    List(list::List),
    Replay(replay::Replay),
    Bench(bench::Bench),
    Campaign(campaign::Campaign),
    Merge(merge::Merge),
    ReplayInjection(replay_injection::ReplayInjection),
    Run(run::Run),
    Inspect(inspect::Inspect),
    Fsck(fsck::Fsck),
    Trace(trace::Trace),
    Dump(dump::Dump),
    View(view::View),
    Explain(explain::Explain),
    Explore(explore::Explore),
    Race(race::RaceArgs),
    Oom(oom::Oom),
    Claims(claims::Claims),
    Nil(nil::Nil),
    RaceDetect(race_detect::RaceDetect),
}

/// `--go`, the same everywhere.
#[derive(clap::Args)]
struct Version {
    /// The Go version to be: 1.19, 1.20, 1.21, 1.22, 1.23, 1.24-noswiss or 1.25-noswiss
    #[arg(long = "go", value_name = "VERSION", default_value_t)]
    go: GoVersion,
}

/// Runs the command of this process.
pub(crate) fn main() -> ExitCode {
    die_quietly_of_closed_pipes();
    let args = Args::parse();
    if let Err(e) = gohmap::map::amd64::Isa::chosen() {
        eprintln!("gohmap: {e}");
        return ExitCode::FAILURE;
    }
    let done = match args.command {
        Verb::Tour(tour) => tour.run(),
        Verb::Crash(crash) => crash.run(),
        Verb::List(list) => list.run(),
        Verb::Replay(replay) => replay.run(),
        Verb::Bench(bench) => bench.run(),
        Verb::Campaign(campaign) => campaign.run(),
        Verb::Merge(merge) => merge.run(),
        Verb::ReplayInjection(replay) => replay.run(),
        Verb::Run(run) => run.run(),
        Verb::Inspect(inspect) => inspect.run(),
        Verb::Fsck(fsck) => fsck.run(),
        Verb::Trace(trace) => trace.run(),
        Verb::Dump(dump) => dump.run(),
        Verb::View(view) => view.run(),
        Verb::Explain(explain) => explain.run(),
        Verb::Explore(explore) => explore.run(),
        Verb::Race(race) => race.run(),
        Verb::Oom(oom) => oom.run(),
        Verb::Claims(claims) => claims.run(),
        Verb::Nil(nil) => nil.run(),
        Verb::RaceDetect(race) => race.run(),
    };
    done.unwrap_or_else(|e| {
        eprintln!("gohmap: {e:#}");
        ExitCode::FAILURE
    })
}

/// Rust's start-up ignores SIGPIPE, so that writing into `| head` becomes an error in every print. A filter dies of it
/// without a word, and so does a Go program whose standard output is closed.
fn die_quietly_of_closed_pipes() {
    use nix::sys::signal::{SigHandler, Signal, signal};
    // SAFETY: the default disposition runs no code of ours.
    unsafe { signal(Signal::SIGPIPE, SigHandler::SigDfl) }.expect("SIGPIPE has a default disposition");
}

/// The scenario of that name or alias; otherwise an error that names the nearest one. Also an error when that Go has
/// not yet what the scenario needs.
fn scenario(name: &str, go: GoVersion) -> Result<&'static Case> {
    let case = programs::find(name).ok_or_else(|| {
        let known = programs::cases().flat_map(|c| c.alias.into_iter().chain([c.name]));
        match nearest(name, known) {
            Some(near) => anyhow!("no scenario {name:?}; did you mean {near:?}? `gohmap list` names them"),
            None => anyhow!("no scenario {name:?}; `gohmap list` names them"),
        }
    })?;
    ensure!(go >= case.since, "{name:?} needs what Go {go} has not; --go {} or later", case.since);
    Ok(case)
}

/// The known name that is most like `name`, if any is much like it.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let name = name.to_lowercase();
    known
        .map(|k| (strsim::jaro_winkler(&name, k), k))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn clap_finds_no_fault_with_the_arguments() {
        Args::command().debug_assert();
    }

    #[test]
    fn nearest_names() {
        let known = ["nil-assign", "nil-assign-recovered", "small-address", "concurrent-writes"];
        let near = |n| nearest(n, known.into_iter());
        assert_eq!(near("nil-asign"), Some("nil-assign"));
        assert_eq!(near("NIL_ASSIGN"), Some("nil-assign"));
        assert_eq!(near("concurrent-write"), Some("concurrent-writes"));
        assert_eq!(near("smalladress"), Some("small-address"));
        assert_eq!(near("zzz"), None);
    }

    /// The command lines of a text: those with two blanks before them, or in a fenced block; without prompts, settings of
    /// the environment, pipelines and remarks.
    fn command_lines(text: &str) -> Vec<Vec<String>> {
        let mut fenced = false;
        let mut found = Vec::new();
        for line in text.lines() {
            fenced ^= line.starts_with("```");
            let line = match line.strip_prefix("  ") {
                Some(l) => l,
                None if fenced => line,
                None => continue,
            };
            let line = line.strip_prefix("$ ").unwrap_or(line).split([';', '|', '#']).next().unwrap_or_default();
            let line = line.split("  ").next().unwrap_or_default().replace("cargo run --release --", "gohmap");
            let words: Vec<String> =
                line.split_whitespace().skip_while(|w| w.contains('=')).map(str::to_owned).collect();
            if words.first().is_some_and(|w| w == "gohmap") {
                found.push(words);
            }
        }
        found
    }

    fn assert_they_work(text: &str, least: usize) {
        let commands = command_lines(text);
        assert!(commands.len() >= least, "{} command lines in {text}", commands.len());
        for words in commands {
            let args = Args::try_parse_from(&words).unwrap_or_else(|e| panic!("{words:?}: {e}"));
            match args.command {
                Verb::Crash(crash) => crash.case().map(drop),
                Verb::Tour(tour) => tour.chosen().map(drop),
                Verb::List(_)
                | Verb::Replay(_)
                | Verb::Merge(_)
                | Verb::ReplayInjection(_)
                | Verb::Run(_)
                | Verb::Inspect(_)
                | Verb::Fsck(_)
                | Verb::Trace(_)
                | Verb::Dump(_)
                | Verb::View(_)
                | Verb::Explain(_)
                | Verb::Explore(_)
                | Verb::Race(_)
                | Verb::Oom(_)
                | Verb::Nil(_) => Ok(()),
                Verb::Campaign(campaign) => campaign.spec().map(drop),
                Verb::Bench(bench) => bench.check(),
                Verb::Claims(claims) => claims.chosen().map(drop),
                Verb::RaceDetect(race) => race.program().map(drop),
            }
            .unwrap_or_else(|e| panic!("{words:?}: {e}"));
        }
    }

    #[test]
    fn the_examples_of_the_help_texts_are_right() {
        let mut command = Args::command();
        assert_they_work(&command.render_long_help().to_string(), 3);
        for verb in command.get_subcommands_mut().filter(|v| v.get_name() != "help") {
            assert_they_work(&verb.render_long_help().to_string(), 2);
            for part in verb.get_subcommands_mut().filter(|v| v.get_name() != "help") {
                assert_they_work(&part.render_long_help().to_string(), 2);
            }
        }
    }

    #[test]
    fn the_readme_names_the_subcommands_and_shows_what_works() {
        let readme = include_str!("../../README.md");
        assert_they_work(readme, 5);
        let named = |verb: &str| readme.contains(&format!("| `gohmap {verb}"));
        for verb in Args::command().get_subcommands() {
            assert!(named(verb.get_name()), "{} is not in the README's table", verb.get_name());
        }
        for row in readme.lines().filter_map(|l| l.strip_prefix("| `gohmap ")) {
            let verb = row.split([' ', '`']).next().unwrap_or_default();
            assert!(Args::command().find_subcommand(verb).is_some(), "the README's {verb:?} is no subcommand");
        }
    }

    #[test]
    fn every_scenario_is_found_by_both_names() {
        for case in programs::cases() {
            for name in case.alias.into_iter().chain([case.name]) {
                assert_eq!(scenario(name, GoVersion::V1_24).expect("a listed scenario").name, case.name);
            }
        }
    }
}
