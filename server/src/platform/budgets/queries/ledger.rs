//! Charges: appended, never changed.

use chrono::{DateTime, Utc};
use entities::{
    HoldId, LedgerEntryId, Nanos, PeriodId,
    money::{
        hold,
        ledger_entry::{ActiveModel, Column, Entity},
    },
};
use sea_orm::{
    ActiveValue::{NotSet, Set},
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect,
    sea_query::Expr,
};

use super::count;
use crate::platform::budgets::{Charge, Prices};

/// What an entry holds besides its hold and its charge.
pub(in crate::platform::budgets) struct NewEntry<'a> {
    pub(in crate::platform::budgets) provider: &'a str,
    pub(in crate::platform::budgets) model: &'a str,
    pub(in crate::platform::budgets) prices: Prices,
    pub(in crate::platform::budgets) amount: Nanos,
    pub(in crate::platform::budgets) overrun: Nanos,
    pub(in crate::platform::budgets) now: DateTime<Utc>,
}

pub(in crate::platform::budgets) async fn append(
    connection: &impl ConnectionTrait,
    hold: &hold::Model,
    charge: &Charge,
    entry: NewEntry<'_>,
) -> Result<LedgerEntryId, DbErr> {
    let inserted = Entity::insert(ActiveModel {
        id: NotSet,
        period_id: Set(hold.period_id),
        user_id: Set(hold.user_id),
        hold_id: Set(Some(hold.id)),
        kind: Set(hold.kind.clone()),
        provider: Set(entry.provider.into()),
        model: Set(entry.model.into()),
        prompt_tokens: Set(count(charge.prompt_tokens)),
        completion_tokens: Set(count(charge.completion_tokens)),
        index_tokens: Set(count(charge.index_tokens)),
        unit: Set("token".into()),
        input_price: Set(entry.prices.input.0),
        output_price: Set(entry.prices.output.0),
        amount_nanos: Set(entry.amount),
        estimated: Set(charge.estimated),
        overrun_nanos: Set(entry.overrun),
        store_id: Set(hold.store_id),
        document_id: Set(charge.document_id),
        job_id: Set(hold.job_id),
        stream_id: Set(hold.stream_id),
        trace_id: Set(hold.trace_id.clone()),
        project_id: Set(charge.project_id),
        tags: Set(charge.tags.clone()),
        error_code: Set(charge.error_code.clone()),
        created_at: Set(entry.now),
    })
    .exec(connection)
    .await?;
    Ok(inserted.last_insert_id)
}

/// What the entry of a hold says; `None` when it has none.
pub(in crate::platform::budgets) async fn amount_of(
    connection: &impl ConnectionTrait,
    hold: HoldId,
) -> Result<Option<Nanos>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::AmountNanos)
        .filter(Column::HoldId.eq(hold))
        .into_tuple()
        .one(connection)
        .await
}

/// A period's charges of one kind.
pub(in crate::platform::budgets) struct Total {
    pub(in crate::platform::budgets) kind: String,
    pub(in crate::platform::budgets) amount: Nanos,
    pub(in crate::platform::budgets) prompt_tokens: i64,
    pub(in crate::platform::budgets) completion_tokens: i64,
    pub(in crate::platform::budgets) index_tokens: i64,
}

pub(in crate::platform::budgets) async fn totals(
    connection: &impl ConnectionTrait,
    period_id: PeriodId,
) -> Result<Vec<Total>, DbErr> {
    // PostgreSQL sums 64-bit integers into a numeric.
    let sum = |column: &str| Expr::cust(format!("CAST(SUM({column}) AS BIGINT)"));
    let rows: Vec<(String, Nanos, i64, i64, i64)> = Entity::find()
        .select_only()
        .column(Column::Kind)
        .column_as(sum("amount_nanos"), "amount")
        .column_as(sum("prompt_tokens"), "prompt_sum")
        .column_as(sum("completion_tokens"), "completion_sum")
        .column_as(sum("index_tokens"), "index_sum")
        .filter(Column::PeriodId.eq(period_id))
        .group_by(Column::Kind)
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows
        .into_iter()
        .map(
            |(kind, amount, prompt_tokens, completion_tokens, index_tokens)| Total {
                kind,
                amount,
                prompt_tokens,
                completion_tokens,
                index_tokens,
            },
        )
        .collect())
}
