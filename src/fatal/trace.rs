//! Call stacks as bare addresses: cheap to take, named only when they are printed.

/// One frame.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RawFrame {
    /// Program counter: the return address, or the faulting instruction.
    pub(crate) ip: usize,
    /// Stack pointer in the frame.
    pub(crate) sp: usize,
    /// Address of the function, as the unwinder knows it.
    pub(crate) start: usize,
}

/// A call stack, innermost frame first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trace(Vec<RawFrame>);

impl Trace {
    pub(crate) fn new(frames: Vec<RawFrame>) -> Self {
        Self(frames)
    }

    /// This thread's stack; the frames of this crate's own machinery are hidden when it is printed.
    #[inline(never)]
    pub(crate) fn capture() -> Self {
        let mut v = Vec::with_capacity(32);
        walk(&mut |f| {
            v.push(f);
            true
        });
        Self(v)
    }

    pub(crate) fn frames(&self) -> &[RawFrame] {
        &self.0
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

/// Tells `f` the frames of this thread until it says stop. Takes no lock and allocates nothing (with glibc 2.35 and
/// later, whose `_dl_find_object` is lock-free), so a signal handler may call it.
#[inline(never)]
pub(crate) fn walk(f: &mut dyn FnMut(RawFrame) -> bool) {
    // SAFETY: "unsynchronized" concerns symbolisation on Windows alone; unwinding here is libgcc's.
    unsafe {
        backtrace::trace_unsynchronized(|fr| {
            f(RawFrame { ip: fr.ip() as usize, sp: fr.sp() as usize, start: fr.symbol_address() as usize })
        });
    }
}
