//! The manuals, each in a store of its own.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use entities::{
    DocumentId, DocumentStatus, Role, StoreId, UserId, UserStatus,
    accounts::user,
    library::{document, store},
    retrieval::passage,
};
use extract::{Format, Limits};
use sea_orm::{ActiveModelTrait, EntityTrait, PaginatorTrait, QueryOrder, Set};

use super::{EvalError, Manual};
use crate::platform::{
    clock::{Clock, SystemClock},
    db::{Db, WriteKey},
    retrieval::{INDEX_BATCH, NewPassage, Source, chunks, index, prepare},
};

/// What is indexed.
pub(super) struct Library {
    pub(super) user_id: UserId,
    /// One for each manual.
    pub(super) stores: Vec<StoreId>,
    /// The store of each document, by the document's name.
    pub(super) documents: HashMap<String, StoreId>,
    pub(super) passages: usize,
}

/// Reads, cuts and indexes the manuals, each file as one document, unless that has been done.
pub(super) async fn open(db: &Db, manuals: &[Manual]) -> Result<Library, EvalError> {
    if store::Entity::find().one(db.read()).await?.is_none() {
        let user_id = owner(db).await?;
        for manual in manuals {
            let store_id = store_row(db, user_id, manual).await?;
            for path in files(manual)? {
                add(db, user_id, store_id, path).await?;
            }
        }
    }
    let documents = document::Entity::find().all(db.read()).await?;
    let stores = store::Entity::find()
        .order_by_asc(store::Column::Id)
        .all(db.read())
        .await?;
    let passages = passage::Entity::find().count(db.read()).await?;
    Ok(Library {
        user_id: stores.first().map_or(UserId(0), |store| store.user_id),
        stores: stores.iter().map(|store| store.id).collect(),
        documents: documents
            .into_iter()
            .map(|document| (document.filename, document.store_id))
            .collect(),
        passages: usize::try_from(passages).unwrap_or(usize::MAX),
    })
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

async fn owner(db: &Db) -> Result<UserId, EvalError> {
    let now = SystemClock.now();
    let row = user::ActiveModel {
        public_id: Set(uuid::Uuid::nil()),
        email: Set("eval@localhost".to_owned()),
        password_hash: Set(String::new()),
        role: Set(Role::User),
        status: Set(UserStatus::Active),
        created_at: Set(now),
        updated_at: Set(now),
        ..Default::default()
    };
    let id = db
        .write_alone(WriteKey::Free, row, |txn, row| {
            Box::pin(async move { Ok(row.clone().insert(txn).await?.id) })
        })
        .await?;
    Ok(id)
}

async fn store_row(db: &Db, user_id: UserId, manual: &Manual) -> Result<StoreId, EvalError> {
    let row = store::ActiveModel {
        user_id: Set(user_id),
        display_name: Set(manual.package.clone()),
        fs_name: Set(manual.package.clone()),
        created_at: Set(SystemClock.now()),
        ..Default::default()
    };
    let id = db
        .write_alone(WriteKey::Free, row, |txn, row| {
            Box::pin(async move { Ok(row.clone().insert(txn).await?.id) })
        })
        .await?;
    Ok(id)
}

/// Adds one file. A page without text has no passages.
async fn add(db: &Db, user_id: UserId, store_id: StoreId, path: PathBuf) -> Result<(), EvalError> {
    let refused = |reason: String| EvalError::Manual {
        path: path.clone(),
        reason,
    };
    let format = path
        .extension()
        .and_then(|extension| Format::from_extension(extension.to_str()?))
        .ok_or_else(|| refused("the format is not known".to_owned()))?;
    let document_id = document_row(db, user_id, store_id, &path).await?;
    let source = Source {
        document_id,
        store_id,
        user_id,
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
    Ok(())
}

async fn document_row(
    db: &Db,
    user_id: UserId,
    store_id: StoreId,
    path: &Path,
) -> Result<DocumentId, EvalError> {
    let now = SystemClock.now();
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let row = document::ActiveModel {
        store_id: Set(store_id),
        user_id: Set(user_id),
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
