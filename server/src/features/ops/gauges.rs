//! Levels that nobody reports as they change: they are read every few seconds.

use std::time::Duration;

use chrono::{DateTime, Utc};
use entities::{JobState, Nanos};
use sea_orm::Iterable;
use tokio::time::{Instant, MissedTickBehavior};

use super::Ops;
use crate::platform::{
    budgets::Drift, db::DbError, jobs::Leader, storage::Disk, telemetry::unix_seconds,
};

const EVERY: Duration = Duration::from_secs(5);
/// The books are summed up for it, and the holds gone through that jobs keep.
const BOOKS_EVERY: Duration = Duration::from_mins(1);

impl Ops {
    /// Reads the levels until the server stops. Run it once in every process.
    pub(crate) async fn keep_gauges(self, leader: Leader) {
        let mut ticks = tokio::time::interval(EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut books_due = Instant::now();
        let stopping = self.0.parts.stopping.clone();
        while stopping.run_until_cancelled(ticks.tick()).await.is_some() {
            self.collect_gauges().await;
            if let Err(error) = self.collect_ticks(&leader).await {
                tracing::debug!(event = "ticks_not_read", %error);
            }
            if Instant::now() >= books_due {
                books_due = Instant::now() + BOOKS_EVERY;
                self.collect_drift().await;
                self.collect_abandoned().await;
                self.collect_clock().await;
            }
        }
        self.collect_readiness(false);
    }

    /// Reads every level but the drift of the books.
    pub(crate) async fn collect_gauges(&self) {
        let parts = &self.0.parts;
        let (database, storage) = tokio::join!(self.database(), self.storage());
        let level = if database { 1.0 } else { 0.0 };
        parts.telemetry.db_writable.set([], level);
        self.collect_readiness(database && storage);
        self.collect_pools();
        self.collect_room().await;
        for (provider, state) in parts.gateway.breakers() {
            parts.observers.breaker_is(provider, state);
        }
        let (queue, money) = tokio::join!(self.collect_queue(), self.collect_exposure());
        if let Err(error) = queue.and(money) {
            tracing::debug!(event = "gauges_not_read", %error);
        }
        parts.telemetry.upkeep();
    }

    /// Compares the periods of this month and the last with the ledger and the holds.
    pub(crate) async fn collect_drift(&self) {
        let parts = &self.0.parts;
        match parts.budgets.drift().await {
            Ok(found) => {
                let distance: Nanos = found.iter().map(Drift::distance).sum();
                let gauge = &parts.telemetry.ledger_drift_nanodollars;
                gauge.set([], as_float(distance.0));
                for drift in &found {
                    tracing::error!(
                        event = "ledger_drift",
                        period_id = %drift.period_id,
                        month = drift.month,
                        nanodollars = drift.distance().0,
                        "a period is not what its entries sum to; `doctor` puts it right"
                    );
                }
            }
            Err(error) => tracing::debug!(event = "drift_not_read", %error),
        }
    }

    /// Reads when the duties were last done, by whichever process.
    pub(crate) async fn collect_ticks(&self, leader: &Leader) -> Result<(), DbError> {
        let parts = &self.0.parts;
        let (duties, schedules) = tokio::join!(leader.ticks(), parts.jobs.schedule_ticks());
        for tick in duties?.into_iter().chain(schedules?) {
            let period = tick.period.as_secs_f64();
            let gauge = &parts.telemetry.scheduler_period_seconds;
            gauge.set([tick.task], period);
            if let Some(at) = tick.last_at {
                let gauge = &parts.telemetry.scheduler_last_tick;
                gauge.set([tick.task], unix_seconds(at));
            }
        }
        Ok(())
    }

    /// Looks for money that stays reserved though nobody works for it.
    pub(crate) async fn collect_abandoned(&self) {
        let parts = &self.0.parts;
        let lease = parts.budgets.lease().as_secs_f64();
        parts.telemetry.hold_lease_seconds.set([], lease);
        match parts.budgets.oldest_abandoned(&parts.jobs).await {
            Ok(since) => parts
                .telemetry
                .oldest_hold_timestamp
                .set([], seconds(since)),
            Err(error) => tracing::debug!(event = "holds_not_read", %error),
        }
    }

    fn collect_readiness(&self, works: bool) {
        let telemetry = &self.0.parts.telemetry;
        let draining = self.draining();
        let level = |yes| if yes { 1.0 } else { 0.0 };
        telemetry.draining.set([], level(draining));
        telemetry.ready.set([], level(works && !draining));
    }

    fn collect_pools(&self) {
        let telemetry = &self.0.parts.telemetry;
        let level = |count| as_float(i64::try_from(count).unwrap_or(i64::MAX));
        for pool in self.0.parts.db.pools() {
            let connections = &telemetry.db_client_connections;
            connections.set([pool.name, "used"], level(pool.used));
            connections.set([pool.name, "idle"], level(pool.idle));
            telemetry
                .db_client_connections_max
                .set([pool.name], level(pool.most));
            telemetry
                .db_client_pending_requests
                .set([pool.name], level(pool.pending));
        }
    }

    /// The room that the database's log and everything else take.
    async fn collect_room(&self) {
        let parts = &self.0.parts;
        let log = parts.db.log_bytes().await;
        parts.telemetry.sqlite_log_bytes.set([], of_bytes(log));
        if let Some(disk) = Disk::of(&parts.storage.0).await {
            parts.telemetry.disk_bytes.set([], of_bytes(disk.bytes));
            parts.telemetry.disk_free_bytes.set([], of_bytes(disk.free));
        }
    }

    /// Compares the database's clock with ours, and reads which one it is.
    pub(crate) async fn collect_clock(&self) {
        let parts = &self.0.parts;
        let before = parts.clock.now();
        match parts.db.server().await {
            Ok(server) => {
                let ahead = server.ahead(before, parts.clock.now());
                parts
                    .telemetry
                    .clock_skew_seconds
                    .set([], ahead.as_seconds_f64());
                if let Some((_, version)) = server.version.rsplit_once(' ') {
                    let system = parts.db.system_name();
                    parts.telemetry.database_info.set([system, version], 1.0);
                }
            }
            Err(error) => tracing::debug!(event = "clock_not_read", %error),
        }
    }

    async fn collect_queue(&self) -> Result<(), DbError> {
        let parts = &self.0.parts;
        let counts = parts.jobs.counts_by_state().await?;
        for state in JobState::iter() {
            let count = counts.get(&state).copied().unwrap_or(0);
            let count = as_float(i64::try_from(count).unwrap_or(i64::MAX));
            parts.telemetry.jobs.set([state.as_str()], count);
        }
        for (kind, count) in parts.jobs.dead_letters().await? {
            let count = as_float(i64::try_from(count).unwrap_or(i64::MAX));
            parts.telemetry.job_dead_letters.set([kind], count);
        }
        let oldest = seconds(parts.jobs.oldest_ready().await?);
        parts.telemetry.job_oldest_ready_timestamp.set([], oldest);
        Ok(())
    }

    async fn collect_exposure(&self) -> Result<(), DbError> {
        let parts = &self.0.parts;
        let exposure = parts.budgets.exposure().await?;
        let telemetry = &parts.telemetry;
        let reserved = as_float(exposure.reserved.0);
        telemetry.held_nanodollars.set([], reserved);
        telemetry.holds_open.set([], as_float(exposure.open_holds));
        Ok(())
    }
}

fn of_bytes(bytes: u64) -> f64 {
    as_float(i64::try_from(bytes).unwrap_or(i64::MAX))
}

/// 0 for none.
fn seconds(at: Option<DateTime<Utc>>) -> f64 {
    at.map_or(0.0, unix_seconds)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; beyond 2^53 its last digits do not matter"
)]
fn as_float(level: i64) -> f64 {
    level as f64
}
