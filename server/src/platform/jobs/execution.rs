//! One run of one job: its handler under a time limit, until it ends or is cut.

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use entities::jobs::job;
use futures_util::FutureExt;
use tokio::{sync::oneshot, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, field::Empty};

use super::{
    Backoff, JobContext, JobError, Outcome, RunResult, class,
    finish::{End, Finish},
    registry::AnyHandler,
    settings::delta,
    stop::StopReason,
    worker::{Pool, Running},
};
use crate::platform::{
    db::{DbError, WriteKey},
    telemetry::traces::{self, Ended, SpanKind},
};

pub(super) struct Execution {
    pool: Arc<Pool>,
    running: Arc<Running>,
    job: Arc<job::Model>,
    handler: Option<Arc<dyn AnyHandler>>,
}

/// What a handler's task reports; `Err` is a panic.
type Report = Result<Result<Outcome, JobError>, ()>;

/// The wait before an end is written again that the database did not take.
const FINISH_AGAIN: Duration = Duration::from_millis(200);

impl Execution {
    pub(super) fn new(pool: Arc<Pool>, running: Arc<Running>, job: job::Model) -> Self {
        let handler = pool.jobs.0.registry.get(&job.kind);
        Self {
            pool,
            running,
            job: Arc::new(job),
            handler,
        }
    }

    pub(super) async fn run_to_end(self) {
        let span = self.span();
        let engine = &self.pool.jobs.0;
        let kind = engine.registry.label(&self.job.kind);
        let waited = engine.clock.now() - self.job.run_at;
        engine
            .observer
            .started(kind, waited.to_std().unwrap_or_default());
        let started = Instant::now();
        let result = async {
            let end = self.run().await;
            fail::fail_point!("job-finishing");
            let result = self.finish(end).await;
            fail::fail_point!("job-finished");
            result
        }
        .instrument(span.clone())
        .await;
        span.record("binnacle.job.result", result.as_str());
        if matches!(result, RunResult::Retry | RunResult::Dead) {
            span.record("otel.status_code", "ERROR");
            traces::failed(&span, || Ended {
                name: format!("job {kind}"),
                kind: SpanKind::Consumer,
                took: started.elapsed(),
                attributes: vec![
                    ("binnacle.job.claim", self.job.claim.into()),
                    ("binnacle.job.result", result.as_str().into()),
                    ("job_id", self.job.id.to_string().into()),
                ],
            });
        }
        if result == RunResult::Fenced {
            // It has no event: what came of the job is another run's.
            span.in_scope(|| tracing::warn!(event = "job_run_fenced", kind));
        }
        engine.observer.finished(kind, result, started.elapsed());
        self.pool.release(self.running.run);
    }

    /// The run as a part of the trace that asked for the job.
    fn span(&self) -> Span {
        let engine = &self.pool.jobs.0;
        let asked = self.job.traceparent.as_deref();
        let asked = asked.and_then(|header| header.parse().ok());
        traces::begin(
            asked,
            || Some(engine.entropy.uuid()),
            || {
                tracing::info_span!(
                    target: traces::SPAN,
                    "job",
                    "otel.name" = format!("job {}", engine.registry.label(&self.job.kind)),
                    "otel.kind" = "consumer",
                    "otel.status_code" = Empty,
                    "binnacle.job.claim" = self.job.claim,
                    "binnacle.job.result" = Empty,
                    job_id = %self.job.id,
                    user_id = self.job.user_id.map(|user| user.0),
                    trace_id = Empty,
                )
            },
        )
    }

    async fn run(&self) -> End {
        let Some(handler) = &self.handler else {
            return End::Retry {
                class: class::UNKNOWN_KIND,
                message: format!("this program knows no job kind `{}`", self.job.kind),
            };
        };
        let timeout = handler.policy().timeout;
        let (report, cut) = self.spawn(handler);
        // Whatever happens below, the handler's future goes when this one does.
        let _cut = cut.drop_guard();
        tokio::select! {
            biased;
            report = report => self.ended(report.unwrap_or(Err(()))),
            reason = self.patience() => match reason {
                StopReason::Cancelled => End::Cancelled,
                StopReason::Shutdown => End::GivenBack,
                StopReason::LeaseLost => End::Fenced,
            },
            () = tokio::time::sleep(timeout) => End::Retry {
                class: class::TIMEOUT,
                message: format!("the job took longer than {} s", timeout.as_secs_f64()),
            },
        }
    }

