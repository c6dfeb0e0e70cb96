//! Every statement on the tables of administration: settings and previews.

use chrono::{DateTime, Utc};
use entities::{
    UserId,
    governance::{account_preview, app_setting},
};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectionTrait, DbErr, EntityTrait,
    QueryFilter, sea_query::OnConflict,
};
use uuid::Uuid;

use crate::platform::{db::Txn, retention::Expiring};

/// Every setting that was ever changed.
pub(super) async fn settings(db: &impl ConnectionTrait) -> Result<Vec<app_setting::Model>, DbErr> {
    app_setting::Entity::find().all(db).await
}

/// Changes one setting.
pub(super) async fn put_setting(txn: &Txn, row: app_setting::Model) -> Result<(), DbErr> {
    use app_setting::Column;
    let row = app_setting::ActiveModel {
        key: Set(row.key),
        value: Set(row.value),
        previous: Set(row.previous),
        updated_at: Set(row.updated_at),
        updated_by: Set(row.updated_by),
    };
    app_setting::Entity::insert(row)
        .on_conflict(
            OnConflict::column(Column::Key)
                .update_columns([
                    Column::Value,
                    Column::Previous,
                    Column::UpdatedAt,
                    Column::UpdatedBy,
                ])
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Lets a setting be as it is by default.
pub(super) async fn drop_setting(txn: &Txn, key: &str) -> Result<(), DbErr> {
    app_setting::Entity::delete_by_id(key.to_owned())
        .exec(txn)
        .await?;
    Ok(())
}

/// Keeps the users that an act was previewed for.
pub(super) async fn put_preview(txn: &Txn, preview: &account_preview::Model) -> Result<(), DbErr> {
    let preview = account_preview::ActiveModel::from(preview.clone()).reset_all();
    account_preview::Entity::insert(preview)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// The preview of a job.
pub(super) async fn preview(
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<account_preview::Model>, DbErr> {
    account_preview::Entity::find_by_id(id).one(db).await
}

/// Removes the preview of a job.
pub(super) async fn remove_preview(txn: &Txn, id: Uuid) -> Result<(), DbErr> {
    account_preview::Entity::delete_by_id(id).exec(txn).await?;
    Ok(())
}

/// Uses a preview up.
pub(super) async fn take_preview(
    txn: &Txn,
    id: Uuid,
    actor: UserId,
    now: DateTime<Utc>,
) -> Result<Option<account_preview::Model>, DbErr> {
    use account_preview::Column;
    let found = account_preview::Entity::find_by_id(id)
        .filter(Column::ActorUserId.eq(actor))
        .filter(Column::ExpiresAt.gt(now))
        .one(txn)
        .await?;
    if found.is_none() {
        return Ok(None);
    }
    let taken = account_preview::Entity::delete_by_id(id).exec(txn).await?;
    Ok(found.filter(|_| taken.rows_affected == 1))
}

/// Previews that ceased to count.
pub(super) fn expired() -> Expiring {
    Expiring::of("account_previews", "expires_at < $1")
        .at("created_at")
        .user("actor_user_id")
        .texts(&["action"])
}
