//! Going through a class, on record.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{JobId, RunCause, RunOutcome, UserId, governance::retention_run};
use tokio_util::sync::CancellationToken;

use super::{Governance, GovernanceError};
use crate::platform::{
    db::{DbError, WriteKey},
    retention::{Class, Sweep, runs},
    telemetry::unix_seconds,
};

/// A command's run that has not deleted anything for so long belongs to a process that died.
const SILENT: TimeDelta = TimeDelta::minutes(15);

/// Who has a class gone through.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunOf {
    pub(crate) cause: RunCause,
    pub(crate) actor: Option<UserId>,
    pub(crate) job: Option<JobId>,
}

impl Governance {
    /// Deletes what of a class was over before an instant. A job that was cut short goes on with the
    /// record that it began. Answers the record; it is still running when `stop` came first.
    pub(crate) async fn sweep(
        &self,
        run: RunOf,
        class: Class,
        before: DateTime<Utc>,
        stop: &CancellationToken,
    ) -> Result<retention_run::Model, GovernanceError> {
        let parts = &self.0.parts;
        let record = self.record(run, class, before).await?;
        if record.outcome != RunOutcome::Running {
            return Ok(record);
        }
        let sweep = Sweep::before(record.expired_before).on_record(record.id, parts.clock.clone());
        let outcome = parts.registry.sweep(class, &sweep, stop).await;
        if stop.is_cancelled() {
            return Ok(record);
        }
        if let Err(error) = outcome {
            // A job tries again, on the same record.
            if run.job.is_none() {
                self.finish(&record, RunOutcome::Failed, 0).await?;
            }
            tracing::warn!(
                event = "retention_failed",
                class = class.name(),
                run_id = %record.id,
                %error,
                source = ?std::error::Error::source(&error),
            );
            return Err(error.into());
        }
        let held_back = parts.registry.survey(class, before).await?.held_back;
        self.finish(&record, RunOutcome::Ok, held_back).await?;
        let record = runs::find(parts.db.read(), record.id)
            .await?
            .unwrap_or(record);
        self.forget_stocks().await;
        self.tell(class, &record);
        Ok(record)
    }

    fn tell(&self, class: Class, record: &retention_run::Model) {
        let telemetry = &self.0.telemetry;
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        let name = class.name();
        telemetry
            .retention_deleted
            .add([name], count(record.rows_deleted));
        telemetry
            .retention_deleted_bytes
            .add([name], count(record.bytes_deleted));
        #[expect(
            clippy::cast_precision_loss,
            reason = "rows that work under way needs are few"
        )]
        let held_back = record.held_back as f64;
        telemetry.retention_held_back.set([name], held_back);
        telemetry
            .retention_last_success
            .set([name], unix_seconds(self.0.clock.now()));
        tracing::info!(
            event = "retention_run",
            class = name,
            run_id = %record.id,
            cause = record.cause.as_str(),
            rows = record.rows_deleted,
            blobs = record.blobs_deleted,
            bytes = record.bytes_deleted,
            held_back = record.held_back,
        );
    }

    async fn record(
        &self,
        run: RunOf,
        class: Class,
        before: DateTime<Utc>,
    ) -> Result<retention_run::Model, DbError> {
        if let Some(job) = run.job
            && let Some(record) = runs::of_job(self.0.db.read(), job, class.name()).await?
        {
            return Ok(record);
        }
        let new = runs::NewRun {
            class: class.name(),
            cause: run.cause,
            job: run.job,
            actor: run.actor,
            before,
            now: self.0.clock.now(),
        };
        self.0
            .db
            .write(WriteKey::Free, new, |txn, new| {
                Box::pin(runs::begin(txn, new))
            })
            .await
    }

    async fn finish(
        &self,
        record: &retention_run::Model,
        outcome: RunOutcome,
        held_back: u64,
    ) -> Result<(), DbError> {
        let input = (record.id, outcome, held_back, self.0.clock.now());
        self.0
            .db
            .write(
                WriteKey::Free,
                input,
                |txn, (id, outcome, held_back, now)| {
                    Box::pin(runs::finish(txn, *id, *outcome, *held_back, *now))
                },
            )
            .await
    }

    /// Says of commands whose process died that they were cut short.
    pub(crate) async fn close_interrupted(&self) -> Result<u64, DbError> {
        let now = self.0.clock.now();
        self.0
            .db
            .write(WriteKey::Free, now, |txn, now| {
                Box::pin(runs::close_interrupted(txn, *now - SILENT, *now))
            })
            .await
    }
}
