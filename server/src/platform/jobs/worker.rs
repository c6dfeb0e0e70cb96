//! A worker pool: takes ready jobs as long as it has free slots, and gives them back when the
//! process stops.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use entities::{JobId, jobs::job};
use parking_lot::Mutex;
use tokio::{sync::Notify, time::Instant};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Jobs,
    choice::{Ahead, Choice, Rounds},
    execution::Execution,
    queries::{
        choice::Candidate,
        claims::{self, Taker},
        moves::Run,
    },
    settings::delta,
    stop::{StopReason, StopSignal},
};
use crate::platform::{
    db::{DbError, WriteKey},
    tasks::Tasks,
};

/// The workers of one process. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Worker(
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "whoever started it keeps the pool; tests count what runs"
        )
    )]
    Arc<Pool>,
);

pub(super) struct Pool {
    pub(super) jobs: Jobs,
    pub(super) process_id: Uuid,
    pub(super) tasks: Tasks,
    running: Mutex<HashMap<(JobId, i64), Arc<Running>>>,
    slot_freed: Notify,
    rounds: Rounds,
    ahead: Mutex<Ahead>,
    /// Cancelled when the drain time is over.
    pub(super) drained: CancellationToken,
    /// Cancelled when nothing runs any more and nothing will be taken.
    pub(super) idle: CancellationToken,
}

/// A job that this process runs.
pub(super) struct Running {
    pub(super) run: Run,
    pub(super) kind: String,
    pub(super) stop: Arc<StopSignal>,
    /// When the renewal began that the lease rests on.
    pub(super) renewed_at: Mutex<Instant>,
}

/// Candidates for each free slot, so that a worker that finds the first ones taken has others.
const SPARES: usize = 4;
/// Candidates of one look at the queue at the least: what is left of them is remembered.
const AHEAD: usize = 64;
/// The wait after every candidate was being taken by others.
const CONTENDED: Duration = Duration::from_millis(20);

/// What came of one look at the queue.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    /// Jobs were taken; there may be more.
    Taken,
    /// Others were taking what there is.
    Contended,
    /// Nothing is ready, or no slot is free.
    Nothing,
}

impl Worker {
    /// Starts a worker pool as part of process `process_id`. It stops when `tasks` are told to:
    /// running handlers are cancelled, get the drain time, and their jobs are given back.
    pub(crate) fn start(jobs: &Jobs, process_id: Uuid, tasks: &Tasks) -> Self {
        let pool = Arc::new(Pool {
            jobs: jobs.clone(),
            process_id,
            tasks: tasks.clone(),
            running: Mutex::default(),
            slot_freed: Notify::new(),
            rounds: Rounds::default(),
            ahead: Mutex::default(),
            drained: CancellationToken::new(),
            idle: CancellationToken::new(),
        });
        tasks.spawn("job-claims", Arc::clone(&pool).claim_until_stopped());
        tasks.spawn("job-heartbeat", Arc::clone(&pool).renew_until_idle());
        tasks.spawn("job-cancels", Arc::clone(&pool).watch_cancels_until_idle());
        tasks.spawn("job-rescue", Arc::clone(&pool).rescue_until_idle());
        Self(pool)
    }

    /// How many jobs run in this pool now.
    #[cfg(test)]
    pub(crate) fn running(&self) -> usize {
        self.0.running.lock().len()
    }
}

