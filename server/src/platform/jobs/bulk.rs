//! One act on many jobs: first a preview, which fixes the rows, then the act on exactly these
//! ([`super::bulk_act`]).

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use chrono::{DateTime, Utc};
use entities::{HoldId, JobId, UserId, jobs::job_preview};
use serde_json::json;
use uuid::Uuid;

use super::{
    JobAction, JobFilter, Jobs,
    queries::{lists, previews},
    settings::delta,
};
use crate::platform::db::{DbError, WriteKey};

/// Jobs that one preview takes at the most.
pub(crate) const BULK: u64 = 10_000;
/// How long a preview can be acted on.
const KEPT: Duration = Duration::from_mins(10);
/// Jobs that one statement looks up.
const AT_ONCE: usize = 100;

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

/// A row of a preview.
pub(super) type Row = (JobId, i64);

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
        for part in ids.chunks(AT_ONCE) {
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
}
