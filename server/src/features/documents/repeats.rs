//! What is answered when something was asked for before, under the same `Idempotency-Key`.

use entities::{DocumentId, Nanos, StoreId, UserId, library::store};
use serde::{Deserialize, Serialize};

use super::{Documents, DocumentsError, error, queries, upload::Accepted};
use crate::platform::idempotency::{Claim, IdempotencyKey, KeyRefusal, earlier};

/// What is kept of an upload's answer.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct KeptUpload {
    pub(super) document: DocumentId,
    pub(super) estimated_cost: Nanos,
}

impl Documents {
    /// A key as this user claims it now.
    pub(super) fn claim(&self, user: UserId, key: Option<IdempotencyKey>) -> Option<Claim> {
        let now = self.0.clock.now();
        key.map(|key| Claim { user, key, now })
    }

    /// The upload that was accepted under this key.
    pub(super) async fn upload_before(
        &self,
        claim: Option<&Claim>,
    ) -> Result<Option<Accepted>, DocumentsError> {
        let Some(claim) = claim else { return Ok(None) };
        let Some(kept) = earlier::<KeptUpload>(self.0.db.read(), Some(claim)).await? else {
            return Ok(None);
        };
        match self.document(claim.user, kept.document).await {
            Ok(document) => Ok(Some(Accepted {
                document,
                estimated_cost: kept.estimated_cost,
            })),
            Err(DocumentsError::DocumentNotFound) => Err(KeyRefusal::AnswerDeleted.into()),
            Err(error) => Err(error),
        }
    }

    /// The store that was made under this key.
    pub(super) async fn store_before(
        &self,
        claim: Option<&Claim>,
    ) -> Result<Option<store::Model>, DocumentsError> {
        let Some(claim) = claim else { return Ok(None) };
        let read = self.0.db.read();
        let Some(id) = earlier::<StoreId>(read, Some(claim)).await? else {
            return Ok(None);
        };
        let found = queries::store_of(read, claim.user, id).await;
        let found = found.map_err(error::db)?;
        found
            .map(Some)
            .ok_or_else(|| KeyRefusal::AnswerDeleted.into())
    }
}
