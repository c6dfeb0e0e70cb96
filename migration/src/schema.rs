//! Column builders, so that a table reads the same on SQLite and PostgreSQL.

use sea_orm_migration::prelude::{Alias, ColumnDef, ConnectionTrait, DbErr, SchemaManager};

/// A 64-bit key that counts up and is never given twice.
pub(crate) fn id() -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new("id"));
    column
        .big_integer()
        .not_null()
        .auto_increment()
        .primary_key();
    column
}

/// A UUID key, made by the application.
pub(crate) fn uuid_id() -> ColumnDef {
    let mut column = ColumnDef::new(Alias::new("id"));
    column.uuid().not_null().primary_key();
    column
}

fn named(name: &str) -> ColumnDef {
    ColumnDef::new(Alias::new(name))
}

/// Text, required.
pub(crate) fn text(name: &str) -> ColumnDef {
    named(name).text().not_null().take()
}

/// Text, optional.
pub(crate) fn text_null(name: &str) -> ColumnDef {
    named(name).text().null().take()
}

/// A 64-bit integer, required: references, money in nano-dollars, bytes.
pub(crate) fn big(name: &str) -> ColumnDef {
    named(name).big_integer().not_null().take()
}

/// A 64-bit integer, optional.
pub(crate) fn big_null(name: &str) -> ColumnDef {
    named(name).big_integer().null().take()
}

/// A 64-bit counter that begins at 0.
pub(crate) fn counter(name: &str) -> ColumnDef {
    named(name).big_integer().not_null().default(0).take()
}

/// A 32-bit integer, required.
pub(crate) fn int(name: &str) -> ColumnDef {
    named(name).integer().not_null().take()
}

/// A 32-bit integer, optional.
pub(crate) fn int_null(name: &str) -> ColumnDef {
    named(name).integer().null().take()
}

/// A truth value with a default.
pub(crate) fn flag(name: &str, default: bool) -> ColumnDef {
    named(name).boolean().not_null().default(default).take()
}

/// A ratio or score.
pub(crate) fn double(name: &str) -> ColumnDef {
    named(name).double().not_null().default(0.0).take()
}

/// An instant in UTC, required.
pub(crate) fn at(name: &str) -> ColumnDef {
    named(name).timestamp_with_time_zone().not_null().take()
}

/// An instant in UTC, optional.
pub(crate) fn at_null(name: &str) -> ColumnDef {
    named(name).timestamp_with_time_zone().null().take()
}

/// A reference to a row with a UUID key, optional.
pub(crate) fn uuid_null(name: &str) -> ColumnDef {
    named(name).uuid().null().take()
}

/// A reference to a row with a UUID key, required.
pub(crate) fn uuid(name: &str) -> ColumnDef {
    named(name).uuid().not_null().take()
}

/// A JSON document, optional.
pub(crate) fn json_null(name: &str) -> ColumnDef {
    named(name).json_binary().null().take()
}

/// A JSON document, required.
pub(crate) fn json(name: &str) -> ColumnDef {
    named(name).json_binary().not_null().take()
}

/// Bytes, required.
pub(crate) fn blob(name: &str) -> ColumnDef {
    named(name).blob().not_null().take()
}

/// Runs statements that are the same on both databases.
pub(crate) async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    for statement in statements {
        manager
            .get_connection()
            .execute_unprepared(statement)
            .await?;
    }
    Ok(())
}

/// Forbids every UPDATE of a table, whose rows are appended.
pub(crate) async fn append_only(manager: &SchemaManager<'_>, table: &str) -> Result<(), DbErr> {
    use sea_orm_migration::sea_orm::DatabaseBackend;
    let statement = if manager.get_database_backend() == DatabaseBackend::Postgres {
        format!(
            "CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '{table} is append-only'; END $$; \
             CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only()"
        )
    } else {
        format!(
            "CREATE TRIGGER {table}_append_only BEFORE UPDATE ON {table} \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    };
    manager
        .get_connection()
        .execute_unprepared(&statement)
        .await?;
    Ok(())
}

/// Forbids every DELETE from an append-only table of rows for which the condition, on `OLD`, does
/// not hold.
pub(crate) async fn deleted_only_if(
    manager: &SchemaManager<'_>,
    table: &str,
    condition: &str,
) -> Result<(), DbErr> {
    use sea_orm_migration::sea_orm::DatabaseBackend;
    let statement = if manager.get_database_backend() == DatabaseBackend::Postgres {
        format!(
            "CREATE FUNCTION {table}_keeps_rows() RETURNS trigger LANGUAGE plpgsql AS \
             $$ BEGIN IF NOT ({condition}) THEN RAISE EXCEPTION '{table} is append-only'; END IF; \
             RETURN OLD; END $$; \
             CREATE TRIGGER {table}_keeps_rows BEFORE DELETE ON {table} \
             FOR EACH ROW EXECUTE FUNCTION {table}_keeps_rows(); \
             CREATE TRIGGER {table}_keeps_all BEFORE TRUNCATE ON {table} \
             FOR EACH STATEMENT EXECUTE FUNCTION {table}_is_append_only()"
        )
    } else {
        format!(
            "CREATE TRIGGER {table}_keeps_rows BEFORE DELETE ON {table} WHEN NOT ({condition}) \
             BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
    };
    manager
        .get_connection()
        .execute_unprepared(&statement)
        .await?;
    Ok(())
}
