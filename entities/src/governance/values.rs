//! Closed sets of words that the tables of governance hold.

use sea_orm::{DeriveActiveEnum, EnumIter};
use serde::{Deserialize, Serialize};

/// Why a class was gone through.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum RunCause {
    /// The daily sweep.
    #[sea_orm(string_value = "schedule")]
    Schedule,
    /// An admin, from the console.
    #[sea_orm(string_value = "admin")]
    Admin,
    /// The command line.
    #[sea_orm(string_value = "command")]
    Command,
}

impl RunCause {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Admin => "admin",
            Self::Command => "command",
        }
    }
}

/// What became of a run.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum RunOutcome {
    /// Under way.
    #[sea_orm(string_value = "running")]
    Running,
    /// Everything whose time was over has gone.
    #[sea_orm(string_value = "ok")]
    Ok,
    /// The database or the storage refused; the next run goes on from there.
    #[sea_orm(string_value = "failed")]
    Failed,
    /// Its process died; the next run went on from there.
    #[sea_orm(string_value = "interrupted")]
    Interrupted,
}

impl RunOutcome {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Ok => "ok",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }
}

/// Whether an export can be fetched.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum ExportState {
    /// Its job is not done.
    #[sea_orm(string_value = "pending")]
    Pending,
    /// It can be fetched.
    #[sea_orm(string_value = "ready")]
    Ready,
    /// Its job gave up.
    #[sea_orm(string_value = "failed")]
    Failed,
}

impl ExportState {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// What was done with a backup.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, EnumIter, DeriveActiveEnum,
)]
#[sea_orm(rs_type = "String", db_type = "Text")]
#[serde(rename_all = "snake_case")]
pub enum BackupKind {
    /// It was made.
    #[sea_orm(string_value = "backup")]
    Backup,
    /// It was read back and every checksum held.
    #[sea_orm(string_value = "verification")]
    Verification,
}

impl BackupKind {
    /// The word that the database and the wire carry.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Verification => "verification",
        }
    }
}
