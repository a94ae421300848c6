//! Type descriptors and itabs in memory: what the first word of an interface value points at.

use super::alg::Alg;
use super::gotype::{GoType, Kind};
use crate::fatal;
use crate::layout::mem;
use crate::rng::Rng;
use std::collections::HashMap;
use std::mem::offset_of;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// A type descriptor: `abi.Type` (48 bytes, as far as maps read it), then what is ours.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct TypeWord {
    size: u64,
    ptrdata: u64,
    hash: u32,
    tflag: u8,
    align: u8,
    field_align: u8,
    kind: u8,
    /// Not nil when values can be compared (`abi.Type.Equal`).
    equal: u64,
    gcdata: u64,
    str: u32,
    ptr_to_this: u32,
    /// The address of this descriptor, mixed with the table's secret: tells a descriptor from other memory.
    mark: u64,
    /// How the assembly hashes and compares values (asm/eface.S).
    form: Form,
    /// The type.
    pub(crate) ty: GoType,
}

/// What values in an interface are, to the assembly.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// Something that it does not know.
    Other,
    /// One word, which is the interface's data word.
    Direct,
    /// Plain memory of 8 bytes, which the data word points at; so do all that follow.
    Word,
    /// Plain memory of 4 bytes.
    Half,
    /// Plain memory of another number of bytes, at least 1.
    Bytes,
    /// A string.
    String,
}

impl Form {
    fn of(ty: &GoType) -> Self {
        match (ty.alg(), ty.size()) {
            (Alg::Mem, _) if ty.direct_iface() => Self::Direct,
            (Alg::Mem, 8) => Self::Word,
            (Alg::Mem, 4) => Self::Half,
            (Alg::Mem, 1..=0x7fff_ffff) => Self::Bytes,
            (Alg::String, _) => Self::String,
            _ => Self::Other,
        }
    }
}

/// An `abi.ITab`: the first word of an interface with methods points at one.
#[repr(C)]
#[derive(Debug)]
struct Itab {
    inter: u64,
    ty: u64,
    hash: u32,
    pad: u32,
    fun: u64,
}

/// `abi.Type.Equal`.
const EQUAL: usize = 24;
/// `abi.ITab.Type`.
const ITAB_TYPE: usize = 8;
const MARK: usize = 48;

const _: () = {
    assert!(offset_of!(TypeWord, tflag) == 20);
    assert!(offset_of!(TypeWord, equal) == EQUAL);
    assert!(offset_of!(TypeWord, mark) == MARK);
    assert!(offset_of!(TypeWord, form) == 56);
    assert!(offset_of!(TypeWord, size) == 0);
    assert!(offset_of!(Itab, ty) == ITAB_TYPE);
};

/// The type descriptors and itabs of a program. An address that it gives stays good as long as it lives.
#[derive(Debug)]
pub struct TypeTable {
    secret: u64,
    words: Mutex<HashMap<String, Arc<TypeWord>>>,
    itabs: Mutex<HashMap<(String, String), Arc<Itab>>>,
    /// Words that have been asked for by number; 0 where nobody has yet.
    frequent: [AtomicUsize; FREQUENT],
}

/// How many types have a number for [`TypeTable::frequent`].
pub(crate) const FREQUENT: usize = 24;

impl Default for TypeTable {
    fn default() -> Self {
        // Not the runtime's own source: its numbers belong to the maps.
        let secret = Rng::new(None).rand();
        Self { secret, words: Mutex::default(), itabs: Mutex::default(), frequent: Default::default() }
    }
}

/// The address that emulated memory may hold.
fn address<T>(of: &Arc<T>) -> usize {
    Arc::as_ptr(of).expose_provenance()
}

impl TypeTable {
    /// What descriptors are marked with.
    pub(super) fn secret(&self) -> u64 {
        self.secret
    }

