//! Programs that die as their Go originals do (or, as honestly, do not).
//!
//! One module a program, after the Go programs in `tests/goldens/src`: the same functions under the same names calling
//! each other the same way, so that the tracebacks agree frame by frame. A program is a list of cases, and each case is
//! run in a process of its own. What real Go printed is in [`recorded`].
//!
//! Writing rules that keep the frames equal: functions are `#[inline(never)]` and end in `mark!()`, or begin with it where
//! they never return; what Go runs in the function that defers is a nested function `body` or `body_…`
//! here, which tracebacks leave out.

/// Keeps a function itself, as a traceback shows it: no call before this is a tail call, and the compiler does not make
/// one of two functions that do the same, because the line number is in it.
macro_rules! mark {
    () => {
        std::hint::black_box(line!());
    };
}
pub(in crate::lab) use mark;

pub mod child;
mod hm;
pub mod originals;
pub mod recorded;

#[cfg(gohmap_asm)]
mod cgo;
mod claims;
mod concurrent;
mod fault;
mod format;
mod makemap;
mod nan;
mod nilassign;
mod nilops;
mod oom;
mod panicflags;
mod tamper;
mod truth;
mod unhashable;

use crate::fatal::Program;
use crate::gomap::{Elem, GoMap, Key, SharedMap};
use crate::heap::{HeapConfig, OnFree};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::version::GoVersion;
use std::sync::LazyLock;

/// How a case's outcome is compared with what real Go did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compare {
    /// Standard error, standard output and exit status are equal after [`normalise`](super::normalise).
    Exact,
    /// The same, after [`fold_buckets`](super::fold_buckets) and [`fold_stdout`](super::fold_stdout): the hash, random
    /// in every run, decides which bucket is hit. Where it decides more than that, the outcome is one of those recorded.
    Scattered,
    /// The same as exactly, but for lines of standard output that begin with `about: `: figures that the hash or the
    /// scheduler decides.
    Figures,
    /// A race: the first line on standard error and the exit status are among those recorded.
    Racy,
}

/// The values of GOTRACEBACK at which some cases are recorded, besides none at all.
pub const LEVELS: [&str; 5] = ["none", "single", "all", "system", "crash"];

/// One crashing program.
#[derive(Clone, Debug)]
pub struct Case {
    /// `program.case`: `fault.b0_unmapped_read`.
    pub name: &'static str,
    /// A friendlier name: `unmapped-buckets`.
    pub alias: Option<&'static str>,
    /// What is done, in one sentence.
    pub about: &'static str,
    /// How its outcome is compared.
    pub compare: Compare,
    /// It was recorded at every value of GOTRACEBACK too.
    pub levels: bool,
    /// The oldest Go that can run it.
    pub since: GoVersion,
    reuse: bool,
    program: &'static Entry,
}

/// A program: its name, its module, its `main`.
#[derive(Debug)]
struct Entry {
    name: &'static str,
    package: &'static str,
    main: fn(),
}

macro_rules! programs {
    ($($(#[$cfg:meta])? $module:ident)*) => {
        static PROGRAMS: &[Entry] = &[$($(#[$cfg])? Entry {
            name: stringify!($module),
            package: concat!(module_path!(), "::", stringify!($module)),
            main: $module::main,
        }),*];
    };
}
programs! {
    nilassign nilops concurrent fault tamper
    #[cfg(gohmap_asm)] cgo
    makemap oom panicflags format unhashable nan truth claims
}

/// Modules whose functions show under the path of a Go package.
static LIBRARIES: &[(&str, &str)] = &[
    (concat!(module_path!(), "::hm"), "goldens/hm"),
    (concat!(module_path!(), "::claims::speed"), "main"),
    (concat!(module_path!(), "::concurrent::keys"), "main"),
    (concat!(module_path!(), "::fault::keys"), "main"),
    (concat!(module_path!(), "::fault::recover"), "main"),
    (concat!(module_path!(), "::nilassign::keys"), "main"),
    (concat!(module_path!(), "::panicflags::keys"), "main"),
    (concat!(module_path!(), "::tamper::bytes"), "main"),
    (concat!(module_path!(), "::tamper::fields"), "main"),
    (concat!(module_path!(), "::tamper::keys"), "main"),
];

/// Friendly names, in the order of the tour, with what they teach.
static ALIASES: &[(&str, &str)] = &[
    ("nil-assign", "nilassign.fast64"),
    ("nil-assign-recovered", "nilassign.recovered64"),
    ("concurrent-writes", "concurrent.real_writewrite"),
    ("concurrent-read-write", "concurrent.real_readwrite"),
    ("concurrent-iterate-write", "concurrent.real_iterwrite"),
    ("unmapped-buckets", "fault.b0_unmapped_read"),
    ("unmapped-oldbuckets", "fault.old_unmapped_read"),
    ("unmapped-overflow", "fault.ovf_unmapped_readmiss"),
    ("readonly-buckets", "fault.b0_readonly_assignnew"),
    ("protnone-buckets", "fault.b0_protnone_read"),
    ("small-address", "fault.b0_0x10_read"),
    ("non-canonical", "fault.b0_noncanonical_read"),
    ("truncated-file", "fault.bus_read"),
    ("panic-on-fault", "fault.pof_uncaught"),
    ("use-after-free-iterator", "fault.iterafterfree"),
    ("tampered-buckets", "tamper.buckets_nil_big"),
    ("tampered-flags", "tamper.flags0x4_read"),
    ("tampered-count", "tamper.count_min"),
    ("tampered-b", "tamper.B63_n5_read"),
    ("cgo-tamper", "cgo.tamper"),
    ("cgo-fault", "cgo.cread"),
    ("allocator-fault", "fault.malloc_fault"),
    ("out-of-memory", "oom.grow_int"),
];

static CASES: LazyLock<Vec<Case>> = LazyLock::new(|| {
    let mut all = Vec::new();
    for program in PROGRAMS {
        for c in hm::list(program.main) {
            let name: &'static str = format!("{}.{}", program.name, c.name).leak();
            all.push(Case {
                name,
                alias: ALIASES.iter().find(|(_, n)| *n == name).map(|(a, _)| *a),
                about: c.about.leak(),
                compare: c.compare,
                levels: c.levels,
                since: if c.since_121 { GoVersion::V1_21 } else { GoVersion::V1_19 },
                reuse: c.reuse,
                program,
            });
        }
    }
    all
});

impl Case {
    /// The program that it belongs to: `fault`.
    #[must_use]
    pub fn program(&self) -> &'static str {
        self.program.name
    }

    /// Its name within that program: `b0_unmapped_read`.
    #[must_use]
    pub fn short_name(&self) -> &'static str {
        self.name.split_once('.').map_or(self.name, |(_, n)| n)
    }
}

