//! What a Go binary's DWARF tells of variables and types.
//!
//! Go's linker adds attributes of its own (`cmd/internal/dwarf`): a type's kind, a map's key and element.

use crate::types::GoType;
use gimli::{AttributeValue, DwAt, EndianArcSlice, LittleEndian, Operation, Reader, UnitOffset, constants as dw};
use object::{Object, ObjectSection};
use std::collections::HashMap;
use std::sync::Arc;

type R = EndianArcSlice<LittleEndian>;
type Die = gimli::DebuggingInformationEntry<R>;

/// `DW_AT_go_kind`.
const GO_KIND: DwAt = DwAt(0x2900);
/// `DW_AT_go_key`.
const GO_KEY: DwAt = DwAt(0x2901);
/// `DW_AT_go_elem`.
const GO_ELEM: DwAt = DwAt(0x2902);

/// Numbers of `reflect.Kind` that are not those of numbers.
mod kind {
    pub(super) const BOOL: u64 = 1;
    pub(super) const ARRAY: u64 = 17;
    pub(super) const CHAN: u64 = 18;
    pub(super) const FUNC: u64 = 19;
    pub(super) const INTERFACE: u64 = 20;
    pub(super) const MAP: u64 = 21;
    pub(super) const POINTER: u64 = 22;
    pub(super) const SLICE: u64 = 23;
    pub(super) const STRING: u64 = 24;
    pub(super) const STRUCT: u64 = 25;
    pub(super) const UNSAFE_POINTER: u64 = 26;
}

/// `reflect.Kind` of numbers, by their names.
const NUMBERS: [(u64, &str); 15] = [
    (2, "int"),
    (3, "int8"),
    (4, "int16"),
    (5, "int32"),
    (6, "int64"),
    (7, "uint"),
    (8, "uint8"),
    (9, "uint16"),
    (10, "uint32"),
    (11, "uint64"),
    (12, "uintptr"),
    (13, "float32"),
    (14, "float64"),
    (15, "complex64"),
    (16, "complex128"),
];

/// A type: where its entry is in `.debug_info`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TypeRef(usize);

/// A variable of a package.
#[derive(Clone, Debug)]
pub struct Variable {
    /// With its package: `main.sessions`.
    pub name: String,
    /// Where the binary has it; a position-independent program has it somewhere else.
    pub addr: u64,
    /// Its type.
    pub ty: TypeRef,
}

/// What a type is, as far as one has to know to get to a map.
#[derive(Clone, Debug)]
pub enum Shape {
    /// A map: key and element, and what its header is called (`hash<…>` for a classic one).
    Map(TypeRef, TypeRef, String),
    /// A pointer.
    Pointer(TypeRef),
    /// A struct: names, types and offsets of its fields.
    Struct(Vec<(String, TypeRef, u64)>),
    /// An array: its elements' type and number.
    Array(TypeRef, u64),
    /// A slice: its elements' type.
    Slice(TypeRef),
    /// Anything else.
    Other,
}

/// The debug information of a binary.
pub struct Dwarf {
    dwarf: gimli::Dwarf<R>,
    units: Vec<(usize, gimli::Unit<R>)>,
    /// Variables of packages, by name.
    pub variables: Vec<Variable>,
    maps: HashMap<String, TypeRef>,
}

impl std::fmt::Debug for Dwarf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dwarf of {} units and {} variables", self.units.len(), self.variables.len())
    }
}

/// Debug information that is not as Go writes it.
#[derive(Debug, thiserror::Error)]
pub enum DwarfError {
    /// There is none.
    #[error("it has no debug information")]
    Missing,
    /// It is damaged.
    #[error("its debug information cannot be read: {0}")]
    Bad(String),
}

impl From<gimli::Error> for DwarfError {
    fn from(e: gimli::Error) -> Self {
        Self::Bad(e.to_string())
    }
}

type Result<T> = std::result::Result<T, DwarfError>;

fn text(r: &R) -> String {
    r.to_string_lossy().map(std::borrow::Cow::into_owned).unwrap_or_default()
}

impl Dwarf {
    /// Reads the debug information of an object file.
    ///
    /// # Errors
    /// When there is none, or it is damaged.
    pub fn read(file: &object::File<'_>) -> Result<Self> {
        let load = |id: gimli::SectionId| -> Result<R> {
            let data = match file.section_by_name(id.name()) {
                Some(s) => s.uncompressed_data().map_err(|e| DwarfError::Bad(format!("{}: {e}", id.name())))?,
                None => std::borrow::Cow::Borrowed(&[][..]),
            };
            Ok(EndianArcSlice::new(Arc::from(&*data), LittleEndian))
        };
        let dwarf = gimli::Dwarf::load(load)?;
        let mut this = Self { dwarf, units: Vec::new(), variables: Vec::new(), maps: HashMap::new() };
        let mut headers = this.dwarf.units();
        while let Some(header) = headers.next()? {
            let start = header.debug_info_offset().map_or(0, |o| o.0);
            let unit = this.dwarf.unit(header)?;
            this.units.push((start, unit));
        }
        if this.units.is_empty() {
            return Err(DwarfError::Missing);
        }
        this.units.sort_by_key(|u| u.0);
        for i in 0..this.units.len() {
            this.index(i)?;
        }
        this.variables.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(this)
    }

