//! Closed sets of words that columns hold.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// What a user may do.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Works with their own things.
    #[sea_orm(string_value = "user")]
    User,
    /// Steers the house.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// Sees every admin screen and changes nothing.
    #[sea_orm(string_value = "auditor")]
    Auditor,
}

impl Role {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
        }
    }
}

/// Whether a user may come in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum UserStatus {
    /// May sign in.
    #[sea_orm(string_value = "active")]
    Active,
    /// Kept out, nothing deleted.
    #[sea_orm(string_value = "disabled")]
    Disabled,
    /// Erased; the row is a tombstone.
    #[sea_orm(string_value = "deleted")]
    Deleted,
}

impl UserStatus {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
            Self::Deleted => "deleted",
        }
    }
}

/// What became of reserved money. Everything but `Open` and `Sent` is final.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum HoldState {
    /// Reserved; nothing has gone to a provider.
    #[sea_orm(string_value = "open")]
    Open,
    /// The call is on its way: money may have been spent.
    #[sea_orm(string_value = "sent")]
    Sent,
    /// Charged at the actual cost.
    #[sea_orm(string_value = "settled")]
    Settled,
    /// Given back unspent.
    #[sea_orm(string_value = "released")]
    Released,
    /// Its owner died; voided if never sent, else charged by estimate.
    #[sea_orm(string_value = "expired")]
    Expired,
}

impl HoldState {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Sent => "sent",
            Self::Settled => "settled",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

/// Where a job stands. `failed` after the last attempt is the dead letter.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Waits for a worker, now or at `run_at`.
    #[sea_orm(string_value = "queued")]
    Queued,
    /// A worker holds the lease.
    #[sea_orm(string_value = "running")]
    Running,
    /// Done.
    #[sea_orm(string_value = "succeeded")]
    Succeeded,
    /// Given up.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Stopped by its owner or an admin.
    #[sea_orm(string_value = "cancelled")]
    Cancelled,
    /// Waits for a person.
    #[sea_orm(string_value = "awaiting_input")]
    AwaitingInput,
    /// Waits for money.
    #[sea_orm(string_value = "awaiting_budget")]
    AwaitingBudget,
}

impl JobState {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::AwaitingInput => "awaiting_input",
            Self::AwaitingBudget => "awaiting_budget",
        }
    }
}

/// Where a document stands on its way into the index.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "UPPERCASE")]
pub enum DocumentStatus {
    /// Accepted; its job is queued.
    #[sea_orm(string_value = "PENDING")]
    Pending,
    /// Being read and indexed.
    #[sea_orm(string_value = "RUNNING")]
    Running,
    /// Can be asked.
    #[sea_orm(string_value = "DONE")]
    Done,
    /// Could not be read; `last_error` says why.
    #[sea_orm(string_value = "ERROR")]
    Error,
}

impl DocumentStatus {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Running => "RUNNING",
            Self::Done => "DONE",
            Self::Error => "ERROR",
        }
    }
}

/// Who speaks.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum MessageRole {
    /// The person.
    #[sea_orm(string_value = "user")]
    User,
    /// The answer.
    #[sea_orm(string_value = "assistant")]
    Assistant,
}

impl MessageRole {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Assistant => "assistant",
        }
    }
}

/// How an answer ended.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// Whole.
    #[sea_orm(string_value = "complete")]
    Complete,
    /// Still being written.
    #[sea_orm(string_value = "streaming")]
    Streaming,
    /// Ended early: stopped, out of money, or its reader left for good.
    #[sea_orm(string_value = "cut")]
    Cut,
    /// The provider or the server failed.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl MessageState {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Streaming => "streaming",
            Self::Cut => "cut",
            Self::Failed => "failed",
        }
    }
}

/// What a process does.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum ProcessKind {
    /// Answers requests, and works the queue unless told not to.
    #[sea_orm(string_value = "serve")]
    Serve,
    /// Works the queue alone.
    #[sea_orm(string_value = "worker")]
    Worker,
}

impl ProcessKind {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::Worker => "worker",
        }
    }
}

/// Whether the first request under a key is over.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum IdempotencyState {
    /// Still under way.
    #[sea_orm(string_value = "processing")]
    Processing,
    /// Its answer can be given again.
    #[sea_orm(string_value = "finished")]
    Finished,
}

impl IdempotencyState {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "processing",
            Self::Finished => "finished",
        }
    }
}
