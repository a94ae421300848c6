//! Package `sync/atomic`, as a Go program built with `-race` has it: each function is two frames, a wrapper and the assembly that
//! calls the detector.
#![expect(non_snake_case, reason = "Go's names, which its reports show")]

use sealed::Function;
use std::hint::black_box;

/// A type that `sync/atomic` has functions for.
pub trait Atomic: crate::gomap::Elem + Copy + PartialEq + sealed::Frames {
    /// `a + b`, as it overflows in Go.
    #[must_use]
    fn wrapping_add(self, b: Self) -> Self;
}

pub(super) mod sealed {
    /// What `sync/atomic` does to a variable.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Function {
        Load,
        Store,
        Add,
        Swap,
        CompareAndSwap,
    }

    /// Calls within the frames of one of the functions.
    pub trait Frames {
        fn within<R>(function: Function, f: impl FnOnce() -> R) -> R;
    }
}

macro_rules! functions {
    ($($ty:ty: $($function:ident $wrapper:ident $name:ident,)*;)*) => {$(
        $(
            #[inline(never)]
            fn $wrapper<R>(f: impl FnOnce() -> R) -> R {
                // Its name keeps it from being merged with the others.
                black_box(stringify!($wrapper));
                black_box($name(f))
            }

            #[inline(never)]
            fn $name<R>(f: impl FnOnce() -> R) -> R {
                black_box(stringify!($name));
                black_box(f())
            }
        )*

        impl sealed::Frames for $ty {
            #[inline(always)]
            fn within<R>(function: Function, f: impl FnOnce() -> R) -> R {
                match function {
                    $(Function::$function => $wrapper(f),)*
                }
            }
        }

        impl Atomic for $ty {
            fn wrapping_add(self, b: Self) -> Self {
                <$ty>::wrapping_add(self, b)
            }
        }
    )*};
}
functions! {
    i32: Load LoadInt32_wrapper LoadInt32, Store StoreInt32_wrapper StoreInt32, Add AddInt32_wrapper AddInt32,
        Swap SwapInt32_wrapper SwapInt32, CompareAndSwap CompareAndSwapInt32_wrapper CompareAndSwapInt32,;
    i64: Load LoadInt64_wrapper LoadInt64, Store StoreInt64_wrapper StoreInt64, Add AddInt64_wrapper AddInt64,
        Swap SwapInt64_wrapper SwapInt64, CompareAndSwap CompareAndSwapInt64_wrapper CompareAndSwapInt64,;
    u32: Load LoadUint32_wrapper LoadUint32, Store StoreUint32_wrapper StoreUint32, Add AddUint32_wrapper AddUint32,
        Swap SwapUint32_wrapper SwapUint32, CompareAndSwap CompareAndSwapUint32_wrapper CompareAndSwapUint32,;
    u64: Load LoadUint64_wrapper LoadUint64, Store StoreUint64_wrapper StoreUint64, Add AddUint64_wrapper AddUint64,
        Swap SwapUint64_wrapper SwapUint64, CompareAndSwap CompareAndSwapUint64_wrapper CompareAndSwapUint64,;
    usize: Load LoadUintptr_wrapper LoadUintptr, Store StoreUintptr_wrapper StoreUintptr, Add AddUintptr_wrapper AddUintptr,
        Swap SwapUintptr_wrapper SwapUintptr,
        CompareAndSwap CompareAndSwapUintptr_wrapper CompareAndSwapUintptr,;
}
