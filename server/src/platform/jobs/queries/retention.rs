//! The statements by which ended jobs go. Their events go with them, by the database's own rule.

use entities::{
    JobId, UserId,
    jobs::{job, job_event},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, QueryTrait, Select, sea_query::Expr,
};

use crate::platform::{db::Txn, jobs::state, retention::Expiring};

/// The log of jobs that ended long ago, those jobs, old ticks of schedules, and processes that
/// stopped long ago. One that was
/// taken for dead and still works is not stopped.
pub(in super::super) fn ended_work() -> Vec<Expiring> {
    let over = ended_states();
    let old = format!("state IN ({over}) AND finished_at < $1");
    let at_work = format!(
        "SELECT 1 FROM jobs WHERE jobs.process_id = processes.id AND jobs.state NOT IN ({over})"
    );
    vec![
        Expiring::of(
            "job_events",
            format!("job_id IN (SELECT id FROM jobs WHERE {old})"),
        )
        .at("created_at")
        .texts(&["event", "message"]),
        Expiring::of("jobs", old)
            .at("finished_at")
            .user("user_id")
            .texts(&[
                "CAST(parameters AS TEXT)",
                "CAST(checkpoint AS TEXT)",
                "error_message",
            ]),
        Expiring::of("schedule_runs", "tick_at < $1")
            .key("(name, tick_at)")
            .at("tick_at")
            .texts(&["name"]),
        Expiring::of(
            "processes",
            format!("stopped_at < $1 AND NOT EXISTS ({at_work})"),
        )
        .held_back(format!("stopped_at < $1 AND EXISTS ({at_work})"))
        .at("stopped_at")
        .texts(&["host", "version"]),
    ]
}

/// SQL: whether some job that is not over is about the thing whose key stands in `id`, other than
/// jobs of one kind.
pub(crate) fn needed_by_a_job(subject: &str, id: &str, except: &str) -> String {
    let over = ended_states();
    format!(
        "EXISTS (SELECT 1 FROM jobs WHERE jobs.subject_type = '{subject}' \
         AND jobs.subject_id = {id} AND jobs.kind <> '{except}' AND jobs.state NOT IN ({over}))"
    )
}

/// As a list of SQL.
fn ended_states() -> String {
    let words: Vec<String> = state::ENDED
        .iter()
        .map(|state| format!("'{}'", state.as_str()))
        .collect();
    words.join(", ")
}

/// A page of a user's jobs, by their keys.
pub(in super::super) async fn page(
    connection: &impl ConnectionTrait,
    user: UserId,
    after: Option<JobId>,
    limit: u64,
) -> Result<Vec<job::Model>, DbErr> {
    let mut find = job::Entity::find()
        .filter(job::Column::UserId.eq(user))
        .order_by_asc(job::Column::Id)
        .limit(limit);
    if let Some(after) = after {
        find = find.filter(job::Column::Id.gt(after));
    }
    find.all(connection).await
}

/// Up to `limit` jobs of a user that are not over.
pub(in super::super) async fn unfinished(
    read: &impl ConnectionTrait,
    user: UserId,
    limit: u64,
) -> Result<Vec<job::Model>, DbErr> {
    job::Entity::find()
        .filter(job::Column::UserId.eq(user))
        .filter(job::Column::State.is_not_in(state::ENDED.iter().copied()))
        .limit(limit)
        .all(read)
        .await
}

/// Takes a user's name off the lines of others' jobs; answers how many.
pub(in super::super) async fn forget_actor(txn: &Txn, user: UserId) -> Result<u64, DbErr> {
    let forgotten = job_event::Entity::update_many()
        .col_expr(job_event::Column::ActorUserId, Expr::value(None::<UserId>))
        .filter(job_event::Column::ActorUserId.eq(user))
        .exec(txn)
        .await?;
    Ok(forgotten.rows_affected)
}

/// How many lines name a user.
pub(in super::super) async fn count_acts(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<u64, DbErr> {
    job_event::Entity::find()
        .filter(job_event::Column::ActorUserId.eq(user))
        .count(connection)
        .await
}

/// Deletes up to `limit` jobs of a user that are over.
pub(in super::super) async fn erase(txn: &Txn, user: UserId, limit: u64) -> Result<u64, DbErr> {
    delete(txn, ended().filter(job::Column::UserId.eq(user)), limit).await
}

pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<u64, DbErr> {
    job::Entity::find()
        .filter(job::Column::UserId.eq(user))
        .count(connection)
        .await
}

fn ended() -> Select<job::Entity> {
    job::Entity::find().filter(job::Column::State.is_in(state::ENDED.iter().copied()))
}

async fn delete(txn: &Txn, which: Select<job::Entity>, limit: u64) -> Result<u64, DbErr> {
    let ids = which
        .select_only()
        .column(job::Column::Id)
        .limit(limit)
        .into_query();
    let deleted = job::Entity::delete_many()
        .filter(job::Column::Id.in_subquery(ids))
        .exec(txn)
        .await?;
    Ok(deleted.rows_affected)
}
