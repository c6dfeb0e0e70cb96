//! Sums for consoles.

use entities::{
    HoldId, HoldState, JobId, Nanos,
    money::{hold, ledger_entry, period},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QueryOrder, QuerySelect, sea_query::Expr,
};

/// Everybody's month: spent, reserved.
pub(in crate::platform::budgets) async fn month(
    connection: &impl ConnectionTrait,
    month: &str,
) -> Result<(Nanos, Nanos), DbErr> {
    let sums: Option<(Option<i64>, Option<i64>)> = period::Entity::find()
        .select_only()
        .column_as(Expr::cust("CAST(SUM(spent_nanos) AS BIGINT)"), "spent")
        .column_as(
            Expr::cust("CAST(SUM(reserved_nanos) AS BIGINT)"),
            "reserved",
        )
        .filter(period::Column::Month.eq(month))
        .filter(period::Column::UserId.is_not_null())
        .into_tuple()
        .one(connection)
        .await?;
    let (spent, reserved) = sums.unwrap_or_default();
    Ok((
        Nanos(spent.unwrap_or_default()),
        Nanos(reserved.unwrap_or_default()),
    ))
}

/// Users' periods of a month, the dearest first.
pub(in crate::platform::budgets) async fn dearest(
    connection: &impl ConnectionTrait,
    month: &str,
    limit: u64,
) -> Result<Vec<period::Model>, DbErr> {
    period::Entity::find()
        .filter(period::Column::Month.eq(month))
        .filter(period::Column::UserId.is_not_null())
        .filter(period::Column::SpentNanos.gt(0))
        .order_by_desc(period::Column::SpentNanos)
        .order_by_asc(period::Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// Users' periods of a month of whose limit four fifths are spent or reserved, the dearest first.
pub(in crate::platform::budgets) async fn near_limit(
    connection: &impl ConnectionTrait,
    month: &str,
    limit: u64,
) -> Result<Vec<period::Model>, DbErr> {
    let used = Expr::col(period::Column::SpentNanos).add(Expr::col(period::Column::ReservedNanos));
    let most = Expr::col(period::Column::LimitNanos).div(5).mul(4);
    period::Entity::find()
        .filter(period::Column::Month.eq(month))
        .filter(period::Column::UserId.is_not_null())
        .filter(period::Column::LimitNanos.gt(0))
        .filter(used.gte(most))
        .order_by_desc(period::Column::SpentNanos)
        .limit(limit)
        .all(connection)
        .await
}

/// The holds of these jobs.
pub(in crate::platform::budgets) async fn holds_of_jobs(
    connection: &impl ConnectionTrait,
    jobs: &[JobId],
) -> Result<Vec<hold::Model>, DbErr> {
    hold::Entity::find()
        .filter(hold::Column::JobId.is_in(jobs.iter().copied()))
        .order_by_asc(hold::Column::Id)
        .all(connection)
        .await
}

/// What was charged for these jobs.
pub(in crate::platform::budgets) async fn charged_for_jobs(
    connection: &impl ConnectionTrait,
    jobs: &[JobId],
) -> Result<Vec<(JobId, i64)>, DbErr> {
    ledger_entry::Entity::find()
        .select_only()
        .column(ledger_entry::Column::JobId)
        .column_as(Expr::cust("CAST(SUM(amount_nanos) AS BIGINT)"), "charged")
        .filter(ledger_entry::Column::JobId.is_in(jobs.iter().copied()))
        .group_by(ledger_entry::Column::JobId)
        .into_tuple()
        .all(connection)
        .await
}

/// Holds of answers under way, in any process.
pub(in crate::platform::budgets) async fn open_answers(
    connection: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<hold::Model>, DbErr> {
    hold::Entity::find()
        .filter(
            Condition::all()
                .add(hold::Column::State.is_in([HoldState::Open, HoldState::Sent]))
                .add(hold::Column::StreamId.is_not_null()),
        )
        .order_by_asc(hold::Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// What is or was reserved by these holds, in sum.
pub(in crate::platform::budgets) async fn sum_of_holds(
    connection: &impl ConnectionTrait,
    holds: &[HoldId],
) -> Result<Nanos, DbErr> {
    let sum: Option<Option<i64>> = hold::Entity::find()
        .select_only()
        .column_as(Expr::cust("CAST(SUM(amount_nanos) AS BIGINT)"), "sum")
        .filter(hold::Column::Id.is_in(holds.iter().copied()))
        .into_tuple()
        .one(connection)
        .await?;
    Ok(Nanos(sum.flatten().unwrap_or_default()))
}
