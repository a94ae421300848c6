//! The first bucket of a small map, which the routines make themselves: for keys of every kind and elements of several sizes.

use super::bytes::{Keys as BytesKeys, Op as BytesOp, twin};
use super::faults::words;
use super::{Copy, Kind, Op};
use gohmap::fault::{Death, guarded};
use gohmap::heap::{OnFree, Prot};
use gohmap::layout::{HASH_WRITING, mem};
use gohmap::map::amd64::Isa;
use gohmap::types::GoType;
use gohmap::version::GoVersion;

/// A kind of keys.
#[derive(Clone, Copy, Debug)]
enum Keys {
    Wide,
    Narrow,
    Text,
    Array,
    Short,
    Eface,
}

/// Sixteen strings of sixteen bytes.
static TEXTS: &[u8; 256] = &{
    let mut texts = [b'x'; 256];
    let mut i = 0;
    while i < 16 {
        texts[16 * i] = b'a' + i as u8;
        i += 1;
    }
    texts
};

impl Keys {
    fn map(self, elem: usize) -> Copy {
        let (seed, version, on_free) = (5, GoVersion::V1_22, OnFree::Reuse);
        match self {
            Self::Wide => Copy::with(seed, version, elem, 0, false, on_free),
            Self::Narrow => Copy::of_kind(Kind::Narrow, seed, version, elem, 0, false, on_free),
            Self::Text => twin(BytesKeys::Strings, seed, version, elem, on_free),
            Self::Array => twin(BytesKeys::Arrays(16), seed, version, elem, on_free),
            Self::Short => twin(BytesKeys::Arrays(5), seed, version, elem, on_free),
            Self::Eface => twin(BytesKeys::Eface, seed, version, elem, on_free),
        }
    }

    /// Assigns to the `i`th key, and fills the element.
    ///
    /// # Safety
    /// The map must be a live one, or fault where that is watched.
    unsafe fn assign(self, isa: Isa, c: &Copy, i: usize) {
        let f = isa.fast64();
        // SAFETY: the caller's promise; the element's bytes.
        unsafe {
            let at = match self {
                Self::Wide => (f.mapassign)(&c.t, c.h, i as u64),
                Self::Narrow => (f.mapassign32)(&c.t, c.h, i as u64),
                Self::Eface => {
                    let value = TEXTS[16 * i..].as_ptr().expose_provenance();
                    let key = [c.t.rt.types.word(&GoType::uint64()), value];
                    (f.generic_of(&c.t).mapassign)(&c.t, c.h, key.as_ptr().expose_provenance())
                }
                Self::Text | Self::Array | Self::Short => {
                    let key = TEXTS[16 * i..].as_ptr().expose_provenance();
                    BytesOp::Assign.call(isa, c, (key, 16));
                    match self {
                        Self::Text => (f.mapassign_str)(&c.t, c.h, key, 16),
                        _ => (f.generic_of(&c.t).mapassign)(&c.t, c.h, key),
                    }
                }
            };
            (0..c.t.elem_size).for_each(|i| mem::st8(at + i, 0xee));
        }
    }
}

/// Every kind of keys and some sizes of elements, under every implementation in assembly.
fn each(mut test: impl FnMut(Isa, Keys, usize)) {
    for isa in Isa::available().into_iter().skip(1) {
        for keys in [Keys::Wide, Keys::Narrow, Keys::Text, Keys::Array, Keys::Short, Keys::Eface] {
            // No bucket is of the header's size, or it might lie where a header was.
            for elem in [8, 1, 3, 16, 120] {
                test(isa, keys, elem);
            }
        }
    }
}

#[test]
fn it_is_clean_in_used_memory() {
    each(|isa, keys, elem| {
        let states = [isa, Isa::Portable].map(|isa| {
            let mut c = keys.map(elem);
            // SAFETY: a live map.
            unsafe {
                (0..8).for_each(|i| keys.assign(isa, &c, i));
                let bucket = mem::ld64(c.h + 16) as usize;
                // As if there had been an overflow bucket.
                mem::st64(bucket + c.t.bucket.size - 8, 0xdead_beef);
                c.again();
                keys.assign(isa, &c, 9);
                assert_eq!(mem::ld64(c.h + 16) as usize, bucket, "{isa}, {keys:?}: the same memory");
            }
            c.state()
        });
        assert!(states[0] == states[1], "{isa}, {keys:?}, elements of {elem} bytes");
    });
}

#[test]
fn a_write_under_way_is_seen_without_a_bucket() {
    each(|isa, keys, elem| {
        let deaths = [isa, Isa::Portable].map(|isa| {
            let c = keys.map(elem);
            // SAFETY: a live map; nothing that needs dropping is pending while the operation ends.
            unsafe {
                mem::st8(c.h + 8, HASH_WRITING);
                let died = guarded(|| keys.assign(isa, &c, 1)).expect_err("two at once");
                assert_eq!(mem::ld64(c.h + 16), 0, "{isa}, {keys:?}: a bucket nevertheless");
                words(&c, &died)
            }
        });
        assert_eq!(deaths[0], deaths[1], "{isa}, {keys:?}");
        assert!(deaths[0].starts_with("concurrent map writes"), "{deaths:?}");
    });
}

/// The bucket may lie where an experiment has taken the memory away: a fault of the allocator, with nothing allocated twice.
#[test]
fn it_may_fault() {
    each(|isa, keys, elem| {
        for prot in [Prot::Read, Prot::None] {
            let outcomes = [isa, Isa::Portable].map(|isa| {
                let mut c = keys.map(elem);
                // SAFETY: live maps; nothing that needs dropping is pending while the operation faults.
                unsafe {
                    keys.assign(isa, &c, 1);
                    let bucket = mem::ld64(c.h + 16) as usize;
                    c.again();
                    c.t.rt.heap.protect(bucket, 1, prot).expect("a page of the heap");
                    let died = guarded(|| keys.assign(isa, &c, 1)).expect_err("a bucket without memory");
                    c.t.rt.heap.protect(bucket, 1, Prot::ReadWrite).expect("a page of the heap");
                    let Death::Fatal(died) = died else { panic!("{died:?}") };
                    assert_eq!(mem::ld64(c.h + 16), 0, "{isa}: a bucket although it could not be cleared");
                    (died.text().to_owned(), died.is_throw(), c.t.rt.heap.stats().objects)
                }
            });
            assert_eq!(outcomes[0], outcomes[1], "{isa}, {keys:?}, {elem}, {prot:?}");
            assert_eq!(outcomes[0].0, "unexpected signal during runtime execution", "{isa}");
        }
    });
}

/// `m[k] = v` makes it too.
#[test]
fn set_makes_it() {
    for isa in Isa::available().into_iter().skip(1) {
        let states = [isa, Isa::Portable].map(|isa| {
            let mut c = Keys::Wide.map(8);
            // SAFETY: a live map.
            unsafe {
                (0..8).for_each(|i| Keys::Wide.assign(isa, &c, i));
                c.again();
                Op::Set.call(isa, &c, 9, 9);
            }
            c.state()
        });
        assert!(states[0] == states[1], "{isa}");
    }
}
