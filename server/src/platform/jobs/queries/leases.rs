//! Named leases.

use chrono::{DateTime, Utc};
use entities::jobs::lease;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter, QuerySelect, Statement,
    sea_query::Expr,
};
use uuid::Uuid;

use crate::platform::db::Txn;

/// Takes the lease if it has run out or was never held.
pub(in super::super) async fn take(
    txn: &Txn,
    name: &str,
    holder: Uuid,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let taken = txn
        .execute_raw(Statement::from_sql_and_values(
            txn.get_database_backend(),
            "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE leases.until <= $4",
            [name.into(), holder.into(), until.into(), now.into()],
        ))
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Moves the end of a lease that is still held.
pub(in super::super) async fn keep(
    txn: &Txn,
    name: &str,
    holder: Uuid,
    until: DateTime<Utc>,
) -> Result<bool, DbErr> {
    let kept = lease::Entity::update_many()
        .col_expr(lease::Column::Until, Expr::value(until))
        .filter(lease::Column::Name.eq(name))
        .filter(lease::Column::Holder.eq(holder))
        .exec(txn)
        .await?;
    Ok(kept.rows_affected == 1)
}

/// Who holds any lease that has not run out.
pub(in super::super) async fn holders(
    connection: &impl ConnectionTrait,
    now: DateTime<Utc>,
) -> Result<Vec<Uuid>, DbErr> {
    lease::Entity::find()
        .select_only()
        .column(lease::Column::Holder)
        .distinct()
        .filter(lease::Column::Until.gt(now))
        .into_tuple()
        .all(connection)
        .await
}

/// Has a lease that was never held begin at an instant.
pub(in super::super) async fn defer(
    txn: &Txn,
    name: &str,
    until: DateTime<Utc>,
) -> Result<(), DbErr> {
    txn.execute_raw(Statement::from_sql_and_values(
        txn.get_database_backend(),
        "INSERT INTO leases (name, holder, until) VALUES ($1, $2, $3) ON CONFLICT (name) DO NOTHING",
        [name.into(), Uuid::nil().into(), until.into()],
    ))
    .await?;
    Ok(())
}

/// Until when the lease is held.
pub(in super::super) async fn until(
    connection: &impl ConnectionTrait,
    name: &str,
) -> Result<Option<DateTime<Utc>>, DbErr> {
    let found = lease::Entity::find_by_id(name.to_owned())
        .one(connection)
        .await?;
    Ok(found.map(|lease| lease.until))
}
