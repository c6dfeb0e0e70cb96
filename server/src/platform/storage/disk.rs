//! The disk that a folder is on.

use std::path::Path;

/// A disk's room, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) bytes: u64,
    /// For us: what is kept for the superuser is not counted.
    pub(crate) free: u64,
}

impl Disk {
    /// The disk of a folder; `None` when the system does not say.
    pub(crate) fn of(folder: &Path) -> Option<Self> {
        let found = nix::sys::statvfs::statvfs(folder).ok()?;
        let unit = found.fragment_size();
        Some(Self {
            bytes: found.blocks().saturating_mul(unit),
            free: found.blocks_available().saturating_mul(unit),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_has_room_and_no_more_free_than_that() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path()).unwrap();
        assert!(disk.bytes > 0 && disk.free <= disk.bytes, "{disk:?}");
        assert_eq!(Disk::of(&folder.path().join("absent")), None);
    }
}
