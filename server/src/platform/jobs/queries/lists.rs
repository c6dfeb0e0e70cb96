//! Lists and counts of jobs. Counts stop at a bound: no statement here walks the whole table.

use chrono::{DateTime, Utc};
use entities::{
    JobId, JobState,
    jobs::{job, job_event},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, FromQueryResult, Order,
    QueryFilter, QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Alias, Asterisk, Expr, Func, IntoCondition, Query, SimpleExpr},
};

use crate::platform::jobs::{
    filter::{JobFilter, JobPosition, JobSort, JobSortField, ShownState, SortValue},
    state::is_ended,
};

/// Jobs that match, in order, after a place in it.
pub(in super::super) async fn page(
    connection: &impl ConnectionTrait,
    filter: &JobFilter,
    sort: JobSort,
    after: Option<&JobPosition>,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<Vec<job::Model>, DbErr> {
    let order = if sort.descending {
        Order::Desc
    } else {
        Order::Asc
    };
    let mut query = matching(filter, now);
    if let Some(after) = after {
        let row = Expr::tuple([column(sort.field), Expr::col(job::Column::Id)]);
        let place = Expr::tuple([value(&after.value), Expr::value(after.id)]);
        query = query.filter(if sort.descending {
            row.lt(place)
        } else {
            row.gt(place)
        });
    }
    query
        .order_by(column(sort.field), order.clone())
        .order_by(job::Column::Id, order)
        .limit(limit)
        .all(connection)
        .await
}

/// The keys and `rev`s of at most `limit` jobs that match, the oldest first.
pub(in super::super) async fn keys(
    connection: &impl ConnectionTrait,
    filter: &JobFilter,
    limit: u64,
    now: DateTime<Utc>,
) -> Result<Vec<JobId>, DbErr> {
    matching(filter, now)
        .select_only()
        .column(job::Column::Id)
        .order_by_asc(job::Column::CreatedAt)
        .order_by_asc(job::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await
}

/// How many jobs match, counted to `bound` and no further.
pub(in super::super) async fn count(
    connection: &impl ConnectionTrait,
    filter: &JobFilter,
    bound: u64,
    now: DateTime<Utc>,
) -> Result<u64, DbErr> {
    count_of(connection, matching(filter, now), bound).await
}

/// How many of the rows a selection has, counted to `bound`.
async fn count_of(
    connection: &impl ConnectionTrait,
    rows: Select<job::Entity>,
    bound: u64,
) -> Result<u64, DbErr> {
    let rows = rows
        .select_only()
        .expr(Expr::value(1))
        .limit(bound)
        .into_query();
    let counting = Query::select()
        .expr_as(Func::count(Expr::col(Asterisk)), Alias::new("number"))
        .from_subquery(rows, Alias::new("bounded"))
        .to_owned();
    let row = connection.query_one(&counting).await?;
    let number: i64 = row
        .map(|row| row.try_get("", "number"))
        .transpose()?
        .unwrap_or(0);
    Ok(u64::try_from(number).unwrap_or(0))
}

/// How many jobs stand in a stored state, counted to `bound`.
pub(in super::super) async fn count_in_state(
    connection: &impl ConnectionTrait,
    state: JobState,
    bound: u64,
) -> Result<u64, DbErr> {
    let rows = job::Entity::find().filter(job::Column::State.eq(state));
    count_of(connection, rows, bound).await
}

/// How many jobs of a kind failed and were not replayed, counted to `bound`.
pub(in super::super) async fn count_dead(
    connection: &impl ConnectionTrait,
    kind: &str,
    bound: u64,
) -> Result<u64, DbErr> {
    let rows = job::Entity::find()
        .filter(job::Column::Kind.eq(kind))
        .filter(dead());
    count_of(connection, rows, bound).await
}

/// How many jobs ended in a state within a time, counted to `bound`.
pub(in super::super) async fn count_finished(
    connection: &impl ConnectionTrait,
    state: JobState,
    from: DateTime<Utc>,
    before: DateTime<Utc>,
    bound: u64,
) -> Result<u64, DbErr> {
    let rows = job::Entity::find()
        .filter(job::Column::FinishedAt.gte(from))
        .filter(job::Column::FinishedAt.lt(before))
        .filter(beside_the_index(job::Column::State).eq(state));
    count_of(connection, rows, bound).await
}

/// How many jobs were added within a time, counted to `bound`.
pub(in super::super) async fn count_added(
    connection: &impl ConnectionTrait,
    from: DateTime<Utc>,
    before: DateTime<Utc>,
    bound: u64,
) -> Result<u64, DbErr> {
    let rows = job::Entity::find()
        .filter(job::Column::CreatedAt.gte(from))
        .filter(job::Column::CreatedAt.lt(before));
    count_of(connection, rows, bound).await
}

#[derive(FromQueryResult)]
struct Kind {
    kind: String,
}

/// Every kind that has a row, known or not: one step along the index for each.
pub(in super::super) async fn kinds(
    connection: &impl ConnectionTrait,
) -> Result<Vec<String>, DbErr> {
    let sql = "WITH RECURSIVE seen(kind) AS (\
                 SELECT min(kind) FROM jobs \
                 UNION ALL \
                 SELECT (SELECT min(kind) FROM jobs WHERE kind > seen.kind) \
                 FROM seen WHERE seen.kind IS NOT NULL) \
               SELECT kind FROM seen WHERE kind IS NOT NULL";
    let statement = sea_orm::Statement::from_string(connection.get_database_backend(), sql);
    let kinds = Kind::find_by_statement(statement).all(connection).await?;
    Ok(kinds.into_iter().map(|row| row.kind).collect())
}

/// When a job was ready, begun and over; its latest run.
pub(in super::super) type Times = (DateTime<Utc>, Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The times of the jobs of a kind that ended last.
pub(in super::super) async fn latest_times(
    connection: &impl ConnectionTrait,
    kind: &str,
    since: DateTime<Utc>,
    limit: u64,
) -> Result<Vec<Times>, DbErr> {
    job::Entity::find()
        .select_only()
        .columns([
            job::Column::RunAt,
            job::Column::LeasedAt,
            job::Column::FinishedAt,
        ])
        .filter(job::Column::Kind.eq(kind))
        .filter(job::Column::FinishedAt.gte(since))
        .order_by_desc(job::Column::FinishedAt)
        .limit(limit)
        .into_tuple()
        .all(connection)
        .await
}

/// How many jobs of a kind ended in a state since an instant, counted to `bound`.
pub(in super::super) async fn count_finished_of_kind(
    connection: &impl ConnectionTrait,
    kind: &str,
    state: JobState,
    since: DateTime<Utc>,
    bound: u64,
) -> Result<u64, DbErr> {
    let rows = job::Entity::find()
        .filter(job::Column::Kind.eq(kind))
        .filter(job::Column::FinishedAt.gte(since))
        .filter(beside_the_index(job::Column::State).eq(state));
    count_of(connection, rows, bound).await
}

/// Lines of a job's log after a line, in order.
pub(in super::super) async fn events_after(
    connection: &impl ConnectionTrait,
    id: JobId,
    after: i64,
    limit: u64,
) -> Result<Vec<job_event::Model>, DbErr> {
    job_event::Entity::find()
        .filter(job_event::Column::JobId.eq(id))
        .filter(job_event::Column::Id.gt(after))
        .order_by_asc(job_event::Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// The newest lines of a job's log, in order.
pub(in super::super) async fn newest_events(
    connection: &impl ConnectionTrait,
    id: JobId,
    limit: u64,
) -> Result<Vec<job_event::Model>, DbErr> {
    let mut newest = job_event::Entity::find()
        .filter(job_event::Column::JobId.eq(id))
        .order_by_desc(job_event::Column::Id)
        .limit(limit)
        .all(connection)
        .await?;
    newest.reverse();
    Ok(newest)
}

/// Jobs by their keys.
pub(in super::super) async fn by_ids(
    connection: &impl ConnectionTrait,
    ids: &[JobId],
) -> Result<Vec<job::Model>, DbErr> {
    job::Entity::find()
        .filter(job::Column::Id.is_in(ids.iter().copied()))
        .all(connection)
        .await
}

fn matching(filter: &JobFilter, now: DateTime<Utc>) -> Select<job::Entity> {
    let mut all = Condition::all();
    if !filter.states.is_empty() {
        let any = filter.states.iter().fold(Condition::any(), |any, state| {
            any.add(is_shown(*state, now))
        });
        all = all.add(any);
    }
    if !filter.kinds.is_empty() {
        let few = !filter.states.is_empty()
            && filter.states.iter().all(|state| !is_ended(state.stored()));
        let kind = if few {
            beside_the_index(job::Column::Kind)
        } else {
            Expr::col(job::Column::Kind)
        };
        all = all.add(kind.is_in(&filter.kinds));
    }
    if let Some(user) = filter.user_id {
        all = all.add(job::Column::UserId.eq(user));
    }
    if !filter.error_classes.is_empty() {
        all = all.add(job::Column::ErrorClass.is_in(&filter.error_classes));
    }
    if filter.dead_letters {
        all = all.add(dead());
    }
    let times = [
        filter.created_from.map(|at| job::Column::CreatedAt.gte(at)),
        filter
            .created_before
            .map(|at| job::Column::CreatedAt.lt(at)),
        filter
            .finished_from
            .map(|at| job::Column::FinishedAt.gte(at)),
        filter
            .finished_before
            .map(|at| job::Column::FinishedAt.lt(at)),
    ];
    for time in times.into_iter().flatten() {
        all = all.add(time);
    }
    job::Entity::find().filter(all)
}

/// A column that a statement does not look up by, where another one leaves less to look through:
/// SQLite takes the first that is asked to equal something.
fn beside_the_index(column: job::Column) -> SimpleExpr {
    Func::coalesce([Expr::col(column), Expr::value("")]).into()
}

/// Failed and not replayed, in the words of the index of these.
fn dead() -> SimpleExpr {
    Expr::cust("state = 'failed' AND replayed_by IS NULL")
}

fn is_shown(state: ShownState, now: DateTime<Utc>) -> Condition {
    let stored = job::Column::State.eq(state.stored()).into_condition();
    let retrying = || {
        Condition::all()
            .add(job::Column::Attempts.gt(0))
            .add(job::Column::RunAt.gt(now))
    };
    match state {
        ShownState::Retrying => stored.add(retrying()),
        ShownState::Queued => stored.add(retrying().not()),
        _ => stored,
    }
}

fn column(field: JobSortField) -> SimpleExpr {
    let or_never = |column| {
        Func::coalesce([Expr::col(column), Expr::value(DateTime::<Utc>::UNIX_EPOCH)]).into()
    };
    match field {
        JobSortField::CreatedAt => Expr::col(job::Column::CreatedAt),
        JobSortField::UpdatedAt => Expr::col(job::Column::UpdatedAt),
        JobSortField::StartedAt => or_never(job::Column::StartedAt),
        JobSortField::FinishedAt => or_never(job::Column::FinishedAt),
        JobSortField::RunAfter => Expr::col(job::Column::RunAt),
        JobSortField::Priority => Expr::col(job::Column::Priority),
        JobSortField::Attempt => Expr::col(job::Column::Attempts),
        JobSortField::Kind => Expr::col(job::Column::Kind),
        JobSortField::State => Expr::col(job::Column::State),
    }
}

fn value(value: &SortValue) -> SimpleExpr {
    match value {
        SortValue::Instant(at) => Expr::value(*at),
        SortValue::Number(number) => Expr::value(*number),
        SortValue::Word(word) => Expr::value(word.as_str()),
    }
}
