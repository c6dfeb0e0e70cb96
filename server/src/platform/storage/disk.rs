//! The disk that a folder is on.

use std::{path::Path, time::Duration};

use tokio::sync::Semaphore;

/// A disk on a network that has gone never answers, and what waits for it cannot be called back: that
/// many threads may hang, and nobody waits longer than that.
static ASKING: Semaphore = Semaphore::const_new(4);
const LIMIT: Duration = Duration::from_secs(1);

/// A disk's room, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Disk {
    pub(crate) bytes: u64,
    /// For us: what is kept for the superuser is not counted.
    pub(crate) free: u64,
}

impl Disk {
    /// The disk of a folder; `None` when the system does not say, or not within a second.
    pub(crate) async fn of(folder: &Path) -> Option<Self> {
        let folder = folder.to_owned();
        asked(&ASKING, LIMIT, move || Self::read(&folder)).await
    }

    fn read(folder: &Path) -> Option<Self> {
        let found = nix::sys::statvfs::statvfs(folder).ok()?;
        let unit = found.fragment_size();
        Some(Self {
            bytes: found.blocks().saturating_mul(unit),
            free: found.blocks_available().saturating_mul(unit),
        })
    }
}

/// What the system says, on a thread that may wait; a place is free again when it has said it.
async fn asked<T: Send + 'static>(
    places: &'static Semaphore,
    limit: Duration,
    ask: impl FnOnce() -> Option<T> + Send + 'static,
) -> Option<T> {
    let answer = async {
        let place = places.acquire().await.ok()?;
        let work = move || {
            let answer = ask();
            drop(place);
            answer
        };
        tokio::task::spawn_blocking(work).await.ok()?
    };
    tokio::time::timeout(limit, answer).await.ok()?
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_mins(1);

    #[tokio::test]
    async fn a_disk_has_room_and_no_more_free_than_that() {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::of(folder.path()).await.unwrap();
        assert!(disk.bytes > 0 && disk.free <= disk.bytes, "{disk:?}");
        assert_eq!(Disk::of(&folder.path().join("absent")).await, None);
    }

    /// A disk that hangs costs its askers their limit and the house no more than its places.
    #[tokio::test]
    async fn a_disk_that_hangs_is_unknown_and_holds_one_place() {
        static PLACES: Semaphore = Semaphore::const_new(1);
        let (wake, hung) = mpsc::channel::<()>();
        let never = move || hung.recv().ok();
        assert_eq!(asked(&PLACES, SOON, never).await, None);
        assert_eq!(PLACES.available_permits(), 0);
        assert_eq!(asked(&PLACES, SOON, || Some(1)).await, None, "no place");
        wake.send(()).unwrap();
        assert_eq!(asked(&PLACES, LONG, || Some(2)).await, Some(2));
    }
}
