//! Memory faults reached through a tampered bucket, old bucket or overflow pointer.
//! Original: `tests/goldens/src/fault`.

mod keys;
mod recover;
mod targets;

use super::hm::{self, Header, Listed, Map, REGION_AT, REGION_BYTES, Var, case};
use crate::gomap::SharedMap;
use crate::lab::programs::{make, nil};
use libc::{PROT_NONE, PROT_READ};
use recover::*;
use targets::{TARGETS, Target, bus_target, target, unmapped_region};

static M64: Var<Map> = Var::new(nil);
static MBIG: Var<SharedMap<u64, [u8; 200]>> = Var::new(|| make(0));

/// Bytes of a bucket of `map[uint64]uint64`.
const SZ64: usize = 8 + 8 * 8 + 8 * 8 + 8;

fn h() -> Header {
    hm::H(&*M64)
}

fn build(n: u64) {
    M64.set(make(0));
    for i in 1..=n {
        M64.insert(i, i * 10);
    }
}

// ---- operations

#[inline(never)]
fn read64() {
    let v = hm::sink(M64.get(1));
    println!("read returned {v}");
}

#[inline(never)]
fn readmiss64() {
    let v = hm::sink(M64.get(999));
    println!("read returned {v}");
}

#[inline(never)]
fn commaok64() {
    let (v, ok) = hm::sink(M64.get2(1));
    println!("commaok returned {v} {ok}");
}

#[inline(never)]
fn assignnew64() {
    M64.insert(999, 7);
    println!("assign returned, len {}", M64.len());
}

#[inline(never)]
fn assignold64() {
    M64.insert(1, 7);
    println!("assign returned, len {}", M64.len());
}

#[inline(never)]
fn delete64() {
    M64.delete(1);
    println!("delete returned, len {}", M64.len());
}

#[inline(never)]
fn deletemiss64() {
    M64.delete(999);
    println!("delete returned, len {}", M64.len());
}

#[inline(never)]
fn range64() {
    let mut n = 0;
    for _ in M64.range() {
        n += 1;
        if n > 1000 {
            break;
        }
    }
    println!("range iterations {n}");
}

#[inline(never)]
fn len64() {
    println!("len returned {}", M64.len());
}

#[inline(never)]
fn clear64() {
    M64.clear();
    println!("clear returned, len {}", M64.len());
}

#[inline(never)]
fn clone64() {
    let c = M64.clone_map();
    println!("clone returned, len {}", c.len());
    std::mem::forget(c);
}

/// An operation: its name, what it does, the function.
#[derive(Clone, Copy)]
struct Operation {
    name: &'static str,
    about: &'static str,
    run: fn(),
    since_121: bool,
}

const OPS: [Operation; 11] = {
    const fn op(name: &'static str, about: &'static str, run: fn()) -> Operation {
        Operation { name, about, run, since_121: false }
    }
    [
        op("read", "reads a key of", read64),
        op("readmiss", "reads a missing key of", readmiss64),
        op("commaok", "asks for a key, with ok, of", commaok64),
        op("assignnew", "assigns a new key to", assignnew64),
        op("assignold", "assigns to an existing key of", assignold64),
        op("delete", "deletes a key of", delete64),
        op("deletemiss", "deletes a missing key of", deletemiss64),
        op("range", "ranges over", range64),
        op("len", "asks for the length of", len64),
        Operation { since_121: true, ..op("clear", "clears", clear64) },
        Operation { since_121: true, ..op("clone", "clones", clone64) },
    ]
};

// ---- where the bucket pointer goes

fn point_all(t: Target) {
    let n = 1 << h().b();
    h().set_buckets((t.prep)(h().buckets(), n * SZ64));
}

// ---- old buckets during growth

fn grow64() {
    M64.set(make(0));
    let mut i = 1;
    loop {
        M64.insert(i, i * 10);
        if h().oldbuckets() != 0 && i > 100 {
            break;
        }
        i += 1;
    }
    hm::show("growing", &M64);
}

fn old_target(t: Target) {
    grow64();
    let n = 1 << (h().b() - 1);
    h().set_oldbuckets((t.prep)(h().oldbuckets(), n * SZ64));
}

// ---- overflow pointer

fn overflow_to(addr: usize) {
    build(8); // one full bucket
    hm::poke(h().buckets() + SZ64 - 8, addr);
}

