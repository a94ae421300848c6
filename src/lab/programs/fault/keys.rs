//! Maps with keys of other kinds, and strings whose bytes cannot be read.

use super::super::hm::{self, Header, Listed, Try, Var, case};
use super::targets::{target, unmapped_region};
use crate::fatal::{Deferred, defer, set_panic_on_fault};
use crate::gomap::{AsKey, Shape, SharedMap, Values};
use crate::lab::programs::nil;
use crate::layout::mem;

type Pair = (u64, u64);

static M32: Var<SharedMap<u32, u32>> = Var::new(nil);
static MSTR: Var<SharedMap<String, u64>> = Var::new(nil);
static MGEN: Var<SharedMap<Pair, u64>> = Var::new(nil);

// Bytes of a bucket.
const SZ32: usize = 8 + 8 * 4 + 8 * 4 + 8;
const SZSTR: usize = 8 + 8 * 16 + 8 * 8 + 8;
const SZGEN: usize = 8 + 8 * 16 + 8 * 8 + 8;

fn build_keys(n: u32) {
    M32.set(super::make(0));
    MSTR.set(super::make(0));
    MGEN.set(super::make(0));
    for i in 1..=n {
        let v = u64::from(i);
        M32.insert(i, i * 10);
        MSTR.insert(format!("k{i}"), v * 10);
        MGEN.insert((v, v), v * 10);
    }
}

#[inline(never)]
fn read32() {
    let v = hm::sink(M32.get(1));
    println!("read returned {v}");
}

#[inline(never)]
fn assign32() {
    M32.insert(999, 7);
    println!("assign returned, len {}", M32.len());
}

#[inline(never)]
fn delete32() {
    M32.delete(1);
    println!("delete returned, len {}", M32.len());
}

#[inline(never)]
fn range32() {
    let mut n = 0;
    for _ in M32.range() {
        n += 1;
    }
    println!("range iterations {n}");
}

#[inline(never)]
fn readstr() {
    let v = hm::sink(MSTR.get("k1"));
    println!("read returned {v}");
}

#[inline(never)]
fn readstrlong() {
    let v = hm::sink(MSTR.get("a key that is longer than thirty-two bytes"));
    println!("read returned {v}");
}

#[inline(never)]
fn assignstr() {
    MSTR.insert("new", 7);
    println!("assign returned, len {}", MSTR.len());
}

#[inline(never)]
fn deletestr() {
    MSTR.delete("k1");
    println!("delete returned, len {}", MSTR.len());
}

#[inline(never)]
fn rangestr() {
    let mut n = 0;
    for _ in MSTR.range() {
        n += 1;
    }
    println!("range iterations {n}");
}

#[inline(never)]
fn readgen() {
    let v = hm::sink(MGEN.get((1, 1)));
    println!("read returned {v}");
}

#[inline(never)]
fn assigngen() {
    MGEN.insert((9, 9), 7);
    println!("assign returned, len {}", MGEN.len());
}

#[inline(never)]
fn deletegen() {
    MGEN.delete((1, 1));
    println!("delete returned, len {}", MGEN.len());
}

#[inline(never)]
fn rangegen() {
    let mut n = 0;
    for _ in MGEN.range() {
        n += 1;
    }
    println!("range iterations {n}");
}

/// A string of so many bytes at an address.
#[derive(Clone, Copy)]
struct BadString(usize, usize);

// SAFETY: a string header; the bytes fault when they are read.
unsafe impl AsKey<String> for BadString {
    unsafe fn put_key(&self, at: usize, _: &Values<'_>) {
        // SAFETY: the caller's promise.
        unsafe {
            mem::st64(at, self.0 as u64);
            mem::st64(at + 8, self.1 as u64);
        }
    }

    fn shape(&self) -> Shape {
        Shape::Str(self.0, self.1)
    }
}

fn bad_string(n: usize) -> BadString {
    BadString(unmapped_region(), n)
}

#[inline(never)]
fn badkey_read() {
    build_keys(2);
    hm::sink(MSTR.get(bad_string(2)));
}

