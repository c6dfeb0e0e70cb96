//! For tests: the schema as the database has it, held against what was registered.

use std::collections::BTreeSet;

use sea_orm::{ConnectionTrait, DatabaseBackend, Statement, Value};

use super::{Place, Registry};
use crate::platform::{config::RetentionConfig, db::Db};

/// Everything for ever.
pub(crate) const KEEP_ALL: RetentionConfig = RetentionConfig {
    chat: None,
    usage: None,
    finished_jobs: None,
    soft_deleted: None,
    uploads_tmp: None,
    audit: None,
    sessions: None,
    raw_audio: None,
    transcripts: None,
    stream_replay: None,
};

/// A table of the migrated schema.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    /// In the table's order, with the database's name of the type.
    pub(crate) columns: Vec<(String, String)>,
    /// Tables that its rows belong to, by foreign key.
    parents: Vec<String>,
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
pub(crate) async fn tables(db: &Db) -> Vec<Table> {
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
    for (name, kind) in pairs(db, names, vec![]).await {
        let parameter = || vec![Value::from(name.as_str())];
        found.push(Table {
            columns: pairs(db, columns, parameter()).await,
            parents: pairs(db, parents, parameter())
                .await
                .into_iter()
                .map(|(parent, _)| parent)
                .collect(),
            is_virtual: kind == "virtual",
            name,
        });
    }
    found
}

async fn pairs(db: &Db, sql: &str, parameters: Vec<Value>) -> Vec<(String, String)> {
    let statement = Statement::from_sql_and_values(db.backend(), sql, parameters);
    db.read()
        .query_all_raw(statement)
        .await
        .expect("the schema")
        .iter()
        .map(|row| {
            let text = |column| row.try_get("", column).expect("text");
            (text("name"), text("kind"))
        })
        .collect()
}

/// The tables whose rows are about users: they name one, or belong to a row that does.
pub(crate) fn about_users(tables: &[Table]) -> BTreeSet<&str> {
    let mut about: BTreeSet<&str> = tables
        .iter()
        .filter(|table| table.name == "users" || table.user_columns().next().is_some())
        .map(|table| table.name.as_str())
        .collect();
    loop {
        let known = about.len();
        for table in tables {
            if table
                .parents
                .iter()
                .any(|parent| about.contains(parent.as_str()))
            {
                about.insert(&table.name);
            }
        }
        if about.len() == known {
            return about;
        }
    }
}

/// Where the schema and the registry do not fit each other.
pub(crate) fn faults(tables: &[Table], registry: &Registry) -> Vec<String> {
    let about = about_users(tables);
    let mut faults = Vec::new();
    for table in tables {
        let holdings: Vec<_> = registry
            .holdings()
            .iter()
            .filter(|holding| matches!(holding.place, Place::Table(name) if name == table.name))
            .collect();
        let [holding] = holdings[..] else {
            faults.push(format!("{} has {} classes", table.name, holdings.len()));
            continue;
        };
        let erased = registry.erases(holding.place);
        match (
            about.contains(table.name.as_str()),
            erased,
            holding.not_erased,
        ) {
            (true, false, None) => faults.push(format!("{} has no eraser", table.name)),
            (_, true, Some(_)) => {
                faults.push(format!("{} is erased in spite of a reason", table.name));
            }
            _ => {}
        }
    }
    faults
}
