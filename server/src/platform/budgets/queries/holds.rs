//! Money reserved for single calls.

use chrono::{DateTime, Utc};
use entities::{
    HoldId, HoldState, Nanos, PeriodId,
    money::{
        hold::{self, Column, Entity},
        period,
    },
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    QueryTrait,
    sea_query::{CaseStatement, Expr, SimpleExpr},
};

use super::count;
use crate::platform::budgets::{Exposure, HoldRequest, Month};

/// What a hold's row holds besides its request.
pub(in crate::platform::budgets) struct NewHold {
    pub(in crate::platform::budgets) period_id: PeriodId,
    pub(in crate::platform::budgets) house_period_id: Option<PeriodId>,
    pub(in crate::platform::budgets) amount: Nanos,
    pub(in crate::platform::budgets) output_tokens: u64,
    pub(in crate::platform::budgets) lease_until: DateTime<Utc>,
    pub(in crate::platform::budgets) now: DateTime<Utc>,
}

/// A hold that money is still reserved for.
fn is_open() -> SimpleExpr {
    Column::State.is_in([HoldState::Open, HoldState::Sent])
}

pub(in crate::platform::budgets) async fn insert(
    connection: &impl ConnectionTrait,
    request: &HoldRequest,
    new: NewHold,
) -> Result<hold::Model, DbErr> {
    Entity::insert(hold::ActiveModel {
        id: NotSet,
        period_id: Set(new.period_id),
        house_period_id: Set(new.house_period_id),
        user_id: Set(request.user_id),
        amount_nanos: Set(new.amount),
        state: Set(if request.born_sent {
            HoldState::Sent
        } else {
            HoldState::Open
        }),
        kind: Set(request.kind.as_str().into()),
        provider: Set(request.provider.clone()),
        model: Set(request.model.clone()),
        prompt_tokens: Set(count(request.prompt_tokens)),
        output_tokens_max: Set(count(new.output_tokens)),
        output_tokens_seen: Set(0),
        input_price: Set(request.prices.input.0),
        output_price: Set(request.prices.output.0),
        job_id: Set(request.job_id),
        stream_id: Set(request.stream_id),
        trace_id: Set(request.trace_id.clone()),
        store_id: Set(request.store_id),
        lease_until: Set(new.lease_until),
        created_at: Set(new.now),
        resolved_at: Set(None),
    })
    .exec_with_returning(connection)
    .await
}

pub(in crate::platform::budgets) async fn find(
    connection: &impl ConnectionTrait,
    id: HoldId,
) -> Result<Option<hold::Model>, DbErr> {
    Entity::find_by_id(id).one(connection).await
}

pub(in crate::platform::budgets) async fn lock(
    connection: &impl ConnectionTrait,
    id: HoldId,
) -> Result<Option<hold::Model>, DbErr> {
    Entity::find_by_id(id)
        .lock_exclusive()
        .one(connection)
        .await
}

/// Ends an open hold. `None` when it is over already or unknown.
pub(in crate::platform::budgets) async fn close(
    connection: &impl ConnectionTrait,
    id: HoldId,
    state: HoldState,
    now: DateTime<Utc>,
) -> Result<Option<hold::Model>, DbErr> {
    let closed = Entity::update_many()
        .col_expr(Column::State, Expr::value(state))
        .col_expr(Column::ResolvedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .filter(is_open())
        .exec_with_returning(connection)
        .await?;
    Ok(closed.into_iter().next())
}

/// Whether the hold was open and is now sent.
pub(in crate::platform::budgets) async fn mark_sent(
    connection: &impl ConnectionTrait,
    id: HoldId,
) -> Result<bool, DbErr> {
    let changed = Entity::update_many()
        .col_expr(Column::State, Expr::value(HoldState::Sent))
        .filter(Column::Id.eq(id))
        .filter(Column::State.eq(HoldState::Open))
        .exec(connection)
        .await?;
    Ok(changed.rows_affected > 0)
}

/// Renews the lease and raises the output seen; it never falls. Whether the hold is open.
pub(in crate::platform::budgets) async fn keep(
    connection: &impl ConnectionTrait,
    id: HoldId,
    output_tokens: u64,
    lease_until: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let seen = CaseStatement::new()
        .case(
            Column::OutputTokensSeen.lt(count(output_tokens)),
            count(output_tokens),
        )
        .finally(Expr::col(Column::OutputTokensSeen));
    let changed = Entity::update_many()
        .col_expr(Column::OutputTokensSeen, seen.into())
        .col_expr(Column::LeaseUntil, Expr::value(lease_until))
        .filter(Column::Id.eq(id))
        .filter(is_open())
        .exec(connection)
        .await?;
    Ok(changed.rows_affected > 0)
}

pub(in crate::platform::budgets) async fn resize(
    connection: &impl ConnectionTrait,
    id: HoldId,
    amount: Nanos,
    prompt_tokens: u64,
    output_tokens: u64,
) -> Result<hold::Model, DbErr> {
    Entity::update_many()
        .col_expr(Column::AmountNanos, Expr::value(amount))
        .col_expr(Column::PromptTokens, Expr::value(count(prompt_tokens)))
        .col_expr(Column::OutputTokensMax, Expr::value(count(output_tokens)))
        .filter(Column::Id.eq(id))
        .exec_with_returning(connection)
        .await?
        .into_iter()
        .next()
        .ok_or_else(|| DbErr::RecordNotFound("a hold that was just read".into()))
}

/// Open holds whose lease ran out before `now`, by id.
pub(in crate::platform::budgets) async fn lapsed(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
    after: HoldId,
    limit: u64,
) -> Result<Vec<hold::Model>, DbErr> {
    Entity::find()
        .filter(is_open())
        .filter(Column::LeaseUntil.lt(now))
        .filter(Column::Id.gt(after))
        .order_by_asc(Column::Id)
        .limit(limit)
        .all(connection)
        .await
}

/// Puts the month's open holds that no house row counts yet under this one.
pub(in crate::platform::budgets) async fn adopt(
    connection: &impl ConnectionTrait,
    house: PeriodId,
    month: Month,
) -> Result<(), DbErr> {
    let periods_of_month = period::Entity::find()
        .select_only()
        .column(period::Column::Id)
        .filter(period::Column::Month.eq(month.to_string()))
        .into_query();
    Entity::update_many()
        .col_expr(Column::HousePeriodId, Expr::value(house))
        .filter(is_open())
        .filter(Column::HousePeriodId.is_null())
        .filter(Column::PeriodId.in_subquery(periods_of_month))
        .exec(connection)
        .await?;
    Ok(())
}

pub(in crate::platform::budgets) async fn exposure(
    connection: &impl ConnectionTrait,
) -> Result<Exposure, DbErr> {
    let row: Option<(i64, Option<i64>)> = Entity::find()
        .select_only()
        .column_as(Column::Id.count(), "open_holds")
        .column_as(Expr::cust("CAST(SUM(amount_nanos) AS BIGINT)"), "reserved")
        .filter(is_open())
        .into_tuple()
        .one(connection)
        .await?;
    let (open_holds, reserved) = row.unwrap_or_default();
    Ok(Exposure {
        open_holds,
        reserved: Nanos(reserved.unwrap_or_default()),
    })
}
