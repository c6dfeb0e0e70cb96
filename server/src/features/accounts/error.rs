//! What can go wrong with accounts.

use crate::platform::{
    audit::UndoRefusal,
    auth::{
        password::{PasswordError, PasswordFault},
        tokens::SigningFailed,
    },
    db::{DbErr, DbError},
    idempotency::KeyRefusal,
};

use super::email::NotAnEmail;

/// A refusal or a failure; the text of a refusal is for the client.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsError {
    #[error(transparent)]
    Email(#[from] NotAnEmail),
    /// The new password in the request's `field` is not accepted.
    #[error("{fault}")]
    Password {
        field: &'static str,
        fault: PasswordFault,
    },
    #[error("Registration is closed; ask an admin for an account")]
    RegistrationClosed,
    #[error("Email already registered")]
    EmailTaken,
    #[error("Invalid credentials")]
    InvalidCredentials,
    #[error("Current password is incorrect")]
    WrongPassword,
    /// A refresh token that was never given out, or whose time is over.
    #[error("Invalid token")]
    InvalidRefreshToken,
    /// A refresh token of a sign-in that has ended.
    #[error("Token revoked")]
    SignInEnded,
    #[error("User is inactive")]
    Inactive,
    #[error("Session not found")]
    SessionNotFound,
    #[error("User not found")]
    UserNotFound,
    #[error("You cannot take the admin role from yourself")]
    SelfDemotion,
    #[error("This is the last active admin; make somebody else an admin first")]
    LastAdmin,
    #[error("You cannot disable your own account")]
    OwnAccount,
    #[error("The account is disabled; enable it first")]
    Disabled,
    /// A one-time token that was never given out, was used, or is too old: not told apart.
    #[error("This link is not valid: it was used, is too old, or was never given out")]
    InvalidOneTimeToken,
    #[error("What this act changed has been changed since")]
    ChangedSince,
    #[error("This act has been undone already")]
    AlreadyUndone,
    #[error("Notes must have at most {MAX_NOTES_CHARS} characters and no NUL")]
    Notes,
    #[error(transparent)]
    Key(#[from] KeyRefusal),
    #[error(transparent)]
    Hashing(#[from] PasswordError),
    #[error(transparent)]
    Signing(#[from] SigningFailed),
    #[error(transparent)]
    Database(#[from] DbError),
}

impl From<UndoRefusal> for AccountsError {
    fn from(refusal: UndoRefusal) -> Self {
        match refusal {
            UndoRefusal::ChangedSince => Self::ChangedSince,
            UndoRefusal::AlreadyUndone => Self::AlreadyUndone,
        }
    }
}

/// The longest notes of an admin about a user.
pub(super) const MAX_NOTES_CHARS: usize = 2_000;

impl From<DbErr> for AccountsError {
    fn from(error: DbErr) -> Self {
        Self::Database(error.into())
    }
}
