//! Databases for tests: each test has its own, fresh and migrated, on SQLite and on PostgreSQL.
//!
//! PostgreSQL is the server that `TEST_POSTGRES_URL` names (a superuser's URL). Without it a test
//! fails: half a proof would pass for a whole one.

use std::{panic::AssertUnwindSafe, sync::Arc, time::SystemTime};

use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, Database, DatabaseBackend, DatabaseConnection, Statement};
use sha2::{Digest, Sha256};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::{Db, DbSettings, Target};
use crate::platform::entropy::Entropy;

/// A migrated database of its own, removed at the end. Cheap to clone.
#[derive(Clone)]
pub(crate) struct TestDb {
    pub(crate) db: Db,
    settings: DbSettings,
    place: Arc<Place>,
}

enum Place {
    /// Removed when dropped.
    Sqlite { _directory: TempDir },
    /// Dropped by [`TestDb::finish`].
    Postgres { name: String },
}

/// Runs a test on a fresh SQLite database, then on a fresh PostgreSQL database.
pub(crate) async fn for_each_database<F>(test: F)
where
    F: AsyncFn(TestDb),
{
    run_on("SQLite", TestDb::sqlite().await, &test).await;
    run_on("PostgreSQL", TestDb::postgres().await, &test).await;
}

async fn run_on<F>(name: &str, database: TestDb, test: &F)
where
    F: AsyncFn(TestDb),
{
    let outcome = AssertUnwindSafe(test(database.clone()))
        .catch_unwind()
        .await;
    database.finish().await;
    assert!(outcome.is_ok(), "the test failed on {name}");
}

impl TestDb {
    /// A fresh SQLite file.
    pub(crate) async fn sqlite() -> Self {
        static TEMPLATE: OnceCell<Vec<u8>> = OnceCell::const_new();
        Self::sqlite_from(TEMPLATE.get_or_init(sqlite_template).await).await
    }

    /// A SQLite file that nothing has migrated.
    pub(crate) async fn empty_sqlite() -> Self {
        Self::sqlite_from(&[]).await
    }

    async fn sqlite_from(template: &[u8]) -> Self {
        let directory = temporary_directory();
        let path = directory.path().join("test.db");
        tokio::fs::write(&path, template)
            .await
            .expect("a copy of the template");
        let place = Place::Sqlite {
            _directory: directory,
        };
        Self::open(Target::Sqlite(path), place).await
    }

    /// A fresh database on the server of `TEST_POSTGRES_URL`.
    pub(crate) async fn postgres() -> Self {
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        Self::postgres_from(TEMPLATE.get_or_init(postgres_template).await).await
    }

    /// A database of that server that nothing has migrated.
    pub(crate) async fn empty_postgres() -> Self {
        Self::postgres_from("template1").await
    }

    async fn postgres_from(template: &str) -> Self {
        let name = format!(
            "binnacle_test_{}",
            Entropy::from_system().uuid().as_simple()
        );
        let server = postgres_server().await;
        run(
            &server,
            &format!("CREATE DATABASE {name} TEMPLATE {template}"),
        )
        .await;
        server.close().await.expect("closing");
        let target = Target::Postgres(url_of(&name).into());
        Self::open(target, Place::Postgres { name }).await
    }

    async fn open(target: Target, place: Place) -> Self {
        let settings = DbSettings {
            target,
            readers: 4,
            writers: 4,
        };
        Self {
            db: Db::connect(&settings).await.expect("a connection"),
            settings,
            place: Arc::new(place),
        }
    }

    /// How to open the same database again, as another process would.
    pub(crate) fn settings(&self) -> &DbSettings {
        &self.settings
    }

    /// Closes the pools and removes the database.
    pub(crate) async fn finish(self) {
        self.db.close().await;
        if let Place::Postgres { name } = &*self.place {
            let server = postgres_server().await;
            run(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
            server.close().await.expect("closing");
        }
    }
}

/// In memory where the system has such a place: what a sync to disk survives is tested elsewhere.
fn temporary_directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .expect("a temporary directory")
}

