//! The statements on the audit log and its head.

use chrono::{DateTime, Utc};
use entities::{
    UserId,
    governance::{
        audit_entry::{ActiveModel, Column, Entity, Model},
        audit_head,
    },
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait,
    QueryFilter, QueryOrder, QuerySelect, sea_query::Expr,
};

use crate::platform::{db::Txn, retention::Expiring};

/// The head is one row with this key.
const HEAD: i32 = 1;

/// Takes the next place in the chain. The row stays locked until the transaction ends, so that
/// entries are written one after the other.
pub(super) async fn advance_head(
    connection: &impl ConnectionTrait,
) -> Result<audit_head::Model, DbErr> {
    audit_head::Entity::update_many()
        .col_expr(
            audit_head::Column::LastId,
            Expr::col(audit_head::Column::LastId).add(1),
        )
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec_with_returning(connection)
        .await?
        .into_iter()
        .next()
        .ok_or_else(|| DbErr::RecordNotFound("the head of the audit log".into()))
}

pub(super) async fn set_head_hash(
    connection: &impl ConnectionTrait,
    hash: &str,
) -> Result<(), DbErr> {
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::LastHash, Expr::value(hash))
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec(connection)
        .await?;
    Ok(())
}

pub(super) async fn head(connection: &impl ConnectionTrait) -> Result<audit_head::Model, DbErr> {
    audit_head::Entity::find_by_id(HEAD)
        .one(connection)
        .await?
        .ok_or_else(|| DbErr::RecordNotFound("the head of the audit log".into()))
}

/// A row of the log, as it is written.
pub(super) struct NewEntry {
    pub(super) id: i64,
    pub(super) created_at: DateTime<Utc>,
    pub(super) actor: Option<UserId>,
    pub(super) action: String,
    pub(super) target_type: Option<String>,
    pub(super) target_id: Option<String>,
    pub(super) metadata: String,
    pub(super) previous_hash: String,
    pub(super) hash: String,
}

pub(super) async fn insert(
    connection: &impl ConnectionTrait,
    entry: NewEntry,
) -> Result<(), DbErr> {
    Entity::insert(ActiveModel {
        id: Set(entry.id),
        created_at: Set(entry.created_at),
        actor_user_id: Set(entry.actor),
        action: Set(entry.action),
        target_type: Set(entry.target_type),
        target_id: Set(entry.target_id),
        metadata: Set(entry.metadata),
        previous_hash: Set(entry.previous_hash),
        hash: Set(entry.hash),
    })
    .exec_without_returning(connection)
    .await?;
    Ok(())
}

/// Oldest first, from after `after` up to `until`.
pub(super) async fn ascending(
    connection: &impl ConnectionTrait,
    after: i64,
    until: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::Id.gt(after))
        .filter(Column::Id.lte(until))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// Newest first, before `before` when given, of the `actions` when any are given.
pub(super) async fn descending(
    connection: &impl ConnectionTrait,
    before: Option<i64>,
    actions: &[&str],
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut find = Entity::find().order_by_desc(Column::Id).limit(limit);
    if let Some(before) = before {
        find = find.filter(Column::Id.lt(before));
    }
    if !actions.is_empty() {
        find = find.filter(Column::Action.is_in(actions.iter().copied()));
    }
    find.all(connection).await
}

/// Keeps others from adding entries until the transaction ends.
pub(super) async fn lock_head(txn: &Txn) -> Result<(), DbErr> {
    audit_head::Entity::update_many()
        .col_expr(
            audit_head::Column::CutId,
            Expr::col(audit_head::Column::CutId),
        )
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec(txn)
        .await?;
    Ok(())
}

/// The entries before the first of `$1` or later.
pub(super) fn old_entries() -> Expiring {
    entries(
        "id < COALESCE((SELECT MIN(young.id) FROM audit_log young WHERE young.created_at >= $1), \
         9223372036854775807)",
    )
}

/// The entries up to number `$1`.
pub(super) fn entries_until() -> Expiring {
    entries("id <= $1")
}

fn entries(condition: &str) -> Expiring {
    Expiring::of("audit_log", condition)
        .at("created_at")
        .user("actor_user_id")
        .texts(&["action", "target_type", "target_id", "metadata", "hash"])
}

/// The oldest entries, up to the first of `before` or later.
pub(super) async fn oldest_entries(
    connection: &impl ConnectionTrait,
    before: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let oldest = Entity::find()
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    Ok(oldest
        .into_iter()
        .take_while(|entry| entry.created_at < before)
        .collect())
}

/// Notes where the log begins now.
pub(super) async fn cut(txn: &Txn, id: i64, hash: &str, signature: &str) -> Result<(), DbErr> {
    audit_head::Entity::update_many()
        .col_expr(audit_head::Column::CutId, Expr::value(id))
        .col_expr(audit_head::Column::CutHash, Expr::value(hash))
        .col_expr(audit_head::Column::CutSignature, Expr::value(signature))
        .filter(audit_head::Column::Id.eq(HEAD))
        .exec(txn)
        .await?;
    Ok(())
}

/// A page of what a user did or was done to, by its keys.
pub(super) async fn about(
    connection: &impl ConnectionTrait,
    user: UserId,
    after: i64,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let target = Condition::all()
        .add(Column::TargetType.eq("user"))
        .add(Column::TargetId.eq(user.to_string()));
    Entity::find()
        .filter(
            Condition::any()
                .add(Column::ActorUserId.eq(user))
                .add(target),
        )
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// What an intruder with access to the database could do.
#[cfg(test)]
pub(super) mod tampering {
    use sea_orm::ConnectionTrait;

    use crate::platform::db::{Db, WriteKey};

    pub(in crate::platform::audit) async fn run(db: &Db, statements: &'static [&'static str]) {
        for statement in statements {
            attempt(db, statement)
                .await
                .unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    /// The database's own words when it refuses.
    pub(in crate::platform::audit) async fn attempt(
        db: &Db,
        statement: &'static str,
    ) -> Result<(), String> {
        db.write_alone(WriteKey::Free, statement, |txn, statement| {
            Box::pin(async move {
                txn.execute_unprepared(statement).await?;
                Ok(())
            })
        })
        .await
        .map_err(|error| match std::error::Error::source(&error) {
            Some(source) => source.to_string(),
            None => error.to_string(),
        })
    }
}
