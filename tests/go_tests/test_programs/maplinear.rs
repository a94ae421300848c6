//! `maplinear.go`, and the older `mapnan.go`: nothing about a map takes quadratic time.
//!
//! Go measures time, and tries again with more when the clock is too coarse. Here the work itself is counted: every bucket
//! that an operation goes to and every slot that a growth moves.

use crate::support::{Interface, Raw, Str, runtime};
use gohmap::layout::{Hiter, mem};
use gohmap::map::{compiled, iter};
use gohmap::probe::{Probe, Step};
use std::cell::Cell;

#[derive(Default)]
struct Work(Cell<u64>);

impl Probe for Work {
    fn step(&self, step: Step) {
        if matches!(step, Step::Bucket { .. } | Step::EvacuateSlot { .. } | Step::Evacuate { .. }) {
            self.0.set(self.0.get() + 1);
        }
    }
}

/// Twice as much must be less than three times the work.
fn check_linear(what: &str, n: usize, work: impl Fn(usize) -> u64) {
    let (once, twice) = (work(n), work(2 * n));
    assert!(once >= n as u64, "{what}: {n} take {once} steps, which cannot be");
    assert!(twice < 3 * once, "{what}: {n} take {once} steps, {} take {twice}", 2 * n);
}

/// The work of assigning to `n` keys, which must be all different.
fn inserts<K>(key_type: &str, n: usize, key: impl Fn(usize) -> K) -> u64 {
    let m = Raw::make(&runtime(), key_type, "int");
    let (work, keys): (_, Vec<K>) = (Work::default(), (0..n).map(key).collect());
    for k in &keys {
        assert_eq!(size_of::<K>(), m.t.key_size);
        // SAFETY: a map of this type, and a key of its key type.
        unsafe {
            let slot = compiled::assign_probed(&m.t, m.h, std::ptr::from_ref(k).expose_provenance(), &work);
            mem::st64(slot, 1);
        }
    }
    assert_eq!(m.len(), n as u64);
    work.0.get()
}

/// mapnan.go: assigns to NaN, each of which is a new entry.
#[test]
fn test_mapnan() {
    check_linear("NaN", 30_000, |n| inserts("float64", n, |_| f64::NAN));
}

/// maplinear.go NaN
#[test]
fn test_maplinear_nan() {
    check_linear("NaN", 30_000, |n| inserts("float64", n, |_| f64::NAN));
    check_linear("float32 NaN", 10_000, |n| inserts("float32", n, |_| f32::NAN));
}

/// maplinear.go eface
#[test]
fn test_maplinear_eface() {
    let (ints, rt): (Vec<isize>, _) = ((0..20_000).collect(), runtime());
    // The type words of another runtime would not do.
    let insert = |n: usize| {
        let m = Raw::make(&rt, "interface {}", "int");
        interface_inserts(&m, n, |i| Interface::any(&rt, "int", &ints[i]))
    };
    check_linear("eface", 10_000, insert);
}

/// maplinear.go iface
#[test]
fn test_maplinear_iface() {
    let (ints, rt): (Vec<isize>, _) = ((0..20_000).collect(), runtime());
    let insert = |n: usize| {
        let m = Raw::make(&rt, "interface { f() }", "int");
        interface_inserts(&m, n, |i| Interface::with_methods(&rt, "interface { f() }", "int", &ints[i]))
    };
    check_linear("iface", 10_000, insert);
}

fn interface_inserts(m: &Raw, n: usize, key: impl Fn(usize) -> Interface) -> u64 {
    let work = Work::default();
    for k in (0..n).map(key) {
        // SAFETY: as in `inserts`; the key is copied.
        unsafe {
            let slot = compiled::assign_probed(&m.t, m.h, (&raw const k).expose_provenance(), &work);
            mem::st64(slot, 1);
        }
    }
    assert_eq!(m.len(), n as u64);
    work.0.get()
}

/// maplinear.go int
#[test]
fn test_maplinear_int() {
    check_linear("int", 10_000, |n| inserts("int", n, |i| i));
    check_linear("int32", 10_000, |n| inserts("int32", n, |i| i as u32));
}

/// maplinear.go string
#[test]
fn test_maplinear_string() {
    let texts: Vec<String> = (0..20_000).map(|i| i.to_string()).collect();
    let string = |i: usize| Str(texts[i].as_ptr().expose_provenance(), texts[i].len());
    check_linear("string", 10_000, |n| inserts("string", n, string));
}

/// maplinear.go float32
#[test]
fn test_maplinear_float32() {
    check_linear("float32", 10_000, |n| inserts("float32", n, |i| i as f32));
}

/// maplinear.go float64
#[test]
fn test_maplinear_float64() {
    check_linear("float64", 10_000, |n| inserts("float64", n, |i| i as f64));
}

/// maplinear.go complex64
#[test]
fn test_maplinear_complex64() {
    check_linear("complex64", 10_000, |n| inserts("complex64", n, |i| [i as f32; 2]));
}

/// maplinear.go complex128
#[test]
fn test_maplinear_complex128() {
    check_linear("complex128", 10_000, |n| inserts("complex128", n, |i| [i as f64; 2]));
}

/// maplinear.go iterdelete: takes the first entry of an iteration away until none is left. That an iteration begins at a
/// random bucket is what keeps this from being quadratic.
#[test]
fn test_maplinear_iterdelete() {
    check_linear("iterdelete", 2500, |n| {
        let mut all = 0;
        for _ in 0..4 {
            let (m, work) = (Raw::make(&runtime(), "int", "int"), Work::default());
            (0..n).for_each(|i| m.assign(&i, &i));
            while m.len() > 0 {
                let mut it = Hiter::default();
                // SAFETY: a map of this type, a zero iterator, and the key that it has come to.
                unsafe {
                    iter::mapiterinit(&m.t, m.h, &mut it, &work);
                    let key = mem::ld64(it.key as usize);
                    compiled::delete_probed(&m.t, m.h, (&raw const key).expose_provenance(), &work);
                }
            }
            all += work.0.get();
        }
        all
    });
}
