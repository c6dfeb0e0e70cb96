//! The manuals in a store of their own.

use std::path::{Path, PathBuf};

use entities::{
    DocumentId, DocumentStatus, Role, StoreId, UserId, UserStatus,
    accounts::user,
    library::{document, store},
};
use extract::{Format, Limits};
use sea_orm::{ActiveModelTrait, Set};

use super::{EvalError, Manual};
use crate::platform::{
    clock::{Clock, SystemClock},
    db::{Db, WriteKey},
    retrieval::{INDEX_BATCH, NewPassage, Source, chunks, index, prepare},
};

/// What was built.
pub(super) struct Library {
    pub(super) user_id: UserId,
    pub(super) store_id: StoreId,
    pub(super) documents: usize,
    pub(super) passages: usize,
}

/// Reads, cuts and indexes the manuals, each file as one document.
pub(super) async fn build(db: &Db, manuals: &[Manual]) -> Result<Library, EvalError> {
    let (user_id, store_id) = owner(db).await?;
    let mut library = Library {
        user_id,
        store_id,
        documents: 0,
        passages: 0,
    };
    for manual in manuals {
        for path in files(manual)? {
            library.passages += add(db, &library, path).await?;
            library.documents += 1;
        }
    }
    Ok(library)
}

fn files(manual: &Manual) -> Result<Vec<PathBuf>, EvalError> {
    let missing = || EvalError::ManualMissing {
        path: manual.path.clone(),
        package: manual.package.clone(),
    };
    if manual.path.is_file() {
        return Ok(vec![manual.path.clone()]);
    }
    let folder = std::fs::read_dir(&manual.path).map_err(|_| missing())?;
    let mut files: Vec<PathBuf> = folder
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "html")
        })
        .collect();
    files.sort();
    if files.is_empty() {
        Err(missing())
    } else {
        Ok(files)
    }
}

async fn owner(db: &Db) -> Result<(UserId, StoreId), EvalError> {
    let now = SystemClock.now();
    let ids = db
        .write_alone(WriteKey::Free, now, |txn, now| {
            Box::pin(async move {
                let user = user::ActiveModel {
                    public_id: Set(uuid::Uuid::nil()),
                    email: Set("eval@localhost".to_owned()),
                    password_hash: Set(String::new()),
                    role: Set(Role::User),
                    status: Set(UserStatus::Active),
                    created_at: Set(*now),
                    updated_at: Set(*now),
                    ..Default::default()
                }
                .insert(txn)
                .await?;
                let store = store::ActiveModel {
                    user_id: Set(user.id),
                    display_name: Set("Manuals".to_owned()),
                    fs_name: Set("manuals".to_owned()),
                    created_at: Set(*now),
                    ..Default::default()
                }
                .insert(txn)
                .await?;
                Ok((user.id, store.id))
            })
        })
        .await?;
    Ok(ids)
}

/// Adds one file and tells how many passages it has. A page without text has none.
async fn add(db: &Db, library: &Library, path: PathBuf) -> Result<usize, EvalError> {
    let refused = |reason: String| EvalError::Manual {
        path: path.clone(),
        reason,
    };
    let format = path
        .extension()
        .and_then(|extension| Format::from_extension(extension.to_str()?))
        .ok_or_else(|| refused("the format is not known".to_owned()))?;
    let document_id = document_row(db, library, &path).await?;
    let source = Source {
        document_id,
        store_id: library.store_id,
        user_id: library.user_id,
        generation: 0,
    };
    let file = path.clone();
    let passages = tokio::task::spawn_blocking(move || -> Result<Vec<NewPassage>, String> {
        match extract::extract(&file, format, &Limits::default()) {
            Ok(extracted) => Ok(prepare(source, &chunks(&extracted))),
            Err(extract::ExtractError::Empty) => Ok(Vec::new()),
            Err(error) => Err(error.to_string()),
        }
    })
    .await
    .map_err(|error| refused(error.to_string()))?
    .map_err(refused)?;
    for batch in passages.chunks(INDEX_BATCH) {
        db.write_alone(WriteKey::Free, batch.to_vec(), |txn, batch| {
            Box::pin(index(txn, batch))
        })
        .await?;
    }
    Ok(passages.len())
}

async fn document_row(db: &Db, library: &Library, path: &Path) -> Result<DocumentId, EvalError> {
    let now = SystemClock.now();
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let row = document::ActiveModel {
        store_id: Set(library.store_id),
        user_id: Set(library.user_id),
        filename: Set(name),
        media_type: Set(String::new()),
        size_bytes: Set(0),
        sha256: Set(String::new()),
        blob_key: Set(path.to_string_lossy().into_owned()),
        status: Set(DocumentStatus::Done),
        status_updated_at: Set(now),
        estimated_tokens: Set(0),
        created_at: Set(now),
        ..Default::default()
    };
    let id = db
        .write_alone(WriteKey::Free, row, |txn, row| {
            Box::pin(async move { Ok(row.clone().insert(txn).await?.id) })
        })
        .await?;
    Ok(id)
}
