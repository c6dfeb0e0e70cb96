//! The statements on receipts of erasures. They are added and never changed.

use entities::governance::erasure_receipt::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect,
};
use uuid::Uuid;

use crate::platform::{db::Txn, governance::receipt::Signed};

pub(in super::super) async fn insert(txn: &Txn, signed: &Signed) -> Result<(), DbErr> {
    let receipt = &signed.receipt;
    let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Entity::insert(ActiveModel {
        id: Set(receipt.id),
        user_id: Set(receipt.user),
        actor_user_id: Set(receipt.actor),
        begun_at: Set(receipt.begun_at),
        finished_at: Set(receipt.finished_at),
        erased: Set(number(receipt.erased)),
        remaining: Set(number(receipt.left())),
        statement: Set(signed.statement.clone()),
        signature: Set(signed.signature.clone()),
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

/// All of them, a page at a time.
pub(in super::super) async fn page(
    connection: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let mut find = Entity::find().order_by_asc(Column::Id).limit(limit);
    if let Some(after) = after {
        find = find.filter(Column::Id.gt(after));
    }
    find.all(connection).await
}
