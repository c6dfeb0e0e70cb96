//! Keys as types, so that one table's key cannot be passed for another's.

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};

macro_rules! key {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, DeriveValueType)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(out)
            }
        }
    )+};
}

key!(
    /// A user.
    UserId,
    /// A store: a named collection of one user's documents.
    StoreId,
    /// A document in a store.
    DocumentId,
    /// A passage of a document.
    PassageId,
    /// What one account may spend and has spent in one month.
    PeriodId,
    /// Money reserved for one call.
    HoldId,
    /// A charge.
    LedgerEntryId,
    /// A conversation.
    ChatSessionId,
    /// A message of a conversation.
    MessageId,
    /// A run of the retention sweep over one class.
    RetentionRunId,
    /// A file with everything of a user.
    ExportId,
);

/// A job.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
)]
#[serde(transparent)]
pub struct JobId(pub uuid::Uuid);

impl std::fmt::Display for JobId {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(out)
    }
}

impl sea_orm::TryFromU64 for JobId {
    /// Never called for a key that the application makes; sea-orm asks for the answer all the same.
    fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
        Err(sea_orm::DbErr::ConvertFromU64("JobId"))
    }
}
