//! Group commit: writer tasks that gather what is waiting into one transaction.
//!
//! One sync to disk then serves many callers, and on PostgreSQL callers that contend for one row
//! queue here instead of holding a connection each. There are no savepoints: when a member fails,
//! the batch is rolled back and its members run one by one.

use std::{panic::AssertUnwindSafe, time::Instant};

use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{
    DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::{
    Change, DbError, Txn,
    error::is_transient_conflict,
    member::{Member, TypedMember},
    observer::Observed,
    standing::{PoolStanding, system_name},
};
use crate::platform::tasks::Tasks;

/// Members of one transaction at the most: bounds what one failure runs again.
const BATCH_MEMBERS: usize = 64;
/// Waiting members of one lane; beyond it callers wait to queue.
const QUEUE_MEMBERS: usize = 4_096;
/// Runs of a single member that lost a deadlock.
const CONFLICT_ATTEMPTS: u32 = 5;

/// The row that a write contends for. Writes of one key share a lane, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum WriteKey {
    /// Contends with nobody.
    Free,
    /// The house's period row: with a house limit, everybody's money meets here.
    House,
    /// A user's period row.
    User(entities::UserId),
}

type Queue = mpsc::Sender<Box<dyn Member>>;

/// The queues to the writer tasks.
pub(super) struct Writers {
    lanes: Vec<Queue>,
    next_free: std::sync::atomic::AtomicUsize,
}

impl Writers {
    pub(super) fn start(
        connection: &DatabaseConnection,
        lanes: usize,
        changes: &broadcast::Sender<Change>,
        observed: &Observed,
        tasks: &Tasks,
    ) -> Self {
        let lanes = (0..lanes.max(1))
            .map(|_| {
                let (queue, waiting) = mpsc::channel(QUEUE_MEMBERS);
                let lane = Lane {
                    connection: connection.clone(),
                    changes: changes.clone(),
                    observed: observed.clone(),
                };
                tasks.spawn("db-writer", lane.run(waiting, tasks.stopping().clone()));
                queue
            })
            .collect();
        Self {
            lanes,
            next_free: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// A lane works while something waits in it.
    pub(super) fn standing(&self) -> PoolStanding {
        let waiting = |lane: &Queue| lane.max_capacity() - lane.capacity();
        let used = self.lanes.iter().filter(|lane| waiting(lane) > 0).count();
        PoolStanding {
            name: "writer",
            used,
            idle: self.lanes.len() - used,
            most: self.lanes.len(),
            pending: self.lanes.iter().map(waiting).sum(),
        }
    }

    /// The same key always has the same lane, in every process with as many lanes.
    fn lane(&self, key: WriteKey) -> &Queue {
        use std::sync::atomic::Ordering;
        let number = match key {
            WriteKey::Free => self.next_free.fetch_add(1, Ordering::Relaxed),
            WriteKey::House => 0,
            WriteKey::User(id) => usize::try_from(id.0.unsigned_abs()).unwrap_or(0),
        };
        &self.lanes[number % self.lanes.len()]
    }

    pub(super) async fn run<I, T, W>(
        &self,
        key: WriteKey,
        alone: bool,
        input: I,
        work: W,
    ) -> Result<T, DbError>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        W: for<'a> Fn(&'a Txn, &'a I) -> BoxFuture<'a, Result<T, DbErr>> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let member = TypedMember {
            key,
            alone,
            input,
            work,
            outcome: None,
            span: Span::current(),
            reply,
        };
        self.lane(key)
            .send(Box::new(member))
            .await
            .map_err(|_| DbError::Unavailable(None))?;
        answer.await.map_err(|_| DbError::Unavailable(None))?
    }
}

struct Lane {
    connection: DatabaseConnection,
    changes: broadcast::Sender<Change>,
    observed: Observed,
}

impl Lane {
    /// Serves until told to stop, and then what is still waiting.
    async fn run(self, mut waiting: mpsc::Receiver<Box<dyn Member>>, stop: CancellationToken) {
        let mut carried: Option<Box<dyn Member>> = None;
        loop {
            let mut next = carried.take();
            if next.is_none() {
                next = tokio::select! {
                    biased;
                    member = waiting.recv() => member,
                    () = stop.cancelled() => None,
                };
            }
            let Some(first) = next else { return };
            let mut batch = vec![first];
            while !batch[0].alone() && batch.len() < BATCH_MEMBERS {
                match waiting.try_recv() {
                    Ok(member) if member.alone() => {
                        carried = Some(member);
                        break;
                    }
                    Ok(member) => batch.push(member),
                    Err(_) => break,
                }
            }
            batch.retain(|member| !member.abandoned());
            // Rows are locked in the order of keys, so that two processes cannot deadlock.
            batch.sort_by_key(|member| member.key());
            self.commit_batch(batch).await;
        }
    }

    async fn commit_batch(&self, mut batch: Vec<Box<dyn Member>>) {
        match batch.len() {
            0 => {}
            1 => {
                if let Some(member) = batch.pop() {
                    self.commit_one(member).await;
                }
            }
            _ => match self.attempt(&mut batch).await {
                Ok(changes) => {
                    self.publish(changes);
                    for member in batch {
                        member.committed();
                    }
                }
                Err(_) => {
                    for member in batch {
                        self.commit_one(member).await;
                    }
                }
            },
        }
    }

    async fn commit_one(&self, member: Box<dyn Member>) {
        let mut alone = [member];
        let mut attempts = 1;
        let outcome = loop {
            match self.attempt(&mut alone).await {
                Err(error) if is_transient_conflict(&error) && attempts < CONFLICT_ATTEMPTS => {
                    attempts += 1;
                }
                outcome => break outcome,
            }
        };
        let [member] = alone;
        match outcome {
            Ok(changes) => {
                self.publish(changes);
                member.committed();
            }
            Err(error) => member.failed(error.into()),
        }
    }

    async fn attempt(&self, members: &mut [Box<dyn Member>]) -> Result<Vec<Change>, DbErr> {
        let began = Instant::now();
        let callers = members.len();
        let outcome = self.transaction(members).await;
        let system = system_name(self.connection.get_database_backend());
        self.observed
            .transaction(system, callers, outcome.is_ok(), began.elapsed());
        outcome
    }

    async fn transaction(&self, members: &mut [Box<dyn Member>]) -> Result<Vec<Change>, DbErr> {
        let options = TransactionOptions {
            // A deferred transaction that reads first cannot wait for the lock when it comes to write.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let txn = Txn::new(self.connection.begin_with_options(options).await?);
        for member in members {
            // A panic must not end the lane, on which every other caller waits. Nothing of the
            // member is looked at afterwards but where its answer goes.
            let outcome = AssertUnwindSafe(member.run(&txn)).catch_unwind().await;
            if let Err(error) = outcome.unwrap_or_else(|_| Err(panicked())) {
                // On a full disk SQLite has rolled back already. Why it came to that is the news.
                if let Err(also) = txn.rollback().await {
                    tracing::warn!(error = %also, "a transaction could not be rolled back");
                }
                return Err(error);
            }
        }
        txn.commit().await
    }

    fn publish(&self, changes: Vec<Change>) {
        for change in changes {
            // Without a follower there is nobody to tell.
            let _ = self.changes.send(change);
        }
    }
}

/// What the caller of a write that panicked is told.
fn panicked() -> DbErr {
    DbErr::Custom("the write panicked".to_owned())
}
