//! Structs: tuples, and structs of the user's by [`go_struct!`](crate::go_struct).

use super::elem::Elem;
use super::key::Key;
use super::values::Values;
use crate::types::GoType;
use std::mem::offset_of;

/// Implements [`Elem`](crate::gomap::Elem) for a struct: as a Go struct with the same fields in the same order. With `key` after the
/// struct it is a [`Key`](crate::gomap::Key) too, for which every field's type must be one.
///
/// ```
/// use gohmap::gomap::GoMap;
/// use gohmap::runtime::{Runtime, RuntimeConfig};
///
/// gohmap::go_struct! {
///     #[derive(Clone, Debug, PartialEq)]
///     pub struct Point { pub x: i32, pub name: String }
///     key
/// }
///
/// let m = GoMap::<Point, f64>::make(&Runtime::new(RuntimeConfig::default()), 0);
/// m.insert(Point { x: 1, name: "a".to_owned() }, 0.5);
/// assert_eq!(m.get(Point { x: 1, name: "a".to_owned() }), 0.5);
/// assert_eq!(m.map_type().key.name(), "struct { x int32; name string }");
/// ```
///
/// A last field without size, behind which Go leaves a byte free, is refused when the map is made.
#[macro_export]
macro_rules! go_struct {
    (
        $(#[$attr:meta])* $vis:vis struct $name:ident { $($(#[$field_attr:meta])* $field_vis:vis $field:ident: $ty:ty),* $(,)? }
        $($key:ident)?
    ) => {
        $(#[$attr])*
        $vis struct $name { $($(#[$field_attr])* $field_vis $field: $ty),* }

        const _: () = {
            /// The same fields, laid out as Go lays them out.
            #[repr(C)]
            #[allow(dead_code, reason = "only its layout is used")]
            $vis struct Repr { $($field: <$ty as $crate::gomap::Elem>::Repr),* }

            // SAFETY: each field is written and read at its place in a struct of the same layout.
            unsafe impl $crate::gomap::Elem for $name {
                type Repr = Repr;
                const OWNS: bool = false $(|| <$ty as $crate::gomap::Elem>::OWNS)*;

                fn go_type() -> $crate::types::GoType {
                    $crate::types::GoType::structure(&[
                        $((stringify!($field), <$ty as $crate::gomap::Elem>::go_type())),*
                    ])
                }

                #[inline]
                unsafe fn put(&self, at: usize, values: &$crate::gomap::Values<'_>) {
                    let _ = (at, values);
                    $(
                        // SAFETY: the caller's promise, for the bytes of this field.
                        unsafe {
                            $crate::gomap::Elem::put(
                                &self.$field, at.wrapping_add(::core::mem::offset_of!(Repr, $field)), values)
                        }
                    )*
                }

                #[inline]
                unsafe fn get(at: usize, values: &$crate::gomap::Values<'_>) -> Self {
                    let _ = (at, values);
                    Self {
                        $(
                            // SAFETY: as in `put`.
                            $field: unsafe {
                                <$ty as $crate::gomap::Elem>::get(
                                    at.wrapping_add(::core::mem::offset_of!(Repr, $field)), values)
                            },
                        )*
                    }
                }

                #[inline]
                unsafe fn release(at: usize, values: &$crate::gomap::Values<'_>) {
                    let _ = (at, values);
                    $(
                        // SAFETY: as in `put`.
                        unsafe {
                            <$ty as $crate::gomap::Elem>::release(
                                at.wrapping_add(::core::mem::offset_of!(Repr, $field)), values)
                        }
                    )*
                }
            }
            $crate::go_struct!(@ $($key)? $name $($ty),*);
        };
    };
    (@ key $name:ident $($ty:ty),*) => {
        const _: () = {
            const fn is_key<K: $crate::gomap::Key>() {}
            $(is_key::<$ty>();)*
        };
        // SAFETY: every field is of a key type.
        unsafe impl $crate::gomap::Key for $name {}
    };
    (@ $name:ident $($ty:ty),*) => {};
}

macro_rules! tuples {
    ($($repr:ident: $($t:ident $field:tt $go:literal),*;)*) => {$(
        /// The same fields, laid out as Go lays them out.
        #[repr(C)]
        #[doc(hidden)]
        #[allow(missing_debug_implementations, reason = "no value is ever made")]
        pub struct $repr<$($t: Elem),*>($($t::Repr),*);

        // SAFETY: each field is written and read at its place in a struct of the same layout.
        unsafe impl<$($t: Elem),*> Elem for ($($t,)*) {
            type Repr = $repr<$($t),*>;
            const OWNS: bool = false $(|| $t::OWNS)*;

            fn go_type() -> GoType {
                GoType::structure(&[$(($go, $t::go_type())),*])
            }

            #[inline]
            unsafe fn put(&self, at: usize, values: &Values<'_>) {
                // SAFETY: the caller's promise, for the bytes of each field.
                $(unsafe { self.$field.put(at.wrapping_add(offset_of!(<Self as Elem>::Repr, $field)), values) })*
            }

            #[inline]
            unsafe fn get(at: usize, values: &Values<'_>) -> Self {
                // SAFETY: as above.
                ($(unsafe { $t::get(at.wrapping_add(offset_of!(<Self as Elem>::Repr, $field)), values) },)*)
            }

            #[inline]
            unsafe fn release(at: usize, values: &Values<'_>) {
                // SAFETY: as above.
                $(unsafe { $t::release(at.wrapping_add(offset_of!(<Self as Elem>::Repr, $field)), values) })*
            }
        }

        // SAFETY: every field is of a key type.
        unsafe impl<$($t: Key),*> Key for ($($t,)*) {}
    )*};
}
tuples! {
    Tuple1: A 0 "F0";
    Tuple2: A 0 "F0", B 1 "F1";
    Tuple3: A 0 "F0", B 1 "F1", C 2 "F2";
    Tuple4: A 0 "F0", B 1 "F1", C 2 "F2", D 3 "F3";
    Tuple5: A 0 "F0", B 1 "F1", C 2 "F2", D 3 "F3", E 4 "F4";
    Tuple6: A 0 "F0", B 1 "F1", C 2 "F2", D 3 "F3", E 4 "F4", F 5 "F5";
}
