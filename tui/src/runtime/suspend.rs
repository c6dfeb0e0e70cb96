//! Ctrl-Z: the shell gets its terminal back, and the console stops until it is called.

use nix::sys::signal::{Signal, raise};

/// Stops this process; comes back when the shell continues it. The signal goes to this very thread:
/// sent to the process, another thread might take it a little later, and the terminal would be taken
/// again before the shell has it.
pub(super) fn stop() -> std::io::Result<()> {
    raise(Signal::SIGTSTP).map_err(std::io::Error::from)
}