    /// Runs the handler in a task of its own: one that blocks its thread must not block its
    /// supervision.
    fn spawn(
        &self,
        handler: &Arc<dyn AnyHandler>,
    ) -> (oneshot::Receiver<Report>, CancellationToken) {
        let context = JobContext::new(
            self.pool.jobs.clone(),
            self.running.run,
            Arc::clone(&self.job),
            Arc::clone(&self.running.stop),
        );
        let parameters = self.job.parameters.clone();
        let handler = Arc::clone(handler);
        let cut = CancellationToken::new();
        let until = cut.clone();
        let (reply, report) = oneshot::channel();
        let run = async move {
            let run = AssertUnwindSafe(handler.run(&context, parameters)).catch_unwind();
            if let Some(outcome) = until.run_until_cancelled(run).await {
                // Nobody listens when the run was cut at this very moment.
                let _ = reply.send(outcome.map_err(|_| ()));
            }
        };
        self.pool.tasks.spawn("job-handler", run);
        (report, cut)
    }

    /// Ends when the handler has been told to stop and has not done so in the time it had.
    async fn patience(&self) -> StopReason {
        let stop = &self.running.stop;
        stop.token().cancelled().await;
        let reason = stop.reason().unwrap_or(StopReason::Shutdown);
        let patience = async {
            match reason {
                StopReason::LeaseLost => {}
                StopReason::Shutdown => self.pool.drained.cancelled().await,
                StopReason::Cancelled => {
                    let grace = tokio::time::sleep(self.pool.jobs.0.settings.cancel_grace);
                    tokio::select! {
                        () = grace => {}
                        () = self.pool.drained.cancelled() => {}
                    }
                }
            }
        };
        tokio::select! {
            () = patience => reason,
            () = stop.lost().cancelled() => StopReason::LeaseLost,
        }
    }

    fn ended(&self, report: Report) -> End {
        let reason = self.running.stop.reason();
        if reason == Some(StopReason::LeaseLost) {
            return End::Fenced;
        }
        let error = match report {
            Ok(Ok(Outcome::Done(effect))) => return End::Succeeded(effect),
            Ok(Ok(Outcome::AwaitBudget)) => return End::AwaitBudget,
            Ok(Ok(Outcome::AwaitInput { prompt })) => return End::AwaitInput { prompt },
            Ok(Err(error)) => error,
            Err(()) => JobError::retry(class::PANIC, "the job's handler panicked"),
        };
        match (error, reason) {
            (_, Some(StopReason::Cancelled)) => End::Cancelled,
            (JobError::Fail { class, message }, _) => End::Failed { class, message },
            // Told to stop, it failed or stopped: neither is held against it.
            (JobError::Retry { .. } | JobError::Cancelled, Some(StopReason::Shutdown)) => {
                End::GivenBack
            }
            (JobError::Retry { class, message }, _) => End::Retry { class, message },
            (JobError::Cancelled, _) => End::Cancelled,
        }
    }

    /// Writes the end; while the database does not answer, again, for as long as the lease lasts.
    async fn finish(&self, mut end: End) -> RunResult {
        if matches!(end, End::Fenced) {
            return RunResult::Fenced;
        }
        loop {
            let finish = Arc::new(self.finish_with(end));
            loop {
                match self.write(&finish).await {
                    Ok(result) => return result,
                    Err(DbError::Unavailable(_) | DbError::Full(_)) => {
                        tracing::warn!("the database cannot write, a job's end waits");
                        if self.lease_lost_within(FINISH_AGAIN).await {
                            return RunResult::Fenced;
                        }
                    }
                    Err(error) => {
                        tracing::error!(%error, source = ?std::error::Error::source(&error), "a job's end was refused");
                        break;
                    }
                }
            }
            // The effect cannot be written: an error like any other. If not even that can be
            // written, the lease runs out and the watchdog takes the job up.
            if !matches!(finish.end, End::Succeeded(_)) {
                return RunResult::Fenced;
            }
            end = End::Retry {
                class: class::DATABASE,
                message: "the job's result could not be written".to_owned(),
            };
        }
    }

    async fn lease_lost_within(&self, time: Duration) -> bool {
        tokio::time::timeout(time, self.running.stop.lost().cancelled())
            .await
            .is_ok()
    }

    async fn write(&self, finish: &Arc<Finish>) -> Result<RunResult, DbError> {
        let key = match &self.handler {
            Some(handler) => handler.write_key(self.job.user_id),
            None => WriteKey::Free,
        };
        let engine = &self.pool.jobs.0;
        engine
            .db
            .write(key, Arc::clone(finish), |txn, finish| {
                Box::pin(finish.apply(txn))
            })
            .await
    }

    fn finish_with(&self, end: End) -> Finish {
        let engine = &self.pool.jobs.0;
        let backoff = self
            .handler
            .as_ref()
            .map_or_else(Backoff::default, |handler| handler.policy().backoff);
        let delay = match &end {
            End::Retry { class, .. } => {
                backoff.delay(class, self.job.attempts + 1, engine.entropy.ratio())
            }
            _ => Duration::ZERO,
        };
        Finish {
            jobs: self.pool.jobs.clone(),
            run: self.running.run,
            job: Arc::clone(&self.job),
            end,
            retry_at: engine.clock.now() + delta(delay),
        }
    }
}
