//! One act on many jobs: first a preview, which fixes the rows, then the act on exactly these. A job
//! that has changed in between is left alone and told.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use entities::{
    HoldId, JobId, UserId,
    jobs::{job, job_preview},
};
use serde_json::json;
use uuid::Uuid;

use super::{
    Act, Acted, JobAction, JobFilter, Jobs,
    queries::{DbErr, lists, previews},
    settings::delta,
};
use crate::platform::db::{DbError, Txn, WriteKey};

/// Jobs that one preview takes at the most.
pub(crate) const BULK: u64 = 10_000;
/// How long a preview can be acted on.
const KEPT: Duration = Duration::from_mins(10);
/// Jobs that one transaction deals with.
const BATCH: usize = 100;

/// Which jobs.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    Ids(Vec<JobId>),
    Filter(JobFilter),
}

/// What an act would do.
#[derive(Clone, Debug)]
pub(crate) struct JobPreview {
    /// For [`Jobs::apply`]; once, by the same person.
    pub(crate) token: Uuid,
    pub(crate) expires_at: DateTime<Utc>,
    /// Jobs that it will be done to.
    pub(crate) count: u64,
    /// There were more than [`BULK`]: these are the oldest.
    pub(crate) truncated: bool,
    pub(crate) by_kind: BTreeMap<String, u64>,
    /// Jobs that were selected and to which it cannot be done, by reason.
    pub(crate) skipped: BTreeMap<String, u64>,
    /// Whose jobs they are.
    pub(crate) owners: BTreeSet<UserId>,
    /// The money that is reserved for them.
    pub(crate) holds: Vec<HoldId>,
}

/// What an act on many jobs came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BulkDone {
    pub(crate) done: u64,
    /// By reason.
    pub(crate) skipped: BTreeMap<String, u64>,
    /// For a replay: the new jobs.
    pub(crate) replayed: Vec<JobId>,
    /// The number of the last entry in the record.
    pub(crate) entry: Option<i64>,
}

impl BulkDone {
    fn skip(&mut self, reason: String) {
        *self.skipped.entry(reason).or_default() += 1;
    }

    fn add(&mut self, other: Self) {
        self.done += other.done;
        self.replayed.extend(other.replayed);
        self.entry = other.entry.or(self.entry);
        for (reason, count) in other.skipped {
            *self.skipped.entry(reason).or_default() += count;
        }
    }
}

/// The preview cannot be acted on: it was acted on, is too old, or is somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The preview is not valid any more. Ask for it again.")]
pub(crate) struct PreviewGone;

/// A row of a preview.
type Row = (JobId, i64);

impl Jobs {
    /// Says what an act would do, and fixes the rows that [`Jobs::apply`] will do it to.
    pub(crate) async fn preview(
        &self,
        action: JobAction,
        selection: &Selection,
        actor: UserId,
    ) -> Result<JobPreview, DbError> {
        let (mut ids, now) = (self.select(selection).await?, self.0.clock.now());
        let bound = usize::try_from(BULK).unwrap_or(usize::MAX);
        let truncated = ids.len() > bound;
        ids.truncate(bound);
        let mut preview = JobPreview {
            token: self.0.entropy.ordered_uuid(&*self.0.clock),
            expires_at: now + delta(KEPT),
            count: 0,
            truncated,
            by_kind: BTreeMap::new(),
            skipped: BTreeMap::new(),
            owners: BTreeSet::new(),
            holds: Vec::new(),
        };
        let mut rows: Vec<Row> = Vec::new();
        for part in ids.chunks(BATCH) {
            let found = lists::by_ids(self.0.db.read(), part).await?;
            let missing = part.len().saturating_sub(found.len());
            if missing > 0 {
                *preview.skipped.entry("not found".to_owned()).or_default() += missing as u64;
            }
            for job in found {
                if let Some(reason) = action.refusal(&job) {
                    *preview.skipped.entry(reason.to_owned()).or_default() += 1;
                    continue;
                }
                rows.push((job.id, job.rev));
                preview.count += 1;
                preview.owners.extend(job.user_id);
                preview.holds.extend(job.hold_id);
                *preview.by_kind.entry(job.kind).or_default() += 1;
            }
        }
        let row = job_preview::Model {
            id: preview.token,
            action: action.as_str().to_owned(),
            actor_user_id: actor,
            rows: json!(rows),
            created_at: now,
            expires_at: preview.expires_at,
        };
        let write = self.0.db.write(WriteKey::Free, row, |txn, row| {
            Box::pin(previews::insert(txn, row))
        });
        write.await?;
        Ok(preview)
    }

