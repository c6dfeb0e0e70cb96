//! Accounts that admins make, and one-time links by which their owners set a password.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use entities::{Nanos, Role, UserId, UserStatus, accounts::user};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::{
    Account, Accounts, AccountsError, Email, acts, queries,
    queries::steering as steering_queries,
    queries::{NewUser, Which},
    registration::{NO_PASSWORD, new_password},
    sessions,
};
use crate::platform::{
    audit::{Act, Audit, By},
    auth::refresh_token::RefreshToken,
    budgets::Budgets,
    db::{DbErr, DbError, Txn, WriteKey},
};

/// How long an invitation is good.
const INVITED: TimeDelta = TimeDelta::days(7);
/// How long a link for a new password is good.
const RESET: TimeDelta = TimeDelta::hours(1);

/// A way to set a password, shown once. The token is made, hashed and looked up as a refresh token
/// is: 256 random bits that no time of an answer tells anything about.
pub(crate) struct OneTimeLink {
    pub(crate) token: SecretString,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A user's way in, shown once.
pub(crate) enum WayIn {
    Link(OneTimeLink),
    Password(SecretString),
}

/// An account that an admin asks for.
#[derive(Clone, Debug)]
pub(crate) struct NewAccount {
    pub(crate) email: String,
    pub(crate) role: Role,
    /// `None`: the default for new users.
    pub(crate) limit: Option<Nanos>,
    /// Whether a password is generated rather than a link.
    pub(crate) with_password: bool,
}

struct Creation {
    by: By,
    new: NewUser,
    limit: Option<Nanos>,
    /// The hash of the link's token, and until when it is good.
    link: Option<(String, DateTime<Utc>)>,
    now: DateTime<Utc>,
    budgets: Budgets,
    audit: Audit,
}

/// Until when a link that was lost is worth another.
#[derive(Clone, Copy)]
enum Until {
    TokenIsUsed,
    PasswordIsSet,
}

impl Until {
    async fn is_ahead_in(self, txn: &Txn, target: UserId) -> Result<bool, DbErr> {
        if let Self::TokenIsUsed = self {
            return steering_queries::has_token(txn, target).await;
        }
        let user = queries::user_by_id(txn, target).await?;
        Ok(user.is_some_and(|user| {
            user.status == UserStatus::Active && user.password_hash == NO_PASSWORD
        }))
    }
}

struct Redemption {
    token_hash: String,
    password_hash: String,
    now: DateTime<Utc>,
    access_tokens_ended: DateTime<Utc>,
    audit: Audit,
}

impl Accounts {
    /// Makes an account. Answers it with its way in and the act on record.
    pub(crate) async fn create(
        &self,
        by: &By,
        wanted: NewAccount,
    ) -> Result<(Account, WayIn, i64), AccountsError> {
        let email = Email::parse(&wanted.email)?;
        let now = self.now();
        let (way_in, password_hash, link) = if wanted.with_password {
            let password = self.generated_password();
            let hash = self
                .parts
                .passwords
                .hash(&new_password("password", &password)?)
                .await?;
            (WayIn::Password(password), hash, None)
        } else {
            let (link, hash) = self.link(now + INVITED);
            let stored = (hash, link.expires_at);
            (WayIn::Link(link), NO_PASSWORD.to_owned(), Some(stored))
        };
        let creation = Creation {
            by: by.clone(),
            new: NewUser {
                public_id: self.parts.entropy.uuid(),
                email: email.as_str().to_owned(),
                password_hash,
                role: wanted.role,
            },
            limit: wanted.limit,
            link,
            now,
            budgets: self.parts.budgets.clone(),
            audit: self.parts.audit.clone(),
        };
        let made = self
            .parts
            .db
            .write(WriteKey::Free, creation, |txn, creation| {
                Box::pin(creation.apply(txn))
            })
            .await;
        match made {
            Err(DbError::Duplicate(_)) | Ok(None) => Err(AccountsError::EmailTaken),
            Ok(Some((user, audit_id))) => Ok((user.into(), way_in, audit_id)),
            Err(error) => Err(error.into()),
        }
    }

    /// A link by which a user sets a new password. It takes the place of one that was not used.
    pub(crate) async fn reset_password(
        &self,
        by: &By,
        target: UserId,
    ) -> Result<(OneTimeLink, i64), AccountsError> {
        let now = self.now();
        let (link, hash) = self.link(now + RESET);
        let input = (
            (by.clone(), target, hash),
            (now, link.expires_at),
            self.parts.audit.clone(),
        );
        let recorded = self
            .parts
            .db
            .write(WriteKey::User(target), input, |txn, input| {
                let ((by, target, hash), (now, expires_at), audit) = input;
                Box::pin(async move {
                    let user = queries::user_by_id(txn, *target).await?;
                    match user.map(|user| user.status) {
                        None | Some(UserStatus::Deleted) => {
                            return Ok(Err(AccountsError::UserNotFound));
                        }
                        Some(UserStatus::Disabled) => return Ok(Err(AccountsError::Disabled)),
                        Some(UserStatus::Active) => {}
                    }
                    steering_queries::replace_token(txn, *target, hash, *now, *expires_at).await?;
                    let act = Act::on_user("reset_password", *target);
                    Ok(Ok(audit.record_act_in(txn, by, act).await?))
                })
            })
            .await?;
        Ok((link, recorded?))
    }

