//! Go values of the script kinds: from a script's text into memory, and back into the oracle's text (`tests/oracle/go`).

use super::kind::go_type;
use super::place::{Place, new_object};
use crate::inspect::dump::{Names, hex};
use crate::layout::mem;
use crate::types::Kind;
use std::fmt::Write;

type Parsed = Result<(), String>;

/// Where the oracle's pointer keys point to: 64 bytes each from here on. Nothing is there, because nobody looks.
const KEY_BASE: u64 = 0x1000_0000_0000;

pub(super) fn number(s: &str) -> Result<u64, String> {
    let n = match s.strip_prefix("0x").or_else(|| s.strip_prefix("0X")) {
        Some(h) => u64::from_str_radix(h, 16).ok(),
        None => s.parse().ok(),
    };
    n.ok_or_else(|| format!("{s:?} is not a number"))
}

/// The leaves of a value, with commas between; the last one stands for all that are left. A string may contain commas if it is
/// all there is.
pub(super) fn parse(p: &Place, text: &str) -> Parsed {
    if *p.ty.kind() == Kind::String {
        return parse_string(p, text);
    }
    let (mut parts, mut leaf) = (text.split(','), "");
    p.leaves(&mut |p| {
        leaf = parts.next().unwrap_or(leaf);
        match p.ty.kind() {
            Kind::String => return parse_string(p, leaf),
            Kind::Interface(_) => return parse_any(p, leaf),
            Kind::Float => return parse_float(p, leaf),
            Kind::Chan | Kind::Pointer | Kind::UnsafePointer => {
                p.put(KEY_BASE.wrapping_add(number(leaf)?.wrapping_mul(64)));
            }
            _ => p.put(number(leaf)?),
        }
        Ok(())
    })
}

/// A string: the text itself, or `x:` and its bytes in hexadecimal.
fn parse_string(p: &Place, s: &str) -> Parsed {
    let Some(digits) = s.strip_prefix("x:") else {
        p.put_string(s.as_bytes());
        return Ok(());
    };
    let byte = |i: usize| digits.get(i..i + 2).and_then(|d| u8::from_str_radix(d, 16).ok());
    let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(byte).collect();
    p.put_string(&bytes.ok_or_else(|| format!("{s:?} is not hexadecimal"))?);
    Ok(())
}

/// A float: decimal, `NaN`, `Inf`, or `0x` and the bits of a float64.
fn parse_float(p: &Place, s: &str) -> Parsed {
    let f: f64 = if s.starts_with("0x") {
        f64::from_bits(number(s)?)
    } else {
        s.parse().map_err(|_| format!("{s:?} is not a number"))?
    };
    // Go's own NaN (`math.NaN`).
    let bits = if f.is_nan() && !s.starts_with("0x") { 0x7ff8_0000_0000_0001 } else { f.to_bits() };
    p.put(if p.ty.size() == 4 { narrow(bits).into() } else { bits });
    Ok(())
}

/// The conversion of a float64 to a float32; a NaN keeps its sign and the upper bits of its payload, and becomes quiet.
fn narrow(bits: u64) -> u32 {
    let f = f64::from_bits(bits);
    if f.is_nan() {
        return ((bits >> 63) as u32) << 31 | 0x7fc0_0000 | (bits >> 29) as u32 & 0x003f_ffff;
    }
    (f as f32).to_bits()
}

/// `[17]uint64{0: k, 16: k * 3}`.
pub(super) fn parse_big(p: &Place, s: &str) -> Parsed {
    let k = number(s)?;
    let parts = p.parts();
    parts[0].put(k);
    parts[parts.len() - 1].put(k.wrapping_mul(3));
    Ok(())
}

