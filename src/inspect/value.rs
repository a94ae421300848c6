//! Values of Go types in somebody else's memory: as text, as JSON, and copied over so that they can be hashed and compared here.

use super::memory::{Memory, Unreadable, word_of};
use crate::runtime::Runtime;
use crate::types::{GoType, Kind, MapType};
use serde_json::{Map, Value, json};
use std::fmt::Write;

/// Strings are shown up to this many bytes.
const LONGEST: usize = 256;
/// Interfaces in interfaces are followed up to this depth; broken memory can nest them in themselves.
const DEEPEST: usize = 16;

/// `abi.ITab.Type`, where an itab says what it holds (`runtime/runtime2.go`, `internal/abi/iface.go`).
const ITAB_TYPE: u64 = 8;

fn number(bytes: &[u8]) -> u64 {
    let mut w = [0; 8];
    w[..bytes.len()].copy_from_slice(bytes);
    u64::from_le_bytes(w)
}

fn signed(bytes: &[u8]) -> i64 {
    let unused = 64 - 8 * bytes.len() as u32;
    (number(bytes) as i64) << unused >> unused
}

fn float(bytes: &[u8]) -> f64 {
    if bytes.len() == 4 { f32::from_bits(number(bytes) as u32).into() } else { f64::from_bits(number(bytes)) }
}

