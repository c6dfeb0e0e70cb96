//! The schema as the database has it: what it holds, and what of it is a user's.

use entities::UserId;
use sea_orm::{ConnectionTrait, DatabaseBackend, DbErr, Statement, Value};

use crate::platform::db::Db;

/// A table of the migrated schema.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// In the table's order, with the database's name of the type.
    pub(crate) columns: Vec<(String, String)>,
    /// Tables that its rows belong to, by foreign key.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests follow them to users"))]
    pub(crate) parents: Vec<String>,
    /// Made by a module of SQLite: its columns cannot be read like others.
    pub(crate) is_virtual: bool,
}

impl Table {
    /// The columns that hold the number of a user.
    pub(crate) fn user_columns(&self) -> impl Iterator<Item = &str> {
        self.columns
            .iter()
            .filter(|(name, kind)| {
                let reference =
                    name == "user_id" || name.ends_with("_user_id") || name.ends_with("_by");
                reference && kind.to_lowercase().contains("int")
            })
            .map(|(name, _)| name.as_str())
    }
}

/// Every table that a migrated database has, but those that the database keeps for itself.
pub(crate) async fn tables(db: &Db) -> Result<Vec<Table>, DbErr> {
    let (names, columns, parents) = match db.backend() {
        DatabaseBackend::Postgres => (
            "SELECT table_name::text AS name, 'table' AS kind FROM information_schema.tables \
             WHERE table_schema = current_schema() AND table_type = 'BASE TABLE'",
            "SELECT column_name::text AS name, data_type::text AS kind \
             FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position",
            "SELECT confrelid::regclass::text AS name, '' AS kind FROM pg_constraint \
             WHERE contype = 'f' AND conrelid = $1::regclass",
        ),
        _ => (
            "SELECT name, type AS kind FROM pragma_table_list \
             WHERE schema = 'main' AND type IN ('table', 'virtual') AND name NOT LIKE 'sqlite%'",
            "SELECT name, type AS kind FROM pragma_table_info($1)",
            "SELECT \"table\" AS name, '' AS kind FROM pragma_foreign_key_list($1)",
        ),
    };
    let mut found = Vec::new();
    for (name, kind) in pairs(db, names, vec![]).await? {
        let parameter = || vec![Value::from(name.as_str())];
        found.push(Table {
            columns: pairs(db, columns, parameter()).await?,
            parents: pairs(db, parents, parameter())
                .await?
                .into_iter()
                .map(|(parent, _)| parent)
                .collect(),
            is_virtual: kind == "virtual",
            name,
        });
    }
    Ok(found)
}

/// How many rows of a table name a user.
pub(crate) async fn rows_of_user(db: &Db, table: &Table, user: UserId) -> Result<u64, DbErr> {
    let columns: Vec<String> = table
        .user_columns()
        .map(|column| format!("\"{column}\" = $1"))
        .collect();
    if columns.is_empty() {
        return Ok(0);
    }
    let sql = format!(
        "SELECT COUNT(*) AS n FROM \"{}\" WHERE {}",
        table.name,
        columns.join(" OR ")
    );
    count(db, sql, vec![user.into()]).await
}

/// How many rows a table has, and how many bytes of disk they take with their indexes.
pub(crate) async fn size(db: &Db, table: &str) -> Result<(u64, u64), DbErr> {
    let rows = count(db, format!("SELECT COUNT(*) AS n FROM \"{table}\""), vec![]).await?;
    let bytes = match db.backend() {
        DatabaseBackend::Postgres => "SELECT pg_total_relation_size($1::regclass) AS n",
        _ => {
            "SELECT COALESCE(SUM(pgsize), 0) AS n FROM dbstat WHERE aggregate = TRUE AND name IN \
             (SELECT name FROM sqlite_master WHERE tbl_name = $1)"
        }
    };
    let bytes = count(db, bytes.to_owned(), vec![table.into()]).await?;
    Ok((rows, bytes))
}

async fn count(db: &Db, sql: String, values: Vec<Value>) -> Result<u64, DbErr> {
    let statement = Statement::from_sql_and_values(db.backend(), sql, values);
    let row = db.read().query_one_raw(statement).await?;
    let count: i64 = row.map_or(Ok(0), |row| row.try_get("", "n"))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

async fn pairs(db: &Db, sql: &str, parameters: Vec<Value>) -> Result<Vec<(String, String)>, DbErr> {
    let statement = Statement::from_sql_and_values(db.backend(), sql, parameters);
    db.read()
        .query_all_raw(statement)
        .await?
        .iter()
        .map(|row| Ok((row.try_get("", "name")?, row.try_get("", "kind")?)))
        .collect()
}
