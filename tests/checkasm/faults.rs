//! Operations that fault: with some page of the map's arrays taken away, a routine dies of the same address in the same
//! words as its portable twin, and leaves the same memory behind.

use super::{Copy, Kind, Numbers, Op, env};
use gohmap::fault::{Death, guarded};
use gohmap::heap::{OnFree, Prot};
use gohmap::layout::mem;
use gohmap::map::amd64::Isa;
use gohmap::version::GoVersion;

pub(super) const PAGE: usize = 4096;

/// A page of what belongs to a map, in each of the copies.
pub(super) struct Hole(pub(super) [usize; 2]);

impl Hole {
    pub(super) fn set(&self, copies: [&Copy; 2], prot: Prot) {
        for (c, page) in copies.into_iter().zip(self.0) {
            c.t.rt.heap.protect(page, 1, prot).expect("a page of the heap");
        }
    }
}

/// What a death says, its address relative to the arrays if it is there.
pub(super) fn words(c: &Copy, death: &Death) -> String {
    let Death::Fatal(f) = death else { return death.text().to_owned() };
    let address = f.details().iter().find_map(|d| d.strip_prefix("unexpected fault address 0x"));
    let place = address.map(|a| {
        let a = usize::from_str_radix(a, 16).expect("an address");
        c.t.rt.heap.locate(a).map_or_else(|| format!("{a:#x}"), |_| format!("{:?}", c.place(a)))
    });
    format!("{}: {place:?}", f.text())
}

#[test]
fn faults_leave_what_the_portable_functions_leave() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    for isa in Isa::available().into_iter().skip(1) {
        let (mut died, mut growing) = (0, 0);
        for map in 0..300 {
            let seed = n.next();
            let pointers = n.below(3) == 0;
            let kind = Kind::any(&mut n);
            let [a, b] = [0, 1].map(|_| Copy::of_kind(kind, seed, GoVersion::V1_22, 8, 0, pointers, OnFree::Reuse));
            for key in 0..800 + n.below(1500) {
                let hole = (n.below(12) == 0).then(|| hole([&a, &b], &mut n)).flatten();
                if let Some(hole) = &hole {
                    hole.set([&a, &b], [Prot::None, Prot::Read][n.below(2) as usize]);
                }
                let op = [
                    Op::Assign,
                    Op::Set,
                    Op::SetHere,
                    Op::SetHere,
                    Op::Delete,
                    Op::Access1,
                    Op::Access1Here,
                    Op::GetHere,
                ][n.below(8) as usize];
                let key = if n.below(4) == 0 { n.below(key + 1) } else { key };
                // SAFETY: live maps; nothing that needs dropping is pending while the operation faults.
                let [said_a, said_b] = unsafe {
                    [guarded(|| op.call(isa, &a, key, seed)), guarded(|| op.call(Isa::Portable, &b, key, seed))]
                };
                if let Some(hole) = &hole {
                    hole.set([&a, &b], Prot::ReadWrite);
                }
                let at = || format!("{isa}: map {map}, {kind:?}, {op:?} {key}");
                match (said_a, said_b) {
                    (Ok(said_a), Ok(said_b)) => assert_eq!(said_a, said_b, "{}", at()),
                    (Err(died_a), Err(died_b)) => {
                        assert_eq!(words(&a, &died_a), words(&b, &died_b), "{}", at());
                        assert!(a.state() == b.state(), "{}: memory differs", at());
                        // SAFETY: a live header.
                        unsafe {
                            growing += u64::from(mem::ld64(a.h + 24) != 0);
                        }
                        died += 1;
                        break;
                    }
                    (said_a, said_b) => panic!("{}: {said_a:?}, but portably {said_b:?}", at()),
                }
            }
            assert!(a.state() == b.state(), "{isa}: map {map}: memory differs");
        }
        println!("{isa}: {died} deaths, {growing} while growing");
        assert!(died > 100 && growing > 50, "{isa}: {died} deaths, {growing} while growing");
    }
}

/// A page of an array of the maps; none while these are smaller.
pub(super) fn hole(copies: [&Copy; 2], n: &mut Numbers) -> Option<Hole> {
    // SAFETY: a live header.
    let growing = unsafe { mem::ld64(copies[0].h + 24) } != 0;
    let field = if growing && n.below(2) == 0 { 24 } else { 16 };
    // SAFETY: live headers.
    let arrays = copies.map(|c| unsafe { mem::ld64(c.h + field) } as usize);
    if arrays.iter().any(|a| *a == 0 || a % PAGE != 0) {
        return None;
    }
    let pages = copies[0].t.rt.heap.locate(arrays[0])?.size / PAGE;
    let page = (pages > 0).then(|| n.below(pages as u64) as usize)?;
    Some(Hole(arrays.map(|a| a + page * PAGE)))
}
