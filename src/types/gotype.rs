//! Go types: what the compiler knows of a type that a map can hold.

use super::alg::{self, Alg, Cond, Run};
use std::fmt;
use std::sync::{Arc, OnceLock};

/// A Go type. Cheap to clone; equal when the names are, which is identity for types written out in full.
#[derive(Clone)]
pub struct GoType(Arc<Inner>);

/// What sort of type it is, and what it is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// `bool`.
    Bool,
    /// `int` and `int8` to `int64`; the size says which.
    Int,
    /// `uint`, `uint8` to `uint64` and `uintptr`.
    Uint,
    /// `float32` and `float64`.
    Float,
    /// `complex64` and `complex128`.
    Complex,
    /// `string`.
    String,
    /// `unsafe.Pointer`.
    UnsafePointer,
    /// `*T`.
    Pointer,
    /// `chan T` of any direction.
    Chan,
    /// A function.
    Func,
    /// `[]T`.
    Slice,
    /// A map.
    Map,
    /// `[n]T`.
    Array(GoType, usize),
    /// `struct{…}`.
    Struct(Vec<Field>),
    /// `interface{…}` with these methods; none of them for `any`.
    Interface(Vec<String>),
}

/// A field of a struct.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name; `_` for a blank one, whose value nobody compares or hashes.
    pub name: String,
    /// Its type.
    pub ty: GoType,
    /// Bytes from the start of the struct.
    pub offset: usize,
}

impl Field {
    /// Whether the field is blank.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.name == "_"
    }

    /// Offset of the byte after it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.offset + self.ty.size()
    }
}

#[derive(Debug)]
struct Inner {
    kind: Kind,
    name: String,
    size: usize,
    align: usize,
    ptrdata: usize,
    alg: Alg,
    runs: Vec<Run>,
    conds: Vec<Cond>,
    reflexive: bool,
    need_key_update: bool,
    hash_might_panic: bool,
    direct_iface: bool,
}

impl PartialEq for GoType {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.name == other.0.name
    }
}
impl Eq for GoType {}

impl fmt::Debug for GoType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

/// The name, as `%T` prints it.
impl fmt::Display for GoType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.name)
    }
}

macro_rules! basic {
    ($($f:ident $name:literal $kind:ident $size:literal;)*) => {
        impl GoType {
            $(
                #[doc = concat!("`", $name, "`.")]
                #[must_use]
                pub fn $f() -> Self {
                    static TYPE: OnceLock<GoType> = OnceLock::new();
                    let new = || {
                        let align = if Kind::$kind == Kind::Complex { $size / 2 } else { $size.min(8) };
                        let ptrdata = if matches!(Kind::$kind, Kind::String | Kind::UnsafePointer) { 8 } else { 0 };
                        Self::build(Kind::$kind, $name.to_owned(), $size, align, ptrdata)
                    };
                    TYPE.get_or_init(new).clone()
                }
            )*
            /// The predeclared type of this name (`byte`, `rune`, `any`, `error` and `unsafe.Pointer` too).
            #[must_use]
            pub fn predeclared(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$f(),)*
                    "byte" => Self::uint8(),
                    "rune" => Self::int32(),
                    "any" => Self::interface(&[]),
                    "error" => Self::named("error", &Self::interface(&["Error() string"])),
                    _ => return None,
                })
            }
        }
    };
}
basic! {
    bool "bool" Bool 1;
    int8 "int8" Int 1;
    int16 "int16" Int 2;
    int32 "int32" Int 4;
    int64 "int64" Int 8;
    int "int" Int 8;
    uint8 "uint8" Uint 1;
    uint16 "uint16" Uint 2;
    uint32 "uint32" Uint 4;
    uint64 "uint64" Uint 8;
    uint "uint" Uint 8;
    uintptr "uintptr" Uint 8;
    float32 "float32" Float 4;
    float64 "float64" Float 8;
    complex64 "complex64" Complex 8;
    complex128 "complex128" Complex 16;
    string "string" String 16;
    unsafe_pointer "unsafe.Pointer" UnsafePointer 8;
}

impl GoType {
    /// Everything that follows from kind, size, alignment and extent of pointers.
    fn build(kind: Kind, name: String, size: usize, align: usize, ptrdata: usize) -> Self {
        let alg = alg::alg_of(&kind, size);
        let (runs, conds) = match &kind {
            Kind::Struct(fields) if alg.is_some() => (alg::runs(fields, size), alg::conds(fields, size)),
            _ => Default::default(),
        };
        let (reflexive, need_key_update, hash_might_panic) = match &kind {
            Kind::Float | Kind::Complex => (false, true, false),
            Kind::Interface(_) => (false, true, true),
            Kind::String => (true, true, false),
            Kind::Array(e, _) => (e.0.reflexive, e.0.need_key_update, e.0.hash_might_panic),
            Kind::Struct(fields) => (
                fields.iter().all(|f| f.ty.0.reflexive),
                fields.iter().any(|f| f.ty.0.need_key_update),
                fields.iter().any(|f| f.ty.0.hash_might_panic),
            ),
            _ => (true, false, false),
        };
        let direct_iface = match &kind {
            Kind::UnsafePointer | Kind::Pointer | Kind::Chan | Kind::Func | Kind::Map => true,
            Kind::Array(e, 1) => e.0.direct_iface,
            Kind::Struct(f) if f.len() == 1 => f[0].ty.0.direct_iface,
            _ => false,
        };
        Self(Arc::new(Inner {
            kind,
            name,
            size,
            align,
            ptrdata,
            alg,
            runs,
            conds,
            reflexive,
            need_key_update,
            hash_might_panic,
            direct_iface,
        }))
    }

