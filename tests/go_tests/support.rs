//! What the counterparts share: runtimes to run in, ways to fill and read a map, interface values, counted allocations.

use gohmap::fault::{guarded, op};
use gohmap::gomap::{Elem, GoMap, Key};
use gohmap::hash::Algorithm;
use gohmap::heap::{HeapConfig, OnFree};
use gohmap::layout::{Hmap, mem};
use gohmap::map::{access, clear, compiled, make};
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::types::{GoType, MapType};
use gohmap::version::GoVersion;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;

/// A runtime of a version. Memory that a map gives up is overwritten, so that a stale pointer does not go unnoticed.
pub(crate) fn runtime_of(version: GoVersion) -> Arc<Runtime> {
    runtime_with(version, Algorithm::Aes)
}

/// A runtime with these hash functions.
pub(crate) fn runtime_with(version: GoVersion, hash: Algorithm) -> Arc<Runtime> {
    let heap = HeapConfig { on_free: OnFree::Clobber, ..HeapConfig::default() };
    Runtime::new(RuntimeConfig { version, hash, seed: Some(1234), heap, ..RuntimeConfig::default() })
}

/// The default runtime: that of the Go whose tests these are.
pub(crate) fn runtime() -> Arc<Runtime> {
    runtime_of(GoVersion::V1_22)
}

/// Runs a test in a runtime of every version, and with the hash functions of processors without AES.
pub(crate) fn everywhere(test: impl Fn(&Arc<Runtime>)) {
    let aes = GoVersion::ALL.map(|v| (v, Algorithm::Aes));
    for (version, hash) in aes.into_iter().chain([(GoVersion::V1_22, Algorithm::Fallback)]) {
        println!("Go {version}, {hash:?}");
        test(&runtime_with(version, hash));
    }
}

/// A map with these entries, assigned in this order.
pub(crate) fn map_of<K: Key, V: Elem>(rt: &Arc<Runtime>, entries: impl IntoIterator<Item = (K, V)>) -> GoMap<K, V> {
    let m = GoMap::make(rt, 0);
    for (k, v) in entries {
        m.insert(k, v);
    }
    m
}

/// What ranging over the map yields.
pub(crate) fn entries<K: Key, V: Elem>(m: &GoMap<K, V>) -> Vec<(K, V)> {
    m.range().collect()
}

/// The keys that ranging over the map yields, in its order.
pub(crate) fn keys<K: Key, V: Elem>(m: &GoMap<K, V>) -> Vec<K> {
    m.range().map(|(k, _)| k).collect()
}

/// The header; of Go 1.24's the first 40 bytes.
pub(crate) fn header<K: Key, V: Elem>(m: &GoMap<K, V>) -> Hmap {
    // SAFETY: the header of a map that is there.
    unsafe { *std::ptr::with_exposed_provenance(m.hmap()) }
}

/// The words with which `f` dies.
pub(crate) fn death<R>(f: impl FnOnce() -> R) -> String {
    // SAFETY: the operations of the typed map and of `Raw` keep no destructors pending over emulated memory.
    match unsafe { guarded(f) } {
        Ok(_) => panic!("it lived"),
        Err(death) => death.text().to_owned(),
    }
}

/// A map by its Go type, whose keys and elements are bytes in memory: for types that have no Rust twin.
pub(crate) struct Raw {
    pub(crate) t: MapType,
    /// Address of the header; 0 for a nil map.
    pub(crate) h: usize,
}

impl Raw {
    /// `make(map[key]elem)`.
    pub(crate) fn make(rt: &Arc<Runtime>, key: &str, elem: &str) -> Self {
        let mut m = Self::nil(rt, key, elem);
        // SAFETY: a new map of this type.
        m.h = unsafe { make::makemap_small(&m.t) };
        m
    }

    /// A nil map.
    pub(crate) fn nil(rt: &Arc<Runtime>, key: &str, elem: &str) -> Self {
        let parse = |text| GoType::parse(text).expect("a Go type");
        Self { t: MapType::of(rt, &parse(key), &parse(elem)).expect("a key type"), h: 0 }
    }

    /// The address of a key, which must be laid out as in Go.
    fn at<K>(&self, key: &K) -> usize {
        assert_eq!(size_of::<K>(), self.t.key_size, "size of {}", self.t.key);
        std::ptr::from_ref(key).expose_provenance()
    }

