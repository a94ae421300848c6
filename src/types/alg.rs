//! How the compiler has values of a type compared and hashed (`cmd/compile/internal/types/alg.go`,
//! `cmd/compile/internal/compare`, `cmd/compile/internal/reflectdata/alg.go`; the rules are the same from Go 1.19 to 1.24).

use super::gotype::{Field, GoType, Kind};

/// The way to compare and hash values (`types.AlgKind`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Alg {
    /// Not at all (`ANOEQ`).
    None,
    /// As so many bytes (`AMEM`); sizes 0, 1, 2, 4, 8 and 16 have functions of their own.
    Mem,
    /// `ASTRING`.
    String,
    /// An interface with methods (`AINTER`).
    Inter,
    /// An interface without methods (`ANILINTER`).
    NilInter,
    /// `AFLOAT32`.
    Float32,
    /// `AFLOAT64`.
    Float64,
    /// `ACPLX64`.
    Complex64,
    /// `ACPLX128`.
    Complex128,
    /// By a function that the compiler writes for the type (`ASPECIAL`).
    Special,
}

impl Alg {
    pub(super) fn is_some(self) -> bool {
        self != Self::None
    }
}

/// A step of the hash function that the compiler writes for a struct.
#[derive(Clone, Debug)]
pub(crate) enum Run {
    /// So many bytes in one go.
    Mem {
        /// Where they begin.
        offset: usize,
        /// How many.
        size: usize,
    },
    /// One field by its own function.
    Field {
        /// Its place.
        offset: usize,
        /// Its type.
        ty: GoType,
    },
}

/// A comparison of the equality function that the compiler writes for a struct.
#[derive(Clone, Debug)]
pub(crate) enum Cond {
    /// So many bytes; `call` says that a function compares them.
    Mem {
        /// Where they begin.
        offset: usize,
        /// How many.
        size: usize,
        /// By a call of `memequal`.
        call: bool,
    },
    /// The lengths of two strings.
    StringLen {
        /// Where the strings are.
        offset: usize,
    },
    /// Their bytes.
    StringBytes {
        /// Where the strings are.
        offset: usize,
    },
    /// A field by `==`.
    Field {
        /// Its place.
        offset: usize,
        /// Its type.
        ty: GoType,
    },
}

impl Cond {
    /// Whether the compiler emits a call, which it puts behind cheaper comparisons.
    pub(crate) fn is_call(&self) -> bool {
        matches!(self, Self::Mem { call: true, .. } | Self::StringBytes { .. })
    }
}

/// `AlgType`.
pub(super) fn alg_of(kind: &Kind, size: usize) -> Alg {
    match kind {
        Kind::Bool | Kind::Int | Kind::Uint | Kind::UnsafePointer | Kind::Pointer | Kind::Chan => Alg::Mem,
        Kind::Func | Kind::Slice | Kind::Map => Alg::None,
        Kind::Float if size == 4 => Alg::Float32,
        Kind::Float => Alg::Float64,
        Kind::Complex if size == 8 => Alg::Complex64,
        Kind::Complex => Alg::Complex128,
        Kind::String => Alg::String,
        Kind::Interface(methods) if methods.is_empty() => Alg::NilInter,
        Kind::Interface(_) => Alg::Inter,
        Kind::Array(elem, n) => match (elem.alg(), n) {
            (a @ (Alg::Mem | Alg::None), _) => a,
            (_, 0) => Alg::Mem,
            (a, 1) => a,
            _ => Alg::Special,
        },
        Kind::Struct(fields) => {
            if let [f] = &fields[..]
                && !f.is_blank()
            {
                return f.ty.alg();
            }
            let mut all = Alg::Mem;
            for (i, f) in fields.iter().enumerate() {
                match f.ty.alg() {
                    Alg::None => return Alg::None,
                    Alg::Mem if !f.is_blank() && !padded(fields, size, i) => {}
                    _ => all = Alg::Special,
                }
            }
            all
        }
    }
}

/// Whether padding follows field `i` of a struct of `size` bytes (`IsPaddedField`).
fn padded(fields: &[Field], size: usize, i: usize) -> bool {
    fields[i].end() != fields.get(i + 1).map_or(size, |next| next.offset)
}

/// The longest run of plain memory that begins with field `start`: its size and the field after it (`Memrun`).
fn memrun(fields: &[Field], size: usize, start: usize) -> (usize, usize) {
    let mut next = start + 1;
    while next < fields.len()
        && !padded(fields, size, next - 1)
        && !fields[next].is_blank()
        && fields[next].ty.alg() == Alg::Mem
    {
        next += 1;
    }
    (fields[next - 1].end() - fields[start].offset, next)
}

