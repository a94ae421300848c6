//! Types as a running program describes them itself: `abi.Type` and what follows it (`internal/abi/type.go`; up to Go 1.20
//! `runtime/type.go`), read from its memory. Debug information lacks types that only interfaces hold.

use super::memory::{Memory, word_of};
use crate::types::GoType;

/// `abi.Type`: 48 bytes.
const SIZE: u64 = 48;
/// `abi.TFlagExtraStar`: the name has a star in front that does not belong to it.
const EXTRA_STAR: u8 = 2;
/// Arrays of structs of arrays: no sane type is as deep.
const DEEPEST: usize = 64;
/// Nor has as many fields.
const MOST_FIELDS: u64 = 1 << 12;
/// Nor is as large: 1 << 47 bytes would be half the address space.
const LARGEST: u64 = 1 << 32;

/// The type whose descriptor is at `at`, when `types` is where names are counted from (`moduledata.types`). `None` when there is
/// none: its own sizes must fit together.
pub(super) fn decode(mem: &dyn Memory, types: u64, at: u64) -> Option<GoType> {
    decode_to(mem, types, at, 0)
}

fn decode_to(mem: &dyn Memory, types: u64, at: u64, depth: usize) -> Option<GoType> {
    if depth > DEEPEST {
        return None;
    }
    let head = mem.bytes(at, SIZE as usize).ok()?;
    let (size, tflag, kind) = (word_of(&head, 0), head[20], head[23] & 31);
    let str_offset = i32::from_le_bytes(head[40..44].try_into().expect("four bytes"));
    let name = name(mem, types.wrapping_add_signed(str_offset.into()))?;
    let name = if tflag & EXTRA_STAR != 0 { name.strip_prefix('*')?.to_owned() } else { name };
    let next = |i: u64| mem.word(at + SIZE + 8 * i).ok();
    let of = |at| decode_to(mem, types, at, depth + 1);
    let byte = GoType::uint8;
    if size > LARGEST {
        return None;
    }
    let underlying = match kind {
        1 => GoType::bool(),
        2..=16 => GoType::predeclared(NUMBERS[usize::from(kind) - 2])?,
        17 => GoType::array(&of(next(0)?)?, usize::try_from(next(2)?).ok().filter(|n| *n as u64 <= LARGEST)?),
        18 => GoType::chan(&byte()),
        19 => GoType::func(&[], &[]),
        20 => GoType::interface(if next(2)? == 0 { &[] } else { &["?"] }),
        21 => GoType::map(&byte(), &byte()),
        22 => GoType::pointer(&byte()),
        23 => GoType::slice(&byte()),
        24 => GoType::string(),
        25 => {
            let (fields, n) = (next(1)?, next(2)?);
            let fields = mem.bytes(fields, usize::try_from(n.min(MOST_FIELDS)).ok()? * 24).ok()?;
            let mut laid = Vec::new();
            for f in fields.chunks_exact(24) {
                laid.push((self::name(mem, word_of(f, 0))?, of(word_of(f, 8))?));
            }
            let laid: Vec<(&str, GoType)> = laid.iter().map(|(name, ty)| (name.as_str(), ty.clone())).collect();
            GoType::structure(&laid)
        }
        26 => GoType::unsafe_pointer(),
        _ => return None,
    };
    (underlying.size() as u64 == size).then(|| GoType::named(&name, &underlying))
}

/// `abi.Name`: a byte of flags, the length in groups of seven bits, the text.
fn name(mem: &dyn Memory, at: u64) -> Option<String> {
    let head = mem.bytes(at, 3).ok()?;
    let (len, skip) = match head[1] & 0x80 {
        0 => (usize::from(head[1]), 2),
        _ => (usize::from(head[1] & 0x7f) | usize::from(head[2] & 0x7f) << 7, 3),
    };
    String::from_utf8(mem.bytes(at + skip, len).ok()?).ok()
}

/// `reflect.Kind` from `int` on.
const NUMBERS: [&str; 15] = [
    "int",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "uintptr",
    "float32",
    "float64",
    "complex64",
    "complex128",
];
