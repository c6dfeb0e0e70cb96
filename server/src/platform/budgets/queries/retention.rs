//! The statements by which the books of closed months go.

use entities::{
    HoldState, PeriodId, UserId,
    money::{budget, hold, ledger_entry, period},
};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, DbErr, EntityTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect,
    sea_query::{Alias, Expr, ExprTrait, Query},
};

use crate::platform::{budgets::Month, db::Txn};

/// Deletes the oldest period before `first_kept` with everything in it; answers how many rows. The
/// house's period goes after the users' of its month.
pub(in crate::platform::budgets) async fn expire_period(
    txn: &Txn,
    first_kept: Month,
) -> Result<u64, DbErr> {
    let unresolved = Query::select()
        .expr(Expr::value(1))
        .from(hold::Entity)
        .and_where(
            Expr::col((hold::Entity, hold::Column::PeriodId))
                .equals((period::Entity, period::Column::Id)),
        )
        .and_where(hold::Column::State.is_in([HoldState::Open, HoldState::Sent]))
        .to_owned();
    let others = Alias::new("others");
    let of_users = Query::select()
        .expr(Expr::value(1))
        .from_as(period::Entity, others.clone())
        .and_where(
            Expr::col((others.clone(), period::Column::Month))
                .equals((period::Entity, period::Column::Month)),
        )
        .and_where(Expr::col((others, period::Column::UserId)).is_not_null())
        .to_owned();
    let oldest: Option<PeriodId> = period::Entity::find()
        .select_only()
        .column(period::Column::Id)
        .filter(period::Column::Month.lt(first_kept.to_string()))
        .filter(Expr::exists(unresolved).not())
        .filter(
            Condition::any()
                .add(period::Column::UserId.is_not_null())
                .add(Expr::exists(of_users).not()),
        )
        .order_by_asc(period::Column::Month)
        .order_by_asc(period::Column::Id)
        .into_tuple()
        .one(txn)
        .await?;
    let Some(id) = oldest else { return Ok(0) };
    open_for_deletion(txn, id).await?;
    let charges = ledger_entry::Entity::delete_many()
        .filter(ledger_entry::Column::PeriodId.eq(id))
        .exec(txn)
        .await?;
    let holds = hold::Entity::delete_many()
        .filter(hold::Column::PeriodId.eq(id))
        .exec(txn)
        .await?;
    period::Entity::delete_by_id(id).exec(txn).await?;
    Ok(charges.rows_affected + holds.rows_affected + 1)
}

/// The ledger refuses to lose a charge of a period that does not go with it. The mark goes with the
/// period, so that none that commits ever carries it.
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
