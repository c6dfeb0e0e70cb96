//! Limits that the child puts upon itself before it opens the document.

use std::fs;
use std::io;
use std::os::fd::{AsFd, RawFd};
use std::thread;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::close;

use crate::limits::Limits;

/// The document, the three standard streams, and some that libraries may need.
const OPEN_FILES: u64 = 32;
const STANDARD_ERROR: RawFd = 2;
/// Seconds between the signal that can be told apart and the kill.
const CPU_GRACE_SECONDS: u64 = 5;

/// Bounds memory, processor time and files; no dump of a stranger's document is written.
pub(super) fn apply(limits: &Limits) -> Result<(), Errno> {
    lower(Resource::RLIMIT_CORE, 0, 0)?;
    lower(Resource::RLIMIT_FSIZE, 0, 0)?;
    lower(Resource::RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES)?;
    lower(
        Resource::RLIMIT_CPU,
        limits.cpu_seconds,
        limits.cpu_seconds.saturating_add(CPU_GRACE_SECONDS),
    )?;
    lower(
        Resource::RLIMIT_AS,
        limits.memory_bytes,
        limits.memory_bytes,
    )
}

/// Closes what the parent was itself given without the mark to close it on
/// exec, such as pipes of a build tool or a supervisor.
pub(super) fn close_inherited_files() -> io::Result<()> {
    let open: Vec<RawFd> = fs::read_dir("/proc/self/fd")?
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|&file| file > STANDARD_ERROR)
        .collect();
    for file in open {
        match close(file) {
            // The folder that was just read is closed already.
            Ok(()) | Err(Errno::EBADF) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A limit that is lower already stays: raising it is not ours to do.
fn lower(resource: Resource, soft: u64, hard: u64) -> Result<(), Errno> {
    let (_, allowed) = getrlimit(resource)?;
    setrlimit(resource, soft.min(allowed), hard.min(allowed))
}

/// Ends this process when nobody reads its output any more: a parent that was
/// killed kills no child.
pub(super) fn exit_with_parent() -> io::Result<()> {
    thread::Builder::new()
        .name("parent-watch".to_owned())
        .stack_size(64 << 10)
        .spawn(|| {
            let output = io::stdout();
            let mut watched = [PollFd::new(output.as_fd(), PollFlags::empty())];
            if poll(&mut watched, PollTimeout::NONE).is_ok() {
                std::process::exit(1);
            }
        })?;
    Ok(())
}
