//! Why money was refused, and why a hold could not be ended. Both are values, not failures.

use chrono::{DateTime, Utc};
use entities::{HoldState, Nanos, UserId};

/// Whose budget a period counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Account {
    /// All users together.
    House,
    User(UserId),
}

impl std::fmt::Display for Account {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::House => out.write_str("house"),
            Self::User(id) => write!(out, "user:{id}"),
        }
    }
}

/// There is not enough left: HTTP 402.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} of {limit} does not cover this call: {spent} is spent and {held} is held for calls under \
     way. It begins anew on {}.",
    self.budget(),
    resets_at.format("%Y-%m-%d at 00:00 UTC")
)]
pub(crate) struct BudgetRefusal {
    pub(crate) account: Account,
    pub(crate) limit: Nanos,
    pub(crate) spent: Nanos,
    pub(crate) held: Nanos,
    /// The start of the next month.
    pub(crate) resets_at: DateTime<Utc>,
}

impl BudgetRefusal {
    fn budget(&self) -> &'static str {
        match self.account {
            Account::House => "The monthly budget of the whole house",
            Account::User(_) => "Your monthly budget",
        }
    }
}

/// A hold is ended once; this is what came before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResolveError {
    /// It was charged.
    #[error("the hold is already settled")]
    AlreadySettled,
    /// It was given back.
    #[error("the hold is already released")]
    AlreadyReleased,
    /// Its lease ran out; what may have been spent is charged by estimate.
    #[error("the hold has expired")]
    Expired,
    /// There is no such hold.
    #[error("there is no such hold")]
    Unknown,
}

impl ResolveError {
    /// Why a hold in this state cannot be ended; `None` when it can.
    pub(super) fn of(state: HoldState) -> Option<Self> {
        match state {
            HoldState::Open | HoldState::Sent => None,
            HoldState::Settled => Some(Self::AlreadySettled),
            HoldState::Released => Some(Self::AlreadyReleased),
            HoldState::Expired => Some(Self::Expired),
        }
    }
}

/// A hold was not brought to another size; it stands as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ResizeError {
    /// The budget does not cover the larger size: the job waits for money.
    #[error(transparent)]
    Refused(#[from] BudgetRefusal),
    /// The hold is over.
    #[error(transparent)]
    Closed(#[from] ResolveError),
}
