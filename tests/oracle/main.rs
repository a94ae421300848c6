//! The emulated map against real Go, byte for byte, version by version.
//!
//! `recorded_go_agrees` compares with digests of what real Go printed (`recorded.txt`) and needs no Go. `live_go_agrees` runs
//! the same kinds of scripts through every Go toolchain in `GOHMAP_GO` (paths of go binaries, colons between) or the `go` on PATH,
//! and says so when it finds none.

mod kinds;
mod scripts;

use gohmap::lab::script::Engine;
use gohmap::map::amd64::Isa;
use gohmap::version::GoVersion;
use scripts::{FAMILIES, script};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Scripts of each family in `recorded.txt`, at least.
const RECORDED: u64 = 3;

/// Scripts of a family in `recorded.txt`: nine of those that have five map types each, so that all types are there.
fn recorded(family: &str) -> u64 {
    if family == "kinds" { 9 } else { RECORDED }
}

fn fnv1a(h: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(h, |h, &b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3))
}
const FNV: u64 = 0xcbf2_9ce4_8422_2325;

/// Output of the emulated map, and the number of operations.
fn emulated(version: GoVersion, isa: Isa, text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut engine = Engine::new(version, isa);
    engine.run(text, |s| out.push_str(s)).unwrap_or_else(|e| panic!("{e}"));
    (out, engine.operations)
}

/// What `recorded.txt` keeps of an output: lines, bytes, digest, and the digest after each of sixteen equal parts, by which a
/// difference can be found roughly.
fn summary(out: &str) -> String {
    let lines: Vec<&str> = out.lines().collect();
    let (mut h, mut parts) = (FNV, String::new());
    for (i, l) in lines.iter().enumerate() {
        h = fnv1a(fnv1a(h, l.as_bytes()), b"\n");
        if (i + 1) * 16 / lines.len() != i * 16 / lines.len() {
            let _ = write!(parts, "{:04x}", h >> 48);
        }
    }
    format!("{} {} {h:016x} {parts}", lines.len(), out.len())
}

fn recorded_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/recorded.txt")
}

#[test]
fn recorded_go_agrees() {
    let text = std::fs::read_to_string(recorded_file()).expect("tests/oracle/recorded.txt");
    let (mut compared, mut operations, mut bytes) = (0, 0, 0);
    for line in text.lines().filter(|l| !l.starts_with('#') && !l.is_empty()) {
        let mut f = line.splitn(4, ' ');
        let mut word = || f.next().expect("four fields");
        let (go, family, seed, want) = (word(), word(), word().parse().expect("a seed"), word());
        let version: GoVersion = go.parse().expect("a version");
        let s = script(family, seed, version.rules().has_clone);
        for isa in Isa::available() {
            let (out, ops) = emulated(version, isa, &s);
            assert_eq!(summary(&out), want, "Go {go}, {family} script {seed}, {isa:?}");
            operations += ops;
            bytes += out.len();
        }
        compared += 1;
    }
    println!("{compared} recorded outputs of real Go, {operations} operations, {bytes} bytes: no difference");
    assert!(compared as u64 >= 5 * RECORDED * FAMILIES.len() as u64, "recorded.txt is not whole");
}

/// A Go toolchain with classic maps.
struct Toolchain {
    go: PathBuf,
    /// As `go version` says it, without `go`, with `-noswiss` where that is needed.
    name: String,
    version: GoVersion,
}

fn toolchains() -> Vec<Toolchain> {
    let list = std::env::var("GOHMAP_GO").unwrap_or_else(|_| "go".to_owned());
    let mut found = Vec::new();
    for go in list.split(':').filter(|g| !g.is_empty()) {
        let out = Command::new(go).arg("version").env("GOTOOLCHAIN", "local").output();
        let Ok(out) = out else {
            println!("no Go toolchain at {go:?}");
            assert!(std::env::var_os("GOHMAP_GO").is_none(), "GOHMAP_GO names {go:?}, which does not run");
            continue;
        };
        let text = String::from_utf8_lossy(&out.stdout).into_owned();
        let name = text.split_whitespace().nth(2).unwrap_or("").trim_start_matches("go").to_owned();
        let noswiss = format!("{name}-noswiss");
        match name.parse().map(|v| (name.clone(), v)).or_else(|_| noswiss.parse().map(|v| (noswiss, v))) {
            Ok((name, version)) => found.push(Toolchain { go: go.into(), name, version }),
            Err(_) => println!("Go {name} at {go:?} has no classic maps: left out"),
        }
    }
    found
}