/// An integer, a float and a string with commas between.
pub(super) fn parse_s3(p: &Place, s: &str) -> Parsed {
    let texts: Vec<&str> = s.split(',').collect();
    let [a, f, text] = texts[..] else { return Err(format!("{s:?} is not integer,float,text")) };
    let parts = p.parts();
    parse(&parts[0], a)?;
    parse(&parts[1], f)?;
    parts[2].put_string(text.as_bytes());
    if text.is_empty() {
        // A part of a longer text: it has an address even so.
        parts[2].put(new_object(p.rt, 1, false) as u64);
    }
    Ok(())
}

/// An interface value: a word for its type, a colon and the value.
pub(super) fn parse_any(p: &Place, s: &str) -> Parsed {
    let (tag, rest) = s.split_once(':').unwrap_or((s, ""));
    let ty = match tag {
        "nil" => return Ok(()),
        "slice" if matches!(p.ty.kind(), Kind::Interface(m) if !m.is_empty()) => "main.Bad",
        "slice" => "[]int",
        "i" => "int",
        "s" => "string",
        "f" => "float64",
        "u8" => "uint8",
        "a" => "[2]uint64",
        "st" => "main.S3",
        "n" => "main.N",
        "p" => "*main.P",
        "pad" => "main.Pad",
        "any" => "struct{x any}",
        "fn" => "struct{f func()}",
        _ => return Err(format!("{s:?} is no value for an interface")),
    };
    p.hold(&go_type(ty), |held| match tag {
        "slice" | "fn" => Ok(()),
        "s" => {
            held.put_string(rest.as_bytes());
            Ok(())
        }
        "st" => parse_s3(held, rest),
        "n" => parse(held, &format!("{rest},1,{rest}")),
        "pad" => parse(held, &format!("{rest},{rest},1")),
        "any" => held.leaves(&mut |x| parse_any(x, rest)),
        _ => parse(held, rest),
    })
}

/// A value made of a number: leaf i is v + i.
pub(super) fn make(p: &Place, mut v: u64) {
    p.each_leaf(|p| {
        match p.ty.kind() {
            Kind::String => p.put_string(format!("v{v}").as_bytes()),
            Kind::Interface(methods) => {
                let text = if methods.is_empty() { format!("{v}") } else { format!("{},2,v{v}", v as u8) };
                let ty = go_type(if methods.is_empty() { "int" } else { "main.N" });
                p.hold(&ty, |held| parse(held, &text)).expect("numbers are numbers");
            }
            Kind::Float if p.ty.size() == 4 => p.put((v as f32).to_bits().into()),
            Kind::Float => p.put((v as f64).to_bits()),
            Kind::Bool => p.put(v & 1),
            Kind::Pointer => {
                let to = new_object(p.rt, 8, false);
                // SAFETY: a new object of eight bytes.
                unsafe { mem::st64(to, v) };
                p.put(to as u64);
            }
            _ => p.put(v),
        }
        v = v.wrapping_add(1);
    });
}

/// The number at both ends of an array, zeroes between.
pub(super) fn make_ends(p: &Place, v: u64) {
    let parts = p.parts();
    for (i, x) in parts.iter().enumerate() {
        x.put(if i == 0 || i + 1 == parts.len() { v } else { 0 });
    }
}

/// `[3]uint8{v, 0, v >> 8}`.
pub(super) fn make_triple(p: &Place, v: u64) {
    for (x, v) in p.parts().iter().zip([v, 0, v >> 8]) {
        x.put(v);
    }
}

/// A pointer and a string.
pub(super) fn make_t2(p: &Place, v: u64) {
    p.parts().iter().for_each(|x| make(x, v));
}

/// The leaves of a value, with commas between.
pub(super) fn show(names: &mut Names, p: &Place, out: &mut String) {
    let start = out.len();
    p.each_leaf(|p| {
        if out.len() > start {
            out.push(',');
        }
        match p.ty.kind() {
            Kind::String => show_string(p, out),
            Kind::Interface(_) => show_interface(p, out),
            Kind::Chan | Kind::UnsafePointer | Kind::Pointer => show_pointer(p, out),
            _ => show_hex(names, p, out),
        }
    });
}

