//! Accounts: who may come in, and how they prove it.
//!
//! A sign-in is a *session*: a family of refresh tokens, each good for one use, and the short-lived
//! access tokens that they are exchanged for. Ending a session ends all of them.

pub(crate) mod api;

mod acts;
mod administration;
mod appointments;
mod directory;
mod email;
mod error;
mod invitations;
mod password_change;
mod people;
mod queries;
mod refresh;
mod registration;
mod retention;
mod sessions;
mod sign_in;
mod steering;

pub(crate) use appointments::RoleChange;
pub(crate) use directory::AccountsDirectory;
pub(crate) use email::Email;
pub(crate) use error::AccountsError;
pub(crate) use invitations::{NewAccount, OneTimeLink, WayIn};
pub(crate) use people::Presence;
pub(crate) use queries::people::{JOB_OWNERS, email_of};
pub(crate) use registration::FirstAdmin;
pub(crate) use retention::retention;
pub(crate) use sessions::SessionSummary;
pub(crate) use sign_in::{Client, SignedIn};

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use entities::{Role, UserId, UserStatus, accounts::user};
use uuid::Uuid;

use crate::platform::{
    audit::Audit,
    auth::{observer::AuthObserver, password::Passwords, tokens::AccessTokens},
    budgets::Budgets,
    clock::Clock,
    config::Registration,
    db::Db,
    entropy::Entropy,
};

/// What the feature needs from the house.
#[derive(Clone)]
pub(crate) struct AccountsParts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Entropy,
    pub(crate) passwords: Passwords,
    pub(crate) tokens: Arc<AccessTokens>,
    pub(crate) budgets: Budgets,
    pub(crate) audit: Audit,
    pub(crate) observer: Arc<dyn AuthObserver>,
    pub(crate) registration: Registration,
    pub(crate) refresh_token_lifetime: std::time::Duration,
}

/// The feature's face. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Accounts {
    parts: Arc<AccountsParts>,
}

/// A user, without what only sign-in needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: UserId,
    pub(crate) public_id: Uuid,
    pub(crate) email: String,
    pub(crate) role: Role,
    pub(crate) status: UserStatus,
    pub(crate) email_verified: bool,
    pub(crate) admin_notes: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) rev: i64,
}

impl From<user::Model> for Account {
    fn from(user: user::Model) -> Self {
        Self {
            id: user.id,
            public_id: user.public_id,
            email: user.email,
            role: user.role,
            status: user.status,
            email_verified: user.email_verified,
            admin_notes: user.admin_notes,
            created_at: user.created_at,
            rev: user.rev,
        }
    }
}

/// Access tokens that another process signed in the same moment must not outlive their revocation.
const REVOCATION_SLACK: TimeDelta = TimeDelta::minutes(2);

impl Accounts {
    pub(crate) fn new(parts: AccountsParts) -> Self {
        Self {
            parts: Arc::new(parts),
        }
    }

    fn now(&self) -> DateTime<Utc> {
        self.parts.clock.now()
    }

    /// When every access token that exists at `now` has ended.
    fn access_tokens_ended(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + delta(self.parts.tokens.lifetime()) + REVOCATION_SLACK
    }
}

/// Lifetimes are settings of at most a year.
fn delta(lifetime: std::time::Duration) -> TimeDelta {
    TimeDelta::from_std(lifetime).map_or(TimeDelta::days(366), |delta| {
        delta.min(TimeDelta::days(366))
    })
}

#[cfg(test)]
mod tests;
