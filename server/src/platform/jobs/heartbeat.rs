//! Keeping the leases of running jobs, and noticing that one is lost or that its owner wants it
//! stopped.

use std::{sync::Arc, time::Duration};

use entities::JobId;
use tokio::time::Instant;

use super::{
    queries::claims,
    settings::delta,
    stop::StopReason,
    worker::{Pool, Running},
};
use crate::platform::db::{DbError, WriteKey};

/// The least time between two looks for cancellations: a cancelled job is told well within a second.
const CANCEL_PAUSE: Duration = Duration::from_millis(100);

impl Pool {
    pub(super) async fn renew_until_idle(self: Arc<Self>) {
        let every = self.jobs.0.settings.heartbeat;
        while self.until_idle_or(every).await {
            self.renew().await;
        }
    }

    pub(super) async fn rescue_until_idle(self: Arc<Self>) {
        // At once at start: what the last process held may be what this one is here for.
        loop {
            if let Err(error) = self.jobs.rescue_lost().await {
                tracing::warn!(%error, "lost leases could not all be taken back");
            }
            if !self.until_idle_or(self.jobs.0.settings.rescue).await {
                return;
            }
        }
    }

    pub(super) async fn watch_cancels_until_idle(self: Arc<Self>) {
        let mut wake = self.jobs.0.wake.subscribe();
        loop {
            tokio::select! {
                () = self.idle.cancelled() => return,
                _ = wake.changed() => {}
                () = tokio::time::sleep(self.jobs.0.settings.cancel_poll) => {}
            }
            if let Err(error) = self.look_for_cancels().await {
                tracing::warn!(%error, "cannot look for cancelled jobs");
            }
            // A busy queue wakes everybody all the time.
            let pause = self.jobs.0.settings.cancel_poll.min(CANCEL_PAUSE);
            if !self.until_idle_or(pause).await {
                return;
            }
        }
    }

    async fn until_idle_or(&self, time: Duration) -> bool {
        tokio::select! {
            () = self.idle.cancelled() => false,
            () = tokio::time::sleep(time) => true,
        }
    }

    async fn look_for_cancels(&self) -> Result<(), DbError> {
        let running = self.all_running();
        if running.is_empty() {
            return Ok(());
        }
        let read = self.jobs.0.db.read();
        let cancelled = claims::cancelled(read, self.process_id).await?;
        for job in running {
            if cancelled.contains(&(job.run.id, job.run.claim)) {
                job.stop.stop(StopReason::Cancelled);
            }
        }
        Ok(())
    }

    /// Renews every lease by one statement. A lease that is no longer ours stops its handler, and
    /// so does one that could not be renewed for so long that others may have taken it.
    async fn renew(&self) {
        let running = self.all_running();
        if running.is_empty() {
            return;
        }
        let began = Instant::now();
        match self.renew_leases(&running).await {
            Ok(kept) => {
                for job in running {
                    if kept.contains(&(job.run.id, job.run.claim)) {
                        *job.renewed_at.lock() = began;
                    } else if self.is_running(job.run.id, job.run.claim) {
                        self.lose(&job);
                    }
                }
            }
            Err(error) => {
                tracing::warn!(%error, "cannot renew leases");
                let settings = &self.jobs.0.settings;
                let trusted = settings.lease.saturating_sub(settings.heartbeat);
                for job in running {
                    if job.renewed_at.lock().elapsed() >= trusted {
                        self.lose(&job);
                    }
                }
            }
        }
    }

    async fn renew_leases(&self, running: &[Arc<Running>]) -> Result<Vec<(JobId, i64)>, DbError> {
        let engine = &self.jobs.0;
        let jobs: Vec<JobId> = running.iter().map(|job| job.run.id).collect();
        let until = engine.clock.now() + delta(engine.settings.lease);
        let input = (jobs, self.process_id, until);
        let write = engine
            .db
            .write(WriteKey::Free, input, |txn, (jobs, process_id, until)| {
                Box::pin(claims::renew(txn, jobs, *process_id, *until))
            });
        // A database that hangs must not hold up the look at the clock.
        tokio::time::timeout(engine.settings.heartbeat, write)
            .await
            .unwrap_or(Err(DbError::Unavailable(None)))
    }

    fn lose(&self, job: &Running) {
        tracing::warn!(job_id = %job.run.id, claim = job.run.claim, "lease lost");
        if job.stop.reason() != Some(StopReason::LeaseLost) {
            let engine = &self.jobs.0;
            engine.observer.lease_lost(engine.registry.label(&job.kind));
        }
        job.stop.stop(StopReason::LeaseLost);
    }
}
