//! The statements on periods that were set from the console.

use chrono::{DateTime, Utc};
use entities::{
    UserId,
    governance::retention_override::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};

use crate::platform::db::Txn;

pub(in super::super) async fn all(connection: &impl ConnectionTrait) -> Result<Vec<Model>, DbErr> {
    Entity::find().all(connection).await
}

pub(in super::super) async fn set(
    txn: &Txn,
    class: &str,
    days: i32,
    by: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::insert(ActiveModel {
        class: Set(class.to_owned()),
        days: Set(days),
        updated_at: Set(now),
        updated_by: Set(by),
    })
    .on_conflict(
        OnConflict::column(Column::Class)
            .update_columns([Column::Days, Column::UpdatedAt, Column::UpdatedBy])
            .to_owned(),
    )
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

pub(in super::super) async fn of(txn: &Txn, class: &str) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(class.to_owned()).one(txn).await
}

pub(in super::super) async fn reset(txn: &Txn, class: &str) -> Result<(), DbErr> {
    Entity::delete_by_id(class.to_owned()).exec(txn).await?;
    Ok(())
}
