//! Which instruction accesses a byte of the heap next: the healthy run, single-stepped once.
//!
//! When a fault changes a byte that is overwritten before it is read, or never accessed again, the run goes on exactly as the
//! healthy one. So the accesses of the healthy run tell the kinds of "nothing happened" apart, and cost nothing per
//! injection. The processor's trap flag stops the run before every instruction; a decoder says what memory that is going to
//! read and write.

use super::outcome::Mask;
use iced_x86::{Decoder, DecoderOptions, InstructionInfoFactory, OpAccess, Register};
use std::cell::{Cell, UnsafeCell};
use std::collections::HashMap;
use std::ops::Range;

/// An access to one byte.
#[derive(Clone, Copy, Debug)]
struct Access {
    /// The event after which it happened.
    event: u64,
    write: bool,
    pc: usize,
}

/// Every access of a run to the heap, by byte, in order.
#[derive(Debug, Default)]
pub(crate) struct Accesses(HashMap<usize, Vec<Access>>);

impl Accesses {
    /// What happens to bytes after an event: whether one of them is read before it is written, and the instruction that
    /// accesses one first.
    pub(crate) fn next(&self, at: usize, len: usize, event: u64) -> (Mask, Option<usize>) {
        let mut mask = (Mask::NeverRead, None);
        for byte in at..at + len {
            let Some(all) = self.0.get(&byte) else { continue };
            match all.get(all.partition_point(|a| a.event < event)) {
                Some(a) if !a.write => return (Mask::Other, Some(a.pc)),
                Some(a) => mask = (Mask::Overwritten, Some(a.pc)),
                None => {}
            }
        }
        mask
    }
}

/// What the trap handler works with. It interrupts the recorded code anywhere, so it allocates nothing.
struct Recorder {
    event: *const Cell<u64>,
    range: Range<usize>,
    info: InstructionInfoFactory,
    /// Event, address, bytes, whether it writes, instruction.
    log: Vec<(u64, usize, u8, bool, usize)>,
}

/// The recorder of the run that is under way.
struct Current(UnsafeCell<Option<Recorder>>);
// SAFETY: there is one laboratory at a time, and it records on its own thread.
unsafe impl Sync for Current {}
static CURRENT: Current = Current(UnsafeCell::new(None));

/// Accesses that are kept: far more than a scenario has.
const MOST: usize = 1 << 20;

const TRAP_FLAG: i64 = 0x100;
/// The longest instruction.
const LONGEST: usize = 15;

extern "C" fn on_trap(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes the interrupted thread's context.
    let regs = unsafe { &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs };
    // SAFETY: only the thread that is being recorded gets here, between `start` and `stop`.
    let Some(r) = (unsafe { &mut *CURRENT.0.get() }) else {
        regs[libc::REG_EFL as usize] &= !TRAP_FLAG;
        return;
    };
    let pc = regs[libc::REG_RIP as usize] as usize;
    // SAFETY: instructions of this process; text is followed by more of it.
    let code = unsafe { std::slice::from_raw_parts(pc as *const u8, LONGEST) };
    let instruction = Decoder::with_ip(64, code, pc as u64, DecoderOptions::NONE).decode();
    // SAFETY: a cell of a frame that is still there.
    let event = unsafe { (*r.event).get() };
    for used in r.info.info(&instruction).used_memory() {
        let write = match used.access() {
            OpAccess::Write | OpAccess::CondWrite => true,
            OpAccess::Read | OpAccess::ReadWrite | OpAccess::CondRead | OpAccess::ReadCondWrite => false,
            _ => continue,
        };
        let Some(at) = used.virtual_address(0, |reg, _, _| value(regs, reg)) else { continue };
        if r.range.contains(&(at as usize)) && r.log.len() < MOST {
            r.log.push((event, at as usize, used.memory_size().size() as u8, write, pc));
        }
    }
}

/// A register as it was interrupted. The segments that matter begin at 0; those of threads are never the heap.
fn value(regs: &[i64; 23], reg: Register) -> Option<u64> {
    use libc::{
        REG_R8, REG_R9, REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RAX, REG_RBP, REG_RBX, REG_RCX,
        REG_RDI, REG_RDX, REG_RIP, REG_RSI, REG_RSP,
    };
    let i = match reg.full_register() {
        Register::RAX => REG_RAX,
        Register::RBX => REG_RBX,
        Register::RCX => REG_RCX,
        Register::RDX => REG_RDX,
        Register::RSI => REG_RSI,
        Register::RDI => REG_RDI,
        Register::RBP => REG_RBP,
        Register::RSP => REG_RSP,
        Register::R8 => REG_R8,
        Register::R9 => REG_R9,
        Register::R10 => REG_R10,
        Register::R11 => REG_R11,
        Register::R12 => REG_R12,
        Register::R13 => REG_R13,
        Register::R14 => REG_R14,
        Register::R15 => REG_R15,
        Register::RIP => REG_RIP,
        Register::CS | Register::DS | Register::ES | Register::SS => return Some(0),
        _ => return None,
    };
    Some(regs[i as usize] as u64)
}

/// Runs `f` and says what memory of `range` it accesses, when: `event` counts the events.
pub(crate) fn record(event: &Cell<u64>, range: Range<usize>, f: impl FnOnce()) -> Accesses {
    let recorder = Recorder { event, range, info: InstructionInfoFactory::new(), log: Vec::with_capacity(MOST) };
    // SAFETY: nobody is being recorded; `on_trap` keeps to what a handler may do, and the old disposition comes back.
    let log = unsafe {
        let mut old: libc::sigaction = std::mem::zeroed();
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = on_trap as *const () as usize;
        new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigaction(libc::SIGTRAP, &new, &mut old);
        *CURRENT.0.get() = Some(recorder);
        std::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq");
        f();
        std::arch::asm!("pushfq", "and qword ptr [rsp], -257", "popfq");
        let recorder = (*CURRENT.0.get()).take();
        libc::sigaction(libc::SIGTRAP, &old, std::ptr::null_mut());
        recorder.map_or_else(Vec::new, |r| r.log)
    };
    let mut all = Accesses::default();
    for (event, at, size, write, pc) in log {
        for byte in at..at + usize::from(size) {
            all.0.entry(byte).or_default().push(Access { event, write, pc });
        }
    }
    all
}
