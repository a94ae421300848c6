//! Go's decision about a fault (`sigpanic`, `runtime/signal_unix.go`), made on the faulting stack.

use super::handler::Record;
use crate::fatal::goroutine::{G, with_current};
use crate::fatal::panic::panic_signal;
use crate::fatal::program::program;
use crate::fatal::{SigInfo, Value, throw, throw_with_detail};
use libc::{
    REG_CSGSFS, REG_EFL, REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RAX, REG_RBP,
    REG_RBX, REG_RCX, REG_RDI, REG_RDX, REG_RIP, REG_RSI, REG_RSP,
};

/// Below this address a fault is a nil dereference.
const NIL_PAGE: u64 = 4096;

const MEM: &str = "invalid memory address or nil pointer dereference";

/// `si_code` of a bus error at a nonexistent physical address.
const BUS_ADRERR: i32 = 2;

/// `runtime.sigpanic`: what the faulting instruction seems to have called.
///
/// # Safety
/// Entered from `gohmap_sigpanic_entry` alone, with the record that the handler laid down.
#[unsafe(export_name = "gohmap_sigpanic")]
#[inline(never)]
unsafe extern "C-unwind" fn sigpanic(record: *const Record) -> ! {
    // SAFETY: the handler wrote it at this address, below everything else on this stack.
    let r = unsafe { &*record };
    with_current(|g| {
        let sig = SigInfo { sig: r.sig, code: r.code, addr: r.addr as usize, pc: r.pc as usize };
        if g.in_c.get() != 0 && (program().rules.c_fault_dumps || r.sig == libc::SIGABRT) {
            crate::fatal::cgo::dump(g, sig, &registers(r));
        }
        g.in_sigpanic.set(true);
        g.sig.set(Some(sig));
        if g.mallocing.get() || g.in_c.get() != 0 {
            throw("unexpected signal during runtime execution")
        }
        decide(g, r, sig)
    })
}

#[inline(always)]
fn decide(g: &G, r: &Record, sig: SigInfo) -> ! {
    let nil = match r.sig {
        libc::SIGBUS => r.code == BUS_ADRERR && r.addr < NIL_PAGE,
        // 0 is not a kernel's code; 1 and 2 are SEGV_MAPERR and SEGV_ACCERR. 0x80 brings no address.
        libc::SIGSEGV => matches!(r.code, 0..=2) && r.addr < NIL_PAGE,
        libc::SIGFPE => match r.code {
            1 => panicdivide(sig),
            2 => panicoverflow(sig),
            _ => panicfloat(sig),
        },
        _ => panic_signal(Value::Error(SigInfo::name(r.sig).to_owned()), sig),
    };
    if nil {
        panicmem(sig)
    }
    if g.panic_on_fault.get() {
        panicmemAddr(sig)
    }
    throw_with_detail(&[&format_args!("unexpected fault address {:#x}", r.addr)], "fault")
}

#[inline(never)]
fn panicmem(sig: SigInfo) -> ! {
    panic_signal(Value::Error(MEM.to_owned()), sig)
}

#[expect(non_snake_case, reason = "Go's name, which its tracebacks show")]
#[inline(never)]
fn panicmemAddr(sig: SigInfo) -> ! {
    panic_signal(Value::ErrorAddress(MEM.to_owned(), sig.addr), sig)
}

#[inline(never)]
fn panicdivide(sig: SigInfo) -> ! {
    panic_signal(Value::Error("integer divide by zero".to_owned()), sig)
}

#[inline(never)]
fn panicoverflow(sig: SigInfo) -> ! {
    panic_signal(Value::Error("integer overflow".to_owned()), sig)
}

#[inline(never)]
fn panicfloat(sig: SigInfo) -> ! {
    panic_signal(Value::Error("floating point error".to_owned()), sig)
}

fn registers(r: &Record) -> crate::fatal::cgo::Registers {
    let reg = |i: libc::c_int| r.gregs[i as usize] as u64;
    let segments = reg(REG_CSGSFS);
    [
        ("rax", reg(REG_RAX)),
        ("rbx", reg(REG_RBX)),
        ("rcx", reg(REG_RCX)),
        ("rdx", reg(REG_RDX)),
        ("rdi", reg(REG_RDI)),
        ("rsi", reg(REG_RSI)),
        ("rbp", reg(REG_RBP)),
        ("rsp", reg(REG_RSP)),
        ("r8", reg(REG_R8)),
        ("r9", reg(REG_R9)),
        ("r10", reg(REG_R10)),
        ("r11", reg(REG_R11)),
        ("r12", reg(REG_R12)),
        ("r13", reg(REG_R13)),
        ("r14", reg(REG_R14)),
        ("r15", reg(REG_R15)),
        ("rip", reg(REG_RIP)),
        ("rflags", reg(REG_EFL)),
        ("cs", segments & 0xffff),
        ("fs", segments >> 32 & 0xffff),
        ("gs", segments >> 16 & 0xffff),
    ]
}
