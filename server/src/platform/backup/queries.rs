//! The statements on the record of backups, and on a database that may be put aside.

use chrono::{DateTime, Utc};
use entities::{
    BackupKind,
    governance::backup_run::{ActiveModel, Column, Entity, Model},
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseBackend, DbErr, EntityTrait,
    QueryFilter, QueryOrder, Statement,
};

use crate::platform::db::Txn;

pub(super) async fn insert(
    txn: &Txn,
    kind: BackupKind,
    size_bytes: i64,
    now: DateTime<Utc>,
) -> Result<(), DbErr> {
    Entity::insert(ActiveModel {
        kind: Set(kind),
        size_bytes: Set(size_bytes),
        finished_at: Set(now),
        ..Default::default()
    })
    .exec_without_returning(txn)
    .await?;
    Ok(())
}

pub(super) async fn latest(
    connection: &impl ConnectionTrait,
    kind: BackupKind,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::Kind.eq(kind))
        .order_by_desc(Column::Id)
        .one(connection)
        .await
}

/// Whether there is any table, and whether one of them is that of processes.
pub(super) async fn tables(connection: &impl ConnectionTrait) -> Result<(bool, bool), DbErr> {
    let backend = connection.get_database_backend();
    let names = match backend {
        DatabaseBackend::Postgres => {
            "SELECT tablename::text AS name FROM pg_tables WHERE schemaname = current_schema()"
        }
        _ => "SELECT name FROM sqlite_master WHERE type = 'table'",
    };
    let rows = connection
        .query_all_raw(Statement::from_string(backend, names))
        .await?;
    let names = rows
        .iter()
        .map(|row| row.try_get::<String>("", "name"))
        .collect::<Result<Vec<_>, _>>()?;
    Ok((
        !names.is_empty(),
        names.iter().any(|name| name == "processes"),
    ))
}

/// How many processes have said since an instant that they work.
pub(super) async fn at_work(
    connection: &impl ConnectionTrait,
    since: DateTime<Utc>,
) -> Result<i64, DbErr> {
    let row = connection
        .query_one_raw(Statement::from_sql_and_values(
            connection.get_database_backend(),
            "SELECT COUNT(*) AS n FROM processes WHERE stopped_at IS NULL AND heartbeat_at > $1",
            [since.into()],
        ))
        .await?;
    row.map_or(Ok(0), |row| row.try_get("", "n"))
}

/// Says of every process that it has stopped.
pub(super) async fn stop_all(txn: &Txn) -> Result<(), DbErr> {
    txn.execute_unprepared(
        "UPDATE processes SET stopped_at = heartbeat_at WHERE stopped_at IS NULL",
    )
    .await?;
    Ok(())
}
