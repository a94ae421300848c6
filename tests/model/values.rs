//! Values of any Go type made of numbers, and which of them are equal: said here once more, without the functions under
//! test.

use gohmap::layout::mem;
use gohmap::runtime::Runtime;
use gohmap::types::{Field, GoType, Kind};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

/// A value as it lies in memory, and what `==` sees of it.
#[derive(Debug)]
pub(crate) struct Value {
    /// Its bytes, padding and blank fields included.
    pub(crate) raw: Box<[u8]>,
    /// Equal values have equal ones, others different ones.
    pub(crate) identity: Box<[u8]>,
    /// It equals itself: there is no NaN in it.
    pub(crate) reflexive: bool,
    /// The type inside that cannot be hashed, as Go's panic names it.
    pub(crate) unhashable: Option<String>,
}

/// Which value of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Number {
    pub(crate) n: u64,
    /// Which of two values that are made of `n`: they are equal, but their strings lie elsewhere, their padding differs, and a
    /// zero may be -0.
    pub(crate) twin: bool,
}

/// Makes values of one type, each once. What they lead to lives as long as this.
pub(crate) struct Values {
    ty: GoType,
    made: HashMap<Number, Rc<Value>>,
    by_bytes: HashMap<Box<[u8]>, Rc<Value>>,
    led_to: LedTo,
}

/// Bytes of strings and boxes of interface values, by number and twin.
struct LedTo {
    rt: Arc<Runtime>,
    texts: HashMap<(u64, bool), Box<[u8]>>,
    boxes: HashMap<(u64, bool), Box<[u64]>>,
    dynamic: Vec<GoType>,
    methods: GoType,
}

impl Values {
    pub(crate) fn new(rt: &Arc<Runtime>, ty: &GoType) -> Self {
        let dynamic = if interface_inside(ty) { DYNAMIC } else { &[] };
        let parse = |s: &&str| GoType::parse(s).expect("a type");
        let led_to = LedTo {
            rt: Arc::clone(rt),
            texts: HashMap::new(),
            boxes: HashMap::new(),
            dynamic: dynamic.iter().map(parse).collect(),
            methods: parse(&"error"),
        };
        Self { ty: ty.clone(), made: HashMap::new(), by_bytes: HashMap::new(), led_to }
    }

    /// The value of a number.
    pub(crate) fn get(&mut self, which: Number) -> Rc<Value> {
        if let Some(v) = self.made.get(&which) {
            return Rc::clone(v);
        }
        let fill = if which.twin { 0xa5 } else { 0x5a };
        let mut raw = vec![fill; self.ty.size()].into_boxed_slice();
        let mut seen = Seen { identity: Vec::new(), reflexive: true, unhashable: None };
        self.led_to.fill(&self.ty, &mut raw, which, &mut seen);
        let v = Value { raw, identity: seen.identity.into(), reflexive: seen.reflexive, unhashable: seen.unhashable };
        let v = self.by_bytes.entry(v.raw.clone()).or_insert_with(|| Rc::new(v));
        self.made.insert(which, Rc::clone(v));
        Rc::clone(v)
    }

    /// The value with these bytes, if one was made.
    pub(crate) fn find(&self, raw: &[u8]) -> Option<Rc<Value>> {
        self.by_bytes.get(raw).map(Rc::clone)
    }
}

fn interface_inside(ty: &GoType) -> bool {
    match ty.kind() {
        Kind::Interface(_) => true,
        Kind::Array(elem, _) => interface_inside(elem),
        Kind::Struct(fields) => fields.iter().any(|f| interface_inside(&f.ty)),
        _ => false,
    }
}

/// What `==` sees.
struct Seen {
    identity: Vec<u8>,
    reflexive: bool,
    unhashable: Option<String>,
}

/// Types of what interfaces hold.
const DYNAMIC: &[&str] =
    &["int", "string", "float64", "uint8", "[2]uint64", "*int", "struct{a uint8; b string}", "[]int", "func()"];

