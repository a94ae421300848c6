//! Operations on maps that goroutines share. Original: `tests/race_detector/go/ops.go`, with the same functions under the same names.

use super::globals::Globals;
use crate::gomap::Any;
use crate::lab::programs::mark;
use std::hint::black_box;

/// An operation.
pub(super) type Op = fn(&Globals);

fn use_<T>(v: T) {
    black_box(v);
}

macro_rules! ops {
    ($($(#[$note:meta])* $name:ident($g:ident) $body:block)*) => {
        $(
            $(#[$note])*
            #[inline(never)]
            fn $name($g: &Globals) {
                $body
                mark!();
            }
        )*

        /// All of them by name.
        pub(super) const OPS: &[(&str, Op)] = &[$((stringify!($name), $name)),*];
    };
}
ops! {
    assign64(g) { g.m64.insert(1, 11); }
    // A key that is not there yet.
    add64(g) { g.m64.insert(3, 30); }
    update64(g) { g.m64.update(1, |v| v + 5); }
    read64(g) { use_(g.m64.get(1)); }
    commaok64(g) { use_(g.m64.get2(1)); }
    miss64(g) { use_(g.m64.get(9)); }
    delete64(g) { g.m64.delete(1); }
    deletemiss64(g) { g.m64.delete(9); }
    range64(g) { for (k, v) in g.m64.range() { use_((k, v)); } }
    rangekeys64(g) { for k in g.m64.range_keys() { use_(k); } }
    len64(g) { use_(g.m64.len()); }
    clear64(g) { g.m64.clear(); }
    clone64(g) { use_(g.m64.clone_map().len()); }
    assign32(g) { g.m32.insert(1, 11); }
    read32(g) { use_(g.m32.get(1)); }
    delete32(g) { g.m32.delete(1); }
    range32(g) { for (k, v) in g.m32.range() { use_((k, v)); } }
    assignstr(g) { g.mstr.insert("a", 11); }
    readstr(g) { use_(g.mstr.get("a")); }
    deletestr(g) { g.mstr.delete("a"); }
    rangestr(g) { for (k, v) in g.mstr.range() { use_((k, v)); } }
    updatestr(g) { g.mstr.update("a", |v| v + 1); }
    clearstr(g) { g.mstr.clear(); }
    assigngen(g) { g.mgen.insert((1, 1), 11); }
    readgen(g) { use_(g.mgen.get((1, 1))); }
    commaokgen(g) { use_(g.mgen.get2((1, 1))); }
    deletegen(g) { g.mgen.delete((1, 1)); }
    rangegen(g) { for (k, v) in g.mgen.range() { use_((k, v)); } }
    lengen(g) { use_(g.mgen.len()); }
    cleargen(g) { g.mgen.clear(); }
    clonegen(g) { use_(g.mgen.clone_map().len()); }
    assignany(g) { g.many.insert(Any::Int(1), 11); }
    readany(g) { use_(g.many.get(Any::Int(1))); }
    deleteany(g) { g.many.delete(Any::Int(1)); }
    addset(g) { g.mset.insert(1, ()); }
    hasset(g) { use_(g.mset.contains(1)); }
    assigntxt(g) { g.mtxt.insert(1, "eleven".to_owned()); }
    readtxt(g) { use_(g.mtxt.get(1)); }
    appendtxt(g) { g.mtxt.update(1, |s| s + "!"); }
    assignrec(g) { g.mrec.insert(1, (3, 3)); }
    readrec(g) { use_(g.mrec.get(1)); }
    rangerec(g) { for (k, v) in g.mrec.range() { use_((k, v)); } }
    assignfat(g) { g.mfat.insert(1, ([0; 200],)); }
    readfat(g) { use_(g.mfat.get(1).0[0]); }
    // Changes what an element points to: the map is only read.
    throughptr(g) { g.cell(g.mptr.get(1)).update(|n| n + 1); }
    readptr(g) { use_(g.cell(g.mptr.get(1)).load()); }
    assignptr(g) { let p = g.new_cell(); g.mptr.insert(1, p); }
    readnil(g) { use_(g.mnil.get(1)); }
    lennil(g) { use_(g.mnil.len()); }
    rangenil(g) { for k in g.mnil.range_keys() { use_(k); } }
    deletenil(g) { g.mnil.delete(1); }
}