/// Every case, program by program.
pub fn cases() -> impl Iterator<Item = &'static Case> {
    CASES.iter()
}

/// The case of this name or alias.
#[must_use]
pub fn find(name: &str) -> Option<&'static Case> {
    cases().find(|c| c.name == name || c.alias == Some(name))
}

/// `make(map[K]V, hint)`.
#[inline(always)]
fn make<K: Key, V: Elem>(hint: i64) -> SharedMap<K, V> {
    // SAFETY: what the races and the tampering of the programs reach is the emulated memory of this process, which
    // nothing else uses.
    unsafe { GoMap::make(hm::rt(), hint).share() }
}

/// `var m map[K]V`.
fn nil<K: Key, V: Elem>() -> SharedMap<K, V> {
    // SAFETY: a nil map has no memory.
    unsafe { GoMap::nil(hm::rt()).share() }
}

/// `go f(a)`: a frame for `f` and none for a closure.
fn go_with<A: Send + 'static>(f: fn(A), a: A) {
    crate::fatal::go(move || f(a));
}

/// The cases that have a friendly name, in the order in which they are best shown.
pub fn featured() -> impl Iterator<Item = &'static Case> {
    ALIASES.iter().filter_map(|(a, _)| find(a))
}

/// Becomes the program of this case, built with this Go version. Never returns: the process ends as the program does.
///
/// The random source is seeded with 2, or with the number in `GOHMAP_SEED`, so that a death can be shown again.
///
/// # Panics
/// When the process is a Go program already.
pub fn become_program(case: &'static Case, version: GoVersion) -> ! {
    let seed = std::env::var("GOHMAP_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(2);
    let on_free = if case.reuse { OnFree::Reuse } else { OnFree::Keep };
    let config = RuntimeConfig {
        version,
        seed: Some(seed),
        heap: HeapConfig { on_free, ..HeapConfig::default() },
        ..RuntimeConfig::default()
    };
    let rt = Runtime::new(config);
    hm::start(rt, case.short_name());
    crate::fault::run_main(
        Program { rules: version.rules(), package: case.program.package, libraries: LIBRARIES },
        case.program.main,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn names_are_unique_and_tell_something() {
        let mut names = HashSet::new();
        for c in cases() {
            assert!(names.insert(c.name), "{} twice", c.name);
            assert!(c.about.len() > 15 && !c.about.ends_with('.'), "{}: {:?}", c.name, c.about);
            assert_eq!(find(c.name).map(|f| f.name), Some(c.name));
        }
    }

    #[test]
    fn every_friendly_name_leads_to_a_case() {
        // Without assembly there is no C code either.
        let here = |name: &str| cfg!(gohmap_asm) || !name.starts_with("cgo.");
        for (alias, name) in ALIASES.iter().filter(|(_, name)| here(name)) {
            assert_eq!(find(alias).map(|c| c.name), Some(*name), "{alias}");
        }
        assert_eq!(featured().count(), ALIASES.iter().filter(|(_, name)| here(name)).count());
    }
}
