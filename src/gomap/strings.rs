//! Strings and slices.

use super::elem::Elem;
use super::key::{Key, Shape};
use super::values::Values;
use crate::layout::mem;
use crate::types::GoType;
use std::fmt;
use std::mem::size_of;

/// A Go string: bytes that need not be UTF-8.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoString(pub Vec<u8>);

impl fmt::Debug for GoString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}

impl From<&str> for GoString {
    fn from(s: &str) -> Self {
        Self(s.as_bytes().to_vec())
    }
}

/// Writes a string header: address and length.
#[inline(always)]
pub(super) unsafe fn put_bytes(bytes: &[u8], at: usize, values: &Values<'_>) {
    // SAFETY: the caller's promise for the two words.
    unsafe {
        mem::st64(at, values.bytes(bytes) as u64);
        mem::st64(at.wrapping_add(8), bytes.len() as u64);
    }
}

/// A string that is only looked up: the map reads it where it is.
#[inline(always)]
pub(super) fn str_shape(bytes: &[u8]) -> Shape {
    Shape::Str(bytes.as_ptr().expose_provenance(), bytes.len())
}

#[inline(always)]
unsafe fn get_bytes(at: usize, values: &Values<'_>) -> Vec<u8> {
    // SAFETY: the caller's promise for the two words and what they lead to.
    unsafe { values.read(mem::ld64(at) as usize, mem::ld64(at.wrapping_add(8)) as usize) }
}

macro_rules! strings {
    ($($ty:ty, $as_bytes:expr, $from:expr;)*) => {$(
        // SAFETY: a string header, and bytes that `Values` gave.
        unsafe impl Elem for $ty {
            type Repr = [usize; 2];
            const OWNS: bool = true;

            fn go_type() -> GoType {
                GoType::string()
            }

            #[inline(always)]
            unsafe fn put(&self, at: usize, values: &Values<'_>) {
                let as_bytes: fn(&$ty) -> &[u8] = $as_bytes;
                // SAFETY: the caller's promise.
                unsafe { put_bytes(as_bytes(self), at, values) }
            }

            #[inline(always)]
            unsafe fn get(at: usize, values: &Values<'_>) -> Self {
                let from: fn(Vec<u8>) -> $ty = $from;
                // SAFETY: the caller's promise.
                from(unsafe { get_bytes(at, values) })
            }

            #[inline(always)]
            fn shape(&self) -> Shape {
                let as_bytes: fn(&$ty) -> &[u8] = $as_bytes;
                str_shape(as_bytes(self))
            }

            unsafe fn release(at: usize, values: &Values<'_>) {
                // SAFETY: the caller's promise.
                values.give_up(unsafe { mem::ld64(at) } as usize);
            }
        }
        // SAFETY: strings are comparable.
        unsafe impl Key for $ty {}
    )*};
}
strings! {
    GoString, |s| &s.0, GoString;
    // Bytes that are not UTF-8 come from tampering alone, and are replaced.
    String, |s| s.as_bytes(), |b| {
        String::from_utf8(b).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())
    };
}

/// `[]T`: the slice that holds these values, its capacity its length. An empty one is nil.
// SAFETY: a slice header, and an array that `Values` gave.
unsafe impl<T: Elem> Elem for Vec<T> {
    type Repr = [usize; 3];
    const OWNS: bool = true;

    fn go_type() -> GoType {
        GoType::slice(&T::go_type())
    }

    unsafe fn put(&self, at: usize, values: &Values<'_>) {
        let size = size_of::<T::Repr>();
        let array = values.alloc(size * self.len(), !T::OWNS);
        // SAFETY: a new array of that many elements; the caller's promise for the header.
        unsafe {
            for (i, e) in self.iter().enumerate() {
                e.put(array.wrapping_add(i * size), values);
            }
            mem::st64(at, array as u64);
            mem::st64(at.wrapping_add(8), self.len() as u64);
            mem::st64(at.wrapping_add(16), self.len() as u64);
        }
    }

    unsafe fn get(at: usize, values: &Values<'_>) -> Self {
        // SAFETY: the caller's promise for the header and the array.
        unsafe {
            let (array, len) = (mem::ld64(at) as usize, mem::ld64(at.wrapping_add(8)) as usize);
            (0..len).map(|i| T::get(array.wrapping_add(i.wrapping_mul(size_of::<T::Repr>())), values)).collect()
        }
    }

    unsafe fn release(at: usize, values: &Values<'_>) {
        // SAFETY: as in `get`.
        unsafe {
            let (array, len) = (mem::ld64(at) as usize, mem::ld64(at.wrapping_add(8)) as usize);
            if T::OWNS {
                for i in 0..len {
                    T::release(array.wrapping_add(i.wrapping_mul(size_of::<T::Repr>())), values);
                }
            }
            values.give_up(array);
        }
    }
}
