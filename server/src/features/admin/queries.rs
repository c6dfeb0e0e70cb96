//! Every statement on the tables of administration: settings, answers, previews.

use chrono::{DateTime, Utc};
use entities::{
    UserId,
    governance::{account_preview, act_answer, app_setting},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QuerySelect, QueryTrait, Select,
    sea_query::{Expr, OnConflict},
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

/// Takes an idempotency key; answers the row of an earlier request that holds it.
pub(super) async fn begin_act(
    txn: &Txn,
    new: &act_answer::Model,
) -> Result<Option<act_answer::Model>, DbErr> {
    use act_answer::Column;
    act_answer::Entity::delete_many()
        .filter(Column::ActorUserId.eq(new.actor_user_id))
        .filter(Column::ExpiresAt.lt(new.created_at))
        .exec(txn)
        .await?;
    let held = act_answer::Entity::find()
        .filter(Column::ActorUserId.eq(new.actor_user_id))
        .filter(Column::Key.eq(new.key.as_str()))
        .one(txn)
        .await?;
    if held.is_some() {
        return Ok(held);
    }
    act_answer::Entity::insert(act_answer::ActiveModel {
        id: NotSet,
        ..act_answer::ActiveModel::from(new.clone()).reset_all()
    })
    .exec_without_returning(txn)
    .await?;
    Ok(None)
}

/// Keeps what an act answered, or gives its key back.
pub(super) async fn finish_act(
    txn: &Txn,
    actor: UserId,
    key: &str,
    outcome: Option<&(String, Option<i64>)>,
) -> Result<(), DbErr> {
    use act_answer::Column;
    let of_key = Condition::all()
        .add(Column::ActorUserId.eq(actor))
        .add(Column::Key.eq(key));
    if let Some((text, audit_id)) = outcome {
        act_answer::Entity::update_many()
            .col_expr(Column::Outcome, Expr::value(text.as_str()))
            .col_expr(Column::AuditId, Expr::value(*audit_id))
            .filter(of_key)
            .exec(txn)
            .await?;
    } else {
        act_answer::Entity::delete_many()
            .filter(of_key)
            .exec(txn)
            .await?;
    }
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

/// Answers and previews that ceased to count.
pub(super) fn expired() -> Vec<Expiring> {
    vec![
        Expiring::of("act_answers", "expires_at < $1")
            .at("created_at")
            .user("actor_user_id")
            .texts(&["key", "fingerprint", "outcome"]),
        Expiring::of("account_previews", "expires_at < $1")
            .at("created_at")
            .user("actor_user_id")
            .texts(&["action"]),
    ]
}

/// Deletes up to `limit` of a user's answers and previews each.
pub(super) async fn erase(txn: &Txn, user: UserId, limit: u64) -> Result<u64, DbErr> {
    let answers = act_answer::Entity::find().filter(act_answer::Column::ActorUserId.eq(user));
    let previews =
        account_preview::Entity::find().filter(account_preview::Column::ActorUserId.eq(user));
    delete(txn, answers, previews, limit).await
}

/// How many of a user's answers and previews are left.
pub(super) async fn remaining(db: &impl ConnectionTrait, user: UserId) -> Result<u64, DbErr> {
    let answers = act_answer::Entity::find()
        .filter(act_answer::Column::ActorUserId.eq(user))
        .count(db)
        .await?;
    let previews = account_preview::Entity::find()
        .filter(account_preview::Column::ActorUserId.eq(user))
        .count(db)
        .await?;
    Ok(answers + previews)
}

async fn delete(
    txn: &Txn,
    answers: Select<act_answer::Entity>,
    previews: Select<account_preview::Entity>,
    limit: u64,
) -> Result<u64, DbErr> {
    let answers = answers
        .select_only()
        .column(act_answer::Column::Id)
        .limit(limit)
        .into_query();
    let answers = act_answer::Entity::delete_many()
        .filter(act_answer::Column::Id.in_subquery(answers))
        .exec(txn)
        .await?;
    let previews = previews
        .select_only()
        .column(account_preview::Column::Id)
        .limit(limit)
        .into_query();
    let previews = account_preview::Entity::delete_many()
        .filter(account_preview::Column::Id.in_subquery(previews))
        .exec(txn)
        .await?;
    Ok(answers.rows_affected + previews.rows_affected)
}
