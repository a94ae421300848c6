//! Hashes of Go values: `f64hash`, `nilinterhash`, `typehash` and the like (`runtime/alg.go`), and the functions that the
//! compiler writes for structs and arrays (`cmd/compile/internal/reflectdata/alg.go`).

use crate::fatal;
use crate::layout::mem;
use crate::runtime::Runtime;
use crate::types::{Alg, GoType, Kind, Run, TypeTable};

const C0: u64 = 33_054_211_828_000_289;
const C1: u64 = 23_344_194_077_549_503;

/// Zeroes of either sign hash alike; every NaN hashes differently.
#[inline]
fn float_hash(rt: &Runtime, f: f64, seed: u64) -> Option<u64> {
    if f == 0.0 {
        return Some(C1.wrapping_mul(C0 ^ seed));
    }
    f.is_nan().then(|| C1.wrapping_mul(C0 ^ seed ^ rt.random_word()))
}

/// `f32hash`.
///
/// # Safety
/// Reading four bytes at `p` must be sound, or fault inside a region that [`crate::fault`] watches.
pub unsafe fn f32hash(rt: &Runtime, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let f = f32::from_bits(mem::ld32(p));
        float_hash(rt, f.into(), seed).unwrap_or_else(|| rt.hash().memhash(p, seed, 4))
    }
}

/// `f64hash`.
///
/// # Safety
/// Reading eight bytes at `p` must be sound, or fault inside a region that [`crate::fault`] watches.
pub unsafe fn f64hash(rt: &Runtime, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let f = f64::from_bits(mem::ld64(p));
        float_hash(rt, f, seed).unwrap_or_else(|| rt.hash().memhash(p, seed, 8))
    }
}

/// `nilinterhash`: of an `interface {}`.
///
/// # Panics
/// With `hash of unhashable type …`.
///
/// # Safety
/// Reading the value and what it leads to must be sound, or fault inside a region that [`crate::fault`] watches.
#[inline(never)]
pub unsafe fn nilinterhash(rt: &Runtime, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match mem::ld64(p) as usize {
            0 => seed,
            word => dynamic_hash(rt, word, p, seed),
        }
    }
}

/// `interhash`: of an interface with methods.
///
/// # Panics
/// As [`nilinterhash`].
///
/// # Safety
/// As [`nilinterhash`].
#[inline(never)]
pub unsafe fn interhash(rt: &Runtime, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match mem::ld64(p) as usize {
            0 => seed,
            tab => dynamic_hash(rt, TypeTable::type_of_itab(tab), p, seed),
        }
    }
}

/// The hash of what the interface at `p` holds.
#[inline(always)]
unsafe fn dynamic_hash(rt: &Runtime, word: usize, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        let (t, comparable) = rt.types.descriptor(word);
        if !comparable {
            unhashable(&t.ty)
        }
        let data = p.wrapping_add(8);
        let at = if t.ty.direct_iface() { data } else { mem::ld64(data) as usize };
        C1.wrapping_mul(typehash(rt, &t.ty, at, seed ^ C0))
    }
}

fn unhashable(ty: &GoType) -> ! {
    fatal::panic_error(format!("hash of unhashable type {ty}"))
}

/// `typehash`: the hash of a value inside an interface, part by part.
///
/// # Panics
/// As [`nilinterhash`].
///
/// # Safety
/// As [`nilinterhash`].
#[inline(never)]
pub unsafe fn typehash(rt: &Runtime, ty: &GoType, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        if ty.alg() == Alg::Mem {
            return match ty.size() {
                4 => rt.hash().memhash32(mem::ld32(p), seed),
                8 => rt.hash().memhash64(mem::ld64(p), seed),
                n => rt.hash().memhash(p, seed, n),
            };
        }
        match ty.kind() {
            Kind::Array(elem, n) => (0..*n).fold(seed, |h, i| typehash(rt, elem, p.wrapping_add(i * elem.size()), h)),
            Kind::Struct(fields) => fields
                .iter()
                .filter(|f| !f.is_blank())
                .fold(seed, |h, f| typehash(rt, &f.ty, p.wrapping_add(f.offset), h)),
            Kind::Func | Kind::Slice | Kind::Map => unhashable(ty),
            _ => scalar(rt, ty.alg(), p, seed),
        }
    }
}

