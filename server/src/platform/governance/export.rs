//! Everything of a user in one file: what each owner gives out, page by page, with the files that
//! belong to it, and a list of contents with checksums at the end.

use std::fs::File;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use entities::{ExportId, ExportState, UserId, governance::export};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{
    ExportUser, Governance, GovernanceError, archive::Archive, erasure::subject,
    queries::exports as queries,
};
use crate::platform::{
    audit::{Act, By},
    db::{DbErr, Txn, WriteKey},
    idempotency::{Claim, IdempotencyKey, KeyRefusal, Once, earlier, once_in},
    jobs::{Enqueued, JobHandler, NewJob},
    retention::{Class, Exporter, Original, Term},
    storage::{BlobKey, StorageError},
};

/// Rows of one page.
const PAGE: u64 = 200;
/// The form of the archive, in its list of contents.
const FORMAT: &str = "binnacle-export-1";

/// A file that can be fetched.
pub(crate) struct ExportFile {
    pub(crate) name: String,
    pub(crate) bytes: Option<u64>,
    pub(crate) pieces: BoxStream<'static, std::io::Result<Bytes>>,
}

/// An export that was asked for.
pub(crate) struct Asked {
    pub(crate) export: export::Model,
    /// The act on record; none when it was asked for before.
    pub(crate) entry: Option<i64>,
}

impl Asked {
    fn before(export: export::Model) -> Self {
        Self {
            export,
            entry: None,
        }
    }
}

impl Governance {
    /// Asks for everything of a user in one file, which a job writes. One that is being written
    /// already is answered instead, and so is the one that was asked for under the same key.
    pub(crate) async fn export_user(
        &self,
        by: &By,
        user: UserId,
        key: Option<IdempotencyKey>,
    ) -> Result<Asked, GovernanceError> {
        let now = self.0.clock.now();
        let claim = key.map(|key| Claim { user, key, now });
        if let Some(export) = self.export_before(claim.as_ref()).await? {
            return Ok(Asked::before(export));
        }
        let mut job =
            NewJob::of::<ExportUser>(&super::export_job::ExportParameters { user_id: user })?;
        job.id = Some(self.0.jobs.new_id());
        job.user_id = Some(user);
        job.subject = Some(subject(user));
        job.duplicate_key = Some(format!("user:{user}"));
        let new = NewExport {
            governance: self.clone(),
            job,
            by: by.clone(),
            user,
        };
        let input = (new, claim.clone());
        let asked = self
            .0
            .db
            .write(WriteKey::Free, input, |txn, (new, claim)| {
                let insert = new.insert(txn);
                Box::pin(once_in(txn, claim.as_ref(), insert, |asked| {
                    asked.export.id
                }))
            })
            .await?;
        match asked {
            Once::Done(asked) => asked.map_err(|Gone| GovernanceError::ExportNotFound),
            Once::Taken => {
                let export = self.export_before(claim.as_ref()).await?;
                let asked = export.map(Asked::before);
                asked.ok_or_else(|| KeyRefusal::StillProcessing.into())
            }
        }
    }

    async fn export_before(
        &self,
        claim: Option<&Claim>,
    ) -> Result<Option<export::Model>, GovernanceError> {
        let Some(claim) = claim else { return Ok(None) };
        let read = self.0.db.read();
        let Some(id) = earlier::<ExportId>(read, Some(claim)).await? else {
            return Ok(None);
        };
        let found = queries::find(read, claim.user, id).await?;
        found
            .map(Some)
            .ok_or_else(|| KeyRefusal::AnswerDeleted.into())
    }

    /// A user's exports, the newest first.
    pub(crate) async fn exports(
        &self,
        user: UserId,
    ) -> Result<Vec<export::Model>, GovernanceError> {
        const MOST: u64 = 50;
        Ok(queries::of_user(self.0.db.read(), user, MOST).await?)
    }

    /// Until when an export can be fetched; `None`: for ever.
    pub(crate) async fn export_expires_at(
        &self,
        export: &export::Model,
    ) -> Result<Option<DateTime<Utc>>, GovernanceError> {
        Ok(match self.0.periods.of(Class::Exports).await?.term {
            Term::After(period) => Some(export.created_at + period),
            Term::Kept | Term::Until(_) => None,
        })
    }

