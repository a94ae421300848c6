//! A Go binary: its symbols, debug information, and the bytes that a core may leave out.

use super::dwarf::{Dwarf, DwarfError};
use memmap2::Mmap;
use object::{Object, ObjectKind, ObjectSegment, ObjectSymbol};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Symbols of the runtime that are needed.
const SYMBOLS: [&str; 5] =
    ["runtime.buildVersion", "runtime.aeskeysched", "runtime.useAeshash", "runtime.hashkey", "runtime.types"];

/// A Go binary.
#[derive(Debug)]
pub struct Binary {
    path: PathBuf,
    data: Mmap,
    /// Variables and types.
    pub dwarf: Dwarf,
    symbols: HashMap<&'static str, u64>,
    /// Its entry point, before it is moved.
    pub entry: u64,
    /// Parts of the file, and where they are mapped: address, offset, length.
    segments: Vec<(u64, usize, usize)>,
}

impl Binary {
    /// Reads a binary.
    ///
    /// # Errors
    /// In one line, with what to do about it: no file, no permission, no 64-bit ELF program, no debug information, not Go.
    pub fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let file = File::open(path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => format!("there is no binary {shown}"),
            io::ErrorKind::PermissionDenied => {
                format!("no permission to read {shown}: run as its owner or as root, or name a copy of the binary with --exe")
            }
            _ => format!("{shown} cannot be read: {e}"),
        })?;
        // SAFETY: the file is only read; a binary that somebody cuts short meanwhile kills us as it kills its own process.
        let data = unsafe { Mmap::map(&file) }.map_err(|e| format!("{shown} cannot be read: {e}"))?;
        let elf = object::File::parse(&*data).map_err(|e| format!("{shown} is no ELF binary: {e}"))?;
        if !elf.is_64() || !elf.is_little_endian() || elf.architecture() != object::Architecture::X86_64 {
            return Err(format!("{shown} is no program for amd64"));
        }
        if elf.kind() == ObjectKind::Core {
            return Err(format!("{shown} is a core, not a binary: name the program that left it with --exe"));
        }
        let symbols: HashMap<&'static str, u64> =
            elf.symbols().filter_map(|s| Some((*SYMBOLS.iter().find(|n| s.name() == Ok(**n))?, s.address()))).collect();
        let dwarf = Dwarf::read(&elf).map_err(|e| match e {
            DwarfError::Missing => format!(
                "{shown} has no debug information: build it without -ldflags=-w and -s and without strip, or name such a build of the same source with --exe"
            ),
            e @ DwarfError::Bad(_) => format!("{shown}: {e}"),
        })?;
        if !symbols.contains_key("runtime.buildVersion") {
            return Err(format!("{shown} is no Go program, or its symbols are gone (build it without -ldflags=-s)"));
        }
        let segments = elf
            .segments()
            .map(|s| {
                let (offset, len) = s.file_range();
                (s.address(), offset as usize, len as usize)
            })
            .collect();
        let entry = elf.entry();
        drop(elf);
        Ok(Self { path: path.to_owned(), data, dwarf, symbols, entry, segments })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the binary has a symbol.
    #[must_use]
    pub fn symbol(&self, name: &str) -> Option<u64> {
        self.symbols.get(name).copied()
    }

    /// The file's bytes at an address of the binary: what a program has there that has not written to it.
    #[must_use]
    pub fn bytes(&self, addr: u64, len: usize) -> Option<&[u8]> {
        self.segments.iter().find_map(|&(at, offset, n)| {
            let skip = usize::try_from(addr.checked_sub(at)?).ok()?;
            (skip.checked_add(len)? <= n).then(|| self.data.get(offset + skip..offset + skip + len)).flatten()
        })
    }
}
