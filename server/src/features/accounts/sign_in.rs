//! Signing in: the proof, and the session that it opens.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use entities::{Role, UserId, UserStatus, accounts::session, accounts::user};
use secrecy::SecretString;
use uuid::Uuid;

use super::{Accounts, AccountsError, Email, delta, queries, registration::NO_PASSWORD};
use crate::platform::{
    auth::{
        observer::SignInResult,
        password::Verification,
        refresh_token::RefreshToken,
        tokens::{IssuedToken, TokenSubject},
    },
    db::{DbErr, Txn, WriteKey},
};

const MAX_USER_AGENT_CHARS: usize = 256;

/// The program that signs in, for the list of sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Client {
    user_agent: Option<String>,
    address: Option<String>,
}

impl Client {
    /// Keeps what is readable of how the program names itself.
    pub(crate) fn new(user_agent: Option<&str>, address: Option<IpAddr>) -> Self {
        let readable = |text: &str| -> String {
            text.chars()
                .filter(|letter| !letter.is_control())
                .take(MAX_USER_AGENT_CHARS)
                .collect()
        };
        Self {
            user_agent: user_agent.map(readable),
            address: address.map(|address| address.to_string()),
        }
    }
}

/// The tokens of a sign-in.
pub(crate) struct SignedIn {
    pub(crate) access: IssuedToken,
    pub(crate) refresh: RefreshToken,
}

/// Everything that a transaction needs to open a session.
struct Opening {
    user_id: UserId,
    proof: Proof,
    session: session::Model,
    refresh_hash: String,
}

enum Proof {
    /// The hash that the password was compared with, and the one to replace it with if it was made
    /// at another cost than is set now.
    Password {
        hash: String,
        renewed: Option<String>,
    },
    /// The server takes the caller's word, in development.
    Word,
}

impl Accounts {
    /// Signs in by password. Unknown users, wrong passwords and users who may not come in are not
    /// told apart, neither by the answer nor by its time.
    pub(crate) async fn sign_in(
        &self,
        email: &str,
        password: &SecretString,
        client: Client,
    ) -> Result<SignedIn, AccountsError> {
        let user = match Email::parse(email) {
            Ok(email) => queries::user_by_email(self.parts.db.read(), email.as_str()).await?,
            Err(_) => None,
        };
        let stored = user.as_ref().map(|user| user.password_hash.as_str());
        let verified = self.parts.passwords.verify(password, stored).await?;
        let (Some(user), Verification::Match { outdated }) = (user, verified) else {
            return Err(self.refuse(SignInResult::Bad));
        };
        if user.status != UserStatus::Active {
            return Err(self.refuse(SignInResult::Disabled));
        }
        let renewed = if outdated {
            Some(self.parts.passwords.rehash(password).await?)
        } else {
            None
        };
        let proof = Proof::Password {
            hash: user.password_hash,
            renewed,
        };
        self.open_session(user.id, proof, client).await
    }

    /// Signs in by e-mail address alone and makes the account when there is none. The route is
    /// mounted in development only.
    pub(crate) async fn development_sign_in(
        &self,
        email: &str,
        client: Client,
    ) -> Result<SignedIn, AccountsError> {
        let email = Email::parse(email)?;
        let read = self.parts.db.read();
        let known = queries::user_by_email(read, email.as_str()).await?;
        let user_id = if let Some(user) = known {
            user.id
        } else {
            let hash = NO_PASSWORD.to_owned();
            self.make(&email, hash, Role::User, None)
                .await?
                .ok_or(AccountsError::EmailTaken)?
        };
        self.open_session(user_id, Proof::Word, client).await
    }

    fn refuse(&self, result: SignInResult) -> AccountsError {
        self.parts.observer.signed_in(result);
        AccountsError::InvalidCredentials
    }

    async fn open_session(
        &self,
        user_id: UserId,
        proof: Proof,
        client: Client,
    ) -> Result<SignedIn, AccountsError> {
        let refresh = RefreshToken::generate(&self.parts.entropy);
        let session = self.new_session(user_id, client);
        let session_id = session.id;
        let opening = Opening {
            user_id,
            proof,
            session,
            refresh_hash: refresh.hash(),
        };
        let opened = self
            .parts
            .db
            .write(WriteKey::User(user_id), opening, |txn, opening| {
                Box::pin(open(txn, opening))
            })
            .await?;
        // Disabled, erased or given another password since it was read.
        let Some(user) = opened else {
            return Err(self.refuse(SignInResult::Disabled));
        };
        self.parts.observer.signed_in(SignInResult::Ok);
        self.tokens_for(&user, session_id, refresh)
    }

    fn new_session(&self, user_id: UserId, client: Client) -> session::Model {
        let now = self.now();
        session::Model {
            id: self.parts.entropy.ordered_uuid(&*self.parts.clock),
            user_id,
            user_agent: client.user_agent,
            client_address: client.address,
            created_at: now,
            last_used_at: now,
            expires_at: self.refresh_token_ends(now),
            ended_at: None,
            ended_reason: None,
        }
    }

    /// When a refresh token that is given out at `now` ends.
    pub(super) fn refresh_token_ends(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        now + delta(self.parts.refresh_token_lifetime)
    }

    /// The answer to a sign-in or refresh of a known session.
    pub(super) fn tokens_for(
        &self,
        user: &user::Model,
        session_id: Uuid,
        refresh: RefreshToken,
    ) -> Result<SignedIn, AccountsError> {
        let access = self.parts.tokens.issue(&TokenSubject {
            user_id: user.id,
            token_version: user.token_version,
            session_id,
        })?;
        Ok(SignedIn { access, refresh })
    }
}

/// Opens the session if the proof still holds. Whoever disables the user or changes the password in
/// another process meanwhile comes before, and is seen here, or after, and ends this session too.
async fn open(txn: &Txn, opening: &Opening) -> Result<Option<user::Model>, DbErr> {
    let user = queries::hold_user(txn, opening.user_id).await?;
    let Some(user) = user.filter(|user| user.status == UserStatus::Active) else {
        return Ok(None);
    };
    let session = &opening.session;
    if let Proof::Password { hash, renewed } = &opening.proof {
        if user.password_hash != *hash {
            return Ok(None);
        }
        if let Some(renewed) = renewed {
            queries::replace_password_hash(txn, user.id, hash, renewed, session.created_at).await?;
        }
    }
    queries::insert_session(txn, session.clone()).await?;
    queries::insert_refresh_token(
        txn,
        session.id,
        &opening.refresh_hash,
        session.created_at,
        session.expires_at,
    )
    .await?;
    Ok(Some(user))
}
