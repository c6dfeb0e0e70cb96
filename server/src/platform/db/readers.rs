//! The pool of readers, as statements see it.
//!
//! sqlx asks every connection that comes back whether it still lives, which doubles the round trips
//! of a read and takes a task of its own. Readers therefore keep the connections that they have
//! borrowed, and give one back to the pool, which then asks, only when there is reason to: its
//! statement failed or was given up, or it has rested for long.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use sea_orm::{
    ConnAcquireErr, ConnectionTrait, DatabaseBackend, DatabaseConnection, DbErr, ExecResult,
    QueryResult, RuntimeErr, Statement, Values,
};
use sea_query_sqlx::SqlxValues;
use sqlx::{
    AssertSqlSafe, Connection, Database, Executor, IntoArguments, Pool, Postgres, Sqlite,
    pool::PoolConnection, query::Query,
};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{observer::Observed, reads, standing::PoolStanding};

/// The pool's name in metrics.
const POOL: &str = "reader";

/// Connections for reading. On SQLite they refuse to write.
pub(crate) struct Readers {
    pool: DatabaseConnection,
    kept: Kept,
    observed: Observed,
}

enum Kept {
    Sqlite(Connections<Sqlite>),
    Postgres(Connections<Postgres>),
}

/// When a connection that rests is no longer taken as it is.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    /// After this long it is asked first whether it still lives.
    pub(super) trusted: Duration,
    /// After this long it goes back to the pool, which may close it.
    pub(super) kept: Duration,
    /// However busy: so old it is closed.
    pub(super) lifetime: Duration,
}

impl Rest {
    /// A file does not go away.
    pub(super) const FOREVER: Self = Self {
        trusted: Duration::MAX,
        kept: Duration::MAX,
        lifetime: Duration::MAX,
    };
}

impl Readers {
    /// Readers of `pool`, at most `most` at once.
    pub(super) fn new(
        pool: DatabaseConnection,
        most: u32,
        wait: Duration,
        rest: Rest,
        observed: &Observed,
    ) -> Self {
        let kept = match pool.get_database_backend() {
            DatabaseBackend::Postgres => Kept::Postgres(Connections::new(
                pool.get_postgres_connection_pool().clone(),
                most,
                wait,
                rest,
                observed,
            )),
            _ => Kept::Sqlite(Connections::new(
                pool.get_sqlite_connection_pool().clone(),
                most,
                wait,
                rest,
                observed,
            )),
        };
        Self {
            pool,
            kept,
            observed: observed.clone(),
        }
    }

    /// PostgreSQL's own pool, for who listens; `None` on SQLite.
    pub(crate) fn postgres(&self) -> Option<&Pool<Postgres>> {
        match &self.kept {
            Kept::Sqlite(_) => None,
            Kept::Postgres(_) => Some(self.pool.get_postgres_connection_pool()),
        }
    }

    pub(super) fn standing(&self) -> PoolStanding {
        let (used, open, most, pending) = match &self.kept {
            Kept::Sqlite(connections) => connections.standing(),
            Kept::Postgres(connections) => connections.standing(),
        };
        PoolStanding {
            name: POOL,
            used,
            idle: open.saturating_sub(used),
            most,
            pending,
        }
    }

    fn backend(&self) -> DatabaseBackend {
        self.pool.get_database_backend()
    }

    pub(super) async fn close(&self) -> Result<(), DbErr> {
        match &self.kept {
            Kept::Sqlite(connections) => connections.close(),
            Kept::Postgres(connections) => connections.close(),
        }
        self.pool.close_by_ref().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Readers {
    fn get_database_backend(&self) -> DatabaseBackend {
        self.backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let read = reads::begin(self.backend(), &statement.sql);
        let execute = async {
            match &self.kept {
                Kept::Sqlite(connections) => connections.execute(statement).await,
                Kept::Postgres(connections) => connections.execute(statement).await,
            }
        };
        read.of(execute, &self.observed).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.pool.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let read = reads::begin(self.backend(), &statement.sql);
        let query = async {
            match &self.kept {
                Kept::Sqlite(connections) => connections.query_one(statement).await,
                Kept::Postgres(connections) => connections.query_one(statement).await,
            }
        };
        read.of(query, &self.observed).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let read = reads::begin(self.backend(), &statement.sql);
        let query = async {
            match &self.kept {
                Kept::Sqlite(connections) => connections.query_all(statement).await,
                Kept::Postgres(connections) => connections.query_all(statement).await,
            }
        };
        read.of(query, &self.observed).await
    }
}

/// Connections that were borrowed from the pool and not given back.
struct Connections<DB: Database> {
    pool: Pool<DB>,
    /// As many as may be borrowed: who has one finds a connection here or in the pool.
    permits: Semaphore,
    most: usize,
    wait: Duration,
    rest: Rest,
    /// Who waits for a permit or for the pool.
    waiting: AtomicUsize,
    observed: Observed,
    resting: Mutex<Vec<Resting<DB>>>,
}

/// Somebody who waits, counted until dropped.
struct Waiting<'c>(&'c AtomicUsize);

impl<'c> Waiting<'c> {
    fn counted_in(waiting: &'c AtomicUsize) -> Self {
        waiting.fetch_add(1, Ordering::Relaxed);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Resting<DB: Database> {
    connection: PoolConnection<DB>,
    borrowed: Instant,
    since: Instant,
}

/// A connection in use. Dropped, it goes back to the pool, which asks whether it still lives.
struct Lent<'c, DB: Database> {
    connection: PoolConnection<DB>,
    borrowed: Instant,
    connections: &'c Connections<DB>,
    _permit: SemaphorePermit<'c>,
}

impl<DB: Database> Connections<DB> {
    fn new(pool: Pool<DB>, most: u32, wait: Duration, rest: Rest, observed: &Observed) -> Self {
        let most = usize::try_from(most).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            pool,
            permits: Semaphore::new(most),
            most,
            wait,
            rest,
            waiting: AtomicUsize::new(0),
            observed: observed.clone(),
            resting: Mutex::default(),
        }
    }

