//! Each assembly routine against its portable twin, in the manner of checkasm: both run on two copies of one random
//! state, what the ABI leaves undefined is poisoned, what it protects is checked, and the copies are compared.
//!
//! `GOHMAP_SEED=N` repeats a run, `GOHMAP_STEPS=N` makes it longer.
#![cfg(all(target_arch = "x86_64", target_os = "linux", not(feature = "portable"), not(miri)))]

use gohmap::hash::KeySchedule;
use gohmap::heap::{HeapConfig, OnFree};
use gohmap::layout::{self, mem};
use gohmap::map::amd64::Isa;
use gohmap::map::{fast64, make};
use gohmap::rng::Rng;
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::types::{Fast, Generic, GoType, MapType};
use gohmap::version::GoVersion;
use std::cell::RefCell;
use std::sync::Arc;

#[path = "checkasm/bytes.rs"]
mod bytes;
#[path = "checkasm/chains.rs"]
mod chains;
#[path = "checkasm/far.rs"]
mod far;
#[path = "checkasm/faults.rs"]
mod faults;
#[path = "checkasm/first.rs"]
mod first;
#[path = "checkasm/growing.rs"]
mod growing;
#[path = "checkasm/growing_bytes.rs"]
mod growing_bytes;
#[path = "checkasm/here.rs"]
mod here;
#[path = "checkasm/many.rs"]
mod many;
#[path = "checkasm/stepping.rs"]
mod stepping;
#[path = "checkasm/walk.rs"]
mod walk;

use stepping::step_by_step;

core::arch::global_asm!(
    // u64 checkasm_call(rdi = f, rsi = a, rdx = b, rcx = c, r8 = d, r9 = &mut [u64; 2])
    // Calls f(a, b, c, d) with poison in every register that carries nothing. Stores which bits of protected registers
    // came back changed, and what came back in rdx.
    ".globl checkasm_call",
    "checkasm_call:",
    ".cfi_startproc",
    "push rbp",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset rbp, 0",
    "push rbx",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset rbx, 0",
    "push r12",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r12, 0",
    "push r13",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r13, 0",
    "push r14",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r14, 0",
    "push r15",
    ".cfi_adjust_cfa_offset 8",
    ".cfi_rel_offset r15, 0",
    "push r9",
    ".cfi_adjust_cfa_offset 8",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "mov rcx, r8",
    "mov rbx, 0x1111deadbeef1111",
    "mov rbp, 0x2222deadbeef2222",
    "mov r12, 0x3333deadbeef3333",
    "mov r13, 0x4444deadbeef4444",
    "mov r14, 0x5555deadbeef5555",
    "mov r15, 0x6666deadbeef6666",
    "mov r8, 0xdeadbeefdeadbeef",
    "mov r9, r8",
    "mov r10, r8",
    "mov r11, r8",
    "movq xmm0, r8",
    "punpcklqdq xmm0, xmm0",
    "movdqa xmm1, xmm0",
    "movdqa xmm2, xmm0",
    "movdqa xmm3, xmm0",
    "movdqa xmm4, xmm0",
    "movdqa xmm5, xmm0",
    "movdqa xmm6, xmm0",
    "movdqa xmm7, xmm0",
    "movdqa xmm8, xmm0",
    "movdqa xmm9, xmm0",
    "movdqa xmm10, xmm0",
    "movdqa xmm11, xmm0",
    "movdqa xmm12, xmm0",
    "movdqa xmm13, xmm0",
    "movdqa xmm14, xmm0",
    "movdqa xmm15, xmm0",
    "call rax",
    "pop r8",
    ".cfi_adjust_cfa_offset -8",
    "mov [r8 + 8], rdx",
    "xor ecx, ecx",
    "mov r9, 0x1111deadbeef1111",
    "xor r9, rbx",
    "or rcx, r9",
    "mov r9, 0x2222deadbeef2222",
    "xor r9, rbp",
    "or rcx, r9",
    "mov r9, 0x3333deadbeef3333",
    "xor r9, r12",
    "or rcx, r9",
    "mov r9, 0x4444deadbeef4444",
    "xor r9, r13",
    "or rcx, r9",
    "mov r9, 0x5555deadbeef5555",
    "xor r9, r14",
    "or rcx, r9",
    "mov r9, 0x6666deadbeef6666",
    "xor r9, r15",
    "or rcx, r9",
    "pushfq",
    "pop r9",
    "and r9, 0x400", // the direction flag
    "or rcx, r9",
    "mov [r8], rcx",
    "pop r15",
    ".cfi_adjust_cfa_offset -8",
    "pop r14",
    ".cfi_adjust_cfa_offset -8",
    "pop r13",
    ".cfi_adjust_cfa_offset -8",
    "pop r12",
    ".cfi_adjust_cfa_offset -8",
    "pop rbx",
    ".cfi_adjust_cfa_offset -8",
    "pop rbp",
    ".cfi_adjust_cfa_offset -8",
    "ret",
    ".cfi_endproc",
);

