//! The statements by which the books of closed months go.

use entities::{
    PeriodId, UserId,
    money::{budget, period},
};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter, Statement,
    sea_query::Expr,
};

use crate::platform::{
    budgets::Month,
    db::Txn,
    retention::{Expiring, Tally},
};

/// Periods of months before `$1` in which every hold is resolved. The house's goes when all of its
/// month can.
const CLOSED: &str = "month < $1 AND NOT EXISTS (SELECT 1 FROM holds \
     WHERE holds.period_id = periods.id AND holds.state IN ('open', 'sent')) \
     AND (user_id IS NOT NULL OR NOT EXISTS (SELECT 1 FROM periods others \
     JOIN holds ON holds.period_id = others.id \
     WHERE others.month = periods.month AND holds.state IN ('open', 'sent')))";

/// A period and what is in it: charges, holds, the sum.
fn books(of_period: &str, period: &str) -> [Expiring; 3] {
    [
        Expiring::of("ledger", of_period)
            .at("created_at")
            .user("user_id")
            .texts(&["kind", "provider", "model", "CAST(tags AS TEXT)"]),
        Expiring::of("holds", of_period)
            .at("created_at")
            .user("user_id")
            .texts(&["kind", "provider", "model"]),
        Expiring::of("periods", period)
            .held_back(format!("month < $1 AND NOT ({CLOSED})"))
            .at("updated_at")
            .user("user_id")
            .texts(&["account", "month"]),
    ]
}

/// What [`expire_some`] would delete until nothing is left.
pub(in crate::platform::budgets) async fn survey(
    connection: &impl ConnectionTrait,
    first_kept: Month,
) -> Result<Tally, DbErr> {
    let of_closed = format!("period_id IN (SELECT id FROM periods WHERE {CLOSED})");
    let mut all = Tally::default();
    for table in books(&of_closed, CLOSED) {
        all.add(
            table
                .survey(connection, &[first_kept.to_string().into()])
                .await?,
        );
    }
    Ok(all)
}

/// Deletes up to `limit` rows of the oldest closed period before `first_kept`: its charges, then its
/// holds, then itself. The house's goes after the users' of its month.
pub(in crate::platform::budgets) async fn expire_some(
    txn: &Txn,
    first_kept: Month,
    limit: u64,
) -> Result<Tally, DbErr> {
    let oldest = txn
        .query_one_raw(Statement::from_sql_and_values(
            txn.get_database_backend(),
            format!(
                "SELECT id FROM periods WHERE {CLOSED} \
                 ORDER BY month, CASE WHEN user_id IS NULL THEN 1 ELSE 0 END, id LIMIT 1"
            ),
            [first_kept.to_string().into()],
        ))
        .await?;
    let Some(oldest) = oldest else {
        return Ok(Tally::default());
    };
    let id: PeriodId = oldest.try_get("", "id")?;
    open_for_deletion(txn, id).await?;
    for table in books("period_id = $1", "id = $1") {
        let deleted = table.delete(txn, &[id.into()], Some(limit)).await?;
        if !deleted.is_empty() {
            keep_sum(txn, id).await?;
            return Ok(deleted);
        }
    }
    Ok(Tally::default())
}

/// What a period has spent is always the sum of its charges, also of those that are left of it.
async fn keep_sum(txn: &Txn, id: PeriodId) -> Result<(), DbErr> {
    let sql = "UPDATE periods SET spent_nanos = COALESCE(\
               (SELECT CAST(SUM(amount_nanos) AS BIGINT) FROM ledger \
               WHERE period_id = periods.id), 0) WHERE id = $1 AND user_id IS NOT NULL";
    txn.execute_raw(Statement::from_sql_and_values(
        txn.get_database_backend(),
        sql,
        [id.into()],
    ))
    .await?;
    Ok(())
}

/// The ledger refuses to lose a charge of a period that is not on its way out.
async fn open_for_deletion(txn: &Txn, id: PeriodId) -> Result<(), DbErr> {
    period::Entity::update_many()
        .col_expr(period::Column::Expiring, Expr::value(true))
        .filter(period::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(())
}

pub(in crate::platform::budgets) async fn erase_limit(
    txn: &Txn,
    user: UserId,
) -> Result<u64, DbErr> {
    let erased = budget::Entity::delete_by_id(user).exec(txn).await?;
    Ok(erased.rows_affected)
}

pub(in crate::platform::budgets) async fn limits(
    connection: &impl ConnectionTrait,
    user: UserId,
) -> Result<u64, DbErr> {
    budget::Entity::find_by_id(user).count(connection).await
}
