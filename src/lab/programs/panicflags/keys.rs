//! Maps with keys of other kinds.

use super::super::hm::{self, Listed, Try, Var, case, writing};
use super::boom;
use crate::fatal::{Deferred, Value, defer, panic_error, panic_value};
use crate::gomap::{Any, SharedMap};
use crate::lab::programs::make;
use crate::layout::mem;
use std::hint::black_box;

crate::go_struct! {
    #[derive(Clone)]
    struct Key { n: i64, v: Any }
    key
}

fn key(n: i64, v: Any) -> Key {
    Key { n, v }
}

static M: Var<SharedMap<Key, i64>> = Var::new(|| {
    let m: SharedMap<Key, i64> = make(0);
    m.insert(key(1, Any::from("a")), 1);
    m.insert(key(2, Any::from("b")), 2);
    m
});
static MA: Var<SharedMap<Any, i64>> = Var::new(|| {
    let m: SharedMap<Any, i64> = make(0);
    m.insert(Any::from("a"), 1);
    m
});
static MT: Var<SharedMap<String, i64>> = Var::new(|| {
    let m: SharedMap<String, i64> = make(0);
    m.insert("a", 1);
    m
});
/// The values are addresses.
static MQ: Var<SharedMap<String, u64>> = Var::new(|| make(0));

fn slice() -> Any {
    Any::Slice(Vec::new())
}

#[inline(never)]
fn hashpanic() {
    Try("assign, hash panics", || M.insert(key(1, slice()), 1));
    println!("writing flag: {} len {}", writing(&*M), M.len());
    Try("delete, hash panics", || M.delete(key(1, slice())));
    println!("writing flag: {} len {}", writing(&*M), M.len());
    Try("read, hash panics", || {
        hm::sink(M.get(key(1, slice())));
    });
    M.insert(key(3, Any::from("c")), 3);
    M.delete(key(1, Any::from("a")));
    println!("usable: len {} read {}", M.len(), M.get(key(3, Any::from("c"))));
    Try("any key", || MA.insert(Any::Func, 1));
    println!("writing flag: {}", writing(&*MA));
    MA.insert(Any::from("b"), 2);
    println!("usable: len {}", MA.len());
}

/// The value expression runs before `mapassign`.
#[inline(never)]
fn valuepanic() {
    Try("m[k] = boom()", || MT.insert("z", boom()));
    let (_, present) = MT.get2("z");
    println!("writing flag: {} key present: {present} len {}", writing(&*MT), MT.len());
    Try("m[k] += boom()", || {
        let v = MT.get("a") + boom();
        MT.insert("a", v);
    });
    println!("a still {}", MT.get("a"));
}

/// `*m[k] = v` with a missing key: a nil pointer, not a map panic.
#[inline(never)]
fn nilvaluestore() {
    Try("*mp[missing] = 1", || {
        let p = black_box(MQ.get("x")) as usize;
        // SAFETY: faults, as in Go, where `p` is nil.
        unsafe { mem::st64(p, 1) };
    });
    println!("len {}", MQ.len());
}

#[inline(never)]
fn divide() {
    let zero: i64 = black_box(0);
    Try("ms[new] /= 0", || match MT.get("new").checked_div(zero) {
        Some(v) => MT.insert("new", v),
        None => panic_error("integer divide by zero".to_owned()),
    });
    let (_, present) = MT.get2("new");
    println!("writing flag: {} key present: {present}", writing(&*MT));
}

#[inline(never)]
fn rangepanic() {
    Try("panic in range body", || {
        let mut it = MT.range();
        if let Some((k, _)) = it.next() {
            panic_value(Value::Str(format!("in body of {k}")));
        }
    });
    hm::show("after", &*MT);
    MT.insert("b", 2);
    println!("usable: len {}", MT.len());
}

/// A deferred call uses the same map while the panic is running.
#[inline(never)]
fn nested() {
    fn body() {
        fn body() {
            MA.insert(slice(), 1);
            mark!();
        }
        fn body_deferred(_: &Deferred) {
            MA.insert(Any::from("from defer"), 1);
        }
        defer(body_deferred, body);
    }
    defer(
        |d| {
            let text = d.recover().map(|p| p.text().to_owned()).unwrap_or_default();
            println!("recovered: {text} len {}", MA.len());
        },
        body,
    );
    mark!();
}

pub(super) fn keys() -> Vec<Listed> {
    vec![
        case("hashpanic", "uses keys that cannot be hashed, recovers, and uses the maps again", hashpanic),
        case("valuepanic", "panics in the value expression of an assignment to a string key", valuepanic),
        case("nilvaluestore", "stores through the nil pointer that a missing string key gives", nilvaluestore),
        case("divide", "divides the missing entry of a string key by zero", divide),
        case("rangepanic", "panics in the body of a range over a map with string keys", rangepanic),
        case("nested", "uses a map in a deferred call while the panic about its key is running", nested),
    ]
}
