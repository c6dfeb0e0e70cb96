//! Group commit: writer tasks that gather what is waiting into one transaction.
//!
//! One sync to disk then serves many callers, and on PostgreSQL callers that contend for one row
//! queue here instead of holding a connection each. There are no savepoints: when a member fails,
//! the batch is rolled back and its members run one by one.
//!
//! What may have been committed is never run again: when a COMMIT is not answered, everybody in the
//! batch is told that the database is not reachable.

use std::{
    panic::AssertUnwindSafe,
    time::{Duration, Instant},
};

use futures_util::{FutureExt, future::BoxFuture};
use sea_orm::{
    DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::sync::{broadcast, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use tracing::Span;

use super::{
    Change, DbError, Txn,
    error::{is_busy, is_refusal, is_transient_conflict},
    member::{Member, Turn, TypedMember},
    observer::Observed,
    standing::{PoolStanding, system_name},
};
use crate::platform::tasks::Tasks;

/// The pool's name in metrics.
const POOL: &str = "writer";
/// Members of one transaction at the most: bounds what one failure runs again.
const BATCH_MEMBERS: usize = 64;
/// Waiting members of one lane; beyond it callers wait to queue.
const QUEUE_MEMBERS: usize = 4_096;
/// How long a caller waits for its turn. Longer than a process that is frozen in a transaction keeps
/// its rows locked, and than a connection may take.
const TURN_TIMEOUT: Duration = Duration::from_secs(12);
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
    observed: Observed,
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
            observed: observed.clone(),
            next_free: std::sync::atomic::AtomicUsize::new(0),
        }
    }

    /// A lane works while something waits in it.
    pub(super) fn standing(&self) -> PoolStanding {
        let waiting = |lane: &Queue| lane.max_capacity() - lane.capacity();
        let used = self.lanes.iter().filter(|lane| waiting(lane) > 0).count();
        PoolStanding {
            name: POOL,
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
        let turn = Turn::default();
        let member = TypedMember {
            key,
            alone,
            input,
            work,
            turn: turn.clone(),
            since: Some(Instant::now()),
            outcome: None,
            span: Span::current(),
            reply,
        };
        let lane = self.lane(key);
        let mut answered = std::pin::pin!(async move {
            lane.send(Box::new(member))
                .await
                .map_err(|_| DbError::Unavailable(None))?;
            answer.await.map_err(|_| DbError::Unavailable(None))?
        });
        match tokio::time::timeout(TURN_TIMEOUT, &mut answered).await {
            Ok(answered) => answered,
            Err(_) if turn.give_up() => {
                self.observed.gave_up(POOL);
                Err(DbError::Unavailable(None))
            }
            // It is being written: only the database knows what becomes of it.
            Err(_) => answered.await,
        }
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
            if batch.is_empty() {
                continue;
            }
            // Rows are locked in the order of keys, so that two processes cannot deadlock.
            batch.sort_by_key(|member| member.key());
            self.commit_batch(batch).await;
        }
    }

    async fn commit_batch(&self, mut batch: Vec<Box<dyn Member>>) {
        match self.attempt(&mut batch).await {
            Ok(changes) => {
                self.publish(changes);
                for member in batch {
                    member.committed();
                }
            }
            Err(Undone::Member(_)) if batch.len() > 1 => self.commit_each(batch).await,
            Err(Undone::Member(error)) => {
                if let Some(member) = batch.pop() {
                    self.commit_again(member, error).await;
                }
            }
            Err(Undone::NotBegun(error) | Undone::Unanswered(error)) => refuse(batch, error),
        }
    }

    /// One by one, until the database is gone: the rest would wait for it in vain.
    async fn commit_each(&self, batch: Vec<Box<dyn Member>>) {
        let mut rest = batch.into_iter();
        while let Some(member) = rest.next() {
            if member.abandoned() {
                continue;
            }
            let mut alone = [member];
            let outcome = self.attempt(&mut alone).await;
            let [member] = alone;
            match outcome {
                Ok(changes) => {
                    self.publish(changes);
                    member.committed();
                }
                Err(Undone::Member(error)) => self.commit_again(member, error).await,
                Err(Undone::Unanswered(error)) => refuse([member], error),
                Err(Undone::NotBegun(error)) => {
                    refuse(std::iter::once(member).chain(rest), error);
                    return;
                }
            }
        }
    }

    /// A member that failed alone: once more if it lost a deadlock, else its caller is told.
    async fn commit_again(&self, member: Box<dyn Member>, mut error: DbErr) {
        let mut alone = [member];
        for _ in 1..CONFLICT_ATTEMPTS {
            if !is_transient_conflict(&error) {
                break;
            }
            match self.attempt(&mut alone).await {
                Ok(changes) => {
                    self.publish(changes);
                    let [member] = alone;
                    return member.committed();
                }
                Err(Undone::Member(again)) => error = again,
                Err(Undone::NotBegun(gone) | Undone::Unanswered(gone)) => {
                    return refuse(alone, gone);
                }
            }
        }
        let [member] = alone;
        member.failed(error.into());
    }

    async fn attempt(&self, members: &mut [Box<dyn Member>]) -> Result<Vec<Change>, Undone> {
        let began = Instant::now();
        let callers = members.len();
        let outcome = self.transaction(members).await;
        let system = system_name(self.connection.get_database_backend());
        self.observed
            .transaction(system, callers, outcome.is_ok(), began.elapsed());
        if let Err(Undone::NotBegun(error) | Undone::Member(error) | Undone::Unanswered(error)) =
            &outcome
            && is_busy(error)
        {
            self.observed.busy();
        }
        outcome
    }

    async fn transaction(&self, members: &mut [Box<dyn Member>]) -> Result<Vec<Change>, Undone> {
        let options = TransactionOptions {
            // A deferred transaction that reads first cannot wait for the lock when it comes to write.
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let begun = self.connection.begin_with_options(options).await;
        let txn = Txn::new(begun.map_err(Undone::NotBegun)?);
        for member in members {
            if !member.take_turn() {
                continue;
            }
            if let Some(waited) = member.waited() {
                self.observed.waited(POOL, waited);
            }
            // A panic must not end the lane, on which every other caller waits. Nothing of the
            // member is looked at afterwards but where its answer goes.
            let outcome = AssertUnwindSafe(member.run(&txn)).catch_unwind().await;
            if let Err(error) = outcome.unwrap_or_else(|_| Err(panicked())) {
                // On a full disk SQLite has rolled back already. Why it came to that is the news.
                if let Err(also) = txn.rollback().await {
                    tracing::warn!(error = %also, "a transaction could not be rolled back");
                }
                return Err(Undone::Member(error));
            }
        }
        txn.commit().await.map_err(|error| {
            if is_refusal(&error) {
                Undone::Member(error)
            } else {
                Undone::Unanswered(error)
            }
        })
    }

    fn publish(&self, changes: Vec<Change>) {
        for change in changes {
            // Without a follower there is nobody to tell.
            let _ = self.changes.send(change);
        }
    }
}

/// Why a transaction did not come to its end.
enum Undone {
    /// It could not be begun; no member has run.
    NotBegun(DbErr),
    /// The database or a member refused, and it was rolled back: its members may run again.
    Member(DbErr),
    /// Nobody knows whether it was committed.
    Unanswered(DbErr),
}

/// Tells each that the database is not reachable.
fn refuse(members: impl IntoIterator<Item = Box<dyn Member>>, error: DbErr) {
    tracing::warn!(%error, "the database does not answer those who write");
    let mut error = Some(error);
    for member in members {
        member.failed(DbError::Unavailable(error.take()));
    }
}

/// What the caller of a write that panicked is told.
fn panicked() -> DbErr {
    DbErr::Custom("the write panicked".to_owned())
}