/// Bytes in hexadecimal.
pub(super) fn show_hex(_: &mut Names, p: &Place, out: &mut String) {
    hex(out, p.at, p.ty.size());
}

/// `s`, the length, a colon and the bytes; `nil` where a deleted key has left its length.
fn show_string(p: &Place, out: &mut String) {
    let (data, len) = p.string();
    let _ = write!(out, "s{len}:");
    if data == 0 {
        out.push_str("nil");
    } else {
        hex(out, data, len);
    }
}

/// The number of a pointer key's object.
fn show_pointer(p: &Place, out: &mut String) {
    match p.int() {
        0 => out.push_str("nil"),
        to => {
            let _ = write!(out, "T#{}", to.wrapping_sub(KEY_BASE) / 64);
        }
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

pub(super) fn show_t2(names: &mut Names, p: &Place, out: &mut String) {
    let parts = p.parts();
    show_new(names, &parts[0], out);
    out.push_str(if parts[0].int() == 0 { "=nil," } else { "," });
    show_string(&parts[1], out);
}

pub(super) fn show_s3(_: &mut Names, p: &Place, out: &mut String) {
    let parts = p.parts();
    let _ = write!(out, "{},{:016x},", parts[0].int(), parts[1].int());
    show_string(&parts[2], out);
}

/// An interface value: `%T %v`.
fn show_interface(p: &Place, out: &mut String) {
    let Some((ty, at)) = p.held() else {
        out.push_str("nil");
        return;
    };
    let held = Place { rt: p.rt, ty: &ty, at };
    let _ = write!(out, "{ty} ");
    match ty.kind() {
        Kind::String => show_string(&held, out),
        Kind::Pointer => show_pointer(&held, out),
        _ => show_v(&held, out),
    }
}

/// `%v`, for what scripts put into interfaces.
fn show_v(p: &Place, out: &mut String) {
    let n = p.int();
    let size = p.ty.size();
    let text = match p.ty.kind() {
        Kind::Bool => (n != 0).to_string(),
        Kind::Int => {
            let unused = 64 - 8 * size;
            ((n << unused) as i64 >> unused).to_string()
        }
        Kind::Float if size == 4 => {
            let f = f32::from_bits(n as u32);
            go_float(f.into(), &format!("{f:e}"))
        }
        Kind::Float => {
            let f = f64::from_bits(n);
            go_float(f, &format!("{f:e}"))
        }
        Kind::String => {
            let (data, len) = p.string();
            // SAFETY: the bytes of a live string.
            let bytes: Vec<u8> = (0..len).map(|i| unsafe { mem::ld8(data + i) }).collect();
            String::from_utf8_lossy(&bytes).into_owned()
        }
        Kind::Interface(_) => match p.held() {
            None => "<nil>".to_owned(),
            Some((ty, at)) => return show_v(&Place { rt: p.rt, ty: &ty, at }, out),
        },
        kind @ (Kind::Array(..) | Kind::Struct(_)) => {
            let (open, close) = if matches!(kind, Kind::Struct(_)) { ('{', '}') } else { ('[', ']') };
            out.push(open);
            for (i, x) in p.parts().iter().enumerate() {
                if i > 0 {
                    out.push(' ');
                }
                show_v(x, out);
            }
            close.to_string()
        }
        _ => n.to_string(),
    };
    out.push_str(&text);
}

/// A float as Go's `%v` prints it, from Rust's shortest scientific form: plain for exponents from -4 to 5.
fn go_float(f: f64, scientific: &str) -> String {
    if f.is_nan() {
        return "NaN".to_owned();
    }
    if f.is_infinite() {
        return if f > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let (mantissa, exponent) = scientific.split_once('e').expect("scientific form");
    let e: i32 = exponent.parse().expect("an exponent");
    if !(-4..6).contains(&e) {
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
            (999_999.0, "999999"),
            (1_048_575.0, "1.048575e+06"),
            (1e20, "1e+20"),
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
