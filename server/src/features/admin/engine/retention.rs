//! What is deleted when, and what becomes of the data of one user.

use api::console as wire;
use entities::{RetentionRunId, RunOutcome, UserId, governance::retention_run};

use super::{Engine, error::EngineError};
use crate::features::accounts::Account;
use crate::platform::{
    audit::By,
    governance::{ClassPreview, ClassSummary, Days, GovernanceError},
    retention::{Class, Periods, Source},
};

/// Supposed days are for one class.
const ONE_CLASS: &str = "Supposed days are for one class: name it in classes";

impl Engine {
    /// Every class, with its stock as it was found a moment ago.
    pub(super) async fn retention(&self) -> Result<wire::RetentionClasses, EngineError> {
        let mut classes = self.0.parts.governance.classes_lately().await?;
        classes.sort_by_key(|class| class.period.class.name());
        Ok(wire::RetentionClasses {
            items: classes.into_iter().map(class).collect(),
        })
    }

    /// What a run would delete now; with supposed `days`, of one class, for looking at alone.
    pub(super) async fn retention_preview(
        &self,
        query: &wire::RetentionPreviewQuery,
    ) -> Result<wire::RetentionPreview, EngineError> {
        let named = query.classes.as_deref().unwrap_or_default().split(',');
        let named = named.map(str::trim).filter(|name| !name.is_empty());
        let classes = named.map(of_name).collect::<Result<Vec<Class>, _>>()?;
        let days = match query.days {
            Some(_) if classes.len() != 1 => {
                return Err(EngineError::InvalidQuery("days", ONE_CLASS.to_owned()));
            }
            Some(days) => Some(whole_days(days).ok_or_else(|| {
                let message = "Must be a whole number of days, 0 or more".to_owned();
                EngineError::InvalidQuery("days", message)
            })?),
            None => None,
        };
        let governance = &self.0.parts.governance;
        let preview = governance.preview(&classes, days).await?;
        let mut items = Vec::with_capacity(preview.classes.len());
        for class in preview.classes {
            let period = match days {
                Some(days) => {
                    Periods::with_days(class.class, days).map_err(GovernanceError::from)?
                }
                None => governance.periods().of(class.class).await?,
            };
            items.push(forecast(&class, Days::of(period.term).0.unwrap_or(0.0)));
        }
        Ok(wire::RetentionPreview {
            items,
            at: preview.at,
            preview_token: days.is_none().then_some(preview.token),
        })
    }

    /// A page of runs; a cursor is the last run of the page before.
    pub(super) async fn retention_runs(
        &self,
        before: Option<i64>,
        limit: u64,
    ) -> Result<wire::RetentionRunPage, EngineError> {
        let governance = &self.0.parts.governance;
        let before = before.map(RetentionRunId);
        let mut runs = governance.runs(None, before, limit + 1).await?;
        let most = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = runs.len() > most;
        runs.truncate(most);
        let last = runs.last().filter(|_| more);
        Ok(wire::RetentionRunPage {
            next_cursor: last.map(|run| run.id.0.to_string()),
            items: runs.into_iter().map(run).collect(),
        })
    }

    /// Sets how long a class is kept, or with `None` lets the environment say it again.
    pub(super) async fn set_retention(
        &self,
        by: &By,
        name: &str,
        days: Option<f64>,
    ) -> Result<(wire::RetentionClass, Option<i64>), EngineError> {
        let class = of_name(name).map_err(|_| EngineError::NoClass)?;
        let days = days.map(|days| {
            whole_days(days).ok_or_else(|| {
                let message = "Must be a whole number of days; 0 keeps".to_owned();
                EngineError::Invalid("days", message)
            })
        });
        let governance = &self.0.parts.governance;
        let (_, entry) = governance.set_days(by, class, days.transpose()?).await?;
        let classes = self.retention().await?.items;
        let set = classes.into_iter().find(|set| set.class == class.name());
        Ok((set.ok_or(EngineError::NoClass)?, entry))
    }

    /// Deletes what a preview has shown, by a job.
    pub(super) async fn run_retention(
        &self,
        by: &By,
        token: &str,
    ) -> Result<(wire::StartedJob, Option<i64>), EngineError> {
        let (job, entry) = self.0.parts.governance.run(by, token).await?;
        Ok((self.started(job).await?, Some(entry)))
    }

    async fn started(&self, job: entities::JobId) -> Result<wire::StartedJob, EngineError> {
        let numbers = self.0.parts.jobs.numbers(&[job]).await?;
        let job_id = *numbers.get(&job).ok_or(EngineError::NoJob)?;
        Ok(wire::StartedJob { job_id })
    }

