//! A signal stack of decent size for every thread that runs map operations.
//!
//! Rust gives its threads one of the least size; a handler that was installed before ours may want more. Ours is
//! 256 KiB with a guard page below it, put in place only where the present one is smaller.

use std::cell::Cell;
use std::ptr;

const SIZE: usize = 256 << 10;
const GUARD: usize = 4096;

/// The mapping of a thread's stack; unmapped when the thread ends.
struct AltStack(*mut libc::c_void);

impl Drop for AltStack {
    fn drop(&mut self) {
        let off = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
        // SAFETY: disables this thread's signal stack (ours, or Rust's if that was put back meanwhile) before the mapping
        // goes; the thread is ending and no handler runs on it.
        unsafe {
            libc::sigaltstack(&off, ptr::null_mut());
            libc::munmap(self.0, SIZE + GUARD);
        }
    }
}

thread_local! {
    static CHECKED: Cell<bool> = const { Cell::new(false) };
    static OWN: Cell<Option<AltStack>> = const { Cell::new(None) };
}

/// Whether this thread asks for the first time.
#[inline(always)]
pub(super) fn first() -> bool {
    !CHECKED.get() && !CHECKED.replace(true)
}

/// Gives this thread its signal stack.
#[cold]
pub(super) fn make() {
    let mut old = libc::stack_t { ss_sp: ptr::null_mut(), ss_flags: 0, ss_size: 0 };
    // SAFETY: asks for the present stack.
    unsafe { libc::sigaltstack(ptr::null(), &mut old) };
    if old.ss_flags & libc::SS_DISABLE == 0 && old.ss_size >= SIZE {
        return;
    }
    // SAFETY: a fresh anonymous mapping.
    let p = unsafe {
        libc::mmap(
            ptr::null_mut(),
            SIZE + GUARD,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if p == libc::MAP_FAILED {
        return; // The present stack has to do.
    }
    // SAFETY: the first page of that mapping.
    unsafe { libc::mprotect(p, GUARD, libc::PROT_NONE) };
    // SAFETY: GUARD bytes into a mapping of SIZE + GUARD.
    let new = libc::stack_t { ss_sp: unsafe { p.byte_add(GUARD) }, ss_flags: 0, ss_size: SIZE };
    // SAFETY: the mapping stays until the thread ends, and `AltStack` disables it first.
    if unsafe { libc::sigaltstack(&new, ptr::null_mut()) } != 0 {
        // SAFETY: not in use.
        unsafe { libc::munmap(p, SIZE + GUARD) };
        return;
    }
    OWN.set(Some(AltStack(p)));
}
