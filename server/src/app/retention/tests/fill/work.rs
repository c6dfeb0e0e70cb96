//! Something in every table of work.

use entities::{
    JobId, JobState, ProcessKind,
    jobs::{job, job_event, job_preview, lease, process, schedule_run},
};
use sea_orm::{ActiveValue::Set, DbErr, EntityTrait};
use serde_json::json;

use super::{super::noon, Person};
use crate::platform::db::Txn;

pub(super) async fn fill(txn: &Txn, person: Person) -> Result<(), DbErr> {
    for (number, state) in [
        (1, JobState::Succeeded),
        (2, JobState::Queued),
        (3, JobState::Failed),
    ] {
        add_job(txn, person, number, state).await?;
    }
    process::Entity::insert(process::ActiveModel {
        id: Set(person.uuid(9)),
        kind: Set(ProcessKind::Worker),
        host: Set("host".to_owned()),
        pid: Set(1),
        version: Set("1".to_owned()),
        started_at: Set(person.at),
        heartbeat_at: Set(person.at),
        stopped_at: Set(Some(person.at)),
    })
    .exec_without_returning(txn)
    .await?;
    schedule_run::Entity::insert(schedule_run::ActiveModel {
        name: Set(format!("schedule-{}", person.id)),
        tick_at: Set(person.at),
        job_id: Set(Some(JobId(person.uuid(1)))),
        created_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    job_preview::Entity::insert(job_preview::ActiveModel {
        id: Set(person.uuid(8)),
        action: Set("cancel".to_owned()),
        actor_user_id: Set(person.id),
        rows: Set(json!([])),
        created_at: Set(person.at),
        expires_at: Set(person.at),
    })
    .exec_without_returning(txn)
    .await?;
    lease::Entity::insert(lease::ActiveModel {
        name: Set(format!("duty-{}", person.id)),
        holder: Set(person.uuid(9)),
        until: Set(person.at),
        last_at: Set(Some(person.at)),
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

/// A job in a state, with a line in its log. One that runs is the work of the person's process.
pub(in super::super) async fn add_job(
    txn: &Txn,
    person: Person,
    number: u128,
    state: JobState,
) -> Result<(), DbErr> {
    let id = JobId(person.uuid(number));
    let running = state == JobState::Running;
    let ended = !running && state != JobState::Queued;
    job::Entity::insert(job::ActiveModel {
        id: Set(id),
        kind: Set("idle".to_owned()),
        user_id: Set(Some(person.id)),
        parameters: Set(json!({ "for": person.text("job") })),
        state: Set(state),
        priority: Set(1),
        run_at: Set(person.at),
        claim: Set(1),
        attempts: Set(0),
        max_attempts: Set(3),
        rescues: Set(0),
        lease_until: Set(running.then(noon)),
        process_id: Set(running.then(|| person.uuid(9))),
        progress: Set(0.0),
        checkpoint: Set(Some(json!({ "at": person.text("checkpoint") }))),
        error_message: Set(Some(person.text("message"))),
        created_at: Set(person.at),
        finished_at: Set(ended.then_some(person.at)),
        updated_at: Set(person.at),
        rev: Set(1),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    job_event::Entity::insert(job_event::ActiveModel {
        job_id: Set(id),
        event: Set("enqueued".to_owned()),
        claim: Set(1),
        attempt: Set(0),
        message: Set(Some(person.text("event"))),
        actor_user_id: Set(Some(person.id)),
        created_at: Set(person.at),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}
