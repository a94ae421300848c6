//! Interface values as keys: everything that can be in one is hashed and compared, or refused.

use crate::support::{Interface, Raw, Str, death, everywhere};
use gohmap::layout::mem;
use gohmap::runtime::Runtime;

/// A struct with everything that the hash of an interface value treats on its own.
#[repr(C)]
struct GrabBag {
    f32: f32,
    f64: f64,
    c64: [f32; 2],
    c128: [f64; 2],
    s: Str,
    any: Interface,
    stringer: Interface,
    array: [Str; 4],
}

const STRINGER: &str = "interface { String() string }";
const GRAB_BAG: &str = "struct { f32 float32; f64 float64; c64 complex64; c128 complex128; s string; i0 interface {}; \
                        i1 interface { String() string }; a [4]string }";

impl GrabBag {
    fn zero() -> Self {
        let none = Str(0, 0);
        let (any, stringer) = (Interface::NIL, Interface::NIL);
        Self { f32: 0.0, f64: 0.0, c64: [0.0; 2], c128: [0.0; 2], s: none, any, stringer, array: [none; 4] }
    }
}

/// TestMapInterfaceKey: structs in interfaces are found by equal ones at another place, among a thousand others.
#[test]
fn test_map_interface_key() {
    everywhere(|rt| {
        // What is in them must outlive the map.
        let ints: Vec<isize> = (0..1000).collect();
        let (foo, other_foo) = (Str::from("foo"), Str::from("foofoo"));
        let other_foo = Str(other_foo.0 + 3, 3);
        let fives = [5_isize; 2];
        let words = ["foo", "bar", "baz", "bop"].map(Str::from);
        // Two of each: the same values in memory of their own.
        let bags: [[GrabBag; 2]; 8] = std::array::from_fn(|field| {
            std::array::from_fn(|copy| {
                let mut bag = GrabBag::zero();
                match field {
                    0 => bag.f32 = 1.0,
                    1 => bag.f64 = 1.0,
                    2 => bag.c64[1] = 1.0,
                    3 => bag.c128[1] = 1.0,
                    4 => bag.s = [foo, other_foo][copy],
                    5 => bag.any = Interface::any(rt, "string", [&foo, &other_foo][copy]),
                    6 => bag.stringer = Interface::with_methods(rt, STRINGER, "int", &fives[copy]),
                    _ => bag.array = words,
                }
                bag
            })
        });
        let m = Raw::make(rt, "interface {}", "bool");
        for i in &ints {
            m.assign(&Interface::any(rt, "int", i), &true);
        }
        for (field, [bag, equal]) in bags.iter().enumerate() {
            let key = |bag| Interface::any(rt, GRAB_BAG, bag);
            assert!(!m.has(&key(equal)), "field {field} is there before it is assigned");
            m.assign(&key(bag), &true);
            assert!(m.has(&key(equal)), "field {field} is not found");
        }
        assert_eq!(m.len(), 1008);
        assert!(ints.iter().all(|i| m.has(&Interface::any(rt, "int", i))));
    });
}

/// Lookups in an empty map: most types do nothing, those that cannot be compared panic. Go hashes such a key even when
/// there is nothing to find.
fn check(rt: &Runtime, m: &Raw, dynamic: &str, unhashable: Option<&str>) {
    let zeroes = [0_u64; 16];
    let ty = gohmap::types::GoType::parse(dynamic).expect("a Go type");
    let data = if ty.direct_iface() { 0 } else { zeroes.as_ptr().expose_provenance() };
    let word = if m.t.key.name() == "interface {}" { rt.types.word(&ty) } else { rt.types.itab(&m.t.key, &ty) };
    let key = Interface(word, data);
    match unhashable {
        None => assert!(!m.has(&key), "{dynamic}"),
        Some(name) => {
            let text = format!("runtime error: hash of unhashable type {name}");
            assert_eq!(death(|| m.has(&key)), text);
            assert_eq!(death(|| m.delete(&key)), text);
        }
    }
    // SAFETY: the header's flags.
    assert_eq!(unsafe { mem::ld8(m.h + 8) }, 0, "flags after {dynamic}");
}

/// TestEmptyMapWithInterfaceKey
#[test]
fn test_empty_map_with_interface_key() {
    everywhere(|rt| {
        let any = Raw::make(rt, "interface {}", "struct {}");
        for hashable in [
            "bool",
            "int",
            "int8",
            "int16",
            "int32",
            "int64",
            "uint",
            "uint8",
            "uint16",
            "uint32",
            "uint64",
            "uintptr",
            "float32",
            "float64",
            "complex64",
            "complex128",
            "[4]string",
            "string",
            "*int",
            "unsafe.Pointer",
            "chan int",
            "struct {}",
        ] {
            check(rt, &any, hashable, None);
        }
        assert!(!any.has(&Interface::NIL));
        for (unhashable, name) in [
            ("[]int", "[]int"),
            ("struct { sli []int }", "struct { sli []int }"),
            ("map[interface {}]struct {}", "map[interface {}]struct {}"),
        ] {
            check(rt, &any, unhashable, Some(name));
        }
        let stringers = Raw::make(rt, STRINGER, "struct {}");
        check(rt, &stringers, "struct {}", None);
        check(rt, &stringers, "struct { sli []int }", Some("struct { sli []int }"));
        assert!(!stringers.has(&Interface::NIL));
        assert_eq!((any.len(), stringers.len()), (0, 0));
    });
}
