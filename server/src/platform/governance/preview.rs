//! What a run would delete, and the token that lets exactly that be run.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{JobId, RunCause};
use serde::{Deserialize, Serialize};

use super::{Governance, GovernanceError, RunRetention, sweep_job::Pass};
use crate::platform::{
    audit::{Act, AuditEvent, By},
    db::WriteKey,
    jobs::{Enqueued, NewJob},
    retention::{Class, Periods, Tally},
    secrets,
};

/// How long a preview can be run.
const GOOD_FOR: TimeDelta = TimeDelta::minutes(10);
/// At most one run is under way.
pub(super) const ONE_RUN: &str = "retention";

/// What would go, class by class.
#[derive(Clone, Debug)]
pub(crate) struct Preview {
    pub(crate) at: DateTime<Utc>,
    pub(crate) classes: Vec<ClassPreview>,
    pub(crate) total: Tally,
    /// For [`Governance::run`].
    pub(crate) token: String,
    pub(crate) expires_at: DateTime<Utc>,
}

/// What would go of a class.
#[derive(Clone, Debug)]
pub(crate) struct ClassPreview {
    pub(crate) class: Class,
    /// What was over before this instant would go; `None`: the class is kept.
    pub(crate) before: Option<DateTime<Utc>>,
    pub(crate) tally: Tally,
}

/// What a token says.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    at: DateTime<Utc>,
    classes: Vec<Claim>,
    /// The classes of which nothing goes at any time.
    kept: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Claim {
    class: String,
    before: DateTime<Utc>,
    rows: u64,
    blobs: u64,
    bytes: u64,
}

impl Governance {
    /// What a run would delete now, of these classes or of all; as if the classes were kept for so
    /// many `days`, when given. Such a preview can be run once the days are set.
    pub(crate) async fn preview(
        &self,
        classes: &[Class],
        days: Option<u32>,
    ) -> Result<Preview, GovernanceError> {
        self.preview_at(classes, days, self.0.clock.now()).await
    }

    async fn preview_at(
        &self,
        classes: &[Class],
        days: Option<u32>,
        at: DateTime<Utc>,
    ) -> Result<Preview, GovernanceError> {
        let mut previews = Vec::new();
        for period in self.0.periods.all().await? {
            let class = period.class;
            if !classes.is_empty() && !classes.contains(&class) {
                continue;
            }
            let period = match days {
                Some(days) => Periods::with_days(class, days)?,
                None => period,
            };
            let before = period.over_before(at);
            let tally = match before {
                Some(before) => self.0.registry.survey(class, before).await?,
                None => Tally::default(),
            };
            previews.push(ClassPreview {
                class,
                before,
                tally,
            });
        }
        let mut total = Tally::default();
        for preview in &previews {
            total.add(preview.tally.clone());
        }
        Ok(Preview {
            at,
            token: self.sign(at, &previews)?,
            classes: previews,
            total,
            expires_at: at + GOOD_FOR,
        })
    }

    /// Deletes what a preview has shown, by a job: it takes nothing whose time was not over then. A
    /// preview that is no longer true is refused with a new one. Answers the act on record, too.
    pub(crate) async fn run(&self, by: &By, token: &str) -> Result<(JobId, i64), GovernanceError> {
        let claims = self.read(token)?;
        let now = self.0.clock.now();
        if now - claims.at > GOOD_FOR {
            return Err(GovernanceError::PreviewExpired);
        }
        let classes: Vec<Class> = claims
            .classes
            .iter()
            .filter_map(|claim| Class::named(&claim.class))
            .collect();
        if classes.is_empty() {
            return Err(GovernanceError::Kept(claims.kept));
        }
        let fresh = self.preview_at(&classes, None, claims.at).await?;
        let kept = names_of_kept(&fresh.classes);
        if !kept.is_empty() {
            return Err(GovernanceError::Kept(kept));
        }
        if claims_of(&fresh.classes) != claims.classes {
            let newest = self.preview(&classes, None).await?;
            return Err(GovernanceError::PreviewChanged(Box::new(newest)));
        }
        let passes = passes(&fresh);
        let names: Vec<&str> = passes.iter().map(|pass| pass.class.as_str()).collect();
        let act = Act::on("retention_run", "retention", names.join(","))
            .with("classes", names)
            .with("rows", fresh.total.rows)
            .with("blobs", fresh.total.blobs)
            .with("bytes", fresh.total.bytes);
        let job = RunRetention::job(RunCause::Admin, Some(by.actor), passes)?;
        match self.enqueue_run(job, Some(act.by(by))).await? {
            (Enqueued::New(id), Some(entry)) => Ok((id, entry)),
            (enqueued, _) => Err(GovernanceError::Busy(enqueued.id())),
        }
    }

