//! The caller of a request, once proven.

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// What a user may do beyond their own things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    /// Sees every admin screen and changes everything an admin may change.
    Admin,
    /// Sees every admin screen and changes nothing.
    Auditor,
}

impl From<entities::Role> for Role {
    fn from(role: entities::Role) -> Self {
        match role {
            entities::Role::User => Self::User,
            entities::Role::Admin => Self::Admin,
            entities::Role::Auditor => Self::Auditor,
        }
    }
}

/// The proven caller: which user, by which token, until when.
#[derive(Debug, Clone)]
pub(crate) struct Principal {
    pub(crate) user_id: i64,
    pub(crate) role: Role,
    /// The `jti` of the access token, by which it can be revoked.
    pub(crate) token_id: String,
    /// The sign-in that the token belongs to; none for tokens that were not issued by signing in.
    pub(crate) session_id: Option<Uuid>,
    pub(crate) expires_at: DateTime<Utc>,
}