#[inline(never)]
fn indirectelem() {
    MBIG.insert(1, {
        let mut v = [0; 200];
        v[0] = 1;
        v
    });
    hm::poke(hm::H(&*MBIG).buckets() + 8 + 64, unmapped_region());
    let v = MBIG.get(1);
    println!("{}", v[0]);
}

#[inline(never)]
fn extra_bad() {
    build(8);
    hm::poke(h().extra_at(), unmapped_region());
    h().set_count(3); // no growth: the full bucket needs an overflow bucket
    assignnew64();
    mark!();
}

#[inline(never)]
fn extra_badrange() {
    build(8);
    hm::poke(h().extra_at(), unmapped_region());
    range64();
    mark!();
}

#[inline(never)]
fn iterafterfree() {
    build(5);
    point_all(target("relocated"));
    let mut n = 0;
    for _ in M64.range() {
        n += 1;
        println!("iteration {n}");
        if n == 2 {
            hm::munmap(REGION_AT, REGION_BYTES);
        }
    }
    println!("range ended");
}

// ---- faults while memory is being allocated

/// The memory that the heap hands out next becomes inaccessible, then the map grows.
#[inline(never)]
fn protgrow() {
    build(0);
    for i in 0.. {
        M64.insert(i, i);
        // The next new key makes the map grow (Go 1.21 has another load factor).
        if matches!((h().b(), i), (10, 6655) | (11, 12287)) {
            break;
        }
    }
    let from = hm::alloc(1 << 20) + (1 << 20);
    let to = (from + (4 << 20) - 1) & !((4 << 20) - 1);
    hm::mprotect(from, to - from, PROT_NONE);
    for i in 1 << 20..1 << 21 {
        M64.insert(i, i);
    }
    println!("grew, len {}", M64.len());
}

/// Freed slots of the size of a bucket become read-only, then maps need buckets: the allocator itself faults.
#[inline(never)]
fn malloc_fault() {
    let mut hold: Vec<usize> = (0..2000).map(|_| hm::alloc(SZ64)).collect();
    let (lo, hi) = (*hold.iter().min().expect("some"), *hold.iter().max().expect("some"));
    for (i, p) in hold.iter_mut().enumerate() {
        hm::poke8(*p, 1);
        if i % 4 != 0 {
            hm::rt().heap.free(*p);
            *p = 0;
        }
    }
    // Only pages that hold nothing but these objects.
    let mut a = (lo + 8191) & !8191;
    while a + 8192 <= hi {
        if hold.iter().filter(|&&p| p & !8191 == a).count() > 10 {
            hm::mprotect(a, 8192, PROT_READ);
        }
        a += 8192;
    }
    for _ in 0..400 {
        let m: Map = make(1);
        m.insert(1, 1);
        std::mem::forget(m);
    }
    println!("no fault");
}

pub(super) fn main() {
    let mut cases = Vec::new();
    let about = |op: &Operation, what: &str| format!("{} a map {what}", op.about);
    for t in TARGETS {
        for op in OPS {
            let what = format!("whose buckets {}", t.about);
            let c = case(format!("b0_{}_{}", t.name, op.name), about(&op, &what), move || {
                build(2);
                point_all(t);
                (op.run)();
                mark!();
            });
            let levels = matches!((t.name, op.name), ("unmapped", "read") | ("0x10", "assignnew"));
            cases.push(op.of(if levels { c.at_all_levels() } else { c }));
        }
    }
    for t in ["unmapped", "readonly", "0x0"].map(target) {
        for op in OPS {
            let what = format!("of 16 buckets that {}", t.about);
            let c = case(format!("b4_{}_{}", t.name, op.name), about(&op, &what), move || {
                build(100);
                point_all(t);
                (op.run)();
                mark!();
            });
            cases.push(op.of(c.scattered()));
        }
    }
    for t in ["unmapped", "protnone", "readonly", "noncanonical", "0x10"].map(target) {
        for op in OPS {
            let what = format!("that is growing and whose old buckets {}", t.about);
            let c = case(format!("old_{}_{}", t.name, op.name), about(&op, &what), move || {
                old_target(t);
                (op.run)();
                mark!();
            });
            cases.push(op.of(c.scattered()));
        }
    }
    for op in OPS {
        let t = bus_target();
        let c = case(format!("bus_{}", op.name), about(&op, &format!("whose buckets {}", t.about)), move || {
            build(2);
            point_all(t);
            (op.run)();
            mark!();
        });
        cases.push(op.of(c));
    }
    for (name, place, at) in [
        ("unmapped", "unmapped memory", unmapped_region as fn() -> usize),
        ("noncanonical", "the non-canonical 0xdeadbeefdeadbeef", || 0xdead_beef_dead_beef),
        ("0x10", "0x10", || 0x10),
    ] {
        for op in OPS {
            let what = format!("of one full bucket whose overflow pointer leads to {place}");
            let c = case(format!("ovf_{name}_{}", op.name), about(&op, &what), move || {
                overflow_to(at());
                (op.run)();
                mark!();
            });
            cases.push(op.of(c));
        }
    }
    for t in ["unmapped", "protnone", "readonly", "noncanonical", "0x0", "0x10", "0x1000"].map(target) {
        let what = format!("under SetPanicOnFault, uses a map whose buckets {}, and recovers", t.about);
        cases.push(case(format!("pof_{}", t.name), what, move || {
            pof(t);
            mark!();
        }));
    }
    cases.extend(scenarios());
    cases.extend(keys::keys());
    hm::pick(cases)();
    mark!();
}

