//! For tests: the schema as the database has it, held against what was registered.

use std::collections::BTreeSet;

pub(crate) use super::Table;
use super::{Place, Registry};
use crate::platform::{config::RetentionConfig, db::Db};

/// Everything for ever.
pub(crate) const KEEP_ALL: RetentionConfig = RetentionConfig {
    chat: None,
    usage: None,
    finished_jobs: None,
    soft_deleted: None,
    uploads_tmp: None,
    exports: None,
    audit: None,
    sessions: None,
    raw_audio: None,
    transcripts: None,
    stream_replay: None,
};

/// Every table that a migrated database has.
pub(crate) async fn tables(db: &Db) -> Vec<Table> {
    super::tables(db).await.expect("the schema")
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