impl Toolchain {
    /// Builds the oracle.
    fn build(&self) -> PathBuf {
        let exe = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("oracle-{}", self.name));
        let status = Command::new(&self.go)
            .args(["build", "-trimpath", "-p", "2", "-o"])
            .arg(&exe)
            .arg(".")
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oracle/go"))
            .envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", "-mod=mod"), ("GOPROXY", "off"), ("CGO_ENABLED", "0")])
            .env("GO111MODULE", "on")
            .env("GOEXPERIMENT", if self.version == GoVersion::V1_24 { "noswissmap" } else { "" })
            .status()
            .expect("go build");
        assert!(status.success(), "the oracle does not build with Go {}", self.name);
        exe
    }
}

/// Real Go's output without its first line, which describes the process.
fn real(exe: &Path, text: &str) -> String {
    let mut child =
        Command::new(exe).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("oracle");
    let mut stdin = child.stdin.take().expect("a pipe");
    let script = text.to_owned();
    let feeder = std::thread::spawn(move || stdin.write_all(script.as_bytes()));
    let out = child.wait_with_output().expect("oracle");
    feeder.join().expect("feeder").expect("the oracle reads its script");
    assert!(out.status.success(), "oracle: {}", String::from_utf8_lossy(&out.stderr));
    let s = String::from_utf8(out.stdout).expect("text");
    s.split_once('\n').expect("a first line").1.to_owned()
}

/// The first line in which two outputs part, with the surroundings of the first differing byte.
fn first_difference(real: &str, ours: &str) -> Option<String> {
    let mut lines = real.lines().zip(ours.lines()).enumerate();
    if let Some((n, (a, b))) = lines.find(|(_, (a, b))| a != b) {
        let at = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
        let cut = |s: &str| s[at.saturating_sub(90)..(at + 90).min(s.len())].to_owned();
        return Some(format!("output line {}: real Go\n  …{}\nemulated\n  …{}", n + 2, cut(a), cut(b)));
    }
    (real.len() != ours.len()).then(|| format!("real Go printed {} bytes, emulated {}", real.len(), ours.len()))
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |v| v.parse().expect("a number"))
}

#[test]
fn live_go_agrees() {
    let toolchains = toolchains();
    if toolchains.is_empty() {
        // Past the test harness, which keeps the output of tests that pass to itself.
        let _ = writeln!(
            std::io::stderr(),
            "SKIPPED: live_go_agrees: no Go toolchain with classic maps found; set GOHMAP_GO to paths of go binaries"
        );
        return;
    }
    let (seed, each) = (env("GOHMAP_SEED", 1000), env("GOHMAP_SCRIPTS", 3));
    let record = std::env::var_os("GOHMAP_RECORD").is_some();
    let mut file = String::from(
        "# Digests of what real Go printed for the scripts of scripts.rs: version, family, seed, lines, bytes, FNV-1a of all,\n\
         # and the high 16 bits of the running digest after each sixteenth.\n",
    );
    for t in &toolchains {
        let exe = t.build();
        let (mut scripts, mut operations, mut bytes) = (0, 0, 0);
        for (family, _) in FAMILIES {
            let seeds = if record {
                0..recorded(family)
            } else {
                seed..seed + if *family == "large" { each.min(3) } else { each }
            };
            for seed in seeds {
                let s = script(family, seed, t.version.rules().has_clone);
                let want = real(&exe, &s);
                if record {
                    let _ = writeln!(file, "{} {family} {seed} {}", t.name, summary(&want));
                }
                for isa in Isa::available() {
                    let (got, ops) = emulated(t.version, isa, &s);
                    if let Some(d) = first_difference(&want, &got) {
                        panic!("Go {}, {family} script {seed} (GOHMAP_SEED={seed}), {isa:?}: {d}", t.name);
                    }
                    operations += ops;
                }
                scripts += 1;
                bytes += want.len();
            }
        }
        println!("Go {}: {scripts} scripts, {operations} operations, {bytes} bytes: no difference", t.name);
    }
    if record {
        std::fs::write(recorded_file(), file).expect("recorded.txt");
    }
}
