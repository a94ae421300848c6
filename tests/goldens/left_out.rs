//! What is not held against real Go, and why: the one list.

use gohmap::version::GoVersion::{self, V1_19, V1_21};

/// Cases that are not compared, although they can be run here.
pub(crate) struct LeftOut {
    /// Their names; `*` stands for anything.
    pub(crate) cases: &'static str,
    /// The versions; none: all.
    pub(crate) versions: &'static [GoVersion],
    /// The reason.
    pub(crate) why: &'static str,
}

const fn everywhere(cases: &'static str, why: &'static str) -> LeftOut {
    LeftOut { cases, versions: &[], why }
}

const WILD: &str = "a whole-map operation runs past the end of the array, or stops far too early: what happens depends on \
                    what else Go's heap holds behind it (dozens of outcomes in real Go), and on some it never ends";

const GENERATED: &str = "Go's compiler writes a function that hashes this struct or array, and the traceback shows it \
                         (`type:.hash.main.wrap`); here one function hashes all types";

/// The list.
pub(crate) const LEFT_OUT: &[LeftOut] = &[
    everywhere("tamper.B1_*_range", WILD),
    everywhere("tamper.B1_*_clear", WILD),
    everywhere("tamper.B1_*_clone", WILD),
    everywhere("tamper.B20_*_range", WILD),
    everywhere("tamper.B20_*_clear", WILD),
    everywhere("tamper.B20_*_clone", WILD),
    everywhere("tamper.B63_*_clear", WILD),
    everywhere("tamper.B63_*_clone", WILD),
    everywhere("tamper.B200_*_range", WILD),
    everywhere("tamper.B200_*_clear", WILD),
    everywhere("tamper.B200_*_clone", WILD),
    everywhere("tamper.B255_*_clear", WILD),
    everywhere("tamper.B255_*_clone", WILD),
    everywhere("unhashable.structassign", GENERATED),
    everywhere("unhashable.structread", GENERATED),
    everywhere("unhashable.structdelete", GENERATED),
    everywhere("unhashable.arrayassign", GENERATED),
    LeftOut { cases: "unhashable.structreadempty", versions: &[V1_19, V1_21], why: GENERATED },
    LeftOut {
        cases: "oom.nogc",
        versions: &[V1_19, V1_21],
        why: "the system refuses memory for the tables with which Go's heap describes an arena, which do not exist here",
    },
    LeftOut {
        cases: "format.p_signested",
        versions: &[V1_19, V1_21],
        why: "Go prints what happens to lie in two reused fields of the goroutine as signal code and address",
    },
    LeftOut {
        cases: "format.p_panicthenfault64",
        versions: &[V1_19, V1_21],
        why: "deferred calls of these versions run under two functions of the runtime that have no counterpart here",
    },
];

/// Whether the list has this case.
pub(crate) fn left_out(case: &str, version: GoVersion) -> Option<&'static LeftOut> {
    LEFT_OUT.iter().find(|l| matches(l.cases, case) && (l.versions.is_empty() || l.versions.contains(&version)))
}

fn matches(pattern: &str, name: &str) -> bool {
    let name = name.split('@').next().unwrap_or(name);
    match pattern.split_once('*') {
        Some((head, tail)) => name.len() >= head.len() + tail.len() && name.starts_with(head) && name.ends_with(tail),
        None => name == pattern,
    }
}
