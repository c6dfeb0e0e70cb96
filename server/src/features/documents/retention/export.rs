//! A user's library, as the user is given it: with the files as they were uploaded.

use entities::library::{document, store};
use serde_json::{Value, json};

use crate::platform::{
    db::Db,
    retention::{Original, RowsOf, no_original},
    storage::BlobKey,
};

pub(super) fn stores(db: &Db) -> RowsOf<store::Entity> {
    RowsOf {
        db: db.clone(),
        file: "stores.json",
        owner: store::Column::UserId,
        key: store::Column::Id,
        shown: given_store,
        original: no_original,
    }
}

fn given_store(row: &store::Model) -> Value {
    json!({
        "id": row.id,
        "display_name": row.display_name,
        "created_at": row.created_at,
        "deleted_at": row.deleted_at,
    })
}

pub(super) fn documents(db: &Db) -> RowsOf<document::Entity> {
    RowsOf {
        db: db.clone(),
        file: "documents.json",
        owner: document::Column::UserId,
        key: document::Column::Id,
        shown: given_document,
        original: |row| {
            Some(Original {
                path: path(row),
                blob: BlobKey::stored(&row.blob_key),
            })
        },
    }
}

/// The number keeps names apart; the name was made safe when it came in.
fn path(row: &document::Model) -> String {
    format!("documents/{}/{}", row.id, row.filename)
}

fn given_document(row: &document::Model) -> Value {
    json!({
        "id": row.id,
        "store_id": row.store_id,
        "filename": row.filename,
        "display_name": row.display_name,
        "media_type": row.media_type,
        "size_bytes": row.size_bytes,
        "sha256": row.sha256,
        "file": path(row),
        "status": row.status,
        "last_error": row.last_error,
        "page_count": row.page_count,
        "created_at": row.created_at,
        "deleted_at": row.deleted_at,
    })
}
