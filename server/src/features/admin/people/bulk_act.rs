//! Doing to many users what a preview said, in the request or, when they are many, by a job.

use api::console::{AccountsAction, BulkDone, BulkRun};
use chrono::TimeDelta;
use entities::{JobId, Nanos, UserId, governance::account_preview};
use futures_util::future::join_all;
use poem::http::StatusCode;
use sea_orm::DbErr;
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::bulk::{LeftOut, Seen};
use crate::{
    features::{
        accounts::AccountsError,
        admin::{
            AdminError, Administration, acting,
            bulk::{BulkAct, Many, STAGE, USERS},
            once::Done,
            queries,
        },
    },
    platform::{
        audit::{Act, By},
        db::{DbError, Txn, WriteKey},
        http::{Admin, Call, Json, Problem},
        jobs::{JobContext, JobError, NewJob, Outcome},
    },
};

/// How long a job may take over a preview that became its own.
const KEPT_FOR_A_JOB: TimeDelta = TimeDelta::days(7);
/// Users that one request deals with, and one step of a job.
const AT_ONCE: usize = 100;
/// Why a user was left out with whom something went wrong.
const FAILED: &str = "failed; the log of the server says why";
/// Users who are dealt with at the same time.
const TOGETHER: usize = 16;

pub(super) async fn run(
    administration: Administration,
    call: Call<Admin>,
    Json(body): Json<BulkRun>,
) -> Result<Json<BulkDone>, Problem> {
    let token: Uuid = body
        .preview_token
        .parse()
        .map_err(|_| AdminError::PreviewChanged)?;
    let (by, acting) = (acting::by(&call), administration.clone());
    let act = async move { acting.run_preview(&by, token).await };
    let done = administration.once(&call, "bulk", &body, act).await?;
    Ok(Json(done.answer))
}

/// Takes a preview, for the caller or for a job.
struct Claim {
    administration: Administration,
    by: By,
    token: Uuid,
    job: NewJob,
}

enum Claimed {
    Gone,
    Taken(account_preview::Model),
    Begun(JobId, i64),
}

impl Claim {
    async fn apply(&self, txn: &Txn) -> Result<Claimed, DbErr> {
        let parts = &self.administration.0;
        let now = parts.clock.now();
        let taken = queries::take_preview(txn, self.token, self.by.actor, now).await?;
        let Some(preview) = taken else {
            return Ok(Claimed::Gone);
        };
        let users = preview.accounts.as_array().map_or(0, Vec::len);
        if users <= AT_ONCE {
            return Ok(Claimed::Taken(preview));
        }
        let act = Act::on(USERS, "user", "")
            .with("act", preview.action.as_str())
            .with("users", json!(users));
        let job = parts.jobs.enqueue_in(txn, &self.job).await?.id();
        let of_job = account_preview::Model {
            id: job.0,
            created_at: now,
            expires_at: now + KEPT_FOR_A_JOB,
            ..preview
        };
        queries::put_preview(txn, &of_job).await?;
        let act = act.with("job_id", job.to_string());
        let entry = parts.audit.record_act_in(txn, &self.by, act).await?;
        Ok(Claimed::Begun(job, entry))
    }
}

/// Where an act on many users stands.
#[derive(Clone, Default, Serialize, Deserialize)]
struct Step {
    /// Users before this one are dealt with.
    next: usize,
    done: i64,
    /// Those of the skipped with whom something went wrong.
    #[serde(default)]
    failed: i64,
    skipped: LeftOut,
}

impl Step {
    /// What it came to.
    fn on_record(&self, each: Each) -> Act {
        Act::on(USERS, "user", "")
            .with("act", each.action.word())
            .with("done", self.done)
            .with("failed", self.failed)
            .with("skipped", self.skipped.on_record())
    }
}

/// Whether everybody of a part could be reached.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Whole,
    /// The database did not answer for one at least.
    Lost,
}

/// What is to be done to each.
#[derive(Clone, Copy)]
struct Each {
    action: AccountsAction,
    limit: Option<Nanos>,
}

fn read(preview: &account_preview::Model) -> Option<(Each, Vec<Seen>)> {
    let each = Each {
        action: AccountsAction::from_word(&preview.action)?,
        limit: preview.limit_nanos.map(Nanos),
    };
    let rows = serde_json::from_value(preview.accounts.clone()).ok()?;
    Some((each, rows))
}

impl Administration {
    async fn run_preview(&self, by: &By, token: Uuid) -> Result<Done<BulkDone>, Problem> {
        let parts = &self.0;
        let job = BulkAct::job(Many::Users, by).map_err(Problem::internal)?;
        let claim = Claim {
            administration: self.clone(),
            by: by.clone(),
            token,
            job: NewJob {
                id: Some(parts.jobs.new_id()),
                ..job
            },
        };
        let claimed = parts.db.write(WriteKey::Free, claim, |txn, claim| {
            Box::pin(claim.apply(txn))
        });
        let preview = match claimed.await? {
            Claimed::Gone => return Err(AdminError::PreviewChanged.into()),
            Claimed::Begun(job, entry) => return self.begun(job, entry).await,
            Claimed::Taken(preview) => preview,
        };
        let (each, rows) = read(&preview).ok_or(AdminError::PreviewChanged)?;
        let mut step = Step::default();
        // Whom the database did not answer for is told as left out; the admin is there to ask again.
        let _reach = self.do_to(by, each, &rows, &mut step).await;
        let entry = parts.audit.record_act(by, step.on_record(each)).await;
        let entry = entry.inspect_err(|error| {
            // Each act has its own entry: what was done must be told all the same.
            tracing::warn!(event = "bulk_act_not_summed", %error);
        });
        let answer = BulkDone {
            job: None,
            done: step.done,
            skipped: step.skipped.told(),
            job_ids: Vec::new(),
        };
        Ok(Done::new(answer, entry.ok()))
    }

