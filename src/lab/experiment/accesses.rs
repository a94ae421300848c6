//! Which instruction accesses a byte of the heap next: the healthy run, recorded once.
//!
//! When a fault changes a byte that is overwritten before it is read, or never accessed again, the run goes on exactly as the
//! healthy one. So the accesses of the healthy run tell the kinds of "nothing happened" apart, and cost nothing per
//! injection. The heap is put out of bounds for one run: each access faults, a decoder says what it reads and writes, and the
//! handler does it.

use super::outcome::Mask;
use iced_x86::{Decoder, DecoderOptions, Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};
use std::cell::{Cell, UnsafeCell};
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::ptr::with_exposed_provenance_mut;

/// Every access of a run to the heap, byte by byte: a word each, so that forking a process with many rigs stays cheap. From
/// the highest bit down: byte of the heap, event, whether it writes, index of the instruction. Sorted.
#[derive(Debug, Default)]
pub(crate) struct Accesses {
    base: usize,
    words: Vec<u64>,
    instructions: Vec<usize>,
}

const EVENT_BITS: u32 = 28;
const PC_BITS: u32 = 15;

impl Accesses {
    fn word(&self, byte: usize, event: u64) -> u64 {
        ((byte - self.base) as u64) << (EVENT_BITS + PC_BITS + 1) | event.min((1 << EVENT_BITS) - 1) << (PC_BITS + 1)
    }

    /// The event after which one of some bytes is accessed first, from an event on.
    pub(crate) fn first(&self, at: usize, len: usize, from: u64) -> Option<u64> {
        let event = |byte: usize| {
            let &w = self.words.get(self.words.partition_point(|&w| w < self.word(byte, from)))?;
            (w < self.word(byte + 1, 0)).then_some(w >> (PC_BITS + 1) & ((1 << EVENT_BITS) - 1))
        };
        (at..at + len).filter_map(event).min()
    }

    /// What happens to bytes after one event and before another: whether one of them is read before it is written, and the
    /// instruction that accesses one first.
    pub(crate) fn next(&self, at: usize, len: usize, event: u64, until: u64) -> (Mask, Option<usize>) {
        let mut mask = (Mask::NeverRead, None);
        for byte in at..at + len {
            let Some(&w) = self.words.get(self.words.partition_point(|&w| w < self.word(byte, event))) else {
                continue;
            };
            if w >= self.word(byte, until) {
                continue;
            }
            let pc = self.instructions.get(w as usize & ((1 << PC_BITS) - 1)).copied();
            if w >> PC_BITS & 1 == 0 {
                return (Mask::Other, pc);
            }
            mask = (Mask::Overwritten, pc);
        }
        mask
    }
}

/// What the handlers work with. They interrupt the recorded code anywhere, so they allocate nothing.
struct Recorder {
    event: *const Cell<u64>,
    range: Range<usize>,
    info: InstructionInfoFactory,
    /// `/proc/self/mem`, which knows no protection.
    memory: File,
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

type Registers = [i64; 23];

/// The recorder and the interrupted registers.
///
/// # Safety
/// Called by the handlers alone, with their third argument.
unsafe fn interrupted<'a>(context: *mut libc::c_void) -> (Option<&'a mut Recorder>, &'a mut Registers) {
    // SAFETY: the kernel passes the interrupted thread's context; only the thread that is being recorded gets here.
    unsafe { ((*CURRENT.0.get()).as_mut(), &mut (*context.cast::<libc::ucontext_t>()).uc_mcontext.gregs) }
}

fn protect(range: &Range<usize>, prot: libc::c_int) {
    // SAFETY: the heap of the laboratory.
    unsafe { libc::mprotect(with_exposed_provenance_mut(range.start), range.len(), prot) };
}

