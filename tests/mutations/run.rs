//! Puts each of the faults in `faults.txt` into a copy of the source, one at a time, and says whether the recorded
//! outputs of real Go (`tests/oracle`) catch it.
//!
//! `cargo run --release --example mutations [-- PART…]`: all of them, or those whose names contain one of the parts. It
//! compiles the library once for each: ten minutes on two processors. `README.md` has the answers.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// A fault: one line of one file.
struct Fault {
    file: String,
    name: String,
    from: String,
    /// Which of several such lines, from 1; 0 when it must be the only one.
    which: usize,
    to: String,
}

fn parse(text: &str) -> Vec<Fault> {
    let lines: Vec<&str> = text.lines().filter(|l| !l.is_empty() && !l.starts_with("# ")).collect();
    lines
        .chunks(3)
        .map(|c| {
            let [head, from, to] = c else { panic!("half a fault: {c:?}") };
            let (file, name) = head.strip_prefix("= ").and_then(|h| h.split_once(": ")).expect("= file: name");
            let from = from.strip_prefix("- ").expect("- line");
            let (which, from) = match from.strip_prefix('#').and_then(|f| f.split_once(' ')) {
                Some((n, rest)) if n.parse::<usize>().is_ok() => (n.parse().expect("a number"), rest),
                _ => (0, from),
            };
            let to = to.strip_prefix("+ ").expect("+ line");
            Fault { file: file.into(), name: name.into(), from: from.into(), which, to: to.into() }
        })
        .collect()
}

/// The file with the fault in it.
fn with_fault(source: &str, f: &Fault) -> Result<String, String> {
    let mut seen = 0;
    let text: String = source
        .lines()
        .map(|line| {
            let body = line.trim_start();
            if body == f.from {
                seen += 1;
                if seen == f.which.max(1) {
                    return format!("{}{}\n", &line[..line.len() - body.len()], f.to);
                }
            }
            format!("{line}\n")
        })
        .collect();
    match (seen, f.which) {
        (0, _) => Err(format!("{} has no line {:?}", f.file, f.from)),
        (1, 0) => Ok(text),
        (n, 0) => Err(format!("{} has {n} lines {:?}", f.file, f.from)),
        (n, which) if which <= n => Ok(text),
        (n, which) => Err(format!("{} has {n} lines {:?}, not {which}", f.file, f.from)),
    }
}

/// Copies what the build needs, as git knows it.
fn copy_tree(from: &Path, to: &Path) {
    let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(from).output().expect("git ls-files");
    for name in String::from_utf8(listed.stdout).expect("names in UTF-8").split('\0').filter(|n| !n.is_empty()) {
        let target = to.join(name);
        fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        fs::copy(from.join(name), target).expect("a copy");
    }
}

/// How a run of cargo ended.
enum Ended {
    Well,
    /// With an error, and these words.
    Badly(String),
    /// Not at all.
    Never,
}

/// Longer than the comparison takes, several times over.
const PATIENCE: Duration = Duration::from_secs(300);

fn cargo(tree: &Path, args: &[&str]) -> Ended {
    let (out, start) = (tree.join("target/output"), Instant::now());
    fs::create_dir_all(tree.join("target")).expect("a folder");
    let output = fs::File::create(&out).expect("a file");
    let mut child = Command::new(env!("CARGO"))
        .args(args)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", tree.join("target"))
        .envs([("CARGO_PROFILE_DEV_DEBUG", "0"), ("RUSTFLAGS", "--cap-lints=allow"), ("RUST_BACKTRACE", "0")])
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a file"))
        .stderr(output)
        .process_group(0)
        .spawn()
        .expect("cargo runs");
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                // The whole group: cargo and the test.
                let group = nix::unistd::Pid::from_raw(child.id().try_into().expect("a process number"));
                nix::sys::signal::killpg(group, nix::sys::signal::Signal::SIGKILL).expect("a group");
                child.wait().expect("a child");
                return Ended::Never;
            }
            None => sleep(Duration::from_millis(50)),
        }
    };
    if status.success() { Ended::Well } else { Ended::Badly(fs::read_to_string(&out).unwrap_or_default()) }
}

/// Which comparison failed: the Go version and the script of a family; or of what the map died.
fn caught_by(output: &str) -> String {
    let find = |prefix| output.lines().find_map(|l| l.strip_prefix(prefix));
    if let Some((which, _)) = find("Go ").and_then(|l| l.split_once(": real Go")) {
        return which.to_owned();
    }
    find("fatal error: ")
        .or_else(|| find("panic: "))
        .map_or_else(|| "the test's death".to_owned(), |e| format!("death: {e}"))
}

fn main() -> ExitCode {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let faults = parse(&fs::read_to_string(root.join("tests/mutations/faults.txt")).expect("faults.txt"));
    let tree: PathBuf = root.join("target/mutations");
    copy_tree(root, &tree);
    let build = ["test", "--test", "oracle", "--no-run"];
    let test = ["test", "--test", "oracle", "recorded_go_agrees"];
    assert!(matches!(cargo(&tree, &test), Ended::Well), "without a fault the recorded outputs must agree");
    let (start, mut missed) = (Instant::now(), 0);
    for (i, f) in
        faults.iter().enumerate().filter(|(_, f)| wanted.is_empty() || wanted.iter().any(|w| f.name.contains(w)))
    {
        let path = tree.join(&f.file);
        let whole = fs::read_to_string(root.join(&f.file)).expect("a source file");
        let verdict = match with_fault(&whole, f) {
            Err(e) => format!("NO SUCH LINE: {e}"),
            Ok(text) => {
                fs::write(&path, text).expect("a source file");
                match cargo(&tree, &build) {
                    Ended::Well => match cargo(&tree, &test) {
                        Ended::Well => "MISSED".to_owned(),
                        Ended::Badly(output) => format!("caught by {}", caught_by(&output)),
                        Ended::Never => "caught: it does not end".to_owned(),
                    },
                    _ => "DOES NOT COMPILE".to_owned(),
                }
            }
        };
        fs::write(&path, whole).expect("a source file");
        missed += usize::from(!verdict.starts_with("caught"));
        println!("{:2}/{} {:>5} s  {}: {}: {verdict}", i + 1, faults.len(), start.elapsed().as_secs(), f.file, f.name);
    }
    println!("{missed} not caught");
    ExitCode::from(u8::from(missed > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_finds_its_line() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let faults = parse(&fs::read_to_string(root.join("tests/mutations/faults.txt")).expect("faults.txt"));
        assert!(faults.len() >= 30, "{}", faults.len());
        for f in &faults {
            let whole = fs::read_to_string(root.join(&f.file)).expect("a source file");
            let text = with_fault(&whole, f).unwrap_or_else(|e| panic!("{}: {e}", f.name));
            assert_ne!(text, whole, "{}", f.name);
        }
    }
}