    async fn begun(&self, job: JobId, entry: i64) -> Result<Done<BulkDone>, Problem> {
        let numbers = self.0.jobs.numbers(&[job]).await?;
        let answer = BulkDone {
            job: numbers.get(&job).copied(),
            done: 0,
            skipped: Vec::new(),
            job_ids: Vec::new(),
        };
        Ok(Done::new(answer, Some(entry)))
    }

    /// Does what a preview said that became a job's. A user whom an earlier run has dealt with has
    /// changed since and is left alone.
    pub(in crate::features::admin) async fn go_through_users(
        &self,
        context: &JobContext,
        by: &By,
    ) -> Result<Outcome, JobError> {
        let parts = &self.0;
        let preview = queries::preview(parts.db.read(), context.job_id().0).await;
        let Some(preview) = preview.map_err(DbError::from)? else {
            // Erased with the person who asked.
            return Err(JobError::Cancelled);
        };
        let Some((each, rows)) = read(&preview) else {
            let message = "The preview is that of another version of the program.";
            return Err(JobError::fail("preview", message));
        };
        let mut step: Step = context.checkpoint().unwrap_or_default();
        while step.next < rows.len() {
            context.check()?;
            context
                .progress(ratio(step.next, rows.len()), STAGE)
                .await?;
            let end = rows.len().min(step.next + AT_ONCE);
            let part = &rows[step.next..end];
            if self.do_to(by, each, part, &mut step).await == Reach::Lost {
                // The part is done again; whoever was dealt with has changed since.
                let message = "The database did not answer.";
                return Err(JobError::retry("database", message));
            }
            step.next = end;
            context.save_checkpoint(&step).await?;
        }
        tracing::info!(
            event = "users_bulk_act",
            action = each.action.word(),
            done = step.done,
            failed = step.failed,
            user_id = by.actor.0
        );
        let act = step
            .on_record(each)
            .with("job_id", context.job_id().to_string());
        let end = (parts.audit.clone(), by.clone(), act, context.job_id());
        Ok(Outcome::done_with(end, |txn, (audit, by, act, job)| {
            Box::pin(async move {
                queries::remove_preview(txn, job.0).await?;
                audit.record_act_in(txn, by, act.clone()).await?;
                Ok(())
            })
        }))
    }

    /// Several at a time: their transactions share a commit. One that fails stops no other.
    async fn do_to(&self, by: &By, each: Each, rows: &[Seen], step: &mut Step) -> Reach {
        let mut reach = Reach::Whole;
        for rows in rows.chunks(TOGETHER) {
            let acts = rows.iter().map(|row| self.run_one(by, each, row));
            for (row, outcome) in rows.iter().zip(join_all(acts).await) {
                match outcome {
                    Ok(Ok(())) => step.done += 1,
                    Ok(Err(reason)) => step.skipped.add(reason),
                    Err(problem) => {
                        tracing::error!(
                            event = "bulk_act_failed",
                            target_user_id = row.id,
                            code = problem.code,
                            source = ?problem.source,
                        );
                        if problem.status == StatusCode::SERVICE_UNAVAILABLE {
                            reach = Reach::Lost;
                        }
                        step.failed += 1;
                        step.skipped.add(FAILED);
                    }
                }
            }
        }
        reach
    }

    /// Answers why the user was left out, if it was.
    async fn run_one(
        &self,
        by: &By,
        Each { action, limit }: Each,
        seen: &Seen,
    ) -> Result<Result<(), &'static str>, Problem> {
        let parts = &self.0;
        let id = UserId(seen.id);
        let Some(account) = parts.accounts.find(id).await? else {
            return Ok(Err("no such user"));
        };
        if account.rev != seen.rev {
            return Ok(Err("changed since"));
        }
        match action {
            AccountsAction::SetBudget | AccountsAction::ClearBudget => {
                let expected = seen.limit_nanos.map(Nanos);
                match parts.limits.replace(by, id, expected, limit).await {
                    Ok(_) => Ok(Ok(())),
                    Err(AdminError::ChangedSince) => Ok(Err("changed since")),
                    Err(error) => Err(error.into()),
                }
            }
            AccountsAction::Disable => match self.keep_out(by, id, 0).await {
                Ok(_) => Ok(Ok(())),
                Err(problem) if problem.code == "last_admin" => Ok(Err("the last active admin")),
                Err(problem) => Err(problem),
            },
            AccountsAction::EndSessions => match parts.accounts.end_sign_ins(by, id, None).await {
                Ok(_) => Ok(Ok(())),
                Err(AccountsError::UserNotFound) => Ok(Err("no such user")),
                Err(error) => Err(error.into()),
            },
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a preview has at most 10,000 users"
)]
fn ratio(done: usize, of: usize) -> f64 {
    done as f64 / of.max(1) as f64
}