    /// A new link in place of one that was not used; the answer that showed it may have been lost.
    /// `None`: it was used.
    pub(crate) async fn renew_reset(
        &self,
        target: UserId,
    ) -> Result<Option<OneTimeLink>, AccountsError> {
        self.renew(target, RESET, Until::TokenIsUsed).await
    }

    /// A new link for an invited user who has not set a password yet; the answer that showed the
    /// first one may have been lost. `None`: the user has one.
    pub(crate) async fn renew_invitation(
        &self,
        target: UserId,
    ) -> Result<Option<OneTimeLink>, AccountsError> {
        self.renew(target, INVITED, Until::PasswordIsSet).await
    }

    async fn renew(
        &self,
        target: UserId,
        lasts: TimeDelta,
        until: Until,
    ) -> Result<Option<OneTimeLink>, AccountsError> {
        let now = self.now();
        let (link, hash) = self.link(now + lasts);
        let input = (target, hash, now, link.expires_at, until);
        let renewed = self
            .parts
            .db
            .write(WriteKey::User(target), input, |txn, input| {
                let (target, hash, now, expires_at, until) = input;
                Box::pin(async move {
                    let waits = until.is_ahead_in(txn, *target).await?;
                    if waits {
                        steering_queries::replace_token(txn, *target, hash, *now, *expires_at)
                            .await?;
                    }
                    Ok(waits)
                })
            })
            .await?;
        Ok(renewed.then_some(link))
    }

    /// Sets a password by a one-time token; all sign-ins end.
    pub(crate) async fn redeem(
        &self,
        token: &str,
        password: &SecretString,
    ) -> Result<(), AccountsError> {
        let password = new_password("password", password)?;
        // Hashed first, whether or not there is such a token: the answer takes the same time.
        let password_hash = self.parts.passwords.hash(&password).await?;
        let token = RefreshToken::parse(token).ok_or(AccountsError::InvalidOneTimeToken)?;
        let now = self.now();
        let redemption = Redemption {
            token_hash: token.hash(),
            password_hash,
            now,
            access_tokens_ended: self.access_tokens_ended(now),
            audit: self.parts.audit.clone(),
        };
        let redeemed = self
            .parts
            .db
            .write(WriteKey::Free, redemption, |txn, redemption| {
                Box::pin(redemption.apply(txn))
            })
            .await?;
        if redeemed {
            Ok(())
        } else {
            Err(AccountsError::InvalidOneTimeToken)
        }
    }

    fn link(&self, expires_at: DateTime<Utc>) -> (OneTimeLink, String) {
        let token = RefreshToken::generate(&self.parts.entropy);
        let link = OneTimeLink {
            token: token.expose().into(),
            expires_at,
        };
        (link, token.hash())
    }

    /// 120 random bits, and one of each kind of character that the policy asks for.
    fn generated_password(&self) -> SecretString {
        let random = URL_SAFE_NO_PAD.encode(self.parts.entropy.bytes::<15>());
        format!("{random}.Aa1").into()
    }
}

impl Creation {
    async fn apply(&self, txn: &Txn) -> Result<Option<(user::Model, i64)>, DbErr> {
        let Self { new, now, .. } = self;
        if queries::user_by_email(txn, &new.email).await?.is_some() {
            return Ok(None);
        }
        let user = queries::insert_user(txn, new, *now).await?;
        self.budgets.open_account_in(txn, user.id).await?;
        if self.limit.is_some() {
            self.budgets.set_limit_in(txn, user.id, self.limit).await?;
        }
        if let Some((hash, expires_at)) = &self.link {
            steering_queries::replace_token(txn, user.id, hash, *now, *expires_at).await?;
        }
        let action = if self.link.is_some() {
            "invite_user"
        } else {
            "create_user"
        };
        let act = Act::on_user(action, user.id)
            .with("role", user.role.as_str())
            .with("limit_nanos", json!(self.limit.map(|limit| limit.0)));
        let audit_id = self.audit.record_act_in(txn, &self.by, act).await?;
        Ok(Some((user, audit_id)))
    }
}

impl Redemption {
    async fn apply(&self, txn: &Txn) -> Result<bool, DbErr> {
        let now = self.now;
        let Some(id) = steering_queries::use_token(txn, &self.token_hash, now).await? else {
            return Ok(false);
        };
        let user = queries::hold_user(txn, id).await?;
        if user.is_none_or(|user| user.status != UserStatus::Active) {
            return Ok(false);
        }
        steering_queries::set_password_hash(txn, id, &self.password_hash, now).await?;
        let end = sessions::End {
            user_id: id,
            which: Which::AllBut(None),
            reason: "password_changed",
            now,
            access_tokens_ended: self.access_tokens_ended,
        };
        sessions::end(txn, &end).await?;
        let act = acts::on_user("redeem_link", Some(id), id);
        self.audit.record_in(txn, &act).await?;
        Ok(true)
    }
}

impl WayIn {
    /// The link, if it is one.
    pub(crate) fn link(&self) -> Option<&OneTimeLink> {
        match self {
            Self::Link(link) => Some(link),
            Self::Password(_) => None,
        }
    }

    /// The password, if it is one.
    pub(crate) fn password(&self) -> Option<&str> {
        match self {
            Self::Link(_) => None,
            Self::Password(password) => Some(password.expose_secret()),
        }
    }
}
