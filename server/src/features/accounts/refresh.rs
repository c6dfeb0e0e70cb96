//! Exchanging a refresh token for new tokens.
//!
//! Each refresh token is good for one use (RFC 9700, 4.14). An old one that comes back was copied:
//! its whole family ends. Two tabs that use the same one at the same time are no thieves, so for
//! [`GRACE`] after its use it is exchanged again.

use chrono::{DateTime, TimeDelta, Utc};
use entities::{
    UserId, UserStatus,
    accounts::{refresh_token, session, user},
};
use uuid::Uuid;

use super::{Accounts, AccountsError, SignedIn, acts, queries, queries::Which, sessions};
use crate::platform::{
    audit::Audit,
    auth::{observer::RefreshResult, refresh_token::RefreshToken},
    db::{DbErr, Txn, WriteKey},
};

/// How long after its use a refresh token is taken for a race of two tabs.
pub(super) const GRACE: TimeDelta = TimeDelta::seconds(10);

struct Rotation {
    given_hash: String,
    fresh_hash: String,
    now: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    access_tokens_ended: DateTime<Utc>,
    audit: Audit,
}

enum Outcome {
    Fresh {
        user: user::Model,
        session_id: Uuid,
        grace: bool,
    },
    Reused,
    Expired,
    Ended,
    Inactive,
    Unknown,
}

impl Accounts {
    /// Exchanges a refresh token.
    pub(crate) async fn refresh(&self, given: &str) -> Result<SignedIn, AccountsError> {
        let given_hash = match RefreshToken::parse(given) {
            Some(given) => given.hash(),
            None => return Err(self.refuse_refresh(RefreshResult::Unknown)),
        };
        let Some(owner) = self.owner_of(&given_hash).await? else {
            return Err(self.refuse_refresh(RefreshResult::Unknown));
        };
        let fresh = RefreshToken::generate(&self.parts.entropy);
        let now = self.now();
        let rotation = Rotation {
            given_hash,
            fresh_hash: fresh.hash(),
            now,
            expires_at: self.refresh_token_ends(now),
            access_tokens_ended: self.access_tokens_ended(now),
            audit: self.parts.audit.clone(),
        };
        let outcome = self
            .parts
            .db
            .write(WriteKey::User(owner), rotation, |txn, rotation| {
                Box::pin(rotate(txn, rotation))
            })
            .await?;
        match outcome {
            Outcome::Fresh {
                user,
                session_id,
                grace,
            } => {
                self.parts.observer.refreshed(if grace {
                    RefreshResult::Grace
                } else {
                    RefreshResult::Rotated
                });
                self.tokens_for(&user, session_id, fresh)
            }
            Outcome::Reused => Err(self.refuse_refresh(RefreshResult::Reuse)),
            Outcome::Expired => Err(self.refuse_refresh(RefreshResult::Expired)),
            Outcome::Unknown => Err(self.refuse_refresh(RefreshResult::Unknown)),
            Outcome::Ended => Err(self.refuse_refresh(RefreshResult::Revoked)),
            Outcome::Inactive => {
                self.parts.observer.refreshed(RefreshResult::Revoked);
                Err(AccountsError::Inactive)
            }
        }
    }

    fn refuse_refresh(&self, result: RefreshResult) -> AccountsError {
        self.parts.observer.refreshed(result);
        match result {
            RefreshResult::Reuse | RefreshResult::Revoked => AccountsError::SignInEnded,
            _ => AccountsError::InvalidRefreshToken,
        }
    }

    async fn owner_of(&self, token_hash: &str) -> Result<Option<UserId>, DbErr> {
        let read = self.parts.db.read();
        let Some(token) = queries::refresh_token(read, token_hash).await? else {
            return Ok(None);
        };
        let session = queries::session(read, token.session_id).await?;
        Ok(session.map(|session| session.user_id))
    }
}

async fn rotate(txn: &Txn, rotation: &Rotation) -> Result<Outcome, DbErr> {
    let now = rotation.now;
    let Some((token, session, user)) = family(txn, &rotation.given_hash).await? else {
        return Ok(Outcome::Unknown);
    };
    if user.status != UserStatus::Active {
        return Ok(Outcome::Inactive);
    }
    if session.ended_at.is_some() {
        return Ok(Outcome::Ended);
    }
    if token.expires_at <= now || session.expires_at <= now {
        return Ok(Outcome::Expired);
    }
    let first = queries::use_refresh_token(txn, token.id, now).await?;
    if !first && token.used_at.is_some_and(|used| now - used > GRACE) {
        end_family(txn, &session, rotation).await?;
        return Ok(Outcome::Reused);
    }
    if !queries::extend_session(txn, session.id, now, rotation.expires_at).await? {
        return Ok(Outcome::Ended);
    }
    queries::insert_refresh_token(
        txn,
        session.id,
        &rotation.fresh_hash,
        now,
        rotation.expires_at,
    )
    .await?;
    Ok(Outcome::Fresh {
        user,
        session_id: session.id,
        grace: !first,
    })
}

async fn family(
    txn: &Txn,
    token_hash: &str,
) -> Result<Option<(refresh_token::Model, session::Model, user::Model)>, DbErr> {
    let Some(token) = queries::refresh_token(txn, token_hash).await? else {
        return Ok(None);
    };
    let Some(session) = queries::session(txn, token.session_id).await? else {
        return Ok(None);
    };
    let user = queries::user_by_id(txn, session.user_id).await?;
    Ok(user.map(|user| (token, session, user)))
}

/// Ends the session whose token came back, and puts it on record.
async fn end_family(txn: &Txn, session: &session::Model, rotation: &Rotation) -> Result<(), DbErr> {
    let end = sessions::End {
        user_id: session.user_id,
        which: Which::One(session.id),
        reason: "refresh_token_reuse",
        now: rotation.now,
        access_tokens_ended: rotation.access_tokens_ended,
    };
    sessions::end(txn, &end).await?;
    let act = acts::on_session("refresh_token_reuse", session.user_id, session.id);
    rotation.audit.record_in(txn, &act).await?;
    Ok(())
}
