//! Dynamic keys that cannot be hashed. Original: `tests/goldens/src/unhashable`.

use super::hm::{self, Try, Var, case, writing};
use crate::fatal::defer;
use crate::gomap::{Any, SharedMap};
use crate::lab::programs::{make, nil};

crate::go_struct! {
    #[derive(Clone)]
    struct Wrap { n: i64, v: Any }
    key
}

fn wrap(n: i64, v: Any) -> Wrap {
    Wrap { n, v }
}

static MANY: Var<SharedMap<Any, i64>> = Var::new(|| make(0));
static FULL: Var<SharedMap<Any, i64>> = Var::new(|| {
    let m: SharedMap<Any, i64> = make(0);
    m.insert(Any::from("a"), 1);
    m.insert(Any::from("b"), 2);
    m
});
static NILM: Var<SharedMap<Any, i64>> = Var::new(nil);
static MST: Var<SharedMap<Wrap, i64>> = Var::new(|| {
    let m: SharedMap<Wrap, i64> = make(0);
    m.insert(wrap(1, Any::from("x")), 1);
    m
});
static EMST: Var<SharedMap<Wrap, i64>> = Var::new(|| make(0));
static MARR: Var<SharedMap<[Any; 2], i64>> = Var::new(|| {
    let m: SharedMap<[Any; 2], i64> = make(0);
    m.insert([Any::Int(1), Any::Int(2)], 1);
    m
});

fn slice() -> Any {
    Any::Slice(vec![Any::Int(1)])
}

#[inline(never)]
fn assign() {
    FULL.insert(slice(), 1);
    mark!();
}

#[inline(never)]
fn assignempty() {
    MANY.insert(slice(), 1);
    mark!();
}

#[inline(never)]
fn assignnil() {
    NILM.insert(slice(), 1);
    mark!();
}

#[inline(never)]
fn read() {
    hm::sink(FULL.get(slice()));
    mark!();
}

#[inline(never)]
fn readempty() {
    hm::sink(MANY.get(slice()));
    mark!();
}

#[inline(never)]
fn readnil() {
    hm::sink(NILM.get(slice()));
    mark!();
}

#[inline(never)]
fn commaok() {
    hm::sink(FULL.get2(slice()));
    mark!();
}

#[inline(never)]
fn commaoknil() {
    hm::sink(NILM.get2(slice()));
    mark!();
}

#[inline(never)]
fn del() {
    FULL.delete(slice());
    mark!();
}

#[inline(never)]
fn delempty() {
    MANY.delete(slice());
    mark!();
}

#[inline(never)]
fn delnil() {
    NILM.delete(slice());
    mark!();
}

#[inline(never)]
fn assignfunc() {
    FULL.insert(Any::Func, 1);
    mark!();
}

#[inline(never)]
fn assignmap() {
    FULL.insert(Any::Map, 1);
    mark!();
}

#[inline(never)]
fn structassign() {
    MST.insert(wrap(1, slice()), 1);
    mark!();
}

#[inline(never)]
fn structread() {
    hm::sink(MST.get(wrap(1, slice())));
    mark!();
}

#[inline(never)]
fn structreadempty() {
    hm::sink(EMST.get(wrap(1, slice())));
    mark!();
}

#[inline(never)]
fn structdelete() {
    MST.delete(wrap(1, slice()));
    mark!();
}

#[inline(never)]
fn arrayassign() {
    MARR.insert([Any::Int(1), slice()], 1);
    mark!();
}

#[inline(never)]
fn all() {
    let ways: [(&str, fn()); 18] = [
        ("assign", assign),
        ("assignempty", assignempty),
        ("assignnil", assignnil),
        ("read", read),
        ("readempty", readempty),
        ("readnil", readnil),
        ("commaok", commaok),
        ("commaoknil", commaoknil),
        ("del", del),
        ("delempty", delempty),
        ("delnil", delnil),
        ("assignfunc", assignfunc),
        ("assignmap", assignmap),
        ("structassign", structassign),
        ("structread", structread),
        ("structreadempty", structreadempty),
        ("structdelete", structdelete),
        ("arrayassign", arrayassign),
    ];
    for (name, f) in ways {
        Try(name, f);
    }
    Try("nilkey", || {
        FULL.insert(Any::Nil, 3);
        println!("nil interface key is fine: {}", FULL.get(Any::Nil));
    });
    let flags = [writing(&*FULL), writing(&*MANY), writing(&*MST)];
    println!("len {} {} {} writing flags {} {} {}", FULL.len(), MANY.len(), MST.len(), flags[0], flags[1], flags[2]);
    FULL.insert(Any::from("c"), 3);
    MANY.insert(Any::from("c"), 3);
    MST.insert(wrap(2, Any::from("y")), 1);
    println!("still usable: len {} {} {}", FULL.len(), MANY.len(), MST.len());
}

#[inline(never)]
fn typ() {
    defer(
        |d| {
            if let Some(p) = d.recover() {
                println!("{} {} {:?}", p.go_type(), p.is_runtime_error(), p.text());
            }
        },
        assign,
    );
    mark!();
}

pub(super) fn main() {
    let slice = |what: &str, map: &str| format!("{what} a slice as a key {map} with keys of any type");
    let field = |what: &str, map: &str| format!("{what} a struct key with a slice in it {map}");
    hm::pick(vec![
        case("assign", slice("assigns", "to a map"), assign),
        case("assignempty", slice("assigns", "to an empty map"), assignempty),
        case("assignnil", slice("assigns", "to a nil map"), assignnil),
        case("read", slice("reads", "of a map"), read),
        case("readempty", slice("reads", "of an empty map"), readempty),
        case("readnil", slice("reads", "of a nil map"), readnil),
        case("commaok", slice("asks, with ok, for", "of a map"), commaok),
        case("commaoknil", slice("asks, with ok, for", "of a nil map"), commaoknil),
        case("delete", slice("deletes", "from a map"), del),
        case("deleteempty", slice("deletes", "from an empty map"), delempty),
        case("deletenil", slice("deletes", "from a nil map"), delnil),
        case("assignfunc", "assigns a function as a key to a map with keys of any type", assignfunc),
        case("assignmap", "assigns a map as a key to a map with keys of any type", assignmap),
        case("structassign", field("assigns", "to a map"), structassign),
        case("structread", field("reads", "of a map"), structread),
        case("structreadempty", field("reads", "of an empty map"), structreadempty),
        case("structdelete", field("deletes", "from a map"), structdelete),
        case("arrayassign", "assigns an array key with a slice in it to a map", arrayassign),
        case("all", "uses unhashable keys in every way, recovers, and uses the maps again", all),
        case("type", "recovers the panic about an unhashable key and looks at it", typ),
    ])();
    mark!();
}
