//! Ticks of schedules that were taken.

use chrono::{DateTime, Utc};
use entities::{JobId, jobs::schedule_run};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder,
    sea_query::{Expr, OnConflict},
};

use crate::platform::db::Txn;

/// A tick of a schedule.
#[derive(Clone, Copy)]
pub(in super::super) struct TickOf {
    pub(in super::super) name: &'static str,
    pub(in super::super) at: DateTime<Utc>,
    pub(in super::super) now: DateTime<Utc>,
}

/// The tick that was taken last.
pub(in super::super) async fn last(
    connection: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<schedule_run::Model>, DbErr> {
    schedule_run::Entity::find()
        .filter(schedule_run::Column::Name.eq(name))
        .order_by_desc(schedule_run::Column::TickAt)
        .one(connection)
        .await
}

/// Takes a tick. False: somebody has it.
pub(in super::super) async fn take(txn: &Txn, tick: TickOf) -> Result<bool, DbErr> {
    let row = schedule_run::ActiveModel {
        name: Set(tick.name.to_owned()),
        tick_at: Set(tick.at),
        job_id: Set(None),
        created_at: Set(tick.now),
    };
    let inserted = schedule_run::Entity::insert(row)
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Ok(inserted == 1)
}

/// Notes the job that a tick added.
pub(in super::super) async fn name_job(txn: &Txn, tick: TickOf, job: JobId) -> Result<(), DbErr> {
    schedule_run::Entity::update_many()
        .col_expr(schedule_run::Column::JobId, Expr::value(job))
        .filter(schedule_run::Column::Name.eq(tick.name))
        .filter(schedule_run::Column::TickAt.eq(tick.at))
        .exec(txn)
        .await?;
    Ok(())
}
