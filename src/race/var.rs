//! Variables that goroutines share, and `sync/atomic` on them.

use super::atomic::Atomic;
use super::atomic::sealed::Function;
use super::detector::Sync;
use super::map::Footprint;
use super::object::Object;
use super::shadow::Kind;
use super::world::{self, Home};
use crate::gomap::watched::{load, store};
use crate::gomap::{Elem, Pointer};
use std::marker::PhantomData;

/// A Go variable of type `T`: loads and stores of it are watched, as those that the compiler instruments.
///
/// `T` leads to no further memory: numbers, `bool`, [`Pointer`], arrays and structs of them.
#[derive(Debug)]
pub struct Var<T: Elem> {
    object: Object,
    home: Home,
    footprint: Footprint,
    sync: Sync,
    ty: PhantomData<fn(T) -> T>,
}

impl<T: Elem> Var<T> {
    /// `var x T = v`.
    ///
    /// # Panics
    /// Outside a program.
    #[must_use]
    pub fn new(v: T) -> Self {
        let ty = T::go_type();
        let var = Self {
            object: Object::new(ty.size()),
            home: Home::here(),
            footprint: Footprint::of(&ty),
            sync: world::new_syncs(1),
            ty: PhantomData,
        };
        var.put(&v);
        var
    }

    /// `&x`, which a map may hold.
    #[must_use]
    pub fn pointer(&self) -> Pointer {
        Pointer(self.object.addr)
    }

    /// `x`.
    pub fn load(&self) -> T {
        self.enter(Kind::READ);
        self.value()
    }

    /// `x = v`.
    pub fn store(&self, v: T) {
        self.enter(Kind::WRITE);
        self.put(&v);
    }

    /// `x op= …`: a load, then a store.
    pub fn update(&self, f: impl FnOnce(T) -> T) {
        self.store(f(self.load()));
    }

    fn enter(&self, kind: Kind) {
        self.home.check();
        world::pause();
        world::access(kind, self.footprint.at(self.object.addr));
    }

    fn value(&self) -> T {
        // SAFETY: the variable's own bytes; goroutines take turns, and only those of its program get here.
        unsafe { load(&self.object.rt, self.object.addr) }
    }

    fn put(&self, v: &T) {
        // SAFETY: as above.
        unsafe { store(&self.object.rt, self.object.addr, v) }
    }
}

/// The functions of `sync/atomic`. In Go's memory model an atomic operation synchronises with those that observe it; the detector
/// lets a load acquire, a store release and the others do both.
impl<T: Atomic> Var<T> {
    /// `atomic.Load`.
    pub fn atomic_load(&self) -> T {
        T::within(Function::Load, || {
            self.enter(Kind::ATOMIC_READ);
            world::with(|d, t| d.acquire(t, self.sync));
            self.value()
        })
    }

    /// `atomic.Store`.
    pub fn atomic_store(&self, v: T) {
        T::within(Function::Store, || {
            self.enter(Kind::ATOMIC_WRITE);
            world::with(|d, t| d.release(t, self.sync));
            self.put(&v);
        });
    }

    /// `atomic.Add`: the new value.
    pub fn atomic_add(&self, delta: T) -> T {
        T::within(Function::Add, || {
            self.enter(Kind::ATOMIC_WRITE);
            world::with(|d, t| d.release_acquire(t, self.sync));
            let v = self.value().wrapping_add(delta);
            self.put(&v);
            v
        })
    }

    /// `atomic.Swap`: the old value.
    pub fn atomic_swap(&self, v: T) -> T {
        T::within(Function::Swap, || {
            self.enter(Kind::ATOMIC_WRITE);
            world::with(|d, t| d.release_acquire(t, self.sync));
            let old = self.value();
            self.put(&v);
            old
        })
    }

    /// `atomic.CompareAndSwap`: whether the variable was `old` and is `new` now. Otherwise it only acquires.
    pub fn atomic_compare_and_swap(&self, old: T, new: T) -> bool {
        T::within(Function::CompareAndSwap, || {
            self.enter(Kind::ATOMIC_WRITE);
            let swaps = self.value() == old;
            world::with(|d, t| if swaps { d.release_acquire(t, self.sync) } else { d.acquire(t, self.sync) });
            if swaps {
                self.put(&new);
            }
            swaps
        })
    }
}