    /// Begins the daily sweep over every class; the job does the rest. One that is under way is left
    /// to it.
    pub(crate) async fn sweep_daily(&self) -> Result<JobId, GovernanceError> {
        self.close_interrupted().await?;
        let now = self.0.clock.now();
        let periods = self.0.periods.all().await?;
        let passes = periods.iter().filter_map(|period| {
            let before = period.over_before(now)?;
            let class = period.class.name().to_owned();
            Some(Pass { class, before })
        });
        let job = RunRetention::job(RunCause::Schedule, None, passes.collect())?;
        let (enqueued, _) = self.enqueue_run(job, None).await?;
        Ok(enqueued.id())
    }

    async fn enqueue_run(
        &self,
        job: NewJob,
        event: Option<AuditEvent>,
    ) -> Result<(Enqueued, Option<i64>), GovernanceError> {
        let input = (self.clone(), job, event);
        let enqueued = self
            .0
            .db
            .write(WriteKey::Free, input, |txn, (governance, job, event)| {
                Box::pin(async move {
                    let enqueued = governance.0.jobs.enqueue_in(txn, job).await?;
                    let entry = match (enqueued, event) {
                        (Enqueued::New(_), Some(event)) => {
                            Some(governance.0.audit.record_in(txn, event).await?)
                        }
                        _ => None,
                    };
                    Ok((enqueued, entry))
                })
            })
            .await?;
        Ok(enqueued)
    }

    fn sign(
        &self,
        at: DateTime<Utc>,
        previews: &[ClassPreview],
    ) -> Result<String, GovernanceError> {
        let claims = Claims {
            at,
            classes: claims_of(previews),
            kept: names_of_kept(previews),
        };
        let body = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?);
        let mac = secrets::mac(&self.0.preview_key, &[body.as_bytes()]);
        Ok(format!("{body}.{}", URL_SAFE_NO_PAD.encode(mac)))
    }

    fn read(&self, token: &str) -> Result<Claims, GovernanceError> {
        let unknown = || GovernanceError::PreviewUnknown;
        let (body, mac) = token.split_once('.').ok_or_else(unknown)?;
        let mac = URL_SAFE_NO_PAD.decode(mac).map_err(|_| unknown())?;
        let expected = secrets::mac(&self.0.preview_key, &[body.as_bytes()]);
        if !secrets::equal(&mac, &expected) {
            return Err(unknown());
        }
        let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| unknown())?;
        serde_json::from_slice(&body).map_err(|_| unknown())
    }
}

fn claims_of(previews: &[ClassPreview]) -> Vec<Claim> {
    previews
        .iter()
        .filter_map(|preview| {
            Some(Claim {
                class: preview.class.name().to_owned(),
                before: preview.before?,
                rows: preview.tally.rows,
                blobs: preview.tally.blobs,
                bytes: preview.tally.bytes,
            })
        })
        .collect()
}

fn names_of_kept(previews: &[ClassPreview]) -> Vec<String> {
    let kept = previews.iter().filter(|preview| preview.before.is_none());
    kept.map(|preview| preview.class.name().to_owned())
        .collect()
}

fn passes(preview: &Preview) -> Vec<Pass> {
    preview
        .classes
        .iter()
        .filter_map(|preview| {
            Some(Pass {
                class: preview.class.name().to_owned(),
                before: preview.before?,
            })
        })
        .collect()
}