    /// `m[k] = v`. Both are copied; what they lead to must outlive the map.
    pub(crate) fn assign<K, V>(&self, key: &K, v: &V) {
        let key = self.at(key);
        assert_eq!(size_of::<V>(), self.t.elem_size, "size of {}", self.t.elem);
        // SAFETY: a map of this type, a key of its key type, and the slot of an element of as many bytes as `V` has.
        unsafe {
            let slot = op(|| compiled::assign(&self.t, self.h, key));
            mem::memmove(slot, std::ptr::from_ref(v).expose_provenance(), size_of::<V>());
        }
    }

    /// `v, ok := m[k]`: the address of the element, or of zeroes.
    pub(crate) fn access<K>(&self, key: &K) -> (usize, bool) {
        let key = self.at(key);
        // SAFETY: a map of this type and a key of its key type.
        unsafe {
            op(|| {
                let found = access::mapaccess2(&self.t, self.h, key, &());
                if self.t.elem_size <= compiled::ZERO_VAL_SIZE {
                    assert_eq!(found, compiled::access2(&self.t, self.h, key, 0), "generic and chosen function");
                }
                found
            })
        }
    }

    /// Whether the key is there.
    pub(crate) fn has<K>(&self, key: &K) -> bool {
        self.access(key).1
    }

    /// An element of eight bytes, or the first eight of more; 0 without such a key.
    pub(crate) fn word<K>(&self, key: &K) -> u64 {
        assert!((8..=compiled::ZERO_VAL_SIZE).contains(&self.t.elem_size));
        // SAFETY: an element, or the shared zeroes, of eight bytes at least.
        unsafe { mem::ld64(self.access(key).0) }
    }

    /// `delete(m, k)`.
    pub(crate) fn delete<K>(&self, key: &K) {
        let key = self.at(key);
        // SAFETY: as in `access`.
        op(|| unsafe { compiled::delete(&self.t, self.h, key) });
    }

    /// `clear(m)`.
    pub(crate) fn clear(&self) {
        // SAFETY: as in `access`.
        op(|| unsafe { clear::mapclear(&self.t, self.h, &()) });
    }

    /// `len(m)`.
    pub(crate) fn len(&self) -> u64 {
        // SAFETY: the header's first word.
        if self.h == 0 { 0 } else { unsafe { mem::ld64(self.h) } }
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if self.h != 0 {
            // SAFETY: nobody else has the map.
            unsafe { make::mapdrop(&self.t, self.h) };
        }
    }
}

/// A Go interface value: type word or itab, and data word.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interface(pub(crate) usize, pub(crate) usize);

impl Interface {
    /// `nil`.
    pub(crate) const NIL: Self = Self(0, 0);

    /// An `any` that holds the value at `v`, which must outlive it, or, for a pointer, its word.
    pub(crate) fn any<T>(rt: &Runtime, ty: &str, v: &T) -> Self {
        let ty = GoType::parse(ty).expect("a Go type");
        Self(rt.types.word(&ty), Self::data(&ty, v))
    }

    /// The same as a value of an interface type with methods.
    pub(crate) fn with_methods<T>(rt: &Runtime, interface: &str, ty: &str, v: &T) -> Self {
        let parse = |text| GoType::parse(text).expect("a Go type");
        let ty = parse(ty);
        Self(rt.types.itab(&parse(interface), &ty), Self::data(&ty, v))
    }

    fn data<T>(ty: &GoType, v: &T) -> usize {
        assert_eq!(size_of::<T>(), ty.size(), "size of {ty}");
        let at = std::ptr::from_ref(v).expose_provenance();
        // SAFETY: a pointer's own eight bytes.
        if ty.direct_iface() { unsafe { mem::ld64(at) as usize } } else { at }
    }
}

/// A Go string: pointer and length.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Str(pub(crate) usize, pub(crate) usize);

impl From<&'static str> for Str {
    fn from(s: &'static str) -> Self {
        Self(s.as_ptr().expose_provenance(), s.len())
    }
}

/// Rust's allocator, with a count for each thread.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: the system's allocator does the work.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(p, layout) }
    }
}

/// How often `f` allocates: from Rust's allocator, or in the runtime's heap more objects than it had.
pub(crate) fn allocations(rt: &Runtime, f: impl FnOnce()) -> u64 {
    let (objects, count) = (rt.heap.stats().objects, ALLOCATIONS.get());
    f();
    let count = ALLOCATIONS.get() - count;
    count + (rt.heap.stats().objects - objects) as u64
}
