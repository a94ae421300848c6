//! Faults that are not ours: handed to whoever was installed before, in the way that it expects.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was installed for one signal before us.
pub(super) struct Previous {
    known: AtomicBool,
    action: UnsafeCell<MaybeUninit<libc::sigaction>>,
}

// SAFETY: `action` is written once, before `known` is set and before the handler that reads it is installed.
unsafe impl Sync for Previous {}

impl Previous {
    pub(super) const fn new() -> Self {
        Self { known: AtomicBool::new(false), action: UnsafeCell::new(MaybeUninit::uninit()) }
    }

    /// Installs `handler` for `sig` and remembers what was there.
    ///
    /// # Safety
    /// Called once for each signal, not concurrently; `handler` must be async-signal-safe.
    pub(super) unsafe fn install(
        &self,
        sig: libc::c_int,
        handler: extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void),
    ) {
        // SAFETY: reads the present action into our cell, which nobody else reads yet.
        unsafe { libc::sigaction(sig, ptr::null(), (*self.action.get()).as_mut_ptr()) };
        self.known.store(true, Ordering::Release);
        // SAFETY: an all-zero sigaction is a valid one.
        let mut new: libc::sigaction = unsafe { std::mem::zeroed() };
        new.sa_sigaction = handler as *const () as usize;
        // ONSTACK: the fault may be a stack overflow, for our predecessor. NODEFER: we leave by changing the context,
        // and a fault after that is a new one.
        new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER;
        // SAFETY: a complete action, and a handler the caller vouches for.
        unsafe { libc::sigaction(sig, &new, ptr::null_mut()) };
    }

    /// Passes a signal on. Async-signal-safe as far as the predecessor is.
    ///
    /// # Safety
    /// Called from the handler, with its arguments.
    pub(super) unsafe fn pass_on(&self, sig: libc::c_int, info: *mut libc::siginfo_t, ctx: *mut libc::c_void) {
        if !self.known.load(Ordering::Acquire) {
            return;
        }
        // SAFETY: written before `known` was set.
        let old = unsafe { (*self.action.get()).assume_init_ref() };
        // SAFETY: the kernel filled it.
        let sent = unsafe { (*info).si_code } <= 0;
        match old.sa_sigaction {
            libc::SIG_IGN if sent => {}
            // The instruction runs again and faults with nobody watching, so that the exit signal and a core are those
            // of the fault. An ignored fault does the same: left in place it would loop for ever.
            libc::SIG_DFL | libc::SIG_IGN => {
                // SAFETY: an all-zero sigaction is the default action.
                let default: libc::sigaction = unsafe { std::mem::zeroed() };
                // SAFETY: puts the default action back.
                unsafe { libc::sigaction(sig, &default, ptr::null_mut()) };
                if sent {
                    // SAFETY: a signal that was sent does not come again by itself.
                    unsafe { libc::raise(sig) };
                }
            }
            f if old.sa_flags & libc::SA_SIGINFO != 0 => {
                type Full = extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void);
                // SAFETY: a handler installed with SA_SIGINFO takes three arguments.
                let f = unsafe { std::mem::transmute::<usize, Full>(f) };
                f(sig, info, ctx);
                if sent {
                    die_if_default(sig);
                }
            }
            f => {
                // SAFETY: a handler installed without SA_SIGINFO takes one argument.
                let f = unsafe { std::mem::transmute::<usize, extern "C" fn(libc::c_int)>(f) };
                f(sig);
            }
        }
    }
}

/// Rust's own handler answers a fault that is no stack overflow by putting the default action back, so that the
/// instruction faults again and kills. A signal that was sent does not come again by itself.
fn die_if_default(sig: libc::c_int) {
    // SAFETY: an all-zero sigaction is valid; the call reads the present action; `raise` is async-signal-safe.
    unsafe {
        let mut now: libc::sigaction = std::mem::zeroed();
        libc::sigaction(sig, ptr::null(), &mut now);
        if now.sa_sigaction == libc::SIG_DFL {
            libc::raise(sig);
        }
    }
}
