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
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};

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