impl Operation {
    /// Marks a case that runs this operation.
    fn of(&self, c: Listed) -> Listed {
        if self.since_121 { c.since_121() } else { c }
    }
}

fn scenarios() -> Vec<Listed> {
    let pof = "under SetPanicOnFault,";
    vec![
        case(
            "pof_uncaught",
            format!("{pof} reads a map whose buckets were unmapped, and nobody recovers"),
            pof_uncaught,
        ),
        case(
            "pof_uncaughtnoncanon",
            format!("{pof} reads a map with non-canonical buckets, and nobody recovers"),
            pof_uncaughtnoncanon,
        ),
        case("pof_thenwrite", format!("{pof} recovers a fault in an assignment and assigns again"), pof_thenwrite),
        case(
            "pof_rodelete",
            format!("{pof} reads, assigns to and deletes from a map in read-only pages"),
            pof_rodelete,
        ),
        case("pof_roclear", format!("{pof} clears a map in read-only pages"), pof_roclear).since_121(),
        case("pof_bus", format!("{pof} reads a map in a mapped file that was cut to nothing"), pof_bus),
        case("pof_repanic", format!("{pof} recovers a fault and panics with it again"), pof_repanic),
        case("pof_old", format!("{pof} uses a growing map whose old buckets were unmapped"), pof_old).scattered(),
        case(
            "pof_olddelete",
            format!("{pof} deletes from a growing map whose old buckets were unmapped"),
            pof_olddelete,
        )
        .scattered(),
        case("recover_nil_assign", "recovers a fault in an assignment, then reads the map", recover_nil_assign),
        case("recover_nil_assign2", "recovers a fault in an assignment, then assigns again", recover_nil_assign2),
        case("recover_nil_delete", "recovers a fault in a delete, then deletes again", recover_nil_delete),
        case("recover_nil_read", "recovers faults in reads and a range, which leave the map usable", recover_nil_read),
        case("recover_nil_clear", "recovers a fault in a clear, then clears again and assigns", recover_nil_clear)
            .since_121(),
        case("recover_nil_clone", "recovers a fault in maps.Clone", recover_nil_clone).since_121(),
        case("fatal_norecover", "tries to recover a fault that cannot be recovered", fatal_norecover),
        case("fault_goroutine", "faults in a goroutine while main waits for a channel", fault_goroutine),
        case("indirectelem", "reads a large value whose pointer in the bucket leads to unmapped memory", indirectelem),
        case("extra_bad", "assigns a key that needs an overflow bucket, with mapextra in unmapped memory", extra_bad),
        case("extra_badrange", "ranges over a map with mapextra in unmapped memory", extra_badrange),
        case("iterafterfree", "unmaps the buckets of a map in the middle of a range over it", iterafterfree),
        case("protgrow", "grows a map into memory that may not be accessed", protgrow),
        case(
            "malloc_fault",
            "makes the heap's own free memory read-only, so that the allocation of a bucket faults",
            malloc_fault,
        )
        .reusing_memory(),
    ]
}
