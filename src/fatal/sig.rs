//! The signal behind a panic, as `runtime.g` remembers it.

use std::fmt;

/// `g.sig`, `g.sigcode0`, `g.sigcode1`, `g.sigpc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigInfo {
    /// Signal number.
    pub sig: i32,
    /// `si_code`.
    pub code: i32,
    /// `si_addr`; 0 when the processor did not report one (non-canonical addresses).
    pub addr: usize,
    /// The faulting instruction.
    pub pc: usize,
}

impl SigInfo {
    /// Go's name for a signal: `SIGSEGV: segmentation violation` (`sigtable`, `runtime/sigtab_linux_generic.go`).
    #[must_use]
    pub fn name(sig: i32) -> &'static str {
        match sig {
            libc::SIGSEGV => "SIGSEGV: segmentation violation",
            libc::SIGBUS => "SIGBUS: bus error",
            libc::SIGFPE => "SIGFPE: floating-point exception",
            libc::SIGABRT => "SIGABRT: abort",
            libc::SIGILL => "SIGILL: illegal instruction",
            _ => "unknown signal",
        }
    }
}

impl fmt::Display for SigInfo {
    /// The line that follows a panic's or a fatal error's text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "[signal {} code={:#x} addr={:#x} pc={:#x}]",
            Self::name(self.sig),
            self.code as u32 as u64,
            self.addr,
            self.pc
        )
    }
}