    async fn lend(&self) -> Result<Lent<'_, DB>, DbErr> {
        let began = Instant::now();
        let waiting = Waiting::counted_in(&self.waiting);
        let lent = self.wait_for_one().await;
        drop(waiting);
        match &lent {
            Ok(_) => self.observed.waited(POOL, began.elapsed()),
            Err(DbErr::ConnectionAcquire(ConnAcquireErr::Timeout)) => self.observed.gave_up(POOL),
            Err(_) => {}
        }
        lent
    }

    async fn wait_for_one(&self) -> Result<Lent<'_, DB>, DbErr> {
        let permit = tokio::time::timeout(self.wait, self.permits.acquire())
            .await
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::Timeout))?
            .map_err(|_| DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed))?;
        let (connection, borrowed) = match self.rested().await {
            Some(found) => found,
            None => (
                self.pool.acquire().await.map_err(not_acquired)?,
                Instant::now(),
            ),
        };
        Ok(Lent {
            connection,
            borrowed,
            connections: self,
            _permit: permit,
        })
    }

    /// The connection that has rested least and still lives.
    async fn rested(&self) -> Option<(PoolConnection<DB>, Instant)> {
        loop {
            let resting = self.resting.lock().pop()?;
            let mut connection = resting.connection;
            if resting.borrowed.elapsed() < self.rest.lifetime
                && (resting.since.elapsed() < self.rest.trusted || connection.ping().await.is_ok())
            {
                return Some((connection, resting.borrowed));
            }
            connection.close_on_drop();
        }
    }

    /// How many are in use, how many are open, how many there may be, and how many wait.
    fn standing(&self) -> (usize, usize, usize, usize) {
        let used = self.most.saturating_sub(self.permits.available_permits());
        let open = usize::try_from(self.pool.size()).unwrap_or(usize::MAX);
        (used, open, self.most, self.waiting.load(Ordering::Relaxed))
    }

    fn close(&self) {
        self.permits.close();
        self.resting.lock().clear();
    }
}

impl<DB: Database> Lent<'_, DB> {
    /// Keeps the connection, whose statement has ended well, for the next.
    fn keep(self) {
        let mut resting = self.connections.resting.lock();
        // What comes after the end goes back to the pool, which waits for it.
        if self.connections.permits.is_closed() {
            return;
        }
        let now = Instant::now();
        resting.push(Resting {
            connection: self.connection,
            borrowed: self.borrowed,
            since: now,
        });
        let longest = resting.first().map_or(now, |first| first.since);
        if now.duration_since(longest) > self.connections.rest.kept {
            resting.remove(0);
        }
    }
}

impl<DB> Connections<DB>
where
    DB: Database,
    for<'c> &'c mut DB::Connection: Executor<'c, Database = DB>,
    SqlxValues: IntoArguments<DB>,
    QueryResult: From<DB::Row>,
    ExecResult: From<DB::QueryResult>,
{
    async fn execute(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        let mut lent = self.lend().await?;
        let outcome = query(statement).execute(&mut *lent.connection).await;
        let result = outcome.map_err(|error| DbErr::Exec(RuntimeErr::SqlxError(error.into())))?;
        lent.keep();
        Ok(result.into())
    }

    async fn query_one(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        let mut lent = self.lend().await?;
        let outcome = query(statement).fetch_optional(&mut *lent.connection).await;
        let row = outcome.map_err(failed_query)?;
        lent.keep();
        Ok(row.map(QueryResult::from))
    }

    async fn query_all(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        let mut lent = self.lend().await?;
        let outcome = query(statement).fetch_all(&mut *lent.connection).await;
        let rows = outcome.map_err(failed_query)?;
        lent.keep();
        Ok(rows.into_iter().map(QueryResult::from).collect())
    }
}

impl<DB: Database> Drop for Connections<DB> {
    fn drop(&mut self) {
        // Giving back takes a task, and there may be no runtime left to run one.
        for resting in self.resting.get_mut().drain(..) {
            drop(resting.connection.leak());
        }
    }
}

fn query<DB: Database>(statement: Statement) -> Query<'static, DB, SqlxValues>
where
    SqlxValues: IntoArguments<DB>,
{
    let values = statement.values.unwrap_or_else(|| Values(Vec::new()));
    sqlx::query_with(AssertSqlSafe(statement.sql), SqlxValues(values))
}

fn failed_query(error: sqlx::Error) -> DbErr {
    DbErr::Query(RuntimeErr::SqlxError(error.into()))
}

fn not_acquired(error: sqlx::Error) -> DbErr {
    match error {
        sqlx::Error::PoolTimedOut => DbErr::ConnectionAcquire(ConnAcquireErr::Timeout),
        sqlx::Error::PoolClosed => DbErr::ConnectionAcquire(ConnAcquireErr::ConnectionClosed),
        error => DbErr::Conn(RuntimeErr::SqlxError(error.into())),
    }
}
