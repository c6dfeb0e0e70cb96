//! Signing up, signing in, and the sign-ins that one has. Routes under `/api/auth`.
//!
//! Types that carry a password or a token do not derive `Debug`, so that none ends in a log.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// An e-mail address and a password, to make an account or to sign in.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Credentials {
    /// Upper and lower case are the same.
    pub email: String,
    /// For a new account: 6 to 72 characters with an upper-case and a lower-case letter, a digit
    /// and a special character.
    pub password: String,
}

/// A one-time token and the password that it sets.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Redeem {
    /// As it was shown once.
    pub token: String,
    /// 6 to 72 characters with an upper-case and a lower-case letter, a digit and a special
    /// character.
    pub password: String,
}

/// A request for a sign-in by e-mail address alone, in development.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct DevelopmentSignIn {
    /// An account is made when there is none.
    pub email: String,
}

/// A refresh token, to be exchanged for new tokens.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct RefreshRequest {
    /// As the last sign-in or refresh gave it; it is used up by this.
    pub refresh_token: String,
}

/// What a sign-in gives.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Tokens {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Always `bearer`.
    pub token_type: String,
    /// Opaque, for one use.
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
}

/// A change of one's own password.
#[derive(Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct PasswordChange {
    /// The password until now.
    pub current: String,
    /// The password from now on, under the rules for new accounts.
    pub new: String,
}

/// It was done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Done {
    /// Always true.
    pub ok: bool,
}

/// It was done, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct DoneMessage {
    /// Always true.
    pub ok: bool,
    /// What was done, for people.
    pub message: String,
}

/// What a user may do beyond their own things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(
    feature = "openapi",
    derive(poem_openapi::Enum),
    oai(rename_all = "snake_case")
)]
pub enum Role {
    /// Works with their own things.
    User,
    /// Steers the house.
    Admin,
    /// Sees every admin screen and changes nothing.
    Auditor,
}

/// The caller's own account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Me {
    /// The user's number.
    pub id: i64,
    /// Shown where the number would tell too much.
    pub public_id: Uuid,
    /// In lower case.
    pub email: String,
    /// What the user may do.
    pub role: Role,
    /// Whether `role` is `admin`.
    pub is_admin: bool,
    /// Whether the user may sign in.
    pub is_active: bool,
    /// Whether the address is proven to be the user's.
    pub email_verified: bool,
    /// UTC.
    pub created_at: DateTime<Utc>,
}

/// One sign-in that has not ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct Session {
    /// The sign-in.
    pub id: Uuid,
    /// Whether this request belongs to it.
    pub current: bool,
    /// The program that signed in, as it named itself.
    pub user_agent: Option<String>,
    /// The address that signed in.
    pub client_address: Option<String>,
    /// UTC.
    pub created_at: DateTime<Utc>,
    /// When it last got new tokens, UTC.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is used, UTC.
    pub expires_at: DateTime<Utc>,
}

/// Which sign-ins to list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct SessionsQuery {
    /// `next_cursor` of the page before.
    pub cursor: Option<Uuid>,
    /// 1 to 200; 50 when absent.
    pub limit: Option<u64>,
}

/// A page of sign-ins, the newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(poem_openapi::Object))]
pub struct SessionPage {
    /// The sign-ins.
    pub items: Vec<Session>,
    /// For the next page; absent on the last.
    pub next_cursor: Option<Uuid>,
}
