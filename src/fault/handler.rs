//! The signal handler: whose fault is it, and where does the thread go on.
//!
//! Allocates, locks and formats nothing. What it reads was set up before: atomics, the thread's G (a pointer in
//! thread-local storage without lazy initialisation), the signal context.

use super::chain::Previous;
use crate::fatal::goroutine::{G, current_in_handler};
use crate::fatal::throw::world_is_frozen;
use crate::fatal::trace;
use libc::{REG_ERR, REG_RIP, REG_RSP};
use std::sync::Once;
use std::sync::atomic::{AtomicUsize, Ordering};

static SEGV: Previous = Previous::new();
static BUS: Previous = Previous::new();
static FPE: Previous = Previous::new();
static ABRT: Previous = Previous::new();
static URG: Previous = Previous::new();

/// Text of the executable or library that this code is in.
static IMAGE: [AtomicUsize; 2] = [AtomicUsize::new(0), AtomicUsize::new(0)];

unsafe extern "C" {
    /// Bounds of the assembly routines, made by the linker.
    static __start_gohmap_text: u8;
    static __stop_gohmap_text: u8;
    /// Bounds of the table that `FIXUP` of `asm/base.inc` makes.
    static __start_gohmap_fixups: [i32; 3];
    static __stop_gohmap_fixups: [i32; 3];
    fn gohmap_sigpanic_entry();
}

/// Where a fast path goes on that faults at `pc`: puts back what it has modified, and lets the portable function fault.
fn fixup(pc: usize) -> Option<usize> {
    let (start, stop) = (&raw const __start_gohmap_fixups, &raw const __stop_gohmap_fixups);
    let n = (stop as usize - start as usize) / size_of::<[i32; 3]>();
    (0..n).find_map(|i| {
        // SAFETY: within the linker's bounds of the table; each word is the distance from itself to its label.
        let [from, to, at] = std::array::from_fn(|word| unsafe {
            let at = (*start.add(i)).as_ptr().add(word);
            (at as usize).wrapping_add_signed(*at as isize)
        });
        (from..to).contains(&pc).then_some(at)
    })
}

/// What the handler lays on the faulting stack. The assembly knows the first two words.
#[repr(C, align(16))]
pub(super) struct Record {
    pub(super) pc: u64,
    pub(super) sp: u64,
    pub(super) sig: i32,
    pub(super) code: i32,
    pub(super) addr: u64,
    pub(super) gregs: [i64; 23],
    pad: u64,
}

const _: () = assert!(size_of::<Record>().is_multiple_of(16));

/// Bytes below the stack pointer that a function may use without moving it (System V ABI, "red zone").
const RED_ZONE: u64 = 128;

pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        find_image();
        // SAFETY: once; `on_fault` keeps to what a handler may do.
        unsafe {
            SEGV.install(libc::SIGSEGV, on_fault);
            BUS.install(libc::SIGBUS, on_fault);
        }
    });
}

pub(super) fn install_program() {
    static ONCE: Once = Once::new();
    install();
    ONCE.call_once(|| {
        // SAFETY: once; both handlers keep to what a handler may do.
        unsafe {
            FPE.install(libc::SIGFPE, on_fault);
            ABRT.install(libc::SIGABRT, on_fault);
            URG.install(libc::SIGURG, on_wanted);
        }
    });
}

/// Finds the executable segment around this function.
fn find_image() {
    unsafe extern "C" fn visit(info: *mut libc::dl_phdr_info, _: usize, _: *mut libc::c_void) -> libc::c_int {
        let here = find_image as *const () as usize;
        // SAFETY: dl_iterate_phdr(3) passes a valid description with that many headers.
        let (base, headers) = unsafe {
            ((*info).dlpi_addr as usize, std::slice::from_raw_parts((*info).dlpi_phdr, (*info).dlpi_phnum.into()))
        };
        for h in headers {
            let start = base + h.p_vaddr as usize;
            let end = start + h.p_memsz as usize;
            if h.p_type == libc::PT_LOAD && h.p_flags & libc::PF_X != 0 && (start..end).contains(&here) {
                IMAGE[0].store(start, Ordering::Relaxed);
                IMAGE[1].store(end, Ordering::Relaxed);
                return 1;
            }
        }
        0
    }
    // SAFETY: the callback keeps the documented contract.
    unsafe { libc::dl_iterate_phdr(Some(visit), std::ptr::null_mut()) };
}

