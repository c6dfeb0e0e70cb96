//! The database as it is after a fault, and what must be true of it.

use std::path::Path;

use pretty_assertions::assert_eq;
use sqlx::{
    AssertSqlSafe, PgPool, SqlitePool,
    postgres::PgPoolOptions,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use crate::support::{Database, client::eventually};

/// A connection beside those of the processes.
pub enum State {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Each counts what must not be there, at any time.
const NEVER: [(&str, &str); 7] = [
    (
        "holds settled without exactly one entry",
        "SELECT COUNT(*) FROM holds h WHERE h.state = 'settled' \
         AND (SELECT COUNT(*) FROM ledger l WHERE l.hold_id = h.id) <> 1",
    ),
    (
        "holds with more than one entry",
        "SELECT COUNT(*) FROM (SELECT hold_id FROM ledger GROUP BY hold_id HAVING COUNT(*) > 1) x",
    ),
    (
        "holds that are not over or were given back, with an entry",
        "SELECT COUNT(*) FROM ledger l JOIN holds h ON h.id = l.hold_id \
         WHERE h.state IN ('open', 'sent', 'released')",
    ),
    (
        "users' periods that differ from their entries",
        "SELECT COUNT(*) FROM periods p WHERE p.user_id IS NOT NULL AND p.spent_nanos <> \
         (SELECT CAST(COALESCE(SUM(l.amount_nanos), 0) AS BIGINT) FROM ledger l \
         WHERE l.period_id = p.id)",
    ),
    (
        "periods that differ from their open holds",
        "SELECT COUNT(*) FROM periods p WHERE p.reserved_nanos <> \
         (SELECT CAST(COALESCE(SUM(h.amount_nanos), 0) AS BIGINT) FROM holds h \
         WHERE (h.period_id = p.id OR h.house_period_id = p.id) AND h.state IN ('open', 'sent'))",
    ),
    (
        "jobs that ended more than once",
        "SELECT COUNT(*) FROM (SELECT job_id FROM job_events \
         WHERE event IN ('succeeded', 'failed', 'cancelled') \
         GROUP BY job_id HAVING COUNT(*) > 1) x",
    ),
    (
        "passages twice in one generation of a document",
        "SELECT COUNT(*) FROM (SELECT document_id FROM passages \
         GROUP BY document_id, generation, ordinal HAVING COUNT(*) > 1) x",
    ),
];

/// Each counts what must not be there once everything has come to rest.
const NOT_AT_REST: [(&str, &str); 8] = [
    (
        "jobs that wait or run",
        "SELECT COUNT(*) FROM jobs WHERE state IN ('queued', 'running')",
    ),
    (
        "open holds",
        "SELECT COUNT(*) FROM holds WHERE state IN ('open', 'sent')",
    ),
    (
        "answers being written",
        "SELECT COUNT(*) FROM messages WHERE state = 'streaming'",
    ),
    (
        "answers whose cost is not what was charged",
        "SELECT COUNT(*) FROM messages m WHERE m.hold_id IS NOT NULL AND m.cost_nanos <> \
         (SELECT CAST(COALESCE(SUM(l.amount_nanos), 0) AS BIGINT) FROM ledger l \
         WHERE l.hold_id = m.hold_id)",
    ),
    (
        "keys of answers that nobody writes",
        "SELECT COUNT(*) FROM idempotency_keys WHERE state = 'processing'",
    ),
    (
        "documents that are not DONE",
        "SELECT COUNT(*) FROM documents WHERE status <> 'DONE'",
    ),
    (
        "DONE documents without passages of their own generation, or with others",
        "SELECT COUNT(*) FROM documents d WHERE \
         NOT EXISTS (SELECT 1 FROM passages p WHERE p.document_id = d.id \
         AND p.generation = d.generation) \
         OR EXISTS (SELECT 1 FROM passages p WHERE p.document_id = d.id \
         AND p.generation <> d.generation)",
    ),
    (
        "documents whose indexing was not charged exactly once",
        "SELECT COUNT(*) FROM documents d WHERE \
         (SELECT COUNT(*) FROM ledger l WHERE l.document_id = d.id AND l.kind = 'index') <> 1",
    ),
];

impl State {
    pub async fn open(database: &Database, file: &Path) -> Self {
        match database.url() {
            None => {
                let options = SqliteConnectOptions::new().filename(file);
                let pool = SqlitePoolOptions::new().max_connections(2);
                Self::Sqlite(pool.connect_with(options).await.expect("the file"))
            }
            Some(url) => {
                let pool = PgPoolOptions::new().max_connections(2);
                Self::Postgres(pool.connect(&url).await.expect("the server"))
            }
        }
    }

    /// The number that a query answers.
    pub async fn number(&self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
        }
        .expect("a number")
    }

    /// The word that a query answers.
    pub async fn word(&self, sql: &str) -> String {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_one(pool).await,
        }
        .expect("a word")
    }

    /// The words that a query answers.
    pub async fn words(&self, sql: &str) -> Vec<String> {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::query_scalar(sql).fetch_all(pool).await,
            Self::Postgres(pool) => sqlx::query_scalar(sql).fetch_all(pool).await,
        }
        .expect("words")
    }

    pub async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(pool) => sqlx::raw_sql(sql).execute(pool).await.map(|_| ()),
            Self::Postgres(pool) => sqlx::raw_sql(sql).execute(pool).await.map(|_| ()),
        }
        .expect("the statement runs");
    }

    /// The tables, but those that cannot be read like others.
    pub async fn tables(&self) -> Vec<String> {
        self.words(match self {
            Self::Sqlite(_) => {
                "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
                 AND name NOT LIKE 'sqlite%'"
            }
            Self::Postgres(_) => {
                "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()"
            }
        })
        .await
    }

    /// Everything in a table, as text.
    pub async fn text_of(&self, table: &str) -> String {
        let rows = match self {
            Self::Sqlite(_) => {
                let columns = self
                    .words(&format!("SELECT name FROM pragma_table_info('{table}')"))
                    .await;
                let quoted: Vec<String> = columns
                    .iter()
                    .map(|column| format!("quote(\"{column}\")"))
                    .collect();
                format!("SELECT {} FROM \"{table}\"", quoted.join(" || ' ' || "))
            }
            Self::Postgres(_) => format!("SELECT to_jsonb(t)::text FROM {table} t"),
        };
        self.words(&rows).await.join("\n")
    }

    /// Time passes for whoever died: their leases run out.
    pub async fn leases_run_out(&self) {
        for sql in [
            "UPDATE holds SET lease_until = created_at WHERE state IN ('open', 'sent')",
            "UPDATE jobs SET lease_until = created_at WHERE state = 'running'",
            "DELETE FROM leases",
        ] {
            self.execute(sql).await;
        }
    }

    /// The file is in order; PostgreSQL looks after its own.
    pub async fn intact(&self) {
        if let Self::Sqlite(_) = self {
            assert_eq!(self.word("PRAGMA integrity_check").await, "ok");
        }
    }

    /// What is true at any time.
    pub async fn sound(&self) {
        self.intact().await;
        for (what, sql) in NEVER {
            assert_eq!(self.number(sql).await, 0, "{what}");
        }
    }

    /// Waits until everything has come to rest, and checks what is true then.
    pub async fn at_rest(&self) {
        for (what, sql) in NOT_AT_REST {
            let rest = eventually(|| async { (self.number(sql).await == 0).then_some(()) });
            // Before that gives up: it does not know what is awaited.
            let rest = tokio::time::timeout(std::time::Duration::from_secs(28), rest);
            let rested = rest.await.is_ok();
            assert!(
                rested,
                "{what}: {}\n{}",
                self.number(sql).await,
                self.story().await
            );
        }
        self.sound().await;
    }

    /// What the jobs' own log says, for whoever looks into a failure.
    async fn story(&self) -> String {
        let lines = self
            .words(
                "SELECT j.state || ' claim ' || e.claim || ' ' || e.event || ' ' || \
                 COALESCE(e.stage, '') || ' ' || COALESCE(e.message, '') || ' ' || d.status \
                 FROM jobs j JOIN job_events e ON e.job_id = j.id \
                 LEFT JOIN documents d ON d.id = j.subject_id ORDER BY j.subject_id, e.id",
            )
            .await;
        lines.join("\n")
    }

    pub async fn close(self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}
