//! What a panic around a map operation leaves behind. Original: `tests/goldens/src/panicflags`.

mod keys;

use super::hm::{self, Try, Var, case, writing};
use crate::fatal::{Value, panic_error, panic_value};
use crate::gomap::SharedMap;
use crate::lab::programs::make;
use crate::layout::mem;
use std::hint::black_box;

static MS: Var<SharedMap<u64, i64>> = Var::new(|| {
    let m = make(0);
    m.insert(1, 1);
    m
});
/// The values are addresses.
static MP: Var<SharedMap<u64, u64>> = Var::new(|| make(0));

#[inline(never)]
fn boom() -> i64 {
    panic_value(Value::Str("boom in value expression".to_owned()))
}

/// The value expression runs before `mapassign`.
#[inline(never)]
fn valuepanic64() {
    Try("m[k] = boom()", || MS.insert(26, boom()));
    let (_, present) = MS.get2(26);
    println!("writing flag: {} key present: {present} len {}", writing(&*MS), MS.len());
    Try("m[k] += boom()", || {
        let v = MS.get(1) + boom();
        MS.insert(1, v);
    });
    println!("1 still {}", MS.get(1));
}

/// `*m[k] = v` with a missing key: a nil pointer, not a map panic.
#[inline(never)]
fn nilvaluestore64() {
    Try("*mp[missing] = 1", || {
        let p = black_box(MP.get(24)) as usize;
        // SAFETY: faults, as in Go, where `p` is nil.
        unsafe { mem::st64(p, 1) };
    });
    println!("len {}", MP.len());
}

/// `m[k] /= 0`: the division panics; was the key inserted?
#[inline(never)]
fn divide64() {
    let zero: i64 = black_box(0);
    Try("ms[new] /= 0", || match MS.get(14).checked_div(zero) {
        Some(v) => MS.insert(14, v),
        None => panic_error("integer divide by zero".to_owned()),
    });
    let (_, present) = MS.get2(14);
    println!("writing flag: {} key present: {present}", writing(&*MS));
}

#[inline(never)]
fn rangepanic64() {
    Try("panic in range body", || {
        let mut it = MS.range();
        if let Some((k, _)) = it.next() {
            panic_value(Value::Str(format!("in body of {k}")));
        }
    });
    hm::show("after", &MS);
    MS.insert(2, 2);
    println!("usable: len {}", MS.len());
}

pub(super) fn main() {
    let mut cases = vec![
        case("valuepanic64", "panics in the value expression of an assignment", valuepanic64),
        case("nilvaluestore64", "stores through the nil pointer that a missing key gives", nilvaluestore64),
        case("divide64", "divides a missing entry by zero", divide64),
        case("rangepanic64", "panics in the body of a range", rangepanic64),
    ];
    cases.extend(keys::keys());
    hm::pick(cases)();
    mark!();
}