/// The bytes of a migrated file, made once in a process.
async fn sqlite_template() -> Vec<u8> {
    let directory = temporary_directory();
    let path = directory.path().join("template.db");
    let settings = DbSettings {
        target: Target::Sqlite(path.clone()),
        readers: 1,
        writers: 1,
    };
    let db = Db::connect(&settings).await.expect("a connection");
    db.migrate().await.expect("the schema");
    run(&db.write, "PRAGMA wal_checkpoint(TRUNCATE)").await;
    db.close().await;
    tokio::fs::read(&path).await.expect("the template")
}

/// The name of a migrated database, made once for each build of the test program. The templates of
/// its earlier builds are dropped.
async fn postgres_template() -> String {
    let family = template_family();
    let name = format!("{family}_{:x}", build_time());
    let server = postgres_server().await;
    run(&server, "SELECT pg_advisory_lock(7316042)").await;
    let existing: Vec<String> = server
        .query_all_raw(Statement::from_sql_and_values(
            DatabaseBackend::Postgres,
            "SELECT datname::text AS name FROM pg_database WHERE datname LIKE $1",
            [format!("{family}_%").into()],
        ))
        .await
        .expect("the databases")
        .iter()
        .map(|row| row.try_get("", "name").expect("a name"))
        .collect();
    for outdated in existing.iter().filter(|existing| **existing != name) {
        run(&server, &format!("DROP DATABASE {outdated} WITH (FORCE)")).await;
    }
    if !existing.contains(&name) {
        // Takes its name only when it is whole: a run that was killed leaves no half template.
        let draft = format!("{family}_draft");
        run(&server, &format!("CREATE DATABASE {draft}")).await;
        let settings = DbSettings {
            target: Target::Postgres(url_of(&draft).into()),
            readers: 1,
            writers: 1,
        };
        let db = Db::connect(&settings).await.expect("a connection");
        db.migrate().await.expect("the schema");
        db.close().await;
        run(&server, &format!("ALTER DATABASE {draft} RENAME TO {name}")).await;
    }
    // The lock ends with its session.
    server.close().await.expect("closing");
    name
}

fn template_family() -> String {
    let program = std::env::current_exe().expect("the path of the test program");
    let digest = Sha256::digest(program.as_os_str().as_encoded_bytes());
    format!("binnacle_template_{}", hex::encode(&digest[..6]))
}

fn build_time() -> u128 {
    std::env::current_exe()
        .and_then(std::fs::metadata)
        .and_then(|program| program.modified())
        .expect("the time of the build")
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("a time after 1970")
        .as_nanos()
}

#[expect(
    clippy::disallowed_methods,
    reason = "tests have no settings; the test script names the server"
)]
fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL").unwrap_or_else(|_| {
        panic!(
            "TEST_POSTGRES_URL is not set: run scripts/test, which starts a private PostgreSQL, or \
             give a superuser's URL such as postgresql://postgres@127.0.0.1:5432/postgres"
        )
    })
}

/// One session on the server's own database: a lock of the session must not move to another.
async fn postgres_server() -> DatabaseConnection {
    let mut options = sea_orm::ConnectOptions::new(server_url());
    options.max_connections(1).sqlx_logging(false);
    Database::connect(options)
        .await
        .expect("the server of TEST_POSTGRES_URL")
}

fn url_of(database: &str) -> String {
    let url = server_url();
    let (address, query) = url
        .split_once('?')
        .map_or((url.as_str(), None), |(address, query)| {
            (address, Some(query))
        });
    let (server, _) = address
        .rsplit_once('/')
        .expect("TEST_POSTGRES_URL names a database");
    match query {
        Some(query) => format!("{server}/{database}?{query}"),
        None => format!("{server}/{database}"),
    }
}

async fn run(connection: &DatabaseConnection, statement: &str) {
    connection
        .execute_unprepared(statement)
        .await
        .unwrap_or_else(|error| panic!("{statement}: {error}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_database_starts_migrated_and_empty() {
    for_each_database(async |test: TestDb| {
        assert_eq!(
            test.db.schema_state().await.expect("the schema"),
            super::SchemaState::Current
        );
        let row = test
            .db
            .read()
            .query_one_raw(Statement::from_string(
                test.db.backend(),
                "SELECT count(*) AS users FROM users",
            ))
            .await
            .expect("a count")
            .expect("a row");
        let users: i64 = row.try_get("", "users").expect("a number");
        assert_eq!(users, 0);
        let again = Db::connect(test.settings())
            .await
            .expect("a second process");
        assert!(again.writable().await);
        again.close().await;
    })
    .await;
}