    /// Takes down the variables and types of a unit.
    fn index(&mut self, i: usize) -> Result<()> {
        let (start, unit) = &self.units[i];
        let mut entries = unit.entries();
        while let Some(die) = entries.next_dfs()? {
            // The unit itself is at depth 0; what is within functions is deeper than 1.
            if die.depth() != 1 {
                continue;
            }
            let here = TypeRef(start + die.offset().0);
            if die.tag() == dw::DW_TAG_typedef && number(die, GO_KIND) == Some(kind::MAP) {
                if let Some(name) = self.name(unit, die) {
                    self.maps.insert(name, here);
                }
            } else if die.tag() == dw::DW_TAG_variable
                && let Some(AttributeValue::Exprloc(at)) = die.attr_value(dw::DW_AT_location)
                && let Some(Operation::Address { address }) = at.operations(unit.encoding()).next()?
                && let Some(ty) = reference(*start, die, dw::DW_AT_type)
                && let Some(name) = self.name(unit, die)
            {
                self.variables.push(Variable { name, addr: address, ty });
            } else if die.tag() == dw::DW_TAG_variable
                && let Some(AttributeValue::Exprloc(at)) = die.attr_value(dw::DW_AT_location)
                && let Some(Operation::AddressIndex { index }) = at.operations(unit.encoding()).next()?
                && let Some(ty) = reference(*start, die, dw::DW_AT_type)
                && let Some(name) = self.name(unit, die)
            {
                let addr = self.dwarf.address(unit, index)?;
                self.variables.push(Variable { name, addr, ty });
            }
        }
        Ok(())
    }

    fn name(&self, unit: &gimli::Unit<R>, die: &Die) -> Option<String> {
        let v = die.attr_value(dw::DW_AT_name)?;
        self.dwarf.attr_string(unit, v).ok().map(|r| text(&r))
    }

    /// The unit that a type is in, with its start, and the type's place in it.
    fn unit(&self, at: TypeRef) -> (usize, &gimli::Unit<R>, UnitOffset) {
        let i = self.units.partition_point(|u| u.0 <= at.0).saturating_sub(1);
        let (start, unit) = &self.units[i];
        (*start, unit, UnitOffset(at.0 - start))
    }

    fn die(&self, at: TypeRef) -> Result<(usize, &gimli::Unit<R>, Die)> {
        let (start, unit, offset) = self.unit(at);
        Ok((start, unit, unit.entry(offset)?))
    }

    /// The entry that tells the kind: a named type may have one before it that only names it once more.
    fn defined(&self, mut at: TypeRef) -> Result<TypeRef> {
        for _ in 0..8 {
            let (start, _, die) = self.die(at)?;
            match reference(start, &die, dw::DW_AT_type) {
                Some(to) if die.tag() == dw::DW_TAG_typedef && number(&die, GO_KIND).is_none() => at = to,
                _ => break,
            }
        }
        Ok(at)
    }

    /// Fields of a struct, or the count of an array: the entries right below one.
    fn children(&self, at: TypeRef) -> Result<Vec<Die>> {
        let (_, unit, offset) = self.unit(at);
        let mut tree = unit.entries_tree(Some(offset))?;
        let mut below = tree.root()?.children();
        let mut all = Vec::new();
        while let Some(node) = below.next()? {
            all.push(node.entry().clone());
        }
        Ok(all)
    }

    /// How many elements an array has.
    fn length(&self, at: TypeRef) -> Result<Option<u64>> {
        let count = |c: &Die| {
            number(c, dw::DW_AT_count).or_else(|| number(c, dw::DW_AT_upper_bound).map(|n| n.wrapping_add(1)))
        };
        Ok(self.children(at)?.iter().find_map(count))
    }

    /// The type's name.
    #[must_use]
    pub fn type_name(&self, at: TypeRef) -> String {
        self.die(at).ok().and_then(|(_, unit, die)| self.name(unit, &die)).unwrap_or_else(|| "?".to_owned())
    }

    /// The map type of that name, as Go writes it: `map[string]int`, `main.Sessions`.
    #[must_use]
    pub fn map_named(&self, name: &str) -> Option<TypeRef> {
        self.maps.get(name).copied()
    }

