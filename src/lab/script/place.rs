//! A Go value in emulated memory: its type, its parts, integers, strings and interfaces in it.

use crate::heap::{Request, Role};
use crate::layout::mem;
use crate::runtime::Runtime;
use crate::types::{GoType, Kind, TypeTable};
use std::convert::Infallible;

/// Where a value lies, and what it is.
pub(super) struct Place<'a> {
    pub(super) rt: &'a Runtime,
    pub(super) ty: &'a GoType,
    pub(super) at: usize,
}

/// `new(T)` for some T of that size: an object that is never freed.
pub(super) fn new_object(rt: &Runtime, size: usize, pointers: bool) -> usize {
    let malloc_headers = rt.rules().malloc_header;
    let r = Request { size: size.max(1), noscan: !pointers, malloc_headers, owner: 0, role: Role::Other, table: 0 };
    let a = rt.heap.alloc(&r).expect("memory for a script's values");
    if a.needs_zero {
        // SAFETY: a new object.
        unsafe { mem::memclr(a.addr, size) };
    }
    a.addr
}

impl Place<'_> {
    /// Part of the value.
    fn part<'a>(&'a self, ty: &'a GoType, offset: usize) -> Place<'a> {
        Place { rt: self.rt, ty, at: self.at + offset }
    }

    /// Stores an integer of the type's size.
    pub(super) fn put(&self, v: u64) {
        // SAFETY: whoever makes a place names live memory of the type's size.
        unsafe {
            match self.ty.size() {
                0 => {}
                1 => mem::st8(self.at, v as u8),
                2 => mem::st16(self.at, v as u16),
                4 => mem::st32(self.at, v as u32),
                _ => mem::st64(self.at, v),
            }
        }
    }

    /// An integer of the type's size, without sign.
    pub(super) fn int(&self) -> u64 {
        // SAFETY: as above.
        unsafe {
            match self.ty.size() {
                0 => 0,
                1 => mem::ld8(self.at).into(),
                2 => mem::ld16(self.at).into(),
                4 => mem::ld32(self.at).into(),
                _ => mem::ld64(self.at),
            }
        }
    }

    /// Stores a string, and its bytes in an object of their own.
    pub(super) fn put_string(&self, s: &[u8]) {
        let data = if s.is_empty() { 0 } else { new_object(self.rt, s.len(), false) };
        // SAFETY: live memory, as above; a new object as long as the string.
        unsafe {
            for (i, &b) in s.iter().enumerate() {
                mem::st8(data + i, b);
            }
            mem::st64(self.at, data as u64);
            mem::st64(self.at + 8, s.len() as u64);
        }
    }

    /// Address and length of the string.
    pub(super) fn string(&self) -> (usize, usize) {
        // SAFETY: as above.
        unsafe { (mem::ld64(self.at) as usize, mem::ld64(self.at + 8) as usize) }
    }

    /// Calls `f` for every number, string, pointer and interface that the value consists of, except those in blank fields.
    pub(super) fn leaves<E>(&self, f: &mut impl FnMut(&Place) -> Result<(), E>) -> Result<(), E> {
        match self.ty.kind() {
            Kind::Array(elem, n) => (0..*n).try_for_each(|i| self.part(elem, i * elem.size()).leaves(f)),
            Kind::Struct(fields) => {
                fields.iter().filter(|x| !x.is_blank()).try_for_each(|x| self.part(&x.ty, x.offset).leaves(f))
            }
            Kind::Complex => {
                let part = if self.ty.size() == 8 { GoType::float32() } else { GoType::float64() };
                f(&self.part(&part, 0)).and_then(|()| f(&self.part(&part, part.size())))
            }
            _ => f(self),
        }
    }

    /// [`leaves`](Self::leaves) with something that cannot fail.
    pub(super) fn each_leaf(&self, mut f: impl FnMut(&Place)) {
        let done: Result<(), Infallible> = self.leaves(&mut |p| {
            f(p);
            Ok(())
        });
        let Ok(()) = done;
    }

    /// Elements of an array, fields of a struct.
    pub(super) fn parts(&self) -> Vec<Place<'_>> {
        match self.ty.kind() {
            Kind::Struct(fields) => fields.iter().map(|f| self.part(&f.ty, f.offset)).collect(),
            Kind::Array(elem, n) => (0..*n).map(|i| self.part(elem, i * elem.size())).collect(),
            _ => Vec::new(),
        }
    }

    fn has_methods(&self) -> bool {
        matches!(self.ty.kind(), Kind::Interface(m) if !m.is_empty())
    }

    /// Makes the interface hold a value of type `ty`, which `store` stores.
    pub(super) fn hold<E>(&self, ty: &GoType, store: impl FnOnce(&Place) -> Result<(), E>) -> Result<(), E> {
        let word = if self.has_methods() { self.rt.types.itab(self.ty, ty) } else { self.rt.types.word(ty) };
        let direct = ty.direct_iface();
        let at = if direct { self.at + 8 } else { new_object(self.rt, ty.size(), ty.has_pointers()) };
        store(&Place { rt: self.rt, ty, at })?;
        // SAFETY: live memory of an interface's size.
        unsafe {
            mem::st64(self.at, word as u64);
            if !direct {
                mem::st64(self.at + 8, at as u64);
            }
        }
        Ok(())
    }

    /// Type and address of what the interface holds; `None` for nil.
    pub(super) fn held(&self) -> Option<(GoType, usize)> {
        // SAFETY: an interface value of a healthy map.
        let (word, data) = unsafe { (mem::ld64(self.at) as usize, mem::ld64(self.at + 8) as usize) };
        if word == 0 {
            return None;
        }
        // SAFETY: as above.
        let ty = unsafe {
            let word = if self.has_methods() { TypeTable::type_of_itab(word) } else { word };
            self.rt.types.type_of(word)?
        };
        let at = if ty.direct_iface() { self.at + 8 } else { data };
        Some((ty, at))
    }
}
