//! Sums of months and days, for whoever looks at all of it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entities::{
    Nanos, UserId,
    money::{ledger_entry as entry, period},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, ExprTrait, Order, QueryFilter, QuerySelect,
    QueryTrait,
    sea_query::{Alias, CaseStatement, Expr, Func, Query},
};

use crate::platform::budgets::{
    Month,
    positions::{GroupSum, SpendGrouping},
};

/// What a period holds.
#[derive(Clone, Copy, Debug)]
pub(in crate::platform::budgets) struct Sums {
    pub(in crate::platform::budgets) limit: Option<Nanos>,
    pub(in crate::platform::budgets) spent: Nanos,
    pub(in crate::platform::budgets) held: Nanos,
}

/// What was charged on a day.
#[derive(Clone, Copy, Debug)]
pub(in crate::platform::budgets) struct DaySum {
    /// 0 where all users are summed.
    pub(in crate::platform::budgets) user: UserId,
    /// Counted from the first bound.
    pub(in crate::platform::budgets) day: usize,
    pub(in crate::platform::budgets) spent: Nanos,
    pub(in crate::platform::budgets) entries: i64,
}

pub(in crate::platform::budgets) async fn of_users(
    connection: &impl ConnectionTrait,
    users: &[UserId],
    month: Month,
) -> Result<HashMap<UserId, Sums>, DbErr> {
    let rows = period::Entity::find()
        .filter(period::Column::UserId.is_in(users.iter().copied()))
        .filter(period::Column::Month.eq(month.to_string()))
        .all(connection)
        .await?;
    let sums = rows.into_iter().filter_map(|row| {
        let sums = Sums {
            limit: row.limit_nanos,
            spent: row.spent_nanos,
            held: row.reserved_nanos,
        };
        Some((row.user_id?, sums))
    });
    Ok(sums.collect())
}

/// PostgreSQL sums 64-bit integers into a numeric.
fn sum(column: impl Into<Expr>) -> Expr {
    let sum: Expr = Func::sum(column).into();
    let sum: Expr = Func::coalesce([sum, Expr::value(0_i64)]).into();
    sum.cast_as(Alias::new("bigint"))
}

pub(in crate::platform::budgets) async fn of_all(
    connection: &impl ConnectionTrait,
    month: Month,
) -> Result<Sums, DbErr> {
    let select = Query::select()
        .expr_as(sum(Expr::col(period::Column::SpentNanos)), "spent_sum")
        .expr_as(sum(Expr::col(period::Column::ReservedNanos)), "held_sum")
        .from(period::Entity)
        .and_where(period::Column::Month.eq(month.to_string()))
        .and_where(period::Column::UserId.is_not_null())
        .take();
    let row = connection.query_one(&select).await?;
    let number = |name: &str| -> Result<Nanos, DbErr> {
        row.as_ref()
            .map_or(Ok(Nanos::ZERO), |row| Ok(Nanos(row.try_get("", name)?)))
    };
    Ok(Sums {
        limit: None,
        spent: number("spent_sum")?,
        held: number("held_sum")?,
    })
}

/// What was charged on each day between the bounds, of these users or of all.
pub(in crate::platform::budgets) async fn daily(
    connection: &impl ConnectionTrait,
    users: Option<&[UserId]>,
    bounds: &[DateTime<Utc>],
) -> Result<Vec<DaySum>, DbErr> {
    let [first, ends @ ..] = bounds else {
        return Ok(Vec::new());
    };
    let Some(last) = ends.last() else {
        return Ok(Vec::new());
    };
    let day: Expr = ends
        .iter()
        .zip(0_i64..)
        .fold(CaseStatement::new(), |case, (end, index)| {
            // A literal: as a parameter it would not be the same expression in both places.
            case.case(
                entry::Column::CreatedAt.lt(*end),
                Expr::cust(index.to_string()),
            )
        })
        .into();
    let user = match users {
        Some(_) => Expr::col(entry::Column::UserId),
        None => Expr::cust("CAST(0 AS BIGINT)"),
    };
    let charged = Query::select()
        .expr_as(user, "charged_user")
        .expr_as(day.cast_as(Alias::new("bigint")), "charged_day")
        .expr_as(Expr::col(entry::Column::AmountNanos), "charged_nanos")
        .from(entry::Entity)
        .and_where(entry::Column::CreatedAt.gte(*first))
        .and_where(entry::Column::CreatedAt.lt(*last))
        .and_where_option(users.map(|users| entry::Column::UserId.is_in(users.iter().copied())))
        .take();
    let column = |name: &'static str| Expr::col(Alias::new(name));
    let select = Query::select()
        .expr_as(column("charged_user"), "day_user")
        .expr_as(column("charged_day"), "day_index")
        .expr_as(sum(column("charged_nanos")), "day_sum")
        .expr_as(Expr::cust("COUNT(*)"), "day_entries")
        .from_subquery(charged, "charged")
        .group_by_col("charged_user")
        .group_by_col("charged_day")
        .take();
    let rows = connection.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            let day: i64 = row.try_get("", "day_index")?;
            Ok(DaySum {
                user: UserId(row.try_get("", "day_user")?),
                day: usize::try_from(day).unwrap_or(usize::MAX),
                spent: Nanos(row.try_get("", "day_sum")?),
                entries: row.try_get("", "day_entries")?,
            })
        })
        .collect()
}

pub(in crate::platform::budgets) async fn by_group(
    connection: &impl ConnectionTrait,
    group: SpendGrouping,
    month: Month,
    most: u64,
) -> Result<Vec<GroupSum>, DbErr> {
    let key = match group {
        SpendGrouping::User => Expr::col(entry::Column::UserId).cast_as(Alias::new("text")),
        SpendGrouping::Model => Expr::col(entry::Column::Model),
        SpendGrouping::Kind => Expr::col(entry::Column::Kind),
    };
    let periods = period::Entity::find()
        .select_only()
        .column(period::Column::Id)
        .filter(period::Column::Month.eq(month.to_string()))
        .filter(period::Column::UserId.is_not_null())
        .into_query();
    let select = Query::select()
        .expr_as(key.clone(), "group_key")
        .expr_as(sum(Expr::col(entry::Column::AmountNanos)), "group_sum")
        .expr_as(Expr::cust("COUNT(*)"), "group_entries")
        .from(entry::Entity)
        .and_where(entry::Column::PeriodId.in_subquery(periods))
        .add_group_by([key])
        .order_by("group_sum", Order::Desc)
        .order_by("group_key", Order::Asc)
        .limit(most)
        .take();
    let rows = connection.query_all(&select).await?;
    rows.iter()
        .map(|row| {
            Ok(GroupSum {
                group: row.try_get("", "group_key")?,
                spent: Nanos(row.try_get("", "group_sum")?),
                entries: row.try_get("", "group_entries")?,
            })
        })
        .collect()
}
