//! Random histories against a plain list of what should live.

use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Header,
    /// Size, with pointers, for the map of this number.
    Alloc(usize, bool, usize),
    /// The live object of this number.
    Free(usize),
    FreeMap(usize),
    /// A bucket array of the map of this number.
    Table(usize),
    /// Something that belongs with the table of this number.
    Overflow(usize),
    FreeTable(usize),
    FreeOverflow(usize),
}

fn op() -> impl Strategy<Value = Op> {
    let size = prop_oneof![6 => 1_usize..2000, 2 => 2000_usize..32769, 1 => 32769_usize..200_000];
    prop_oneof![
        2 => Just(Op::Header),
        8 => (size, any::<bool>(), any::<usize>()).prop_map(|(s, p, m)| Op::Alloc(s, p, m)),
        4 => any::<usize>().prop_map(Op::Free),
        1 => any::<usize>().prop_map(Op::FreeMap),
        2 => any::<usize>().prop_map(Op::Table),
        4 => any::<usize>().prop_map(Op::Overflow),
        1 => any::<usize>().prop_map(Op::FreeTable),
        1 => any::<usize>().prop_map(Op::FreeOverflow),
    ]
}

struct Live {
    base: usize,
    size: usize,
    map: usize,
    role: Role,
    table: usize,
}

fn run(h: &Heap, ops: &[Op]) {
    let mut live: Vec<Live> = Vec::new();
    let mut freed: Vec<usize> = Vec::new();
    let pick = |live: &[Live], n: usize, role: Option<Role>| -> Option<usize> {
        let of: Vec<usize> =
            live.iter().enumerate().filter(|(_, o)| role.is_none_or(|r| o.role == r)).map(|(i, _)| i).collect();
        (!of.is_empty()).then(|| of[n % of.len()])
    };
    let check_new = |h: &Heap, live: &mut Vec<Live>, r: &Request| {
        let a = h.alloc(r).unwrap();
        // SAFETY: an object of this heap, all of it.
        unsafe {
            let at = [a.addr, a.addr + r.size / 2, a.addr + r.size - 1];
            assert!(a.needs_zero || at.iter().all(|&at| mem::ld8(at) == 0), "fresh and not zero");
            at.iter().for_each(|&at| mem::st8(at, 0xa5));
        }
        assert!(live.iter().all(|o| a.addr + r.size <= o.base || o.base + o.size <= a.addr), "overlap");
        let map = if r.role == Role::Header { a.addr } else { r.owner };
        live.push(Live { base: a.addr, size: r.size, map, role: r.role, table: r.table });
        a.addr
    };
    for op in ops {
        match *op {
            Op::Header => {
                let a = check_new(h, &mut live, &request(48, 0, Role::Header));
                freed.retain(|&f| f != a);
            }
            Op::Alloc(size, pointers, n) => {
                let owner = pick(&live, n, Some(Role::Header)).map_or(0, |i| live[i].base);
                let r = Request { noscan: !pointers, ..request(size, owner, Role::Other) };
                let a = check_new(h, &mut live, &r);
                freed.retain(|&f| f != a);
            }
            Op::Free(n) => {
                // Headers go with their maps.
                if let Some(i) = pick(&live, n, None).filter(|&i| live[i].role != Role::Header) {
                    let o = live.swap_remove(i);
                    h.free(o.base);
                    h.free(o.base);
                    freed.push(o.base);
                }
            }
            Op::FreeMap(n) => {
                if let Some(i) = pick(&live, n, Some(Role::Header)) {
                    let map = live[i].base;
                    h.free_owner(map);
                    live.retain(|o| o.map != map);
                }
            }
            Op::Table(n) => {
                if let Some(i) = pick(&live, n, Some(Role::Header)) {
                    let r = request(144 * (1 + n % 16), live[i].base, Role::Buckets);
                    let a = check_new(h, &mut live, &r);
                    freed.retain(|&f| f != a);
                }
            }
            Op::Overflow(n) => {
                if let Some(i) = pick(&live, n, Some(Role::Buckets)) {
                    let r = Request { table: live[i].base, ..request(144, live[i].map, Role::Overflow) };
                    let a = check_new(h, &mut live, &r);
                    freed.retain(|&f| f != a);
                }
            }
            Op::FreeTable(n) => {
                if let Some(i) = pick(&live, n, Some(Role::Buckets)) {
                    let (map, table) = (live[i].map, live[i].base);
                    h.free_table(map, table);
                    live.retain(|o| o.map != map || (o.base != table && o.table != table));
                }
            }
            Op::FreeOverflow(n) => {
                if let Some(i) = pick(&live, n, Some(Role::Buckets)) {
                    let (map, table) = (live[i].map, live[i].base);
                    h.free_overflow(map, table);
                    live.retain(|o| o.map != map || o.table != table);
                }
            }
        }
        let s = h.stats();
        assert_eq!((s.objects, s.bytes), (live.len(), live.iter().map(|o| o.size).sum()));
    }
    for o in &live {
        for at in [o.base, o.base + o.size / 2, o.base + o.size - 1] {
            let got = h.locate(at).unwrap();
            assert_eq!((got.base, got.size, got.freed, got.map()), (o.base, o.size, false, o.map));
            assert_eq!((got.role, got.table), (o.role, o.table));
        }
    }
    for at in freed {
        assert!(h.locate(at).is_none_or(|o| o.freed || o.base != at), "{at:#x} lives on");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: if cfg!(miri) { 2 } else { 100 }, ..Default::default() })]
    #[test]
    fn histories(
        ops in prop::collection::vec(op(), 1..if cfg!(miri) { 40 } else { 300 }),
        isolated in any::<bool>(),
        policy in 0_usize..4,
    ) {
        let on_free = [OnFree::Reuse, OnFree::Keep, OnFree::Clobber, OnFree::Unmap][policy];
        run(&heap(if isolated { Placement::Isolated } else { Placement::Spans }, on_free), &ops);
    }
}
