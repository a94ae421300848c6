//! The maps of this very process, of one [`Runtime`]: read by the kernel, so that bad addresses are errors and no faults.

use super::memory::{Memory, Unreadable};
use super::process::read_of;
use crate::runtime::Runtime;
use crate::types::GoType;
use nix::unistd::Pid;
use std::sync::Arc;

/// This process's memory.
#[derive(Clone, Debug)]
pub struct Own {
    rt: Arc<Runtime>,
    pid: Pid,
}

impl Own {
    /// The memory of this process, with the types of `rt`.
    #[must_use]
    pub fn new(rt: &Arc<Runtime>) -> Self {
        Self { rt: Arc::clone(rt), pid: Pid::this() }
    }
}

impl Memory for Own {
    fn read(&self, addr: u64, buf: &mut [u8]) -> Result<(), Unreadable> {
        read_of(self.pid, addr, buf)
    }

    fn type_at(&self, word: u64) -> Option<GoType> {
        self.rt.types.known(word as usize)
    }
}
