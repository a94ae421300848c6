//! Keys as the assembly goes through them: as strings and plain memory, one after the other.

use super::alg::{Alg, Run};
use super::gotype::{GoType, Kind};

/// A part of a key.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Part {
    /// Bytes from the start of the key.
    offset: u32,
    /// How many bytes of plain memory; 0 for a string.
    size: u32,
}

/// How many parts a key may have that the assembly is for.
const MAX_PARTS: usize = 8;

/// The parts of a key, in the order in which they are hashed. `repr(C)`, because the assembly reads it.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// How many there are.
    count: u32,
    /// Keys hold pointers.
    pointers: u32,
    parts: [Part; MAX_PARTS],
}

impl Parts {
    /// Those of a type whose hash and equality are functions of the compiler's; `None` when there are too many, or others
    /// than strings and plain memory.
    pub(super) fn of(ty: &GoType) -> Option<Self> {
        let mut all = Self { pointers: ty.has_pointers().into(), ..Self::default() };
        // Keys are moved by words.
        (ty.alg() == Alg::Special && ty.size().is_multiple_of(8)).then_some(())?;
        all.add(ty, 0)?;
        Some(all)
    }

    /// Where the first string is.
    pub(super) fn first_string(&self) -> Option<usize> {
        let parts = &self.parts[..self.count as usize];
        parts.iter().find(|p| p.size == 0).map(|p| p.offset as usize)
    }

    fn push(&mut self, offset: usize, size: usize) -> Option<()> {
        let part = self.parts.get_mut(self.count as usize)?;
        *part = Part { offset: offset.try_into().ok()?, size: size.try_into().ok()? };
        self.count += 1;
        Some(())
    }

    /// Adds those of a type that is no plain memory.
    fn add(&mut self, ty: &GoType, at: usize) -> Option<()> {
        match (ty.alg(), ty.kind()) {
            (Alg::String, _) => self.push(at, 0),
            (Alg::Special, Kind::Array(elem, n)) => (0..*n).try_for_each(|i| self.add(elem, at + i * elem.size())),
            (Alg::Special, _) => ty.runs().iter().try_for_each(|run| match run {
                Run::Mem { size: 0, .. } => None,
                Run::Mem { offset, size } => self.push(at + offset, *size),
                Run::Field { offset, ty } => self.add(ty, at + offset),
            }),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(ty: &str) -> Option<Vec<(u32, u32)>> {
        let parts = Parts::of(&GoType::parse(ty).expect("a type"))?;
        Some(parts.parts[..parts.count as usize].iter().map(|p| (p.offset, p.size)).collect())
    }

    #[test]
    fn strings_and_what_lies_between() {
        assert_eq!(of("struct{a string; b uint64}"), Some(vec![(0, 0), (16, 8)]));
        assert_eq!(of("struct{a uint8; b uint32; c string; d, e uint32}"), Some(vec![(0, 1), (4, 4), (8, 0), (24, 8)]));
        assert_eq!(of("[3]string"), Some(vec![(0, 0), (16, 0), (32, 0)]));
        assert_eq!(of("struct{a struct{b string; c *int}; _ string; d string}"), Some(vec![(0, 0), (16, 8), (40, 0)]));
        assert_eq!(of("struct{a uint8; b uint64}"), Some(vec![(0, 1), (8, 8)]));
    }

    #[test]
    fn others_have_none() {
        for ty in ["string", "uint64", "struct{a string; b float64}", "struct{a string; b any}", "[9]string"] {
            assert_eq!(of(ty), None, "{ty}");
        }
    }
}
