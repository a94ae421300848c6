//! Core files (core(5), elf(5)): reading one, and writing one of a live process.

use super::memory::Unreadable;
use super::process::{Mapping, Process, read_of};
use memmap2::Mmap;
use object::read::elf::{FileHeader, ProgramHeader};
use object::{LittleEndian, elf};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

/// A part of memory that a core holds, or knows of.
#[derive(Clone, Copy, Debug)]
struct Segment {
    addr: u64,
    /// Bytes in the file.
    held: u64,
    offset: u64,
}

/// A core.
#[derive(Debug)]
pub struct Core {
    data: Mmap,
    segments: Vec<Segment>,
    /// The program's entry point, as the kernel told the program (`AT_ENTRY`).
    pub entry: Option<u64>,
    /// What is missing at the end of the file, in words.
    pub cut: Option<String>,
}

/// `AT_ENTRY` of `<elf.h>`.
const AT_ENTRY: u64 = 9;
/// `NT_AUXV` of `<elf.h>`.
const NT_AUXV: u32 = 6;

impl Core {
    /// Whether a file looks like a core: an ELF file of type `ET_CORE`.
    #[must_use]
    pub fn is_one(path: &Path) -> bool {
        let mut start = [0; 18];
        File::open(path).and_then(|mut f| io::Read::read_exact(&mut f, &mut start)).is_ok()
            && start.starts_with(b"\x7fELF")
            && u16::from_le_bytes([start[16], start[17]]) == elf::ET_CORE.0
    }

    /// Reads a core.
    ///
    /// # Errors
    /// In one line: no file, no permission, no core.
    pub fn open(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let file = File::open(path).map_err(|e| match e.kind() {
            io::ErrorKind::NotFound => format!("there is no core {shown}"),
            io::ErrorKind::PermissionDenied => format!("no permission to read {shown}: run as its owner or as root"),
            _ => format!("{shown} cannot be read: {e}"),
        })?;
        // SAFETY: the file is only read; what happens to it meanwhile is its owner's doing.
        let data = unsafe { Mmap::map(&file) }.map_err(|e| format!("{shown} cannot be read: {e}"))?;
        let bad = |e: object::Error| {
            format!(
                "{shown} is no ELF core that can be read: {e}; a core that is cut short within its headers is of no use"
            )
        };
        if !data.starts_with(b"\x7fELF") {
            return Err(format!("{shown} is no core: give a core file or the number of a process"));
        }
        let header = elf::FileHeader64::<LittleEndian>::parse(&*data).map_err(bad)?;
        if header.e_type.get(LittleEndian) != elf::ET_CORE {
            return Err(format!("{shown} is no core but a program: give a core file or the number of a process"));
        }
        let programs = header.program_headers(LittleEndian, &*data).map_err(bad)?;
        let (mut segments, mut entry, mut cut) = (Vec::new(), None, None);
        for p in programs {
            let (offset, held) = (p.p_offset(LittleEndian), p.p_filesz(LittleEndian));
            let there = (data.len() as u64).saturating_sub(offset).min(held);
            if there < held && cut.is_none() {
                cut = Some(format!(
                    "the core is cut short: it should have {} bytes at least, and has {}; see ulimit -c, the disk, and systemd's ProcessSizeMax and ExternalSizeMax",
                    offset + held,
                    data.len()
                ));
            }
            match p.p_type(LittleEndian) {
                elf::PT_LOAD => segments.push(Segment { addr: p.p_vaddr(LittleEndian), held: there, offset }),
                elf::PT_NOTE => {
                    let Ok(Some(mut notes)) = p.notes(LittleEndian, &*data) else { continue };
                    while let Ok(Some(note)) = notes.next() {
                        if note.n_type(LittleEndian).0 == NT_AUXV {
                            entry = entry_of(note.desc());
                        }
                    }
                }
                _ => {}
            }
        }
        segments.sort_by_key(|s| s.addr);
        Ok(Self { data, segments, entry, cut })
    }

    /// Reads memory; what the core knows of but does not hold, `rest` is asked for.
    pub(super) fn read(
        &self,
        addr: u64,
        buf: &mut [u8],
        rest: impl Fn(u64, &mut [u8]) -> bool,
    ) -> Result<(), Unreadable> {
        let (len, mut done) = (buf.len(), 0);
        while done < len {
            let at = addr.wrapping_add(done as u64);
            let i = self.segments.partition_point(|s| s.addr <= at);
            let held = i.checked_sub(1).map(|i| self.segments[i]).filter(|s| at - s.addr < s.held);
            let Some(s) = held else {
                // Up to the next segment.
                let next = self.segments.get(i).map_or(u64::MAX, |s| s.addr);
                let n = (len - done).min(usize::try_from(next - at).unwrap_or(usize::MAX));
                if !rest(at, &mut buf[done..done + n]) {
                    return Err(match &self.cut {
                        Some(cut) => Unreadable::Target(format!("{at:#x} is not in the core: {cut}")),
                        None => Unreadable::At { addr, len },
                    });
                }
                done += n;
                continue;
            };
            let skip = at - s.addr;
            let n = ((s.held - skip) as usize).min(len - done);
            let from = (s.offset + skip) as usize;
            buf[done..done + n].copy_from_slice(&self.data[from..from + n]);
            done += n;
        }
        Ok(())
    }
}