    /// What a type is.
    ///
    /// # Errors
    /// When the debug information is damaged.
    pub fn shape(&self, at: TypeRef) -> Result<Shape> {
        let at = self.defined(at)?;
        let (start, unit, die) = self.die(at)?;
        let to = |name| reference(start, &die, name);
        Ok(match number(&die, GO_KIND) {
            Some(kind::MAP) => {
                let (Some(key), Some(elem)) = (to(GO_KEY), to(GO_ELEM)) else { return Ok(Shape::Other) };
                // A typedef of a pointer to the header.
                let header = to(dw::DW_AT_type).and_then(|p| {
                    let (start, _, pointer) = self.die(p).ok()?;
                    reference(start, &pointer, dw::DW_AT_type)
                });
                Shape::Map(key, elem, header.map_or_else(String::new, |h| self.type_name(h)))
            }
            Some(kind::POINTER) => to(dw::DW_AT_type).map_or(Shape::Other, Shape::Pointer),
            Some(kind::STRUCT) => {
                let mut fields = Vec::new();
                for f in self.children(at)? {
                    if let (dw::DW_TAG_member, Some(name), Some(ty)) =
                        (f.tag(), self.name(unit, &f), reference(start, &f, dw::DW_AT_type))
                    {
                        fields.push((name, ty, number(&f, dw::DW_AT_data_member_location).unwrap_or(0)));
                    }
                }
                Shape::Struct(fields)
            }
            Some(kind::ARRAY) => match (to(dw::DW_AT_type), self.length(at)?) {
                (Some(elem), Some(n)) => Shape::Array(elem, n),
                _ => Shape::Other,
            },
            Some(kind::SLICE) => to(GO_ELEM).map_or(Shape::Other, Shape::Slice),
            _ => Shape::Other,
        })
    }

    /// The type as the map's functions see it.
    ///
    /// # Errors
    /// When the debug information is damaged, or tells of a kind of type that Go has not.
    pub fn go_type(&self, at: TypeRef) -> Result<GoType> {
        let at = self.defined(at)?;
        let (start, unit, die) = self.die(at)?;
        let name = self.name(unit, &die).unwrap_or_default();
        let bad = |what: &str| DwarfError::Bad(format!("type {name}: {what}"));
        let elem = || {
            let of = reference(start, &die, dw::DW_AT_type).or_else(|| reference(start, &die, GO_ELEM));
            of.ok_or_else(|| bad("no element type"))
        };
        let go_kind = number(&die, GO_KIND).ok_or_else(|| bad("no kind"))?;
        // Whatever they point to, pointers are pointers; their names say the rest.
        let byte = GoType::uint8;
        let underlying = match go_kind {
            kind::BOOL => GoType::bool(),
            kind::STRING => GoType::string(),
            kind::UNSAFE_POINTER => GoType::unsafe_pointer(),
            kind::POINTER => GoType::pointer(&byte()),
            kind::CHAN => GoType::chan(&byte()),
            kind::FUNC => GoType::func(&[], &[]),
            kind::MAP => GoType::map(&byte(), &byte()),
            kind::SLICE => GoType::slice(&byte()),
            kind::INTERFACE => {
                let methods = self.type_name(elem()?) != "runtime.eface";
                GoType::interface(if methods { &["?"] } else { &[] })
            }
            kind::ARRAY => {
                let of = self.go_type(elem()?)?;
                GoType::array(&of, self.length(at)?.ok_or_else(|| bad("no length"))? as usize)
            }
            kind::STRUCT => {
                let Shape::Struct(fields) = self.shape(at)? else { return Err(bad("no fields")) };
                let types: Vec<GoType> = fields.iter().map(|f| self.go_type(f.1)).collect::<Result<_>>()?;
                let laid: Vec<(&str, GoType)> = fields.iter().map(|f| f.0.as_str()).zip(types).collect();
                let s = GoType::structure(&laid);
                if number(&die, dw::DW_AT_byte_size) != Some(s.size() as u64) {
                    return Err(bad("its size is not that of its fields"));
                }
                s
            }
            n => NUMBERS
                .iter()
                .find(|k| k.0 == n)
                .and_then(|k| GoType::predeclared(k.1))
                .ok_or_else(|| bad("no kind of Go's"))?,
        };
        Ok(GoType::named(&name, &underlying))
    }
}

fn number(die: &Die, at: DwAt) -> Option<u64> {
    die.attr_value(at)?.udata_value()
}

/// The entry that an attribute refers to, in the unit that begins at `start` or another.
fn reference(start: usize, die: &Die, at: DwAt) -> Option<TypeRef> {
    match die.attr_value(at)? {
        AttributeValue::UnitRef(o) => Some(TypeRef(start + o.0)),
        AttributeValue::DebugInfoRef(o) => Some(TypeRef(o.0)),
        _ => None,
    }
}
