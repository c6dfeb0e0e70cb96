//! Something in every table of governance.

use entities::{
    BackupKind, ExportState, JobId, RunCause, RunOutcome,
    governance::{backup_run, erasure_receipt, export, retention_override, retention_run},
};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait};

use super::Person;
use crate::platform::db::Txn;

pub(super) async fn fill(txn: &Txn, person: Person) -> Result<(), DbErr> {
    retention_override::Entity::insert(retention_override::ActiveModel {
        class: Set(format!("class-{}", person.id)),
        days: Set(1),
        updated_at: Set(person.at),
        updated_by: Set(Some(person.id)),
    })
    .exec_without_returning(txn)
    .await?;
    retention_run::Entity::insert(retention_run::ActiveModel {
        class: Set("chat".to_owned()),
        cause: Set(RunCause::Admin),
        job_id: Set(None),
        actor_user_id: Set(Some(person.id)),
        expired_before: Set(person.at),
        outcome: Set(RunOutcome::Ok),
        rows_deleted: Set(0),
        blobs_deleted: Set(0),
        bytes_deleted: Set(0),
        held_back: Set(0),
        started_at: Set(person.at),
        updated_at: Set(person.at),
        finished_at: Set(Some(person.at)),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    erasure_receipt::Entity::insert(erasure_receipt::ActiveModel {
        id: Set(person.uuid(20)),
        user_id: Set(person.id),
        actor_user_id: Set(Some(person.id)),
        begun_at: Set(person.at),
        finished_at: Set(person.at),
        erased: Set(0),
        remaining: Set(0),
        statement: Set("{}".to_owned()),
        signature: Set(String::new()),
    })
    .exec_without_returning(txn)
    .await?;
    backup_run::Entity::insert(backup_run::ActiveModel {
        kind: Set(BackupKind::Backup),
        size_bytes: Set(1),
        finished_at: Set(person.at),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    add_export(txn, person, None).await
}

/// An export; one with a file is ready.
pub(in super::super) async fn add_export(
    txn: &Txn,
    person: Person,
    file: Option<(String, i64)>,
) -> Result<(), DbErr> {
    let (key, size) = file.unzip();
    let ready = key.is_some();
    export::Entity::insert(export::ActiveModel {
        user_id: Set(person.id),
        requested_by: Set(Some(person.id)),
        job_id: Set(JobId(person.uuid(21))),
        state: Set(if ready {
            ExportState::Ready
        } else {
            ExportState::Pending
        }),
        blob_key: Set(key),
        size_bytes: Set(size),
        sha256: Set(None),
        created_at: Set(person.at),
        finished_at: Set(ready.then_some(person.at)),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}