/// An access to the heap, which is out of bounds: notes it and does it in the place of the instruction, or lets the
/// instruction alone do it.
extern "C" fn on_access(_: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: as `interrupted` says.
    let (recorder, regs) = unsafe { interrupted(context) };
    // SAFETY: the kernel passes it.
    let addr = unsafe { (*info).si_addr() } as usize;
    let Some(r) = recorder.filter(|r| r.range.contains(&addr)) else {
        // No access that anybody waits for: it comes again, and ends the process.
        // SAFETY: the default disposition runs no code of ours.
        unsafe { libc::signal(libc::SIGSEGV, libc::SIG_DFL) };
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
    if r.carry_out(&instruction, addr, regs).is_some() {
        regs[libc::REG_RIP as usize] = instruction.next_ip() as i64;
    } else {
        protect(&r.range, libc::PROT_READ | libc::PROT_WRITE);
        regs[libc::REG_EFL as usize] |= TRAP_FLAG;
    }
}

/// The instruction has been done: the heap is out of bounds again.
extern "C" fn on_trap(_: libc::c_int, _: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: as `interrupted` says.
    let (recorder, regs) = unsafe { interrupted(context) };
    regs[libc::REG_EFL as usize] &= !TRAP_FLAG;
    if let Some(r) = recorder {
        protect(&r.range, libc::PROT_NONE);
    }
}

impl Recorder {
    /// Does what a plain load or store does; nearly all accesses are. (A debug trap costs a virtual machine tens of
    /// microseconds.)
    fn carry_out(&self, i: &Instruction, at: usize, regs: &mut Registers) -> Option<()> {
        if !matches!(i.mnemonic(), Mnemonic::Mov | Mnemonic::Movzx) || i.has_lock_prefix() {
            return None;
        }
        let size = i.memory_size().size();
        let mut bytes = [0; 8];
        let bytes = bytes.get_mut(..size)?;
        match (i.op0_kind(), i.op1_kind()) {
            (OpKind::Register, OpKind::Memory) => {
                let to = i.op0_register();
                // Narrower registers keep the rest of theirs.
                if !to.is_gpr32() && !to.is_gpr64() {
                    return None;
                }
                self.memory.read_exact_at(bytes, at as u64).ok()?;
                let word = bytes.iter().rev().fold(0, |w, &b| w << 8 | u64::from(b));
                regs[index(to)?] = word as i64;
            }
            (OpKind::Memory, OpKind::Register) => {
                let from = i.op1_register();
                if matches!(from, Register::AH | Register::BH | Register::CH | Register::DH) || !from.is_gpr() {
                    return None;
                }
                bytes.copy_from_slice(&regs[index(from)?].to_le_bytes()[..size]);
                self.memory.write_all_at(bytes, at as u64).ok()?;
            }
            _ => return None,
        }
        Some(())
    }
}

/// A register as it was interrupted. The segments that matter begin at 0; those of threads are never the heap.
fn value(regs: &Registers, reg: Register) -> Option<u64> {
    match reg {
        Register::CS | Register::DS | Register::ES | Register::SS => Some(0),
        _ => Some(regs[index(reg)?] as u64),
    }
}

/// Where a register is in the context.
fn index(reg: Register) -> Option<usize> {
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
        _ => return None,
    };
    Some(i as usize)
}

/// Runs `f`, which does not fault, and says what memory of `range` it accesses, when: `event` counts the events.
///
/// # Errors
/// When this process's memory cannot be read as a file.
pub(crate) fn record(event: &Cell<u64>, range: Range<usize>, f: impl FnOnce()) -> io::Result<Accesses> {
    let memory = File::options().read(true).write(true).open("/proc/self/mem")?;
    let log = Vec::with_capacity(MOST);
    let recorder = Recorder { event, range: range.clone(), info: InstructionInfoFactory::new(), memory, log };
    let handlers: [(libc::c_int, *const ()); 2] =
        [(libc::SIGSEGV, on_access as *const ()), (libc::SIGTRAP, on_trap as *const ())];
    // SAFETY: nobody is being recorded; the handlers keep to what handlers may do, and the old dispositions come back.
    let log = unsafe {
        let old = handlers.map(|(signal, handler)| {
            let mut old: libc::sigaction = std::mem::zeroed();
            let mut new: libc::sigaction = std::mem::zeroed();
            new.sa_sigaction = handler as usize;
            new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
            libc::sigaction(signal, &new, &mut old);
            old
        });
        *CURRENT.0.get() = Some(recorder);
        protect(&range, libc::PROT_NONE);
        f();
        protect(&range, libc::PROT_READ | libc::PROT_WRITE);
        let recorder = (*CURRENT.0.get()).take();
        for ((signal, _), old) in handlers.iter().zip(&old) {
            libc::sigaction(*signal, old, std::ptr::null_mut());
        }
        recorder.map_or_else(Vec::new, |r| r.log)
    };
    let mut all = Accesses { base: range.start, ..Accesses::default() };
    let mut indices = HashMap::new();
    // A stable sort keeps the order within an event.
    let mut words: Vec<(u64, u64)> = Vec::new();
    for (event, at, size, write, pc) in log {
        let index = *indices.entry(pc).or_insert_with(|| {
            all.instructions.push(pc);
            all.instructions.len() - 1
        });
        let rest = u64::from(write) << PC_BITS | index.min((1 << PC_BITS) - 1) as u64;
        words.extend((at..at + usize::from(size)).map(|byte| (all.word(byte, event), rest)));
    }
    words.sort_by_key(|w| w.0);
    // The first access after an event is all that is ever asked for.
    words.dedup_by_key(|w| w.0);
    all.words = words.into_iter().map(|(key, rest)| key | rest).collect();
    Ok(all)
}
