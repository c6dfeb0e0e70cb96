//! This process among the others: a row with a heartbeat.

use std::{sync::Arc, time::Duration};

use chrono::TimeDelta;
use entities::{ProcessKind, jobs::process};
use nix::{errno::Errno, sys::signal::kill, unistd::Pid};
use uuid::Uuid;

use super::queries::{DbErr, processes};
use crate::platform::{
    clock::Clock,
    db::{Db, DbError, Txn, WriteKey},
    entropy::Entropy,
    tasks::Tasks,
};

/// This process's row. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Process {
    id: Uuid,
    db: Db,
    clock: Arc<dyn Clock>,
}

/// Whether other servers may stand beside a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Among,
    Alone,
}

/// How often the row is renewed.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// A process that is silent for so long is taken for dead.
const SILENCE: TimeDelta = TimeDelta::seconds(60);

impl Process {
    /// Adds the row of this process. One that must be the only server is not added beside another.
    pub(crate) async fn register(
        db: &Db,
        clock: Arc<dyn Clock>,
        entropy: &Entropy,
        (kind, place): (ProcessKind, Place),
    ) -> Result<Result<Self, process::Model>, DbError> {
        let now = clock.now();
        let row = process::Model {
            id: entropy.ordered_uuid(&*clock),
            kind,
            host: host(),
            pid: i32::try_from(std::process::id()).unwrap_or(i32::MAX),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at: now,
            heartbeat_at: now,
            stopped_at: None,
        };
        let id = row.id;
        let other = db.write(WriteKey::Free, (row, place), |txn, (row, place)| {
            Box::pin(async move {
                if *place == Place::Alone
                    && let Some(other) = other_server(txn, row).await?
                {
                    return Ok(Some(other));
                }
                processes::insert(txn, row).await?;
                Ok(None)
            })
        });
        Ok(match other.await? {
            Some(other) => Err(other),
            None => Ok(Self {
                id,
                db: db.clone(),
                clock,
            }),
        })
    }

    /// The key of the row: who holds leases.
    pub(crate) fn id(&self) -> Uuid {
        self.id
    }

    /// Keeps the row fresh until the tasks are told to stop.
    pub(crate) fn start_heartbeat(&self, tasks: &Tasks) {
        let stopping = tasks.stopping().clone();
        let process = self.clone();
        tasks.spawn("process-heartbeat", async move {
            let beats = async {
                loop {
                    tokio::time::sleep(HEARTBEAT).await;
                    if let Err(error) = process.beat().await {
                        tracing::warn!(%error, "cannot write the process's heartbeat");
                    }
                }
            };
            stopping.run_until_cancelled(beats).await;
        });
    }

    /// Marks this process as alive.
    pub(super) async fn beat(&self) -> Result<(), DbError> {
        let input = (self.id, self.clock.now());
        self.db
            .write(WriteKey::Free, input, |txn, (id, now)| {
                Box::pin(processes::beat(txn, *id, *now))
            })
            .await
    }

    /// Marks this process as stopped: the last thing that it writes.
    pub(crate) async fn stop(&self) -> Result<(), DbError> {
        let input = (self.id, self.clock.now());
        self.db
            .write(WriteKey::Free, input, |txn, (id, now)| {
                Box::pin(processes::stop(txn, *id, *now))
            })
            .await
    }

    /// The processes that are not known to have stopped, the oldest first.
    pub(crate) async fn running(db: &Db) -> Result<Vec<process::Model>, DbError> {
        Ok(processes::running(db.read()).await?)
    }

    /// Marks processes that fell silent as stopped; answers how many.
    pub(super) async fn stop_silent(db: &Db, clock: &dyn Clock) -> Result<u64, DbError> {
        let since = clock.now() - SILENCE;
        db.write(WriteKey::Free, since, |txn, since| {
            Box::pin(processes::stop_silent(txn, *since))
        })
        .await
    }
}

/// A server that is not known to be gone. Of two that ask at the same time the second sees the first.
async fn other_server(txn: &Txn, own: &process::Model) -> Result<Option<process::Model>, DbErr> {
    processes::in_turn(txn).await?;
    let heard_since = own.heartbeat_at - SILENCE;
    let mut running = processes::running(txn).await?.into_iter();
    Ok(running.find(|other| {
        other.kind == ProcessKind::Serve
            && other.heartbeat_at >= heard_since
            && (other.host != own.host || is_alive(other.pid))
    }))
}

/// Whether another process of this machine has this number.
fn is_alive(pid: i32) -> bool {
    let own = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
    // Not ours to signal is alive too.
    pid != own && kill(Pid::from_raw(pid), None) != Err(Errno::ESRCH)
}

fn host() -> String {
    nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .unwrap_or_else(|| "unknown".to_owned())
}
