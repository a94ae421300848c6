//! Key types, and what may stand for a key in an operation.

use super::elem::{Complex64, Complex128, Elem};
use super::strings::{GoString, put_bytes, str_shape};
use super::values::Values;
use crate::layout::mem;
use crate::types::GoType;

/// A type that map keys can have.
///
/// # Safety
/// [`Elem::go_type`] must be comparable, and `put` of equal values must write what Go's `==` takes for equal.
pub unsafe trait Key: Elem {}

/// How a key reaches the map's function.
#[derive(Clone, Copy, Debug)]
pub enum Shape {
    /// In a register: the bytes of a key of at most eight bytes, little-endian.
    Word(u64),
    /// In two registers: a string that lies in this process's memory.
    Str(usize, usize),
    /// By the address of its bytes, which [`AsKey::put_key`] writes.
    Memory,
}

macro_rules! keys {
    ($($ty:ty,)*) => {$(
        // SAFETY: Go compares these as Rust does.
        unsafe impl Key for $ty {}
    )*};
}
keys! { bool, u8, i8, u16, i16, u32, i32, u64, i64, usize, isize, f32, f64, Complex64, Complex128, (), }

// SAFETY: arrays of comparable types are comparable.
unsafe impl<T: Key, const N: usize> Key for [T; N] {}

/// What may stand for a key of type `K`: the key itself, a reference to it, `&str` for strings.
///
/// # Safety
/// As [`Elem`]'s.
pub unsafe trait AsKey<K: Key> {
    /// [`Elem::put`].
    ///
    /// # Safety
    /// As [`Elem::put`].
    unsafe fn put_key(&self, at: usize, values: &Values<'_>);

    /// How it is passed when it is only looked up.
    #[inline(always)]
    fn shape(&self) -> Shape {
        Shape::Memory
    }
}

// SAFETY: `K`'s own.
unsafe impl<K: Key> AsKey<K> for K {
    #[inline(always)]
    unsafe fn put_key(&self, at: usize, values: &Values<'_>) {
        // SAFETY: the caller's promise.
        unsafe { self.put(at, values) }
    }

    #[inline(always)]
    fn shape(&self) -> Shape {
        Elem::shape(self)
    }
}

// SAFETY: `K`'s own.
unsafe impl<K: Key> AsKey<K> for &K {
    #[inline(always)]
    unsafe fn put_key(&self, at: usize, values: &Values<'_>) {
        // SAFETY: the caller's promise.
        unsafe { (*self).put(at, values) }
    }

    #[inline(always)]
    fn shape(&self) -> Shape {
        Elem::shape(*self)
    }
}

macro_rules! strs {
    ($($ty:ty)*) => {$(
        // SAFETY: a string header, as the implementations of strings write it.
        unsafe impl AsKey<$ty> for &str {
            #[inline(always)]
            unsafe fn put_key(&self, at: usize, values: &Values<'_>) {
                // SAFETY: the caller's promise.
                unsafe { put_bytes(self.as_bytes(), at, values) }
            }

            #[inline(always)]
            fn shape(&self) -> Shape {
                str_shape(self.as_bytes())
            }
        }
    )*};
}
strs! { String GoString }

/// A Go pointer as a key or element: an address, compared as such. What it leads to is the program's affair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Pointer(pub usize);

// SAFETY: one word.
unsafe impl Elem for Pointer {
    type Repr = usize;

    fn go_type() -> GoType {
        GoType::unsafe_pointer()
    }

    #[inline(always)]
    unsafe fn put(&self, at: usize, _: &Values<'_>) {
        // SAFETY: the caller's promise.
        unsafe { mem::st64(at, self.0 as u64) }
    }

    #[inline(always)]
    unsafe fn get(at: usize, _: &Values<'_>) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { mem::ld64(at) } as usize)
    }

    #[inline(always)]
    fn shape(&self) -> Shape {
        Shape::Word(self.0 as u64)
    }
}

// SAFETY: pointers are comparable.
unsafe impl Key for Pointer {}
