//! `make(map[uint64]int, hint)` with odd hints. Original: `tests/goldens/src/makemap`.

use super::hm::{self, case};
use crate::fatal::defer;
use crate::gomap::SharedMap;
use crate::lab::programs::make;

type Map = SharedMap<u64, i64>;

#[inline(never)]
fn negative() {
    let m: Map = make(-1);
    hm::show("hint -1", &m);
    m.insert(1, 1);
    println!("len {}", m.len());
    let m2: Map = make(i64::MIN);
    hm::show("hint min int64", &m2);
    m2.insert(1, 1);
    println!("len {}", m2.len());
}

#[inline(never)]
fn huge62() {
    let m: Map = make(1 << 62);
    hm::show("hint 1<<62", &m);
    m.insert(1, 1);
    println!("len {}", m.len());
}

#[inline(never)]
fn hugemax() {
    let m: Map = make(i64::MAX);
    hm::show("hint maxint", &m);
    // A uint64 hint above the largest int counts as 0: the compiler's makemap64 hands on what does not fit as -1.
    let m3: Map = make(-1);
    hm::show("hint maxuint64", &m3);
    m3.insert(1, 1);
    println!("len {}", m3.len());
}

/// Just over the test "hint times bucket size is more than can be allocated" (1<<48 on amd64).
#[inline(never)]
fn edge() {
    let bucket = 144;
    let m: Map = make((1 << 48) / bucket + 1);
    hm::show("hint just over the limit", &m);
}

#[inline(never)]
fn small() {
    for n in [0, 1, 7, 8, 9, 13, 14, 26, 27, 52, 53, 104, 105, 1000] {
        let m: Map = make(n);
        hm::show(&format!("hint {n}"), &m);
    }
}

/// 1<<40 passes the size test and asks the system for more memory than there is.
#[inline(never)]
fn toolarge40() {
    let m: Map = make(1 << 40);
    println!("{}", m.len());
}

#[inline(never)]
fn toolargerecover() {
    fn body() {
        let m: Map = make(1 << 40);
        println!("{}", m.len());
    }
    defer(|d| println!("recover: {:?}", d.recover().map(|p| p.text().to_owned())), body);
    mark!();
}

pub(super) fn main() {
    hm::pick(vec![
        case("negative", "makes maps with negative hints", negative),
        case("huge62", "makes a map with a hint of 1<<62, which counts as 0", huge62),
        case("hugemax", "makes maps with the largest hints there are, which count as 0", hugemax),
        case("edge", "makes a map with the least hint that is too large to be believed", edge),
        case("small", "makes maps with hints around each growth", small),
        case("toolarge40", "makes a map with a hint of 1<<40, which is believed", toolarge40),
        case("toolargerecover", "tries to recover from a hint of 1<<40, for which there is no memory", toolargerecover),
    ])();
    mark!();
}