#[expect(improper_ctypes, reason = "the assembly reads the repr(C) start of MapType alone")]
unsafe extern "C-unwind" {
    fn checkasm_call(f: *const (), t: &MapType, h: usize, key: u64, value: u64, out: &mut [u64; 2]) -> usize;
}

/// The operations under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Assign,
    Set,
    Access1,
    Access2,
    Delete,
    /// The text that lies where these are called.
    SetHere,
    Access1Here,
    Access2Here,
    GetHere,
}

impl Op {
    const ALL: [Self; 9] = [
        Self::Assign,
        Self::Set,
        Self::Access1,
        Self::Access2,
        Self::Delete,
        Self::SetHere,
        Self::Access1Here,
        Self::Access2Here,
        Self::GetHere,
    ];

    /// The operation that is called.
    fn called(self) -> Self {
        match self {
            Self::SetHere => Self::Set,
            Self::Access1Here | Self::GetHere => Self::Access1,
            Self::Access2Here => Self::Access2,
            _ => self,
        }
    }

    /// The function for maps of a type; only keys of eight bytes without pointers are set by one of assembly.
    fn of(self, isa: Isa, t: &MapType) -> *const () {
        let f = isa.fast64_of(t);
        match self {
            Self::SetHere if f.inlined => return here::set as *const (),
            Self::Access1Here if f.inlined => return here::access1 as *const (),
            Self::Access2Here if f.inlined => return here::access2 as *const (),
            Self::GetHere if f.inlined => return here::get as *const (),
            _ => {}
        }
        match (self.called(), t.fast) {
            (Self::Assign, Fast::Fast64) => f.mapassign as *const (),
            (Self::Set, Fast::Fast64) => f.mapset as *const (),
            (Self::Assign | Self::Set, Fast::Fast64Ptr) => f.mapassign_ptr as *const (),
            (Self::Access1, Fast::Fast64 | Fast::Fast64Ptr) => f.mapaccess1 as *const (),
            (Self::Access2, Fast::Fast64 | Fast::Fast64Ptr) => f.mapaccess2 as *const (),
            (_, Fast::Fast64) => f.mapdelete as *const (),
            (_, Fast::Fast64Ptr) => f.mapdelete_ptr as *const (),
            (Self::Assign | Self::Set, _) => f.mapassign32 as *const (),
            (Self::Access1, _) => f.mapaccess1_32 as *const (),
            (Self::Access2, _) => f.mapaccess2_32 as *const (),
            (_, _) => f.mapdelete32 as *const (),
        }
    }

