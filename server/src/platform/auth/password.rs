//! Passwords: what is accepted, and argon2id on the blocking pool, a few at a time.

use std::{sync::Arc, time::Duration};

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{
        PasswordHasher, PasswordVerifier,
        phc::{Output, PasswordHash, Salt},
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};

use super::observer::AuthObserver;
use crate::platform::{config::Argon2Cost, entropy::Entropy};

const MIN_CHARS: usize = 6;
const MAX_CHARS: usize = 72;
const MAX_BYTES: usize = 72;
/// Longer than this nobody waits for a turn: the server is being flooded with sign-ins.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// Why a password cannot be chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PasswordFault {
    /// Not a password by its shape.
    #[error("Password must have {MIN_CHARS} to {MAX_CHARS} characters")]
    Length,
    /// A NUL, which some programs would take for the end.
    #[error("Password must not contain a NUL character")]
    Nul,
    /// Right in shape, but too weak or too long in bytes; says all that is missing.
    #[error("Password must {}", .0.join(", "))]
    Weak(Vec<&'static str>),
}

/// A password that fulfils the policy.
pub(crate) struct NewPassword(SecretString);

impl NewPassword {
    /// Checks the policy: 6 to 72 characters, at most 72 bytes, and one each of upper case, lower
    /// case, digit and special character.
    pub(crate) fn parse(text: &str) -> Result<Self, PasswordFault> {
        if !(MIN_CHARS..=MAX_CHARS).contains(&text.chars().take(MAX_CHARS + 1).count()) {
            return Err(PasswordFault::Length);
        }
        if text.contains('\0') {
            return Err(PasswordFault::Nul);
        }
        let rules = [
            (text.len() <= MAX_BYTES, "be at most 72 bytes long in UTF-8"),
            (
                text.chars().any(char::is_uppercase),
                "contain an upper-case letter",
            ),
            (
                text.chars().any(char::is_lowercase),
                "contain a lower-case letter",
            ),
            (text.chars().any(char::is_numeric), "contain a digit"),
            (text.chars().any(is_special), "contain a special character"),
        ];
        let missing: Vec<_> = rules
            .into_iter()
            .filter_map(|(held, rule)| (!held).then_some(rule))
            .collect();
        if missing.is_empty() {
            Ok(Self(text.into()))
        } else {
            Err(PasswordFault::Weak(missing))
        }
    }
}

fn is_special(letter: char) -> bool {
    !letter.is_alphanumeric() && !letter.is_control()
}

/// Whether `text` could be anybody's password. What could not is not worth a hash.
fn is_plausible(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_BYTES && !text.contains('\0')
}

/// What the comparison with a stored hash found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verification {
    Mismatch,
    /// The password is right. `outdated`: hashed at another cost than is set now.
    Match {
        outdated: bool,
    },
}

/// Hashing did not come about.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    #[error("too many passwords are waiting to be hashed")]
    Busy,
    #[error("hashing a password failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Hashes and compares passwords. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Passwords {
    params: Params,
    turns: Arc<Semaphore>,
    longest_wait: Duration,
    /// Compared with when the account does not exist, so that the answer takes as long.
    decoy: Arc<PasswordHash>,
    entropy: Entropy,
    observer: Arc<dyn AuthObserver>,
}

impl Passwords {
    /// Hashes at `cost`, at most `concurrency` at the same time.
    pub(crate) fn new(
        cost: Argon2Cost,
        concurrency: usize,
        entropy: Entropy,
        observer: Arc<dyn AuthObserver>,
    ) -> Result<Self, PasswordError> {
        let params = Params::new(cost.memory_kib, cost.iterations, cost.parallelism, None)
            .map_err(failed)?;
        let decoy = decoy(&params, &entropy).map_err(failed)?;
        Ok(Self {
            params,
            turns: Arc::new(Semaphore::new(concurrency)),
            longest_wait: LONGEST_WAIT,
            decoy: Arc::new(decoy),
            entropy,
            observer,
        })
    }

