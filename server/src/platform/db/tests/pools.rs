//! What pools tell of those who wait.

use std::{sync::Arc, time::Duration};

use futures_util::future::join_all;
use parking_lot::Mutex;
use pretty_assertions::assert_eq;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection};
use sqlx::{Connection, Executor, SqliteConnection};

use super::{execute, readers::slow};
use crate::platform::db::{
    Db, DbObserver, Target, WriteKey, connect,
    observer::Observed,
    readers::{Readers, Rest},
    testing::{TestDb, for_each_database},
};

/// Notes what it is told of.
#[derive(Default)]
struct Noted(Mutex<Vec<&'static str>>);

impl Noted {
    fn times(&self, what: &str) -> usize {
        let noted = self.0.lock();
        noted.iter().filter(|known| **known == what).count()
    }
}

impl DbObserver for Noted {
    fn transaction(&self, _: &'static str, _: usize, succeeded: bool, _: Duration) {
        let what = if succeeded { "committed" } else { "undone" };
        self.0.lock().push(what);
    }

    fn read(&self, _: &'static str, succeeded: bool, _: Duration) {
        let what = if succeeded { "read" } else { "not read" };
        self.0.lock().push(what);
    }

    fn waited(&self, pool: &'static str, _: Duration) {
        self.0.lock().push(pool);
    }

    fn gave_up(&self, _: &'static str) {
        self.0.lock().push("gave up");
    }

    fn busy(&self) {
        self.0.lock().push("busy");
    }
}

async fn observed(test: &TestDb) -> (Db, Arc<Noted>) {
    let db = Db::connect(test.settings()).await.expect("a connection");
    let noted = Arc::new(Noted::default());
    db.observed_by(noted.clone());
    (db, noted)
}

#[tokio::test]
async fn whoever_waits_for_a_connection_is_counted() {
    for_each_database(async |test| {
        let (db, noted) = observed(&test).await;
        let reads = join_all((0..12).map(|_| db.read().query_all_raw(slow(db.read()))));
        let look = async {
            while db.pools()[0].pending == 0 {
                tokio::task::yield_now().await;
            }
        };
        let (outcomes, ()) = tokio::join!(reads, look);
        assert!(outcomes.iter().all(Result::is_ok));
        assert_eq!(db.pools()[0].pending, 0);
        assert_eq!((noted.times("reader"), noted.times("read")), (12, 12));
        assert_eq!(noted.times("writer"), 0);
        db.write(WriteKey::Free, (), |txn, ()| {
            Box::pin(async move { execute(txn, "SELECT 1").await })
        })
        .await
        .expect("a write");
        assert_eq!((noted.times("writer"), noted.times("committed")), (1, 1));
        db.close().await;
    })
    .await;
}

/// A pool with one connection.
async fn of_one(test: &TestDb) -> DatabaseConnection {
    let options = match &test.settings().target {
        Target::Sqlite(path) => connect::sqlite(path, 1, true).expect("options"),
        Target::Postgres(url) => {
            use secrecy::ExposeSecret;
            let mut options = ConnectOptions::new(url.expose_secret());
            options.max_connections(1);
            options
        }
    };
    Database::connect(options).await.expect("a connection")
}

#[tokio::test]
async fn whoever_waits_in_vain_is_counted() {
    for_each_database(async |test| {
        let noted = Arc::new(Noted::default());
        let observed = Observed::default();
        observed.by(noted.clone());
        let wait = Duration::from_millis(5);
        let readers = Readers::new(of_one(&test).await, 1, wait, Rest::FOREVER, &observed);
        let (first, second) = tokio::join!(
            readers.query_all_raw(slow(&readers)),
            readers.query_all_raw(slow(&readers)),
        );
        assert!(first.is_ok() && second.is_err());
        assert_eq!((noted.times("gave up"), noted.times("not read")), (1, 1));
        readers.close().await.expect("closed");
    })
    .await;
}

#[tokio::test]
async fn a_file_that_another_process_holds_is_told() {
    let test = TestDb::sqlite().await;
    let (db, noted) = observed(&test).await;
    let Target::Sqlite(path) = &test.settings().target else {
        panic!("it is a file");
    };
    db.write(WriteKey::Free, (), |txn, ()| {
        Box::pin(async move { execute(txn, "PRAGMA busy_timeout = 1").await })
    })
    .await
    .expect("less patience");
    let url = format!("sqlite://{}", path.display());
    let mut other = SqliteConnection::connect(&url).await.expect("another");
    other.execute("BEGIN IMMEDIATE").await.expect("its lock");
    let refused = db
        .write(WriteKey::Free, (), |txn, ()| {
            Box::pin(async move { execute(txn, "SELECT 1").await })
        })
        .await;
    assert!(refused.is_err());
    assert_eq!(noted.times("busy"), 1);
    other.close().await.expect("closed");
    db.close().await;
    test.finish().await;
}
