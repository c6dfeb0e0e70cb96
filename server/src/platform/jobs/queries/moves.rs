//! Changes of a job's row, each on a condition, so that of two that race one finds nothing to change.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{JobId, JobState, UserId, jobs::job};
use sea_orm::{
    ColumnTrait, Condition, DbErr, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect, Select, UpdateMany,
    prelude::Json,
    sea_query::{Expr, Func, SimpleExpr},
};
use uuid::Uuid;

use super::{announce, log, log_act, wake_others};
use crate::platform::{
    db::Txn,
    jobs::{
        Subject,
        state::{self, Transition},
    },
};

/// A run of a job by one worker: what completion is conditional on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Run {
    pub(in super::super) id: JobId,
    pub(in super::super) claim: i64,
    pub(in super::super) process_id: Uuid,
}

/// Which row a move is for, and what must still be true of it.
#[derive(Clone, Copy)]
pub(in super::super) enum Guard {
    /// The run that is ending.
    Held(Run),
    /// The lease with this claim, if it ran out before this instant.
    Lost {
        id: JobId,
        claim: i64,
        before: DateTime<Utc>,
    },
    /// Nobody is working on it.
    Waiting(JobId),
}

/// What a move writes besides the state.
#[derive(Clone, Default)]
pub(in super::super) struct Write {
    /// Only if nobody has asked for the job's end: a job that goes on must not forget that.
    pub(in super::super) unless_cancelled: bool,
    /// When the job may run, if it goes back to the queue.
    pub(in super::super) run_at: Option<DateTime<Utc>>,
    pub(in super::super) error: Option<(&'static str, String)>,
    /// Counts one more error.
    pub(in super::super) attempt: bool,
    /// Counts one more lost lease.
    pub(in super::super) rescue: bool,
    /// Whose act it is; none: the engine's own.
    pub(in super::super) actor: Option<UserId>,
    /// What the job waits for from now on.
    pub(in super::super) prompt: Option<String>,
    /// What a person gave it.
    pub(in super::super) input: Option<Json>,
}

/// Moves the job and logs it. `None`: the guard did not hold and nothing has changed.
pub(in super::super) async fn apply(
    txn: &Txn,
    guard: Guard,
    transition: Transition,
    write: &Write,
    now: DateTime<Utc>,
) -> Result<Option<job::Model>, DbErr> {
    let to = transition.to();
    let mut update = guarded(guard, transition)
        .col_expr(job::Column::State, Expr::value(to))
        .col_expr(job::Column::UpdatedAt, Expr::value(now))
        .col_expr(job::Column::Rev, Expr::col(job::Column::Rev).add(1))
        .col_expr(job::Column::LeaseUntil, Expr::value(None::<DateTime<Utc>>))
        .col_expr(job::Column::ProcessId, Expr::value(None::<Uuid>));
    if write.unless_cancelled {
        update = update.filter(job::Column::CancelRequestedAt.is_null());
    }
    if state::is_ended(to) {
        update = update.col_expr(job::Column::FinishedAt, Expr::value(now));
    }
    if to == JobState::Succeeded {
        update = update
            .col_expr(job::Column::Progress, Expr::value(1.0_f64))
            .col_expr(job::Column::ErrorClass, Expr::value(None::<String>))
            .col_expr(job::Column::ErrorMessage, Expr::value(None::<String>));
    }
    if let Some(run_at) = write.run_at {
        update = update.col_expr(job::Column::RunAt, Expr::value(run_at));
    }
    if let Some((class, message)) = &write.error {
        update = update
            .col_expr(job::Column::ErrorClass, Expr::value(*class))
            .col_expr(job::Column::ErrorMessage, Expr::value(message.as_str()));
    }
    if let Some(prompt) = &write.prompt {
        update = update
            .col_expr(job::Column::InputPrompt, Expr::value(prompt.as_str()))
            .col_expr(job::Column::Input, Expr::value(None::<Json>));
    }
    if let Some(input) = &write.input {
        update = update
            .col_expr(job::Column::InputPrompt, Expr::value(None::<String>))
            .col_expr(job::Column::Input, Expr::value(input.clone()));
    }
    if write.attempt {
        update = update.col_expr(job::Column::Attempts, one_more(job::Column::Attempts));
    }
    if write.rescue {
        update = update.col_expr(job::Column::Rescues, one_more(job::Column::Rescues));
    }
    let moved = update.exec_with_returning(txn).await?.into_iter().next();
    if let Some(job) = &moved {
        log_act(txn, transition.event(), job, write.actor, now).await?;
        announce(txn, job);
        if to == JobState::Queued {
            wake_others(txn).await?;
        }
    }
    Ok(moved)
}

fn one_more(column: job::Column) -> SimpleExpr {
    Expr::col(column).add(1)
}

fn guarded(guard: Guard, transition: Transition) -> UpdateMany<job::Entity> {
    let from = transition.from().iter().copied();
    match guard {
        Guard::Held(run) => held(run),
        Guard::Lost { id, claim, before } => job::Entity::update_many()
            .filter(job::Column::Id.eq(id))
            .filter(job::Column::Claim.eq(claim))
            .filter(job::Column::LeaseUntil.lt(before))
            .filter(job::Column::State.eq(JobState::Running)),
        Guard::Waiting(id) => job::Entity::update_many()
            .filter(job::Column::Id.eq(id))
            .filter(job::Column::State.is_in(from.filter(|state| state::WAITING.contains(state)))),
    }
}

/// The row while this run holds it.
fn held(run: Run) -> UpdateMany<job::Entity> {
    job::Entity::update_many()
        .filter(job::Column::Id.eq(run.id))
        .filter(job::Column::Claim.eq(run.claim))
        .filter(job::Column::ProcessId.eq(run.process_id))
        .filter(job::Column::State.eq(JobState::Running))
}

/// Asks for the end of a running job. `None`: it is not running.
pub(in super::super) async fn request_cancel(
    txn: &Txn,
    id: JobId,
    actor: Option<UserId>,
    now: DateTime<Utc>,
) -> Result<Option<job::Model>, DbErr> {
    let asked = Func::coalesce([Expr::col(job::Column::CancelRequestedAt), Expr::value(now)]);
    let running = job::Entity::update_many()
        .col_expr(job::Column::CancelRequestedAt, asked.into())
        .col_expr(job::Column::UpdatedAt, Expr::value(now))
        .col_expr(job::Column::Rev, Expr::col(job::Column::Rev).add(1))
        .filter(job::Column::Id.eq(id))
        .filter(job::Column::State.eq(JobState::Running))
        .exec_with_returning(txn)
        .await?
        .into_iter()
        .next();
    if let Some(job) = &running {
        log_act(txn, state::CANCEL_REQUESTED, job, actor, now).await?;
        announce(txn, job);
        wake_others(txn).await?;
    }
    Ok(running)
}

/// What a running handler reports about itself.
#[derive(Clone, Default)]
pub(in super::super) struct Report {
    pub(in super::super) progress: Option<f64>,
    pub(in super::super) stage: Option<&'static str>,
    pub(in super::super) checkpoint: Option<Json>,
}

/// Writes a report. False: the lease is lost and nothing was written.
pub(in super::super) async fn report(
    txn: &Txn,
    run: Run,
    report: &Report,
    now: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let mut update = held(run)
        .col_expr(job::Column::UpdatedAt, Expr::value(now))
        .col_expr(job::Column::Rev, Expr::col(job::Column::Rev).add(1));
    if let Some(progress) = report.progress {
        update = update.col_expr(job::Column::Progress, Expr::value(progress));
    }
    if let Some(stage) = report.stage {
        update = update.col_expr(job::Column::Stage, Expr::value(stage));
    }
    if let Some(checkpoint) = &report.checkpoint {
        update = update.col_expr(job::Column::Checkpoint, Expr::value(checkpoint.clone()));
    }
    let written = update.exec_with_returning(txn).await?.into_iter().next();
    if let Some(job) = &written {
        if report.stage.is_some() {
            log(txn, state::STAGE, job, now).await?;
        }
        announce(txn, job);
    }
    Ok(written.is_some())
}

/// The jobs about a subject that are not over, of one kind or of all.
pub(in super::super) async fn open_for_subject(
    txn: &Txn,
    subject: Subject,
    kind: Option<&str>,
) -> Result<Vec<JobId>, DbErr> {
    let mut open = job::Entity::find()
        .select_only()
        .column(job::Column::Id)
        .filter(job::Column::SubjectType.eq(subject.kind))
        .filter(job::Column::SubjectId.eq(subject.id))
        .filter(job::Column::State.is_not_in(state::ENDED.iter().copied()))
        .order_by_asc(job::Column::Id);
    if let Some(kind) = kind {
        open = open.filter(job::Column::Kind.eq(kind));
    }
    open.into_tuple().all(txn).await
}

/// Jobs that wait for money: of one user or of all, since before an instant.
#[derive(Clone, Copy)]
pub(in super::super) struct Waiting {
    user: Option<UserId>,
    since_before: DateTime<Utc>,
}

impl Waiting {
    pub(in super::super) fn of_all(since_before: DateTime<Utc>) -> Self {
        Self {
            user: None,
            since_before,
        }
    }

    /// Those of a user that wait at `now`.
    pub(in super::super) fn of(user: UserId, now: DateTime<Utc>) -> Self {
        Self {
            user: Some(user),
            since_before: now + TimeDelta::microseconds(1),
        }
    }

    fn find(self) -> Select<job::Entity> {
        let user = self.user.map(|user| job::Column::UserId.eq(user));
        let these = Condition::all()
            .add(job::Column::State.eq(JobState::AwaitingBudget))
            .add(job::Column::UpdatedAt.lt(self.since_before))
            .add_option(user);
        job::Entity::find().filter(these)
    }
}

pub(in super::super) async fn awaiting_budget(
    txn: &Txn,
    which: Waiting,
    limit: u64,
) -> Result<Vec<JobId>, DbErr> {
    which
        .find()
        .select_only()
        .column(job::Column::Id)
        .order_by_asc(job::Column::Id)
        .limit(limit)
        .into_tuple()
        .all(txn)
        .await
}

pub(in super::super) async fn count_awaiting_budget(
    txn: &Txn,
    which: Waiting,
) -> Result<u64, DbErr> {
    which.find().count(txn).await
}
