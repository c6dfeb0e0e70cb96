//! The statements behind what admins look for and change.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entities::{
    UserId, UserStatus,
    accounts::{notes_history, one_time_token, session, user},
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter, QueryOrder,
    QuerySelect,
    sea_query::{CaseStatement, Expr, LikeExpr, Order},
};
use uuid::Uuid;

use super::change_user;
use crate::platform::db::Txn;

pub(in crate::features::accounts) async fn users(
    db: &impl ConnectionTrait,
    ids: &[UserId],
) -> Result<Vec<user::Model>, DbErr> {
    user::Entity::find()
        .filter(user::Column::Id.is_in(ids.iter().copied()))
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .order_by_asc(user::Column::Id)
        .all(db)
        .await
}

/// Those of these users who may come in.
pub(in crate::features::accounts) async fn active(
    db: &impl ConnectionTrait,
    ids: &[UserId],
) -> Result<HashSet<UserId>, DbErr> {
    let active: Vec<UserId> = user::Entity::find()
        .select_only()
        .column(user::Column::Id)
        .filter(user::Column::Id.is_in(ids.iter().copied()))
        .filter(user::Column::Status.eq(UserStatus::Active))
        .into_tuple()
        .all(db)
        .await?;
    Ok(active.into_iter().collect())
}

pub(in crate::features::accounts) async fn by_public_id(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<user::Model>, DbErr> {
    user::Entity::find()
        .filter(user::Column::PublicId.eq(id))
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .one(db)
        .await
}

/// Users whose address has `word` in it: first those that begin with it.
pub(in crate::features::accounts) async fn search(
    db: &impl ConnectionTrait,
    word: &str,
    most: u64,
) -> Result<Vec<user::Model>, DbErr> {
    let mut literal = String::new();
    for letter in word.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            literal.push('!');
        }
        literal.push(letter);
    }
    let like = |pattern: String| {
        Expr::col((user::Entity, user::Column::Email)).like(LikeExpr::new(pattern).escape('!'))
    };
    let rank: Expr = CaseStatement::new()
        .case(like(format!("{literal}%")), Expr::cust("0"))
        .finally(Expr::cust("1"))
        .into();
    user::Entity::find()
        .filter(like(format!("%{literal}%")))
        .filter(user::Column::Status.ne(UserStatus::Deleted))
        .order_by(rank, Order::Asc)
        .order_by_asc(user::Column::Email)
        .limit(most)
        .all(db)
        .await
}

/// How many sign-ins of each of these users have not ended.
pub(in crate::features::accounts) async fn open_sessions(
    db: &impl ConnectionTrait,
    users: &[UserId],
    now: DateTime<Utc>,
) -> Result<HashMap<UserId, i64>, DbErr> {
    let rows: Vec<(UserId, i64)> = session::Entity::find()
        .select_only()
        .column(session::Column::UserId)
        .column_as(session::Column::Id.count(), "open_sessions")
        .filter(session::Column::UserId.is_in(users.iter().copied()))
        .filter(session::Column::EndedAt.is_null())
        .filter(session::Column::ExpiresAt.gt(now))
        .group_by(session::Column::UserId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

pub(in crate::features::accounts) async fn last_seen(
    db: &impl ConnectionTrait,
    users: &[UserId],
) -> Result<HashMap<UserId, Option<DateTime<Utc>>>, DbErr> {
    let rows: Vec<(UserId, Option<DateTime<Utc>>)> = session::Entity::find()
        .select_only()
        .column(session::Column::UserId)
        .column_as(session::Column::LastUsedAt.max(), "last_seen")
        .filter(session::Column::UserId.is_in(users.iter().copied()))
        .group_by(session::Column::UserId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

pub(in crate::features::accounts) async fn set_status(
    txn: &Txn,
    id: UserId,
    status: UserStatus,
    now: DateTime<Utc>,
) -> Result<Option<user::Model>, DbErr> {
    let change = user::Entity::update_many().col_expr(user::Column::Status, Expr::value(status));
    change_user(txn, id, now, change).await
}

/// A new password, whatever the old one was; every access token ends.
pub(in crate::features::accounts) async fn set_password_hash(
    txn: &Txn,
    id: UserId,
    hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<user::Model>, DbErr> {
    let change = user::Entity::update_many()
        .col_expr(user::Column::PasswordHash, Expr::value(hash))
        .col_expr(
            user::Column::TokenVersion,
            Expr::col(user::Column::TokenVersion).add(1),
        );
    change_user(txn, id, now, change).await
}

/// Gives a user a way to set a password, and takes away those that were not used.
pub(in crate::features::accounts) async fn replace_token(
    txn: &Txn,
    user_id: UserId,
    token_hash: &str,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
) -> Result<(), DbErr> {
    withdraw_tokens(txn, user_id).await?;
    one_time_token::Entity::insert(one_time_token::ActiveModel {
        id: NotSet,
        user_id: Set(user_id),
        token_hash: Set(token_hash.to_owned()),
        created_at: Set(now),
        expires_at: Set(expires_at),
        used_at: Set(None),
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

/// Whether a user has a token that was not used.
pub(in crate::features::accounts) async fn has_token(
    txn: &Txn,
    user_id: UserId,
) -> Result<bool, DbErr> {
    let found = one_time_token::Entity::find()
        .filter(one_time_token::Column::UserId.eq(user_id))
        .filter(one_time_token::Column::UsedAt.is_null())
        .one(txn)
        .await?;
    Ok(found.is_some())
}

pub(in crate::features::accounts) async fn withdraw_tokens(
    txn: &Txn,
    user_id: UserId,
) -> Result<(), DbErr> {
    one_time_token::Entity::delete_many()
        .filter(one_time_token::Column::UserId.eq(user_id))
        .filter(one_time_token::Column::UsedAt.is_null())
        .exec(txn)
        .await?;
    Ok(())
}

/// Uses a token up. `None`: unknown, used, or too old.
pub(in crate::features::accounts) async fn use_token(
    txn: &Txn,
    token_hash: &str,
    now: DateTime<Utc>,
) -> Result<Option<UserId>, DbErr> {
    let used = one_time_token::Entity::update_many()
        .col_expr(one_time_token::Column::UsedAt, Expr::value(now))
        .filter(one_time_token::Column::TokenHash.eq(token_hash))
        .filter(one_time_token::Column::UsedAt.is_null())
        .filter(one_time_token::Column::ExpiresAt.gt(now))
        .exec_with_returning(txn)
        .await?;
    Ok(used.into_iter().next().map(|token| token.user_id))
}

/// Remembers notes around an act, so that it can be undone.
pub(in crate::features::accounts) async fn remember_notes(
    txn: &Txn,
    remembered: notes_history::Model,
) -> Result<(), DbErr> {
    notes_history::Entity::insert(notes_history::ActiveModel::from(remembered))
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

pub(in crate::features::accounts) async fn remembered_notes(
    db: &impl ConnectionTrait,
    audit_id: i64,
) -> Result<Option<notes_history::Model>, DbErr> {
    notes_history::Entity::find_by_id(audit_id).one(db).await
}
