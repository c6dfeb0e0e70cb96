//! A guard that leaves no process behind.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// The process group of a running child; dropping it kills the whole group,
/// which the handle of the child alone would not do.
pub(super) struct ProcessGroup(Option<Pid>);

impl ProcessGroup {
    /// `leader` is the id of a child that was started as leader of its group.
    pub(super) fn led_by(leader: u32) -> Self {
        Self(i32::try_from(leader).ok().map(Pid::from_raw))
    }

    /// After the leader was waited for, its id may belong to another process.
    pub(super) fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It fails when nobody is left to kill, and then nothing is to be done.
            let _ignored = killpg(leader, Signal::SIGKILL);
        }
    }
}
