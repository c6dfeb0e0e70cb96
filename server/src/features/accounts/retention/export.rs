//! A user's account, as the user is given it: without the password's hash and
//! without tokens.

use async_trait::async_trait;
use entities::{
    UserId,
    accounts::{session, user},
};
use serde_json::{Value, json};

use super::queries;
use crate::platform::{
    db::Db,
    retention::{Cursor, Exporter, Page, RetentionError, RowsOf, no_original},
};

pub(super) struct Account(pub(super) Db);

#[async_trait]
impl Exporter for Account {
    fn file(&self) -> &'static str {
        "account.json"
    }

    async fn page(&self, user: UserId, _: Option<Cursor>, _: u64) -> Result<Page, RetentionError> {
        let found = queries::account_of(self.0.read(), user).await?;
        Ok(Page {
            rows: found.iter().map(account).collect(),
            ..Page::default()
        })
    }
}

fn account(row: &user::Model) -> Value {
    json!({
        "id": row.id,
        "public_id": row.public_id,
        "email": row.email,
        "email_verified": row.email_verified,
        "role": row.role,
        "status": row.status,
        "admin_notes": row.admin_notes,
        "created_at": row.created_at,
        "updated_at": row.updated_at,
    })
}

pub(super) fn sign_ins(db: &Db) -> RowsOf<session::Entity> {
    RowsOf {
        db: db.clone(),
        file: "sessions.json",
        owner: session::Column::UserId,
        key: session::Column::Id,
        shown: sign_in,
        original: no_original,
    }
}

fn sign_in(row: &session::Model) -> Value {
    json!({
        "id": row.id,
        "user_agent": row.user_agent,
        "client_address": row.client_address,
        "created_at": row.created_at,
        "last_used_at": row.last_used_at,
        "expires_at": row.expires_at,
        "ended_at": row.ended_at,
        "ended_reason": row.ended_reason,
    })
}