/// The hash of a value that one function of the runtime hashes.
#[inline(always)]
unsafe fn scalar(rt: &Runtime, alg: Alg, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match alg {
            Alg::String => rt.hash().strhash(p, seed),
            Alg::Float32 => f32hash(rt, p, seed),
            Alg::Float64 => f64hash(rt, p, seed),
            Alg::Complex64 => f32hash(rt, p.wrapping_add(4), f32hash(rt, p, seed)),
            Alg::Complex128 => f64hash(rt, p.wrapping_add(8), f64hash(rt, p, seed)),
            Alg::NilInter => nilinterhash(rt, p, seed),
            Alg::Inter => interhash(rt, p, seed),
            Alg::None | Alg::Mem | Alg::Special => seed,
        }
    }
}

/// The hash of a map's key, by the function that the compiler picks or writes for its type: like [`typehash`], but plain
/// memory that lies together in a struct is hashed in one go, and plain memory of 0 bytes not at all.
///
/// # Panics
/// As [`nilinterhash`].
///
/// # Safety
/// As [`nilinterhash`]; `ty` is comparable.
pub unsafe fn hash(rt: &Runtime, ty: &GoType, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match (ty.alg(), ty.size()) {
            (Alg::Mem, 0) => seed,
            (Alg::Mem, 4) => rt.hash().memhash32(mem::ld32(p), seed),
            (Alg::Mem, 8) => rt.hash().memhash64(mem::ld64(p), seed),
            (Alg::Mem, n) => rt.hash().memhash(p, seed, n),
            (Alg::Special, _) => special(rt, ty, p, seed),
            (alg, _) => scalar(rt, alg, p, seed),
        }
    }
}

/// What `hashfor` picks for a part that is no plain memory.
unsafe fn part(rt: &Runtime, ty: &GoType, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { if ty.alg() == Alg::Special { special(rt, ty, p, seed) } else { scalar(rt, ty.alg(), p, seed) } }
}

/// The function that the compiler writes for an array or a struct.
unsafe fn special(rt: &Runtime, ty: &GoType, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        if let Kind::Array(elem, n) = ty.kind() {
            return (0..*n).fold(seed, |h, i| part(rt, elem, p.wrapping_add(i * elem.size()), h));
        }
        structs(rt, ty, p, seed)
    }
}

/// [`hash`] for structs that the compiler writes a function for.
///
/// # Panics
/// As [`nilinterhash`].
///
/// # Safety
/// As [`hash`].
#[inline(always)]
pub(crate) unsafe fn structs(rt: &Runtime, ty: &GoType, p: usize, seed: u64) -> u64 {
    // SAFETY: the caller's promise.
    ty.runs().iter().fold(seed, |h, run| unsafe {
        match run {
            Run::Mem { offset, size } => rt.hash().memhash(p.wrapping_add(*offset), h, *size),
            Run::Field { offset, ty } if ty.alg() == Alg::String => rt.hash().strhash(p.wrapping_add(*offset), h),
            Run::Field { offset, ty } => part(rt, ty, p.wrapping_add(*offset), h),
        }
    })
}

/// `mapKeyError`: panics as hashing the key would, without hashing (Go 1.22 and later, for maps without entries).
///
/// # Panics
/// As [`nilinterhash`].
///
/// # Safety
/// As [`nilinterhash`].
pub unsafe fn key_error(rt: &Runtime, ty: &GoType, p: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match ty.kind() {
            _ if ty.alg() == Alg::Mem => {}
            Kind::Interface(methods) => {
                let mut word = mem::ld64(p) as usize;
                if word == 0 {
                    return;
                }
                if !methods.is_empty() {
                    word = TypeTable::type_of_itab(word);
                }
                let (t, comparable) = rt.types.descriptor(word);
                if !comparable {
                    unhashable(&t.ty)
                }
                let data = p.wrapping_add(8);
                key_error(rt, &t.ty, if t.ty.direct_iface() { data } else { mem::ld64(data) as usize });
            }
            Kind::Array(elem, n) => (0..*n).for_each(|i| key_error(rt, elem, p.wrapping_add(i * elem.size()))),
            Kind::Struct(fields) => {
                fields.iter().filter(|f| !f.is_blank()).for_each(|f| key_error(rt, &f.ty, p.wrapping_add(f.offset)));
            }
            Kind::Func | Kind::Slice | Kind::Map => unhashable(ty),
            _ => {}
        }
    }
}
