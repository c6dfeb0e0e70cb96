//! The statements by which accounts and sign-ins go.

use chrono::{DateTime, Utc};
use entities::{
    Role, UserId, UserStatus,
    accounts::{notes_history, one_time_token, refresh_token, revocation, session, user},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, PaginatorTrait,
    QueryFilter, QuerySelect, QueryTrait, Select, sea_query::Expr,
};

use crate::{
    features::accounts::queries,
    platform::{db::Txn, retention::Expiring},
};

/// Refresh tokens that ran out or whose sign-in goes, sign-ins that ended or ran out, and revocations
/// of what has ended anyway.
pub(super) fn ended_sign_ins() -> Vec<Expiring> {
    let ended = "ended_at < $1 OR expires_at < $1";
    let of_ended = format!("session_id IN (SELECT id FROM sessions WHERE {ended})");
    vec![
        Expiring::of("refresh_tokens", format!("expires_at < $1 OR {of_ended}"))
            .at("issued_at")
            .texts(&["token_hash"]),
        Expiring::of("sessions", ended)
            .at("created_at")
            .user("user_id")
            .texts(&["user_agent", "client_address"]),
        Expiring::of("revocations", "expires_at < $1")
            .key("key")
            .at("expires_at")
            .user("user_id")
            .texts(&["key"]),
        Expiring::of("one_time_tokens", "expires_at < $1")
            .at("created_at")
            .user("user_id")
            .texts(&["token_hash"]),
        Expiring::of("notes_history", "created_at < $1")
            .key("audit_id")
            .at("created_at")
            .user("user_id")
            .texts(&["notes_before", "notes_after"]),
    ]
}

/// Takes everything that makes the account a person's, and up to `limit` sign-ins and tokens.
pub(super) async fn erase(
    txn: &Txn,
    id: UserId,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    let tombstone = user::Entity::update_many()
        .col_expr(user::Column::Status, Expr::value(UserStatus::Deleted))
        .col_expr(user::Column::Email, Expr::value(no_address(id)))
        .col_expr(user::Column::PasswordHash, Expr::value(""))
        .col_expr(user::Column::Role, Expr::value(Role::User))
        .col_expr(user::Column::EmailVerified, Expr::value(false))
        .col_expr(user::Column::AdminNotes, Expr::value(None::<String>))
        .col_expr(
            user::Column::TokenVersion,
            Expr::col(user::Column::TokenVersion).add(1),
        )
        .filter(personal(id));
    let buried = queries::change_user(txn, id, now, tombstone).await?;
    let sign_ins = session::Entity::find().filter(session::Column::UserId.eq(id));
    let tokens = refresh_token::Entity::find().filter(
        refresh_token::Column::SessionId.in_subquery(
            sign_ins
                .clone()
                .select_only()
                .column(session::Column::Id)
                .into_query(),
        ),
    );
    let revoked = revocation::Entity::find().filter(revocation::Column::UserId.eq(id));
    let links = one_time_token::Entity::find().filter(one_time_token::Column::UserId.eq(id));
    let notes = notes_history::Entity::find().filter(notes_history::Column::UserId.eq(id));
    let deleted = delete(txn, tokens, sign_ins, revoked, limit).await?
        + delete_aids(txn, links, notes, limit).await?;
    Ok(u64::from(buried.is_some()) + deleted)
}

/// What is left of a user besides the tombstone. Refresh tokens go with their sign-ins.
pub(super) async fn remaining(db: &impl ConnectionTrait, id: UserId) -> Result<u64, DbErr> {
    let account = user::Entity::find().filter(personal(id)).count(db).await?;
    let sign_ins = session::Entity::find()
        .filter(session::Column::UserId.eq(id))
        .count(db)
        .await?;
    let revoked = revocation::Entity::find()
        .filter(revocation::Column::UserId.eq(id))
        .count(db)
        .await?;
    let links = one_time_token::Entity::find()
        .filter(one_time_token::Column::UserId.eq(id))
        .count(db)
        .await?;
    let notes = notes_history::Entity::find()
        .filter(notes_history::Column::UserId.eq(id))
        .count(db)
        .await?;
    Ok(account + sign_ins + revoked + links + notes)
}

/// The user's row, while it is more than a tombstone.
fn personal(id: UserId) -> Condition {
    let more = Condition::any()
        .add(user::Column::Status.ne(UserStatus::Deleted))
        .add(user::Column::Email.ne(no_address(id)))
        .add(user::Column::PasswordHash.ne(""))
        .add(user::Column::AdminNotes.is_not_null());
    Condition::all().add(user::Column::Id.eq(id)).add(more)
}

/// What stands in place of the address. No address lacks an `@`, so nobody can take it first.
fn no_address(id: UserId) -> String {
    format!("erased-{id}")
}

/// Deletes tokens before their sign-ins, so that no cascade makes a step longer than it looks.
async fn delete(
    txn: &Txn,
    tokens: Select<refresh_token::Entity>,
    sign_ins: Select<session::Entity>,
    revoked: Select<revocation::Entity>,
    limit: u64,
) -> Result<u64, DbErr> {
    let tokens = tokens
        .select_only()
        .column(refresh_token::Column::Id)
        .limit(limit)
        .into_query();
    let deleted = refresh_token::Entity::delete_many()
        .filter(refresh_token::Column::Id.in_subquery(tokens))
        .exec(txn)
        .await?
        .rows_affected;
    if deleted == limit {
        return Ok(deleted);
    }
    let sign_ins = sign_ins
        .select_only()
        .column(session::Column::Id)
        .limit(limit)
        .into_query();
    let ended = session::Entity::delete_many()
        .filter(session::Column::Id.in_subquery(sign_ins))
        .exec(txn)
        .await?
        .rows_affected;
    let revoked = revoked
        .select_only()
        .column(revocation::Column::Key)
        .limit(limit)
        .into_query();
    let allowed = revocation::Entity::delete_many()
        .filter(revocation::Column::Key.in_subquery(revoked))
        .exec(txn)
        .await?
        .rows_affected;
    Ok(deleted + ended + allowed)
}

/// Deletes one-time tokens and remembered notes.
async fn delete_aids(
    txn: &Txn,
    links: Select<one_time_token::Entity>,
    notes: Select<notes_history::Entity>,
    limit: u64,
) -> Result<u64, DbErr> {
    let links = links
        .select_only()
        .column(one_time_token::Column::Id)
        .limit(limit)
        .into_query();
    let links = one_time_token::Entity::delete_many()
        .filter(one_time_token::Column::Id.in_subquery(links))
        .exec(txn)
        .await?
        .rows_affected;
    let notes = notes
        .select_only()
        .column(notes_history::Column::AuditId)
        .limit(limit)
        .into_query();
    let notes = notes_history::Entity::delete_many()
        .filter(notes_history::Column::AuditId.in_subquery(notes))
        .exec(txn)
        .await?
        .rows_affected;
    Ok(links + notes)
}

/// The account, while it is more than a tombstone.
pub(super) async fn account_of(
    db: &impl ConnectionTrait,
    id: UserId,
) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find().filter(personal(id)).one(db).await
}
