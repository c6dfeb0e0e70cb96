//! The bare group-commit probe: the statements of a chat, gathered into transactions as the
//! server's write door gathers them, with nothing else around them.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr, SqliteTransactionMode, TransactionOptions,
    TransactionTrait as _,
    sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous},
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    load::{Figure, Window},
    statements::{self, Begun},
};

/// As in the server.
const BATCH_MEMBERS: usize = 64;
const QUEUE_MEMBERS: usize = 4_096;
const POSTGRES_LANES: usize = 2;

/// Users that the probe's database has.
pub(crate) const USERS: usize = 64;

struct Member {
    step: Step,
    reply: oneshot::Sender<Begun>,
}

#[derive(Clone, Copy)]
enum Step {
    Begin { user: i64 },
    End(Begun),
}

/// A database with writer tasks in front of it; ended when dropped.
pub(crate) struct GroupCommit {
    lanes: Arc<[mpsc::Sender<Member>]>,
    writers: JoinSet<Result<(), DbErr>>,
}

impl GroupCommit {
    /// The server's empty SQLite file in `folder`, with the server's settings.
    pub(crate) async fn sqlite(folder: &Path) -> anyhow::Result<Self> {
        let path = folder.join("binnacle.db");
        let path = path.to_str().context("the folder's name is not UTF-8")?;
        let mut options = ConnectOptions::new(format!("sqlite://{path}?mode=rw"));
        options
            .max_connections(1)
            .sqlx_logging(false)
            .test_before_acquire(false)
            .map_sqlx_sqlite_opts(|sqlite| {
                sqlite
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true)
                    .statement_cache_capacity(256)
                    .pragma("temp_store", "memory")
                    .pragma("cache_size", "-16000")
            });
        Self::start(options, 1).await
    }

    /// A PostgreSQL database that holds nothing but the schema, with the server's settings.
    pub(crate) async fn postgres(url: &str) -> anyhow::Result<Self> {
        let mut options = ConnectOptions::new(url);
        options
            .max_connections(4)
            .sqlx_logging(false)
            .test_before_acquire_if_idle_for(Duration::from_secs(5));
        Self::start(options, POSTGRES_LANES).await
    }

    async fn start(options: ConnectOptions, lanes: usize) -> anyhow::Result<Self> {
        let db = Database::connect(options).await?;
        statements::seed(&db, i64::try_from(USERS)?).await?;
        let mut writers = JoinSet::new();
        let lanes = (0..lanes).map(|_| {
            let (queue, waiting) = mpsc::channel(QUEUE_MEMBERS);
            writers.spawn(write(db.clone(), waiting));
            queue
        });
        let lanes: Arc<[_]> = lanes.collect();
        Ok(Self { lanes, writers })
    }

    /// Lets `callers` chat for `length` after a warm-up, as `users` in turn.
    pub(crate) async fn run(
        &mut self,
        callers: usize,
        users: usize,
        length: Duration,
    ) -> anyhow::Result<Figure> {
        let window = Window::after_warm_up(length);
        let turn = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..callers {
            tasks.spawn(caller(self.lanes.clone(), turn.clone(), users, window));
        }
        let mut times = Vec::new();
        while let Some(ended) = tasks.join_next().await {
            match ended? {
                Ok(of_one) => times.extend(of_one),
                Err(error) => {
                    // Why the writer has gone says more than that it has.
                    if let Some(writer) = self.writers.join_next().await {
                        writer??;
                    }
                    return Err(error);
                }
            }
        }
        Figure::of(times, length)
    }
}

async fn caller(
    lanes: Arc<[mpsc::Sender<Member>]>,
    turn: Arc<AtomicUsize>,
    users: usize,
    window: Window,
) -> anyhow::Result<Vec<Duration>> {
    let mut times = Vec::new();
    while !window.is_over() {
        let user = turn.fetch_add(1, Ordering::Relaxed) % users + 1;
        let lane = &lanes[user % lanes.len()];
        let asked_at = Instant::now();
        let user = i64::try_from(user)?;
        let begun = ask(lane, Step::Begin { user }).await?;
        ask(lane, Step::End(begun)).await?;
        let ended_at = Instant::now();
        if window.has(ended_at) {
            times.push(ended_at - asked_at);
        }
    }
    Ok(times)
}

async fn ask(lane: &mpsc::Sender<Member>, step: Step) -> anyhow::Result<Begun> {
    let (reply, answer) = oneshot::channel();
    lane.send(Member { step, reply })
        .await
        .ok()
        .context("the probe's writer has ended")?;
    answer.await.context("the probe's writer has ended")
}

/// Gathers what is waiting into one transaction, again and again.
async fn write(db: DatabaseConnection, mut waiting: mpsc::Receiver<Member>) -> Result<(), DbErr> {
    while let Some(first) = waiting.recv().await {
        let mut batch = vec![first];
        while batch.len() < BATCH_MEMBERS {
            match waiting.try_recv() {
                Ok(member) => batch.push(member),
                Err(_) => break,
            }
        }
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let txn = db.begin_with_options(options).await?;
        let mut outcomes = Vec::with_capacity(batch.len());
        for member in &batch {
            outcomes.push(match member.step {
                Step::Begin { user } => statements::begin(&txn, user).await?,
                Step::End(begun) => {
                    statements::end(&txn, begun).await?;
                    begun
                }
            });
        }
        txn.commit().await?;
        for (member, outcome) in batch.into_iter().zip(outcomes) {
            // A caller that has left needs no answer.
            let _ = member.reply.send(outcome);
        }
    }
    Ok(())
}
