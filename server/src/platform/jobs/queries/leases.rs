//! Named leases.

use std::collections::HashMap;

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
            "INSERT INTO leases (name, holder, until, last_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until \
             WHERE leases.until <= $5",
            [
                name.into(),
                holder.into(),
                until.into(),
                now.into(),
                now.into(),
            ],
        ))
        .await?;
    Ok(taken.rows_affected() == 1)
}

/// Moves the end of a lease that is still held; `done` says when its duty was done.
pub(in super::super) async fn keep(
    txn: &Txn,
    name: &str,
    holder: Uuid,
    until: DateTime<Utc>,
    done: Option<DateTime<Utc>>,
) -> Result<bool, DbErr> {
    let mut keep = lease::Entity::update_many()
        .col_expr(lease::Column::Until, Expr::value(until))
        .filter(lease::Column::Name.eq(name))
        .filter(lease::Column::Holder.eq(holder));
    if let Some(done) = done {
        keep = keep.col_expr(lease::Column::LastAt, Expr::value(done));
    }
    Ok(keep.exec(txn).await?.rows_affected == 1)
}

/// When each duty was last done; before its first time, since when it is to be done.
pub(in super::super) async fn last(
    connection: &impl ConnectionTrait,
) -> Result<HashMap<String, DateTime<Utc>>, DbErr> {
    let rows: Vec<(String, DateTime<Utc>)> = lease::Entity::find()
        .select_only()
        .column(lease::Column::Name)
        .column(lease::Column::LastAt)
        .filter(lease::Column::LastAt.is_not_null())
        .into_tuple()
        .all(connection)
        .await?;
    Ok(rows.into_iter().collect())
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
        "INSERT INTO leases (name, holder, until, last_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (name) DO NOTHING",
        [name.into(), Uuid::nil().into(), until.into(), until.into()],
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
