//! NaN keys, and zeroes of both signs. Original: `tests/goldens/src/nan`.

use super::hm::{self, case};
use crate::gomap::{Any, Complex128, SharedMap};
use crate::lab::programs::make;

type Map = SharedMap<f64, i64>;

fn fill(n: i64) -> Map {
    let m: Map = make(0);
    for i in 0..n {
        m.insert(f64::NAN, i);
    }
    m
}

#[inline(never)]
fn basics() {
    let m = fill(1000);
    println!("len {}", m.len());
    let (v, ok) = m.get2(f64::NAN);
    println!("lookup {v} {ok}");
    m.delete(f64::NAN);
    println!("after delete(NaN) len {}", m.len());
    let (mut sum, mut n, mut nan) = (0, 0, true);
    for (k, v) in m.range() {
        n += 1;
        sum += v;
        nan = nan && k.is_nan();
    }
    println!("range {n} sum {sum} all NaN {nan}");
    for (k, _) in m.range() {
        m.delete(k);
    }
    println!("after range-delete loop len {}", m.len());
    m.insert(1.0, 1);
    m.delete(1.0);
    println!("len {}", m.len());
}

#[inline(never)]
fn negzero() {
    let m: Map = make(0);
    m.insert(0.0, 1);
    m.insert(-0.0, 2);
    println!("len {} value {}", m.len(), m.get(0.0));
    for (k, _) in m.range() {
        println!("key signbit {}", k.is_sign_negative());
    }
}

#[inline(never)]
fn iface() {
    let m: SharedMap<Any, i64> = make(0);
    for i in 0..10 {
        m.insert(Any::Float64(f64::NAN), i);
        m.insert(Any::Complex128(Complex128(f64::NAN, 1.0)), i);
    }
    println!("any len {}", m.len());
    let mut n = 0;
    for _ in m.range() {
        n += 1;
    }
    println!("range {n}");
}

#[inline(never)]
fn complexkeys() {
    let m: SharedMap<Complex128, i64> = make(0);
    for i in 0..10 {
        m.insert(Complex128(f64::NAN, 1.0), i);
    }
    let (_, ok) = m.get2(Complex128(f64::NAN, 1.0));
    println!("complex len {} {ok}", m.len());
}

/// Growth and iteration at the same time: no NaN is lost or doubled.
#[inline(never)]
fn growwhilerange() {
    let m = fill(100);
    let mut seen = 0;
    for _ in m.range() {
        seen += 1;
        if seen < 2000 && m.len() < 3000 {
            m.insert(f64::NAN, 0);
        }
        if seen > 100_000 {
            break;
        }
    }
    println!("iterations at least 100: {} at most len: {}", seen >= 100, seen <= m.len());
}

#[inline(never)]
fn clearnan() {
    let m = fill(1000);
    let c = m.clone_map();
    // maps.Equal looks every key up, and none is found.
    let mut equal = m.len() == c.len();
    for (k, v) in m.range() {
        equal = equal && c.get2(k) == (v, true);
    }
    println!("clone len {} equal {equal}", c.len());
    m.clear();
    let mut n = 0;
    for _ in m.range() {
        n += 1;
    }
    println!("after clear: len {} range {n}", m.len());
    m.insert(f64::NAN, 1);
    println!("usable: len {}", m.len());
}

/// Clear during iteration.
#[inline(never)]
fn clearduring() {
    let m = fill(1000);
    let mut n = 0;
    for _ in m.range() {
        n += 1;
        if n == 10 {
            m.clear();
        }
    }
    println!("iterations {n} len {}", m.len());
}

#[inline(never)]
fn clearduringint() {
    let m: SharedMap<isize, i64> = make(0);
    for i in 0..1000 {
        m.insert(i, i as i64);
    }
    let mut n = 0;
    for _ in m.range() {
        n += 1;
        if n == 10 {
            m.clear();
            for i in 0..5 {
                m.insert(i + 5000, i as i64);
            }
        }
    }
    println!("iterations at least 10: {} at most 15: {} len {}", n >= 10, n <= 15, m.len());
}

pub(super) fn main() {
    hm::pick(vec![
        case("basics", "fills a map with NaN keys, which cannot be found or deleted", basics),
        case("negzero", "assigns to 0 and to -0, which are one key", negzero),
        case("iface", "fills a map with NaN keys in interfaces", iface),
        case("complexkeys", "fills a map with complex NaN keys", complexkeys),
        case("growwhilerange", "grows a map of NaN keys while ranging over it", growwhilerange),
        case("clearnan", "clones and clears a map of NaN keys", clearnan).since_121(),
        case("clearduring", "clears a map of NaN keys while ranging over it", clearduring).since_121(),
        case("clearduringint", "clears and refills a map while ranging over it", clearduringint).since_121(),
    ])();
    mark!();
}