fn previous(sig: libc::c_int) -> &'static Previous {
    match sig {
        libc::SIGSEGV => &SEGV,
        libc::SIGBUS => &BUS,
        libc::SIGFPE => &FPE,
        libc::SIGABRT => &ABRT,
        _ => &URG,
    }
}

/// Whether a signal is a fault of the map or of the emulated program.
fn is_ours(sig: libc::c_int, code: i32, addr: usize, pc: usize, sp: usize, g: Option<&G>) -> bool {
    if let Some(g) = g
        && g.in_c.get() != 0
    {
        return g.is_goroutine && (code > 0 || sig == libc::SIGABRT);
    }
    if code <= 0 || sig == libc::SIGABRT {
        return false; // sent by kill(2) and the like
    }
    // An address beside the stack pointer is a stack overflow: Rust's own handler knows how to say that.
    if sig != libc::SIGFPE && addr.abs_diff(sp) < 2 * 4096 {
        return false;
    }
    let routines = (&raw const __start_gohmap_text) as usize..(&raw const __stop_gohmap_text) as usize;
    let image = IMAGE[0].load(Ordering::Relaxed)..IMAGE[1].load(Ordering::Relaxed);
    routines.contains(&pc)
        || fixup(pc).is_some() // the text of a call site
        || (g.is_some_and(|g| g.is_goroutine || !g.region.get().is_null()) && image.contains(&pc))
}

extern "C" fn on_fault(sig: libc::c_int, info: *mut libc::siginfo_t, ctx: *mut libc::c_void) {
    // SAFETY: the kernel passes both with SA_SIGINFO; si_addr is valid for these signals (and 0 for a sent one is
    // never used).
    let (code, addr) = unsafe { ((*info).si_code, (*info).si_addr() as usize) };
    // SAFETY: the third argument is this thread's saved context, ours to change until we return.
    let regs = unsafe { &mut (*ctx.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    let pc = regs[REG_RIP as usize] as u64;
    let sp = regs[REG_RSP as usize] as u64;
    let g = current_in_handler();
    if !is_ours(sig, code, addr, pc as usize, sp as usize, g) {
        // SAFETY: our own arguments.
        return unsafe { previous(sig).pass_on(sig, info, ctx) };
    }
    if let Some(at) = fixup(pc as usize) {
        regs[REG_RIP as usize] = at as i64;
        return;
    }
    // A non-canonical address arrives as a general protection fault: the kernel reports code 0x80 and address 0.
    let record = Record { pc, sp, sig, code, addr: addr as u64, gregs: *regs, pad: 0 };
    let at = (sp - RED_ZONE - size_of::<Record>() as u64) & !15;
    // SAFETY: below the red zone of the stack that the thread was using; a goroutine's stack has room there, and if
    // it does not, this faults beside the stack pointer and goes to the stack overflow handler.
    unsafe { std::ptr::write(at as *mut Record, record) };
    regs[REG_RSP as usize] = at as i64;
    regs[REG_RIP as usize] = gohmap_sigpanic_entry as *const () as i64;
    regs[REG_ERR as usize] = 0;
}

/// SIGURG: a dying goroutine wants this one's frames.
extern "C" fn on_wanted(sig: libc::c_int, info: *mut libc::siginfo_t, ctx: *mut libc::c_void) {
    let Some(g) = current_in_handler().filter(|g| g.wanted.swap(false, Ordering::AcqRel)) else {
        // SAFETY: our own arguments.
        return unsafe { URG.pass_on(sig, info, ctx) };
    };
    g.capture(|f| trace::walk(f));
    // SAFETY: as in `on_fault`.
    let pc = unsafe { (*ctx.cast::<libc::ucontext_t>()).uc_mcontext.gregs[REG_RIP as usize] } as usize;
    let image = IMAGE[0].load(Ordering::Relaxed)..IMAGE[1].load(Ordering::Relaxed);
    // The world stands still while a report is made. A thread in the C library may hold a lock that the report needs:
    // it goes on, and stops where it comes to die.
    while world_is_frozen() && image.contains(&pc) {
        // SAFETY: waits for a signal.
        unsafe { libc::pause() };
    }
}
