//! Equality of keys: Go's `==` as the compiler and the runtime carry it out (`runtime/alg.go`,
//! `cmd/compile/internal/reflectdata/alg.go`).

use crate::fatal;
use crate::layout::mem;
use crate::runtime::Runtime;
use crate::types::{Alg, Cond, GoType, Kind, TypeTable, eq_can_panic};

/// `memequal`: nothing is read when both are at the same place.
///
/// # Safety
/// Reading `n` bytes at `a` and `b` must be sound, or fault inside a region that [`crate::fault`] watches.
#[inline(always)]
pub(crate) unsafe fn memequal(a: usize, b: usize, n: usize) -> bool {
    // SAFETY: the caller's promise.
    a == b || unsafe { memeqbody(a, b, n) }
}

/// `memeqbody`: 64 bytes at a time, then eight, and a last load that ends with the bytes (`internal/bytealg`).
#[inline(never)]
unsafe fn memeqbody(a: usize, b: usize, n: usize) -> bool {
    // SAFETY: the caller's promise; every load lies within the bytes.
    unsafe {
        let words = |at: usize| mem::ld64(a.wrapping_add(at)) ^ mem::ld64(b.wrapping_add(at));
        if n < 8 {
            let halves = |at: usize| mem::ld32(a.wrapping_add(at)) ^ mem::ld32(b.wrapping_add(at));
            return match n {
                4.. => halves(0) == 0 && halves(n - 4) == 0,
                _ => (0..n).all(|i| mem::ld8(a.wrapping_add(i)) == mem::ld8(b.wrapping_add(i))),
            };
        }
        let mut at = 0;
        while n - at >= 64 {
            if (0..8).fold(0, |d, i| d | words(at + 8 * i)) != 0 {
                return false;
            }
            at += 64;
        }
        while n - at >= 8 {
            if words(at) != 0 {
                return false;
            }
            at += 8;
        }
        at == n || words(n - 8) == 0
    }
}

/// `efaceeq` and `ifaceeq`: data words of two interface values with the same type word. No frames of their own: the callers'
/// names are Go's.
unsafe fn same_type_equal(rt: &Runtime, word: usize, x: usize, y: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let (t, comparable) = rt.types.descriptor(word);
        if !comparable {
            fatal::panic_error(format!("comparing uncomparable type {}", t.ty));
        }
        if t.ty.direct_iface() { x == y } else { equal(rt, &t.ty, x, y) }
    }
}

/// `efaceeq`.
#[inline(never)]
unsafe fn efaceeq(rt: &Runtime, word: usize, x: usize, y: usize) -> bool {
    // SAFETY: the caller's promise.
    word == 0 || unsafe { same_type_equal(rt, word, x, y) }
}

/// `ifaceeq`.
#[inline(never)]
unsafe fn ifaceeq(rt: &Runtime, tab: usize, x: usize, y: usize) -> bool {
    // SAFETY: the caller's promise.
    tab == 0 || unsafe { same_type_equal(rt, TypeTable::type_of_itab(tab), x, y) }
}

/// Whether the values of type `ty` at `a` and `b` are equal.
///
/// # Panics
/// With `comparing uncomparable type …` when they hold interfaces that hold such.
///
/// # Safety
/// `ty` is comparable; reading the values must be sound, or fault inside a region that [`crate::fault`] watches.
pub unsafe fn equal(rt: &Runtime, ty: &GoType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let f32s =
            |at: usize| f32::from_bits(mem::ld32(a.wrapping_add(at))) == f32::from_bits(mem::ld32(b.wrapping_add(at)));
        let f64s =
            |at: usize| f64::from_bits(mem::ld64(a.wrapping_add(at))) == f64::from_bits(mem::ld64(b.wrapping_add(at)));
        match ty.alg() {
            Alg::None => false,
            Alg::Mem => match ty.size() {
                0 => true,
                1 => mem::ld8(a) == mem::ld8(b),
                2 => mem::ld16(a) == mem::ld16(b),
                4 => mem::ld32(a) == mem::ld32(b),
                8 => mem::ld64(a) == mem::ld64(b),
                16 => mem::ld64(a) == mem::ld64(b) && mem::ld64(a.wrapping_add(8)) == mem::ld64(b.wrapping_add(8)),
                n => memequal(a, b, n),
            },
            Alg::String => same_len(a, b) && same_bytes(a, b),
            Alg::Float32 => f32s(0),
            Alg::Float64 => f64s(0),
            Alg::Complex64 => f32s(0) && f32s(4),
            Alg::Complex128 => f64s(0) && f64s(8),
            Alg::NilInter => nilinterequal(rt, a, b),
            Alg::Inter => interfaces(rt, ifaceeq, a, b),
            Alg::Special => match ty.kind() {
                Kind::Array(elem, n) => arrays(rt, elem, *n, a, b),
                // A struct of one field is compared as that field.
                _ => structs(rt, ty, a, b),
            },
        }
    }
}

