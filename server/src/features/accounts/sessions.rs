//! The sign-ins that a user has, and ending them.

use chrono::{DateTime, Utc};
use entities::{UserId, accounts::session};
use uuid::Uuid;

use super::{Account, Accounts, AccountsError, acts, queries, queries::Which};
use crate::platform::{
    auth::{identify, principal::Principal},
    db::{DbErr, Txn, WriteKey},
};

/// A sign-in that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionSummary {
    pub(crate) id: Uuid,
    /// Whether the caller's token belongs to it.
    pub(crate) current: bool,
    pub(crate) user_agent: Option<String>,
    pub(crate) client_address: Option<String>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) last_used_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
}

/// A page of sign-ins, the newest first.
#[derive(Clone, Debug)]
pub(crate) struct SessionPage {
    pub(crate) items: Vec<SessionSummary>,
    /// The last of this page, when there are more.
    pub(crate) next: Option<Uuid>,
}

/// Sign-ins to end.
pub(super) struct End {
    pub(super) user_id: UserId,
    pub(super) which: Which,
    pub(super) reason: &'static str,
    pub(super) now: DateTime<Utc>,
    pub(super) access_tokens_ended: DateTime<Utc>,
}

/// Ends sessions with the access tokens that belong to them, and tells how many there were.
pub(super) async fn end(txn: &Txn, end: &End) -> Result<usize, DbErr> {
    let ended = queries::end_sessions(txn, end.user_id, end.which, end.reason, end.now).await?;
    for session_id in &ended {
        let key = identify::session_key(*session_id);
        queries::revoke(txn, end.user_id, key, end.access_tokens_ended, end.now).await?;
    }
    if !ended.is_empty() {
        queries::touch_user(txn, end.user_id, end.now).await?;
    }
    Ok(ended.len())
}

impl Accounts {
    /// The caller's own account.
    pub(crate) async fn me(&self, caller: &Principal) -> Result<Account, AccountsError> {
        self.find(UserId(caller.user_id))
            .await?
            .ok_or(AccountsError::UserNotFound)
    }

    /// The caller's sign-ins that have not ended, `limit` of those older than `before`.
    pub(crate) async fn sessions(
        &self,
        caller: &Principal,
        before: Option<Uuid>,
        limit: u64,
    ) -> Result<SessionPage, AccountsError> {
        let user_id = UserId(caller.user_id);
        let read = self.parts.db.read();
        let mut found =
            queries::live_sessions(read, user_id, self.now(), before, limit + 1).await?;
        let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = found.len() > wanted;
        found.truncate(wanted);
        let next = found.last().map(|last| last.id).filter(|_| more);
        let items = found
            .into_iter()
            .map(|session| summary(session, caller))
            .collect();
        Ok(SessionPage { items, next })
    }

    /// Ends the sign-in that the caller's token belongs to, and the token itself.
    pub(crate) async fn sign_out(&self, caller: &Principal) -> Result<(), AccountsError> {
        let user_id = UserId(caller.user_id);
        let token = (identify::token_key(&caller.token_id), caller.expires_at);
        let end_session = caller
            .session_id
            .map(|id| self.ending(user_id, Which::One(id), "signed_out"));
        let input = (user_id, token, end_session, self.now());
        self.parts
            .db
            .write(WriteKey::User(user_id), input, |txn, input| {
                let (user_id, (token_key, token_ends), end_session, now) = input;
                Box::pin(async move {
                    let key = token_key.clone();
                    queries::revoke(txn, *user_id, key, *token_ends, *now).await?;
                    if let Some(end_session) = end_session {
                        end(txn, end_session).await?;
                    }
                    queries::touch_user(txn, *user_id, *now).await
                })
            })
            .await?;
        Ok(())
    }

    /// Ends every sign-in of the caller, this one too.
    pub(crate) async fn sign_out_everywhere(
        &self,
        caller: &Principal,
    ) -> Result<(), AccountsError> {
        let user_id = UserId(caller.user_id);
        let ending = self.ending(user_id, Which::AllBut(None), "signed_out_everywhere");
        let input = (ending, self.parts.audit.clone());
        self.parts
            .db
            .write(WriteKey::User(user_id), input, |txn, (ending, audit)| {
                Box::pin(async move {
                    let user_id = ending.user_id;
                    end(txn, ending).await?;
                    queries::raise_token_version(txn, user_id, ending.now).await?;
                    let act = acts::on_user("sign_out_everywhere", Some(user_id), user_id);
                    audit.record_in(txn, &act).await
                })
            })
            .await?;
        Ok(())
    }

    /// Ends one of the caller's sign-ins.
    pub(crate) async fn end_session(
        &self,
        caller: &Principal,
        session_id: Uuid,
    ) -> Result<(), AccountsError> {
        let user_id = UserId(caller.user_id);
        let ending = self.ending(user_id, Which::One(session_id), "ended_by_user");
        let ended = self
            .parts
            .db
            .write(
                WriteKey::User(user_id),
                (ending, session_id, self.parts.audit.clone()),
                |txn, (ending, session_id, audit)| {
                    Box::pin(async move {
                        if end(txn, ending).await? == 0 {
                            return Ok(false);
                        }
                        let act = acts::on_session("end_session", ending.user_id, *session_id);
                        audit.record_in(txn, &act).await?;
                        Ok(true)
                    })
                },
            )
            .await?;
        if ended {
            Ok(())
        } else {
            Err(AccountsError::SessionNotFound)
        }
    }

    pub(super) fn ending(&self, user_id: UserId, which: Which, reason: &'static str) -> End {
        let now = self.now();
        End {
            user_id,
            which,
            reason,
            now,
            access_tokens_ended: self.access_tokens_ended(now),
        }
    }
}

fn summary(session: session::Model, caller: &Principal) -> SessionSummary {
    SessionSummary {
        current: caller.session_id == Some(session.id),
        id: session.id,
        user_agent: session.user_agent,
        client_address: session.client_address,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
    }
}
