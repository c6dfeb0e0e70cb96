//! Changing one's own password.

use entities::{UserId, UserStatus};
use secrecy::SecretString;

use super::{
    Accounts, AccountsError, acts, queries, queries::Which, registration::new_password, sessions,
};
use crate::platform::{
    audit::Audit,
    auth::{password::Verification, principal::Principal},
    db::WriteKey,
};

struct Replacement {
    old_hash: String,
    new_hash: String,
    others: sessions::End,
    audit: Audit,
}

impl Accounts {
    /// Replaces the password. The sign-in that asks stays, all others end.
    pub(crate) async fn change_password(
        &self,
        caller: &Principal,
        current: &SecretString,
        new: &SecretString,
    ) -> Result<(), AccountsError> {
        let new = new_password("new", new)?;
        let user_id = UserId(caller.user_id);
        let user = queries::user_by_id(self.parts.db.read(), user_id)
            .await?
            .filter(|user| user.status == UserStatus::Active)
            .ok_or(AccountsError::UserNotFound)?;
        let stored = Some(user.password_hash.as_str());
        if self.parts.passwords.verify(current, stored).await? == Verification::Mismatch {
            return Err(AccountsError::WrongPassword);
        }
        let replacement = Replacement {
            new_hash: self.parts.passwords.hash(&new).await?,
            old_hash: user.password_hash,
            others: self.ending(
                user_id,
                Which::AllBut(caller.session_id),
                "password_changed",
            ),
            audit: self.parts.audit.clone(),
        };
        let replaced = self
            .parts
            .db
            .write(WriteKey::User(user_id), replacement, |txn, replacement| {
                Box::pin(async move {
                    let Replacement {
                        old_hash,
                        new_hash,
                        others,
                        audit,
                    } = replacement;
                    let (id, now) = (others.user_id, others.now);
                    if !queries::replace_password_hash(txn, id, old_hash, new_hash, now).await? {
                        return Ok(false);
                    }
                    sessions::end(txn, others).await?;
                    let act = acts::on_user("change_password", Some(id), id);
                    audit.record_in(txn, &act).await?;
                    Ok(true)
                })
            })
            .await?;
        if replaced {
            Ok(())
        } else {
            // Another change came first: what was given is no longer the current password.
            Err(AccountsError::WrongPassword)
        }
    }
}
