//! Go values of the script kinds: from a script's text into memory, and back into the oracle's text (`tests/oracle/go`).

use crate::heap::{Request, Role};
use crate::inspect::dump::{Names, hex};
use crate::layout::mem;
use crate::runtime::Runtime;
use crate::types::{GoType, Kind};
use std::fmt::Write;

/// Where a value lies, and what it is.
pub(super) struct Place<'a> {
    pub(super) rt: &'a Runtime,
    pub(super) ty: &'a GoType,
    pub(super) at: usize,
}

type Parsed = Result<(), String>;

/// Where the oracle's pointer keys point to: 64 bytes each from here on. Nothing is there, because nobody looks.
const KEY_BASE: u64 = 0x1000_0000_0000;

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
    fn put(&self, v: u64) {
        // SAFETY: callers name live memory of the type's size.
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
    fn int(&self) -> u64 {
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

    fn put_string(&self, s: &[u8]) {
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

    /// Address and length of the string that is there.
    fn string(&self) -> (usize, usize) {
        // SAFETY: as above.
        unsafe { (mem::ld64(self.at) as usize, mem::ld64(self.at + 8) as usize) }
    }

    fn bytes(&self) -> Vec<u8> {
        let (data, len) = self.string();
        // SAFETY: the bytes of a live string.
        (0..len).map(|i| unsafe { mem::ld8(data + i) }).collect()
    }

    fn fields(&self) -> Vec<Place<'_>> {
        match self.ty.kind() {
            Kind::Struct(fields) => fields.iter().map(|f| self.part(&f.ty, f.offset)).collect(),
            Kind::Array(elem, n) => (0..*n).map(|i| self.part(elem, i * elem.size())).collect(),
            _ => Vec::new(),
        }
    }
}

pub(super) fn number(s: &str) -> Result<u64, String> {
    let n = match s.strip_prefix("0x").or_else(|| s.strip_prefix("0X")) {
        Some(h) => u64::from_str_radix(h, 16).ok(),
        None => s.parse().ok(),
    };
    n.ok_or_else(|| format!("{s:?} is not a number"))
}

/// An integer, or the bits of a float.
pub(super) fn parse_int(p: &Place, s: &str) -> Parsed {
    p.put(number(s)?);
    Ok(())
}

/// The value of a type that has one.
pub(super) fn parse_none(_: &Place, _: &str) -> Parsed {
    Ok(())
}

/// A string: the text itself, or `x:` and its bytes in hexadecimal.
pub(super) fn parse_string(p: &Place, s: &str) -> Parsed {
    let Some(digits) = s.strip_prefix("x:") else {
        p.put_string(s.as_bytes());
        return Ok(());
    };
    let byte = |i: usize| digits.get(i..i + 2).and_then(|d| u8::from_str_radix(d, 16).ok());
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    p.put_string(&bytes.ok_or_else(|| format!("{s:?} is not hexadecimal"))?);
    Ok(())
}

/// A float: decimal, `NaN`, `+Inf`, or `0x` and its bits.
pub(super) fn parse_float(p: &Place, s: &str) -> Parsed {
    let bits = if s.starts_with("0x") {
        number(s)?
    } else {
        let f: f64 = s.parse().map_err(|_| format!("{s:?} is not a number"))?;
        // Go's own NaN (`math.NaN`).
        if f.is_nan() { 0x7ff8_0000_0000_0001 } else { f.to_bits() }
    };
    p.put(bits);
    Ok(())
}

/// Integers with commas between, one for each element.
pub(super) fn parse_array(p: &Place, s: &str) -> Parsed {
    let mut parts = s.split(',');
    for f in p.fields() {
        parse_int(&f, parts.next().ok_or_else(|| format!("{s:?} has too few numbers"))?)?;
    }
    Ok(())
}

/// `[17]uint64{0: k, 16: k * 3}`.
pub(super) fn parse_big(p: &Place, s: &str) -> Parsed {
    let k = number(s)?;
    let fields = p.fields();
    fields[0].put(k);
    fields[fields.len() - 1].put(k.wrapping_mul(3));
    Ok(())
}

/// The address of an object with this number.
pub(super) fn parse_pointer(p: &Place, s: &str) -> Parsed {
    p.put(KEY_BASE.wrapping_add(number(s)?.wrapping_mul(64)));
    Ok(())
}

/// An integer, a float and a string with commas between.
pub(super) fn parse_s3(p: &Place, s: &str) -> Parsed {
    let parts: Vec<&str> = s.split(',').collect();
    let [a, f, text] = parts[..] else { return Err(format!("{s:?} is not integer,float,text")) };
    let fields = p.fields();
    parse_int(&fields[0], a)?;
    parse_float(&fields[1], f)?;
    fields[2].put_string(text.as_bytes());
    if text.is_empty() {
        // A part of a longer text: it has an address even so.
        fields[2].put(new_object(p.rt, 1, false) as u64);
    }
    Ok(())
}

/// An interface value: `i:` int, `s:` string, `f:` float64, `u8:`, `a:` [2]uint64, `st:` S3, `slice`, `nil`.
pub(super) fn parse_any(p: &Place, s: &str) -> Parsed {
    type Parse = fn(&Place, &str) -> Parsed;
    let text = |p: &Place, s: &str| {
        p.put_string(s.as_bytes());
        Ok(())
    };
    let (tag, rest) = s.split_once(':').unwrap_or((s, ""));
    let (ty, parse): (&str, Parse) = match tag {
        "i" => ("int", parse_int),
        "s" => ("string", text),
        "f" => ("float64", parse_float),
        "u8" => ("uint8", parse_int),
        "a" => ("[2]uint64", parse_array),
        "st" => ("main.S3", parse_s3),
        "slice" => ("[]int", parse_none),
        "nil" => return Ok(()),
        _ => return Err(format!("{s:?} is no value for an interface")),
    };
    let ty = super::kind::go_type(ty);
    let at = new_object(p.rt, ty.size(), ty.has_pointers());
    parse(&Place { rt: p.rt, ty: &ty, at }, rest)?;
    // SAFETY: live memory of an interface's size.
    unsafe {
        mem::st64(p.at, p.rt.types.word(&ty) as u64);
        mem::st64(p.at + 8, at as u64);
    }
    Ok(())
}

/// An integer, or a bool that is the number's lowest bit.
pub(super) fn make_plain(p: &Place, v: u64) {
    p.put(if *p.ty.kind() == Kind::Bool { v & 1 } else { v });
}

/// The number at both ends of an array, zeroes between.
pub(super) fn make_ends(p: &Place, v: u64) {
    for f in p.fields() {
        f.put(if f.at == p.at || f.at + f.ty.size() == p.at + p.ty.size() { v } else { 0 });
    }
}

/// `[3]uint8{v, 0, v >> 8}`.
pub(super) fn make_triple(p: &Place, v: u64) {
    for (f, v) in p.fields().iter().zip([v, 0, v >> 8]) {
        f.put(v);
    }
}

/// A pointer to the number.
pub(super) fn make_new(p: &Place, v: u64) {
    let to = new_object(p.rt, 8, false);
    // SAFETY: a new object of eight bytes.
    unsafe { mem::st64(to, v) };
    p.put(to as u64);
}

/// `"v"` and the number.
pub(super) fn make_str(p: &Place, v: u64) {
    p.put_string(format!("v{v}").as_bytes());
}

/// A pointer and a string.
pub(super) fn make_t2(p: &Place, v: u64) {
    let fields = p.fields();
    make_new(&fields[0], v);
    make_str(&fields[1], v);
}

/// Bytes in hexadecimal.
pub(super) fn show_hex(_: &mut Names, p: &Place, out: &mut String) {
    hex(out, p.at, p.ty.size());
}

/// `s`, the length, a colon and the bytes; `nil` where a deleted key has left its length.
pub(super) fn show_str(_: &mut Names, p: &Place, out: &mut String) {
    let (data, len) = p.string();
    let _ = write!(out, "s{len}:");
    if data == 0 {
        out.push_str("nil");
    } else {
        hex(out, data, len);
    }
}

/// The name of an object and the number in it.
pub(super) fn show_new(names: &mut Names, p: &Place, out: &mut String) {
    let to = p.int() as usize;
    out.push_str(&names.object(to));
    if to != 0 {
        // SAFETY: an object of the script's.
        let _ = write!(out, "={}", unsafe { mem::ld64(to) });
    }
}

/// The number of a pointer key's object.
pub(super) fn show_pointer(_: &mut Names, p: &Place, out: &mut String) {
    match p.int() {
        0 => out.push_str("nil"),
        to => {
            let _ = write!(out, "T#{}", to.wrapping_sub(KEY_BASE) / 64);
        }
    }
}

pub(super) fn show_t2(names: &mut Names, p: &Place, out: &mut String) {
    let fields = p.fields();
    let to = fields[0].int() as usize;
    out.push_str(&names.object(to));
    if to == 0 {
        out.push_str("=nil,");
    } else {
        // SAFETY: an object of the script's.
        let _ = write!(out, "={},", unsafe { mem::ld64(to) });
    }
    show_str(names, &fields[1], out);
}

pub(super) fn show_s3(names: &mut Names, p: &Place, out: &mut String) {
    let fields = p.fields();
    let _ = write!(out, "{},{:016x},", fields[0].int(), fields[1].int());
    show_str(names, &fields[2], out);
}

/// An interface value: `%T %v`.
pub(super) fn show_any(names: &mut Names, p: &Place, out: &mut String) {
    // SAFETY: an interface value of a healthy map.
    let (word, data) = unsafe { (mem::ld64(p.at) as usize, mem::ld64(p.at + 8) as usize) };
    // SAFETY: as above.
    let Some(ty) = (unsafe { p.rt.types.type_of(word) }) else {
        out.push_str("nil");
        return;
    };
    let at = if ty.direct_iface() { p.at + 8 } else { data };
    let held = Place { rt: p.rt, ty: &ty, at };
    let _ = write!(out, "{ty} ");
    if *ty.kind() == Kind::String { show_str(names, &held, out) } else { show_v(&held, out) }
}

/// `%v`, for what scripts put into interfaces.
fn show_v(p: &Place, out: &mut String) {
    let n = p.int();
    let size = p.ty.size();
    let _ = match p.ty.kind() {
        Kind::Bool => write!(out, "{}", n != 0),
        Kind::Int => write!(out, "{}", (n << (64 - 8 * size)) as i64 >> (64 - 8 * size)),
        Kind::Float if size == 4 => {
            write!(out, "{}", go_float(f32::from_bits(n as u32).into(), &format!("{:e}", f32::from_bits(n as u32))))
        }
        Kind::Float => write!(out, "{}", go_float(f64::from_bits(n), &format!("{:e}", f64::from_bits(n)))),
        Kind::String => write!(out, "{}", String::from_utf8_lossy(&p.bytes())),
        kind @ (Kind::Array(..) | Kind::Struct(_)) => {
            let (open, close) = if matches!(kind, Kind::Struct(_)) { ('{', '}') } else { ('[', ']') };
            out.push(open);
            for (i, f) in p.fields().iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                show_v(f, out);
            }
            write!(out, "{close}")
        }
        _ => write!(out, "{n}"),
    };
}