    fn word(kind: Kind, name: String) -> Self {
        Self::build(kind, name, 8, 8, 8)
    }

    /// `*elem`.
    #[must_use]
    pub fn pointer(elem: &Self) -> Self {
        Self::word(Kind::Pointer, format!("*{elem}"))
    }

    /// `chan elem`.
    #[must_use]
    pub fn chan(elem: &Self) -> Self {
        Self::word(Kind::Chan, format!("chan {elem}"))
    }

    /// `<-chan elem`.
    #[must_use]
    pub fn recv_chan(elem: &Self) -> Self {
        Self::word(Kind::Chan, format!("<-chan {elem}"))
    }

    /// `chan<- elem`.
    #[must_use]
    pub fn send_chan(elem: &Self) -> Self {
        Self::word(Kind::Chan, format!("chan<- {elem}"))
    }

    /// `func(params) results`.
    #[must_use]
    pub fn func(params: &[Self], results: &[Self]) -> Self {
        let list = |l: &[Self]| l.iter().map(|t| t.0.name.clone()).collect::<Vec<_>>().join(", ");
        let results = match results {
            [] => String::new(),
            [one] => format!(" {one}"),
            more => format!(" ({})", list(more)),
        };
        Self::word(Kind::Func, format!("func({}){results}", list(params)))
    }

    /// `[]elem`.
    #[must_use]
    pub fn slice(elem: &Self) -> Self {
        Self::build(Kind::Slice, format!("[]{elem}"), 24, 8, 8)
    }

    /// `map[key]elem`.
    #[must_use]
    pub fn map(key: &Self, elem: &Self) -> Self {
        Self::word(Kind::Map, format!("map[{key}]{elem}"))
    }

    /// `interface{…}` with these methods, each as `Name(params) results`.
    #[must_use]
    pub fn interface(methods: &[&str]) -> Self {
        let body = if methods.is_empty() { String::new() } else { format!(" {} ", methods.join("; ")) };
        let kind = Kind::Interface(methods.iter().map(|m| (*m).to_owned()).collect());
        Self::build(kind, format!("interface {{{body}}}"), 16, 8, 16)
    }

    /// `[n]elem`.
    ///
    /// # Panics
    /// When the size overflows.
    #[must_use]
    pub fn array(elem: &Self, n: usize) -> Self {
        let size = elem.size().checked_mul(n).expect("the size of a type fits the address space");
        let ptrdata = if n > 0 && elem.has_pointers() { size - elem.size() + elem.ptrdata() } else { 0 };
        Self::build(Kind::Array(elem.clone(), n), format!("[{n}]{elem}"), size, elem.align(), ptrdata)
    }

    /// `struct{…}` with these fields, laid out by Go's rules (`CalcStructSize`, `cmd/compile/internal/types/size.go`).
    ///
    /// # Panics
    /// When the size overflows.
    #[must_use]
    pub fn structure(fields: &[(&str, Self)]) -> Self {
        let (mut at, mut align) = (0_usize, 1);
        let mut laid = Vec::with_capacity(fields.len());
        for (name, ty) in fields {
            align = align.max(ty.align());
            let offset = at.next_multiple_of(ty.align());
            at = offset.checked_add(ty.size()).expect("the size of a type fits the address space");
            laid.push(Field { name: (*name).to_owned(), ty: ty.clone(), offset });
        }
        // The address of a last field without size must not be that of the next object.
        if at > 0 && laid.last().is_some_and(|f| f.ty.size() == 0) {
            at += 1;
        }
        let ptrdata = laid.iter().rfind(|f| f.ty.has_pointers()).map_or(0, |f| f.offset + f.ty.ptrdata());
        let body: Vec<String> = fields.iter().map(|(name, ty)| format!("{name} {ty}")).collect();
        let name = if body.is_empty() { "struct {}".to_owned() } else { format!("struct {{ {} }}", body.join("; ")) };
        Self::build(Kind::Struct(laid), name, at.next_multiple_of(align), align, ptrdata)
    }

    /// `type name underlying`; the name with its package, as in `main.Point`.
    #[must_use]
    pub fn named(name: &str, underlying: &Self) -> Self {
        let u = &underlying.0;
        Self::build(u.kind.clone(), name.to_owned(), u.size, u.align, u.ptrdata)
    }

