//! What each specialisation does first, and what nil and empty maps do.

use super::{access1, access2, assign, delete};
use crate::fatal::recover;
use crate::fault::op;
use crate::layout::mem;
use crate::map::{clear, clone, make};
use crate::runtime::{Runtime, RuntimeConfig};
use crate::types::{GoType, MapType};
use crate::version::GoVersion;
use std::sync::Arc;

fn runtime(version: GoVersion) -> Arc<Runtime> {
    Runtime::new(RuntimeConfig { version, seed: Some(7), ..RuntimeConfig::default() })
}

fn map_type(rt: &Arc<Runtime>, key: &str, elem: &str) -> MapType {
    MapType::of(rt, &GoType::parse(key).unwrap(), &GoType::parse(elem).unwrap()).unwrap()
}

/// First faults, as real Go 1.19 to 1.24 had them.
#[cfg(gohmap_asm)]
mod faults {
    use super::*;
    use crate::fatal::set_panic_on_fault;
    use crate::heap::{HeapConfig, Placement, Prot};

    /// Key number `n` of a type of at most four words: its first word, or a string.
    fn key(t: &MapType, n: u64) -> [u64; 4] {
        static TEXT: &str = "abcdefgh";
        if t.key.name() == "string" {
            let at = TEXT.as_ptr().expose_provenance() as u64;
            return [at + n, 1, 0, 0];
        }
        [n + 1, 0, 0, 0]
    }

    type Operation = unsafe fn(&MapType, usize, usize);

    fn read(t: &MapType, h: usize, k: usize) {
        // SAFETY: as the caller of `first_fault` says.
        unsafe { access1(t, h, k, 0) };
    }

    fn write(t: &MapType, h: usize, k: usize) {
        // SAFETY: as above.
        unsafe { assign(t, h, k) };
    }

    fn remove(t: &MapType, h: usize, k: usize) {
        // SAFETY: as above.
        unsafe { delete(t, h, k) };
    }

    /// Where in the only bucket of a map with two entries the operation on key `n` faults when the bucket cannot be read, or only
    /// not written.
    fn first_fault(ty: &str, prot: Prot, f: Operation, n: u64) -> usize {
        let heap = HeapConfig { placement: Placement::Isolated, ..HeapConfig::default() };
        let rt = Runtime::new(RuntimeConfig { heap, seed: Some(7), ..RuntimeConfig::default() });
        let t = map_type(&rt, ty, "uint64");
        // SAFETY: a map of that type.
        unsafe {
            let h = make::makemap_small(&t);
            for n in 0..2 {
                let k = key(&t, n);
                assign(&t, h, k.as_ptr().expose_provenance());
            }
            let bucket = mem::ld64(h + 16) as usize;
            rt.heap.protect(bucket, t.bucket.size, prot).unwrap();
            let before = set_panic_on_fault(true);
            let k = key(&t, n);
            let died = recover(|| op(|| f(&t, h, k.as_ptr().expose_provenance())));
            set_panic_on_fault(before);
            let p = died.unwrap_err();
            p.addr().unwrap_or_else(|| panic!("{ty}: {}", p.text())).wrapping_sub(bucket)
        }
    }

    #[test]
    fn where_each_specialisation_looks_first() {
        for (ty, looks) in [
            ("uint64", [8, 0, 8]),
            ("*int", [8, 0, 8]),
            ("uint32", [8, 0, 8]),
            ("string", [16, 0, 16]),
            ("[2]uint64", [0, 0, 0]),
        ] {
            for (f, at) in [read, write, remove].into_iter().zip(looks) {
                for n in [1, 5] {
                    assert_eq!(first_fault(ty, Prot::None, f, n), at, "{ty}, key {n}");
                }
            }
        }
    }

    #[test]
    fn where_each_specialisation_writes_first() {
        for (ty, new, deleted) in
            [("uint64", 2, 0x48), ("*int", 2, 8), ("uint32", 2, 0x28), ("string", 2, 8), ("[2]uint64", 0x28, 0x88)]
        {
            assert_eq!(first_fault(ty, Prot::Read, write, 5), new, "{ty}: assign");
            assert_eq!(first_fault(ty, Prot::Read, remove, 0), deleted, "{ty}: delete");
        }
    }
}

