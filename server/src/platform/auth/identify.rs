//! From a bearer token to a caller: is the token sound, and does it still count?
//!
//! What counts stands in the database. A user's standing is kept in memory for a few seconds and
//! dropped as soon as this process commits a change to it or hears of another's, so that a revocation
//! is immediate here, at once where messages pass between processes, and within [`FRESH_FOR`] everywhere.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use chrono::{DateTime, TimeDelta, Utc};
use entities::{Role, UserId, UserStatus};
use parking_lot::Mutex;
use tokio::sync::broadcast::{self, error::TryRecvError};
use uuid::Uuid;

use super::{
    observer::{AuthObserver, TokenRejection},
    principal::Principal,
    tokens::{AccessTokens, VerifiedToken},
};
use crate::platform::{
    clock::Clock,
    db::{Change, Db, DbError, Entity},
};

/// How old the answer of the database may be.
pub(crate) const FRESH_FOR: TimeDelta = TimeDelta::seconds(3);
const MAX_KNOWN: usize = 10_000;

/// What decides whether a user's tokens count.
#[derive(Clone, Debug)]
pub(crate) struct Standing {
    pub(crate) role: Role,
    pub(crate) status: UserStatus,
    pub(crate) token_version: i64,
    /// `jti:<id>` and `sid:<id>`, refused before their time.
    pub(crate) revoked: HashSet<String>,
}

/// Where standings are kept; implemented by the owner of the tables.
#[async_trait::async_trait]
pub(crate) trait Directory: Send + Sync {
    /// None when there is no such user.
    async fn standing(&self, user_id: UserId) -> Result<Option<Standing>, DbError>;
}

/// The key under which a single access token is revoked.
pub(crate) fn token_key(token_id: &str) -> String {
    format!("jti:{token_id}")
}

/// The key under which all access tokens of a sign-in are revoked.
pub(crate) fn session_key(session_id: Uuid) -> String {
    format!("sid:{session_id}")
}

/// Why a caller is not known.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unidentified {
    #[error("Invalid token")]
    Invalid,
    #[error("Token revoked")]
    Revoked,
    #[error("User is inactive")]
    Inactive,
    /// Whether the token still counts cannot be asked now.
    #[error("Sign-ins cannot be checked right now, try again shortly")]
    Unavailable(#[source] DbError),
}

/// Identifies callers by their access tokens.
pub(crate) struct Authenticator {
    tokens: Arc<AccessTokens>,
    directory: Arc<dyn Directory>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn AuthObserver>,
    memory: Mutex<Memory>,
}

impl Authenticator {
    pub(crate) fn new(
        tokens: Arc<AccessTokens>,
        directory: Arc<dyn Directory>,
        db: &Db,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn AuthObserver>,
    ) -> Self {
        Self {
            tokens,
            directory,
            clock,
            observer,
            memory: Mutex::new(Memory {
                changes: db.changes(),
                known: HashMap::new(),
                epoch: 0,
            }),
        }
    }

    /// The caller that `token` proves.
    pub(crate) async fn authenticate(&self, token: &str) -> Result<Principal, Unidentified> {
        let verified = self
            .tokens
            .verify(token)
            .map_err(|reason| self.reject(reason, Unidentified::Invalid))?;
        let standing = self
            .standing(verified.user_id)
            .await
            .map_err(Unidentified::Unavailable)?
            .filter(|standing| standing.status != UserStatus::Deleted)
            .ok_or_else(|| self.reject(TokenRejection::UnknownUser, Unidentified::Invalid))?;
        if standing.status != UserStatus::Active {
            return Err(self.reject(TokenRejection::Inactive, Unidentified::Inactive));
        }
        if is_revoked(&standing, &verified) {
            return Err(self.reject(TokenRejection::Revoked, Unidentified::Revoked));
        }
        Ok(Principal {
            user_id: verified.user_id.0,
            role: standing.role.into(),
            token_id: verified.token_id,
            session_id: verified.session_id,
            expires_at: verified.expires_at,
        })
    }

    /// Another process has changed this user.
    pub(crate) fn changed_elsewhere(&self, user_id: UserId) {
        self.memory.lock().forget(user_id);
    }

    fn reject(&self, reason: TokenRejection, answer: Unidentified) -> Unidentified {
        self.observer.token_rejected(reason);
        answer
    }

    async fn standing(&self, user_id: UserId) -> Result<Option<Arc<Standing>>, DbError> {
        let now = self.clock.now();
        let epoch = {
            let mut memory = self.memory.lock();
            memory.forget_changed();
            if let Some(known) = memory.fresh(user_id, now) {
                return Ok(known.standing.clone());
            }
            memory.epoch
        };
        let standing = self.directory.standing(user_id).await?.map(Arc::new);
        self.memory
            .lock()
            .keep(user_id, standing.clone(), now, epoch);
        Ok(standing)
    }
}

struct Known {
    standing: Option<Arc<Standing>>,
    read_at: DateTime<Utc>,
}

impl Known {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now.signed_duration_since(self.read_at).abs() < FRESH_FOR
    }
}

/// What was read lately, and the changes since.
struct Memory {
    /// Changes are sent before their author gets an answer: who asks after that answer finds them
    /// here, and is judged by the new state.
    changes: broadcast::Receiver<Change>,
    known: HashMap<UserId, Known>,
    /// Rises whenever something is forgotten.
    epoch: u64,
}

impl Memory {
    fn forget_changed(&mut self) {
        loop {
            match self.changes.try_recv() {
                Ok(change) if change.entity == Entity::User => match change.user_id {
                    Some(user_id) => self.forget(user_id),
                    None => self.forget_all(),
                },
                Ok(_) => {}
                Err(TryRecvError::Lagged(_)) => self.forget_all(),
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
    }

    fn forget(&mut self, user_id: UserId) {
        self.epoch += 1;
        self.known.remove(&user_id);
    }

    fn forget_all(&mut self) {
        self.epoch += 1;
        self.known.clear();
    }

    fn fresh(&self, user_id: UserId, now: DateTime<Utc>) -> Option<&Known> {
        self.known.get(&user_id).filter(|known| known.is_fresh(now))
    }

    /// Keeps what was read, unless a change that committed meanwhile may be missing from it.
    fn keep(
        &mut self,
        user_id: UserId,
        standing: Option<Arc<Standing>>,
        read_at: DateTime<Utc>,
        epoch: u64,
    ) {
        self.forget_changed();
        if self.epoch != epoch {
            return;
        }
        if self.known.len() >= MAX_KNOWN {
            self.known.retain(|_, known| known.is_fresh(read_at));
            if self.known.len() >= MAX_KNOWN {
                self.known.clear();
            }
        }
        self.known.insert(user_id, Known { standing, read_at });
    }
}

fn is_revoked(standing: &Standing, token: &VerifiedToken) -> bool {
    standing.token_version != token.token_version
        || standing.revoked.contains(&token_key(&token.token_id))
        || token
            .session_id
            .is_some_and(|session_id| standing.revoked.contains(&session_key(session_id)))
}

#[cfg(test)]
mod tests;