    async fn select(&self, selection: &Selection) -> Result<Vec<JobId>, DbError> {
        Ok(match selection {
            Selection::Ids(ids) => {
                let unique: BTreeSet<JobId> = ids.iter().copied().collect();
                unique.into_iter().collect()
            }
            Selection::Filter(filter) => {
                let (read, now) = (self.0.db.read(), self.0.clock.now());
                lists::keys(read, filter, BULK + 1, now).await?
            }
        })
    }

    /// Does to the rows of a preview what it said, a batch at a time. Each batch is one transaction
    /// with its entry in the record, which holds how many jobs it was.
    pub(crate) async fn apply(
        &self,
        token: Uuid,
        act: &Act,
    ) -> Result<Result<BulkDone, PreviewGone>, DbError> {
        let input = (token, act.actor, self.0.clock.now());
        let claimed = self
            .0
            .db
            .write(WriteKey::Free, input, |txn, (token, actor, now)| {
                Box::pin(previews::take(txn, *token, *actor, *now))
            });
        let Some(preview) = claimed.await? else {
            return Ok(Err(PreviewGone));
        };
        let (Some(action), Ok(rows)) = (
            JobAction::parse(&preview.action),
            serde_json::from_value::<Vec<Row>>(preview.rows),
        ) else {
            return Ok(Err(PreviewGone));
        };
        let mut done = BulkDone::default();
        for part in rows.chunks(BATCH) {
            done.add(self.apply_batch(action, part.to_vec(), act).await?);
        }
        tracing::info!(
            event = "jobs_bulk_act",
            action = action.as_str(),
            done = done.done,
            user_id = act.actor.0
        );
        Ok(Ok(done))
    }

    async fn apply_batch(
        &self,
        action: JobAction,
        rows: Vec<Row>,
        act: &Act,
    ) -> Result<BulkDone, DbError> {
        let batch = Batch {
            jobs: self.clone(),
            action,
            rows,
            act: act.clone(),
        };
        let write = self.0.db.write_alone(WriteKey::Free, batch, |txn, batch| {
            Box::pin(batch.apply(txn))
        });
        write.await
    }
}

struct Batch {
    jobs: Jobs,
    action: JobAction,
    rows: Vec<Row>,
    act: Act,
}

impl Batch {
    async fn apply(&self, txn: &Txn) -> Result<BulkDone, DbErr> {
        let mut done = BulkDone::default();
        let ids: Vec<JobId> = self.rows.iter().map(|(id, _)| *id).collect();
        let revs: BTreeMap<JobId, i64> = self.rows.iter().copied().collect();
        let mut found = lists::by_ids(txn, &ids).await?;
        for _ in found.len()..ids.len() {
            done.skip("not found".to_owned());
        }
        // The money rows of users are locked in the order that every batch has.
        found.sort_by_key(|job| (job.user_id, job.id));
        for job in found {
            if revs.get(&job.id) == Some(&job.rev) {
                self.one(txn, &job, &mut done).await?;
            } else {
                done.skip("changed since the preview".to_owned());
            }
        }
        if done.done > 0 {
            let numbers = [("done", json!(done.done)), ("skipped", json!(done.skipped))];
            done.entry = self.act.record_in(txn, &numbers).await?;
        }
        Ok(done)
    }

    async fn one(&self, txn: &Txn, job: &job::Model, done: &mut BulkDone) -> Result<(), DbErr> {
        let actor = Some(self.act.actor);
        match self.jobs.act_in(txn, self.action, job.id, actor).await? {
            Acted::Done(job) => {
                done.done += 1;
                if self.action == JobAction::Replay {
                    done.replayed.push(job.id);
                }
            }
            Acted::Requested(_) => done.done += 1,
            Acted::NotPossible { reason, .. } => done.skip(reason),
            Acted::Unknown => done.skip("not found".to_owned()),
        }
        Ok(())
    }
}