impl LedTo {
    fn fill(&mut self, ty: &GoType, at: &mut [u8], which: Number, seen: &mut Seen) {
        let n = which.n;
        match ty.kind() {
            Kind::Float => {
                let (f, bits) = float(which);
                seen.reflexive &= !f.is_nan();
                // -0 and 0 are equal.
                seen.identity.extend((f + 0.0).to_bits().to_le_bytes());
                if ty.size() == 4 {
                    at.copy_from_slice(
                        &if f.is_nan() { 0x7fc0_0000 | n as u32 } else { (f as f32).to_bits() }.to_le_bytes(),
                    );
                } else {
                    at.copy_from_slice(&bits.to_le_bytes());
                }
            }
            Kind::Complex => {
                let part = GoType::predeclared(if ty.size() == 8 { "float32" } else { "float64" }).expect("a type");
                let (re, im) = at.split_at_mut(ty.size() / 2);
                self.fill(&part, re, Number { n: n / 3, ..which }, seen);
                self.fill(&part, im, Number { n: n % 3, ..which }, seen);
            }
            Kind::String => {
                let (data, len) = self.text(which);
                at[..8].copy_from_slice(&(data as u64).to_le_bytes());
                at[8..].copy_from_slice(&(len as u64).to_le_bytes());
                seen.identity.extend((len as u64).to_le_bytes());
                seen.identity.extend(&self.texts[&(n, which.twin)]);
            }
            Kind::Array(elem, len) => {
                let size = elem.size();
                for i in 0..*len {
                    self.fill(elem, &mut at[i * size..(i + 1) * size], Number { n: part(n, i), ..which }, seen);
                }
            }
            Kind::Struct(fields) => {
                for (i, f) in fields.iter().enumerate().filter(|(_, f)| !f.is_blank()) {
                    let Field { ty, offset, .. } = f;
                    self.fill(ty, &mut at[*offset..f.end()], Number { n: part(n, i), ..which }, seen);
                }
            }
            Kind::Interface(methods) => {
                let methods = !methods.is_empty();
                let (word, data) = self.interface(which, methods, seen);
                at[..8].copy_from_slice(&(word as u64).to_le_bytes());
                at[8..].copy_from_slice(&(data as u64).to_le_bytes());
            }
            Kind::Bool => {
                at[0] = n as u8 & 1;
                seen.identity.push(at[0]);
            }
            _ => {
                at.copy_from_slice(&n.to_le_bytes()[..ty.size()]);
                seen.identity.extend(&*at);
            }
        }
    }

    /// Address and length of a string: short, long, or long and like others at both ends. Empty at times.
    fn text(&mut self, Number { n, twin }: Number) -> (usize, usize) {
        let text = self.texts.entry((n, twin)).or_insert_with(|| {
            let text = match n % 4 {
                _ if n % 64 == 5 => String::new(),
                0 => format!("the same beginning {n:>24} and the same end"),
                1 => format!("{n}{}", ".".repeat(n as usize % 150)),
                _ => format!("k{n}"),
            };
            text.into_bytes().into()
        });
        // The empty string may have any address.
        (text.as_ptr().expose_provenance(), text.len())
    }

    /// The two words of an interface value.
    fn interface(&mut self, which: Number, methods: bool, seen: &mut Seen) -> (usize, usize) {
        let Number { n, twin } = which;
        // Nil at times; seldom what cannot be hashed.
        let last = DYNAMIC.len() as u64;
        let kind = match n % 32 {
            7 => {
                seen.identity.push(u8::MAX);
                return (0, 0);
            }
            15 => last - 1,
            31 => last - 2,
            _ => n % (last - 2),
        };
        let ty = self.dynamic[kind as usize].clone();
        seen.identity.push(kind as u8);
        let word = if methods { self.rt.types.itab(&self.methods, &ty) } else { self.rt.types.word(&ty) };
        if !ty.comparable() {
            seen.unhashable.get_or_insert_with(|| ty.to_string());
            return (word, 0);
        }
        let mut raw = vec![0; ty.size()];
        self.fill(&ty, &mut raw, Number { n: n / 8, twin }, seen);
        let words: Box<[u64]> = raw
            .chunks(8)
            .map(|c| {
                let mut word = [0; 8];
                word[..c.len()].copy_from_slice(c);
                u64::from_le_bytes(word)
            })
            .collect();
        if ty.direct_iface() {
            return (word, words[0] as usize);
        }
        let held = self.boxes.entry((n, twin)).or_insert(words);
        (word, held.as_ptr().expose_provenance())
    }
}

/// The number of part `i` of a value. The first is the whole number: different numbers make different values.
fn part(n: u64, i: usize) -> u64 {
    match i {
        0 => n,
        _ => n.wrapping_add(i as u64) % 7,
    }
}

/// A NaN (one of several), a zero of either sign, or just the number.
fn float(Number { n, twin }: Number) -> (f64, u64) {
    let f = match n % 32 {
        9 => f64::from_bits(0x7ff8_0000_0000_0001 + n),
        17 if twin => -0.0,
        17 => 0.0,
        _ => n as f64,
    };
    (f, f.to_bits())
}

/// Bytes of an element made of a number: all of them matter.
pub(crate) fn element(size: usize, v: u64) -> Box<[u8]> {
    (0..size).map(|i| (v.rotate_left(8 * (i % 8) as u32) as u8).wrapping_add((i / 8) as u8)).collect()
}

/// A digest of an entry. Sums of these tell sets of entries apart.
pub(crate) fn digest(key: &[u8], elem: &[u8]) -> u64 {
    const K: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut h = K;
    for bytes in [key, elem] {
        for c in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..c.len()].copy_from_slice(c);
            h = (h ^ u64::from_le_bytes(word)).wrapping_mul(K);
            h ^= h >> 29;
        }
        h = h.wrapping_add(K);
    }
    h ^ h >> 32
}

/// The bytes at an address.
///
/// # Safety
/// They may be read.
pub(crate) unsafe fn bytes_at(at: usize, len: usize) -> Box<[u8]> {
    // SAFETY: the caller's promise.
    (0..len).map(|i| unsafe { mem::ld8(at + i) }).collect()
}
