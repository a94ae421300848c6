//! `runtime/crash_test.go` and `runtime/gc_test.go`, as far as they are about maps.

use crate::support::{everywhere, map_of};
use std::process::{Command, Stdio};

/// Runs a crashing program, which must end with status 2 and begin with this line. It is a race: a thread that is stopped in
/// the midst of `hashGrow`, with B of the new table and buckets of the old, lets the other one read what is behind the array,
/// in Go as here. About one run in a thousand on a busy machine ends so; not three of three.
fn crash(scenario: &str, first_line: &str) {
    for go in ["1.19", "1.22", "1.24-noswiss"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gohmap"));
        command.args(["crash", scenario, "--go", go]).env_remove("GOTRACEBACK").stdin(Stdio::null());
        let runs = (0..3).map(|_| {
            let out = command.output().expect("the program starts");
            let text = String::from_utf8_lossy(&out.stderr).into_owned();
            assert_eq!(out.status.code(), Some(2), "Go {go}: {text}");
            text
        });
        let others: Vec<_> = runs.take_while(|text| text.lines().next() != Some(first_line)).collect();
        assert!(others.len() < 3, "Go {go}: {others:?}");
    }
}

/// TestConcurrentMapWrites
#[test]
fn test_concurrent_map_writes() {
    crash("concurrent-writes", "fatal error: concurrent map writes");
}

/// TestConcurrentMapReadWrite
#[test]
fn test_concurrent_map_read_write() {
    crash("concurrent-read-write", "fatal error: concurrent map read and map write");
}

/// TestConcurrentMapIterateWrite
#[test]
fn test_concurrent_map_iterate_write() {
    crash("concurrent-iterate-write", "fatal error: concurrent map iteration and map write");
}

/// TestGcMapIndirection: keys and elements of 2 KB, which lie outside the buckets, outlive the tables that the map gives
/// up as it grows; those are overwritten here, where Go has a collector.
#[test]
fn test_gc_map_indirection() {
    everywhere(|rt| {
        let key = |i| std::array::from_fn::<isize, 256, _>(|at| if at == 0 { i } else { 0 });
        let m = map_of(rt, (0..2000).map(|i| (key(i), [i; 256])));
        assert!((0..2000).all(|i| m.get2(key(i)) == ([i; 256], true)));
        assert_eq!(m.len(), 2000);
    });
}
