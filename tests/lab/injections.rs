//! Single injections: each class comes about, and comes about again.

use gohmap::lab::experiment::{Class, Injection, Lab, Rig};
use gohmap::layout::mem::HAVE_ASM;

/// What comes of an injection, three times the same.
fn outcome(lab: &Lab, id: &str) -> (Class, String, String) {
    let injection = Injection::parse(id).unwrap_or_else(|e| panic!("{e}"));
    let rig = Rig::new(lab, &injection.scenario).unwrap_or_else(|e| panic!("{id}: {e}"));
    let (fault, event) = injection.on(&rig).unwrap_or_else(|e| panic!("{id}: {e}"));
    let first = rig.inject(fault, event);
    for _ in 0..2 {
        assert_eq!(rig.inject(fault, event), first, "{id}");
    }
    (first.class, first.detail.into_owned(), first.evidence)
}

#[test]
fn every_class_comes_about() {
    if !HAVE_ASM {
        return;
    }
    let lab = Lab::new(Default::default()).unwrap();
    let nil = "runtime error: invalid memory address or nil pointer dereference";
    for (id, class, detail) in [
        ("small/read-hit/before/header.flags.2/flip", Class::Fatal, "concurrent map read and map write"),
        ("small/assign-new/before/header.flags.2/flip", Class::Fatal, "concurrent map writes"),
        ("small/assign-new/step4/header.flags.2/clear", Class::NotInjected, "the bit is so already"),
        ("small/len/before/header.count.63/flip", Class::Silent, "wrong count"),
        ("small/read-hit/before/header.noverflow.3/flip", Class::Masked, "never read"),
        ("small/clear/before/buckets[0].tophash[1].0/flip", Class::Masked, "overwritten"),
        ("small/read-hit/before/header.buckets/small", Class::Panic, nil),
        ("small/read-hit/before/header.buckets/non-canonical", Class::Fault, "SIGSEGV code=0x80"),
        ("small/read-hit/before/buckets/unmap", Class::Fault, "SIGSEGV code=0x1"),
        ("small/read-hit/before/buckets/prot-none", Class::Fault, "SIGSEGV code=0x2"),
        ("small/assign-new/before/buckets/read-only", Class::Fault, "SIGSEGV code=0x2"),
        ("small/read-hit/before/buckets/truncate", Class::Fault, "SIGBUS code=0x2"),
        ("small/read-hit/before/buckets/zero", Class::Silent, "lost key"),
        ("small/read-hit/before/buckets[0].elem[2].0/flip", Class::Silent, "wrong value"),
        ("full/range/before/buckets[0].overflow/loop", Class::Hang, ""),
        ("grown/read-hit/before/header.hash0.0/flip", Class::Silent, "lost key"),
        ("growing/assign-new/before/oldbuckets/free-clobber", Class::Fault, "SIGSEGV code=0x80"),
        ("full/assign-new/before/allocation[0]/refuse", Class::Fatal, "out of memory"),
        ("growing/assign-new/touch:oldbuckets/oldbuckets/unmap", Class::Fault, "SIGSEGV code=0x1"),
        ("chained/range/touch:buckets[0]+1/buckets[0]+1/unmap", Class::Fault, "SIGSEGV code=0x1"),
        ("growing/assign-new/step1/store/lost", Class::NotInjected, "no store is announced here"),
    ] {
        let (c, d, evidence) = outcome(&lab, id);
        println!("{id}: {c}: {d} ({evidence})");
        assert_eq!((c, &*d), (class, detail), "{id}: {evidence}");
    }
}

/// Every experiment of the catalogue comes out as it expects, twice.
#[test]
fn the_catalogue_comes_out_as_expected() {
    use gohmap::lab::catalogue::built_in;
    if !HAVE_ASM {
        return;
    }
    let mut all = built_in();
    all.sort_by_key(|e| e.version);
    let mut lab: Option<Lab> = None;
    let mut differing = Vec::new();
    for e in &all {
        if lab.as_ref().is_none_or(|l| l.version() != e.version) {
            drop(lab.take());
            lab = Some(Lab::new(e.version).unwrap());
        }
        let first = e.run(lab.as_ref().unwrap()).unwrap();
        assert_eq!(e.run(lab.as_ref().unwrap()).unwrap(), first, "{}", e.name);
        differing.extend(e.differs(&first).map(|d| format!("{}: {first}; {d}", e.name)));
    }
    assert!(differing.is_empty(), "{differing:#?}");
}
