//! Each assembly routine against its portable twin, in the manner of checkasm: both run on two copies of one random
//! state, what the ABI leaves undefined is poisoned, what it protects is checked, and the copies are compared.
//!
//! `GOHMAP_SEED=N` repeats a run, `GOHMAP_STEPS=N` makes it longer.
#![cfg(all(target_arch = "x86_64", target_os = "linux", not(feature = "portable"), not(miri)))]

use gohmap::hash::KeySchedule;
use gohmap::layout::{self, mem};
use gohmap::map::amd64::{AssignFast64, Isa};
use gohmap::map::{clear, fast64, iter, make};
use gohmap::rng::Rng;
use gohmap::runtime::{Runtime, RuntimeConfig};
use gohmap::types::MapType;
use gohmap::version::GoVersion;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

core::arch::global_asm!(
    // u64 checkasm_call(rdi = f, rsi = a, rdx = b, rcx = c, r8 = &mut bad)
    // Calls f(a, b, c) with poison in every register that carries nothing, and says in *bad which protected register
    // came back changed.
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
    "push r8",
    ".cfi_adjust_cfa_offset 8",
    "mov rax, rdi",
    "mov rdi, rsi",
    "mov rsi, rdx",
    "mov rdx, rcx",
    "mov rbx, 0x1111deadbeef1111",
    "mov rbp, 0x2222deadbeef2222",
    "mov r12, 0x3333deadbeef3333",
    "mov r13, 0x4444deadbeef4444",
    "mov r14, 0x5555deadbeef5555",
    "mov r15, 0x6666deadbeef6666",
    "mov rcx, 0xdeadbeefdeadbeef",
    "mov r8, rcx",
    "mov r9, rcx",
    "mov r10, rcx",
    "mov r11, rcx",
    "movq xmm0, rcx",
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
    "movdqa xmm15, xmm0",
    "call rax",
    "pop r8",
    ".cfi_adjust_cfa_offset -8",
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
    fn checkasm_call(f: AssignFast64, t: &MapType, h: usize, key: u64, bad: &mut u64) -> usize;
}

/// One of two maps that are kept alike.
struct Copy {
    t: MapType,
    h: usize,
}

