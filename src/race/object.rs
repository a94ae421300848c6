//! Memory of a program that is not part of a map: what its variables and channels occupy.

use super::world;
use crate::heap::{Request, Role};
use crate::layout::mem;
use crate::runtime::Runtime;
use std::sync::Arc;

/// An object on the heap of the program's runtime, zeroed; given back when it is dropped.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) rt: Arc<Runtime>,
    pub(super) addr: usize,
}

impl Object {
    /// # Panics
    /// Ends the program (`out of memory`) when there is none; panics outside a program.
    pub(super) fn new(size: usize) -> Self {
        let rt = world::runtime();
        let malloc_headers = rt.rules().malloc_header;
        let r = Request { size: size.max(1), noscan: true, malloc_headers, owner: 0, role: Role::Other, table: 0 };
        let Ok(a) = rt.heap.alloc(&r) else { crate::fatal::throw("out of memory") };
        if a.needs_zero {
            // SAFETY: a new object of that size.
            unsafe { mem::memclr(a.addr, r.size) };
        }
        Self { rt, addr: a.addr }
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        self.rt.heap.free(self.addr);
    }
}
