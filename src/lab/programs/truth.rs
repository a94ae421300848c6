//! Every operation on maps without entries: nil maps, and empty ones with and without buckets. Original:
//! `tests/goldens/src/truth`.

use super::hm::{self, H, case};
use crate::fatal::recover;
use crate::gomap::{Any, Key, SharedMap};
use crate::lab::programs::{make, nil};

type Map<K> = SharedMap<K, i64>;

fn buckets<K: Key>(m: &Map<K>) -> &'static str {
    if H(m).buckets() == 0 { "no buckets" } else { "buckets" }
}

/// A map whose header is all zeroes: a new one of Go has that and its hash seed.
fn zeroed<K: Key>() -> Map<K> {
    let m = make(0);
    H(&m).set_hash0(0);
    m
}

/// The operations, in the order of the original; the last two since Go 1.21.
fn operate<K: Key>(operation: &str, m: &Map<K>, k: &K) -> Option<String> {
    let changed = |by: i64| {
        m.update(k, |v| v + by);
        format!("m[k] is {}", m.get(k))
    };
    Some(match operation {
        "header" if m.is_nil() => "none".to_owned(),
        "header" => format!("count {}, B {}, {}", H(m).count(), H(m).b(), buckets(m)),
        "m == nil" => m.is_nil().to_string(),
        "len(m)" => m.len().to_string(),
        "m[k]" => m.get(k).to_string(),
        "v, ok := m[k]" => {
            let (v, ok) = m.get2(k);
            format!("{v}, {ok}")
        }
        "range m" => format!("{} iterations", m.range().count()),
        "delete(m, k)" => {
            m.delete(k);
            "nothing".to_owned()
        }
        "m[k] = 1" => {
            m.insert(k, 1);
            format!("len {}, {}", m.len(), buckets(m))
        }
        "m[k]++" => changed(1),
        "m[k] += 5" => changed(5),
        _ if !hm::rt().rules().has_clear => return None,
        "clear(m)" => {
            m.clear();
            format!("len {}", m.len())
        }
        _ => match m.clone_map() {
            c if c.is_nil() => "nil".to_owned(),
            c => format!("len {}", c.len()),
        },
    })
}

const OPERATIONS: [&str; 12] = [
    "header",
    "m == nil",
    "len(m)",
    "m[k]",
    "v, ok := m[k]",
    "range m",
    "delete(m, k)",
    "m[k] = 1",
    "m[k]++",
    "m[k] += 5",
    "clear(m)",
    "maps.Clone(m)",
];

fn for_key<K: Key>(kind: &str, k: &K, other: &K) {
    let emptied = || {
        let m = make(0);
        m.insert(other, 1);
        m.delete(other);
        m
    };
    let states: [(&str, &dyn Fn() -> Map<K>); 5] =
        [("nil", &nil), ("empty", &|| make(0)), ("zeroed", &zeroed), ("sized", &|| make(100)), ("emptied", &emptied)];
    for (state, new) in states {
        for operation in OPERATIONS {
            let m = new();
            let outcome = recover(|| operate(operation, &m, k));
            if let Some(outcome) = outcome.unwrap_or_else(|p| Some(format!("panic: {}", p.text()))) {
                println!("{kind}\t{state}\t{operation}\t{outcome}");
            }
        }
    }
}

#[inline(never)]
fn table() {
    for_key("uint64", &7_u64, &1);
    for_key("uint32", &7_u32, &1);
    for_key("string", &"k".to_owned(), &"l".to_owned());
    for_key("struct", &[7_i64, 8], &[1, 2]);
    for_key("float64", &7.5_f64, &1.5);
    for_key("any(int)", &Any::Int(7), &Any::Int(1));
    for_key("any([]any)", &Any::Slice(vec![Any::Int(1)]), &Any::Int(1));
    for_key("any(func)", &Any::Func, &Any::Int(1));
}

pub(super) fn main() {
    hm::pick(vec![case("table", "does everything to maps without entries, and recovers", table)])();
    mark!();
}