/// [`equal`] for interfaces without methods.
///
/// # Panics
/// As [`equal`].
///
/// # Safety
/// As [`equal`].
#[inline(always)]
pub(crate) unsafe fn nilinterequal(rt: &Runtime, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { interfaces(rt, efaceeq, a, b) }
}

/// Interfaces, whose data words `eq` compares when their first words are the same.
#[inline(always)]
unsafe fn interfaces(rt: &Runtime, eq: unsafe fn(&Runtime, usize, usize, usize) -> bool, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe {
        let word = mem::ld64(a);
        if word != mem::ld64(b) {
            return false;
        }
        let (x, y) = (mem::ld64(a.wrapping_add(8)) as usize, mem::ld64(b.wrapping_add(8)) as usize);
        eq(rt, word as usize, x, y)
    }
}

/// [`equal`] for structs that the compiler writes a function for.
///
/// # Panics
/// As [`equal`].
///
/// # Safety
/// As [`equal`].
#[inline(always)]
pub(crate) unsafe fn structs(rt: &Runtime, ty: &GoType, a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise.
    ty.conds().iter().all(|c| unsafe { holds(rt, c, a, b) })
}

/// The equality function of an array: what is cheap for all elements, then the rest.
unsafe fn arrays(rt: &Runtime, elem: &GoType, n: usize, a: usize, b: usize) -> bool {
    let pairs = || (0..n).map(|i| i * elem.size()).map(|at| (a.wrapping_add(at), b.wrapping_add(at)));
    // SAFETY: the caller's promise.
    unsafe {
        match elem.kind() {
            Kind::String => pairs().all(|(a, b)| same_len(a, b)) && pairs().all(|(a, b)| same_bytes(a, b)),
            Kind::Struct(_) if elem.alg() == Alg::Special && !eq_can_panic(elem) => {
                let part = |call| {
                    pairs()
                        .all(|(a, b)| elem.conds().iter().filter(|c| c.is_call() == call).all(|c| holds(rt, c, a, b)))
                };
                part(false) && part(true)
            }
            _ => pairs().all(|(a, b)| equal(rt, elem, a, b)),
        }
    }
}

#[inline(always)]
unsafe fn holds(rt: &Runtime, c: &Cond, a: usize, b: usize) -> bool {
    let at = |offset: usize| (a.wrapping_add(offset), b.wrapping_add(offset));
    // SAFETY: the caller's promise.
    unsafe {
        match c {
            &Cond::Mem { offset, size, call } => {
                let (a, b) = at(offset);
                match size {
                    4 if !call => mem::ld32(a) == mem::ld32(b),
                    8 if !call => mem::ld64(a) == mem::ld64(b),
                    _ => memequal(a, b, size),
                }
            }
            &Cond::StringLen { offset } => {
                let (a, b) = at(offset);
                same_len(a, b)
            }
            &Cond::StringBytes { offset } => {
                let (a, b) = at(offset);
                same_bytes(a, b)
            }
            Cond::Field { offset, ty } => {
                let (a, b) = at(*offset);
                equal(rt, ty, a, b)
            }
        }
    }
}

/// Whether the strings at two places are equally long.
unsafe fn same_len(a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { mem::ld64(a.wrapping_add(8)) == mem::ld64(b.wrapping_add(8)) }
}

/// Whether the strings at two places, equally long, have the same bytes.
unsafe fn same_bytes(a: usize, b: usize) -> bool {
    // SAFETY: the caller's promise.
    unsafe { memequal(mem::ld64(a) as usize, mem::ld64(b) as usize, mem::ld64(a.wrapping_add(8)) as usize) }
}