/// `AT_ENTRY` in an auxiliary vector.
#[must_use]
pub fn entry_of(auxv: &[u8]) -> Option<u64> {
    let word = |b: &[u8]| u64::from_le_bytes(b.try_into().expect("eight bytes"));
    auxv.chunks_exact(16).find(|c| word(&c[..8]) == AT_ENTRY).map(|c| word(&c[8..]))
}

/// Writes a core of a process: its auxiliary vector, and all memory that can be read and is not a device's. Other programs read
/// it too, though without threads and registers. Returns the bytes written.
///
/// # Errors
/// In one line, when the process cannot be read or the file not be written; there is no file then.
pub fn save(process: &Process, path: &Path) -> Result<u64, String> {
    let part = path.with_file_name(format!(
        "{}.part",
        path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default()
    ));
    let done = write(process, &part).and_then(|n| {
        std::fs::rename(&part, path).map(|()| n).map_err(|e| format!("{} cannot be written: {e}", path.display()))
    });
    if done.is_err() {
        let _ = std::fs::remove_file(&part);
    }
    done
}

fn write(process: &Process, path: &Path) -> Result<u64, String> {
    let auxv = process.auxv()?;
    let wanted = |m: &Mapping| m.access & 4 != 0 && !m.path.starts_with("/dev/") && !m.path.starts_with("[v");
    let mappings: Vec<Mapping> = process.mappings()?.into_iter().filter(wanted).collect();
    let failed = |e: io::Error| format!("{} cannot be written: {e}", path.display());
    let mut out = BufWriter::with_capacity(1 << 20, File::create(path).map_err(failed)?);
    let mut note = Vec::new();
    for word in [5, auxv.len() as u32, NT_AUXV] {
        note.extend(word.to_le_bytes());
    }
    note.extend(b"CORE\0\0\0\0");
    note.extend(&auxv);
    let page = |n: u64| n.next_multiple_of(4096);
    let headers = 64 + 56 * (mappings.len() as u64 + 1);
    let mut head = Vec::new();
    head.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    let half = |v: u16, to: &mut Vec<u8>| to.extend(v.to_le_bytes());
    half(elf::ET_CORE.0, &mut head);
    half(elf::EM_X86_64.0, &mut head);
    head.extend(1_u32.to_le_bytes());
    for word in [0_u64, 64, 0] {
        head.extend(word.to_le_bytes());
    }
    head.extend(0_u32.to_le_bytes());
    for v in [64, 56, mappings.len() as u16 + 1, 0, 0, 0] {
        half(v, &mut head);
    }
    let mut program = |kind: u32, flags: u32, offset: u64, addr: u64, held: u64| {
        head.extend(kind.to_le_bytes());
        head.extend(flags.to_le_bytes());
        for word in [offset, addr, 0, held, held, if kind == elf::PT_LOAD.0 { 4096 } else { 4 }] {
            head.extend(word.to_le_bytes());
        }
    };
    program(elf::PT_NOTE.0, 0, headers, 0, note.len() as u64);
    let mut at = page(headers + note.len() as u64);
    let start = at;
    for m in &mappings {
        // r, w, x are 4, 2, 1 in ELF too.
        program(elf::PT_LOAD.0, m.access.into(), at, m.start, m.end - m.start);
        at += m.end - m.start;
    }
    head.extend(note);
    head.resize(start as usize, 0);
    out.write_all(&head).map_err(failed)?;
    let mut chunk = vec![0; 1 << 20];
    for m in &mappings {
        let mut from = m.start;
        while from < m.end {
            let n = ((m.end - from) as usize).min(chunk.len());
            match read_of(process.pid, from, &mut chunk[..n]) {
                Ok(()) => {}
                // A page behind the end of a file, or that has just gone: zeroes.
                Err(Unreadable::At { .. }) => chunk[..n].fill(0),
                Err(e) => return Err(e.to_string()),
            }
            out.write_all(&chunk[..n]).map_err(failed)?;
            from += n as u64;
        }
    }
    out.into_inner().map_err(|e| failed(e.into_error()))?.sync_all().map_err(failed)?;
    Ok(at)
}