    /// The PHC string to store.
    pub(crate) async fn hash(&self, password: &NewPassword) -> Result<String, PasswordError> {
        self.hash_text(password.0.clone()).await
    }

    /// Hashes a password that was just found right again, at the cost that is set now.
    pub(crate) async fn rehash(&self, password: &SecretString) -> Result<String, PasswordError> {
        self.hash_text(password.clone()).await
    }

    /// Compares a password with the stored PHC string; with the decoy when there is no account.
    /// A stored text that is no PHC string matches no password.
    pub(crate) async fn verify(
        &self,
        password: &SecretString,
        stored: Option<&str>,
    ) -> Result<Verification, PasswordError> {
        if !is_plausible(password.expose_secret()) {
            return Ok(Verification::Mismatch);
        }
        let known = stored.and_then(|text| PasswordHash::new(text).ok());
        let outdated = known.as_ref().is_some_and(|hash| self.is_outdated(hash));
        let password = password.clone();
        let decoy = self.decoy.clone();
        let matches = self
            .take_turn(move || {
                let hash = known.as_ref().unwrap_or(&decoy);
                Ok(Argon2::default()
                    .verify_password(password.expose_secret().as_bytes(), hash)
                    .is_ok())
            })
            .await?;
        Ok(if matches {
            Verification::Match { outdated }
        } else {
            Verification::Mismatch
        })
    }

    async fn hash_text(&self, password: SecretString) -> Result<String, PasswordError> {
        let salt: [u8; Salt::RECOMMENDED_LENGTH] = self.entropy.bytes();
        let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        self.take_turn(move || {
            hasher
                .hash_password_with_salt(password.expose_secret().as_bytes(), &salt)
                .map(|hash| hash.to_string())
                .map_err(failed)
        })
        .await
    }

    fn is_outdated(&self, hash: &PasswordHash) -> bool {
        let Ok(params) = Params::try_from(hash) else {
            return true;
        };
        hash.algorithm != Algorithm::Argon2id.ident()
            || hash.version != Some(Version::V0x13.into())
            || (params.m_cost(), params.t_cost(), params.p_cost())
                != (
                    self.params.m_cost(),
                    self.params.t_cost(),
                    self.params.p_cost(),
                )
    }

    async fn take_turn<T, F>(&self, work: F) -> Result<T, PasswordError>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, PasswordError> + Send + 'static,
    {
        let turn = self.wait_for_turn().await?;
        tokio::task::spawn_blocking(move || {
            let outcome = work();
            // Kept until the memory is free again, even when the caller has gone.
            drop(turn);
            outcome
        })
        .await
        .map_err(failed)?
    }

    async fn wait_for_turn(&self) -> Result<OwnedSemaphorePermit, PasswordError> {
        let asked = Instant::now();
        let turn =
            tokio::time::timeout(self.longest_wait, self.turns.clone().acquire_owned()).await;
        self.observer.hash_waited(asked.elapsed());
        match turn {
            Ok(turn) => turn.map_err(failed),
            Err(_) => Err(PasswordError::Busy),
        }
    }
}

/// A hash of no password, made of random bytes without hashing.
fn decoy(params: &Params, entropy: &Entropy) -> Result<PasswordHash, argon2::password_hash::Error> {
    Ok(PasswordHash {
        algorithm: Algorithm::Argon2id.ident(),
        version: Some(Version::V0x13.into()),
        params: params.try_into()?,
        salt: Some(Salt::new(&entropy.bytes::<{ Salt::RECOMMENDED_LENGTH }>())?),
        hash: Some(Output::new(
            &entropy.bytes::<{ Params::DEFAULT_OUTPUT_LEN }>(),
        )?),
    })
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> PasswordError {
    PasswordError::Failed(error.into())
}

#[cfg(test)]
mod tests;
