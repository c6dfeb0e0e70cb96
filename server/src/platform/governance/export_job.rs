//! The job that writes everything of a user into one file.

use std::time::Duration;

use async_trait::async_trait;
use entities::{UserId, jobs::job};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;

use super::{Governance, GovernanceError, queries::exports as queries};
use crate::platform::{
    db::{DbErr, Txn},
    jobs::{JobContext, JobError, JobHandler, Outcome, Policy},
    storage::{BlobKey, StorageError},
};

/// The kind `export_user`.
pub(crate) struct ExportUser(pub(crate) Governance);

/// Whose.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct ExportParameters {
    pub(crate) user_id: UserId,
}

/// Bytes read at a time for the checksum.
const CHUNK_BYTES: usize = 256 * 1024;

impl ExportUser {
    async fn write(
        &self,
        context: &JobContext,
        user: UserId,
    ) -> Result<queries::Ready, GovernanceError> {
        let parts = &self.0.0.parts;
        let (temporary, file) = parts.temporary.create().await?;
        let file = file.into_std().await;
        self.0.write_export(user, file, context.cancelled()).await?;
        let (size_bytes, sha256) = digest(temporary.path()).await?;
        let key = BlobKey::export(user, parts.entropy.uuid());
        parts.blobs.put_file(&key, temporary.path()).await?;
        Ok(queries::Ready {
            job: context.job_id(),
            blob_key: key.as_str().to_owned(),
            size_bytes,
            sha256,
            now: context.now(),
        })
    }
}

#[async_trait]
impl JobHandler for ExportUser {
    const KIND: &'static str = "export_user";
    type Parameters = ExportParameters;

    fn policy() -> Policy {
        Policy {
            timeout: Duration::from_hours(2),
            max_attempts: 3,
            priority: 150,
            concurrency: 1,
            ..Policy::default()
        }
    }

    fn stages() -> &'static [&'static str] {
        &["write"]
    }

    async fn run(
        &self,
        context: &JobContext,
        parameters: ExportParameters,
    ) -> Result<Outcome, JobError> {
        context.progress(0.0, "write").await?;
        let outcome = self.write(context, parameters.user_id).await;
        let result = if outcome.is_ok() { "ok" } else { "error" };
        self.0.0.telemetry.exports.increment([result]);
        let ready = outcome?;
        tracing::info!(
            event = "user_exported",
            user_id = %parameters.user_id,
            job_id = %context.job_id(),
            bytes = ready.size_bytes,
        );
        Ok(Outcome::done_with(ready, |txn, ready| {
            Box::pin(queries::ready(txn, ready))
        }))
    }

    async fn gave_up_in(&self, txn: &Txn, job: &job::Model) -> Result<(), DbErr> {
        queries::failed(txn, job.id, job.updated_at).await
    }
}

async fn digest(path: &std::path::Path) -> Result<(u64, String), StorageError> {
    let mut file = tokio::fs::File::open(path).await?;
    let (mut buffer, mut digest, mut count) = (vec![0; CHUNK_BYTES], Sha256::new(), 0_u64);
    loop {
        let read = file.read(&mut buffer).await?;
        if read == 0 {
            return Ok((count, hex::encode(digest.finalize())));
        }
        digest.update(&buffer[..read]);
        count += read as u64;
    }
}
