//! Where a map's bytes are read from: this process, another one, a core file. Reading never faults and changes nothing.

use crate::types::GoType;
use std::fmt;

/// Memory that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Nothing is mapped there, or a core does not hold it.
    #[error("{addr:#x} cannot be read ({len} bytes)")]
    At {
        /// The first address that was asked for.
        addr: u64,
        /// Bytes that were asked for.
        len: usize,
    },
    /// The process is gone, or it or its memory must not be read: what to do about it.
    #[error("{0}")]
    Target(String),
}

/// A program's memory, and what its type words mean.
pub trait Memory {
    /// Reads `buf.len()` bytes at `addr`.
    ///
    /// # Errors
    /// When one of them cannot be read; `buf` holds anything then.
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable>;

    /// The type whose descriptor (`abi.Type`) is at `word`, as an interface's type word or an itab says; `None` when nobody
    /// knows.
    fn type_at(&self, word: u64) -> Option<GoType>;

    /// Reads `len` bytes at `addr`.
    ///
    /// # Errors
    /// As [`read`](Self::read); also when `len` is more than a program can have, as broken lengths often are.
    fn bytes(&self, addr: u64, len: usize) -> Result<Vec<u8>, Unreadable> {
        let gone = || Unreadable::At { addr, len };
        if len >= 1 << 40 || addr.checked_add(len as u64).is_none() {
            return Err(gone());
        }
        // So that a broken length of gigabytes costs nothing: the ends first.
        if len > 1 << 24 {
            self.read(addr, &mut [0])?;
            self.read(addr + len as u64 - 1, &mut [0])?;
        }
        let mut buf = Vec::new();
        buf.try_reserve_exact(len).map_err(|_| gone())?;
        buf.resize(len, 0);
        self.read(addr, &mut buf)?;
        Ok(buf)
    }

    /// The word at `addr`.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    fn word(&self, addr: u64) -> Result<u64, Unreadable> {
        let mut w = [0; 8];
        self.read(addr, &mut w)?;
        Ok(u64::from_le_bytes(w))
    }
}

impl<M: Memory + ?Sized> Memory for &M {
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        (**self).read(addr, buf)
    }

    fn type_at(&self, word: u64) -> Option<GoType> {
        (**self).type_at(word)
    }
}

/// The little-endian word at offset `at` of `bytes`.
///
/// # Panics
/// When it is not all there.
#[must_use]
pub(crate) fn word_of(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// An address, as Go prints them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addr(pub u64);

impl fmt::Display for Addr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
