//! Which answer each error of the feature gets.

use std::time::Duration;

use crate::{
    features::accounts::AccountsError,
    platform::{
        auth::password::{PasswordError, PasswordFault},
        db::DbError,
        http::Problem,
    },
};

const BUSY: &str = "The server is busy with other sign-ins, try again shortly";
const DATABASE_GONE: &str = "The database does not answer, try again shortly";
const RETRY_AFTER: Duration = Duration::from_secs(5);

impl From<AccountsError> for Problem {
    fn from(error: AccountsError) -> Self {
        let message = error.to_string();
        match error {
            AccountsError::Email(_) => Self::invalid(&["body", "email"], message),
            AccountsError::Password {
                fault: PasswordFault::Weak(_),
                ..
            } => Self::bad_request(message).with_code("weak_password"),
            AccountsError::Password { field, .. } => Self::invalid(&["body", field], message),
            AccountsError::Notes => Self::invalid(&["body", "admin_notes"], message),
            AccountsError::RegistrationClosed => {
                Self::forbidden(message).with_code("registration_closed")
            }
            AccountsError::EmailTaken => Self::bad_request(message).with_code("email_taken"),
            AccountsError::WrongPassword => Self::bad_request(message).with_code("wrong_password"),
            AccountsError::SelfDemotion => Self::bad_request(message).with_code("self_demotion"),
            AccountsError::OwnAccount => Self::conflict(message).with_code("own_account"),
            AccountsError::Disabled => Self::conflict(message).with_code("account_disabled"),
            AccountsError::ChangedSince => Self::conflict(message).with_code("changed_since"),
            AccountsError::AlreadyUndone => Self::conflict(message).with_code("already_undone"),
            AccountsError::InvalidOneTimeToken => {
                Self::bad_request(message).with_code("invalid_token")
            }
            AccountsError::LastAdmin => Self::conflict(message).with_code("last_admin"),
            AccountsError::InvalidCredentials
            | AccountsError::InvalidRefreshToken
            | AccountsError::SignInEnded => Self::unauthenticated(message),
            AccountsError::Inactive => Self::forbidden(message),
            AccountsError::SessionNotFound | AccountsError::UserNotFound => {
                Self::not_found(message)
            }
            AccountsError::Key(refusal) => refusal.into(),
            AccountsError::Hashing(PasswordError::Busy) => {
                Self::unavailable(BUSY).with_retry_after(RETRY_AFTER)
            }
            AccountsError::Database(error @ DbError::Unavailable(_)) => {
                Self::unavailable(DATABASE_GONE)
                    .with_retry_after(RETRY_AFTER)
                    .caused_by(error)
            }
            AccountsError::Database(error @ DbError::Full(_)) => error.into(),
            AccountsError::Hashing(error) => Self::internal(error),
            AccountsError::Signing(error) => Self::internal(error),
            AccountsError::Database(error) => Self::internal(error),
        }
    }
}
