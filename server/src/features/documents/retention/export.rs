//! A user's library, as the user is given it: with the files as they were uploaded.

use async_trait::async_trait;
use entities::{
    UserId,
    library::{document, store},
};
use serde_json::{Value, json};

use super::queries;
use crate::platform::{
    db::Db,
    retention::{Cursor, Exporter, Original, Page, RetentionError},
    storage::BlobKey,
};

pub(super) struct Stores(pub(super) Db);

#[async_trait]
impl Exporter for Stores {
    fn file(&self) -> &'static str {
        "stores.json"
    }

    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError> {
        let found = queries::stores_of(self.0.read(), user, number(after), limit).await?;
        Ok(Page::of(
            &found,
            limit,
            |row| row.id.to_string(),
            given_store,
        ))
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

pub(super) struct Documents(pub(super) Db);

#[async_trait]
impl Exporter for Documents {
    fn file(&self) -> &'static str {
        "documents.json"
    }

    async fn page(
        &self,
        user: UserId,
        after: Option<Cursor>,
        limit: u64,
    ) -> Result<Page, RetentionError> {
        let found = queries::documents_of(self.0.read(), user, number(after), limit).await?;
        let files = found.iter().map(|row| Original {
            path: path(row),
            blob: BlobKey::stored(&row.blob_key),
        });
        let mut page = Page::of(&found, limit, |row| row.id.to_string(), given_document);
        page.files = files.collect();
        Ok(page)
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

/// The key after which a page begins.
fn number(after: Option<Cursor>) -> i64 {
    after.and_then(|key| key.parse().ok()).unwrap_or(0)
}