impl Pool {
    async fn claim_until_stopped(self: Arc<Self>) {
        let stopping = self.tasks.stopping().clone();
        let mut wake = self.jobs.0.wake.subscribe();
        while !stopping.is_cancelled() {
            // Marked before the look: what comes during it is looked at again.
            wake.mark_unchanged();
            let look = self.look().await.unwrap_or_else(|error| {
                tracing::warn!(%error, "cannot look at the queue");
                Look::Nothing
            });
            let wait = match look {
                Look::Taken => continue,
                Look::Contended => CONTENDED,
                Look::Nothing => self.jobs.0.settings.poll,
            };
            tokio::select! {
                () = stopping.cancelled() => {}
                _ = wake.changed() => {}
                () = self.slot_freed.notified() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
        self.drain().await;
    }

    async fn drain(&self) {
        for running in self.all_running() {
            running.stop.stop(StopReason::Shutdown);
        }
        let empty = async {
            loop {
                let freed = self.slot_freed.notified();
                if self.running.lock().is_empty() {
                    return;
                }
                freed.await;
            }
        };
        tokio::pin!(empty);
        if tokio::time::timeout(self.jobs.0.settings.drain, &mut empty)
            .await
            .is_err()
        {
            self.drained.cancel();
            empty.await;
        }
        self.idle.cancel();
    }

    /// Takes what there is for the free slots.
    async fn look(self: &Arc<Self>) -> Result<Look, DbError> {
        let free = self.free_slots();
        if free.total == 0 {
            return Ok(Look::Nothing);
        }
        let full = free.full_kinds();
        let remembered = self.ahead.lock().of_other_kinds(&full);
        let fresh = remembered.is_empty();
        let candidates = if fresh {
            let choice = Choice {
                full_kinds: full,
                per_user: self.jobs.0.settings.per_user,
                limit: (free.total * SPARES).max(AHEAD),
            };
            let chosen = self.jobs.choose(&choice, &self.rounds).await?;
            self.ahead.lock().remember(&chosen);
            chosen
        } else {
            remembered
        };
        if candidates.is_empty() {
            return Ok(Look::Nothing);
        }
        let shares = free.share(&candidates);
        let wanted: u64 = shares.iter().map(|share| share.limit).sum();
        let leased_at = Instant::now();
        let taken = self.take(shares).await?;
        self.ahead
            .lock()
            .forget(&taken, taken.len() as u64 == wanted);
        if taken.is_empty() {
            // What was remembered may be gone; what was chosen now, others are taking.
            return Ok(if fresh { Look::Contended } else { Look::Taken });
        }
        for job in taken {
            self.begin(job, leased_at);
        }
        Ok(Look::Taken)
    }

    async fn take(&self, shares: Vec<Share>) -> Result<Vec<job::Model>, DbError> {
        let engine = &self.jobs.0;
        let now = engine.clock.now();
        let by = Taker {
            process_id: self.process_id,
            now,
            lease_until: now + delta(engine.settings.lease),
        };
        engine
            .db
            .write(WriteKey::Free, (shares, by), |txn, (shares, by)| {
                Box::pin(async move {
                    let mut taken = Vec::new();
                    for share in shares {
                        taken.extend(claims::take(txn, &share.candidates, share.limit, *by).await?);
                    }
                    Ok(taken)
                })
            })
            .await
    }

    fn begin(self: &Arc<Self>, job: job::Model, leased_at: Instant) {
        fail::fail_point!("job-claimed");
        let running = Arc::new(Running {
            run: Run {
                id: job.id,
                claim: job.claim,
                process_id: self.process_id,
            },
            kind: job.kind.clone(),
            stop: Arc::default(),
            renewed_at: Mutex::new(leased_at),
        });
        self.running
            .lock()
            .insert((job.id, job.claim), Arc::clone(&running));
        let execution = Execution::new(Arc::clone(self), running, job);
        self.tasks.spawn("job", execution.run_to_end());
    }

    pub(super) fn release(&self, run: Run) {
        self.running.lock().remove(&(run.id, run.claim));
        self.slot_freed.notify_one();
    }

    pub(super) fn all_running(&self) -> Vec<Arc<Running>> {
        self.running.lock().values().cloned().collect()
    }

    /// Whether this run has not ended here.
    pub(super) fn is_running(&self, id: JobId, claim: i64) -> bool {
        self.running.lock().contains_key(&(id, claim))
    }

    fn free_slots(&self) -> FreeSlots {
        let mut by_kind: BTreeMap<&'static str, usize> = BTreeMap::new();
        for handler in self.jobs.0.registry.all() {
            by_kind.insert(handler.kind(), handler.policy().concurrency);
        }
        let running = self.running.lock();
        for job in running.values() {
            if let Some(free) = by_kind.get_mut(job.kind.as_str()) {
                *free = free.saturating_sub(1);
            }
        }
        FreeSlots {
            total: self
                .jobs
                .0
                .settings
                .concurrency
                .saturating_sub(running.len()),
            by_kind,
        }
    }
}

/// Slots that are free: altogether, and for each kind that is known here. An unknown kind has as
/// many as there are: it ends at once.
struct FreeSlots {
    total: usize,
    by_kind: BTreeMap<&'static str, usize>,
}

/// How many of these candidates, all of one kind, may be taken.
struct Share {
    candidates: Vec<JobId>,
    limit: u64,
}

impl FreeSlots {
    fn full_kinds(&self) -> Vec<&'static str> {
        self.by_kind
            .iter()
            .filter(|(_, free)| **free == 0)
            .map(|(kind, _)| *kind)
            .collect()
    }

    /// Deals the free slots to the candidates in their order; what is left over of a kind that has
    /// a slot stands by as a spare.
    fn share(&self, candidates: &[Candidate]) -> Vec<Share> {
        let mut total = self.total;
        let mut shares: BTreeMap<&str, Share> = BTreeMap::new();
        for candidate in candidates {
            let share = shares.entry(&candidate.kind).or_insert_with(|| Share {
                candidates: Vec::new(),
                limit: 0,
            });
            share.candidates.push(candidate.id);
            let of_kind = self
                .by_kind
                .get(candidate.kind.as_str())
                .map_or(u64::MAX, |free| *free as u64);
            if total > 0 && share.limit < of_kind {
                share.limit += 1;
                total -= 1;
            }
        }
        let mut shares: Vec<Share> = shares
            .into_values()
            .filter(|share| share.limit > 0)
            .collect();
        for share in &mut shares {
            let offered = usize::try_from(share.limit).unwrap_or(usize::MAX);
            share.candidates.truncate(offered.saturating_mul(SPARES));
        }
        shares
    }
}
