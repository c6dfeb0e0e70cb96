//! Putting a backup back: everything is verified, then copied beside its place, then put in place by
//! renaming. Until the last step what was there is untouched, and afterwards it lies beside, under a
//! name that ends in `.replaced-`.
//!
//! No single step puts a database and its blobs in place. Around that step lies a file, and a house
//! with that file in it does not start: whoever died on the way has left it half restored.

use std::path::{Path, PathBuf};

use chrono::{DateTime, TimeDelta, Utc};

use super::{
    BLOBS, BackupError, House, Manifest, SECRET,
    manifest::Kind,
    postgres, queries, stage,
    verify::{blobs, check_kind, verify},
};
use crate::platform::db::{Db, DbSettings, Target, WriteKey};

/// What to do with a house that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Existing {
    Refuse,
    Replace,
}

/// A process that has not said for so long that it works does not.
const SILENT: TimeDelta = TimeDelta::minutes(2);

/// Puts the backup in `from` into a house. `unique` keeps the names of this restore apart.
pub(crate) async fn restore(
    house: &House,
    from: &Path,
    existing: Existing,
    now: DateTime<Utc>,
    unique: &str,
) -> Result<Manifest, BackupError> {
    let manifest = verify(from).await?;
    let kind = match house.database {
        Target::Sqlite(_) => Kind::Sqlite,
        Target::Postgres(_) => Kind::Postgresql,
    };
    check_kind(&manifest, kind)?;
    check_place(house, existing, now).await?;
    let cut_before = was_cut(house);
    let mut swap = Swap::new(unique);
    let placed = async {
        put(house, from, &manifest, &mut swap).await?;
        // The first that asks whether the database is one of ours.
        forget_processes(house)
            .await
            .inspect_err(|_| remove_logs(house))
    };
    if let Err(error) = placed.await {
        if swap.undo() && !cut_before {
            end(house)?;
        }
        return Err(error);
    }
    end(house)?;
    Ok(manifest)
}

/// Where it lies that a restore has begun to put things in place and has not ended.
fn mark(house: &House) -> PathBuf {
    stage::beside(&house.blobs, ".restoring")
}

/// Whether a restore was cut between its last steps, so that the database and the blobs may be of
/// different times.
pub(crate) fn was_cut(house: &House) -> bool {
    mark(house).exists()
}

fn begin(house: &House) -> Result<(), BackupError> {
    let mark = mark(house);
    std::fs::File::create(&mark)
        .and_then(|file| file.sync_all())
        .map_err(BackupError::io(&mark))?;
    sync_folder_of(&mark)
}

fn end(house: &House) -> Result<(), BackupError> {
    let mark = mark(house);
    match std::fs::remove_file(&mark) {
        Ok(()) => sync_folder_of(&mark),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::io(&mark)(error)),
    }
}

fn sync_folder_of(path: &Path) -> Result<(), BackupError> {
    match path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        Some(folder) => stage::sync_folder(folder),
        None => Ok(()),
    }
}

/// Removes what opening the restored database has left beside it, before another takes its name.
fn remove_logs(house: &House) {
    let Target::Sqlite(path) = &house.database else {
        return;
    };
    for log in ["-wal", "-shm"] {
        if let Err(error) = std::fs::remove_file(stage::beside(path, log)) {
            tracing::debug!(%error, "no log is left to remove");
        }
    }
}

/// Those that worked when the backup was taken do not work here.
async fn forget_processes(house: &House) -> Result<(), BackupError> {
    let db = open(house).await?;
    let forgotten = db
        .write(WriteKey::Free, (), |txn, ()| {
            Box::pin(queries::stop_all(txn))
        })
        .await;
    db.close().await;
    Ok(forgotten?)
}

async fn open(house: &House) -> Result<Db, BackupError> {
    let settings = DbSettings {
        target: house.database.clone(),
        readers: 1,
        writers: 1,
    };
    Ok(Db::connect(&settings).await?)
}

async fn put(
    house: &House,
    from: &Path,
    manifest: &Manifest,
    swap: &mut Swap,
) -> Result<(), BackupError> {
    let staged = swap.staged(&house.blobs);
    let (source, target) = (from.to_owned(), staged.clone());
    stage::blocking(move || copy_blobs(&source, &target)).await?;
    let secret = match (&house.secret, &manifest.secret) {
        (Some(place), Some(_)) => Some((swap.stage_file(&from.join(SECRET), place)?, place)),
        _ => None,
    };
    match &house.database {
        Target::Sqlite(path) => {
            let database = swap.stage_file(&from.join(&manifest.database.path), path)?;
            begin(house)?;
            for log in ["-wal", "-shm"] {
                swap.put_aside(&stage::beside(path, log))?;
            }
            swap.place(&staged, &house.blobs)?;
            fail::fail_point!("restore-blobs-placed");
            if let Some((staged, place)) = &secret {
                swap.place(staged, place)?;
            }
            swap.place(&database, path)
        }
        Target::Postgres(url) => {
            let script = swap.staged(&stage::beside(&house.blobs, ".sql"));
            postgres::unpack(&from.join(&manifest.database.path), &script).await?;
            begin(house)?;
            swap.place(&staged, &house.blobs)?;
            fail::fail_point!("restore-blobs-placed");
            if let Some((staged, place)) = &secret {
                swap.place(staged, place)?;
            }
            let outcome = postgres::put_back(url, &script).await;
            if let Err(error) = std::fs::remove_file(&script) {
                tracing::debug!(%error, "no script is left to remove");
            }
            outcome
        }
    }
}

