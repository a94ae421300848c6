//! The routines for string keys against the portable functions: keys of all lengths, alike at both ends, some at the end of
//! mapped memory.

use super::{Copy, Isa, Numbers, checkasm_call, env};
use gohmap::layout::mem;
use gohmap::map::clear;
use gohmap::types::{GoType, MapType};
use gohmap::version::GoVersion;
use std::ptr;

/// Strings of `0..=40` bytes, of which many agree in length and at both ends; every third ends where mapped memory does.
struct Strings {
    page: *mut u8,
    all: Vec<(usize, usize)>,
    _bytes: Vec<Box<[u8]>>,
}

const PAGE: usize = 4096;

impl Strings {
    fn new(n: &mut Numbers, how_many: usize) -> Self {
        let (rw, none) = (libc::PROT_READ | libc::PROT_WRITE, libc::PROT_NONE);
        // SAFETY: new memory, a page for each string that ends where the page does, and one behind it that cannot be read.
        let page = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let p = libc::mmap(ptr::null_mut(), 2 * PAGE * how_many, rw, flags, -1, 0);
            assert_ne!(p, libc::MAP_FAILED);
            for i in 0..how_many {
                assert_eq!(libc::mprotect(p.cast::<u8>().add((2 * i + 1) * PAGE).cast(), PAGE, none), 0);
            }
            p.cast::<u8>()
        };
        let (mut all, mut bytes) = (Vec::new(), Vec::new());
        for i in 0..how_many {
            let len = n.below(41) as usize;
            let mut s = vec![b'x'; len];
            if len > 0 {
                let at = n.below(len as u64) as usize;
                s[at] = b'a' + n.below(26) as u8;
            }
            let at = if i % 3 == 0 {
                // SAFETY: the end of a page of our own.
                unsafe {
                    let at = page.add((2 * i + 1) * PAGE - len);
                    ptr::copy_nonoverlapping(s.as_ptr(), at, len);
                    at.expose_provenance()
                }
            } else {
                let b = s.into_boxed_slice();
                let at = b.as_ptr().expose_provenance();
                bytes.push(b);
                at
            };
            all.push((at, len));
        }
        Self { page, all, _bytes: bytes }
    }
}

impl Drop for Strings {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`.
        unsafe { libc::munmap(self.page.cast(), 2 * PAGE * self.all.len()) };
    }
}

#[test]
fn strings_agree_on_random_states() {
    let mut n = Numbers(env("GOHMAP_SEED", 1));
    let (mut found, mut absent, mut tampered) = (0, 0, 0);
    for isa in Isa::available().into_iter().skip(1) {
        for map in 0..120 {
            let how_many = [12, 60, 400][n.below(3) as usize];
            let strings = Strings::new(&mut n, how_many);
            let (seed, version) = (n.next(), GoVersion::ALL[n.below(6) as usize]);
            let [a, b] = [0, 1].map(|_| {
                let like = Copy::new(seed, version, [8, 8, 0, 3, 40][map % 5], 0);
                let t = MapType::of(&like.t.rt, &GoType::string(), &like.t.elem).expect("strings are comparable");
                Copy::of(t, 0)
            });
            for step in 0..1500 {
                let (str, len) = strings.all[n.below(strings.all.len() as u64) as usize];
                let what = n.below(100);
                let call = |isa: Isa, c: &Copy| {
                    let f = isa.fast64();
                    let f = match what {
                        0..50 => f.mapassign_str as *const (),
                        50..75 => f.mapaccess1_str as *const (),
                        _ => f.mapaccess2_str as *const (),
                    };
                    let mut out = [0; 2];
                    // SAFETY: a live map and a string.
                    let at = unsafe { checkasm_call(f, &c.t, c.h, str as u64, len as u64, &mut out) };
                    assert_eq!(out[0], 0, "{isa}: a protected register changed");
                    let place = (at != c.zeroes).then(|| c.place(at));
                    (place, if what >= 75 { out[1] } else { 0 })
                };
                let said = call(isa, &a);
                assert_eq!(said, call(Isa::Portable, &b), "{isa}: map {map}, step {step}: {what} of {len} bytes");
                if said.0.is_some() {
                    found += 1
                } else {
                    absent += 1
                }
                // SAFETY: two live maps; what is tampered with leads nowhere but to other keys of the bucket.
                unsafe {
                    if n.below(40) == 0 && mem::ld64(a.h + 16) != 0 && mem::ld64(a.h + 24) == 0 {
                        tampered += 1;
                        let at = (n.next() & ((1 << mem::ld8(a.h + 9)) - 1)) as usize * a.t.bucket.size;
                        let (i, j, mark) =
                            (n.below(8) as usize, n.below(8) as usize, [0, 1, 5, 9][n.below(4) as usize]);
                        let both = n.below(2) == 0;
                        for c in [&a, &b] {
                            let bucket = mem::ld64(c.h + 16) as usize + at;
                            if both {
                                mem::memmove(bucket + 8 + 16 * i, bucket + 8 + 16 * j, 16);
                            } else if mem::ld64(bucket + 8 + 16 * i) != 0 {
                                mem::st8(bucket + i, mark);
                            }
                        }
                    }
                    if version >= GoVersion::V1_21 && n.below(600) == 0 {
                        clear::mapclear(&a.t, a.h, &());
                        clear::mapclear(&b.t, b.h, &());
                    }
                }
                assert!(step % 50 != 0 || a.state() == b.state(), "{isa}: map {map}, step {step}: memory differs");
            }
        }
    }
    assert!(found > 100_000 && absent > 1000 && tampered > 1000, "{found} found, {absent} absent, {tampered} tampered");
}