    /// What erasing a user would take away.
    pub(super) async fn erase_forecast(
        &self,
        user: UserId,
    ) -> Result<wire::EraseForecast, EngineError> {
        self.known(user).await?;
        let forecast = self.0.parts.governance.erase_forecast(user).await?;
        let whole = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        let classes: Vec<wire::ErasedClass> = forecast
            .into_iter()
            .map(|(class, tally)| wire::ErasedClass {
                class: class.name().to_owned(),
                rows: whole(tally.rows),
                blobs: whole(tally.blobs),
                bytes: whole(tally.bytes),
            })
            .collect();
        Ok(wire::EraseForecast {
            rows: classes.iter().map(|class| class.rows).sum(),
            blobs: classes.iter().map(|class| class.blobs).sum(),
            bytes: classes.iter().map(|class| class.bytes).sum(),
            classes,
        })
    }

    async fn known(&self, user: UserId) -> Result<Account, EngineError> {
        let found = self.0.parts.accounts.find(user).await?;
        found.ok_or(EngineError::NoUser)
    }

    /// Begins to erase a user whose address was typed.
    pub(super) async fn erase_account(
        &self,
        by: &By,
        user: UserId,
        typed: &str,
    ) -> Result<(wire::StartedJob, Option<i64>), EngineError> {
        let parts = &self.0.parts;
        let account = self.known(user).await?;
        if !account.email.eq_ignore_ascii_case(typed.trim()) {
            let message = "Must be the user's e-mail address".to_owned();
            return Err(EngineError::Invalid("confirm_email", message));
        }
        if by.actor == user {
            let reason = "You cannot erase yourself from here.".to_owned();
            return Err(EngineError::NotPossible(reason));
        }
        let (job, entry) = parts.governance.erase_user(by, user).await?;
        Ok((self.started(job).await?, entry))
    }

    /// Begins to put everything of a user into one file.
    pub(super) async fn export_account(
        &self,
        by: &By,
        user: UserId,
    ) -> Result<(wire::StartedJob, Option<i64>), EngineError> {
        let parts = &self.0.parts;
        self.known(user).await?;
        let asked = parts.governance.export_user(by, user, None).await?;
        Ok((self.started(asked.export.job_id).await?, asked.entry))
    }
}

fn of_name(name: &str) -> Result<Class, EngineError> {
    Class::named(name).ok_or_else(|| {
        let known: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
        let message = format!("Must be some of {}", known.join(", "));
        EngineError::InvalidQuery("classes", message)
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the bounds are checked, and it is whole"
)]
fn whole_days(days: f64) -> Option<u32> {
    let fits = (0.0..=f64::from(u32::MAX)).contains(&days) && days.fract() == 0.0;
    fits.then_some(days as u32)
}

fn class(summary: ClassSummary) -> wire::RetentionClass {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    wire::RetentionClass {
        class: summary.period.class.name().to_owned(),
        days: Days::of(summary.period.term).0,
        source: match summary.period.source {
            Source::Default => wire::DaysSource::Default,
            Source::Environment => wire::DaysSource::Environment,
            Source::Console => wire::DaysSource::Console,
            Source::Fixed => wire::DaysSource::Fixed,
        },
        rows: Some(signed(summary.rows)),
        blobs: Some(signed(summary.blobs)),
        bytes: Some(signed(summary.bytes)),
        oldest_at: summary.oldest_at,
        next_run_at: summary.next_run_at,
        last_run: summary.last_run.map(run),
    }
}

fn forecast(preview: &ClassPreview, days: f64) -> wire::RetentionForecast {
    let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let tally = &preview.tally;
    wire::RetentionForecast {
        class: preview.class.name().to_owned(),
        days,
        rows: signed(tally.rows),
        blobs: signed(tally.blobs),
        bytes: signed(tally.bytes),
        users: i64::try_from(tally.users.len()).unwrap_or(i64::MAX),
        held_back: signed(tally.held_back),
    }
}

pub(super) fn run(run: retention_run::Model) -> wire::RetentionRun {
    wire::RetentionRun {
        id: run.id.0,
        class: run.class,
        started_at: run.started_at,
        finished_at: run.finished_at,
        outcome: match run.outcome {
            RunOutcome::Running => wire::RunOutcome::Running,
            RunOutcome::Ok => wire::RunOutcome::Ok,
            RunOutcome::Failed => wire::RunOutcome::Failed,
            RunOutcome::Interrupted => wire::RunOutcome::Interrupted,
        },
        rows: run.rows_deleted,
        blobs: run.blobs_deleted,
        bytes: run.bytes_deleted,
        held_back: run.held_back,
    }
}