/// A key that cannot be hashed panics in lookups and deletes even where there is nothing to find; an assign to a nil map has
/// its own panic.
#[test]
fn keys_that_cannot_be_hashed() {
    for version in GoVersion::ALL {
        let rt = runtime(version);
        let t = map_type(&rt, "any", "[200]uint64");
        let zero = [0_u64; 200];
        let zero = zero.as_ptr().expose_provenance();
        let word = rt.types.word(&GoType::parse("[]int").unwrap()) as u64;
        let key = [word, 0];
        let k = key.as_ptr().expose_provenance();
        let text = |f: &dyn Fn(usize), h| recover(|| op(|| f(h))).unwrap_err().text().to_owned();
        // SAFETY: maps of that type; nobody looks at the slice.
        unsafe {
            let one = make::makemap_small(&t);
            assign(&t, one, [0_u64; 2].as_ptr().expose_provenance());
            for h in [0, make::makemap_small(&t), one] {
                let hash = "runtime error: hash of unhashable type []int";
                assert_eq!(text(&|h| assert_ne!(access1(&t, h, k, zero), 0), h), hash);
                assert_eq!(text(&|h| assert!(access2(&t, h, k, zero).1), h), hash);
                assert_eq!(text(&|h| delete(&t, h, k), h), hash);
                let want = if h == 0 { "assignment to entry in nil map" } else { hash };
                assert_eq!(text(&|h| assert_ne!(assign(&t, h, k), 0), h), want);
                // The panic came before the flag.
                assert!(h == 0 || mem::ld8(h + 8) == 0);
            }
            assert_eq!(mem::ld64(one), 1);
        }
    }
}

/// Up to Go 1.21 a lookup without a map to look in hashes its key, and a NaN draws a number; later it only asks whether the key
/// could be hashed.
#[test]
fn a_nan_looked_up_in_nothing() {
    for version in GoVersion::ALL {
        let rt = runtime(version);
        let draws = |key: &str, words: &[u64]| {
            let t = map_type(&rt, key, "int");
            rt.rng.set_state(1);
            // SAFETY: nil maps, and a key of that type.
            unsafe {
                access1(&t, 0, words.as_ptr().expose_provenance(), 0);
                delete(&t, 0, words.as_ptr().expose_provenance());
            }
            let next = rt.rng.rand();
            rt.rng.set_state(1);
            (0..10).position(|_| rt.rng.rand() == next).unwrap()
        };
        let nan = f64::NAN.to_bits();
        let expected = if version < GoVersion::V1_22 { 2 } else { 0 };
        assert_eq!(draws("struct{f float64; a any}", &[nan, 0, 0]), expected, "{version}");
        // Without an interface inside nothing can go wrong: no version hashes.
        assert_eq!(draws("float64", &[nan]), 0, "{version}");
    }
}

/// What a nil map allows.
#[test]
fn nil_maps() {
    let rt = runtime(GoVersion::V1_22);
    for (key, elem) in
        [("uint32", "int"), ("*int", "int"), ("string", "int"), ("uint64", "int"), ("[3]int", "[1500]uint8")]
    {
        let t = map_type(&rt, key, elem);
        let k = [0_u64; 3];
        let k = k.as_ptr().expose_provenance();
        let zero = vec![0_u8; 1500];
        let zero = zero.as_ptr().expose_provenance();
        // SAFETY: nil maps, keys of zero words.
        unsafe {
            let (e, found) = access2(&t, 0, k, zero);
            assert!(!found && (0..t.elem_size).all(|i| mem::ld8(e + i) == 0));
            assert_eq!(access1(&t, 0, k, zero), e);
            assert_eq!(e == zero, t.elem_size > super::ZERO_VAL_SIZE);
            delete(&t, 0, k);
            clear::mapclear(&t, 0, &());
            assert_eq!(clone::maps_Clone(&t, 0, &()), 0);
            let died = recover(|| op(|| assign(&t, 0, k))).unwrap_err();
            assert_eq!((died.text(), died.go_type()), ("assignment to entry in nil map", "runtime.plainError"));
        }
    }
}
