//! One instruction after the other, by the trap flag.

use super::{Copy, Isa, Kind, Op, checkasm_call};
use gohmap::heap::OnFree;
use gohmap::layout::{self, mem};
use gohmap::version::GoVersion;
use std::sync::atomic::{AtomicUsize, Ordering};

static STEPPED: AtomicUsize = AtomicUsize::new(0);
static LOST: AtomicUsize = AtomicUsize::new(0);
/// Header whose `hashWriting` the trap handler clears as soon as it sees it set; 0 for none.
static INTERFERE: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" {
    static __start_gohmap_text: u8;
    static __stop_gohmap_text: u8;
    static __start_checkasm_here: u8;
    static __stop_checkasm_here: u8;
}

/// Runs after every instruction while the trap flag is set: inside a routine, the unwinder must find the caller.
extern "C" fn on_trap(_: libc::c_int, _: *mut libc::siginfo_t, ctx: *mut libc::c_void) {
    // SAFETY: the kernel's context of this thread, ours to change.
    let regs = unsafe { &mut (*ctx.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let pc = regs[libc::REG_RIP as usize] as usize;
    let text = (&raw const __start_gohmap_text) as usize..(&raw const __stop_gohmap_text) as usize;
    let here = (&raw const __start_checkasm_here) as usize..(&raw const __stop_checkasm_here) as usize;
    if !text.contains(&pc) && !here.contains(&pc) {
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

/// Calls `f` with the trap flag set.
pub(super) fn step_by_step(f: impl FnOnce()) {
    // SAFETY: sets and clears the flag, and nothing else.
    unsafe { core::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq") };
    f();
    // SAFETY: as above.
    unsafe { core::arch::asm!("pushfq", "and qword ptr [rsp], 0xfffffffffffffeff", "popfq") };
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
    let stepped_call = |op: Op, isa: Isa, c: &Copy, key: u64| {
        step_by_step(|| {
            // SAFETY: a live map.
            unsafe { op.call(isa, c, key, 1) };
        });
    };
    for isa in Isa::available().into_iter().skip(1) {
        super::bytes::stepped(isa);
        for op in Op::ALL {
            let before = STEPPED.load(Ordering::Relaxed);
            let wide = |elem| Copy::new(7, GoVersion::V1_22, elem, 0);
            let other = |kind| Copy::of_kind(kind, 7, GoVersion::V1_22, 8, 0, false, OnFree::Keep);
            let mut all = vec![wide(8)];
            if op.called() != Op::Set {
                all.extend([wide(16), other(Kind::Pointers), other(Kind::Narrow)]);
            }
            for c in all {
                for key in 0..30 {
                    let others = if key % 2 == 0 { Op::Assign } else { op };
                    stepped_call(others, isa, &c, key);
                    stepped_call(op, isa, &c, key / 2);
                }
            }
            super::many::stepped(isa, op);
            assert!(STEPPED.load(Ordering::Relaxed) > before + 100, "{isa} {op:?} took no steps");
            if matches!(op.called(), Op::Access1 | Op::Access2) {
                continue;
            }
            let c = Copy::new(7, GoVersion::V1_22, 8, 0);
            for key in 0..40 {
                // SAFETY: a live map.
                unsafe { Op::Assign.call(isa, &c, key, 0) };
            }
            for key in [3, 1000] {
                INTERFERE.store(c.h, Ordering::Relaxed);
                // SAFETY: nothing that needs dropping is pending in the closure.
                let died = unsafe { gohmap::fault::guarded(|| stepped_call(op, isa, &c, key)) };
                INTERFERE.store(0, Ordering::Relaxed);
                assert!(
                    matches!(&died, Err(gohmap::fault::Death::Fatal(f)) if f.text() == "concurrent map writes" && !f.is_throw()),
                    "{isa} {op:?}: {died:?}"
                );
            }
        }
    }
    let (stepped, lost) = (STEPPED.load(Ordering::Relaxed), LOST.load(Ordering::Relaxed));
    println!("{stepped} instructions, {lost} without their caller");
    assert!(stepped > 1000 && lost == 0, "{lost} of {stepped} instructions do not unwind to the caller");
}