impl Copy {
    fn new(seed: u64, version: GoVersion, elem: usize, hint: i64) -> Self {
        let rng = Rng::new(Some(seed));
        let rt: Arc<Runtime> = Runtime::new(RuntimeConfig {
            version,
            keys: Some(KeySchedule::random(&rng)),
            seed: Some(seed),
            ..RuntimeConfig::default()
        });
        let t = MapType::u64(&rt, elem, false);
        // SAFETY: the type is a live one.
        let h = unsafe { make::makemap(&t, hint, &()) };
        Self { t, h }
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
                        out.extend((0..size - 8).map(|i| mem::ld8(b + i)));
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

    fn count(&self) -> i64 {
        // SAFETY: the header is live.
        unsafe { mem::ld64(self.h) as i64 }
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
        let k = n.next();
        let hash = gohmap::hash::memhash64(c.t.rt.key_schedule(), k, hash0.into());
        if hash & 0xff < 2 {
            keys.push(k);
        }
    }
    keys
}

#[test]
fn mapassign_fast64_agrees_on_random_states() {
    let seed = env("GOHMAP_SEED", 1);
    let steps = env("GOHMAP_STEPS", 1_000_000);
    println!("seed {seed}, {steps} steps");
    let mut n = Numbers(seed);
    for isa in Isa::available().into_iter().skip(1) {
        let (mut done, mut rounds) = (0, 0);
        // What the random walk has met; each must have happened.
        let (mut growing, mut chains, mut deleted, mut tampered) = (0_u64, 0_u64, 0_u64, 0_u64);
        while done < steps {
            let version = GoVersion::ALL[n.below(6) as usize];
            let elem = [8, 8, 0, 1, 4, 16, 24, 128][n.below(8) as usize];
            // Now and then a table with B > 15, whose overflow limit no longer follows B.
            let hint = if n.below(60) == 0 { 500_000 } else { [0, 0, 8, 9, 60, 300][n.below(6) as usize] };
            let map_seed = n.next();
            let a = Copy::new(map_seed, version, elem, hint);
            let b = Copy::new(map_seed, version, elem, hint);
            let collisions = n.below(3) == 0;
            let pool = if collisions { colliding(&a, &mut n, 60) } else { Vec::new() };
            let range = [6, 14, 60, 300, 2000, u64::MAX][n.below(6) as usize];
            let deletes = n.below(40);
            let length = 200 + n.below(4000);
            for step in 0..length {
                let key = if collisions && n.below(4) > 0 { pool[n.below(60) as usize] } else { n.below(range) };
                let what = n.below(100);
                // SAFETY: two live maps of live types; tampering below keeps to bytes that nothing follows.
                unsafe {
                    if what < deletes {
                        for c in [&a, &b] {
                            fast64::mapdelete_fast64(&c.t, c.h, key, &());
                        }
                        deleted += 1;
                    } else if what == 99 && n.below(20) == 0 {
                        let mut it = layout::Hiter::default();
                        for c in [&a, &b] {
                            iter::mapiterinit(&c.t, c.h, &mut it, &());
                        }
                    } else if what == 98 && n.below(200) == 0 && version >= GoVersion::V1_21 {
                        for c in [&a, &b] {
                            clear::mapclear(&c.t, c.h, &());
                        }
                    } else if what == 97 && n.below(20) == 0 && a.count() > 0 {
                        // A bucket that no healthy map has: any marks in any order.
                        tampered += 1;
                        let mask = (1_u64 << (mem::ld8(a.h + 9) & 15)) - 1;
                        let i = (n.next() & mask) as usize * a.t.bucket.size + n.below(8) as usize;
                        let th = [0, 1, 5, 0x80, 0xff][n.below(5) as usize];
                        if mem::ld64(a.h + 24) == 0 {
                            for c in [&a, &b] {
                                mem::st8(mem::ld64(c.h + 16) as usize + i, th);
                            }
                        }
                    }
                    if what == 96 && n.below(30) == 0 {
                        // Counters at and beside the limits at which a table grows.
                        tampered += 1;
                        let shift = mem::ld8(a.h + 9).min(15);
                        let noverflow = (1_u16 << shift).wrapping_add(n.below(3) as u16).wrapping_sub(1);
                        let count = (6 + n.below(5)).max((13 << shift >> 1) + n.below(4) - 2);
                        for c in [&a, &b] {
                            if n.0 & 1 == 0 {
                                mem::st16(c.h + 10, noverflow);
                            } else {
                                mem::st64(c.h, count);
                            }
                        }
                    }
                    growing += u64::from(mem::ld64(a.h + 24) != 0);
                    let (mut bad_a, mut bad_b) = (0, 0);
                    let ea = checkasm_call(isa.mapassign_fast64(), &a.t, a.h, key, &mut bad_a);
                    let eb = checkasm_call(Isa::Portable.mapassign_fast64(), &b.t, b.h, key, &mut bad_b);
                    assert_eq!((bad_a, bad_b), (0, 0), "a protected register changed");
                    let what = format!("{isa:?}: seed {seed}, map {rounds}, step {step}, key {key:#x}");
                    assert_eq!(a.place(ea), b.place(eb), "{what}: place of the element");
                    for i in 0..elem.min(8) {
                        let v = n.next() as u8;
                        mem::st8(ea + i, v);
                        mem::st8(eb + i, v);
                    }
                    let header = |c: &Copy| (0..16).map(|i| mem::ld8(c.h + i)).collect::<Vec<_>>();
                    assert_eq!(header(&a), header(&b), "{what}: header");
                    chains += u64::from(a.place(ea).0 == gohmap::heap::Role::Overflow);
                }
                if hint < 1000 && (step % 256 == 0 || step + 1 == length) {
                    assert!(a.state() == b.state(), "{isa:?}: seed {seed}, map {rounds}, step {step}: memory differs");
                }
                done += 1;
            }
            rounds += 1;
        }
        println!(
            "{isa:?}: {done} assigns on {rounds} maps; growing {growing}, in overflow buckets {chains}, deletes {deleted}, tampered {tampered}"
        );
        for (met, name) in [(growing, "growing"), (chains, "chains"), (deleted, "deletes"), (tampered, "tampered")] {
            assert!(met > steps / 10_000, "the walk met too few states: {name} {met}");
        }
    }
}

static STEPPED: AtomicUsize = AtomicUsize::new(0);
static LOST: AtomicUsize = AtomicUsize::new(0);
/// Header whose `hashWriting` the trap handler clears as soon as it sees it set; 0 for none.
static INTERFERE: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    static __start_gohmap_text: u8;
    static __stop_gohmap_text: u8;
}

