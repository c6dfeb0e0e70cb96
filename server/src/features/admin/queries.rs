//! Every statement on the table of settings.

use chrono::{DateTime, Utc};
use entities::{UserId, governance::app_setting};
use sea_orm::{ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait, sea_query::OnConflict};

use crate::platform::db::Txn;

/// Every setting that was ever changed.
pub(super) async fn settings(db: &impl ConnectionTrait) -> Result<Vec<app_setting::Model>, DbErr> {
    app_setting::Entity::find().all(db).await
}

/// Changes one setting.
pub(super) async fn put_setting(
    txn: &Txn,
    key: &str,
    value: &str,
    by: UserId,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    use app_setting::Column;
    let row = app_setting::ActiveModel {
        key: Set(key.to_owned()),
        value: Set(value.to_owned()),
        updated_at: Set(now),
        updated_by: Set(Some(by)),
    };
    app_setting::Entity::insert(row)
        .on_conflict(
            OnConflict::column(Column::Key)
                .update_columns([Column::Value, Column::UpdatedAt, Column::UpdatedBy])
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await?;
    Ok(())
}
