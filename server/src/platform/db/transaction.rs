//! The transaction as members of a batch see it, and the changes that it announces.

use entities::UserId;
use parking_lot::Mutex;
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult, Statement,
};

/// What kind of row changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Entity {
    User,
    Period,
    Job,
    Document,
    /// An entry of the audit log.
    Audit,
    /// A run of retention, by its number, or the days of a class, by its name.
    Retention,
}

impl Entity {
    /// Its name between processes.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Period => "period",
            Self::Job => "job",
            Self::Document => "document",
            Self::Audit => "audit",
            Self::Retention => "retention",
        }
    }

    /// The one of this name.
    pub(crate) fn of_word(word: &str) -> Option<Self> {
        let all = [
            Self::User,
            Self::Period,
            Self::Job,
            Self::Document,
            Self::Audit,
            Self::Retention,
        ];
        all.into_iter().find(|entity| entity.word() == word)
    }
}

/// A row that changed, announced after its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) entity: Entity,
    /// The row's key as the wire shows it.
    pub(crate) id: String,
    /// Whose row it is.
    pub(crate) user_id: Option<UserId>,
    /// The row's `rev` after the change; a follower that has a higher one ignores this.
    pub(crate) rev: i64,
}

/// A transaction of the write door. Only statements pass: no commit, no nesting.
pub(crate) struct Txn {
    pub(super) inner: DatabaseTransaction,
    changes: Mutex<Vec<Change>>,
    committed: Mutex<Vec<AfterCommit>>,
}

type AfterCommit = Box<dyn FnOnce() + Send>;

impl Txn {
    pub(super) fn new(inner: DatabaseTransaction) -> Self {
        Self {
            inner,
            changes: Mutex::new(Vec::new()),
            committed: Mutex::new(Vec::new()),
        }
    }

    /// Announces a change to the live feed once this transaction has committed.
    pub(crate) fn announce(&self, change: Change) {
        self.changes.lock().push(change);
    }

    /// Runs something once this transaction has committed, such as a line of the log; it must not
    /// block.
    pub(crate) fn after_commit(&self, act: impl FnOnce() + Send + 'static) {
        self.committed.lock().push(Box::new(act));
    }

    pub(super) async fn commit(self) -> Result<Vec<Change>, DbErr> {
        self.inner.commit().await?;
        for act in self.committed.into_inner() {
            act();
        }
        Ok(self.changes.into_inner())
    }

    pub(super) async fn rollback(self) -> Result<(), DbErr> {
        self.inner.rollback().await
    }
}

#[async_trait::async_trait]
impl ConnectionTrait for Txn {
    fn get_database_backend(&self) -> DbBackend {
        self.inner.get_database_backend()
    }

    async fn execute_raw(&self, statement: Statement) -> Result<ExecResult, DbErr> {
        self.inner.execute_raw(statement).await
    }

    async fn execute_unprepared(&self, sql: &str) -> Result<ExecResult, DbErr> {
        self.inner.execute_unprepared(sql).await
    }

    async fn query_one_raw(&self, statement: Statement) -> Result<Option<QueryResult>, DbErr> {
        self.inner.query_one_raw(statement).await
    }

    async fn query_all_raw(&self, statement: Statement) -> Result<Vec<QueryResult>, DbErr> {
        self.inner.query_all_raw(statement).await
    }
}