/// A float as Go's `%v` prints it, from Rust's shortest scientific form: plain for exponents from -4 to 20.
fn go_float(f: f64, scientific: &str) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (mantissa, exponent) = scientific.split_once('e').expect("scientific form");
    let e: i32 = exponent.parse().expect("an exponent");
    if !(-4..21).contains(&e) {
        let sign = if e < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", e.abs());
    }
    let (minus, digits) = match mantissa.strip_prefix('-') {
        Some(d) => ("-", d.replace('.', "")),
        None => ("", mantissa.replace('.', "")),
    };
    if e < 0 {
        return format!("{minus}0.{}{digits}", "0".repeat((-e - 1) as usize));
    }
    let whole = e as usize + 1;
    if digits.len() <= whole {
        return format!("{minus}{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{minus}{}.{}", &digits[..whole], &digits[whole..])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `fmt.Sprint` of these numbers in Go.
    #[test]
    fn floats_as_go_prints_them() {
        for (f, text) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (-2.5, "-2.5"),
            (100.0, "100"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (1.25e-4, "0.000125"),
            (1.25e-5, "1.25e-05"),
            (1e100, "1e+100"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Inf"),
            (123_456.789, "123456.789"),
        ] {
            assert_eq!(go_float(f, &format!("{f:e}")), text);
        }
    }
}
