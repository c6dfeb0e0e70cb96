//! What admins do with accounts. Routes and screens are the admin feature's.

use std::collections::{BTreeSet, HashMap};

use entities::{UserId, UserStatus};

use super::{Account, Accounts, AccountsError, Email, queries};

impl Accounts {
    /// The user with this address, however it is written.
    pub(crate) async fn find_by_email(
        &self,
        email: &str,
    ) -> Result<Option<Account>, AccountsError> {
        let Ok(email) = Email::parse(email) else {
            return Ok(None);
        };
        let user = queries::user_by_email(self.parts.db.read(), email.as_str()).await?;
        Ok(user.map(Account::from))
    }

    /// Whether a user may come in. Somebody unknown may not.
    pub(crate) async fn is_active(&self, user: UserId) -> Result<bool, AccountsError> {
        let row = queries::user_by_id(self.parts.db.read(), user).await?;
        Ok(row.is_some_and(|row| row.status == entities::UserStatus::Active))
    }

    /// How often a user's row has changed; `None` when there is no such user.
    pub(crate) async fn rev(&self, user: UserId) -> Result<Option<i64>, AccountsError> {
        let row = queries::user_by_id(self.parts.db.read(), user).await?;
        Ok(row.map(|row| row.rev))
    }

    /// The user, unless erased.
    pub(crate) async fn find(&self, id: UserId) -> Result<Option<Account>, AccountsError> {
        let user = queries::user_by_id(self.parts.db.read(), id).await?;
        Ok(user
            .filter(|user| user.status != UserStatus::Deleted)
            .map(Account::from))
    }

    /// Users that are not erased, the newest first: `limit` of those with a lower id than `before`.
    pub(crate) async fn list(
        &self,
        before: Option<UserId>,
        limit: u64,
    ) -> Result<Vec<Account>, AccountsError> {
        let users = queries::users(self.parts.db.read(), before, limit).await?;
        Ok(users.into_iter().map(Account::from).collect())
    }

    /// How many users there are that are not erased.
    pub(crate) async fn count(&self) -> Result<u64, AccountsError> {
        Ok(queries::count_users(self.parts.db.read()).await?)
    }

    /// The addresses of these users, who may be named more than once; who is erased is absent.
    pub(crate) async fn emails(
        &self,
        users: impl IntoIterator<Item = UserId>,
    ) -> Result<HashMap<UserId, String>, AccountsError> {
        let users: BTreeSet<UserId> = users.into_iter().collect();
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        Ok(queries::emails(self.parts.db.read(), users).await?)
    }
}
