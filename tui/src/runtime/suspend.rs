//! Ctrl-Z: the shell gets its terminal back, and the console stops until it is called.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Stops this process; comes back when the shell continues it.
pub(super) fn stop() -> std::io::Result<()> {
    kill(Pid::from_raw(0), Signal::SIGTSTP).map_err(std::io::Error::from)
}