    /// The file of a user's export.
    pub(crate) async fn export_file(
        &self,
        user: UserId,
        id: ExportId,
    ) -> Result<ExportFile, GovernanceError> {
        let found = queries::find(self.0.db.read(), user, id).await?;
        let export = found.ok_or(GovernanceError::ExportNotFound)?;
        let (ExportState::Ready, Some(key)) = (export.state, &export.blob_key) else {
            return Err(GovernanceError::ExportNotReady);
        };
        let pieces = match self.0.blobs.get(&BlobKey::stored(key)).await {
            Ok(pieces) => pieces,
            Err(StorageError::Missing) => return Err(GovernanceError::ExportNotFound),
            Err(error) => return Err(error.into()),
        };
        Ok(ExportFile {
            name: file_name(user, export.created_at),
            bytes: export.size_bytes.and_then(|size| u64::try_from(size).ok()),
            pieces: pieces.map_err(std::io::Error::other).boxed(),
        })
    }

    /// Writes everything of a user into a file.
    pub(crate) async fn write_export(
        &self,
        user: UserId,
        file: File,
        stop: &CancellationToken,
    ) -> Result<(), GovernanceError> {
        let mut archive = Archive::into_file(file);
        let mut files = Vec::new();
        for exporter in self.0.registry.exporters() {
            self.write_rows(&mut archive, exporter.as_ref(), user, stop, &mut files)
                .await?;
        }
        let contents = json!({
            "format": FORMAT,
            "user_id": user,
            "created_at": self.0.clock.now(),
            "files": archive.entries(),
        });
        archive.file("manifest.json").await?;
        archive.bytes(serde_json::to_vec_pretty(&contents)?).await?;
        archive.end().await
    }

    async fn write_rows(
        &self,
        archive: &mut Archive,
        exporter: &dyn Exporter,
        user: UserId,
        stop: &CancellationToken,
        files: &mut Vec<Original>,
    ) -> Result<(), GovernanceError> {
        archive.file(exporter.file()).await?;
        let (mut after, mut first) = (None, true);
        archive.bytes("[").await?;
        loop {
            if stop.is_cancelled() {
                return Err(GovernanceError::Stopped);
            }
            let page = exporter.page(user, after, PAGE).await?;
            let mut text = String::new();
            for row in &page.rows {
                text.push_str(if first { "\n" } else { ",\n" });
                text.push_str(&serde_json::to_string(row)?);
                first = false;
            }
            archive.bytes(text).await?;
            files.extend(page.files);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        archive.bytes("\n]\n").await?;
        for original in files.drain(..) {
            self.write_original(archive, original).await?;
        }
        Ok(())
    }

    /// An original that is gone is left out: its row says that it was there.
    async fn write_original(
        &self,
        archive: &mut Archive,
        original: Original,
    ) -> Result<(), GovernanceError> {
        let mut pieces = match self.0.blobs.get(&original.blob).await {
            Ok(pieces) => pieces,
            Err(StorageError::Missing) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        archive.file(original.path).await?;
        while let Some(piece) = pieces.next().await {
            archive.bytes(piece.map_err(StorageError::from)?).await?;
        }
        Ok(())
    }
}

/// An export that is asked for.
struct NewExport {
    governance: Governance,
    job: NewJob,
    by: By,
    user: UserId,
}

/// The job that writes it has none any more.
struct Gone;

impl NewExport {
    async fn insert(&self, txn: &Txn) -> Result<Result<Asked, Gone>, DbErr> {
        let parts = &self.governance.0.parts;
        let job = match parts.jobs.enqueue_in(txn, &self.job).await? {
            Enqueued::New(job) => job,
            Enqueued::Existing(job) => {
                let found = queries::of_job(txn, job).await?;
                return Ok(found.map(Asked::before).ok_or(Gone));
            }
        };
        let now = parts.clock.now();
        let export = queries::insert(txn, self.user, self.by.actor, job, now).await?;
        let act = Act::on_user(ExportUser::KIND, self.user);
        let entry = parts.audit.record_act_in(txn, &self.by, act).await?;
        Ok(Ok(Asked {
            export,
            entry: Some(entry),
        }))
    }
}

/// What the file is called when it is saved.
pub(crate) fn file_name(user: UserId, at: DateTime<Utc>) -> String {
    format!("binnacle-export-{user}-{}.zip", at.format("%Y-%m-%d"))
}