/// The steps of a struct's hash function (`hashFunc`).
pub(super) fn runs(fields: &[Field], size: usize) -> Vec<Run> {
    let (mut out, mut i) = (Vec::new(), 0);
    while let Some(f) = fields.get(i) {
        i += 1;
        if f.is_blank() {
            continue;
        }
        if f.ty.alg() == Alg::Mem {
            let (size, next) = memrun(fields, size, i - 1);
            out.push(Run::Mem { offset: f.offset, size });
            i = next;
        } else {
            out.push(Run::Field { offset: f.offset, ty: f.ty.clone() });
        }
    }
    out
}

/// The comparisons of a struct's equality function (`EqStruct`): cheap ones first, except that nothing moves past one that
/// may panic.
pub(super) fn conds(fields: &[Field], size: usize) -> Vec<Cond> {
    let mut groups = vec![Vec::new()];
    let mut i = 0;
    while let Some(f) = fields.get(i) {
        i += 1;
        if f.is_blank() {
            continue;
        }
        let offset = f.offset;
        let last = groups.last_mut().expect("never empty");
        if f.ty.alg() == Alg::Mem {
            let (size, next) = memrun(fields, size, i - 1);
            // Up to four words are compared in place.
            last.push(Cond::Mem { offset, size, call: size.div_ceil(8) > 4 });
            i = next;
        } else if *f.ty.kind() == Kind::String {
            last.extend([Cond::StringLen { offset }, Cond::StringBytes { offset }]);
        } else if eq_can_panic(&f.ty) {
            groups.push(vec![Cond::Field { offset, ty: f.ty.clone() }]);
            groups.push(Vec::new());
        } else {
            last.push(Cond::Field { offset, ty: f.ty.clone() });
        }
    }
    for g in &mut groups {
        g.sort_by_key(Cond::is_call);
    }
    groups.concat()
}

/// Whether `==` may panic: an interface that is compared (`EqCanPanic`).
pub(crate) fn eq_can_panic(ty: &GoType) -> bool {
    match ty.kind() {
        Kind::Interface(_) => true,
        Kind::Array(elem, _) => eq_can_panic(elem),
        Kind::Struct(fields) => fields.iter().any(|f| !f.is_blank() && eq_can_panic(&f.ty)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(ty: &str) -> (Alg, String) {
        let t = GoType::parse(ty).unwrap();
        let steps: Vec<String> = t
            .runs()
            .iter()
            .map(|r| match r {
                Run::Mem { offset, size } => format!("{offset}+{size}"),
                Run::Field { offset, ty } => format!("{offset}:{ty}"),
            })
            .collect();
        (t.alg(), steps.join(" "))
    }

    #[test]
    fn kinds_of_types() {
        for (ty, alg) in [
            ("[4]uint8", Alg::Mem),
            ("struct{a, b uint16}", Alg::Mem),
            ("chan int", Alg::Mem),
            ("struct{a uint8; b uint16}", Alg::Special),
            ("struct{a uint16; _ uint16}", Alg::Special),
            ("struct{_ uint32}", Alg::Special),
            ("struct{s string}", Alg::String),
            ("[1]string", Alg::String),
            ("[2]string", Alg::Special),
            ("[0]string", Alg::Mem),
            ("[1]struct{f [1]float32}", Alg::Float32),
            ("[2]float64", Alg::Special),
            ("struct{a int; b func()}", Alg::None),
            ("[0]func()", Alg::None),
            ("struct{_ []int}", Alg::None),
            ("any", Alg::NilInter),
            ("error", Alg::Inter),
        ] {
            assert_eq!(GoType::parse(ty).unwrap().alg(), alg, "{ty}");
        }
    }

    #[test]
    fn runs_of_memory() {
        for (ty, want) in [
            ("struct{a uint8; b uint8; c uint16; s string; d, e uint64}", "0+4 8:string 24+16"),
            ("struct{a uint8; b uint64; c uint8; d uint8}", "0+1 8+10"),
            ("struct{a uint8; _ uint8; b uint8; f float32}", "0+1 2+1 4:float32"),
        ] {
            assert_eq!(steps(ty), (Alg::Special, want.to_owned()), "{ty}");
        }
    }

    #[test]
    fn cheap_comparisons_come_first_but_not_past_a_panic() {
        let t = GoType::parse("struct{s string; a any; n [9]uint64; b string; c uint8}").unwrap();
        let order: Vec<String> = t
            .conds()
            .iter()
            .map(|c| match c {
                Cond::Mem { offset, size, call } => format!("{offset}+{size}{}", if *call { "!" } else { "" }),
                Cond::StringLen { offset } => format!("{offset}len"),
                Cond::StringBytes { offset } => format!("{offset}bytes"),
                Cond::Field { offset, .. } => format!("{offset}=="),
            })
            .collect();
        assert_eq!(order.join(" "), "0len 0bytes 16== 104len 120+1 32+72! 104bytes");
    }
}
