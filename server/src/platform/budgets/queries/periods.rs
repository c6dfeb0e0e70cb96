//! Limits, and what a month has spent and reserved.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{
    Nanos, PeriodId, UserId,
    money::{
        budget,
        period::{self, Column, Entity},
    },
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, ExprTrait, QueryFilter,
    QuerySelect,
    sea_query::{CaseStatement, Expr, OnConflict},
};

use crate::platform::budgets::{Account, Month};

/// Which period row.
#[derive(Clone, Copy)]
pub(in crate::platform::budgets) enum Row {
    Id(PeriodId),
    Of(Account, Month),
}

impl Row {
    fn filter(self) -> Condition {
        match self {
            Self::Id(id) => Condition::all().add(Column::Id.eq(id)),
            Self::Of(account, month) => Condition::all()
                .add(Column::Account.eq(account.to_string()))
                .add(Column::Month.eq(month.to_string())),
        }
    }
}

pub(in crate::platform::budgets) async fn find(
    connection: &impl ConnectionTrait,
    row: Row,
) -> Result<Option<period::Model>, DbErr> {
    Entity::find().filter(row.filter()).one(connection).await
}

/// As [`find`]; on PostgreSQL nobody else changes the row until the transaction ends. On SQLite a
/// write transaction is alone from its beginning.
pub(in crate::platform::budgets) async fn lock(
    connection: &impl ConnectionTrait,
    row: Row,
) -> Result<Option<period::Model>, DbErr> {
    Entity::find()
        .filter(row.filter())
        .lock_exclusive()
        .one(connection)
        .await
}

/// Reserves `amount` if something, and no less than `amount` and `margin`, is left below the limit:
/// `cap`, or else the row's. Returns the row after it; `None` when it does not fit or there is no
/// such row.
pub(in crate::platform::budgets) async fn reserve(
    connection: &impl ConnectionTrait,
    row: Row,
    amount: Nanos,
    margin: Nanos,
    cap: Option<Nanos>,
    now: DateTime<Utc>,
) -> Result<Option<period::Model>, DbErr> {
    // Subtracting from the limit cannot overflow, as adding to what is spent could.
    let left = |limit: Expr| {
        limit
            .sub(Expr::col(Column::SpentNanos))
            .sub(Expr::col(Column::ReservedNanos))
    };
    let fits = |limit: Expr| {
        Condition::all()
            .add(left(limit.clone()).gt(margin))
            .add(left(limit).gte(amount.plus(margin)))
    };
    let fits = match cap {
        Some(cap) => fits(Expr::value(cap)),
        None => Condition::any()
            .add(Column::LimitNanos.is_null())
            .add(fits(Expr::col(Column::LimitNanos))),
    };
    let changed = Entity::update_many()
        .col_expr(
            Column::ReservedNanos,
            Expr::col(Column::ReservedNanos).add(amount),
        )
        .col_expr(Column::Rev, Expr::col(Column::Rev).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(row.filter())
        .filter(fits)
        .exec_with_returning(connection)
        .await?;
    Ok(changed.into_iter().next())
}

/// Takes `reserved` away and adds `spent`. Returns the row after it. A counter that has drifted too
/// low stays at 0: no call may be left unsettled because the books were wrong before it.
pub(in crate::platform::budgets) async fn settle(
    connection: &impl ConnectionTrait,
    id: PeriodId,
    reserved: Nanos,
    spent: Nanos,
    now: DateTime<Utc>,
) -> Result<period::Model, DbErr> {
    let lowered = CaseStatement::new()
        .case(
            Column::ReservedNanos.gte(reserved),
            Expr::col(Column::ReservedNanos).sub(reserved),
        )
        .finally(0_i64);
    Entity::update_many()
        .col_expr(Column::ReservedNanos, lowered.into())
        .col_expr(Column::SpentNanos, Expr::col(Column::SpentNanos).add(spent))
        .col_expr(Column::Rev, Expr::col(Column::Rev).add(1))
        .col_expr(Column::UpdatedAt, Expr::value(now))
        .filter(Column::Id.eq(id))
        .exec_with_returning(connection)
        .await?
        .into_iter()
        .next()
        .ok_or_else(|| DbErr::RecordNotFound("the period of a hold".into()))
}

/// Opens a period; one that another has opened meanwhile stays as it is.
pub(in crate::platform::budgets) async fn open(
    connection: &impl ConnectionTrait,
    account: Account,
    month: Month,
    limit: Option<Nanos>,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::insert(fresh(account, month, limit, now))
        .on_conflict(
            OnConflict::columns([Column::Account, Column::Month])
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(connection)
        .await?;
    Ok(())
}

/// Sets a period's limit, opening the period if need be. Returns the row after it.
pub(in crate::platform::budgets) async fn set_limit(
    connection: &impl ConnectionTrait,
    account: Account,
    month: Month,
    limit: Option<Nanos>,
    now: DateTime<Utc>,
) -> Result<period::Model, DbErr> {
    // An upsert, so that a row which another transaction is just opening is waited for.
    Entity::insert(fresh(account, month, limit, now))
        .on_conflict(
            OnConflict::columns([Column::Account, Column::Month])
                .update_columns([Column::LimitNanos, Column::UpdatedAt])
                .value(Column::Rev, Expr::col((Entity, Column::Rev)).add(1))
                .to_owned(),
        )
        .exec_with_returning(connection)
        .await
}

fn fresh(
    account: Account,
    month: Month,
    limit: Option<Nanos>,
    now: DateTime<Utc>,
) -> period::ActiveModel {
    period::ActiveModel {
        id: NotSet,
        account: Set(account.to_string()),
        user_id: Set(match account {
            Account::House => None,
            Account::User(id) => Some(id),
        }),
        month: Set(month.to_string()),
        limit_nanos: Set(limit),
        spent_nanos: Set(Nanos::ZERO),
        reserved_nanos: Set(Nanos::ZERO),
        rev: Set(1),
        expiring: Set(false),
        updated_at: Set(now),
    }
}

pub(in crate::platform::budgets) async fn limit_of(
    connection: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<Option<Nanos>, DbErr> {
    let row = budget::Entity::find_by_id(user_id).one(connection).await?;
    Ok(row.map(|row| row.monthly_limit_nanos))
}

pub(in crate::platform::budgets) async fn limits_of(
    connection: &impl ConnectionTrait,
    users: &[UserId],
) -> Result<HashMap<UserId, Nanos>, DbErr> {
    let rows = budget::Entity::find()
        .filter(budget::Column::UserId.is_in(users.iter().copied()))
        .all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.user_id, row.monthly_limit_nanos))
        .collect())
}

pub(in crate::platform::budgets) async fn put_limit(
    connection: &impl ConnectionTrait,
    user_id: UserId,
    limit: Nanos,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    budget::Entity::insert(budget::ActiveModel {
        user_id: Set(user_id),
        monthly_limit_nanos: Set(limit),
        created_at: Set(now),
        updated_at: Set(now),
    })
    .on_conflict(
        OnConflict::column(budget::Column::UserId)
            .update_columns([budget::Column::MonthlyLimitNanos, budget::Column::UpdatedAt])
            .to_owned(),
    )
    .exec_without_returning(connection)
    .await?;
    Ok(())
}

pub(in crate::platform::budgets) async fn lift_limit(
    connection: &impl ConnectionTrait,
    user_id: UserId,
) -> Result<(), DbErr> {
    budget::Entity::delete_by_id(user_id)
        .exec(connection)
        .await?;
    Ok(())
}