    /// Some type of `size` bytes that holds pointers or does not: for elements of which nothing else is known.
    #[must_use]
    pub fn opaque(size: usize, pointers: bool) -> Self {
        let bytes = |n| Self::array(&Self::uint8(), n);
        match (pointers, size % 8) {
            (true, 0) if size > 0 => Self::array(&Self::unsafe_pointer(), size / 8),
            (true, _) if size > 8 => Self::structure(&[("p", Self::unsafe_pointer()), ("_", bytes(size - 8))]),
            _ => bytes(size),
        }
    }

    /// What sort of type it is.
    #[must_use]
    pub fn kind(&self) -> &Kind {
        &self.0.kind
    }

    /// The name, as `%T` prints it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.size
    }

    /// Alignment in bytes.
    #[must_use]
    pub fn align(&self) -> usize {
        self.0.align
    }

    /// Bytes up to the end of the last pointer; 0 when there is none (`abi.Type.PtrBytes`).
    #[must_use]
    pub fn ptrdata(&self) -> usize {
        self.0.ptrdata
    }

    /// Whether values hold pointers.
    #[must_use]
    pub fn has_pointers(&self) -> bool {
        self.0.ptrdata > 0
    }

    /// How values are compared and hashed; [`Alg::None`] when they are not comparable.
    #[must_use]
    pub fn alg(&self) -> Alg {
        self.0.alg
    }

    /// Whether `==` is defined (for an interface, that says nothing of what it holds).
    #[must_use]
    pub fn comparable(&self) -> bool {
        self.0.alg != Alg::None
    }

    /// Whether `x == x` for every x (`isreflexive`).
    #[must_use]
    pub fn reflexive(&self) -> bool {
        self.0.reflexive
    }

    /// Whether equal keys may differ, so that an assign overwrites the key (`needkeyupdate`).
    #[must_use]
    pub fn need_key_update(&self) -> bool {
        self.0.need_key_update
    }

    /// Whether hashing may panic: there is an interface inside (`hashMightPanic`).
    #[must_use]
    pub fn hash_might_panic(&self) -> bool {
        self.0.hash_might_panic
    }

    /// Whether an interface's data word holds the value itself rather than its address (`isdirectiface`).
    #[must_use]
    pub fn direct_iface(&self) -> bool {
        self.0.direct_iface
    }

    /// Runs of a struct that is hashed field by field.
    pub(crate) fn runs(&self) -> &[Run] {
        &self.0.runs
    }

    /// Comparisons of a struct that is compared field by field, in order.
    pub(crate) fn conds(&self) -> &[Cond] {
        &self.0.conds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(s: &str) -> GoType {
        GoType::parse(s).unwrap()
    }

    /// Sizes, alignments and extents as `unsafe.Sizeof` and the descriptors of Go 1.22 give them.
    #[test]
    fn sizes_as_in_go() {
        for (ty, size, align, ptrdata) in [
            ("struct{}", 0, 1, 0),
            ("struct{a uint8; b float64; c string}", 32, 8, 24),
            ("struct{a uint64; b struct{}}", 16, 8, 0),
            ("struct{a struct{}; b uint64}", 8, 8, 0),
            ("struct{a uint8; b struct{}}", 2, 1, 0),
            ("struct{b struct{}}", 0, 1, 0),
            ("[3]struct{p *int; n int32}", 48, 8, 40),
            ("[0]*int", 0, 8, 0),
            ("struct{c complex64; b bool}", 12, 4, 0),
            ("complex128", 16, 8, 0),
            ("any", 16, 8, 16),
            ("[]any", 24, 8, 8),
            ("func(int) string", 8, 8, 8),
            ("struct{a, _ uint16; s []int; x uint32}", 40, 8, 16),
        ] {
            let t = parse(ty);
            assert_eq!((t.size(), t.align(), t.ptrdata()), (size, align, ptrdata), "{ty}");
        }
        for (size, pointers) in [(0, false), (1, false), (8, true), (24, true), (13, true), (136, false)] {
            let t = GoType::opaque(size, pointers);
            assert_eq!((t.size(), t.has_pointers()), (if size == 13 { 16 } else { size }, pointers));
        }
    }

    #[test]
    fn key_properties() {
        for (ty, reflexive, update, panics) in [
            ("uint64", true, false, false),
            ("*int", true, false, false),
            ("string", true, true, false),
            ("float32", false, true, false),
            ("[4]complex64", false, true, false),
            ("any", false, true, true),
            ("struct{a int; b [2]any}", false, true, true),
            ("struct{a int; b string}", true, true, false),
        ] {
            let t = parse(ty);
            assert_eq!((t.reflexive(), t.need_key_update(), t.hash_might_panic()), (reflexive, update, panics), "{ty}");
        }
    }

    #[test]
    fn pointer_shaped() {
        for (ty, direct) in [
            ("*int", true),
            ("chan int", true),
            ("func()", true),
            ("map[int]int", true),
            ("unsafe.Pointer", true),
            ("struct{p *int}", true),
            ("[1]struct{p [1]chan int}", true),
            ("[2]*int", false),
            ("uintptr", false),
            ("struct{p *int; q struct{}}", false),
            ("string", false),
        ] {
            assert_eq!(parse(ty).direct_iface(), direct, "{ty}");
        }
    }
}
