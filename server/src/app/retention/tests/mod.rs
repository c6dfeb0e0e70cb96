//! The registry as it is, on migrated databases with something in every table.

mod erasing;
mod expiring;
mod exporting;
mod fill;
mod governing;
mod previewing;
mod walking;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeZone};
use sea_orm::{ConnectionTrait, DatabaseBackend, Statement};
use tempfile::TempDir;

use super::*;
use crate::platform::{
    clock::ManualClock,
    config::RetentionConfig,
    db::testing::TestDb,
    entropy::Entropy,
    jobs::{JobSettings, Unobserved},
    retention::testing::{self, Table},
    telemetry::Telemetry,
};

/// Every store of a house, and its registry.
struct House {
    db: Db,
    clock: ManualClock,
    blobs: Blobs,
    folder: TempDir,
    audit: Audit,
    registry: Registry,
    governance: Governance,
    telemetry: Telemetry,
    tables: Vec<Table>,
}

/// What the house's keys are derived from.
const SECRET: &[u8] = b"the secret of a house in a test";

fn noon() -> DateTime<chrono::Utc> {
    chrono::Utc
        .with_ymd_and_hms(2026, 11, 21, 12, 0, 0)
        .unwrap()
}

impl House {
    async fn on(test: &TestDb) -> Self {
        let db = test.db.clone();
        let clock = ManualClock::starting_at(noon());
        let time: Arc<dyn Clock> = Arc::new(clock.clone());
        let folder = tempfile::tempdir().unwrap();
        let blobs =
            Blobs::in_folder(&folder.path().join("blobs"), Telemetry::new().unwrap()).unwrap();
        let jobs = Jobs::new(
            db.clone(),
            time.clone(),
            Entropy::from_system(),
            JobSettings::default(),
            Arc::new(Unobserved),
        );
        let telemetry = Telemetry::new().unwrap();
        let audit = Audit::new(db.clone(), time.clone(), SECRET, &[]);
        let temporary = TemporaryFiles::in_folder(&folder.path().join("tmp")).unwrap();
        let registry = registry(RetentionParts {
            db: db.clone(),
            clock: time.clone(),
            jobs: jobs.clone(),
            audit: audit.clone(),
            blobs: blobs.clone(),
            temporary: temporary.clone(),
            redis: None,
        });
        let parts = GovernanceParts {
            db: db.clone(),
            clock: time,
            entropy: Entropy::from_system(),
            registry: registry.clone(),
            periods: Periods::new(db.clone(), RetentionConfig::defaults()),
            jobs,
            audit: audit.clone(),
            blobs: blobs.clone(),
            temporary,
            telemetry: telemetry.clone(),
        };
        Self {
            telemetry,
            tables: testing::tables(&db).await,
            db,
            clock,
            blobs,
            folder,
            audit,
            registry,
            governance: Governance::new(parts, SECRET, &[]),
        }
    }

    /// Every row of every table, as text. The full-text index has no columns to read.
    async fn rows(&self) -> BTreeSet<(String, String)> {
        let mut rows = BTreeSet::new();
        for table in self.tables.iter().filter(|table| !table.is_virtual) {
            let name = &table.name;
            let sql = if self.db.backend() == DatabaseBackend::Postgres {
                format!("SELECT to_jsonb(t)::text AS line FROM {name} t")
            } else {
                let columns: Vec<String> = table
                    .columns
                    .iter()
                    .map(|(column, _)| format!("'{column}=' || quote(\"{column}\")"))
                    .collect();
                format!("SELECT {} AS line FROM {name}", columns.join(" || ' ' || "))
            };
            let statement = Statement::from_string(self.db.backend(), sql);
            for row in self.db.read().query_all_raw(statement).await.unwrap() {
                rows.insert((name.clone(), row.try_get("", "line").unwrap()));
            }
        }
        rows
    }

    async fn count(&self, table: &str, condition: &str) -> i64 {
        let sql = format!("SELECT COUNT(*) AS n FROM {table} WHERE {condition}");
        let statement = Statement::from_string(self.db.backend(), sql);
        let row = self
            .db
            .read()
            .query_one_raw(statement)
            .await
            .unwrap()
            .unwrap();
        row.try_get("", "n").unwrap()
    }

    async fn run(&self, statement: String) {
        self.db
            .write_alone(
                crate::platform::db::WriteKey::Free,
                statement,
                |txn, statement| {
                    Box::pin(async move { txn.execute_unprepared(statement).await.map(|_| ()) })
                },
            )
            .await
            .unwrap();
    }

    /// The paths of all blobs, from the store's folder.
    fn blob_paths(&self) -> BTreeSet<String> {
        let root = self.folder.path().join("blobs");
        let mut folders = vec![root.clone()];
        let mut found = BTreeSet::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let inside = path.strip_prefix(&root).unwrap();
                    found.insert(inside.to_string_lossy().into_owned());
                }
            }
        }
        found
    }
}