    /// Calls it and stores the value where the operation leaves that to its caller; what it says of the element.
    ///
    /// # Safety
    /// The map must be a live one, or fault where that is watched.
    unsafe fn call(self, isa: Isa, c: &Copy, key: u64, value: u64) -> Said {
        let mut out = [0; 2];
        // SAFETY: the caller's promise; the functions take these arguments, or fewer.
        let rax = unsafe { checkasm_call(self.of(isa, &c.t), &c.t, c.h, key, value, &mut out) };
        assert_eq!(out[0], 0, "{isa:?} {self:?}: a protected register changed");
        if self == Self::GetHere {
            // SAFETY: the address of an element, or of zeroes; gets are called with elements of 8 bytes.
            return Said::Value(if isa.fast64_of(&c.t).inlined { rax as u64 } else { unsafe { mem::ld64(rax) } });
        }
        let zeroes = rax == c.zeroes;
        let place = |a| if zeroes { None } else { Some(c.place(a)) };
        match self.called() {
            Self::Access1 => Said::Place(place(rax), 0),
            Self::Access2 => Said::Place(place(rax), out[1]),
            Self::Assign => {
                for i in 0..c.t.elem_size {
                    // SAFETY: the element's address.
                    unsafe { mem::st8(rax + i, (value.rotate_right(8 * i as u32) as u8).wrapping_add(i as u8 / 8)) };
                }
                Said::Place(place(rax), 0)
            }
            Self::Set => {
                if rax != 0 {
                    // SAFETY: the element's address; sets are called with elements of 8 bytes.
                    unsafe { mem::st64(rax, value) };
                }
                Said::Nothing
            }
            _ => Said::Nothing,
        }
    }
}

/// `mapiternext` on an iterator of each of two copies; what it says of the entry. `None`: no key, no element.
///
/// # Safety
/// The iterators must be of these maps, which must be live.
unsafe fn next_of_both(isa: Isa, a: &Copy, b: &Copy, which: usize) -> Option<[(gohmap::heap::Role, usize); 2]> {
    let step = |isa: Isa, c: &Copy| {
        let mut its = c.its.borrow_mut();
        let it = &mut its[which];
        if it.h == 0 || it.bptr != 0 && it.key == 0 {
            // Begun on an empty map, or at its end.
            return None;
        }
        let mut out = [0; 2];
        let at = std::ptr::from_mut(it).expose_provenance();
        // SAFETY: the caller's promise; the function takes two arguments.
        unsafe { checkasm_call(isa.fast64().mapiternext as *const (), &c.t, at, 0, 0, &mut out) };
        assert_eq!(out[0], 0, "{isa:?} mapiternext: a protected register changed");
        let fields = (it.start_bucket, it.offset, it.wrapped, it.b, it.i, it.bucket, it.check_bucket, it.clear_seq);
        let places = (it.key != 0).then(|| [c.place(it.key as usize), c.place(it.elem as usize)]);
        Some((fields, places, (it.key != 0).then(|| c.place(it.bptr as usize))))
    };
    let (x, y) = (step(isa, a), step(Isa::Portable, b));
    assert_eq!(x, y, "{isa:?}: an iterator");
    x.and_then(|x| x.1)
}

/// What an operation gives, with addresses replaced by where they lie; no place for zeroes.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Nothing,
    Place(Option<(gohmap::heap::Role, usize)>, u64),
    Value(u64),
}

/// Kinds of keys that are passed in a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Words,
    Pointers,
    Narrow,
}

impl Kind {
    fn any(n: &mut Numbers) -> Self {
        [Self::Words, Self::Words, Self::Words, Self::Pointers, Self::Narrow, Self::Narrow][n.below(6) as usize]
    }
}

/// One of two maps that are kept alike.
struct Copy {
    t: MapType,
    h: usize,
    /// What a lookup of an absent key points to.
    zeroes: usize,
    /// Iterations under way.
    its: RefCell<Vec<layout::Hiter>>,
}

impl Copy {
    fn new(seed: u64, version: GoVersion, elem: usize, hint: i64) -> Self {
        Self::with(seed, version, elem, hint, false, OnFree::Keep)
    }

    /// With elements that hold pointers, or do not; and a heap that uses memory again, or does not.
    fn with(seed: u64, version: GoVersion, elem: usize, hint: i64, pointers: bool, on_free: OnFree) -> Self {
        let rng = Rng::new(Some(seed));
        let rt: Arc<Runtime> = Runtime::new(RuntimeConfig {
            version,
            keys: Some(KeySchedule::random(&rng)),
            seed: Some(seed),
            heap: HeapConfig { on_free, ..HeapConfig::default() },
            ..RuntimeConfig::default()
        });
        Self::of(MapType::u64(&rt, elem, pointers), hint)
    }