    /// The type word of an `interface {}` that holds a value of type `ty`: one address for each type.
    pub fn word(&self, ty: &GoType) -> usize {
        let mut words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        let w = words.entry(ty.name().to_owned()).or_insert_with(|| {
            Arc::new_cyclic(|me: &Weak<TypeWord>| TypeWord {
                size: ty.size() as u64,
                ptrdata: ty.ptrdata() as u64,
                hash: ty.name().bytes().fold(0x811c_9dc5, |h, b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193)),
                tflag: 0,
                align: ty.align() as u8,
                field_align: ty.align() as u8,
                kind: kind_number(ty),
                equal: u64::from(ty.comparable()),
                gcdata: 0,
                str: 0,
                ptr_to_this: 0,
                mark: me.as_ptr().addr() as u64 ^ self.secret,
                form: Form::of(ty),
                ty: ty.clone(),
            })
        });
        address(w)
    }

    /// [`word`](Self::word) of a type that has a number, always the same one, below [`FREQUENT`]: without a lock from the
    /// second time on.
    #[inline]
    pub(crate) fn frequent(&self, number: usize, ty: impl FnOnce() -> GoType) -> usize {
        // The word is published by whoever stores it: a reader gets at the descriptor only through this load.
        match self.frequent[number].load(Ordering::Acquire) {
            0 => {
                let word = self.word(&ty());
                self.frequent[number].store(word, Ordering::Release);
                word
            }
            word => word,
        }
    }

    /// The first word of a value of interface type `inter`, which has methods, that holds a `ty`.
    pub fn itab(&self, inter: &GoType, ty: &GoType) -> usize {
        let (inter_word, word) = (self.word(inter) as u64, self.word(ty) as u64);
        let mut itabs = self.itabs.lock().unwrap_or_else(PoisonError::into_inner);
        let tab = itabs
            .entry((inter.name().to_owned(), ty.name().to_owned()))
            .or_insert_with(|| Arc::new(Itab { inter: inter_word, ty: word, hash: 0, pad: 0, fun: 1 }));
        address(tab)
    }

    /// The descriptor that a type word points at, and whether its values can be compared. Reads what Go reads, so that a
    /// bad address faults.
    ///
    /// # Panics
    /// Throws when there is something else than a type. (Go would take whatever it finds for one.)
    ///
    /// # Safety
    /// Reading at `word` must be sound, or must fault inside a region that [`crate::fault`] watches. The table must outlive
    /// the result.
    pub(crate) unsafe fn descriptor<'a>(&self, word: usize) -> (&'a TypeWord, bool) {
        // SAFETY: the caller's promise; a descriptor of this table bears the mark, nothing else can.
        unsafe {
            let comparable = mem::ld64(word.wrapping_add(EQUAL)) != 0;
            if mem::ld64(word.wrapping_add(MARK)) != word as u64 ^ self.secret {
                fatal::throw("gohmap: no type where an interface's type word points")
            }
            (&*std::ptr::with_exposed_provenance::<TypeWord>(word), comparable)
        }
    }

    /// The type word in an itab.
    ///
    /// # Safety
    /// As [`descriptor`](Self::descriptor).
    pub(crate) unsafe fn type_of_itab(tab: usize) -> usize {
        // SAFETY: the caller's promise.
        unsafe { mem::ld64(tab.wrapping_add(ITAB_TYPE)) as usize }
    }

    /// The type whose word this is, if it is one of this table's: reads no memory.
    #[must_use]
    pub fn known(&self, word: usize) -> Option<GoType> {
        let words = self.words.lock().unwrap_or_else(PoisonError::into_inner);
        words.values().find(|w| address(w) == word).map(|w| w.ty.clone())
    }

    /// The type that a type word stands for; `None` for nil.
    ///
    /// # Safety
    /// `word` is 0 or was given by this table.
    pub(crate) unsafe fn type_of(&self, word: usize) -> Option<GoType> {
        // SAFETY: the caller's promise.
        (word != 0).then(|| unsafe { self.descriptor(word).0.ty.clone() })
    }
}

/// `abi.Type.Kind_`, with the bit for pointer-shaped types (`internal/abi/type.go`, Go 1.22).
fn kind_number(ty: &GoType) -> u8 {
    let by_size = |first: u8| first + ty.size().trailing_zeros() as u8;
    let n = match ty.kind() {
        Kind::Bool => 1,
        Kind::Int if ty.name() == "int" => 2,
        Kind::Int => by_size(3),
        Kind::Uint if ty.name() == "uint" => 7,
        Kind::Uint if ty.name() == "uintptr" => 12,
        Kind::Uint => by_size(8),
        Kind::Float => 13 + u8::from(ty.size() == 8),
        Kind::Complex => 15 + u8::from(ty.size() == 16),
        Kind::Array(..) => 17,
        Kind::Chan => 18,
        Kind::Func => 19,
        Kind::Interface(_) => 20,
        Kind::Map => 21,
        Kind::Pointer => 22,
        Kind::Slice => 23,
        Kind::String => 24,
        Kind::Struct(_) => 25,
        Kind::UnsafePointer => 26,
    };
    n | if ty.direct_iface() { 1 << 5 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_has_one_word() {
        let table = TypeTable::default();
        let (a, b) = (GoType::parse("[]int").unwrap(), GoType::parse("[] int").unwrap());
        let word = table.word(&a);
        assert_eq!(word, table.word(&b));
        assert_ne!(word, table.word(&GoType::int()));
        // SAFETY: the table's own words.
        unsafe {
            assert_eq!(table.type_of(word), Some(a.clone()));
            assert!(!table.descriptor(word).1);
            assert_eq!(table.type_of(0), None);
            let error = GoType::predeclared("error").unwrap();
            let tab = table.itab(&error, &a);
            assert_eq!(tab, table.itab(&error, &b));
            assert_eq!(TypeTable::type_of_itab(tab), word);
        }
    }

    #[test]
    fn kind_numbers() {
        for (ty, n) in [
            ("int8", 3),
            ("int64", 6),
            ("uint8", 8),
            ("uint64", 11),
            ("uintptr", 12),
            ("float32", 13),
            ("complex128", 16),
            ("*int", 22 | 32),
            ("unsafe.Pointer", 26 | 32),
        ] {
            assert_eq!(kind_number(&GoType::parse(ty).unwrap()), n, "{ty}");
        }
    }
}