/// A float as Go's `%v` prints it.
fn show_float(x: f64, short: bool) -> String {
    if x.is_nan() {
        return "NaN".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let digits = if short { format!("{:e}", x as f32) } else { format!("{x:e}") };
    let (mantissa, exponent) = digits.split_once('e').expect("an exponent");
    let e: i32 = exponent.parse().expect("a number");
    if (-4..21).contains(&e) {
        return if short { (x as f32).to_string() } else { x.to_string() };
    }
    let sign = if e < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", e.abs())
}

/// The text of the string whose header is `bytes`, and how long it is.
fn string(mem: &dyn Memory, bytes: &[u8]) -> Result<(String, u64), Unreadable> {
    let (data, len) = (word_of(bytes, 0), word_of(bytes, 8));
    let text = mem.bytes(data, usize::try_from(len).unwrap_or(usize::MAX).min(LONGEST))?;
    Ok((String::from_utf8_lossy(&text).into_owned(), len))
}

/// What an interface value holds: its type and bytes; `None` for nil.
fn dynamic(mem: &dyn Memory, methods: bool, bytes: &[u8]) -> Result<Option<(GoType, Vec<u8>)>, String> {
    let (word, data) = (word_of(bytes, 0), word_of(bytes, 8));
    if word == 0 {
        return Ok(None);
    }
    let word = if methods { mem.word(word.wrapping_add(ITAB_TYPE)).map_err(|e| e.to_string())? } else { word };
    let ty = mem.type_at(word).ok_or_else(|| format!("no type at {word:#x}"))?;
    let value = if ty.direct_iface() {
        bytes[8..16].to_vec()
    } else {
        mem.bytes(data, ty.size()).map_err(|e| e.to_string())?
    };
    Ok(Some((ty, value)))
}

/// A value in Go's words, much as `%v` and `%q` print it: strings quoted, pointers as addresses.
#[must_use]
pub fn show(mem: &dyn Memory, ty: &GoType, bytes: &[u8]) -> String {
    let mut out = String::new();
    write_value(mem, ty, bytes, &mut out, 0);
    out
}

fn write_value(mem: &dyn Memory, ty: &GoType, bytes: &[u8], out: &mut String, depth: usize) {
    let _ = match ty.kind() {
        Kind::Bool => write!(out, "{}", bytes[0] != 0),
        Kind::Int => write!(out, "{}", signed(bytes)),
        Kind::Uint => write!(out, "{}", number(bytes)),
        Kind::Float => write!(out, "{}", show_float(float(bytes), ty.size() == 4)),
        Kind::Complex => {
            let half = ty.size() / 2;
            let part = |b| show_float(float(b), half == 4);
            let (re, im) = (part(&bytes[..half]), part(&bytes[half..]));
            let plus = if im.starts_with(['+', '-']) { "" } else { "+" };
            write!(out, "({re}{plus}{im}i)")
        }
        Kind::String => match string(mem, bytes) {
            Ok((text, len)) if len as usize > LONGEST => write!(out, "{text:?}… ({len} bytes)"),
            Ok((text, _)) => write!(out, "{text:?}"),
            Err(e) => write!(out, "string({e})"),
        },
        Kind::Slice => {
            write!(out, "{ty}({:#x} len {} cap {})", word_of(bytes, 0), word_of(bytes, 8), word_of(bytes, 16))
        }
        Kind::Array(elem, n) => {
            out.push('[');
            for i in 0..*n {
                if i > 0 {
                    out.push(' ');
                }
                write_value(mem, elem, &bytes[i * elem.size()..(i + 1) * elem.size()], out, depth);
            }
            write!(out, "]")
        }
        Kind::Struct(fields) => {
            out.push('{');
            for (i, f) in fields.iter().enumerate() {
                let space = if i > 0 { " " } else { "" };
                let _ = write!(out, "{space}{}:", f.name);
                write_value(mem, &f.ty, &bytes[f.offset..f.end()], out, depth);
            }
            write!(out, "}}")
        }
        Kind::Interface(_) if depth == DEEPEST => write!(out, "…"),
        Kind::Interface(methods) => match dynamic(mem, !methods.is_empty(), bytes) {
            Ok(None) => write!(out, "nil"),
            Ok(Some((ty, value))) => {
                let _ = write!(out, "{ty}(");
                write_value(mem, &ty, &value, out, depth + 1);
                write!(out, ")")
            }
            Err(e) => write!(out, "interface({e})"),
        },
        Kind::UnsafePointer | Kind::Pointer | Kind::Chan | Kind::Func | Kind::Map => match number(bytes) {
            0 => write!(out, "nil"),
            p => write!(out, "{p:#x}"),
        },
    };
}

/// A value as JSON: pointers, and floats that JSON has no number for, as strings; structs as objects; an interface as
/// `{"type": …, "value": …}`; of slices, where they are.
#[must_use]
pub fn to_json(mem: &dyn Memory, ty: &GoType, bytes: &[u8]) -> Value {
    json_value(mem, ty, bytes, 0)
}

fn json_value(mem: &dyn Memory, ty: &GoType, bytes: &[u8], depth: usize) -> Value {
    match ty.kind() {
        Kind::Bool => json!(bytes[0] != 0),
        Kind::Int => json!(signed(bytes)),
        Kind::Uint => json!(number(bytes)),
        Kind::Float if float(bytes).is_finite() && ty.size() == 8 => json!(float(bytes)),
        Kind::String => match string(mem, bytes) {
            Ok((text, _)) => json!(text),
            Err(e) => json!({ "unreadable": e.to_string() }),
        },
        Kind::Slice => {
            json!({ "at": format!("{:#x}", word_of(bytes, 0)), "len": word_of(bytes, 8), "cap": word_of(bytes, 16) })
        }
        Kind::Array(elem, n) => {
            let size = elem.size();
            (0..*n).map(|i| json_value(mem, elem, &bytes[i * size..(i + 1) * size], depth)).collect()
        }
        Kind::Struct(fields) => {
            let all: Map<String, Value> = fields
                .iter()
                .map(|f| (f.name.clone(), json_value(mem, &f.ty, &bytes[f.offset..f.end()], depth)))
                .collect();
            Value::Object(all)
        }
        Kind::Interface(methods) if depth < DEEPEST => match dynamic(mem, !methods.is_empty(), bytes) {
            Ok(None) => Value::Null,
            Ok(Some((ty, value))) => json!({ "type": ty.name(), "value": json_value(mem, &ty, &value, depth + 1) }),
            Err(e) => json!({ "unreadable": e }),
        },
        Kind::UnsafePointer | Kind::Pointer | Kind::Chan | Kind::Func | Kind::Map if number(bytes) == 0 => Value::Null,
        _ => {
            let mut text = String::new();
            write_value(mem, ty, bytes, &mut text, depth);
            Value::String(text)
        }
    }
}

/// A value copied into this process, so that Go's functions can hash and compare it.
#[derive(Debug)]
pub struct Local {
    words: Vec<u64>,
    /// What strings and interfaces point to.
    behind: Vec<Vec<u64>>,
}

impl Local {
    /// Copies a value with all that its hash depends on: what strings and interfaces point to. Other pointers stay what they are.
    ///
    /// # Errors
    /// When something cannot be read, or an interface holds what cannot be hashed: in words.
    pub fn copy(mem: &dyn Memory, rt: &Runtime, ty: &GoType, bytes: &[u8]) -> Result<Self, String> {
        let mut copy = Self { words: words_of(bytes), behind: Vec::new() };
        let mut own = bytes.to_vec();
        copy.adopt(mem, rt, ty, &mut own, 0)?;
        copy.words = words_of(&own);
        Ok(copy)
    }

    /// Its address.
    #[must_use]
    pub fn at(&self) -> usize {
        self.words.as_ptr().expose_provenance()
    }

    /// The hash that a map of type `t` gives it as a key; none when it is not equal to itself, so that each hash is another one.
    #[must_use]
    pub fn hash(&self, t: &MapType, hash0: u32) -> Option<u64> {
        // SAFETY: a key with all that it points to, in this process.
        unsafe { (t.equal)(t, self.at(), self.at()).then(|| (t.hasher)(t, self.at(), hash0.into())) }
    }

    fn keep(&mut self, bytes: &[u8]) -> u64 {
        let words = words_of(bytes);
        let at = words.as_ptr().expose_provenance() as u64;
        self.behind.push(words);
        at
    }

    fn adopt(
        &mut self,
        mem: &dyn Memory,
        rt: &Runtime,
        ty: &GoType,
        bytes: &mut [u8],
        depth: usize,
    ) -> Result<(), String> {
        match ty.kind() {
            Kind::String => {
                let (data, len) = (word_of(bytes, 0), word_of(bytes, 8));
                let text = mem
                    .bytes(data, usize::try_from(len).unwrap_or(usize::MAX))
                    .map_err(|e| format!("a string of {len} bytes: {e}"))?;
                let at = self.keep(&text);
                bytes[..8].copy_from_slice(&at.to_le_bytes());
            }
            Kind::Array(elem, n) => {
                for i in 0..*n {
                    self.adopt(mem, rt, elem, &mut bytes[i * elem.size()..(i + 1) * elem.size()], depth)?;
                }
            }
            Kind::Struct(fields) => {
                for f in fields.iter().filter(|f| !f.is_blank()) {
                    self.adopt(mem, rt, &f.ty, &mut bytes[f.offset..f.end()], depth)?;
                }
            }
            Kind::Interface(methods) => {
                if depth == DEEPEST {
                    return Err("interfaces in interfaces without end".to_owned());
                }
                let Some((held, mut value)) = dynamic(mem, !methods.is_empty(), bytes)? else { return Ok(()) };
                if !held.comparable() {
                    return Err(format!("a key of unhashable type {held}"));
                }
                let word = if methods.is_empty() { rt.types.word(&held) } else { rt.types.itab(ty, &held) };
                bytes[..8].copy_from_slice(&(word as u64).to_le_bytes());
                if !held.direct_iface() {
                    self.adopt(mem, rt, &held, &mut value, depth + 1)?;
                    let at = self.keep(&value);
                    bytes[8..16].copy_from_slice(&at.to_le_bytes());
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// The bytes at an aligned address, with a word behind them (a value of no bytes has an address too).
fn words_of(bytes: &[u8]) -> Vec<u64> {
    let mut words: Vec<u64> = bytes.chunks(8).map(number).collect();
    words.push(0);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_as_go_prints_them() {
        for (x, want) in [
            (1.0, "1"),
            (0.1, "0.1"),
            (-2.5, "-2.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.5e-5, "1.5e-05"),
            (0.0001, "0.0001"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Inf"),
        ] {
            assert_eq!(show_float(x, false), want);
        }
        assert_eq!(show_float(0.1_f32.into(), true), "0.1");
    }
}
