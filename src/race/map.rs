//! A map that goroutines share under the race detector.

use super::shadow::{Bytes, Kind};
use super::world::{self, Home, Watch};
use crate::gomap::{self, AsKey, Elem, GoMap, Key, SharedMap};
use crate::heap::OnFree;
use crate::types::{GoType, Kind as TypeKind};
use std::fmt;

/// Go's `map[K]V`, watched: its operations, and the loads and stores of its elements that the program does around them.
///
/// The operations are those of [`GoMap`]. A key is passed as a value: where Go's compiler would pass the address of a variable, and
/// the race detector would see it read there, read that [`Var`](super::Var) first.
pub struct Map<K: Key, V: Elem> {
    map: SharedMap<K, V>,
    home: Home,
    key: Footprint,
    elem: Footprint,
}

/// What an access to a variable of a type touches, as Go's compiler tells the detector (`instrument2`, `cmd/compile/internal/ssagen`):
/// the whole of a struct or array of several parts, the first byte of anything else, nothing of a variable without size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Footprint(usize);

impl Footprint {
    pub(super) fn of(ty: &GoType) -> Self {
        Self(match components(ty) {
            _ if ty.size() == 0 => 0,
            0 | 1 => 1,
            _ => ty.size(),
        })
    }

    pub(super) fn at(self, addr: usize) -> Bytes {
        Bytes { addr, size: self.0 }
    }
}

/// Parts of a type that are no structs or arrays themselves (`Type.NumComponents`, `cmd/compile/internal/types`).
fn components(ty: &GoType) -> usize {
    match ty.kind() {
        TypeKind::Array(elem, n) => n * components(elem),
        TypeKind::Struct(fields) => fields.iter().map(|f| components(&f.ty)).sum(),
        _ => 1,
    }
}

impl<K: Key, V: Elem> Map<K, V> {
    /// A map for the goroutines of this program.
    ///
    /// # Panics
    /// Outside a program; when the map's heap hands out again what was freed, for an access to the old object would seem to race with
    /// one to the new: it must be one of [`OnFree::Keep`], as that of [`Config::default`](super::Config) is.
    #[must_use]
    pub fn new(map: GoMap<K, V>) -> Self {
        let on_free = map.map_type().rt.heap.config().on_free;
        assert_eq!(on_free, OnFree::Keep, "the race detector needs a heap that keeps what was freed");
        let (key, elem) = (Footprint::of(&K::go_type()), Footprint::of(&V::go_type()));
        Self { map: map.into_shared(), home: Home::here(), key, elem }
    }

    /// The map, for one operation.
    fn map(&self) -> &SharedMap<K, V> {
        self.home.check();
        world::pause();
        &self.map
    }

    /// `m[k] = v`.
    ///
    /// # Panics
    /// On a nil map, with `assignment to entry in nil map`.
    pub fn insert(&self, k: impl AsKey<K>, v: V) {
        self.map().insert_watched(k, &v, &Watch, |elem| world::access(Kind::WRITE, self.elem.at(elem)));
    }

    /// `m[k]`: the zero value when there is no such key.
    pub fn get(&self, k: impl AsKey<K>) -> V {
        self.map().get_watched(k, &Watch, |elem| self.loads(elem))
    }

    /// `v, ok := m[k]`.
    pub fn get2(&self, k: impl AsKey<K>) -> (V, bool) {
        self.map().get2_watched(k, &Watch, |elem| self.loads(elem))
    }

    /// `_, ok := m[k]`, which does not look at the element.
    pub fn contains(&self, k: impl AsKey<K>) -> bool {
        self.map().get2_watched(k, &Watch, |_| {}).1
    }

    /// `m[k] op= …`. With `-race` the compiler makes `m[k] = m[k] op …` of it: a lookup, then an assignment.
    ///
    /// # Panics
    /// As [`insert`](Self::insert).
    pub fn update(&self, k: impl AsKey<K> + Clone, f: impl FnOnce(V) -> V) {
        let v = f(self.get(k.clone()));
        self.insert(k, v);
    }

    /// `delete(m, k)`.
    pub fn delete(&self, k: impl AsKey<K>) {
        self.map().delete_watched(k, &Watch);
    }

    /// `clear(m)`; before Go 1.21 `for k := range m { delete(m, k) }`, which the compiler makes `mapclear` of, but not with
    /// `-race`.
    pub fn clear(&self) {
        if self.map.map_type().rt.rules().has_clear {
            self.map().clear_watched(&Watch);
        } else {
            self.range_keys().for_each(|k| self.delete(k));
        }
    }

    /// `len(m)`: a read of the header's first word, unless the map is nil.
    pub fn len(&self) -> i64 {
        let map = self.map();
        if !map.is_nil() {
            world::access(Kind::READ, Bytes { addr: map.hmap(), size: 1 });
        }
        map.len()
    }

    /// `len(m) == 0`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `maps.Clone(m)`, which the race detector sees nothing of.
    #[must_use]
    pub fn clone_map(&self) -> Self {
        let map = self.map().clone_watched(&Watch);
        Self { map, home: Home::here(), key: self.key, elem: self.elem }
    }

    /// `for k, v := range m`.
    pub fn range(&self) -> Range<'_, K, V> {
        Range { map: self, range: self.map().range_watched(&Watch) }
    }

    /// `for k := range m`, which does not look at the elements.
    pub fn range_keys(&self) -> impl Iterator<Item = K> {
        let mut range = self.range();
        std::iter::from_fn(move || range.advance().then(|| range.key()))
    }

    /// `m == nil`.
    #[must_use]
    pub fn is_nil(&self) -> bool {
        self.map.is_nil()
    }

    /// Address of the `hmap`, which reports call the map by; 0 for a nil map.
    #[must_use]
    pub fn hmap(&self) -> usize {
        self.map.hmap()
    }

    fn loads(&self, elem: usize) {
        world::access(Kind::READ, self.elem.at(elem));
    }
}

/// An iteration over a [`Map`]; see [`gomap::Range`].
pub struct Range<'m, K: Key, V: Elem> {
    map: &'m Map<K, V>,
    range: gomap::Range<'m, K, V>,
}

impl<K: Key, V: Elem> Range<'_, K, V> {
    fn advance(&mut self) -> bool {
        self.map.home.check();
        world::pause();
        self.range.advance(&Watch)
    }

    fn key(&self) -> K {
        world::access(Kind::READ, self.map.key.at(self.range.state().key as usize));
        self.range.key()
    }
}

impl<K: Key, V: Elem> Iterator for Range<'_, K, V> {
    type Item = (K, V);

    fn next(&mut self) -> Option<(K, V)> {
        self.advance().then(|| {
            let key = self.key();
            self.map.loads(self.range.state().elem as usize);
            (key, self.range.elem())
        })
    }
}

impl<K: Key, V: Elem> fmt::Debug for Map<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Map({:#x})", self.hmap())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn footprints() {
        let of = |ty: &GoType| Footprint::of(ty).0;
        assert_eq!(of(&<u64 as Elem>::go_type()), 1);
        assert_eq!(of(&<String as Elem>::go_type()), 1);
        assert_eq!(of(&<() as Elem>::go_type()), 0);
        assert_eq!(of(&<(i64, i64) as Elem>::go_type()), 16);
        assert_eq!(of(&<[u32; 1] as Elem>::go_type()), 1);
        assert_eq!(of(&<[u16; 3] as Elem>::go_type()), 6);
        assert_eq!(of(&<[(u64, u8); 2] as Elem>::go_type()), 32);
    }
}
