//! Rust types with a Go twin, and how their values travel between Rust and emulated memory.

use super::key::Shape;
use super::values::Values;
use crate::layout::mem;
use crate::types::GoType;
use std::mem::size_of;

/// A type that map elements can have.
///
/// Implemented for Rust's integers, floats and `bool`, [`Complex64`] and [`Complex128`], `()` (`struct {}`), `String` and
/// [`GoString`](super::GoString), `Vec<T>` (`[]T`), [`Any`](super::Any), [`Pointer`](super::Pointer), arrays, tuples (structs with
/// the fields `F0`, `F1`, …) and, by [`go_struct!`](crate::go_struct), for structs of your own.
///
/// # Safety
/// `Repr` must have the size of [`go_type`](Self::go_type); [`put`](Self::put) must write and [`get`](Self::get) read
/// nothing outside these bytes but what `Values` gave; every bit pattern must be read as some value, for tampering may put
/// any there.
pub unsafe trait Elem: Clone + 'static {
    /// Something of the size and alignment that values have in Go. No value of it is ever made.
    type Repr: 'static;

    /// Values lead to further memory, which belongs to the map that they are in.
    const OWNS: bool = false;

    /// The Go type.
    fn go_type() -> GoType;

    /// Writes the value at an address, lowest byte first. What it leads to is as `values` says.
    ///
    /// # Safety
    /// Writing these bytes must be sound, or must fault where [`crate::fault`] watches.
    unsafe fn put(&self, at: usize, values: &Values<'_>);

    /// Reads the value at an address, lowest byte first.
    ///
    /// # Safety
    /// Reading these bytes, and what they lead to, must be sound, or must fault where [`crate::fault`] watches.
    unsafe fn get(at: usize, values: &Values<'_>) -> Self;

    /// Gives back what the value at an address leads to.
    ///
    /// # Safety
    /// As [`get`](Self::get); the value is not read again.
    unsafe fn release(_at: usize, _values: &Values<'_>) {}

    /// How the value is passed as a key that is only looked up.
    #[inline(always)]
    fn shape(&self) -> Shape {
        Shape::Memory
    }
}

/// `complex64`: real and imaginary part.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex64(pub f32, pub f32);

/// `complex128`: real and imaginary part.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Complex128(pub f64, pub f64);

macro_rules! scalars {
    ($($ty:ty, $go:ident, $ld:ident $st:ident, $from:expr, $to:expr;)*) => {$(
        // SAFETY: the number's own bytes.
        unsafe impl Elem for $ty {
            type Repr = $ty;

            fn go_type() -> GoType {
                GoType::$go()
            }

            #[inline(always)]
            unsafe fn put(&self, at: usize, _: &Values<'_>) {
                let bits: fn($ty) -> _ = $to;
                // SAFETY: the caller's promise.
                unsafe { mem::$st(at, bits(*self)) }
            }

            #[inline(always)]
            unsafe fn get(at: usize, _: &Values<'_>) -> Self {
                // SAFETY: the caller's promise.
                $from(unsafe { mem::$ld(at) })
            }

            #[inline(always)]
            fn shape(&self) -> Shape {
                let bits: fn($ty) -> _ = $to;
                Shape::Word(u64::from(bits(*self)))
            }
        }
    )*};
}
scalars! {
    bool, bool, ld8 st8, |v| v & 1 == 1, |v| v as u8;
    u8, uint8, ld8 st8, |v| v, |v| v;
    i8, int8, ld8 st8, |v| v as i8, |v| v as u8;
    u16, uint16, ld16 st16, |v| v, |v| v;
    i16, int16, ld16 st16, |v| v as i16, |v| v as u16;
    u32, uint32, ld32 st32, |v| v, |v| v;
    i32, int32, ld32 st32, |v| v as i32, |v| v as u32;
    u64, uint64, ld64 st64, |v| v, |v| v;
    i64, int64, ld64 st64, |v| v as i64, |v| v as u64;
    usize, uint, ld64 st64, |v| v as usize, |v| v as u64;
    isize, int, ld64 st64, |v| v as isize, |v| v as u64;
    f32, float32, ld32 st32, f32::from_bits, f32::to_bits;
    f64, float64, ld64 st64, f64::from_bits, f64::to_bits;
}

/// Types made of parts that lie one after the other at fixed offsets.
macro_rules! parts {
    ($($name:ident, $go:ident, $part:ty, $size:literal;)*) => {$(
        // SAFETY: two numbers side by side.
        unsafe impl Elem for $name {
            type Repr = [$part; 2];

            fn go_type() -> GoType {
                GoType::$go()
            }

            #[inline(always)]
            unsafe fn put(&self, at: usize, values: &Values<'_>) {
                // SAFETY: the caller's promise.
                unsafe {
                    self.0.put(at, values);
                    self.1.put(at.wrapping_add($size), values);
                }
            }

            #[inline(always)]
            unsafe fn get(at: usize, values: &Values<'_>) -> Self {
                // SAFETY: the caller's promise.
                unsafe { Self(<$part>::get(at, values), <$part>::get(at.wrapping_add($size), values)) }
            }
        }
    )*};
}
parts! {
    Complex64, complex64, f32, 4;
    Complex128, complex128, f64, 8;
}

// SAFETY: no bytes.
unsafe impl Elem for () {
    type Repr = ();

    fn go_type() -> GoType {
        GoType::structure(&[])
    }

    #[inline(always)]
    unsafe fn put(&self, _: usize, _: &Values<'_>) {}

    #[inline(always)]
    unsafe fn get(_: usize, _: &Values<'_>) -> Self {}
}

// SAFETY: elements one after the other, as in Go.
unsafe impl<T: Elem, const N: usize> Elem for [T; N] {
    type Repr = [T::Repr; N];
    const OWNS: bool = T::OWNS;

    fn go_type() -> GoType {
        GoType::array(&T::go_type(), N)
    }

    #[inline]
    unsafe fn put(&self, at: usize, values: &Values<'_>) {
        for (i, e) in self.iter().enumerate() {
            // SAFETY: the caller's promise, for this part of the bytes.
            unsafe { e.put(at.wrapping_add(i * size_of::<T::Repr>()), values) }
        }
    }

    #[inline]
    unsafe fn get(at: usize, values: &Values<'_>) -> Self {
        // SAFETY: as above.
        std::array::from_fn(|i| unsafe { T::get(at.wrapping_add(i * size_of::<T::Repr>()), values) })
    }

    #[inline]
    unsafe fn release(at: usize, values: &Values<'_>) {
        for i in 0..N * usize::from(T::OWNS) {
            // SAFETY: as above.
            unsafe { T::release(at.wrapping_add(i * size_of::<T::Repr>()), values) }
        }
    }
}
