//! The package-level variables of the programs.

use crate::gomap::{Any, AsKey, Elem, GoMap, Key, Pointer};
use crate::race::{Map, Var};
use crate::runtime::Runtime;
use std::sync::{Arc, Mutex, PoisonError};

type Pair = (i64, i64);

/// `struct{ words [200]int }`, which maps keep outside their buckets and look up as a fat one.
type Fat = ([i64; 200],);

/// The package-level variables.
pub(super) struct Globals {
    pub(super) m64: Map<u64, i64>,
    pub(super) m32: Map<u32, i64>,
    pub(super) mstr: Map<String, i64>,
    pub(super) mgen: Map<Pair, i64>,
    pub(super) many: Map<Any, i64>,
    pub(super) mset: Map<u64, ()>,
    pub(super) mtxt: Map<u64, String>,
    pub(super) mrec: Map<u64, Pair>,
    pub(super) mfat: Map<u64, Fat>,
    pub(super) mptr: Map<u64, Pointer>,
    pub(super) mnil: Map<u64, i64>,
    /// What `mptr` leads to.
    cells: Mutex<Vec<Arc<Var<i64>>>>,
}

impl Globals {
    /// Initialises them, which is the main goroutine's doing.
    pub(super) fn new(rt: &Arc<Runtime>) -> Arc<Self> {
        fn map<K: Key, V: Elem>(rt: &Arc<Runtime>, entries: [(impl AsKey<K>, V); 2]) -> Map<K, V> {
            let m = Map::new(GoMap::make(rt, 0));
            for (k, v) in entries {
                m.insert(k, v);
            }
            m
        }
        let cells = [0, 0].map(|n| Arc::new(Var::new(n)));
        let pointers = [(1, cells[0].pointer()), (2, cells[1].pointer())];
        Arc::new(Self {
            m64: map(rt, [(1, 10), (2, 20)]),
            m32: map(rt, [(1, 10), (2, 20)]),
            mstr: map(rt, [("a", 10), ("b", 20)]),
            mgen: map(rt, [((1, 1), 10), ((2, 2), 20)]),
            many: map(rt, [(Any::Int(1), 10), (Any::from("b"), 20)]),
            mset: map(rt, [(1, ()), (2, ())]),
            mtxt: map(rt, [(1, "ten".to_owned()), (2, "twenty".to_owned())]),
            mrec: map(rt, [(1, (1, 1)), (2, (2, 2))]),
            mfat: map(rt, [(1, ([0; 200],)), (2, ([0; 200],))]),
            mptr: map(rt, pointers),
            mnil: Map::new(GoMap::nil(rt)),
            cells: Mutex::new(cells.into()),
        })
    }

    /// `&cell{}`.
    pub(super) fn new_cell(&self) -> Pointer {
        let cell = Arc::new(Var::new(0));
        cell.store(0);
        let p = cell.pointer();
        self.cells.lock().unwrap_or_else(PoisonError::into_inner).push(cell);
        p
    }

    /// The variable that a pointer of `mptr` leads to.
    pub(super) fn cell(&self, p: Pointer) -> Arc<Var<i64>> {
        let cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(cells.iter().find(|c| c.pointer() == p).expect("an element of mptr is a cell"))
    }
}