    /// The same with keys of a kind.
    fn of_kind(
        kind: Kind,
        seed: u64,
        version: GoVersion,
        elem: usize,
        hint: i64,
        pointers: bool,
        on_free: OnFree,
    ) -> Self {
        let key = match kind {
            Kind::Words => return Self::with(seed, version, elem, hint, pointers, on_free),
            Kind::Pointers => GoType::unsafe_pointer(),
            Kind::Narrow => GoType::uint32(),
        };
        let words = Self::with(seed, version, elem, 0, pointers, on_free);
        let t = MapType::of(&words.t.rt, &key, &words.t.elem).expect("such keys are comparable");
        Self::of(t, hint)
    }

    fn of(t: MapType, hint: i64) -> Self {
        // SAFETY: the type is a live one.
        let (h, zeroes) = unsafe { (make::makemap(&t, hint, &()), fast64::mapaccess1_fast64(&t, 0, 0, &())) };
        Self { t, h, zeroes, its: RefCell::default() }
    }

    /// Ends the map and makes another of its type.
    fn again(&mut self) {
        // SAFETY: the old header is not used again.
        unsafe {
            make::mapdrop(&self.t, self.h);
            self.h = make::makemap(&self.t, 0, &());
        }
    }

    /// The whole map with addresses replaced by where they lead.
    fn state(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let size = self.t.bucket.size;
        // SAFETY: a healthy map, but for bytes that nothing follows.
        unsafe {
            out.extend((0..16).map(|i| mem::ld8(self.h + i)));
            out.extend(mem::ld64(self.h + 32).to_le_bytes());
            for field in [16, 24] {
                let array = mem::ld64(self.h + field) as usize;
                out.push(u8::from(array != 0));
                if array == 0 {
                    continue;
                }
                let len = self.t.rt.heap.locate(array).expect("an array of the heap").size;
                for bucket in (array..array + len / size * size).step_by(size) {
                    let mut b = bucket;
                    for _ in 0..100 {
                        let from = out.len();
                        out.extend((0..size - 8).step_by(8).flat_map(|i| mem::ld64(b + i).to_le_bytes()));
                        if self.t.generic == Generic::Eface {
                            self.name_types(&mut out[from..]);
                        }
                        let ovf = mem::ld64(b + size - 8) as usize;
                        out.push(u8::from(ovf != 0));
                        if ovf == 0 || (array..array + len).contains(&ovf) {
                            break;
                        }
                        b = ovf;
                    }
                }
            }
        }
        out
    }

    /// Puts something that is the same in every program into a bucket's keys, in the place of type words.
    fn name_types(&self, bucket: &mut [u8]) {
        for i in 0..8 {
            let word = &mut bucket[self.t.bucket.key(i)..][..8];
            let address = usize::from_le_bytes(word.try_into().expect("eight bytes"));
            if let Some(ty) = self.t.rt.types.known(address) {
                word.fill(0);
                let name = ty.name().as_bytes();
                let n = name.len().min(8);
                word[..n].copy_from_slice(&name[..n]);
            }
        }
    }

    /// Where an address lies: object kind, and distance from the start of the object.
    fn place(&self, addr: usize) -> (gohmap::heap::Role, usize) {
        let o = self.t.rt.heap.locate(addr).expect("an element lies in the heap");
        (o.role, addr - o.base)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // SAFETY: the map is not used again.
        unsafe { make::mapdrop(&self.t, self.h) };
    }
}

/// A generator of numbers that keeps its meaning (splitmix64).
struct Numbers(u64);
impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }
    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }
}

fn env(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().map_or(default, |v| v.parse().expect("a number"))
}

/// Keys whose hash under this map lies in few buckets, for long chains.
fn colliding(c: &Copy, n: &mut Numbers, how_many: usize) -> Vec<u64> {
    // SAFETY: the header is live.
    let hash0 = unsafe { mem::ld32(c.h + 12) };
    let mut keys = Vec::new();
    while keys.len() < how_many {
        let k = if c.t.bucket.key_size == 4 { n.next() & 0xffff_ffff } else { n.next() };
        let hash = gohmap::hash::memhash64(c.t.rt.key_schedule(), k, hash0.into());
        if hash & 0xff < 2 {
            keys.push(k);
        }
    }
    keys
}
