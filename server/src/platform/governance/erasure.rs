//! Erasing a user: every class's eraser, then a walk over every table and every prefix of blobs that
//! asks no eraser, then a signed receipt.

use std::{collections::BTreeMap, time::Duration};

use entities::{JobId, UserId};
use futures_util::TryStreamExt;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{EraseUser, Governance, GovernanceError, Receipt, queries::receipts, receipt::Signed};
use crate::platform::{
    audit::{Act, AuditEvent, By},
    db::{DbErr, Txn, WriteKey},
    jobs::{Enqueued, NewJob, Subject},
    retention::{Class, Holding, Place, Tally},
};

/// How long an erasure waits for the user's running jobs to stop: longer than the lease of one whose
/// worker has died.
const PATIENCE: Duration = Duration::from_mins(3);
const AGAIN: Duration = Duration::from_millis(500);
/// How long a process that erases by itself may take until a worker takes it for dead. Both at once
/// do no harm.
const STAND_BY: Duration = Duration::from_mins(10);

impl Governance {
    /// Begins to erase a user, by a job. Answers the act on record, too, unless one had begun.
    pub(crate) async fn erase_user(
        &self,
        by: &By,
        user: UserId,
    ) -> Result<(JobId, Option<i64>), GovernanceError> {
        let job = erasing(Some(by.actor), user)?;
        let event = Act::on_user("erase_user", user).by(by);
        let input = (self.clone(), job, event);
        let enqueued = self
            .0
            .db
            .write(WriteKey::Free, input, |txn, (governance, job, event)| {
                Box::pin(async move {
                    Ok(match governance.0.jobs.enqueue_in(txn, job).await? {
                        Enqueued::New(job) => {
                            let entry = governance.0.audit.record_in(txn, event).await?;
                            (job, Some(entry))
                        }
                        Enqueued::Existing(job) => (job, None),
                    })
                })
            })
            .await?;
        Ok(enqueued)
    }

    /// What there is of a user, by where it is: rows of tables, blobs of prefixes.
    pub(crate) async fn holdings_of(
        &self,
        user: UserId,
    ) -> Result<BTreeMap<String, u64>, GovernanceError> {
        let mut found: BTreeMap<String, u64> = BTreeMap::new();
        let registry = &self.0.registry;
        // What an eraser knows better than the schema: the account that is more than a tombstone.
        for (places, count) in registry.remaining(user).await? {
            if let Some(place) = places.first() {
                found.insert(place.to_string(), count);
            }
        }
        let (left, _) = registry.named_in(&self.0.db, user).await?;
        for (table, count) in left {
            found
                .entry(format!("table {table}"))
                .and_modify(|known| *known = (*known).max(count))
                .or_insert(count);
        }
        for holding in registry.holdings() {
            let Place::Blobs(prefix) = holding.place else {
                continue;
            };
            let blobs = self.0.blobs.of_user(prefix, user);
            let count = blobs
                .try_fold(0_u64, async |count, _| Ok(count + 1))
                .await?;
            if count > 0 {
                found.insert(holding.place.to_string(), count);
            }
        }
        Ok(found)
    }

    /// What an erasure would take, class by class.
    pub(crate) async fn erase_forecast(
        &self,
        user: UserId,
    ) -> Result<BTreeMap<Class, Tally>, GovernanceError> {
        let mut forecast: BTreeMap<Class, Tally> = BTreeMap::new();
        let registry = &self.0.registry;
        for (places, rows) in registry.remaining(user).await? {
            let of_place = |holding: &&Holding| places.first() == Some(&holding.place);
            if let Some(holding) = registry.holdings().iter().find(of_place) {
                forecast.entry(holding.class).or_default().rows += rows;
            }
        }
        for holding in registry.holdings() {
            let Place::Blobs(prefix) = holding.place else {
                continue;
            };
            let mut blobs = self.0.blobs.of_user(prefix, user);
            while let Some((_, size)) = blobs.try_next().await? {
                let class = forecast.entry(holding.class).or_default();
                class.add(Tally::of_blobs(1, size));
            }
        }
        Ok(forecast)
    }

