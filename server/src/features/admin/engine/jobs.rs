//! Jobs as consoles show them.

use std::collections::HashMap;

use api::console as wire;
use chrono::{DateTime, Utc};
use entities::{JobId, jobs::job};

use super::{Engine, error::EngineError};
use crate::platform::{budgets::JobMoney, jobs::ShownState};

impl Engine {
    /// These jobs with their numbers, owners and money, in the same order.
    pub(super) async fn shown_jobs(
        &self,
        jobs: Vec<job::Model>,
    ) -> Result<Vec<wire::Job>, EngineError> {
        let parts = &self.0.parts;
        let ids: Vec<JobId> = jobs.iter().map(|job| job.id).collect();
        let linked = jobs.iter().flat_map(|job| [job.replay_of, job.replayed_by]);
        let named: Vec<JobId> = ids.iter().copied().chain(linked.flatten()).collect();
        let numbers = parts.jobs.numbers(&named).await?;
        let emails = parts
            .accounts
            .emails(jobs.iter().filter_map(|job| job.user_id))
            .await?;
        let money = parts.budgets.of_jobs(&ids).await?;
        let now = parts.clock.now();
        let shown = jobs.into_iter().filter_map(|job| {
            let email = job.user_id.and_then(|user| emails.get(&user).cloned());
            let money = money.get(&job.id).copied().unwrap_or_default();
            shown(job, &numbers, email, money, now)
        });
        Ok(shown.collect())
    }
}

/// `None` for a job that is gone meanwhile.
fn shown(
    job: job::Model,
    numbers: &HashMap<JobId, i64>,
    owner_email: Option<String>,
    money: JobMoney,
    now: DateTime<Utc>,
) -> Option<wire::Job> {
    let number = |id: Option<JobId>| id.and_then(|id| numbers.get(&id).copied());
    let trace_id = job.traceparent.as_deref();
    let trace_id = trace_id.and_then(|trace| trace.split('-').nth(1));
    let under_way = i64::from(!crate::platform::jobs::is_ended(job.state));
    Some(wire::Job {
        id: number(Some(job.id))?,
        state: state(ShownState::of(&job, now)),
        stage: job.stage,
        progress_ratio: job.progress,
        attempt: (i64::from(job.attempts) + under_way).min(i64::from(job.max_attempts)),
        attempts: i64::from(job.max_attempts),
        owner_id: job.user_id.map(|user| user.0),
        owner_email,
        // Stored, a smaller number goes first.
        priority: -i64::from(job.priority),
        quote_nanos: money.quote.map(|quote| quote.0),
        held_nanos: money.held.0,
        cost_nanos: Some(money.cost.0),
        created_at: job.created_at,
        started_at: job.started_at,
        updated_at: job.updated_at,
        finished_at: job.finished_at,
        run_after: job.run_at,
        worker: job.process_id.map(|id| id.to_string()),
        lease_until: job.lease_until,
        error: error(job.error_class, job.error_message),
        replay_of: number(job.replay_of),
        replayed_by: number(job.replayed_by),
        trace_id: trace_id.map(str::to_owned),
        rev: job.rev,
        kind: job.kind,
    })
}

pub(super) fn error(class: Option<String>, message: Option<String>) -> Option<wire::JobError> {
    class.map(|class| wire::JobError {
        class,
        message: message.unwrap_or_default(),
    })
}

fn state(state: ShownState) -> wire::JobState {
    match state {
        ShownState::Queued => wire::JobState::Queued,
        ShownState::Retrying => wire::JobState::Retrying,
        ShownState::Running => wire::JobState::Running,
        ShownState::AwaitingInput => wire::JobState::AwaitingInput,
        ShownState::AwaitingBudget => wire::JobState::AwaitingBudget,
        ShownState::Succeeded => wire::JobState::Succeeded,
        ShownState::Failed => wire::JobState::Failed,
        ShownState::Cancelled => wire::JobState::Cancelled,
    }
}
