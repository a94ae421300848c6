//! Interface values: [`Any`], Go's `any`.

use super::elem::{Complex64, Complex128, Elem};
use super::key::Key;
use super::strings::GoString;
use super::values::Values;
use crate::layout::mem;
use crate::types::{FREQUENT, GoType, Kind};

const _: () = assert!((Number::Func as usize) < FREQUENT);

macro_rules! any {
    ($($(#[$attr:meta])* $variant:ident($ty:ty), $go:literal;)*) => {
        /// Go's `any`: a value with its type.
        ///
        /// As a key it is compared as in Go, type first. Slices, maps and functions are not comparable: an operation with
        /// such a key panics (`hash of unhashable type []interface {}`).
        #[derive(Clone, Debug, Default, PartialEq)]
        pub enum Any {
            /// `nil`.
            #[default]
            Nil,
            $($(#[$attr])* #[doc = concat!("`", $go, "`.")] $variant($ty),)*
            /// A map: nothing but its type is here, for what it makes a key do.
            Map,
            /// A function, likewise.
            Func,
            /// A value of a type that has no variant here, by the type's name. Read from a map, never written.
            Other(String),
        }

        /// The types that values may have, by which their words are found.
        enum Number {
            $($variant,)*
            Map,
            Func,
        }

        impl Any {
            /// The number of the value's type; `None` as for [`go_type`](Self::go_type).
            fn number(&self) -> Option<Number> {
                Some(match self {
                    Self::Nil | Self::Other(_) => return None,
                    $(Self::$variant(_) => Number::$variant,)*
                    Self::Map => Number::Map,
                    Self::Func => Number::Func,
                })
            }

            /// The type of the value; `None` for nil and for [`Any::Other`].
            #[must_use]
            pub fn go_type(&self) -> Option<GoType> {
                Some(match self {
                    Self::Nil | Self::Other(_) => return None,
                    $(Self::$variant(_) => <$ty as Elem>::go_type(),)*
                    Self::Map => GoType::map(&GoType::string(), &GoType::int()),
                    Self::Func => GoType::func(&[], &[]),
                })
            }

            /// Puts the value into the heap, or leads to where it is; the data word.
            fn boxed(&self, values: &Values<'_>) -> usize {
                match self {
                    Self::Nil | Self::Map | Self::Func | Self::Other(_) => 0,
                    $(Self::$variant(v) => {
                        let at = values.alloc(size_of::<<$ty as Elem>::Repr>().max(1), !<$ty as Elem>::OWNS);
                        // SAFETY: a new object of that size.
                        unsafe { v.put(at, values) };
                        at
                    })*
                }
            }

            /// The value of a type at an address.
            ///
            /// # Safety
            /// As [`Elem::get`].
            unsafe fn unboxed(ty: &GoType, at: usize, values: &Values<'_>) -> Self {
                match ty.name() {
                    // SAFETY: the caller's promise.
                    $($go => Self::$variant(unsafe { <$ty as Elem>::get(at, values) }),)*
                    _ => match ty.kind() {
                        Kind::Map => Self::Map,
                        Kind::Func => Self::Func,
                        _ => Self::Other(ty.name().to_owned()),
                    },
                }
            }

            /// Gives back what a value of a type leads to, and its box.
            ///
            /// # Safety
            /// As [`Elem::release`].
            unsafe fn unbox(ty: &GoType, at: usize, values: &Values<'_>) {
                match ty.name() {
                    // SAFETY: the caller's promise.
                    $($go => unsafe { <$ty as Elem>::release(at, values) },)*
                    _ => return,
                }
                values.give_up(at);
            }
        }

        $(impl From<$ty> for Any {
            fn from(v: $ty) -> Self {
                Self::$variant(v)
            }
        })*
    };
}
any! {
    Bool(bool), "bool";
    Int(isize), "int";
    Int8(i8), "int8";
    Int16(i16), "int16";
    Int32(i32), "int32";
    Int64(i64), "int64";
    Uint(usize), "uint";
    Uint8(u8), "uint8";
    Uint16(u16), "uint16";
    Uint32(u32), "uint32";
    Uint64(u64), "uint64";
    Float32(f32), "float32";
    Float64(f64), "float64";
    Complex64(Complex64), "complex64";
    Complex128(Complex128), "complex128";
    String(GoString), "string";
    Slice(Vec<Any>), "[]interface {}";
}

impl From<&Self> for Any {
    fn from(v: &Self) -> Self {
        v.clone()
    }
}

impl From<&str> for Any {
    fn from(s: &str) -> Self {
        Self::String(s.into())
    }
}

// SAFETY: a type word of the runtime's own table, and a box that `Values` gave.
unsafe impl Elem for Any {
    type Repr = [usize; 2];
    const OWNS: bool = true;

    fn go_type() -> GoType {
        GoType::interface(&[])
    }

    /// # Panics
    /// For [`Any::Other`], which only reading makes.
    unsafe fn put(&self, at: usize, values: &Values<'_>) {
        assert!(!matches!(self, Self::Other(_)), "a value of an unknown type cannot be written");
        let types = &values.runtime().types;
        let word = self.number().map_or(0, |n| types.frequent(n as usize, || self.go_type().expect("it has a number")));
        // SAFETY: the caller's promise for the two words.
        unsafe {
            mem::st64(at, word as u64);
            mem::st64(at.wrapping_add(8), self.boxed(values) as u64);
        }
    }

    unsafe fn get(at: usize, values: &Values<'_>) -> Self {
        // SAFETY: the caller's promise for the two words and what they lead to.
        unsafe {
            let (word, data) = (mem::ld64(at) as usize, mem::ld64(at.wrapping_add(8)) as usize);
            match values.runtime().types.type_of(word) {
                None => Self::Nil,
                Some(ty) => Self::unboxed(&ty, data, values),
            }
        }
    }

    unsafe fn release(at: usize, values: &Values<'_>) {
        // SAFETY: as in `get`.
        unsafe {
            let (word, data) = (mem::ld64(at) as usize, mem::ld64(at.wrapping_add(8)) as usize);
            if let Some(ty) = values.runtime().types.type_of(word) {
                Self::unbox(&ty, data, values);
            }
        }
    }
}

// SAFETY: interfaces are comparable; what they hold need not be, and then the operation panics as in Go.
unsafe impl Key for Any {}
