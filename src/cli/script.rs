//! What several subcommands take: a script of map operations from a file or standard input, a range of its operations.

use super::nearest;
use anyhow::{Context, Result, anyhow};
use gohmap::lab::catalogue::{Experiment, built_in, parse};
use std::fs;
use std::io::{self, Read, stdin};
use std::ops::RangeInclusive;
use std::path::Path;

/// A script's name and bytes; `-` is standard input.
pub(super) fn read(script: &Path) -> Result<(String, Vec<u8>)> {
    if script.as_os_str() == "-" {
        let mut text = Vec::new();
        stdin().lock().read_to_end(&mut text).context("standard input cannot be read")?;
        return Ok(("standard input".to_owned(), text));
    }
    let name = script.display().to_string();
    match fs::read(script) {
        Ok(text) => Ok((name, text)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(anyhow!("there is no file {name}")),
        Err(e) => Err(anyhow!("{name} cannot be read: {e}")),
    }
}

/// The same as text.
pub(super) fn read_text(script: &Path) -> Result<(String, String)> {
    let (name, bytes) = read(script)?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(e) => {
            let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|&&b| b == b'\n').count() + 1;
            Err(anyhow!("{name}:{line}: the line is not UTF-8"))
        }
    }
}

/// What `trace` and `view` look at.
pub(super) enum Subject {
    /// A script: its name and text.
    Script(String, String),
    /// One of the built-in experiments, or those of a file.
    Experiments(Vec<Experiment>),
}

/// The experiment of that name, the experiments of a file.toml, or the script in any other file; `-` is standard input.
pub(super) fn subject(what: &str) -> Result<Subject> {
    let mut known = built_in();
    if let Some(i) = known.iter().position(|e| e.name == what) {
        return Ok(Subject::Experiments(vec![known.swap_remove(i)]));
    }
    let path = Path::new(what);
    if what != "-" && !what.contains(['.', '/']) && !path.exists() {
        let hint = nearest(what, known.iter().map(|e| e.name.as_str()));
        let hint = hint.map_or_else(|| ";".to_owned(), |near| format!("; did you mean {near:?}?"));
        return Err(anyhow!("no file and no experiment {what:?}{hint} `gohmap list` names them"));
    }
    let (name, text) = read_text(path)?;
    if path.extension().is_some_and(|e| e == "toml") {
        return Ok(Subject::Experiments(parse(&name, &text)?));
    }
    Ok(Subject::Script(name, text))
}

/// `N`, `N..M`, `N..` or `..M`: operations by number, from 1, both ends included.
pub(super) fn operations(text: &str) -> Result<RangeInclusive<u64>, String> {
    let number = |s: &str| s.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{s:?} is no number from 1 on"));
    let (from, to) = match text.split_once("..") {
        None => {
            let n = number(text)?;
            (n, n)
        }
        Some((from, to)) => {
            let from = if from.is_empty() { 1 } else { number(from)? };
            (from, if to.is_empty() { u64::MAX } else { number(to)? })
        }
    };
    if from > to { Err(format!("{from} comes after {to}")) } else { Ok(from..=to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_of_operations() {
        assert_eq!(operations("7"), Ok(7..=7));
        assert_eq!(operations("7..9"), Ok(7..=9));
        assert_eq!(operations("7.."), Ok(7..=u64::MAX));
        assert_eq!(operations("..9"), Ok(1..=9));
        for wrong in ["", "0", "x", "9..7", "1..x", "-1"] {
            assert!(operations(wrong).is_err(), "{wrong:?}");
        }
    }
}