    /// Erases a user now, and answers the receipt, which is not stored yet. Running jobs of the user
    /// are asked to stop, and waited for.
    pub(super) async fn erase(
        &self,
        actor: Option<UserId>,
        user: UserId,
        stop: &CancellationToken,
    ) -> Result<Signed, GovernanceError> {
        let begun_at = self.0.clock.now();
        let patience = tokio::time::Instant::now() + PATIENCE;
        let mut erased = 0;
        let remaining = loop {
            erased += self.0.registry.erase(user).await?.erased;
            let left = self.holdings_of(user).await?;
            if left.is_empty() || tokio::time::Instant::now() >= patience {
                break left;
            }
            let again = tokio::time::sleep(AGAIN);
            if stop.run_until_cancelled(again).await.is_none() {
                return Err(GovernanceError::Stopped);
            }
        };
        let (_, kept) = self.0.registry.named_in(&self.0.db, user).await?;
        let receipt = Receipt {
            id: self.0.entropy.uuid(),
            user,
            actor,
            begun_at,
            finished_at: self.0.clock.now(),
            erased,
            remaining,
            kept: kept.into_iter().collect(),
        };
        self.tell_erased(&receipt);
        Ok(self.sign_receipt(receipt)?)
    }

    /// As [`Governance::erase_user`], in this process and to its end. A job stands by until nothing
    /// is left: should this process die, a worker goes on.
    pub(crate) async fn erase_now(
        &self,
        actor: Option<UserId>,
        user: UserId,
    ) -> Result<Receipt, GovernanceError> {
        let stand_by = self.stand_by(actor, user).await?;
        let signed = match self.erase(actor, user, &CancellationToken::new()).await {
            Ok(signed) => signed,
            Err(refused @ GovernanceError::Refused(_)) => {
                // A worker would be refused, too.
                self.dismiss(stand_by).await?;
                return Err(refused);
            }
            Err(error) => return Err(error),
        };
        let receipt = signed.receipt.clone();
        let input = (self.clone(), signed, stand_by);
        self.0
            .db
            .write(
                WriteKey::Free,
                input,
                |txn, (governance, signed, stand_by)| {
                    Box::pin(async move {
                        if signed.receipt.left() == 0 {
                            governance.0.jobs.cancel_in(txn, *stand_by).await?;
                        }
                        governance.store_receipt_in(txn, signed).await
                    })
                },
            )
            .await?;
        Ok(receipt)
    }

    /// The job that erases the user if this process does not; one that is there already will do.
    async fn stand_by(
        &self,
        actor: Option<UserId>,
        user: UserId,
    ) -> Result<JobId, GovernanceError> {
        let mut job = erasing(actor, user)?;
        job.run_at = Some(self.0.clock.now() + STAND_BY);
        let input = (self.0.jobs.clone(), job);
        let enqueue = self.0.db.write(WriteKey::Free, input, |txn, (jobs, job)| {
            Box::pin(jobs.enqueue_in(txn, job))
        });
        Ok(enqueue.await?.id())
    }

    async fn dismiss(&self, stand_by: JobId) -> Result<(), GovernanceError> {
        let input = (self.0.jobs.clone(), stand_by);
        let cancel = self
            .0
            .db
            .write(WriteKey::Free, input, |txn, (jobs, stand_by)| {
                Box::pin(jobs.cancel_in(txn, *stand_by))
            });
        cancel.await?;
        Ok(())
    }

    /// Keeps the receipt, and puts the act on record.
    pub(super) async fn store_receipt_in(&self, txn: &Txn, signed: &Signed) -> Result<(), DbErr> {
        receipts::insert(txn, signed).await?;
        let receipt = &signed.receipt;
        let event = AuditEvent {
            actor: receipt.actor,
            action: "user_erased",
            target_type: Some("user"),
            target_id: Some(receipt.user.to_string()),
            metadata: json!({
                "receipt_id": receipt.id,
                "erased": receipt.erased,
                "remaining": receipt.left(),
            }),
        };
        self.0.audit.record_in(txn, &event).await?;
        Ok(())
    }

    fn tell_erased(&self, receipt: &Receipt) {
        let left = receipt.left();
        let result = if left == 0 { "complete" } else { "incomplete" };
        self.0.telemetry.erasures.increment([result]);
        self.0.telemetry.erasure_remaining.add([], left);
        if left == 0 {
            tracing::info!(
                event = "user_erased",
                user_id = %receipt.user,
                receipt_id = %receipt.id,
                erased = receipt.erased,
            );
        } else {
            tracing::error!(
                event = "erasure_incomplete",
                user_id = %receipt.user,
                receipt_id = %receipt.id,
                remaining = left,
                places = ?receipt.remaining,
                "something of an erased user is still there"
            );
        }
    }
}

/// The job that erases a user, of which there is one at a time.
fn erasing(actor: Option<UserId>, user: UserId) -> Result<NewJob, GovernanceError> {
    let mut job = EraseUser::job(actor, user)?;
    job.subject = Some(subject(user));
    job.duplicate_key = Some(format!("user:{user}"));
    Ok(job)
}

pub(super) fn subject(user: UserId) -> Subject {
    Subject {
        kind: "user",
        id: user.0,
    }
}
