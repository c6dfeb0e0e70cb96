//! For tests: the schema as the database has it, held against what was registered.

pub(crate) use super::{Table, about_users};
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
