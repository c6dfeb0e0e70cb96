//! Making accounts.

use entities::{Role, UserId};
use secrecy::SecretString;

use super::{Accounts, AccountsError, Email, acts, queries, queries::NewUser};
use crate::platform::{
    auth::password::{NewPassword, PasswordFault, Verification},
    config::Registration,
    db::{DbError, WriteKey},
    idempotency::{Claim, IdempotencyKey, KeyRefusal, earlier, remember_in},
};

/// What became of the wish for a first admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FirstAdmin {
    Created(UserId),
    /// There is a user with this address; nothing was changed.
    Exists {
        id: UserId,
        role: Role,
    },
}

/// No password hashes to it.
pub(super) const NO_PASSWORD: &str = "!";

impl Accounts {
    /// Makes an account for a stranger, if strangers may. Under the key and with the password of the
    /// one that was made, nothing more.
    pub(crate) async fn register(
        &self,
        email: &str,
        password: &SecretString,
        key: Option<IdempotencyKey>,
    ) -> Result<UserId, AccountsError> {
        if self.parts.registration == Registration::Closed {
            return Err(AccountsError::RegistrationClosed);
        }
        let email = Email::parse(email)?;
        let new = new_password("password", password)?;
        let password_hash = self.parts.passwords.hash(&new).await?;
        let made = self.make(&email, password_hash, Role::User, key.clone());
        match (made.await?, key) {
            (Some(id), _) => Ok(id),
            (None, None) => Err(AccountsError::EmailTaken),
            (None, Some(key)) => self.registered_before(&email, password, key).await,
        }
    }

    /// The account that was made under this key. The key's row does not hold the password: what is
    /// quick to compute of one is quick to guess.
    async fn registered_before(
        &self,
        email: &Email,
        password: &SecretString,
        key: IdempotencyKey,
    ) -> Result<UserId, AccountsError> {
        let read = self.parts.db.read();
        let user = queries::user_by_email(read, email.as_str()).await?;
        let user = user.ok_or(AccountsError::EmailTaken)?;
        let claim = Claim {
            user: user.id,
            key,
            now: self.now(),
        };
        match earlier::<()>(read, Some(&claim)).await {
            Ok(Some(())) => {}
            Err(KeyRefusal::Database(error)) => return Err(error.into()),
            Ok(None) | Err(_) => return Err(AccountsError::EmailTaken),
        }
        let passwords = &self.parts.passwords;
        match passwords
            .verify(password, Some(&user.password_hash))
            .await?
        {
            Verification::Match { .. } => Ok(user.id),
            Verification::Mismatch => Err(KeyRefusal::Reused.into()),
        }
    }

    /// Makes an admin, for the command line. Does nothing when the address is taken.
    pub(crate) async fn create_first_admin(
        &self,
        email: &str,
        password: &SecretString,
    ) -> Result<FirstAdmin, AccountsError> {
        let email = Email::parse(email)?;
        let password = new_password("password", password)?;
        if let Some(existing) = self.existing(&email).await? {
            return Ok(existing);
        }
        let password_hash = self.parts.passwords.hash(&password).await?;
        let made = self.make(&email, password_hash, Role::Admin, None).await?;
        match made {
            Some(id) => Ok(FirstAdmin::Created(id)),
            // Somebody else was faster.
            None => self
                .existing(&email)
                .await?
                .ok_or(AccountsError::EmailTaken),
        }
    }

    async fn existing(&self, email: &Email) -> Result<Option<FirstAdmin>, AccountsError> {
        let user = queries::user_by_email(self.parts.db.read(), email.as_str()).await?;
        Ok(user.map(|user| FirstAdmin::Exists {
            id: user.id,
            role: user.role,
        }))
    }

    /// Inserts the user, the default budget and the entry in the audit log. None when the address
    /// is taken.
    pub(super) async fn make(
        &self,
        email: &Email,
        password_hash: String,
        role: Role,
        key: Option<IdempotencyKey>,
    ) -> Result<Option<UserId>, AccountsError> {
        let new = NewUser {
            public_id: self.parts.entropy.uuid(),
            email: email.as_str().to_owned(),
            password_hash,
            role,
        };
        let (budgets, audit) = (self.parts.budgets.clone(), self.parts.audit.clone());
        let input = (new, self.now(), budgets, audit, key);
        let made = self
            .parts
            .db
            .write(
                WriteKey::Free,
                input,
                |txn, (new, now, budgets, audit, key)| {
                    Box::pin(async move {
                        if queries::user_by_email(txn, &new.email).await?.is_some() {
                            return Ok(None);
                        }
                        let user = queries::insert_user(txn, new, *now).await?;
                        budgets.open_account_in(txn, user.id).await?;
                        let act = match user.role {
                            Role::Admin => acts::on_user("create_first_admin", None, user.id),
                            _ => acts::on_user("register", Some(user.id), user.id),
                        };
                        audit.record_in(txn, &act).await?;
                        if let Some(key) = key.clone() {
                            let claim = Claim {
                                user: user.id,
                                key,
                                now: *now,
                            };
                            remember_in(txn, &claim, &()).await?;
                        }
                        Ok(Some(user.id))
                    })
                },
            )
            .await;
        match made {
            // The index is the judge when two processes ask at the same time.
            Err(DbError::Duplicate(_)) => Ok(None),
            made => Ok(made?),
        }
    }
}

/// Checks a new password that stands in `field` of the request.
pub(super) fn new_password(
    field: &'static str,
    text: &SecretString,
) -> Result<NewPassword, AccountsError> {
    use secrecy::ExposeSecret;
    NewPassword::parse(text.expose_secret())
        .map_err(|fault: PasswordFault| AccountsError::Password { field, fault })
}