/// Runs after every instruction while the trap flag is set: inside a routine, the unwinder must find the caller.
extern "C" fn on_trap(_: libc::c_int, _: *mut libc::siginfo_t, ctx: *mut libc::c_void) {
    // SAFETY: the kernel's context of this thread, ours to change.
    let regs = unsafe { &mut (*ctx.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let pc = regs[libc::REG_RIP as usize] as usize;
    let text = (&raw const __start_gohmap_text) as usize..(&raw const __stop_gohmap_text) as usize;
    if !text.contains(&pc) {
        if INTERFERE.load(Ordering::Relaxed) == 1 {
            // The flag was cleared and the routine has gone to report it: no more steps.
            regs[libc::REG_EFL as usize] &= !0x100;
        }
        return;
    }
    STEPPED.fetch_add(1, Ordering::Relaxed);
    let h = INTERFERE.load(Ordering::Relaxed);
    if h > 1 {
        // SAFETY: a live header.
        unsafe {
            let flags = mem::ld8(h + 8);
            if flags & layout::HASH_WRITING != 0 {
                mem::st8(h + 8, flags & !layout::HASH_WRITING);
                INTERFERE.store(1, Ordering::Relaxed);
            }
        }
    }
    let (mut seen_pc, mut found) = (false, false);
    // SAFETY: the tests of this file that unwind here take turns.
    unsafe {
        backtrace::trace_unsynchronized(|f| {
            seen_pc |= f.ip() as usize == pc;
            let call = checkasm_call as *const () as usize;
            found |= seen_pc && (call..call + 400).contains(&(f.ip() as usize));
            !found
        });
    }
    if !found {
        LOST.fetch_add(1, Ordering::Relaxed);
    }
}

/// At every instruction of a routine the unwinder finds the caller: what makes tracebacks of faults true. And a flag that
/// somebody else clears meanwhile is found missing at the end.
#[test]
fn every_instruction_unwinds() {
    // SAFETY: a handler for the trace trap; the flag is set around single calls.
    unsafe {
        let mut a: libc::sigaction = std::mem::zeroed();
        a.sa_sigaction = on_trap as *const () as usize;
        a.sa_flags = libc::SA_SIGINFO;
        libc::sigaction(libc::SIGTRAP, &a, std::ptr::null_mut());
    }
    let stepped_call = |isa: Isa, c: &Copy, key: u64| {
        let mut bad = 0;
        // SAFETY: a live map; sets and clears the trap flag.
        unsafe {
            core::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq");
            checkasm_call(isa.mapassign_fast64(), &c.t, c.h, key, &mut bad);
            core::arch::asm!("pushfq", "and qword ptr [rsp], 0xfffffffffffffeff", "popfq");
        }
    };
    for isa in Isa::available().into_iter().skip(1) {
        let c = Copy::new(7, GoVersion::V1_22, 8, 0);
        for key in (0..30).chain(0..30) {
            stepped_call(isa, &c, key);
        }
        for key in [3, 1000] {
            INTERFERE.store(c.h, Ordering::Relaxed);
            // SAFETY: nothing that needs dropping is pending in the closure.
            let died = unsafe { gohmap::fault::guarded(|| stepped_call(isa, &c, key)) };
            INTERFERE.store(0, Ordering::Relaxed);
            assert!(
                matches!(&died, Err(gohmap::fault::Death::Fatal(f)) if f.text() == "concurrent map writes" && !f.is_throw()),
                "{died:?}"
            );
        }
    }
    let (stepped, lost) = (STEPPED.load(Ordering::Relaxed), LOST.load(Ordering::Relaxed));
    println!("{stepped} instructions, {lost} without their caller");
    assert!(stepped > 1000 && lost == 0, "{lost} of {stepped} instructions do not unwind to the caller");
}
