//! Every statement on kept answers.

use entities::governance::act_answer::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, QueryFilter,
    sea_query::Expr,
};

use super::{Claim, KEPT};
use crate::platform::{db::Txn, retention::Expiring};

fn of(claim: &Claim) -> Condition {
    Condition::all()
        .add(Column::ActorUserId.eq(claim.user))
        .add(Column::Key.eq(claim.key.key.as_str()))
}

pub(super) async fn find(db: &impl ConnectionTrait, claim: &Claim) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(of(claim))
        .filter(Column::ExpiresAt.gte(claim.now))
        .one(db)
        .await
}

/// Takes a key that nobody holds.
pub(super) async fn take(txn: &Txn, claim: &Claim) -> Result<bool, DbErr> {
    Entity::delete_many()
        .filter(Column::ActorUserId.eq(claim.user))
        .filter(Column::ExpiresAt.lt(claim.now))
        .exec(txn)
        .await?;
    let row = ActiveModel {
        id: NotSet,
        actor_user_id: Set(claim.user),
        key: Set(claim.key.key.clone()),
        fingerprint: Set(claim.key.fingerprint.clone()),
        outcome: Set(None),
        audit_id: Set(None),
        created_at: Set(claim.now),
        expires_at: Set(claim.now + KEPT),
    };
    let taken = Entity::insert(row)
        .on_conflict_do_nothing_on([Column::ActorUserId, Column::Key])
        .exec_without_returning(txn)
        .await?;
    Ok(matches!(taken, sea_orm::TryInsertResult::Inserted(1..)))
}

pub(super) async fn keep(
    txn: &Txn,
    claim: &Claim,
    answer: &str,
    audit_id: Option<i64>,
) -> Result<(), DbErr> {
    Entity::update_many()
        .col_expr(Column::Outcome, Expr::value(answer))
        .col_expr(Column::AuditId, Expr::value(audit_id))
        .filter(of(claim))
        .exec(txn)
        .await?;
    Ok(())
}

pub(super) async fn give_back(txn: &Txn, claim: &Claim) -> Result<(), DbErr> {
    Entity::delete_many().filter(of(claim)).exec(txn).await?;
    Ok(())
}

/// Answers that ceased to count.
pub(super) fn expired() -> Expiring {
    Expiring::of("act_answers", "expires_at < $1")
        .at("created_at")
        .user("actor_user_id")
        .texts(&["key", "fingerprint", "outcome"])
}