#[inline(never)]
fn badkey_readhash() {
    build_keys(100);
    hm::sink(MSTR.get(bad_string(2)));
}

#[inline(never)]
fn badkey_assign() {
    fn body() {
        MSTR.insert(bad_string(2), 1);
        mark!();
    }
    fn body_deferred(_: &Deferred) {
        println!("not reached by a fatal fault {}", hm::writing(&*MSTR));
    }
    build_keys(2);
    defer(body_deferred, body);
    mark!();
}

#[inline(never)]
fn badkey_assignpof() {
    set_panic_on_fault(true);
    build_keys(2);
    let k = bad_string(2);
    Try("assign", || MSTR.insert(k, 1));
    hm::show("after", &*MSTR);
    MSTR.insert("other", 1);
    println!("map still usable, len {}", MSTR.len());
}

/// The key stored in the bucket has a bad data pointer.
#[inline(never)]
fn storedkey_bad() {
    build_keys(2);
    let (buckets, a) = (hm::H(&*MSTR).buckets(), unmapped_region());
    for i in 0..2 {
        hm::poke(buckets + 8 + 16 * i, a);
    }
    hm::sink(MSTR.get("k1"));
}

#[inline(never)]
fn recover_nil_str() {
    build_keys(2);
    hm::H(&*MSTR).set_buckets(0);
    Try("readstr", readstr);
    hm::H(&*MGEN).set_buckets(0);
    Try("readgen", readgen);
    Try("rangegen", rangegen);
}

/// A kind of map: its name, what it is, its header, the size of its buckets, the operations.
struct Kind {
    name: &'static str,
    about: &'static str,
    header: fn() -> Header,
    size: usize,
    ops: &'static [(&'static str, &'static str, fn())],
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "k32",
        about: "a map with uint32 keys",
        header: || hm::H(&*M32),
        size: SZ32,
        ops: &[
            ("read", "reads a key of", read32),
            ("assign", "assigns a new key to", assign32),
            ("delete", "deletes a key of", delete32),
            ("range", "ranges over", range32),
        ],
    },
    Kind {
        name: "kstr",
        about: "a map with string keys",
        header: || hm::H(&*MSTR),
        size: SZSTR,
        ops: &[
            ("read", "reads a short key of", readstr),
            ("readlong", "reads a long key of", readstrlong),
            ("assign", "assigns a new key to", assignstr),
            ("delete", "deletes a key of", deletestr),
            ("range", "ranges over", rangestr),
        ],
    },
    Kind {
        name: "kgen",
        about: "a map with struct keys",
        header: || hm::H(&*MGEN),
        size: SZGEN,
        ops: &[
            ("read", "reads a key of", readgen),
            ("assign", "assigns a new key to", assigngen),
            ("delete", "deletes a key of", deletegen),
            ("range", "ranges over", rangegen),
        ],
    },
];

pub(super) fn keys() -> Vec<Listed> {
    let key = |name: &str, what: &str, run: fn()| case(name, format!("{what} a key whose bytes were unmapped"), run);
    let mut cases = vec![
        key("badkey_read", "reads, from a map of one bucket,", badkey_read),
        key("badkey_readhash", "reads, from a map of many buckets,", badkey_readhash),
        key("badkey_assign", "assigns to", badkey_assign),
        key("badkey_assignpof", "under SetPanicOnFault, assigns to", badkey_assignpof),
        case("storedkey_bad", "reads a key of a map in which the bytes of the keys were unmapped", storedkey_bad),
        case("recover_nil_str", "recovers faults in maps with string and struct keys", recover_nil_str),
    ];
    for k in KINDS {
        for t in ["unmapped", "readonly", "0x0"].map(target) {
            for &(op, about, run) in k.ops {
                let about = format!("{about} {} whose buckets {}", k.about, t.about);
                let (header, size) = (k.header, k.size);
                cases.push(case(format!("{}_{}_{op}", k.name, t.name), about, move || {
                    build_keys(2);
                    header().set_buckets((t.prep)(header().buckets(), size));
                    run();
                    mark!();
                }));
            }
        }
    }
    cases
}