fn copy_blobs(from: &Path, to: &Path) -> Result<(), BackupError> {
    stage::folder_of_owner(to)?;
    for blob in blobs(from)? {
        let blob = blob?;
        let source = stage::inside(&from.join(BLOBS), &blob.path)?;
        let (bytes, sha256) = stage::copy(&source, &stage::inside(to, &blob.path)?)?;
        // Changed since it was verified.
        if bytes != blob.bytes || sha256 != blob.sha256 {
            return Err(BackupError::Corrupt(source));
        }
    }
    stage::sync_folder(to)
}

/// Refuses to restore over what is there, unless told to, and over a house at work in any case.
async fn check_place(
    house: &House,
    existing: Existing,
    now: DateTime<Utc>,
) -> Result<(), BackupError> {
    let exists = match &house.database {
        Target::Sqlite(path) => path.exists(),
        Target::Postgres(_) => true,
    };
    if exists {
        let db = open(house).await?;
        let found = found_in(&db, now).await;
        db.close().await;
        let (any, at_work) = found?;
        if at_work {
            return Err(BackupError::InUse);
        }
        if any && existing == Existing::Refuse {
            return Err(BackupError::NotEmpty("the database".to_owned()));
        }
    }
    if existing == Existing::Refuse && !stage::is_empty(&house.blobs)? {
        return Err(BackupError::NotEmpty(house.blobs.display().to_string()));
    }
    Ok(())
}

async fn found_in(db: &Db, now: DateTime<Utc>) -> Result<(bool, bool), BackupError> {
    let (any, has_processes) = queries::tables(db.read()).await?;
    let at_work = has_processes && queries::at_work(db.read(), now - SILENT).await? > 0;
    Ok((any, at_work))
}

/// Renames, each of which can be taken back.
struct Swap {
    unique: String,
    /// From, to.
    done: Vec<(PathBuf, PathBuf)>,
    staged: Vec<PathBuf>,
}

impl Swap {
    fn new(unique: &str) -> Self {
        Self {
            unique: unique.to_owned(),
            done: Vec::new(),
            staged: Vec::new(),
        }
    }

    /// Where what is to take a place waits.
    fn staged(&mut self, place: &Path) -> PathBuf {
        let path = stage::beside(place, &format!(".restoring-{}", self.unique));
        self.staged.push(path.clone());
        path
    }

    fn stage_file(&mut self, from: &Path, place: &Path) -> Result<PathBuf, BackupError> {
        let staged = self.staged(place);
        stage::copy(from, &staged)?;
        Ok(staged)
    }

    /// Gives what stands in a place another name, if there is anything.
    fn put_aside(&mut self, place: &Path) -> Result<(), BackupError> {
        if !place.exists() {
            return Ok(());
        }
        self.rename(
            place,
            &stage::beside(place, &format!(".replaced-{}", self.unique)),
        )
    }

    fn place(&mut self, staged: &Path, place: &Path) -> Result<(), BackupError> {
        self.put_aside(place)?;
        self.rename(staged, place)
    }

    fn rename(&mut self, from: &Path, to: &Path) -> Result<(), BackupError> {
        std::fs::rename(from, to).map_err(BackupError::io(from))?;
        self.done.push((from.to_owned(), to.to_owned()));
        sync_folder_of(from)
    }

    /// Takes back every rename, the last first, and removes what waited. Whether all is as it was.
    fn undo(&mut self) -> bool {
        let mut as_it_was = true;
        for (from, to) in self.done.drain(..).rev() {
            if let Err(error) = std::fs::rename(&to, &from) {
                as_it_was = false;
                tracing::error!(%error, path = %to.display(), "a restore could not be taken back");
            }
        }
        for staged in self.staged.drain(..) {
            let removed = if staged.is_dir() {
                std::fs::remove_dir_all(&staged)
            } else {
                std::fs::remove_file(&staged)
            };
            if let Err(error) = removed {
                tracing::debug!(%error, path = %staged.display(), "nothing is left to remove");
            }
        }
        as_it_was
    }
}
